//! k-means on 875,000 customers with 6 features: the budget is 0.3 s for k = 8 on two cores.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::Date;
use perennial::features::{Feature, FeatureColumn, Features};
use perennial::jobs::unwatched;
use perennial::segments::kmeans::{Bounds, Settings, cluster};
use perennial::segments::points::{Points, random};
use perennial::segments::{Options, segment};
use rand::RngExt as _;

const CUSTOMERS: usize = 875_000;

/// Sums of uniform numbers: nearly normal.
fn normal(random: &mut impl rand::Rng) -> f32 {
    (0..4).map(|_| random.random::<f32>()).sum::<f32>() * 1.732 - 3.464
}

/// Overlapping blobs, as customers are: 8 of them with different spreads.
fn points() -> Points {
    let mut random = random(1, 0);
    let centres: Vec<f32> = (0..48).map(|_| random.random_range(-2.0_f32..2.0)).collect();
    let values = (0..CUSTOMERS * 6)
        .map(|at| centres[at / 6 % 8 * 6 + at % 6] + (0.5 + (at / 6 % 8) as f32 * 0.07) * normal(&mut random))
        .collect();
    Points::new(6, values)
}

/// The same as features of a shop.
fn features() -> Features {
    let points = points();
    type Shape = fn(f32) -> f32;
    let kinds: [(Feature, Shape); 6] = [
        (Feature::RecencyDays, |x| (4.0 + x).exp()),
        (Feature::Orders, |x| (1.5 + x).exp().round().max(1.0)),
        (Feature::AverageOrderValue, |x| (3.5 + x).exp()),
        (Feature::DiscountedShare, |x| (0.5 + x / 4.0).clamp(0.0, 1.0)),
        (Feature::TenureDays, |x| (400.0 + 100.0 * x).max(1.0)),
        (Feature::Categories, |x| (4.0 + x).round().max(1.0)),
    ];
    let column = |at: usize, made: fn(f32) -> f32| points.rows().map(|row| made(row[at])).collect();
    let columns = kinds
        .iter()
        .enumerate()
        .map(|(at, &(feature, made))| FeatureColumn { feature, values: column(at, made) })
        .collect();
    Features { as_of: Date::constant(2025, 6, 30), rows: CUSTOMERS, columns, came_later: Vec::new() }
}

fn kmeans(criterion: &mut Criterion) {
    let points = points();
    let mut group = criterion.benchmark_group("kmeans");
    group.sample_size(10);
    for (name, bounds) in [("875k x 6, k = 8", Bounds::On), ("875k x 6, k = 8, without bounds", Bounds::Off)]
    {
        let settings = Settings { bounds, ..Settings::default() };
        group.bench_function(name, |bencher| {
            bencher.iter(|| unwatched(|task| cluster(black_box(&points), 8, 7, settings, task)));
        });
    }
    let features = features();
    for (name, k) in [("segment 875k, k = 8", Some(8)), ("segment 875k, k chosen", None)] {
        let options = Options { k, seed: 7, names: std::collections::BTreeMap::new() };
        group.bench_function(name, |bencher| {
            bencher.iter(|| unwatched(|task| segment(black_box(&features), &options, task)));
        });
    }
    group.finish();
}

criterion_group!(benches, kmeans);
criterion_main!(benches);
