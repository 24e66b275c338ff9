//! The database of a workspace: drafts, the log of decisions, coupons; campaigns, and what came back from them.
//!
//! Drafts and decisions are only added. What stands about a draft is derived from the log
//! ([`crate::review::decision`]). A call that returns without an error has written to the disk: it survives a
//! killed process and a loss of power.

mod answered;
mod approval;
mod audit;
mod campaign_coupons;
mod campaigns;
mod consents;
mod coupons;
mod effective;
mod erasure;
mod feedback;
mod ledger;
mod left_out;
mod migrations;
mod refused;
mod secrets;
mod stock;
mod suppressions;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::files::touch_private;
use super::{DATABASE, WorkspaceError};
use crate::review::Check;
use crate::review::decision::{Author, Decision, DecisionId, DraftId, Entry, Standing};
use crate::review::queue::Item;
use crate::writing::Draft;

pub use answered::{CameBack, LedgerLine};
pub use approval::one_variant;
pub use audit::{AuditEntry, Broken, Deed};
pub use campaign_coupons::{CodeLine, CodeSource, Imported, PoolCount, Redeemed};
pub use campaigns::{Campaign, CampaignState, Launch, NewSend};
pub use consents::Consent;
pub use effective::{ByFiles, DecidedBy, Effective};
pub use erasure::{ERASED, Erased, Identity};
pub use feedback::{
    Bounce, FeedbackEvent, FeedbackLine, Kind, Sent, Source, Taken, ToldOrder, UNSUBSCRIBE_WORDS,
};
pub use ledger::{Change, Elsewhere, STOPPED_WHILE_HANDING, Send, SendState, Tally};
pub use left_out::LeftOut;
pub use secrets::{Hmac, Secret, SecretName};
pub use stock::{Owed, Stock};
pub use suppressions::{
    EVERY_CHANNEL, Permissions, Reason, Suppression, ToSuppress, Withheld, address_hash, kind_of,
    may_be_address, normalised,
};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A draft in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDraft {
    pub id: DraftId,
    /// Milliseconds since 1970-01-01 UTC.
    pub made_at: i64,
    pub draft: Draft,
}

/// An open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the database, makes it where there is none, and brings an older one up to date.
    ///
    /// # Errors
    /// A folder that cannot be written, a full disk, a file that is no database or is of a newer program.
    pub fn open(path: &Path) -> Result<Self, WorkspaceError> {
        touch_private(path).map_err(|error| {
            WorkspaceError::Unusable(format!(
                "decisions cannot be kept in {}: {error}. Make its folder one that you may write, on a disk with \
                 room, or copy the project elsewhere.",
                path.display()
            ))
        })?;
        let open = || {
            let mut connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "full")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            let version = migrations::run(&mut connection)?;
            Ok((connection, version))
        };
        let (connection, version) = open().map_err(|error| unusable(path, &error))?;
        if version > migrations::VERSION {
            return Err(WorkspaceError::Unusable(format!(
                "{} is of a newer Perennial (its form is {version}, this program knows {}). Open the project with \
                 the newer program.",
                path.display(),
                migrations::VERSION
            )));
        }
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Keeps drafts of one strategy, and the text of the strategy's file that they were written from.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn add_drafts(
        &mut self,
        drafts: &[Draft],
        source: &str,
        at: i64,
    ) -> Result<Vec<DraftId>, WorkspaceError> {
        self.write(|transaction| {
            let mut ids = Vec::with_capacity(drafts.len());
            for draft in drafts {
                transaction
                    .prepare_cached(
                        "INSERT OR IGNORE INTO templates (version, strategy, source) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![draft.strategy_version, draft.strategy, source])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO drafts (made_at, strategy, strategy_version, segment, document) \
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![
                        at,
                        draft.strategy,
                        draft.strategy_version,
                        draft.segment,
                        to_json(draft)?
                    ])?;
                ids.push(DraftId(transaction.last_insert_rowid()));
            }
            Ok(ids)
        })
    }

    /// All drafts, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn drafts(&self) -> Result<Vec<StoredDraft>, WorkspaceError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, made_at, document FROM drafts ORDER BY id")?;
            let rows = statement.query_map([], stored_draft)?;
            rows.collect()
        })
    }

    /// One draft.
    ///
    /// # Errors
    /// There is none with this number, or the database cannot be read.
    pub fn draft(&self, id: DraftId) -> Result<StoredDraft, WorkspaceError> {
        self.read(|connection| find_draft(connection, id))?.ok_or_else(|| no_draft(id))
    }

    /// The text of the strategy's file that drafts with this version were written from. Older programs kept one text
    /// for all strategies that said the same: it stands for each of them.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn template(&self, strategy: &str, version: &str) -> Result<Option<String>, WorkspaceError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT source FROM templates WHERE version = ?2 ORDER BY strategy = ?1 DESC LIMIT 1",
                )?
                .query_row([strategy, version], |row| row.get(0))
                .optional()
        })
    }

    /// Every decision, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn log(&self) -> Result<Vec<Entry>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT id, draft, at, author, document FROM decisions ORDER BY id")?;
            let rows = statement.query_map([], entry)?;
            rows.collect()
        })
    }

    /// The decisions about one draft, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn log_of(&self, id: DraftId) -> Result<Vec<Entry>, WorkspaceError> {
        self.read(|connection| log_of(connection, id))
    }

    /// What stands about a draft.
    ///
    /// # Errors
    /// There is none with this number, or the database cannot be read.
    pub fn standing(&self, id: DraftId) -> Result<Standing, WorkspaceError> {
        let stored = self.draft(id)?;
        Ok(Standing::of(&stored.draft, &self.log_of(id)?))
    }

    /// All drafts with what stands about them; `check` runs the rules on a draft with these slot texts.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn items(
        &self,
        check: &dyn Fn(&Draft, &[String]) -> Vec<Check>,
    ) -> Result<Vec<Item>, WorkspaceError> {
        let mut logs = std::collections::BTreeMap::<DraftId, Vec<Entry>>::new();
        for entry in self.log()? {
            logs.entry(entry.draft).or_default().push(entry);
        }
        let drafts = self.drafts()?;
        Ok(drafts
            .into_iter()
            .map(|StoredDraft { id, made_at, draft }| {
                let standing = Standing::of(&draft, logs.get(&id).map_or(&[][..], Vec::as_slice));
                let checks = check(&draft, &standing.slots);
                Item { id, made_at, draft, checks, standing }
            })
            .collect())
    }

    /// Rejects a draft.
    ///
    /// # Errors
    /// No reason; no such draft; the database cannot be written.
    pub fn reject(&mut self, id: DraftId, at: i64, by: Author, reason: &str) -> Result<(), WorkspaceError> {
        if reason.trim().is_empty() {
            return Err(WorkspaceError::Nothing(NO_REASON.into()));
        }
        self.decide(id, at, by, |_, _| Ok((Decision::Reject { reason: reason.to_owned() }, ())))
    }

    /// Gives a slot another text; the same text changes nothing. An approval of the draft ends with it.
    ///
    /// # Errors
    /// No such draft or slot; the database cannot be written.
    pub fn edit(
        &mut self,
        id: DraftId,
        at: i64,
        by: Author,
        slot: usize,
        new: &str,
    ) -> Result<(), WorkspaceError> {
        let stored = self.standing(id)?;
        match stored.slots.get(slot) {
            Some(old) if old == new => return Ok(()),
            Some(_) => {}
            None => {
                return Err(WorkspaceError::Nothing(format!(
                    "draft {} has no slot {}; it has {}.",
                    id.0,
                    slot + 1,
                    stored.slots.len()
                )));
            }
        }
        self.decide(id, at, by, |_, standing| {
            let old = standing.slots.get(slot).cloned().unwrap_or_default();
            Ok((Decision::Edit { slot, old, new: new.to_owned() }, ()))
        })
    }

    /// Takes back the last decision about a draft, or about any draft; the decision taken back. That it was taken
    /// back is a decision in the log. Called again it goes further back; `None` where nothing is left.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn undo(
        &mut self,
        draft: Option<DraftId>,
        at: i64,
        by: Author,
    ) -> Result<Option<Entry>, WorkspaceError> {
        self.write(|transaction| {
            let last = transaction
                .prepare_cached(
                    "SELECT id, draft, at, author, document FROM decisions AS made \
                     WHERE undoes IS NULL AND (?1 IS NULL OR draft = ?1) \
                       AND NOT EXISTS (SELECT 1 FROM decisions AS later WHERE later.undoes = made.id) \
                     ORDER BY id DESC LIMIT 1",
                )?
                .query_row([draft.map(|id| id.0)], entry)
                .optional()?;
            if let Some(last) = &last {
                add(transaction, last.draft, at, by, &Decision::Undo { decision: last.id })?;
            }
            Ok(last)
        })
    }

    /// Reads what stands about a draft and adds a decision, with nobody in between.
    fn decide<T>(
        &mut self,
        id: DraftId,
        at: i64,
        by: Author,
        choose: impl FnOnce(&Draft, &Standing) -> Result<(Decision, T), WorkspaceError>,
    ) -> Result<T, WorkspaceError> {
        self.write(|transaction| {
            let Some(stored) = find_draft(transaction, id)? else { return Ok(Err(no_draft(id))) };
            let standing = Standing::of(&stored.draft, &log_of(transaction, id)?);
            Ok(match choose(&stored.draft, &standing) {
                Ok((decision, out)) => {
                    add(transaction, id, at, by, &decision)?;
                    Ok(out)
                }
                Err(refusal) => Err(refusal),
            })
        })?
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, WorkspaceError> {
        read(&self.connection).map_err(|error| unusable(&self.path, &error))
    }

    fn write<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, WorkspaceError> {
        let run = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let out = write(&transaction)?;
            transaction.commit()?;
            Ok(out)
        };
        run(&mut self.connection).map_err(|error| unusable(&self.path, &error))
    }
}

/// What is told where a draft is to be rejected without a reason.
pub const NO_REASON: &str = "Say in a word or two why: whoever writes the next one reads it.";

fn no_draft(id: DraftId) -> WorkspaceError {
    WorkspaceError::Nothing(format!("there is no draft {} in this project.", id.0))
}

fn find_draft(connection: &Connection, id: DraftId) -> rusqlite::Result<Option<StoredDraft>> {
    connection
        .prepare_cached("SELECT id, made_at, document FROM drafts WHERE id = ?1")?
        .query_row([id.0], stored_draft)
        .optional()
}

fn log_of(connection: &Connection, id: DraftId) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, draft, at, author, document FROM decisions WHERE draft = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([id.0], entry)?;
    rows.collect()
}

fn add(
    transaction: &Transaction<'_>,
    draft: DraftId,
    at: i64,
    by: Author,
    decision: &Decision,
) -> rusqlite::Result<()> {
    let undoes = match decision {
        Decision::Undo { decision } => Some(decision.0),
        _ => None,
    };
    transaction
        .prepare_cached(
            "INSERT INTO decisions (draft, at, author, undoes, document) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![draft.0, at, to_json(&by)?, undoes, to_json(decision)?])?;
    Ok(())
}

fn stored_draft(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredDraft> {
    Ok(StoredDraft { id: DraftId(row.get(0)?), made_at: row.get(1)?, draft: from_json(row, 2)? })
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: DecisionId(row.get(0)?),
        draft: DraftId(row.get(1)?),
        at: row.get(2)?,
        by: from_json(row, 3)?,
        decision: from_json(row, 4)?,
    })
}

fn to_json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn from_json<T: serde::de::DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}

/// A number of rows; none where there are no rows to add up.
fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Option<i64>>(column)?.unwrap_or(0).unsigned_abs())
}

/// What went wrong with the database, and what to do about it.
fn unusable(path: &Path, error: &rusqlite::Error) -> WorkspaceError {
    use rusqlite::ErrorCode;
    let place = path.display();
    let text = match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => format!(
            "decisions cannot be kept in {place}: it cannot be written ({error}). Make it and its folder ones that \
             you may write, or copy the project elsewhere."
        ),
        Some(ErrorCode::DiskFull) => format!(
            "decisions cannot be kept in {place}: the disk is full. Make room and try again; what was decided \
             before is safe."
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "{place} is being written by another program for more than {} seconds. Close the other Perennial, or \
             try again.",
            PATIENCE.as_secs()
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => format!(
            "{place} is no database, or is damaged ({error}). Bring back a copy, or save what can be read: copy the file, run \
             `sqlite3 COPY .recover | sqlite3 {DATABASE}` into a new file, and put that in its place. Only as the last \
             resort put it aside under another name: a new one then begins, which knows nothing of who is not to be written \
             to, makes unsubscribe links that are out useless, and would send a campaign again that was sent."
        ),
        Some(ErrorCode::SystemIoFailure) => format!(
            "{place} cannot be read or written ({error}). Look at the disk and its room, and try again; what was \
             decided before is safe."
        ),
        _ => format!("{place} holds something that this program does not understand ({error})."),
    };
    WorkspaceError::Unusable(text)
}

#[cfg(test)]
mod tests;
