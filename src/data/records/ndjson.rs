//! NDJSON: one object per line. An object within an object gives columns named `outer.inner`.

use std::io::Read;

use memchr::{memchr_iter, memrchr};
use serde_json::{Map, Value};

use super::super::DataError;
use super::super::cell::trim;
use super::super::input::{File, decode_cell};
use super::{BLOCK, LONGEST_RECORD, Rows, fill, shorten, too_long};

/// The names of all keys in the beginning of the file, in the order in which they first appear.
pub(super) fn keys(file: &File) -> Result<Vec<String>, DataError> {
    let mut head = Vec::new();
    let ended = fill(&mut *file.text()?, &mut head, 1 << 20, file)?;
    let end = if ended { head.len() } else { memrchr(b'\n', &head).map_or(head.len(), |at| at + 1) };
    let mut names: Vec<String> = Vec::new();
    for line in head[..end].split(|&byte| byte == b'\n') {
        if let Ok(object) = serde_json::from_slice::<Map<String, Value>>(line) {
            each_value(&object, &mut |name, _| {
                if !names.contains(&name) {
                    names.push(name);
                }
            });
        }
    }
    if names.is_empty() {
        return Err(DataError::Unreadable(format!(
            "{}: no line holds a JSON object. NDJSON has one object per line.",
            file.name
        )));
    }
    Ok(names)
}

fn each_value(object: &Map<String, Value>, visit: &mut dyn FnMut(String, &Value)) {
    for (name, value) in object {
        if let Value::Object(inner) = value {
            for (inner_name, value) in inner {
                visit(format!("{name}.{inner_name}"), value);
            }
        } else {
            visit(name.clone(), value);
        }
    }
}

/// Reads blocks that end where a line ends.
pub(in crate::data) struct Blocks {
    reader: Box<dyn Read + Send>,
    file: File,
    rest: Vec<u8>,
    line: u64,
    ended: bool,
}

/// Whole lines.
pub(in crate::data) struct Block {
    bytes: Vec<u8>,
    first_line: u64,
}

impl Blocks {
    pub(super) fn open(file: &File) -> Result<Self, DataError> {
        Ok(Self { reader: file.text()?, file: file.clone(), rest: Vec::new(), line: 1, ended: false })
    }

    pub(super) fn next(&mut self) -> Result<Option<Block>, DataError> {
        let mut size = BLOCK;
        loop {
            if self.ended && self.rest.is_empty() {
                return Ok(None);
            }
            let mut bytes = std::mem::take(&mut self.rest);
            if !self.ended {
                self.ended = fill(&mut *self.reader, &mut bytes, size, &self.file)?;
            }
            let end = if self.ended { bytes.len() } else { memrchr(b'\n', &bytes).map_or(0, |at| at + 1) };
            self.rest = bytes[end..].to_vec();
            bytes.truncate(end);
            if end > 0 {
                let first_line = self.line;
                self.line += memchr_iter(b'\n', &bytes).count() as u64;
                return Ok(Some(Block { bytes, first_line }));
            }
            size = self.rest.len() + BLOCK;
            if size > LONGEST_RECORD + BLOCK {
                return Err(too_long(&self.file, self.line));
            }
        }
    }
}

impl Block {
    pub(super) fn split(self, columns: &[String]) -> Rows {
        let mut rows = Rows::with_width(columns.len());
        let mut cells = vec![String::new(); columns.len()];
        for (number, line) in self.bytes.split(|&byte| byte == b'\n').enumerate() {
            let line_number = self.first_line + number as u64;
            let line = trim(line);
            if line.is_empty() {
                continue;
            }
            let Ok(object) = serde_json::from_slice::<Map<String, Value>>(line) else {
                rows.bad.push((line_number, shorten(&decode_cell(&line[..line.len().min(400)]))));
                continue;
            };
            cells.iter_mut().for_each(String::clear);
            each_value(&object, &mut |name, value| {
                if let Some(at) = columns.iter().position(|column| *column == name) {
                    match value {
                        Value::Null => {}
                        Value::String(text) => cells[at].push_str(text.trim()),
                        other => cells[at] = other.to_string(),
                    }
                }
            });
            for cell in &cells {
                rows.push_cell(cell.as_bytes());
            }
            rows.lines.push(line_number);
        }
        rows
    }
}
