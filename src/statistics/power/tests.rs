//! Sizes of samples against statsmodels 0.15, and against each other.

use proptest::prelude::*;

use super::*;

#[test]
fn customers_needed_are_those_of_statsmodels() {
    // samplesize_proportions_2indep_onetail(0.02, 0.10, 0.8, ratio=1, alpha=0.05, alternative="two-sided"): 3840.8
    assert_eq!(customers_needed(0.10, 0.02, 1.0, 0.05, 0.8), Some(3_841));
    // The same with ratio=3, where the three are at 0.10 and the one at 0.12: 2518.5
    assert_eq!(customers_needed(0.12, -0.02, 3.0, 0.05, 0.8), Some(2_519));
    // samplesize_proportions_2indep_onetail(0.005, 0.02, 0.9, ...): 18485.7
    assert_eq!(customers_needed(0.02, 0.005, 1.0, 0.05, 0.9), Some(18_486));
    // NormalIndPower().solve_power(effect_size=0.2, alpha=0.05, power=0.8, ratio=1): 392.4; (0.1, power=0.9, ratio=4): 1313.4
    assert_eq!(customers_needed_for_means(0.2, 1.0, 1.0, 0.05, 0.8), Some(393));
    assert_eq!(customers_needed_for_means(-1.0, 10.0, 4.0, 0.05, 0.9), Some(1_314));
}

#[test]
fn the_power_is_that_of_statsmodels() {
    // power_proportions_2indep(0.02, 0.10, 3841, ratio=1, alpha=0.05, alternative="two-sided").power
    assert!((power_of_rates(3_841, 3_841, 0.10, 0.02, 0.05) - 0.800_016_529).abs() < 1e-5);
    // The same with (0.02, 0.10, 1000, ratio=4), which counts a difference found on the wrong side as found, too.
    let wrong_side = 0.000_138_434;
    assert!((power_of_rates(4_000, 1_000, 0.10, 0.02, 0.05) + wrong_side - 0.459_564_501).abs() < 1e-6);
}

#[test]
fn the_smallest_effect_is_the_one_that_so_many_customers_are_needed_for() {
    let effect = smallest_effect(3_841, 3_841, 0.10, 0.05, 0.8).unwrap();
    assert!((effect - 0.02).abs() < 2e-5, "{effect}");
    let difference = smallest_difference(393, 393, 1.0, 0.05, 0.8).unwrap();
    assert!((difference - 0.2).abs() < 5e-4, "{difference}");
}

#[test]
fn what_cannot_be_said_is_none() {
    assert_eq!(smallest_effect(0, 100, 0.1, 0.05, 0.8), None);
    assert_eq!(smallest_effect(2, 2, 0.5, 0.05, 0.8), None);
    assert_eq!(smallest_effect(100, 100, 1.0, 0.05, 0.8), None);
    assert_eq!(customers_needed(0.1, 0.0, 1.0, 0.05, 0.8), None);
    assert_eq!(customers_needed(0.9, 0.2, 1.0, 0.05, 0.8), None);
    assert_eq!(customers_needed_for_means(0.0, 1.0, 1.0, 0.05, 0.8), None);
    assert_eq!(smallest_difference(0, 5, 1.0, 0.05, 0.8), None);
}

proptest! {
    #[test]
    fn the_two_ways_round_agree(base in 0.01_f64..0.6, effect in 0.01_f64..0.3, ratio in 0.2_f64..9.0) {
        let control = customers_needed(base, effect, ratio, 0.05, 0.8).unwrap();
        let treated = (control as f64 * ratio).round() as u64;
        prop_assume!(control > 200 && treated > 200);
        let smallest = smallest_effect(control, treated, base, 0.05, 0.8).unwrap();
        prop_assert!((smallest / effect - 1.0).abs() < 0.02, "{smallest} for {effect}");
        // More customers show smaller effects.
        prop_assert!(smallest_effect(2 * control, 2 * treated, base, 0.05, 0.8).unwrap() < smallest);
    }
}
