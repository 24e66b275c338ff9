//! What the sample's customers do after a campaign, with an effect that is known: for trying out results.
//!
//! In: the same number of customers, orders and seed as the sample, a ledger (CSV with `customer_id` and `arm`), weeks,
//! and what each arm adds. Out: `orders-later.csv` and `events-later.csv`, which are read together with the sample's
//! own files, and the effect that was planted. Each customer buys in these weeks with a chance that follows from their
//! kind; the message adds to it, most for those who had drifted away and nothing for those who come anyway. A customer
//! draws the same number whatever their arm, and the same options give the same bytes on every machine.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::calendar::{DAY, FIRST_SECOND, LAST, Zone, civil};
use super::draw::Draw;
use super::kinds::KINDS;
use super::names::region;
use super::plan::{Plan, Share};
use super::purchases::{self, Buyer, Market};
use super::season::Season;
use super::{MadeFile, Options, Output, SampleError, row, visits};
use crate::data::Table;
use crate::jobs::Task;

/// The arm that is sent nothing.
const HOLDOUT: &str = "holdout";
/// Parts of a whole that chances are counted in.
const WHOLE: u64 = 1_000_000;
/// Streams of draws that the sample itself does not use.
const STREAMS: u64 = 1 << 40;

/// For each kind, in the order of [`KINDS`]: how many of a thousand buy in a week, and how much of the effect the
/// message has on them, in per cent.
const HABITS: [(u64, u64); KINDS.len()] =
    [(70, 20), (35, 80), (38, 150), (30, 100), (5, 220), (5, 100), (35, 60), (6, 50)];

/// What happens later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// 1..=52.
    pub weeks: u32,
    /// First day, days since 1970-01-01; the day after the sample where nothing is said.
    pub from_day: Option<i64>,
    /// CSV file with `customer_id` and `arm`; customers who are not in it buy as the holdout does.
    pub ledger: PathBuf,
    /// What an arm adds to the chance of buying, in millionths, for a customer on whom the message has its usual effect.
    /// The name `*` stands for every arm but the holdout that has no entry of its own.
    pub effects: Vec<(String, i64)>,
}

/// What was made. The serialised form is part of the contract of `sample --later --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaterSummary {
    pub customers: u32,
    pub seed: u64,
    pub weeks: u32,
    /// First day, and the first day after.
    pub from: String,
    pub until: String,
    pub files: Vec<MadeFile>,
    /// In the order of the arms in the ledger.
    pub planted: Vec<Planted>,
}

/// The effect that was planted in an arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planted {
    pub arm: String,
    pub customers: u64,
    /// Mean chance to buy within the weeks if nothing had been sent.
    pub base_rate: f64,
    /// Mean chance with the message.
    pub rate: f64,
    /// The difference: the true effect on the customers of this arm.
    pub effect: f64,
}

/// Chances of an arm's customers, added up.
#[derive(Default)]
struct Sum {
    customers: u64,
    base: u64,
    with: u64,
}

/// Makes the files in `folder`, which is created where it is missing.
///
/// # Errors
/// A ledger that cannot be read or names a customer whom the sample does not have, an effect for an arm that is not in
/// it; otherwise as [`super::write`].
pub fn write_later(
    options: &Options,
    later: &Later,
    folder: &Path,
    task: &Task<'_>,
) -> Result<LaterSummary, SampleError> {
    let after_sample = FIRST_SECOND / DAY + i64::from(LAST) + 1;
    let first_day = later.from_day.unwrap_or(after_sample);
    // Until the year 9999, as the cells have four digits.
    if !(after_sample..2_932_000).contains(&first_day) {
        return Err(SampleError::Ledger(format!(
            "these weeks begin on {} at the earliest",
            date(after_sample)
        )));
    }
    let ledger = Ledger::read(&later.ledger, options.customers)?;
    let effects = ledger.effects(later)?;
    fs::create_dir_all(folder).map_err(|source| SampleError::Write { path: folder.to_owned(), source })?;
    let paths = ["orders-later.csv", "events-later.csv"].map(|name| folder.join(name));
    if let Some(there) = paths.iter().find(|path| !options.overwrite && path.exists()) {
        return Err(SampleError::Exists(there.clone()));
    }
    let [orders, events] = paths;
    let mut orders = Output::create(orders, purchases::HEADER.as_bytes())?;
    let mut events = Output::create(events, visits::HEADER.as_bytes())?;

    let weeks = Weeks { first_second: first_day * DAY, days: later.weeks * 7 };
    let plan = Plan::new(options.seed, options.customers, options.orders);
    let seasons = [Season::western(), Season::chinese()];
    let market = Market::new();
    let mut next_order = options.orders;
    let mut sums: Vec<Sum> = ledger.arms.iter().map(|_| Sum::default()).collect();
    for chunk in 0..plan.chunks() {
        task.check()?;
        let mut made = Made::default();
        for share in plan.shares(chunk) {
            let customer = share.customer;
            let (habit, response) = HABITS[kind_number(&share)];
            let base = chance(habit, later.weeks);
            let arm = ledger.of.get(&customer).copied();
            let effect = arm.map_or(0, |arm| effects[arm]) * response as i64 / 100;
            let with = base.saturating_add_signed(effect).min(WHOLE);
            if let Some(sum) = arm.map(|arm| &mut sums[arm]) {
                sum.customers += 1;
                sum.base += base;
                sum.with += with;
            }
            weeks.customer(share, with, &seasons, &market, &mut next_order, options.seed, &mut made);
        }
        orders.append(&made.orders, made.order_rows)?;
        events.append(&made.events, made.event_rows)?;
        let done = u64::from(chunk + 1) * u64::from(super::plan::CHUNK);
        let total = u64::from(options.customers);
        task.progress("making later orders", done.min(total), Some(total));
    }
    orders.finish()?;
    events.finish()?;
    let mean = |sum: u64, of: u64| sum as f64 / WHOLE as f64 / of.max(1) as f64;
    let file = |table, output: &Output| MadeFile {
        table,
        file: output.path.clone(),
        rows: output.rows,
        bytes: output.bytes,
    };
    Ok(LaterSummary {
        customers: options.customers,
        seed: options.seed,
        weeks: later.weeks,
        from: date(first_day),
        until: date(first_day + i64::from(weeks.days)),
        files: vec![file(Table::Orders, &orders), file(Table::Events, &events)],
        planted: ledger
            .arms
            .iter()
            .zip(&sums)
            .map(|(arm, sum)| Planted {
                arm: arm.clone(),
                customers: sum.customers,
                base_rate: mean(sum.base, sum.customers),
                rate: mean(sum.with, sum.customers),
                effect: mean(sum.with, sum.customers) - mean(sum.base, sum.customers),
            })
            .collect(),
    })
}

/// The chance of buying at least once in so many weeks, in millionths.
fn chance(permille_a_week: u64, weeks: u32) -> u64 {
    let stays_away = (0..weeks).fold(WHOLE, |stays, _| stays * (1000 - permille_a_week) / 1000);
    WHOLE - stays_away
}

fn kind_number(share: &Share) -> usize {
    KINDS.iter().position(|kind| kind.name == share.outline.kind.name).unwrap_or(0)
}

/// `2025-11-01` of a day since 1970.
fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Rows of some customers.
#[derive(Default)]
struct Made {
    orders: Vec<u8>,
    events: Vec<u8>,
    order_rows: u64,
    event_rows: u64,
}

/// The weeks in which it happens.
struct Weeks {
    /// Seconds since 1970 UTC.
    first_second: i64,
    days: u32,
}

impl Weeks {
    #[expect(clippy::too_many_arguments, reason = "one call, in the loop over customers")]
    fn customer(
        &self,
        share: Share,
        chance: u64,
        seasons: &[Season; 2],
        market: &Market,
        next_order: &mut u64,
        seed: u64,
        made: &mut Made,
    ) {
        let kind_number = kind_number(&share);
        let Share { customer, outline, draw: mut own, .. } = share;
        // As the sample draws them: where the customer lives and what they like.
        let kind = outline.kind;
        let region = region(own.below(1000));
        let first = own.between(kind.first.0, kind.first.1);
        if share.orders > 1 {
            own.between(kind.last.0, kind.last.1.min(first));
        }
        let buyer = Buyer {
            customer,
            kind,
            kind_number,
            zone: region.zone,
            chinese: region.chinese(),
            season: &seasons[usize::from(region.chinese())],
            market,
            taste: Market::taste(&mut own),
        };
        let mut draw = Draw::new(seed, STREAMS + u64::from(customer));
        let buys = draw.below_wide(WHOLE) < chance;
        let orders = draw.weighted(&[82, 14, 4]) as u32 + 1;
        let mut times: Vec<i64> = (0..orders).map(|_| self.moment(&buyer, &mut draw)).collect();
        times.sort_unstable();
        let most = kind.recent_visits.1 * self.days / 28 + 1;
        let visits = draw.below(most + 1);
        let mut seen: Vec<i64> = (0..visits).map(|_| self.moment(&buyer, &mut draw)).collect();
        if buys {
            for at in times {
                let day = ((at - FIRST_SECOND) / DAY) as u32;
                buyer.order(&mut made.orders, *next_order, at, day, false, &mut made.order_rows, &mut draw);
                *next_order += 1;
                seen.push((at - 600).max(self.first_second));
            }
        }
        seen.sort_unstable();
        for at in seen {
            row::customer_id(&mut made.events, customer);
            made.events.push(b',');
            row::time(&mut made.events, at);
            made.events.extend_from_slice(b",session,,\n");
            made.event_rows += 1;
        }
    }

    /// A moment of these weeks, at a time of day at which the customer buys.
    fn moment(&self, buyer: &Buyer<'_>, draw: &mut Draw) -> i64 {
        let day = i64::from(draw.below(self.days));
        let local = i64::from(buyer.season.second_of_day(draw));
        let zone: &Zone = buyer.zone;
        let span = i64::from(self.days) * DAY;
        // Outside summer time, which these weeks need not know; what would leave them comes in at the other end.
        self.first_second + (day * DAY + local - i64::from(zone.standard) * 60).rem_euclid(span)
    }
}

/// Who is of which arm.
struct Ledger {
    path: PathBuf,
    arms: Vec<String>,
    of: HashMap<u32, usize>,
}

impl Ledger {
    fn read(path: &Path, customers: u32) -> Result<Self, SampleError> {
        let bad =
            |line: u64, what: String| SampleError::Ledger(format!("{}, line {line}: {what}", path.display()));
        let broken = |error: csv::Error| match error.kind() {
            csv::ErrorKind::Io(source) => {
                SampleError::Ledger(format!("{} cannot be read: {source}; check the path", path.display()))
            }
            _ => bad(error.position().map_or(1, csv::Position::line), error.to_string()),
        };
        let mut reader = csv::Reader::from_path(path).map_err(broken)?;
        let header = reader.headers().map_err(broken)?.clone();
        let place = |wanted: &str| {
            header.iter().position(|name| name.trim() == wanted).ok_or_else(|| {
                bad(1, format!("there is no column \"{wanted}\"; a ledger begins with customer_id,arm"))
            })
        };
        let (customer_place, arm_place) = (place("customer_id")?, place("arm")?);
        let mut ledger = Self { path: path.to_owned(), arms: Vec::new(), of: HashMap::new() };
        for record in reader.records() {
            let record = record.map_err(broken)?;
            let line = record.position().map_or(0, csv::Position::line);
            let id = record.get(customer_place).unwrap_or_default().trim();
            let number = id.strip_prefix('C').and_then(|digits| digits.parse::<u32>().ok());
            let number = number.filter(|number| (1..=customers).contains(number)).ok_or_else(|| {
                bad(
                    line,
                    format!("\"{id}\" is no customer of this sample, which has C0000001 to C{customers:07}"),
                )
            })?;
            let arm = record.get(arm_place).unwrap_or_default().trim();
            let arm = ledger.arms.iter().position(|own| own == arm).unwrap_or_else(|| {
                ledger.arms.push(arm.to_owned());
                ledger.arms.len() - 1
            });
            if ledger.of.insert(number - 1, arm).is_some() {
                return Err(bad(line, format!("customer \"{id}\" stands here for the second time")));
            }
        }
        Ok(ledger)
    }

    /// What each arm adds, in millionths.
    fn effects(&self, later: &Later) -> Result<Vec<i64>, SampleError> {
        for (name, _) in &later.effects {
            if name != "*" && !self.arms.contains(name) {
                return Err(SampleError::Ledger(format!(
                    "{} has no arm \"{name}\" to give an effect to; its arms are {}",
                    self.path.display(),
                    self.arms.join(", ")
                )));
            }
        }
        let of =
            |name: &str| later.effects.iter().rev().find(|(own, _)| own == name).map(|(_, effect)| *effect);
        let every = of("*").unwrap_or(0);
        let effect = |arm: &String| of(arm).unwrap_or(if arm == HOLDOUT { 0 } else { every });
        Ok(self.arms.iter().map(effect).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_add_up_over_weeks() {
        assert_eq!(chance(0, 8), 0);
        assert_eq!(chance(100, 1), 100_000);
        assert_eq!(chance(100, 2), 190_000);
    }

    #[test]
    fn days_have_dates() {
        assert_eq!(date(FIRST_SECOND / DAY + i64::from(LAST) + 1), "2025-11-01");
    }
}
