//! What an arm brought beyond the control, and what was left of it after its costs.

use serde::Serialize;

use super::Outcomes;
use super::observed::{Observed, State};
use crate::statistics::means::{MeanTest, cuped};
use crate::statistics::{CONFIDENCE, Interval};

/// Money in major units, for the whole arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Earned {
    pub arm: String,
    pub against: String,
    /// Revenue in the window beyond what as many customers of the control spent. Amounts are after discounts, so that
    /// coupons are taken off already.
    pub incremental_revenue: f64,
    pub interval: Interval,
    /// What redeemed coupons took off.
    pub coupon_cost: f64,
    /// What sending cost.
    pub message_cost: f64,
    /// Share of the goods' price that the shop keeps.
    pub margin: f64,
    /// Margin of the incremental revenue, less its part in the coupons, less the messages.
    pub gain: f64,
    pub gain_interval: Interval,
    /// Gain for each unit of cost (coupons and messages); `None` where nothing was spent.
    pub return_on_cost: Option<f64>,
    pub return_interval: Option<Interval>,
}

/// Every arm but the control. Differences are narrowed by what customers spent before (CUPED), as those of the
/// comparisons are.
pub(super) fn earned(observed: &Observed, outcomes: &Outcomes) -> Vec<Earned> {
    let (Some(revenue), Some(before)) = (&outcomes.revenue, &outcomes.before) else { return Vec::new() };
    let costs = observed.costs;
    let unit = observed.unit();
    let coupon = |row: usize| observed.assigned.coupon_cost.get(row).map_or(0.0, |&cost| cost as f64 / unit);
    let message = |row: usize| {
        if matches!(observed.assigned.state[row], State::Accepted | State::Unknown) {
            costs.message
        } else {
            0.0
        }
    };
    // The price of the goods is what was paid and what the coupon took off.
    let left = |row: usize| costs.margin * (revenue[row] + coupon(row)) - coupon(row) - message(row);
    let test = |arm: usize, value: &dyn Fn(usize) -> f64| -> MeanTest {
        let pairs = |arm: usize| -> Vec<(f64, f64)> {
            outcomes.rows(arm).map(|row| (value(row), before[row])).collect()
        };
        cuped(&pairs(arm), &pairs(observed.control), CONFIDENCE).test
    };
    (0..observed.arms.len())
        .filter(|&arm| arm != observed.control)
        .filter_map(|arm| {
            let customers = outcomes.rows(arm).count() as f64;
            let controls = outcomes.rows(observed.control).count();
            if customers < 2.0 || controls < 2 {
                return None;
            }
            let sales = test(arm, &|row| revenue[row]);
            let gain = test(arm, &left);
            let coupon_cost: f64 = outcomes.rows(arm).map(coupon).sum();
            let message_cost: f64 = outcomes.rows(arm).map(message).sum();
            let cost = coupon_cost + message_cost;
            let gain_interval = gain.interval.scaled(customers);
            Some(Earned {
                arm: observed.arms[arm].name.clone(),
                against: observed.arms[observed.control].name.clone(),
                incremental_revenue: sales.difference * customers,
                interval: sales.interval.scaled(customers),
                coupon_cost,
                message_cost,
                margin: costs.margin,
                gain: gain.difference * customers,
                gain_interval,
                return_on_cost: (cost > 0.0).then(|| gain.difference * customers / cost),
                return_interval: (cost > 0.0).then(|| gain_interval.scaled(1.0 / cost)),
            })
        })
        .collect()
}
