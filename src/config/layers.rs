//! Lays the sources of settings over each other and remembers where each value came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml_edit::Document;

use super::check::{Found, Walk, convert};
use super::key::{PREFIX, find, keys, kind, type_of};
use super::problem::{ConfigError, Problem, nearest};
use super::{Config, SECRETS, schema};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// Line counted from 1.
    File {
        path: PathBuf,
        line: usize,
    },
    /// Name of the variable.
    Environment(String),
    /// As it was given.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One setting as it is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub path: Vec<String>,
    pub value: toml::Value,
    pub origin: Origin,
}

/// Sources laid over each other so far: what is added later wins.
pub struct Layers {
    schema: serde_json::Value,
    entries: BTreeMap<Vec<String>, (toml::Value, Origin)>,
}

impl Layers {
    /// The built-in defaults.
    #[must_use]
    pub fn with_defaults() -> Self {
        let mut entries = BTreeMap::new();
        if let Ok(toml::Value::Table(defaults)) = toml::Value::try_from(Config::default()) {
            flatten(&defaults, &mut Vec::new(), &mut |path, value| {
                entries.insert(path, (value, Origin::Default));
            });
        }
        Self { schema: schema(), entries }
    }

    /// Adds a TOML file.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or holds a setting that is unknown or does not fit: all of them.
    pub fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| Problem {
            place: Origin::File { path: path.to_owned(), line: 1 },
            message: format!("the file cannot be read: {error}."),
            remedy: match error.kind() {
                std::io::ErrorKind::InvalidData => "Save it as UTF-8.".into(),
                _ => "Make it a file that you may read, or remove it.".into(),
            },
        })?;
        self.add_text(&text, path)
    }

    /// Adds the text of a TOML file. `path` is for messages and for the paths in it.
    ///
    /// # Errors
    /// As [`Layers::add_file`].
    pub fn add_text(&mut self, text: &str, path: &Path) -> Result<(), ConfigError> {
        let place = |at: usize| Origin::File { path: path.to_owned(), line: line_of(text, at) };
        let document = Document::parse(text).map_err(|error| {
            let told = error.message().trim().replace('\n', ", ");
            let (message, remedy) = if told == "duplicate key" {
                (
                    "this name, or this [table], stands in the file twice.".to_owned(),
                    "Keep one of the two, with the settings of both.",
                )
            } else {
                let remedy = "A line is `name = value`; text stands in quotation marks.";
                (format!("this is not TOML: {told}."), remedy)
            };
            Problem {
                place: place(error.span().map_or(0, |span| span.start)),
                message,
                remedy: remedy.into(),
            }
        })?;
        let mut walk = Walk::default();
        walk.table(document.as_table(), &self.schema, &mut Vec::new());
        if !walk.wrong.is_empty() {
            walk.wrong.sort_by_key(|wrong| wrong.at);
            let problems = walk.wrong.into_iter();
            let problems =
                problems.map(|w| Problem { place: place(w.at), message: w.message, remedy: w.remedy });
            return Err(ConfigError { problems: problems.collect() });
        }
        for Found { path, value, at } in walk.found {
            self.entries.insert(path, (value, place(at)));
        }
        Ok(())
    }

    /// Adds variables named `PERENNIAL_<SECTION>_<KEY>`.
    ///
    /// # Errors
    /// A variable of a section that has no such setting, or a value that does not fit.
    pub fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        let known: BTreeMap<String, String> =
            keys().into_iter().filter_map(|key| Some((key.variable?, key.path))).collect();
        let mut problems = Vec::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            let place = Origin::Environment(name.to_owned());
            let Some(path) = known.get(name) else {
                if SECRETS.contains(&name) {
                    continue;
                }
                // Names that are like no setting's are left to others, as `PERENNIAL_WORKSPACE` is.
                let near = nearest(name, known.keys().map(String::as_str).chain(SECRETS));
                if near.is_some() || self.names_a_section(name) {
                    let remedy = match near {
                        Some(near) => format!("Did you mean {near}?"),
                        None => "`perennial config print` lists the settings.".into(),
                    };
                    problems.push(Problem { place, message: "no setting has this name.".into(), remedy });
                }
                continue;
            };
            match value.to_str() {
                Some(text) => problems.extend(self.add_words(path, text, place).err()),
                None => problems.push(Problem {
                    place,
                    message: "the value is not UTF-8.".into(),
                    remedy: "Write it in a file in place of the environment.".into(),
                }),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }

    /// Adds `key=value`, as `--set` gives it.
    ///
    /// # Errors
    /// No such setting, or a value that does not fit.
    pub fn add_flag(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let place = Origin::Flag(format!("--set {assignment}"));
        let Some((path, value)) = assignment.split_once('=') else {
            return Err(Problem {
                place,
                message: "there is no value.".into(),
                remedy: "Write --set KEY=VALUE, as in --set segments.k=5.".into(),
            }
            .into());
        };
        Ok(self.add_words(path.trim(), value.trim(), place)?)
    }

    /// Adds a value that a flag of its own gives.
    ///
    /// # Errors
    /// No such setting, or a value that does not fit.
    pub fn add_value(&mut self, path: &str, value: &str, flag: &str) -> Result<(), ConfigError> {
        Ok(self.add_words(path, value, Origin::Flag(format!("{flag} {value}")))?)
    }

    /// The settings as they are in force.
    ///
    /// # Errors
    /// Values that do not go together.
    pub fn finish(self) -> Result<Settings, ConfigError> {
        let mut tree = toml::Table::new();
        for (path, (value, _)) in &self.entries {
            insert(&mut tree, path, value.clone());
        }
        let mut config = Config::deserialize(toml::Value::Table(tree)).map_err(|error| Problem {
            place: Origin::Default,
            message: format!("the settings do not fit: {}.", error.message().trim()),
            remedy: "`perennial config print` shows where each value comes from.".into(),
        })?;
        let entries = self.entries;
        let base = |name: &str| {
            let steps: Vec<String> = name.split('.').map(str::to_owned).collect();
            match entries.get(&steps) {
                Some((_, Origin::File { path, .. })) => path.parent().map(Path::to_path_buf),
                _ => None,
            }
        };
        for (name, file) in files(&mut config) {
            if let (Some(named), Some(base)) = (file.as_mut(), base(name))
                && !named.starts_with("~")
            {
                *named = base.join(&*named);
            }
        }
        // A name is no path, nor is a folder of the whole system relative to anything.
        if let (Some(named), Some(base)) = (config.writing.adapter.as_mut(), base("writing.adapter"))
            && named.contains(['/', '\\'])
            && !named.starts_with('~')
        {
            *named = base.join(&*named).to_string_lossy().into_owned();
        }
        let settings = Settings { config, entries };
        Ok(settings)
    }

    /// A value given as words outside a file: text needs no quotation marks, a list is parted by commas.
    fn add_words(&mut self, path: &str, words: &str, place: Origin) -> Result<(), Problem> {
        let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
        let Some(wanted) = find(&self.schema, &steps).filter(|schema| type_of(schema) != "object") else {
            let all = keys();
            let remedy = match nearest(path, all.iter().map(|key| key.path.as_str())) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => "`perennial config print` lists the settings.".into(),
            };
            return Err(Problem { place, message: format!("there is no setting `{path}`."), remedy });
        };
        let value = read_words(words, wanted);
        let value = convert(&value, wanted).map_err(|offence| Problem {
            place: place.clone(),
            message: format!("`{path}` is {}, and this is {}.", kind(wanted), offence.what),
            remedy: offence.remedy,
        })?;
        self.entries.insert(steps, (value, place));
        Ok(())
    }

    fn names_a_section(&self, variable: &str) -> bool {
        let sections = self.schema["properties"].as_object().into_iter().flatten();
        sections
            .map(|(section, _)| format!("{PREFIX}{}_", section.to_uppercase().replace('-', "_")))
            .any(|prefix| variable.starts_with(&prefix))
    }
}

/// The settings as they are in force, with the origin of each value.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    config: Config,
    entries: BTreeMap<Vec<String>, (toml::Value, Origin)>,
}

impl Settings {
    /// The values, typed.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Every value that is set, by path. A setting that is absent has no entry.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.entries.iter().map(|(path, (value, origin))| Entry {
            path: path.clone(),
            value: value.clone(),
            origin: origin.clone(),
        })
    }

    /// Where the value of a setting (`segments.k`) came from.
    #[must_use]
    pub fn origin_of(&self, path: &str) -> Origin {
        let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
        self.entries.get(&steps).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// The folder that paths in the value of a setting are relative to, where a file gave it.
    #[must_use]
    pub fn base_of(&self, path: &str) -> Option<PathBuf> {
        match self.origin_of(path) {
            Origin::File { path, .. } => path.parent().map(Path::to_path_buf),
            _ => None,
        }
    }
}

/// The settings that name a file beside the settings' own.
fn files(config: &mut Config) -> [(&'static str, &mut Option<PathBuf>); 10] {
    let (writing, sending) = (&mut config.writing, &mut config.sending);
    let (email, sms, push) = (&mut sending.email, &mut sending.sms, &mut sending.push);
    [
        ("writing.key-file", &mut writing.key_file),
        ("writing.served-ca-file", &mut writing.served_ca_file),
        ("sending.email.ca-file", &mut email.ca_file),
        ("sending.email.password-file", &mut email.password_file),
        ("sending.email.dkim-key-file", &mut email.dkim_key_file),
        ("sending.sms.secret-file", &mut sms.secret_file),
        ("sending.sms.ca-file", &mut sms.ca_file),
        ("sending.push.secret-file", &mut push.secret_file),
        ("sending.push.ca-file", &mut push.ca_file),
        ("door.webhook-secret-file", &mut config.door.webhook_secret_file),
    ]
}

/// Words as the TOML value that they stand for.
fn read_words(words: &str, schema: &serde_json::Value) -> toml_edit::Value {
    match type_of(schema) {
        "string" => words.into(),
        "array" if !words.trim_start().starts_with('[') => words
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| read_words(part, &schema["items"]))
            .collect(),
        "boolean" if matches!(words, "1" | "yes" | "on") => true.into(),
        "boolean" if matches!(words, "0" | "no" | "off") => false.into(),
        _ => words.parse().unwrap_or_else(|_| words.into()),
    }
}

/// Line of a byte offset, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

fn flatten(table: &toml::Table, path: &mut Vec<String>, tell: &mut impl FnMut(Vec<String>, toml::Value)) {
    for (name, value) in table {
        path.push(name.clone());
        match value {
            toml::Value::Table(inner) => flatten(inner, path, tell),
            value => tell(path.clone(), value.clone()),
        }
        path.pop();
    }
}

fn insert(tree: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [] => {}
        [name] => {
            tree.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = tree.entry(name.clone()).or_insert_with(|| toml::Table::new().into());
            if let toml::Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
