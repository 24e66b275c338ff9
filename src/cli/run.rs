//! `perennial run`.

use super::{Context, Exit};

/// The whole flow without a terminal, to a folder.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial run` is not built yet")
}
