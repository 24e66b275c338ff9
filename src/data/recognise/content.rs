//! How well the cells of a column agree with what the column is to hold.

use super::{Kind, SAMPLE};
use crate::data::cell::{DateOrder, Decimal, is_missing, parse_flag, parse_number, parse_when};
use crate::data::records::Rows;

/// Share of the cells that are there and can be read; `None` where no cell is there.
pub(super) fn share(sample: &Rows, column: usize, reads: impl Fn(&[u8]) -> bool) -> Option<f64> {
    let mut there = 0u32;
    let mut read = 0u32;
    for row in 0..sample.len().min(SAMPLE) {
        let cell = sample.cell(row, column);
        if !is_missing(cell) {
            there += 1;
            read += u32::from(reads(cell));
        }
    }
    (there > 0).then(|| f64::from(read) / f64::from(there))
}

pub(super) fn reads_when(cell: &[u8]) -> bool {
    parse_when(cell, DateOrder::DayFirst).or_else(|| parse_when(cell, DateOrder::MonthFirst)).is_some()
}

pub(super) fn reads_number(cell: &[u8]) -> bool {
    parse_number(cell, Decimal::Point).or_else(|| parse_number(cell, Decimal::Comma)).is_some()
}

/// Lowers the score of a column whose cells are not what they should be.
pub(super) fn content_score(kind: Kind, sample: &Rows, column: usize) -> f64 {
    let share = match kind {
        Kind::Text | Kind::Id => return 1.0,
        Kind::When => share(sample, column, reads_when),
        Kind::Money | Kind::Number => share(sample, column, reads_number),
        Kind::Flag => share(sample, column, |cell| parse_flag(cell).is_some()),
    };
    match share {
        None => 0.9,
        Some(share) if share >= 0.8 => 1.0,
        Some(share) if share >= 0.4 => 0.8,
        // A name that is plain keeps the column, so that the rows are counted as bad, not the column as missing.
        Some(_) => 0.6,
    }
}
