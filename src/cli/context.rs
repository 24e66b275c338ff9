//! What a command is given: the settings, where to read, where to print, and whether to stop.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

use super::Global;
use super::document::tidy;
use crate::config::{Config, PROJECT_FILE, Settings, Unnamed};
use crate::data::Customers;
use crate::jobs::{Cancel, Progress, Task};
use crate::own_voice;
use crate::strategy::Strategy;
use crate::tui::text::clean;
use crate::workspace::{DATABASE, StrategyFile, Workspace};
use crate::writing::adapter::{Library, Place};

/// What a command is given.
pub struct Context<'a> {
    /// The settings, all layers laid over each other and checked.
    pub config: Config,
    /// The same with the origin of each value.
    pub settings: Settings,
    /// What is wrong with the settings, where a command goes on with the defaults to say what else is.
    pub settings_error: Option<String>,
    pub global: Global,
    /// Folder of the project; `None` where the sample shop stands in for one.
    pub workspace: Option<PathBuf>,
    /// Up once the person has pressed Ctrl-C or the system has asked the process to end.
    pub cancel: Cancel,
    pub stdout: &'a mut dyn Write,
    pub stderr: &'a mut dyn Write,
    /// Whether stderr is a terminal on which a line of progress may be drawn again and again.
    pub progress: bool,
}

impl Context<'_> {
    /// Files and folders that hold the shop's tables: `--data`, else the project's `data.sources`, else
    /// its `data` folder, else the sample shop.
    ///
    /// # Errors
    /// A path that is not there, or a project without data.
    pub fn sources(&self) -> anyhow::Result<Vec<PathBuf>> {
        let named = named_sources(&self.global, &self.settings);
        let (paths, origin) = if !self.global.data.is_empty() {
            (named, "given with --data".to_owned())
        } else if !named.is_empty() {
            (named, format!("data.sources, {}", self.settings.origin_of("data.sources")))
        } else if let Some(folder) = &self.workspace {
            (vec![folder.join("data")], "the project's data folder".to_owned())
        } else {
            return Ok(vec![Workspace::sample()?.data()]);
        };
        for path in &paths {
            if !path.exists() {
                anyhow::bail!(
                    "{} is not there ({origin}). Give a file or folder that holds the shop's tables with --data PATH, \
                     or name it under [data] sources in perennial.toml.",
                    path.display()
                );
            }
        }
        Ok(paths)
    }

    /// Where what is saved and decided is kept: the project, or a folder of this user. It need not be there.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        match &self.workspace {
            Some(folder) => Ok(folder.clone()),
            None => kept_folder(&self.global, &self.settings),
        }
    }

    /// Customers with what they said to the project since their files were written.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn heeded(&self, customers: &Customers) -> anyhow::Result<Customers> {
        match self.folder() {
            Ok(folder) if folder.is_dir() => Ok(Workspace::open(folder)?.heeded(customers)?),
            // Nobody has said anything where nothing is kept.
            _ => Ok(customers.clone()),
        }
    }

    /// Who is in a campaign of each strategy.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn in_campaigns(&self) -> anyhow::Result<HashMap<String, HashSet<String>>> {
        match self.folder() {
            Ok(folder) if folder.join(DATABASE).exists() => {
                Ok(Workspace::open(folder)?.store()?.in_campaigns()?)
            }
            _ => Ok(HashMap::new()),
        }
    }

    /// Whether the sample shop stands in for a project and for data.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        self.workspace.is_none() && named_sources(&self.global, &self.settings).is_empty()
    }

    /// The strategies of that folder, or those that come with the program.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn strategies(&self) -> anyhow::Result<Vec<StrategyFile>> {
        match self.folder() {
            Ok(folder) if folder.is_dir() => Ok(Workspace::open(folder)?.strategies()?),
            // Nothing was ever kept, or nothing can be.
            _ => Ok(Workspace::shipped_strategies()),
        }
    }

    /// The adapters of the project (its accepted voice among them), of the user and of the program.
    #[must_use]
    pub fn library(&self) -> Library {
        own_voice::library(self.folder().ok().as_deref())
    }

    /// The adapter to write with.
    ///
    /// # Errors
    /// There is none where the strategy or the settings say.
    pub fn adapter(&self, strategy: Option<&Strategy>) -> anyhow::Result<Option<Place>> {
        let named = strategy.and_then(|strategy| strategy.adapter.as_deref());
        Ok(self.library().wanted(named, &self.config.writing)?)
    }

    /// What to do where a shop's messages would be signed with the sample's name.
    #[must_use]
    pub fn unnamed_brand(&self) -> Option<Unnamed> {
        let folder = self.folder().ok().filter(|_| !self.is_sample())?;
        self.config.brand.unnamed(&folder.join(PROJECT_FILE))
    }

    /// Prints the one JSON document of this command.
    ///
    /// # Errors
    /// A value without the `schema` field, or stdout cannot be written.
    pub fn print_json<T: Serialize>(&mut self, value: &T) -> anyhow::Result<()> {
        let mut document = serde_json::to_value(value).context("the result cannot be written as JSON")?;
        anyhow::ensure!(
            document.get("schema").is_some_and(serde_json::Value::is_u64),
            "this command's JSON document lacks its `schema` version: please report this as a bug"
        );
        tidy(&mut document);
        serde_json::to_writer_pretty(&mut *self.stdout, &document)?;
        writeln!(self.stdout)?;
        Ok(())
    }

    /// Prints text for people, harmless to a terminal whatever the shop's files have put into it.
    ///
    /// # Errors
    /// Stdout cannot be written.
    pub fn print_text(&mut self, text: &str) -> std::io::Result<()> {
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            writeln!(self.stdout, "{}", clean(line))?;
        }
        Ok(())
    }

    /// Runs a stage: it stops when the person presses Ctrl-C, and its progress is drawn on one line of
    /// stderr where that is a terminal.
    pub fn work<T>(&self, stage: impl FnOnce(&Task<'_>) -> T) -> T {
        let line = ProgressLine::new(self.progress);
        stage(&Task::new(&self.cancel, &|progress| line.show(&progress)))
    }
}

/// Files and folders that `--data` names, else those of the settings, which are relative to the settings' own folder.
pub(super) fn named_sources(global: &Global, settings: &Settings) -> Vec<PathBuf> {
    if !global.data.is_empty() {
        return global.data.clone();
    }
    let base = settings.base_of("data.sources");
    let within = |path: &PathBuf| base.as_deref().map_or_else(|| path.clone(), |base| base.join(path));
    settings.config().data.sources.iter().map(within).collect()
}

/// Without a project: the user's folder for what is saved and decided about this data. It need not be there.
pub(super) fn kept_folder(global: &Global, settings: &Settings) -> anyhow::Result<PathBuf> {
    let sources = named_sources(global, settings);
    Ok(if sources.is_empty() { Workspace::sample_folder()? } else { Workspace::kept_for(&sources)? })
}

/// How often the line is drawn again at most.
const REDRAW: Duration = Duration::from_millis(100);

/// One line of progress on stderr, wiped when the stage ends.
struct ProgressLine {
    /// When it was last drawn; `None` where stderr is no terminal.
    drawn: Option<Mutex<Option<Instant>>>,
}

impl ProgressLine {
    fn new(terminal: bool) -> Self {
        Self { drawn: terminal.then(Mutex::default) }
    }

    /// Called from any thread, and often.
    fn show(&self, progress: &Progress) {
        // Another thread is drawing: this state is as good as that one.
        let Some(Ok(mut drawn)) = self.drawn.as_ref().map(Mutex::try_lock) else { return };
        if drawn.is_some_and(|at| at.elapsed() < REDRAW) {
            return;
        }
        *drawn = Some(Instant::now());
        let share = progress.total.filter(|&total| total > 0).map_or_else(String::new, |total| {
            format!(" {:.0}%", 100.0 * progress.done.min(total) as f64 / total as f64)
        });
        // A terminal that has gone away is no reason to stop the work.
        let _ = write!(std::io::stderr(), "\r\x1b[2K{}{share}", progress.phase);
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.drawn.as_ref().is_some_and(|drawn| drawn.lock().is_ok_and(|drawn| drawn.is_some())) {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}
