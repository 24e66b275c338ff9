//! The audit: who did what, each entry sealed together with the one before it.
//!
//! An entry is never changed: the database refuses it, and a change made past the database breaks the chain of hashes
//! at that place. Entries cut off at the end leave a whole chain behind: the count of all that were ever added and the campaigns that were
//! launched tell of them, and the hash of the last entry, noted elsewhere, tells of it whatever else was changed.

use rusqlite::{Transaction, params};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Store;
use crate::workspace::WorkspaceError;

/// What the first entry has in place of the hash of the one before.
const ORIGIN: &str = "";

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    pub id: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Name of the person, or `perennial`.
    pub actor: String,
    /// `approve`, `launch`, `pause`, ...
    pub action: String,
    /// What it was done to: a campaign's name, for instance.
    pub subject: String,
    pub document: Value,
    /// SHA-256 in 64 hexadecimal digits.
    pub hash: String,
}

/// Where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Number of the entry.
    pub id: i64,
    pub reason: String,
}

/// What an entry is about, before it has its place in the chain.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    pub at: i64,
    pub actor: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub document: &'a Value,
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn note(&mut self, deed: Deed<'_>) -> Result<(), WorkspaceError> {
        self.write(|transaction| note(transaction, deed))
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn audit(&self) -> Result<Vec<AuditEntry>, WorkspaceError> {
        Ok(self.audit_rows()?.into_iter().map(|row| row.entry).collect())
    }

    /// The entries about one subject, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn audit_of(&self, subject: &str) -> Result<Vec<AuditEntry>, WorkspaceError> {
        let mut entries = self.audit()?;
        entries.retain(|entry| entry.subject == subject);
        Ok(entries)
    }

    /// Follows the chain from its start: the number of entries and the last one's hash, or the first place where it
    /// is broken.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn verify_audit(&self) -> Result<Result<(usize, String), Broken>, WorkspaceError> {
        let rows = self.audit_rows()?;
        let (mut last, mut number) = (ORIGIN.to_owned(), 0);
        for row in &rows {
            let entry = &row.entry;
            let broken = |reason: &str| Ok(Err(Broken { id: entry.id, reason: reason.to_owned() }));
            if entry.id != number + 1 {
                return broken("the entry before it is missing");
            }
            if row.previous != last {
                return broken("it does not follow the entry before it");
            }
            let deed = Deed {
                at: entry.at,
                actor: &entry.actor,
                action: &entry.action,
                subject: &entry.subject,
                document: &entry.document,
            };
            if entry.hash != hash(&last, deed, &row.text) {
                return broken("what it says is not what was written");
            }
            last.clone_from(&entry.hash);
            number = entry.id;
        }
        if let Some(reason) = self.missing_at_the_end(number)? {
            return Ok(Err(Broken { id: number + 1, reason }));
        }
        Ok(Ok((rows.len(), last)))
    }

    /// What else in the database says that entries stood after the last one that is there: the count of rows that were ever added,
    /// and campaigns, each of which was launched by somebody.
    fn missing_at_the_end(&self, last: i64) -> Result<Option<String>, WorkspaceError> {
        self.read(|connection| {
            let ever: i64 = connection.query_row(
                "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'audit'",
                [],
                |row| row.get(0),
            )?;
            if ever > last {
                return Ok(Some(format!("it is missing, and so is all up to entry {ever}: they were cut off at the end")));
            }
            let unlaunched: Option<String> = connection.query_row(
                "SELECT MIN(name) FROM campaigns WHERE name NOT IN (SELECT subject FROM audit WHERE action = 'launch')",
                [],
                |row| row.get(0),
            )?;
            Ok(unlaunched.map(|name| format!("the campaign {name} was launched, and no entry says so")))
        })
    }

    fn audit_rows(&self) -> Result<Vec<Row>, WorkspaceError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, at, actor, action, subject, document, previous, hash FROM audit ORDER BY id",
            )?;
            let rows = statement.query_map([], |row| {
                let text: String = row.get(5)?;
                Ok(Row {
                    entry: AuditEntry {
                        id: row.get(0)?,
                        at: row.get(1)?,
                        actor: row.get(2)?,
                        action: row.get(3)?,
                        subject: row.get(4)?,
                        document: serde_json::from_str(&text).unwrap_or(Value::Null),
                        hash: row.get(7)?,
                    },
                    previous: row.get(6)?,
                    text,
                })
            })?;
            rows.collect()
        })
    }
}

struct Row {
    entry: AuditEntry,
    previous: String,
    /// The document as it stands in the database.
    text: String,
}

/// Adds an entry within a transaction that does what it tells of.
pub(super) fn note(transaction: &Transaction<'_>, deed: Deed<'_>) -> rusqlite::Result<()> {
    let text = deed.document.to_string();
    let last: Option<(i64, String)> = transaction
        .prepare_cached("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .next()
        .transpose()?;
    let (id, previous) = last.map_or((1, ORIGIN.to_owned()), |(id, hash)| (id + 1, hash));
    let hash = hash(&previous, deed, &text);
    transaction
        .prepare_cached(
            "INSERT INTO audit (id, at, actor, action, subject, document, previous, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![id, deed.at, deed.actor, deed.action, deed.subject, text, previous, hash])?;
    Ok(())
}

fn hash(previous: &str, deed: Deed<'_>, document: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"perennial audit 1\n");
    hash.update(deed.at.to_le_bytes());
    for text in [previous, deed.actor, deed.action, deed.subject, document] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use serde_json::json;

    use super::*;

    fn store(folder: &std::path::Path) -> Store {
        let mut store = Store::open(&folder.join("perennial.db")).unwrap();
        for (at, action) in [(1, "plan"), (2, "approve"), (3, "launch")] {
            let document = json!({ "number": at });
            store.note(Deed { at, actor: "author", action, subject: "spring", document: &document }).unwrap();
        }
        store
    }

    #[test]
    fn a_chain_that_nobody_touched_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let (count, last) = store.verify_audit().unwrap().unwrap();
        assert_eq!(count, 3);
        assert_eq!(store.audit().unwrap()[2].hash, last);
        assert_eq!(store.audit_of("summer").unwrap(), []);
    }

    #[test]
    fn every_change_past_the_program_is_found_at_its_place() {
        let changes = [
            ("UPDATE audit SET document = '{\"number\":9}' WHERE id = 2", 2),
            ("UPDATE audit SET at = 9 WHERE id = 1", 1),
            ("UPDATE audit SET actor = 'nobody' WHERE id = 3", 3),
            ("UPDATE audit SET hash = 'ab' WHERE id = 1", 1),
            ("DELETE FROM audit WHERE id = 2", 3),
            ("DELETE FROM audit WHERE id = 1", 2),
            ("DELETE FROM audit WHERE id = 3", 3),
            ("DELETE FROM audit", 1),
            (
                "DELETE FROM audit; DELETE FROM sqlite_sequence; INSERT INTO campaigns (name, plan, fingerprint, arms, \
                 launched_at, state) VALUES ('spring', '', '', '[]', 1, 'done')",
                1,
            ),
        ];
        for (change, place) in changes {
            let folder = tempfile::tempdir().unwrap();
            let store = store(folder.path());
            let connection = Connection::open(folder.path().join("perennial.db")).unwrap();
            assert!(connection.execute_batch(change).is_err(), "the database refuses: {change}");
            connection.execute_batch("DROP TRIGGER audit_stays; DROP TRIGGER audit_is_kept;").unwrap();
            connection.execute_batch(change).unwrap();
            let broken = store.verify_audit().unwrap().unwrap_err();
            assert_eq!(broken.id, place, "{change}: {}", broken.reason);
        }
    }
}
