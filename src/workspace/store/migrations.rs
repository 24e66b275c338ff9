//! The forms that the database has had. A step is never changed once it has been given to people: a new one is
//! added at the end. `PRAGMA user_version` says how many steps a database has behind it.

use rusqlite::{Connection, TransactionBehavior};

pub(super) const STEPS: [&str; 3] = [
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
    // 2: campaigns, the ledger of sends, what comes back, suppression and consent.
    "
    CREATE TABLE secrets (              -- 32 random bytes each: assignment, links, addresses, message-id
        name TEXT PRIMARY KEY,
        key BLOB NOT NULL
    ) STRICT;
    CREATE TABLE audit (                -- who did what; each row's hash covers the one before it
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        document TEXT NOT NULL,         -- JSON
        previous TEXT NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    CREATE TABLE campaigns (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,      -- of campaigns/NAME.toml
        plan TEXT NOT NULL,             -- the plan's file as launched
        fingerprint TEXT NOT NULL,      -- what was approved
        arms TEXT NOT NULL,             -- JSON: name, draft, share of each
        launched_at INTEGER NOT NULL,
        ended_at INTEGER,
        state TEXT NOT NULL             -- sending, paused, done, cancelled, stopped
    ) STRICT;
    CREATE TABLE sends (                -- the ledger: one row per customer in the plan, the holdout too
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        campaign INTEGER NOT NULL REFERENCES campaigns (id),
        step INTEGER NOT NULL,
        customer TEXT NOT NULL,
        segment TEXT NOT NULL,
        arm TEXT NOT NULL,              -- the arm's name, or holdout
        channel TEXT NOT NULL,          -- email, sms, push
        address TEXT,                   -- none for the holdout and after an erasure
        language TEXT NOT NULL,
        content TEXT NOT NULL,          -- SHA-256 (hexadecimal) of the arm's approved content
        coupon TEXT,
        state TEXT NOT NULL,            -- holdout, intended, handing, accepted, failed, unknown, skipped, cancelled
        attempts INTEGER NOT NULL DEFAULT 0,
        not_before INTEGER,
        at INTEGER NOT NULL,
        detail TEXT,
        message_id TEXT,                -- without angle brackets
        UNIQUE (campaign, step, customer)
    ) STRICT;
    CREATE INDEX sends_by_state ON sends (campaign, state);
    CREATE INDEX sends_by_customer ON sends (customer);
    CREATE INDEX sends_by_address ON sends (address COLLATE NOCASE) WHERE address IS NOT NULL;
    CREATE INDEX sends_by_message ON sends (message_id) WHERE message_id IS NOT NULL;
    CREATE TABLE links (                -- where the numbered links of a campaign's messages lead
        campaign INTEGER NOT NULL,
        number INTEGER NOT NULL,
        url TEXT NOT NULL,
        PRIMARY KEY (campaign, number)
    ) STRICT;
    CREATE TABLE feedback (             -- what came back; only added, but for erasures and marks of scanners
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,            -- when it happened
        received_at INTEGER NOT NULL,
        kind TEXT NOT NULL,             -- delivered, bounced, complained, unsubscribed, clicked, replied, rated,
                                        -- ordered, preferences
        send INTEGER REFERENCES sends (id),
        customer TEXT,
        channel TEXT,
        link INTEGER,
        rating INTEGER,
        text TEXT,
        amount INTEGER,                 -- minor units
        currency TEXT,
        scanner INTEGER NOT NULL DEFAULT 0,
        source TEXT NOT NULL,           -- page, one-click, webhook, import, mailbox
        key TEXT UNIQUE                 -- the same event told twice is one row
    ) STRICT;
    CREATE INDEX feedback_by_send ON feedback (send, kind);
    CREATE INDEX feedback_by_customer ON feedback (customer) WHERE customer IS NOT NULL;
    CREATE TABLE suppressions (         -- by keyed hash of the address, so that they outlive an erasure
        channel TEXT NOT NULL,          -- email, sms, push, all
        address_hash TEXT NOT NULL,
        address TEXT,                   -- none after an erasure
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (channel, address_hash)
    ) STRICT;
    CREATE TABLE consents (             -- a history; the last word counts over the shop's files
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        customer TEXT NOT NULL,
        channel TEXT NOT NULL,
        consent INTEGER NOT NULL,
        at INTEGER NOT NULL,
        source TEXT NOT NULL
    ) STRICT;
    CREATE INDEX consents_by_customer ON consents (customer, channel, id);
    CREATE TABLE campaign_coupons (
        code TEXT PRIMARY KEY,
        campaign INTEGER,
        pool TEXT,
        customer TEXT,
        state TEXT NOT NULL,            -- free, reserved, committed, returned, redeemed
        expires_at INTEGER,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX campaign_coupons_by_state ON campaign_coupons (pool, state);
    CREATE INDEX campaign_coupons_by_customer ON campaign_coupons (customer) WHERE customer IS NOT NULL;

    CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
    CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
    CREATE TRIGGER sends_are_kept BEFORE DELETE ON sends BEGIN SELECT RAISE(ABORT, 'sends are kept'); END;
    CREATE TRIGGER feedback_stays BEFORE UPDATE OF at, received_at, kind, link, rating, amount, currency, source
        ON feedback BEGIN SELECT RAISE(ABORT, 'feedback is only added'); END;
    CREATE TRIGGER feedback_is_kept BEFORE DELETE ON feedback
        BEGIN SELECT RAISE(ABORT, 'feedback is only added'); END;

    -- A draft and the decisions about it are rewritten for one purpose alone: a customer who is erased and who stands
    -- in them as an example. Within the transaction of the erasure the draft's number is in this table, and never
    -- outside of it.
    CREATE TABLE erasing (draft INTEGER PRIMARY KEY) STRICT;
    DROP TRIGGER drafts_stay;
    CREATE TRIGGER drafts_stay BEFORE UPDATE ON drafts
        WHEN NEW.id IS NOT OLD.id OR NEW.made_at IS NOT OLD.made_at OR NEW.strategy IS NOT OLD.strategy
            OR NEW.strategy_version IS NOT OLD.strategy_version OR NEW.segment IS NOT OLD.segment
            OR NOT EXISTS (SELECT 1 FROM erasing WHERE draft = OLD.id)
        BEGIN SELECT RAISE(ABORT, 'drafts are only added'); END;
    DROP TRIGGER decisions_stay;
    CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
        WHEN NEW.id IS NOT OLD.id OR NEW.draft IS NOT OLD.draft OR NEW.at IS NOT OLD.at
            OR NEW.author IS NOT OLD.author OR NEW.undoes IS NOT OLD.undoes
            OR NOT EXISTS (SELECT 1 FROM erasing WHERE draft = OLD.draft)
        BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
    ",
    // 3: who was left out of a campaign.
    "
    CREATE TABLE left_out (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        campaign INTEGER NOT NULL REFERENCES campaigns (id),
        customer TEXT NOT NULL,
        segment TEXT NOT NULL,
        step TEXT NOT NULL              -- of the funnel
    ) STRICT;
    CREATE INDEX left_out_by_campaign ON left_out (campaign);
    CREATE INDEX left_out_by_customer ON left_out (customer);
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
