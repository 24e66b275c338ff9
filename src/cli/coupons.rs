//! `perennial coupons`: pools of codes, and what became of them.

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Context, Exit, SCHEMA};
use crate::campaign::owed::owed;
use crate::campaign::quiet::moment_of;
use crate::workspace::{CodeLine, PoolCount, Redeemed, Workspace};

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
    /// How many codes are free, owed to messages that were launched and wait, reserved, given out and used.
    Status,
    /// Lists codes, and what became of each: free, reserved, given out to whom, used.
    List {
        /// Of this pool alone.
        #[arg(long, value_name = "POOL")]
        pool: Option<String>,
        /// Of this campaign alone.
        #[arg(long, value_name = "NAME")]
        campaign: Option<String>,
    },
    /// Notes that codes were used; ends with status 3 where some are not known. The file: the first column of a CSV file, or one on each line.
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
            let imported = store.import_codes(pool, codes.iter().map(|code| (code.as_str(), until)), now)?;
            if context.global.json {
                context.print_json(&json!({ "schema": SCHEMA, "pool": pool, "imported": imported }))?;
            } else {
                let (were, known) = (if imported.added == 1 { " was" } else { "s were" }, imported.known);
                let known_were = if known == 1 { "was" } else { "were" };
                context.print_text(&format!(
                    "{} code{were} added to {pool}, {known} {known_were} known already",
                    imported.added
                ))?;
            }
        }
        Action::Status => {
            let owed = owed(&store, &context.config.campaign, None)?;
            let pools: Vec<PoolCount> =
                store.pools(now)?.into_iter().map(|count| count.owing(&owed)).collect();
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
                    let owed = match count.owed {
                        0 => String::new(),
                        owed => format!(", {owed} owed to launched messages"),
                    };
                    let (lapsed, late) = (some(count.lapsed, "past their day"), some(count.late, "after their day"));
                    let ends = count.next_end.map_or_else(String::new, |end| {
                        format!("; the next to end hold until {}", last_day(end))
                    });
                    context.print_text(&format!(
                        "{:<20} {} free{owed}, {} expired, {} reserved, {} given out{lapsed}, {} returned, {} used{late}{left}{ends}",
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
        Action::List { pool, campaign } => {
            let codes = store.codes(pool.as_deref(), campaign.as_deref())?;
            if context.global.json {
                context.print_json(&json!({ "schema": SCHEMA, "codes": codes }))?;
            } else if codes.is_empty() {
                context.print_text("There are no such codes.")?;
            } else {
                for line in codes {
                    context.print_text(&listed(&line))?;
                }
            }
        }
        Action::Redeem { file } => {
            let codes = codes_in(file)?;
            let told = store.redeem_codes(codes.iter().map(String::as_str), now)?;
            if context.global.json {
                context.print_json(&json!({
                    "schema": SCHEMA, "redeemed": told.redeemed, "again": told.again,
                    "not_given_out": told.not_given_out, "unknown": told.unknown,
                    "unknown_codes": told.unknown_codes, "late": told.late,
                }))?;
            } else {
                context.print_text(&redeemed(&told))?;
            }
            if told.unknown > 0 {
                return Ok(Exit::StoppedByCheck);
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

/// A code and what became of it, in a line.
fn listed(line: &CodeLine) -> String {
    let day = jiff::Timestamp::from_millisecond(line.at).map(|at| at.to_zoned_datetime(TimeZone::UTC).date());
    let day = day.map_or_else(|_| String::new(), |day| day.to_string());
    let state = match line.state.as_str() {
        "committed" => "given out",
        "redeemed" => "used",
        other => other,
    };
    let whom = line.customer.as_deref().map_or_else(String::new, |customer| format!("  customer {customer}"));
    let campaign = line.campaign.as_deref().map_or_else(String::new, |name| format!("  in {name}"));
    format!("{:<20} {state:<10} {day}{whom}{campaign}", line.code)
}

/// What became of the codes of a file, in a sentence.
fn redeemed(told: &Redeemed) -> String {
    let some = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 code {one}")),
        count => Some(format!("{count} codes {many}")),
    };
    let parts = [
        some(told.redeemed, "is noted as used", "are noted as used"),
        some(told.late, "of them is past its last day", "of them are past their last day"),
        some(told.again, "was noted as used before", "were noted as used before"),
        some(told.not_given_out, "was given to nobody", "were given to nobody"),
        some(told.unknown, "is not known here", "are not known here"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "There is no code in the file".into();
    }
    let mut all = parts.join(", ");
    if !told.unknown_codes.is_empty() {
        // A file may hold anything.
        let shown = |code: &String| -> String {
            let plain = code.chars().map(|letter| if letter.is_control() { '?' } else { letter });
            plain.take(40).collect()
        };
        let named: Vec<String> = told.unknown_codes.iter().map(shown).collect();
        let more = if told.unknown > named.len() as u64 { ", ..." } else { "" };
        all.push_str(&format!(" ({}{more})", named.join(", ")));
    }
    all
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
        let heading =
            ["code", "coupon", "coupon_code", "优惠码", "券码"].contains(&code.to_lowercase().as_str());
        let is_heading = codes.is_empty() && heading;
        if !code.is_empty() && !is_heading {
            codes.push(code.to_owned());
        }
    }
    Ok(codes)
}
