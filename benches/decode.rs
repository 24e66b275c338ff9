//! How fast the default model reads a prompt and writes: 256 tokens of prompt, then steps of 1 and 5 lanes.
//!
//! `cargo bench --profile release --bench decode`; the model must have been fetched (`perennial model pull`).

#![expect(clippy::expect_used, reason = "a benchmark stops at what goes wrong")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use perennial::jobs::unwatched;
use perennial::writing::catalogue;
use perennial::writing::local::LocalModel;

const PROMPT: u32 = 256;

fn decode(criterion: &mut Criterion) {
    let entry = catalogue::entries().expect("the catalogue").remove(0);
    let path = entry.path().expect("a home folder");
    assert!(entry.is_fetched(), "fetch the model first: perennial model pull");
    let mut engine =
        unwatched(|task| LocalModel::load(&entry.name, &path, task)).expect("a model that loads");
    let vocabulary = engine.vocabulary().len() as u32;
    let prompt: Vec<u32> = (0..PROMPT).map(|i| 100 + i * 131 % (vocabulary - 200)).collect();
    let model = engine.forward();

    let mut group = criterion.benchmark_group("writing");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(PROMPT)));
    group.bench_function("prefill", |bencher| {
        bencher.iter_batched(
            || (),
            |()| {
                model.forget();
                model.run_prompt(&prompt, &mut || true)
            },
            BatchSize::PerIteration,
        );
    });
    for lanes in [1, 5] {
        group.throughput(Throughput::Elements(lanes as u64));
        group.bench_function(format!("decode, {lanes} at once"), |bencher| {
            model.run_prompt(&prompt, &mut || true);
            model.open_lanes(lanes);
            let mut written = 0;
            bencher.iter(|| {
                // The lanes are opened anew before they outgrow the message of a slot.
                if written == 64 {
                    model.open_lanes(lanes);
                    written = 0;
                }
                written += 1;
                let tokens: Vec<(usize, u32)> =
                    (0..lanes).map(|lane| (lane, 200 + 7 * lane as u32)).collect();
                model.step(&tokens).len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
