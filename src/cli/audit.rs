//! `perennial audit`: who did what in this project.

use serde_json::json;

use super::{Context, Exit, SCHEMA};
use crate::workspace::Workspace;

/// Who did what in this project, and whether the record of it is whole.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists the entries, oldest first.
    List {
        /// Only those about this campaign.
        #[arg(value_name = "NAME")]
        subject: Option<String>,
    },
    /// Follows the chain of hashes; ends with status 3 at a place where it is broken.
    Verify {
        /// The hash that the last entry had, or an earlier one: that it is still there shows that nothing was cut off.
        #[arg(long, value_name = "HASH")]
        expect: Option<String>,
    },
}

/// # Errors
/// The database cannot be read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let store = Workspace::open(context.folder()?)?.store()?;
    match &args.action {
        Action::List { subject } => {
            let entries = match subject {
                Some(subject) => store.audit_of(subject)?,
                None => store.audit()?,
            };
            if context.global.json {
                context.print_json(&json!({ "schema": SCHEMA, "entries": entries }))?;
            } else {
                for entry in entries {
                    let at = jiff::Timestamp::from_millisecond(entry.at).unwrap_or_default();
                    context.print_text(&format!(
                        "{:>5} {} {:<14} {:<9} {:<16} {}",
                        entry.id,
                        at.strftime("%Y-%m-%d %H:%M:%S"),
                        entry.actor,
                        entry.action,
                        entry.subject,
                        &entry.hash[..12.min(entry.hash.len())]
                    ))?;
                }
            }
            Ok(Exit::Done)
        }
        Action::Verify { expect } => {
            let verdict = store.verify_audit()?;
            let missing = match expect {
                Some(hash) => !store.audit()?.iter().any(|entry| entry.hash == *hash),
                None => false,
            };
            let (whole, told, document) = match &verdict {
                Ok((entries, hash)) if !missing => (
                    true,
                    format!("{entries} entries, none was changed. Last hash: {hash}"),
                    json!({ "schema": SCHEMA, "whole": true, "entries": entries, "hash": hash }),
                ),
                Ok((entries, _)) => (
                    false,
                    format!("{entries} entries follow each other, and the one with the hash that is expected is not among them: \
                             entries were cut off, or the record is another one."),
                    json!({ "schema": SCHEMA, "whole": false, "entries": entries, "reason": "the expected hash is missing" }),
                ),
                Err(broken) => (
                    false,
                    format!("entry {} is not as it was written: {}", broken.id, broken.reason),
                    json!({ "schema": SCHEMA, "whole": false, "entry": broken.id, "reason": broken.reason }),
                ),
            };
            if context.global.json {
                context.print_json(&document)?;
            } else {
                context.print_text(&told)?;
            }
            Ok(if whole { Exit::Done } else { Exit::StoppedByCheck })
        }
    }
}
