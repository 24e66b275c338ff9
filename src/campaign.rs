//! Campaigns: who gets what, when, exactly once.
//!
//! In: a plan (`campaigns/NAME.toml`), drafts, the shop, and what the workspace knows of its customers. Out: messages that
//! were handed over, each with its line in the ledger.
//!
//! ```text
//! plan -> versions (what is said) -+-> audience (who) -> preflight -> approval -> launch -> sending -> ledger
//!                                  |                                                |
//!                                  +-> message (bytes) --> channel (what carries) <-+
//! ```
//!
//! What is approved is the hash of everything that leaves or decides who gets it ([`approval`]). At the launch everybody
//! who is in the campaign is written into the ledger, the holdout too, before a single message is made ([`assign`]).

pub mod approval;
pub mod assign;
pub mod audience;
pub mod budget;
pub mod channel;
pub mod dispatch;
pub mod dossier;
pub mod message;
pub mod outlook;
pub mod overlap;
pub mod owed;
pub mod plan;
pub mod preflight;
pub mod proof;
pub mod prospect;
pub mod quiet;
pub mod sending;
pub mod versions;
pub mod writer;

use crate::data::DataError;
use crate::jobs::Cancelled;
use crate::workspace::WorkspaceError;

pub use plan::Plan;

/// What a campaign could not do.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The plan's file is wrong; lines are counted from 1.
    #[error("campaigns/{name}.toml:{line}: {message}")]
    Plan { name: String, line: usize, message: String },
    /// Cause and remedy in words.
    #[error("{0}")]
    Unusable(String),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<DataError> for CampaignError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            DataError::Unreadable(words) => Self::Unusable(words),
        }
    }
}
