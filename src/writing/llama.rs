//! The forward pass of llama-family models, for one prompt and several continuations of it at once.
//!
//! In: a GGUF file of architecture `llama`. Out: logits. The prompt's keys and values are computed once and
//! shared; each continuation (a lane) has its own behind them. A prompt that begins like the one before keeps
//! what they share. All weights are held as `Q8_0` (see `matrix`).

mod shape;

pub use shape::Shape;

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use candle_core::Device;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::gguf::{Gguf, GgufError};
use super::matrix::{Inputs, Matrix, Outputs, dot, exp, share_out};
use crate::jobs::Task;

/// Prompt tokens that are run together between two looks at the cancel flag.
pub const CHUNK: usize = 32;
/// More threads than this read memory no faster, and keys must not wait for them.
const MOST_THREADS: usize = 4;

struct Layer {
    attention_norm: Vec<f32>,
    query_key_value: Matrix,
    attention_output: Matrix,
    hidden_norm: Vec<f32>,
    gate_up: Matrix,
    down: Matrix,
}

/// Keys and values of some positions, for each layer `[position, kv_width]`.
#[derive(Clone, Default)]
struct Memory {
    keys: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
}

impl Memory {
    fn new(layers: usize) -> Self {
        Self { keys: vec![Vec::new(); layers], values: vec![Vec::new(); layers] }
    }

    fn truncate(&mut self, length: usize) {
        for numbers in self.keys.iter_mut().chain(&mut self.values) {
            numbers.truncate(length);
        }
    }
}

/// A loaded model with what it remembers of the running prompt.
pub struct Llama {
    shape: Shape,
    embedding: Matrix,
    /// Absent where the embedding serves both ways.
    output: Option<Matrix>,
    output_norm: Vec<f32>,
    layers: Vec<Layer>,
    /// Cosine and sine of each position's rotations, `[position, head_width / 2]`.
    rotations: Vec<(f32, f32)>,
    prompt: Vec<u32>,
    shared: Memory,
    lanes: Vec<Memory>,
    lane_lengths: Vec<usize>,
    scratch: Scratch,
    pool: Arc<ThreadPool>,
}

#[derive(Default)]
struct Scratch {
    states: Vec<f32>,
    normed: Vec<f32>,
    projected: Vec<f32>,
    inputs: Inputs,
    outputs: Outputs,
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
        let done = std::sync::atomic::AtomicU64::new(0);
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
        let embedding = matrix(gguf, &mut file, "token_embd.weight", vocabulary, width)?;
        let output = if gguf.tensors.contains_key("output.weight") {
            Some(matrix(gguf, &mut file, "output.weight", vocabulary, width)?)
        } else {
            None
        };
        let output_norm = vector(gguf, &mut file, "output_norm.weight", width)?;
        let factors = if gguf.tensors.contains_key("rope_freqs.weight") {
            vector(gguf, &mut file, "rope_freqs.weight", shape.head_width / 2)?
        } else {
            vec![1.0; shape.head_width / 2]
        };
        Ok(Self {
            embedding,
            output,
            output_norm,
            layers: loaded?,
            rotations: rotations(&shape, &factors),
            prompt: Vec::new(),
            shared: Memory::new(layers),
            lanes: Vec::new(),
            lane_lengths: Vec::new(),
            scratch: Scratch::default(),
            pool: Arc::new(pool),
            shape,
        })
    }

    /// Threads that a step uses.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The model's sizes.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Forgets the prompt and all lanes.
    pub fn forget(&mut self) {
        self.prompt.clear();
        self.shared.truncate(0);
        self.lanes.clear();
        self.lane_lengths.clear();
    }

    /// Runs a prompt and returns the logits after it, `[vocabulary]`. What it shares with the prompt before
    /// is not run again. `go_on` is asked before each chunk; `None` when it says no.
    pub fn run_prompt(&mut self, prompt: &[u32], go_on: &mut dyn FnMut() -> bool) -> Option<Vec<f32>> {
        let kept = self.prompt.iter().zip(prompt).take_while(|(old, new)| old == new).count();
        // The last token is run in any case: its logits are wanted.
        let kept = kept.min(prompt.len().saturating_sub(1));
        self.prompt.truncate(kept);
        self.shared.truncate(kept * self.shape.kv_width());
        self.lanes.clear();
        self.lane_lengths.clear();
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

    /// Logits of every position of a prompt in turn; for comparisons, not for writing.
    pub fn run_prompt_in_full(&mut self, prompt: &[u32], each: &mut dyn FnMut(usize, &[f32])) {
        self.forget();
        for (position, token) in prompt.iter().enumerate() {
            self.prompt.push(*token);
            self.run(&[*token], &[Place { position, lane: None }]);
            self.logits();
            each(position, &self.scratch.logits);
        }
    }

    /// Opens `count` lanes that continue the prompt.
    pub fn open_lanes(&mut self, count: usize) {
        self.lanes = vec![Memory::new(self.shape.layers); count];
        self.lane_lengths = vec![0; count];
    }

    /// Positions that are left for a lane.
    #[must_use]
    pub fn room(&self) -> usize {
        self.shape.context.saturating_sub(self.prompt.len())
    }

    /// Appends one token to each named lane and returns their logits, `[lanes, vocabulary]`, in that order.
    pub fn step(&mut self, tokens: &[(usize, u32)]) -> &[f32] {
        let mut ids = Vec::with_capacity(tokens.len());
        let mut places = Vec::with_capacity(tokens.len());
        for &(lane, token) in tokens {
            ids.push(token);
            places.push(Place { position: self.prompt.len() + self.lane_lengths[lane], lane: Some(lane) });
            self.lane_lengths[lane] += 1;
        }
        self.run(&ids, &places);
        self.logits();
        &self.scratch.logits
    }

    /// Runs tokens through all layers; the states after the last are left in the scratch.
    fn run(&mut self, tokens: &[u32], places: &[Place]) {
        let pool = Arc::clone(&self.pool);
        pool.install(|| self.run_here(tokens, places));
    }

    fn run_here(&mut self, tokens: &[u32], places: &[Place]) {
        let Self { shape, embedding, layers, rotations, shared, lanes, scratch, .. } = self;
        let Scratch { states, normed, projected, inputs, outputs, .. } = scratch;
        let (width, hidden, kv) = (shape.width, shape.hidden, shape.kv_width());
        states.resize(tokens.len() * width, 0.0);
        for (token, state) in tokens.iter().zip(states.chunks_exact_mut(width)) {
            embedding.row(*token as usize, state);
        }
        for (index, layer) in layers.iter().enumerate() {
            norm(states, &layer.attention_norm, shape.epsilon, normed);
            inputs.set(width, normed);
            layer.query_key_value.multiply(inputs, outputs);
            outputs.copy_to(projected);
            for (row, place) in projected.chunks_exact_mut(width + 2 * kv).zip(places) {
                rotate(&mut row[..width + kv], shape.head_width, rotations, place.position);
                let memory = match place.lane {
                    None => &mut *shared,
                    Some(lane) => &mut lanes[lane],
                };
                memory.keys[index].extend_from_slice(&row[width..width + kv]);
                memory.values[index].extend_from_slice(&row[width + kv..]);
            }
            attend(shape, index, projected, places, shared, lanes, outputs);
            outputs.copy_to(normed);
            inputs.set(width, normed);
            layer.attention_output.multiply(inputs, outputs);
            outputs.add_to(states);

            norm(states, &layer.hidden_norm, shape.epsilon, normed);
            inputs.set(width, normed);
            layer.gate_up.multiply(inputs, outputs);
            outputs.copy_to(projected);
            normed.clear();
            for row in projected.chunks_exact(2 * hidden) {
                let (gate, up) = row.split_at(hidden);
                normed.extend(gate.iter().zip(up).map(|(gate, up)| gate / (1.0 + exp(-gate)) * up));
            }
            inputs.set(hidden, normed);
            layer.down.multiply(inputs, outputs);
            outputs.add_to(states);
        }
    }

    /// Logits of the states in the scratch.
    fn logits(&mut self) {
        let pool = Arc::clone(&self.pool);
        pool.install(|| self.logits_here());
    }

    fn logits_here(&mut self) {
        let Scratch { states, normed, inputs, outputs, logits, .. } = &mut self.scratch;
        norm(states, &self.output_norm, self.shape.epsilon, normed);
        inputs.set(self.shape.width, normed);
        self.output.as_ref().unwrap_or(&self.embedding).multiply(inputs, outputs);
        outputs.copy_to(logits);
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
        let mut read = |part: &str, rows, columns| matrix(gguf, file, &name(part), rows, columns);
        let query_key_value = Matrix::stack(vec![
            read("attn_q", width, width)?,
            read("attn_k", kv, width)?,
            read("attn_v", kv, width)?,
        ]);
        let attention_output = read("attn_output", width, width)?;
        let gate_up = Matrix::stack(vec![read("ffn_gate", hidden, width)?, read("ffn_up", hidden, width)?]);
        let down = read("ffn_down", width, hidden)?;
        Ok(Self {
            attention_norm: vector(gguf, file, &name("attn_norm"), width)?,
            query_key_value,
            attention_output,
            hidden_norm: vector(gguf, file, &name("ffn_norm"), width)?,
            gate_up,
            down,
        })
    }
}

fn open(path: &Path) -> Result<File, GgufError> {
    File::open(path).map_err(|source| GgufError::Io { path: path.to_owned(), source })
}

fn numbers(gguf: &Gguf, file: &mut File, name: &str, shape: &[usize]) -> Result<Vec<f32>, GgufError> {
    gguf.tensor(file, name, shape)?
        .dequantize(&Device::Cpu)
        .and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>())
        .map_err(|error| GgufError::Broken {
            path: gguf.path.clone(),
            what: format!("tensor {name}: {error}"),
        })
}

fn matrix(
    gguf: &Gguf,
    file: &mut File,
    name: &str,
    rows: usize,
    columns: usize,
) -> Result<Matrix, GgufError> {
    Ok(Matrix::new(columns, &numbers(gguf, file, name, &[rows, columns])?))
}

fn vector(gguf: &Gguf, file: &mut File, name: &str, length: usize) -> Result<Vec<f32>, GgufError> {
    numbers(gguf, file, name, &[length])
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

/// Root-mean-square norm of each row of `states`, as wide as `weights`.
fn norm(states: &[f32], weights: &[f32], epsilon: f32, out: &mut Vec<f32>) {
    out.clear();
    for row in states.chunks_exact(weights.len()) {
        let scale = (dot(row, row) / row.len() as f32 + epsilon).sqrt().recip();
        out.extend(row.iter().zip(weights).map(|(x, w)| x * scale * w));
    }
}

/// Attention of each row's queries over the prompt up to its position, and over its lane.
/// `projected` holds `[query, key, value]` rows; `outputs` becomes `[rows, width]`.
fn attend(
    shape: &Shape,
    layer: usize,
    projected: &[f32],
    places: &[Place],
    shared: &Memory,
    lanes: &[Memory],
    outputs: &mut Outputs,
) {
    let (width, kv, head_width) = (shape.width, shape.kv_width(), shape.head_width);
    let group = shape.heads / shape.kv_heads;
    let row_width = width + 2 * kv;
    let cells = outputs.resize(places.len() * width);
    let known = shared.keys[layer].len() + lanes.first().map_or(0, |lane| lane.keys[layer].len());
    let products = places.len() * known * group * 2;
    share_out(places.len() * shape.kv_heads, products, &|range| {
        let mut scores = Vec::new();
        let mut sums = vec![0_f32; head_width];
        for item in range {
            let (row, kv_head) = (item / shape.kv_heads, item % shape.kv_heads);
            let place = places[row];
            let seen = match place.lane {
                None => place.position + 1,
                Some(_) => shared.keys[layer].len() / kv,
            };
            let part = kv_head * head_width..(kv_head + 1) * head_width;
            let own = place.lane.map(|lane| &lanes[lane]);
            for head in kv_head * group..(kv_head + 1) * group {
                let query = &projected[row * row_width + head * head_width..][..head_width];
                scores.clear();
                score(query, &shared.keys[layer][..seen * kv], kv, &part, &mut scores);
                if let Some(own) = own {
                    score(query, &own.keys[layer], kv, &part, &mut scores);
                }
                softmax(&mut scores, (head_width as f32).sqrt().recip());
                sums.fill(0.0);
                let (before, after) = scores.split_at(seen);
                gather(before, &shared.values[layer], kv, &part, &mut sums);
                if let Some(own) = own {
                    gather(after, &own.values[layer], kv, &part, &mut sums);
                }
                for (cell, sum) in cells[row * width + head * head_width..].iter().zip(&sums) {
                    cell.store(sum.to_bits(), Ordering::Relaxed);
                }
            }
        }
    });
}

fn score(query: &[f32], keys: &[f32], kv: usize, part: &Range<usize>, scores: &mut Vec<f32>) {
    scores.extend(keys.chunks_exact(kv).map(|key| dot(query, &key[part.clone()])));
}

fn gather(weights: &[f32], values: &[f32], kv: usize, part: &Range<usize>, sums: &mut [f32]) {
    for (weight, value) in weights.iter().zip(values.chunks_exact(kv)) {
        for (sum, x) in sums.iter_mut().zip(&value[part.clone()]) {
            *sum = weight.mul_add(*x, *sum);
        }
    }
}

fn softmax(scores: &mut [f32], scale: f32) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in &mut *scores {
        *score = exp((*score - largest) * scale);
    }
    let total: f32 = scores.iter().sum();
    for score in scores {
        *score /= total;
    }
}
