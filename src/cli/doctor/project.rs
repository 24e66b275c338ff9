//! The project: its folder, and where its data is.

use std::path::Path;

use super::Finding;
use crate::cli::Context;
use crate::config::PROJECT_FILE;
use crate::tui::numbers::counted;
use crate::workspace::{DATABASE, Store};

pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    let finding = |name, found: String| Finding::new("project", name, found);
    let folder = match &context.workspace {
        Some(folder) if folder.join(PROJECT_FILE).is_file() => finding("folder", folder.display().to_string()),
        Some(folder) => finding("folder", format!("{} has no {PROJECT_FILE}", folder.display()))
            .warn("Make one with `perennial init`, or live with the defaults."),
        None if context.is_sample() => finding("folder", "none: the sample shop is opened".into()),
        None => finding("folder", "none: what is decided about this data is kept in your state folder".into()),
    };
    let settings = match &context.settings_error {
        Some(error) => finding("settings", "cannot be used; the defaults stand in here".into()).problem(error.clone()),
        None => finding("settings", "in order".into()),
    };
    let sources = match context.sources() {
        Ok(paths) => {
            let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
            finding("data", names.join(", "))
        }
        Err(error) => finding("data", "no data".into()).problem(error.to_string()),
    };
    let database = match context.folder() {
        Ok(folder) => folder.join(DATABASE),
        Err(error) => return vec![folder, settings, sources, finding("decisions", "no place".into()).problem(error.to_string())],
    };
    vec![folder, settings, sources, decisions(&database)]
}

/// The database, which is not made here where there is none.
fn decisions(path: &Path) -> Finding {
    let finding = |found: String| Finding::new("project", "decisions", found);
    if !path.exists() {
        return finding(format!("none yet; they will be kept in {}", path.display()));
    }
    match Store::open(path).and_then(|store| store.drafts()) {
        Ok(drafts) => finding(format!("{} in {}", counted(drafts.len(), "draft"), path.display())),
        Err(error) => finding(path.display().to_string()).problem(error.to_string()),
    }
}
