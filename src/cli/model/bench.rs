//! `perennial model bench`: how fast a model reads and writes.
//!
//! In: a model's file, and the adapter that is chosen. Out: tokens a second, of the prompt and of so many continuations at
//! once. Beside an adapter each figure is measured twice, without it and with it in turn, so that what else the machine does
//! touches both alike.

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;
use serde_json::{Value, json};

use super::beside::lay_beside;
use crate::cli::{Context, Exit, SCHEMA};
use crate::jobs::Task;
use crate::writing::adapter::Adapter;
use crate::writing::forward::Forward;
use crate::writing::local::LocalModel;
use crate::writing::WritingError;

/// Tokens of the prompt, and steps after it, that are measured.
const PROMPT: usize = 256;
const STEPS: usize = 64;
/// Continuations at once that are measured.
const LANES: [usize; 5] = [1, 2, 5, 8, 16];

/// Median, least and greatest of some figures.
#[derive(Clone, Copy, Serialize)]
struct Spread {
    median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self {
            median: figures[figures.len() / 2],
            least: figures[0],
            greatest: figures[figures.len() - 1],
        }
    }
}

/// Figures without an adapter, and with one.
struct Pair {
    plain: Spread,
    beside: Option<Spread>,
    /// Per cent that the adapter takes: the median over the turns.
    slower: Option<f64>,
}

impl Pair {
    /// Measures in turn, `repeats` times.
    fn of(
        model: &mut dyn Forward,
        beside: bool,
        repeats: usize,
        measure: &mut dyn FnMut(&mut dyn Forward) -> Result<f64, WritingError>,
    ) -> Result<Self, WritingError> {
        let (mut plain, mut other, mut slower) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..repeats {
            model.choose(None);
            let without = measure(model)?;
            plain.push(without);
            if beside {
                model.choose(Some(0));
                let with = measure(model)?;
                other.push(with);
                slower.push((without / with - 1.0) * 100.0);
            }
        }
        let spread = |figures: Vec<f64>| (!figures.is_empty()).then(|| Spread::of(figures));
        Ok(Self {
            plain: Spread::of(plain),
            beside: spread(other),
            slower: spread(slower).map(|slower| slower.median),
        })
    }

    fn told(&self) -> String {
        let Spread { median, least, greatest } = self.plain;
        let plain = format!("{median:>6.0} tokens/s ({least:.0} to {greatest:.0})");
        match (self.beside, self.slower) {
            (Some(Spread { median, least, greatest }), Some(slower)) => {
                let beside = format!("{median:>6.0} tokens/s ({least:.0} to {greatest:.0})");
                format!("{plain}  with the adapter {beside}, {slower:.1} % more time")
            }
            _ => plain,
        }
    }
}

pub(super) fn run(
    (name, path): (String, PathBuf),
    repeats: usize,
    context: &mut Context<'_>,
) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let mut engine = context.work(|task: &Task<'_>| LocalModel::load(&name, &path, task))?;
    let load_ms = begun.elapsed().as_secs_f64() * 1e3;
    let adapter = lay_beside((&name, &path), &mut engine, context)?;
    let beside = adapter.is_some();
    let model = engine.forward();
    // A model that reads less is measured on what it reads.
    let length = PROMPT.min(model.context() * 4 / 5).max(1);
    let steps = STEPS.min(model.context().saturating_sub(length));
    let vocabulary = model.vocabulary() as u32;
    let prompt: Vec<u32> = (0..length as u32).map(|i| token(100 + i * 131, vocabulary)).collect();
    let mut read = |model: &mut dyn Forward| {
        model.forget();
        let begun = Instant::now();
        model.run_prompt(&prompt, &mut || true)?;
        Ok(length as f64 / begun.elapsed().as_secs_f64())
    };
    // The first of all is slower than any other.
    read(model)?;
    let prefill = Pair::of(model, beside, repeats, &mut read)?;
    let mut lanes = Vec::new();
    for n in LANES {
        let figures = Pair::of(model, beside, repeats, &mut |model| decode(model, &prompt, n, steps))?;
        lanes.push((n, figures));
    }
    model.choose(None);
    let mut milliseconds = Vec::new();
    for _ in 0..repeats {
        model.forget();
        let begun = Instant::now();
        model.run_prompt(&prompt, &mut || true)?;
        milliseconds.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let first_token = Spread::of(milliseconds);
    let threads = model.threads();
    let simd = model.processor().name();
    if context.global.json {
        let decode_lanes: Vec<_> = lanes
            .iter()
            .map(|(n, figures)| {
                json!({ "n": n, "tokens_per_second": figures.plain.median, "spread": figures.plain })
            })
            .collect();
        let mut document = json!({
            "schema": SCHEMA,
            "model": name,
            "threads": threads,
            "simd": simd,
            "repeats": repeats,
            "prefill_tokens_per_second": prefill.plain.median,
            "prefill_spread": prefill.plain,
            "decode_tokens_per_second": lanes[0].1.plain.median,
            "decode_lanes": decode_lanes,
            "first_token_ms": first_token.median,
            "load_ms": load_ms,
            "peak_rss_bytes": peak_memory(),
        });
        if let (Some(adapter), Some(document)) = (&adapter, document.as_object_mut()) {
            document.insert("adapter".into(), beside_figures(adapter, &prefill, &lanes));
        }
        context.print_json(&document)?;
        return Ok(Exit::Done);
    }
    writeln!(context.stdout, "{name}: {threads} threads, {simd}; loaded in {load_ms:.0} ms")?;
    if let Some(adapter) = &adapter {
        let (name, rank) = (&adapter.identity.name, adapter.rank());
        let millions = adapter.parameters() as f64 / 1e6;
        writeln!(context.stdout, "adapter {name}: rank {rank}, {millions:.1} million numbers")?;
    }
    writeln!(context.stdout, "  prefill    {}", prefill.told())?;
    for (n, figures) in &lanes {
        writeln!(context.stdout, "  {n:>2} at once {}", figures.told())?;
    }
    Ok(Exit::Done)
}

fn beside_figures(adapter: &Adapter, prefill: &Pair, lanes: &[(usize, Pair)]) -> Value {
    let figures = |pair: &Pair| {
        json!({
            "tokens_per_second": pair.beside.map(|spread| spread.median),
            "spread": pair.beside,
            "more_time_percent": pair.slower,
        })
    };
    let of_lanes = |(n, pair): &(usize, Pair)| {
        let mut figures = figures(pair);
        if let Some(figures) = figures.as_object_mut() {
            figures.insert("n".into(), json!(n));
        }
        figures
    };
    json!({
        "name": adapter.identity.name,
        "sha256": adapter.identity.sha256,
        "rank": adapter.rank(),
        "parameters": adapter.parameters(),
        "prefill": figures(prefill),
        "decode_lanes": lanes.iter().map(of_lanes).collect::<Vec<_>>(),
    })
}

/// A token by its number, whatever the size of the vocabulary.
fn token(number: u32, vocabulary: u32) -> u32 {
    if vocabulary > 400 { 100 + number % (vocabulary - 200) } else { number % vocabulary.max(1) }
}

/// Tokens per second of `n` lanes together.
fn decode(model: &mut dyn Forward, prompt: &[u32], n: usize, steps: usize) -> Result<f64, WritingError> {
    let vocabulary = model.vocabulary() as u32;
    model.run_prompt(prompt, &mut || true)?;
    model.open_lanes(n);
    let begun = Instant::now();
    for step in 0..steps {
        let tokens: Vec<(usize, u32)> =
            (0..n).map(|lane| (lane, token(100 + (step * 31 + lane * 7) as u32, vocabulary))).collect();
        model.step(&tokens)?;
    }
    Ok((steps * n) as f64 / begun.elapsed().as_secs_f64())
}

/// Greatest resident memory of this process so far; absent where the system does not say.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
