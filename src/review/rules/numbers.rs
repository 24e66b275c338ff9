//! Numbers, prices, percentages, dates and codes: each must be a fact.
//!
//! In: a message and its facts. Out: five checks. A claim in the text is proved by a claim of the same kind
//! and value in a fact, in the offer, or in the words that the strategy's author wrote; "九折" and "10%" are
//! the same claim. Codes are compared as a whole.

use std::ops::Range;

use super::dates::{DateClaim, date_at};
use super::words::is_han;
use super::{Check, Message, judged};

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

/// Text as characters, full-width forms made plain.
pub(super) struct Reader(Vec<char>);

impl Reader {
    fn new(text: &str) -> Self {
        let plain = |character: char| match character {
            '！'..='～' => char::from_u32(character as u32 - 0xfee0).unwrap_or(character),
            '\u{a0}' | '\u{202f}' | '\u{3000}' => ' ',
            '￥' => '¥',
            '\u{2010}' | '\u{2011}' => '-',
            other => other,
        };
        Self(text.chars().map(plain).collect())
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

    fn starts_with(&self, at: usize, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| self.at(at + offset) == Some(c))
    }
}

/// Runs the five checks.
pub(super) fn invented(message: &Message<'_>) -> Vec<Check> {
    let said: Vec<Claim> = message.told().iter().flat_map(|source| claims(source)).collect();
    let is_fact = |claim: &Claim| said.iter().chain(message.authored).any(|fact| claim.follows_from(fact));
    // A number that is given as a number may be a price or a percentage.
    let loose: Vec<f64> = message
        .facts
        .iter()
        .filter(|(name, _)| crate::strategy::fields::field_named(name).is_none())
        .filter_map(|(_, value)| value.as_f64())
        .collect();
    // A code in the facts is one as a whole, whatever it looks like.
    let code = message.fact("coupon_code");
    let mut whole = message.whole();
    if let Some(code) = code {
        whole = remove_whole(&whole, code);
    }
    let mut found: [Vec<String>; 5] = Default::default();
    let mut proved = [0_usize; 5];
    for (claim, shown) in claims_shown(&whole) {
        let Some(rule) = RULES.iter().position(|(rule, _, _)| *rule == claim.rule()) else { continue };
        let free = match claim {
            Claim::Number(value) | Claim::Price(value, _) | Claim::Percentage(value) => {
                loose.iter().any(|fact| (fact - value).abs() < 1e-6)
            }
            _ => false,
        };
        if free || is_fact(&claim) {
            proved[rule] += 1;
        } else {
            let line = format!("\"{shown}\" is in no fact");
            if !found[rule].contains(&line) {
                found[rule].push(line);
            }
        }
    }
    if let Some(code) = code {
        let wanted = message.strategy.message.values().any(|template| template.contains("coupon_code"));
        if message.whole() != whole {
            proved[4] += 1;
        } else if wanted {
            found[4].push(format!("the code {code} is missing"));
        }
    }
    RULES
        .iter()
        .zip(found)
        .zip(proved)
        .map(|(((rule, what, remedy), found), proved)| {
            let fine = match proved {
                0 => format!("No {what}."),
                1 => format!("1 {what}, and it is a fact."),
                _ => format!("{proved} {what}s, all facts."),
            };
            judged(rule, found, remedy, &fine)
        })
        .collect()
}

/// The text without the code, where it stands as a whole.
pub(super) fn remove_whole(text: &str, code: &str) -> String {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
    let mut out = String::with_capacity(text.len());
    let mut place = 0;
    for (at, found) in text.match_indices(code) {
        let after = text[at + found.len()..].chars().next();
        if inside(text[..at].chars().next_back()) || inside(after) {
            continue;
        }
        out.push_str(&text[place..at]);
        out.push('\u{fffc}');
        place = at + found.len();
    }
    out.push_str(&text[place..]);
    out
}

pub(super) fn claims(text: &str) -> Vec<Claim> {
    claims_shown(text).into_iter().map(|(claim, _)| claim).collect()
}

/// Every claim, with how it stands in the text.
fn claims_shown(text: &str) -> Vec<(Claim, String)> {
    let reader = Reader::new(text);
    let mut found = Vec::new();
    let mut place = 0;
    while let Some(character) = reader.at(place) {
        let joined = place > 0
            && reader.at(place - 1).is_some_and(|c| c.is_ascii_alphanumeric())
            && character.is_ascii_alphanumeric();
        let next = if joined {
            None
        } else {
            date_at(&reader, place)
                .map(|(date, end)| (Claim::Date(date), end))
                .or_else(|| code_at(&reader, place))
                .or_else(|| amount_at(&reader, place))
        };
        match next {
            Some((claim, end)) if end > place => {
                found.push((claim, reader.text(place..end).trim().to_owned()));
                place = end;
            }
            _ => {
                if character.is_numeric() && !is_han(character) {
                    // Digits that nothing has claimed: glued to letters, or of another script.
                    let (claim, end) = number(&reader, place)
                        .map_or((Claim::Odd(character), place + 1), |(value, end)| {
                            (Claim::Number(value), end)
                        });
                    found.push((claim, reader.text(place..end)));
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
    let half = matches!(reader.at(at), Some('半' | 'h' | 'H'));
    for (phrase, off) in [("半价", 50.0), ("half price", 50.0), ("half off", 50.0), ("half-price", 50.0)] {
        if half && reader.text(at..at + phrase.chars().count()).to_lowercase() == phrase {
            return Some((Claim::Percentage(off), at + phrase.chars().count()));
        }
    }
    if reader.starts_with(at, "百分之") {
        let (value, end) = number(reader, at + 3).or_else(|| numeral(reader, at + 3))?;
        return Some((Claim::Percentage(value), end));
    }
    let digits = number(reader, at);
    let spelled = digits.is_none();
    let (value, end) = digits.or_else(|| numeral(reader, at)).or_else(|| number_word(reader, at))?;
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
    let counts = if is_han(reader.at(at)?) {
        let unit = reader.at(end).is_some_and(|c| "件份天月年次倍个款种周人位名套瓶盒张岁".contains(c))
            || reader.starts_with(end, "小时")
            || reader.starts_with(end, "分钟");
        let before = at > 0 && reader.at(at - 1) == Some('第');
        unit && !before && value > 1.0
    } else {
        value > 1.0
    };
    counts.then_some((Claim::Number(value), end))
}

/// A number in digits with separators: "1,000", "10.50", "1 000" is two.
fn number(reader: &Reader, at: usize) -> Option<(f64, usize)> {
    let digit = |place: usize| reader.at(place).is_some_and(|c| c.is_ascii_digit());
    let mut end = at;
    while digit(end) || matches!(reader.at(end), Some(',' | '.')) && end > at && digit(end + 1) {
        end += 1;
    }
    if end == at {
        return None;
    }
    let text = reader.text(at..end);
    let last = text.rfind([',', '.']);
    let marks = text.matches([',', '.']).count();
    let decimal = last.filter(|&place| {
        let same = text.matches(&text[place..=place]).count();
        let thousands = text.len() - place == 4 && &text[place..=place] == ",";
        same == 1 && (marks > 1 || !thousands)
    });
    let plain: String = text
        .char_indices()
        .filter_map(|(place, c)| match c {
            ',' | '.' => (Some(place) == decimal).then_some('.'),
            digit => Some(digit),
        })
        .collect();
    plain.parse().ok().map(|value| (value, end))
}

/// A Chinese numeral: "二十", "八五" (digit by digit), "两千".
pub(super) fn numeral(reader: &Reader, at: usize) -> Option<(f64, usize)> {
    let mut end = at;
    let (mut total, mut section, mut digit) = (0_f64, 0_f64, None::<f64>);
    while let Some(character) = reader.at(end) {
        let value = match character {
            '零' | '〇' => 0.0,
            '一' => 1.0,
            '二' | '两' => 2.0,
            '三' => 3.0,
            '四' => 4.0,
            '五' => 5.0,
            '六' => 6.0,
            '七' => 7.0,
            '八' => 8.0,
            '九' => 9.0,
            '十' | '百' | '千' => {
                let unit = match character {
                    '十' => 10.0,
                    '百' => 100.0,
                    _ => 1000.0,
                };
                section += digit.take().unwrap_or(1.0) * unit;
                end += 1;
                continue;
            }
            '万' | '亿' => {
                let unit = if character == '万' { 1e4 } else { 1e8 };
                let before = section + digit.take().unwrap_or(0.0);
                total += if before == 0.0 { 1.0 } else { before } * unit;
                section = 0.0;
                end += 1;
                continue;
            }
            _ => break,
        };
        digit = Some(digit.unwrap_or(0.0) * 10.0 + value);
        end += 1;
    }
    (end > at).then(|| (total + section + digit.unwrap_or(0.0), end))
}

fn number_word(reader: &Reader, at: usize) -> Option<(f64, usize)> {
    const WORDS: [(&str, f64); 29] = [
        ("one", 1.0),
        ("two", 2.0),
        ("three", 3.0),
        ("four", 4.0),
        ("five", 5.0),
        ("six", 6.0),
        ("seven", 7.0),
        ("eight", 8.0),
        ("nine", 9.0),
        ("ten", 10.0),
        ("eleven", 11.0),
        ("twelve", 12.0),
        ("thirteen", 13.0),
        ("fourteen", 14.0),
        ("fifteen", 15.0),
        ("sixteen", 16.0),
        ("eighteen", 18.0),
        ("twenty", 20.0),
        ("thirty", 30.0),
        ("forty", 40.0),
        ("fifty", 50.0),
        ("sixty", 60.0),
        ("seventy", 70.0),
        ("eighty", 80.0),
        ("ninety", 90.0),
        ("dozen", 12.0),
        ("hundred", 100.0),
        ("thousand", 1000.0),
        ("million", 1e6),
    ];
    if at > 0 && reader.at(at - 1).is_some_and(|c| c.is_alphabetic() && !is_han(c)) {
        return None;
    }
    let end = reader.word_end(at);
    let word = reader.text(at..end).to_lowercase();
    WORDS.iter().find(|(name, _)| *name == word).map(|(_, value)| (*value, end))
}

#[cfg(test)]
mod tests;
