//! Matrices in single or half precision, and their products with rows that are not rounded.
//!
//! Sixteen rows make a strip, in which the sixteen numbers of a column stand together: each place of a vector is one
//! output. Even and odd columns are added up apart and then together, on every processor alike.

use std::ops::Range;

use half::f16;

use super::ROWS;
#[cfg(target_arch = "x86_64")]
use super::processor::Level;
use super::processor::Processor;
use super::share::{Disjoint, share_out};

#[cfg(target_arch = "x86_64")]
mod x86;

/// Input rows that stay in registers while a strip is read.
const LANES_TOGETHER: usize = 8;
/// Products that take as long as one of single precision.
const COST: usize = 4;

/// A weight matrix that is not quantised.
pub struct Dense {
    rows: usize,
    columns: usize,
    numbers: Numbers,
}

/// `[strip, column, row % 16]`; rows beyond the last are zero.
enum Numbers {
    Single(Vec<[f32; ROWS]>),
    Half(Vec<[f16; ROWS]>),
}

/// Rows of `columns` each in strips.
fn strips<T: Copy + Default>(columns: usize, numbers: &[T]) -> Vec<[T; ROWS]> {
    let rows = numbers.len() / columns;
    let mut strips = vec![[T::default(); ROWS]; rows.div_ceil(ROWS) * columns];
    for (row, numbers) in numbers.chunks_exact(columns).enumerate() {
        let strip = &mut strips[row / ROWS * columns..][..columns];
        for (places, number) in strip.iter_mut().zip(numbers) {
            places[row % ROWS] = *number;
        }
    }
    strips
}

impl Dense {
    /// A matrix of rows of `columns` numbers each.
    #[must_use]
    pub fn single(columns: usize, numbers: &[f32]) -> Self {
        let rows = numbers.len() / columns;
        Self { rows, columns, numbers: Numbers::Single(strips(columns, numbers)) }
    }

    /// The same in half precision.
    #[must_use]
    pub fn half(columns: usize, numbers: &[f16]) -> Self {
        let rows = numbers.len() / columns;
        Self { rows, columns, numbers: Numbers::Half(strips(columns, numbers)) }
    }

    /// Row `row`; `out` has a place for each column.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let (first, place) = (row / ROWS * self.columns, row % ROWS);
        match &self.numbers {
            Numbers::Single(numbers) => {
                for (out, places) in out.iter_mut().zip(&numbers[first..]) {
                    *out = places[place];
                }
            }
            Numbers::Half(numbers) => {
                for (out, places) in out.iter_mut().zip(&numbers[first..]) {
                    *out = places[place].to_f32();
                }
            }
        }
    }
}

/// `inputs`, rows as wide as the matrix, times `weights`, transposed: the product of row `i` is written at
/// `out[i * stride..]`.
///
/// # Panics
/// `out` is too small.
pub fn multiply_dense(processor: Processor, weights: &Dense, inputs: &[f32], out: &mut [f32], stride: usize) {
    let Dense { rows, columns, numbers } = weights;
    let (rows, columns) = (*rows, *columns);
    let lanes = inputs.len() / columns;
    assert!(stride >= rows, "rows of a product must not overlap");
    let cells = Disjoint::new(out);
    share_out(rows.div_ceil(ROWS), COST * lanes * rows * columns, &|strips: Range<usize>| {
        let mut sums = [[0.0; ROWS]; LANES_TOGETHER];
        for strip in strips {
            let first = strip * ROWS;
            let kept = ROWS.min(rows - first);
            let here = strip * columns..(strip + 1) * columns;
            for lane in (0..lanes).step_by(LANES_TOGETHER) {
                let together = LANES_TOGETHER.min(lanes - lane);
                let inputs = &inputs[lane * columns..(lane + together) * columns];
                let sums = &mut sums[..together];
                match numbers {
                    Numbers::Single(numbers) => {
                        single_product(processor, &numbers[here.clone()], inputs, sums);
                    }
                    Numbers::Half(numbers) => half_product(processor, &numbers[here.clone()], inputs, sums),
                }
                for (lane, sums) in (lane..).zip(sums) {
                    // SAFETY: each strip is given out once, and writes its own rows of each lane.
                    let out = unsafe { cells.part(lane * stride + first..lane * stride + first + kept) };
                    out.copy_from_slice(&sums[..kept]);
                }
            }
        }
    });
}

/// One strip times some lanes.
fn single_product(processor: Processor, strip: &[[f32; ROWS]], inputs: &[f32], sums: &mut [[f32; ROWS]]) {
    match processor.0 {
        // SAFETY: a `Processor` of this level exists only where these instructions were found.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::AvxVnni => unsafe { x86::avx2_single(strip, inputs, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Vnni => unsafe { x86::avx512_single(strip, inputs, sums) },
        _ => plain(strip, inputs, sums, |places| *places),
    }
}

fn half_product(processor: Processor, strip: &[[f16; ROWS]], inputs: &[f32], sums: &mut [[f32; ROWS]]) {
    match processor.0 {
        // SAFETY: a `Processor` of this level exists only where these instructions were found.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::AvxVnni => unsafe { x86::avx2_half(strip, inputs, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Vnni => unsafe { x86::avx512_half(strip, inputs, sums) },
        _ => plain(strip, inputs, sums, |places| places.map(f16::to_f32)),
    }
}

/// The reference, which is vector code where the compiler knows of vectors.
fn plain<T>(strip: &[T], inputs: &[f32], sums: &mut [[f32; ROWS]], numbers: impl Fn(&T) -> [f32; ROWS]) {
    let mut apart = [[[0_f32; ROWS]; 2]; LANES_TOGETHER];
    for (column, places) in strip.iter().enumerate() {
        let numbers = numbers(places);
        for (apart, inputs) in apart.iter_mut().zip(inputs.chunks_exact(strip.len())) {
            for (sum, number) in apart[column % 2].iter_mut().zip(numbers) {
                *sum = number.mul_add(inputs[column], *sum);
            }
        }
    }
    for (sum, [even, odd]) in sums.iter_mut().zip(apart) {
        *sum = std::array::from_fn(|place| even[place] + odd[place]);
    }
}
