//! Learning a voice: from the adapter in use, with the house corpus beside, so that nothing is forgotten.
//!
//! In: a workspace, its settings, the adapter in use. Out: a new [`Version`], which nobody uses yet. It can be cancelled
//! and goes on where it was.

use jiff::civil::Date;
use serde::Serialize;

use super::{Counts, OwnVoiceError, STEPS, Version};
use crate::config::Config;
use crate::jobs::Task;
use crate::workspace::Workspace;
use crate::writing::adapter::Library;

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
    task.check()?;
    let lessons = super::gather(&learning.workspace.store()?)?;
    lessons.check()?;
    tell(Told::Learns(lessons.counts()));
    Err(OwnVoiceError::Failed("learning a voice is not done yet".into()))
}
