//! Results of a campaign to a million customers: every comparison with bootstrap and CUPED, segments, scores, curves.
//! The budget is a few seconds on two cores.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perennial::results::measure;
use perennial::results::observed::{Arm, Assigned, Observed, Purchase, State};

const CUSTOMERS: u32 = 1_000_000;
const DAY: i64 = 86_400_000;

/// A third held out, two arms, five segments; one customer in sixteen buys.
fn observed() -> Observed {
    let launched_at = 20_000 * DAY;
    let mut observed = Observed {
        campaign: "bench".into(),
        launched_at,
        observed_until: launched_at + 28 * DAY,
        window_days: 28,
        currency: "EUR".into(),
        currency_digits: 2,
        arms: ["holdout", "warm", "plain"].map(|name| Arm { name: name.into(), ..Arm::default() }).to_vec(),
        holdout: true,
        segments: ["A", "B", "C", "D", "E"].map(str::to_owned).to_vec(),
        ..Observed::default()
    };
    let mut assigned = Assigned::default();
    for row in 0..CUSTOMERS {
        let mixed = row.wrapping_mul(2_654_435_761).rotate_left(13);
        let arm = (mixed % 3) as u16;
        assigned.arm.push(arm);
        assigned.segment.push((mixed / 3 % 5) as u16);
        assigned.state.push(if arm == 0 { State::Holdout } else { State::Accepted });
        assigned.spent_before.push(i64::from(mixed / 15 % 40_000));
        assigned.orders_before.push(mixed / 600_000 % 7);
        assigned.recency_days.push(Some(mixed / 777 % 300));
        if mixed / 101 % 16 == 0 {
            let at = launched_at + i64::from(mixed % 28) * DAY;
            observed.purchases.push(Purchase {
                customer: row,
                order: row,
                at,
                amount: i64::from(mixed % 9_000),
            });
        }
    }
    observed.assigned = assigned;
    observed
}

fn results(criterion: &mut Criterion) {
    let observed = observed();
    let mut group = criterion.benchmark_group("results");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Elements(u64::from(CUSTOMERS)));
    group.bench_function("a million customers", |bencher| bencher.iter(|| measure(&observed, 7)));
    group.finish();
}

criterion_group!(benches, results);
criterion_main!(benches);
