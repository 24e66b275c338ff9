//! Counts the rows that are set aside.

use std::collections::BTreeMap;

use super::super::input::decode_cell;
use super::super::records::{Rows, shorten};
use super::super::{Example, SetAside};

/// Why a row is set aside, in the order in which the reasons are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    MissingKey,
    BadDate,
    BadNumber,
    NegativeAmount,
    DuplicateId,
    UnknownCustomer,
    FutureDate,
    BadRow,
}

const REASONS: [(Reason, &str); 8] = [
    (Reason::MissingKey, "missing-key"),
    (Reason::BadDate, "bad-date"),
    (Reason::BadNumber, "bad-number"),
    (Reason::NegativeAmount, "negative-amount"),
    (Reason::DuplicateId, "duplicate-id"),
    (Reason::UnknownCustomer, "unknown-customer"),
    (Reason::FutureDate, "future-date"),
    (Reason::BadRow, "bad-row"),
];

const EXAMPLES: usize = 5;
const MILLISECONDS_OF_A_DAY: i64 = 86_400_000;

/// The rows of one file that are set aside.
#[derive(Debug)]
pub(super) struct Aside {
    file: String,
    reasons: [(u64, Vec<Example>); 8],
    /// Rows that are dated in the future, by their day as it is counted from 1970-01-01.
    later: BTreeMap<i64, u64>,
}

impl Aside {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), reasons: Default::default(), later: BTreeMap::new() }
    }

    /// Counts a row; `column` holds what is wrong with it.
    pub(super) fn add(&mut self, reason: Reason, rows: &Rows, row: usize, column: Option<usize>) {
        let (count, examples) = &mut self.reasons[reason as usize];
        *count += 1;
        if examples.len() < EXAMPLES {
            let value = match column.map(|column| rows.cell(row, column)) {
                Some(cell) if !cell.is_empty() => shorten(&decode_cell(cell)),
                _ => rows.text(row),
            };
            examples.push(Example { file: self.file.clone(), line: rows.line(row), value });
        }
    }

    /// Counts the day of a row that is dated in the future.
    pub(super) fn add_later(&mut self, at: i64) {
        *self.later.entry(at.div_euclid(MILLISECONDS_OF_A_DAY)).or_default() += 1;
    }

    /// Rows by day, as [`Self::add_later`] counted them.
    pub(super) fn later(&mut self) -> BTreeMap<i64, u64> {
        std::mem::take(&mut self.later)
    }

    /// Counts the records that could not be split into the table's cells.
    pub(super) fn add_bad(&mut self, rows: &Rows) {
        let (count, examples) = &mut self.reasons[Reason::BadRow as usize];
        *count += rows.bad.len() as u64;
        for (line, value) in rows.bad.iter().take(EXAMPLES.saturating_sub(examples.len())) {
            examples.push(Example { file: self.file.clone(), line: *line, value: value.clone() });
        }
    }

    pub(super) fn rows(&self, reason: Reason) -> u64 {
        self.reasons[reason as usize].0
    }

    pub(super) fn finish(self) -> Vec<SetAside> {
        self.reasons
            .into_iter()
            .zip(REASONS)
            .filter(|((rows, _), _)| *rows > 0)
            .map(|((rows, examples), (_, reason))| SetAside { reason, rows, examples })
            .collect()
    }
}
