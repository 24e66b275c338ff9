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
use crate::data::Shop;
use crate::features::Features;
use crate::review::outbox::Message;
use crate::review::spreadsheet::Sheet;
use crate::review::{Check, Rules};
use crate::strategy::fields::FIELDS;
use crate::strategy::{Facts, Problem, Purchases, Renderer, add_used_facts};

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
        let text = self.renderer.render(&facts, slots).map_err(|problem| {
            vec![Check { rule: "unfilled-field", ok: false, detail: problem.to_string() }]
        })?;
        let verdict = self.key(&facts);
        let shard = &self.good[verdict as usize % SHARDS];
        // A set of hashes is whole whatever happened to the thread that had it.
        let known = shard.lock().unwrap_or_else(PoisonError::into_inner).contains(&verdict);
        if !known {
            let failures = self.rules.failures(&facts, slots, &text);
            if !failures.is_empty() {
                return Err(failures);
            }
            let mut good = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if good.len() < VERDICTS {
                good.insert(verdict);
            }
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
