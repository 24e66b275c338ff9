//! One project: a folder that can live in git, except the database.
//!
//! ```text
//! perennial.toml        settings
//! strategies/*.toml     strategy templates
//! segments/*.toml       saved rule segments
//! knowledge/*.md        what messages are based on
//! campaigns/*.toml      who gets what, and when
//! perennial.db          drafts, decisions, approvals, coupons, the ledger of sends, the audit (SQLite)
//! ```
//!
//! In: a folder. Out: its strategies, and its [`Store`]. Opening a folder writes nothing; the database is made
//! when something is to be kept. What holds personal data is readable by its owner only.

mod campaigns;
mod files;
mod init;
mod kept;
mod links;
mod person;
mod sample;
mod store;
mod strategies;
mod traces;

use std::path::{Path, PathBuf};

pub use files::{AtomicFile, Privacy, private_file, private_folder};
pub use init::{Made, init};
pub use links::{Links, Purpose, TEST_SEND, Token};
pub use person::person;
pub use store::{
    AuditEntry, Bounce, Broken, ByFiles, CameBack, Campaign, CampaignState, Change, CodeLine, CodeSource,
    Consent, DecidedBy, Deed, ERASED, EVERY_CHANNEL, Effective, Elsewhere, Erased, FeedbackEvent,
    FeedbackLine, Hmac, Identity, Imported, Kind, Launch, LedgerLine, LeftOut, NO_REASON, NewSend, Owed,
    Permissions, PoolCount, Reason, Redeemed, STOPPED_WHILE_HANDING, Secret, SecretName, Send, SendState,
    Sent, Source, Stock, Store, StoredDraft, Suppression, Taken, Tally, ToSuppress, ToldOrder,
    UNSUBSCRIBE_WORDS, Withheld, address_hash, kind_of, may_be_address, normalised, one_variant,
};
pub use strategies::StrategyFile;
pub use traces::{Traces, traces};

use crate::data::Customers;
use crate::review::Check;

/// Name of the database in a workspace.
pub const DATABASE: &str = "perennial.db";
/// Name of the folder of strategy templates.
pub const STRATEGIES: &str = "strategies";

/// What a workspace could not do.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file or folder cannot be used: cause, place and remedy.
    #[error("{0}")]
    Unusable(String),
    /// The draft breaks rules.
    #[error("the draft cannot be approved: {}", words(.0))]
    Refused(Vec<Check>),
    /// There is no such draft or slot, or nothing to take back.
    #[error("{0}")]
    Nothing(String),
}

fn words(checks: &[Check]) -> String {
    let failures: Vec<String> = checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| format!("{}: {}", check.rule, check.detail))
        .collect();
    failures.join("; ")
}

/// An open workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Opens a folder as a workspace. It need not hold anything yet: what is missing has a default.
    ///
    /// # Errors
    /// No folder, or one that cannot be read.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, WorkspaceError> {
        let folder = folder.into();
        match std::fs::read_dir(&folder) {
            Ok(_) => Ok(Self { folder }),
            Err(error) => Err(WorkspaceError::Unusable(format!(
                "the project {} cannot be opened: {error}. Name the folder of a project, or make one with \
                 `perennial init DIR`.",
                folder.display()
            ))),
        }
    }

    /// The workspace of the sample shop, which is made at a fixed place of this user at the first call: what was
    /// decided there is found again.
    ///
    /// # Errors
    /// The user has no home folder, or it cannot be written.
    pub fn sample() -> Result<Self, WorkspaceError> {
        sample::open()
    }

    /// Where the sample shop's workspace is, or will be.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn sample_folder() -> Result<PathBuf, WorkspaceError> {
        sample::place()
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the shop's tables are, unless the settings say otherwise.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The customers with what they said to this project since their files were written: consent, and suppression. It counts over the
    /// files, wherever customers are counted or written to.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn heeded(&self, customers: &Customers) -> Result<Customers, WorkspaceError> {
        if !self.folder.join(DATABASE).exists() {
            return Ok(customers.clone());
        }
        let permissions = self.store()?.permissions()?;
        if permissions.is_empty() {
            return Ok(customers.clone());
        }
        Ok(customers.heeding(
            |id, channel| permissions.consent(id, channel),
            |id, channel, address| permissions.withholds(id, channel, address),
        ))
    }

    /// Opens the database, and makes it where there is none.
    ///
    /// # Errors
    /// A folder that cannot be written, a full disk, a file that is no database or is of a newer program.
    pub fn store(&self) -> Result<Store, WorkspaceError> {
        Store::open(&self.folder.join(DATABASE))
    }
}
