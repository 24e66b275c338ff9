//! Activation rows in blocks of eight-bit values.

use super::processor::{Processor, compiled_for};
use super::share::share_out_pieces;
use super::vector::{fold, larger, nearest};
use super::{BLOCK, ROWS};

/// Products that take as long as one number that is rounded.
const COST: usize = 50;

/// 32 activations: each is `scale` times its code.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Block {
    pub codes: [i8; BLOCK],
    pub scale: f32,
    /// Sum of the 32 activations.
    pub sum: f32,
    /// Minus 128 times the sum of the codes.
    pub centre: i32,
    /// Minus 32 times the sum of the codes of each half.
    pub halves: [i32; 2],
}

/// Activation rows, each of the same number of blocks.
#[derive(Default)]
pub struct Activations {
    pub(super) lanes: usize,
    pub(super) blocks: Vec<Block>,
}

impl Activations {
    /// Quantises `values`, rows of `columns`, a multiple of [`BLOCK`].
    pub fn set(&mut self, processor: Processor, columns: usize, values: &[f32]) {
        debug_assert!(columns.is_multiple_of(BLOCK) && values.len().is_multiple_of(columns));
        self.lanes = values.len() / columns;
        self.blocks.resize(values.len() / BLOCK, Block::default());
        share_out_pieces(&mut self.blocks, columns / BLOCK, COST * columns, &|first, blocks| {
            let values = &values[first * columns..][..blocks.len() * BLOCK];
            compiled_for!(processor, quantise, (values: &[f32], blocks: &mut [Block]));
        });
    }
}

#[inline(always)]
fn quantise(values: &[f32], blocks: &mut [Block]) {
    for (values, block) in values.as_chunks::<BLOCK>().0.iter().zip(blocks) {
        let mut largest = [0_f32; ROWS];
        for half in values.as_chunks::<ROWS>().0 {
            for place in 0..ROWS {
                largest[place] = larger(largest[place], half[place].abs());
            }
        }
        let largest = fold(largest, larger);
        let scale = largest / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let mut totals = [0_i32; 2];
        let halves = values.as_chunks::<ROWS>().0.iter().zip(block.codes.as_chunks_mut::<ROWS>().0);
        for ((half, codes), total) in halves.zip(&mut totals) {
            let mut found = [0_i32; ROWS];
            for place in 0..ROWS {
                let code = nearest(half[place] * inverse);
                codes[place] = code as i8;
                found[place] = code;
            }
            *total = fold(found, |a, b| a + b);
        }
        let total = totals[0] + totals[1];
        block.scale = scale;
        block.sum = scale * total as f32;
        block.centre = -128 * total;
        block.halves = totals.map(|total| -32 * total);
    }
}
