//! The forward pass of the families: one prompt and several continuations of it at once.
//!
//! In: layers that a recipe has put together. Out: logits. Products and attention are our kernels', but for quantisations that
//! they have not, which are candle's. The prompt's keys and values are computed once and shared; each continuation (a lane)
//! has its own behind them.

use std::sync::Arc;

use rayon::ThreadPool;

use super::layers::{Activation, Linear, Norm, Pairs, Rope, Tools, side_by_side};
use super::mixers::{Lane, Memories, Memory, Mixer, Place, Room};
use crate::jobs::Cancelled;
use crate::writing::WritingError;
use crate::writing::adapter::{Adapter, Projection};
use crate::writing::forward::{Forward, check_prompt, check_step};
use crate::writing::kernels::{Cache, Processor};

/// Prompt tokens that are run together between two looks at the cancel flag.
const CHUNK: usize = 32;

/// Layers and what stands around them.
pub(super) struct Network {
    pub width: usize,
    pub vocabulary: usize,
    pub context: usize,
    pub embedding: Linear,
    /// What the embeddings are multiplied by.
    pub embedding_scale: f32,
    /// Learned positions, `[context, width]`.
    pub positions: Option<Vec<f32>>,
    pub ropes: Vec<Rope>,
    pub layers: Vec<Layer>,
    pub output_norm: Norm,
    /// Absent where the embedding serves both ways.
    pub output: Option<Linear>,
}

pub(super) struct Layer {
    pub norm: Norm,
    pub mixer: Mixer,
    pub mixed_norm: Option<Norm>,
    pub hidden_norm: Norm,
    /// One product, or gates and values one after the other.
    pub up: Vec<Linear>,
    pub gated: bool,
    pub activation: Activation,
    pub down: Linear,
    pub down_norm: Option<Norm>,
}

impl Layer {
    /// Its matrices by their names; `None` where they are not those of the llama family.
    fn matrices(&mut self) -> Option<[(Projection, &mut Linear); 7]> {
        let Mixer::Attention(heads) = &mut self.mixer else { return None };
        let ([query, key, value], [gate, up]) = (&mut heads.query_key_value[..], &mut self.up[..]) else {
            return None;
        };
        Some([
            (Projection::Query, query),
            (Projection::Key, key),
            (Projection::Value, value),
            (Projection::Output, &mut heads.output),
            (Projection::Gate, gate),
            (Projection::Up, up),
            (Projection::Down, &mut self.down),
        ])
    }
}

/// A network with what it remembers of the running prompt.
pub(super) struct Decoder {
    network: Network,
    prompt: Vec<u32>,
    shared: Vec<Memory>,
    lanes: Vec<Lane>,
    pool: Arc<ThreadPool>,
    tools: Tools,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    states: Vec<f32>,
    normed: Vec<f32>,
    mixer: Room,
    hidden: Vec<f32>,
    gated: Vec<f32>,
    found: Vec<f32>,
}

impl Decoder {
    pub fn new(network: Network, pool: ThreadPool) -> Self {
        let shared = network.memory();
        Self {
            network,
            prompt: Vec::new(),
            shared,
            lanes: Vec::new(),
            pool: Arc::new(pool),
            tools: Tools::new(Processor::detect()),
            scratch: Scratch::default(),
        }
    }

    /// Keeps the first `length` tokens of the prompt, and no lane.
    fn keep(&mut self, length: usize) {
        self.prompt.truncate(length);
        for memory in &mut self.shared {
            memory.truncate(length, self.network.width);
        }
        self.lanes.clear();
    }

    /// Appends tokens to the prompt; the states after the last layer are left in the scratch.
    fn extend(&mut self, tokens: &[u32]) -> candle_core::Result<()> {
        let start = self.prompt.len();
        let places: Vec<Place> =
            (start..start + tokens.len()).map(|position| Place { position, lane: None }).collect();
        let pool = Arc::clone(&self.pool);
        let run = pool.install(|| self.run(tokens, &places));
        if run.is_ok() {
            self.prompt.extend_from_slice(tokens);
        } else {
            self.keep(start);
        }
        run
    }

    fn run(&mut self, tokens: &[u32], places: &[Place]) -> candle_core::Result<()> {
        let Self { network, shared, lanes, tools, scratch, .. } = self;
        let Scratch { states, normed, mixer, hidden, gated, found } = scratch;
        let processor = tools.processor;
        network.embed(tokens, places, states)?;
        let turns: Vec<Vec<Vec<(f32, f32)>>> = network
            .ropes
            .iter()
            .map(|rope| places.iter().map(|place| rope.turns(place.position)).collect())
            .collect();
        found.resize(states.len(), 0.0);
        for (index, layer) in network.layers.iter().enumerate() {
            layer.norm.apply(processor, states, normed);
            let memory = Memories { index, shared, lanes };
            match &layer.mixer {
                Mixer::Attention(heads) => {
                    let turns = heads.rope.map(|rope| &turns[rope][..]);
                    heads.run(tools, mixer, normed, places, turns, memory, found)?;
                }
                Mixer::Convolution(convolution) => {
                    convolution.run(tools, mixer, normed, places, memory, found)?;
                }
            }
            add(processor, states, found, layer.mixed_norm.as_ref(), normed);

            layer.hidden_norm.apply(processor, states, normed);
            side_by_side(&layer.up, tools, normed, hidden)?;
            let wide = hidden.len() / places.len();
            let inner = if layer.gated {
                layer.activation.gate(processor, wide / 2, hidden, gated);
                &*gated
            } else {
                layer.activation.apply(processor, wide, hidden);
                &*hidden
            };
            layer.down.apply(tools, inner, found)?;
            add(processor, states, found, layer.down_norm.as_ref(), normed);
        }
        Ok(())
    }

    /// Logits of the states from `first` on in the scratch, `[rows, vocabulary]`.
    fn logits(&mut self, first: usize) -> Result<Vec<f32>, WritingError> {
        let Self { network, tools, scratch, pool, .. } = self;
        let Network { width, vocabulary, output_norm, output, embedding, .. } = network;
        let states = &scratch.states[first * *width..];
        output_norm.apply(tools.processor, states, &mut scratch.normed);
        let mut logits = vec![0.0; states.len() / *width * *vocabulary];
        let output = output.as_ref().unwrap_or(embedding);
        pool.install(|| output.apply(tools, &scratch.normed, &mut logits)).map_err(|error| failed(&error))?;
        Ok(logits)
    }
}

impl Forward for Decoder {
    fn vocabulary(&self) -> usize {
        self.network.vocabulary
    }

    fn context(&self) -> usize {
        self.network.context
    }

    fn forget(&mut self) {
        self.keep(0);
    }

    fn run_prompt(
        &mut self,
        prompt: &[u32],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<f32>, WritingError> {
        check_prompt(prompt, self.network.vocabulary, self.network.context)?;
        let kept = self.prompt.iter().zip(prompt).take_while(|(old, new)| old == new).count();
        // The last token is run in any case: its logits are wanted.
        let kept = kept.min(prompt.len() - 1);
        self.keep(kept);
        for chunk in prompt[kept..].chunks(CHUNK) {
            if !go_on() {
                return Err(Cancelled.into());
            }
            self.extend(chunk).map_err(|error| failed(&error))?;
        }
        self.logits((prompt.len() - kept - 1) % CHUNK)
    }

    fn run_prompt_in_full(
        &mut self,
        prompt: &[u32],
        each: &mut dyn FnMut(usize, &[f32]) -> bool,
    ) -> Result<bool, WritingError> {
        check_prompt(prompt, self.network.vocabulary, self.network.context)?;
        self.forget();
        let mut position = 0;
        for chunk in prompt.chunks(CHUNK) {
            self.extend(chunk).map_err(|error| failed(&error))?;
            let logits = self.logits(0)?;
            for logits in logits.chunks_exact(self.network.vocabulary) {
                if !each(position, logits) {
                    return Ok(false);
                }
                position += 1;
            }
        }
        Ok(true)
    }

    fn open_lanes(&mut self, count: usize) {
        let lane = || Lane { length: 0, memory: self.network.memory() };
        self.lanes = (0..count).map(|_| lane()).collect();
    }

    fn step(&mut self, tokens: &[(usize, u32)]) -> Result<Vec<f32>, WritingError> {
        let lengths: Vec<usize> = self.lanes.iter().map(|lane| lane.length).collect();
        let (vocabulary, context) = (self.network.vocabulary, self.network.context);
        check_step(tokens, self.prompt.len(), &lengths, vocabulary, context)?;
        let ids: Vec<u32> = tokens.iter().map(|(_, token)| *token).collect();
        let place = |lane: usize| Place { position: self.prompt.len() + lengths[lane], lane: Some(lane) };
        let places: Vec<Place> = tokens.iter().map(|(lane, _)| place(*lane)).collect();
        let pool = Arc::clone(&self.pool);
        pool.install(|| self.run(&ids, &places)).map_err(|error| {
            // Their memory may be half written.
            self.lanes.clear();
            failed(&error)
        })?;
        for (lane, _) in tokens {
            self.lanes[*lane].length += 1;
        }
        self.logits(0)
    }

    fn lay(&mut self, slot: usize, adapter: &Adapter) -> Result<(), WritingError> {
        self.network.lay(slot, adapter)?;
        if self.tools.chosen == Some(slot) {
            self.keep(0);
        }
        Ok(())
    }

    fn choose(&mut self, slot: Option<usize>) {
        // What is remembered of the prompt was computed beside another.
        if self.tools.chosen != slot {
            self.tools.chosen = slot;
            self.keep(0);
        }
    }

    fn pool(&self) -> &ThreadPool {
        &self.pool
    }

    fn processor(&self) -> Processor {
        self.tools.processor
    }
}

impl Network {
    /// Lays an adapter beside all matrices that it changes. Nothing is changed where it does not fit.
    fn lay(&mut self, slot: usize, adapter: &Adapter) -> Result<(), WritingError> {
        adapter.check_layers(self.layers.len())?;
        // Once to see whether it fits, and once more when it does.
        for keep in [false, true] {
            for (index, layer) in self.layers.iter_mut().enumerate() {
                let interleaved =
                    matches!(&layer.mixer, Mixer::Attention(heads) if heads.pairs == Pairs::Neighbours);
                let (heads, kv_heads) = match &layer.mixer {
                    Mixer::Attention(heads) => (heads.heads, heads.kv_heads),
                    Mixer::Convolution(_) => (1, 1),
                };
                let Some(matrices) = layer.matrices() else {
                    return Err(adapter.unfit(
                        "models of this family have their matrices in other places: adapters can stand beside llama, qwen2, \
                         qwen3 and gemma3",
                    ));
                };
                for (module, matrix) in matrices {
                    let pair = adapter.pair(index, module, matrix.size())?;
                    if keep {
                        let turned = match module {
                            Projection::Query if interleaved => pair.map(|pair| pair.interleaved(heads)),
                            Projection::Key if interleaved => pair.map(|pair| pair.interleaved(kv_heads)),
                            _ => None,
                        };
                        matrix.lay(slot, turned.as_ref().or(pair));
                    }
                }
            }
        }
        Ok(())
    }

    /// Empty memory of each layer.
    fn memory(&self) -> Vec<Memory> {
        let empty = |layer: &Layer| match &layer.mixer {
            Mixer::Attention(heads) => Memory::Attention(Cache::new(heads.kv_heads, heads.width)),
            Mixer::Convolution(_) => Memory::Convolution(Vec::new()),
        };
        self.layers.iter().map(empty).collect()
    }

    fn embed(&self, tokens: &[u32], places: &[Place], states: &mut Vec<f32>) -> candle_core::Result<()> {
        let width = self.width;
        states.resize(tokens.len() * width, 0.0);
        for ((token, place), state) in tokens.iter().zip(places).zip(states.chunks_exact_mut(width)) {
            self.embedding.row(*token as usize, state)?;
            for x in &mut *state {
                *x *= self.embedding_scale;
            }
            if let Some(positions) = &self.positions {
                for (x, position) in state.iter_mut().zip(&positions[place.position * width..]) {
                    *x += position;
                }
            }
        }
        Ok(())
    }
}

/// Adds what a part of a layer found, normed where the family does so.
fn add(processor: Processor, states: &mut [f32], found: &[f32], norm: Option<&Norm>, room: &mut Vec<f32>) {
    let found = match norm {
        Some(norm) => {
            norm.apply(processor, found, room);
            room
        }
        None => found,
    };
    for (state, found) in states.iter_mut().zip(found) {
        *state += found;
    }
}

fn failed(error: &candle_core::Error) -> WritingError {
    WritingError::Failed(format!("the model stopped in its arithmetic: {error}; fetch its file again"))
}
