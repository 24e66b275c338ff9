//! Coupon codes that were given out.

use rusqlite::params;

use super::Store;
use crate::workspace::WorkspaceError;

/// A code and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    pub code: String,
    pub strategy: String,
    pub customer: String,
}

impl Store {
    /// Notes the codes as given out; those that were given to the same customer for the same strategy before are
    /// passed over. The number of new ones.
    ///
    /// # Errors
    /// A code that is somebody else's: nothing is noted then. The database cannot be written.
    pub fn reserve_coupons(&mut self, coupons: &[Coupon], at: i64) -> Result<usize, WorkspaceError> {
        let mut taken = None;
        let reserved = self.write(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO coupons (code, strategy, customer, reserved_at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO NOTHING",
            )?;
            let mut known =
                transaction.prepare_cached("SELECT strategy, customer FROM coupons WHERE code = ?1")?;
            let mut reserved = 0;
            for coupon in coupons {
                if insert.execute(params![coupon.code, coupon.strategy, coupon.customer, at])? == 1 {
                    reserved += 1;
                    continue;
                }
                let (strategy, customer): (String, String) =
                    known.query_row([&coupon.code], |row| Ok((row.get(0)?, row.get(1)?)))?;
                if strategy != coupon.strategy || customer != coupon.customer {
                    taken = Some(coupon.clone());
                    // Leaves the transaction without a commit.
                    return Err(rusqlite::Error::StatementChangedRows(0));
                }
            }
            Ok(reserved)
        });
        match taken {
            Some(coupon) => Err(WorkspaceError::Nothing(format!(
                "the code {} for customer {} ({}) clashes with one given out before. Export again with another seed.",
                coupon.code, coupon.customer, coupon.strategy
            ))),
            None => reserved,
        }
    }

    /// The codes that a customer was given for a strategy, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn coupons_of(&self, strategy: &str, customer: &str) -> Result<Vec<String>, WorkspaceError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT code FROM coupons WHERE strategy = ?1 AND customer = ?2 ORDER BY rowid",
                )?
                .query_map(params![strategy, customer], |row| row.get(0))?
                .collect()
        })
    }
}
