//! `perennial check`.

use super::{Context, Exit};

/// Data report: rows read, kept, set aside and why.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial check` is not built yet")
}
