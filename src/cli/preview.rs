//! `perennial preview`.

use super::{Context, Exit};

/// Drafts of a strategy's message for a segment, with every check.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial preview` is not built yet")
}
