//! The K quantisations: 256 weights that share a scale, as ggml lays them out.
//!
//! In: the bytes of a block. Out: its codes one by one, and its scales. Codes of three bits are moved up to where those of
//! six have their middle, so that both are packed alike.

use candle_core::quantized::GgmlDType;
use half::f16;

use crate::writing::kernels::{SUPER_BLOCK, SuperBlock};

/// The weights of a block of `kind`, which is `Q3_K`, `Q4_K`, `Q5_K` or `Q6_K`.
pub(super) fn unpacked(kind: GgmlDType, block: &[u8]) -> SuperBlock {
    match kind {
        GgmlDType::Q3K => three(block),
        GgmlDType::Q6K => six(block),
        _ => four_or_five(kind == GgmlDType::Q5K, block),
    }
}

fn half(block: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([block[at], block[at + 1]])
}

/// Two halves; twelve bytes with eight factors of the scale and eight of the offset, of six bits each; the fifth bits where
/// there are any; the low bits.
fn four_or_five(five: bool, block: &[u8]) -> SuperBlock {
    let packed = &block[4..16];
    let (fifth, low) = if five { (&block[16..48], &block[48..]) } else { (&[][..], &block[16..]) };
    let (mut scales, mut offsets) = ([0; 16], [0; 8]);
    for at in 0..4 {
        scales[at] = packed[at] & 63;
        offsets[at] = packed[at + 4] & 63;
        scales[at + 4] = packed[at + 8] & 15 | packed[at] >> 6 << 4;
        offsets[at + 4] = packed[at + 8] >> 4 | packed[at + 4] >> 6 << 4;
    }
    let mut codes = [0; SUPER_BLOCK];
    for (column, code) in codes.iter_mut().enumerate() {
        let (part, place) = (column / 32, column % 32);
        let pair = low[part / 2 * 32 + place];
        let bit = fifth.get(place).map_or(0, |bits| bits >> part & 1);
        *code = (if part % 2 == 0 { pair & 15 } else { pair >> 4 }) | bit << 4;
    }
    let offset = half(block, 2);
    SuperBlock { codes, scale: half(block, 0), offset: -offset, scales, offsets }
}

/// Low bits, upper bits, sixteen factors with sign, a half.
fn six(block: &[u8]) -> SuperBlock {
    let (low, high) = (&block[..128], &block[128..192]);
    let mut codes = [0; SUPER_BLOCK];
    for (column, code) in codes.iter_mut().enumerate() {
        let (side, part, place) = (column / 128, column % 128 / 32, column % 32);
        let pair = low[64 * side + 32 * (part % 2) + place];
        let upper = high[32 * side + place] >> (2 * part) & 3;
        *code = (if part < 2 { pair & 15 } else { pair >> 4 }) | upper << 4;
    }
    let scales = *block[192..].first_chunk().unwrap_or(&[0; 16]);
    SuperBlock { codes, scale: half(block, 208), offset: f16::ZERO, scales, offsets: [0; 8] }
}

/// Third bits, low bits, sixteen factors of six bits each, a half.
fn three(block: &[u8]) -> SuperBlock {
    let (third, low, packed) = (&block[..32], &block[32..96], &block[96..108]);
    let scales = std::array::from_fn(|at| {
        let low = if at < 8 { packed[at] & 15 } else { packed[at - 8] >> 4 };
        let high = packed[8 + at % 4] >> (2 * (at / 4)) & 3;
        (low | high << 4).wrapping_sub(32)
    });
    let codes = std::array::from_fn(|column| {
        let (part, place) = (column / 32, column % 32);
        let code = low[32 * (part / 4) + place] >> (2 * (part % 4)) & 3;
        code + (third[place] >> part & 1) * 4 + 28
    });
    SuperBlock { codes, scale: half(block, 108), offset: f16::ZERO, scales, offsets: [0; 8] }
}
