//! Weight matrices, packed for several rows at a time.
//!
//! Sixteen rows make a strip. A strip is a list of records, one for each block of 32 columns, in which the codes of
//! four neighbouring columns of all sixteen rows stand together, as the processors' dot products of four bytes want
//! them:
//!
//! ```text
//! Four   4 x 64 bytes: of row r and columns 4c+j the low half, of columns 16+4c+j the high half, at 64c + 4r + j
//!        16 scales and 16 offsets in half precision: weight = scale * code + offset, code in 0..16
//! Five   as Four, and between codes and scales 8 x 64 bits, the codes' fifth: of columns 4c+j in the line of bits c, of
//!        columns 16+4c+j in line 4 + c, at bit 4r + j
//! Eight  8 x 64 bytes: of row r and columns 4c+j, at 64c + 4r + j
//!        16 scales in single precision: weight = scale * (code - 128), code in 1..256
//! ```
//!
//! The K quantisations share a scale among 256 columns, whose eight blocks are one record: the low bits of all blocks,
//! then the bits above, then the scales. Nothing is rounded: a product of a half and a small whole number is a single.
//!
//! ```text
//! FourK, FiveK  codes and bits as above
//!        16 scales and 16 offsets in half precision; of each block 16 bytes, factors of the scale; of each block 16
//!        bytes, factors of the offset
//! SixK   the fifth and sixth bit: 2 x 64 bytes for each block, of columns 4c+j of its first half at bit 2c of byte
//!        4r + j, of its second half in the second line
//!        16 scales in half precision, 32 bytes that say nothing; of each half block 16 factors of the scale with sign:
//!        weight = scale * factor * (code - 32)
//! ```

use std::collections::TryReserveError;

use half::f16;

use super::{BLOCK, ROWS};
use crate::writing::memory::filled;

/// Blocks of a record of a K quantisation.
pub(super) const SUPER: usize = 8;
/// Columns that share a scale there.
pub const SUPER_BLOCK: usize = SUPER * BLOCK;

/// How the codes of a matrix are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Four,
    Five,
    Eight,
    FourK,
    FiveK,
    SixK,
}

impl Packing {
    /// Blocks of a record.
    pub(super) const fn blocks(self) -> usize {
        match self {
            Self::Four | Self::Five | Self::Eight => 1,
            Self::FourK | Self::FiveK | Self::SixK => SUPER,
        }
    }

    /// Bytes that so many weights take, whole records of them.
    #[must_use]
    pub fn bytes(self, weights: u64) -> u64 {
        weights.div_ceil((ROWS * BLOCK * self.blocks()) as u64).saturating_mul(self.record() as u64)
    }

    /// Where a record's bits above the fourth begin.
    pub(super) const fn upper(self) -> usize {
        4 * 64 * self.blocks()
    }

    /// Where a record's scales begin.
    pub(super) const fn scales(self) -> usize {
        let upper = match self {
            Self::Four | Self::FourK => 0,
            Self::Five | Self::FiveK => 64,
            Self::SixK => 2 * 64,
            Self::Eight => 4 * 64,
        };
        self.upper() + upper * self.blocks()
    }

    /// Where the factors of a block's scale begin, in a record of a K quantisation.
    pub(super) const fn factors(self, block: usize) -> usize {
        let each = if matches!(self, Self::SixK) { 2 * ROWS } else { ROWS };
        self.scales() + 4 * ROWS + each * block
    }

    /// Bytes of a record.
    pub(super) const fn record(self) -> usize {
        match self {
            Self::Four | Self::Five | Self::Eight => self.scales() + 4 * ROWS,
            Self::FourK | Self::FiveK | Self::SixK => self.factors(0) + 2 * ROWS * SUPER,
        }
    }
}

/// 256 weights of a row of a K quantisation.
pub struct SuperBlock {
    /// Of up to six bits.
    pub codes: [u8; SUPER_BLOCK],
    pub scale: f16,
    /// What the offsets' factors are multiplied by.
    pub offset: f16,
    /// Factors of the scale: of each block, or of each half block and with sign where codes have six bits.
    pub scales: [u8; 2 * SUPER],
    /// Factors of the offset, of each block.
    pub offsets: [u8; SUPER],
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A weight matrix.
pub struct Matrix {
    rows: usize,
    columns: usize,
    packing: Packing,
    /// Whole strips; rows beyond the last are zero.
    lines: Vec<Line>,
}

impl Matrix {
    /// An empty matrix of `columns`, a multiple of [`BLOCK`] or [`SUPER_BLOCK`], with room for `rows`.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(packing: Packing, rows: usize, columns: usize) -> Result<Self, TryReserveError> {
        debug_assert!(columns.is_multiple_of(BLOCK * packing.blocks()));
        let records = columns / BLOCK / packing.blocks();
        let lines = rows.div_ceil(ROWS).saturating_mul(records).saturating_mul(packing.record() / 64);
        Ok(Self { rows, columns, packing, lines: filled(Line([0; 64]), lines)? })
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    #[must_use]
    pub fn packing(&self) -> Packing {
        self.packing
    }

    pub(super) fn strips(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }

    pub(super) fn blocks(&self) -> usize {
        self.columns / BLOCK
    }

    fn records(&self) -> usize {
        self.blocks() / self.packing.blocks()
    }

    /// The records of a strip, one after the other.
    pub(super) fn strip(&self, strip: usize) -> &[u8] {
        let length = self.records() * self.packing.record();
        &self.bytes()[strip * length..(strip + 1) * length]
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: a `Line` is 64 bytes without gaps.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * 64) }
    }

    fn record_mut(&mut self, row: usize, record: usize) -> &mut [u8] {
        let at = ((row / ROWS) * self.records() + record) * self.packing.record();
        let length = self.packing.record();
        // SAFETY: as in `bytes`.
        let bytes: &mut [u8] =
            unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.lines.len() * 64) };
        &mut bytes[at..at + length]
    }

    /// Sets a block of a matrix of [`Packing::Four`] or [`Packing::Five`]: `pairs[i]` has the code of column i in its low
    /// half, and of column 16 + i in its high half; bit i of `fifth` is the fifth of column i.
    pub fn set(&mut self, row: usize, block: usize, pairs: &[u8; 16], fifth: u32, scale: f16, offset: f16) {
        let scales = self.packing.scales();
        let five = self.packing == Packing::Five;
        let record = self.record_mut(row, block);
        let place = row % ROWS;
        for (chunk, four) in pairs.as_chunks::<4>().0.iter().enumerate() {
            record[64 * chunk + 4 * place..][..4].copy_from_slice(four);
        }
        if five {
            set_fifth(&mut record[4 * 64..scales], place, fifth);
        }
        record[scales + 2 * place..][..2].copy_from_slice(&scale.to_le_bytes());
        record[scales + 2 * ROWS + 2 * place..][..2].copy_from_slice(&offset.to_le_bytes());
    }

    /// Sets a block of a matrix of [`Packing::Eight`].
    pub fn set_eight(&mut self, row: usize, block: usize, codes: &[i8; BLOCK], scale: f32) {
        let record = self.record_mut(row, block);
        let place = row % ROWS;
        for (chunk, four) in codes.as_chunks::<4>().0.iter().enumerate() {
            let four = four.map(|code| (code as u8) ^ 0x80);
            record[64 * chunk + 4 * place..][..4].copy_from_slice(&four);
        }
        record[512 + 4 * place..][..4].copy_from_slice(&scale.to_le_bytes());
    }

    /// Rounds a block to eight bits, by at most 1/254 of its largest number, in a matrix of [`Packing::Eight`].
    pub fn set_eight_from(&mut self, row: usize, block: usize, numbers: &[f32; BLOCK]) {
        let largest = numbers.iter().fold(0_f32, |largest, number| largest.max(number.abs()));
        let scale = largest / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let codes = numbers.map(|number| (number * inverse).round_ties_even() as i8);
        self.set_eight(row, block, &codes, scale);
    }

    /// Sets eight blocks of a matrix of a K quantisation.
    pub fn set_super(&mut self, row: usize, index: usize, weights: &SuperBlock) {
        let packing = self.packing;
        let record = self.record_mut(row, index);
        let place = row % ROWS;
        for (block, codes) in weights.codes.as_chunks::<BLOCK>().0.iter().enumerate() {
            let (first, second) = codes.split_at(16);
            for (column, (first, second)) in first.iter().zip(second).enumerate() {
                let at = 64 * (column / 4) + 4 * place + column % 4;
                record[256 * block + at] = first & 15 | second << 4;
            }
            if packing == Packing::SixK {
                for (column, code) in codes.iter().enumerate() {
                    let at = packing.upper() + 128 * block + 64 * (column / 16);
                    record[at + 4 * place + column % 4] |= (code >> 4 & 3) << (2 * (column % 16 / 4));
                }
            } else if packing == Packing::FiveK {
                let bit = |(column, code): (usize, &u8)| u32::from(code >> 4 & 1) << column;
                let fifth = codes.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit);
                set_fifth(&mut record[packing.upper() + 64 * block..][..64], place, fifth);
            }
        }
        let scales = packing.scales();
        record[scales + 2 * place..][..2].copy_from_slice(&weights.scale.to_le_bytes());
        if packing == Packing::SixK {
            for (half, factor) in weights.scales.iter().enumerate() {
                record[packing.factors(0) + ROWS * half + place] = *factor;
            }
        } else {
            record[scales + 2 * ROWS + 2 * place..][..2].copy_from_slice(&weights.offset.to_le_bytes());
            for (block, (scale, offset)) in weights.scales.iter().zip(&weights.offsets).enumerate() {
                record[packing.factors(block) + place] = *scale;
                record[packing.factors(SUPER + block) + place] = *offset;
            }
        }
    }

    /// Row `row` as numbers; `out` has a place for each column.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let place = row % ROWS;
        let records = self.strip(row / ROWS).chunks_exact(self.packing.record());
        let blocks = records.flat_map(|record| (0..self.packing.blocks()).map(move |block| (record, block)));
        for ((record, block), out) in blocks.zip(out.as_chunks_mut::<BLOCK>().0) {
            for (column, out) in out.iter_mut().enumerate() {
                let code = f32::from(code(self.packing, record, block, place, column));
                *out = match self.packing {
                    Packing::Eight => eight_scale(record, place) * (code - 128.0),
                    Packing::SixK => {
                        let (scale, factors) = six_scales(record, block, place);
                        scale * factors[column / 16] * (code - 32.0)
                    }
                    _ => {
                        let (scale, offset) = scale_and_offset(self.packing, record, block, place);
                        scale * code + offset
                    }
                };
            }
        }
    }
}

/// Sets the fifth bits of a block's 32 columns in its 64 bytes of them.
fn set_fifth(bits: &mut [u8], place: usize, fifth: u32) {
    for column in 0..BLOCK {
        let (line, bit) = (column / 4, 4 * place + column % 4);
        bits[8 * line + bit / 8] |= ((fifth >> column & 1) as u8) << (bit % 8);
    }
}

/// The code of a place and a column in a block of a record.
#[inline(always)]
pub(super) fn code(packing: Packing, record: &[u8], block: usize, place: usize, column: usize) -> u8 {
    let (half, chunk, byte) = (column / 16, column % 16 / 4, 4 * place + column % 4);
    if packing == Packing::Eight {
        return record[64 * (column / 4) + byte];
    }
    let pair = record[256 * block + 64 * chunk + byte];
    let low = if half == 0 { pair & 15 } else { pair >> 4 };
    let upper = packing.upper();
    let high = match packing {
        Packing::Five | Packing::FiveK => {
            record[upper + 64 * block + 8 * (4 * half + chunk) + byte / 8] >> (byte % 8) & 1
        }
        Packing::SixK => record[upper + 128 * block + 64 * half + byte] >> (2 * chunk) & 3,
        _ => 0,
    };
    low | high << 4
}

#[inline(always)]
fn half(record: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([record[at], record[at + 1]]).to_f32()
}

#[inline(always)]
pub(super) fn scale_and_offset(packing: Packing, record: &[u8], block: usize, place: usize) -> (f32, f32) {
    let scales = packing.scales();
    let (scale, offset) = (half(record, scales + 2 * place), half(record, scales + 2 * ROWS + 2 * place));
    if packing.blocks() == 1 {
        return (scale, offset);
    }
    let factor = |block| f32::from(record[packing.factors(block) + place]);
    (scale * factor(block), offset * factor(SUPER + block))
}

/// The scale of a block of six bits, and the factors of its halves.
#[inline(always)]
pub(super) fn six_scales(record: &[u8], block: usize, place: usize) -> (f32, [f32; 2]) {
    let at = Packing::SixK.factors(block) + place;
    let factor = |at: usize| f32::from(record[at].cast_signed());
    (half(record, Packing::SixK.scales() + 2 * place), [factor(at), factor(at + ROWS)])
}

#[inline(always)]
pub(super) fn eight_scale(record: &[u8], place: usize) -> f32 {
    let at = 512 + 4 * place;
    f32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}
