//! `perennial segments`.

use super::{Context, Exit};

/// Clusters of customers that behave alike, with the facts that set each apart.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial segments` is not built yet")
}
