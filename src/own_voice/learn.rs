//! Learning a voice: from the adapter in use, with the house corpus beside, so that nothing is forgotten.
//!
//! In: a workspace, its settings, the adapter in use. Out: a new [`Version`], which nobody uses yet. It can be cancelled
//! and goes on where it was.

mod examples;
mod work;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use super::report::{self, SCHEMA, Trial};
use super::{
    Counts, Lessons, OwnVoiceError, Report, STEPS, Side, SideBySide, Start, Version, Voices, io,
    strategies_now,
};
use crate::config::Config;
use crate::jobs::Task;
use crate::strategy::Strategy;
use crate::tuning::adapter::{self, Card};
use crate::tuning::base;
use crate::tuning::batches::{self, Encoded};
use crate::tuning::train::{self, Extras, train};
use crate::tuning::{Example, Losses, Settings, TuneError};
use crate::workspace::Workspace;
use crate::writing::adapter::{Adapter, Base, Identities, Library, Place, WEIGHTS};
use crate::writing::brief::FORM;
use crate::writing::gguf::Gguf;
use crate::writing::local::LocalModel;
use examples::{Data, House};
use work::Work;

/// The highest rate of learning: less than that of the house's own adapter, which began with nothing.
const RATE: f64 = 3e-4;
/// Looks at what was held out.
const LOOKS: usize = 6;

/// What a person may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub steps: usize,
    /// Of everything random.
    pub seed: u64,
    /// Goes on where a learning was stopped.
    pub resume: bool,
}

impl Default for Ask {
    fn default() -> Self {
        Self { steps: STEPS, seed: 1, resume: false }
    }
}

/// What learning needs to know.
pub struct Learning<'a> {
    pub workspace: &'a Workspace,
    pub config: &'a Config,
    /// Says which adapter is in use: [`super::library`].
    pub library: &'a Library,
    pub ask: Ask,
    /// Who asked, and when (milliseconds since 1970-01-01 UTC).
    pub by: &'a str,
    pub at: i64,
    /// Day on which the messages of the report would be sent.
    pub sending: Date,
}

/// What is told on the way.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
pub enum Told {
    /// What it learns from; first of all.
    Learns(Counts),
    Step(Step),
    /// The training is done, and before and after are compared: briefs written, and how many there are.
    Judges {
        done: usize,
        of: usize,
    },
}

/// A step of the training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Steps done, and how many there are in all.
    pub step: usize,
    pub of: usize,
    pub loss: f32,
    /// Where it was looked after this step.
    pub held_out: Option<f32>,
    pub seconds_left: f64,
    /// A text of the voice as it is now, after each look.
    pub sample: Option<Sample>,
}

/// What the voice writes now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    pub strategy: String,
    pub text: String,
}

/// Learns a voice from what the workspace's people approved and edited.
///
/// # Errors
/// Too little to learn from, no model that can be tuned, a folder that cannot be written, or cancelled: then it can go on.
pub fn learn(
    learning: &Learning<'_>,
    task: &Task<'_>,
    tell: &mut dyn FnMut(Told),
) -> Result<Version, OwnVoiceError> {
    let Learning { workspace, config, ask, .. } = learning;
    let (base_name, base) = base::chosen(&config.writing.model)?;
    let voices = Voices::of(workspace.folder());
    let work = Work::open(&voices, ask.resume)?;
    let lessons = work.lessons(workspace)?;
    let gguf = Gguf::open(&base).map_err(TuneError::from)?;
    let base_sha256 = gguf.sha256(task.cancel())?;
    let in_use = learning.library.wanted(None, &config.writing)?;
    let begin = Begin::of(in_use.as_ref(), &base_sha256, &work)?;
    let house = House::new(&lessons, ask)?;
    let counts = Counts { house: house.learnt.len(), ..lessons.counts() };
    tell(Told::Learns(counts.clone()));

    let mut engine = LocalModel::load(&base_name, &base, task)?;
    let strategies = strategies(learning, &lessons)?;
    let briefs = report::briefs(&strategies, &house.facts, config, learning.sending, ask.seed)?;
    let sampled = briefs.first().cloned();
    let mut sample = |folder: &Path, seed: u64| {
        let (strategy, facts) = sampled.as_ref()?;
        let place = Place::Folder { name: None, path: folder.to_owned() };
        // A look that fails is no reason to stop learning.
        let written = report::write(&mut engine, strategy, facts, (Some(&place), seed), config, task);
        let draft = written.ok().flatten()?;
        Some(Sample { strategy: draft.strategy.clone(), text: report::written(&draft) })
    };
    let data = Data::new(&lessons, &house);
    let settings = Settings {
        name: "voice".into(),
        base_name: base_name.clone(),
        steps: ask.steps,
        rate: RATE,
        seed: ask.seed,
        held_out: 0.0,
        evaluate_every: (ask.steps / LOOKS).max(1),
        evaluate_examples: data.judged.len().max(1),
        patience: None,
        form: FORM,
        languages: begin.languages.clone(),
        ..begin.settings.clone()
    };
    settings.check()?;
    let looks = work.looks();
    let extras = Extras {
        resume: ask.resume,
        start: begin.folder.as_deref(),
        judged: &data.judged,
        preferences: &data.preferences,
        looks: Some(&looks),
        ..Extras::default()
    };
    let out = work.voice();
    let known = finished(&out, &data.examples, &settings, &extras, task)?.as_ref().map(Trained::of);
    let trained = if let Some(known) = known {
        known
    } else {
        let outcome = train(&base, &data.examples, &settings, &extras, &out, task, &mut |now| {
            let held_out = now.held_out.map_or_else(String::new, |loss| format!(", held out {loss:.3}"));
            let line = format!("learning, step {} of {}, loss {:.3}{held_out}", now.step, now.of, now.loss);
            task.progress(line, now.step as u64, Some(now.of as u64));
            let sample = now.held_out.and_then(|_| sample(&looks, ask.seed));
            let (step, of, loss, held_out) = (now.step, now.of, now.loss, now.held_out);
            tell(Told::Step(Step { step, of, loss, held_out, seconds_left: now.seconds_left, sample }));
        })?;
        let (steps, best_step) = (outcome.steps, outcome.best_step);
        Trained { steps, best_step, losses: outcome.losses, seconds: outcome.seconds }
    };

    let end = train::end_of(&gguf, engine.vocabulary()).unwrap_or_default();
    let context = engine.forward().context();
    let encode = |texts: &[Example]| -> Result<Vec<Encoded>, OwnVoiceError> {
        Ok(batches::encode(texts, engine.vocabulary(), end, context)?)
    };
    let (approved, house_texts) = (encode(&data.approved)?, encode(&house.held_out)?);
    let trial = Trial {
        config,
        briefs,
        seed: config.writing.seed,
        approved: &approved,
        house: &house_texts,
        unwanted: &lessons.unwanted,
    };
    let (before, after, side_by_side) = compare(&trial, &mut engine, (in_use.as_ref(), &out), task, tell)?;
    let report = Report {
        schema: SCHEMA,
        learnt_at: learning.at,
        by: learning.by.to_owned(),
        base: Base { name: base_name, sha256: base_sha256 },
        start: begin.start,
        learnt_from: counts,
        steps: trained.steps,
        best_step: trained.best_step,
        losses: trained.losses,
        seconds: trained.seconds,
        before,
        after,
        side_by_side,
    };
    let version = voices.take_in(&out, &report)?;
    work.close();
    Ok(version)
}

/// The same briefs, written with the adapter in use and with what was learnt.
fn compare(
    trial: &Trial<'_>,
    engine: &mut LocalModel,
    (in_use, learnt): (Option<&Place>, &Path),
    task: &Task<'_>,
    tell: &mut dyn FnMut(Told),
) -> Result<(Side, Side, Vec<SideBySide>), OwnVoiceError> {
    let of = 2 * trial.briefs.len();
    let mut done = 0;
    let mut told = || {
        done += 1;
        task.progress("writing the same briefs before and after", done as u64, Some(of as u64));
        tell(Told::Judges { done, of });
    };
    let (before, drafts_before) = trial.side(engine, in_use, task, &mut told)?;
    let learnt = Place::Folder { name: None, path: learnt.to_owned() };
    let (after, drafts_after) = trial.side(engine, Some(&learnt), task, &mut told)?;
    Ok((before, after, report::side_by_side(&drafts_before, &drafts_after)))
}

/// What is said of a training.
struct Trained {
    steps: usize,
    best_step: usize,
    losses: Vec<Losses>,
    seconds: f64,
}

impl Trained {
    /// Of one that was done before the learning was stopped; how long it took is not known any more.
    fn of(card: &Card) -> Self {
        let steps = card.losses.last().map_or(card.step, |last| last.step);
        Self { steps, best_step: card.step, losses: card.losses.clone(), seconds: 0.0 }
    }
}

/// The card of an adapter that was made of the same, where only the report is missing.
fn finished(
    out: &Path,
    examples: &[Example],
    settings: &Settings,
    extras: &Extras<'_>,
    task: &Task<'_>,
) -> Result<Option<Card>, OwnVoiceError> {
    if !extras.resume || !out.join(WEIGHTS).is_file() {
        return Ok(None);
    }
    let card = adapter::read(out)?.card;
    let data_sha256 = train::fingerprint(examples, extras, task)?;
    Ok(card.filter(|card| card.data_sha256 == data_sha256 && card.settings == *settings))
}

/// What learning begins with.
struct Begin {
    start: Start,
    /// The adapter to go on from.
    folder: Option<PathBuf>,
    /// Rank, alpha and targets.
    settings: Settings,
    languages: Vec<String>,
}

impl Begin {
    /// From the adapter in use, where it was made here, for this model and this form of prompt; else anew.
    fn of(in_use: Option<&Place>, base_sha256: &str, work: &Work) -> Result<Self, OwnVoiceError> {
        // The house corpus is in both.
        let both = vec!["en".to_owned(), "zh".to_owned()];
        let anew = Self {
            start: Start::default(),
            folder: None,
            settings: Settings::default(),
            languages: both.clone(),
        };
        let Some(place) = in_use else { return Ok(anew) };
        // Read to its last number: damage is told before the first step, not after the last.
        Adapter::read(place).map_err(|error| OwnVoiceError::Failed(error.to_string()))?;
        let identity = Identities::default().of(place)?;
        let start = Start { adapter: Some(identity.name), sha256: Some(identity.sha256), gone_on: false };
        let folder = work.start();
        let folder = place.laid(&folder).map_err(io(&folder, "written"))?;
        // A card that writing can do with may say too little to go on from.
        let card = adapter::read_card(&folder).ok();
        let fits = card.filter(|card| {
            let Card { base, form, settings, .. } = card;
            base.sha256 == base_sha256 && *form == FORM && settings.rank > 0 && !settings.targets.is_empty()
        });
        Ok(match fits {
            None => Self { start, ..anew },
            Some(card) => {
                let mut languages = card.languages;
                languages.extend(both);
                languages.sort_unstable();
                languages.dedup();
                let Settings { rank, alpha, targets, .. } = card.settings;
                Self {
                    start: Start { gone_on: true, ..start },
                    folder: Some(folder),
                    settings: Settings { rank, alpha, targets, ..Settings::default() },
                    languages,
                }
            }
        })
    }
}

/// Strategies that can be used: those that something was learnt of first, that of the most texts before all.
fn strategies(learning: &Learning<'_>, lessons: &Lessons) -> Result<Vec<Strategy>, OwnVoiceError> {
    let (mut known, others): (Vec<_>, Vec<_>) = strategies_now(learning.workspace)?
        .into_iter()
        .partition(|strategy| lessons.learnt.iter().any(|lesson| lesson.strategy == strategy.id));
    // What a person said counts more than what the model did, here too.
    let weight = |strategy: &Strategy| -> f32 {
        let of = lessons.learnt.iter().filter(|lesson| lesson.strategy == strategy.id);
        of.map(|lesson| lesson.weight).sum()
    };
    known.sort_by(|one, other| weight(other).total_cmp(&weight(one)));
    known.extend(others);
    Ok(known)
}
