//! `perennial keys`: what every key of the dashboard does, from the table that the dashboard itself reads.

use super::{Context, Exit, SCHEMA, UsageError};
use crate::tui::keymap::{Keymap, docs};

/// The dashboard's keys, with your own bindings.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As tables in Markdown.
    #[arg(long, conflicts_with = "sample")]
    markdown: bool,
    /// As a [tui.keys] section with the built-in keys, to copy from.
    #[arg(long)]
    sample: bool,
}

/// # Errors
/// A wrong `[tui.keys]`, or stdout cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let own = &context.config.tui.keys;
    let built_in = std::collections::BTreeMap::new();
    let keymap = Keymap::new(if args.sample { &built_in } else { own })
        .map_err(|error| UsageError(error.to_string()))?;
    if context.global.json {
        let mut document = docs::json(&keymap);
        document["schema"] = SCHEMA.into();
        context.print_json(&document)?;
        return Ok(Exit::Done);
    }
    let text = if args.sample {
        docs::sample(&keymap)
    } else if args.markdown {
        docs::markdown(&keymap)
    } else {
        docs::text(&keymap)
    };
    context.stdout.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}
