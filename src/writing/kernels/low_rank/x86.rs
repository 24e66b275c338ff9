//! What is added to a strip's sums, in the vector instructions of x86-64.

#![allow(clippy::wildcard_imports, reason = "a dozen names, all of one form")]

use std::arch::x86_64::*;
use std::ops::Range;

use half::f16;

use super::{CHAINS, ROWS};

/// Calls `$kernel::<N>` for the number of lanes, 1 to 8.
macro_rules! for_lanes {
    ($kernel:ident($numbers:expr, $found:expr, $stride:expr, $sums:expr)) => {
        for (group, sums) in $sums.chunks_mut(8).enumerate() {
            let found = &$found[group * 8 * $stride..];
            match sums.len() {
                1 => $kernel::<1>($numbers, found, $stride, sums),
                2 => $kernel::<2>($numbers, found, $stride, sums),
                3 => $kernel::<3>($numbers, found, $stride, sums),
                4 => $kernel::<4>($numbers, found, $stride, sums),
                5 => $kernel::<5>($numbers, found, $stride, sums),
                6 => $kernel::<6>($numbers, found, $stride, sums),
                7 => $kernel::<7>($numbers, found, $stride, sums),
                _ => $kernel::<8>($numbers, found, $stride, sums),
            }
        }
    };
}

#[target_feature(enable = "avx512f")]
pub(super) fn avx512(numbers: &[[f16; ROWS]], found: &[f32], stride: usize, sums: &mut [[f32; ROWS]]) {
    for_lanes!(avx512_lanes(numbers, found, stride, sums));
}

#[target_feature(enable = "avx512f")]
fn avx512_lanes<const LANES: usize>(
    numbers: &[[f16; ROWS]],
    found: &[f32],
    stride: usize,
    sums: &mut [[f32; ROWS]],
) {
    assert!(sums.len() == LANES);
    let chain = |first| avx512_chain::<LANES>(numbers, found, stride, first);
    let mut totals = [chain(0), chain(2)];
    for (totals, others) in totals.iter_mut().zip([chain(1), chain(3)]) {
        totals.iter_mut().zip(others).for_each(|(total, other)| *total = _mm512_add_ps(*total, other));
    }
    let [first, second] = totals;
    for (sums, (first, second)) in sums.iter_mut().zip(first.into_iter().zip(second)) {
        // SAFETY: sixteen numbers are read and written where there are sixteen.
        unsafe {
            let sum = _mm512_add_ps(_mm512_loadu_ps(sums.as_ptr()), _mm512_add_ps(first, second));
            _mm512_storeu_ps(sums.as_mut_ptr(), sum);
        }
    }
}

/// Sums of every fourth column.
#[target_feature(enable = "avx512f")]
#[inline]
fn avx512_chain<const LANES: usize>(
    numbers: &[[f16; ROWS]],
    found: &[f32],
    stride: usize,
    first: usize,
) -> [__m512; LANES] {
    assert!((LANES - 1) * stride + numbers.len() <= found.len());
    let mut totals = [_mm512_setzero_ps(); LANES];
    for (column, numbers) in numbers.iter().enumerate().skip(first).step_by(CHAINS) {
        // SAFETY: sixteen numbers of two bytes are read where there are sixteen.
        let numbers = _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) });
        for (lane, total) in totals.iter_mut().enumerate() {
            // SAFETY: lane and column are below those that were counted above.
            let found = unsafe { *found.get_unchecked(lane * stride + column) };
            *total = _mm512_fmadd_ps(numbers, _mm512_set1_ps(found), *total);
        }
    }
    totals
}

#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn avx2(numbers: &[[f16; ROWS]], found: &[f32], stride: usize, sums: &mut [[f32; ROWS]]) {
    for_lanes!(avx2_lanes(numbers, found, stride, sums));
}

#[target_feature(enable = "avx2,fma,f16c")]
fn avx2_lanes<const LANES: usize>(
    numbers: &[[f16; ROWS]],
    found: &[f32],
    stride: usize,
    sums: &mut [[f32; ROWS]],
) {
    assert!(sums.len() == LANES);
    for half in [0..ROWS / 2, ROWS / 2..ROWS] {
        let chain = |first| avx2_chain::<LANES>(numbers, &half, found, stride, first);
        let mut totals = [chain(0), chain(2)];
        for (totals, others) in totals.iter_mut().zip([chain(1), chain(3)]) {
            totals.iter_mut().zip(others).for_each(|(total, other)| *total = _mm256_add_ps(*total, other));
        }
        let [first, second] = totals;
        for (sums, (first, second)) in sums.iter_mut().zip(first.into_iter().zip(second)) {
            let sums = &mut sums[half.clone()];
            // SAFETY: eight numbers are read and written where there are eight.
            unsafe {
                let sum = _mm256_add_ps(_mm256_loadu_ps(sums.as_ptr()), _mm256_add_ps(first, second));
                _mm256_storeu_ps(sums.as_mut_ptr(), sum);
            }
        }
    }
}

/// Sums of every fourth column for half of the rows.
#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn avx2_chain<const LANES: usize>(
    numbers: &[[f16; ROWS]],
    half: &Range<usize>,
    found: &[f32],
    stride: usize,
    first: usize,
) -> [__m256; LANES] {
    assert!((LANES - 1) * stride + numbers.len() <= found.len());
    let mut totals = [_mm256_setzero_ps(); LANES];
    for (column, numbers) in numbers.iter().enumerate().skip(first).step_by(CHAINS) {
        let numbers = &numbers[half.clone()];
        // SAFETY: eight numbers of two bytes are read where there are eight.
        let numbers = _mm256_cvtph_ps(unsafe { _mm_loadu_si128(numbers.as_ptr().cast()) });
        for (lane, total) in totals.iter_mut().enumerate() {
            // SAFETY: lane and column are below those that were counted above.
            let found = unsafe { *found.get_unchecked(lane * stride + column) };
            *total = _mm256_fmadd_ps(numbers, _mm256_set1_ps(found), *total);
        }
    }
    totals
}
