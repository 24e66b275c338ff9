//! `perennial coupons`: pools of codes, and what became of them.

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Context, Exit, SCHEMA};
use crate::campaign::quiet::moment_of;
use crate::workspace::Workspace;

/// Pools of coupon codes, and what became of each code.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Adds codes to a pool: the first column of a CSV file, or one on each line.
    Import {
        /// Name of the pool, as a plan names it.
        #[arg(value_name = "POOL")]
        pool: String,
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Last day on which the codes hold.
        #[arg(long, value_name = "YYYY-MM-DD")]
        expires: Option<Date>,
    },
    /// How many codes are free, reserved, given out and used.
    Status,
    /// Notes that codes were used: the first column of a CSV file, or one on each line.
    Redeem {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// # Errors
/// A file or the database cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut store = Workspace::open(context.folder()?)?.store()?;
    let now = jiff::Timestamp::now().as_millisecond();
    match &args.action {
        Action::Import { pool, file, expires } => {
            let codes = codes_in(file)?;
            let until = expires
                .map(Date::tomorrow)
                .transpose()
                .context("the day is out of range")?
                .map(|next| moment_of(next.at(0, 0, 0, 0), &TimeZone::UTC));
            let imported =
                store.import_codes(pool, codes.iter().map(|code| (code.as_str(), until)), now)?;
            if context.global.json {
                context.print_json(&json!({ "schema": SCHEMA, "pool": pool, "imported": imported }))?;
            } else {
                context.print_text(&format!(
                    "{} codes were added to {pool}, {} were known already",
                    imported.added, imported.known
                ))?;
            }
        }
        Action::Status => {
            let pools = store.pools(now)?;
            if context.global.json {
                let pools: Vec<_> = pools
                    .iter()
                    .map(|count| {
                        let mut row = json!(count);
                        row["days_left"] = json!(count.days_left());
                        row
                    })
                    .collect();
                context.print_json(&json!({ "schema": SCHEMA, "pools": pools }))?;
            } else if pools.is_empty() {
                context.print_text("There are no codes yet.")?;
            } else {
                for count in pools {
                    let left = count.days_left().map_or_else(String::new, |days| {
                        format!("; at the pace of the last 30 days they last {days:.0} days")
                    });
                    let some = |count: u64, what: &str| {
                        if count > 0 { format!(" ({count} {what})") } else { String::new() }
                    };
                    let (lapsed, late) = (some(count.lapsed, "past their day"), some(count.late, "after their day"));
                    let ends = count.next_end.map_or_else(String::new, |end| {
                        format!("; the next to end hold until {}", last_day(end))
                    });
                    context.print_text(&format!(
                        "{:<20} {} free, {} expired, {} reserved, {} given out{lapsed}, {} returned, {} used{late}{left}{ends}",
                        count.pool.as_deref().unwrap_or("made here"),
                        count.free,
                        count.expired,
                        count.reserved,
                        count.committed,
                        count.returned,
                        count.redeemed
                    ))?;
                }
            }
        }
        Action::Redeem { file } => {
            let codes = codes_in(file)?;
            let (redeemed, unknown) = store.redeem_codes(codes.iter().map(String::as_str), now)?;
            if context.global.json {
                context.print_json(&json!({ "schema": SCHEMA, "redeemed": redeemed, "unknown": unknown }))?;
            } else {
                context.print_text(&format!("{redeemed} codes were used, {unknown} are not known here"))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The last day on which a code holds that ends at this moment.
fn last_day(end: i64) -> String {
    jiff::Timestamp::from_millisecond(end - 1)
        .map_or_else(|_| "?".into(), |last| TimeZone::UTC.to_datetime(last).date().to_string())
}

/// The first cell of each line; a heading that is no code is passed over.
fn codes_in(file: &PathBuf) -> anyhow::Result<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let mut codes = Vec::new();
    for record in reader.records() {
        let record = record.with_context(|| format!("{} is no list of codes", file.display()))?;
        let code = record.get(0).unwrap_or_default().trim_start_matches('\u{feff}');
        let heading = ["code", "coupon", "coupon_code", "优惠码", "券码"].contains(&code.to_lowercase().as_str());
        let is_heading = codes.is_empty() && heading;
        if !code.is_empty() && !is_heading {
            codes.push(code.to_owned());
        }
    }
    Ok(codes)
}
