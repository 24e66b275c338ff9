//! The models that have a name, and where their files are kept.
//!
//! In: `assets/models.toml`, and what a person gave as `--model`. Out: a file to load, or no model.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::local::LocalModel;
use super::served::{Address, FallBack, Served, Server, Settings};
use super::templates::Templates;
use super::{ModelIdentity, TextEngine, WritingError};
use crate::config::WritingConfig;
use crate::data::language_name;
use crate::jobs::Task;

/// Where fetched models are kept, in place of the user's cache folder.
pub const FOLDER_VARIABLE: &str = "PERENNIAL_MODELS";

const CATALOGUE: &str = include_str!("../../assets/models.toml");

/// A model that can be fetched by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub name: String,
    pub about: String,
    /// Name of the file in the models' folder.
    pub file: String,
    pub bytes: u64,
    /// Hexadecimal, lower case.
    pub sha256: String,
    /// SPDX name.
    pub licence: String,
    /// Primary tags of the languages that it writes, its shipped adapter beside it.
    pub languages: Vec<String>,
    /// Those of them that it has from the adapter alone.
    #[serde(default)]
    pub languages_of_adapter: Vec<String>,
    #[serde(default)]
    pub default: bool,
    pub hub: Option<Hub>,
    pub wheel: Option<Wheel>,
}

/// A repository of a model hub that holds the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    pub repository: String,
    pub revision: String,
}

/// A Python package that holds the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    pub package: String,
    pub version: String,
    /// Inside the package.
    pub path: String,
    pub bytes: u64,
}

/// All models with a name, the default one first.
///
/// # Errors
/// The built-in list is broken; a test keeps that from happening.
pub fn entries() -> Result<Vec<Entry>, WritingError> {
    #[derive(Deserialize)]
    struct Catalogue {
        model: Vec<Entry>,
    }
    let mut catalogue: Catalogue = toml::from_str(CATALOGUE)
        .map_err(|error| WritingError::Failed(format!("the built-in list of models is broken: {error}")))?;
    catalogue.model.sort_by_key(|entry| !entry.default);
    Ok(catalogue.model)
}

/// Where a model of the catalogue has not learnt a language: what to tell, and what to do. `None` where it has, and of
/// models that are not in the catalogue, of which nothing is known.
#[must_use]
pub fn not_spoken(writer: &ModelIdentity, language: &str) -> Option<String> {
    let model = &writer.name;
    let entry = entries().ok()?.into_iter().find(|entry| entry.name == *model)?;
    let tag = language.split(['-', '_']).next().unwrap_or(language).to_ascii_lowercase();
    if writer.adapter.is_none() && entry.languages_of_adapter.contains(&tag) {
        return Some(format!(
            "{model} has not learnt {} without the adapter \"house\": the strategy's own texts stand in. Write with it again: \
             `A` in the dashboard, --adapter house, or `adapter` under [writing].",
            language_name(&tag)
        ));
    }
    (!entry.languages.contains(&tag)).then(|| {
        let known: Vec<&str> = entry.languages.iter().map(|tag| language_name(tag)).collect();
        format!(
            "{model} has not learnt {}, only {}: the strategy's own texts stand in. Name a model that has, such as a GGUF file \
             of Qwen3 or Gemma 3 or a model server, as `model` under [writing] or with --model.",
            language_name(&tag),
            known.join(" and ")
        )
    })
}

/// Folder of the fetched models: `PERENNIAL_MODELS`, or `perennial/models` in the user's cache folder.
///
/// # Errors
/// The user has no home folder.
pub fn folder() -> Result<PathBuf, WritingError> {
    if let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    directories::ProjectDirs::from("", "", "perennial")
        .map(|dirs| dirs.cache_dir().join("models"))
        .ok_or_else(|| {
            WritingError::Failed(format!(
                "no home folder was found to keep models in: set {FOLDER_VARIABLE} to a folder"
            ))
        })
}

impl Entry {
    /// Where the file is, or will be.
    ///
    /// # Errors
    /// As [`folder`].
    pub fn path(&self) -> Result<PathBuf, WritingError> {
        Ok(folder()?.join(&self.file))
    }

    /// Whether the file is there with the right size.
    #[must_use]
    pub fn is_fetched(&self) -> bool {
        self.path().is_ok_and(|path| {
            std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == self.bytes)
        })
    }
}

/// What `--model` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// No model: the strategies' own texts.
    Templates,
    Named(Box<Entry>),
    File(PathBuf),
    /// With `config.json`, `model.safetensors` and the tokenizer's files.
    Folder(PathBuf),
    /// A server's model.
    Served(Box<(Address, Settings)>),
}

impl Choice {
    /// The model that the settings name, with what they say about servers.
    ///
    /// # Errors
    /// As [`Choice::parse`].
    pub fn of(config: &WritingConfig) -> Result<Self, WritingError> {
        let mut choice = Self::parse(&config.model)?;
        if let Self::Served(served) = &mut choice {
            served.1 = Settings::from(config);
        }
        Ok(choice)
    }

    /// Whether a text is meant to be the address of a server.
    #[must_use]
    pub fn is_address(text: &str) -> bool {
        Address::is_meant(text)
    }

    /// The host of the server that a text names as its model; `None` where that is on this machine, or a mistake.
    #[must_use]
    pub fn host(text: &str) -> Option<String> {
        let address = Address::is_meant(text).then(|| Address::parse(text).ok())?;
        address.map(|address| address.host().to_owned())
    }

    /// Understands a catalogue name, a path of a GGUF file or of a model's folder, the address of a server, or `none`.
    ///
    /// # Errors
    /// Neither a known name nor a file or folder; the message has the nearest name.
    pub fn parse(text: &str) -> Result<Self, WritingError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::Templates);
        }
        if Address::is_meant(text) {
            return Ok(Self::Served(Box::new((Address::parse(text)?, Settings::default()))));
        }
        let entries = entries()?;
        if let Some(entry) = entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(text)) {
            return Ok(Self::Named(Box::new(entry.clone())));
        }
        let path = Path::new(text);
        if path.is_file() {
            return Ok(Self::File(path.into()));
        }
        if path.is_dir() {
            if path.join("config.json").is_file() {
                return Ok(Self::Folder(path.into()));
            }
            return Err(WritingError::Failed(format!(
                "the folder {text} holds no model: it has no config.json; give the folder with config.json and \
                 model.safetensors, or the .gguf file in it"
            )));
        }
        let looks_like_path = path.components().count() > 1 || path.extension().is_some();
        if looks_like_path {
            return Err(WritingError::Failed(format!(
                "there is no model file {text}: give a GGUF file, or a model's folder, that exists"
            )));
        }
        let nearest = entries
            .iter()
            .max_by(|a, b| strsim::jaro(text, &a.name).total_cmp(&strsim::jaro(text, &b.name)))
            .map_or_else(String::new, |entry| format!(" (nearest name: {})", entry.name));
        Err(WritingError::Failed(format!(
            "no model is called \"{text}\"{nearest}: give a name from `perennial model list`, a GGUF file, a model's folder, \
             the address of a model server, or `none`"
        )))
    }

    /// The file or folder that it is loaded from; `None` where there is no such.
    #[must_use]
    pub fn place(&self) -> Option<PathBuf> {
        match self {
            Self::Named(entry) => entry.path().ok(),
            Self::File(path) | Self::Folder(path) => Some(path.clone()),
            Self::Templates | Self::Served(_) => None,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Templates => "templates".into(),
            Self::Named(entry) => entry.name.clone(),
            Self::Served(served) => served.0.host().to_owned(),
            Self::File(path) | Self::Folder(path) => path
                .file_name()
                .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into()),
        }
    }

    /// Loads the engine; a named model must have been fetched. A server that is away is no error where something is to
    /// write in its place.
    ///
    /// # Errors
    /// Not fetched yet, not usable, away, or cancelled.
    pub fn load(&self, task: &Task<'_>) -> Result<Box<dyn TextEngine>, WritingError> {
        match self {
            Self::Templates => Ok(Box::new(Templates::default())),
            Self::Served(served) => {
                let (address, settings) = served.as_ref().clone();
                let fall_back = settings.fall_back != FallBack::None;
                let mut engine = Served::new(Server::new(address, settings)?);
                match engine.greet(task.cancel()) {
                    Err(WritingError::Failed(_)) if fall_back => {}
                    other => drop(other?),
                }
                Ok(Box::new(engine))
            }
            Self::File(path) | Self::Folder(path) => {
                Ok(Box::new(LocalModel::load(&self.name(), path, task)?))
            }
            Self::Named(entry) => {
                if !entry.is_fetched() {
                    return Err(WritingError::Failed(format!(
                        "the model {0} is not on this machine: fetch it with `perennial model pull {0}`, or write \
                         with templates (`--model none`)",
                        entry.name
                    )));
                }
                let model = LocalModel::load(&entry.name, &entry.path()?, task)?;
                if model.identity().sha256 == entry.sha256 {
                    return Ok(Box::new(model));
                }
                Err(WritingError::Failed(format!(
                    "the file of {0} has been changed since it was fetched: fetch it again with \
                     `perennial model pull {0}`",
                    entry.name
                )))
            }
        }
    }

    /// Fetches the model if it has a name and is not here yet, then loads it.
    ///
    /// # Errors
    /// As [`super::pull::pull`] and [`Choice::load`].
    pub fn fetch_and_load(&self, task: &Task<'_>) -> Result<Box<dyn TextEngine>, WritingError> {
        if let Self::Named(entry) = self {
            super::pull::pull(entry, task)?;
        }
        self.load(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writing::AdapterIdentity;

    #[test]
    fn a_language_that_a_model_has_not_learnt_is_told_with_a_way_on() {
        let beside = |name: &str| ModelIdentity {
            adapter: Some(AdapterIdentity { name: "house".into(), sha256: String::new() }),
            ..ModelIdentity::plain(name, "")
        };
        let why = not_spoken(&beside("smollm2-135m-instruct"), "de-AT").unwrap();
        assert!(
            why.contains("has not learnt German, only English and Chinese") && why.contains("Qwen3"),
            "{why}"
        );
        for (model, language) in
            [("smollm2-135m-instruct", "en-GB"), ("smollm2-135m-instruct", "zh"), ("some.gguf", "de")]
        {
            assert_eq!(not_spoken(&beside(model), language), None, "{model} {language}");
        }
        let alone = ModelIdentity::plain("smollm2-135m-instruct", "");
        let why = not_spoken(&alone, "zh-CN").unwrap();
        assert!(why.contains("without the adapter \"house\"") && why.contains("--adapter house"), "{why}");
        assert_eq!(not_spoken(&alone, "en"), None);
    }

    #[test]
    fn the_list_can_be_read_and_has_one_default() {
        let entries = entries().unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.default).count(), 1);
        for entry in entries {
            assert_eq!(entry.sha256.len(), 64);
            assert!(!entry.file.contains('/') && entry.bytes > 0);
        }
    }

    #[test]
    fn a_wrong_name_is_told_the_nearest() {
        let error = Choice::parse("smollm-135m").unwrap_err().to_string();
        assert!(error.contains("smollm2-135m-instruct"), "{error}");
    }

    #[test]
    fn none_and_files_are_understood() {
        assert_eq!(Choice::parse("none").unwrap(), Choice::Templates);
        let file = tempfile::NamedTempFile::with_suffix(".gguf").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(Choice::parse(path).unwrap(), Choice::File(path.into()));
        assert!(
            Choice::parse("/nowhere/model.gguf").unwrap_err().to_string().contains("/nowhere/model.gguf")
        );
    }
}
