//! Comparisons on experiments whose figures are published or can be seen by eye.

use super::*;

/// Arms with so many customers of whom so many convert; amounts of 20 for those who do.
fn experiment(arms: &[(&str, u64, u64)]) -> Outcomes {
    let mut outcomes = Outcomes { revenue: Some(Vec::new()), ..Outcomes::default() };
    for (number, &(name, customers, conversions)) in arms.iter().enumerate() {
        outcomes.arms.push(name.to_owned());
        for customer in 0..customers {
            outcomes.arm.push(number as u16);
            outcomes.converted.push(customer < conversions);
            let amount = if customer < conversions { 20.0 } else { 0.0 };
            outcomes.revenue.get_or_insert_default().push(amount);
        }
    }
    outcomes
}

const ONCE: Look = Look { information: None, seed: Some(1) };

#[test]
fn the_published_figures() {
    let all = compare(&experiment(&[("control", 100, 30), ("new", 100, 45)]), 0, ONCE);
    assert_eq!(
        all.iter().map(|one| one.metric).collect::<Vec<_>>(),
        [Metric::ConversionRate, Metric::RevenuePerCustomer]
    );
    let rate = &all[0];
    assert_eq!((rate.arm.as_str(), rate.against.as_str()), ("new", "control"));
    assert!((rate.z.unwrap() - 2.1909).abs() < 5e-5 && (rate.p_value - 0.0285).abs() < 5e-5);
    assert_eq!((rate.verdict, rate.needed, rate.t), (Verdict::Better, None, None));
    assert!((rate.interval.low - 0.0159).abs() < 5e-5 && (rate.interval.high - 0.2768).abs() < 5e-5);
    assert!((rate.probability_better - 0.985_476).abs() < 1e-5);
    // Everybody who buys spends 20: money says what the rate says.
    let money = &all[1];
    assert!((money.difference - 3.0).abs() < 1e-9 && money.z.is_none());
    assert!((money.bootstrap.unwrap().low - money.interval.low).abs() < 0.4, "{money:?}");

    let all = compare(&experiment(&[("a", 5000, 613), ("b", 5000, 503)]), 0, ONCE);
    assert!((all[0].difference + 0.022).abs() < 1e-9 && (all[0].p_value - 0.000_477).abs() < 5e-7);
    assert_eq!(all[0].verdict, Verdict::Worse);
}

#[test]
fn too_few_says_how_many_more() {
    let all = compare(&experiment(&[("a", 100, 10), ("b", 200, 24)]), 0, ONCE);
    // 10 % against 12 %, two treated for each of the control.
    let control = power::customers_needed(0.10, 0.02, 2.0, 0.05, 0.8).unwrap();
    let needed = all[0].needed.unwrap();
    assert_eq!((all[0].verdict, needed.customers), (Verdict::TooFewToTell, 3 * control));
    assert_eq!(needed.more, needed.customers - 300);
    // Nothing differs: no number of customers would show it.
    let all = compare(&experiment(&[("a", 100, 10), ("b", 100, 10)]), 0, ONCE);
    assert_eq!((all[0].verdict, all[0].needed), (Verdict::TooFewToTell, None));
}

/// Three of ten thousand against none: p is below 0.05 by the letter of a test that does not hold there.
#[test]
fn a_handful_of_events_is_no_verdict() {
    let all = compare(&experiment(&[("a", 1000, 0), ("b", 1000, 4)]), 0, ONCE);
    assert!(all[0].p_value < 0.05);
    assert_eq!((all[0].verdict, all[0].because), (Verdict::TooFewToTell, Some(Because::FewExpected)));
    // A p-value that says it itself needs no other reason, and a verdict none at all.
    let plain = compare(&experiment(&[("a", 100, 30), ("b", 100, 33), ("c", 100, 60)]), 0, ONCE);
    assert_eq!((plain[0].because, plain[1].because), (Some(Because::PValue), None));
}

#[test]
fn that_nobody_did_it_on_either_side_is_not_certain() {
    let arms = experiment(&[("a", 95, 0), ("b", 47, 0)]);
    let looked = compare(&arms, 0, Look { information: Some(0.5), seed: None }).remove(0);
    let (once, any) = (looked.interval, looked.any_look().unwrap());
    assert!(once.low < -0.03 && once.high > 0.03, "{once:?}");
    assert!(any.low < once.low && any.high > once.high, "wider for any number of looks: {any:?}");
}

#[test]
fn a_look_on_the_way_asks_for_more_than_the_end() {
    let arms = experiment(&[("a", 2000, 200), ("b", 2000, 258)]);
    let at = |information| compare(&arms, 0, Look { information: Some(information), seed: None }).remove(0);
    let (early, end) = (at(0.3), at(1.0));
    assert!(early.p_value < 0.005 && (early.p_value - end.p_value).abs() < 1e-15);
    assert_eq!((early.verdict, end.verdict), (Verdict::TooFewToTell, Verdict::Better));
    assert!(early.sequential.unwrap().interval.contains(0.0));
    assert!(end.sequential.unwrap().interval.low > 0.0);
}

#[test]
fn many_arms_are_adjusted_for() {
    // Each alone has p = 0.0285; one among ten arms that do nothing is none of a finding.
    let mut arms = vec![("control", 100, 30), ("new", 100, 45)];
    assert_eq!(compare(&experiment(&arms), 0, ONCE)[0].verdict, Verdict::Better);
    arms.extend([("same", 100, 30); 9]);
    let all = compare(&experiment(&arms), 0, ONCE);
    assert_eq!(all[0].verdict, Verdict::TooFewToTell);
    assert!((all[0].p_adjusted - 0.284_6).abs() < 1e-3 && all[0].p_value < 0.03);
}

#[test]
fn spend_before_narrows_money() {
    let mut arms = experiment(&[("a", 400, 200), ("b", 400, 200)]);
    let before: Vec<f64> = (0..800).map(|row| f64::from(row * 37 % 101)).collect();
    arms.revenue = Some(
        (0..800)
            .map(|row| before[row] + f64::from(row as u32 * 13 % 7) + if row >= 400 { 3.0 } else { 0.0 })
            .collect(),
    );
    arms.before = Some(before);
    let money = &compare(&arms, 0, ONCE)[1];
    let adjusted = money.adjusted.unwrap();
    assert!(adjusted.interval.width() < money.interval.width() / 5.0, "{money:?}");
    assert!(adjusted.interval.contains(3.0));
    assert_eq!(money.verdict, Verdict::Better);
}

#[test]
fn versions_are_compared_with_each_other_too() {
    // Both versions beat the control; the second beats the first.
    let arms = [("holdout", 1000, 50), ("a", 1000, 100), ("b", 1000, 160)];
    let all = compare(&experiment(&arms), 0, ONCE);
    let rates: Vec<_> = all.iter().filter(|one| one.metric == Metric::ConversionRate).collect();
    let of: Vec<_> = rates.iter().map(|one| (one.arm.as_str(), one.against.as_str(), one.verdict)).collect();
    let better = Verdict::Better;
    assert_eq!(of, [("a", "holdout", better), ("b", "holdout", better), ("b", "a", better)]);
    // Alone in its family: scipy.stats, (0.16 - 0.10) / sqrt(0.13 * 0.87 * 2 / 1000) = 3.9894.
    assert!((rates[2].z.unwrap() - 3.9894).abs() < 5e-5, "{:?}", rates[2]);
    assert!((rates[2].p_adjusted - rates[2].p_value).abs() < 1e-15);
    // Where nobody is held out, the first version is the control, and stands in no pair again.
    let all = compare(&experiment(&[("a", 100, 10), ("b", 100, 20), ("c", 100, 30)]), 0, ONCE);
    let pairs: Vec<_> = all.iter().take(3).map(|one| (one.arm.as_str(), one.against.as_str())).collect();
    assert_eq!(pairs, [("b", "a"), ("c", "a"), ("c", "b")]);
    // Of many versions each is compared with the first alone.
    let names: Vec<String> = (0..7).map(|number| number.to_string()).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), 50, 5)).collect();
    let rates = compare(&experiment(&many), 0, ONCE);
    let rates = rates.iter().filter(|one| one.metric == Metric::ConversionRate);
    assert_eq!(rates.filter(|one| one.against == "1").count(), 5);
}
