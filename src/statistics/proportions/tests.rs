//! Rates against the tables of the papers, against statsmodels 0.15 and scipy 1.17, and against themselves.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

fn near(ours: f64, theirs: f64, within: f64) {
    assert!((ours - theirs).abs() <= within, "{ours} is not {theirs}");
}

fn count(hits: u64, of: u64) -> Count {
    Count::new(hits, of)
}

/// Newcombe 1998 (857-872), table I: method 3, to the four digits printed there.
#[test]
fn wilsons_interval_is_the_papers() {
    for (hits, of, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let interval = wilson(count(hits, of), 0.95);
        near(interval.low, low, 6e-5);
        near(interval.high, high, 6e-5);
    }
    // statsmodels.stats.proportion.proportion_confint(45, 100, method="wilson")
    let interval = wilson(count(45, 100), 0.95);
    near(interval.low, 0.356_145_379_795_119_73, 1e-9);
    near(interval.high, 0.547_553_970_025_578_7, 1e-9);
}

/// Newcombe 1998 (873-890), table II: method 10, to the four digits printed there.
#[test]
fn the_interval_of_a_difference_is_the_papers() {
    for (a, b, low, high) in [
        (count(56, 70), count(48, 80), 0.0524, 0.3339),
        (count(9, 10), count(3, 10), 0.1705, 0.8090),
        (count(6, 7), count(2, 7), 0.0582, 0.8062),
        (count(5, 56), count(0, 29), -0.0381, 0.1926),
        (count(0, 10), count(0, 20), -0.1611, 0.2775),
        (count(0, 10), count(0, 10), -0.2775, 0.2775),
        (count(10, 10), count(0, 20), 0.6791, 1.0),
        (count(10, 10), count(0, 10), 0.6075, 1.0),
    ] {
        let interval = newcombe(a, b, 0.95);
        near(interval.low, low, 6e-5);
        near(interval.high, high, 6e-5);
    }
    // statsmodels: confint_proportions_2indep(613, 5000, 503, 5000, method="newcomb", compare="diff")
    let interval = newcombe(count(613, 5000), count(503, 5000), 0.95);
    near(interval.low, 0.009_661_265_662_960_89, 1e-9);
    near(interval.high, 0.034_351_214_311_710_1, 1e-9);
}

#[test]
fn the_pooled_test_gives_the_published_figures() {
    let test = pooled_test(count(45, 100), count(30, 100));
    near(test.pooled, 0.375, 1e-12);
    near(test.z, 2.1909, 5e-5);
    near(test.p_value, 0.0285, 5e-5);
    let test = pooled_test(count(613, 5000), count(503, 5000));
    near(test.difference, 0.0220, 1e-12);
    near(test.z, 3.4935, 5e-5);
    near(test.p_value, 0.000_477, 5e-7);
    // statsmodels.stats.proportion.proportions_ztest([56, 48], [70, 80])
    let test = pooled_test(count(56, 70), count(48, 80));
    near(test.z, 2.650_171_951_258_533_6, 1e-9);
    near(test.p_value, 0.008_045_081_368_196_56, 1e-9);
}

/// The aspirin study (A. Agresti, Categorical Data Analysis, table 2.1): heart attacks of 11,034 on placebo and 11,037
/// on aspirin; chi-squared is 25.01.
#[test]
fn the_square_of_z_is_pearsons_chi_squared() {
    let test = pooled_test(count(189, 11_034), count(104, 11_037));
    near(test.z * test.z, 25.01, 0.005);
    near(test.difference, 0.0077, 5e-5);
}

/// scipy: `quad(lambda t: beta(a + 1, na - a + 1).pdf(t) * beta(b + 1, nb - b + 1).cdf(t), ...)`
#[test]
fn the_probability_to_be_better_is_the_integral() {
    for (a, b, expected) in [
        (count(45, 100), count(30, 100), 0.985_476_491_996_167),
        (count(503, 5000), count(613, 5000), 0.000_237_593_780_130_351),
        (count(0, 10), count(0, 10), 0.5),
        (count(3, 1000), count(9, 1200), 0.086_896_983_156_360_77),
        (count(12_100, 1_000_000), count(12_000, 1_000_000), 0.741_526_458_199_245_6),
    ] {
        near(probability_better(a, b), expected, 1e-7);
    }
    // With uniform priors and nobody on one side: the mean of the other's posterior.
    near(probability_better(count(3, 8), count(0, 0)), 0.4, 1e-9);
}

#[test]
fn nobody_is_no_division_by_zero() {
    assert_eq!(wilson(count(0, 0), 0.95), Interval::new(0.0, 1.0));
    let test = pooled_test(count(0, 0), count(3, 5));
    assert_eq!((test.z, test.p_value), (0.0, 1.0));
    assert!(newcombe(count(0, 0), count(3, 5), 0.95).contains(0.0));
    near(probability_better(count(0, 0), count(0, 0)), 0.5, 1e-9);
}

/// The share of 4,000 experiments, drawn with a fixed seed, whose interval holds the difference that was planted.
#[test]
fn the_interval_of_a_difference_holds_it_as_often_as_it_says() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut drawn = |of: u64, rate: f64| {
        let below = (rate * f64::from(u32::MAX)) as u32;
        count((0..of).filter(|_| rng.next_u32() < below).count() as u64, of)
    };
    for (n1, p1, n0, p0) in [(200, 0.06, 150, 0.04), (60, 0.5, 90, 0.35), (400, 0.02, 400, 0.02)] {
        let held =
            (0..4_000).filter(|_| newcombe(drawn(n1, p1), drawn(n0, p0), 0.95).contains(p1 - p0)).count();
        let share = held as f64 / 4_000.0;
        assert!((0.94..=0.985).contains(&share), "{share} of {n1} at {p1} and {n0} at {p0}");
    }
}

proptest! {
    #[test]
    fn intervals_hold_what_was_seen_and_stay_in_range(
        a in 0_u64..400, more_a in 0_u64..400, b in 0_u64..400, more_b in 0_u64..400,
    ) {
        let (a, b) = (count(a, a + more_a), count(b, b + more_b));
        let interval = newcombe(a, b, 0.95);
        prop_assert!(interval.low <= a.rate() - b.rate() + 1e-12);
        prop_assert!(interval.high >= a.rate() - b.rate() - 1e-12);
        prop_assert!(interval.low >= -1.0 - 1e-12 && interval.high <= 1.0 + 1e-12);
        // Turned round, everything has the other sign.
        let turned = newcombe(b, a, 0.95);
        prop_assert!((turned.low + interval.high).abs() < 1e-12 && (turned.high + interval.low).abs() < 1e-12);
        prop_assert!((pooled_test(a, b).z + pooled_test(b, a).z).abs() < 1e-12);
        prop_assert!((probability_better(a, b) + probability_better(b, a) - 1.0).abs() < 1e-6);
        prop_assert!(newcombe(a, b, 0.99).width() >= interval.width());
    }
}
