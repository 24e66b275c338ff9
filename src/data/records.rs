//! Records of cells, in blocks, whatever the file's format.
//!
//! In: a [`File`]. Out: [`Rows`], in the order of the file, each with its line. A block is about a megabyte,
//! so memory does not grow with the file; splitting a block into cells needs no other block, so several
//! threads can do it at once.

mod delimited;
mod ndjson;
mod parquet;

use std::io::Read;

use super::DataError;
use super::input::{File, Format};
pub(super) use delimited::Dialect;

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;
/// The longest record; a longer one is a mistake, and memory must not grow with it.
const LONGEST_RECORD: usize = 8 << 20;

/// Records that have the right number of cells, and what is left of those that do not.
#[derive(Debug, Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    /// Start and end of each cell, row by row.
    cells: Vec<(u32, u32)>,
    width: usize,
    lines: Vec<u64>,
    /// Line and content of records that cannot be split into the table's cells.
    pub(super) bad: Vec<(u64, String)>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> &[u8] {
        let (start, end) = self.cells[row * self.width + column];
        &self.bytes[start as usize..end as usize]
    }

    /// Line of the file, counted from 1, on which the record begins.
    pub(super) fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }

    /// The whole record, to show it.
    pub(super) fn text(&self, row: usize) -> String {
        let cells: Vec<_> =
            (0..self.width).map(|column| super::input::decode_cell(self.cell(row, column))).collect();
        shorten(&cells.join(","))
    }

    fn with_width(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Adds a cell to the record that is being put together.
    fn push_cell(&mut self, cell: &[u8]) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(cell);
        self.cells.push((start, self.bytes.len() as u32));
    }
}

/// Cut to what fits on a line of a report, without control characters.
pub(super) fn shorten(text: &str) -> String {
    const LETTERS: usize = 80;
    let mut short: String =
        text.chars().take(LETTERS).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(LETTERS).is_some() {
        short.push('…');
    }
    short
}

/// How the file's rows are laid out.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) columns: Vec<String>,
    dialect: Option<Dialect>,
}

/// Reads the names of the columns, and decides how records are split.
///
/// # Errors
/// The file cannot be read, or has no header.
pub(super) fn layout(file: &File) -> Result<Layout, DataError> {
    match file.format {
        Format::Delimited => {
            let (dialect, columns) = delimited::sniff(file)?;
            Ok(Layout { columns, dialect: Some(dialect) })
        }
        Format::Ndjson => Ok(Layout { columns: ndjson::keys(file)?, dialect: None }),
        Format::Parquet => Ok(Layout { columns: parquet::columns(file)?, dialect: None }),
    }
}

/// Hands out the blocks of a file. One thread at a time asks for a block; what it gets it can split alone.
pub(super) enum Blocks {
    Delimited(delimited::Blocks),
    Ndjson(ndjson::Blocks),
    Parquet(parquet::Blocks),
}

/// A block, not yet split.
pub(super) enum Block {
    Delimited(delimited::Block),
    Ndjson(ndjson::Block),
    Rows(Rows),
}

impl Blocks {
    pub(super) fn open(file: &File, layout: &Layout) -> Result<Self, DataError> {
        let width = layout.columns.len();
        Ok(match (file.format, layout.dialect) {
            (Format::Parquet, _) => Self::Parquet(parquet::Blocks::open(file)?),
            (Format::Delimited, Some(dialect)) => {
                Self::Delimited(delimited::Blocks::open(file, dialect, width)?)
            }
            _ => Self::Ndjson(ndjson::Blocks::open(file)?),
        })
    }

    /// The next block; `None` at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read further, or has a record longer than memory should hold.
    pub(super) fn next(&mut self) -> Result<Option<Block>, DataError> {
        Ok(match self {
            Self::Delimited(blocks) => blocks.next()?.map(Block::Delimited),
            Self::Ndjson(blocks) => blocks.next()?.map(Block::Ndjson),
            Self::Parquet(blocks) => blocks.next()?.map(Block::Rows),
        })
    }
}

impl Block {
    /// The records of the block.
    pub(super) fn split(self, layout: &Layout) -> Rows {
        match self {
            Self::Delimited(block) => block.split(),
            Self::Ndjson(block) => block.split(&layout.columns),
            Self::Rows(rows) => rows,
        }
    }
}

/// Fills `buffer` up to `size` bytes; true at the end of the file.
fn fill(reader: &mut dyn Read, buffer: &mut Vec<u8>, size: usize, file: &File) -> Result<bool, DataError> {
    let missing = size.saturating_sub(buffer.len()) as u64;
    let read = reader.take(missing).read_to_end(buffer).map_err(|error| file.broken(&error))?;
    Ok((read as u64) < missing)
}

fn too_long(file: &File, line: u64) -> DataError {
    DataError::Unreadable(format!(
        "{}, line {line}: a record of more than {} MB. Is a quote opened there and not closed, or is this not a table?",
        file.name,
        LONGEST_RECORD >> 20
    ))
}
