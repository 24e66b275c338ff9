//! The ledger beside what came back: which messages were accepted and bounced all the same, and which were answered.

use std::collections::BTreeMap;

use rusqlite::params;
use serde::Serialize;

use super::feedback::Kind;
use super::ledger::{self, Send};
use super::{Store, count};
use crate::workspace::WorkspaceError;

/// A line of the ledger, with what came back to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    #[serde(flatten)]
    pub send: Send,
    /// Each kind once, in the order of [`Kind::ALL`]; what mail filters did is left out.
    pub came_back: Vec<Kind>,
}

impl LedgerLine {
    /// `accepted`, or `bounced` where the message came back after it was.
    #[must_use]
    pub fn state(&self) -> &'static str {
        if self.bounced() { Kind::Bounced.name() } else { self.send.state.name() }
    }

    /// Whether it was accepted, and came back.
    #[must_use]
    pub fn bounced(&self) -> bool {
        self.came_back.contains(&Kind::Bounced)
    }
}

/// How many messages each kind of answer came back to, without what mail filters did.
pub type CameBack = BTreeMap<Kind, u64>;

impl Store {
    /// Lines of the ledger whose customer, address, coupon code, Message-ID, state, detail or answers hold a text, at most `most`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn find_sends(
        &self,
        campaign: i64,
        text: &str,
        most: usize,
    ) -> Result<Vec<LedgerLine>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(concat!(
                ledger::columns!(),
                ", (SELECT group_concat(DISTINCT kind) FROM feedback WHERE send = sends.id AND scanner = 0) AS came_back \
                 FROM sends WHERE campaign = ?1 AND (?2 = '' OR instr(lower(customer || ' ' || COALESCE(address, '') || ' ' || \
                 COALESCE(coupon, '') || ' ' || COALESCE(message_id, '') || ' ' || state || ' ' || arm || ' ' || \
                 COALESCE(detail, '') || ' ' || COALESCE(came_back, '')), lower(?2)) > 0) ORDER BY id LIMIT ?3"
            ))?;
            let rows = statement.query_map(params![campaign, text, most as i64], |row| {
                let kinds: Option<String> = row.get(15)?;
                let is_there = |kind: &Kind| {
                    kinds.as_deref().is_some_and(|kinds| kinds.split(',').any(|name| name == kind.name()))
                };
                let came_back = Kind::ALL.into_iter().filter(is_there).collect();
                Ok(LedgerLine { send: ledger::send(row)?, came_back })
            })?;
            rows.collect()
        })
    }

    /// How many messages of a campaign each kind of answer came back to.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn came_back(&self, campaign: i64) -> Result<CameBack, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT kind, COUNT(DISTINCT send) FROM feedback JOIN sends ON sends.id = send \
                 WHERE sends.campaign = ?1 AND scanner = 0 GROUP BY kind",
            )?;
            let mut counted = CameBack::new();
            let mut rows = statement.query([campaign])?;
            while let Some(row) = rows.next()? {
                if let Some(kind) = Kind::named(row.get_ref(0)?.as_str()?) {
                    counted.insert(kind, count(row, 1)?);
                }
            }
            Ok(counted)
        })
    }
}
