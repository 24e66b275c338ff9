//! Coupon codes of campaigns: taken from a pool or made here, reserved for one message, and never shown twice.
//!
//! ```text
//! free (pool) --> reserved (in a message) --> committed (taken, or perhaps taken) --> redeemed
//!    ^                 |
//!    +-----------------+   failed for good, or cancelled: back to the pool
//!                          (a code that was made here is void: `returned`)
//! ```

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;

use super::{Owed, Store, count};
use crate::review::coupon::{self, Recipient};
use crate::workspace::WorkspaceError;

/// Where codes come from.
#[derive(Clone, Debug)]
pub enum CodeSource<'a> {
    /// Made here from a secret seed; the name is the campaign's.
    Made { seed: u64, name: &'a str },
    /// Taken from a pool that was imported.
    Pool(&'a str),
}

/// Codes of one pool by what became of them; those that were made here have no pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolCount {
    pub pool: Option<String>,
    /// Free to be given out; of a count that knows what is owed ([`PoolCount::owing`]), to anybody.
    pub free: u64,
    /// Owed to messages of launched campaigns that have none yet.
    pub owed: u64,
    /// Free, and past their day.
    pub expired: u64,
    pub reserved: u64,
    pub committed: u64,
    /// Of those, and of the used ones, in the last 30 days.
    pub recent: u64,
    pub returned: u64,
    pub redeemed: u64,
    /// Of those given out and not used, how many are past their day.
    pub lapsed: u64,
    /// Of the used ones, how many were told to be used after their day.
    pub late: u64,
    /// The next moment at which codes that are free or given out end: milliseconds since 1970-01-01 UTC.
    pub next_end: Option<i64>,
}

impl PoolCount {
    /// The same with what is owed, which is not free any more.
    #[must_use]
    pub fn owing(mut self, owed: &[Owed]) -> Self {
        let of_this = |one: &&Owed| self.pool.as_ref() == Some(&one.pool);
        self.owed = owed.iter().filter(of_this).map(|one| one.codes).sum();
        self.free = self.free.saturating_sub(self.owed);
        self
    }

    /// Days until the free codes are gone, at the pace of the last 30 days; `None`: none was given out in them, or the codes are
    /// made here.
    #[must_use]
    pub fn days_left(&self) -> Option<f64> {
        (self.pool.is_some() && self.recent > 0).then(|| self.free as f64 / (self.recent as f64 / 30.0))
    }
}

/// What became of one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeLine {
    pub code: String,
    /// `None` for those that were made here.
    pub pool: Option<String>,
    /// `free`, `reserved`, `committed` (given out), `returned` or `redeemed`.
    pub state: String,
    pub customer: Option<String>,
    /// Name of the campaign.
    pub campaign: Option<String>,
    /// When it came into this state, and until when it holds: milliseconds since 1970-01-01 UTC.
    pub at: i64,
    pub expires_at: Option<i64>,
}

/// Unknown codes that are named.
const NAMED: usize = 5;

/// What became of codes that were said to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Redeemed {
    /// For the first time.
    pub redeemed: u64,
    /// They were noted as used before.
    pub again: u64,
    /// They are known, and were given to nobody.
    pub not_given_out: u64,
    pub unknown: u64,
    /// The first few of the unknown ones.
    pub unknown_codes: Vec<String>,
    /// Of the ones used for the first time, how many are past their last day.
    pub late: u64,
}

/// What an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub added: u64,
    /// They were known already.
    pub known: u64,
}

impl Store {
    /// Reserves a code for each of these lines of the ledger that has none, in their order. All or none. `until`: the first
    /// moment after the offer; a code that ends before it is not taken, and one that is made here ends with it.
    ///
    /// # Errors
    /// The pool has too few; the database cannot be written.
    pub fn reserve_codes(
        &mut self,
        campaign: i64,
        source: &CodeSource<'_>,
        sends: &[(i64, &str)],
        until: Option<i64>,
        at: i64,
    ) -> Result<Vec<String>, WorkspaceError> {
        self.write(|transaction| {
            let codes = match source {
                CodeSource::Made { seed, name } => {
                    make(transaction, campaign, (*seed, name), sends, until, at)?
                }
                CodeSource::Pool(pool) => match take(transaction, campaign, pool, sends, until, at)? {
                    Ok(codes) => codes,
                    Err(free) => {
                        return Ok(Err(WorkspaceError::Nothing(format!(
                            "the coupon pool {pool} has {free} codes left that hold as long as the offer, and {} are needed. Import more with `perennial \
                             coupons import {pool} FILE`, and resume.",
                            sends.len()
                        ))));
                    }
                },
            };
            let mut update = transaction.prepare_cached("UPDATE sends SET coupon = ?2 WHERE id = ?1")?;
            for ((id, _), code) in sends.iter().zip(&codes) {
                update.execute(params![id, code])?;
            }
            Ok(Ok(codes))
        })?
    }

    /// Adds codes to a pool. One that is known already, in whatever pool, stays as it is.
    ///
    /// # Errors
    /// The database cannot be written: no code is added then.
    pub fn import_codes<'a>(
        &mut self,
        pool: &str,
        codes: impl Iterator<Item = (&'a str, Option<i64>)>,
        at: i64,
    ) -> Result<Imported, WorkspaceError> {
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO campaign_coupons (code, pool, state, expires_at, at) \
                 SELECT ?1, ?2, 'free', ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM coupons WHERE code = ?1) \
                 ON CONFLICT (code) DO NOTHING",
            )?;
            let mut imported = Imported::default();
            for (code, expires) in codes {
                match insert.execute(params![code, pool, expires, at])? {
                    0 => imported.known += 1,
                    _ => imported.added += 1,
                }
            }
            Ok(imported)
        })
    }

    /// Marks codes as used by a customer.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn redeem_codes<'a>(
        &mut self,
        codes: impl Iterator<Item = &'a str>,
        at: i64,
    ) -> Result<Redeemed, WorkspaceError> {
        self.write(|transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE campaign_coupons SET state = 'redeemed', at = ?2 \
                 WHERE code = ?1 AND state IN ('committed', 'reserved') RETURNING expires_at",
            )?;
            let mut known =
                transaction.prepare_cached("SELECT state FROM campaign_coupons WHERE code = ?1")?;
            let mut told = Redeemed::default();
            for code in codes {
                let used: Option<Option<i64>> =
                    update.query_row(params![code, at], |row| row.get(0)).optional()?;
                if let Some(ends) = used {
                    told.redeemed += 1;
                    told.late += u64::from(ends.is_some_and(|ends| ends <= at));
                    continue;
                }
                let state: Option<String> = known.query_row([code], |row| row.get(0)).optional()?;
                match state.as_deref() {
                    None => {
                        told.unknown += 1;
                        if told.unknown_codes.len() < NAMED {
                            told.unknown_codes.push(code.to_owned());
                        }
                    }
                    Some("redeemed") => told.again += 1,
                    Some(_) => told.not_given_out += 1,
                }
            }
            Ok(told)
        })
    }

    /// What became of each code; of one pool or one campaign, where they are named.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn codes(&self, pool: Option<&str>, campaign: Option<&str>) -> Result<Vec<CodeLine>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT o.code, o.pool, o.state, o.customer, c.name, o.at, o.expires_at FROM campaign_coupons o \
                 LEFT JOIN campaigns c ON c.id = o.campaign WHERE (?1 IS NULL OR o.pool = ?1) \
                 AND (?2 IS NULL OR c.name = ?2) ORDER BY o.rowid",
            )?;
            let rows = statement.query_map(params![pool, campaign], |row| {
                Ok(CodeLine {
                    code: row.get(0)?,
                    pool: row.get(1)?,
                    state: row.get(2)?,
                    customer: row.get(3)?,
                    campaign: row.get(4)?,
                    at: row.get(5)?,
                    expires_at: row.get(6)?,
                })
            })?;
            rows.collect()
        })
    }

    /// How many codes are in which state, by pool.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn pools(&self, now: i64) -> Result<Vec<PoolCount>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT pool, SUM(state = 'free' AND (expires_at IS NULL OR expires_at > ?1)), \
                 SUM(state = 'free' AND expires_at <= ?1), SUM(state = 'reserved'), SUM(state = 'committed'), \
                 SUM(state = 'returned'), SUM(state = 'redeemed'), \
                 SUM(state IN ('committed', 'redeemed') AND at > ?1 - 2592000000), \
                 SUM(state = 'committed' AND expires_at <= ?1), SUM(state = 'redeemed' AND expires_at <= at), \
                 MIN(CASE WHEN state IN ('free', 'committed') AND expires_at > ?1 THEN expires_at END) \
                 FROM campaign_coupons GROUP BY pool ORDER BY pool",
            )?;
            let rows = statement.query_map([now], |row| {
                Ok(PoolCount {
                    pool: row.get(0)?,
                    free: count(row, 1)?,
                    owed: 0,
                    expired: count(row, 2)?,
                    reserved: count(row, 3)?,
                    committed: count(row, 4)?,
                    returned: count(row, 5)?,
                    redeemed: count(row, 6)?,
                    recent: count(row, 7)?,
                    lapsed: count(row, 8)?,
                    late: count(row, 9)?,
                    next_end: row.get(10)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Codes of a campaign that customers have used.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn redeemed(&self, campaign: i64) -> Result<HashSet<String>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT code FROM campaign_coupons WHERE campaign = ?1 AND state = 'redeemed'",
            )?;
            let rows = statement.query_map([campaign], |row| row.get(0))?;
            rows.collect()
        })
    }
}

const RESERVE: &str = "INSERT INTO campaign_coupons (code, campaign, customer, state, at, expires_at) \
     SELECT ?1, ?2, ?3, 'reserved', ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM coupons WHERE code = ?1) \
     ON CONFLICT (code) DO NOTHING";

fn make(
    transaction: &Transaction<'_>,
    campaign: i64,
    (seed, name): (u64, &str),
    sends: &[(i64, &str)],
    until: Option<i64>,
    at: i64,
) -> rusqlite::Result<Vec<String>> {
    let recipients: Vec<Recipient<'_>> =
        sends.iter().map(|&(_, customer)| Recipient { strategy: name, customer }).collect();
    let mut codes = coupon::codes(seed, &recipients);
    let mut insert = transaction.prepare_cached(RESERVE)?;
    for (code, recipient) in codes.iter_mut().zip(&recipients) {
        let mut attempt = 0;
        while insert.execute(params![*code, campaign, recipient.customer, at, until])? == 0 {
            // Somebody else was given it once, or this customer's first one is void.
            attempt += 1;
            *code = coupon::drawn_again(seed, recipient, attempt);
        }
    }
    Ok(codes)
}

/// Codes from a pool, or how many it has where they are too few.
fn take(
    transaction: &Transaction<'_>,
    campaign: i64,
    pool: &str,
    sends: &[(i64, &str)],
    until: Option<i64>,
    at: i64,
) -> rusqlite::Result<Result<Vec<String>, usize>> {
    let mut select = transaction.prepare_cached(
        "SELECT code FROM campaign_coupons WHERE pool = ?1 AND state = 'free' \
         AND (expires_at IS NULL OR expires_at >= ?2) ORDER BY expires_at IS NULL, expires_at, rowid LIMIT ?3",
    )?;
    let codes: Vec<String> = select
        .query_map(params![pool, until.unwrap_or(0).max(at + 1), sends.len() as i64], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if codes.len() < sends.len() {
        return Ok(Err(codes.len()));
    }
    let mut update = transaction.prepare_cached(
        "UPDATE campaign_coupons SET state = 'reserved', campaign = ?2, customer = ?3, at = ?4 WHERE code = ?1",
    )?;
    for (code, (_, customer)) in codes.iter().zip(sends) {
        update.execute(params![code, campaign, customer, at])?;
    }
    Ok(Ok(codes))
}
