//! What alpha spending promises: looked at however often, the error stays what it was said to be.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::super::two_sided;
use super::*;

/// scipy: `norm.ppf(0.9875)` and `4 * norm.sf(3 * sqrt(0.5))`.
#[test]
fn the_boundary_and_the_p_value_are_those_of_the_normal_distribution() {
    assert!((boundary(1.0, 0.05) - 2.241_402_727_604_947).abs() < 1e-9);
    assert!((boundary(0.25, 0.05) - 4.482_805_455_2).abs() < 1e-9);
    assert!((p_value(-3.0, 0.5) - 0.067_789_707_049_378_5).abs() < 1e-9);
    assert!((p_value(2.241_402_727_604_947, 1.0) - 0.05).abs() < 1e-9);
    // Lan and DeMets 1983: at the end all of the error is spent, early next to nothing.
    assert!((spent(1.0, 0.05) - 0.05).abs() < 1e-9);
    assert!(spent(0.25, 0.05) < 3e-5);
    assert!(p_value(9.0, 0.0) > 0.999_999);
    assert!(boundary(0.0, 0.05).is_infinite());
}

/// 4,000 experiments in which nothing is there, looked at after every twentieth of the window: the plain test cries
/// wolf in a quarter of them, the boundary in at most 5 %, and in not much less.
#[test]
fn looks_do_not_inflate_the_error() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    // A sum of twelve uniform draws less six: normal enough, variance 1.
    let mut normal = || (0..12).map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX)).sum::<f64>() - 6.0;
    let (mut plain, mut always, mut missed) = (0, 0, 0);
    for _ in 0..4_000 {
        let mut sum = 0.0;
        let (mut found_plain, mut found_always, mut out) = (false, false, false);
        for look in 1..=20 {
            sum += normal();
            let n = f64::from(look);
            let z = sum / n.sqrt();
            found_plain |= two_sided(z) < 0.05;
            found_always |= p_value(z, n / 20.0) < 0.05;
            out |= !interval(sum / n, 1.0 / n.sqrt(), n / 20.0, 0.95).contains(0.0);
        }
        plain += u32::from(found_plain);
        always += u32::from(found_always);
        missed += u32::from(out);
    }
    assert!(plain > 800, "{plain} of 4000");
    assert!((90..=200).contains(&always), "{always} of 4000");
    // The interval and the p-value say the same.
    assert_eq!(always, missed);
}
