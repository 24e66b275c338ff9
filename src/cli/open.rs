//! No command: opens the dashboard.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest, Sha256};

use super::start::load_settings;
use super::{Context, Exit, UsageError};
use crate::tui::{self, Ended, TuiError};
use crate::workspace::{Workspace, private_folder};

/// Opens the dashboard on the project, or on the sample shop.
///
/// # Errors
/// Stdin or stdout is not a terminal, a setting of `[tui]` is wrong, or there is no data.
pub fn run(context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let (folder, sources) = if let Some(folder) = context.workspace.clone() {
        (folder, context.sources()?)
    } else if context.global.data.is_empty() && context.config.data.sources.is_empty() {
        let sample = Workspace::sample()?;
        kept_settings(context, sample.folder())?;
        (sample.folder().to_path_buf(), vec![sample.data()])
    } else {
        let sources = context.sources()?;
        let folder = folder_for(&sources)?;
        kept_settings(context, &folder)?;
        (folder, sources)
    };
    let options = tui::Options { config: context.config.clone(), folder, sources };
    match tui::run(options) {
        Ok(Ended::Quit) => Ok(Exit::Done),
        Ok(Ended::Signal(_)) => Ok(Exit::Interrupted),
        Err(error @ TuiError::Terminal(_)) => Err(error.into()),
        Err(error) => Err(UsageError(error.to_string()).into()),
    }
}

/// Puts into force what the dashboard wrote into the folder's `perennial.toml` when it was last open: names of
/// segments, the mapping of columns.
fn kept_settings(context: &mut Context<'_>, folder: &Path) -> anyhow::Result<()> {
    context.settings = load_settings(&context.global, Some(folder))?;
    context.config = context.settings.config().clone();
    Ok(())
}

/// Where decisions about data without a project are kept: a folder of this user, the same for the same data.
fn folder_for(sources: &[PathBuf]) -> anyhow::Result<PathBuf> {
    let mut hash = Sha256::new();
    for source in sources {
        let place = std::fs::canonicalize(source).unwrap_or_else(|_| source.clone());
        hash.update(place.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    let name = hash.finalize().iter().take(8).fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
    let folders = directories::ProjectDirs::from("", "", "perennial").context(
        "no home folder was found to keep decisions in: make a project with `perennial init DIR` and open that",
    )?;
    let base: &Path = folders.state_dir().unwrap_or_else(|| folders.data_local_dir());
    let folder = base.join(format!("data-{name}"));
    private_folder(&folder).with_context(|| {
        format!("the folder {} for decisions cannot be made: free space there or make a project with `perennial init DIR`", folder.display())
    })?;
    Ok(folder)
}
