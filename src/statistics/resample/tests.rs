//! The bootstrap against scipy 1.17 and against Welch, and what its seed promises.

use super::super::means::{Moments, welch};
use super::*;

fn near(ours: f64, theirs: f64, within: f64) {
    assert!((ours - theirs).abs() <= within, "{ours} is not {theirs}");
}

const A: [f64; 24] = [
    0.0, 0.0, 0.0, 12.5, 0.0, 0.0, 30.0, 0.0, 0.0, 0.0, 7.25, 0.0, 0.0, 0.0, 110.0, 0.0, 0.0, 0.0, 0.0, 45.5,
    0.0, 0.0, 9.9, 0.0,
];
const B: [f64; 20] =
    [0.0, 0.0, 0.0, 0.0, 0.0, 19.0, 0.0, 0.0, 0.0, 5.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 27.0, 0.0, 0.0, 0.0];

/// `scipy.stats.bootstrap((a, b), difference_of_means, n_resamples=400000)` with both methods: a few
/// big baskets pull the ends up, which Welch's interval, the same to both sides, does not say.
#[test]
fn the_intervals_are_scipys_up_to_the_draw() {
    let boot = bootstrap(&A, &B, 0.95, 40_000, 1).unwrap();
    near(boot.percentile.low, -1.939_6, 0.25);
    near(boot.percentile.high, 17.65, 0.4);
    near(boot.bca.low, -0.391_7, 0.25);
    near(boot.bca.high, 22.724, 0.6);
}

#[test]
fn a_seed_says_it_all_whatever_the_threads() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let one = pool(1).install(|| bootstrap(&A, &B, 0.95, 500, 9));
    assert_eq!(one, pool(3).install(|| bootstrap(&A, &B, 0.95, 500, 9)));
    assert_ne!(one, bootstrap(&A, &B, 0.95, 500, 10));
}

/// Large arms, drawn in groups, vary as single customers do: the interval is Welch's, within the noise of the draw.
#[test]
fn groups_of_customers_vary_as_customers_do() {
    let mut rng = stream(5, 0);
    let mut arm = |n: usize, often: u32| -> Vec<f64> {
        (0..n)
            .map(|_| if rng.next_u32() % 1000 < often { f64::from(rng.next_u32() % 9_000) } else { 0.0 })
            .collect()
    };
    let (a, b) = (arm(60_000, 60), arm(30_000, 50));
    let boot = bootstrap(&a, &b, 0.95, 4_000, 2).unwrap();
    let test = welch(&Moments::of(a.iter().copied()), &Moments::of(b.iter().copied()), 0.95);
    near(boot.percentile.width() / test.interval.width(), 1.0, 0.06);
    near(boot.bca.low, test.interval.low, 0.08 * test.interval.width());
    near(boot.bca.high, test.interval.high, 0.08 * test.interval.width());
}

#[test]
fn what_cannot_be_drawn_is_not() {
    assert_eq!(bootstrap(&[1.0], &B, 0.95, 100, 1), None);
    let flat = bootstrap(&[2.0, 2.0, 2.0], &[1.0, 1.0], 0.95, 100, 1).unwrap();
    assert_eq!((flat.percentile, flat.bca), (Interval::new(1.0, 1.0), Interval::new(1.0, 1.0)));
}
