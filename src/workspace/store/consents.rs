//! What customers said of being written to: a history, of which the last word counts over the shop's files.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use super::Store;
use crate::data::Channel;
use crate::workspace::WorkspaceError;

/// One word of a customer about one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consent {
    pub customer: String,
    /// `email`, `sms` or `push`.
    pub channel: String,
    pub consent: bool,
    /// Milliseconds since 1970, UTC.
    pub at: i64,
    /// Where it was said: `page`, `one-click`, `webhook`, `import`, `mailbox`.
    pub source: String,
}

impl Store {
    /// Everything that a customer said, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn consents_of(&self, customer: &str) -> Result<Vec<Consent>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT customer, channel, consent, at, source FROM consents WHERE customer = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([customer], |row| {
                Ok(Consent {
                    customer: row.get(0)?,
                    channel: row.get(1)?,
                    consent: row.get(2)?,
                    at: row.get(3)?,
                    source: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }

    /// The last word of everybody who said one, in the order of [`Channel::ALL`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn last_consents(&self) -> Result<HashMap<String, [Option<bool>; 3]>, WorkspaceError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT customer, channel, consent FROM consents ORDER BY id")?;
            let mut rows = statement.query([])?;
            let mut last: HashMap<String, [Option<bool>; 3]> = HashMap::new();
            while let Some(row) = rows.next()? {
                if let Some(channel) = channel(row.get_ref(1)?.as_str()?) {
                    last.entry(row.get(0)?).or_default()[channel as usize] = Some(row.get(2)?);
                }
            }
            Ok(last)
        })
    }

    /// The last word of one customer, in the order of [`Channel::ALL`].
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn last_consents_of(&self, customer: &str) -> Result<[Option<bool>; 3], WorkspaceError> {
        self.read(|connection| last(connection, customer))
    }
}

pub(super) fn channel(name: &str) -> Option<Channel> {
    Channel::ALL.into_iter().find(|channel| channel.name() == name)
}

pub(super) fn last(connection: &Connection, customer: &str) -> rusqlite::Result<[Option<bool>; 3]> {
    let mut statement =
        connection.prepare_cached("SELECT channel, consent FROM consents WHERE customer = ?1 ORDER BY id")?;
    let mut rows = statement.query([customer])?;
    let mut last = [None; 3];
    while let Some(row) = rows.next()? {
        if let Some(channel) = channel(row.get_ref(0)?.as_str()?) {
            last[channel as usize] = Some(row.get(1)?);
        }
    }
    Ok(last)
}

/// Adds a word, unless the customer's last one was the same. Whether it was added.
pub(super) fn add(
    transaction: &Transaction<'_>,
    customer: &str,
    channel: Channel,
    consent: bool,
    at: i64,
    source: &str,
) -> rusqlite::Result<bool> {
    if last(transaction, customer)?[channel as usize] == Some(consent) {
        return Ok(false);
    }
    transaction
        .prepare_cached(
            "INSERT INTO consents (customer, channel, consent, at, source) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![customer, channel.name(), consent, at, source])?;
    Ok(true)
}
