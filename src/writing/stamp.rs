//! Tells whether a file is still the one that was opened.
//!
//! A model is read in many pieces, by several threads. What they read must be of one file, and its checksum too.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::WritingError;
use super::local::sha256_of;
use crate::jobs::Cancel;

/// What tells a file from another under its name, and from itself after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device and number, where files have them.
    place: Option<(u64, u64)>,
}

impl Stamp {
    pub(super) fn of(about: &Metadata) -> Self {
        #[cfg(unix)]
        let place = {
            use std::os::unix::fs::MetadataExt as _;
            Some((about.dev(), about.ino()))
        };
        #[cfg(not(unix))]
        let place = None;
        Self { bytes: about.len(), modified: about.modified().ok(), place }
    }

    /// That the file under this name is the same still.
    ///
    /// # Errors
    /// It is another, has been changed, or is gone.
    pub(super) fn check(&self, path: &Path) -> Result<(), WritingError> {
        if fs::metadata(path).is_ok_and(|about| Self::of(&about) == *self) {
            return Ok(());
        }
        Err(WritingError::Failed(format!(
            "{} was changed or taken away while it was read: load it again",
            path.display()
        )))
    }

    /// SHA-256 of the file under this name, which must be the same still.
    ///
    /// # Errors
    /// As [`Stamp::check`]; it cannot be read, or cancelled.
    pub(super) fn sha256(&self, path: &Path, cancel: &Cancel) -> Result<String, WritingError> {
        let hash = sha256_of(path, cancel)?;
        self.check(path).map(|()| hash)
    }
}

/// What has become of the file of a model that is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Gone,
    /// Another lies in its place, or it was written to.
    Changed,
}

/// Looks after the file that a model was loaded from.
#[derive(Clone, Debug)]
pub struct Watch {
    path: PathBuf,
    stamp: Stamp,
}

impl Watch {
    /// The file as it is now; of a model's folder, the one with the weights. `None` where there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let path = if path.is_dir() { path.join("model.safetensors") } else { path.to_owned() };
        let stamp = Stamp::of(&fs::metadata(&path).ok()?);
        Some(Self { path, stamp })
    }

    /// What has become of it since; `None` where it is as it was.
    #[must_use]
    pub fn fate(&self) -> Option<Fate> {
        match fs::metadata(&self.path) {
            Err(_) => Some(Fate::Gone),
            Ok(about) => (Stamp::of(&about) != self.stamp).then_some(Fate::Changed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_changed_replaced_or_removed_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        fs::write(&path, "weights").unwrap();
        let stamp = || Stamp::of(&fs::metadata(&path).unwrap());
        let before = stamp();
        assert!(before.check(&path).is_ok());
        // The same bytes in another file.
        fs::write(folder.path().join("other"), "weights").unwrap();
        fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(before.check(&path).is_err());
        let before = stamp();
        fs::write(&path, "other weights").unwrap();
        assert!(before.check(&path).is_err());
        let before = stamp();
        fs::remove_file(&path).unwrap();
        let error = before.check(&path).unwrap_err().to_string();
        assert!(error.contains("model.gguf") && error.contains("load it again"), "{error}");
    }

    #[test]
    fn a_watch_tells_a_file_that_is_gone_from_one_that_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        assert!(Watch::of(&path).is_none());
        fs::write(&path, "weights").unwrap();
        let watch = Watch::of(folder.path()).unwrap();
        assert_eq!(watch.fate(), None);
        fs::write(&path, "other weights").unwrap();
        assert_eq!(watch.fate(), Some(Fate::Changed));
        fs::remove_file(&path).unwrap();
        assert_eq!(watch.fate(), Some(Fate::Gone));
    }
}
