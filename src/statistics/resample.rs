//! The bootstrap: an interval of a difference of means that trusts no shape of the amounts.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::Interval;
use super::normal::{below, quantile};

/// Redraws where nothing else is asked for.
pub const REDRAWS: u32 = 2_000;
/// An arm with more customers than this is drawn in so many groups of customers put together at random.
const MOST_UNITS: usize = 4_000;

/// Intervals of a difference of means, from redraws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// From quantile to quantile of the redrawn differences: B. Efron, R. J. Tibshirani, An Introduction to the
    /// Bootstrap (1993), equation 13.3.
    pub percentile: Interval,
    /// Bias-corrected and accelerated: Efron and Tibshirani, equations 14.9, 14.10 and 14.14, with the acceleration
    /// from the influence of each unit on the difference (B. Efron, JASA 82 (1987), section 6).
    pub bca: Interval,
}

/// What is drawn: a customer, or a group of them.
#[derive(Clone, Copy)]
struct Unit {
    sum: f64,
    count: f64,
}

/// The bootstrap of `mean(a) - mean(b)`, each arm redrawn for itself. `None` where an arm has fewer than two.
///
/// An arm of more than 4,000 is first dealt at random into 4,000 groups of equal size, which are then redrawn: as
/// groups are dealt at random the mean of a redraw varies as it would with single customers, and two million
/// customers take as long as eight thousand. The same seed gives the same interval whatever the threads.
#[must_use]
pub fn bootstrap(a: &[f64], b: &[f64], confidence: f64, redraws: u32, seed: u64) -> Option<Bootstrap> {
    if a.len() < 2 || b.len() < 2 || redraws < 2 {
        return None;
    }
    let (a, b) = (units(a, seed, 1), units(b, seed, 2));
    let observed = mean(&a) - mean(&b);
    let mut drawn: Vec<f64> = (0..redraws)
        .into_par_iter()
        .map(|redraw| {
            let mut rng = stream(seed, 16 + u64::from(redraw));
            redrawn(&a, &mut rng) - redrawn(&b, &mut rng)
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let percentile = Interval::new(at(&drawn, tail), at(&drawn, 1.0 - tail));

    let less = drawn.iter().filter(|&&value| value < observed).count() as f64;
    let equal = drawn.iter().filter(|&&value| value <= observed).count() as f64 - less;
    let share = (less + equal / 2.0) / f64::from(redraws);
    if share <= 0.0 || share >= 1.0 {
        return Some(Bootstrap { percentile, bca: percentile });
    }
    let bias = quantile(share);
    let acceleration = acceleration(&a, &b);
    let corrected = |p: f64| {
        let z = bias + quantile(p);
        below(bias + z / (1.0 - acceleration * z))
    };
    let bca = Interval::new(at(&drawn, corrected(tail)), at(&drawn, corrected(1.0 - tail)));
    Some(Bootstrap { percentile, bca })
}

pub(super) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// A whole number below `bound`, which is at most 2^32.
fn draw_below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    ((u64::from(rng.next_u32()) * bound as u64) >> 32) as usize
}

fn units(values: &[f64], seed: u64, number: u64) -> Vec<Unit> {
    if values.len() <= MOST_UNITS {
        return values.iter().map(|&sum| Unit { sum, count: 1.0 }).collect();
    }
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    let mut rng = stream(seed, number);
    for last in (1..order.len()).rev() {
        order.swap(last, draw_below(&mut rng, last + 1));
    }
    let mut groups = vec![Unit { sum: 0.0, count: 0.0 }; MOST_UNITS];
    for (place, &row) in order.iter().enumerate() {
        let group = &mut groups[place % MOST_UNITS];
        group.sum += values[row as usize];
        group.count += 1.0;
    }
    groups
}

fn mean(units: &[Unit]) -> f64 {
    let (sum, count) =
        units.iter().fold((0.0, 0.0), |total, unit| (total.0 + unit.sum, total.1 + unit.count));
    sum / count
}

fn redrawn(units: &[Unit], rng: &mut ChaCha8Rng) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for _ in 0..units.len() {
        let unit = units[draw_below(rng, units.len())];
        sum += unit.sum;
        count += unit.count;
    }
    sum / count
}

/// A sixth of the skewness of the units' influences on the difference.
fn acceleration(a: &[Unit], b: &[Unit]) -> f64 {
    let (mut squares, mut cubes) = (0.0, 0.0);
    for (units, sign) in [(a, 1.0), (b, -1.0)] {
        let middle = mean(units);
        let count: f64 = units.iter().map(|unit| unit.count).sum();
        for unit in units {
            let influence = sign * (unit.sum - unit.count * middle) / count;
            squares += influence * influence;
            cubes += influence * influence * influence;
        }
    }
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}

/// The quantile `p` of sorted values, between neighbours in proportion.
pub(super) fn at(sorted: &[f64], p: f64) -> f64 {
    let place = p.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + part * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests;
