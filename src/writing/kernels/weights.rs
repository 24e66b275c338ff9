//! Weight matrices, packed for several rows at a time.
//!
//! Sixteen rows make a strip. A strip is a list of records, one for each block of 32 columns, in which the codes of
//! four neighbouring columns of all sixteen rows stand together, as the processors' dot products of four bytes want
//! them:
//!
//! ```text
//! Four   4 x 64 bytes: of row r and columns 4c+j the low half, of columns 16+4c+j the high half, at 64c + 4r + j
//!        16 scales and 16 offsets in half precision: weight = scale * code + offset, code in 0..16
//! Eight  8 x 64 bytes: of row r and columns 4c+j, at 64c + 4r + j
//!        16 scales in single precision: weight = scale * (code - 128), code in 1..256
//! ```

use std::collections::TryReserveError;

use half::f16;

use super::{BLOCK, ROWS};
use crate::writing::memory::filled;

/// How the codes of a matrix are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Four,
    Eight,
}

impl Packing {
    /// Bytes of a record.
    pub(super) const fn record(self) -> usize {
        match self {
            Self::Four => 4 * 64 + 2 * 2 * ROWS,
            Self::Eight => 8 * 64 + 4 * ROWS,
        }
    }
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
    /// An empty matrix of `columns`, a multiple of [`BLOCK`], with room for `rows`.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(packing: Packing, rows: usize, columns: usize) -> Result<Self, TryReserveError> {
        debug_assert!(columns.is_multiple_of(BLOCK));
        let lines = rows.div_ceil(ROWS).saturating_mul(columns / BLOCK).saturating_mul(packing.record() / 64);
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

    /// The records of a strip, one after the other.
    pub(super) fn strip(&self, strip: usize) -> &[u8] {
        let length = self.blocks() * self.packing.record();
        &self.bytes()[strip * length..(strip + 1) * length]
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: a `Line` is 64 bytes without gaps.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * 64) }
    }

    fn record_mut(&mut self, row: usize, block: usize) -> &mut [u8] {
        let at = ((row / ROWS) * self.blocks() + block) * self.packing.record();
        let length = self.packing.record();
        // SAFETY: as in `bytes`.
        let bytes: &mut [u8] =
            unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.lines.len() * 64) };
        &mut bytes[at..at + length]
    }

    /// Sets a block of a matrix of [`Packing::Four`]: `pairs[i]` has the code of column i in its low half, and of column
    /// 16 + i in its high half.
    pub fn set_four(&mut self, row: usize, block: usize, pairs: &[u8; 16], scale: f16, offset: f16) {
        let record = self.record_mut(row, block);
        let place = row % ROWS;
        for (chunk, four) in pairs.as_chunks::<4>().0.iter().enumerate() {
            record[64 * chunk + 4 * place..][..4].copy_from_slice(four);
        }
        record[256 + 2 * place..][..2].copy_from_slice(&scale.to_le_bytes());
        record[256 + 2 * ROWS + 2 * place..][..2].copy_from_slice(&offset.to_le_bytes());
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

    /// Row `row` as numbers; `out` has a place for each column.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let place = row % ROWS;
        let records = self.strip(row / ROWS).chunks_exact(self.packing.record());
        for (record, out) in records.zip(out.as_chunks_mut::<BLOCK>().0) {
            for (column, out) in out.iter_mut().enumerate() {
                *out = match self.packing {
                    Packing::Four => {
                        let (scale, offset) = scale_and_offset(record, place);
                        scale * f32::from(four(record, place, column)) + offset
                    }
                    Packing::Eight => {
                        eight_scale(record, place) * (f32::from(eight(record, place, column)) - 128.0)
                    }
                };
            }
        }
    }
}

/// The code of a place and a column in a record of fours.
#[inline(always)]
pub(super) fn four(record: &[u8], place: usize, column: usize) -> u8 {
    let pair = record[64 * (column % 16 / 4) + 4 * place + column % 4];
    if column < 16 { pair & 15 } else { pair >> 4 }
}

/// The code of a place and a column in a record of eights.
#[inline(always)]
pub(super) fn eight(record: &[u8], place: usize, column: usize) -> u8 {
    record[64 * (column / 4) + 4 * place + column % 4]
}

#[inline(always)]
pub(super) fn scale_and_offset(record: &[u8], place: usize) -> (f32, f32) {
    let half = |at: usize| f16::from_le_bytes([record[at], record[at + 1]]).to_f32();
    (half(256 + 2 * place), half(256 + 2 * ROWS + 2 * place))
}

#[inline(always)]
pub(super) fn eight_scale(record: &[u8], place: usize) -> f32 {
    let at = 512 + 4 * place;
    f32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}
