//! What keeps the tree readable: imports that point one way, names that tell, files read in one sitting.

use std::fs;
use std::path::{Path, PathBuf};

/// The stages from the bottom up. A module may use only those before it; modules of one row may not use
/// each other, but for the faces, which see everything.
const ORDER: [&[&str]; 15] = [
    &["config", "jobs", "statistics"],
    &["data"],
    &["features"],
    &["segments"],
    &["profiles"],
    &["strategy"],
    &["writing"],
    &["tuning"],
    &["review"],
    &["corpus"],
    &["workspace"],
    &["own_voice"],
    &["campaign"],
    &["door", "results"],
    &["cli", "tui"],
];

const LONGEST_FILE: usize = 500;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All source files of the library, in a stable order.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(Path::new("src"), &mut found);
    found.sort();
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

/// The stage that a file belongs to: `src/data/shop.rs` and `src/data.rs` are of `data`.
fn stage_of(path: &Path) -> &str {
    path.components().nth(1).unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs")
}

fn rank(stage: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&stage))
}

/// Code without comments and without the unit tests at its end.
fn code(source: &str) -> String {
    let end = source.find("#[cfg(test)]\nmod tests").unwrap_or(source.len());
    source[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The stages named by `crate::stage` in the code.
fn used_stages(code: &str) -> Vec<&str> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            // `use crate::{config::Config, jobs::Task}`: the names that open an item of the group.
            let group = &group[..group.find("};").unwrap_or(group.len())];
            let mut depth = 0;
            for item in group.split_inclusive(['{', '}', ',']) {
                if depth == 0 {
                    used.push(item.trim().split([':', ',', '{', '}']).next().unwrap_or_default());
                }
                depth += i32::from(item.ends_with('{')) - i32::from(item.ends_with('}'));
            }
        } else {
            used.push(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
        }
    }
    used
}

#[test]
fn the_reading_of_imports_sees_every_form() {
    let code = "use crate::data::Shop;\nuse crate::{config::{Config, keys}, jobs::Task};\nlet x = crate::tui::run();";
    assert_eq!(
        used_stages(code).into_iter().filter(|name| rank(name).is_some()).collect::<Vec<_>>(),
        ["data", "config", "jobs", "tui"]
    );
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        let stage = stage_of(&path);
        let Some(here) = rank(stage) else { continue };
        for used in used_stages(&code(&source)) {
            let Some(there) = rank(used) else { continue };
            let face = ORDER[here].contains(&"cli");
            if used != stage && (there > here || there == here && !face) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "stages may use only earlier stages:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place_in_the_order() {
    for (path, _) in sources() {
        let stage = stage_of(&path);
        assert!(
            rank(stage).is_some() || ["lib", "main"].contains(&stage),
            "{} belongs to no stage: give it one, or a place in the order",
            path.display()
        );
    }
}

#[test]
fn no_stage_knows_that_a_terminal_exists() {
    for (path, source) in sources() {
        if ["cli", "tui"].contains(&stage_of(&path)) {
            continue;
        }
        let code = code(&source);
        for name in ["ratatui", "crossterm", "clap"] {
            assert!(!code.contains(&format!("{name}::")), "{} uses {name}", path.display());
        }
    }
}

#[test]
fn names_tell_what_is_in_a_file() {
    for (path, _) in sources() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["mod", "utils", "util", "helpers", "helper", "common", "misc"].contains(&stem),
            "{} says nothing of what is in it",
            path.display()
        );
    }
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    for (path, source) in sources() {
        assert!(
            source.starts_with("//!") || path.ends_with("tests.rs"),
            "{} has no comment at its head",
            path.display()
        );
    }
}

#[test]
fn a_file_is_read_in_one_sitting() {
    for (path, source) in sources() {
        if path.ends_with("tests.rs") {
            continue;
        }
        let end = source.find("#[cfg(test)]\nmod tests").unwrap_or(source.len());
        let lines = source[..end].lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines without its tests: split it", path.display());
    }
}
