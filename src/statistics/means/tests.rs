//! Means against scipy 1.17, and against themselves.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

fn near(ours: f64, theirs: f64, within: f64) {
    assert!((ours - theirs).abs() <= within, "{ours} is not {theirs}");
}

/// `scipy.stats.ttest_ind(a, b, equal_var=False)`, its `confidence_interval()` and `df`.
#[test]
fn welchs_test_is_scipys() {
    let a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
    let b = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9];
    let test = welch(&Moments::of(a), &Moments::of(b), 0.95);
    near(test.t, -2.835_263_800_664_482, 1e-9);
    near(test.p_value, 0.008_452_732_437_443_423, 1e-9);
    near(test.degrees, 27.713_625_968_118_762, 1e-9);
    near(test.interval.low, -4.766_445_039_218_351, 1e-7);
    near(test.interval.high, -0.766_888_294_114_980_4, 1e-7);
}

#[test]
fn a_summary_says_as_much_as_the_values() {
    let values = [3.0, 0.0, 8.5, 0.0, 1.25];
    let moments = Moments::of(values);
    let summary = Moments::from_summary(5, moments.mean, moments.variance());
    near(moments.variance(), 12.575, 1e-12);
    near(summary.error_squared(), moments.error_squared(), 1e-12);
}

/// In numpy: theta from the products of deviations within the arms, then
/// `scipy.stats.ttest_ind(y1 - theta * (x1 - mean), y2 - theta * (x2 - mean), equal_var=False)`.
#[test]
fn cuped_is_welchs_test_of_the_adjusted_amounts() {
    let x = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3].map(f64::from);
    let y = [5, 2, 7, 1, 9, 14, 3, 9, 8, 6].map(f64::from);
    let c = [2, 7, 1, 8, 2, 8, 1, 8, 2, 8].map(f64::from);
    let d = [2, 9, 0, 11, 3, 9, 2, 10, 1, 12].map(f64::from);
    let pairs = |y: [f64; 10], x: [f64; 10]| y.into_iter().zip(x).collect::<Vec<_>>();
    let result = cuped(&pairs(y, x), &pairs(d, c), 0.95);
    near(result.theta, 1.445_098_039_215_686_5, 1e-9);
    near(result.test.t, 4.230_956_390_386_802, 1e-9);
    near(result.test.p_value, 0.000_665_015_938_668_158_5, 1e-9);
    near(result.test.interval.low, 0.824_813_090_722_372_5, 1e-7);
    near(result.test.interval.high, 2.487_343_772_022_726, 1e-7);
    assert!(result.variance_left < 0.2, "{}", result.variance_left);
}

/// Spend before that goes with spend after narrows the interval by the square of the correlation, and holds the planted
/// difference as often as it says, in 1,000 experiments with a fixed seed.
#[test]
fn cuped_narrows_and_does_not_bend() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let mut arm = |effect: f64| -> Vec<(f64, f64)> {
        (0..80)
            .map(|_| {
                let before = 40.0 * uniform();
                (0.8 * before + 12.0 * uniform() + effect, before)
            })
            .collect()
    };
    let (mut held, mut left) = (0, 0.0);
    for _ in 0..1_000 {
        let (a, b) = (arm(2.0), arm(0.0));
        let result = cuped(&a, &b, 0.95);
        held += u32::from(result.test.interval.contains(2.0));
        left += result.variance_left / 1_000.0;
    }
    assert!((930..=970).contains(&held), "{held} of 1000 hold the effect");
    // var(12 U) / var(12 U + 32 U'): 144 / (144 + 1024).
    near(left, 144.0 / 1168.0, 0.01);
}

#[test]
fn where_nothing_varies_nothing_is_claimed() {
    let test = welch(&Moments::of([1.0, 1.0, 1.0]), &Moments::of([1.0, 1.0]), 0.95);
    assert_eq!((test.t, test.p_value, test.interval), (0.0, 1.0, Interval::new(0.0, 0.0)));
    let test = welch(&Moments::of([5.0]), &Moments::of([1.0, 2.0]), 0.95);
    assert_eq!((test.p_value, test.interval.high), (1.0, f64::INFINITY));
    let test = cuped(&[(1.0, 0.0), (2.0, 0.0)], &[(3.0, 0.0), (4.0, 0.0)], 0.95);
    assert_eq!((test.theta, test.variance_left), (0.0, 1.0));
}
