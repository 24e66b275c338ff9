//! Features of a million orders, from a CSV file: the whole way from bytes to columns.

#![expect(clippy::expect_used, reason = "a benchmark stops at what goes wrong")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perennial::config::DataConfig;
use perennial::{data, features, jobs};

const ORDERS: u64 = 1_000_000;
const CUSTOMERS: u64 = 87_500;

/// `order_id,customer_id,ordered_at,amount`, as many shops export it.
fn orders() -> String {
    let mut csv = String::from("order_id,customer_id,ordered_at,amount\n");
    let mut state = 7u64;
    let mut draw = |below: u64| {
        // Any spread-out numbers will do here.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for order in 1..=ORDERS {
        let (customer, month, day, hour) = (draw(CUSTOMERS), draw(12) + 1, draw(28) + 1, draw(24));
        let (whole, cents) = (draw(190) + 5, draw(100));
        let _ =
            writeln!(csv, "{order},{customer},2025-{month:02}-{day:02} {hour:02}:15:00,{whole}.{cents:02}");
    }
    csv
}

fn features_of_a_million_orders(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("orders.csv"), orders()).expect("room for 40 MB");
    let sources = [folder.path().to_path_buf()];
    let settings = DataConfig::default();
    let mut group = criterion.benchmark_group("features");
    group.throughput(Throughput::Elements(ORDERS)).sample_size(10);
    group.bench_function("from a CSV file, streaming", |bench| {
        bench.iter(|| {
            let result = jobs::unwatched(|task| features::from_files(&sources, &settings, None, task));
            black_box(result.expect("a good file").1.rows)
        });
    });
    let shop = jobs::unwatched(|task| data::load(&sources, &settings, task)).expect("a good file");
    group.bench_function("from a shop in memory", |bench| {
        bench.iter(|| {
            let result = jobs::unwatched(|task| features::compute(&shop, None, task));
            black_box(result.expect("a good shop").rows)
        });
    });
    group.finish();
}

criterion_group!(benches, features_of_a_million_orders);
criterion_main!(benches);
