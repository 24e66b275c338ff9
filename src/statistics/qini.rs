//! Who responds: customers in the order of a score, and what a campaign to the first of them alone would have brought.

mod area;

use serde::{Deserialize, Serialize};

use super::Interval;
use super::proportions::{Count, newcombe};

/// One customer of an experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The higher, the more the customer is expected to respond; made without knowing the outcome.
    pub score: f64,
    pub treated: bool,
    pub converted: bool,
}

/// A tenth of the customers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// 1 has the highest scores.
    pub decile: u32,
    pub treated: u64,
    pub treated_conversions: u64,
    pub control: u64,
    pub control_conversions: u64,
    /// Rate of the treated less rate of the control.
    pub uplift: f64,
    /// Newcombe's, of the uplift.
    pub interval: Interval,
}

/// The Qini curve and its area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Qini {
    /// From `[0, 0]`: the share of customers, highest scores first, and the extra conversions per treated customer of
    /// the whole campaign that sending to this share alone would have brought.
    pub curve: Vec<[f64; 2]>,
    /// Area between the curve and the straight line to its end, which sending to as many customers at random follows:
    /// above 0, the score knows who responds.
    pub area: f64,
    /// 95 %, of the area, by bootstrap: where it holds 0, the score may know nothing.
    pub interval: Interval,
    /// Extra conversions per treated customer when all are sent to: the end of the curve.
    pub total: f64,
    pub deciles: Vec<Decile>,
}

/// What an area says of the score that the customers were put in order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knows {
    /// Who responds.
    Yes,
    /// Nothing that could be told from chance.
    Unsure,
    /// The contrary: those it puts last respond.
    Reversed,
}

impl Qini {
    /// By the interval of the area.
    #[must_use]
    pub fn knows(&self) -> Knows {
        if self.interval.low > 0.0 {
            Knows::Yes
        } else if self.interval.high < 0.0 {
            Knows::Reversed
        } else {
            Knows::Unsure
        }
    }
}

/// Points that a curve has at most, with its beginning.
const POINTS: usize = 101;

/// N. J. Radcliffe, Using control groups to target on predicted lift, Direct Marketing Analytics Journal 1 (2007)
/// 14-21: at each share the conversions of the treated, less those of the control scaled to as many customers. Customers
/// of the same score are of one point, so that their order in the file does not matter. `None` where an arm is empty.
#[must_use]
pub fn qini(customers: &[Scored]) -> Option<Qini> {
    let treated = customers.iter().filter(|customer| customer.treated).count();
    if treated == 0 || treated == customers.len() {
        return None;
    }
    let mut order: Vec<Scored> = customers.to_vec();
    order.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let all = order.len() as f64;
    let mut steps = vec![[0.0, 0.0]];
    let mut tally = Tally::default();
    let (mut start, mut ends) = (0, Vec::new());
    while start < order.len() {
        let end = start
            + order[start..].partition_point(|other| other.score.total_cmp(&order[start].score).is_eq());
        for customer in &order[start..end] {
            tally.add(customer);
        }
        steps.push([end as f64 / all, tally.gain() / treated as f64]);
        ends.push(end);
        start = end;
    }
    let total = steps[steps.len() - 1][1];
    let under: f64 =
        steps.windows(2).map(|pair| (pair[1][0] - pair[0][0]) * f64::midpoint(pair[0][1], pair[1][1])).sum();
    let area = under - total / 2.0;
    let interval = area::interval(&order, &ends, area);
    Some(Qini { area, interval, total, deciles: deciles(&order), curve: thinned(&steps) })
}

#[derive(Default)]
struct Tally {
    treated: Count,
    control: Count,
}

impl Tally {
    fn add(&mut self, customer: &Scored) {
        let count = if customer.treated { &mut self.treated } else { &mut self.control };
        count.of += 1;
        count.hits += u64::from(customer.converted);
    }

    fn gain(&self) -> f64 {
        // Nobody to compare with yet: nothing is known to be gained.
        if self.control.of == 0 {
            return 0.0;
        }
        self.treated.hits as f64 - self.control.rate() * self.treated.of as f64
    }
}

/// Tenths of the ordered customers. A tenth of customers that cannot be told apart by their score is cut where the
/// order of equal scores happens to put it, which says nothing about the outcome.
fn deciles(order: &[Scored]) -> Vec<Decile> {
    let tenths = 10.min(order.len());
    (0..tenths)
        .map(|number| {
            let mut tally = Tally::default();
            for customer in &order[order.len() * number / tenths..order.len() * (number + 1) / tenths] {
                tally.add(customer);
            }
            Decile {
                decile: number as u32 + 1,
                treated: tally.treated.of,
                treated_conversions: tally.treated.hits,
                control: tally.control.of,
                control_conversions: tally.control.hits,
                uplift: tally.treated.rate() - tally.control.rate(),
                interval: newcombe(tally.treated, tally.control, super::CONFIDENCE),
            }
        })
        .collect()
}

/// At most [`POINTS`] points of a curve, the first and the last among them.
fn thinned(steps: &[[f64; 2]]) -> Vec<[f64; 2]> {
    if steps.len() <= POINTS {
        return steps.to_vec();
    }
    (0..POINTS).map(|point| steps[(steps.len() - 1) * point / (POINTS - 1)]).collect()
}

#[cfg(test)]
mod tests;
