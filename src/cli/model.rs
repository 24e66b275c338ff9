//! `perennial model`.

use super::{Context, Exit};

/// The language model on this machine: fetch, list, inspect.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial model` is not built yet")
}
