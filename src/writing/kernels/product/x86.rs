//! Products of one strip with some lanes, in the vector instructions of x86-64.

#![allow(clippy::wildcard_imports, reason = "half a hundred names, all of one form")]

use std::arch::x86_64::*;

use super::sizes::{EIGHT, FIVE, FIVE_K, FOUR, FOUR_K, SIX_K};
use super::{BLOCK, Block, Packing, ROWS, blocks_of, has_fifth};
use crate::writing::kernels::weights::SUPER;

/// Calls `$kernel::<..., N>` for the number of lanes, 1 to 8.
macro_rules! for_lanes {
    ($lanes:expr, $kernel:ident $(::<$of:ident>)?($($argument:expr),*)) => {
        match $lanes {
            1 => $kernel::<$($of,)? 1>($($argument),*),
            2 => $kernel::<$($of,)? 2>($($argument),*),
            3 => $kernel::<$($of,)? 3>($($argument),*),
            4 => $kernel::<$($of,)? 4>($($argument),*),
            5 => $kernel::<$($of,)? 5>($($argument),*),
            6 => $kernel::<$($of,)? 6>($($argument),*),
            7 => $kernel::<$($of,)? 7>($($argument),*),
            _ => $kernel::<$($of,)? 8>($($argument),*),
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
    let lanes = sums.len();
    match packing {
        Packing::Four => for_lanes!(lanes, avx512_pairs::<FOUR>(records, inputs, sums)),
        Packing::Five => for_lanes!(lanes, avx512_pairs::<FIVE>(records, inputs, sums)),
        Packing::FourK => for_lanes!(lanes, avx512_pairs::<FOUR_K>(records, inputs, sums)),
        Packing::FiveK => for_lanes!(lanes, avx512_pairs::<FIVE_K>(records, inputs, sums)),
        Packing::SixK => for_lanes!(lanes, avx512_six(records, inputs, sums)),
        Packing::Eight => for_lanes!(lanes, avx512_eight(records, inputs, sums)),
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

/// Sixteen bytes without sign, or with.
#[inline]
#[target_feature(enable = "avx512f")]
fn factors<const SIGNED: bool>(bytes: &[u8], at: usize) -> __m512 {
    let bytes: &[u8; 16] = bytes[at..].first_chunk().unwrap_or(&[0; 16]);
    // SAFETY: 16 bytes are read where there are 16.
    let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    _mm512_cvtepi32_ps(if SIGNED { _mm512_cvtepi8_epi32(bytes) } else { _mm512_cvtepu8_epi32(bytes) })
}

/// A bit for each of 64 codes.
#[inline(always)]
fn bits(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().unwrap_or(&[0; 8]))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store<const LANES: usize>(from: &[__m512; LANES], sums: &mut [[f32; ROWS]]) {
    for (from, to) in from.iter().zip(sums) {
        // SAFETY: sixteen numbers are written where there are sixteen.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), *from) }
    }
}

/// Records of four or five bits, of which `RECORD` is the size.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn avx512_pairs<const RECORD: usize, const LANES: usize>(
    records: &[u8],
    inputs: &[Block],
    out: &mut [[f32; ROWS]],
) {
    let (together, five) = (const { blocks_of(RECORD) }, const { has_fifth(RECORD) });
    let (upper, scales) = (256 * together, (256 + if five { 64 } else { 0 }) * together);
    let blocks = records.len() / RECORD * together;
    let (low, sixteen) = (_mm512_set1_epi8(15), _mm512_set1_epi8(16));
    let mut sums = [_mm512_setzero_ps(); LANES];
    for (index, record) in records.as_chunks::<RECORD>().0.iter().enumerate() {
        let (scale, offset) = (halves(record, scales), halves(record, scales + 2 * ROWS));
        for block in 0..together {
            let at = index * together + block;
            let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + at]);
            let mut dots = [_mm512_setzero_si512(); LANES];
            for chunk in 0..4 {
                let pairs = line(record, 256 * block + 64 * chunk);
                let mut first = _mm512_and_si512(pairs, low);
                let mut second = _mm512_and_si512(_mm512_srli_epi16::<4>(pairs), low);
                if five {
                    let fifth = upper + 64 * block + 8 * chunk;
                    first = _mm512_mask_add_epi8(first, bits(record, fifth), first, sixteen);
                    second = _mm512_mask_add_epi8(second, bits(record, fifth + 32), second, sixteen);
                }
                for (dot, input) in dots.iter_mut().zip(inputs) {
                    *dot = _mm512_dpbusd_epi32(*dot, first, _mm512_set1_epi32(quad!(input, chunk)));
                    *dot = _mm512_dpbusd_epi32(*dot, second, _mm512_set1_epi32(quad!(input, 4 + chunk)));
                }
            }
            let (mut scale, mut offset) = (scale, offset);
            if together > 1 {
                let small = scales + 4 * ROWS + ROWS * block;
                scale = _mm512_mul_ps(scale, factors::<false>(record, small));
                offset = _mm512_mul_ps(offset, factors::<false>(record, small + ROWS * together));
            }
            for ((sum, dot), input) in sums.iter_mut().zip(dots).zip(inputs) {
                let scale = _mm512_mul_ps(scale, _mm512_set1_ps(input.scale));
                *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, *sum);
                *sum = _mm512_fmadd_ps(offset, _mm512_set1_ps(input.sum), *sum);
            }
        }
    }
    store(&sums, out);
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn avx512_six<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
    let blocks = records.len() / SIX_K * SUPER;
    let (low, upper) = (_mm512_set1_epi8(15), _mm512_set1_epi8(48));
    let mut sums = [_mm512_setzero_ps(); LANES];
    for (index, record) in records.as_chunks::<SIX_K>().0.iter().enumerate() {
        let scale = halves(record, const { Packing::SixK.scales() });
        for block in 0..SUPER {
            let at = index * SUPER + block;
            let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + at]);
            // One half of the columns after the other, as each has a factor of its own: all dots at once would not
            // fit the registers.
            let mut both = [_mm512_setzero_ps(); LANES];
            for half in 0..2 {
                let mut dots: [__m512i; LANES] =
                    std::array::from_fn(|lane| _mm512_set1_epi32(inputs[lane].halves[half]));
                let bits = line(record, const { Packing::SixK.upper() } + 128 * block + 64 * half);
                let left = [_mm512_slli_epi16::<4>(bits), _mm512_slli_epi16::<2>(bits)];
                let high = [left[0], left[1], bits, _mm512_srli_epi16::<2>(bits)];
                for (chunk, high) in high.into_iter().enumerate() {
                    let pairs = line(record, 256 * block + 64 * chunk);
                    let pairs = if half == 0 { pairs } else { _mm512_srli_epi16::<4>(pairs) };
                    let high = _mm512_and_si512(high, upper);
                    let codes = _mm512_or_si512(_mm512_and_si512(pairs, low), high);
                    for (dot, input) in dots.iter_mut().zip(inputs) {
                        let input = _mm512_set1_epi32(quad!(input, 4 * half + chunk));
                        *dot = _mm512_dpbusd_epi32(*dot, codes, input);
                    }
                }
                let factors = factors::<true>(record, Packing::SixK.factors(block) + ROWS * half);
                for (both, dot) in both.iter_mut().zip(dots) {
                    *both = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), factors, *both);
                }
            }
            for ((sum, both), input) in sums.iter_mut().zip(both).zip(inputs) {
                *sum = _mm512_fmadd_ps(both, _mm512_mul_ps(scale, _mm512_set1_ps(input.scale)), *sum);
            }
        }
    }
    store(&sums, out);
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn avx512_eight<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
    let blocks = records.len() / EIGHT;
    let mut sums = [_mm512_setzero_ps(); LANES];
    for (block, record) in records.as_chunks::<EIGHT>().0.iter().enumerate() {
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

/// As [`for_lanes`], up to three.
macro_rules! for_three {
    ($lanes:expr, $kernel:ident $(::<$of:ident>)?($($argument:expr),*)) => {
        match $lanes {
            1 => $kernel::<$($of,)? 1>($($argument),*),
            2 => $kernel::<$($of,)? 2>($($argument),*),
            _ => $kernel::<$($of,)? 3>($($argument),*),
        }
    };
}

/// The kernels on registers of eight places; `$dot_small` adds products of four bytes below 128 and four with sign,
/// `$dot_large` of any.
macro_rules! on_256_bits {
    ($features:literal, $name:ident, $pairs:ident, $six:ident, $eight:ident, $dot_small:ident, $dot_large:ident) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name(packing: Packing, records: &[u8], inputs: &[Block], sums: &mut [[f32; ROWS]]) {
            let blocks = inputs.len() / sums.len().max(1);
            // Sixteen registers hold the sums of three lanes and what belongs to them.
            for (sums, inputs) in sums.chunks_mut(3).zip(inputs.chunks(3 * blocks)) {
                let lanes = sums.len();
                match packing {
                    Packing::Four => for_three!(lanes, $pairs::<FOUR>(records, inputs, sums)),
                    Packing::Five => for_three!(lanes, $pairs::<FIVE>(records, inputs, sums)),
                    Packing::FourK => for_three!(lanes, $pairs::<FOUR_K>(records, inputs, sums)),
                    Packing::FiveK => for_three!(lanes, $pairs::<FIVE_K>(records, inputs, sums)),
                    Packing::SixK => for_three!(lanes, $six(records, inputs, sums)),
                    Packing::Eight => for_three!(lanes, $eight(records, inputs, sums)),
                }
            }
        }

        #[target_feature(enable = $features)]
        fn $pairs<const RECORD: usize, const LANES: usize>(
            records: &[u8],
            inputs: &[Block],
            out: &mut [[f32; ROWS]],
        ) {
            let (together, five) = (const { blocks_of(RECORD) }, const { has_fifth(RECORD) });
            let (upper, scales) = (256 * together, (256 + if five { 64 } else { 0 }) * together);
            let blocks = records.len() / RECORD * together;
            let low = _mm256_set1_epi8(15);
            for half in 0..2 {
                let mut sums = [_mm256_setzero_ps(); LANES];
                for (index, record) in records.as_chunks::<RECORD>().0.iter().enumerate() {
                    let scale = half_halves(record, scales + 16 * half);
                    let offset = half_halves(record, scales + 2 * ROWS + 16 * half);
                    for block in 0..together {
                        let at = index * together + block;
                        let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + at]);
                        let mut dots = [_mm256_setzero_si256(); LANES];
                        for chunk in 0..4 {
                            let pairs = half_line(record, 256 * block + 64 * chunk + 32 * half);
                            let mut first = _mm256_and_si256(pairs, low);
                            let mut second = _mm256_and_si256(_mm256_srli_epi16::<4>(pairs), low);
                            if five {
                                let fifth = upper + 64 * block + 8 * chunk + 4 * half;
                                first = _mm256_or_si256(first, half_fifth(record, fifth));
                                second = _mm256_or_si256(second, half_fifth(record, fifth + 32));
                            }
                            for (dot, input) in dots.iter_mut().zip(inputs) {
                                *dot = $dot_small(*dot, first, _mm256_set1_epi32(quad!(input, chunk)));
                                *dot = $dot_small(*dot, second, _mm256_set1_epi32(quad!(input, 4 + chunk)));
                            }
                        }
                        let (mut scale, mut offset) = (scale, offset);
                        if together > 1 {
                            let small = scales + 4 * ROWS + ROWS * block + 8 * half;
                            scale = _mm256_mul_ps(scale, half_factors::<false>(record, small));
                            let small = small + ROWS * together;
                            offset = _mm256_mul_ps(offset, half_factors::<false>(record, small));
                        }
                        for ((sum, dot), input) in sums.iter_mut().zip(dots).zip(inputs) {
                            let scale = _mm256_mul_ps(scale, _mm256_set1_ps(input.scale));
                            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, *sum);
                            *sum = _mm256_fmadd_ps(offset, _mm256_set1_ps(input.sum), *sum);
                        }
                    }
                }
                half_store(&sums, half, out);
            }
        }

        #[target_feature(enable = $features)]
        fn $six<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
            let blocks = records.len() / SIX_K * SUPER;
            let (low, upper) = (_mm256_set1_epi8(15), _mm256_set1_epi8(48));
            for half in 0..2 {
                let mut sums = [_mm256_setzero_ps(); LANES];
                for (index, record) in records.as_chunks::<SIX_K>().0.iter().enumerate() {
                    let scale = half_halves(record, const { Packing::SixK.scales() } + 16 * half);
                    for block in 0..SUPER {
                        let at = index * SUPER + block;
                        let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + at]);
                        // One half of the columns after the other, as each has a factor of its own.
                        let mut both = [_mm256_setzero_ps(); LANES];
                        for part in 0..2 {
                            let mut dots: [__m256i; LANES] =
                                std::array::from_fn(|lane| _mm256_set1_epi32(inputs[lane].halves[part]));
                            let high = const { Packing::SixK.upper() } + 128 * block + 64 * part;
                            let high = half_line(record, high + 32 * half);
                            for chunk in 0..4 {
                                let pairs = half_line(record, 256 * block + 64 * chunk + 32 * half);
                                let codes = _mm256_srl_epi16(pairs, _mm_cvtsi32_si128(4 * part as i32));
                                let codes = _mm256_and_si256(codes, low);
                                let bits = _mm256_srl_epi16(high, _mm_cvtsi32_si128(2 * chunk as i32));
                                let bits = _mm256_and_si256(_mm256_slli_epi16::<4>(bits), upper);
                                let codes = _mm256_or_si256(codes, bits);
                                for (dot, input) in dots.iter_mut().zip(inputs) {
                                    let input = _mm256_set1_epi32(quad!(input, 4 * part + chunk));
                                    *dot = $dot_small(*dot, codes, input);
                                }
                            }
                            let small = Packing::SixK.factors(block) + ROWS * part + 8 * half;
                            let small = half_factors::<true>(record, small);
                            for (both, dot) in both.iter_mut().zip(dots) {
                                *both = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), small, *both);
                            }
                        }
                        for ((sum, both), input) in sums.iter_mut().zip(both).zip(inputs) {
                            let scale = _mm256_mul_ps(scale, _mm256_set1_ps(input.scale));
                            *sum = _mm256_fmadd_ps(both, scale, *sum);
                        }
                    }
                }
                half_store(&sums, half, out);
            }
        }

        #[target_feature(enable = $features)]
        fn $eight<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
            let blocks = records.len() / EIGHT;
            for half in 0..2 {
                let mut sums = [_mm256_setzero_ps(); LANES];
                for (block, record) in records.as_chunks::<EIGHT>().0.iter().enumerate() {
                    let inputs: [&Block; LANES] = std::array::from_fn(|lane| &inputs[lane * blocks + block]);
                    let mut dots: [__m256i; LANES] =
                        std::array::from_fn(|lane| _mm256_set1_epi32(inputs[lane].centre));
                    for chunk in 0..8 {
                        let codes = half_line(record, 64 * chunk + 32 * half);
                        for (dot, input) in dots.iter_mut().zip(inputs) {
                            *dot = $dot_large(*dot, codes, _mm256_set1_epi32(quad!(input, chunk)));
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
on_256_bits!("avx2,fma,f16c", avx2, avx2_pairs, avx2_six, avx2_eight, dot_small, dot_large);
on_256_bits!("avx2,fma,f16c,avxvnni", avx_vnni, vnni_pairs, vnni_six, vnni_eight, dot_vnni, dot_vnni);

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

/// Eight bytes without sign, or with.
#[inline]
#[target_feature(enable = "avx2")]
fn half_factors<const SIGNED: bool>(bytes: &[u8], at: usize) -> __m256 {
    let bytes: &[u8; 8] = bytes[at..].first_chunk().unwrap_or(&[0; 8]);
    // SAFETY: 8 bytes are read where there are 8.
    let bytes = unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) };
    _mm256_cvtepi32_ps(if SIGNED { _mm256_cvtepi8_epi32(bytes) } else { _mm256_cvtepu8_epi32(bytes) })
}

/// Sixteen where one of 32 bits is set, else nothing.
#[inline]
#[target_feature(enable = "avx2")]
fn half_fifth(bytes: &[u8], at: usize) -> __m256i {
    let bits = i32::from_le_bytes(*bytes[at..].first_chunk().unwrap_or(&[0; 4]));
    let byte = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
    let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    let spread = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), byte), bit);
    _mm256_and_si256(_mm256_cmpeq_epi8(spread, bit), _mm256_set1_epi8(16))
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
