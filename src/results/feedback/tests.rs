//! What the rules make of texts as people write them.

use super::super::observed::{Arm, Assigned, Feedback, State};
use super::*;

fn said(text: &str) -> (Vec<&'static str>, Tone) {
    let reading = read(text);
    let names =
        reading.themes.iter().map(|&theme| RULES.themes.get(theme).map_or("other", |theme| &theme.name));
    (names.collect(), reading.tone)
}

#[test]
fn themes_and_tone_in_both_languages() {
    for (text, themes, tone) in [
        ("The parcel arrived late.", vec!["delivery"], Tone::Bad),
        ("Great quality, thank you!", vec!["product"], Tone::Good),
        ("Not good at all", vec!["other"], Tone::Bad),
        ("It isn’t expensive", vec!["price"], Tone::Good),
        ("Too many emails", vec!["message"], Tone::Bad),
        ("Good shoes but the courier was rude", vec!["delivery"], Tone::Mixed),
        ("When do you open?", vec!["other"], Tone::Neutral),
        ("质量很好，快递也快", vec!["delivery", "product"], Tone::Good),
        ("快递", vec!["delivery"], Tone::Neutral),
        ("客服态度不好", vec!["service"], Tone::Bad),
        ("没问题，不错", vec!["other"], Tone::Good),
        ("太贵了，别再发短信", vec!["price", "message"], Tone::Bad),
        ("Seasoned salesman", vec!["other"], Tone::Neutral),
    ] {
        assert_eq!(said(text), (themes, tone), "{text}");
    }
}

#[test]
fn quotes_show_no_address_and_no_number() {
    assert_eq!(quoted("write to me@example.com or 139 1234 5678 please"), "write to […] or […] please");
    assert_eq!(quoted("call me on +49 170 1234567"), "call me on […]");
    assert_eq!(quoted("+49 (0)170 1234567, size 42"), "[…] size 42");
    assert_eq!(quoted("+49 170 123 456 please"), "[…] please");
    assert_eq!(quoted("  two\nlines, size 42, 10-12 days "), "two lines, size 42, 10-12 days");
    assert_eq!(quoted("电话13912345678谢谢"), "[…]");
    assert_eq!(quoted(&"很".repeat(300)).chars().count(), 200);
}

#[test]
fn texts_are_counted_once_and_ratings_apart() {
    let feedback = |text: Option<&str>, rating: Option<i64>| Feedback {
        customer: 0,
        kind: if rating.is_some() { Kind::Rated } else { Kind::Replied },
        rating,
        text: text.map(str::to_owned),
        ..Feedback::default()
    };
    let observed = Observed {
        arms: vec![Arm { name: "a".into(), ..Arm::default() }],
        assigned: Assigned { arm: vec![0], state: vec![State::Accepted], ..Assigned::default() },
        feedback: vec![
            feedback(Some("Love the price and the fast delivery"), None),
            feedback(Some("price too high, disappointed"), Some(2)),
            feedback(Some("fine"), Some(1)),
            feedback(Some("  "), Some(5)),
            feedback(None, Some(5)),
        ],
        ..Observed::default()
    };
    let voices = voices(&observed);
    assert_eq!((voices.texts, voices.good, voices.bad), (3, 1, 2));
    assert_eq!(voices.ratings, [(1, 1), (2, 1), (5, 2)]);
    assert_eq!(voices.themes[0].theme, "price");
    assert_eq!((voices.themes[0].texts, voices.themes[0].good, voices.themes[0].bad), (2, 1, 1));
    assert_eq!(voices.themes[0].quotes[0].text, "Love the price and the fast delivery");
}

#[test]
fn the_shipped_rules_are_read() {
    assert!(RULES.themes.len() >= 6 && RULES.tone.good.zh.len() > 5);
}
