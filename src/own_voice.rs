//! The shop's own voice: learns from what people in this workspace approved and edited, and only when somebody asks.
//!
//! In: a workspace's drafts and decisions, the house corpus, a model on this machine. Out: a [`Version`] in the workspace's
//! folder `voices`: an adapter, and a [`Report`] that sets before and after side by side. It is a proposal until somebody
//! accepts it, and every version can be gone back to.
//!
//! ```text
//! store -> lessons (privacy) --+
//! house corpus ----------------+-> learn -> report -> versions -> library (what stands beside the model)
//! adapter in use --------------+
//! ```

mod learn;
mod lessons;
mod privacy;
mod report;
mod versions;
pub mod words;

pub use learn::{Ask, Learning, Sample, Step, Told, learn};
pub use lessons::{Counts, LeftOut, Lesson, Lessons, Longer, Pair, Source, Why, gather, strategies_now};
pub use privacy::{Known, leaks, with_fields};
pub use report::{Report, Side, SideBySide, Start};
pub use versions::{
    Damaged, Deed, Event, FOLDER, Listed, Standing, Stopped, Underway, Version, Voices, accepted, name_of,
};

use std::path::{Path, PathBuf};

use crate::jobs::Cancelled;
use crate::tuning::TuneError;
use crate::workspace::WorkspaceError;
use crate::writing::WritingError;
use crate::writing::adapter::Library;

/// What a text counts that was approved as the model wrote it, and one that a person edited.
pub const APPROVAL_WEIGHT: f32 = 1.0;
pub const EDIT_WEIGHT: f32 = 3.0;
/// Texts that it takes to learn at all.
pub const LEAST_LESSONS: usize = 8;
/// Pairs of a better and a worse text that it takes to learn preferences.
pub const LEAST_PAIRS: usize = 16;
/// Of how many texts one is kept for judging.
pub const HELD_OUT_EVERY: u64 = 5;
/// House examples for each text of the shop's own.
pub const HOUSE_SHARE: usize = 3;
/// Steps that are taken unless somebody says otherwise.
pub const STEPS: usize = 80;

/// Why there is no voice, or why it is not another one.
#[derive(Debug, thiserror::Error)]
pub enum OwnVoiceError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Cause, place and remedy in words.
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Tuning(#[from] TuneError),
    #[error(transparent)]
    Writing(#[from] WritingError),
    #[error("{path} cannot be {verb}: {source}. Make it one that you may write, on a disk with room")]
    Io {
        path: PathBuf,
        verb: &'static str,
        #[source]
        source: std::io::Error,
    },
}

impl OwnVoiceError {
    /// Whether somebody stopped it, and nothing went wrong.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled(_) | Self::Writing(WritingError::Cancelled(_)) => true,
            Self::Tuning(error) => error.is_cancelled(),
            _ => false,
        }
    }
}

pub(crate) fn io(path: &Path, verb: &'static str) -> impl FnOnce(std::io::Error) -> OwnVoiceError {
    let path = path.to_owned();
    move |source| OwnVoiceError::Io { path, verb, source }
}

/// The adapters of a project (its accepted voice among them), of the user and of the program.
#[must_use]
pub fn library(project: Option<&Path>) -> Library {
    let library = Library::new(project);
    match project {
        Some(project) => Voices::of(project).beside(library),
        None => library,
    }
}
