//! `perennial feedback`.

use std::path::PathBuf;

use serde::Serialize;

use super::serve::folder;
use super::{Context, Exit, SCHEMA};
use crate::door::{Counts, import, mailbox};
use crate::tui::numbers::count;
use crate::workspace::Workspace;

/// What comes back from customers: events from files, bounces and complaints from a mailbox.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Read events (deliveries, bounces, complaints, replies, orders) from a file of CSV or NDJSON.
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Read bounces, complaints and replies from a Maildir, or a folder with one message in each file.
    Mailbox {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Serialize)]
struct Imported<'a> {
    schema: u32,
    #[serde(flatten)]
    counts: &'a Counts,
}

#[derive(Serialize)]
struct Read<'a> {
    schema: u32,
    #[serde(flatten)]
    report: &'a mailbox::Report,
}

/// # Errors
/// A file or folder that cannot be read, a database that cannot be written, or interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut store = Workspace::open(folder(context)?)?.store()?;
    match &args.what {
        What::Import { file } => {
            let (currency, seconds) = (context.config.data.currency.clone(), context.config.door.scanner_seconds);
            let counts =
                context.work(|task| import::events(&mut store, file, currency.as_deref(), seconds, task))?;
            if context.global.json {
                context.print_json(&Imported { schema: SCHEMA, counts: &counts })?;
            } else {
                context.print_text(&format!("{} rows\n{}", count(counts.received as u64), told(&counts)))?;
            }
            Ok(if counts.refused > 0 { Exit::StoppedByCheck } else { Exit::Done })
        }
        What::Mailbox { folder } => {
            let report = context.work(|task| mailbox::read(&mut store, folder, task))?;
            if context.global.json {
                context.print_json(&Read { schema: SCHEMA, report: &report })?;
            } else {
                let mut text = format!(
                    "{} messages: {} bounces, {} complaints, {} replies, {} unsubscribes, {} about messages that wait or have arrived, {} \
                     others\n{}",
                    count(report.messages as u64),
                    report.bounces,
                    report.complaints,
                    report.replies,
                    report.unsubscribes,
                    report.waits,
                    report.others,
                    told(&report.events)
                );
                for file in &report.unreadable_files {
                    text += &format!("cannot be read: {file}\n");
                }
                context.print_text(&text)?;
            }
            Ok(Exit::Done)
        }
    }
}

/// What became of events, one line each; the reasons of those that were refused.
pub(super) fn told(counts: &Counts) -> String {
    let mut text = String::new();
    for (number, words) in [
        (counts.kept, "kept"),
        (counts.repeated, "known already"),
        (counts.unknown, "about no message and no customer of this project"),
        (counts.refused, "not understood"),
        (counts.unproved, "hashes alone, from a list that does not say whose: those of another project match nobody"),
    ] {
        if number > 0 || words == "kept" {
            text += &format!("{:>9} {words}\n", count(number as u64));
        }
    }
    for (place, why) in &counts.refusals {
        text += &format!("row {place}: {why}\n");
    }
    text
}
