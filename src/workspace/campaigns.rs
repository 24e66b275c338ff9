//! The plans of campaigns: files of the workspace's folder `campaigns`.

use std::io::Write as _;
use std::path::PathBuf;

use super::files::{AtomicFile, Privacy};
use super::strategies::is_id;
use super::{Workspace, WorkspaceError};

/// Name of the folder of plans.
pub const CAMPAIGNS: &str = "campaigns";

impl Workspace {
    /// Names of all plans, in order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn campaign_plans(&self) -> Result<Vec<String>, WorkspaceError> {
        let folder = self.folder().join(CAMPAIGNS);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let unreadable = |error: std::io::Error| {
            WorkspaceError::Unusable(format!("{} cannot be read: {error}.", folder.display()))
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if let (Some(name), Some("toml")) =
                (path.file_stem().and_then(|name| name.to_str()), path.extension().and_then(|end| end.to_str()))
                && is_id(name)
            {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The text of a plan; `None` where there is no such file.
    ///
    /// # Errors
    /// A name that is no plain file name, or the file cannot be read.
    pub fn campaign_plan(&self, name: &str) -> Result<Option<String>, WorkspaceError> {
        let path = self.plan_path(name)?;
        match std::fs::read_to_string(&path) {
            Ok(source) => Ok(Some(source)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(WorkspaceError::Unusable(format!("{} cannot be read: {error}.", path.display())))
            }
        }
    }

    /// Keeps a plan: the file is replaced as a whole, or stays as it was.
    ///
    /// # Errors
    /// A name that is no plain file name, or the file cannot be written.
    pub fn save_campaign_plan(&self, name: &str, source: &str) -> Result<PathBuf, WorkspaceError> {
        let path = self.plan_path(name)?;
        let write = || {
            std::fs::create_dir_all(self.folder().join(CAMPAIGNS))?;
            let mut file = AtomicFile::create(&path, Privacy::Shared)?;
            file.write_all(source.as_bytes())?;
            file.commit()
        };
        write().map_err(|error: std::io::Error| {
            WorkspaceError::Unusable(format!(
                "{} cannot be saved: {error}. The file is as it was before.",
                path.display()
            ))
        })?;
        Ok(path)
    }

    fn plan_path(&self, name: &str) -> Result<PathBuf, WorkspaceError> {
        if is_id(name) {
            return Ok(self.folder().join(CAMPAIGNS).join(format!("{name}.toml")));
        }
        Err(WorkspaceError::Nothing(format!(
            "\"{name}\" is no name for a campaign: use letters, digits, `-` and `_`."
        )))
    }
}
