//! What came back, read again: of a whole campaign, or of one customer.

use rusqlite::{Row, params};

use super::Kind;
use crate::workspace::WorkspaceError;
use crate::workspace::store::Store;

/// Something that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackAnswer {
    /// The message of the ledger that it answers, where that is known.
    pub send: Option<i64>,
    pub customer: Option<String>,
    pub kind: Kind,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Number of the link that was opened.
    pub link: Option<u32>,
    /// Done by a mail filter, not by a person.
    pub scanner: bool,
    pub rating: Option<i64>,
    pub text: Option<String>,
}

const ANSWER: &str = "SELECT feedback.send, COALESCE(feedback.customer, sends.customer), feedback.kind, feedback.at, \
                      feedback.link, feedback.scanner, feedback.rating, feedback.text \
                      FROM feedback LEFT JOIN sends ON sends.id = feedback.send";

impl Store {
    /// What came back on a campaign's messages, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn answers(&self, campaign: i64) -> Result<Vec<FeedbackAnswer>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("{ANSWER} WHERE sends.campaign = ?1 ORDER BY feedback.id"))?;
            let rows = statement.query_map(params![campaign], answer)?;
            rows.filter_map(Result::transpose).collect()
        })
    }

    /// What came back from a customer, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn answers_of(&self, customer: &str) -> Result<Vec<FeedbackAnswer>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "{ANSWER} WHERE feedback.customer = ?1 OR sends.customer = ?1 ORDER BY feedback.id"
            ))?;
            let rows = statement.query_map(params![customer], answer)?;
            rows.filter_map(Result::transpose).collect()
        })
    }
}

/// `None`: of a kind that this program does not know.
fn answer(row: &Row<'_>) -> rusqlite::Result<Option<FeedbackAnswer>> {
    let kind = row.get_ref(2)?.as_str()?;
    let Some(kind) = Kind::ALL.into_iter().find(|known| known.name() == kind) else { return Ok(None) };
    Ok(Some(FeedbackAnswer {
        send: row.get(0)?,
        customer: row.get(1)?,
        kind,
        at: row.get(3)?,
        link: row.get(4)?,
        scanner: row.get(5)?,
        rating: row.get(6)?,
        text: row.get(7)?,
    }))
}
