//! `perennial suppressions`.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use std::io::Write as _;

use super::feedback::told;
use super::serve::folder;
use super::{Context, Exit, SCHEMA, UsageError};
use crate::data::Channel;
use crate::door::{Counts, import};
use crate::workspace::{
    AtomicFile, EVERY_CHANNEL, Privacy, Reason, Suppression, ToSuppress, Workspace, kind_of, may_be_address,
};

/// Addresses that are written to no more: list them, add one, bring a list in or out.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every address on the list, oldest first.
    List,
    /// Put an address on the list.
    Add {
        /// An e-mail address, or a telephone number with its country's code.
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// email, sms, push or all.
        #[arg(long, default_value = EVERY_CHANNEL, value_name = "CHANNEL")]
        channel: String,
    },
    /// Read a list: CSV or NDJSON with `address`, and perhaps `channel`, `reason`, `at`; or addresses alone, one a line.
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write the list as CSV, for its owner's eyes only.
    Export {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Serialize)]
struct List {
    schema: u32,
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Changed {
    schema: u32,
    #[serde(flatten)]
    counts: Counts,
}

/// # Errors
/// A file that cannot be read or written, or a database that cannot.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut store = Workspace::open(folder(context)?)?.store()?;
    let counts = match &args.what {
        What::List => {
            let suppressions = store.suppressions()?;
            if context.global.json {
                context.print_json(&List { schema: SCHEMA, suppressions })?;
                return Ok(Exit::Done);
            }
            let mut text = String::new();
            for one in &suppressions {
                // Of whoever was erased the hash is left.
                let address = one.address.as_deref().unwrap_or_else(|| &one.address_hash[..16]);
                text += &format!("{}  {:<5}  {:<12}  {address}  ({})\n", day(one.at), one.channel, one.reason, one.source);
            }
            if suppressions.is_empty() {
                text = "No address is suppressed.\n".into();
            }
            context.print_text(&text)?;
            return Ok(Exit::Done);
        }
        What::Add { address, channel } => {
            let kind = Channel::ALL.into_iter().find(|known| known.name() == channel);
            if kind.is_none() && channel != EVERY_CHANNEL {
                let said = format!("there is no channel \"{channel}\". Give email, sms, push or all.");
                return Err(UsageError(said).into());
            }
            let of = kind.unwrap_or_else(|| kind_of(address));
            if !may_be_address(of, address) {
                return Err(UsageError(format!("\"{address}\" is no address of {}.", of.words())).into());
            }
            let at = jiff::Timestamp::now().as_millisecond();
            let reason = Reason::Listed;
            let one = ToSuppress { channel: kind, kind: of, address, reason, at, source: "command" };
            let new = store.suppress(&[one])?;
            Counts { received: 1, kept: new, repeated: 1 - new, ..Counts::default() }
        }
        What::Import { file } => import::suppressions(&mut store, file)?,
        What::Export { file } => {
            let (suppressions, mark) = (store.suppressions()?, store.address_key_mark()?);
            write(file, &suppressions, &mark).with_context(|| format!("{} cannot be written", file.display()))?;
            Counts { received: suppressions.len(), kept: suppressions.len(), ..Counts::default() }
        }
    };
    let exit = if counts.refused > 0 { Exit::StoppedByCheck } else { Exit::Done };
    if context.global.json {
        context.print_json(&Changed { schema: SCHEMA, counts })?;
    } else {
        context.print_text(&told(&counts))?;
    }
    Ok(exit)
}

/// `mark`: of the key that the hashes were made with.
fn write(file: &std::path::Path, suppressions: &[Suppression], mark: &str) -> anyhow::Result<()> {
    let mut out = AtomicFile::create(file, Privacy::Private)?;
    {
        let mut table = csv::Writer::from_writer(&mut out);
        table.write_record(["channel", "address", "address_hash", "reason", "at", "source", "key"])?;
        for one in suppressions {
            let at = jiff::Timestamp::from_millisecond(one.at).map(|at| at.to_string()).unwrap_or_default();
            let address = one.address.as_deref().unwrap_or_default();
            table.write_record([&one.channel, address, &one.address_hash, &one.reason, &at, &one.source, mark])?;
        }
        table.flush()?;
    }
    out.flush()?;
    out.commit()?;
    Ok(())
}

fn day(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| "?".into(), |time| time.strftime("%F").to_string())
}
