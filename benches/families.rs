//! Our decoder beside candle-transformers' own implementation of each family, in one run, on the same files and threads: a
//! prompt of 256 tokens, then steps of 1 and 5 sequences.
//!
//! ```sh
//! python scripts/random_models.py target/random-models
//! cargo bench --profile release --bench families
//! ```
//!
//! `PERENNIAL_BENCH_MODELS` names another folder of GGUF files. Steps of candle-transformers are taken with its cache filled
//! by the prompt, of which five copies are one batch; an implementation that cannot do that is left out and told.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a benchmark stops at what goes wrong and tells it"
)]

use std::cell::RefCell;
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candle_core::quantized::gguf_file::Content;
use candle_core::{Device, Tensor};
use candle_transformers::models::{
    quantized_gemma3, quantized_lfm2, quantized_llama, quantized_phi3, quantized_qwen2, quantized_qwen3,
};
use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use perennial::jobs::unwatched;
use perennial::writing::families;
use perennial::writing::forward::Forward;
use perennial::writing::gguf::Gguf;

const PROMPT: usize = 256;
const STEPS: usize = 32;

/// candle-transformers' implementation of a family.
enum Stock {
    Llama(quantized_llama::ModelWeights),
    Qwen2(quantized_qwen2::ModelWeights),
    Qwen3(quantized_qwen3::ModelWeights),
    Gemma3(quantized_gemma3::ModelWeights),
    Phi3(quantized_phi3::ModelWeights),
    Lfm2(quantized_lfm2::ModelWeights),
}

impl Stock {
    fn load(family: &str, path: &Path) -> candle_core::Result<Self> {
        let mut file = File::open(path)?;
        let content = Content::read(&mut file)?;
        let (file, cpu) = (&mut file, &Device::Cpu);
        Ok(match family {
            "llama" => Self::Llama(quantized_llama::ModelWeights::from_gguf(content, file, cpu)?),
            "qwen2" => Self::Qwen2(quantized_qwen2::ModelWeights::from_gguf(content, file, cpu)?),
            "qwen3" => Self::Qwen3(quantized_qwen3::ModelWeights::from_gguf(content, file, cpu)?),
            "gemma3" => Self::Gemma3(quantized_gemma3::ModelWeights::from_gguf(content, file, cpu)?),
            "phi3" => Self::Phi3(quantized_phi3::ModelWeights::from_gguf(false, content, file, cpu)?),
            "lfm2" => Self::Lfm2(quantized_lfm2::ModelWeights::from_gguf(content, file, cpu)?),
            other => candle_core::bail!("candle-transformers is not asked for {other}"),
        })
    }

    /// Runs rows of tokens behind `position` others; from the beginning where that is 0.
    fn forward(&mut self, tokens: &Tensor, position: usize) -> candle_core::Result<Tensor> {
        match self {
            Self::Llama(model) => model.forward(tokens, position),
            Self::Qwen2(model) => model.forward(tokens, position),
            Self::Qwen3(model) => {
                if position == 0 {
                    model.clear_kv_cache();
                }
                model.forward(tokens, position)
            }
            Self::Gemma3(model) => model.forward(tokens, position),
            Self::Phi3(model) => model.forward(tokens, position),
            Self::Lfm2(model) => model.forward(tokens, position),
        }
    }
}

fn every_file(criterion: &mut Criterion) {
    let folder = std::env::var_os("PERENNIAL_BENCH_MODELS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/random-models"), PathBuf::from);
    let listed = std::fs::read_dir(&folder).expect("the models: python scripts/random_models.py FOLDER");
    let mut paths: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "gguf"));
    paths.sort();
    for path in paths {
        one_file(criterion, &path);
    }
}

fn one_file(criterion: &mut Criterion, path: &Path) {
    let gguf = Gguf::open(path).expect("a GGUF file");
    let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
    let mut ours = unwatched(|task| families::load(&gguf, task)).expect("a model that loads");
    let vocabulary = ours.vocabulary();
    let prompt: Vec<u32> = (0..PROMPT).map(|at| (100 + at * 131 % (vocabulary - 200)) as u32).collect();
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group.sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(PROMPT as u64));
    group.bench_function("prefill", |bencher| {
        bencher.iter_batched(
            || (),
            |()| {
                ours.forget();
                ours.run_prompt(&prompt, &mut || true).expect("logits")
            },
            BatchSize::PerIteration,
        );
    });
    let mut stock = Stock::load(gguf.architecture(), path).expect("a model that candle-transformers loads");
    let prompts = |count: usize| {
        let rows = prompt.repeat(count);
        Tensor::from_vec(rows, (count, PROMPT), &Device::Cpu).expect("memory")
    };
    let one = prompts(1);
    group.bench_function("prefill, candle-transformers", |bencher| {
        bencher.iter(|| stock.forward(&one, 0).expect("logits"));
    });
    for count in [1, 5] {
        group.throughput(Throughput::Elements(count as u64));
        steps(&mut group, &mut *ours, &prompt, count);
        stock_steps(&mut group, &mut stock, &prompts(count), count);
    }
    group.finish();
}

/// The tokens of a step.
fn tokens(step: usize, count: usize) -> impl Iterator<Item = u32> {
    (0..count).map(move |lane| (200 + 31 * step + 7 * lane) as u32)
}

/// Times steps; `begin` goes back behind the prompt before they become more than a message takes. `done` counts them over
/// all samples.
fn time_steps(
    times: u64,
    done: &mut usize,
    begin: &mut dyn FnMut(),
    step: &mut dyn FnMut(usize),
) -> Duration {
    let mut spent = Duration::ZERO;
    for _ in 0..times {
        if done.is_multiple_of(STEPS) {
            begin();
        }
        let begun = Instant::now();
        step(*done % STEPS);
        spent += begun.elapsed();
        *done += 1;
    }
    spent
}

fn steps(group: &mut BenchmarkGroup<'_, WallTime>, ours: &mut dyn Forward, prompt: &[u32], count: usize) {
    ours.run_prompt(prompt, &mut || true).expect("logits");
    let ours = RefCell::new(ours);
    let mut done = 0;
    group.bench_function(format!("{count} at once"), |bencher| {
        bencher.iter_custom(|times| {
            time_steps(times, &mut done, &mut || ours.borrow_mut().open_lanes(count), &mut |step| {
                let tokens: Vec<(usize, u32)> = tokens(step, count).enumerate().collect();
                ours.borrow_mut().step(&tokens).expect("logits");
            })
        });
    });
}

fn stock_steps(group: &mut BenchmarkGroup<'_, WallTime>, stock: &mut Stock, prompts: &Tensor, count: usize) {
    let input = |step: usize| {
        Tensor::from_vec(tokens(step, count).collect(), (count, 1), &Device::Cpu).expect("memory")
    };
    // One of them panics.
    let tried = std::panic::catch_unwind(AssertUnwindSafe(|| {
        stock.forward(prompts, 0).and_then(|_| stock.forward(&input(0), PROMPT))
    }));
    if !tried.is_ok_and(|run| run.is_ok()) {
        eprintln!("candle-transformers cannot do {count} at once");
        return;
    }
    let stock = RefCell::new(stock);
    let mut done = 0;
    group.bench_function(format!("{count} at once, candle-transformers"), |bencher| {
        bencher.iter_custom(|times| {
            time_steps(
                times,
                &mut done,
                &mut || {
                    stock.borrow_mut().forward(prompts, 0).expect("logits");
                },
                &mut |step| {
                    stock.borrow_mut().forward(&input(step), PROMPT + step).expect("logits");
                },
            )
        });
    });
}

criterion_group!(benches, every_file);
criterion_main!(benches);
