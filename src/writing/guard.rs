//! Keeps out of a slot what it must not say.
//!
//! In: a [`Guard`] and a vocabulary. Out: for each token in turn, whether it may come next. A token is judged
//! by what the slot would read with it, so that a word made of several tokens is caught with its last one, and
//! half a character is never left behind.

pub mod facts;
mod ideographs;
pub mod phrases;
pub mod places;
pub mod taught;
pub mod unsaid;

use std::borrow::Cow;
use std::sync::Arc;

use aho_corasick::AhoCorasick;

use self::facts::WORDS_OF_FACTS;
use self::ideographs::{begun, is_rare};
use self::taught::{Own, Taught};
use super::tokenizer::Vocabulary;
use crate::data::is_han;
use crate::strategy::sms;

/// Longest piece of text before a token that its judgement can depend on, in characters.
const TAIL: usize = 48;

/// Stands for a field: no letter, and no mark that ends anything.
const FIELD: char = '\u{FFFC}';

/// What a slot must not contain, whatever the model would like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a ban of its own")]
pub struct Guard {
    pub digits: bool,
    pub links: bool,
    pub coupon_like: bool,
    pub line_breaks: bool,
    /// Only characters of the GSM 03.38 alphabet.
    pub gsm7_only: bool,
    /// The offer is a discount, and may be said of something: "{offer} our teas".
    pub discount: bool,
    /// A Chinese text: characters that are hardly used and words in Latin letters may only be the strategy's own.
    pub chinese: bool,
    /// What the strategy itself says of the slot and for it.
    pub own: String,
    pub banned_words: Vec<String>,
    /// Words that may stand there although they are banned, or look like a fact: they are one.
    pub allowed: Vec<String>,
    /// Names of the fields that may stand in braces: `{first_name}`.
    pub fields: Vec<&'static str>,
}

/// A guard made ready for one vocabulary.
pub struct Mask {
    guard: Guard,
    /// Finds all banned words at once. (`None`: it could not be made; then nothing is allowed.)
    banned: Option<AhoCorasick>,
    /// Tokens that no text may contain.
    never: Vec<bool>,
    /// What the adapter beside the model was taught, where it says so.
    taught: Option<Arc<Taught>>,
}

/// What a token would do to a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Refused,
    /// The slot is over: the model begins a new line.
    Ends,
}

impl Mask {
    /// `taught`: what the adapter beside the model was; other words are not put together.
    #[must_use]
    pub fn new(guard: &Guard, vocabulary: &Vocabulary, taught: Option<Arc<Taught>>) -> Self {
        let mut mask = Self { taught, ..Self::of_texts(guard) };
        mask.never =
            (0..vocabulary.len() as u32).map(|token| mask.is_hopeless(vocabulary.bytes(token))).collect();
        mask
    }

    /// Whether it goes by what this adapter was taught.
    #[must_use]
    pub fn is_taught(&self, taught: Option<&Arc<Taught>>) -> bool {
        match (&self.taught, taught) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// A guard for whole texts: it knows no tokens.
    #[must_use]
    pub fn of_texts(guard: &Guard) -> Self {
        let mut banned: Vec<String> =
            guard.banned_words.iter().map(|word| phrases::fold(word.trim()).text).collect();
        if guard.digits {
            banned.extend(WORDS_OF_FACTS.iter().flat_map(|words| words.iter().map(ToString::to_string)));
            let boasts = phrases::SUPERLATIVES.iter().chain(&phrases::URGENCY).chain(&phrases::GUILT);
            let promises = phrases::PROMISES.iter().flat_map(|(promises, _)| promises.iter());
            let shops = phrases::SHOPS.iter().flat_map(|phrases| phrases.iter());
            banned
                .extend(boasts.chain(&phrases::STOCK).chain(promises).chain(shops).map(ToString::to_string));
        }
        banned.retain(|word| !word.is_empty());
        let banned = AhoCorasick::new(&banned).ok();
        Self { guard: guard.clone(), banned, never: Vec::new(), taught: None }
    }

    /// Whether these bytes are forbidden in any place.
    fn is_hopeless(&self, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => text
                .trim_start_matches(['\n', '\r'])
                .chars()
                .any(|c| !(self.allows(c) || self.guard.line_breaks && is_line_break(c))),
            // Part of a character: the GSM alphabet has none beyond two bytes, which come as a token of two.
            Err(_) => self.guard.gsm7_only,
        }
    }

    /// Whether a character may stand in the slot at all.
    fn allows(&self, c: char) -> bool {
        if c == '\u{FFFD}' || is_invisible(c) {
            return false;
        }
        // Where they may stand at all, they stand in the name of a field.
        if matches!(c, '{' | '}' | '_') && !self.guard.fields.is_empty() {
            return true;
        }
        if matches!(c, '{' | '}') {
            return false;
        }
        if c.is_control() {
            return matches!(c, '\n') && !self.guard.line_breaks;
        }
        let guard = &self.guard;
        !(guard.line_breaks && is_line_break(c)
            || guard.digits && (is_number(c) || is_money_or_share(c))
            || guard.links
                && matches!(
                    c,
                    '@' | '/' | '\\' | '<' | '>' | '[' | ']' | '|' | '#' | '*' | '_' | '~' | '^' | '`' | '='
                )
            || guard.gsm7_only && sms::septets(c).is_none()
            || guard.chinese && is_rare(c) && !guard.own.contains(c))
    }

    /// Judges the next token of a slot that reads `text` so far, with `pending` bytes of an unfinished
    /// character behind it.
    #[must_use]
    pub fn judge(&self, text: &str, pending: &[u8], token: u32, bytes: &[u8]) -> Verdict {
        if self.never.get(token as usize).copied().unwrap_or(true) {
            return Verdict::Refused;
        }
        if pending.is_empty() && self.guard.line_breaks && matches!(bytes.first(), Some(b'\n' | b'\r')) {
            return if text.trim().is_empty() { Verdict::Refused } else { Verdict::Ends };
        }
        let mut all = pending.to_vec();
        all.extend_from_slice(bytes);
        let added = match std::str::from_utf8(&all) {
            Ok(added) => added,
            Err(error) if error.error_len().is_some() => return Verdict::Refused,
            Err(error) => {
                let (whole, begun) = all.split_at(error.valid_up_to());
                let whole = std::str::from_utf8(whole).unwrap_or_default();
                if !self.may_begin(whole.chars().next_back().or_else(|| text.chars().next_back()), begun) {
                    return Verdict::Refused;
                }
                whole
            }
        };
        if added.is_empty() {
            return Verdict::Allowed;
        }
        let tail_start = text.char_indices().rev().nth(TAIL - 1).map_or(0, |(at, _)| at);
        // Not from inside the name of a field on.
        let field = text[..tail_start].rfind('{').filter(|open| !text[*open..tail_start].contains('}'));
        let tail_start = field.unwrap_or(tail_start);
        let mut tail = text[tail_start..].to_owned();
        let old = tail.len();
        tail.push_str(added);
        let cut = text[..tail_start].ends_with(char::is_alphabetic);
        if self.refuses(&tail, old, cut) { Verdict::Refused } else { Verdict::Allowed }
    }

    /// Whether a whole text breaks the guard.
    #[must_use]
    pub fn forbids(&self, text: &str) -> bool {
        self.refuses(text, 0, false) || self.has_joined_word(&format!("{text} "), false)
    }

    /// Whether the first bytes of a character may become one that may stand behind `before`.
    fn may_begin(&self, before: Option<char>, bytes: &[u8]) -> bool {
        let Some(mut may_come) = begun(bytes).filter(|_| self.guard.chinese) else { return true };
        let fits = |c: char| match (&self.taught, before) {
            (Some(taught), Some(before)) if taught.knows_chinese() => {
                taught.may_follow(before, c, &self.own())
            }
            _ => !is_rare(c) || self.guard.own.contains(c),
        };
        may_come.any(fits)
    }

    /// What the strategy itself says.
    fn own(&self) -> Own<'_> {
        Own { text: &self.guard.own, phrases: &self.guard.allowed }
    }

    /// Whether a Chinese text puts characters together as nobody taught.
    fn has_untaught_pair(&self, text: &str) -> bool {
        let Some(taught) = self.taught.as_deref().filter(|taught| taught.knows_chinese()) else {
            return false;
        };
        let own = self.own();
        self.guard.chinese
            && text.chars().zip(text.chars().skip(1)).any(|(before, c)| !taught.may_follow(before, c, &own))
    }

    /// Whether two words have lost the space between them. The last word may still be unfinished; the first is `cut`.
    fn has_joined_word(&self, text: &str, cut: bool) -> bool {
        let Some(taught) = &self.taught else { return false };
        let own = &self.guard.own;
        let words = text.split(|c: char| !c.is_alphabetic() || is_unspaced(c));
        let whole = words.clone().count() - 1;
        words.take(whole).skip(usize::from(cut)).any(|word| !word.is_empty() && taught.is_joined(word, own))
    }

    /// Whether what comes after byte `old` of `text` breaks the guard; `cut`: the text begins inside a word.
    fn refuses(&self, text: &str, old: usize, cut: bool) -> bool {
        if text[old..].chars().any(|c| !self.allows(c)) {
            return true;
        }
        if !self.guard.discount && places::has_object(text)
            || self.guard.discount && places::has_goal(text)
            || places::given_away(text).next().is_some()
            || places::denied(text).is_some()
        {
            return true;
        }
        let Some(text) = self.without_fields(text) else { return true };
        let text = text.as_ref();
        if self.guard.coupon_like && has_code(text)
            || self.has_foreign_word(text, cut)
            || self.has_joined_word(text, cut)
            || self.has_untaught_pair(text)
        {
            return true;
        }
        let lower = self.without_allowed(phrases::fold(text).text);
        let counts = || {
            !phrases::counts(&lower).is_empty()
                || phrases::bought_things(&lower).next().is_some()
                || phrases::made_by(&lower).next().is_some()
        };
        self.guard.links && has_address(&lower)
            || self.guard.digits && counts()
            || self.has_banned_word(&lower)
    }

    /// Whether a Chinese text has Latin letters that its strategy does not; those at the end may become a word of it.
    fn has_foreign_word(&self, text: &str, cut: bool) -> bool {
        if !self.guard.chinese {
            return false;
        }
        let own = &self.guard.own;
        let text = if cut { text.trim_start_matches(|c: char| c.is_ascii_alphabetic()) } else { text };
        let unfinished = text.ends_with(|c: char| c.is_ascii_alphabetic());
        let last = latin_words(text).last().filter(|_| unfinished).unwrap_or_default();
        let begins_own = last.is_empty() || latin_words(own).any(|own| own.starts_with(last));
        let whole = latin_words(text).count() - usize::from(unfinished);
        let is_own = |word: &str| latin_words(own).any(|own| own == word);
        !begins_own || !latin_words(text).take(whole).all(is_own)
    }

    /// A text in lower case with blanks for the words that it may have, the last of which may be unfinished.
    fn without_allowed(&self, mut lower: String) -> String {
        for phrase in &self.guard.allowed {
            let phrase = phrases::fold(phrase).text;
            if phrase.is_empty() {
                continue;
            }
            lower = without_phrase(&lower, &phrase);
            let begun = phrase.char_indices().map(|(at, _)| &phrase[..at]).rev().find(|begun| {
                let least = if begun.chars().all(is_unspaced) { 2 } else { 3 };
                begun.chars().count() >= least
                    && lower.strip_suffix(begun).is_some_and(|rest| begins_word(rest, begun))
            });
            if let Some(begun) = begun {
                lower.truncate(lower.len() - begun.len());
                lower.push(FIELD);
            }
        }
        lower
    }

    /// The text with a blank for each field in braces, the last of which may be unfinished; `None` where braces or
    /// low lines stand around something else, or a field where it makes no sense.
    fn without_fields<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let fields = &self.guard.fields;
        if fields.is_empty() || !text.contains(['{', '}', '_']) {
            return Some(Cow::Borrowed(text));
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let before = &text[..text.len() - rest.len() + open];
            // A word on either side would be part of the value.
            let joined = rest[..open].chars().next_back().is_some_and(is_letter);
            rest = &rest[open + 1..];
            let closed = rest.find('}');
            let name = &rest[..closed.unwrap_or(rest.len())];
            let known = match closed {
                Some(_) => fields.contains(&name) && places::fits(before, name),
                None => fields.iter().any(|field| field.starts_with(name) && places::fits(before, field)),
            };
            if joined || !known {
                return None;
            }
            out.push(FIELD);
            rest = &rest[(name.len() + 1).min(rest.len())..];
        }
        out.push_str(rest);
        let glued = out.split(FIELD).skip(1).any(|after| after.starts_with(is_letter));
        (!glued && !out.contains(['}', '_'])).then_some(Cow::Owned(out))
    }

    /// Whether the text ends inside the name of a field.
    #[must_use]
    pub fn is_inside_field(&self, text: &str) -> bool {
        text.rfind('{').is_some_and(|open| !text[open..].contains('}'))
    }

    /// Whether a banned word stands in a text in lower case: as a whole word, or anywhere where words have no gaps.
    /// A word at the end counts as whole.
    fn has_banned_word(&self, lower: &str) -> bool {
        let Some(banned) = &self.banned else { return true };
        let bounded = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() || is_unspaced(c));
        banned.find_overlapping_iter(lower).any(|found| {
            let (before, after) = (&lower[..found.start()], &lower[found.end()..]);
            lower[found.range()].chars().any(is_unspaced)
                || bounded(before.chars().next_back()) && bounded(after.chars().next())
        })
    }
}

/// A text with a blank for each place where a phrase stands in whole words.
fn without_phrase(text: &str, phrase: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(phrase) {
        let (before, after) = (&rest[..at], &rest[at + phrase.len()..]);
        let whole = begins_word(&text[..text.len() - rest.len() + at], phrase)
            && (phrase.ends_with(|c: char| !c.is_alphanumeric() || is_unspaced(c))
                || !after.starts_with(char::is_alphanumeric));
        out.push_str(before);
        if whole {
            out.push(FIELD);
        } else {
            out.push_str(phrase);
        }
        rest = after;
    }
    out + rest
}

/// Whether a phrase begins a word behind this text, as it does everywhere in writing without gaps.
fn begins_word(before: &str, phrase: &str) -> bool {
    phrase.starts_with(|c: char| !c.is_alphanumeric() || is_unspaced(c))
        || before.chars().next_back().is_none_or(|c| !c.is_alphanumeric() || is_unspaced(c))
}

/// Runs of Latin letters.
fn latin_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty())
}

/// Whether it would be one word with a value beside it: where words have no gaps, nothing is.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c)
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that show nothing or turn the direction of writing.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0E}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}'
        | '\u{F0000}'..='\u{10FFFF}')
}

/// A digit or another sign for a number, of any script.
fn is_number(c: char) -> bool {
    c.is_numeric()
}

/// Currency signs, and per cent and its kind, in all their widths.
fn is_money_or_share(c: char) -> bool {
    matches!(c,
        '%' | '‰' | '‱' | '٪' | '％' | '﹪' | '$' | '¢'..='¥' | '֏' | '؋' | '߾' | '߿' | '৲' | '৳' | '৻' | '૱' | '௹'
        | '฿' | '៛' | '\u{20A0}'..='\u{20CF}' | '꠸' | '﷼' | '﹩' | '＄' | '￠' | '￡' | '￥' | '￦')
}

/// `shop.example`, `www`, `http`: letters on both sides of a full stop, or the beginning of an address, in lower case.
fn has_address(lower: &str) -> bool {
    if lower.contains("http") || lower.contains("www") || lower.contains("://") {
        return true;
    }
    let joins = |c: char| c.is_alphanumeric() && !is_unspaced(c);
    let mut window = ['\0'; 2];
    for c in lower.chars() {
        if window[1] == '.' && joins(window[0]) && joins(c) {
            return true;
        }
        window = [window[1], c];
    }
    false
}

/// A word like a coupon code: three capitals in a row, or letters and digits mixed.
fn has_code(text: &str) -> bool {
    let mut capitals = 0;
    let (mut letter, mut digit) = (false, false);
    for c in text.chars() {
        capitals = if c.is_uppercase() { capitals + 1 } else { 0 };
        if c.is_alphanumeric() {
            letter |= c.is_alphabetic();
            digit |= c.is_numeric();
        } else if c != '-' {
            (letter, digit) = (false, false);
        }
        if capitals >= 3 || letter && digit {
            return true;
        }
    }
    false
}

/// Chinese and Japanese characters, their punctuation included, which stand without gaps between words.
#[must_use]
pub fn is_unspaced(c: char) -> bool {
    is_han(c) || matches!(c, '\u{2E80}'..='\u{303F}' | '\u{3040}'..='\u{30FF}')
}

#[cfg(test)]
mod tests;
