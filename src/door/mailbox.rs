//! The mailbox that bounces, complaints and replies come back to.
//!
//! In: a Maildir, or a folder of messages as files, and the database. Out: what was in it and what became of it. The
//! folder is only read: a message that was read before changes nothing. Anybody may write to a mailbox, so a notice
//! counts only about a message of the ledger: that whose Message-ID it carries, or the last to its address within 30
//! days.

mod notice;

use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::notice::Notice;
use super::{Counts, DoorError, named, now};
use crate::jobs::Task;
use crate::workspace::{FeedbackEvent, Source, Store};

/// Bytes of a message; a longer one is no bounce.
const LONGEST: u64 = 10 << 20;
/// Events of one transaction.
const AT_ONCE: usize = 1_000;

/// What was in a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files that were read.
    pub messages: usize,
    pub bounces: usize,
    pub complaints: usize,
    pub replies: usize,
    /// Mails that ask for no more messages by their subject; replies that do so in words are among the replies.
    pub unsubscribes: usize,
    /// That a message waits, or has arrived.
    pub waits: usize,
    /// Of no meaning here: newsletters, holidays, what answers by itself.
    pub others: usize,
    /// Too long, or cannot be read; the first of them by name.
    pub unreadable: usize,
    pub unreadable_files: Vec<String>,
    /// What became of the events in them.
    pub events: Counts,
}

/// Reads a mailbox.
///
/// # Errors
/// A folder that cannot be read, a database that cannot be written, or interrupted: what was kept before stays.
pub fn read(store: &mut Store, folder: &Path, task: &Task<'_>) -> Result<Report, DoorError> {
    let files = files(folder)?;
    let received_at = now();
    let mut report = Report::default();
    let mut waiting: Vec<FeedbackEvent> = Vec::new();
    for (place, file) in files.iter().enumerate() {
        task.check()?;
        if place % 100 == 0 {
            task.progress("reading the mailbox", place as u64, Some(files.len() as u64));
        }
        let small = std::fs::metadata(file).is_ok_and(|about| about.len() <= LONGEST);
        let Some(bytes) = small.then(|| std::fs::read(file).ok()).flatten() else {
            report.unreadable += 1;
            if report.unreadable_files.len() < 10 {
                report.unreadable_files.push(named(file));
            }
            continue;
        };
        report.messages += 1;
        let notice = notice::read(&bytes, received_at);
        match &notice {
            Notice::Bounce(_) => report.bounces += 1,
            Notice::Complaint(_) => report.complaints += 1,
            Notice::Reply(_) => report.replies += 1,
            Notice::Unsubscribe(_) => report.unsubscribes += 1,
            Notice::Waits(_) => report.waits += 1,
            Notice::Other => report.others += 1,
        }
        // A message is known again by its bytes, under whatever name its file has: Maildir puts flags into it.
        let known_by: String =
            Sha256::digest(&bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let found = notice.into_events();
        report.events.received += found.len();
        waiting.extend(
            found.into_iter().enumerate().map(|(number, event)| FeedbackEvent {
                id: Some(format!("mail:{known_by}:{number}")),
                ..event
            }),
        );
        if waiting.len() >= AT_ONCE {
            keep(store, &mut waiting, received_at, &mut report)?;
        }
    }
    keep(store, &mut waiting, received_at, &mut report)?;
    Ok(report)
}

fn keep(
    store: &mut Store,
    waiting: &mut Vec<FeedbackEvent>,
    received_at: i64,
    report: &mut Report,
) -> Result<(), DoorError> {
    let taken = store.take_events(waiting, Source::Mailbox, received_at, 0)?;
    report.events.add(&taken);
    waiting.clear();
    Ok(())
}

/// The messages: of a Maildir those in `new` and `cur`, else all files of the folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, DoorError> {
    let unusable = |folder: &Path, error: std::io::Error| {
        DoorError::Unusable(format!(
            "the mailbox {} cannot be read: {error}. Name a Maildir, or a folder with one message in each file.",
            named(folder)
        ))
    };
    let maildir = ["new", "cur"].map(|name| folder.join(name));
    let folders =
        if maildir.iter().all(|part| part.is_dir()) { maildir.to_vec() } else { vec![folder.to_owned()] };
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(&folder).map_err(|error| unusable(&folder, error))? {
            let path = entry.map_err(|error| unusable(&folder, error))?.path();
            let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
