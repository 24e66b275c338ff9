//! Who was left out of a campaign before its launch, and at which step: so that the funnel can be opened afterwards too.

use rusqlite::{Transaction, params};

use super::Store;
use crate::workspace::WorkspaceError;

/// A member of a campaign's segments who is neither in an arm nor held out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub customer: String,
    pub segment: String,
    /// The step of the funnel.
    pub step: String,
}

impl Store {
    /// Who was left out of a campaign, in the order of its audience. Nobody, where an older program launched it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn left_out(&self, campaign: i64) -> Result<Vec<LeftOut>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT customer, segment, step FROM left_out WHERE campaign = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([campaign], |row| {
                Ok(LeftOut { customer: row.get(0)?, segment: row.get(1)?, step: row.get(2)? })
            })?;
            rows.collect()
        })
    }
}

pub(super) fn insert<'a>(
    transaction: &Transaction<'_>,
    campaign: i64,
    left_out: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) -> rusqlite::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO left_out (campaign, customer, segment, step) VALUES (?1, ?2, ?3, ?4)")?;
    for (customer, segment, step) in left_out {
        insert.execute(params![campaign, customer, segment, step])?;
    }
    Ok(())
}
