//! Products of one strip with some lanes, in the vector instructions of aarch64.
//!
//! Codes stay below 64 but for those of eight bits, and are then numbers with sign as well; those of eight bits become
//! such by a turned upper bit. Four rows are computed at a time, one in each place of a register.

#![allow(clippy::wildcard_imports, reason = "a score of names, all of one form")]

use std::arch::aarch64::*;
use std::arch::asm;

use super::sizes::{EIGHT, FIVE, FIVE_K, FOUR, FOUR_K, SIX_K};
use super::{BLOCK, Block, Packing, ROWS, blocks_of, has_fifth};
use crate::writing::kernels::weights::SUPER;

/// Lanes whose sums and dots stay in registers.
const TOGETHER: usize = 4;

macro_rules! for_lanes {
    ($lanes:expr, $kernel:ident $(::<$of:ident>)?($($argument:expr),*)) => {
        match $lanes {
            1 => $kernel::<$($of,)? 1>($($argument),*),
            2 => $kernel::<$($of,)? 2>($($argument),*),
            3 => $kernel::<$($of,)? 3>($($argument),*),
            _ => $kernel::<$($of,)? TOGETHER>($($argument),*),
        }
    };
}

/// The kernels; `$dot` multiplies four times sixteen codes, of four rows each, with four times four of an input, and
/// `$dot_large` does where codes have eight bits.
macro_rules! kernels {
    ($features:literal, $name:ident, $pairs:ident, $six:ident, $eight:ident, $dot:ident, $dot_large:ident) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name(packing: Packing, records: &[u8], inputs: &[Block], sums: &mut [[f32; ROWS]]) {
            let blocks = inputs.len() / sums.len().max(1);
            for (sums, inputs) in sums.chunks_mut(TOGETHER).zip(inputs.chunks(TOGETHER * blocks)) {
                let lanes = sums.len();
                match packing {
                    Packing::Four => for_lanes!(lanes, $pairs::<FOUR>(records, inputs, sums)),
                    Packing::Five => for_lanes!(lanes, $pairs::<FIVE>(records, inputs, sums)),
                    Packing::FourK => for_lanes!(lanes, $pairs::<FOUR_K>(records, inputs, sums)),
                    Packing::FiveK => for_lanes!(lanes, $pairs::<FIVE_K>(records, inputs, sums)),
                    Packing::SixK => for_lanes!(lanes, $six(records, inputs, sums)),
                    Packing::Eight => for_lanes!(lanes, $eight(records, inputs, sums)),
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
            for quarter in 0..4 {
                let mut sums = [vdupq_n_f32(0.0); LANES];
                for (index, record) in records.as_chunks::<RECORD>().0.iter().enumerate() {
                    let scale = halves(record, scales + 8 * quarter);
                    let offset = halves(record, scales + 2 * ROWS + 8 * quarter);
                    for block in 0..together {
                        let at = index * together + block;
                        let [mut first, mut second] = pairs(record, 256 * block + 16 * quarter);
                        if five {
                            for chunk in 0..4 {
                                let bits = upper + 64 * block + 8 * chunk + 2 * quarter;
                                first[chunk] = vorrq_s8(first[chunk], fifth(record, bits));
                                second[chunk] = vorrq_s8(second[chunk], fifth(record, bits + 32));
                            }
                        }
                        let (mut scale, mut offset) = (scale, offset);
                        if together > 1 {
                            let small = scales + 4 * ROWS + ROWS * block + 4 * quarter;
                            scale = vmulq_f32(scale, factors::<false>(record, small));
                            offset = vmulq_f32(offset, factors::<false>(record, small + ROWS * together));
                        }
                        for (lane, sum) in sums.iter_mut().enumerate() {
                            let input = &inputs[lane * blocks + at];
                            let [low, high] = columns(input);
                            let dot = vaddq_s32($dot(&first, low), $dot(&second, high));
                            let scale = vmulq_f32(scale, vdupq_n_f32(input.scale));
                            *sum = vfmaq_f32(*sum, vcvtq_f32_s32(dot), scale);
                            *sum = vfmaq_f32(*sum, offset, vdupq_n_f32(input.sum));
                        }
                    }
                }
                store(&sums, quarter, out);
            }
        }

        #[target_feature(enable = $features)]
        fn $six<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
            let blocks = records.len() / SIX_K * SUPER;
            for quarter in 0..4 {
                let mut sums = [vdupq_n_f32(0.0); LANES];
                for (index, record) in records.as_chunks::<SIX_K>().0.iter().enumerate() {
                    let scale = halves(record, const { Packing::SixK.scales() } + 8 * quarter);
                    for block in 0..SUPER {
                        let at = index * SUPER + block;
                        let [mut first, mut second] = pairs(record, 256 * block + 16 * quarter);
                        let bits = const { Packing::SixK.upper() } + 128 * block + 16 * quarter;
                        for (codes, bits) in [(&mut first, bits), (&mut second, bits + 64)] {
                            for (codes, upper) in codes.iter_mut().zip(upper(record, bits)) {
                                *codes = vorrq_s8(*codes, upper);
                            }
                        }
                        let small = Packing::SixK.factors(block) + 4 * quarter;
                        let small = [factors::<true>(record, small), factors::<true>(record, small + ROWS)];
                        for (lane, sum) in sums.iter_mut().enumerate() {
                            let input = &inputs[lane * blocks + at];
                            let [low, high] = columns(input);
                            let one = vaddq_s32($dot(&first, low), vdupq_n_s32(input.halves[0]));
                            let other = vaddq_s32($dot(&second, high), vdupq_n_s32(input.halves[1]));
                            let both = vmulq_f32(vcvtq_f32_s32(one), small[0]);
                            let both = vfmaq_f32(both, vcvtq_f32_s32(other), small[1]);
                            let scale = vmulq_f32(scale, vdupq_n_f32(input.scale));
                            *sum = vfmaq_f32(*sum, both, scale);
                        }
                    }
                }
                store(&sums, quarter, out);
            }
        }

        #[target_feature(enable = $features)]
        fn $eight<const LANES: usize>(records: &[u8], inputs: &[Block], out: &mut [[f32; ROWS]]) {
            let blocks = records.len() / EIGHT;
            for quarter in 0..4 {
                let mut sums = [vdupq_n_f32(0.0); LANES];
                for (block, record) in records.as_chunks::<EIGHT>().0.iter().enumerate() {
                    let codes = |first: usize| -> [int8x16_t; 4] {
                        std::array::from_fn(|chunk| {
                            let codes = bytes(record, 64 * (first + chunk) + 16 * quarter);
                            vreinterpretq_s8_u8(veorq_u8(codes, vdupq_n_u8(0x80)))
                        })
                    };
                    let (first, second) = (codes(0), codes(4));
                    let scale = vreinterpretq_f32_u8(bytes(record, 512 + 16 * quarter));
                    for (lane, sum) in sums.iter_mut().enumerate() {
                        let input = &inputs[lane * blocks + block];
                        let [low, high] = columns(input);
                        let dot = vaddq_s32($dot_large(&first, low), $dot_large(&second, high));
                        let scale = vmulq_f32(scale, vdupq_n_f32(input.scale));
                        *sum = vfmaq_f32(*sum, vcvtq_f32_s32(dot), scale);
                    }
                }
                store(&sums, quarter, out);
            }
        }
    };
}
kernels!("neon", neon, neon_pairs, neon_six, neon_eight, dot_small, dot_large);
kernels!("neon,dotprod", neon_dot, dot_pairs, dot_six, dot_eight, dot, dot);

/// Products of four bytes with sign, added up in each place.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot(codes: &[int8x16_t; 4], input: int8x16_t) -> int32x4_t {
    let mut sum = vdupq_n_s32(0);
    // SAFETY: the instructions are there where `dotprod` is, and touch nothing but their registers.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {a:v}.16b, {input:v}.4b[0]",
            "sdot {sum:v}.4s, {b:v}.16b, {input:v}.4b[1]",
            "sdot {sum:v}.4s, {c:v}.16b, {input:v}.4b[2]",
            "sdot {sum:v}.4s, {d:v}.16b, {input:v}.4b[3]",
            sum = inout(vreg) sum,
            a = in(vreg) codes[0],
            b = in(vreg) codes[1],
            c = in(vreg) codes[2],
            d = in(vreg) codes[3],
            input = in(vreg) input,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// Four bytes of an input, the same for all rows.
macro_rules! quad {
    ($input:expr, $chunk:literal) => {
        vreinterpretq_s8_s32(vdupq_laneq_s32::<$chunk>(vreinterpretq_s32_s8($input)))
    };
}

/// Products of codes and input in sixteen bits, of two rows each, added to `sums`.
#[inline]
#[target_feature(enable = "neon")]
fn add_products(sums: [int16x8_t; 2], codes: int8x16_t, input: int8x16_t) -> [int16x8_t; 2] {
    [vmlal_s8(sums[0], vget_low_s8(codes), vget_low_s8(input)), vmlal_high_s8(sums[1], codes, input)]
}

/// The four columns of each row added up.
#[inline]
#[target_feature(enable = "neon")]
fn add_up(sums: [int16x8_t; 2]) -> int32x4_t {
    vpaddq_s32(vpaddlq_s16(sums[0]), vpaddlq_s16(sums[1]))
}

/// For codes below 64: four products then fit sixteen bits.
#[inline]
#[target_feature(enable = "neon")]
fn dot_small(codes: &[int8x16_t; 4], input: int8x16_t) -> int32x4_t {
    let sums = add_products([vdupq_n_s16(0); 2], codes[0], quad!(input, 0));
    let sums = add_products(sums, codes[1], quad!(input, 1));
    let sums = add_products(sums, codes[2], quad!(input, 2));
    add_up(add_products(sums, codes[3], quad!(input, 3)))
}

/// For any codes: two products fit.
#[inline]
#[target_feature(enable = "neon")]
fn dot_large(codes: &[int8x16_t; 4], input: int8x16_t) -> int32x4_t {
    let first = add_products([vdupq_n_s16(0); 2], codes[0], quad!(input, 0));
    let first = add_products(first, codes[1], quad!(input, 1));
    let second = add_products([vdupq_n_s16(0); 2], codes[2], quad!(input, 2));
    let second = add_products(second, codes[3], quad!(input, 3));
    vaddq_s32(add_up(first), add_up(second))
}

#[inline]
#[target_feature(enable = "neon")]
fn bytes(record: &[u8], at: usize) -> uint8x16_t {
    let bytes: &[u8; 16] = record[at..].first_chunk().unwrap_or(&[0; 16]);
    // SAFETY: 16 bytes are read where there are 16.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// The codes of an input's two halves.
#[inline]
#[target_feature(enable = "neon")]
fn columns(input: &Block) -> [int8x16_t; 2] {
    let codes = input.codes.as_ptr();
    // SAFETY: twice 16 bytes are read where there are 32.
    unsafe { [vld1q_s8(codes), vld1q_s8(codes.add(BLOCK / 2))] }
}

/// The low halves of four times sixteen bytes, and the high ones.
#[inline]
#[target_feature(enable = "neon")]
fn pairs(record: &[u8], at: usize) -> [[int8x16_t; 4]; 2] {
    let pairs: [uint8x16_t; 4] = std::array::from_fn(|chunk| bytes(record, at + 64 * chunk));
    [
        pairs.map(|pairs| vreinterpretq_s8_u8(vandq_u8(pairs, vdupq_n_u8(15)))),
        pairs.map(|pairs| vreinterpretq_s8_u8(vshrq_n_u8::<4>(pairs))),
    ]
}

/// Sixteen where one of sixteen bits is set, else nothing.
#[inline]
#[target_feature(enable = "neon")]
fn fifth(record: &[u8], at: usize) -> int8x16_t {
    let spread = vcombine_u8(vdup_n_u8(record[at]), vdup_n_u8(record[at + 1]));
    let bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201));
    vreinterpretq_s8_u8(vandq_u8(vtstq_u8(spread, bit), vdupq_n_u8(16)))
}

/// The fifth and sixth bits of four times sixteen codes.
#[inline]
#[target_feature(enable = "neon")]
fn upper(record: &[u8], at: usize) -> [int8x16_t; 4] {
    let bits = bytes(record, at);
    [vshlq_n_u8::<4>(bits), vshlq_n_u8::<2>(bits), bits, vshrq_n_u8::<2>(bits)]
        .map(|bits| vreinterpretq_s8_u8(vandq_u8(bits, vdupq_n_u8(48))))
}

/// Four numbers in half precision.
#[inline]
#[target_feature(enable = "neon")]
fn halves(record: &[u8], at: usize) -> float32x4_t {
    let bytes: &[u8; 8] = record[at..].first_chunk().unwrap_or(&[0; 8]);
    // SAFETY: 8 bytes are read where there are 8.
    let bytes = unsafe { vld1_u8(bytes.as_ptr()) };
    let out: float32x4_t;
    // SAFETY: every aarch64 has the instruction, which touches nothing but its registers.
    unsafe {
        asm!(
            "fcvtl {out:v}.4s, {bytes:v}.4h",
            out = out(vreg) out,
            bytes = in(vreg) bytes,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    out
}

/// Four bytes without sign, or with.
#[inline]
#[target_feature(enable = "neon")]
fn factors<const SIGNED: bool>(record: &[u8], at: usize) -> float32x4_t {
    let four = u32::from_le_bytes(*record[at..].first_chunk().unwrap_or(&[0; 4]));
    let four = vreinterpret_u8_u32(vdup_n_u32(four));
    if SIGNED {
        vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(four)))))
    } else {
        vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(four))))
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn store<const LANES: usize>(from: &[float32x4_t; LANES], quarter: usize, sums: &mut [[f32; ROWS]]) {
    for (from, to) in from.iter().zip(sums) {
        let to = &mut to[4 * quarter..4 * quarter + 4];
        // SAFETY: four numbers are written where there are four.
        unsafe { vst1q_f32(to.as_mut_ptr(), *from) }
    }
}
