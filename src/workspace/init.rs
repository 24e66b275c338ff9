//! Makes a folder a workspace.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{AtomicFile, Privacy, private_folder};
use super::{STRATEGIES, Workspace, WorkspaceError};
use crate::config::{PROJECT_FILE, SAMPLE};
use crate::strategy::shipped;

const IGNORED: &str = include_str!("../../assets/workspace/gitignore");

/// What [`init`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Made {
    /// Files that were written, relative to the folder.
    pub written: Vec<PathBuf>,
    /// Files that were there already, and stay as they were.
    pub kept: Vec<PathBuf>,
}

/// Makes `folder` a workspace: settings, the strategies that come with the program, and the other folders. A
/// file that is there is never overwritten.
///
/// # Errors
/// The folder or a file cannot be made.
pub fn init(folder: &Path) -> Result<(Workspace, Made), WorkspaceError> {
    let mut made = Made::default();
    let unusable = |path: &Path, error: &std::io::Error| {
        WorkspaceError::Unusable(format!(
            "{} cannot be made: {error}. Choose a folder that you may write, on a disk with room.",
            path.display()
        ))
    };
    for name in ["", STRATEGIES, "segments", "knowledge", "data"] {
        let path = folder.join(name);
        private_folder(&path).map_err(|error| unusable(&path, &error))?;
    }
    let strategies =
        shipped().iter().map(|file| (Path::new(STRATEGIES).join(format!("{}.toml", file.id)), file.source));
    let settings = settings();
    let others = [
        (PathBuf::from(PROJECT_FILE), settings.as_str()),
        (PathBuf::from(".gitignore"), IGNORED),
        // git keeps no empty folder.
        (PathBuf::from("segments/.gitkeep"), ""),
        (PathBuf::from("knowledge/.gitkeep"), ""),
    ];
    for (name, text) in others.into_iter().chain(strategies) {
        let path = folder.join(&name);
        if path.symlink_metadata().is_ok() {
            made.kept.push(name);
            continue;
        }
        let write = || {
            let mut file = AtomicFile::create(&path, Privacy::Shared)?;
            file.write_all(text.as_bytes())?;
            file.commit()
        };
        write().map_err(|error| unusable(&path, &error))?;
        made.written.push(name);
    }
    Ok((Workspace::open(folder)?, made))
}

/// Every setting, explained and commented out: what stands in a project goes before the user's own settings, so
/// nothing may stand there that nobody chose.
fn settings() -> String {
    let mut text = String::with_capacity(SAMPLE.len() + 256);
    for line in SAMPLE.lines() {
        if line.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            text.push_str("# ");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_project_sets_nothing() {
        let settings = settings();
        let table: toml::Table = settings.parse().unwrap();
        let is_empty = |value: &toml::Value| match value {
            toml::Value::Table(table) => {
                table.values().all(|value| value.as_table().is_some_and(toml::Table::is_empty))
            }
            _ => false,
        };
        assert!(table.values().all(is_empty), "{table:?}");
        assert!(settings.contains("# name = \"Perennial Home\""));
    }
}
