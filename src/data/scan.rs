//! Reads one file from its beginning to its end on several threads.
//!
//! Workers take blocks in turn, split them and convert them; the caller's thread gets the results in the order of
//! the file. At most a few blocks are held at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crossbeam_channel::bounded;

use super::DataError;
use super::input::File;
use super::records::{Blocks, Layout, Rows};
use crate::jobs::Task;

/// Files up to this size are read on the caller's thread.
const SMALL: u64 = 1 << 20;

/// Splits every block of the file, turns it into something by `convert`, and hands it to `consume` in order.
///
/// # Errors
/// Cancelled, a file that cannot be read to its end, or what `consume` returns.
pub(super) fn scan<T: Send>(
    file: &File,
    layout: &Layout,
    task: &Task<'_>,
    convert: impl Fn(Rows) -> T + Sync,
    mut consume: impl FnMut(T) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut blocks = Blocks::open(file, layout)?;
    let report = || task.progress(format!("reading {}", file.name), file.bytes_read(), Some(file.size));
    let workers = thread::available_parallelism().map_or(2, usize::from).clamp(1, 4);
    if file.size <= SMALL && !file.gzipped {
        while let Some(block) = blocks.next()? {
            task.check()?;
            consume(convert(block.split(layout)))?;
        }
        report();
        return Ok(());
    }
    let source = Mutex::new((blocks, 0usize));
    let (sender, receiver) = bounded::<(usize, Result<T, DataError>)>(workers);
    thread::scope(|scope| {
        for _ in 0..workers {
            let sender = sender.clone();
            let (source, convert) = (&source, &convert);
            scope.spawn(move || {
                loop {
                    let (number, block) = {
                        let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                        let number = source.1;
                        source.1 += 1;
                        (number, source.0.next())
                    };
                    let (result, last) = match block {
                        Ok(Some(block)) => (Ok(convert(block.split(layout))), false),
                        Ok(None) => return,
                        Err(error) => (Err(error), true),
                    };
                    // Nobody receives any more once the reading was cancelled or has failed.
                    if sender.send((number, result)).is_err() || last {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // Dropped at the end of this closure, so that workers stop before the scope waits for them.
        let receiver = receiver;
        let mut early = BTreeMap::new();
        let mut next = 0;
        for (number, result) in &receiver {
            early.insert(number, result);
            while let Some(result) = early.remove(&next) {
                task.check()?;
                consume(result?)?;
                report();
                next += 1;
            }
        }
        Ok(())
    })
}
