//! Parquet files that are gzipped as a whole. Their directory stands at the end, so they are unpacked first.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::DataError;
use super::super::scratch::Scratch;
use super::{broken, open_bytes};
use crate::jobs::Task;

/// A Parquet file is compressed by itself: one that grows to more than this many times its size is none, and
/// must not fill the disk.
const MOST_GROWTH: u64 = 64;
/// What any file may grow to.
const ALWAYS_ALLOWED: u64 = 64 << 20;
const BLOCK: usize = 1 << 20;

/// Unpacks the file into a private folder; its path, its size, and the folder that it goes with.
pub(super) fn unpack(
    path: &Path,
    name: &str,
    packed: u64,
    task: &Task<'_>,
) -> Result<(PathBuf, u64, Arc<Scratch>), DataError> {
    let no_room = |error: &io::Error| {
        DataError::Unreadable(format!(
            "{name} is gzipped and cannot be unpacked in {}: {error}. Free some disk space, set TMPDIR to a folder \
             with more, or unpack the file yourself.",
            std::env::temp_dir().display()
        ))
    };
    let most = packed.saturating_mul(MOST_GROWTH).max(ALWAYS_ALLOWED);
    let mut reader =
        open_bytes(path, true, Arc::default()).map_err(|error| super::cannot_open(path, &error))?;
    let scratch = Scratch::create().map_err(|error| no_room(&error))?;
    let place = scratch.path().join("unpacked.parquet");
    let mut file = fs::File::create(&place).map_err(|error| no_room(&error))?;
    let mut block = vec![0; BLOCK];
    let mut size = 0;
    loop {
        task.check()?;
        let read = match reader.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(name, true, &error)),
        };
        size += read as u64;
        if size > most {
            return Err(DataError::Unreadable(format!(
                "{name} grows to more than {MOST_GROWTH} times its size when unpacked, as no Parquet file does. \
                 Export the table again, or unpack the file yourself."
            )));
        }
        file.write_all(&block[..read]).map_err(|error| no_room(&error))?;
        task.progress(format!("unpacking {name}"), size, None);
    }
    Ok((place, size, Arc::new(scratch)))
}
