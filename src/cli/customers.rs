//! `perennial customers`.

use super::{Context, Exit};

/// Customers: find them, and what is known of one.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// Not built yet.
pub fn run(_args: &Args, _context: &mut Context<'_>) -> anyhow::Result<Exit> {
    anyhow::bail!("`perennial customers` is not built yet")
}
