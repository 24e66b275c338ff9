//! `perennial init`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Context, Exit, SCHEMA};
use crate::workspace::{self, Made};

/// Make a project folder: settings and the strategies that come with the program.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to make (default: the current one). Files that are there stay as they are.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    folder: &'a Path,
    #[serde(flatten)]
    made: &'a Made,
}

/// # Errors
/// The folder or a file in it cannot be made.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let folder = args.folder.clone().or_else(|| context.global.workspace.clone()).unwrap_or_else(|| ".".into());
    let (_, made) = workspace::init(&folder)?;
    if context.global.json {
        context.print_json(&Document { schema: SCHEMA, folder: &folder, made: &made })?;
        return Ok(Exit::Done);
    }
    for file in &made.written {
        writeln!(context.stdout, "{}", folder.join(file).display())?;
    }
    if !context.global.quiet {
        if !made.kept.is_empty() {
            writeln!(context.stderr, "{} files were there already and stay as they are.", made.kept.len())?;
        }
        writeln!(
            context.stderr,
            "Put the shop's tables into {}, then: perennial check --workspace {}",
            folder.join("data").display(),
            folder.display()
        )?;
    }
    Ok(Exit::Done)
}
