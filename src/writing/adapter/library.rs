//! Where adapters are kept, and which one a name means.
//!
//! In: a project's folder, and what a person or a strategy says. Out: a [`Place`], or none. A name is looked for in the
//! project's `adapters`, then in the user's, then among those that come with the program.

use std::fs;
use std::path::{Path, PathBuf};

use super::shipped::{ADAPTERS, Shipped};
use super::{Base, CARD, Card, SETTINGS, TAUGHT, WEIGHTS};
use crate::config::{WritingConfig, nearest};
use crate::writing::WritingError;
use crate::writing::catalogue::{self, Choice};

/// The adapter that stands beside the default model unless another is asked for.
pub const HOUSE: &str = "house";
/// What means none.
const NONE: &str = "none";
/// The folder of a project, and of the user, that adapters lie in.
const FOLDER: &str = "adapters";

/// Where an adapter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the program itself.
    Shipped(&'static Shipped),
    Folder {
        /// What it is called; absent where a path was given, so that its card says.
        name: Option<String>,
        path: PathBuf,
    },
}

impl Place {
    /// What it is called.
    pub(super) fn name(&self, card: &Card) -> String {
        match self {
            Self::Shipped(shipped) => shipped.name.to_owned(),
            Self::Folder { name: Some(name), .. } => name.clone(),
            Self::Folder { path, .. } => card.name.clone().unwrap_or_else(|| folder_name(path)),
        }
    }

    /// What it is called, as far as that is known without its card.
    #[must_use]
    pub fn short_name(&self) -> String {
        match self {
            Self::Shipped(shipped) => shipped.name.to_owned(),
            Self::Folder { name: Some(name), .. } => name.clone(),
            Self::Folder { path, .. } => folder_name(path),
        }
    }

    /// Where it lies, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Shipped(shipped) => format!("{} (part of the program)", shipped.name),
            Self::Folder { path, .. } => path.display().to_string(),
        }
    }

    /// The folder that it lies in; what is part of the program is written to `folder` first.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn laid(&self, folder: &Path) -> std::io::Result<PathBuf> {
        match self {
            Self::Folder { path, .. } => Ok(path.clone()),
            Self::Shipped(shipped) => {
                fs::create_dir_all(folder)?;
                for name in [SETTINGS, CARD, TAUGHT, WEIGHTS] {
                    fs::write(folder.join(name), shipped.file(name).unwrap_or_default())?;
                }
                Ok(folder.to_owned())
            }
        }
    }

    /// The file with its matrices; `None` where that is part of the program.
    pub(in crate::writing) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Shipped(_) => None,
            Self::Folder { path, .. } => Some(path.join(WEIGHTS)),
        }
    }
}

fn folder_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into())
}

/// An adapter that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub place: Place,
}

/// The voice that a project's people have accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnVoice {
    pub name: String,
    pub path: PathBuf,
    /// The model that it stands beside; else why it cannot be used, and what to do.
    pub base: Result<Base, String>,
}

/// The folders in which names are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    folders: Vec<PathBuf>,
    /// The project's own voices, by name.
    voices: Vec<(String, PathBuf)>,
    accepted: Option<OwnVoice>,
}

impl Library {
    /// Of a project, and of this user.
    #[must_use]
    pub fn new(project: Option<&Path>) -> Self {
        let own =
            directories::ProjectDirs::from("", "", "perennial").map(|dirs| dirs.data_dir().join(FOLDER));
        let folders = project.map(|project| project.join(FOLDER)).into_iter().chain(own).collect();
        Self { folders, ..Self::default() }
    }

    /// The same with a project's own voices by their names, and the one that is in use.
    #[must_use]
    pub fn with_voices(mut self, voices: Vec<(String, PathBuf)>, accepted: Option<OwnVoice>) -> Self {
        self.voices = voices;
        self.accepted = accepted;
        self
    }

    /// All that have a name, each where it is found first, by name.
    #[must_use]
    pub fn list(&self) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for path in self.folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
            let name = path.file_name().to_string_lossy().into_owned();
            if is_adapter(&path.path()) && is_name(&name) && found.iter().all(|known| known.name != name) {
                let place = Place::Folder { name: Some(name.clone()), path: path.path() };
                found.push(Found { name, place });
            }
        }
        for (name, path) in self.voices.iter().filter(|(_, path)| is_adapter(path)) {
            if found.iter().all(|known| known.name != *name) {
                let place = Place::Folder { name: Some(name.clone()), path: path.clone() };
                found.push(Found { name: name.clone(), place });
            }
        }
        for shipped in ADAPTERS {
            if found.iter().all(|known| known.name != shipped.name) {
                found.push(Found { name: shipped.name.to_owned(), place: Place::Shipped(shipped) });
            }
        }
        // "voice 2" before "voice 10".
        let order = |found: &Found| {
            let words = found.name.trim_end_matches(|c: char| c.is_ascii_digit());
            (words.to_owned(), found.name[words.len()..].parse::<u64>().unwrap_or(0), found.name.clone())
        };
        found.sort_by_cached_key(order);
        found
    }

    /// The adapter of this name; `None` where there is none.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Place> {
        if !is_name(name) {
            return None;
        }
        let voice = || self.voices.iter().filter(|(known, _)| known == name).map(|(_, path)| path.clone());
        let folder = self.folders.iter().map(|folder| folder.join(name)).chain(voice());
        let folder = folder.into_iter().find(|path| is_adapter(path));
        folder
            .map(|path| Place::Folder { name: Some(name.to_owned()), path })
            .or_else(|| ADAPTERS.iter().find(|shipped| shipped.name == name).map(Place::Shipped))
    }

    /// What a person means: a name, an adapter's folder, the file with its matrices, or `none`.
    ///
    /// # Errors
    /// Neither; the message has the names that there are.
    pub fn find(&self, text: &str) -> Result<Option<Place>, WritingError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case(NONE) {
            return Ok(None);
        }
        if let Some(place) = self.named(text) {
            return Ok(Some(place));
        }
        let failed = |why: String| Err(WritingError::Failed(why));
        let path = Path::new(text);
        let folder = if path.is_file() { path.parent().unwrap_or(Path::new("")) } else { path };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let given = path.is_dir() || path.is_file() && path.file_name().is_some_and(|name| name == WEIGHTS);
        if given && is_adapter(folder) {
            return Ok(Some(Place::Folder { name: None, path: folder.to_owned() }));
        }
        if path.components().count() > 1 || path.extension().is_some() || path.exists() {
            let what = if path.exists() { "holds no adapter" } else { "is not there" };
            return failed(format!(
                "{text} {what}: give a folder with {SETTINGS} and {WEIGHTS} in it, or that file, or a name"
            ));
        }
        let names: Vec<String> = self.list().into_iter().map(|found| found.name).collect();
        let near = nearest(text, names.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!(" Did you mean {near}?"));
        let there = if names.is_empty() {
            "there are none yet".into()
        } else {
            format!("there are: {}", names.join(", "))
        };
        let voice = if text.trim().to_lowercase().starts_with("voice") {
            " A voice is learnt with `perennial tune --from-approved`."
        } else {
            ""
        };
        failed(format!(
            "no adapter is called \"{text}\".{near}{voice} Give one by its name ({there}), its folder, or `none`; adapters lie in the \
             project's folder {FOLDER}/ and in {}",
            self.folders.last().map_or_else(String::new, |folder| folder.display().to_string())
        ))
    }

    /// The adapter to write with: the strategy's where it names one, else that of the settings, else the project's own
    /// voice beside the model that it was learnt for, else the house's beside the default model. Where a server writes and the
    /// default model stands in for it, the one that it would then write with.
    ///
    /// # Errors
    /// As [`Library::find`]; a server writes alone, and the settings name an adapter; or the own voice is damaged.
    pub fn wanted(
        &self,
        strategy: Option<&str>,
        config: &WritingConfig,
    ) -> Result<Option<Place>, WritingError> {
        let of_settings = config.adapter.as_deref();
        let model = match Choice::parse(&config.model) {
            Ok(Choice::Templates) => return Ok(None),
            Ok(Choice::Served(_)) if config.fall_back == "local" => default_model()?,
            Ok(Choice::Served(_)) => {
                return match of_settings {
                    Some(name) if !name.trim().eq_ignore_ascii_case(NONE) => {
                        Err(WritingError::Failed(format!(
                            "the adapter {name} stands beside a model on this machine, and a server writes: choose a model \
                             here with --model, or `--adapter none`"
                        )))
                    }
                    _ => Ok(None),
                };
            }
            _ => config.model.clone(),
        };
        if let Some(text) = strategy {
            let of_strategy = |error| {
                WritingError::Failed(format!("the strategy's own line `adapter = \"{text}\"`: {error}"))
            };
            return self.find(text).map_err(of_strategy);
        }
        match of_settings {
            Some(text) => self.find(text),
            None if let Some(voice) = self.own_voice(&model)? => Ok(Some(voice)),
            None if model.trim().eq_ignore_ascii_case(&default_model()?) => Ok(self.named(HOUSE)),
            None => Ok(None),
        }
    }
}

impl Library {
    /// The voice that the project's people have accepted, where it was learnt for this model.
    fn own_voice(&self, model: &str) -> Result<Option<Place>, WritingError> {
        let Some(OwnVoice { name, path, base }) = &self.accepted else { return Ok(None) };
        let base = base.as_ref().map_err(|why| WritingError::Failed(why.clone()))?;
        let is_its_own = Choice::parse(model)?.name().eq_ignore_ascii_case(&base.name);
        Ok(is_its_own.then(|| Place::Folder { name: Some(name.clone()), path: path.clone() }))
    }
}

/// Name of the default model.
fn default_model() -> Result<String, WritingError> {
    let entries = catalogue::entries()?;
    Ok(entries.into_iter().find(|entry| entry.default).map(|entry| entry.name).unwrap_or_default())
}

/// Whether a text may be the name of an adapter: of one folder, that nothing hides.
fn is_name(text: &str) -> bool {
    let known = |letter: char| letter.is_alphanumeric() || "-_. ".contains(letter);
    !text.is_empty() && !text.starts_with('.') && text.chars().all(known) && !text.eq_ignore_ascii_case(NONE)
}

fn is_adapter(path: &Path) -> bool {
    path.join(WEIGHTS).is_file() && path.join(SETTINGS).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(SETTINGS), "{}").unwrap();
        fs::write(path.join(WEIGHTS), "").unwrap();
        path
    }

    #[test]
    fn a_name_is_the_project_s_before_the_user_s() {
        let (project, user) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let library =
            Library { folders: vec![project.path().into(), user.path().into()], ..Library::default() };
        let theirs = lay(user.path(), "voice");
        let of = |name: &str, path: &Path| Place::Folder { name: Some(name.into()), path: path.into() };
        assert_eq!(library.find("voice").unwrap(), Some(of("voice", &theirs)));
        let ours = lay(project.path(), "voice");
        assert_eq!(library.find(" voice ").unwrap(), Some(of("voice", &ours)));
        lay(user.path(), "another");
        fs::create_dir(user.path().join("half")).unwrap();
        fs::write(user.path().join("half").join(SETTINGS), "{}").unwrap();
        let names: Vec<String> = library.list().into_iter().map(|found| found.name).collect();
        assert!(names.contains(&"voice".into()) && names.contains(&"another".into()), "{names:?}");
        assert!(!names.contains(&"half".into()), "{names:?}");
        lay(user.path(), "tone10");
        lay(user.path(), "tone2");
        let names: Vec<String> = library.list().into_iter().map(|found| found.name).collect();
        let place = |name: &str| names.iter().position(|known| known == name);
        assert!(place("tone2").is_some() && place("tone2") < place("tone10"), "{names:?}");
        // A folder, the file in it, and none.
        let path = |text: &Path| library.find(text.to_str().unwrap()).unwrap();
        let given = Some(Place::Folder { name: None, path: ours.clone() });
        assert_eq!((path(&ours), path(&ours.join(WEIGHTS))), (given.clone(), given));
        assert_eq!(library.find("None").unwrap(), None);
    }

    #[test]
    fn what_is_no_adapter_is_told_with_what_there_is() {
        let user = tempfile::tempdir().unwrap();
        let library = Library { folders: vec![user.path().into()], ..Library::default() };
        lay(user.path(), "harbour");
        let told = |text: &str| library.find(text).unwrap_err().to_string();
        let error = told("harbor");
        assert!(error.contains("Did you mean harbour?") && error.contains("`none`"), "{error}");
        assert!(error.contains(user.path().to_str().unwrap()), "{error}");
        for (text, words) in [
            ("../harbour", "is not there"),
            ("/nowhere/at/all", "is not there"),
            ("Cargo.toml", "holds no adapter"),
        ] {
            let error = told(text);
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_strategy_s_comes_before_the_settings_and_the_house_s_stands_beside_the_default_model() {
        let user = tempfile::tempdir().unwrap();
        let library = Library { folders: vec![user.path().into()], ..Library::default() };
        let mut config = WritingConfig::default();
        let name = |strategy: Option<&str>, config: &WritingConfig| {
            library.wanted(strategy, config).unwrap().map(|place| place.short_name())
        };
        for adapter in [HOUSE, "voice", "other"] {
            lay(user.path(), adapter);
        }
        assert_eq!(name(None, &config).as_deref(), Some(HOUSE));
        assert_eq!(name(Some("none"), &config), None);
        config.adapter = Some("voice".into());
        assert_eq!(name(None, &config).as_deref(), Some("voice"));
        assert_eq!(name(Some("other"), &config).as_deref(), Some("other"));
        config.adapter = Some("none".into());
        assert_eq!(name(None, &config), None);
        assert!(library.wanted(Some("lost"), &config).is_err());
        // Another model has none unless it is asked for, a server and the templates have none.
        config = WritingConfig { model: "some.gguf".into(), ..WritingConfig::default() };
        assert_eq!((name(None, &config), name(Some("voice"), &config).as_deref()), (None, Some("voice")));
        config.model = "none".into();
        assert_eq!(name(Some("voice"), &config), None);
        config.model = "http://models.example:8000/v1".into();
        assert_eq!(name(Some("voice"), &config), None);
        config.adapter = Some("voice".into());
        let error = library.wanted(None, &config).unwrap_err().to_string();
        assert!(error.contains("a server writes") && error.contains("--adapter none"), "{error}");
        // Unless the default model stands in for it.
        config.fall_back = "local".into();
        assert_eq!(name(None, &config).as_deref(), Some("voice"));
        config.adapter = None;
        assert_eq!(name(None, &config).as_deref(), Some(HOUSE));
    }
}
