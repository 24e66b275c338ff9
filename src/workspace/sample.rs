//! The workspace of the sample shop: its files are in the program, and are unpacked into the user's state
//! folder, where what was decided about the sample is kept too.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{AtomicFile, Privacy, private_folder};
use super::kept::state_folder;
use super::{Workspace, WorkspaceError};

/// Folder of the sample's workspace, in place of the one in the user's state folder.
const FOLDER_VARIABLE: &str = "PERENNIAL_SAMPLE";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../sample-data/shop/", $name)))),*]
    };
}

const FILES: [(&str, &[u8]); 4] = files!["customers.csv", "orders.csv", "products.csv", "events.csv"];

/// `sample` in the user's state folder (Linux: `~/.local/state/perennial`).
pub(super) fn place() -> Result<PathBuf, WorkspaceError> {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    state_folder()
        .map(|folder| folder.join("sample"))
        .ok_or_else(|| {
            WorkspaceError::Unusable(format!(
                "no home folder was found to keep the sample shop in: set {FOLDER_VARIABLE} to a folder, or make a \
                 project with `perennial init DIR`."
            ))
        })
}

pub(super) fn open() -> Result<Workspace, WorkspaceError> {
    let folder = place()?;
    unpack(&folder).map_err(|error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => "Make it writable for you",
            _ => "Make room there",
        };
        WorkspaceError::Unusable(format!(
            "the sample shop cannot be unpacked into {}: {error}. {remedy}, or set {FOLDER_VARIABLE} to another folder.",
            folder.display()
        ))
    })?;
    Workspace::open(folder)
}

/// Writes the sample's tables where they are missing or have another size: an older program's, or cut off.
fn unpack(folder: &Path) -> std::io::Result<()> {
    let data = folder.join("data");
    private_folder(&data)?;
    for (name, bytes) in FILES {
        let path = data.join(name);
        if std::fs::metadata(&path).is_ok_and(|about| about.is_file() && about.len() == bytes.len() as u64) {
            continue;
        }
        let mut file = AtomicFile::create(&path, Privacy::Private)?;
        file.write_all(bytes)?;
        file.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_unpacked_once_and_mended() {
        let folder = tempfile::tempdir().unwrap();
        unpack(folder.path()).unwrap();
        let orders = folder.path().join("data/orders.csv");
        let whole = std::fs::read(&orders).unwrap();
        assert!(whole.len() > 100_000);
        std::fs::write(&orders, &whole[..1000]).unwrap();
        let customers =
            std::fs::metadata(folder.path().join("data/customers.csv")).unwrap().modified().unwrap();
        unpack(folder.path()).unwrap();
        assert!(std::fs::read(&orders).unwrap() == whole);
        let again = std::fs::metadata(folder.path().join("data/customers.csv")).unwrap().modified().unwrap();
        assert_eq!(customers, again, "what is good stays");
    }
}
