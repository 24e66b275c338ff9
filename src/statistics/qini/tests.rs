//! The Qini curve on customers that can be counted by hand, and on planted responders.

use super::*;

fn customers(rows: &[(f64, bool, bool)]) -> Vec<Scored> {
    rows.iter().map(|&(score, treated, converted)| Scored { score, treated, converted }).collect()
}

/// By hand: of the better half the treated one bought and the control did not, of the other half neither or both.
#[test]
fn a_curve_of_four() {
    let four = customers(&[(2.0, true, true), (2.0, false, false), (1.0, true, false), (1.0, false, false)]);
    let curve = qini(&four).unwrap();
    assert_eq!(curve.curve, [[0.0, 0.0], [0.5, 0.5], [1.0, 0.5]]);
    // Under the curve: 0.125 + 0.25; under the straight line: 0.25.
    assert!((curve.area - 0.125).abs() < 1e-12);
    assert!((curve.total - 0.5).abs() < 1e-12);
    // The score turned round is as bad as it was good.
    let turned: Vec<Scored> = four.iter().map(|one| Scored { score: -one.score, ..*one }).collect();
    assert!((qini(&turned).unwrap().area + 0.125).abs() < 1e-12);
}

#[test]
fn the_end_is_the_uplift_and_equal_scores_say_nothing() {
    let mut rows = Vec::new();
    for index in 0..1_000 {
        rows.push((0.5, index % 4 != 0, index % 10 == 0 || index % 4 == 1));
    }
    let curve = qini(&customers(&rows)).unwrap();
    assert_eq!(curve.curve.len(), 2);
    assert!(curve.area.abs() < 1e-12);
    let rate = |treated| {
        let arm = rows.iter().filter(|row| row.1 == treated).collect::<Vec<_>>();
        arm.iter().filter(|row| row.2).count() as f64 / arm.len() as f64
    };
    assert!((curve.total - (rate(true) - rate(false))).abs() < 1e-12);
    let sum: u64 = curve.deciles.iter().map(|decile| decile.treated + decile.control).sum();
    assert_eq!((curve.deciles.len(), sum), (10, 1_000));
}

#[test]
fn without_both_arms_there_is_no_curve() {
    assert_eq!(qini(&customers(&[(1.0, true, true), (2.0, true, false)])), None);
    assert_eq!(qini(&[]), None);
    let three = qini(&customers(&[(1.0, true, true), (2.0, false, false), (3.0, false, true)])).unwrap();
    assert_eq!(three.deciles.len(), 3);
}
