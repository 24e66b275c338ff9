//! Events and addresses from files: the same as webhooks tell, as CSV or NDJSON; lists of suppressed addresses.
//!
//! In: a file and the database. Out: how many rows were kept, repeated, unknown and refused. The rows go in by
//! thousands, each thousand whole or not at all; a file that was read before changes nothing.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use super::event::{channel, event};
use super::hook::Counts;
use super::{DoorError, named, now};
use crate::jobs::Task;
use crate::workspace::{
    EVERY_CHANNEL, FeedbackEvent, Reason, Source, Store, Suppression, ToSuppress, kind_of, may_be_address,
};

/// Rows of one transaction.
const AT_ONCE: usize = 1_000;
/// Why a hash is of no use.
const OTHER_KEY: &str =
    "it has only a hash, made with another project's key, which matches nobody here: give the address";
/// Bytes of a line of NDJSON.
const LONGEST_LINE: usize = 1 << 20;

/// Reads a file of events. `scanner_seconds` is the setting.
///
/// # Errors
/// A file that cannot be read, a database that cannot be written, or interrupted: what was counted before is kept.
pub fn events(
    store: &mut Store,
    file: &Path,
    currency: Option<&str>,
    scanner_seconds: i64,
    task: &Task<'_>,
) -> Result<Counts, DoorError> {
    let received_at = now();
    let mut counts = Counts::default();
    let mut waiting: Vec<FeedbackEvent> = Vec::with_capacity(AT_ONCE);
    let mut flush = |waiting: &mut Vec<FeedbackEvent>, counts: &mut Counts| -> Result<(), DoorError> {
        let taken = store.take_events(waiting, Source::Import, received_at, scanner_seconds * 1000)?;
        counts.add(&taken);
        waiting.clear();
        Ok(())
    };
    rows(file, |row| {
        counts.received += 1;
        match row.and_then(|row| event(&row, None, received_at, currency)) {
            Ok(event) => waiting.push(event),
            Err(why) => counts.refuse(counts.received, why),
        }
        if waiting.len() == AT_ONCE {
            task.check()?;
            task.progress("keeping events", counts.received as u64, None);
            flush(&mut waiting, &mut counts)?;
        }
        Ok(())
    })?;
    flush(&mut waiting, &mut counts)?;
    Ok(counts)
}

/// Reads a list of addresses that are to be written to no more: with a column `address` (or `email`, `phone`), and
/// perhaps `channel`, `reason` and `at`; or one that this project gave out, with `address_hash` and the mark of its `key`. A hash
/// of another project's key would match nobody, and is refused.
///
/// # Errors
/// As [`events`].
pub fn suppressions(store: &mut Store, file: &Path) -> Result<Counts, DoorError> {
    let source = format!("import {}", file.file_name().unwrap_or_default().to_string_lossy());
    let mut counts = Counts::default();
    let (mut addresses, mut hashes) = (Vec::new(), Vec::new());
    let mark = store.address_key_mark()?;
    let read_at = now();
    rows(file, |row| {
        counts.received += 1;
        let place = counts.received;
        let row = match row {
            Ok(row) => row,
            Err(why) => {
                counts.refuse(place, why);
                return Ok(());
            }
        };
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| row.get(*name));
            found.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let every = text(&["channel"]).is_some_and(|name| name.eq_ignore_ascii_case(EVERY_CHANNEL));
        let named_channel = text(&["channel"]).and_then(|name| channel(&name));
        if text(&["channel"]).is_some() && named_channel.is_none() && !every {
            counts.refuse(place, "its channel is not email, sms, push or all".into());
            return Ok(());
        }
        let reason = Reason::of(&text(&["reason"]).unwrap_or_default());
        let at = row.get("at").and_then(super::event::moment).unwrap_or(read_at).min(read_at);
        match (text(&["address", "email", "phone"]), text(&["address_hash"])) {
            (Some(address), _) => {
                let kind = named_channel.unwrap_or_else(|| kind_of(&address));
                if may_be_address(kind, &address) {
                    addresses.push((every, named_channel, address, reason, at));
                } else {
                    let shown: String = address.chars().filter(|c| !c.is_control()).take(60).collect();
                    counts.refuse(place, format!("\"{shown}\" is no address of {}", kind.words()));
                }
            }
            (None, Some(hash)) if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                match text(&["key"]) {
                    Some(key) if !key.eq_ignore_ascii_case(&mark) => {
                        counts.refuse(place, OTHER_KEY.into());
                        return Ok(());
                    }
                    Some(_) => {}
                    // Written before lists told of their key.
                    None => counts.unproved += 1,
                }
                hashes.push(Suppression {
                    channel: text(&["channel"]).unwrap_or_else(|| EVERY_CHANNEL.into()).to_lowercase(),
                    address_hash: hash.to_lowercase(),
                    address: None,
                    reason: reason.name().into(),
                    at,
                    source: source.clone(),
                });
            }
            _ => counts.refuse(place, "it has no address".into()),
        }
        Ok(())
    })?;
    let listed: Vec<ToSuppress<'_>> = addresses
        .iter()
        .map(|(every, channel, address, reason, at)| {
            let kind = channel.unwrap_or_else(|| kind_of(address));
            let channel = (!every).then_some(kind);
            ToSuppress { channel, kind, address, reason: *reason, at: *at, source: &source }
        })
        .collect();
    let new = store.suppress(&listed)? + store.restore_suppressions(&hashes)?;
    counts.kept = new;
    counts.repeated = listed.len() + hashes.len() - new;
    Ok(counts)
}

type Row = Map<String, Value>;

/// Each row of a file: CSV with a head, a list of addresses without one, or NDJSON.
fn rows(
    file: &Path,
    mut each: impl FnMut(Result<Row, String>) -> Result<(), DoorError>,
) -> Result<(), DoorError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        DoorError::Unusable(format!("{} cannot be read: {error}. Give a file of CSV or NDJSON.", named(file)))
    };
    let mut reader = BufReader::new(File::open(file).map_err(|error| unreadable(&error))?);
    let begins = reader.fill_buf().map_err(|error| unreadable(&error))?;
    let begins = begins.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begins);
    let first = begins.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    if first == Some(b'{') {
        for line in reader.split(b'\n') {
            let line = line.map_err(|error| unreadable(&error))?;
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            each(if line.len() > LONGEST_LINE {
                Err("the line is too long".into())
            } else {
                serde_json::from_slice::<Row>(line)
                    .map_err(|error| format!("this is no object of JSON: {error}"))
            })?;
        }
        return Ok(());
    }
    let mut table = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(reader);
    let head: Vec<String> = table
        .headers()
        .map_err(|error| unreadable(&error))?
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').to_lowercase())
        .collect();
    // A bare list of addresses: what seems to be its head is the first of them.
    let bare = head.len() == 1 && head[0].contains(|c: char| c == '@' || c.is_ascii_digit());
    let names = if bare { vec!["address".to_owned()] } else { head.clone() };
    if bare {
        each(Ok(Row::from_iter([("address".to_owned(), Value::from(head[0].clone()))])))?;
    }
    for record in table.records() {
        each(match record {
            Ok(record) => Ok(names
                .iter()
                .zip(record.iter())
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(name, cell)| (name.clone(), Value::from(cell)))
                .collect()),
            Err(error) => Err(format!("the row cannot be read: {error}")),
        })?;
    }
    Ok(())
}
