//! Products of one strip with some lanes, in the vector instructions of x86-64.

#![allow(clippy::wildcard_imports, reason = "half a hundred names, all of one form")]

use std::arch::x86_64::*;

use super::{BLOCK, Block, Packing, ROWS};

/// Calls `$kernel::<N>` for the number of lanes, 1 to 8.
macro_rules! for_lanes {
    ($lanes:expr, $kernel:ident($($argument:expr),*)) => {
        match $lanes {
            1 => $kernel::<1>($($argument),*),
            2 => $kernel::<2>($($argument),*),
            3 => $kernel::<3>($($argument),*),
            4 => $kernel::<4>($($argument),*),
            5 => $kernel::<5>($($argument),*),
            6 => $kernel::<6>($($argument),*),
            7 => $kernel::<7>($($argument),*),
            _ => $kernel::<8>($($argument),*),
        }
    };
}

/// Four codes of an input block, the same in all places.
macro_rules! quad {
    ($input:expr, $chunk:expr) => {{
        let codes = &$input.codes;
        let at = 4 * $chunk;
        i32::from_le_bytes([codes[at] as u8, codes[at + 1] as u8, codes[at + 2] as u8, codes[at + 3] as u8])
    }};
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn avx512(packing: Packing, records: &[u8], inputs: &[Block], sums: &mut [[f32; ROWS]]) {
    match packing {
        Packing::Four => for_lanes!(sums.len(), avx512_four(records, inputs, sums)),
        Packing::Eight => for_lanes!(sums.len(), avx512_eight(records, inputs, sums)),
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn line(bytes: &[u8], at: usize) -> __m512i {
    let bytes: &[u8; 64] = bytes[at..].first_chunk().unwrap_or(&[0; 64]);
    // SAFETY: 64 bytes are read where there are 64.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn halves(bytes: &[u8], at: usize) -> __m512 {
    let bytes: &[u8; 32] = bytes[at..].first_chunk().unwrap_or(&[0; 32]);
    // SAFETY: 32 bytes are read where there are 32.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store<const LANES: usize>(from: &[__m512; LANES], sums: &mut [[f32; ROWS]]) {
    for (from, to) in from.iter().zip(sums) {
        // SAFETY: sixteen numbers are written where there are sixteen.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), *from) }
    }
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn avx512_four<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
    const RECORD: usize = Packing::Four.record();
    let blocks = records.len() / RECORD;
    let low = _mm512_set1_epi8(15);
    let mut sums = [_mm512_setzero_ps(); LANES];
    for (block, record) in records.as_chunks::<RECORD>().0.iter().enumerate() {
        let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + block]);
        let mut dots = [_mm512_setzero_si512(); LANES];
        for chunk in 0..4 {
            let pairs = line(record, 64 * chunk);
            let first = _mm512_and_si512(pairs, low);
            let second = _mm512_and_si512(_mm512_srli_epi16::<4>(pairs), low);
            for (dot, input) in dots.iter_mut().zip(inputs) {
                *dot = _mm512_dpbusd_epi32(*dot, first, _mm512_set1_epi32(quad!(input, chunk)));
                *dot = _mm512_dpbusd_epi32(*dot, second, _mm512_set1_epi32(quad!(input, 4 + chunk)));
            }
        }
        let (scale, offset) = (halves(record, 256), halves(record, 256 + 2 * ROWS));
        for ((sum, dot), input) in sums.iter_mut().zip(dots).zip(inputs) {
            let scale = _mm512_mul_ps(scale, _mm512_set1_ps(input.scale));
            *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, *sum);
            *sum = _mm512_fmadd_ps(offset, _mm512_set1_ps(input.sum), *sum);
        }
    }
    store(&sums, out);
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn avx512_eight<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
    const RECORD: usize = Packing::Eight.record();
    let blocks = records.len() / RECORD;
    let mut sums = [_mm512_setzero_ps(); LANES];
    for (block, record) in records.as_chunks::<RECORD>().0.iter().enumerate() {
        let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + block]);
        let mut dots: [__m512i; LANES] = std::array::from_fn(|lane| _mm512_set1_epi32(inputs[lane].centre));
        for chunk in 0..8 {
            let codes = line(record, 64 * chunk);
            for (dot, input) in dots.iter_mut().zip(inputs) {
                *dot = _mm512_dpbusd_epi32(*dot, codes, _mm512_set1_epi32(quad!(input, chunk)));
            }
        }
        let scale = _mm512_castsi512_ps(line(record, 512));
        for ((sum, dot), input) in sums.iter_mut().zip(dots).zip(inputs) {
            let scale = _mm512_mul_ps(scale, _mm512_set1_ps(input.scale));
            *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, *sum);
        }
    }
    store(&sums, out);
}

/// The kernels on registers of eight places; `$dot` adds products of four bytes without sign and four with.
macro_rules! on_256_bits {
    ($features:literal, $name:ident, $four:ident, $eight:ident, $dot_four:ident, $dot_eight:ident) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name(packing: Packing, records: &[u8], inputs: &[Block], sums: &mut [[f32; ROWS]]) {
            let blocks = inputs.len() / sums.len().max(1);
            // Sixteen registers hold the sums of three lanes and what belongs to them.
            for (sums, inputs) in sums.chunks_mut(3).zip(inputs.chunks(3 * blocks)) {
                match (packing, sums.len()) {
                    (Packing::Four, 1) => $four::<1>(records, inputs, sums),
                    (Packing::Four, 2) => $four::<2>(records, inputs, sums),
                    (Packing::Four, _) => $four::<3>(records, inputs, sums),
                    (Packing::Eight, 1) => $eight::<1>(records, inputs, sums),
                    (Packing::Eight, 2) => $eight::<2>(records, inputs, sums),
                    (Packing::Eight, _) => $eight::<3>(records, inputs, sums),
                }
            }
        }

        #[target_feature(enable = $features)]
        fn $four<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
            const RECORD: usize = Packing::Four.record();
            let blocks = records.len() / RECORD;
            let low = _mm256_set1_epi8(15);
            for half in 0..2 {
                let mut sums = [_mm256_setzero_ps(); LANES];
                for (block, record) in records.as_chunks::<RECORD>().0.iter().enumerate() {
                    let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + block]);
                    let mut dots = [_mm256_setzero_si256(); LANES];
                    for chunk in 0..4 {
                        let pairs = half_line(record, 64 * chunk + 32 * half);
                        let first = _mm256_and_si256(pairs, low);
                        let second = _mm256_and_si256(_mm256_srli_epi16::<4>(pairs), low);
                        for (dot, input) in dots.iter_mut().zip(inputs) {
                            *dot = $dot_four(*dot, first, _mm256_set1_epi32(quad!(input, chunk)));
                            *dot = $dot_four(*dot, second, _mm256_set1_epi32(quad!(input, 4 + chunk)));
                        }
                    }
                    let scale = half_halves(record, 256 + 16 * half);
                    let offset = half_halves(record, 256 + 2 * ROWS + 16 * half);
                    for ((sum, dot), input) in sums.iter_mut().zip(dots).zip(inputs) {
                        let scale = _mm256_mul_ps(scale, _mm256_set1_ps(input.scale));
                        *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, *sum);
                        *sum = _mm256_fmadd_ps(offset, _mm256_set1_ps(input.sum), *sum);
                    }
                }
                half_store(&sums, half, out);
            }
        }

        #[target_feature(enable = $features)]
        fn $eight<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
            const RECORD: usize = Packing::Eight.record();
            let blocks = records.len() / RECORD;
            for half in 0..2 {
                let mut sums = [_mm256_setzero_ps(); LANES];
                for (block, record) in records.as_chunks::<RECORD>().0.iter().enumerate() {
                    let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + block]);
                    let mut dots: [__m256i; LANES] =
                        std::array::from_fn(|lane| _mm256_set1_epi32(inputs[lane].centre));
                    for chunk in 0..8 {
                        let codes = half_line(record, 64 * chunk + 32 * half);
                        for (dot, input) in dots.iter_mut().zip(inputs) {
                            *dot = $dot_eight(*dot, codes, _mm256_set1_epi32(quad!(input, chunk)));
                        }
                    }
                    let scale = _mm256_castsi256_ps(half_line(record, 512 + 32 * half));
                    for ((sum, dot), input) in sums.iter_mut().zip(dots).zip(inputs) {
                        let scale = _mm256_mul_ps(scale, _mm256_set1_ps(input.scale));
                        *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, *sum);
                    }
                }
                half_store(&sums, half, out);
            }
        }
    };
}
on_256_bits!("avx2,fma,f16c", avx2, avx2_four, avx2_eight, dot_small, dot_large);
on_256_bits!("avx2,fma,f16c,avxvnni", avx_vnni, avx_vnni_four, avx_vnni_eight, dot_vnni, dot_vnni);

#[inline]
#[target_feature(enable = "avxvnni")]
fn dot_vnni(sum: __m256i, codes: __m256i, input: __m256i) -> __m256i {
    _mm256_dpbusd_avx_epi32(sum, codes, input)
}

/// For codes below 128: two products then fit 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn dot_small(sum: __m256i, codes: __m256i, input: __m256i) -> __m256i {
    let pairs = _mm256_maddubs_epi16(codes, input);
    _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
}

/// For any codes: their halves are multiplied apart.
#[inline]
#[target_feature(enable = "avx2")]
fn dot_large(sum: __m256i, codes: __m256i, input: __m256i) -> __m256i {
    let low = _mm256_set1_epi8(15);
    let first = _mm256_maddubs_epi16(_mm256_and_si256(codes, low), input);
    let second = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16::<4>(codes), low), input);
    let sum = _mm256_add_epi32(sum, _mm256_madd_epi16(first, _mm256_set1_epi16(1)));
    _mm256_add_epi32(sum, _mm256_madd_epi16(second, _mm256_set1_epi16(16)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn half_line(bytes: &[u8], at: usize) -> __m256i {
    let bytes: &[u8; 32] = bytes[at..].first_chunk().unwrap_or(&[0; 32]);
    // SAFETY: 32 bytes are read where there are 32.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn half_halves(bytes: &[u8], at: usize) -> __m256 {
    let bytes: &[u8; 16] = bytes[at..].first_chunk().unwrap_or(&[0; 16]);
    // SAFETY: 16 bytes are read where there are 16.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn half_store<const LANES: usize>(from: &[__m256; LANES], half: usize, sums: &mut [[f32; ROWS]]) {
    for (from, to) in from.iter().zip(sums) {
        let to = &mut to[8 * half..8 * half + 8];
        // SAFETY: eight numbers are written where there are eight.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), *from) }
    }
}

const _: () = assert!(BLOCK == 32 && ROWS == 16);
