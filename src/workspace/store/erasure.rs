//! What is known about a customer in the database, and how all of it goes.
//!
//! An erasure leaves the ledger countable: the customer's rows stay, under a hash whose salt nobody has kept, without
//! address and words. The addresses stay suppressed as keyed hashes. What was deleted is gone from the file, too: the
//! database is written anew, and its log is emptied.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::audit::{Deed, note};
use super::suppressions::{self, Reason, ToSuppress, address_hash};
use super::{STOPPED_WHILE_HANDING, Secret, SecretName, Store};
use crate::data::Channel;
use crate::workspace::WorkspaceError;

/// What stands in the place of a name in a draft.
const GONE: &str = "…";

/// Who is meant: as the database knows a customer, and as the shop's files do.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    pub customer: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub addresses: Vec<(Channel, String)>,
}

impl Identity {
    /// The words by which somebody is known from everybody else: whole names and addresses.
    fn telling(&self) -> Vec<String> {
        let mut words: Vec<String> = self.addresses.iter().map(|(_, address)| address.clone()).collect();
        if let (Some(first), Some(last)) = (&self.first_name, &self.last_name) {
            words.extend([format!("{first} {last}"), format!("{last}{first}"), format!("{last}, {first}")]);
        }
        words.retain(|word| word.chars().count() >= 2);
        words
    }
}

/// What the hash that stands in the ledger for an erased customer begins with.
pub const ERASED: &str = "erased:";

/// What an erasure changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    pub sends: usize,
    /// Of them, those that had not gone out yet and will not.
    pub cancelled: usize,
    pub feedback: usize,
    pub consents: usize,
    pub coupons: usize,
    pub drafts: usize,
    /// Addresses that stay suppressed.
    pub suppressed: usize,
    /// Entries of the audit that name the customer: nothing can be taken out of it.
    pub audit: usize,
    /// Whether the bytes are gone from the file; not where another program has the database open.
    pub wiped: bool,
}

impl Store {
    /// Everything about a customer, as an object: sends, feedback, consents, suppressions, coupons, and the drafts that
    /// show the customer's name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn known_of(&mut self, who: &Identity) -> Result<Value, WorkspaceError> {
        let key = self.secret(SecretName::Addresses)?;
        self.read(|connection| {
            let customer = &who.customer;
            let all = |sql: &str| objects(connection, sql, params![customer]);
            let mut known = Map::new();
            let mut put = |name: &str, rows: Vec<Value>| known.insert(name.to_owned(), rows.into());
            put(
                "sends",
                all("SELECT s.id, c.name AS campaign, s.step, s.segment, s.arm, s.channel, s.address, s.language, \
                     s.content, s.coupon, s.state, s.attempts, s.at, s.detail, s.message_id \
                     FROM sends s LEFT JOIN campaigns c ON c.id = s.campaign WHERE s.customer = ?1 ORDER BY s.id")?,
            );
            put(
                "left_out",
                all("SELECT c.name AS campaign, l.segment, l.step FROM left_out l \
                     LEFT JOIN campaigns c ON c.id = l.campaign WHERE l.customer = ?1 ORDER BY l.id")?,
            );
            put(
                "feedback",
                all("SELECT id, at, received_at, kind, send, channel, link, rating, text, amount, currency, scanner, \
                     source FROM feedback WHERE customer = ?1 \
                     OR send IN (SELECT id FROM sends WHERE customer = ?1) ORDER BY id")?,
            );
            put(
                "consents",
                all("SELECT channel, consent, at, source FROM consents WHERE customer = ?1 ORDER BY id")?,
            );
            let mut coupons =
                all("SELECT code, strategy, reserved_at AS at FROM coupons WHERE customer = ?1 ORDER BY code")?;
            coupons.extend(all(
                "SELECT code, pool, state, expires_at, at FROM campaign_coupons WHERE customer = ?1 ORDER BY code",
            )?);
            put("coupons", coupons);
            let mut suppressed = Vec::new();
            for (kind, address) in addresses(connection, who)? {
                suppressed.extend(objects(
                    connection,
                    "SELECT channel, address, reason, at, source FROM suppressions WHERE address_hash = ?1",
                    params![address_hash(&key, kind, &address)],
                )?);
            }
            put("suppressions", suppressed);
            let mut drafts = Vec::new();
            for (id, document) in drafts_about(connection, who)? {
                let mut shown = Map::new();
                shown.insert("draft".into(), id.into());
                for part in ["strategy", "fields", "text"] {
                    shown.insert(part.into(), document[part].clone());
                }
                drafts.push(Value::Object(shown));
            }
            put("drafts", drafts);
            Ok(Value::Object(known))
        })
    }

    /// Erases a customer, and notes that somebody was erased: under the hash that stands in the ledger, without a name.
    /// Called again it finds less to do and does no harm.
    ///
    /// # Errors
    /// The database cannot be written: nothing is erased then.
    pub fn erase(&mut self, who: &Identity, at: i64, actor: &str) -> Result<Erased, WorkspaceError> {
        let key = self.secret(SecretName::Addresses)?;
        // Made for this one hash, and thrown away with it.
        let nobody = format!("{ERASED}{}", &Secret::random()?.hash(&who.customer)[..32]);
        self.read(|connection| connection.pragma_update(None, "secure_delete", true))?;
        let mut erased = self.write(|transaction| {
            let erased = erase(transaction, &key, who, &nobody, at)?;
            let document =
                json!({ "sends": erased.sends, "drafts": erased.drafts, "suppressed": erased.suppressed });
            let subject = nobody.as_str();
            note(transaction, Deed { at, actor, action: "erase", subject, document: &document })?;
            Ok(erased)
        })?;
        erased.wiped = self.read(|connection| {
            let emptied = |connection: &Connection| {
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
            };
            let before = emptied(connection)?;
            // Another program that reads keeps the old pages in its view: the file stays as it is until it is closed.
            let anew = connection.execute_batch("VACUUM");
            Ok(anew.is_ok() && emptied(connection)? + before == 0)
        })?;
        Ok(erased)
    }
}

fn erase(
    transaction: &Transaction<'_>,
    key: &Secret,
    who: &Identity,
    nobody: &str,
    at: i64,
) -> rusqlite::Result<Erased> {
    let customer = &who.customer;
    let mut erased = Erased::default();
    // The shop's own id stands for a customer who takes push messages, and for one who comes back in the shop's files
    // under another address.
    let mut known = addresses(transaction, who)?;
    known.push((Channel::Push, customer.clone()));
    for (kind, address) in &known {
        let reason = Reason::Erased;
        let one = ToSuppress { channel: None, kind: *kind, address, reason, at, source: "erasure" };
        suppressions::suppress(transaction, key, &one)?;
        transaction.execute(
            "UPDATE suppressions SET address = NULL WHERE address_hash = ?1",
            params![address_hash(key, *kind, address)],
        )?;
    }
    erased.suppressed = known.len();
    erased.drafts = rewrite_drafts(transaction, who)?;
    let change = |sql: &str| transaction.execute(sql, params![nobody, customer]);
    erased.feedback = change(
        "UPDATE feedback SET customer = ?1, \
         text = CASE WHEN kind = 'bounced' THEN substr(text, 1, instr(text || ' ', ' ') - 1) END \
         WHERE customer = ?2 OR send IN (SELECT id FROM sends WHERE customer = ?2)",
    )?;
    erased.cancelled = transaction.execute(
        "UPDATE sends SET state = 'cancelled' WHERE customer = ?1 AND state = 'intended'",
        params![customer],
    )?;
    // What we say ourselves holds nobody's data, and is asked for later.
    erased.sends = transaction.execute(
        "UPDATE sends SET customer = ?1, address = NULL, coupon = NULL, message_id = NULL, \
         detail = CASE WHEN detail = ?3 THEN detail END WHERE customer = ?2",
        params![nobody, customer, STOPPED_WHILE_HANDING],
    )?;
    change("UPDATE left_out SET customer = ?1 WHERE customer = ?2")?;
    erased.consents = change("UPDATE consents SET customer = ?1 WHERE customer = ?2")?;
    erased.coupons = change("UPDATE coupons SET customer = ?1 WHERE customer = ?2")?
        + transaction
            .execute("UPDATE campaign_coupons SET customer = NULL WHERE customer = ?1", params![customer])?;
    erased.audit = audit_entries(transaction, who)?;
    Ok(erased)
}

/// The addresses in the shop's files and in the ledger, each once.
fn addresses(connection: &Connection, who: &Identity) -> rusqlite::Result<Vec<(Channel, String)>> {
    let mut found = who.addresses.clone();
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT channel, address FROM sends WHERE customer = ?1 AND address IS NOT NULL",
    )?;
    let mut rows = statement.query([&who.customer])?;
    while let Some(row) = rows.next()? {
        if let Some(channel) = super::consents::channel(row.get_ref(0)?.as_str()?) {
            found.push((channel, row.get(1)?));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The drafts that show the customer: as the example whose names the fields have, or by an address or a whole name
/// anywhere.
fn drafts_about(connection: &Connection, who: &Identity) -> rusqlite::Result<Vec<(i64, Value)>> {
    let telling = who.telling();
    let mut statement = connection.prepare_cached("SELECT id, document FROM drafts ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(1)?.as_str()?;
        let Ok(document) = serde_json::from_str::<Value>(text) else { continue };
        let field = |name: &str| document["fields"][name].as_str();
        let names = match (&who.first_name, &who.last_name) {
            (Some(first), last) => {
                field("first_name") == Some(first)
                    && field("last_name").is_none_or(|known| Some(known) == last.as_deref())
            }
            (None, Some(last)) => field("first_name").is_none() && field("last_name") == Some(last),
            (None, None) => false,
        };
        let decisions: i64 = if names || telling.is_empty() {
            0
        } else {
            let mut about = connection.prepare_cached("SELECT document FROM decisions WHERE draft = ?1")?;
            let texts = about.query_map([row.get::<_, i64>(0)?], |row| row.get::<_, String>(0))?;
            let mut named = 0;
            for text in texts {
                let text = text?;
                named += i64::from(telling.iter().any(|word| text.contains(word.as_str())));
            }
            named
        };
        if names || decisions > 0 || telling.iter().any(|word| text.contains(word.as_str())) {
            found.push((row.get(0)?, document));
        }
    }
    Ok(found)
}

fn rewrite_drafts(transaction: &Transaction<'_>, who: &Identity) -> rusqlite::Result<usize> {
    let mut words = who.telling();
    words.extend(who.first_name.iter().chain(&who.last_name).cloned());
    // The longest first: a whole name is one gap, not two.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let telling = who.telling();
    let about = drafts_about(transaction, who)?;
    for (id, mut document) in about.clone() {
        transaction.execute("INSERT OR IGNORE INTO erasing (draft) VALUES (?1)", [id])?;
        for part in ["fields", "text"] {
            without(&mut document[part], &words);
        }
        without(&mut document, &telling);
        transaction
            .execute("UPDATE drafts SET document = ?2 WHERE id = ?1", params![id, document.to_string()])?;
        let decisions: Vec<(i64, String)> = transaction
            .prepare_cached("SELECT id, document FROM decisions WHERE draft = ?1")?
            .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (decision, text) in decisions {
            let Ok(mut said) = serde_json::from_str::<Value>(&text) else { continue };
            let before = said.clone();
            without(&mut said, &telling);
            if said != before {
                transaction.execute(
                    "UPDATE decisions SET document = ?2 WHERE id = ?1",
                    params![decision, said.to_string()],
                )?;
            }
        }
    }
    transaction.execute("DELETE FROM erasing", [])?;
    Ok(about.len())
}

/// Takes words out of every text of a document; within a longer word they are another's.
fn without(value: &mut Value, words: &[String]) {
    match value {
        Value::String(text) => {
            for word in words {
                *text = replaced(text, word);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| without(value, words)),
        Value::Object(fields) => fields.values_mut().for_each(|value| without(value, words)),
        _ => {}
    }
}

fn replaced(text: &str, word: &str) -> String {
    // Scripts without spaces have no ends of words.
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && (c as u32) < 0x2e80);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        let within = joins(text[..at].chars().next_back()) && joins(word.chars().next())
            || joins(text[end..].chars().next()) && joins(word.chars().next_back());
        if !within && at >= from {
            out.push_str(&text[from..at]);
            out.push_str(GONE);
            from = end;
        }
    }
    out + &text[from..]
}

fn audit_entries(connection: &Connection, who: &Identity) -> rusqlite::Result<usize> {
    let mut words = who.telling();
    words.push(who.customer.clone());
    let mut statement = connection.prepare_cached("SELECT subject, document FROM audit")?;
    let mut rows = statement.query([])?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        let (subject, document) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
        // As a whole value: the id 1 stands in every number.
        let named =
            |word: &String| subject == word || document.contains(&Value::from(word.as_str()).to_string());
        found += usize::from(words.iter().any(named));
    }
    Ok(found)
}

/// Rows as objects under the names of their columns.
fn objects(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Value>> {
    let mut statement = connection.prepare_cached(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (column, name) in names.iter().enumerate() {
            let value = match row.get_ref(column)? {
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
                ValueRef::Null | ValueRef::Blob(_) => Value::Null,
            };
            object.insert(name.clone(), value);
        }
        found.push(Value::Object(object));
    }
    Ok(found)
}
