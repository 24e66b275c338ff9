//! Writes drafts for each segment and each strategy that fits it, and takes the best.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use serde::Serialize;

use super::Known;
use crate::cli::Context;
use crate::config::Config;
use crate::data::DataError;
use crate::jobs::Task;
use crate::profiles::ClusterProfile;
use crate::review::decision::{Author, Seal};
use crate::review::merge::{Copy, shown_customers};
use crate::review::quality::quality;
use crate::review::{self, Check, check, passes};
use crate::segments::Group;
use crate::strategy::{Facts, Fit, Strategy, facts_for_customer, facts_for_segment, fits, render};
use crate::writing::adapter::Library;
use crate::writing::drafts::{Assignment, write_drafts};
use crate::writing::voice::Voice;
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

/// Writes for every pair, in the order of the segments and of the strategies' ids; several at a time where the engine can
/// do that.
///
/// # Errors
/// Cancelled, the data cannot be read, or the server that writes is away and nothing is to write in its place.
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
                fitting.push(Fitting { profile, strategy, fit });
            }
        }
    }
    let variants = context.config.writing.variants.max(1) as u64;
    let desk = Desk {
        known,
        config: &context.config,
        library: context.library(),
        sending,
        seeds: (0..variants).map(|variant| seed.wrapping_add(variant)).collect(),
        done: AtomicUsize::new(0),
        total: fitting.len(),
    };
    context.work(|task| {
        let mut pairs = desk.side_by_side(&fitting, engine, task)?;
        for (pair, fitting) in pairs.iter_mut().zip(&fitting).filter(|(pair, _)| pair.is_none()) {
            *pair = Some(desk.write(fitting, engine, task)?);
        }
        Ok(pairs.into_iter().flatten().collect())
    })
}

/// A segment and a strategy that fits it.
struct Fitting<'a> {
    profile: &'a ClusterProfile,
    strategy: &'a Strategy,
    fit: Fit,
}

/// What is the same for all pairs.
struct Desk<'a> {
    known: &'a Known,
    config: &'a Config,
    library: Library,
    sending: Date,
    seeds: Vec<u64>,
    /// Pairs that are written.
    done: AtomicUsize,
    total: usize,
}

impl Desk<'_> {
    /// Writes as many pairs at a time as the engine can. What could not be written because the server was away is `None`,
    /// and so is all with an engine that does one thing at a time.
    fn side_by_side(
        &self,
        fitting: &[Fitting<'_>],
        engine: &dyn TextEngine,
        task: &Task<'_>,
    ) -> anyhow::Result<Vec<Option<Pair>>> {
        let many = if engine.at_once() > 1 { engine.at_once().min(fitting.len()) } else { 0 };
        let engines: Vec<Box<dyn TextEngine>> = (0..many).map_while(|_| engine.another()).collect();
        let pairs: Vec<Mutex<Option<Pair>>> = fitting.iter().map(|_| Mutex::new(None)).collect();
        let (next, away) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let (pairs, next, away) = (&pairs, &next, &away);
            let threads: Vec<_> = engines
                .into_iter()
                .map(|mut engine| {
                    scope.spawn(move || -> anyhow::Result<()> {
                        while !away.load(Ordering::Relaxed) {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            let Some(fitting) = fitting.get(number) else { break };
                            match self.write(fitting, engine.as_mut(), task) {
                                Ok(pair) => *pairs[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(pair),
                                Err(_) if engine.away().is_some() => away.store(true, Ordering::Relaxed),
                                Err(error) => return Err(error),
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread that wrote has ended by a fault")))?;
            }
            Ok(())
        })?;
        Ok(pairs.into_iter().map(|pair| pair.into_inner().unwrap_or_else(PoisonError::into_inner)).collect())
    }

    /// Writes one pair.
    fn write(
        &self,
        fitting: &Fitting<'_>,
        engine: &mut dyn TextEngine,
        task: &Task<'_>,
    ) -> anyhow::Result<Pair> {
        task.check()?;
        let Fitting { profile, strategy, fit } = fitting;
        let Self { known, config, .. } = self;
        let cluster = profile.cluster;
        let letter = &known.segmentation.clusters[cluster].id;
        let done = self.done.load(Ordering::Relaxed) as u64;
        let phase = format!("writing {} for segment {letter}", strategy.id);
        task.progress(phase, done, Some(self.total as u64));
        let segment = facts_for_segment(
            &known.segmentation,
            profile,
            strategy,
            config,
            &known.shop.currency,
            self.sending,
        );
        let shown = shown_facts(known, cluster, strategy, &segment)?;
        let assignment = Assignment {
            strategy: (*strategy).clone(),
            facts: shown.first().cloned().unwrap_or_else(|| segment.clone()),
            segment: letter.clone(),
            group: Group::of(&known.segmentation, cluster),
            seeds: self.seeds.clone(),
            sampling: Sampling::from(&config.writing),
            banned_words: config.banned_words(),
            voice: Voice::new(&config.voice, &[]),
            adapter: self.library.wanted(strategy.adapter.as_deref(), &config.writing)?,
            beside: Vec::new(),
            judge: Some(review::judge),
        };
        let written = match write_drafts(&assignment, engine, task.cancel(), &mut |_| {}) {
            Ok(drafts) => Ok(drafts),
            Err(WritingError::Failed(reason)) if engine.away().is_none() => Err(reason),
            Err(error) => return Err(error.into()),
        };
        let banned_words = &config.banned_words();
        let judged = written.map(|drafts| {
            let mut judged = judge(strategy, drafts, banned_words);
            // One customer's long name is no reason to give up what suits the others.
            for facts in shown.iter().skip(1) {
                if judged.iter().any(Judged::passes) {
                    break;
                }
                let drafts = judged.iter().map(|judged| shown_to(&judged.draft, strategy, facts)).collect();
                let others = judge(strategy, drafts, banned_words);
                if others.iter().any(Judged::passes) {
                    judged = others;
                }
            }
            judged
        });
        self.done.fetch_add(1, Ordering::Relaxed);
        Ok(choose(strategy, cluster, fit.clone(), segment, judged))
    }
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
