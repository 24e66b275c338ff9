//! What was read, what was set aside and why. The serialised form is the contract of `check --json`.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use serde::Serialize;

use super::Table;

/// One table of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableReport {
    pub table: Table,
    pub file: String,
    pub rows_read: u64,
    pub rows_kept: u64,
    pub set_aside: Vec<SetAside>,
    pub mapping: Vec<MappedColumn>,
    /// How many rows of the orders are dated in the future, by their day as it is counted from 1970-01-01.
    #[serde(skip)]
    pub later_days: BTreeMap<i64, u64>,
}

/// Rows that were set aside for one reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetAside {
    /// `missing-key`, `bad-date`, `bad-number`, `negative-amount`, `duplicate-id`, `unknown-customer`, `future-date`, `bad-row`.
    pub reason: &'static str,
    pub rows: u64,
    /// The first few.
    pub examples: Vec<Example>,
}

/// Where one such row stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    pub file: String,
    /// Counted from 1, the header included.
    pub line: u64,
    /// What was found there, cut to a readable length.
    pub value: String,
}

/// Which column of the file became which column of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MappedColumn {
    pub column: String,
    /// The name in the file; `None` where the table has no such column.
    pub source: Option<String>,
    /// 0..=1.
    pub confidence: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// Something about the data that a person should know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    pub remedy: String,
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DataReport {
    pub tables: Vec<TableReport>,
    pub findings: Vec<Finding>,
    /// A date that nothing in its column decides, where there is one; the finding says so in words.
    #[serde(skip)]
    pub ambiguous_date: Option<AmbiguousDate>,
}

impl DataReport {
    /// How many rows of the orders are dated in the future, on one of these days as they are counted from 1970-01-01.
    #[must_use]
    pub fn orders_later(&self, days: Range<i64>) -> u64 {
        self.tables.iter().flat_map(|table| table.later_days.range(days.clone())).map(|(_, rows)| rows).sum()
    }
}

/// A date that can be read in two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmbiguousDate {
    /// As it stands in the file: `01/11/2025`.
    pub written: String,
    pub day_first: Date,
    pub month_first: Date,
}
