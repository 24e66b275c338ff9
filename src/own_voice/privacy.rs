//! Takes persons out of texts: their data is replaced by the fields that it came from, and a check proves that none is left.
//!
//! In: a text, and the facts of a draft. Out: the text with `{first_name}` in place of the name, and what is still left of
//! anybody in it. Where it cannot be told whether a word is a name ("Will you come?" to Will), nothing is replaced and the
//! check finds it, so that the text is left out: what is learnt from is certain, not likely.

use crate::strategy::fields::{Scope, field_named};
use crate::strategy::{Facts, Strategy};
use crate::writing::guard::is_unspaced;

/// Names that are ordinary words besides. Small, they are the word; large within a sentence, the name; at the beginning of one
/// nobody knows.
const ORDINARY: [&str; 64] = [
    "will", "may", "mark", "grace", "rose", "art", "bill", "hope", "summer", "april", "june", "august",
    "joy", "faith", "dawn", "eve", "iris", "ivy", "lily", "daisy", "violet", "olive", "hazel", "ruby",
    "pearl", "amber", "jade", "gene", "drew", "pat", "sue", "jack", "rob", "bob", "nick", "guy", "frank",
    "grant", "chance", "chase", "hunter", "mason", "cook", "baker", "miller", "smith", "young", "long",
    "short", "white", "brown", "green", "black", "gray", "king", "page", "price", "best", "gift", "love",
    "sunny", "merry", "angel", "dean",
];
/// What follows a Chinese name of one character, and what stands before it, where it is one.
const TITLES: [&str; 12] =
    ["先生", "女士", "小姐", "太太", "老师", "总", "姐", "哥", "阿姨", "叔", "同学", "经理"];
const ADDRESSES: [&str; 4] = ["亲爱的", "尊敬的", "老", "小"];
/// Digits of a number from which on it is a telephone's or an account's.
const LONG_NUMBER: usize = 7;

/// A value of a person, and the field that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    field: String,
    text: String,
    /// It says who somebody is, and not only what one customer did.
    personal: bool,
}

/// What is known of the person that a draft was shown for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The longest first.
    values: Vec<Value>,
}

impl Known {
    /// Of a draft's facts. What holds for every recipient (the segment's category, the shop's name) is nobody's, and neither
    /// is a default of the strategy.
    #[must_use]
    pub fn of(facts: &Facts, strategy: Option<&Strategy>) -> Self {
        let told = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => Some(text.trim().to_owned()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        // A name that is not in the table came with the data.
        let scope = |name: &str| match name {
            "coupon_code" => Scope::Customer,
            name => field_named(name).map_or(Scope::Personal, |field| field.scope),
        };
        let shared: Vec<String> = facts
            .iter()
            .filter(|(name, _)| scope(name).shared())
            .filter_map(|(_, value)| Some(told(value)?.to_lowercase()))
            .collect();
        let mut values: Vec<Value> = facts
            .iter()
            .filter(|(name, _)| !scope(name).shared())
            .filter_map(|(name, value)| {
                let default = strategy.and_then(|strategy| strategy.defaults.get(name));
                let text = told(value)?;
                let nobodys = text.is_empty()
                    || shared.contains(&text.to_lowercase())
                    || default.is_some_and(|default| default.trim() == text);
                let personal = scope(name) == Scope::Personal;
                (!nobodys).then(|| Value { field: name.clone(), text, personal })
            })
            .collect();
        // A part of a name is a name: Anna of Anna Lena.
        let parts: Vec<Value> = values
            .iter()
            .filter(|value| value.personal)
            .flat_map(|value| {
                let part = |text: &str| Value { text: text.to_owned(), ..value.clone() };
                value.text.split_whitespace().map(part).collect::<Vec<_>>()
            })
            .filter(|part| part.text.chars().filter(|letter| letter.is_alphanumeric()).count() > 2)
            .collect();
        for part in parts {
            if values.iter().all(|value| value.text != part.text) {
                values.push(part);
            }
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.text.chars().count()));
        Self { values }
    }

    /// Adds what says who somebody else is.
    pub fn add(&mut self, other: &Self) {
        for value in other.values.iter().filter(|value| value.personal) {
            if self.values.iter().all(|known| known.text != value.text) {
                self.values.push(value.clone());
            }
        }
    }

    /// Whether one of the values certainly stands in a text.
    #[must_use]
    pub fn stands_in(&self, text: &str) -> bool {
        self.values.iter().any(|value| {
            places(text, &value.text)
                .into_iter()
                .any(|(start, end)| !in_braces(text, start) && judge(text, start, end, value) == Found::Value)
        })
    }
}

/// What stands at a place where a value's letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Certainly the value: it is replaced.
    Value,
    /// Perhaps: it stays, and is told.
    Perhaps,
    /// Another word, or a part of one.
    Other,
}

/// The text with each of a person's data replaced by its field.
#[must_use]
pub fn with_fields(text: &str, known: &Known) -> String {
    let mut text = text.to_owned();
    for value in &known.values {
        // A field of the table can be put back by the merge; another cannot, and stays for the check to find.
        if field_named(&value.field).is_none_or(|field| !field.readable) || is_number(&value.text) {
            continue;
        }
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        for (start, end) in places(&text, &value.text) {
            if start >= last && !in_braces(&text, start) && judge(&text, start, end, value) == Found::Value {
                out.push_str(&text[last..start]);
                out.extend(["{", &value.field, "}"]);
                last = end;
            }
        }
        out.push_str(&text[last..]);
        text = out;
    }
    text
}

/// Fields whose value is still in a text, and kinds of personal data that stand in it whoever's they are; none where it is
/// nobody's.
#[must_use]
pub fn leaks(text: &str, known: &Known) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in &known.values {
        let stands = places(text, &value.text)
            .into_iter()
            .any(|(start, end)| !in_braces(text, start) && judge(text, start, end, value) != Found::Other);
        if stands && !found.contains(&value.field) {
            found.push(value.field.clone());
        }
    }
    if has_mail_address(text) {
        found.push("an e-mail address".into());
    }
    if has_long_number(text) {
        found.push("a long number".into());
    }
    found
}

/// Where a value's letters stand, whatever their case.
fn places(text: &str, value: &str) -> Vec<(usize, usize)> {
    let wanted: Vec<char> = value.chars().flat_map(char::to_lowercase).collect();
    let mut found = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    for (start, _) in text.char_indices() {
        let mut left = &wanted[..];
        let mut end = start;
        for letter in text[start..].chars() {
            let lower: Vec<char> = letter.to_lowercase().collect();
            let Some(rest) = left.strip_prefix(&lower[..]) else { break };
            end += letter.len_utf8();
            left = rest;
            if left.is_empty() {
                found.push((start, end));
                break;
            }
        }
    }
    found
}

fn judge(text: &str, start: usize, end: usize, value: &Value) -> Found {
    let (before, after) = (text[..start].chars().next_back(), text[end..].chars().next());
    let here = &text[start..end];
    let first = value.text.chars().next().unwrap_or(' ');
    if is_unspaced(first) {
        return if value.text.chars().count() == 1 {
            judge_character(text, start, end)
        } else {
            Found::Value
        };
    }
    // "Ann" is no part of "annual", but of "Ann's"; 3 is no part of 13.
    let joins = |c: char| c.is_alphanumeric() && !is_unspaced(c);
    if before.is_some_and(joins) || after.is_some_and(joins) {
        return Found::Other;
    }
    if is_number(&value.text) {
        return Found::Value;
    }
    if !value.personal {
        return Found::Value;
    }
    let lower = here.to_lowercase();
    let ordinary = ORDINARY.contains(&lower.as_str()) || lower.chars().count() == 1;
    if !ordinary {
        return Found::Value;
    }
    if here.chars().next().is_some_and(char::is_lowercase)
        && value.text.chars().next().is_some_and(char::is_uppercase)
    {
        return Found::Other;
    }
    let lead = text[..start].trim_end();
    let begins = lead.is_empty() || lead.ends_with(['.', '!', '?', ':', '…', '"', '“', '-', '–', '—', '\n']);
    let addressed = text[end..].trim_start().starts_with([',', '!', ':', '，', '！', '：']);
    let month = ["april", "may", "june", "august", "summer"].contains(&lower.as_str());
    if addressed || !begins && !month { Found::Value } else { Found::Perhaps }
}

/// A Chinese name of one character is mostly a part of words (李 in 行李): a name where somebody is spoken to, or it stands by
/// itself.
fn judge_character(text: &str, start: usize, end: usize) -> Found {
    let (lead, rest) = (&text[..start], &text[end..]);
    let titled = TITLES.iter().any(|title| rest.starts_with(title));
    let alone_before = lead.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    let alone_behind = rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
    let addressed = ADDRESSES.iter().any(|address| lead.ends_with(address));
    if titled || alone_before && alone_behind || addressed && alone_behind {
        Found::Value
    } else {
        Found::Other
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// Whether a place lies within `{...}`.
fn in_braces(text: &str, at: usize) -> bool {
    let open = text[..at].rfind('{');
    open.is_some_and(|open| !text[open..at].contains('}') && text[at..].contains('}'))
}

/// A sign with letters around it and a dot behind it.
fn has_mail_address(text: &str) -> bool {
    text.match_indices(['@', '＠']).any(|(at, sign)| {
        let before = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let behind = text[at + sign.len()..].split(char::is_whitespace).next().unwrap_or_default();
        before && behind.starts_with(char::is_alphanumeric) && behind.contains('.')
    })
}

/// So many digits with nothing but signs between them that they reach somebody.
fn has_long_number(text: &str) -> bool {
    let mut digits = 0;
    for c in text.chars() {
        if c.is_numeric() {
            digits += 1;
            if digits >= LONG_NUMBER {
                return true;
            }
        } else if !matches!(c, ' ' | '-' | '/' | '(' | ')' | '.' | '+') {
            digits = 0;
        }
    }
    false
}

#[cfg(test)]
mod tests;
