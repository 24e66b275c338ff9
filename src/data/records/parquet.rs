//! Parquet: each cell is written out as the text that a CSV file would have, so that one set of rules holds for
//! all formats. A row's line is its number, counted from 1.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{AnyValue, ArrowDataType, DataFrame, ParquetReader, SerReader, TimeUnit};

use super::super::DataError;
use super::super::cell::DAY_MS;
use super::super::input::File;
use super::Rows;

const ROWS: usize = 50_000;

/// The names of the columns that hold one value a row; lists and structures are no cells of a table.
pub(super) fn columns(file: &File) -> Result<Vec<String>, DataError> {
    guarded(file, || {
        let schema = ParquetReader::new(open(file)?).schema().map_err(|error| error.to_string())?;
        // A dictionary is how a column of texts may be stored.
        let is_plain =
            |kind: &ArrowDataType| !kind.is_nested() || matches!(kind, ArrowDataType::Dictionary(..));
        let plain = schema.iter_values().filter(|field| is_plain(field.dtype()));
        Ok(plain.map(|field| field.name.to_string()).collect())
    })
}

/// Reads some rows at a time.
pub(in crate::data) struct Blocks {
    file: File,
    columns: Vec<String>,
    at: usize,
    rows: usize,
}

impl Blocks {
    pub(super) fn open(file: &File) -> Result<Self, DataError> {
        let rows =
            guarded(file, || ParquetReader::new(open(file)?).num_rows().map_err(|error| error.to_string()))?;
        Ok(Self { file: file.clone(), columns: columns(file)?, at: 0, rows })
    }

    pub(super) fn next(&mut self) -> Result<Option<Rows>, DataError> {
        if self.at >= self.rows {
            return Ok(None);
        }
        let count = ROWS.min(self.rows - self.at);
        let frame = guarded(&self.file, || {
            ParquetReader::new(open(&self.file)?)
                .with_columns(Some(self.columns.clone()))
                .with_slice(Some((self.at, count)))
                .finish()
                .map_err(|error| error.to_string())
        })?;
        let rows = written_out(&frame, self.at as u64 + 1);
        self.at += count;
        self.file.set_bytes_read(self.file.size * self.at as u64 / self.rows as u64);
        Ok(Some(rows))
    }
}

fn open(file: &File) -> Result<std::fs::File, String> {
    std::fs::File::open(&file.path).map_err(|error| error.to_string())
}

/// A damaged file can make the reader panic: that, too, is the file's fault.
fn guarded<T>(file: &File, read: impl FnOnce() -> Result<T, String>) -> Result<T, DataError> {
    let damaged = |why: &str| {
        DataError::Unreadable(format!(
            "{}: the Parquet data is damaged, or of a kind that is not known here ({why}). Export the file again, or as CSV.",
            file.name
        ))
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|why| damaged(why.lines().next().unwrap_or_default())),
        Err(_) => Err(damaged("its contents contradict its directory")),
    }
}

fn written_out(frame: &DataFrame, first_row: u64) -> Rows {
    let columns = frame.columns();
    let mut rows = Rows::with_width(columns.len());
    let mut text = String::new();
    for row in 0..frame.height() {
        for column in columns {
            text.clear();
            // A string cannot refuse to be written to.
            let _ = write_value(&mut text, &column.get(row).unwrap_or(AnyValue::Null));
            rows.push_cell(text.trim().as_bytes());
        }
        rows.lines.push(first_row + row as u64);
    }
    rows
}

fn write_value(text: &mut String, value: &AnyValue<'_>) -> std::fmt::Result {
    match value {
        AnyValue::Null => Ok(()),
        AnyValue::String(value) => text.write_str(value),
        AnyValue::StringOwned(value) => text.write_str(value),
        AnyValue::Float64(value) if value.is_nan() => Ok(()),
        AnyValue::Float64(value) => write!(text, "{value}"),
        AnyValue::Float32(value) if value.is_nan() => Ok(()),
        AnyValue::Float32(value) => write!(text, "{value}"),
        AnyValue::Date(days) => write_moment(text, i64::from(*days) * DAY_MS),
        AnyValue::Datetime(value, unit, _) | AnyValue::DatetimeOwned(value, unit, _) => {
            write_moment(text, milliseconds(*value, *unit))
        }
        AnyValue::Float16(value) if value.is_nan() => Ok(()),
        AnyValue::Int64(value) => write!(text, "{value}"),
        AnyValue::Binary(bytes) => text.write_str(&String::from_utf8_lossy(bytes)),
        AnyValue::BinaryOwned(bytes) => text.write_str(&String::from_utf8_lossy(bytes)),
        // What is stored once and named by number.
        AnyValue::Categorical(..)
        | AnyValue::CategoricalOwned(..)
        | AnyValue::Enum(..)
        | AnyValue::EnumOwned(..) => text.write_str(value.get_str().unwrap_or_default()),
        other => write!(text, "{other}"),
    }
}

fn milliseconds(value: i64, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Nanoseconds => value.div_euclid(1_000_000),
        TimeUnit::Microseconds => value.div_euclid(1000),
        TimeUnit::Milliseconds => value,
    }
}

fn write_moment(text: &mut String, ms: i64) -> std::fmt::Result {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(moment) => write!(text, "{moment}"),
        Err(_) => Ok(()),
    }
}
