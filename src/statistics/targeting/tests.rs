//! The score finds planted responders, and finds none where there are none.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::super::qini::qini;
use super::*;

/// Customers with two columns; those with the first above 0.5 respond to the message with the chance `effect`.
fn planted(seed: u64, effect: f64) -> Known {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let mut known = Known { columns: vec![Vec::new(), Vec::new()], ..Known::default() };
    for _ in 0..12_000 {
        let (one, two) = (uniform(), uniform());
        let treated = uniform() < 0.6;
        let chance = 0.05 + 0.1 * two + if treated && one > 0.5 { effect } else { 0.0 };
        known.columns[0].push(one);
        known.columns[1].push(two);
        known.treated.push(treated);
        known.converted.push(uniform() < chance);
    }
    known
}

#[test]
fn responders_are_found_where_there_are_some_and_only_there() {
    let found = qini(&cross_fitted(&planted(1, 0.15))).unwrap();
    // All of the effect is in one half: at best the curve runs straight to the end by 0.5, an area of total / 4.
    assert!(found.area > 0.6 * found.total / 4.0, "{} of {}", found.area, found.total);
    assert!(found.deciles[0].interval.low > 0.05, "{:?}", found.deciles[0]);
    assert!(found.deciles[9].interval.contains(0.0), "{:?}", found.deciles[9]);
    // Cross-fitting: without responders the areas lie on both sides of 0.
    let areas: Vec<f64> =
        (10..22).map(|seed| qini(&cross_fitted(&planted(seed, 0.0))).unwrap().area).collect();
    let mean = areas.iter().sum::<f64>() / areas.len() as f64;
    assert!(mean.abs() < 0.0015, "{areas:?}");
    assert!(areas.iter().any(|&area| area < 0.0) && areas.iter().all(|&area| area < found.area / 3.0));
}

#[test]
fn columns_that_say_nothing_or_the_same_do_no_harm() {
    let mut known = planted(1, 0.15);
    let plain = qini(&cross_fitted(&known)).unwrap().area;
    known.columns.push(vec![7.0; 12_000]);
    known.columns.push(known.columns[0].clone());
    let more = qini(&cross_fitted(&known)).unwrap().area;
    assert!((plain - more).abs() < 0.002, "{plain} and {more}");
    assert!(cross_fitted(&Known { columns: vec![vec![1.0; 12_000]], ..known }).is_empty());
}
