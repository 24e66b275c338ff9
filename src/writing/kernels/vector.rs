//! Functions of rows of numbers.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::ROWS;
use super::processor::{Processor, compiled_for};
use super::share::share_out_pieces;

/// Products that take as long as one unit.
const COST: usize = 100;
/// Numbers that become units together.
const PIECE: usize = 512;

/// One and a half times 2 to the 23rd: a number of less than 2 to the 22nd that is added to it is rounded to a whole one,
/// ties to even, which then stands in the lowest bits. Casts do the same, but check their range one by one.
const ROUNDS: f32 = 12_582_912.0;

/// The nearest whole number; `x` is smaller than 2 to the 22nd.
#[inline(always)]
pub(super) fn nearest(x: f32) -> i32 {
    (x + ROUNDS).to_bits().cast_signed().wrapping_sub(ROUNDS.to_bits().cast_signed())
}

/// The larger of two numbers; one instruction, where `f32::max` looks for what is not a number.
#[inline(always)]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Folds sixteen values, the halves onto each other, as vector instructions do.
#[inline(always)]
pub(super) fn fold<T: Copy>(mut values: [T; ROWS], join: impl Fn(T, T) -> T) -> T {
    for width in [8, 4, 2, 1] {
        for place in 0..width {
            values[place] = join(values[place], values[place + width]);
        }
    }
    values[0]
}

/// e to the power of `x`, close to single precision, in a form that compilers turn into vector code.
#[must_use]
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, so that the reduction loses nothing (Cephes).
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let whole = nearest(x * LOG2_E);
    let n = whole as f32;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + coefficient;
    }
    let fraction = p * r * r + r + 1.0;
    f32::from_bits((whole + 127).cast_unsigned() << 23) * fraction
}

/// Natural logarithm of the sum of e to the power of each of `logits`.
#[must_use]
pub fn log_sum(processor: Processor, logits: &[f32]) -> f32 {
    let mut found = 0.0;
    let sum = &mut found;
    compiled_for!(processor, log_sum_here, (logits: &[f32], sum: &mut f32));
    found
}

#[inline(always)]
fn log_sum_here(logits: &[f32], found: &mut f32) {
    let (whole, rest) = logits.as_chunks::<ROWS>();
    let mut largest = [f32::NEG_INFINITY; ROWS];
    for places in whole {
        for (largest, logit) in largest.iter_mut().zip(places) {
            *largest = larger(*largest, *logit);
        }
    }
    let largest = rest.iter().copied().fold(fold(largest, larger), larger);
    let mut sums = [0_f32; ROWS];
    for places in whole {
        for (sum, logit) in sums.iter_mut().zip(places) {
            *sum += exp(logit - largest);
        }
    }
    let sum = fold(sums, |a, b| a + b) + rest.iter().map(|logit| exp(logit - largest)).sum::<f32>();
    *found = largest + sum.ln();
}

/// Root-mean-square norm (Zhang and Sennrich 2019) of each row of `states`, as wide as `weights`.
pub fn norm(processor: Processor, states: &[f32], weights: &[f32], epsilon: f32, out: &mut Vec<f32>) {
    out.resize(states.len(), 0.0);
    let out = &mut out[..];
    compiled_for!(processor, norm_here, (states: &[f32], weights: &[f32], epsilon: f32, out: &mut [f32]));
}

#[inline(always)]
fn norm_here(states: &[f32], weights: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weights.len();
    for (row, out) in states.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mut sums = [0_f32; ROWS];
        let (whole, rest) = row.as_chunks::<ROWS>();
        for values in whole {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = value.mul_add(*value, *sum);
            }
        }
        let squares = fold(sums, |a, b| a + b) + rest.iter().map(|value| value * value).sum::<f32>();
        let scale = 1.0 / (squares / width as f32 + epsilon).sqrt();
        for ((out, value), weight) in out.iter_mut().zip(row).zip(weights) {
            *out = value * scale * weight;
        }
    }
}

/// What stands between the two products of a feed-forward part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The sigmoid linear unit.
    Silu,
    /// The Gaussian error linear unit by tanh (Hendrycks and Gimpel 2016).
    GeluTanh,
}

impl Unit {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        match self {
            Self::Silu => x / (1.0 + exp(-x)),
            Self::GeluTanh => {
                // Half of one and tanh(z) is the sigmoid of 2 z.
                let twice = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * (x + 0.044_715 * x * x * x);
                x / (1.0 + exp(-twice))
            }
        }
    }
}

/// A unit of each number.
pub fn unit(processor: Processor, unit: Unit, numbers: &mut [f32]) {
    share_out_pieces(numbers, PIECE, COST * PIECE, &|_, numbers| match unit {
        Unit::Silu => compiled_for!(processor, unit_here::<false>, (numbers: &mut [f32])),
        Unit::GeluTanh => compiled_for!(processor, unit_here::<true>, (numbers: &mut [f32])),
    });
}

#[inline(always)]
fn unit_here<const GELU: bool>(numbers: &mut [f32]) {
    let unit = if GELU { Unit::GeluTanh } else { Unit::Silu };
    for x in numbers {
        *x = unit.of(*x);
    }
}

/// The gated units (Shazeer 2020): of rows that hold `hidden` gates and then as many values, the values times the gates'
/// units.
pub fn gate(processor: Processor, unit: Unit, hidden: usize, rows: &[f32], out: &mut Vec<f32>) {
    out.resize(rows.len() / 2, 0.0);
    share_out_pieces(out, hidden, COST * hidden, &|first, out| {
        let rows = &rows[2 * hidden * first..][..2 * out.len()];
        match unit {
            Unit::Silu => {
                compiled_for!(processor, gate_here::<false>, (hidden: usize, rows: &[f32], out: &mut [f32]));
            }
            Unit::GeluTanh => {
                compiled_for!(processor, gate_here::<true>, (hidden: usize, rows: &[f32], out: &mut [f32]));
            }
        }
    });
}

#[inline(always)]
fn gate_here<const GELU: bool>(hidden: usize, rows: &[f32], out: &mut [f32]) {
    let unit = if GELU { Unit::GeluTanh } else { Unit::Silu };
    for (row, out) in rows.chunks_exact(2 * hidden).zip(out.chunks_exact_mut(hidden)) {
        let (gates, values) = row.split_at(hidden);
        for ((out, gate), value) in out.iter_mut().zip(gates).zip(values) {
            *out = unit.of(*gate) * value;
        }
    }
}
