//! What a new voice is worth: the same briefs before and after, and texts that neither has seen.
//!
//! In: a loaded model, the adapter it began with and the one that it learnt, texts held out. Out: the figures and texts of a
//! [`Report`].

use std::collections::HashSet;

use jiff::civil::Date;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Counts, OwnVoiceError};
use crate::config::Config;
use crate::corpus;
use crate::jobs::Task;
use crate::review::{Rules, passes};
use crate::strategy::{self, Facts, Strategy};
use crate::tuning::Losses;
use crate::tuning::batches::{Encoded, chance};
use crate::writing::adapter::{Base, Place};
use crate::writing::drafts::{Assignment, write_drafts};
use crate::writing::kernels::log_sum;
use crate::writing::local::LocalModel;
use crate::writing::words::words;
use crate::writing::{Draft, TextEngine as _};

/// Version of `report.json`.
pub const SCHEMA: u32 = 1;
/// Briefs that are written before and after.
pub(super) const BRIEFS: usize = 24;
/// Of these, texts that are set side by side.
const SHOWN: usize = 5;

/// What was learnt, from what, and how it compares with what was there before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub schema: u32,
    /// Milliseconds since 1970-01-01 UTC.
    pub learnt_at: i64,
    pub by: String,
    /// The model that it stands beside.
    pub base: Base,
    pub start: Start,
    pub learnt_from: Counts,
    /// Steps taken, and the one whose adapter was kept: 0 is the beginning.
    pub steps: usize,
    pub best_step: usize,
    pub losses: Vec<Losses>,
    /// Of the training alone.
    pub seconds: f64,
    pub before: Side,
    pub after: Side,
    pub side_by_side: Vec<SideBySide>,
}

/// What learning began with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The adapter in use then (`house`, `voice 2`); `None`: the model by itself.
    pub adapter: Option<String>,
    pub sha256: Option<String>,
    /// Whether learning went on from it; else it began anew, as that one was not made here, or for another model.
    pub gone_on: bool,
}

/// Figures of the voice before, or after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Drafts written for the same briefs and seeds, and those that break no rule.
    pub briefs: usize,
    pub passed: usize,
    /// Of the passed ones, those in which the model wrote every stretch.
    pub passed_by_model: usize,
    /// Mean natural logarithm of the probability of a token of approved texts that were held out; nearer to 0 is better.
    pub approved: Option<f64>,
    /// The same of the house corpus's held-out texts: what must not be forgotten.
    pub house: Option<f64>,
    /// Mean likeness (shared pairs of words, 0..1) of what was written to the nearest text that was rejected, or edited into another; less is better.
    pub like_rejected: Option<f64>,
}

impl Side {
    /// Part of the drafts that break no rule and that the model wrote by itself, 0..1.
    #[must_use]
    pub fn rate_by_model(&self) -> f64 {
        self.passed_by_model as f64 / self.briefs.max(1) as f64
    }
}

/// One brief, and what came of it before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideBySide {
    pub strategy: String,
    pub before: String,
    pub after: String,
    /// Whether the strategy's own text stands in a place of it, as the model wrote none that was good enough.
    #[serde(default)]
    pub own_before: bool,
    #[serde(default)]
    pub own_after: bool,
}

/// What before and after are compared on.
pub(super) struct Trial<'a> {
    pub config: &'a Config,
    /// Strategies with the facts of somebody who was made up.
    pub briefs: Vec<(Strategy, Facts)>,
    pub seed: u64,
    pub approved: &'a [Encoded],
    pub house: &'a [Encoded],
    pub unwanted: &'a [String],
}

/// Briefs for strategies in turn, with facts that chance draws.
pub(super) fn briefs(
    strategies: &[Strategy],
    facts: &[corpus::Facts; 2],
    config: &Config,
    sending: Date,
    seed: u64,
) -> Result<Vec<(Strategy, Facts)>, OwnVoiceError> {
    // A stream that nothing else draws from.
    let mut chance = chance(seed, u64::MAX - 7);
    let turned = strategies.iter().cycle().take(if strategies.is_empty() { 0 } else { BRIEFS });
    turned
        .map(|strategy| Ok((strategy.clone(), made_up(strategy, facts, config, sending, &mut chance)?)))
        .collect()
}

/// Facts of a segment and of one customer in it, of the lists that fill the house corpus.
fn made_up(
    strategy: &Strategy,
    facts: &[corpus::Facts; 2],
    config: &Config,
    sending: Date,
    chance: &mut ChaCha8Rng,
) -> Result<Facts, OwnVoiceError> {
    let chinese = strategy.language.starts_with("zh");
    let filling = facts[usize::from(chinese)].draw(None, false, chance);
    let full_name = if chinese {
        format!("{}{}", filling.last_name, filling.first_name)
    } else {
        format!("{} {}", filling.first_name, filling.last_name)
    };
    let given = json!({
        "segment_name": filling.category.text, "segment_category": filling.category.text,
        "segment_second_category": filling.second_category.text, "first_name": filling.first_name,
        "last_name": filling.last_name, "full_name": full_name, "favourite_category": filling.category.text,
        "last_product": filling.last_product, "last_order_month": filling.last_order_month,
        "days_since_last_order": 74, "order_count": 3, "customer_since": "2023",
    });
    let currency = config.data.currency.as_deref().unwrap_or("EUR");
    let given = given.as_object().cloned().unwrap_or_default();
    strategy::facts_from_json(&given, strategy, config, currency, sending).map_err(OwnVoiceError::Failed)
}

impl Trial<'_> {
    /// The figures with an adapter beside the model, and what it wrote for each brief.
    pub fn side(
        &self,
        engine: &mut LocalModel,
        place: Option<&Place>,
        task: &Task<'_>,
        tell: &mut dyn FnMut(),
    ) -> Result<(Side, Vec<Draft>), OwnVoiceError> {
        engine.adapt(place, task.cancel())?;
        let mut side = Side {
            approved: likelihood(engine, self.approved, task)?,
            house: likelihood(engine, self.house, task)?,
            ..Side::default()
        };
        let mut drafts = Vec::with_capacity(self.briefs.len());
        for (seed, (strategy, facts)) in (self.seed..).zip(&self.briefs) {
            task.check()?;
            if let Some(draft) = write(engine, strategy, facts, (place, seed), self.config, task)? {
                let banned = self.config.banned_words();
                let texts: Vec<String> = draft.slots.iter().map(|slot| slot.text.clone()).collect();
                let passed = passes(&Rules::new(strategy, facts, &banned).check(facts, &texts, &draft.text));
                side.passed += usize::from(passed);
                side.passed_by_model += usize::from(passed && draft.own_texts().next().is_none());
                drafts.push(draft);
            }
            tell();
        }
        side.briefs = drafts.len();
        let written = drafts.iter().flat_map(|draft| &draft.slots).filter(|slot| slot.is_models());
        let written: Vec<&str> = written.map(|slot| slot.text.as_str()).collect();
        side.like_rejected = likeness(&written, self.unwanted);
        Ok((side, drafts))
    }
}

/// One draft of a strategy; `None` where the facts do not fill it.
pub(super) fn write(
    engine: &mut LocalModel,
    strategy: &Strategy,
    facts: &Facts,
    (place, seed): (Option<&Place>, u64),
    config: &Config,
    task: &Task<'_>,
) -> Result<Option<Draft>, OwnVoiceError> {
    if strategy::slots(strategy, facts).is_err() {
        return Ok(None);
    }
    let assignment = Assignment {
        judge: Some(crate::review::judge),
        ..Assignment::of_facts(strategy, facts, seed, config, place.cloned())
    };
    Ok(write_drafts(&assignment, engine, task.cancel(), &mut |_| {})?.into_iter().next())
}

/// What is shown of a draft: the stretches that were written.
pub(super) fn written(draft: &Draft) -> String {
    draft.slots.iter().map(|slot| slot.text.as_str()).collect::<Vec<_>>().join(" / ")
}

/// Pairs of texts that differ, of as many strategies as there are.
pub(super) fn side_by_side(before: &[Draft], after: &[Draft]) -> Vec<SideBySide> {
    let pairs = before.iter().zip(after).map(|(before, after)| SideBySide {
        strategy: after.strategy.clone(),
        before: written(before),
        after: written(after),
        own_before: before.own_texts().next().is_some(),
        own_after: after.own_texts().next().is_some(),
    });
    let mut shown = HashSet::new();
    let (mut first, rest): (Vec<_>, Vec<_>) =
        pairs.filter(|pair| pair.before != pair.after).partition(|pair| shown.insert(pair.strategy.clone()));
    first.extend(rest);
    first.truncate(SHOWN);
    first
}

/// Mean natural logarithm of the probability of the texts' tokens behind their prompts; `None` where there are none.
fn likelihood(
    engine: &mut LocalModel,
    texts: &[Encoded],
    task: &Task<'_>,
) -> Result<Option<f64>, OwnVoiceError> {
    let model = engine.forward();
    let processor = model.processor();
    let (mut sum, mut count) = (0.0, 0_usize);
    for text in texts {
        task.check()?;
        let (prompt, wanted) = text.tokens.split_at(text.prompt);
        let mut logits = model.run_prompt(prompt, &mut || !task.cancel().is_cancelled())?;
        model.open_lanes(1);
        for (place, token) in wanted.iter().enumerate() {
            sum += f64::from(logits[*token as usize] - log_sum(processor, &logits));
            count += 1;
            if place + 1 < wanted.len() {
                logits = model.step(&[(0, *token)])?;
            }
        }
    }
    Ok((count > 0).then(|| sum / count as f64))
}

/// Mean likeness of texts to the nearest of others, by shared pairs of words (Jaccard), 0..1; `None` where there is nothing to
/// be like, or nothing that is.
fn likeness(texts: &[&str], others: &[String]) -> Option<f64> {
    let pairs = |text: &str| -> HashSet<(String, String)> {
        let words = words(text);
        words.iter().cloned().zip(words.iter().skip(1).cloned()).collect()
    };
    let others: Vec<_> = others.iter().map(|text| pairs(text)).filter(|pairs| !pairs.is_empty()).collect();
    let like = |text: &str| {
        let own = pairs(text);
        let nearest = |other: &HashSet<(String, String)>| {
            let both = own.intersection(other).count();
            both as f64 / (own.len() + other.len() - both).max(1) as f64
        };
        others.iter().map(nearest).fold(0.0, f64::max)
    };
    let all: Vec<f64> = texts.iter().map(|text| like(text)).collect();
    (!all.is_empty() && !others.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_the_part_of_pairs_that_the_nearest_shares() {
        let others = ["See you soon, friend.".to_owned(), "Nothing here.".to_owned()];
        // see-you, you-soon of see-you, you-soon, soon-friend.
        assert!((likeness(&["See you soon."], &others).unwrap() - 2.0 / 3.0).abs() < 1e-12);
        // The second is like none: the mean of both.
        assert!((likeness(&["See you soon.", "A cup of tea."], &others).unwrap() - 1.0 / 3.0).abs() < 1e-12);
        assert!((likeness(&["再来看看"], &["再来看看吧".into()]).unwrap() - 0.75).abs() < 1e-12);
        assert_eq!((likeness(&[], &others), likeness(&["See you."], &[])), (None, None));
    }
}
