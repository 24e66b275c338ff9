//! Tells whether a file is still the one that was opened.
//!
//! A model is read in many pieces, by several threads. What they read must be of one file, and its checksum too.

use std::fs::{self, Metadata};
use std::path::Path;
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
}
