//! What a pool of coupon codes has for an offer, once what is owed to others is set aside.
//!
//! In: a pool, the end of an offer, and what launched campaigns owe to messages that have no code yet: a code is reserved only
//! when its message is made. Out: a [`Stock`].

use rusqlite::params;
use serde::Serialize;

use super::{Store, count};
use crate::workspace::WorkspaceError;

/// Codes that a launched campaign still needs from a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    pub pool: String,
    pub codes: u64,
    /// The first moment after its offer, up to which its codes must hold; `None`: it has no end. Milliseconds since 1970-01-01
    /// UTC.
    pub until: Option<i64>,
}

/// What a pool has for an offer; codes that are owed to others are not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stock {
    /// Codes that hold today.
    pub free: u64,
    /// Of those, how many hold as long as the offer does.
    pub lasting: u64,
    /// When the first of the others ends: milliseconds since 1970-01-01 UTC.
    pub first_end: Option<i64>,
    /// Owed to other campaigns.
    pub owed: u64,
}

/// How many free codes end at a moment (`None`: never).
type Ending = (Option<i64>, u64);

impl Store {
    /// What a pool has for an offer that ends before the moment `until` (`None`: it has no end), with what is `owed` set aside.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stock(
        &self,
        pool: &str,
        until: Option<i64>,
        owed: &[Owed],
        now: i64,
    ) -> Result<Stock, WorkspaceError> {
        let mut endings = self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT expires_at, COUNT(*) FROM campaign_coupons WHERE pool = ?1 AND state = 'free' \
                 AND (expires_at IS NULL OR expires_at > ?2) GROUP BY expires_at \
                 ORDER BY expires_at IS NULL, expires_at",
            )?;
            let rows = statement.query_map(params![pool, now], |row| Ok((row.get(0)?, count(row, 1)?)))?;
            rows.collect::<rusqlite::Result<Vec<Ending>>>()
        })?;
        let mut all = 0;
        for one in owed.iter().filter(|one| one.pool == pool) {
            set_aside(&mut endings, one);
            all += one.codes;
        }
        let left = || endings.iter().filter(|(_, codes)| *codes > 0);
        let lasts = |end: Option<i64>| lasts(end, until);
        Ok(Stock {
            free: left().map(|(_, codes)| codes).sum(),
            lasting: left().filter(|(end, _)| lasts(*end)).map(|(_, codes)| codes).sum(),
            first_end: left().find(|(end, _)| !lasts(*end)).and_then(|(end, _)| *end),
            owed: all,
        })
    }

    /// Messages of a campaign that are to go out and have no code yet.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn without_code(&self, campaign: i64) -> Result<u64, WorkspaceError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT COUNT(*) FROM sends WHERE campaign = ?1 AND state = 'intended' AND coupon IS NULL",
                )?
                .query_row([campaign], |row| count(row, 0))
        })
    }
}

fn lasts(end: Option<i64>, until: Option<i64>) -> bool {
    end.is_none_or(|end| until.is_none_or(|until| end >= until))
}

/// Takes codes as they will be taken: of those that hold as long as the offer, the ones that end first.
fn set_aside(endings: &mut [Ending], owed: &Owed) {
    let mut wanted = owed.codes;
    for (_, codes) in endings.iter_mut().filter(|(end, _)| lasts(*end, owed.until)) {
        let taken = wanted.min(*codes);
        *codes -= taken;
        wanted -= taken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_taken_as_it_will_be_and_the_rest_is_the_stock() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("perennial.db")).unwrap();
        let codes = [("a", Some(10)), ("b", Some(20)), ("c", Some(20)), ("d", Some(30)), ("e", None)];
        store.import_codes("big", codes.into_iter(), 1).unwrap();
        let owed = |codes, until| Owed { pool: "big".into(), codes, until };
        let stock = |until, owed: &[Owed]| store.stock("big", until, owed, 1).unwrap();
        assert_eq!(stock(Some(20), &[]), Stock { free: 5, lasting: 4, first_end: Some(10), owed: 0 });
        // Two that must hold until 15 are b and c; then d and e last until 20.
        assert_eq!(
            stock(Some(20), &[owed(2, Some(15))]),
            Stock { free: 3, lasting: 2, first_end: Some(10), owed: 2 }
        );
        // One without an end takes a, and one that must last takes from what this offer needs.
        let both = [owed(1, None), owed(1, Some(30))];
        assert_eq!(stock(Some(20), &both), Stock { free: 3, lasting: 3, first_end: None, owed: 2 });
        assert_eq!(
            stock(Some(20), &[owed(9, None)]),
            Stock { free: 0, lasting: 0, first_end: None, owed: 9 }
        );
        let elsewhere = Owed { pool: "small".into(), codes: 4, until: None };
        assert_eq!(stock(None, &[elsewhere]).free, 5);
        let count = store.pools(1).unwrap().remove(0).owing(&[owed(2, None), owed(1, Some(15))]);
        assert_eq!((count.free, count.owed), (2, 3));
    }
}
