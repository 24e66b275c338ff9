//! Numbers, prices, percentages, dates and codes: each must be a fact.
//!
//! In: a message and its facts. Out: five checks, and of each claim the fact that it follows from. A claim in the text
//! is proved by a claim of the same kind and value in a fact, in the offer, or in the words that the strategy's author
//! wrote; "九折" and "10%" are the same claim. Codes are compared as a whole.

mod numerals;

use std::ops::Range;

use super::claims::OWN_WORDS;
use super::dates::{DateClaim, date_at, deadlines};
use super::words::{self, BLANK, is_han};
use super::{Check, Message, judged};
use crate::data::NO_CURRENCY;
use crate::writing::guard::phrases::{MEASURES, MORE, SPANS, VAGUE, counts, is_round, origin_of, plain};
pub(super) use numerals::numeral;
use numerals::{number, number_word, share};

/// Something that a text says and that can be true or false.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Claim {
    Number(f64),
    Price(f64, &'static str),
    /// Off the price: "九折" is 10.
    Percentage(f64),
    Date(DateClaim),
    Code(String),
    /// A numeral that is not read (½, ٣): compared as it stands.
    Odd(char),
}

impl Claim {
    pub(super) fn follows_from(&self, fact: &Self) -> bool {
        let same = |left: f64, right: f64| (left - right).abs() < 1e-6;
        match (self, fact) {
            (Self::Number(said), Self::Number(fact)) | (Self::Percentage(said), Self::Percentage(fact)) => {
                same(*said, *fact)
            }
            (Self::Price(said, currency), Self::Price(fact, other)) => {
                same(*said, *fact) && currency == other
            }
            (Self::Date(said), Self::Date(fact)) => said.follows_from(fact),
            (Self::Code(said), Self::Code(fact)) => said == fact,
            (Self::Odd(said), Self::Odd(fact)) => said == fact,
            _ => false,
        }
    }

    /// Whether it can be held against the shop.
    pub(super) fn promises(&self) -> bool {
        matches!(self, Self::Price(..) | Self::Percentage(_) | Self::Code(_))
    }

    fn rule(&self) -> &'static str {
        match self {
            Self::Number(_) | Self::Odd(_) => RULES[0].0,
            Self::Price(..) => RULES[1].0,
            Self::Percentage(_) => RULES[2].0,
            Self::Date(_) => RULES[3].0,
            Self::Code(_) => RULES[4].0,
        }
    }
}

/// Rule, what it is about, and what to do.
const RULES: [(&str, &str, &str); 5] = [
    ("invented-number", "number", "Delete it, or make it a fact of the strategy."),
    ("invented-price", "price", "Delete it, or make it the strategy's offer."),
    ("invented-percentage", "percentage", "Delete it, or make it the strategy's offer."),
    ("invented-date", "date", "Delete it, or use {{ offer_ends }} and valid-days."),
    ("invented-code", "code", "Use {{ coupon_code }} and nothing else."),
];

/// Text as characters, disguises off, and the places that they come from.
pub(super) struct Reader(Vec<char>, Vec<usize>);

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        let (characters, origin) = plain(text).into_parts();
        Self(characters, origin)
    }

    /// The characters of the text that a range of these comes from.
    pub(super) fn origin(&self, range: &Range<usize>) -> Range<usize> {
        origin_of(&self.1, range)
    }

    pub(super) fn at(&self, place: usize) -> Option<char> {
        self.0.get(place).copied()
    }

    pub(super) fn text(&self, range: Range<usize>) -> String {
        self.0.get(range).map(|characters| characters.iter().collect()).unwrap_or_default()
    }

    /// The first place from `at` on that has none of `skipped`.
    pub(super) fn skip(&self, at: usize, skipped: &[char]) -> usize {
        let mut place = at;
        while self.at(place).is_some_and(|c| skipped.contains(&c)) {
            place += 1;
        }
        place
    }

    /// The end of the Latin letters from `at` on.
    pub(super) fn word_end(&self, at: usize) -> usize {
        let mut place = at;
        while self.at(place).is_some_and(|c| c.is_alphabetic() && !is_han(c)) {
            place += 1;
        }
        place
    }

    /// Whether "in", "until" and the like stand before `at`.
    pub(super) fn after_preposition(&self, at: usize) -> bool {
        let mut end = at;
        while end > 0 && self.at(end - 1) == Some(' ') {
            end -= 1;
        }
        let mut start = end;
        while start > 0 && self.at(start - 1).is_some_and(|c| c.is_ascii_alphabetic()) {
            start -= 1;
        }
        let words = ["in", "this", "until", "till", "by", "of", "since", "last", "next", "through", "from"];
        end < at && words.contains(&self.text(start..end).to_lowercase().as_str())
    }

    /// Whether the Chinese numeral at `at` counts something.
    fn counts_at(&self, at: usize) -> bool {
        let (start, end) = (at.saturating_sub(4), (at + 16).min(self.0.len()));
        let around = self.text(start..end);
        let here = words::bytes(&around, &(at - start..at - start)).start;
        counts(&around).iter().any(|range| range.start == here)
    }

    fn starts_with(&self, at: usize, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| self.at(at + offset) == Some(c))
    }
}

/// What proves a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof<'a> {
    /// A fact, by its name.
    Fact(&'a str),
    /// The words that the strategy's author wrote.
    Author,
}

/// Words that make a percentage or a price in a name an offer.
const OFFER_WORDS: [&str; 6] = ["off", "discount", "sale", "save", "free", "less"];
/// The same in Chinese, wherever they stand.
const CHINESE_OFFERS: [&str; 5] = ["折", "减", "优惠", "促销", "特价"];

/// What a message's facts and its author say, ready to be asked.
pub(super) struct Proofs<'a> {
    facts: Vec<(&'a str, Vec<Claim>)>,
    /// Numbers that are given as numbers under names of their own: each may be a price or a percentage.
    loose: Vec<(&'a str, f64)>,
    authored: &'a [Claim],
}

impl<'a> Proofs<'a> {
    pub(super) fn of(message: &Message<'a>) -> Self {
        let known = crate::strategy::fields::field_named;
        let numbers = message.facts.iter().filter(|(name, _)| known(name).is_none());
        Self {
            facts: message
                .told()
                .into_iter()
                .map(|(name, text)| {
                    let mut claims = claims(&text);
                    claims.retain(|claim| may_prove(name, &text, claim));
                    (name, claims)
                })
                .collect(),
            loose: numbers.filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?))).collect(),
            authored: message.authored,
        }
    }

    /// What a claim follows from; `None` where nothing proves it.
    pub(super) fn of_claim(&self, claim: &Claim) -> Option<Proof<'a>> {
        let is_among = |facts: &[Claim]| facts.iter().any(|fact| claim.follows_from(fact));
        if let Claim::Number(value) | Claim::Price(value, _) | Claim::Percentage(value) = claim
            && let Some((name, _)) = self.loose.iter().find(|(_, fact)| (fact - value).abs() < 1e-6)
        {
            return Some(Proof::Fact(name));
        }
        let fact = self.facts.iter().find(|(_, claims)| is_among(claims)).map(|(name, _)| Proof::Fact(name));
        fact.or_else(|| is_among(self.authored).then_some(Proof::Author))
    }
}

/// Whether a field that says this may prove such a claim. What somebody is called is no offer, and a thing's name only
/// where it does not read like one: a name may come from anybody.
pub(super) fn may_prove(field: &str, text: &str, claim: &Claim) -> bool {
    let of_person = matches!(field, "first_name" | "last_name" | "full_name");
    let of_thing = OWN_WORDS.contains(&field);
    match claim {
        Claim::Price(..) | Claim::Percentage(_) => !(of_person || of_thing && offers(text)),
        Claim::Code(_) => !of_person,
        Claim::Number(_) | Claim::Odd(_) | Claim::Date(_) => true,
    }
}

/// Whether a name reads like an offer: "50% off teapots", but not "100% cotton".
pub(super) fn offers(name: &str) -> bool {
    let offered = CHINESE_OFFERS.iter().any(|word| name.contains(word))
        || words::normal(name).iter().any(|word| OFFER_WORDS.contains(&word.as_str()));
    offered && claims(name).iter().any(|claim| matches!(claim, Claim::Price(..) | Claim::Percentage(_)))
}

/// Runs the five checks.
pub(super) fn invented(message: &Message<'_>) -> Vec<Check> {
    let proofs = Proofs::of(message);
    // A code in the facts is one as a whole, whatever it looks like.
    let code = message.fact("coupon_code");
    let mut whole = message.whole();
    if let Some(code) = code {
        whole = remove_whole(&whole, code);
    }
    let mut found: [Vec<String>; 5] = Default::default();
    let mut proved = [0_usize; 5];
    let mut written = [false; 5];
    let reader = Reader::new(&whole);
    for (claim, range) in claims_in(&reader) {
        let Some(rule) = RULES.iter().position(|(rule, _, _)| *rule == claim.rule()) else { continue };
        let Some(proof) = proofs.of_claim(&claim) else {
            let line = format!("\"{}\" is in no fact", reader.text(range).trim());
            if !found[rule].contains(&line) {
                found[rule].push(line);
            }
            continue;
        };
        proved[rule] += 1;
        written[rule] |= proof == Proof::Author;
    }
    if let Some(code) = code {
        let wanted = message.strategy.message.values().any(|template| template.contains("coupon_code"));
        if message.whole() != whole {
            proved[4] += 1;
        } else if wanted {
            found[4].push(format!("the code {code} is missing"));
        }
    }
    if message.fact("offer_value").is_some_and(|value| value.contains(NO_CURRENCY)) {
        found[1].push(
            "the offer is an amount, and nothing says in which currency the shop counts: write currency = \"EUR\" (or \
             another code) under [data], or give --set data.currency=EUR"
                .into(),
        );
    }
    found[3].extend(
        deadlines(message.around)
            .map(|deadline| format!("the strategy's text says \"{deadline}\", and no fact does")),
    );
    for (index, slot) in message.bare.iter().enumerate() {
        found[3].extend(
            deadlines(slot)
                .map(|deadline| format!("slot {} says \"{deadline}\", and no fact does", index + 1)),
        );
    }
    RULES
        .iter()
        .zip(found)
        .zip(proved.into_iter().zip(written))
        .map(|(((rule, what, remedy), found), (proved, written))| {
            let fine = match (proved, written) {
                (0, _) => format!("No {what}."),
                (1, false) => format!("1 {what}, and it is a fact."),
                (1, true) => format!("1 {what}, in the strategy's own words."),
                (_, false) => format!("{proved} {what}s, all facts."),
                (_, true) => format!("{proved} {what}s, facts or the strategy's own words."),
            };
            judged(rule, found, remedy, &fine)
        })
        .collect()
}

/// Where the code stands as a whole, in bytes.
pub(super) fn whole_codes<'a>(text: &'a str, code: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
    text.match_indices(code).map(|(at, found)| at..at + found.len()).filter(move |range| {
        !inside(text[..range.start].chars().next_back()) && !inside(text[range.end..].chars().next())
    })
}

/// The text with a blank for each character of the code, where it stands as a whole.
pub(super) fn remove_whole(text: &str, code: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut place = 0;
    for range in whole_codes(text, code) {
        out.push_str(&text[place..range.start]);
        out.extend(std::iter::repeat_n(BLANK, code.chars().count()));
        place = range.end;
    }
    out.push_str(&text[place..]);
    out
}

pub(super) fn claims(text: &str) -> Vec<Claim> {
    claims_in(&Reader::new(text)).into_iter().map(|(claim, _)| claim).collect()
}

/// Every claim, with the characters that it takes in the text.
pub(super) fn claims_in(reader: &Reader) -> Vec<(Claim, Range<usize>)> {
    let mut found = Vec::new();
    let mut place = 0;
    while let Some(character) = reader.at(place) {
        let joined = place > 0
            && reader.at(place - 1).is_some_and(|c| c.is_ascii_alphanumeric())
            && character.is_ascii_alphanumeric();
        let next = if joined {
            None
        } else {
            date_at(reader, place)
                .map(|(date, end)| (Claim::Date(date), end))
                .or_else(|| code_at(reader, place))
                .or_else(|| amount_at(reader, place))
        };
        match next {
            Some((claim, end)) if end > place => {
                found.push((claim, place..end));
                place = end;
            }
            _ => {
                if character.is_numeric() && !is_han(character) {
                    // Digits that nothing has claimed: glued to letters, or of another script.
                    let (claim, end) = number(reader, place)
                        .map_or((Claim::Odd(character), place + 1), |(value, end)| {
                            (Claim::Number(value), end)
                        });
                    found.push((claim, place..end));
                    place = end;
                } else {
                    place += 1;
                }
            }
        }
    }
    found
}

/// Coupon-like words: capitals and digits, letters before digits, or whatever follows "code".
fn code_at(reader: &Reader, at: usize) -> Option<(Claim, usize)> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if at > 0 && reader.at(at - 1).is_some_and(part) {
        return None;
    }
    let mut end = at;
    while reader.at(end).is_some_and(part) {
        end += 1;
    }
    while end > at && matches!(reader.at(end - 1), Some('-' | '_')) {
        end -= 1;
    }
    let word = reader.text(at..end);
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let capitals = letters > 0 && !word.chars().any(|c| c.is_ascii_lowercase());
    // Looked at last: it is the dearest.
    let named = || {
        let before = reader.text(at.saturating_sub(12)..at).to_lowercase();
        let before = before.trim_end_matches([' ', ':', '"', '“', '\'', '「', '（', '(']);
        ["code", "coupon", "voucher", "优惠码", "优惠券", "折扣码", "代码", "兑换码"]
            .iter()
            .any(|word| before.ends_with(word))
    };
    let coupon_like = capitals
        && (digits > 0 && word.len() >= 4 || letters >= 6 && !ORDINARY.contains(&word.as_str()))
        || digits > 0
            && letters >= 2
            && word.len() >= 5
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
        || word.len() >= 3 && (capitals || digits > 0) && named();
    (coupon_like && !is_measure(&word)).then_some((Claim::Code(word), end))
}

/// Capitals that are no code.
const ORDINARY: [&str; 4] = ["UNSUBSCRIBE", "HTTPS", "THANKS", "PLEASE"];

/// "250ml", "30-day".
fn is_measure(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < word.len() && rest.trim_start_matches('-').chars().all(|c| c.is_ascii_lowercase())
}

/// A percentage, a price or a plain number.
fn amount_at(reader: &Reader, at: usize) -> Option<(Claim, usize)> {
    for (mark, currency) in [
        ("US$", "$"),
        ("€", "€"),
        ("$", "$"),
        ("£", "£"),
        ("¥", "¥"),
        ("EUR", "€"),
        ("USD", "$"),
        ("GBP", "£"),
        ("CNY", "¥"),
        ("RMB", "¥"),
    ] {
        if reader.starts_with(at, mark) {
            let start = reader.skip(at + mark.chars().count(), &[' ']);
            if let Some((value, end)) = number(reader, start) {
                return Some((Claim::Price(value, currency), end));
            }
        }
    }
    if let Some((off, end)) = share(reader, at) {
        return Some((Claim::Percentage(off), end));
    }
    if reader.starts_with(at, "百分之") {
        let (value, end) = number(reader, at + 3).or_else(|| numeral(reader, at + 3))?;
        return Some((Claim::Percentage(value), end));
    }
    let first = reader.at(at)?;
    if VAGUE.contains(&first) && reader.at(at + 1).is_some_and(is_round) && reader.counts_at(at) {
        let end = numeral(reader, at + 1).map_or(at + 1, |(_, end)| end);
        return Some((Claim::Odd(first), reader.skip(end, &MORE)));
    }
    let digits = number(reader, at);
    let spelled = digits.is_none();
    let (value, end) = digits.or_else(|| numeral(reader, at)).or_else(|| number_word(reader, at))?;
    // 两百多种 are more than two hundred: no fact that says two hundred proves them.
    let more = spelled
        && reader.at(end).is_some_and(|c| MORE.contains(&c))
        && reader.text(at..end).contains(is_round)
        && reader.counts_at(at);
    let (value, end) = if more { (value + 0.5, end + 1) } else { (value, end) };
    let after = reader.skip(end, &[' ', '-']);
    if reader.at(after) == Some('%') {
        return Some((Claim::Percentage(value), after + 1));
    }
    if reader.at(end) == Some('折') {
        // "八五折" and "85折" are 15 per cent off, "九折" is 10.
        let pays = if value > 10.0 { value } else { value * 10.0 };
        return Some((Claim::Percentage(100.0 - pays), end + 1));
    }
    if reader.at(end) == Some('成') {
        return Some((Claim::Percentage(value * 10.0), end + 1));
    }
    let word_end = reader.word_end(after);
    let word = reader.text(after..word_end).to_lowercase();
    if matches!(word.as_str(), "percent" | "pct") {
        return Some((Claim::Percentage(value), word_end));
    }
    if word == "per" && reader.text(word_end..word_end + 5).to_lowercase() == " cent" {
        return Some((Claim::Percentage(value), word_end + 5));
    }
    let currency = match reader.at(after) {
        Some('€') => Some(("€", after + 1)),
        Some('£') => Some(("£", after + 1)),
        Some('元' | '块') => Some(("¥", after + 1)),
        _ => match word.as_str() {
            "eur" | "euro" | "euros" => Some(("€", word_end)),
            "usd" | "dollar" | "dollars" => Some(("$", word_end)),
            "gbp" | "pound" | "pounds" => Some(("£", word_end)),
            "cny" | "rmb" | "yuan" => Some(("¥", word_end)),
            _ => None,
        },
    };
    if let Some((currency, end)) = currency {
        return Some((Claim::Price(value, currency), end));
    }
    if !spelled {
        return Some((Claim::Number(value), end));
    }
    // A numeral in words is a claim where it counts something: "两件", not "万物" and not "一份心意";
    // "one" is an article more often than a number.
    let counts = if is_han(first) {
        let unit = reader.at(end).is_some_and(|c| MEASURES.contains(c))
            || SPANS.iter().any(|span| reader.starts_with(end, span));
        // What stands around it tells idioms, and "within a week", apart.
        unit && reader.counts_at(at)
    } else {
        value > 1.0
    };
    counts.then_some((Claim::Number(value), end))
}

#[cfg(test)]
mod tests;
