//! The fields that a message may use: one table, read by the checks, the facts, the editor and the help.

use serde::Serialize;

/// For whom a field's value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One person, and says who it is: never shown to a model.
    Personal,
    /// One customer's behaviour: never shown to a model, since a slot is merged for everyone.
    Customer,
    /// Every customer of the segment.
    Segment,
    /// The shop.
    Shop,
    /// What the customer gets.
    Offer,
}

impl Scope {
    /// Whether the value is the same for everyone who gets the message.
    #[must_use]
    pub fn shared(self) -> bool {
        matches!(self, Self::Segment | Self::Shop | Self::Offer)
    }
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    pub name: &'static str,
    pub scope: Scope,
    /// For people.
    pub meaning: &'static str,
    /// English and Chinese.
    pub example: (&'static str, &'static str),
    /// Characters of a long value, to tell the longest message.
    pub longest: usize,
    /// A customer, or a shop, may have no value: the strategy needs a default.
    pub may_lack: bool,
    /// Customers may read it; otherwise it belongs into instructions only.
    pub readable: bool,
}

const fn field(
    name: &'static str,
    scope: Scope,
    meaning: &'static str,
    example: (&'static str, &'static str),
    longest: usize,
    may_lack: bool,
) -> Field {
    Field { name, scope, meaning, example, longest, may_lack, readable: true }
}

/// Every field, by scope.
pub const FIELDS: [Field; 22] = [
    field("first_name", Scope::Personal, "given name", ("Anna", "晓雨"), 14, true),
    field("last_name", Scope::Personal, "family name", ("Meyer", "李"), 16, true),
    field(
        "full_name",
        Scope::Personal,
        "whole name in the order of its script",
        ("Anna Meyer", "李晓雨"),
        28,
        true,
    ),
    field(
        "favourite_category",
        Scope::Customer,
        "category bought most often, in two orders at least",
        ("Kitchen", "厨房用品"),
        24,
        true,
    ),
    field(
        "last_product",
        Scope::Customer,
        "product of the last order",
        ("Oak Chopping Board", "橡木砧板"),
        40,
        true,
    ),
    field("days_since_last_order", Scope::Customer, "whole days since the last order", ("74", "74"), 4, true),
    field(
        "last_order_month",
        Scope::Customer,
        "month and year of the last order",
        ("March 2025", "2025年3月"),
        14,
        true,
    ),
    field("order_count", Scope::Customer, "number of orders so far", ("3", "3"), 4, true),
    field("customer_since", Scope::Customer, "year in which the customer came", ("2023", "2023"), 4, true),
    Field {
        readable: false,
        ..field(
            "segment_name",
            Scope::Segment,
            "the segment's name, for instructions only",
            ("Lapsed big spenders", "流失的高消费客户"),
            40,
            false,
        )
    },
    field(
        "segment_category",
        Scope::Segment,
        "category that the segment buys most",
        ("Kitchen", "厨房用品"),
        24,
        true,
    ),
    field(
        "segment_second_category",
        Scope::Segment,
        "category that the segment buys second most",
        ("Lighting", "灯具"),
        24,
        true,
    ),
    field("shop_name", Scope::Shop, "the shop's name", ("Perennial Home", "Perennial Home"), 24, false),
    field(
        "shop_url",
        Scope::Shop,
        "where the shop stands on the web",
        ("https://shop.example", "https://shop.example"),
        60,
        true,
    ),
    field("month", Scope::Shop, "month of sending", ("November", "11月"), 9, false),
    field(
        "unsubscribe",
        Scope::Shop,
        "how to get no more of these messages, as the channel wants it",
        ("Reply STOP to opt out", "拒收请回复R"),
        90,
        false,
    ),
    field("offer", Scope::Offer, "the offer as the customer reads it", ("10% off", "九折优惠"), 30, false),
    field("offer_value", Scope::Offer, "the offer's value with its unit", ("10%", "10%"), 8, false),
    field(
        "offer_conditions",
        Scope::Offer,
        "what the offer asks for",
        ("on orders over 40 EUR", "全场通用"),
        60,
        false,
    ),
    field("offer_ends", Scope::Offer, "last day of the offer", ("30 November", "11月30日"), 12, false),
    field("offer_days", Scope::Offer, "days until the offer ends", ("14", "14"), 3, false),
    field(
        "coupon_code",
        Scope::Offer,
        "the customer's own code; a test code until the merge",
        ("TEST-CODE", "TEST-CODE"),
        12,
        false,
    ),
];

/// The field with this name.
#[must_use]
pub fn field_named(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The name of a field that this may have been meant to be.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_of(name, FIELDS.iter().map(|field| field.name))
}

/// The candidate that is most like `name`, if it is like it at all.
pub(crate) fn nearest_of<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        assert_eq!(nearest("firstname"), Some("first_name"));
        assert_eq!(nearest("favorite_category"), Some("favourite_category"));
        assert_eq!(nearest("coupon"), Some("coupon_code"));
        assert_eq!(nearest("zzz"), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FIELDS.len());
    }
}
