//! Finds, opens, decompresses and decodes the files of a shop.
//!
//! In: paths. Out: [`File`]s, and readers of UTF-8 text. Nothing reads more than a block at a time.

mod encoding;
mod unpacked;

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::DataError;
use super::scratch::Scratch;
use crate::jobs::Task;
pub(super) use encoding::{Encoding, decode_cell};

/// What a file holds, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Rows of cells with a delimiter.
    Delimited,
    /// One JSON object per line.
    Ndjson,
    Parquet,
}

/// A file that can be read as a table.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// As people are told: relative to the source folder.
    pub(super) name: String,
    pub(super) format: Format,
    pub(super) gzipped: bool,
    pub(super) encoding: Encoding,
    /// Bytes on disk.
    pub(super) size: u64,
    /// Whether it was named itself, not found in a folder.
    pub(super) named: bool,
    /// Bytes that its readers have taken from the disk.
    progress: Arc<AtomicU64>,
    /// Where it was unpacked to; removed with the last of its readers.
    _unpacked: Option<Arc<Scratch>>,
}

/// What was found, and what was left alone: file name and why.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<File>,
    pub(super) skipped: Vec<(String, String)>,
}

const ENDINGS: [&str; 7] = ["csv", "tsv", "tab", "txt", "ndjson", "jsonl", "parquet"];
/// How much of a file decides its format and encoding.
const HEAD: usize = 1 << 20;

/// Every readable file in the sources, sorted by name.
///
/// # Errors
/// Cancelled, a source that does not exist or cannot be opened, a file that holds no table, or no file at all.
pub(super) fn find(sources: &[PathBuf], task: &Task<'_>) -> Result<Found, DataError> {
    let mut found = Found::default();
    for source in sources {
        let metadata = fs::metadata(source).map_err(|error| cannot_open(source, &error))?;
        if metadata.is_dir() {
            let mut inside = Vec::new();
            list(source, 2, &mut inside)?;
            inside.sort();
            for path in inside {
                let name = path.strip_prefix(source).unwrap_or(&path).display().to_string();
                if let Some(file) =
                    inspect(&path, name.clone(), false, task).or_else(|error| match error {
                        // In a folder, what is plainly no table does not stop the others.
                        Refused::NoTable(why) => {
                            found.skipped.push((name, why));
                            Ok(None)
                        }
                        Refused::Unreadable(error) => Err(error),
                    })?
                {
                    found.files.push(file);
                }
            }
        } else {
            let name = source
                .file_name()
                .map_or_else(|| source.display().to_string(), |name| name.to_string_lossy().into());
            match inspect(source, name.clone(), true, task) {
                Ok(Some(file)) => found.files.push(file),
                Ok(None) => {}
                Err(Refused::NoTable(why)) => {
                    return Err(DataError::Unreadable(format!("{}: {why}", source.display())));
                }
                Err(Refused::Unreadable(error)) => return Err(error),
            }
        }
    }
    if found.files.is_empty() {
        let places: Vec<_> = sources.iter().map(|source| source.display().to_string()).collect();
        let skipped =
            found.skipped.iter().fold(String::new(), |text, (name, why)| format!("{text}\n  {name}: {why}"));
        return Err(DataError::Unreadable(format!(
            "No table was found in {}. Put CSV, NDJSON or Parquet files there (customers, orders, products, events), \
             or name the folder that has them with --data.{skipped}",
            if places.is_empty() {
                "the list of sources, which is empty".to_owned()
            } else {
                places.join(", ")
            }
        )));
    }
    Ok(found)
}

fn list(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for entry in fs::read_dir(folder).map_err(|error| cannot_open(folder, &error))? {
        let entry = entry.map_err(|error| cannot_open(folder, &error))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if depth > 0 {
                list(&path, depth - 1, into)?;
            }
        } else if has_known_ending(&path) {
            into.push(path);
        }
    }
    Ok(())
}

fn has_known_ending(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.contains(&ending) || ending == "xlsx" || ending == "json")
}

/// Why a file is not read.
enum Refused {
    /// It holds something else.
    NoTable(String),
    Unreadable(DataError),
}

fn inspect(path: &Path, name: String, named: bool, task: &Task<'_>) -> Result<Option<File>, Refused> {
    let unreadable = |error: &io::Error| Refused::Unreadable(cannot_open(path, error));
    let metadata = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        // Opening a pipe waits for whoever writes into it, and tables are read more than once.
        return Err(Refused::NoTable(
            "is a pipe, device or socket: save what comes out of it to a file, and name that".into(),
        ));
    }
    let size = metadata.len();
    let mut start = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .map_err(|error| unreadable(&error))?;
    let gzipped = start.starts_with(&[0x1f, 0x8b]);
    let mut head = Vec::new();
    open_bytes(path, gzipped, Arc::default())
        .and_then(|reader| reader.take(HEAD as u64).read_to_end(&mut head))
        .map_err(|error| Refused::Unreadable(broken(&name, gzipped, &error)))?;
    if head.is_empty() {
        let error = DataError::Unreadable(format!(
            "{name} is empty. Export the table again, or take the file out of the folder."
        ));
        return Err(Refused::Unreadable(error));
    }
    if head.starts_with(b"PAR1") {
        let (path, size, unpacked) = if gzipped {
            let (path, size, folder) =
                unpacked::unpack(path, &name, size, task).map_err(Refused::Unreadable)?;
            (path, size, Some(folder))
        } else {
            (path.into(), size, None)
        };
        return Ok(Some(File {
            path,
            name,
            format: Format::Parquet,
            gzipped: false,
            encoding: Encoding::Utf8,
            size,
            named,
            progress: Arc::default(),
            _unpacked: unpacked,
        }));
    }
    if has_ending(Path::new(name.strip_suffix(".gz").unwrap_or(&name)), "parquet") {
        let error = DataError::Unreadable(format!(
            "{name} is not Parquet, whatever its name says: it does not begin with PAR1. Export the table again, or give \
             the file the ending of what it holds (.csv, .ndjson)."
        ));
        return Err(Refused::Unreadable(error));
    }
    if head.starts_with(b"PK\x03\x04") {
        return Err(Refused::NoTable(
            "is a workbook or an archive: save each sheet as CSV, or unpack it".into(),
        ));
    }
    let Some(encoding) = Encoding::detect(&head) else {
        return Err(Refused::NoTable(
            "holds binary data, not a table: export it as CSV, NDJSON or Parquet".into(),
        ));
    };
    let text = encoding.decode_head(&head);
    let first = text.trim_start().chars().next();
    let format = match first {
        None => {
            let error =
                DataError::Unreadable(format!("{name} holds only blank lines. Export the table again."));
            return Err(Refused::Unreadable(error));
        }
        Some('{') => Format::Ndjson,
        Some('[') if has_ending(path, "json") => {
            return Err(Refused::NoTable(
                "is one JSON array: write one object per line (NDJSON) instead".into(),
            ));
        }
        Some(_) => Format::Delimited,
    };
    Ok(Some(File {
        path: path.into(),
        name,
        format,
        gzipped,
        encoding,
        size,
        named,
        progress: Arc::default(),
        _unpacked: None,
    }))
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// The bytes of a file, decompressed.
fn open_bytes(path: &Path, gzipped: bool, progress: Arc<AtomicU64>) -> io::Result<Box<dyn Read + Send>> {
    let file = Counted { file: fs::File::open(path)?, progress };
    Ok(if gzipped {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 18, file)))
    } else {
        Box::new(file)
    })
}

impl File {
    /// The text of the file, as UTF-8 without a byte order mark.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(super) fn text(&self) -> Result<Box<dyn Read + Send>, DataError> {
        let bytes = open_bytes(&self.path, self.gzipped, Arc::clone(&self.progress))
            .map_err(|error| cannot_open(&self.path, &error))?;
        self.progress.store(0, Ordering::Relaxed);
        self.encoding.reader(bytes).map_err(|error| self.broken(&error))
    }

    /// Bytes of the file that its reader has taken from the disk.
    pub(super) fn bytes_read(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// Tells that so many bytes' worth of the file have been read, where that is not counted by itself.
    pub(super) fn set_bytes_read(&self, bytes: u64) {
        self.progress.store(bytes, Ordering::Relaxed);
    }

    /// What to tell a person about an error while reading.
    pub(super) fn broken(&self, error: &io::Error) -> DataError {
        broken(&self.name, self.gzipped, error)
    }
}

fn broken(name: &str, gzipped: bool, error: &io::Error) -> DataError {
    DataError::Unreadable(if gzipped {
        format!("{name}: the gzip data is damaged or cut short ({error}). Copy or export the file again.")
    } else {
        format!("{name} cannot be read: {error}.")
    })
}

fn cannot_open(path: &Path, error: &io::Error) -> DataError {
    let path = path.display();
    DataError::Unreadable(match error.kind() {
        io::ErrorKind::NotFound => {
            format!("{path} does not exist. Check the path given with --data or in perennial.toml.")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "{path} may not be read by this user. Change its permissions (chmod u+r), or copy it to a folder of yours."
            )
        }
        _ => format!("{path} cannot be opened: {error}."),
    })
}

/// A file that counts what is read from it.
struct Counted {
    file: fs::File,
    progress: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
