//! No command: opens the dashboard.

use anyhow::Context as _;

use super::{Context, Exit, UsageError};
use crate::tui::{self, Ended, TuiError};
use crate::workspace::{person, private_folder};

/// Opens the dashboard on the project, or on the sample shop.
///
/// # Errors
/// Stdin or stdout is not a terminal, a setting of `[tui]` is wrong, or there is no data.
pub fn run(context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let sources = context.sources()?;
    let folder = context.folder()?;
    if context.workspace.is_none() {
        private_folder(&folder).with_context(|| {
            format!(
                "the folder {} for decisions cannot be made: make room there, make it writable for you, or make a project \
                 elsewhere with `perennial init DIR`",
                folder.display()
            )
        })?;
    }
    let unnamed_brand = context.unnamed_brand();
    let options = tui::Options {
        config: context.config.clone(),
        folder,
        sources,
        unnamed_brand,
        set: context.global.set.clone(),
        person: person(),
    };
    match tui::run(options) {
        Ok(Ended::Quit) => Ok(Exit::Done),
        Ok(Ended::Signal(_)) => Ok(Exit::Interrupted),
        Err(error @ TuiError::Terminal(_)) => Err(error.into()),
        Err(error) => Err(UsageError(error.to_string()).into()),
    }
}
