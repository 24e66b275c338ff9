//! One copy, merged for one customer after the other.
//!
//! The rules are run on every message. What they say depends on what the customer's fields say and not on the
//! letters of the coupon code (all codes have one form, and the rules take the customer's own as one fact), so
//! that customers whose fields say the same share one verdict. Only "breaks no rule" is shared: a message that
//! breaks one is looked at each time, to tell what and whose.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use super::{Copy, HeldBack, Settings};
use crate::data::{Channel, Shop};
use crate::features::Features;
use crate::review::outbox::Message;
use crate::review::spreadsheet::Sheet;
use crate::review::{Check, Rules};
use crate::strategy::fields::{FIELDS, Field, Scope};
use crate::strategy::{Facts, Part, Problem, Purchases, Renderer, add_used_facts};

/// Places for verdicts, so that threads seldom wait for each other.
const SHARDS: usize = 64;
/// Verdicts in each: together a million, some 30 MB.
const VERDICTS: usize = 1 << 14;

/// What one thread made.
#[derive(Default)]
pub(super) struct Merged {
    pub csv: Vec<u8>,
    pub json: Vec<u8>,
    pub messages: usize,
    pub held_back: usize,
    pub held_back_by: BTreeMap<String, HeldBack>,
}

/// One copy, ready to be merged many times.
pub struct Merger<'a> {
    shop: &'a Shop,
    features: &'a Features,
    copy: &'a Copy,
    /// Of all recipients.
    purchases: Purchases,
    segment: &'a str,
    renderer: Renderer,
    rules: Rules<'a>,
    /// Fields of a customer that the message uses.
    used: Vec<&'static str>,
    /// Fields with words from the shop's data that the body of an e-mail uses: what would be Markdown in them is not meant so.
    literal: Vec<&'static str>,
    /// The segment's facts. What the message does not use proves nothing that it says, and is left out.
    facts: Facts,
    /// Hashes of what the used fields said in messages that broke no rule.
    good: Vec<Mutex<HashSet<u128>>>,
}

impl<'a> Merger<'a> {
    /// # Errors
    /// A template that is not in order.
    pub fn new(
        shop: &'a Shop,
        features: &'a Features,
        copy: &'a Copy,
        purchases: Purchases,
        settings: &Settings<'a>,
    ) -> Result<Self, Problem> {
        // What somebody typed on Review may name fields of its own.
        let is_used = |name: &str| {
            copy.strategy.message.values().chain(&copy.slots).any(|template| template.contains(name))
        };
        let is_literal = |field: &&Field| {
            let of_data = !matches!(field.scope, Scope::Shop | Scope::Offer);
            settings.markdown && copy.strategy.channel == Channel::Email && of_data && is_used(field.name)
        };
        let literal = FIELDS.iter().filter(is_literal).map(|field| field.name).collect();
        let of_customer = FIELDS.iter().filter(|field| !field.scope.shared()).map(|field| field.name);
        let (used, unused): (Vec<_>, Vec<_>) = of_customer.partition(|name| is_used(name));
        let mut facts = copy.facts.clone();
        facts.retain(|name, _| !unused.contains(&name.as_str()));
        Ok(Self {
            shop,
            features,
            copy,
            purchases,
            segment: settings.segments.get(copy.cluster).map_or("", String::as_str),
            renderer: Renderer::new(&copy.strategy)?,
            rules: Rules::for_many(&copy.strategy, &copy.facts, &copy.slots, settings.banned_words),
            used,
            literal,
            facts,
            good: (0..SHARDS).map(|_| Mutex::default()).collect(),
        })
    }

    /// Messages of some recipients; `first` is the place of the first of them among the copy's.
    pub(super) fn chunk(&self, rows: &[u32], codes: &[String], first: usize) -> std::io::Result<Merged> {
        let mut merged = Merged::default();
        let mut json = Vec::new();
        let mut sheet = Sheet::new(Vec::new());
        for (place, &row) in rows.iter().enumerate() {
            let row = row as usize;
            let code = codes.get(first + place).map(String::as_str);
            match self.message(row, code) {
                Ok(message) => {
                    message.write_csv(&mut sheet)?;
                    message.write_json(&mut json)?;
                    merged.messages += 1;
                }
                Err(failures) => {
                    merged.held_back += 1;
                    for failure in failures {
                        merged
                            .held_back_by
                            .entry(failure.rule.to_owned())
                            .and_modify(|held| held.messages += 1)
                            .or_insert_with(|| HeldBack {
                                messages: 1,
                                customer_id: self.shop.customers.id(row).to_owned(),
                                detail: failure.detail,
                            });
                    }
                }
            }
        }
        merged.csv = sheet.finish()?;
        merged.json = json;
        Ok(merged)
    }

    /// The message to one customer, or the rules that it breaks.
    ///
    /// # Errors
    /// What the message to this customer breaks; at least one.
    pub fn message<'m>(&'m self, row: usize, code: Option<&'m str>) -> Result<Message<'m>, Vec<Check>> {
        let Copy { strategy, slots, .. } = self.copy;
        let mut facts = self.facts.clone();
        let (shop, features) = (self.shop, self.features);
        add_used_facts(&mut facts, shop, features, row, strategy, &self.purchases, &self.used);
        if let Some(code) = code {
            facts.insert("coupon_code".to_owned(), code.into());
        }
        let mut text = self.renderer.render(&facts, slots).map_err(|problem| {
            vec![Check { rule: "unfilled-field", ok: false, detail: problem.to_string() }]
        })?;
        let verdict = self.key(&facts);
        let shard = &self.good[verdict as usize % SHARDS];
        // A set of hashes is whole whatever happened to the thread that had it.
        let known = shard.lock().unwrap_or_else(PoisonError::into_inner).contains(&verdict);
        if !known {
            let mut failures = self.rules.failures(&facts, slots, &text);
            if !failures.is_empty() {
                for failure in &mut failures {
                    shorten(&mut failure.detail);
                }
                return Err(failures);
            }
            let mut good = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if good.len() < VERDICTS {
                good.insert(verdict);
            }
        }
        if let Some(marked) = self.literal_body(&facts, slots) {
            text.insert(Part::Body, marked);
        }
        Ok(Message {
            customer_id: self.shop.customers.id(row),
            channel: strategy.channel,
            address: self.shop.customers.address(row, strategy.channel).unwrap_or(""),
            language: &strategy.language,
            text,
            coupon_code: code,
            segment: self.segment,
            strategy: &strategy.id,
            variant: self.copy.variant,
            approval: &self.copy.approval,
            approved_by: self.copy.approved_by,
            seed: self.copy.seed,
        })
    }

    /// The body with the words of the shop's data kept from being Markdown; `None` where none would be.
    fn literal_body(&self, facts: &Facts, slots: &[String]) -> Option<String> {
        let mut marked: Option<Facts> = None;
        for name in &self.literal {
            let value = facts.get(*name).and_then(serde_json::Value::as_str);
            if let Some(value) = value.filter(|value| is_markup(value)) {
                marked.get_or_insert_with(|| facts.clone()).insert((*name).to_owned(), literal(value).into());
            }
        }
        // The same fields have values as before, so that it renders as before.
        self.renderer.render(&marked?, slots).ok()?.remove(&Part::Body)
    }

    /// What the used fields say, as 128 bits.
    fn key(&self, facts: &Facts) -> u128 {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            for name in &self.used {
                match facts.get(*name) {
                    Some(serde_json::Value::String(text)) => (1_u8, text).hash(&mut hasher),
                    Some(other) => (2_u8, other.to_string()).hash(&mut hasher),
                    None => 0_u8.hash(&mut hasher),
                }
            }
            hasher.finish()
        };
        u128::from(half(1)) << 64 | u128::from(half(2))
    }
}

/// Characters of a detail that people are shown.
const LONGEST_DETAIL: usize = 300;

fn shorten(detail: &mut String) {
    if let Some((end, _)) = detail.char_indices().nth(LONGEST_DETAIL) {
        detail.truncate(end);
        detail.push('…');
    }
}

/// Signs that are Markdown (`CommonMark`) wherever they stand, and those that are at the beginning of a line.
const ANYWHERE: &str = "\\`*_[]<>";
const AT_THE_START: &str = "#+-=~";

/// A number at the beginning of a line is that of a list if one of these follows: where it stands.
fn list_mark(value: &str) -> Option<usize> {
    let end = value.find(|c: char| !c.is_ascii_digit())?;
    (end > 0 && value[end..].starts_with(['.', ')'])).then_some(end)
}

/// Whether an ampersand may begin an entity (`&amp;`): in "Tea & Co" it does not.
fn has_entity(value: &str) -> bool {
    value.split('&').skip(1).any(|after| {
        after.split(';').next().is_some_and(|name| {
            name.len() < after.len()
                && !name.is_empty()
                && name.chars().all(|c| c.is_alphanumeric() || c == '#')
        })
    })
}

fn is_markup(value: &str) -> bool {
    value.contains(|c| ANYWHERE.contains(c))
        || has_entity(value)
        || value.starts_with(|c| AT_THE_START.contains(c))
        || list_mark(value).is_some()
}

/// The value in which every sign of Markdown stands for itself.
fn literal(value: &str) -> String {
    let mark = list_mark(value);
    let entity = has_entity(value);
    let mut out = String::with_capacity(value.len() + 8);
    for (at, c) in value.char_indices() {
        if ANYWHERE.contains(c)
            || (entity && c == '&')
            || (at == 0 && AT_THE_START.contains(c))
            || mark == Some(at)
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_data_are_no_markdown() {
        for (value, written) in [
            ("**bold** _x_", "\\*\\*bold\\*\\* \\_x\\_"),
            ("`code`", "\\`code\\`"),
            ("[a](https://b.example)", "\\[a\\](https://b.example)"),
            ("Tea &amp; Co", "Tea \\&amp; Co"),
            ("# one", "\\# one"),
            ("2. Wahl", "2\\. Wahl"),
        ] {
            assert!(is_markup(value), "{value}");
            assert_eq!(literal(value), written);
        }
        for value in [
            "Anna-Lena",
            "O'Hara",
            "李雷",
            "No. 5",
            "3 in 1",
            "Tea & Co",
            "R & D; more",
            "50% Linen (blue)",
            "",
        ] {
            assert!(!is_markup(value), "{value}");
        }
    }
}
