//! What a new voice is worth: the same briefs before and after, and texts that neither has seen.
//!
//! In: a loaded model, the adapter it began with and the one that it learnt, texts held out. Out: a [`Report`].

use serde::{Deserialize, Serialize};

use super::Counts;
use crate::tuning::Losses;
use crate::writing::adapter::Base;

/// Version of `report.json`.
pub const SCHEMA: u32 = 1;

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
    /// Mean likeness (shared pairs of words, 0..1) of what was written to the nearest rejected text; less is better.
    pub like_rejected: Option<f64>,
}

impl Side {
    /// Part of the drafts that break no rule, 0..1.
    #[must_use]
    pub fn pass_rate(&self) -> f64 {
        self.passed as f64 / self.briefs.max(1) as f64
    }
}

/// One brief, and what came of it before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideBySide {
    pub strategy: String,
    pub before: String,
    pub after: String,
}
