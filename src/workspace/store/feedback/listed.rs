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
    /// Number of the link that was opened.
    pub link: Option<u32>,
}

/// An order that the shop told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldOrder {
    pub customer: String,
    /// The id that it has in the shop.
    pub order: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Minor units.
    pub amount: Option<i64>,
    pub currency: Option<String>,
}

macro_rules! columns {
    () => {
        "SELECT feedback.at, kind, send, feedback.customer, scanner, rating, text, link FROM feedback "
    };
}

impl Store {
    /// What came back to a campaign's messages, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn feedback_of(&self, campaign: i64) -> Result<Vec<FeedbackLine>, WorkspaceError> {
        self.listed(
            concat!(
                columns!(),
                "JOIN sends ON sends.id = send WHERE sends.campaign = ?1 ORDER BY feedback.at, feedback.id"
            ),
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

    /// The orders told of since a moment by whoever is in a campaign's ledger, held out or not, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn told_orders(&self, campaign: i64, since: i64) -> Result<Vec<ToldOrder>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT customer, text, at, amount, currency FROM feedback \
                 WHERE kind = 'ordered' AND at >= ?2 \
                 AND EXISTS (SELECT 1 FROM sends WHERE sends.campaign = ?1 AND sends.customer = feedback.customer) \
                 ORDER BY at, id",
            )?;
            let rows = statement.query_map(params![campaign, since], |row| {
                Ok(ToldOrder {
                    customer: row.get(0)?,
                    order: row.get(1)?,
                    at: row.get(2)?,
                    amount: row.get(3)?,
                    currency: row.get(4)?,
                })
            })?;
            rows.collect()
        })
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
                    link: row.get(7)?,
                })
            })?;
            rows.collect()
        })
    }
}
