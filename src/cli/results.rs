//! `perennial results`: what customers did after a campaign, by arm, and what may be said of it; the same for the table
//! of any experiment.

mod table;

use std::path::PathBuf;

use super::{Context, Exit, UsageError};

/// What customers did after a campaign, by arm, with intervals; or the same for any experiment's table.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME", conflicts_with = "table", required_unless_present = "table")]
    name: Option<String>,
    /// CSV file of an experiment, one row a customer, in place of a campaign.
    #[arg(long, value_name = "FILE", requires_all = ["arm", "converted", "control"])]
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
    /// Seed of the bootstrap.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
}

/// Prints the results.
///
/// # Errors
/// A table or a campaign that cannot be read, or interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    match &args.table {
        Some(path) => table::run(args, path, context),
        None => Err(UsageError(
            "there is no campaign of this name. Give an experiment's table with --table FILE.csv --arm COL \
             --converted COL --control NAME."
                .into(),
        )
        .into()),
    }
}
