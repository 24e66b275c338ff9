//! `perennial sample`: makes a shop that does not exist, of any size.

use std::path::PathBuf;

use serde::Serialize;

use super::{Context, Exit, SCHEMA};
use crate::data::sample::{self, Options, Summary};

/// Make a synthetic shop of any size: the same seed gives the same bytes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many customers.
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    customers: u32,
    /// How many orders; returns and broken rows come on top.
    #[arg(long, value_name = "M", default_value_t = 25_000, value_parser = clap::value_parser!(u64).range(0..=2_000_000_000))]
    orders: u64,
    /// Seed of everything random.
    #[arg(long, value_name = "S", default_value_t = 7)]
    seed: u64,
    /// Folder for customers.csv, orders.csv, products.csv and events.csv.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Leave out the few dozen rows that are broken on purpose.
    #[arg(long)]
    clean: bool,
    /// Also write the planted kind of each customer to this file.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// Makes the shop.
///
/// # Errors
/// A file that is there already or cannot be written; interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let options = Options {
        customers: args.customers,
        orders: args.orders,
        seed: args.seed,
        clean: args.clean,
        truth: args.truth.clone(),
        overwrite: args.force,
    };
    let summary = context.work(|task| sample::write(&options, &args.out, task))?;
    if context.global.json {
        context.print_json(&Document { schema: SCHEMA, summary: &summary })?;
        return Ok(Exit::Done);
    }
    for file in &summary.files {
        let megabytes = file.bytes as f64 / 1e6;
        writeln!(context.stdout, "{:>12} rows {megabytes:>10.1} MB  {}", file.rows, file.file.display())?;
    }
    if !summary.broken.is_empty() {
        let broken: u64 = summary.broken.iter().map(|count| count.rows).sum();
        writeln!(context.stderr, "{broken} of these rows are broken on purpose; `perennial check` finds them.")?;
    }
    Ok(Exit::Done)
}
