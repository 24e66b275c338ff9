//! The ledger of sends: what was to go to whom, and what became of it.
//!
//! A message is intended, then *handing* (written down before the last byte that a server needs to take it), then
//! accepted or failed. A process that dies in between leaves it handing: nobody can know whether it was taken. It is told as
//! *unknown*, and nothing but a person's choice, or proof, moves it on. So a message that may have been taken is never sent again
//! by the program on its own.

use std::collections::BTreeMap;

use rusqlite::{Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::campaigns::{CampaignState, state_of};
use super::{SecretName, Store, count, refused};
use crate::workspace::WorkspaceError;

/// What became of a message so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendState {
    /// The customer gets nothing, so that the effect can be measured.
    Holdout,
    /// It is to go out.
    Intended,
    /// It is being handed over at this moment.
    Handing,
    /// The server, the provider or the file has it.
    Accepted,
    /// It was refused for good, or too often.
    Failed,
    /// Nobody knows whether it was taken.
    Unknown,
    /// The plan left the customer out at the launch: quiet hours, a cap, a field that is missing.
    Skipped,
    /// The campaign was ended before.
    Cancelled,
}

impl SendState {
    pub const ALL: [Self; 8] = [
        Self::Holdout,
        Self::Intended,
        Self::Handing,
        Self::Accepted,
        Self::Failed,
        Self::Unknown,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// As in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Holdout => "holdout",
            Self::Intended => "intended",
            Self::Handing => "handing",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state that is spelt so; `None`: none is.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Send {
    pub id: i64,
    pub customer: String,
    /// Name of the segment, as the plan has it.
    pub segment: String,
    /// Name of the arm, or `holdout`.
    pub arm: String,
    /// `email`, `sms`, `push`.
    pub channel: String,
    pub address: Option<String>,
    pub language: String,
    /// Hash of the arm's content.
    pub content: String,
    pub coupon: Option<String>,
    pub state: SendState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this moment, in milliseconds since 1970-01-01 UTC.
    pub not_before: Option<i64>,
    /// When the state last changed.
    pub at: i64,
    /// What the server said, or why not.
    pub detail: Option<String>,
    /// Without angle brackets.
    pub message_id: Option<String>,
}

/// Detail of a message that was being handed over when the program was stopped. It stands in databases and is asked for: its words stay.
pub const STOPPED_WHILE_HANDING: &str = "the program was stopped while it was handed over";

/// A step of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is about to be handed over.
    Handing { id: i64, message_id: String },
    /// It was taken: the coupon code in it is given out from now on.
    Accepted { id: i64, detail: String },
    /// It was not taken, and is tried again.
    Again { id: i64, not_before: i64, detail: String },
    /// It was not taken and was not at fault itself (the connection broke before it): it is tried again, and this does not count
    /// as an attempt.
    Back { id: i64 },
    /// It was not taken, and never will be: its coupon code goes back, unless nobody knew about an earlier attempt.
    Failed { id: i64, detail: String },
    /// Nobody knows whether it was taken: the coupon code in it may have been seen, and counts as given out for ever.
    Unknown { id: i64, detail: String },
}

/// Customers of a campaign who got a message of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// Name of the other campaign.
    pub campaign: String,
    pub customers: u64,
    /// Of those, who is held out here.
    pub held_out: u64,
}

/// Messages of one arm by state.
pub type Tally = BTreeMap<String, BTreeMap<SendState, u64>>;

impl Store {
    /// Writes down steps of messages, all of them durably or none; the state of the campaign, which another process may
    /// have changed. An address of which the server says that there is no such mailbox is suppressed.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn advance(
        &mut self,
        campaign: i64,
        changes: &[Change],
        at: i64,
    ) -> Result<CampaignState, WorkspaceError> {
        let gone = refused::without_mailbox(changes);
        let key = if gone.is_empty() { None } else { Some(self.secret(SecretName::Addresses)?) };
        self.write(|transaction| {
            for change in changes {
                apply(transaction, change, at)?;
            }
            if let Some(key) = &key {
                refused::suppress(transaction, key, &gone, at)?;
            }
            state_of(transaction, campaign)
        })
    }

    /// The next messages to go out, in the order of the ledger: at most `most` after the number `after`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn due(&self, campaign: i64, now: i64, after: i64, most: usize) -> Result<Vec<Send>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "{SELECT} WHERE campaign = ?1 AND state = 'intended' AND id > ?2 \
                 AND (not_before IS NULL OR not_before <= ?3) ORDER BY id LIMIT ?4"
            ))?;
            let rows = statement.query_map(params![campaign, after, now, most as i64], send)?;
            rows.collect()
        })
    }

    /// When the next message that waits may go out; `None` where none waits.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn next_due(&self, campaign: i64) -> Result<Option<i64>, WorkspaceError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT MIN(COALESCE(not_before, 0)) FROM sends WHERE campaign = ?1 AND state = 'intended'",
                )?
                .query_row([campaign], |row| row.get(0))
        })
    }

    /// Whether every message of a campaign has come to its end: none is to go out, none is being handed over, and none waits for
    /// somebody to find out whether it was taken.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_settled(&self, campaign: i64) -> Result<bool, WorkspaceError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT NOT EXISTS (SELECT 1 FROM sends WHERE campaign = ?1 \
                     AND state IN ('intended', 'handing', 'unknown'))",
                )?
                .query_row([campaign], |row| row.get(0))
        })
    }

    /// The messages of a campaign in one state, in the order of the ledger.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn sends_in(&self, campaign: i64, state: SendState) -> Result<Vec<Send>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("{SELECT} WHERE campaign = ?1 AND state = ?2 ORDER BY id"))?;
            let rows = statement.query_map(params![campaign, state.name()], send)?;
            rows.collect()
        })
    }

    /// The whole ledger of a campaign, the holdout too.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn sends(&self, campaign: i64) -> Result<Vec<Send>, WorkspaceError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("{SELECT} WHERE campaign = ?1 ORDER BY id"))?;
            let rows = statement.query_map([campaign], send)?;
            rows.collect()
        })
    }

    /// Who is in a campaign, and in which arm of it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn assigned(&self, campaign: i64) -> Result<Vec<(String, String)>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT customer, arm FROM sends WHERE campaign = ?1 AND state <> 'skipped'",
            )?;
            let rows = statement.query_map([campaign], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// Messages of other campaigns that went to customers of this one between two moments.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn elsewhere(&self, campaign: i64, from: i64, to: i64) -> Result<Vec<Elsewhere>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT campaigns.name, COUNT(DISTINCT own.customer), \
                 COUNT(DISTINCT CASE WHEN own.state = 'holdout' THEN own.customer END) \
                 FROM sends AS other JOIN sends AS own ON own.campaign = ?1 AND own.customer = other.customer \
                 JOIN campaigns ON campaigns.id = other.campaign \
                 WHERE other.campaign <> ?1 AND other.state IN ('accepted', 'handing', 'unknown') \
                 AND other.at >= ?2 AND other.at < ?3 GROUP BY other.campaign ORDER BY other.campaign",
            )?;
            let rows = statement.query_map(params![campaign, from, to], |row| {
                Ok(Elsewhere { campaign: row.get(0)?, customers: count(row, 1)?, held_out: count(row, 2)? })
            })?;
            rows.collect()
        })
    }

    /// Whether each of the last messages of a campaign that came to an end was not known to be taken, the oldest first: of
    /// those since a person let it go on, at most `most`. One that was being handed over when the program was stopped says nothing
    /// of the server, and is passed over.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn recent_failures(&self, campaign: i64, most: usize) -> Result<Vec<bool>, WorkspaceError> {
        let name: String = self.read(|connection| {
            connection.query_row("SELECT name FROM campaigns WHERE id = ?1", [campaign], |row| row.get(0))
        })?;
        let resumed = self.audit_of(&name)?.into_iter().rev().find(|entry| entry.action == "resume");
        let since = resumed.map_or(i64::MIN, |entry| entry.at);
        let mut last = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT state <> 'accepted' FROM sends WHERE campaign = ?1 AND at >= ?2 \
                 AND (state IN ('accepted', 'failed') OR state = 'unknown' AND detail IS NOT ?4) \
                 ORDER BY at DESC, id DESC LIMIT ?3",
            )?;
            let rows = statement
                .query_map(params![campaign, since, most as i64, STOPPED_WHILE_HANDING], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<Vec<bool>>>()
        })?;
        last.reverse();
        Ok(last)
    }

    /// What was sent to a customer in all campaigns, the last first: the campaign's name with each line.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn sends_to(&self, customer: &str) -> Result<Vec<(String, Send)>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("{SELECT_NAMED} WHERE customer = ?1 ORDER BY sends.id DESC"))?;
            let rows = statement.query_map([customer], |row| Ok((row.get(15)?, send(row)?)))?;
            rows.collect()
        })
    }

    /// How many messages of each arm are in each state.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn tally(&self, campaign: i64) -> Result<Tally, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT arm, state, COUNT(*) FROM sends WHERE campaign = ?1 GROUP BY arm, state",
            )?;
            let mut tally = Tally::new();
            let mut rows = statement.query([campaign])?;
            while let Some(row) = rows.next()? {
                let state = SendState::named(row.get_ref(1)?.as_str()?).unwrap_or(SendState::Unknown);
                tally.entry(row.get(0)?).or_default().insert(state, count(row, 2)?);
            }
            Ok(tally)
        })
    }
}

/// The columns that [`send`] reads.
macro_rules! columns {
    () => {
        "SELECT sends.id, customer, segment, arm, channel, address, language, content, coupon, sends.state, attempts, \
         not_before, sends.at, detail, message_id"
    };
}
pub(super) use columns;
const SELECT: &str = concat!(columns!(), " FROM sends");
const SELECT_NAMED: &str =
    concat!(columns!(), ", campaigns.name FROM sends JOIN campaigns ON campaigns.id = sends.campaign");

pub(super) fn send(row: &Row<'_>) -> rusqlite::Result<Send> {
    Ok(Send {
        id: row.get(0)?,
        customer: row.get(1)?,
        segment: row.get(2)?,
        arm: row.get(3)?,
        channel: row.get(4)?,
        address: row.get(5)?,
        language: row.get(6)?,
        content: row.get(7)?,
        coupon: row.get(8)?,
        state: SendState::named(row.get_ref(9)?.as_str()?).unwrap_or(SendState::Unknown),
        attempts: row.get(10)?,
        not_before: row.get(11)?,
        at: row.get(12)?,
        detail: row.get(13)?,
        message_id: row.get(14)?,
    })
}

fn apply(transaction: &Transaction<'_>, change: &Change, at: i64) -> rusqlite::Result<()> {
    match change {
        Change::Handing { id, message_id } => {
            transaction
                .prepare_cached(
                    "UPDATE sends SET state = 'handing', message_id = ?2, attempts = attempts + 1, at = ?3 \
                     WHERE id = ?1 AND state = 'intended'",
                )?
                .execute(params![id, message_id, at])?;
        }
        Change::Accepted { id, detail } => {
            turn(transaction, *id, SendState::Accepted, detail, at)?;
            give_out(transaction, *id, at)?;
        }
        Change::Unknown { id, detail } => {
            turn(transaction, *id, SendState::Unknown, detail, at)?;
            give_out(transaction, *id, at)?;
        }
        Change::Failed { id, detail } => {
            turn(transaction, *id, SendState::Failed, detail, at)?;
            // Nobody has seen it: a code of a pool can be given to somebody else, one that was made is void.
            transaction
                .prepare_cached(
                    "UPDATE campaign_coupons SET state = CASE WHEN pool IS NULL THEN 'returned' ELSE 'free' END, \
                     customer = NULL, campaign = CASE WHEN pool IS NULL THEN campaign END, at = ?2 \
                     WHERE state = 'reserved' AND code = (SELECT coupon FROM sends WHERE id = ?1)",
                )?
                .execute(params![id, at])?;
            transaction
                .prepare_cached(
                    "UPDATE sends SET coupon = NULL WHERE id = ?1 AND coupon NOT IN \
                     (SELECT code FROM campaign_coupons WHERE state IN ('committed', 'redeemed'))",
                )?
                .execute([id])?;
        }
        Change::Again { id, not_before, detail } => {
            transaction
                .prepare_cached(
                    "UPDATE sends SET state = 'intended', attempts = attempts + (state = 'intended'), not_before = ?2, \
                     detail = ?3, at = ?4 WHERE id = ?1 AND state IN ('intended', 'handing', 'unknown')",
                )?
                .execute(params![id, not_before, detail, at])?;
        }
        Change::Back { id } => {
            transaction
                .prepare_cached(
                    "UPDATE sends SET state = 'intended', attempts = MAX(attempts - (state = 'handing'), 0), at = ?2 \
                     WHERE id = ?1 AND state IN ('handing', 'unknown')",
                )?
                .execute(params![id, at])?;
        }
    }
    Ok(())
}

/// The code of a message is in a customer's hands, or may be.
fn give_out(transaction: &Transaction<'_>, id: i64, at: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE campaign_coupons SET state = 'committed', at = ?2 WHERE state = 'reserved' \
             AND code = (SELECT coupon FROM sends WHERE id = ?1)",
        )?
        .execute(params![id, at])?;
    Ok(())
}

fn turn(
    transaction: &Transaction<'_>,
    id: i64,
    state: SendState,
    detail: &str,
    at: i64,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE sends SET state = ?2, detail = ?3, at = ?4, attempts = MAX(attempts, 1) \
             WHERE id = ?1 AND state IN ('intended', 'handing', 'unknown')",
        )?
        .execute(params![id, state.name(), detail, at])?;
    Ok(())
}
