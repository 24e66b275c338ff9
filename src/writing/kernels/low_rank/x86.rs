//! What is added to a strip's sums, in the vector instructions of x86-64.

#![allow(clippy::wildcard_imports, reason = "a dozen names, all of one form")]

use std::arch::x86_64::*;

use half::f16;

use super::ROWS;

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
    assert!(sums.len() == LANES && (LANES - 1) * stride + numbers.len() <= found.len());
    // SAFETY: sixteen numbers are read where there are sixteen; there are as many sums as lanes.
    let mut totals: [__m512; LANES] =
        std::array::from_fn(|lane| unsafe { _mm512_loadu_ps(sums[lane].as_ptr()) });
    for (column, numbers) in numbers.iter().enumerate() {
        // SAFETY: as above; each is two bytes.
        let numbers = _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) });
        for (lane, total) in totals.iter_mut().enumerate() {
            // SAFETY: lane and column are below those that were counted above.
            let found = unsafe { *found.get_unchecked(lane * stride + column) };
            *total = _mm512_fmadd_ps(numbers, _mm512_set1_ps(found), *total);
        }
    }
    for (sums, total) in sums.iter_mut().zip(totals) {
        // SAFETY: sixteen numbers are written where there are sixteen.
        unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), total) }
    }
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
    assert!(sums.len() == LANES && (LANES - 1) * stride + numbers.len() <= found.len());
    for half in 0..2 {
        let mut totals: [__m256; LANES] = std::array::from_fn(|lane| {
            let sums = &sums[lane][8 * half..8 * half + 8];
            // SAFETY: eight numbers are read where there are eight.
            unsafe { _mm256_loadu_ps(sums.as_ptr()) }
        });
        for (column, numbers) in numbers.iter().enumerate() {
            let numbers = &numbers[8 * half..8 * half + 8];
            // SAFETY: as above; each is two bytes.
            let numbers = _mm256_cvtph_ps(unsafe { _mm_loadu_si128(numbers.as_ptr().cast()) });
            for (lane, total) in totals.iter_mut().enumerate() {
                // SAFETY: lane and column are below those that were counted above.
                let found = unsafe { *found.get_unchecked(lane * stride + column) };
                *total = _mm256_fmadd_ps(numbers, _mm256_set1_ps(found), *total);
            }
        }
        for (sums, total) in sums.iter_mut().zip(totals) {
            let sums = &mut sums[8 * half..8 * half + 8];
            // SAFETY: eight numbers are written where there are eight.
            unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), total) }
        }
    }
}
