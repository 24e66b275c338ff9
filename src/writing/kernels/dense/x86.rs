//! Products of one strip with some lanes, in the vector instructions of x86-64.

#![allow(clippy::wildcard_imports, reason = "a score of names, all of one form")]

use std::arch::x86_64::*;

use half::f16;

use super::ROWS;

/// A kernel that computes sixteen rows in so many parts, for up to so many lanes at once.
macro_rules! kernel {
    (
        $features:literal, $name:ident, $lanes:ident, $number:ty, $parts:literal, $most:literal,
        $load:ident, $store:ident, $zero:ident, $same:ident, $fma:ident, $add:ident
    ) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name(strip: &[[$number; ROWS]], inputs: &[f32], sums: &mut [[f32; ROWS]]) {
            for (sums, inputs) in sums.chunks_mut($most).zip(inputs.chunks($most * strip.len())) {
                match sums.len() {
                    1 => $lanes::<1>(strip, inputs, sums),
                    2 => $lanes::<2>(strip, inputs, sums),
                    3 => $lanes::<3>(strip, inputs, sums),
                    4 => $lanes::<4>(strip, inputs, sums),
                    5 => $lanes::<5>(strip, inputs, sums),
                    6 => $lanes::<6>(strip, inputs, sums),
                    7 => $lanes::<7>(strip, inputs, sums),
                    _ => $lanes::<8>(strip, inputs, sums),
                }
            }
        }

        #[target_feature(enable = $features)]
        fn $lanes<const LANES: usize>(strip: &[[$number; ROWS]], inputs: &[f32], sums: &mut [[f32; ROWS]]) {
            let columns = strip.len();
            assert!(inputs.len() == LANES * columns && sums.len() == LANES);
            // SAFETY: asked for below only with a column of the strip, of which each lane has a number.
            let input =
                |lane: usize, column: usize| $same(unsafe { *inputs.get_unchecked(lane * columns + column) });
            for part in 0..$parts {
                let first = ROWS / $parts * part;
                let (mut even, mut odd) = ([$zero(); LANES], [$zero(); LANES]);
                let (pairs, rest) = strip.as_chunks::<2>();
                for (pair, [one, other]) in pairs.iter().enumerate() {
                    let (one, other) = ($load(one, first), $load(other, first));
                    for lane in 0..LANES {
                        even[lane] = $fma(one, input(lane, 2 * pair), even[lane]);
                        odd[lane] = $fma(other, input(lane, 2 * pair + 1), odd[lane]);
                    }
                }
                if let [last] = rest {
                    let last = $load(last, first);
                    for lane in 0..LANES {
                        even[lane] = $fma(last, input(lane, columns - 1), even[lane]);
                    }
                }
                for (lane, sums) in sums.iter_mut().enumerate() {
                    $store(&mut sums[first..], $add(even[lane], odd[lane]));
                }
            }
        }
    };
}
kernel!(
    "avx512f",
    avx512_single,
    single_lanes,
    f32,
    1,
    8,
    load,
    store,
    _mm512_setzero_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps
);
kernel!(
    "avx512f",
    avx512_half,
    half_lanes,
    f16,
    1,
    8,
    load_half,
    store,
    _mm512_setzero_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps
);
kernel!(
    "avx2,fma,f16c",
    avx2_single,
    short_single_lanes,
    f32,
    2,
    4,
    short_load,
    short_store,
    _mm256_setzero_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps
);
kernel!(
    "avx2,fma,f16c",
    avx2_half,
    short_half_lanes,
    f16,
    2,
    4,
    short_load_half,
    short_store,
    _mm256_setzero_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps
);

#[inline]
#[target_feature(enable = "avx512f")]
fn load(numbers: &[f32; ROWS], _first: usize) -> __m512 {
    // SAFETY: sixteen numbers are read where there are sixteen.
    unsafe { _mm512_loadu_ps(numbers.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_half(numbers: &[f16; ROWS], _first: usize) -> __m512 {
    // SAFETY: as above; each is two bytes.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(sums: &mut [f32], found: __m512) {
    let sums = &mut sums[..ROWS];
    // SAFETY: sixteen numbers are written where there are sixteen.
    unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), found) }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn short_load(numbers: &[f32; ROWS], first: usize) -> __m256 {
    let numbers = &numbers[first..first + 8];
    // SAFETY: eight numbers are read where there are eight.
    unsafe { _mm256_loadu_ps(numbers.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn short_load_half(numbers: &[f16; ROWS], first: usize) -> __m256 {
    let numbers = &numbers[first..first + 8];
    // SAFETY: as above; each is two bytes.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(numbers.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn short_store(sums: &mut [f32], found: __m256) {
    let sums = &mut sums[..8];
    // SAFETY: eight numbers are written where there are eight.
    unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), found) }
}
