//! The rules that every draft and every edit must pass.
//!
//! In: a strategy, the facts of one recipient (or a typical one), the texts that stand in the slots, and
//! the message. Out: one [`Check`] per rule, always the same rules in the same order, each with what was
//! found and what to do. Nothing here needs a model, and no text makes it fail: the text may be anything
//! that a model or a person writes, in English, in Chinese, or in both.

mod banned;
mod claims;
mod dates;
mod filled;
mod language;
mod ledger;
mod length;
mod names;
mod numbers;
mod opt_out;
mod quick;
mod repetition;
mod sentences;
mod voice;
mod words;

pub use ledger::{ClaimKind, TracedClaim, Verdict};
pub use opt_out::is_marked;

use std::borrow::Cow;

use super::Check;
use crate::data::Channel;
use crate::strategy::{Facts, Slot, Strategy, Text};
use crate::writing::drafts::Ready;

/// What the rules look at.
struct Message<'a> {
    strategy: &'a Strategy,
    facts: &'a Facts,
    /// What the model or a person wrote, with fields in braces as they stand.
    written: &'a [String],
    /// The same as it is read, with fields filled in.
    slots: &'a [String],
    /// The same with a blank for each character of a filled field.
    bare: &'a [String],
    /// What the strategy says of each slot; empty where the facts do not allow it to be told.
    wanted: &'a [Slot],
    /// What the strategy's author claims: in the offer and the defaults, and around the fields what promises nothing.
    authored: &'a [numbers::Claim],
    /// What the author wrote around the fields, all parts together.
    around: &'a str,
    text: &'a Text,
}

impl<'a> Message<'a> {
    /// Every part, in order, one below the other.
    fn whole(&self) -> String {
        self.text.values().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn fact(&self, name: &str) -> Option<&str> {
        told(self.facts, name)
    }

    /// What the facts say, as texts, by name.
    fn told(&self) -> Vec<(&'a str, String)> {
        self.facts
            .iter()
            .filter_map(|(name, value)| {
                let text = match value {
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Number(number) => number.to_string(),
                    _ => return None,
                };
                (name != "segment_name").then_some((name.as_str(), text))
            })
            .collect()
    }

    fn is_chinese(&self) -> bool {
        self.strategy.language.to_ascii_lowercase().starts_with("zh")
    }
}

/// What a fact says; nothing where it is no text, or an empty one.
fn told<'a>(facts: &'a Facts, name: &str) -> Option<&'a str> {
    facts.get(name).and_then(serde_json::Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// A rule that holds.
fn passed(rule: &'static str, detail: impl Into<String>) -> Check {
    Check { rule, ok: true, detail: detail.into() }
}

/// The rule's outcome for what was found; `fine` where nothing was.
fn judged(rule: &'static str, found: Vec<String>, remedy: &str, fine: &str) -> Check {
    if found.is_empty() {
        return passed(rule, fine);
    }
    let more = found.len().saturating_sub(4);
    let mut detail = found.into_iter().take(4).collect::<Vec<_>>().join("; ");
    if more > 0 {
        detail.extend(["; and ", &more.to_string(), " more"]);
    }
    Check { rule, ok: false, detail: format!("{detail}. {remedy}") }
}

/// Tells whoever writes how many rules a message with these texts in its slots breaks.
#[must_use]
pub fn judge<'a>(strategy: &'a Strategy, facts: &'a Facts, banned_words: &'a [String]) -> Ready<'a> {
    let rules = Rules::new(strategy, facts, banned_words);
    Box::new(move |slots| match crate::strategy::render(strategy, facts, slots) {
        Ok(text) => rules.failures(facts, slots, &text).len(),
        Err(_) => usize::MAX,
    })
}

/// The rules for messages of one strategy, made ready to be run many times.
pub struct Rules<'a> {
    strategy: &'a Strategy,
    banned_words: &'a [String],
    wanted: Vec<Slot>,
    authored: Vec<numbers::Claim>,
    around: String,
    /// For many messages with the same slots.
    quick: Option<quick::Quick>,
}

impl<'a> Rules<'a> {
    /// `facts` are those that hold for every recipient; others are not looked at here.
    #[must_use]
    pub fn new(strategy: &'a Strategy, facts: &Facts, banned_words: &'a [String]) -> Self {
        let mut texts: Vec<String> = strategy.defaults.values().cloned().collect();
        if let Some(offer) = &strategy.offer {
            texts.push(offer.text.clone());
            texts.extend(offer.conditions.clone());
        }
        // A price, a percentage or a code is the offer's or nobody's, also where the author wrote it into the message.
        let parts = strategy.message.values().map(|template| words::outside_braces(template));
        let around = parts.collect::<Vec<_>>().join("\n");
        let offered = texts.iter().flat_map(|text| numbers::claims(text));
        let authored =
            offered.chain(numbers::claims(&around).into_iter().filter(|claim| !claim.promises())).collect();
        Self {
            strategy,
            banned_words,
            wanted: crate::strategy::slots(strategy, facts).unwrap_or_default(),
            authored,
            around,
            quick: None,
        }
    }

    /// The same for many messages that all have these slots: see [`Self::failures`].
    #[must_use]
    pub fn for_many(
        strategy: &'a Strategy,
        facts: &Facts,
        slots: &[String],
        banned_words: &'a [String],
    ) -> Self {
        let rules = Self::new(strategy, facts, banned_words);
        Self { quick: quick::Quick::new(&rules, slots), ..rules }
    }

    /// The rules that a message breaks; it has the slots that were given beforehand. As [`Self::check`] without what
    /// holds, and many times faster on a message that breaks none.
    #[must_use]
    pub fn failures(&self, facts: &Facts, slots: &[String], text: &Text) -> Vec<Check> {
        if self.quick.as_ref().is_some_and(|quick| quick.surely_holds(self, facts, text)) {
            return Vec::new();
        }
        let mut failures = self.check(facts, slots, text);
        failures.retain(|check| !check.ok);
        if let Some(quick) = self.quick.as_ref().filter(|_| failures.is_empty()) {
            quick.held(facts);
        }
        failures
    }

    /// Runs every rule on a message. `slots` are the stretches that the model or a person wrote.
    #[must_use]
    pub fn check(&self, facts: &Facts, slots: &[String], text: &Text) -> Vec<Check> {
        let (strategy, banned_words) = (self.strategy, self.banned_words);
        let read = Read::new(strategy, facts, slots);
        let message = self.message(facts, &read, text);
        let mut checks = vec![filled::unfilled_field(&message), length::length(&message)];
        if strategy.channel == Channel::Sms {
            checks.push(length::sms_parts(&message));
        }
        checks.push(banned::banned_word(&message, banned_words));
        checks.extend(numbers::invented(&message));
        checks.push(claims::invented_offer(&message));
        checks.push(claims::overclaim(&message));
        let place = checks.len();
        checks.push(names::wrong_name(&message));
        checks.push(repetition::repeated_text(&message));
        checks.push(sentences::unfinished_sentence(&message));
        checks.push(voice::voice(&message));
        checks.push(language::wrong_language(&message));
        checks.push(opt_out::opt_out(&message));
        if message.is_chinese() && strategy.channel == Channel::Email {
            checks.push(opt_out::advertising_mark(&message));
        }
        let sound = super::passes(&checks);
        checks.insert(place, ledger::unproved_claim(&message, sound));
        checks
    }

    /// Every claim of a message, traced to what proves it.
    #[must_use]
    pub fn claims(&self, facts: &Facts, slots: &[String], text: &Text) -> Vec<TracedClaim> {
        let read = Read::new(self.strategy, facts, slots);
        ledger::ledger(&self.message(facts, &read, text))
    }

    fn message<'m>(&'m self, facts: &'m Facts, read: &'m Read<'m>, text: &'m Text) -> Message<'m> {
        let Self { strategy, wanted, authored, around, .. } = self;
        let Read { written, filled, bare } = read;
        Message { strategy, facts, written, slots: filled, bare, wanted, authored, around, text }
    }
}

/// The slots of a message in their three forms.
struct Read<'a> {
    written: &'a [String],
    filled: Cow<'a, [String]>,
    bare: Cow<'a, [String]>,
}

impl<'a> Read<'a> {
    fn new(strategy: &Strategy, facts: &Facts, written: &'a [String]) -> Self {
        if !written.iter().any(|slot| slot.contains('{')) {
            return Self { written, filled: Cow::Borrowed(written), bare: Cow::Borrowed(written) };
        }
        let value = |name: &str| match facts.get(name) {
            Some(serde_json::Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Some(serde_json::Value::Number(number)) => Some(number.to_string()),
            _ => strategy.defaults.get(name).map(|text| text.trim().to_owned()),
        };
        let blank = |name: &str| value(name).map(|text| text.chars().map(|_| words::BLANK).collect());
        let all = |fill: &dyn Fn(&str) -> Option<String>| {
            written.iter().map(|slot| crate::strategy::filled(slot, fill)).collect::<Vec<_>>()
        };
        Self { written, filled: Cow::Owned(all(&value)), bare: Cow::Owned(all(&blank)) }
    }
}
