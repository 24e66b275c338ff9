//! Keys and values that are remembered, and attention over them.

use std::ops::Range;

use super::ROWS;
use super::processor::{Processor, compiled_for};
use super::vector::{exp, fold, larger};

/// Queries that share what is read of the cache.
const QUERIES_TOGETHER: usize = 4;

/// Keys and values of some positions of one layer.
///
/// Keys stand sixteen positions together, `[position / 16, head, dimension, position % 16]`, so that the scores of
/// sixteen positions are one vector. Values stand `[position, head, dimension]`, each head filled up to a multiple of
/// sixteen.
#[derive(Clone, Default)]
pub struct Cache {
    heads: usize,
    width: usize,
    length: usize,
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Cache {
    /// An empty cache for `heads` of `width` numbers each.
    #[must_use]
    pub fn new(heads: usize, width: usize) -> Self {
        Self { heads, width, ..Self::default() }
    }

    /// Width of a head's values with what fills them up.
    fn padded(&self) -> usize {
        self.width.next_multiple_of(ROWS)
    }

    /// Positions that are held.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Appends the keys and values of one position, `[head, dimension]` each.
    pub fn push(&mut self, keys: &[f32], values: &[f32]) {
        let (block, place) = (self.length / ROWS, self.length % ROWS);
        let row = self.heads * self.width;
        let room = (block + 1) * row * ROWS;
        if self.keys.len() < room {
            self.keys.resize(room, 0.0);
        }
        let block = &mut self.keys[block * row * ROWS..room];
        for (places, key) in block.as_chunks_mut::<ROWS>().0.iter_mut().zip(keys) {
            places[place] = *key;
        }
        let padded = self.padded();
        self.values.truncate(self.length * self.heads * padded);
        for head in values.chunks_exact(self.width) {
            self.values.extend_from_slice(head);
            self.values.resize(self.values.len() + padded - self.width, 0.0);
        }
        self.length += 1;
    }

    /// Forgets all positions from `length` on.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

/// What one piece of attention needs beside the caches; kept, so that it need not be made anew.
#[derive(Default)]
pub struct Attention {
    /// `[query, position]`, each part filled up to a multiple of sixteen.
    scores: Vec<f32>,
    sums: Vec<f32>,
}

impl Attention {
    /// Attention of `queries`, `[query, dimension]`, of one key head over the positions that are seen of each part in
    /// turn. `out` becomes `[query, dimension]`.
    pub fn attend(
        &mut self,
        processor: Processor,
        head: usize,
        parts: &[(&Cache, Range<usize>)],
        queries: &[f32],
        out: &mut [f32],
    ) {
        let width = parts.first().map_or(1, |(cache, _)| cache.width);
        let piece = QUERIES_TOGETHER * width;
        for (queries, out) in queries.chunks(piece).zip(out.chunks_mut(piece)) {
            let Self { scores, sums } = self;
            let piece = &mut Piece { head, parts, queries, out, scores, sums };
            match queries.len() / width {
                1 => compiled_for!(processor, attend::<1>, (piece: &mut Piece<'_>)),
                2 => compiled_for!(processor, attend::<2>, (piece: &mut Piece<'_>)),
                3 => compiled_for!(processor, attend::<3>, (piece: &mut Piece<'_>)),
                _ => compiled_for!(processor, attend::<4>, (piece: &mut Piece<'_>)),
            }
        }
    }
}

/// Queries that are answered together, and room for what is in between.
struct Piece<'a> {
    head: usize,
    parts: &'a [(&'a Cache, Range<usize>)],
    queries: &'a [f32],
    out: &'a mut [f32],
    scores: &'a mut Vec<f32>,
    sums: &'a mut Vec<f32>,
}

/// Places that the scores of some positions take: whole sixteens, from the one that the first stands in.
fn filled(seen: &Range<usize>) -> usize {
    seen.end.next_multiple_of(ROWS) - seen.start / ROWS * ROWS
}

#[inline(always)]
fn attend<const QUERIES: usize>(piece: &mut Piece<'_>) {
    let Piece { head, parts, queries, out, scores, sums } = piece;
    let head = *head;
    let Some((first, _)) = parts.first() else { return };
    let (width, padded) = (first.width, first.padded());
    let room: usize = parts.iter().map(|(_, seen)| filled(seen)).sum();
    scores.clear();
    scores.resize(QUERIES * room, f32::NEG_INFINITY);
    let scale = 1.0 / (width as f32).sqrt();

    let mut at = 0;
    for (cache, seen) in *parts {
        let first = seen.start / ROWS;
        let mut block = first;
        while block * ROWS < seen.end {
            let row = &mut scores[at + (block - first) * ROWS..];
            if (block + 1) * ROWS < seen.end {
                score::<QUERIES, 2>(cache, head, block, queries, scale, row, room);
                block += 2;
            } else {
                score::<QUERIES, 1>(cache, head, block, queries, scale, row, room);
                block += 1;
            }
        }
        let (before, filled) = (seen.start - first * ROWS, filled(seen));
        for query in 0..QUERIES {
            let places = &mut scores[query * room + at..query * room + at + filled];
            places[..before].fill(f32::NEG_INFINITY);
            places[seen.end - first * ROWS..].fill(f32::NEG_INFINITY);
        }
        at += filled;
    }

    // Softmax; what fills a part up weighs nothing.
    let mut inverse = [0_f32; QUERIES];
    for (query, inverse) in inverse.iter_mut().enumerate() {
        let scores = scores[query * room..(query + 1) * room].as_chunks_mut::<ROWS>().0;
        let mut largest = [f32::NEG_INFINITY; ROWS];
        for places in scores.iter() {
            for (largest, score) in largest.iter_mut().zip(places) {
                *largest = larger(*largest, *score);
            }
        }
        let largest = fold(largest, larger);
        let mut totals = [0_f32; ROWS];
        for places in scores.iter_mut() {
            for (total, score) in totals.iter_mut().zip(places) {
                *score = exp(*score - largest);
                *total += *score;
            }
        }
        *inverse = 1.0 / fold(totals, |a, b| a + b);
    }

    // Weighted values.
    sums.clear();
    sums.resize(QUERIES * padded, 0.0);
    let mut dimension = 0;
    while dimension < padded {
        let weights = |query: usize| &scores[query * room..(query + 1) * room];
        if dimension + 2 * ROWS <= padded {
            gather::<QUERIES, 2>(parts, head, dimension, std::array::from_fn(weights), sums);
            dimension += 2 * ROWS;
        } else {
            gather::<QUERIES, 1>(parts, head, dimension, std::array::from_fn(weights), sums);
            dimension += ROWS;
        }
    }
    for (query, out) in out.chunks_exact_mut(width).enumerate() {
        for (out, sum) in out.iter_mut().zip(&sums[query * padded..]) {
            *out = sum * inverse[query];
        }
    }
}

/// `sums` plus `factor` times `values`; one vector instruction.
#[inline(always)]
fn add_product(sums: [f32; ROWS], factor: f32, values: &[f32; ROWS]) -> [f32; ROWS] {
    std::array::from_fn(|place| factor.mul_add(values[place], sums[place]))
}

/// Scores of `BLOCKS` times sixteen positions from `block` on; those of the next query stand `stride` further.
#[inline(always)]
fn score<const QUERIES: usize, const BLOCKS: usize>(
    cache: &Cache,
    head: usize,
    block: usize,
    queries: &[f32],
    scale: f32,
    scores: &mut [f32],
    stride: usize,
) {
    let width = cache.width;
    let keys: [&[[f32; ROWS]]; BLOCKS] = std::array::from_fn(|next| {
        let start = ((block + next) * cache.heads + head) * width * ROWS;
        cache.keys[start..start + width * ROWS].as_chunks().0
    });
    let queries: [&[f32]; QUERIES] =
        std::array::from_fn(|query| &queries[query * width..(query + 1) * width]);
    let mut found = [[[0_f32; ROWS]; BLOCKS]; QUERIES];
    for dimension in 0..width {
        for (query, found) in found.iter_mut().enumerate() {
            for (found, keys) in found.iter_mut().zip(keys) {
                *found = add_product(*found, queries[query][dimension], &keys[dimension]);
            }
        }
    }
    for (query, found) in found.iter().enumerate() {
        for (scores, found) in scores[query * stride..].as_chunks_mut::<ROWS>().0.iter_mut().zip(found) {
            *scores = found.map(|score| score * scale);
        }
    }
}

/// Sums of the values in `CHUNKS` times sixteen dimensions from `dimension` on, weighted.
#[inline(always)]
fn gather<const QUERIES: usize, const CHUNKS: usize>(
    parts: &[(&Cache, Range<usize>)],
    head: usize,
    dimension: usize,
    weights: [&[f32]; QUERIES],
    sums: &mut [f32],
) {
    let mut found = [[[0_f32; ROWS]; CHUNKS]; QUERIES];
    let (mut at, mut padded) = (0, 0);
    for (cache, seen) in parts {
        padded = cache.padded();
        let row = cache.heads * padded;
        let start = head * padded + dimension;
        let first = seen.start / ROWS * ROWS;
        let seen_values = &cache.values[first * row..seen.end * row];
        let weights: [&[f32]; QUERIES] =
            std::array::from_fn(|query| &weights[query][at..at + seen.end - first]);
        for (position, values) in seen_values.chunks_exact(row).enumerate() {
            let values = values[start..start + CHUNKS * ROWS].as_chunks::<ROWS>().0;
            for (query, found) in found.iter_mut().enumerate() {
                for (found, values) in found.iter_mut().zip(values) {
                    *found = add_product(*found, weights[query][position], values);
                }
            }
        }
        at += filled(seen);
    }
    for (query, found) in found.iter().enumerate() {
        sums[query * padded + dimension..][..CHUNKS * ROWS].copy_from_slice(found.as_flattened());
    }
}
