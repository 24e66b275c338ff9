//! Where what is saved and decided about data without a project is kept: folders in the user's state folder.
//!
//! `sample` is the sample shop's; `data-…` belongs to one set of files, found again by their places.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{Workspace, WorkspaceError};

/// The program's folder in the user's state folder (Linux: `~/.local/state/perennial`); `None` without a home.
pub(super) fn state_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "perennial")?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_path_buf())
}

impl Workspace {
    /// The folder for decisions about these files and folders, the same for the same places. It need not be there.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn kept_for(sources: &[PathBuf]) -> Result<PathBuf, WorkspaceError> {
        let mut hash = Sha256::new();
        for source in sources {
            let place = std::fs::canonicalize(source).unwrap_or_else(|_| source.clone());
            hash.update(place.as_os_str().as_encoded_bytes());
            hash.update([0]);
        }
        let name =
            hash.finalize().iter().take(8).fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
        state_folder().map(|folder| folder.join(format!("data-{name}"))).ok_or_else(|| {
            WorkspaceError::Unusable(
                "no home folder was found to keep decisions in: make a project with `perennial init DIR` and open \
                 that."
                    .into(),
            )
        })
    }
}
