//! What an adapter adds to the products of a group of matrices that read the same inputs.
//!
//! In: of each matrix of the group, a narrow one that reads the inputs (`down`, `[rank, columns]`) and one that makes
//! outputs of what it found (`up`, `[rows, rank]`, the adapter's scale in it), as in Hu et al. 2021. Out: `up` times
//! `down` times the inputs, added to the group's products while these are made. The weights themselves are not touched: rounded to
//! four bits again, they would lose what the adapter has learnt.
//!
//! The narrow matrices of a group are one matrix of eight bits, multiplied like any other. The others stand in half
//! precision, sixteen rows to a strip as everywhere, so that a strip's sums are completed before they leave the
//! registers' neighbourhood, by the thread that made them: nothing is shared out once more.

use std::collections::TryReserveError;
use std::ops::Range;

use half::f16;

#[cfg(target_arch = "x86_64")]
use super::processor::Level;
use super::{BLOCK, Matrix, Packing, Processor, ROWS};
use crate::writing::memory::filled;

#[cfg(target_arch = "x86_64")]
mod x86;

/// One matrix of a group, as an adapter changes it.
pub struct Pair {
    pub rank: usize,
    /// `[rank, columns]`.
    pub down: Vec<f32>,
    /// `[rows, rank]`, times the adapter's scale.
    pub up: Vec<f32>,
}

/// An adapter's part in a group of matrices.
pub struct LowRank {
    pub(super) down: Matrix,
    ups: Vec<Up>,
}

/// What is added to some of the group's rows.
struct Up {
    /// Rows of the group, all matrices one behind the other.
    rows: Range<usize>,
    /// Where its numbers begin among those that `down` finds.
    from: usize,
    rank: usize,
    /// `[strip, rank, row % 16]`; rows beyond the last are nothing.
    numbers: Vec<[f16; ROWS]>,
}

impl LowRank {
    /// The adapter's part in matrices of `rows` each that read `columns` inputs, a multiple of [`BLOCK`]; `None` where it has no
    /// part in any of them.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(columns: usize, parts: &[(usize, Option<&Pair>)]) -> Result<Option<Self>, TryReserveError> {
        let ranks: usize = parts.iter().filter_map(|(_, pair)| *pair).map(|pair| pair.rank).sum();
        if ranks == 0 {
            return Ok(None);
        }
        let mut down = Matrix::new(Packing::Eight, ranks, columns)?;
        let (mut ups, mut first, mut from) = (Vec::new(), 0, 0);
        for (rows, pair) in parts {
            if let Some(Pair { rank, down: narrow, up }) = pair {
                for (row, numbers) in narrow.chunks_exact(columns).enumerate() {
                    for (block, numbers) in numbers.as_chunks::<BLOCK>().0.iter().enumerate() {
                        down.set_eight_from(from + row, block, numbers);
                    }
                }
                let mut numbers = filled([f16::ZERO; ROWS], rows.div_ceil(ROWS) * rank)?;
                for (row, up) in up.chunks_exact(*rank).enumerate() {
                    for (column, number) in up.iter().enumerate() {
                        numbers[row / ROWS * rank + column][row % ROWS] = f16::from_f32(*number);
                    }
                }
                ups.push(Up { rows: first..first + rows, from, rank: *rank, numbers });
                from += rank;
            }
            first += rows;
        }
        Ok(Some(Self { down, ups }))
    }

    /// Numbers that `down` finds for each lane.
    pub(super) fn ranks(&self) -> usize {
        self.down.rows()
    }

    /// Adds to the sums of a strip whose first row is `row` of the group. `found` has a row of [`LowRank::ranks`] numbers
    /// for each lane of `sums`.
    pub(super) fn add(&self, processor: Processor, row: usize, found: &[f32], sums: &mut [[f32; ROWS]]) {
        let Some(up) = self.ups.iter().find(|up| up.rows.contains(&row)) else { return };
        let strip = (row - up.rows.start) / ROWS;
        let numbers = &up.numbers[strip * up.rank..(strip + 1) * up.rank];
        strip_add(processor, numbers, &found[up.from..], self.ranks(), sums);
    }
}

/// Lane `i` reads at `found[i * stride..]`.
fn strip_add(
    processor: Processor,
    numbers: &[[f16; ROWS]],
    found: &[f32],
    stride: usize,
    sums: &mut [[f32; ROWS]],
) {
    // Every kernel below reads a number of each column for each lane.
    assert!(sums.is_empty() || (sums.len() - 1) * stride + numbers.len() <= found.len());
    match processor.0 {
        // SAFETY: a `Processor` of this level exists only where these instructions were found.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::AvxVnni => unsafe { x86::avx2(numbers, found, stride, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Vnni => unsafe { x86::avx512(numbers, found, stride, sums) },
        _ => plain(numbers, found, stride, sums),
    }
}

/// The reference.
fn plain(numbers: &[[f16; ROWS]], found: &[f32], stride: usize, sums: &mut [[f32; ROWS]]) {
    for (column, numbers) in numbers.iter().enumerate() {
        let numbers = numbers.map(f16::to_f32);
        for (lane, sums) in sums.iter_mut().enumerate() {
            let found = found[lane * stride + column];
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum = number.mul_add(found, *sum);
            }
        }
    }
}
