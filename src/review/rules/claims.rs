//! What is promised beside numbers: offers that nobody makes, superlatives, false urgency, guilt, stock.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::ledger::{ClaimKind, without_names};
use super::{Check, Message, judged, numbers, words};
use crate::strategy::Facts;
use crate::writing::guard::facts::{MEANS_NOTHING, Subject, stated};
use crate::writing::guard::phrases::{
    CONTACT, GUILT, HARMLESS, HEALTH, MATERIAL, ORIGIN, POPULARITY, PROMISES, PURCHASE, STOCK, SUPERLATIVES,
    URGENCY, bought_things, fold, made_by,
};
use crate::writing::guard::places::given_away;

/// Offers in the slots that the strategy does not make.
pub(super) fn invented_offer(message: &Message<'_>) -> Check {
    let offer = offered(message.facts);
    let facts = own_words(message);
    let has_code = message.fact("coupon_code").is_some();
    let mut found = Vec::new();
    for (index, slot) in message.bare.iter().enumerate() {
        let text = harmless(&words::without(slot, &facts));
        let text = if has_code { words::without(&text, &CODE_WORDS) } else { text };
        for (promises, kept) in PROMISES {
            if kept.iter().any(|word| offer.contains(word)) {
                continue;
            }
            let promise = promises.iter().find(|promise| words::find_lower(&text, promise));
            found.extend(
                promise
                    .map(|promise| format!("slot {} promises \"{promise}\", and no offer does", index + 1)),
            );
        }
    }
    // What the author wrote around the fields.
    let around = words::without(&harmless(message.around), &CODE_WORDS);
    for (promises, kept) in PROMISES {
        if !kept.iter().any(|word| offer.contains(word)) {
            let promise = promises.iter().find(|promise| words::find_lower(&around, promise));
            found.extend(
                promise
                    .map(|promise| format!("the strategy's text promises \"{promise}\", and no offer does")),
            );
        }
    }
    judged(
        "invented-offer",
        found,
        "Delete it, or give the strategy that offer.",
        "Nothing is promised beyond the offer.",
    )
}

/// Superlatives and pressure anywhere in the message.
pub(super) fn overclaim(message: &Message<'_>) -> Check {
    // What somebody is called presses nobody.
    let parts = message.text.iter().map(|(part, text)| without_names(message, *part, text));
    let whole = parts.collect::<Vec<_>>().join("\n");
    let found = overclaims(&words::without(&whole, &own_words(message)))
        .map(|claim| format!("\"{claim}\" cannot be proved, or presses"))
        .collect();
    judged(
        "overclaim",
        found,
        "Say what is true and leave the choice to the reader.",
        "No superlative and no pressure.",
    )
}

/// Superlatives and pressure in a text without the values of facts.
pub(super) fn overclaims(text: &str) -> impl Iterator<Item = &'static str> {
    let text = harmless(text);
    let may_be = BOASTS.as_ref().is_none_or(|phrases| phrases.is_match(&text));
    boasts().filter(move |claim| may_be && words::find_lower(&text, claim))
}

/// Words for the code that a message gives: they name it, and promise nothing.
const CODE_WORDS: [&str; 4] = ["优惠码", "优惠券码", "coupon codes", "coupon code"];

/// All boasts at once, to pass over the texts that have none; `None` where they are too many for that.
static BOASTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(boasts()).ok());

/// Every phrase that promises something.
static PROMISED: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(PROMISES.iter().flat_map(|(promises, _)| *promises)).ok());

fn boasts() -> impl Iterator<Item = &'static str> {
    SUPERLATIVES.into_iter().chain(URGENCY).chain(GUILT)
}

/// The same in a text in lower case, and the characters that they take.
pub(super) fn boasts_in(lower: &str) -> Vec<(ClaimKind, Range<usize>)> {
    let text = words::without(lower, &HARMLESS);
    let kinds = [
        (ClaimKind::Superlative, &SUPERLATIVES[..]),
        (ClaimKind::Urgency, &URGENCY),
        (ClaimKind::Pressure, &GUILT),
    ];
    let of = |(kind, phrases): (ClaimKind, &'static [&'static str])| {
        phrases
            .iter()
            .flat_map(|phrase| words::places(&text, phrase))
            .map(|range| (kind, words::characters(&text, &range)))
            .collect::<Vec<_>>()
    };
    kinds.into_iter().flat_map(of).collect()
}

/// Where a text in lower case says what only the shop could know, in bytes, and no fact says.
pub(super) fn shops_in(lower: &str, message: &Message<'_>) -> Vec<(ClaimKind, Range<usize>)> {
    let kinds = [
        (ClaimKind::Material, &MATERIAL[..]),
        (ClaimKind::Origin, &ORIGIN),
        (ClaimKind::Contact, &CONTACT),
        (ClaimKind::Health, &HEALTH),
        (ClaimKind::Popularity, &POPULARITY),
        (ClaimKind::Purchase, &PURCHASE),
    ];
    let of = |(kind, phrases): (ClaimKind, &'static [&'static str])| {
        phrases
            .iter()
            .flat_map(|phrase| words::places(lower, phrase))
            .map(|range| (kind, range))
            .collect::<Vec<_>>()
    };
    let mut found: Vec<_> = kinds.into_iter().flat_map(of).collect();
    found.extend(bought_things(lower).map(|range| (ClaimKind::Purchase, range)));
    found.extend(made_by(lower).map(|range| (ClaimKind::Origin, range)));
    if !found.is_empty() {
        let facts: Vec<String> = message.told().iter().map(|(_, text)| fold(text).text).collect();
        found.retain(|(_, range)| !facts.iter().any(|fact| words::find_lower(fact, &lower[range.clone()])));
    }
    // The longer one of two that begin together first.
    found.sort_by_key(|(_, range)| (range.start, std::cmp::Reverse(range.len())));
    found
}

/// Where a text in lower case tells of stock, in bytes.
pub(super) fn stock_in(lower: &str) -> Vec<Range<usize>> {
    let mut found: Vec<_> = STOCK.iter().flat_map(|phrase| words::places(lower, phrase)).collect();
    // "Back in stock" before "in stock".
    found.sort_by_key(|range| std::cmp::Reverse(range.len()));
    found
}

/// The characters with which a text in lower case promises something, and whether the strategy's offer keeps it.
pub(super) fn promises_in(facts: &Facts, lower: &str) -> Vec<(bool, Range<usize>)> {
    let given = given_in(facts, lower);
    // Most texts promise nothing. Blanking stretches makes no phrase, so what is not here is not below.
    if PROMISED.as_ref().is_some_and(|phrases| !phrases.is_match(lower)) {
        return given;
    }
    let offer = offered(facts);
    let text = words::without(&words::without(lower, &HARMLESS), &CODE_WORDS);
    let of = |(promises, kept): (&'static [&'static str], &'static [&'static str])| {
        let kept = kept.iter().any(|word| offer.contains(word));
        promises
            .iter()
            .flat_map(|promise| words::places(&text, promise))
            .map(|range| (kept, words::characters(&text, &range)))
            .collect::<Vec<_>>()
    };
    PROMISES.into_iter().flat_map(of).chain(given).collect()
}

/// The same of what is given away by name; a gift that is offered may be called by another.
fn given_in(facts: &Facts, lower: &str) -> Vec<(bool, Range<usize>)> {
    let offer = fold(super::told(facts, "offer").unwrap_or("")).text;
    let is_gift = ["礼", "赠", "送"].iter().any(|word| offer.contains(word));
    given_away(lower)
        .map(|(range, given)| {
            let kept = is_gift || !offer.is_empty() && given.starts_with(&offer);
            (kept, words::characters(lower, &range))
        })
        .collect()
}

/// The offer and what it asks for, in lower case.
fn offered(facts: &Facts) -> String {
    let said = |name| super::told(facts, name).unwrap_or("");
    fold(&format!("{} {}", said("offer"), said("offer_conditions"))).text
}

/// Characters of a slot with a word that states a fact, and no fact says it.
pub(super) fn stated_in(message: &Message<'_>, index: usize) -> Vec<(ClaimKind, Range<usize>)> {
    let Some(slot) = message.bare.get(index) else { return Vec::new() };
    let folded = fold(&words::without(slot, &own_words(message)));
    // What the strategy's author demands of the slot is the author's.
    let must = message.wanted.get(index).map_or(&[][..], |wanted| &wanted.must);
    let must: Vec<String> = must.iter().map(|words| fold(words).text).collect();
    let has_code = message.fact("coupon_code").is_some();
    let codes = if has_code { &CODE_WORDS[..] } else { &[] };
    let excused: Vec<&str> = HARMLESS
        .into_iter()
        .chain(MEANS_NOTHING)
        .chain(codes.iter().copied())
        .chain(must.iter().map(String::as_str))
        .collect();
    let text = words::without(&folded.text, &excused);
    let said: Vec<_> = stated()
        .flat_map(|(subject, word)| words::places(&text, word).map(move |range| (subject, word, range)))
        .collect();
    if said.is_empty() {
        return Vec::new();
    }
    let mut facts: Vec<String> = message.told().iter().map(|(_, text)| fold(text).text).collect();
    if has_code {
        facts.push("code codes coupon coupons voucher vouchers".to_owned());
    }
    if message.fact("offer").is_some() {
        facts.push("offer offers".to_owned());
    }
    said.into_iter()
        .filter(|(_, word, _)| !facts.iter().any(|fact| words::find_lower(fact, word)))
        .map(|(subject, _, range)| {
            // Blanks have other bytes than what they stand for, and are as many.
            (kind_of(subject), folded.origin_of(&words::characters(&text, &range)))
        })
        .collect()
}

fn kind_of(subject: Subject) -> ClaimKind {
    match subject {
        Subject::Offer => ClaimKind::Offer,
        Subject::Number => ClaimKind::Number,
        Subject::Time => ClaimKind::Date,
        Subject::Stock => ClaimKind::Stock,
        Subject::Rank => ClaimKind::Superlative,
    }
}

fn harmless(text: &str) -> String {
    words::without(&fold(text).text, &HARMLESS)
}

/// Facts whose words are nobody's promise.
pub(super) const OWN_WORDS: [&str; 5] =
    ["last_product", "shop_name", "favourite_category", "segment_category", "segment_second_category"];

/// Values of facts: a product may be called "The Best of Bach".
pub(super) fn own_words<'a>(message: &'a Message<'_>) -> Vec<&'a str> {
    OWN_WORDS.iter().filter_map(|name| message.fact(name)).filter(|words| !numbers::offers(words)).collect()
}
