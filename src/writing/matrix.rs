//! Products of a weight matrix with several activation rows at once.
//!
//! Weights and activations are held in blocks of 32 eight-bit values with one scale (`Q8_0`), for which
//! candle has vector code on every processor that it knows. The rows of a matrix are shared out over the
//! threads of the pool that runs the product; each output is computed whole by one of them, so that the result
//! does not depend on their number. A thread that the system keeps waiting holds nobody up: its share is taken
//! over.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use candle_core::quantized::GgmlType;
use candle_core::quantized::k_quants::BlockQ8_0;

/// Values in a block.
pub const BLOCK: usize = BlockQ8_0::BLCK_SIZE;
/// Weight rows that one piece of work covers.
const ROWS_TOGETHER: usize = 8;
/// Products below which sharing work out costs more than it saves.
const WORTH_SHARING: usize = 200_000;
/// Activation rows that are kept close while a weight row is used.
const LANES_TOGETHER: usize = 16;

/// A weight matrix, row by row.
pub struct Matrix {
    rows: usize,
    columns: usize,
    blocks: Vec<BlockQ8_0>,
}

impl Matrix {
    /// Quantises `values`, rows of `columns`, a multiple of [`BLOCK`].
    pub fn new(columns: usize, values: &[f32]) -> Self {
        debug_assert!(columns.is_multiple_of(BLOCK) && values.len().is_multiple_of(columns));
        let mut blocks = vec![BlockQ8_0::zeros(); values.len() / BLOCK];
        BlockQ8_0::from_float(values, &mut blocks);
        Self { rows: values.len() / columns, columns, blocks }
    }

    /// One matrix under the other.
    pub fn stack(parts: Vec<Self>) -> Self {
        let columns = parts.first().map_or(0, |part| part.columns);
        let rows = parts.iter().map(|part| part.rows).sum();
        Self { rows, columns, blocks: parts.into_iter().flat_map(|part| part.blocks).collect() }
    }

    /// Row `row` as numbers; `out` has a place for each column.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        BlockQ8_0::to_float(self.blocks_of(row), out);
    }

    fn blocks_of(&self, row: usize) -> &[BlockQ8_0] {
        let blocks = self.columns / BLOCK;
        &self.blocks[row * blocks..(row + 1) * blocks]
    }

    /// `inputs` times this matrix, transposed: `out` becomes `[lanes, rows]`.
    pub fn multiply(&self, inputs: &Inputs, out: &mut Outputs) {
        let lanes = inputs.lanes;
        let cells = out.resize(lanes * self.rows);
        let groups = self.rows.div_ceil(ROWS_TOGETHER);
        let per_lane = self.columns / BLOCK;
        share_out(groups, lanes * self.rows * self.columns, &|range| {
            let rows = range.start * ROWS_TOGETHER..(range.end * ROWS_TOGETHER).min(self.rows);
            for tile in (0..lanes).step_by(LANES_TOGETHER) {
                for row in rows.clone() {
                    let weights = self.blocks_of(row);
                    for lane in tile..(tile + LANES_TOGETHER).min(lanes) {
                        let input = &inputs.blocks[lane * per_lane..(lane + 1) * per_lane];
                        let dot = BlockQ8_0::vec_dot(self.columns, weights, input);
                        cells[lane * self.rows + row].store(dot.to_bits(), Ordering::Relaxed);
                    }
                }
            }
        });
    }
}

/// Runs `work` on all of `0..items`, in parts on several threads if there are `products` enough.
pub fn share_out(items: usize, products: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
    fn halve(range: Range<usize>, parts: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        if parts <= 1 || range.len() <= 1 {
            return work(range);
        }
        let middle = range.start + range.len() / 2;
        rayon::join(
            || halve(range.start..middle, parts / 2, work),
            || halve(middle..range.end, parts / 2, work),
        );
    }
    let most = 4 * rayon::current_num_threads();
    let parts = (products / WORTH_SHARING).min(most);
    halve(0..items, if rayon::current_num_threads() > 1 { parts } else { 1 }, work);
}

/// Quantised activation rows.
#[derive(Default)]
pub struct Inputs {
    lanes: usize,
    blocks: Vec<BlockQ8_0>,
}

impl Inputs {
    /// Quantises `values`, rows of `columns`.
    pub fn set(&mut self, columns: usize, values: &[f32]) {
        self.lanes = values.len() / columns;
        self.blocks.resize(values.len() / BLOCK, BlockQ8_0::zeros());
        BlockQ8_0::from_float(values, &mut self.blocks);
    }
}

/// Numbers that several threads write, each its own.
#[derive(Default)]
pub struct Outputs(Vec<AtomicU32>);

impl Outputs {
    /// Makes room for `length` numbers and lends the cells.
    pub fn resize(&mut self, length: usize) -> &[AtomicU32] {
        self.0.resize_with(length, AtomicU32::default);
        &self.0
    }

    /// Copies the numbers out.
    pub fn copy_to(&mut self, to: &mut Vec<f32>) {
        to.clear();
        to.extend(self.0.iter_mut().map(|cell| f32::from_bits(*cell.get_mut())));
    }

    /// Adds the numbers to `to`, one for one.
    pub fn add_to(&mut self, to: &mut [f32]) {
        for (sum, cell) in to.iter_mut().zip(&mut self.0) {
            *sum += f32::from_bits(*cell.get_mut());
        }
    }
}

/// e to the power of `x`, close to single precision, in a form that compilers turn into vector code.
#[inline]
pub fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, so that the reduction loses nothing (Cephes).
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * LOG2_E + 0.5).floor();
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + coefficient;
    }
    let fraction = p * r * r + r + 1.0;
    f32::from_bits(((n as i32 + 127) as u32) << 23) * fraction
}

/// Sum of products, in eight running sums that fit one vector register.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0_f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for i in 0..8 {
            sums[i] = x[i].mul_add(y[i], sums[i]);
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_close_over_the_range_that_softmax_uses() {
        for step in -8700..=8800 {
            let x = step as f32 / 100.0;
            let (got, want) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((got / want - 1.0).abs() < 3e-7, "exp({x}) = {got}, not {want}");
        }
    }

    #[test]
    fn a_product_agrees_with_plain_arithmetic_in_every_lane() {
        let values = |seed: usize, n: usize| -> Vec<f32> {
            (0..n).map(|i| ((i * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0).collect()
        };
        let (rows, columns, lanes) = (19, 96, 5);
        let (weights, activations) = (values(1, rows * columns), values(2, lanes * columns));
        let matrix = Matrix::new(columns, &weights);
        let (mut inputs, mut outputs, mut product) = (Inputs::default(), Outputs::default(), Vec::new());
        inputs.set(columns, &activations);
        matrix.multiply(&inputs, &mut outputs);
        outputs.copy_to(&mut product);
        for lane in 0..lanes {
            for row in 0..rows {
                let want: f32 =
                    (0..columns).map(|i| weights[row * columns + i] * activations[lane * columns + i]).sum();
                let got = product[lane * rows + row];
                assert!((got - want).abs() < 0.15, "lane {lane}, row {row}: {got}, not {want}");
            }
        }
    }
}
