//! `perennial keys`.

use super::{Context, Exit};

/// The dashboard's keys.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial keys` is not built yet")
}
