//! Writes drafts for each segment and each strategy that fits it, and takes the best.

use jiff::civil::Date;
use serde::Serialize;

use super::Known;
use crate::cli::Context;
use crate::data::DataError;
use crate::review::decision::{Author, Seal};
use crate::review::merge::{Copy, shown_customers};
use crate::review::quality::quality;
use crate::review::{Check, check, passes};
use crate::segments::Group;
use crate::strategy::{Facts, Fit, Strategy, facts_for_customer, facts_for_segment, fits, render};
use crate::writing::drafts::{Assignment, write_drafts};
use crate::writing::{Draft, Sampling, TextEngine, WritingError};

/// A draft and what the rules say.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Judged {
    pub draft: Draft,
    pub checks: Vec<Check>,
    pub quality: f64,
    pub seal: Seal,
}

impl Judged {
    pub fn passes(&self) -> bool {
        passes(&self.checks)
    }
}

/// A segment and a strategy that fits it.
pub(super) struct Pair {
    pub cluster: usize,
    pub strategy: String,
    pub fit: Fit,
    pub drafts: Vec<Judged>,
    /// Index of the draft that was chosen.
    pub chosen: Option<usize>,
    pub copy: Option<Copy>,
    /// Why none was chosen.
    pub why_not: Option<String>,
}

/// Writes for every pair, in the order of the segments and of the strategies' ids.
pub(super) fn write(
    known: &Known,
    strategies: &[Strategy],
    engine: &mut dyn TextEngine,
    sending: Date,
    seed: u64,
    context: &Context<'_>,
) -> anyhow::Result<Vec<Pair>> {
    let mut fitting = Vec::new();
    for (cluster, profile) in known.segmentation.clusters.iter().zip(&known.profiles) {
        for strategy in strategies {
            let fit = fits(strategy, cluster, profile);
            if fit.is_fit() {
                fitting.push((profile, strategy, fit));
            }
        }
    }
    let variants = context.config.writing.variants.max(1) as u64;
    let seeds: Vec<u64> = (0..variants).map(|variant| seed.wrapping_add(variant)).collect();
    let sampling = Sampling {
        temperature: context.config.writing.temperature,
        top_p: context.config.writing.top_p,
        ..Sampling::default()
    };
    let total = fitting.len() as u64;
    context
        .work(|task| {
            let mut pairs = Vec::with_capacity(fitting.len());
            for (done, (profile, strategy, fit)) in fitting.into_iter().enumerate() {
                task.check()?;
                let cluster = profile.cluster;
                let letter = &known.segmentation.clusters[cluster].id;
                task.progress(
                    format!("writing {} for segment {letter}", strategy.id),
                    done as u64,
                    Some(total),
                );
                let segment = facts_for_segment(
                    &known.segmentation,
                    profile,
                    strategy,
                    &context.config,
                    &known.shop.currency,
                    sending,
                );
                let shown = shown_facts(known, cluster, strategy, &segment)?;
                let assignment = Assignment {
                    strategy: strategy.clone(),
                    facts: shown.first().cloned().unwrap_or_else(|| segment.clone()),
                    segment: letter.clone(),
                    group: Group::of(&known.segmentation, cluster),
                    seeds: seeds.clone(),
                    sampling,
                    banned_words: context.config.brand.banned_words.clone(),
                };
                let written = match write_drafts(&assignment, engine, task.cancel(), &mut |_| {}) {
                    Ok(drafts) => Ok(drafts),
                    Err(WritingError::Cancelled(cancelled)) => return Err(cancelled.into()),
                    Err(WritingError::Failed(reason)) => Err(reason),
                };
                let banned_words = &context.config.brand.banned_words;
                let judged = written.map(|drafts| {
                    let mut judged = judge(strategy, drafts, banned_words);
                    // One customer's long name is no reason to give up what suits the others.
                    for facts in shown.iter().skip(1) {
                        if judged.iter().any(Judged::passes) {
                            break;
                        }
                        let drafts =
                            judged.iter().map(|judged| shown_to(&judged.draft, strategy, facts)).collect();
                        let others = judge(strategy, drafts, banned_words);
                        if others.iter().any(Judged::passes) {
                            judged = others;
                        }
                    }
                    judged
                });
                pairs.push(choose(strategy, cluster, fit, segment, judged));
            }
            Ok::<_, DataError>(pairs)
        })
        .map_err(Into::into)
}

/// Customers that drafts are shown to before they are given up.
const SHOWN: usize = 4;

/// The facts that the drafts may show.
fn shown_facts(known: &Known, cluster: usize, strategy: &Strategy, segment: &Facts) -> Result<Vec<Facts>, DataError> {
    let Known { shop, features, segmentation, profiles } = known;
    let rows = shown_customers(shop, segmentation, &profiles[cluster], strategy, SHOWN);
    rows.into_iter().map(|row| facts_for_customer(shop, features, row, strategy, segment)).collect()
}

/// The draft as another customer would read it; as it was where that customer lacks a field.
fn shown_to(draft: &Draft, strategy: &Strategy, facts: &Facts) -> Draft {
    let mut draft = draft.clone();
    let slots: Vec<String> = draft.slots.iter().map(|slot| slot.text.clone()).collect();
    if let Ok(text) = render(strategy, facts, &slots) {
        draft.fields.clone_from(facts);
        draft.text = text;
    }
    draft
}

/// Runs the rules on every draft.
fn judge(strategy: &Strategy, drafts: Vec<Draft>, banned_words: &[String]) -> Vec<Judged> {
    let judge = |draft: Draft| {
        let slots: Vec<String> = draft.slots.iter().map(|slot| slot.text.clone()).collect();
        Judged {
            checks: check(strategy, &draft.fields, &slots, &draft.text, banned_words),
            quality: quality(&draft, strategy),
            seal: Seal::of_draft(&draft, &slots),
            draft,
        }
    };
    drafts.into_iter().map(judge).collect()
}

/// Takes the best draft that breaks no rule; the first of equals.
fn choose(
    strategy: &Strategy,
    cluster: usize,
    fit: Fit,
    facts: Facts,
    judged: Result<Vec<Judged>, String>,
) -> Pair {
    let (drafts, failure) = match judged {
        Ok(drafts) => (drafts, None),
        Err(reason) => (Vec::new(), Some(reason)),
    };
    let mut chosen: Option<usize> = None;
    for (number, judged) in drafts.iter().enumerate().filter(|(_, judged)| judged.passes()) {
        if chosen.is_none_or(|best| judged.quality > drafts[best].quality) {
            chosen = Some(number);
        }
    }
    let why_not =
        if chosen.is_some() { None } else { Some(failure.unwrap_or_else(|| broken_rules(&drafts))) };
    let copy = chosen.map(|number| {
        let judged = &drafts[number];
        Copy {
            strategy: strategy.clone(),
            cluster,
            slots: judged.draft.slots.iter().map(|slot| slot.text.clone()).collect(),
            facts,
            approval: judged.seal.clone(),
            approved_by: Author::Program,
            variant: number + 1,
            seed: judged.draft.seed,
            fit: fit.score,
        }
    });
    Pair { cluster, strategy: strategy.id.clone(), fit, drafts, chosen, copy, why_not }
}

/// Which rules the drafts broke, for people.
fn broken_rules(drafts: &[Judged]) -> String {
    let mut rules = std::collections::BTreeMap::<&str, usize>::new();
    for check in drafts.iter().flat_map(|judged| &judged.checks).filter(|check| !check.ok) {
        *rules.entry(check.rule).or_default() += 1;
    }
    let rules: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} ({count} drafts)")).collect();
    format!("no draft passes every rule: {}", rules.join(", "))
}
