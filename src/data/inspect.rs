//! What each file is taken for and which columns it has, also where the shop cannot be read for it.
//!
//! In: files or folders and the settings of `[data]`. Out: a [`FileOutline`] for each file. Only the first
//! rows are read.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::recognise::{Candidate, Words, outline};
use super::records::{Blocks, Rows, layout};
use super::{DataError, MappedColumn, Table, input};
use crate::config::DataConfig;
use crate::jobs::Task;

/// A column as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceColumn {
    pub name: String,
    /// The first cell in which something stands; empty where none was seen.
    pub example: String,
}

/// What a file is taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct FileOutline {
    /// As in `[data.tables]`.
    pub file: String,
    /// `None`: it is taken for no table.
    pub table: Option<Table>,
    pub columns: Vec<SourceColumn>,
    /// The table's columns and where in the file they come from.
    pub mapping: Vec<MappedColumn>,
    /// Columns that the table must have, and those of them that were not found.
    pub required: Vec<String>,
    pub missing: Vec<String>,
    /// Why the file cannot be used so, in words.
    pub problem: Option<String>,
}

/// Looks at the files.
///
/// # Errors
/// Cancelled, or no file is there. What is wrong with one file stands in its outline.
pub fn inspect(
    sources: &[PathBuf],
    settings: &DataConfig,
    task: &Task<'_>,
) -> Result<Vec<FileOutline>, DataError> {
    let words = Words::load()?;
    let mut outlines = Vec::new();
    let mut all_opened = Vec::new();
    for file in input::find(sources, task)?.files {
        task.check()?;
        let opened = layout(&file).and_then(|layout| {
            let first = Blocks::open(&file, &layout)?.next()?;
            Ok((first.map(|block| block.split(&layout)).unwrap_or_default(), layout.columns))
        });
        all_opened.push((file, opened));
    }
    let all_columns: BTreeSet<String> = all_opened
        .iter()
        .filter_map(|(_, opened)| opened.as_ref().ok())
        .flat_map(|(_, columns)| columns.clone())
        .collect();
    for (file, opened) in all_opened {
        let (sample, columns) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                outlines.push(FileOutline {
                    file: file.name.clone(),
                    table: None,
                    columns: Vec::new(),
                    mapping: Vec::new(),
                    required: Vec::new(),
                    missing: Vec::new(),
                    problem: Some(error.to_string()),
                });
                continue;
            }
        };
        let candidate = Candidate { name: &file.name, named: file.named, columns: &columns, sample: &sample };
        let found = outline(&words, &candidate, &all_columns, settings);
        let source = |at: Option<usize>| at.map(|at| columns[at].clone());
        outlines.push(FileOutline {
            file: file.name.clone(),
            table: found.mapping.as_ref().map(|mapping| mapping.table),
            mapping: found.mapping.iter().flat_map(|mapping| &mapping.columns).map(mapped(&source)).collect(),
            required: found.required,
            missing: found.missing,
            problem: found.problem,
            columns: columns
                .iter()
                .enumerate()
                .map(|(at, name)| SourceColumn { name: name.clone(), example: example(&sample, at) })
                .collect(),
        });
    }
    Ok(outlines)
}

fn mapped(
    source: &impl Fn(Option<usize>) -> Option<String>,
) -> impl Fn(&(&'static str, Option<usize>, f64)) -> MappedColumn + '_ {
    move |&(column, at, confidence)| MappedColumn {
        column: column.to_owned(),
        source: source(at),
        confidence,
    }
}

/// Rows that are looked through for an example.
const LOOKED_AT: usize = 50;

fn example(sample: &Rows, column: usize) -> String {
    (0..sample.len().min(LOOKED_AT))
        .map(|row| sample.cell(row, column))
        .find(|cell| !cell.is_empty())
        .map_or_else(String::new, |cell| super::records::shorten(&String::from_utf8_lossy(cell)))
}
