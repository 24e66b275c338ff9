//! `perennial results`: what customers did after a campaign, by arm, and what may be said of it; the same for the table
//! of any experiment.

mod campaign;
mod table;

use std::path::PathBuf;

use super::measured::Measuring;
use super::{Context, Exit};

/// What customers did after a campaign, by arm, with intervals; or the same for any experiment's table.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME", conflicts_with = "table", required_unless_present_any = ["table", "ledger"])]
    name: Option<String>,
    /// CSV file of an experiment, one row a customer, in place of a campaign.
    #[arg(long, value_name = "FILE", conflicts_with = "ledger", requires_all = ["arm", "converted", "control"])]
    table: Option<PathBuf>,
    /// The table's column that names the arm.
    #[arg(long, value_name = "COL", requires = "table")]
    arm: Option<String>,
    /// The table's column that says who converted (1 or 0, yes or no).
    #[arg(long, value_name = "COL", requires = "table")]
    converted: Option<String>,
    /// The arm that the others are compared with.
    #[arg(long, value_name = "NAME")]
    control: Option<String>,
    /// The table's column of the amount spent.
    #[arg(long, value_name = "COL", requires = "table")]
    revenue: Option<String>,
    /// The table's column that says who had bought before and bought again.
    #[arg(long, value_name = "COL", requires = "table")]
    retained: Option<String>,
    /// The table's column that says who did anything.
    #[arg(long, value_name = "COL", requires = "table")]
    active: Option<String>,
    /// The table's column of the amount spent before: it narrows the intervals of money.
    #[arg(long, value_name = "COL", requires_all = ["table", "revenue"])]
    before: Option<String>,
    /// The table's column with a score of who is expected to respond, for the Qini curve.
    #[arg(long, value_name = "COL", requires = "table")]
    score: Option<String>,
    /// A column with a number known before anything was sent, from which a score is made; may be repeated.
    #[arg(long, value_name = "COL", requires = "table", conflicts_with = "score")]
    known: Vec<String>,
    #[command(flatten)]
    measuring: Measuring,
}

/// Prints the results.
///
/// # Errors
/// A table or a campaign that cannot be read, or interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    match &args.table {
        Some(path) => table::run(args, path, context),
        None => campaign::run(args, context),
    }
}
