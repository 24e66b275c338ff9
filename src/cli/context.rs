//! What a command is given: the settings, where to read, where to print, and whether to stop.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

use super::Global;
use super::document::tidy;
use crate::config::{Config, PROJECT_FILE, Settings};
use crate::jobs::{Cancel, Progress, Task};
use crate::tui::text::clean;
use crate::workspace::{StrategyFile, Workspace};

/// What a command is given.
pub struct Context<'a> {
    /// The settings, all layers laid over each other and checked.
    pub config: Config,
    /// The same with the origin of each value.
    pub settings: Settings,
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
        let base = self.settings.base_of("data.sources");
        let (paths, origin) = if !self.global.data.is_empty() {
            (self.global.data.clone(), "given with --data".to_owned())
        } else if !self.config.data.sources.is_empty() {
            let paths = self.config.data.sources.iter().map(|path| within(base.as_deref(), path)).collect();
            (paths, format!("data.sources, {}", self.settings.origin_of("data.sources")))
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
        kept_folder(self.workspace.as_deref(), &self.global, &self.config)
    }

    /// The strategies of that folder, or those that come with the program.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn strategies(&self) -> anyhow::Result<Vec<StrategyFile>> {
        let folder = self.folder()?;
        if folder.is_dir() {
            Ok(Workspace::open(folder)?.strategies()?)
        } else {
            Ok(Workspace::shipped_strategies())
        }
    }

    /// What is wrong and what to do where a shop's messages would be signed with the sample's name.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn unnamed_brand(&self) -> anyhow::Result<Option<(String, String)>> {
        let folder = self.folder()?;
        if folder == Workspace::sample_folder()? {
            return Ok(None);
        }
        Ok(self.config.brand.unnamed(&folder.join(PROJECT_FILE)))
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

/// The project's folder; without a project the one of the user's state folder that belongs to this data.
pub(super) fn kept_folder(
    project: Option<&Path>,
    global: &Global,
    config: &Config,
) -> anyhow::Result<PathBuf> {
    if let Some(folder) = project {
        return Ok(folder.to_path_buf());
    }
    let sources = if global.data.is_empty() { &config.data.sources } else { &global.data };
    if sources.is_empty() {
        return Ok(Workspace::sample_folder()?);
    }
    Ok(Workspace::kept_for(sources)?)
}

/// A path of a setting, relative to the folder that the setting belongs to.
fn within(base: Option<&Path>, path: &Path) -> PathBuf {
    base.map_or_else(|| path.to_path_buf(), |base| base.join(path))
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
