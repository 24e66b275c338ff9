//! The forward pass of llama-family models, for one prompt and several continuations of it at once.
//!
//! In: a GGUF file of architecture `llama`. Out: logits. The prompt's keys and values are computed once and
//! shared; each continuation (a lane) has its own behind them. A prompt that begins like the one before keeps
//! what they share. The arithmetic is in `kernels`.

mod beside;
mod forward;
pub(super) mod packed;
mod shape;

pub use shape::Shape;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use self::beside::Beside;
use self::packed::Part;
use super::gguf::{Gguf, GgufError};
use super::kernels::{
    Activations, Attention, Cache, Matrix, Processor, Unit, gate, multiply, multiply_all, norm,
    share_out_pieces,
};
use crate::jobs::Task;

/// Prompt tokens that are run together between two looks at the cancel flag.
pub const CHUNK: usize = 32;
/// More threads than this read memory no faster, and keys must not wait for them.
pub(super) const MOST_THREADS: usize = 4;

struct Layer {
    attention_norm: Vec<f32>,
    query_key_value: Vec<Matrix>,
    attention_output: Matrix,
    hidden_norm: Vec<f32>,
    gate_up: Vec<Matrix>,
    down: Matrix,
}

/// A loaded model with what it remembers of the running prompt.
pub struct Llama {
    shape: Shape,
    embedding: Matrix,
    /// Absent where the embedding serves both ways.
    output: Option<Matrix>,
    output_norm: Vec<f32>,
    layers: Vec<Layer>,
    /// Adapters that may stand beside the weights, each with its part in every layer.
    adapters: Vec<Vec<Beside>>,
    /// The one that does.
    chosen: Option<usize>,
    /// Cosine and sine of each position's rotations, `[position, head_width / 2]`.
    rotations: Vec<(f32, f32)>,
    prompt: Vec<u32>,
    /// Keys and values of the prompt, a cache for each layer.
    shared: Vec<Cache>,
    /// And of each lane behind it.
    lanes: Vec<Vec<Cache>>,
    scratch: Scratch,
    pool: Arc<ThreadPool>,
    processor: Processor,
}

#[derive(Default)]
struct Scratch {
    states: Vec<f32>,
    normed: Vec<f32>,
    projected: Vec<f32>,
    attended: Vec<f32>,
    inputs: Activations,
    /// What an adapter's narrow matrices found.
    found: Vec<f32>,
    outputs: Vec<f32>,
    logits: Vec<f32>,
}

/// Where a token of a batch stands.
#[derive(Clone, Copy)]
struct Place {
    position: usize,
    /// Absent: in the prompt.
    lane: Option<usize>,
}

impl Llama {
    /// Loads the weights of a checked file.
    ///
    /// # Errors
    /// A tensor is missing or has another shape, the file is cut, or the task is cancelled.
    pub fn load(gguf: &Gguf, shape: Shape, task: &Task<'_>) -> Result<Self, LoadError> {
        let layers = shape.layers;
        let pool = ThreadPoolBuilder::new()
            .num_threads(rayon::current_num_threads().clamp(1, MOST_THREADS))
            .thread_name(|index| format!("writing-{index}"))
            .build()
            .map_err(|error| LoadError::Threads(error.to_string()))?;
        let done = AtomicU64::new(0);
        let report = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            task.progress("loading the model", done, Some(layers as u64));
        };
        let path = gguf.path.as_path();
        let loaded: Result<Vec<Layer>, LoadError> = (0..layers)
            .into_par_iter()
            .map(|index| {
                task.check()?;
                let layer = Layer::load(gguf, &shape, index, &mut open(path)?)?;
                report();
                Ok(layer)
            })
            .collect();
        let mut file = open(path)?;
        let (width, vocabulary) = (shape.width, shape.vocabulary);
        let mut table = |name| packed::matrix(gguf, &mut file, &Part { name, rows: vocabulary }, width);
        let embedding = table("token_embd.weight")?;
        let output =
            gguf.tensors.contains_key("output.weight").then(|| table("output.weight")).transpose()?;
        let output_norm = packed::numbers(gguf, &mut file, "output_norm.weight", &[width])?;
        let factors = if gguf.tensors.contains_key("rope_freqs.weight") {
            packed::numbers(gguf, &mut file, "rope_freqs.weight", &[shape.head_width / 2])?
        } else {
            vec![1.0; shape.head_width / 2]
        };
        Ok(Self {
            embedding,
            output,
            output_norm,
            layers: loaded?,
            adapters: Vec::new(),
            chosen: None,
            rotations: rotations(&shape, &factors),
            prompt: Vec::new(),
            shared: caches(&shape),
            lanes: Vec::new(),
            scratch: Scratch::default(),
            pool: Arc::new(pool),
            processor: Processor::detect(),
            shape,
        })
    }

    /// Threads that a step uses.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The vector instructions that a step uses.
    #[must_use]
    pub fn processor(&self) -> Processor {
        self.processor
    }

    /// The model's sizes.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Forgets the prompt and all lanes.
    pub fn forget(&mut self) {
        self.keep(0);
    }

    /// Keeps the first `length` tokens of the prompt, and no lane.
    fn keep(&mut self, length: usize) {
        self.prompt.truncate(length);
        for cache in &mut self.shared {
            cache.truncate(length);
        }
        self.lanes.clear();
    }

    /// Runs a prompt and returns the logits after it, `[vocabulary]`. What it shares with the prompt before
    /// is not run again. `go_on` is asked before each chunk; `None` when it says no.
    pub fn run_prompt(&mut self, prompt: &[u32], go_on: &mut dyn FnMut() -> bool) -> Option<Vec<f32>> {
        let kept = self.prompt.iter().zip(prompt).take_while(|(old, new)| old == new).count();
        // The last token is run in any case: its logits are wanted.
        let kept = kept.min(prompt.len().saturating_sub(1));
        self.keep(kept);
        for chunk in prompt[kept..].chunks(CHUNK) {
            if !go_on() {
                return None;
            }
            let start = self.prompt.len();
            let places: Vec<_> =
                (start..start + chunk.len()).map(|position| Place { position, lane: None }).collect();
            self.prompt.extend_from_slice(chunk);
            self.run(chunk, &places);
        }
        let width = self.shape.width;
        let last = self.scratch.states.len().saturating_sub(width);
        self.scratch.states.drain(..last);
        self.logits();
        Some(self.scratch.logits.clone())
    }

    /// Logits of every position of a prompt in turn, one token at a time, while `each` says to go on; whether it came
    /// to the end.
    pub fn run_prompt_in_full(
        &mut self,
        prompt: &[u32],
        each: &mut dyn FnMut(usize, &[f32]) -> bool,
    ) -> bool {
        self.forget();
        for (position, token) in prompt.iter().enumerate() {
            self.prompt.push(*token);
            self.run(&[*token], &[Place { position, lane: None }]);
            self.logits();
            if !each(position, &self.scratch.logits) {
                return false;
            }
        }
        true
    }

    /// Opens `count` lanes that continue the prompt.
    pub fn open_lanes(&mut self, count: usize) {
        self.lanes = vec![caches(&self.shape); count];
    }

    /// Positions that are left for a lane.
    #[must_use]
    pub fn room(&self) -> usize {
        self.shape.context.saturating_sub(self.prompt.len())
    }

    /// Appends one token to each named lane and returns their logits, `[lanes, vocabulary]`, in that order.
    pub fn step(&mut self, tokens: &[(usize, u32)]) -> Vec<f32> {
        let mut ids = Vec::with_capacity(tokens.len());
        let mut places = Vec::with_capacity(tokens.len());
        for &(lane, token) in tokens {
            ids.push(token);
            let written = self.lanes[lane].first().map_or(0, Cache::length);
            places.push(Place { position: self.prompt.len() + written, lane: Some(lane) });
        }
        self.run(&ids, &places);
        self.logits();
        self.scratch.logits.clone()
    }

    /// Runs `work` on the threads that write.
    pub fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// Runs tokens through all layers; the states after the last are left in the scratch.
    fn run(&mut self, tokens: &[u32], places: &[Place]) {
        let pool = Arc::clone(&self.pool);
        pool.install(|| self.run_here(tokens, places));
    }

    fn run_here(&mut self, tokens: &[u32], places: &[Place]) {
        let Self {
            shape,
            embedding,
            layers,
            adapters,
            chosen,
            rotations,
            shared,
            lanes,
            scratch,
            processor,
            ..
        } = self;
        let Scratch { states, normed, projected, attended, inputs, found, outputs, .. } = scratch;
        let (plain, adapter) = (Beside::default(), chosen.and_then(|chosen| adapters.get(chosen)));
        let (width, hidden, kv) = (shape.width, shape.hidden, shape.kv_width());
        let processor = *processor;
        states.resize(tokens.len() * width, 0.0);
        for (token, state) in tokens.iter().zip(states.chunks_exact_mut(width)) {
            embedding.row(*token as usize, state);
        }
        for (index, layer) in layers.iter().enumerate() {
            let beside = adapter.and_then(|layers| layers.get(index)).unwrap_or(&plain);
            norm(processor, states, &layer.attention_norm, shape.epsilon, normed);
            inputs.set(processor, width, normed);
            let adapter = beside.query_key_value.as_ref();
            multiply_all(processor, &layer.query_key_value, adapter, inputs, found, projected);
            for (row, place) in projected.chunks_exact_mut(width + 2 * kv).zip(places) {
                rotate(&mut row[..width + kv], shape.head_width, rotations, place.position);
                let cache = match place.lane {
                    None => &mut shared[index],
                    Some(lane) => &mut lanes[lane][index],
                };
                cache.push(&row[width..width + kv], &row[width + kv..]);
            }
            attend(processor, shape, index, projected, places, shared, lanes, attended);
            inputs.set(processor, width, attended);
            let adapter = beside.attention_output.as_ref();
            multiply_all(processor, layer.attention_output(), adapter, inputs, found, outputs);
            add(states, outputs);

            norm(processor, states, &layer.hidden_norm, shape.epsilon, normed);
            inputs.set(processor, width, normed);
            let adapter = beside.gate_up.as_ref();
            multiply_all(processor, &layer.gate_up, adapter, inputs, found, projected);
            gate(processor, Unit::Silu, hidden, projected, normed);
            inputs.set(processor, hidden, normed);
            multiply_all(processor, layer.down(), beside.down.as_ref(), inputs, found, outputs);
            add(states, outputs);
        }
    }

    /// Logits of the states in the scratch.
    fn logits(&mut self) {
        let pool = Arc::clone(&self.pool);
        pool.install(|| self.logits_here());
    }

    fn logits_here(&mut self) {
        let Scratch { states, normed, inputs, logits, .. } = &mut self.scratch;
        norm(self.processor, states, &self.output_norm, self.shape.epsilon, normed);
        inputs.set(self.processor, self.shape.width, normed);
        multiply(self.processor, self.output.as_ref().unwrap_or(&self.embedding), inputs, logits);
    }
}

/// Why the weights could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error(transparent)]
    Cancelled(#[from] crate::jobs::Cancelled),
    #[error("the system gives no threads to write with: {0}")]
    Threads(String),
}

impl Layer {
    fn load(gguf: &Gguf, shape: &Shape, index: usize, file: &mut File) -> Result<Self, GgufError> {
        let (width, hidden, kv) = (shape.width, shape.hidden, shape.kv_width());
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let mut read = |parts: &[(&str, usize)]| {
            let names: Vec<String> = parts.iter().map(|(part, _)| name(part)).collect();
            let parts: Vec<Part<'_>> =
                names.iter().zip(parts).map(|(name, (_, rows))| Part { name, rows: *rows }).collect();
            packed::matrices(gguf, file, &parts, width)
        };
        let query_key_value = read(&[("attn_q", width), ("attn_k", kv), ("attn_v", kv)])?;
        let gate_up = read(&[("ffn_gate", hidden), ("ffn_up", hidden)])?;
        let mut read = |part: &str, columns| {
            packed::matrix(gguf, file, &Part { name: &name(part), rows: width }, columns)
        };
        let attention_output = read("attn_output", width)?;
        let down = read("ffn_down", hidden)?;
        Ok(Self {
            attention_norm: packed::numbers(gguf, file, &name("attn_norm"), &[width])?,
            query_key_value,
            attention_output,
            hidden_norm: packed::numbers(gguf, file, &name("ffn_norm"), &[width])?,
            gate_up,
            down,
        })
    }
}

fn open(path: &Path) -> Result<File, GgufError> {
    File::open(path).map_err(|source| GgufError::Io { path: path.to_owned(), source })
}

/// An empty cache for each layer.
fn caches(shape: &Shape) -> Vec<Cache> {
    vec![Cache::new(shape.kv_heads, shape.head_width); shape.layers]
}

fn add(sums: &mut [f32], numbers: &[f32]) {
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum += number;
    }
}

/// Rotary positions (Su et al. 2021) in the order that `llama` files have: neighbours are turned together.
fn rotations(shape: &Shape, factors: &[f32]) -> Vec<(f32, f32)> {
    let turned = shape.head_width as f64;
    let angles: Vec<f64> = factors
        .iter()
        .enumerate()
        .map(|(pair, factor)| shape.rope_base.powf(-2.0 * pair as f64 / turned) / f64::from(*factor))
        .collect();
    let mut rotations = Vec::with_capacity(shape.context * angles.len());
    for position in 0..shape.context {
        rotations.extend(angles.iter().map(|angle| {
            let (sin, cos) = (position as f64 * angle).sin_cos();
            (cos as f32, sin as f32)
        }));
    }
    rotations
}

fn rotate(heads: &mut [f32], head_width: usize, rotations: &[(f32, f32)], position: usize) {
    let half = head_width / 2;
    let turns = &rotations[position * half..(position + 1) * half];
    for head in heads.chunks_exact_mut(head_width) {
        for (pair, (cos, sin)) in head.chunks_exact_mut(2).zip(turns) {
            let (x, y) = (pair[0], pair[1]);
            pair[0] = x * cos - y * sin;
            pair[1] = x * sin + y * cos;
        }
    }
}

/// Attention of each row's queries over the prompt up to its position, and over its lane.
/// `projected` holds `[query, key, value]` rows; `out` becomes `[rows, width]`.
#[expect(clippy::too_many_arguments, reason = "the parts of the model that are borrowed apart")]
fn attend(
    processor: Processor,
    shape: &Shape,
    layer: usize,
    projected: &[f32],
    places: &[Place],
    shared: &[Cache],
    lanes: &[Vec<Cache>],
    out: &mut Vec<f32>,
) {
    let (width, heads) = (shape.width, shape.kv_heads);
    // The queries of the heads that share a key head stand together.
    let group = width / heads;
    let row_width = width + 2 * shape.kv_width();
    out.resize(places.len() * width, 0.0);
    let own = |place: &Place| place.lane.map(|lane| &lanes[lane][layer]);
    let known = shared[layer].length() + places.first().and_then(own).map_or(0, Cache::length);
    share_out_pieces(out, group, 2 * known * group, &|first, out| {
        let mut attention = Attention::default();
        for (item, out) in (first..).zip(out.chunks_exact_mut(group)) {
            let (row, head) = (item / heads, item % heads);
            let queries = &projected[row * row_width + head * group..][..group];
            let place = &places[row];
            match own(place) {
                None => {
                    attention.attend(
                        processor,
                        head,
                        &[(&shared[layer], 0..place.position + 1)],
                        queries,
                        out,
                    );
                }
                Some(lane) => {
                    let parts = [(&shared[layer], 0..shared[layer].length()), (lane, 0..lane.length())];
                    attention.attend(processor, head, &parts, queries, out);
                }
            }
        }
    });
}
