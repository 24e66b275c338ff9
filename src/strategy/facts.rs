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
    Ok(facts_with(shop, features, row, strategy, segment, bought))
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
    facts_with(shop, features, row, strategy, segment, purchases.of_recipient(row))
}

fn facts_with(
    shop: &Shop,
    features: &Features,
    row: usize,
    strategy: &Strategy,
    segment: &Facts,
    bought: Bought,
) -> Facts {
    let mut facts = segment.clone();
    let chinese = is_chinese(&strategy.language);
    let customers = &shop.customers;
    let (first, last) = (customers.text(row, "first_name"), customers.text(row, "last_name"));
    put(&mut facts, "first_name", first.unwrap_or(""));
    put(&mut facts, "last_name", last.unwrap_or(""));
    if first.is_some() || last.is_some() {
        put(&mut facts, "full_name", &customers.display_name(row));
    }
    // Days are those of the customer's own calendar, where the shop knows it.
    let zone = || {
        let named = customers.text(row, "time_zone").filter(|_| shop.orders_have_time);
        named.and_then(profiles::zone).unwrap_or(TimeZone::UTC)
    };
    let day_there = |at: i64| Some(Timestamp::from_millisecond(at).ok()?.to_zoned_datetime(zone()).date());
    if let Some(days) = features.value(Feature::RecencyDays, row) {
        facts.insert("days_since_last_order".into(), (days.round().max(0.0) as i64).into());
    }
    if let Some(day) = bought.last_at.and_then(day_there) {
        let month = if chinese {
            format!("{}年{}月", day.year(), day.month())
        } else {
            day.strftime("%B %Y").to_string()
        };
        put(&mut facts, "last_order_month", &month);
    }
    if let Some(orders) = features.value(Feature::Orders, row).filter(|&orders| orders >= 1.0) {
        facts.insert("order_count".into(), (orders.round() as i64).into());
    }
    let since = customers.created_at(row).and_then(day_there).or_else(|| {
        let days = features.value(Feature::TenureDays, row)?.round() as i64;
        features.as_of.checked_sub(days.days()).ok()
    });
    if let Some(day) = since {
        put(&mut facts, "customer_since", &day.year().to_string());
    }
    put(&mut facts, "favourite_category", bought.favourite_category(shop, chinese).unwrap_or(""));
    put(&mut facts, "last_product", bought.last_product(shop, chinese).unwrap_or(""));
    add_defaults(&mut facts, strategy, |_| true);
    facts
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
        if let (false, Some(text)) = (facts.contains_key(field.name), strategy.defaults.get(field.name)) {
            put(facts, field.name, text);
        }
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
