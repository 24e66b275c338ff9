//! Rows of a table by customer: in memory, or where they would take too much of it, in Parquet files in a temporary
//! folder, which is removed with the last shop that uses it.
//!
//! In: frames with the columns `customer` (u32) and `at` (i64, milliseconds UTC) among theirs. Out: all rows, a frame
//! at a time, or those of one customer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{
    DataFrame, IdxCa, IntoLazy, LazyFrame, ParquetReader, ParquetWriter, PolarsError, PolarsResult,
    ScanArgsParquet, SerReader, UnionArgs, col, concat, lit,
};

use super::super::scratch::Scratch;
use super::DataError;

/// Rows of one file on disk.
const ROWS_PER_FILE: usize = 1_000_000;
/// Rows of one group within a file: what is read to find one customer's.
const ROWS_PER_GROUP: usize = 8_192;

/// Every row of a table.
#[derive(Clone, Debug)]
pub(super) enum ByCustomer {
    Memory {
        /// Sorted by customer and time.
        frame: DataFrame,
        /// First row of each customer, and the number of rows at the end.
        starts: Arc<[u32]>,
    },
    Disk(Arc<Spill>),
}

/// Rows on disk. Those of one file are sorted by customer and time.
#[derive(Debug)]
pub(super) struct Spill {
    folder: Scratch,
    files: Vec<PathBuf>,
    rows: usize,
}

impl ByCustomer {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory { frame, .. } => frame.height(),
            Self::Disk(spill) => spill.rows,
        }
    }

    /// # Errors
    /// Rows on disk cannot be read back.
    fn lazy(&self) -> PolarsResult<LazyFrame> {
        let spill = match self {
            Self::Memory { frame, .. } => return Ok(frame.clone().lazy()),
            Self::Disk(spill) => spill,
        };
        let scan = |file: &PathBuf| {
            LazyFrame::scan_parquet(file.to_string_lossy().as_ref().into(), ScanArgsParquet::default())
        };
        concat(spill.files.iter().map(scan).collect::<PolarsResult<Vec<_>>>()?, UnionArgs::default())
    }

    /// Calls `visit` with frames that are of one piece; together they are all rows.
    ///
    /// # Errors
    /// Rows on disk cannot be read back, or `visit` fails.
    pub(super) fn each(
        &self,
        visit: &mut dyn FnMut(&DataFrame) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let spill = match self {
            Self::Memory { frame, .. } => return visit(frame),
            Self::Disk(spill) => spill,
        };
        for file in &spill.files {
            let mut frame = fs::File::open(file)
                .map_err(|error| error.to_string())
                .and_then(|file| ParquetReader::new(file).finish().map_err(|error| error.to_string()))
                .map_err(|error| spill_error(spill.folder.path(), &error))?;
            frame.rechunk_mut_par();
            visit(&frame)?;
        }
        Ok(())
    }

    /// Rows of one customer, oldest first.
    ///
    /// # Errors
    /// Rows on disk cannot be read back.
    pub(super) fn of(&self, customer: usize) -> PolarsResult<DataFrame> {
        match self {
            Self::Memory { frame, starts } => {
                let (start, end) = match (starts.get(customer), starts.get(customer + 1)) {
                    (Some(&start), Some(&end)) => (start as usize, end as usize),
                    _ => (0, 0),
                };
                Ok(frame.slice(start as i64, end - start))
            }
            Self::Disk(_) => {
                let found = self.lazy()?.filter(col("customer").eq(lit(customer as u32))).collect()?;
                Ok(sorted(&found)?.0)
            }
        }
    }
}

/// Rows while they are read.
#[derive(Debug, Default)]
pub(super) struct Builder {
    spill: Option<Spill>,
}

impl Builder {
    /// Whether so many rows are to be put aside on disk, if `most` may be held in memory.
    pub(super) fn is_too_much(&self, rows: usize, most: usize) -> bool {
        rows >= if self.spill.is_some() { ROWS_PER_FILE.min(most) } else { most }
    }

    /// Puts rows aside on disk.
    ///
    /// # Errors
    /// The disk cannot hold them.
    pub(super) fn put_aside(&mut self, frame: &DataFrame) -> Result<(), DataError> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => {
                let folder = Scratch::create()
                    .map_err(|error| spill_error(&std::env::temp_dir(), &error.to_string()))?;
                none.insert(Spill { folder, files: Vec::new(), rows: 0 })
            }
        };
        let mut start = 0;
        while start < frame.height() {
            let rows = ROWS_PER_FILE.min(frame.height() - start);
            let path = spill.folder.path().join(format!("rows-{}.parquet", spill.files.len()));
            sorted(&frame.slice(start as i64, rows))
                .map_err(|error| error.to_string())
                .and_then(|(mut part, _)| {
                    let file = fs::File::create(&path).map_err(|error| error.to_string())?;
                    ParquetWriter::new(file)
                        .with_row_group_size(Some(ROWS_PER_GROUP))
                        .finish(&mut part)
                        .map_err(|error| error.to_string())
                })
                .map_err(|error| spill_error(spill.folder.path(), &error))?;
            spill.files.push(path);
            spill.rows += rows;
            start += rows;
        }
        Ok(())
    }

    /// With the rows that were read last.
    ///
    /// # Errors
    /// The disk cannot hold them.
    pub(super) fn finish(mut self, rest: &DataFrame, customers: usize) -> Result<ByCustomer, DataError> {
        if self.spill.is_some() {
            self.put_aside(rest)?;
        }
        if let Some(spill) = self.spill {
            return Ok(ByCustomer::Disk(Arc::new(spill)));
        }
        let (frame, mut starts) = sorted(rest).map_err(|error| unreadable(&error))?;
        starts.resize(customers + 1, rest.height() as u32);
        Ok(ByCustomer::Memory { frame, starts: starts.into() })
    }
}

/// The rows in a stable order by customer and time, and the first row of each customer up to the last that has any.
fn sorted(frame: &DataFrame) -> PolarsResult<(DataFrame, Vec<u32>)> {
    let (customer, at) = (frame.column("customer")?.rechunk(), frame.column("at")?.rechunk());
    let (customer, at) = (customer.u32()?.cont_slice()?, at.i64()?.cont_slice()?);
    let customers = customer.iter().max().map_or(0, |&last| last as usize + 1);
    let mut starts = vec![0_u32; customers + 1];
    for &row in customer {
        starts[row as usize + 1] += 1;
    }
    for row in 0..customers {
        starts[row + 1] += starts[row];
    }
    let mut next = starts.clone();
    let mut order = vec![0_u32; customer.len()];
    for (row, &customer) in customer.iter().enumerate() {
        let place = &mut next[customer as usize];
        order[*place as usize] = row as u32;
        *place += 1;
    }
    for range in starts.windows(2) {
        order[range[0] as usize..range[1] as usize].sort_by_key(|&row| at[row as usize]);
    }
    Ok((frame.take(&IdxCa::from_vec("order".into(), order))?, starts))
}

pub(super) fn unreadable(error: &PolarsError) -> DataError {
    DataError::Unreadable(format!(
        "The shop's orders and events cannot be read back: {error}. Read the files again."
    ))
}

fn spill_error(folder: &Path, why: &str) -> DataError {
    DataError::Unreadable(format!(
        "The shop's orders and events do not fit in memory, and {} cannot hold them: {why}. Free some disk space, or \
         set TMPDIR to a folder with more.",
        folder.display()
    ))
}

#[cfg(test)]
impl ByCustomer {
    /// The folder on disk, and how many files are in it.
    pub(super) fn on_disk(&self) -> Option<(PathBuf, usize)> {
        match self {
            Self::Memory { .. } => None,
            Self::Disk(spill) => Some((spill.folder.path().to_owned(), spill.files.len())),
        }
    }
}
