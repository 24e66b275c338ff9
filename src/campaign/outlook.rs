//! What a campaign of this size can show, before it is launched.
//!
//! In: the numbers of customers in the holdout and in the arms, and the shop's past. Out: for several lengths of waiting, how
//! many of such customers buy anyway, and the smallest difference that can be told from chance.
//!
//! How many buy anyway is read from the past: who was in the same segments before the longest of these times began, and what share
//! of them ordered within each of them from then on. They are the same customers throughout, so that more days are never fewer buyers.

use jiff::ToSpan as _;
use serde::Serialize;

use super::CampaignError;
use super::versions::Ground;
use crate::data::start_of;
use crate::features;
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
/// A rise of the share that no message brings, 0..=1.
const MOST_EFFECT: f64 = 0.2;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

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
        // Nobody has seen a message double the number of buyers, or make a fifth more of all customers buy.
        match (self.base_rate, self.smallest_effect) {
            (Some(base), Some(effect)) => effect > base.clamp(0.02, MOST_EFFECT),
            _ => true,
        }
    }

    /// What it says, in words, with so many held out and so many written to.
    #[must_use]
    pub fn told(&self, holdout: u64, treated: u64) -> String {
        let Some(base) = self.base_rate else {
            return "the shop's past does not say how many buy anyway".to_owned();
        };
        let base = 100.0 * base;
        let mut told = match self.smallest_effect.map(|effect| 100.0 * effect) {
            Some(effect) if self.is_too_few() => format!(
                "too few to tell what the message adds to {base:.1} % who buy anyway: only {effect:.1} points more, or more than \
                 that, could be told from chance"
            ),
            Some(effect) => {
                format!(
                    "{base:.1} % buy anyway; {effect:.1} points more, or more than that, can be told from chance"
                )
            }
            None => format!(
                "too few to tell what the message adds to {base:.1} % who buy anyway: no rise could be told from chance"
            ),
        };
        if let Some(needed) = self.holdout_for_a_tenth.filter(|&needed| needed > holdout) {
            // In the same proportion as now; the same number where nobody is held out yet.
            let written = if holdout == 0 {
                needed
            } else {
                (needed as f64 * treated as f64 / holdout as f64).ceil() as u64
            };
            told.push_str(&format!(
                "; a tenth more of them ({:.1} points) would take {needed} held out and {written} written to",
                base / 10.0
            ));
        }
        told
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
    let rates = base_rates(ground, clusters, task)?;
    let mut all = Vec::new();
    for (days, base_rate) in WINDOWS.into_iter().zip(rates) {
        let effect = base_rate.and_then(|base| smallest_effect(holdout, treated, base, ALPHA, POWER));
        let ratio = if holdout == 0 { 1.0 } else { treated as f64 / holdout as f64 };
        let needed = base_rate
            .filter(|&base| base > 0.0)
            .and_then(|base| customers_needed(base, base / 10.0, ratio.max(1e-6), ALPHA, POWER));
        all.push(Outlook { days, base_rate, smallest_effect: effect, holdout_for_a_tenth: needed });
    }
    Ok(all)
}

/// The share of customers who were in these clusters before the longest window and ordered within each of them, from then on.
/// Where the shop's past is shorter, the longest window that it has is the one.
fn base_rates(
    ground: Ground<'_>,
    clusters: &[usize],
    task: &Task<'_>,
) -> Result<[Option<f64>; WINDOWS.len()], CampaignError> {
    let as_of = ground.features.as_of;
    let mut rates = [None; WINDOWS.len()];
    let begins = |days: i64| as_of.checked_sub(days.days()).ok().filter(|then| *then > ground.shop.first_day);
    let Some(then) = WINDOWS.into_iter().rev().find_map(begins) else { return Ok(rates) };
    let past = features::compute(ground.shop, Some(then), task)?;
    let member: Vec<bool> = (0..past.rows)
        .map(|row| ground.segmentation.assign(&past, row).is_some_and(|cluster| clusters.contains(&cluster)))
        .collect();
    let customers = member.iter().filter(|member| **member).count() as u64;
    if customers < FEWEST {
        return Ok(rates);
    }
    // Days after `then` of each one's first order since.
    let begin = start_of(then) + DAY;
    let mut first = vec![None; member.len()];
    ground.shop.each_order_line(&mut |customer, line| {
        let row = customer as usize;
        if line.at >= begin && line.amount > 0 && member.get(row) == Some(&true) {
            let day = (line.at - begin) / DAY;
            first[row] = Some(first[row].map_or(day, |least: i64| least.min(day)));
        }
        Ok(())
    })?;
    for (rate, days) in rates.iter_mut().zip(WINDOWS) {
        if begins(days).is_some() {
            let bought = first.iter().flatten().filter(|day| **day < days).count();
            *rate = Some(bought as f64 / customers as f64);
        }
    }
    Ok(rates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_few_says_what_could_be_told_and_how_many_would_do() {
        let few = Outlook {
            days: 28,
            base_rate: Some(0.1),
            smallest_effect: Some(0.12),
            holdout_for_a_tenth: Some(1_000),
        };
        assert_eq!(
            few.told(25, 225),
            "too few to tell what the message adds to 10.0 % who buy anyway: only 12.0 points more, or more than that, could be \
             told from chance; a tenth more of them (1.0 points) would take 1000 held out and 9000 written to"
        );
        let many = Outlook { smallest_effect: Some(0.008), ..few };
        assert_eq!(
            many.told(1_500, 13_500),
            "10.0 % buy anyway; 0.8 points more, or more than that, can be told from chance"
        );
        let none = Outlook { smallest_effect: None, ..few };
        assert!(none.told(0, 250).ends_with("would take 1000 held out and 1000 written to"));
        let unknown = Outlook { base_rate: None, smallest_effect: None, holdout_for_a_tenth: None, days: 7 };
        assert_eq!(unknown.told(0, 0), "the shop's past does not say how many buy anyway");
    }
}
