//! The project: its folder, and where its data is.

use super::Finding;
use crate::cli::Context;
use crate::config::PROJECT_FILE;

pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    let finding = |name, found: String| Finding::new("project", name, found);
    let folder = match &context.workspace {
        Some(folder) if folder.join(PROJECT_FILE).is_file() => finding("folder", folder.display().to_string()),
        Some(folder) => finding("folder", format!("{} has no {PROJECT_FILE}", folder.display()))
            .warn("Make one with `perennial init`, or live with the defaults."),
        None => finding("folder", "none: the sample shop is opened".into()),
    };
    let sources = match context.sources() {
        Ok(paths) => {
            let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
            finding("data", names.join(", "))
        }
        Err(error) => finding("data", "no data".into()).problem(error.to_string()),
    };
    vec![folder, sources]
}
