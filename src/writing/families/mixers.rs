//! How a position learns of those before it: attention, or a short convolution; and what they remember.

use super::layers::{Linear, Norm, Pairs, Tools, rotate, side_by_side};
use crate::writing::kernels::{Attention, Cache, Processor, share_out_pieces};

/// What a mixer needs in between; kept, so that it need not be made anew.
#[derive(Default)]
pub(super) struct Room {
    projected: Vec<f32>,
    mixed: Vec<f32>,
    one: Vec<f32>,
}

/// What lets a position know of those before it.
pub(super) enum Mixer {
    Attention(Heads),
    Convolution(Convolution),
}

pub(super) struct Heads {
    pub heads: usize,
    pub kv_heads: usize,
    pub width: usize,
    /// Queries, keys and values: one product or three.
    pub query_key_value: Vec<Linear>,
    pub query_norm: Option<Norm>,
    pub key_norm: Option<Norm>,
    /// What queries are multiplied by, beside one over the root of the head's width.
    pub query_scale: f32,
    /// Which of the network's rotations.
    pub rope: Option<usize>,
    pub pairs: Pairs,
    /// Positions that are seen, the own one included.
    pub window: Option<usize>,
    pub output: Linear,
}

/// A gated convolution over the last few positions (LFM2).
pub(super) struct Convolution {
    pub input: Linear,
    /// `[reach, width]`, the own position last.
    pub kernel: Vec<f32>,
    pub reach: usize,
    pub output: Linear,
}

/// What a layer remembers of some positions.
#[derive(Clone)]
pub(super) enum Memory {
    Attention(Cache),
    /// Inputs of the convolution, `[position, width]`.
    Convolution(Vec<f32>),
}

impl Memory {
    pub fn truncate(&mut self, length: usize, width: usize) {
        match self {
            Self::Attention(cache) => cache.truncate(length),
            Self::Convolution(inputs) => inputs.truncate(length * width),
        }
    }
}

/// One of several continuations.
pub(super) struct Lane {
    pub length: usize,
    pub memory: Vec<Memory>,
}

/// Where a token of a batch stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub position: usize,
    /// Absent: in the prompt.
    pub lane: Option<usize>,
}

/// What one layer remembers, of the prompt and of each lane.
pub(super) struct Memories<'a> {
    pub index: usize,
    pub shared: &'a mut [Memory],
    pub lanes: &'a mut [Lane],
}

impl Memories<'_> {
    fn of(&mut self, place: &Place) -> &mut Memory {
        match place.lane {
            None => &mut self.shared[self.index],
            Some(lane) => &mut self.lanes[lane].memory[self.index],
        }
    }

    fn shared_cache(&self) -> Option<&Cache> {
        match &self.shared[self.index] {
            Memory::Attention(cache) => Some(cache),
            Memory::Convolution(_) => None,
        }
    }

    fn lane_cache(&self, lane: usize) -> Option<&Cache> {
        match &self.lanes[lane].memory[self.index] {
            Memory::Attention(cache) => Some(cache),
            Memory::Convolution(_) => None,
        }
    }
}

impl Heads {
    #[expect(clippy::too_many_arguments, reason = "the parts of the decoder that are borrowed apart")]
    pub fn run(
        &self,
        tools: &mut Tools,
        room: &mut Room,
        normed: &[f32],
        places: &[Place],
        turns: Option<&[Vec<(f32, f32)>]>,
        mut memories: Memories<'_>,
        out: &mut [f32],
    ) -> candle_core::Result<()> {
        let Room { projected, mixed, one } = room;
        let processor = tools.processor;
        let (queries, keys) = (self.heads * self.width, self.kv_heads * self.width);
        let row_width = queries + 2 * keys;
        side_by_side(&self.query_key_value, tools, normed, projected)?;
        for (index, (row, place)) in projected.chunks_exact_mut(row_width).zip(places).enumerate() {
            for (norm, part) in [(&self.query_norm, 0..queries), (&self.key_norm, queries..queries + keys)] {
                if let Some(norm) = norm {
                    norm.apply(processor, &row[part.clone()], one);
                    row[part].copy_from_slice(one);
                }
            }
            if let Some(turns) = turns {
                rotate(self.pairs, &mut row[..queries + keys], self.width, &turns[index]);
            }
            for query in &mut row[..queries] {
                *query *= self.query_scale;
            }
            if let Memory::Attention(cache) = memories.of(place) {
                cache.push(&row[queries..queries + keys], &row[queries + keys..]);
            }
        }
        mixed.resize(places.len() * queries, 0.0);
        self.attend(processor, projected, places, &memories, mixed);
        self.output.apply(tools, mixed, out)
    }

    /// Attention of each row's queries over what its place sees; `out` is `[rows, heads, width]`.
    fn attend(
        &self,
        processor: Processor,
        projected: &[f32],
        places: &[Place],
        memories: &Memories<'_>,
        out: &mut [f32],
    ) {
        let Some(shared) = memories.shared_cache() else { return };
        // The queries of the heads that share a key head stand together.
        let group = self.heads / self.kv_heads * self.width;
        let row_width = (self.heads + 2 * self.kv_heads) * self.width;
        let own: Vec<Option<&Cache>> =
            places.iter().map(|place| place.lane.and_then(|lane| memories.lane_cache(lane))).collect();
        let most = shared.length() + own.iter().flatten().map(|lane| lane.length()).max().unwrap_or(0);
        share_out_pieces(out, group, 2 * most * group, &|first, out| {
            let mut attention = Attention::default();
            for (item, out) in (first..).zip(out.chunks_exact_mut(group)) {
                let (row, head) = (item / self.kv_heads, item % self.kv_heads);
                let queries = &projected[row * row_width + head * group..][..group];
                let end = places[row].position + 1;
                let start = self.window.map_or(0, |window| end.saturating_sub(window));
                match own[row] {
                    None => attention.attend(processor, head, &[(shared, start..end)], queries, out),
                    Some(lane) => {
                        let prompt = shared.length();
                        let behind = (lane, start.saturating_sub(prompt)..lane.length());
                        if start < prompt {
                            attention.attend(
                                processor,
                                head,
                                &[(shared, start..prompt), behind],
                                queries,
                                out,
                            );
                        } else {
                            attention.attend(processor, head, &[behind], queries, out);
                        }
                    }
                }
            }
        });
    }
}

impl Convolution {
    pub fn run(
        &self,
        tools: &mut Tools,
        room: &mut Room,
        normed: &[f32],
        places: &[Place],
        mut memories: Memories<'_>,
        out: &mut [f32],
    ) -> candle_core::Result<()> {
        let Room { projected, mixed, .. } = room;
        let width = normed.len() / places.len();
        side_by_side(std::slice::from_ref(&self.input), tools, normed, projected)?;
        mixed.clear();
        mixed.resize(places.len() * width, 0.0);
        for ((row, place), mixed) in
            projected.chunks_exact(3 * width).zip(places).zip(mixed.chunks_exact_mut(width))
        {
            let (before, rest) = row.split_at(width);
            let (after, values) = rest.split_at(width);
            if let Memory::Convolution(inputs) = memories.of(place) {
                inputs.extend(before.iter().zip(values).map(|(gate, value)| gate * value));
            }
            let (Memory::Convolution(shared), own) = (
                &memories.shared[memories.index],
                place.lane.map(|lane| &memories.lanes[lane].memory[memories.index]),
            ) else {
                continue;
            };
            let own = match own {
                Some(Memory::Convolution(inputs)) => &inputs[..],
                _ => &[],
            };
            for back in 0..self.reach.min(place.position + 1) {
                let at = (place.position - back) * width;
                // The prompt's inputs, and the lane's behind them.
                let inputs = if at < shared.len() { &shared[at..] } else { &own[at - shared.len()..] };
                let weights = &self.kernel[(self.reach - 1 - back) * width..][..width];
                for ((sum, input), weight) in mixed.iter_mut().zip(inputs).zip(weights) {
                    *sum += weight * input;
                }
            }
            for (sum, gate) in mixed.iter_mut().zip(after) {
                *sum *= gate;
            }
        }
        self.output.apply(tools, mixed, out)
    }
}
