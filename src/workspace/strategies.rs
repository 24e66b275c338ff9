//! The strategy templates of a workspace: the files of its folder, or those that come with the program.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{AtomicFile, Privacy};
use super::{STRATEGIES, Workspace, WorkspaceError};
use crate::strategy::{self, Problem, Strategy, shipped};

/// A strategy file and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategyFile {
    /// File name without `.toml`.
    pub id: String,
    pub source: String,
    /// What the file says, or everything that is wrong with it.
    pub parsed: Result<Strategy, Vec<Problem>>,
}

impl StrategyFile {
    fn new(id: &str, source: String) -> Self {
        Self { id: id.to_owned(), parsed: strategy::parse(id, &source), source }
    }
}

impl Workspace {
    /// All strategies, in the order of their ids. A workspace without a folder of strategies has those that come
    /// with the program.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn strategies(&self) -> Result<Vec<StrategyFile>, WorkspaceError> {
        let folder = self.folder.join(STRATEGIES);
        if !folder.is_dir() {
            return Ok(Self::shipped_strategies());
        }
        let unreadable = |error: &std::io::Error| {
            WorkspaceError::Unusable(format!("{} cannot be read: {error}.", folder.display()))
        };
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&error))? {
            let path = entry.map_err(|error| unreadable(&error))?.path();
            if let (Some(id), Some("toml")) =
                (path.file_stem().and_then(|id| id.to_str()), path.extension().and_then(|end| end.to_str()))
                && is_id(id)
                && path.is_file()
            {
                ids.push(id.to_owned());
            }
        }
        ids.sort_unstable();
        ids.iter().map(|id| self.strategy(id)).collect()
    }

    /// The strategies that come with the program, for where there is no workspace.
    #[must_use]
    pub fn shipped_strategies() -> Vec<StrategyFile> {
        let mut files: Vec<StrategyFile> =
            shipped().iter().map(|file| StrategyFile::new(file.id, file.source.to_owned())).collect();
        files.sort_by(|a, b| a.id.cmp(&b.id));
        files
    }

    /// One strategy.
    ///
    /// # Errors
    /// No strategy has this id, or its file cannot be read.
    pub fn strategy(&self, id: &str) -> Result<StrategyFile, WorkspaceError> {
        let path = self.strategy_path(id)?;
        match std::fs::read(&path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(source) => Ok(StrategyFile::new(id, source)),
                Err(_) => Err(WorkspaceError::Unusable(format!(
                    "{} is not UTF-8 text. Save it as UTF-8.",
                    path.display()
                ))),
            },
            Err(error) => {
                let ours = shipped().iter().find(|file| file.id == id && !path.exists());
                ours.map(|file| StrategyFile::new(id, file.source.to_owned())).ok_or_else(|| {
                    WorkspaceError::Unusable(format!("{} cannot be read: {error}.", path.display()))
                })
            }
        }
    }

    /// Keeps a strategy: the file is replaced as a whole, or stays as it was. A text with mistakes can be kept
    /// too; the strategy says what is wrong with it.
    ///
    /// # Errors
    /// An id that is no plain file name, or the file cannot be written.
    pub fn save_strategy(&self, id: &str, source: &str) -> Result<StrategyFile, WorkspaceError> {
        let path = self.strategy_path(id)?;
        let write = || {
            let folder = self.folder.join(STRATEGIES);
            if !folder.is_dir() {
                // From now on the folder says which strategies there are: those that were there go into it.
                std::fs::create_dir_all(&folder)?;
                for file in shipped().iter().filter(|file| file.id != id) {
                    replace(&folder.join(format!("{}.toml", file.id)), file.source)?;
                }
            }
            replace(&path, source)
        };
        write().map_err(|error: std::io::Error| {
            WorkspaceError::Unusable(format!(
                "{} cannot be saved: {error}. The file is as it was before.",
                path.display()
            ))
        })?;
        Ok(StrategyFile::new(id, source.to_owned()))
    }

    fn strategy_path(&self, id: &str) -> Result<PathBuf, WorkspaceError> {
        if is_id(id) {
            return Ok(self.folder.join(STRATEGIES).join(format!("{id}.toml")));
        }
        Err(WorkspaceError::Nothing(format!(
            "\"{id}\" is no name for a strategy: use letters, digits, `-` and `_`."
        )))
    }
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = AtomicFile::create(path, Privacy::Shared)?;
    file.write_all(text.as_bytes())?;
    file.commit()
}

/// Whether a name stays inside the folder and can be typed.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
}
