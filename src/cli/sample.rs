//! `perennial sample`.

use super::{Context, Exit};

/// Make a synthetic shop of any size.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial sample` is not built yet")
}
