//! Fine-tunes a language model on this machine: a low-rank adapter that learns from examples.
//!
//! In: a GGUF model of the llama family and examples (a prompt, and the text that should follow). Out: an adapter in PEFT's
//! form (Hugging Face) with a card that says what it was made from. The model itself is never changed. The same examples,
//! settings and build give the same bytes, also when the training was stopped and went on.
//!
//! ```text
//! model -> base -> forward (operations, lora) ----+
//! examples -> batches ----------------------------+-> train -> adapter
//! pairs -> preference ----------------------------+
//! settings -> optimiser, checkpoint --------------+
//! ```

pub mod adapter;
pub mod base;
pub mod batches;
pub mod checkpoint;
pub mod forward;
pub mod lora;
pub mod operations;
pub mod optimiser;
pub mod preference;
pub mod trace;
pub mod train;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::lora::Projection;
use crate::jobs::Cancelled;
use crate::writing::WritingError;
use crate::writing::gguf::GgufError;

pub use train::train;

/// Something to learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    pub prompt: String,
    /// What should follow the prompt; only this is learnt.
    pub text: String,
    /// The hand-written original that it comes from: all of a pattern are learnt, or all are kept for judging.
    #[serde(default)]
    pub pattern: u32,
    /// What each of its tokens counts; 1 is usual.
    #[serde(default = "one")]
    pub weight: f32,
}

fn one() -> f32 {
    1.0
}

/// How to learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What people call the adapter.
    pub name: String,
    /// What people call the model that it is for.
    pub base_name: String,
    /// Numbers between the two matrices of an adapter.
    pub rank: usize,
    /// The adapter counts `alpha / rank` times.
    pub alpha: f32,
    /// Part of its input that an adapter does not see in training, 0..1.
    pub dropout: f32,
    pub targets: Vec<Projection>,
    pub steps: usize,
    /// Examples of a step.
    pub batch: usize,
    /// The highest rate of learning.
    pub rate: f64,
    pub weight_decay: f64,
    /// The longest that a step's gradient may be.
    pub clip: f64,
    /// Part of the steps in which the rate rises, and what is left of it at the end.
    pub warm_up: f64,
    pub floor: f64,
    pub seed: u64,
    /// Part of the patterns that is kept for judging, 0..1; nothing is judged at 0.
    pub held_out: f64,
    /// Steps between two looks at what was kept, and how many examples of it are looked at.
    pub evaluate_every: usize,
    pub evaluate_examples: usize,
    /// Looks without an improvement after which it ends; `None` goes on to the last step.
    pub patience: Option<usize>,
    /// Tokens that are run together: more need more memory, fewer more time.
    pub tokens_at_once: usize,
    /// Version of the form of prompts that it learns from; 0 where they are of no form.
    pub form: u32,
    /// Languages of the examples (BCP 47); none where nobody has said.
    #[serde(default)]
    pub languages: Vec<String>,
}

impl Default for Settings {
    /// Enough for some hundred examples in a quarter of an hour. The house adapter's own are on its card.
    fn default() -> Self {
        Self {
            name: "voice".into(),
            base_name: String::new(),
            rank: 8,
            alpha: 16.0,
            dropout: 0.0,
            targets: Projection::ALL.to_vec(),
            steps: 200,
            batch: 8,
            rate: 5e-4,
            weight_decay: 0.0,
            clip: 1.0,
            warm_up: 0.05,
            floor: 0.1,
            seed: 1,
            held_out: 0.1,
            evaluate_every: 20,
            evaluate_examples: 32,
            patience: Some(5),
            tokens_at_once: 1024,
            form: 0,
            languages: Vec::new(),
        }
    }
}

impl Settings {
    /// That each setting is one that can be.
    ///
    /// # Errors
    /// Names the first that cannot, and what it may be.
    pub fn check(&self) -> Result<(), TuneError> {
        let part = |number: f64| (0.0..1.0).contains(&number);
        let wrong = [
            (!(1..=256).contains(&self.rank), "rank is from 1 to 256"),
            (!(self.alpha.is_finite() && self.alpha > 0.0), "alpha is a number above 0"),
            (!part(f64::from(self.dropout)), "dropout is from 0 to below 1"),
            (self.targets.is_empty(), "targets names at least one projection, or all-linear"),
            (!(1..=1_000_000).contains(&self.steps), "steps is from 1 to 1000000"),
            (!(1..=4096).contains(&self.batch), "batch is from 1 to 4096"),
            (!(self.rate.is_finite() && self.rate > 0.0), "rate is a number above 0"),
            (
                !(self.weight_decay.is_finite() && self.weight_decay >= 0.0),
                "weight decay is a number from 0 up",
            ),
            (!(self.clip.is_finite() && self.clip > 0.0), "clip is a number above 0"),
            (
                !part(self.warm_up) || !(0.0..=1.0).contains(&self.floor),
                "warm-up and floor are parts from 0 to 1",
            ),
            (!part(self.held_out), "held-out is a part from 0 to below 1"),
            (self.evaluate_every == 0, "evaluate-every is at least 1"),
            (self.evaluate_examples == 0, "evaluate-examples is at least 1"),
            (self.tokens_at_once == 0, "tokens-at-once is at least 1"),
        ];
        match wrong.into_iter().find(|(wrong, _)| *wrong) {
            Some((_, what)) => Err(TuneError::Failed(format!("the settings cannot be: {what}"))),
            None => Ok(()),
        }
    }
}

/// How far a training is, told after each step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Steps done, and how many there are in all.
    pub step: usize,
    pub of: usize,
    /// Mean over the step's tokens of `-ln(probability)`.
    pub loss: f32,
    /// The same over what was kept for judging, when it was looked at after this step.
    pub held_out: Option<f32>,
    /// Mean loss of the step's pairs, where preferences are learnt.
    pub preference: Option<f32>,
    /// Length of the step's gradient before it was clipped, and the rate that it moved with.
    pub gradient: f64,
    pub rate: f64,
    /// Of prompts and texts, in this step.
    pub tokens_per_second: f64,
    /// At the pace of this run so far.
    pub seconds_left: f64,
    /// The most memory that the process ever had, in bytes, where the system says.
    pub peak_memory: Option<u64>,
}

/// A look at the losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Steps done by then.
    pub step: usize,
    /// Mean of the steps' losses since the look before; none before the first step.
    pub train: Option<f32>,
    /// Of what was kept for judging.
    pub held_out: Option<f32>,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// All steps were taken.
    Done,
    /// What was kept for judging got no better.
    NoBetter,
}

/// What came of a training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    pub folder: PathBuf,
    /// SHA-256 of the adapter's numbers as written, and its size.
    pub sha256: String,
    pub bytes: u64,
    pub ended: Ended,
    /// Steps taken, and the one whose adapter was kept.
    pub steps: usize,
    pub best_step: usize,
    pub losses: Vec<Losses>,
    /// Examples learnt from, kept for judging, and patterns of both.
    pub examples: usize,
    pub held_out_examples: usize,
    pub patterns: usize,
    /// Of the steps and looks, over all runs.
    pub seconds: f64,
    /// Of this run.
    pub tokens: u64,
    pub peak_memory: Option<u64>,
}

/// Why nothing came of a training.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// What the settings choose is no model that can learn: cause and remedy.
    #[error("{0}")]
    NoModel(String),
    /// Cause and remedy in words.
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Model(#[from] GgufError),
    #[error(transparent)]
    Reading(#[from] WritingError),
    #[error("{path} cannot be {verb}: {source}. Make room or choose another folder")]
    Io {
        path: PathBuf,
        verb: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("computing failed: {0}. If memory is short, close other programs")]
    Computing(#[from] candle_core::Error),
}

impl TuneError {
    /// Whether somebody stopped it, and nothing went wrong.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_) | Self::Reading(WritingError::Cancelled(_)))
    }
}
