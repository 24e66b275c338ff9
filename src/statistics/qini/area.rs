//! How far the area under a Qini curve may be chance's doing: the bootstrap, on customers put together by score.
//!
//! A customer who is drawn with replacement from very many comes so often as Poisson's distribution with mean 1 says, so a
//! number of customers of one kind comes as often as that with their number for a mean (B. Efron, R. J. Tibshirani, An
//! Introduction to the Bootstrap (1993); H. Oza, S. Russell (2001) for the approximation). Whole groups are drawn at once, and a million
//! customers take as long as a thousand.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::super::resample::{at, stream};
use super::super::{CONFIDENCE, Interval};
use super::{Scored, Tally};
use crate::statistics::proportions::Count;

/// Groups of customers with neighbouring scores.
const GROUPS: usize = 200;
const REDRAWS: u32 = 1_000;
const SEED: u64 = 7;
/// From this mean on Poisson's distribution is drawn as a normal one.
const LARGE: f64 = 30.0;

/// The interval of the area: `order` by falling score, with the ends of runs of equal scores.
pub(super) fn interval(order: &[Scored], ends: &[usize], area: f64) -> Interval {
    let groups = groups(order, ends);
    let observed = area_of(&groups);
    let mut drawn: Vec<f64> = (0..REDRAWS)
        .into_par_iter()
        .map(|redraw| {
            let mut rng = stream(SEED, u64::from(redraw));
            area_of(&groups.iter().map(|group| redrawn(group, &mut rng)).collect::<Vec<_>>())
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    // Around the area itself, and not around that of the groups.
    let (low, high) = (at(&drawn, tail), at(&drawn, 1.0 - tail));
    Interval::new(area + low - observed, area + high - observed)
}

/// Neighbours put together, equal scores never apart.
fn groups(order: &[Scored], ends: &[usize]) -> Vec<Tally> {
    let least = order.len().div_ceil(GROUPS);
    let (mut groups, mut start, mut tally) = (Vec::new(), 0, Tally::default());
    for &end in ends {
        order[start..end].iter().for_each(|customer| tally.add(customer));
        start = end;
        if tally.treated.of + tally.control.of >= least as u64 {
            groups.push(std::mem::take(&mut tally));
        }
    }
    groups.push(tally);
    groups
}

fn area_of(groups: &[Tally]) -> f64 {
    let all: f64 = groups.iter().map(|group| (group.treated.of + group.control.of) as f64).sum();
    let treated: f64 = groups.iter().map(|group| group.treated.of as f64).sum();
    if treated == 0.0 {
        return 0.0;
    }
    let (mut sum, mut under, mut last) = (Tally::default(), 0.0, 0.0);
    for group in groups {
        for (count, more) in [(&mut sum.treated, group.treated), (&mut sum.control, group.control)] {
            count.of += more.of;
            count.hits += more.hits;
        }
        let gain = sum.gain() / treated;
        under += (group.treated.of + group.control.of) as f64 / all * f64::midpoint(last, gain);
        last = gain;
    }
    under - last / 2.0
}

fn redrawn(group: &Tally, rng: &mut ChaCha8Rng) -> Tally {
    let mut count = |count: Count| {
        let hits = poisson(count.hits as f64, rng);
        Count { hits, of: hits + poisson((count.of - count.hits) as f64, rng) }
    };
    Tally { treated: count(group.treated), control: count(group.control) }
}

/// A draw from Poisson's distribution: D. E. Knuth, The Art of Computer Programming 2, 3.4.1, algorithm Q; from [`LARGE`] on the
/// normal distribution of the same mean and variance.
fn poisson(mean: f64, rng: &mut ChaCha8Rng) -> u64 {
    let mut unit = || 1.0 - rng.random::<f64>();
    if mean >= LARGE {
        let normal = (-2.0 * unit().ln()).sqrt() * (std::f64::consts::TAU * unit()).cos();
        return (mean + mean.sqrt() * normal).round().max(0.0) as u64;
    }
    let (limit, mut product, mut count) = ((-mean).exp(), unit(), 0);
    while product > limit {
        product *= unit();
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::qini;
    use super::*;

    #[test]
    fn draws_have_the_mean_and_the_variance_of_poisson() {
        for mean in [0.0, 0.7, 12.0, 400.0] {
            let mut rng = stream(1, 1);
            let drawn: Vec<f64> = (0..20_000).map(|_| poisson(mean, &mut rng) as f64).collect();
            let average = drawn.iter().sum::<f64>() / 20_000.0;
            let variance = drawn.iter().map(|value| (value - average).powi(2)).sum::<f64>() / 20_000.0;
            let close = |value: f64| (value - mean).abs() <= 0.05 * mean.max(0.1);
            assert!(close(average) && close(variance), "{mean}: {average} {variance}");
        }
    }

    /// Scores by chance: the interval of 95 % leaves zero out about once in twenty times.
    #[test]
    fn an_area_by_chance_is_seldom_told_from_none() {
        let mut sure = 0;
        for trial in 0..200 {
            let mut rng = stream(trial, 99);
            let customers: Vec<Scored> = (0..1_000)
                .map(|_| Scored {
                    score: rng.random(),
                    treated: rng.random_bool(0.5),
                    converted: rng.random_bool(0.1),
                })
                .collect();
            sure += u32::from(!qini(&customers).unwrap().interval.contains(0.0));
        }
        assert!((2..=22).contains(&sure), "{sure} of 200");
    }

    #[test]
    fn an_area_by_planted_responders_is_told_from_none() {
        let mut rng = stream(3, 3);
        let customers: Vec<Scored> = (0..2_000)
            .map(|_| {
                let (score, treated): (f64, bool) = (rng.random(), rng.random_bool(0.5));
                let rate = if treated { 0.1 + 0.3 * score } else { 0.1 };
                Scored { score, treated, converted: rng.random_bool(rate) }
            })
            .collect();
        let found = qini(&customers).unwrap();
        assert!(found.interval.low > 0.0 && found.interval.contains(found.area), "{:?}", found.interval);
    }
}
