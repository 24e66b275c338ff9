//! How fast the default model reads a prompt and writes: 256 tokens of prompt, then steps of 1, 5 and 20 lanes; and
//! beside it `quantized_llama` of candle-transformers on the same file, which decodes one sequence.
//!
//! `cargo bench --profile release --bench decode`; the model must have been fetched (`perennial model pull`).

#![expect(clippy::expect_used, reason = "a benchmark stops at what goes wrong")]

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use candle_core::quantized::gguf_file;
use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use perennial::jobs::unwatched;
use perennial::writing::catalogue;
use perennial::writing::local::LocalModel;

const PROMPT: u32 = 256;
const STEPS: usize = 64;

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
                model.run_prompt(&prompt, &mut || true).expect("logits")
            },
            BatchSize::PerIteration,
        );
    });
    for lanes in [1, 5, 20] {
        group.throughput(Throughput::Elements(lanes as u64));
        group.bench_function(format!("decode, {lanes} at once"), |bencher| {
            model.run_prompt(&prompt, &mut || true).expect("logits");
            model.open_lanes(lanes);
            let mut written = 0;
            bencher.iter(|| {
                // The lanes are opened anew before they outgrow the message of a slot.
                if written == STEPS {
                    model.open_lanes(lanes);
                    written = 0;
                }
                written += 1;
                let tokens: Vec<(usize, u32)> =
                    (0..lanes).map(|lane| (lane, 200 + 7 * lane as u32)).collect();
                model.step(&tokens).expect("logits").len()
            });
        });
    }
    stock(&mut group, &path, &prompt);
    group.finish();
}

/// The same with candle-transformers' own implementation.
fn stock(group: &mut BenchmarkGroup<'_, WallTime>, path: &Path, prompt: &[u32]) {
    let mut file = File::open(path).expect("the model");
    let content = gguf_file::Content::read(&mut file).expect("a GGUF file");
    let mut model = ModelWeights::from_gguf(content, &mut file, &Device::Cpu).expect("a llama model");
    let input =
        |tokens: &[u32]| Tensor::new(tokens, &Device::Cpu).and_then(|row| row.unsqueeze(0)).expect("memory");
    let prompt_input = input(prompt);
    group.throughput(Throughput::Elements(u64::from(PROMPT)));
    group.bench_function("prefill, candle-transformers", |bencher| {
        bencher.iter(|| model.forward(&prompt_input, 0).expect("logits"));
    });
    group.throughput(Throughput::Elements(STEPS as u64));
    group.bench_function("decode, 1 at once, candle-transformers", |bencher| {
        let token = input(&[200]);
        bencher.iter_custom(|messages| {
            let mut spent = Duration::ZERO;
            for _ in 0..messages {
                model.forward(&prompt_input, 0).expect("logits");
                let begun = Instant::now();
                for step in 0..STEPS {
                    model.forward(&token, prompt.len() + step).expect("logits");
                }
                spent += begun.elapsed();
            }
            spent
        });
    });
}

criterion_group!(benches, decode);
criterion_main!(benches);
