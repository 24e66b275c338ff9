//! Features of ten million orders, from a CSV file: the whole way from bytes to columns. The budget is 3.0 s.

#![expect(clippy::expect_used, reason = "a benchmark stops at what goes wrong")]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perennial::config::DataConfig;
use perennial::{features, jobs};

const ORDERS: u64 = 10_000_000;
const CUSTOMERS: u64 = 875_000;

/// `order_id,customer_id,ordered_at,amount`, as many shops export it.
fn write_orders(path: &Path) -> std::io::Result<()> {
    let mut csv = BufWriter::new(File::create(path)?);
    csv.write_all(b"order_id,customer_id,ordered_at,amount\n")?;
    let mut state = 7u64;
    let mut draw = |below: u64| {
        // Any spread-out numbers will do here.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for order in 1..=ORDERS {
        let (customer, month, day, hour) = (draw(CUSTOMERS), draw(12) + 1, draw(28) + 1, draw(24));
        let (whole, cents) = (draw(190) + 5, draw(100));
        writeln!(csv, "{order},{customer},2025-{month:02}-{day:02} {hour:02}:15:00,{whole}.{cents:02}")?;
    }
    csv.flush()
}

fn features_of_ten_million_orders(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_orders(&folder.path().join("orders.csv")).expect("room for 400 MB");
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
    group.finish();
}

criterion_group!(benches, features_of_ten_million_orders);
criterion_main!(benches);
