//! The facts that a message may use, for a segment and for one customer of it.
//!
//! In: the shop, its features, a segment's profile, the settings and the day of sending. Out: [`Facts`].
//! What is not known is left out, and the strategy's default stands in where it has one: nothing is ever
//! an empty text. A customer's facts are the segment's and their own.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::bought::{self, Bought, Purchases};
use super::channel::is_chinese;
use super::fields::{FIELDS, Scope};
use super::render::{clean, environment};
use super::{CouponPolicy, Facts, OfferKind, Strategy};
use crate::config::Config;
use crate::data::{Channel, DataError, Shop};
use crate::features::{Feature, Features};
use crate::profiles::{self, ClusterProfile};
use crate::segments::Segmentation;

/// The code in previews: it can be told from a real one, and is as long.
pub(crate) const TEST_CODE: &str = "TEST-CODE";

/// Facts that hold for every recipient in the segment: what a slot may be told.
/// `currency` is an ISO 4217 code, `sending` the day in the recipients' calendar.
#[must_use]
pub fn facts_for_segment(
    segmentation: &Segmentation,
    profile: &ClusterProfile,
    strategy: &Strategy,
    config: &Config,
    currency: &str,
    sending: Date,
) -> Facts {
    let mut facts = shop_facts(strategy, config, currency, sending);
    let chinese = is_chinese(&strategy.language);
    if let Some(cluster) = segmentation.clusters.get(profile.cluster) {
        let name = if chinese { &cluster.names.zh } else { &cluster.name };
        put(&mut facts, "segment_name", name);
    }
    // Those without a name in the message's language are passed over.
    let categories = profile.top_categories.iter().filter_map(|category| category.name_in(chinese));
    for (field, category) in ["segment_category", "segment_second_category"].into_iter().zip(categories) {
        put(&mut facts, field, category);
    }
    add_defaults(&mut facts, strategy, Scope::shared);
    facts
}

/// Facts about one customer (a row of the shop), on top of those of the segment. Orders are looked at only
/// where the message uses what they say.
///
/// # Errors
/// Orders that were put aside on disk cannot be read back.
pub fn facts_for_customer(
    shop: &Shop,
    features: &Features,
    row: usize,
    strategy: &Strategy,
    segment: &Facts,
) -> Result<Facts, DataError> {
    let bought = bought::of_customer(shop, features.as_of, row, strategy)?;
    let mut facts = segment.clone();
    add_customer(&mut facts, shop, features, row, strategy, bought, |_| true);
    Ok(facts)
}

/// As [`facts_for_customer`], for one of many recipients, whose purchases have been read for all at once.
#[must_use]
pub fn facts_for_recipient(
    shop: &Shop,
    features: &Features,
    row: usize,
    strategy: &Strategy,
    segment: &Facts,
    purchases: &Purchases,
) -> Facts {
    let mut facts = segment.clone();
    add_customer(&mut facts, shop, features, row, strategy, purchases.of_recipient(row), |_| true);
    facts
}

/// Adds facts about one of many recipients to those of the segment: only those that the message uses.
pub(crate) fn add_used_facts(
    facts: &mut Facts,
    shop: &Shop,
    features: &Features,
    row: usize,
    strategy: &Strategy,
    purchases: &Purchases,
    used: &[&str],
) {
    let is_used = |name: &str| used.contains(&name);
    add_customer(facts, shop, features, row, strategy, purchases.of_recipient(row), is_used);
}

/// Adds what is wanted of a customer's own fields.
fn add_customer(
    facts: &mut Facts,
    shop: &Shop,
    features: &Features,
    row: usize,
    strategy: &Strategy,
    bought: Bought,
    is_wanted: impl Fn(&str) -> bool,
) {
    let chinese = is_chinese(&strategy.language);
    let customers = &shop.customers;
    for name in ["first_name", "last_name"].into_iter().filter(|name| is_wanted(name)) {
        put(facts, name, customers.text(row, name).unwrap_or(""));
    }
    let has = |name: &str| customers.text(row, name).is_some();
    if is_wanted("full_name") && (has("first_name") || has("last_name")) {
        put(facts, "full_name", &customers.display_name(row));
    }
    // Days are those of the customer's own calendar, where the shop knows it.
    let zone = || {
        let named = customers.text(row, "time_zone").filter(|_| shop.orders_have_time);
        named.and_then(profiles::zone).unwrap_or(TimeZone::UTC)
    };
    let day_there = |at: i64| Some(Timestamp::from_millisecond(at).ok()?.to_zoned_datetime(zone()).date());
    if is_wanted("days_since_last_order")
        && let Some(days) = features.value(Feature::RecencyDays, row)
    {
        facts.insert("days_since_last_order".into(), (days.round().max(0.0) as i64).into());
    }
    if is_wanted("last_order_month")
        && let Some(day) = bought.last_at.and_then(day_there)
    {
        let month = if chinese {
            format!("{}年{}月", day.year(), day.month())
        } else {
            day.strftime("%B %Y").to_string()
        };
        put(facts, "last_order_month", &month);
    }
    if is_wanted("order_count")
        && let Some(orders) = features.value(Feature::Orders, row).filter(|&orders| orders >= 1.0)
    {
        facts.insert("order_count".into(), (orders.round() as i64).into());
    }
    if is_wanted("customer_since") {
        let since = customers.created_at(row).and_then(day_there).or_else(|| {
            let days = features.value(Feature::TenureDays, row)?.round() as i64;
            features.as_of.checked_sub(days.days()).ok()
        });
        put(facts, "customer_since", &since.map_or(String::new(), |day| day.year().to_string()));
    }
    if is_wanted("favourite_category") {
        put(facts, "favourite_category", bought.favourite_category(shop, chinese).unwrap_or(""));
    }
    if is_wanted("last_product") {
        put(facts, "last_product", bought.last_product(shop, chinese).unwrap_or(""));
    }
    for field in FIELDS.iter().filter(|field| field.scope.shared() || is_wanted(field.name)) {
        add_default(facts, strategy, field.name);
    }
}

/// Facts that a person gives as a JSON object in place of a customer; the shop's and the offer's are added
/// where they are not given.
///
/// # Errors
/// A value that is not a text, a number or a truth value, in words.
pub fn facts_from_json(
    given: &serde_json::Map<String, Value>,
    strategy: &Strategy,
    config: &Config,
    currency: &str,
    sending: Date,
) -> Result<Facts, String> {
    let mut facts = shop_facts(strategy, config, currency, sending);
    for (name, value) in given {
        match value {
            Value::String(text) => put(&mut facts, name, text),
            Value::Number(_) | Value::Bool(_) => {
                facts.insert(name.clone(), value.clone());
            }
            Value::Null => {}
            Value::Array(_) | Value::Object(_) => {
                return Err(format!(
                    "the fact `{name}` is a list or an object; give a text, a number, true or false"
                ));
            }
        }
    }
    add_defaults(&mut facts, strategy, |_| true);
    Ok(facts)
}

fn shop_facts(strategy: &Strategy, config: &Config, currency: &str, sending: Date) -> Facts {
    let mut facts = Facts::new();
    put(&mut facts, "shop_name", config.brand.said(&strategy.language));
    put(&mut facts, "shop_url", config.brand.url.as_deref().unwrap_or(""));
    let month = if is_chinese(&strategy.language) {
        format!("{}月", sending.month())
    } else {
        sending.strftime("%B").to_string()
    };
    put(&mut facts, "month", &month);
    put(&mut facts, "unsubscribe", unsubscribe(strategy.channel, &strategy.language));
    add_offer(&mut facts, strategy, currency, Some(sending));
    facts
}

/// How to get no more of these messages.
pub(crate) fn unsubscribe(channel: Channel, language: &str) -> &'static str {
    match (channel, is_chinese(language)) {
        (Channel::Email, false) => "To stop receiving these e-mails, reply with the word \"unsubscribe\".",
        (Channel::Email, true) => "如不想再收到此类邮件，请回复“退订”。",
        (Channel::Sms, false) => "Reply STOP to opt out",
        (Channel::Sms, true) => "拒收请回复R",
        (Channel::Push, false) => "You can switch these messages off in the app's settings.",
        (Channel::Push, true) => "可在应用设置中关闭通知。",
    }
}

/// The offer's facts; none where the strategy has no offer.
pub(crate) fn add_offer(facts: &mut Facts, strategy: &Strategy, currency: &str, sending: Option<Date>) {
    let Some(offer) = &strategy.offer else {
        for field in FIELDS.iter().filter(|field| field.scope == Scope::Offer) {
            facts.remove(field.name);
        }
        return;
    };
    facts.remove("offer_value");
    if let Some(value) = offer.value {
        let text = match offer.kind {
            OfferKind::Percentage => format!("{}%", plain(value)),
            OfferKind::Amount => money(value, currency),
            _ => plain(value),
        };
        put(facts, "offer_value", &text);
    }
    let fill = |text: &str, facts: &Facts| {
        if !text.contains('{') {
            return text.to_owned();
        }
        let context: BTreeMap<String, String> = facts
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        environment().render_str(text, minijinja::Value::from(context)).unwrap_or_default()
    };
    let text = fill(&offer.text, facts);
    facts.remove("offer");
    put(facts, "offer", &text);
    facts.remove("offer_conditions");
    if let Some(conditions) = &offer.conditions {
        let conditions = fill(conditions, facts);
        put(facts, "offer_conditions", &conditions);
    }
    match (offer.valid_days, sending) {
        (Some(days), Some(sending)) => {
            facts.insert("offer_days".into(), days.into());
            if let Ok(day) = sending.checked_add(i64::from(days).days()) {
                put(facts, "offer_ends", &day_in_words(day, &strategy.language));
            }
        }
        (Some(days), None) => {
            facts.insert("offer_days".into(), days.into());
        }
        (None, _) => {
            facts.remove("offer_days");
            facts.remove("offer_ends");
        }
    }
    facts.remove("coupon_code");
    if offer.coupon == CouponPolicy::Unique {
        put(facts, "coupon_code", TEST_CODE);
    }
}

/// "30 November", "11月30日".
fn day_in_words(day: Date, language: &str) -> String {
    if is_chinese(language) {
        format!("{}月{}日", day.month(), day.day())
    } else {
        day.strftime("%-d %B").to_string()
    }
}

/// A number without needless decimals.
fn plain(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// An amount in major units: "€10", "10 SEK".
fn money(value: f64, currency: &str) -> String {
    let amount = plain(value);
    match currency {
        "EUR" => format!("€{amount}"),
        "USD" => format!("${amount}"),
        "GBP" => format!("£{amount}"),
        "CNY" | "JPY" => format!("¥{amount}"),
        other => format!("{amount} {other}"),
    }
}

fn put(facts: &mut Facts, name: &str, text: &str) {
    let text = clean(text);
    if !text.is_empty() {
        facts.insert(name.to_owned(), text.into());
    }
}

fn add_defaults(facts: &mut Facts, strategy: &Strategy, wanted: impl Fn(Scope) -> bool) {
    for field in FIELDS.iter().filter(|field| wanted(field.scope)) {
        add_default(facts, strategy, field.name);
    }
}

fn add_default(facts: &mut Facts, strategy: &Strategy, name: &str) {
    if let Some(text) = strategy.defaults.get(name).filter(|_| !facts.contains_key(name)) {
        put(facts, name, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_days_read_well() {
        assert_eq!(money(10.0, "EUR"), "€10");
        assert_eq!(money(7.5, "SEK"), "7.50 SEK");
        let day = jiff::civil::date(2025, 11, 3);
        assert_eq!(day_in_words(day, "en"), "3 November");
        assert_eq!(day_in_words(day, "zh-CN"), "11月3日");
    }
}
