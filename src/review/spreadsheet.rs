//! CSV that is safe to open in a spreadsheet.
//!
//! RFC 4180: commas, CR LF, quotation marks where they are needed. A spreadsheet takes a cell that begins
//! with `=`, `+`, `-`, `@`, a tab or a line break (or the full-width forms of the signs) for a formula and
//! runs it; such a cell, if it is no number or telephone number, gets an apostrophe in front, which spreadsheets show as text. So does a cell that
//! begins with an apostrophe, so that the exact text can be had back: take one leading apostrophe away.

use std::borrow::Cow;
use std::io::Write;

/// A cell as it stands in the file.
#[must_use]
pub fn safe_cell(cell: &str) -> Cow<'_, str> {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\'' | '＝' | '＋' | '－' | '＠') => {
            // A negative number is a number, and a telephone number one too: neither is a formula.
            if cell.strip_prefix('-').is_some_and(is_number)
                || cell.strip_prefix('+').is_some_and(is_telephone)
            {
                return Cow::Borrowed(cell);
            }
            Cow::Owned(format!("'{cell}"))
        }
        _ => Cow::Borrowed(cell),
    }
}

/// Digits as E.164 has them behind the sign.
fn is_telephone(text: &str) -> bool {
    (7..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.bytes().filter(|&byte| byte == b'.').count() <= 1
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The text of a cell that [`safe_cell`] made.
#[must_use]
pub fn cell_text(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// Writes rows of safe cells.
pub struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    pub fn new(out: W) -> Self {
        Self(csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(false).from_writer(out))
    }

    /// # Errors
    /// The file cannot be written, or the row has another number of cells than the first.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> std::io::Result<()> {
        for cell in cells {
            self.0.write_field(safe_cell(cell).as_bytes()).map_err(into_io)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(into_io)
    }

    /// # Errors
    /// The file cannot be written.
    pub fn finish(self) -> std::io::Result<W> {
        self.0.into_inner().map_err(|error| std::io::Error::from(error.error().kind()))
    }
}

fn into_io(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_written_as_text() {
        for formula in ["=1+1", "+49 170 1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-", "--1"] {
            assert_eq!(safe_cell(formula), format!("'{formula}"));
        }
        for plain in ["", "Anna", "3.5", "-3.5", "-12", "a=b", " =1", "+12135550103"] {
            assert_eq!(safe_cell(plain), plain);
        }
    }

    proptest! {
        #[test]
        fn a_row_reads_back_as_it_was(cells in proptest::collection::vec("([=+@'\\-\t\r\n\",]|\\PC){0,6}", 1..5)) {
            let mut sheet = Sheet::new(Vec::new());
            sheet.row(cells.iter().map(String::as_str)).unwrap();
            let bytes = sheet.finish().unwrap();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
            let record = reader.records().next().unwrap().unwrap();
            let read: Vec<&str> = record.iter().map(cell_text).collect();
            prop_assert_eq!(read, cells.iter().map(String::as_str).collect::<Vec<_>>());
            for cell in &record {
                let number = cell.parse::<f64>().is_ok();
                prop_assert!(number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{}", cell);
            }
        }
    }
}
