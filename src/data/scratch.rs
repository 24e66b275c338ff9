//! A private folder among the system's temporary ones, for what does not fit in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder that only this user can read: it will hold who bought what. It goes with its last owner.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// # Errors
    /// The system's temporary folder cannot be written to.
    pub(super) fn create() -> std::io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("perennial-{}-{number}", std::process::id()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // What an earlier process of this number left behind is of no use.
        let _ = fs::remove_dir_all(&folder);
        builder.create(&folder)?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The system clears its temporary folder some day if this fails.
        let _ = fs::remove_dir_all(&self.0);
    }
}
