//! Reads the files of a corpus.
//!
//! In: TOML texts. Out: groups of messages, or the first mistake with its place and what to do.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Corpus, Group, Kind, Message};
use crate::segments::Stage;
use crate::strategy::OfferKind;

/// Why a corpus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    #[error("{} cannot be read: {source}; check the path", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// File, place, cause and remedy.
    #[error("{0}")]
    Wrong(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: Language,
    stage: FileStage,
    #[serde(default)]
    group: Vec<FileGroup>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Language {
    En,
    Zh,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileStage {
    Acquisition,
    Activation,
    Retention,
    WinBack,
    Loyalty,
    Any,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileOffer {
    Percentage,
    Amount,
    FreeShipping,
    Gift,
    EarlyAccess,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileGroup {
    part: Kind,
    offer: FileOffer,
    tasks: Vec<String>,
    messages: Vec<Message>,
}

/// Reads files, and in a folder every `.toml` of it.
///
/// # Errors
/// A file cannot be read, or is no part of a corpus.
pub fn read_files(paths: &[PathBuf]) -> Result<Corpus, CorpusError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CorpusError::Read { path, source }
    };
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside = Vec::new();
            for entry in std::fs::read_dir(path).map_err(failed(path))? {
                let inner = entry.map_err(failed(path))?.path();
                if inner.extension().is_some_and(|extension| extension == "toml") {
                    inside.push(inner);
                }
            }
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    let mut corpus = Corpus::default();
    for path in files {
        let source = std::fs::read_to_string(&path).map_err(failed(&path))?;
        corpus.groups.extend(read(&path.display().to_string(), &source)?.groups);
    }
    Ok(corpus)
}

/// Reads one file; `name` is what errors and findings call it.
///
/// # Errors
/// It is no part of a corpus.
pub fn read(name: &str, source: &str) -> Result<Corpus, CorpusError> {
    let file: File = toml::from_str(source).map_err(|error| {
        CorpusError::Wrong(format!("{name} is no file of a corpus: {error}; assets/training shows the form"))
    })?;
    let stage = match file.stage {
        FileStage::Acquisition => Some(Stage::Acquisition),
        FileStage::Activation => Some(Stage::Activation),
        FileStage::Retention => Some(Stage::Retention),
        FileStage::WinBack => Some(Stage::WinBack),
        FileStage::Loyalty => Some(Stage::Loyalty),
        FileStage::Any => None,
    };
    let mut groups = Vec::with_capacity(file.group.len());
    for (number, group) in file.group.into_iter().enumerate() {
        let place = format!("{name}, group {}", number + 1);
        for (list, what) in [(group.tasks.len(), "tasks"), (group.messages.len(), "messages")] {
            if list == 0 {
                return Err(CorpusError::Wrong(format!(
                    "{place} has no {what}: write some, or delete the group"
                )));
            }
        }
        let offer = match group.offer {
            FileOffer::Percentage => Some(OfferKind::Percentage),
            FileOffer::Amount => Some(OfferKind::Amount),
            FileOffer::FreeShipping => Some(OfferKind::FreeShipping),
            FileOffer::Gift => Some(OfferKind::Gift),
            FileOffer::EarlyAccess => Some(OfferKind::EarlyAccess),
            FileOffer::None => None,
        };
        let chinese = file.language == Language::Zh;
        let (tasks, messages) = (group.tasks, group.messages);
        groups.push(Group { place, chinese, stage, kind: group.part, offer, tasks, messages });
    }
    Ok(Corpus { groups })
}
