//! Every claim of a message, with the fact that it follows from.
//!
//! In: a message and its facts. Out: numbers, prices, percentages, dates, durations, codes, products, categories,
//! offers, superlatives, urgency, reproach, word of stock, materials, origins, past purchases, ways to reach somebody, health
//! and what others think, in English and Chinese, each where it stands, and either
//! proved by a fact or the author's own words, or not, with the reason. What is unproved here breaks a rule, so that
//! the message cannot be approved.

use std::ops::Range;

use serde::{Serialize, Serializer};

use super::numbers::{self, Claim, Proof, Proofs, Reader};
use super::words::{self, BLANK, bytes, characters};
use super::{Check, Message, claims, dates, judged, names};
use crate::strategy::{Part, fields};
use crate::writing::guard::phrases::fold;

/// What a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    Number,
    Price,
    Percentage,
    Date,
    /// A span of time: "14 days".
    Duration,
    Code,
    Product,
    Category,
    /// Something given or reduced, in words: "free shipping".
    Offer,
    Superlative,
    Urgency,
    /// Reproach: "you left us".
    Pressure,
    /// What is in the shop and how much of it.
    Stock,
    /// What things are made of, and how.
    Material,
    /// Where things come from.
    Origin,
    /// What the reader is said to have bought.
    Purchase,
    /// A way to reach somebody: a telephone, a network, a code to scan.
    Contact,
    /// What things do for a body.
    Health,
    /// What others are said to think.
    Popularity,
}

/// Whether a claim is true, as far as anybody here can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It follows from this fact; `strategy` stands for the words that the strategy's author wrote.
    Proved { source: String },
    /// Nothing proves it; why.
    Unproved { reason: &'static str },
}

/// One claim of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedClaim {
    pub part: Part,
    pub kind: ClaimKind,
    /// As it stands in the part.
    pub text: String,
    /// Characters of the part that it takes.
    pub range: Range<usize>,
    pub verdict: Verdict,
}

impl TracedClaim {
    #[must_use]
    pub fn is_proved(&self) -> bool {
        matches!(self.verdict, Verdict::Proved { .. })
    }
}

/// `text`, `part`, `start`, `end` (in characters), `kind`, `verdict`, `source` and `reason`, of which one is null.
impl Serialize for TracedClaim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            text: &'a str,
            part: Part,
            start: usize,
            end: usize,
            kind: ClaimKind,
            verdict: &'static str,
            source: Option<&'a str>,
            reason: Option<&'static str>,
        }
        let (verdict, source, reason) = match &self.verdict {
            Verdict::Proved { source } => ("proved", Some(source.as_str()), None),
            Verdict::Unproved { reason } => ("unproved", None, Some(*reason)),
        };
        let (start, end) = (self.range.start, self.range.end);
        Flat { text: &self.text, part: self.part, start, end, kind: self.kind, verdict, source, reason }
            .serialize(serializer)
    }
}

const IN_NO_FACT: &str = "is in no fact";
const NOT_OFFERED: &str = "no offer of the strategy promises it";
const CANNOT_BE_PROVED: &str = "cannot be proved, or presses";
const NO_DEADLINE: &str = "no fact says that anything ends then";
const STOCK_UNKNOWN: &str = "nobody here knows what is in stock";
const ONLY_THE_SHOP: &str = "only the shop knows, and no fact says it";
const NO_FIELD: &str = "no field gives a way to reach anybody";
const NOT_BOUGHT: &str = "no fact says what the reader bought";
const SAID_BY_NO_FACT: &str = "states what no fact says";
const ONE_CUSTOMERS: &str = "is one customer's, and the slot is merged for everyone";

/// A stretch that the model or a person wrote.
struct SlotPlace {
    index: usize,
    /// The character of the part with which it begins, white space at its beginning included.
    start: usize,
    /// Without such, in bytes of the part.
    range: Range<usize>,
    /// It is one of the strategy's own texts.
    own: bool,
}

/// Every claim, in the order in which they stand.
pub(super) fn ledger(message: &Message<'_>) -> Vec<TracedClaim> {
    let proofs = Proofs::of(message);
    message.text.iter().flat_map(|(part, text)| of_part(message, &proofs, *part, text)).collect()
}

/// Claims that no other rule looks at: of stock, of things by name, of one customer's category, in slots. Where every
/// other rule holds (`sound`), whatever the ledger has no proof for.
pub(super) fn unproved_claim(message: &Message<'_>, sound: bool) -> Check {
    let mut found: Vec<String> = Vec::new();
    for (index, slot) in message.slots.iter().enumerate() {
        if is_own(message, index) {
            continue;
        }
        for (_, range, reason) in unproved_in_slot(message, index) {
            let line = format!("\"{}\" in slot {}: {reason}", taken(slot, &range), index + 1);
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    let alone = sound && found.is_empty();
    for claim in ledger(message) {
        if let Verdict::Unproved { reason } = claim.verdict
            && (alone || reason == SAID_BY_NO_FACT)
        {
            let line = format!("\"{}\" in the {}: {reason}", claim.text, claim.part.name());
            if !found.contains(&line) {
                found.push(line);
            }
        }
    }
    judged(
        "unproved-claim",
        found,
        "Delete it, use a field, or write it into the strategy's own text if you know that it is so.",
        "Nothing is claimed that only the shop could know.",
    )
}

/// Whether a slot holds one of the strategy's own texts.
fn is_own(message: &Message<'_>, index: usize) -> bool {
    let text = message.written.get(index).map_or("", |slot| slot.trim());
    message
        .wanted
        .get(index)
        .is_some_and(|slot| slot.fallback.iter().chain(&slot.examples).any(|own| own.trim() == text))
}

/// Characters of a slot with what only the shop could know, and the reason.
fn unproved_in_slot(message: &Message<'_>, index: usize) -> Vec<(ClaimKind, Range<usize>, &'static str)> {
    let Some(slot) = message.bare.get(index) else { return Vec::new() };
    let mut found = Vec::new();
    let bare = words::without(slot, &claims::own_words(message));
    let folded = fold(&bare);
    let stock = claims::stock_in(&folded.text).into_iter();
    found.extend(stock.map(|range| (ClaimKind::Stock, folded.origin(&range), STOCK_UNKNOWN)));
    let shops = claims::shops_in(&folded.text, message).into_iter();
    found.extend(shops.map(|(kind, range)| (kind, folded.origin(&range), reason_of(kind))));
    let shared: Vec<&str> =
        things(message).filter(|(name, ..)| is_shared(name)).map(|(_, _, value)| value).collect();
    let of_one = things(message).filter(|(name, _, value)| !is_shared(name) && !shared.contains(value));
    found.extend(
        of_one
            .flat_map(|(_, kind, value)| words::places(slot, value).map(move |range| (kind, range)))
            .map(|(kind, range)| (kind, characters(slot, &range), ONE_CUSTOMERS)),
    );
    let named = named_things(&bare, &known_words(message)).into_iter();
    found.extend(named.map(|range| (ClaimKind::Product, characters(&bare, &range), IN_NO_FACT)));
    found
}

fn reason_of(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Contact => NO_FIELD,
        ClaimKind::Purchase => NOT_BOUGHT,
        ClaimKind::Health | ClaimKind::Popularity => CANNOT_BE_PROVED,
        _ => ONLY_THE_SHOP,
    }
}

/// Facts that are a product's or a category's name: fact, kind, value.
fn things<'a>(message: &'a Message<'_>) -> impl Iterator<Item = (&'static str, ClaimKind, &'a str)> {
    [
        ("segment_category", ClaimKind::Category),
        ("segment_second_category", ClaimKind::Category),
        ("favourite_category", ClaimKind::Category),
        ("last_product", ClaimKind::Product),
    ]
    .into_iter()
    .filter_map(|(name, kind)| Some((name, kind, message.fact(name)?)))
    .filter(|(_, _, value)| value.chars().count() > 1 && !numbers::offers(value))
}

fn is_shared(name: &str) -> bool {
    fields::field_named(name).is_some_and(|field| field.scope.shared())
}

/// Words in lower case that a fact, the author or the shop's name holds; what the author demands in a slot is the
/// author's word too.
fn known_words(message: &Message<'_>) -> Vec<String> {
    let facts = message.told().into_iter().map(|(_, text)| text);
    let demanded = message.wanted.iter().flat_map(|slot| slot.must.iter().cloned());
    facts.chain(demanded).chain([message.around.to_owned()]).flat_map(|text| words::normal(&text)).collect()
}

/// Names of things: two words or more with capitals inside a sentence, or words in quotes; in bytes.
fn named_things(text: &str, known: &[String]) -> Vec<Range<usize>> {
    let mut found = quoted(text);
    found.retain(|range| words::normal(&text[range.clone()]).iter().any(|word| !known.contains(word)));
    let mut run: Vec<Range<usize>> = Vec::new();
    let mut close = |run: &mut Vec<Range<usize>>| {
        if let (true, Some(first), Some(last)) = (run.len() > 1, run.first(), run.last()) {
            let range = first.start..last.end;
            let known = run.iter().all(|word| known.contains(&text[word.clone()].to_lowercase()));
            if !known && !found.iter().any(|other| other.start <= range.start && range.end <= other.end) {
                found.push(range);
            }
        }
        run.clear();
    };
    let mut end = 0;
    for word in words::words(text) {
        let before = text[..word.start].trim_end();
        let opens = before.chars().next_back().is_none_or(|c| words::is_terminator(c) || c == '\n');
        let apart = text[end..word.start].chars().any(|c| !c.is_whitespace() && c != '&');
        let capital =
            text[word.clone()].chars().next().is_some_and(char::is_uppercase) && word.len() > 1 && !opens;
        if apart || !capital {
            close(&mut run);
        }
        end = word.end;
        if capital {
            run.push(word);
        }
    }
    close(&mut run);
    found
}

/// What stands in quotation marks, a few words at most; in bytes.
fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (open, close) in [('“', '”'), ('"', '"'), ('《', '》'), ('「', '」'), ('『', '』')] {
        let mut place = 0;
        while let Some(start) = text[place..].find(open).map(|at| place + at + open.len_utf8()) {
            let Some(end) = text[start..].find(close).map(|at| start + at) else { break };
            let inside = &text[start..end];
            // Chinese puts words in such marks for many reasons, and titles in marks of their own.
            let ordinary = matches!(open, '“' | '"') && inside.chars().any(words::is_han);
            let name = !inside.ends_with(words::is_terminator) && words::normal(inside).len() <= 8;
            if !inside.is_empty() && name && !ordinary {
                found.push(start..end);
            }
            place = end + close.len_utf8();
        }
    }
    found
}

fn of_part(message: &Message<'_>, proofs: &Proofs<'_>, part: Part, text: &str) -> Vec<TracedClaim> {
    let mut found: Vec<TracedClaim> = Vec::new();
    let mut add = |kind: ClaimKind, range: Range<usize>, verdict: Verdict| {
        let covered = |other: &TracedClaim| other.range.start < range.end && range.start < other.range.end;
        if !found.iter().any(covered) {
            found.push(TracedClaim { part, kind, text: taken(text, &range), range, verdict });
        }
    };
    let proved = |source: &str| Verdict::Proved { source: source.to_owned() };
    let unproved = |reason| Verdict::Unproved { reason };
    let slots = slot_places(message, part, text);
    let in_slot = |range: &Range<usize>| {
        slots.iter().find(|slot| slot.range.start <= range.start && range.end <= slot.range.end)
    };

    // What only the shop could know comes first: a product of one customer is no proof inside a slot.
    for slot in slots.iter().filter(|slot| !slot.own) {
        for (kind, range, reason) in unproved_in_slot(message, slot.index) {
            let range = slot.start + range.start..slot.start + range.end;
            add(kind, range, unproved(reason));
        }
    }
    let mut bare = text.to_owned();
    if let Some(code) = message.fact("coupon_code") {
        for range in numbers::whole_codes(text, code) {
            add(ClaimKind::Code, characters(text, &range), proved("coupon_code"));
        }
        bare = numbers::remove_whole(&bare, code);
    }
    for (name, kind, value) in things(message) {
        let before = bare.clone();
        for range in words::places(&before, value) {
            add(kind, characters(&bare, &range), proved(name));
        }
        bare = words::without(&bare, &[value]);
    }
    bare = words::without(&bare, &claims::own_words(message));
    let reader = Reader::new(&bare);
    for (claim, range) in numbers::claims_in(&reader) {
        let (kind, range) = kind_of(&claim, &reader, range);
        let verdict = match proofs.of_claim(&claim) {
            Some(Proof::Fact(name)) => proved(name),
            Some(Proof::Author) => proved("strategy"),
            None => unproved(IN_NO_FACT),
        };
        add(kind, reader.origin(&range), verdict);
    }
    // What somebody is called is the field's, whatever it reads like.
    for range in named_places(message, &slots, text) {
        bare = blanked(&bare, &characters(text, &range));
    }
    let folded = fold(&bare);
    let lower = folded.text.as_str();
    for deadline in dates::deadlines(lower) {
        for range in words::places(lower, &deadline) {
            add(ClaimKind::Date, folded.origin(&range), unproved(NO_DEADLINE));
        }
    }
    for (kind, range) in claims::boasts_in(lower) {
        add(kind, folded.origin_of(&range), unproved(CANNOT_BE_PROVED));
    }
    let mut promises = claims::promises_in(message.facts, lower);
    // "Free shipping" before "free".
    promises.sort_by_key(|(_, range)| std::cmp::Reverse(range.len()));
    for (kept, range) in promises {
        let verdict = if kept { proved("offer") } else { unproved(NOT_OFFERED) };
        add(ClaimKind::Offer, folded.origin_of(&range), verdict);
    }
    if let Some(offer) = message.fact("offer").map(|offer| fold(offer).text) {
        for range in words::places(lower, &offer) {
            add(ClaimKind::Offer, folded.origin(&range), proved("offer"));
        }
    }
    for range in claims::stock_in(lower) {
        let place = folded.origin(&range);
        if in_slot(&bytes(text, &place)).is_none_or(|slot| slot.own) {
            add(ClaimKind::Stock, place, proved("strategy"));
        }
    }
    for slot in slots.iter().filter(|slot| !slot.own) {
        for (kind, range) in claims::stated_in(message, slot.index) {
            add(kind, slot.start + range.start..slot.start + range.end, unproved(SAID_BY_NO_FACT));
        }
    }
    found.sort_by_key(|claim| claim.range.start);
    found
}

/// What a claim is about, and the characters that it takes: with its unit where it is a span of time.
fn kind_of(claim: &Claim, reader: &Reader, range: Range<usize>) -> (ClaimKind, Range<usize>) {
    match claim {
        Claim::Price(..) => (ClaimKind::Price, range),
        Claim::Percentage(_) => (ClaimKind::Percentage, range),
        Claim::Date(_) => (ClaimKind::Date, range),
        Claim::Code(_) => (ClaimKind::Code, range),
        Claim::Number(_) | Claim::Odd(_) => {
            let unit = reader.skip(range.end, &[' ', '-']);
            let end = reader.word_end(unit);
            let word = reader.text(unit..end).to_lowercase();
            let english = ["minute", "hour", "day", "week", "month", "year"];
            if english.contains(&word.strip_suffix('s').unwrap_or(&word)) {
                return (ClaimKind::Duration, range.start..end);
            }
            // An hour of the day: 八点.
            if reader.at(range.end) == Some('点') {
                return (ClaimKind::Date, range.start..range.end + 1);
            }
            let chinese = ["个小时", "个月", "个星期", "小时", "分钟", "天", "周", "年"];
            let unit = chinese
                .iter()
                .find(|unit| reader.text(range.end..range.end + unit.chars().count()) == **unit);
            match unit {
                Some(unit) => (ClaimKind::Duration, range.start..range.end + unit.chars().count()),
                None => (ClaimKind::Number, range),
            }
        }
    }
}

/// Where the slots of a part stand in it.
fn slot_places(message: &Message<'_>, part: Part, text: &str) -> Vec<SlotPlace> {
    let mut places = Vec::new();
    let mut from = 0;
    for (index, slot) in message.slots.iter().enumerate() {
        let here = message.wanted.get(index).is_none_or(|wanted| wanted.part == part);
        let trimmed = slot.trim();
        if !here || trimmed.is_empty() {
            continue;
        }
        if let Some(start) = text[from..].find(trimmed).map(|at| from + at) {
            from = start + trimmed.len();
            let lead = slot.chars().take_while(|c| c.is_whitespace()).count();
            let first = text[..start].chars().count().saturating_sub(lead);
            places.push(SlotPlace { index, start: first, range: start..from, own: is_own(message, index) });
        }
    }
    places
}

/// A part with a blank for each character of the recipient's names, where a field put them.
pub(super) fn without_names(message: &Message<'_>, part: Part, text: &str) -> String {
    let slots = slot_places(message, part, text);
    let places = named_places(message, &slots, text);
    places.iter().fold(text.to_owned(), |bare, range| blanked(&bare, &characters(text, range)))
}

/// Where a field put a name of the recipient's, in bytes: outside of the slots, or where the slot has the field. A name
/// that has a number, a price or a code is looked at like any other text.
fn named_places(message: &Message<'_>, slots: &[SlotPlace], text: &str) -> Vec<Range<usize>> {
    let is_field = |range: &Range<usize>| {
        let touched = slots.iter().find(|slot| slot.range.start < range.end && range.start < slot.range.end);
        touched.is_none_or(|slot| {
            let bare = message.bare.get(slot.index).map_or("", String::as_str);
            let mut here = characters(text, range);
            here.all(|at| at.checked_sub(slot.start).and_then(|at| bare.chars().nth(at)) == Some(BLANK))
        })
    };
    names::own(message.strategy, message.facts)
        .into_iter()
        .filter(|name| name.chars().count() > 1 && numbers::claims(name).is_empty())
        .flat_map(|name| words::places(text, name).collect::<Vec<_>>())
        .filter(is_field)
        .collect()
}

/// The text with blanks for these characters.
fn blanked(text: &str, characters: &Range<usize>) -> String {
    text.chars().enumerate().map(|(at, c)| if characters.contains(&at) { BLANK } else { c }).collect()
}

/// The characters of a range.
fn taken(text: &str, range: &Range<usize>) -> String {
    let taken: String = text.chars().skip(range.start).take(range.len()).collect();
    taken.replace(BLANK, "")
}
