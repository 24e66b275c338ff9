//! No command: opens the dashboard.

use std::io::IsTerminal as _;

use super::{Context, Exit, UsageError};

/// Opens the dashboard on the project, or on the sample shop.
///
/// # Errors
/// Stdin or stdout is not a terminal, or the dashboard failed.
pub fn run(_context: &mut Context<'_>) -> anyhow::Result<Exit> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(UsageError(
            "the dashboard needs a terminal, and this is a pipe or a file. \
             `perennial run --out DIR` does the whole flow without one; `perennial help` lists the other commands."
                .into(),
        )
        .into());
    }
    anyhow::bail!("the dashboard is not built yet")
}
