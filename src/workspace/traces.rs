//! Files in which somebody still stands.
//!
//! In: files and folders, and the words by which somebody is known. Out: the files that hold one of them, and those
//! that cannot be searched, as they are packed.

use std::fs;
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;
use serde::Serialize;

/// Folders within folders that are looked into.
const DEEPEST: usize = 8;
/// Endings of files whose text is packed.
const PACKED: [&str; 6] = ["gz", "parquet", "zip", "zst", "bz2", "xlsx"];

/// Where somebody stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traces {
    pub files: Vec<PathBuf>,
    /// Packed, or cannot be read.
    pub not_searched: Vec<PathBuf>,
}

/// Looks for the words in these files and folders, but not in a database: it has its own way of forgetting.
#[must_use]
pub fn traces(places: &[PathBuf], words: &[String]) -> Traces {
    let finders: Vec<Finder<'_>> =
        words.iter().filter(|word| !word.is_empty()).map(|word| Finder::new(word.as_bytes())).collect();
    let mut found = Traces::default();
    for place in places {
        look(place, &finders, 0, &mut found);
    }
    for list in [&mut found.files, &mut found.not_searched] {
        list.sort();
        list.dedup();
    }
    found
}

fn look(place: &Path, finders: &[Finder<'_>], depth: usize, found: &mut Traces) {
    let Ok(about) = fs::symlink_metadata(place) else { return };
    if about.is_dir() || about.is_symlink() && place.is_dir() && depth == 0 {
        let hidden = place.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".git"));
        if depth < DEEPEST && !hidden {
            for entry in fs::read_dir(place).into_iter().flatten().flatten() {
                look(&entry.path(), finders, depth + 1, found);
            }
        }
        return;
    }
    let ending = |name: &str| place.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(name));
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".db") || name.ends_with(".db-wal") || name.ends_with(".db-shm") {
        return;
    }
    if PACKED.iter().any(|packed| ending(packed)) {
        found.not_searched.push(place.to_owned());
        return;
    }
    match fs::read(place) {
        Ok(bytes) => {
            if finders.iter().any(|finder| stands_alone(&bytes, finder)) {
                found.files.push(place.to_owned());
            }
        }
        Err(_) => found.not_searched.push(place.to_owned()),
    }
}

/// Whether a word stands there as a whole: `C12` is not in `C123`.
fn stands_alone(bytes: &[u8], finder: &Finder<'_>) -> bool {
    let joins = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let length = finder.needle().len();
    finder.find_iter(bytes).any(|at| {
        !joins(at.checked_sub(1).and_then(|before| bytes.get(before))) && !joins(bytes.get(at + length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_as_a_whole_in_every_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let customers = file("data/customers.csv", "id,email\nC12,anna@example.com\n");
        file("data/orders.csv", "id,customer\n1,C123\n");
        let packed = file("old.csv.gz", "C12");
        let orders = file("a/b/c/orders.csv", "7,\"C12\",5\n");
        file("perennial.db", "C12");
        let found =
            traces(&[folder.path().to_owned()], &["C12".into(), "anna@example.com".into(), String::new()]);
        assert_eq!(found, Traces { files: vec![orders, customers], not_searched: vec![packed] });
    }
}
