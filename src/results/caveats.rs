//! What to keep in mind before acting on the results.

use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::Results;
use super::observed::{Observed, State};
use crate::workspace::Elsewhere;

/// Below this the arms are not as large as planned by chance: R. Kohavi, D. Tang, Y. Xu, Trustworthy Online Controlled
/// Experiments (2020), chapter 21.
const MISMATCH: f64 = 0.001;

/// One of them, with the figure that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "code", content = "figure", rename_all = "kebab-case")]
pub enum Caveat {
    /// No arm was left without a message: what the campaign did as such cannot be known, only which arm did better.
    NoHoldout,
    /// The orders end before the launch, or on it.
    NothingAfter,
    /// Rows of orders within the window that were set aside, for they are dated in the future.
    LaterOrders(u64),
    /// Days of the window that are still to come.
    WindowOpen(u32),
    /// Share of customers in the arms who were sent nothing (failed, skipped, waiting); they count all the same.
    NotSent(f64),
    /// Customers of the ledger of whom the shop's files know nothing; they are left out of every arm.
    UnknownCustomers(u64),
    /// Customers who were erased since the launch: they are in no figure, and their arm is smaller by them.
    Erased(u64),
    /// Orders that only the door was told of: the shop's files do not have them (yet).
    ToldOrders(u64),
    /// Such orders without an amount, or in another currency; they are not counted.
    ToldLeftOut(u64),
    /// Customers who also got a message of another campaign within the window: what they did may be its doing.
    WrittenElsewhere(u64),
    /// Those of them who are held out, and so are no longer customers who got no message.
    HeldOutWrittenTo(u64),
    /// The shop's files have no events: activity is orders alone.
    NoEvents,
    /// P-value of the arms being as large as planned.
    SampleRatio(f64),
    /// Customers whose links only mail filters opened; not counted as clicks.
    Scanners(u64),
    /// Comparisons within segments; their p-values are adjusted.
    ManySegments(u64),
    /// Nothing is known of what the goods cost: margin is taken as all of the price.
    NoMargin,
}

pub(super) fn caveats(observed: &Observed, results: &Results) -> Vec<Caveat> {
    let mut found = Vec::new();
    // Where there is a holdout and another control was asked for, nothing is amiss.
    if !observed.assigned.state.contains(&State::Holdout) {
        found.push(Caveat::NoHoldout);
    }
    if results.information <= 0.0 {
        found.push(Caveat::NothingAfter);
    } else if results.information < 1.0 {
        let left = f64::from(observed.window_days) * (1.0 - results.information);
        found.push(Caveat::WindowOpen(left.ceil() as u32));
    }
    if observed.later_orders > 0 {
        found.push(Caveat::LaterOrders(observed.later_orders));
    }
    let meant = observed.assigned.state.iter().filter(|state| **state != State::Holdout);
    let missed = meant.clone().filter(|state| !matches!(state, State::Accepted | State::Unknown)).count();
    let meant = meant.count();
    if missed > 0 {
        found.push(Caveat::NotSent(missed as f64 / meant as f64));
    }
    if observed.unknown_customers > 0 {
        found.push(Caveat::UnknownCustomers(observed.unknown_customers));
    }
    let counts = [observed.erased, observed.told.counted, observed.told.left_out];
    let caveats = [Caveat::Erased, Caveat::ToldOrders, Caveat::ToldLeftOut];
    found.extend(
        counts.into_iter().zip(caveats).filter(|(count, _)| *count > 0).map(|(count, caveat)| caveat(count)),
    );
    let sum = |of: fn(&Elsewhere) -> u64| observed.elsewhere.iter().map(of).sum::<u64>();
    let (customers, held_out) = (sum(|other| other.customers), sum(|other| other.held_out));
    if customers > 0 {
        found.push(Caveat::WrittenElsewhere(customers));
    }
    if held_out > 0 {
        found.push(Caveat::HeldOutWrittenTo(held_out));
    }
    if observed.activity.is_none() {
        found.push(Caveat::NoEvents);
    }
    if let Some(p) = sample_ratio(observed, results).filter(|&p| p < MISMATCH) {
        found.push(Caveat::SampleRatio(p));
    }
    let scanned: u64 = results.funnel.iter().map(|funnel| funnel.scanned_only).sum();
    if scanned > 0 {
        found.push(Caveat::Scanners(scanned));
    }
    let within: usize = results.segments.iter().map(|segment| segment.comparisons.len()).sum();
    if within > 0 {
        found.push(Caveat::ManySegments(within as u64));
    }
    if observed.costs.margin >= 1.0 {
        found.push(Caveat::NoMargin);
    }
    found
}

/// Pearson's chi-squared test of the sizes of the arms against their planned shares.
fn sample_ratio(observed: &Observed, results: &Results) -> Option<f64> {
    let shares: Vec<f64> = observed.arms.iter().map(|arm| arm.share).collect::<Option<_>>()?;
    let whole: f64 = shares.iter().sum();
    let all = observed.assigned.arm.len() as f64;
    if shares.len() < 2 || all < 50.0 || shares.iter().any(|&share| share <= 0.0) {
        return None;
    }
    let squared: f64 = results
        .arms
        .iter()
        .zip(&shares)
        .map(|(arm, share)| {
            let expected = all * share / whole;
            (arm.customers as f64 - expected).powi(2) / expected
        })
        .sum();
    Some(ChiSquared::new((shares.len() - 1) as f64).ok()?.sf(squared))
}
