//! The forms that the database has had. A step is never changed once it has been given to people: a new one is
//! added at the end. `PRAGMA user_version` says how many steps a database has behind it.

use rusqlite::{Connection, TransactionBehavior};

pub(super) const STEPS: [&str; 1] = [
    // 1: drafts, the log of decisions, coupons.
    "
    CREATE TABLE templates (
        version TEXT PRIMARY KEY,       -- as in the drafts
        strategy TEXT NOT NULL,
        source TEXT NOT NULL            -- the strategy's file
    ) STRICT;
    CREATE TABLE drafts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        made_at INTEGER NOT NULL,       -- milliseconds since 1970-01-01 UTC, as all times
        strategy TEXT NOT NULL,
        strategy_version TEXT NOT NULL REFERENCES templates (version),
        segment TEXT NOT NULL,
        document TEXT NOT NULL          -- the whole draft as JSON
    ) STRICT;
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        draft INTEGER NOT NULL REFERENCES drafts (id),
        at INTEGER NOT NULL,
        author TEXT NOT NULL,
        undoes INTEGER UNIQUE REFERENCES decisions (id),
        document TEXT NOT NULL          -- the decision as JSON
    ) STRICT;
    CREATE INDEX decisions_by_draft ON decisions (draft, id);
    CREATE TABLE coupons (
        code TEXT PRIMARY KEY,
        strategy TEXT NOT NULL,
        customer TEXT NOT NULL,
        reserved_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX coupons_by_customer ON coupons (strategy, customer);

    CREATE TRIGGER drafts_stay BEFORE UPDATE ON drafts BEGIN SELECT RAISE(ABORT, 'drafts are only added'); END;
    CREATE TRIGGER drafts_are_kept BEFORE DELETE ON drafts BEGIN SELECT RAISE(ABORT, 'drafts are only added'); END;
    CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
        BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
    CREATE TRIGGER decisions_are_kept BEFORE DELETE ON decisions
        BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
    ",
];

/// The form that this program writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Brings the database to this program's form; the form that it has now, which may be a newer one.
pub(super) fn run(connection: &mut Connection) -> rusqlite::Result<i64> {
    let form =
        |connection: &Connection| connection.pragma_query_value(None, "user_version", |row| row.get(0));
    let found: i64 = form(connection)?;
    if found >= VERSION {
        return Ok(found);
    }
    // Another program may be at it too: look again, now that nobody else can write.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = form(&transaction)?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    if found < VERSION {
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(found.max(VERSION))
}
