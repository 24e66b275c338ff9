//! Who has bought again by the end of each week after the launch, by arm.

use serde::Serialize;

use super::measure::DAY;
use super::observed::Observed;
use crate::statistics::proportions::{Count, wilson};
use crate::statistics::{CONFIDENCE, Interval};

/// Weeks that are counted at most.
const MOST_WEEKS: usize = 52;

/// One arm's curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    pub arm: String,
    pub customers: u64,
    /// Whole weeks only.
    pub weeks: Vec<Week>,
}

/// One week after the launch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Week {
    /// 1 ends seven days after the launch.
    pub week: u32,
    /// Customers who have bought by the end of it.
    pub bought: u64,
    /// Of all customers of the arm.
    pub rate: f64,
    /// Wilson's, of the rate.
    pub interval: Interval,
    /// Customers who bought in this week, whether before it or not.
    pub bought_in_week: u64,
}

/// The weeks that are over go beyond the window where more is known.
pub(super) fn curves(observed: &Observed) -> Vec<Curve> {
    let weeks =
        ((observed.observed_until - observed.launched_at) / (7 * DAY)).clamp(0, MOST_WEEKS as i64) as usize;
    let mut bought = vec![0_u64; observed.assigned.arm.len()];
    for purchase in &observed.purchases {
        let week = (purchase.at - observed.launched_at).div_euclid(7 * DAY);
        if purchase.amount > 0 && (0..weeks as i64).contains(&week) {
            bought[purchase.customer as usize] |= 1 << week;
        }
    }
    let arms = observed.arms.len();
    let mut customers = vec![0_u64; arms];
    let mut first = vec![vec![0_u64; weeks]; arms];
    let mut within = vec![vec![0_u64; weeks]; arms];
    for (row, &weeks_bought) in bought.iter().enumerate() {
        let arm = usize::from(observed.assigned.arm[row]);
        customers[arm] += 1;
        if weeks_bought != 0 {
            first[arm][weeks_bought.trailing_zeros() as usize] += 1;
            for (week, count) in within[arm].iter_mut().enumerate() {
                *count += weeks_bought >> week & 1;
            }
        }
    }
    let curve = |arm: usize| {
        let mut so_far = 0;
        let weeks = (0..weeks).map(|week| {
            so_far += first[arm][week];
            let count = Count::new(so_far, customers[arm]);
            Week {
                week: week as u32 + 1,
                bought: so_far,
                rate: count.rate(),
                interval: wilson(count, CONFIDENCE),
                bought_in_week: within[arm][week],
            }
        });
        Curve { arm: observed.arms[arm].name.clone(), customers: customers[arm], weeks: weeks.collect() }
    };
    (0..arms).map(curve).collect()
}
