//! An event as somebody tells it: an object of JSON, or a row of a table with the same names.
//!
//! In: names and values. Out: a [`FeedbackEvent`], or what is wrong with it in words. Providers have names of their own
//! for the same things; the usual ones are known.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::data::Channel;
use crate::workspace::{FeedbackEvent, Kind};

/// Characters of a text that are kept.
const LONGEST_TEXT: usize = 2_000;
/// Characters of everything else.
const LONGEST_WORD: usize = 400;
/// Numbers below this are seconds: as milliseconds they would be of the year 1973 or before.
const SECONDS_BELOW: i64 = 100_000_000_000;

/// The kind that a word means, in the spelling of the table or of a provider.
pub(super) fn kind(word: &str) -> Option<Kind> {
    let word = word.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    Some(match word.as_str() {
        "delivery" | "delivered" => Kind::Delivered,
        "bounce" | "bounced" | "hard-bounce" | "soft-bounce" | "dropped" | "failed" => Kind::Bounced,
        "complaint" | "complained" | "spam" | "spamreport" | "spam-report" => Kind::Complained,
        "unsubscribe" | "unsubscribed" => Kind::Unsubscribed,
        "click" | "clicked" => Kind::Clicked,
        "reply" | "replied" | "inbound" => Kind::Replied,
        "rating" | "rated" => Kind::Rated,
        "order" | "ordered" | "purchase" => Kind::Ordered,
        _ => return None,
    })
}

/// An event of that kind, or of the kind that it names itself. `currency` is the one of an amount without.
pub(super) fn event(
    fields: &Map<String, Value>,
    of: Option<Kind>,
    received_at: i64,
    currency: Option<&str>,
) -> Result<FeedbackEvent, String> {
    let text = |names: &[&str]| names.iter().find_map(|name| word(fields.get(*name)?));
    let named = text(&["kind", "event", "type"]);
    let kind = match (of, &named) {
        (Some(kind), _) => kind,
        (None, Some(word)) => {
            kind(word).ok_or_else(|| format!("there is no kind of event \"{}\"", cut(word, 40)))?
        }
        (None, None) => return Err("it has no `kind`".into()),
    };
    let told_at =
        ["at", "time", "timestamp"].iter().find_map(|name| fields.get(*name)).filter(|at| word(at).is_some());
    let at = match told_at {
        Some(at) => {
            moment(at).ok_or("its `at` is no time: write 2025-11-01T09:30:00Z, or milliseconds since 1970")?
        }
        None => received_at,
    };
    // Without a time of its own, when it came would make another event of the same one told again.
    let timeless = told_at.is_none();
    let number = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match whole(value) {
            Some(number) => Ok(Some(number)),
            None if word(value).is_none() => Ok(None),
            None => Err(format!("its `{name}` is no whole number")),
        },
    };
    let rating = number("rating")?;
    if rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
        return Err("its `rating` is not from 1 to 5".into());
    }
    let currency = text(&["currency"]).or_else(|| currency.map(str::to_owned));
    let channel = match text(&["channel"]) {
        Some(name) => Some(channel(&name).ok_or("its `channel` is not email, sms or push")?),
        None => None,
    };
    let status =
        text(&["status", "bounce", "bounce_type", "bounce-type"]).or_else(|| match named.as_deref() {
            Some(word) if word.to_ascii_lowercase().starts_with("hard") => Some("hard".into()),
            Some(word) if word.to_ascii_lowercase().starts_with("soft") => Some("soft".into()),
            _ => None,
        });
    let event = FeedbackEvent {
        id: text(&["id", "event_id", "event-id", "sg_event_id"])
            .or_else(|| text(&["order_id", "order-id"]).filter(|_| kind == Kind::Ordered))
            .or_else(|| timeless.then(|| format!("untimed:{}", known_by(fields)))),
        send: number("send")?,
        message_id: text(&["message_id", "message-id", "smtp-id"]),
        address: text(&["address", "email", "phone", "recipient", "from"]),
        customer: text(&["customer", "customer_id", "customer-id"]),
        channel,
        coupon: text(&["coupon", "coupon_code", "coupon-code"]),
        // Some know an order by nothing but the id of the event.
        order: text(&["order_id", "order-id", "id"]).filter(|_| kind == Kind::Ordered),
        status,
        text: ["text", "reason", "message", "diagnostic"]
            .iter()
            .find_map(|name| fields.get(*name)?.as_str())
            .map(|text| cut(text.trim(), LONGEST_TEXT))
            .filter(|text| !text.is_empty()),
        link: number("link")?.and_then(|link| u32::try_from(link).ok()),
        rating: rating.and_then(|rating| u8::try_from(rating).ok()),
        amount: match number("amount_minor")? {
            Some(minor) => Some(minor),
            None => match fields.get("amount").and_then(word) {
                Some(amount) => Some(
                    minor(&amount, currency.as_deref()).ok_or("its `amount` is no amount: write 12.30")?,
                ),
                None => None,
            },
        },
        currency: currency.filter(|_| kind == Kind::Ordered),
        // A teller whose clock is ahead is not believed.
        ..FeedbackEvent::new(kind, at.min(received_at))
    };
    let about = event.send.is_some()
        || event.message_id.is_some()
        || event.address.is_some()
        || event.customer.is_some()
        || event.coupon.is_some();
    if about { Ok(event) } else { Err("it names no message_id, send, address, customer or coupon".into()) }
}

/// By which an event without id and time is known again: all that it says.
fn known_by(fields: &Map<String, Value>) -> String {
    let text = serde_json::to_string(fields).unwrap_or_default();
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A value as a word; nothing where it is empty.
fn word(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then(|| cut(&text, LONGEST_WORD))
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

pub(super) fn channel(name: &str) -> Option<Channel> {
    let name = name.trim().to_ascii_lowercase().replace('-', "");
    Channel::ALL.into_iter().find(|channel| channel.name() == name)
}

/// A time: RFC 3339, date and time as UTC, or a number of seconds or milliseconds.
pub(super) fn moment(value: &Value) -> Option<i64> {
    if let Some(number) = whole(value).or_else(|| value.as_f64().map(|seconds| seconds as i64)) {
        return Some(if number.abs() < SECONDS_BELOW { number * 1000 } else { number });
    }
    let text = value.as_str()?.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok().map(jiff::Timestamp::as_millisecond)
}

/// An amount as people write it, in minor units of the currency; two digits where that is not known.
fn minor(amount: &str, currency: Option<&str>) -> Option<i64> {
    let digits =
        currency.and_then(|code| iso_currency::Currency::from_code(code)?.exponent()).map_or(2, usize::from);
    let (sign, amount) = match amount.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, amount),
    };
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let beyond = part.get(digits..).unwrap_or_default();
    if whole.is_empty() || !is_number(whole) || !is_number(part) || beyond.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let part = part.get(..digits).unwrap_or(part);
    format!("{whole}{part:0<digits$}").parse::<i64>().ok().map(|minor| sign * minor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<FeedbackEvent, String> {
        event(value.as_object().unwrap(), None, 2_000_000_000_000, Some("JPY"))
    }

    #[test]
    fn an_event_is_read_under_the_names_of_providers() {
        let read = read(&json!({
            "event": "hard_bounce", "event_id": "e1", "smtp-id": "<a@b>", "email": " Anna@Example.com ",
            "timestamp": 1_700_000_000, "reason": "550 no such user"
        }));
        let wanted = FeedbackEvent {
            id: Some("e1".into()),
            message_id: Some("<a@b>".into()),
            address: Some("Anna@Example.com".into()),
            status: Some("hard".into()),
            text: Some("550 no such user".into()),
            ..FeedbackEvent::new(Kind::Bounced, 1_700_000_000_000)
        };
        assert_eq!(read, Ok(wanted));
    }

    #[test]
    fn an_order_is_in_minor_units() {
        let of = |value: Value| read(&value).map(|event| (event.amount, event.currency, event.id));
        let order = |amount: Value, currency: &str| {
            of(
                json!({"kind": "order", "customer": "c1", "order_id": 7, "amount": amount, "currency": currency}),
            )
        };
        assert_eq!(order(json!("12.3"), "EUR"), Ok((Some(1230), Some("EUR".into()), Some("7".into()))));
        assert_eq!(order(json!(12.30), "EUR").unwrap().0, Some(1230));
        assert_eq!(order(json!(500), "").unwrap(), (Some(500), Some("JPY".into()), Some("7".into())));
        assert_eq!(order(json!("-4.000"), "EUR").unwrap().0, Some(-400));
        let named = |value: Value| read(&value).unwrap().order;
        let both = json!({"kind": "order", "customer": "c1", "id": "evt-1", "order_id": "A-7"});
        assert_eq!(named(both), Some("A-7".into()));
        assert_eq!(named(json!({"kind": "order", "customer": "c1", "id": "A-8"})), Some("A-8".into()));
        assert_eq!(named(json!({"kind": "order", "customer": "c1"})), None);
        for wrong in ["12.345", "1,200", "free", ".5", "1e3"] {
            assert!(order(json!(wrong), "EUR").is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_in_every_form_and_never_lie_ahead() {
        for at in [
            json!(1_762_000_000),
            json!(1_762_000_000_000_i64),
            json!("2025-11-01T12:26:40Z"),
            json!("2025-11-01 12:26:40"),
        ] {
            let event = read(&json!({"kind": "click", "send": "5", "link": 1, "at": at})).unwrap();
            assert_eq!((event.at, event.send, event.link), (1_762_000_000_000, Some(5), Some(1)), "{at}");
        }
        assert_eq!(
            read(&json!({"kind": "click", "send": 5, "at": "2099-01-01T00:00:00Z"})).unwrap().at,
            2_000_000_000_000
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (value, word) in [
            (json!({"kind": "opened", "send": 1}), "opened"),
            (json!({"send": 1}), "`kind`"),
            (json!({"kind": "click"}), "message_id"),
            (json!({"kind": "click", "send": "x"}), "`send`"),
            (json!({"kind": "rating", "send": 1, "rating": 6}), "`rating`"),
            (json!({"kind": "reply", "send": 1, "at": "yesterday"}), "`at`"),
            (json!({"kind": "reply", "address": "a@b", "channel": "fax"}), "`channel`"),
        ] {
            let said = read(&value).unwrap_err();
            assert!(said.contains(word), "{value}: {said}");
        }
        let long = "é".repeat(9_000);
        let event = read(&json!({"kind": "reply", "send": 1, "text": long})).unwrap();
        assert_eq!(event.text.unwrap().chars().count(), LONGEST_TEXT);
    }
}
