use proptest::prelude::*;

use super::kmeans::{Bounds, lloyd, plus_plus};
use super::*;
use crate::features::FeatureColumn;
use crate::jobs::{Cancel, unwatched};

/// Customers of three kinds: (recency, orders, order value) around three centres, a third of them each.
fn three_kinds(customers: usize, seed: u64) -> Features {
    let mut random = random(seed, 99);
    let kinds = [(10.0, 20.0, 40.0), (400.0, 8.0, 300.0), (60.0, 1.0, 25.0)];
    let (mut recency, mut orders, mut value, mut total) = (vec![], vec![], vec![], vec![]);
    for customer in 0..customers {
        let (r, o, v) = kinds[customer % 3];
        let mut near = |centre: f32| centre * random.random_range(0.8_f32..1.25);
        recency.push(near(r));
        orders.push(near(o).round().max(1.0));
        value.push(near(v));
        total.push(orders[customer] * value[customer]);
    }
    features(vec![
        (Feature::RecencyDays, recency),
        (Feature::Orders, orders),
        (Feature::AverageOrderValue, value),
        (Feature::Total, total),
    ])
}

fn features(columns: Vec<(Feature, Vec<f32>)>) -> Features {
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let columns = columns.into_iter().map(|(feature, values)| FeatureColumn { feature, values }).collect();
    Features { as_of: Date::constant(2025, 6, 30), rows, columns, came_later: Vec::new() }
}

fn options(k: Option<usize>) -> Options {
    Options { k, seed: 7, names: BTreeMap::new() }
}

fn grouped(features: &Features, k: Option<usize>) -> Segmentation {
    unwatched(|task| segment(features, &options(k), task)).unwrap()
}

fn cloud(rows: usize, dims: usize, seed: u64) -> Points {
    let mut random = random(seed, 98);
    let blobs: Vec<f32> = (0..7 * dims).map(|_| random.random_range(-3.0_f32..3.0)).collect();
    let mut values = Vec::with_capacity(rows * dims);
    for row in 0..rows {
        for dim in 0..dims {
            values.push(blobs[(row % 7) * dims + dim] + random.random_range(-1.5_f32..1.5));
        }
    }
    Points::new(dims, values)
}

#[test]
fn planted_kinds_are_found_and_their_number_is_chosen() {
    let found = grouped(&three_kinds(3_000, 1), None);
    assert_eq!(found.k, 3, "{:?}", found.curve);
    assert_eq!(found.curve.len(), 9);
    assert!(found.silhouette > 0.6 && found.stability > 0.99, "{} {}", found.silhouette, found.stability);
    let planted: Vec<u8> = (0..3_000).map(|customer| (customer % 3) as u8).collect();
    let agreement = stability::adjusted_rand_index(&planted, &found.assignment);
    assert!((agreement - 1.0).abs() < 1e-12, "{agreement}");
    assert_eq!(found.clusters.iter().map(|cluster| cluster.size).sum::<usize>(), 3_000);
}

#[test]
fn letters_follow_value_and_names_follow_what_sets_apart() {
    let found = grouped(&three_kinds(3_000, 1), Some(3));
    let named: Vec<(&str, &str, Stage)> =
        found.clusters.iter().map(|c| (c.id.as_str(), c.name.as_str(), c.stage)).collect();
    assert_eq!(
        named,
        [
            ("A", "Lapsed big spenders", Stage::WinBack),
            ("B", "Loyal regulars", Stage::Loyalty),
            ("C", "Active one-time buyers", Stage::Activation),
        ]
    );
    let top = &found.clusters[0].drivers[0];
    assert!(top.direction == Direction::High && top.effect > 1.0, "{top:?}");
}

#[test]
fn names_of_people_are_shown_and_ours_give_way() {
    let mut options = options(Some(3));
    options.names = BTreeMap::from([
        ("Lapsed big spenders".into(), "Loyal regulars".into()),
        ("Active one-time buyers".into(), "  ".into()),
    ]);
    let found = unwatched(|task| segment(&three_kinds(300, 1), &options, task)).unwrap();
    let shown: Vec<&str> = found.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    assert_eq!(shown, ["Loyal regulars", "Loyal regulars (B)", "Active one-time buyers"]);
    assert_eq!(found.clusters[0].names.en, "Lapsed big spenders");
}

#[test]
fn a_given_name_stays_with_its_group_and_not_with_a_letter() {
    let mut options = options(Some(2));
    options.names =
        BTreeMap::from([("Lapsed big spenders".into(), "Sleepers".into()), ("B".into(), "Friends".into())]);
    let names = |options: &Options| -> (Vec<String>, Vec<String>) {
        let found = unwatched(|task| segment(&three_kinds(300, 1), options, task)).unwrap();
        (found.clusters.into_iter().map(|cluster| cluster.name).collect(), found.notes)
    };
    let (two, notes) = names(&options);
    assert!(!two.contains(&"Friends".to_owned()), "{two:?}");
    assert!(notes.iter().any(|note| note.contains("\"Friends\" is given to the letter B")), "{notes:?}");
    options.k = Some(3);
    assert_eq!(names(&options).0, ["Sleepers", "Loyal regulars", "Active one-time buyers"]);
}

#[test]
fn customers_without_an_order_are_a_group_of_their_own_and_not_clustered() {
    let mut all = three_kinds(300, 1);
    for column in &mut all.columns {
        for row in [5, 50] {
            column.values[row] = if column.feature == Feature::Orders { 0.0 } else { f32::NAN };
        }
    }
    let found = grouped(&all, Some(3));
    assert_eq!((found.k, found.clustered().len(), found.not_clustered), (3, 3, 2));
    assert_eq!((found.cluster_of(5), found.cluster_of(50)), (Some(3), Some(3)));
    assert!(!found.is_clustered(5) && found.is_clustered(6));
    assert_eq!(membership(&found, &all, 5), None);
    let mut past = all.clone();
    past.came_later = vec![5];
    let before = grouped(&past, Some(3));
    assert_eq!((before.cluster_of(5), before.cluster_of(50), before.not_clustered), (None, Some(3), 1));
    assert_eq!((before.customers(), found.customers()), (299, 300));
    let group = found.not_bought().unwrap();
    assert_eq!((group.id.as_str(), group.size, group.stage), (NOT_BOUGHT, 2, Stage::Acquisition));
    assert!((group.share - 2.0 / 300.0).abs() < 1e-9 && group.drivers.is_empty());
    assert!(!group.features.contains_key(&Feature::Orders), "nought of everybody says nothing");
    let shares: f64 = found.clustered().iter().map(|cluster| cluster.share).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    assert!(
        scatter(&found, &all, Axes::Principal, 1_000).iter().all(|point| point.row != 5 && point.row != 50)
    );
    assert!(found.clustered().iter().all(|cluster| cluster.features[&Feature::Orders].p10 >= 1.0));

    let names = BTreeMap::from([("Not bought yet".to_owned(), "Window shoppers".to_owned())]);
    let named = unwatched(|task| segment(&all, &Options { names, ..options(Some(3)) }, task)).unwrap();
    assert_eq!(named.not_bought().unwrap().name, "Window shoppers");
    let everybody = grouped(&three_kinds(300, 1), Some(3));
    assert_eq!((everybody.clusters.len(), everybody.not_bought()), (3, None));
}

#[test]
fn membership_agrees_with_the_assignment_and_says_what_decided() {
    let all = three_kinds(600, 3);
    let found = grouped(&all, None);
    for row in 0..600 {
        let membership = membership(&found, &all, row).unwrap();
        let (next, farther) = membership.next.unwrap();
        assert_eq!(found.assign(&all, row), found.cluster_of(row));
        assert_eq!(membership.cluster, found.cluster_of(row).unwrap());
        assert!(next != membership.cluster && farther >= membership.distance);
        let sum: f64 = membership.deciding.iter().map(|(_, part)| part).sum();
        assert!((sum - (farther.powi(2) - membership.distance.powi(2))).abs() < 1e-6);
        assert!(membership.deciding.is_sorted_by(|a, b| a.1 >= b.1));
    }
}

#[test]
fn a_value_that_is_not_known_counts_as_the_median_and_is_told() {
    let mut all = three_kinds(300, 1);
    let gaps = (0..300).map(|row| if row % 3 == 2 { f32::NAN } else { row as f32 });
    all.columns.push(FeatureColumn { feature: Feature::MeanGapDays, values: gaps.collect() });
    all.columns.push(FeatureColumn {
        feature: Feature::ReturnsShare,
        values: (0..300).map(|row| if row < 200 { f32::NAN } else { (row % 7) as f32 }).collect(),
    });
    let found = grouped(&all, Some(3));
    assert!(
        found.features.contains(&Feature::MeanGapDays) && !found.features.contains(&Feature::ReturnsShare)
    );
    assert_eq!(
        found.notes,
        [
            "Days between orders is not known of 33 % of the customers, who count as the median there.",
            "Share of returns is not used: it is known of 33 % of the customers only.",
        ]
    );
}

#[test]
fn the_same_seed_gives_the_same_outcome_on_any_number_of_threads() {
    let all = three_kinds(20_000, 5);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| grouped(&all, None))
    };
    let (one, three) = (with_threads(1), with_threads(3));
    assert_eq!(one.assignment, three.assignment);
    assert_eq!(one.clusters, three.clusters);
    assert_eq!(one.space.centres, three.space.centres);
    assert_eq!(one.silhouette.to_bits(), three.silhouette.to_bits());
    assert_eq!(one.stability.to_bits(), three.stability.to_bits());
    let picture = |found: &Segmentation| scatter(found, &all, Axes::Principal, 500);
    assert_eq!(picture(&one), picture(&three));
}

#[test]
fn bounds_change_the_work_and_not_the_outcome() {
    for (k, dims) in [(2, 1), (3, 6), (8, 6), (10, 11)] {
        let points = cloud(20_000, dims, k as u64);
        let start = plus_plus(&points, k, &mut random(3, 0));
        let run = |bounds| {
            let settings = Settings { bounds, tolerance: 0.0, ..Settings::default() };
            unwatched(|task| lloyd(&points, start.clone(), settings, task)).unwrap()
        };
        let (with, without) = (run(Bounds::On), run(Bounds::Off));
        assert_eq!(with.labels, without.labels, "k = {k}");
        assert_eq!(with.centres, without.centres);
        assert_eq!(with.iterations, without.iterations);
        assert_eq!(with.inertia.to_bits(), without.inertia.to_bits());
        assert!(
            with.rows_measured < without.rows_measured,
            "{} {}",
            with.rows_measured,
            without.rows_measured
        );
    }
}

#[test]
fn what_cannot_be_grouped_is_said_with_a_remedy() {
    let says = |features: &Features, k: Option<usize>, words: &str| {
        let error = unwatched(|task| segment(features, &options(k), task)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let alike = |customers: usize| {
        features(vec![(Feature::Orders, vec![2.0; customers]), (Feature::RecencyDays, vec![9.0; customers])])
    };
    says(&alike(0), None, "No customer has an order");
    says(&alike(1), None, "at least 3 customers");
    says(&alike(100), None, "alike in every feature");
    says(&three_kinds(5, 1), Some(6), "there are 5");
    says(&three_kinds(50, 1), Some(11), "between 2 and 10");
    says(&three_kinds(50, 1), Some(1), "between 2 and 10");
    let two = features(vec![
        (Feature::Orders, vec![2.0; 100]),
        (Feature::RecencyDays, (0..100).map(|row| (row % 2) as f32).collect()),
    ]);
    says(&two, Some(4), "no more than 2 that differ");
    assert_eq!(grouped(&two, None).k, 2);
}

#[test]
fn a_cancelled_task_ends_with_cancelled() {
    let cancel = Cancel::default();
    cancel.cancel();
    let task = Task::new(&cancel, &|_| {});
    let ended = segment(&three_kinds(300, 1), &options(None), &task);
    assert!(matches!(ended, Err(SegmentError::Cancelled(Cancelled))));
}

fn odd_value() -> impl Strategy<Value = f32> {
    prop_oneof![
        Just(f32::NAN),
        Just(f32::INFINITY),
        Just(f32::NEG_INFINITY),
        Just(f32::MAX),
        Just(0.0),
        Just(1.0),
        -10.0_f32..10.0,
        0.0_f32..1e9,
    ]
}

proptest! {
    #[test]
    fn odd_matrices_end_in_a_result_or_an_error(
        rows in prop::collection::vec(prop::collection::vec(odd_value(), 11), 0..40),
        k in prop::option::of(0_usize..12),
    ) {
        let all = [
            Feature::RecencyDays, Feature::Orders, Feature::AverageOrderValue, Feature::Total,
            Feature::TenureDays, Feature::MeanGapDays, Feature::Categories, Feature::DiscountedShare,
            Feature::ReturnsShare, Feature::Searches30d, Feature::Sessions30d,
        ];
        let columns = all.iter().enumerate();
        let matrix = features(columns.map(|(at, &f)| (f, rows.iter().map(|row| row[at]).collect())).collect());
        if let Ok(found) = unwatched(|task| segment(&matrix, &options(k), task)) {
            prop_assert!(found.silhouette.is_finite() && found.stability.is_finite());
            prop_assert_eq!(found.clustered().len(), found.k);
            prop_assert_eq!(found.not_bought().map_or(0, |group| group.size), found.not_clustered);
            let grouped: usize = found.clusters.iter().map(|cluster| cluster.size).sum();
            prop_assert_eq!(grouped, rows.len());
            prop_assert!(found.clusters.iter().all(|cluster| cluster.size > 0));
            let names: BTreeSet<&str> = found.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
            prop_assert_eq!(names.len(), found.clusters.len());
            let chinese: BTreeSet<&str> = found.clusters.iter().map(|cluster| cluster.names.zh.as_str()).collect();
            prop_assert_eq!(chinese.len(), found.clusters.len());
            for row in 0..rows.len() {
                prop_assert_eq!(found.assign(&matrix, row), found.cluster_of(row).filter(|_| found.is_clustered(row)));
            }
        }
    }
}
