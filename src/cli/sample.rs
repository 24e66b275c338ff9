//! `perennial sample`: makes a shop that does not exist, of any size.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;

use super::{Context, Exit, SCHEMA};
use crate::data::sample::{self, Later, MadeFile, Options};
use crate::data;

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
    /// Write what the customers of a sample with these numbers do in so many weeks after a campaign, in place of the sample.
    #[arg(long, value_name = "WEEKS", requires = "ledger", conflicts_with_all = ["clean", "truth"], value_parser = clap::value_parser!(u32).range(1..=52))]
    later: Option<u32>,
    /// Who was sent what: CSV with `customer_id` and `arm`.
    #[arg(long, value_name = "FILE", requires = "later")]
    ledger: Option<PathBuf>,
    /// What the message adds to the chance of buying in these weeks: for every arm but `holdout` (0.05), or for one
    /// (warm=0.08); may be repeated.
    #[arg(long, value_name = "[ARM=]POINTS", requires = "later", default_value = "0.05", value_parser = effect)]
    effect: Vec<(String, i64)>,
    /// First day of these weeks (default: the day after the sample, 2025-11-01).
    #[arg(long, value_name = "DATE", requires = "later")]
    from: Option<Date>,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a T,
}

/// `0.05`, or `warm=0.05`: the arm, and millionths.
fn effect(text: &str) -> Result<(String, i64), String> {
    let (arm, points) = text.rsplit_once('=').unwrap_or(("*", text));
    let points: f64 = points.parse().map_err(|_| "write it as in 0.05 or warm=0.05".to_owned())?;
    if !(-1.0..=1.0).contains(&points) {
        return Err("a chance changes by -1 to 1".into());
    }
    Ok((arm.to_owned(), (points * 1e6).round() as i64))
}

/// Makes what happens after a campaign.
fn later(args: &Args, later: &Later, options: &Options, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let summary = context.work(|task| sample::write_later(options, later, &args.out, task))?;
    if context.global.json {
        context.print_json(&Document { schema: SCHEMA, summary: &summary })?;
        return Ok(Exit::Done);
    }
    print_files(&summary.files, context)?;
    for planted in &summary.planted {
        writeln!(
            context.stderr,
            "{}: {} customers, {:.2} % would buy, {:.2} % do: {:+.2} points",
            planted.arm,
            planted.customers,
            100.0 * planted.base_rate,
            100.0 * planted.rate,
            100.0 * planted.effect
        )?;
    }
    Ok(Exit::Done)
}

fn print_files(files: &[MadeFile], context: &mut Context<'_>) -> std::io::Result<()> {
    for file in files {
        let megabytes = file.bytes as f64 / 1e6;
        writeln!(context.stdout, "{:>12} rows {megabytes:>10.1} MB  {}", file.rows, file.file.display())?;
    }
    Ok(())
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
    if let (Some(weeks), Some(ledger)) = (args.later, &args.ledger) {
        let plan = Later {
            weeks,
            from_day: args.from.map(|date| i64::from(data::day_number(date))),
            ledger: ledger.clone(),
            effects: args.effect.clone(),
        };
        return later(args, &plan, &options, context);
    }
    let summary = context.work(|task| sample::write(&options, &args.out, task))?;
    if context.global.json {
        context.print_json(&Document { schema: SCHEMA, summary: &summary })?;
        return Ok(Exit::Done);
    }
    print_files(&summary.files, context)?;
    if !summary.broken.is_empty() {
        let broken: u64 = summary.broken.iter().map(|count| count.rows).sum();
        writeln!(context.stderr, "{broken} of these rows are broken on purpose; `perennial check` finds them.")?;
    }
    Ok(Exit::Done)
}
