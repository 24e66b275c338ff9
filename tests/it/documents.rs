//! Tables in the documents that are generated from the program: they say what it does today.
//!
//! `UPDATE_DOCS=1 cargo test --release --test it documents` writes them anew.

use std::fmt::Write as _;
use std::fs;

use perennial::strategy;
use perennial::strategy::fields::{FIELDS, Scope};

use crate::program::{perennial, text};

/// Compares what stands between `<!-- NAME -->` and `<!-- end NAME -->` with what the program says.
fn check(document: &str, name: &str, wanted: &str) {
    let source = fs::read_to_string(document).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    let start = source.find(&open).unwrap_or_else(|| panic!("{document} has no {open}")) + open.len();
    let end = start + source[start..].find(&close).unwrap_or_else(|| panic!("{document} has no {close}"));
    let wanted = format!("\n{}\n\n", wanted.trim_end());
    if source[start..end] == wanted {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(document, format!("{}{wanted}{}", &source[..start], &source[end..])).unwrap();
        return;
    }
    panic!(
        "the table `{name}` of {document} is not what the program says. Write it anew with\n\
         UPDATE_DOCS=1 cargo test --release --test it documents\nIt should be:\n{wanted}"
    );
}

fn said(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let out = perennial(home.path()).args(arguments).assert().code(0);
    text(&out.get_output().stdout)
}

#[test]
fn tables_of_the_readme() {
    check("README.md", "commands", &perennial::cli::commands_table());
    check("README.md", "keys", &said(&["keys", "--markdown"]));
}

#[test]
fn settings_of_the_guide() {
    check("docs/guide/configuration.md", "settings", &said(&["config", "reference"]));
}

#[test]
fn tables_of_the_strategies_guide() {
    let guide = "docs/guide/strategies.md";
    let shipped = strategy::shipped();
    let mut table = String::from("| File | Name | Stage | Channel | Language |\n|---|---|---|---|---|\n");
    for one in shipped {
        let read = strategy::parse(one.id, one.source).unwrap();
        let kebab = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        let stage = kebab(serde_json::to_value(read.stage).unwrap());
        let channel = kebab(serde_json::to_value(read.channel).unwrap());
        writeln!(table, "| `{}` | {} | {stage} | {channel} | {} |", one.id, read.name, read.language)
            .unwrap();
    }
    check(guide, "shipped", &table);

    let example = shipped.iter().find(|one| one.id == "win-back-email-en").unwrap();
    check(guide, "example", &format!("```toml\n{}\n```", example.source.trim_end()));

    let mut table = String::from("| Field | Meaning | Example | |\n|---|---|---|---|\n");
    for field in &FIELDS {
        let (en, zh) = field.example;
        let example = if en == zh { en.to_owned() } else { format!("{en}, {zh}") };
        let notes = [
            (field.scope == Scope::Personal).then_some("personal: the model never sees it"),
            field.may_lack.then_some("may be missing"),
            (!field.readable).then_some("in instructions only"),
        ];
        let notes = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
        writeln!(table, "| `{}` | {} | {example} | {notes} |", field.name, field.meaning).unwrap();
    }
    check(guide, "fields", &table);
}

/// What the guide calls a feature is what files and documents call it.
#[test]
fn the_guide_names_features_as_the_files_do() {
    let guide = fs::read_to_string("docs/guide/data.md").unwrap();
    let table = guide.split("\n| Feature | Meaning |\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let heads = table.lines().skip(1).filter_map(|row| row.split('|').nth(1));
    let names: Vec<&str> = heads.flat_map(|head| head.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() >= 11, "{names:?}");
    for name in names {
        let feature: Result<perennial::features::Feature, _> = serde_json::from_str(&format!("\"{name}\""));
        assert!(feature.is_ok(), "{name}: {feature:?}");
    }
}

/// Every picture and page that the documents point to is there.
#[test]
fn links_lead_somewhere() {
    let mut documents = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/guide"] {
        let pages = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        documents.extend(
            pages
                .filter(|page| page.extension().is_some_and(|e| e == "md"))
                .map(|page| page.display().to_string()),
        );
    }
    let mut dead = Vec::new();
    for document in documents {
        let source = fs::read_to_string(&document).unwrap();
        let folder = std::path::Path::new(&document).parent().unwrap();
        for (at, _) in source.match_indices("](") {
            let rest = &source[at + 2..];
            let target = &rest[..rest.find(')').unwrap_or(0)];
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") && !folder.join(path).exists() {
                dead.push(format!("{document}: {target}"));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
