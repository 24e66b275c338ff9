//! Coupon codes that were given out: a code is one customer's for ever, and a customer keeps it.

use std::collections::{HashMap, HashSet};

use rusqlite::{Transaction, params};

use super::Store;
use crate::review::coupon::{self, Recipient};
use crate::workspace::WorkspaceError;

/// Room for the pages of the table while a million codes are noted, in KiB.
const CACHE: i64 = 131_072;

impl Store {
    /// A code for each recipient, in their order, noted as given out. Whoever had a code for the strategy before has
    /// it again, whatever the seed; a new code is one that nobody was ever given here. Recipients must differ from
    /// each other.
    ///
    /// # Errors
    /// The database cannot be written: no code is noted then.
    pub fn give_coupons(
        &mut self,
        seed: u64,
        recipients: &[Recipient<'_>],
        at: i64,
    ) -> Result<Vec<String>, WorkspaceError> {
        if recipients.is_empty() {
            return Ok(Vec::new());
        }
        self.write(|transaction| {
            transaction.pragma_update(None, "cache_size", -CACHE)?;
            let mut codes = known(transaction, recipients)?;
            let lacking: Vec<usize> = (0..codes.len()).filter(|&place| codes[place].is_empty()).collect();
            let without: Vec<Recipient<'_>> =
                lacking.iter().map(|&place| recipients[place].clone()).collect();
            let drawn = coupon::codes(seed, &without);
            // In the order of the codes, so that the pages of their index are written one after the other.
            let mut order: Vec<(String, usize)> = drawn.into_iter().zip(lacking).collect();
            order.sort_unstable();
            let mut insert = transaction.prepare_cached(
                "INSERT INTO coupons (code, strategy, customer, reserved_at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (code) DO NOTHING",
            )?;
            for (mut code, place) in order {
                let recipient = &recipients[place];
                let mut attempt = 0;
                while insert.execute(params![code, recipient.strategy, recipient.customer, at])? == 0 {
                    // Somebody else was given it once.
                    attempt += 1;
                    code = coupon::drawn_again(seed, recipient, attempt);
                }
                codes[place] = code;
            }
            Ok(codes)
        })
    }
}

/// The codes that recipients have already; an empty text for those who have none.
fn known(transaction: &Transaction<'_>, recipients: &[Recipient<'_>]) -> rusqlite::Result<Vec<String>> {
    let strategies: HashSet<&str> = recipients.iter().map(|recipient| recipient.strategy).collect();
    let mut codes = vec![String::new(); recipients.len()];
    let mut select = transaction
        .prepare_cached("SELECT customer, code FROM coupons WHERE strategy = ?1 ORDER BY rowid")?;
    for strategy in strategies {
        let mut of_customer: HashMap<String, String> = HashMap::new();
        let mut rows = select.query([strategy])?;
        while let Some(row) = rows.next()? {
            of_customer.entry(row.get(0)?).or_insert(row.get(1)?);
        }
        if of_customer.is_empty() {
            continue;
        }
        for (recipient, code) in recipients.iter().zip(&mut codes) {
            if recipient.strategy == strategy
                && let Some(known) = of_customer.remove(recipient.customer)
            {
                *code = known;
            }
        }
    }
    Ok(codes)
}
