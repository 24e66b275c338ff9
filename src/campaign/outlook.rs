//! What a campaign of this size can show, before it is launched.
//!
//! In: the numbers of customers in the holdout and in the arms, and the shop's past. Out: for several lengths of waiting, how
//! many of such customers buy anyway, and the smallest difference that can be told from chance.
//!
//! How many buy anyway is read from the past: who was in the same segments so many days before the reference date, and what share
//! of them ordered in those days.

use jiff::ToSpan as _;
use serde::Serialize;

use super::CampaignError;
use super::versions::Ground;
use crate::features::{self, Feature};
use crate::jobs::Task;
use crate::statistics::power::{customers_needed, smallest_effect};

/// Error that is allowed where there is no effect.
pub const ALPHA: f64 = 0.05;
/// How often an effect should be seen where it is.
pub const POWER: f64 = 0.8;
/// Days of waiting that are looked at.
const WINDOWS: [i64; 4] = [7, 14, 28, 56];
/// Fewer customers of the past say nothing.
const FEWEST: u64 = 20;

/// What can be shown after some days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// Days after the message.
    pub days: i64,
    /// Share of such customers who buy in that time anyway, 0..=1; `None`: the past does not say.
    pub base_rate: Option<f64>,
    /// Smallest rise of that share that can be told from chance, in points 0..=1; `None`: none can.
    pub smallest_effect: Option<f64>,
    /// Customers in the holdout that a rise by a tenth of the base rate needs, with the same proportion to those written to.
    pub holdout_for_a_tenth: Option<u64>,
}

impl Outlook {
    /// Whether so few are compared that nothing can be told.
    #[must_use]
    pub fn is_too_few(&self) -> bool {
        // Nobody has seen a message double the number of buyers.
        match (self.base_rate, self.smallest_effect) {
            (Some(base), Some(effect)) => effect > base.max(0.02),
            _ => true,
        }
    }
}

/// What can be shown with so many held out and so many written to, of these clusters.
///
/// # Errors
/// Orders that cannot be read; cancelled.
pub fn outlook(
    ground: Ground<'_>,
    clusters: &[usize],
    holdout: u64,
    treated: u64,
    task: &Task<'_>,
) -> Result<Vec<Outlook>, CampaignError> {
    let mut all = Vec::new();
    for days in WINDOWS {
        let base_rate = base_rate(ground, clusters, days, task)?;
        let effect =
            base_rate.and_then(|base| smallest_effect(holdout, treated, base, ALPHA, POWER));
        let ratio = if holdout == 0 { 1.0 } else { treated as f64 / holdout as f64 };
        let needed = base_rate
            .filter(|&base| base > 0.0)
            .and_then(|base| customers_needed(base, base / 10.0, ratio.max(1e-6), ALPHA, POWER));
        all.push(Outlook { days, base_rate, smallest_effect: effect, holdout_for_a_tenth: needed });
    }
    Ok(all)
}

/// The share of customers who were in these clusters so many days ago and have ordered since.
fn base_rate(
    ground: Ground<'_>,
    clusters: &[usize],
    days: i64,
    task: &Task<'_>,
) -> Result<Option<f64>, CampaignError> {
    let now = ground.features;
    let Ok(then) = now.as_of.checked_sub(days.days()) else { return Ok(None) };
    if then <= ground.shop.first_day {
        return Ok(None);
    }
    let past = features::compute(ground.shop, Some(then), task)?;
    let (mut customers, mut bought) = (0, 0);
    for row in 0..past.rows {
        let cluster = ground.segmentation.assign(&past, row);
        if cluster.is_some_and(|cluster| clusters.contains(&cluster)) {
            customers += 1;
            let recency = now.value(Feature::RecencyDays, row);
            bought += u64::from(recency.is_some_and(|recency| f64::from(recency) < days as f64));
        }
    }
    Ok((customers >= FEWEST).then(|| bought as f64 / customers as f64))
}
