//! `perennial report`: what a campaign did, as a page to read and print.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use serde::Serialize;

use super::measured::Measuring;
use super::{Context, Exit, SCHEMA, UsageError};
use crate::results::report::{html, markdown};
use crate::results::sentence::Language;
use crate::workspace::{AtomicFile, Privacy};

/// Write what a campaign did as one page: HTML without network or script, or Markdown.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME", required_unless_present = "ledger")]
    name: Option<String>,
    /// The page: .html, or .md for Markdown.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Language of the page.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    language: PageLanguage,
    /// The arm that the others are compared with (default: the holdout).
    #[arg(long, value_name = "NAME")]
    control: Option<String>,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    measuring: Measuring,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PageLanguage {
    En,
    Zh,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document {
    schema: u32,
    file: PathBuf,
    bytes: usize,
}

/// Writes the page.
///
/// # Errors
/// A file of another kind, one that is there already, a campaign that cannot be read, a disk that cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let kind = args.out.extension().and_then(|kind| kind.to_str()).unwrap_or_default().to_lowercase();
    let page_of = match kind.as_str() {
        "html" | "htm" => html,
        "md" | "markdown" => markdown,
        _ => {
            return Err(UsageError(format!(
                "{} is neither .html nor .md. Name the file as in --out report.html.",
                args.out.display()
            ))
            .into());
        }
    };
    if args.out.exists() && !args.force {
        return Err(UsageError(format!(
            "{} is there already. Choose another name, or pass --force to replace it.",
            args.out.display()
        ))
        .into());
    }
    let results = args.measuring.run(args.name.as_deref(), args.control.as_deref(), context)?;
    let language = match args.language {
        PageLanguage::En => Language::English,
        PageLanguage::Zh => Language::Chinese,
    };
    let page = page_of(&results, language);
    // It quotes customers.
    let write = || -> std::io::Result<()> {
        let mut file = AtomicFile::create(&args.out, Privacy::Private)?;
        file.write_all(page.as_bytes())?;
        file.commit()
    };
    write().with_context(|| {
        format!("{} cannot be written: check that its folder is there and the disk has room", args.out.display())
    })?;
    if context.global.json {
        let document = Document { schema: SCHEMA, file: args.out.clone(), bytes: page.len() };
        context.print_json(&document)?;
    } else {
        writeln!(context.stdout, "{}", args.out.display())?;
    }
    Ok(Exit::Done)
}
