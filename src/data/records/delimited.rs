//! Delimited text: RFC 4180, with `,` `;` tab or `|`, quoted line breaks, and any of the line ends.
//!
//! Lenient where files in the wild are: blank lines are passed over, text after a closing quote is kept, a
//! quote inside an unquoted cell is a letter, and a quote that is never closed spoils one line, not the rest.

use std::io::Read;

use memchr::{memchr, memchr_iter, memchr2, memrchr};

use super::super::DataError;
use super::super::cell::trim;
use super::super::input::{File, decode_cell};
use super::{BLOCK, LONGEST_RECORD, Rows, fill, shorten, too_long};

/// How cells and lines are separated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) struct Dialect {
    delimiter: u8,
    /// `\n`, also for `\r\n`; `\r` in files of old Macintoshes.
    newline: u8,
    /// Lines before the header: `sep=;`, as spreadsheets write it, and blank ones.
    before_header: u64,
}

/// Finds the delimiter and the header.
pub(super) fn sniff(file: &File) -> Result<(Dialect, Vec<String>), DataError> {
    let mut head = Vec::new();
    let ended = fill(&mut *file.text()?, &mut head, 1 << 18, file)?;
    let newline =
        if memchr(b'\n', &head).is_none() && memchr(b'\r', &head).is_some() { b'\r' } else { b'\n' };
    let mut before_header = 0;
    let mut text = head.as_slice();
    let mut declared = None;
    while !text.is_empty() {
        let end = memchr(newline, text).unwrap_or(text.len());
        let line = &text[..end];
        match line.strip_suffix(b"\r").unwrap_or(line) {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sign] => declared = Some(*sign),
            line if line.iter().all(|&byte| byte == b' ') => {}
            _ => break,
        }
        before_header += 1;
        text = text.get(end + 1..).unwrap_or_default();
    }
    let choose = || {
        // The delimiter gives every record the same number of cells, and many of them.
        let score = |delimiter: u8| {
            let dialect = Dialect { delimiter, newline, before_header: 0 };
            let mut splitter = Splitter::new(dialect, 0);
            let mut widths = Vec::new();
            let mut at = 0;
            while at < text.len() && widths.len() < 50 {
                match splitter.record(text, at, false) {
                    Some(next) => {
                        widths.push(splitter.record.len());
                        at = next;
                    }
                    None => break,
                }
            }
            if widths.is_empty() && splitter.record(text, 0, true).is_some() {
                widths.push(splitter.record.len());
            }
            let first = widths.first().copied().unwrap_or(0);
            let same = widths.iter().filter(|&&width| width == first).count();
            if first < 2 { 0.0 } else { (first as f64).min(20.0) / 100.0 + same as f64 / widths.len() as f64 }
        };
        let mut best = (b',', 0.0);
        for delimiter in [b',', b';', b'\t', b'|'] {
            let score = score(delimiter);
            if score > best.1 {
                best = (delimiter, score);
            }
        }
        best.0
    };
    let delimiter = declared.unwrap_or_else(choose);
    let dialect = Dialect { delimiter, newline, before_header };
    let mut splitter = Splitter::new(dialect, 0);
    if splitter.record(text, 0, ended).is_none() {
        return Err(DataError::Unreadable(format!(
            "{}, line {}: the header does not end within {} KB. Is this a table?",
            file.name,
            before_header + 1,
            head.len() >> 10
        )));
    }
    let columns = splitter
        .record
        .iter()
        .map(|&(start, end)| decode_cell(trim(&Splitter::unquoted(text, (start, end)))).into_owned())
        .collect();
    Ok((dialect, columns))
}

/// Reads blocks that end where a record ends.
pub(in crate::data) struct Blocks {
    reader: Box<dyn Read + Send>,
    file: File,
    dialect: Dialect,
    width: usize,
    /// The beginning of a record that the last block did not hold whole.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
    header_read: bool,
    /// Bytes read at a time.
    size: usize,
}

/// Whole records, split or not.
pub(in crate::data) struct Block {
    bytes: Vec<u8>,
    dialect: Dialect,
    width: usize,
    first_line: u64,
    /// Cells found already, where finding the end of the last record needed that.
    split: Option<Rows>,
}

impl Blocks {
    pub(super) fn open(file: &File, dialect: Dialect, width: usize) -> Result<Self, DataError> {
        Ok(Self {
            reader: file.text()?,
            file: file.clone(),
            dialect,
            width,
            rest: Vec::new(),
            line: 1,
            ended: false,
            header_read: false,
            size: BLOCK,
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<Block>, DataError> {
        let mut size = self.size;
        loop {
            if self.ended && self.rest.is_empty() {
                return Ok(None);
            }
            let mut bytes = std::mem::take(&mut self.rest);
            bytes.reserve_exact(size.saturating_sub(bytes.len()) + 1);
            if !self.ended {
                self.ended = fill(&mut *self.reader, &mut bytes, size, &self.file)?;
            }
            if !self.header_read {
                self.skip_header(&mut bytes);
            }
            if let Some(block) = self.cut(bytes) {
                return Ok(Some(block));
            }
            // Not one record ends in the block.
            if !self.ended {
                size = self.rest.len() + self.size;
                if size > LONGEST_RECORD + BLOCK {
                    return Err(too_long(&self.file, self.line));
                }
            }
        }
    }

    fn skip_header(&mut self, bytes: &mut Vec<u8>) {
        let mut at = 0;
        for _ in 0..self.dialect.before_header {
            at += memchr(self.dialect.newline, &bytes[at..]).map_or(bytes.len() - at, |end| end + 1);
        }
        let mut splitter = Splitter::new(self.dialect, 0);
        let end = splitter.record(bytes, at, true).unwrap_or(bytes.len());
        self.line += memchr_iter(self.dialect.newline, &bytes[..end]).count() as u64;
        bytes.drain(..end);
        self.header_read = true;
    }

    /// Keeps what follows the last whole record for the next block.
    fn cut(&mut self, mut bytes: Vec<u8>) -> Option<Block> {
        let first_line = self.line;
        if memchr(b'"', &bytes).is_none() {
            let end = if self.ended {
                bytes.len()
            } else {
                memrchr(self.dialect.newline, &bytes).map_or(0, |at| at + 1)
            };
            self.rest = bytes[end..].to_vec();
            bytes.truncate(end);
            if end == 0 {
                return None;
            }
            self.line += memchr_iter(self.dialect.newline, &bytes).count() as u64;
            return Some(Block { bytes, dialect: self.dialect, width: self.width, first_line, split: None });
        }
        let mut splitter = Splitter::new(self.dialect, self.width);
        let end = splitter.all(&mut bytes, first_line, self.ended);
        self.rest = bytes[end..].to_vec();
        bytes.truncate(end);
        if end == 0 {
            return None;
        }
        self.line = splitter.line;
        let mut rows = splitter.rows;
        rows.bytes = bytes;
        Some(Block {
            bytes: Vec::new(),
            dialect: self.dialect,
            width: self.width,
            first_line,
            split: Some(rows),
        })
    }
}

impl Block {
    pub(super) fn split(self) -> Rows {
        if let Some(rows) = self.split {
            return rows;
        }
        let mut rows = Rows::with_width(self.width);
        let bytes = &self.bytes;
        let Dialect { delimiter, newline, .. } = self.dialect;
        rows.cells.reserve(bytes.len() / 8);
        rows.lines.reserve(bytes.len() / (8 * self.width.max(1)));
        let mut at = 0;
        let mut line = self.first_line;
        while at < bytes.len() {
            // No quotes in this block: a line is a record.
            let first_cell = rows.cells.len();
            let mut start = at;
            let mut end = at;
            while end < bytes.len() && bytes[end] != newline {
                if bytes[end] == delimiter {
                    rows.cells.push(trimmed(bytes, start, end));
                    start = end + 1;
                }
                end += 1;
            }
            rows.cells.push(trimmed(bytes, start, end));
            finish_record(&mut rows, bytes, first_cell, (at, end), line, self.width);
            at = end + 1;
            line += 1;
        }
        rows.bytes = self.bytes;
        rows
    }
}

/// The record's cells are the last ones of `rows`: keeps them as a row, or counts the record as bad.
fn finish_record(
    rows: &mut Rows,
    bytes: &[u8],
    first_cell: usize,
    (start, end): (usize, usize),
    line: u64,
    width: usize,
) {
    let mut count = rows.cells.len() - first_cell;
    if count == 1 && width != 1 && rows.cells[first_cell].0 == rows.cells[first_cell].1 {
        rows.cells.truncate(first_cell);
        return;
    }
    // Some programs end every line but the header with a delimiter.
    if count == width + 1 && rows.cells.last().is_some_and(|&(start, end)| start == end) {
        rows.cells.pop();
        count = width;
    }
    if count == width {
        rows.lines.push(line);
    } else {
        rows.cells.truncate(first_cell);
        rows.bad.push((line, shorten(decode_cell(trim(&bytes[start..end.min(start + 400)])).as_ref())));
    }
}

fn trimmed(bytes: &[u8], mut start: usize, mut end: usize) -> (u32, u32) {
    while start < end && matches!(bytes[start], b' ' | b'\t' | b'\r') {
        start += 1;
    }
    while end > start && matches!(bytes[end - 1], b' ' | b'\t' | b'\r') {
        end -= 1;
    }
    (start as u32, end as u32)
}

/// Splits text with quotes.
struct Splitter {
    dialect: Dialect,
    width: usize,
    rows: Rows,
    line: u64,
    /// Cells of the record at hand, quotes included.
    record: Vec<(usize, usize)>,
}

impl Splitter {
    fn new(dialect: Dialect, width: usize) -> Self {
        Self { dialect, width, rows: Rows::with_width(width), line: 0, record: Vec::new() }
    }

    /// Finds the cells of the record at `at`, and where the next one begins; `None` where the text ends first
    /// and more may follow, or where a quote is not closed.
    fn record(&mut self, bytes: &[u8], at: usize, ended: bool) -> Option<usize> {
        let Dialect { delimiter, newline, .. } = self.dialect;
        self.record.clear();
        let mut start = at;
        loop {
            let mut end = start;
            // A quote opens a quoted cell only at its beginning, after spaces.
            let opening = start + bytes[start..].iter().take_while(|&&byte| byte == b' ').count();
            if bytes.get(opening) == Some(&b'"') {
                end = opening + 1;
                loop {
                    end += memchr(b'"', &bytes[end..])? + 1;
                    match bytes.get(end) {
                        Some(b'"') => end += 1,
                        None if !ended => return None,
                        _ => break,
                    }
                }
            }
            match memchr2(delimiter, newline, &bytes[end..]) {
                Some(length) => {
                    end += length;
                    self.record.push((start, end));
                    if bytes[end] == newline {
                        return Some(end + 1);
                    }
                    start = end + 1;
                }
                None if ended => {
                    self.record.push((start, bytes.len()));
                    return Some(bytes.len());
                }
                None => return None,
            }
        }
    }

    /// Splits every whole record, writes the cells without their quotes over the cells with them, and says where
    /// the last whole record ended.
    fn all(&mut self, bytes: &mut [u8], first_line: u64, ended: bool) -> usize {
        self.line = first_line;
        let mut at = 0;
        while at < bytes.len() {
            let next = match self.record(bytes, at, ended) {
                Some(next) => next,
                None if ended => {
                    // A quote is opened and never closed: that line is bad, the next one begins afresh.
                    let end =
                        memchr(self.dialect.newline, &bytes[at..]).map_or(bytes.len(), |length| at + length);
                    let text = decode_cell(trim(&bytes[at..end.min(at + 400)])).into_owned();
                    self.rows.bad.push((self.line, shorten(&text)));
                    self.line += 1;
                    at = (end + 1).min(bytes.len());
                    continue;
                }
                None => return at,
            };
            let lines = memchr_iter(self.dialect.newline, &bytes[at..next]).count() as u64;
            let first_cell = self.rows.cells.len();
            let record = std::mem::take(&mut self.record);
            for &(start, end) in &record {
                let (start, end) = unquote(bytes, start, end);
                self.rows.cells.push(trimmed(bytes, start, end));
            }
            self.record = record;
            let blank = trim(&bytes[at..next]).is_empty();
            if blank && self.width == 1 && self.record.len() == 1 {
                self.rows.cells.truncate(first_cell);
            } else {
                finish_record(&mut self.rows, bytes, first_cell, (at, next), self.line, self.width);
            }
            self.line += lines;
            at = next;
        }
        at
    }

    fn unquoted(bytes: &[u8], (start, end): (usize, usize)) -> Vec<u8> {
        let mut cell = bytes[start..end].to_vec();
        let length = cell.len();
        let (start, end) = unquote(&mut cell, 0, length);
        cell[start..end].to_vec()
    }
}

/// Takes the quotes off a cell in place; the cell gets shorter and keeps its beginning.
fn unquote(bytes: &mut [u8], start: usize, end: usize) -> (usize, usize) {
    let opening = start + bytes[start..end].iter().take_while(|&&byte| byte == b' ').count();
    if bytes.get(opening) != Some(&b'"') || opening >= end {
        return (start, end);
    }
    let mut to = opening + 1;
    let mut from = opening + 1;
    let mut quoted = true;
    while from < end {
        if quoted && bytes[from] == b'"' {
            if from + 1 < end && bytes[from + 1] == b'"' {
                from += 1;
            } else {
                quoted = false;
                from += 1;
                continue;
            }
        }
        bytes[to] = bytes[from];
        to += 1;
        from += 1;
    }
    (opening + 1, to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::input;
    use super::super::layout;
    use super::*;

    /// Cells, row by row, and the number of bad records.
    fn split(text: &[u8], size: usize) -> (Vec<Vec<String>>, Vec<u64>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.csv");
        std::fs::write(&path, text).unwrap();
        let file = crate::jobs::unwatched(|task| input::find(&[path], task)).unwrap().files.remove(0);
        let layout = layout(&file).unwrap();
        let mut blocks = Blocks::open(&file, layout.dialect.unwrap(), layout.columns.len()).unwrap();
        blocks.size = size;
        let (mut records, mut lines, mut bad) = (Vec::new(), Vec::new(), 0);
        while let Some(block) = blocks.next().unwrap() {
            let rows = block.split();
            for row in 0..rows.len() {
                records.push(
                    (0..rows.width)
                        .map(|column| String::from_utf8_lossy(rows.cell(row, column)).into_owned())
                        .collect(),
                );
                lines.push(rows.line(row));
            }
            bad += rows.bad.len();
        }
        (records, lines, bad)
    }

    proptest! {
        #[test]
        fn what_a_csv_writer_wrote_is_read_back_whatever_the_block_size(
            records in proptest::collection::vec(proptest::collection::vec("[a-c,;\"\n ]{0,6}", 3), 1..30),
            size in 120usize..400,
            always in any::<bool>(),
        ) {
            let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
            let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
            writer.write_record(["one", "two", "three"]).unwrap();
            let mut expected_lines = Vec::new();
            let mut line = 2;
            for record in &records {
                writer.write_record(record).unwrap();
                expected_lines.push(line);
                line += 1 + record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
            }
            let text = writer.into_inner().unwrap();
            let (found, lines, bad) = split(&text, size);
            let expected: Vec<Vec<String>> = records
                .iter()
                .map(|record| record.iter().map(|cell| String::from_utf8_lossy(trim_spaces(cell.as_bytes())).into_owned()).collect())
                .collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(lines, expected_lines);
            prop_assert_eq!(bad, 0);
        }

        #[test]
        fn any_text_gives_the_same_rows_whatever_the_block_size(
            text in "[ab,\"\r\n]{0,300}",
            size in 60usize..400,
        ) {
            let text = format!("one,two\n{text}\nx,y\n");
            // An open quote makes a difference only to where reading gives up.
            prop_assume!(text.matches('"').count() % 2 == 0);
            prop_assert_eq!(split(text.as_bytes(), size), split(text.as_bytes(), BLOCK));
        }
    }

    fn trim_spaces(cell: &[u8]) -> &[u8] {
        let (start, end) = trimmed(cell, 0, cell.len());
        &cell[start as usize..end as usize]
    }
}
