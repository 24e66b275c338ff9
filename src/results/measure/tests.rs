//! A campaign with planted figures, read back.

use super::super::Verdict;
use super::super::observed::{Assigned, Costs, Feedback, Kind, Purchase, State};
use super::*;

const LAUNCH: i64 = 20_000 * DAY;

/// 6,000 customers, a third of them held out; those sent to buy with 12 % for 50.00, the others with 8 %; the effect
/// is all in segment "B". Everybody bought before, in proportion to what they will spend.
fn campaign() -> Observed {
    let mut observed = Observed {
        campaign: "autumn".into(),
        launched_at: LAUNCH,
        observed_until: LAUNCH + 28 * DAY,
        window_days: 28,
        currency: "EUR".into(),
        currency_digits: 2,
        arms: ["holdout", "warm"].map(|name| Arm { name: name.into(), ..Arm::default() }).to_vec(),
        holdout: true,
        segments: vec!["A".into(), "B".into()],
        activity: Some(vec![(3, LAUNCH + 1), (4, LAUNCH - 1), (5, LAUNCH + 40 * DAY)]),
        costs: Costs { message: 0.01, margin: 0.5 },
        ..Observed::default()
    };
    let mut assigned = Assigned::default();
    for row in 0..6_000_u32 {
        let treated = row % 3 != 0;
        let segment = u16::from(row % 2 == 1);
        assigned.arm.push(u16::from(treated));
        assigned.segment.push(segment);
        assigned.state.push(match (treated, row % 50) {
            (false, _) => State::Holdout,
            (true, 1) => State::Failed,
            _ => State::Accepted,
        });
        assigned.spent_before.push(i64::from(row % 97) * 100);
        assigned.orders_before.push(if row % 10 == 7 { 0 } else { 2 });
        assigned.recency_days.push((row % 10 != 7).then_some(row % 300));
        assigned.coupon_cost.push(0);
        // 20 % of the treated in B, 8 % of everybody else, spread over all rows.
        let place = row / 6 * 61 % 100;
        if place < (if treated && segment == 1 { 16 } else { 8 }) {
            let at = LAUNCH + i64::from(row % 28) * DAY;
            observed.purchases.push(Purchase { customer: row, order: row, at, amount: 5_000 });
            if treated {
                assigned.coupon_cost[row as usize] = 500;
            }
        }
    }
    // Too late, and too early, to count.
    observed.purchases.push(Purchase { customer: 0, order: 9_000, at: LAUNCH + 28 * DAY, amount: 99_900 });
    observed.purchases.push(Purchase { customer: 0, order: 9_001, at: LAUNCH - 1, amount: 99_900 });
    observed.assigned = assigned;
    observed
}

#[test]
fn what_was_planted_is_read_back() {
    let results = measure(&campaign(), 7);
    let (holdout, warm) = (&results.arms[0], &results.arms[1]);
    assert_eq!((holdout.customers, warm.customers), (2_000, 4_000));
    assert_eq!((holdout.conversions, warm.conversions), (160, 480));
    assert_eq!((holdout.orders, warm.orders), (Some(160), Some(480)));
    assert!((warm.revenue.unwrap() - 24_000.0).abs() < 1e-6);
    assert!(
        holdout.retained.unwrap() < holdout.conversions && holdout.active.unwrap() >= holdout.conversions
    );
    let rate = &results.comparisons[0];
    assert_eq!((rate.metric, rate.verdict), (Metric::ConversionRate, Verdict::Better));
    assert!(rate.interval.contains(0.04) && rate.interval.low > 0.0);
    assert!((results.information - 1.0).abs() < 1e-12);
    assert!(
        results.summary.starts_with("warm makes more customers buy than holdout: 12.00 % against 8.00 %")
    );
    // The effect is in segment B.
    let of = |segment: usize| &results.segments[segment].comparisons[0];
    assert_eq!((of(0).verdict, of(1).verdict), (Verdict::TooFewToTell, Verdict::Better));
    assert!(of(1).p_adjusted >= of(1).p_value);
    let qini = results.qini.as_ref().unwrap();
    assert!((qini.total - 0.04).abs() < 1e-9);
    assert!(qini.area > 0.003, "{}", qini.area);
}

#[test]
fn orders_are_counted_once_each_and_not_by_their_lines() {
    let mut observed = campaign();
    let customer = observed.purchases[0].customer;
    let arm = usize::from(observed.assigned.arm[customer as usize]);
    let counted = |observed: &Observed| measure(observed, 7).arms[arm].orders.unwrap();
    let before = counted(&observed);
    // Two lines of one more order, and what came back of it, which is no order.
    for amount in [1_000, 2_000, -2_000] {
        observed.purchases.push(Purchase { customer, order: 8_000, at: LAUNCH + DAY, amount });
    }
    assert_eq!(counted(&observed), before + 1);
}

#[test]
fn money_is_weighed_against_its_cost() {
    let results = measure(&campaign(), 7);
    let earned = &results.earned[0];
    // 2.00 more for each of 4,000 customers.
    assert!(earned.interval.contains(8_000.0), "{earned:?}");
    assert!((earned.coupon_cost - 2_400.0).abs() < 1e-6);
    assert!((earned.message_cost - 39.2).abs() < 0.5);
    // Half of (24,000 paid + 2,400 off) less 2,400 less the messages, against half of 4.00 a customer.
    let expected = 0.5 * 26_400.0 - 2_400.0 - earned.message_cost - 0.5 * 4.0 * 4_000.0;
    assert!((earned.gain - expected).abs() < 150.0, "{} and {expected}", earned.gain);
    assert!((earned.return_on_cost.unwrap() - earned.gain / (2_400.0 + earned.message_cost)).abs() < 1e-9);
    assert!(earned.gain_interval.contains(earned.gain));
}

#[test]
fn weeks_add_up() {
    let results = measure(&campaign(), 7);
    let curve = &results.retention[1];
    assert_eq!((curve.weeks.len(), curve.customers), (4, 4_000));
    assert_eq!(curve.weeks[3].bought, 480);
    assert!(curve.weeks.windows(2).all(|pair| pair[0].bought <= pair[1].bought));
    assert_eq!(curve.weeks.iter().map(|week| week.bought_in_week).sum::<u64>(), 480);
}

#[test]
fn a_message_that_failed_counts_in_its_arm() {
    let results = measure(&campaign(), 7);
    let funnel = &results.funnel[1];
    assert_eq!(funnel.assigned, 4_000);
    assert!(funnel.failed > 50 && funnel.accepted + funnel.failed == 4_000);
    assert!(results.caveats.iter().any(|caveat| matches!(caveat, Caveat::NotSent(share) if *share > 0.01)));
    assert_eq!(results.funnel[0].accepted, 0);
}

#[test]
fn clicks_of_people_and_of_filters_are_apart() {
    let mut observed = campaign();
    let click =
        |customer, scanner| Feedback { customer, kind: Kind::Clicked, scanner, ..Feedback::default() };
    observed.feedback =
        vec![click(1, false), click(1, true), click(1, false), click(2, true), click(4, false)];
    observed.feedback.push(Feedback { customer: 4, kind: Kind::Bounced, ..Feedback::default() });
    let funnel = &measure(&observed, 7).funnel[1];
    assert_eq!((funnel.clicked, funnel.scanned_only, funnel.bounced), (2, 1, 1));
    assert_eq!(funnel.delivered, funnel.accepted - 1);
}

#[test]
fn a_week_into_the_window_no_verdict_comes_early() {
    let mut observed = campaign();
    observed.observed_until = LAUNCH + 7 * DAY;
    let results = measure(&observed, 7);
    assert!((results.information - 0.25).abs() < 1e-12);
    assert!(results.caveats.contains(&Caveat::WindowOpen(21)));
    assert!(results.comparisons.iter().all(|comparison| comparison.verdict == Verdict::TooFewToTell));
    observed.observed_until = LAUNCH;
    let results = measure(&observed, 7);
    assert!(results.caveats.contains(&Caveat::NothingAfter));
    assert_eq!((results.arms[1].conversions, results.retention[1].weeks.len()), (0, 0));
}

#[test]
fn arms_of_the_wrong_size_are_told() {
    let mut observed = campaign();
    observed.arms[0].share = Some(0.5);
    observed.arms[1].share = Some(0.5);
    assert!(measure(&observed, 7).caveats.iter().any(|caveat| matches!(caveat, Caveat::SampleRatio(_))));
    (observed.arms[0].share, observed.arms[1].share) = (Some(1.0 / 3.0), Some(2.0 / 3.0));
    assert!(!measure(&observed, 7).caveats.iter().any(|caveat| matches!(caveat, Caveat::SampleRatio(_))));
}

#[test]
fn nobody_is_no_panic() {
    let observed = Observed {
        arms: vec![
            Arm { name: "holdout".into(), ..Arm::default() },
            Arm { name: "a".into(), ..Arm::default() },
        ],
        holdout: true,
        ..Observed::default()
    };
    let results = measure(&observed, 7);
    assert!(results.arms.iter().all(|arm| arm.customers == 0) && results.earned.is_empty());
    assert!(results.comparisons.iter().all(|comparison| comparison.verdict == Verdict::TooFewToTell));
}
