//! What came back, as it is read again for results and for a customer's time line.

use rusqlite::params;

use super::Store;
use crate::workspace::WorkspaceError;

/// A row of feedback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackLine {
    /// When it happened: milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// `delivered`, `clicked`, ...
    pub kind: String,
    /// The line of the ledger that it answers.
    pub send: Option<i64>,
    pub customer: Option<String>,
    /// A machine did it, such as a mail server that opens every link.
    pub scanner: bool,
    pub rating: Option<i64>,
    pub text: Option<String>,
}

macro_rules! columns {
    () => {
        "SELECT feedback.at, kind, send, feedback.customer, scanner, rating, text FROM feedback "
    };
}

impl Store {
    /// What came back to a campaign's messages, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn feedback_of(&self, campaign: i64) -> Result<Vec<FeedbackLine>, WorkspaceError> {
        self.listed(
            concat!(columns!(), "JOIN sends ON sends.id = send WHERE sends.campaign = ?1 ORDER BY feedback.at, feedback.id"),
            params![campaign],
        )
    }

    /// What a customer answered to whatever message, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn feedback_from(&self, customer: &str) -> Result<Vec<FeedbackLine>, WorkspaceError> {
        self.listed(
            concat!(
                columns!(),
                "LEFT JOIN sends ON sends.id = send WHERE feedback.customer = ?1 OR sends.customer = ?1 \
                 ORDER BY feedback.at, feedback.id"
            ),
            params![customer],
        )
    }

    fn listed(&self, query: &str, of: &[&dyn rusqlite::ToSql]) -> Result<Vec<FeedbackLine>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map(of, |row| {
                Ok(FeedbackLine {
                    at: row.get(0)?,
                    kind: row.get(1)?,
                    send: row.get(2)?,
                    customer: row.get(3)?,
                    scanner: row.get(4)?,
                    rating: row.get(5)?,
                    text: row.get(6)?,
                })
            })?;
            rows.collect()
        })
    }
}
