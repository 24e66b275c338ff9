//! The voices of a workspace, and which of them is in use.
//!
//! In: the folder `voices`: `0001/` with an adapter and `report.json`, `log.jsonl` with what was done. Out: the versions,
//! which one stands beside the model, and new lines in the log. A version appears whole, under one rename; the log is only
//! added to, a line at a time, and a line that a loss of power cut is as if it had never been begun.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{OwnVoiceError, Report, io};
use crate::tuning::{Losses, adapter, checkpoint};
use crate::workspace::{private_file, private_folder};
use crate::writing::adapter::{Adapter, CARD, Library, OwnVoice, Place, SETTINGS, WEIGHTS};

/// The folder of a workspace with its voices.
pub const FOLDER: &str = "voices";
/// Files beside and in a version.
const LOG: &str = "log.jsonl";
const REPORT: &str = "report.json";
/// Where the next one is made, and the file in it that whoever makes it has locked.
const WORK: &str = ".learning";
pub(super) const LOCK: &str = "lock";

/// What people call a version, and what stands beside the model's name: "voice 3".
#[must_use]
pub fn name_of(number: u32) -> String {
    format!("voice {number}")
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody has accepted it yet.
    Proposed,
    /// It stands beside the model.
    InUse,
    /// It was accepted, and another or none stands beside the model now.
    Earlier,
}

/// A voice that was learnt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Version {
    /// Counted from 1.
    pub number: u32,
    pub folder: PathBuf,
    pub standing: Standing,
    pub report: Report,
}

/// A folder that holds no whole version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damaged {
    pub number: u32,
    pub folder: PathBuf,
    /// Cause and remedy.
    pub why: String,
}

/// All versions, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Listed {
    pub versions: Vec<Version>,
    pub damaged: Vec<Damaged>,
    /// The one that was accepted last and not gone back from; `None`: the house's, or no adapter.
    pub current: Option<u32>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub enum Deed {
    Learned {
        version: u32,
    },
    Accepted {
        version: u32,
    },
    /// `to`: the one before; `None` is the house's, or no adapter.
    WentBack {
        from: u32,
        to: Option<u32>,
    },
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    pub by: String,
    #[serde(flatten)]
    pub deed: Deed,
}

/// How far a learning came that was stopped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stopped {
    /// Steps done and all of them; both 0 where the file that would say so is damaged.
    pub step: usize,
    pub of: usize,
    /// What was seen at its looks.
    pub losses: Vec<Losses>,
}

impl Stopped {
    /// Steps done and all of them, where anybody knows.
    #[must_use]
    pub fn steps(&self) -> Option<(usize, usize)> {
        (self.of > 0).then_some((self.step, self.of))
    }
}

/// A learning that has not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Underway {
    /// Somebody learns now.
    Running,
    /// It can go on.
    Stopped(Stopped),
}

/// The voices of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voices {
    folder: PathBuf,
}

impl Voices {
    /// Those of a workspace's folder. Nothing need be there.
    #[must_use]
    pub fn of(workspace: &Path) -> Self {
        Self { folder: workspace.join(FOLDER) }
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the next one is made.
    #[must_use]
    pub fn work_folder(&self) -> PathBuf {
        self.folder.join(WORK)
    }

    /// The learning that was stopped here and can go on; `None` also while somebody learns.
    #[must_use]
    pub fn stopped(&self) -> Option<Stopped> {
        match self.underway()? {
            Underway::Running => None,
            Underway::Stopped(stopped) => Some(stopped),
        }
    }

    /// The learning that runs or was stopped here.
    #[must_use]
    pub fn underway(&self) -> Option<Underway> {
        let lock = File::open(self.work_folder().join(LOCK)).map(|lock| lock.try_lock_shared());
        if matches!(lock, Ok(Err(fs::TryLockError::WouldBlock))) {
            return Some(Underway::Running);
        }
        self.left().map(Underway::Stopped)
    }

    /// What a learning left that nobody goes on with now.
    fn left(&self) -> Option<Stopped> {
        let made = self.work_folder().join("voice");
        if made.join(WEIGHTS).is_file() {
            // All steps are done, and the report is missing.
            let card = adapter::read_card(&made).ok();
            return Some(card.map_or_else(Stopped::default, |card| {
                let step = card.losses.last().map_or(card.step, |last| last.step);
                Stopped { step, of: card.settings.steps, losses: card.losses }
            }));
        }
        made.join(checkpoint::FILE).is_file().then(|| {
            checkpoint::standing(&made).map_or_else(Stopped::default, |(standing, settings)| Stopped {
                step: standing.step,
                of: settings.steps,
                losses: standing.losses,
            })
        })
    }

    /// All versions, oldest first; folders that are damaged are named and passed over.
    ///
    /// # Errors
    /// The folder or the log cannot be read.
    pub fn list(&self) -> Result<Listed, OwnVoiceError> {
        let log = self.log()?;
        let current = accepted(&log).last().copied();
        let mut listed = Listed { current, ..Listed::default() };
        for (number, folder) in self.folders()? {
            match read_report(&folder).and_then(|report| whole(number, &folder).map(|()| report)) {
                Ok(report) => {
                    let before = log.iter().any(|event| event.deed == Deed::Accepted { version: number });
                    let standing = match before {
                        _ if current == Some(number) => Standing::InUse,
                        true => Standing::Earlier,
                        false => Standing::Proposed,
                    };
                    listed.versions.push(Version { number, folder, standing, report });
                }
                Err(why) => listed.damaged.push(Damaged { number, folder, why }),
            }
        }
        Ok(listed)
    }

    /// The version in use; `None`: the house's, or no adapter.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn current(&self) -> Result<Option<u32>, OwnVoiceError> {
        Ok(accepted(&self.log()?).last().copied())
    }

    /// One version.
    ///
    /// # Errors
    /// There is none of this number, or its folder is damaged.
    pub fn version(&self, number: u32) -> Result<Version, OwnVoiceError> {
        let listed = self.list()?;
        if let Some(damaged) = listed.damaged.iter().find(|damaged| damaged.number == number) {
            return Err(OwnVoiceError::Failed(damaged.why.clone()));
        }
        let numbers: Vec<String> = listed.versions.iter().map(|version| version.number.to_string()).collect();
        listed.versions.into_iter().find(|version| version.number == number).ok_or_else(|| {
            let there = if numbers.is_empty() {
                "there are none yet: learn one with `perennial tune --from-approved`".to_owned()
            } else {
                format!("there are: {}", numbers.join(", "))
            };
            OwnVoiceError::Failed(format!("{} has no voice {number}; {there}", self.folder.display()))
        })
    }

    /// Puts a version beside the model; nothing changes where it is there already. `at`: milliseconds since 1970.
    ///
    /// # Errors
    /// There is none of this number, it is damaged, or the log cannot be written.
    pub fn accept(&self, number: u32, by: &str, at: i64) -> Result<Version, OwnVoiceError> {
        let version = self.version(number)?;
        if version.standing == Standing::InUse {
            return Ok(version);
        }
        self.add(&Event { at, by: by.to_owned(), deed: Deed::Accepted { version: number } })?;
        Ok(Version { standing: Standing::InUse, ..version })
    }

    /// Goes back to the version before; the number of it, `None` for the house's, or no adapter.
    ///
    /// # Errors
    /// No version is in use, or the log cannot be written.
    pub fn back(&self, by: &str, at: i64) -> Result<Option<u32>, OwnVoiceError> {
        let mut accepted = accepted(&self.log()?);
        let Some(from) = accepted.pop() else {
            return Err(OwnVoiceError::Failed(format!(
                "no voice of {} is in use, so there is nothing to go back from; `perennial voice` lists them",
                self.folder.display()
            )));
        };
        let to = accepted.last().copied();
        self.add(&Event { at, by: by.to_owned(), deed: Deed::WentBack { from, to } })?;
        Ok(to)
    }

    /// What was done, oldest first. A last line that was cut is no line.
    ///
    /// # Errors
    /// The log cannot be read, or a line of it is no line of a log.
    pub fn log(&self) -> Result<Vec<Event>, OwnVoiceError> {
        let path = self.folder.join(LOG);
        let text = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(&path, "read")(error)),
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines = text[..whole].split(|byte| *byte == b'\n').enumerate();
        lines
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| {
                serde_json::from_slice(line).map_err(|error| {
                    OwnVoiceError::Failed(format!(
                        "{}, line {}: this says nothing of a voice ({error}). Take the line away, or bring back a \
                         copy of the file",
                        path.display(),
                        number + 1
                    ))
                })
            })
            .collect()
    }

    /// Takes a finished adapter with its report in as the next version: under one rename. `made` lies in the same folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn take_in(&self, made: &Path, report: &Report) -> Result<Version, OwnVoiceError> {
        let mut text = serde_json::to_string_pretty(report)
            .map_err(|error| OwnVoiceError::Failed(format!("the report cannot be written: {error}")))?;
        text.push('\n');
        let path = made.join(REPORT);
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(io(&path, "written"))?;
        let mut number = self.folders()?.last().map_or(1, |(number, _)| number + 1);
        let folder = loop {
            let folder = self.folder.join(format!("{number:04}"));
            match fs::rename(made, &folder) {
                Ok(()) => break folder,
                // Another has taken the number meanwhile.
                Err(_) if folder.exists() && number < u32::MAX => number += 1,
                Err(error) => return Err(io(&folder, "made")(error)),
            }
        };
        sync(&self.folder);
        let (at, by) = (report.learnt_at, report.by.clone());
        self.add(&Event { at, by, deed: Deed::Learned { version: number } })?;
        Ok(Version { number, folder, standing: Standing::Proposed, report: report.clone() })
    }

    /// A library that knows the versions by their names, and the accepted one as what stands beside its model.
    #[must_use]
    pub fn beside(&self, library: Library) -> Library {
        let folders = self.folders().unwrap_or_default();
        let named = folders.into_iter().map(|(number, folder)| (name_of(number), folder)).collect();
        let accepted = match self.current() {
            Ok(None) => None,
            Ok(Some(number)) => {
                let path = self.folder.join(format!("{number:04}"));
                let base = read_report(&path).map(|report| report.base);
                Some(OwnVoice { name: name_of(number), path, base: base.map_err(|why| lost(number, &why)) })
            }
            // Which one was accepted is not known: nobody is to write with another in silence.
            Err(error) => Some(OwnVoice {
                name: FOLDER.into(),
                path: self.folder.clone(),
                base: Err(error.to_string()),
            }),
        };
        library.with_voices(named, accepted)
    }

    /// Folders whose name is a number, in its order.
    fn folders(&self) -> Result<Vec<(u32, PathBuf)>, OwnVoiceError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(&self.folder, "read")(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(io(&self.folder, "read"))?;
            let name = entry.file_name();
            let number = name.to_str().filter(|name| name.len() >= 4).and_then(|name| name.parse().ok());
            if let Some(number) = number.filter(|number| *number > 0) {
                found.push((number, entry.path()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Adds a line to the log; once this returns, it survives a loss of power.
    fn add(&self, event: &Event) -> Result<(), OwnVoiceError> {
        let path = self.folder.join(LOG);
        let mut line = serde_json::to_string(event).map_err(|error| {
            OwnVoiceError::Failed(format!("{} cannot be written: {error}", path.display()))
        })?;
        line.push('\n');
        let write = || {
            private_folder(&self.folder)?;
            let mut options = OpenOptions::new();
            let mut file = private_file(options.read(true).write(true).create(true).truncate(false), &path)?;
            file.lock()?;
            let mut known = Vec::new();
            file.read_to_end(&mut known)?;
            // What was cut before is no line.
            let whole = known.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::Start(whole as u64))?;
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            sync(&self.folder);
            Ok(())
        };
        write().map_err(io(&path, "written"))
    }
}

/// Versions that were accepted and not gone back from, the one in use last.
#[must_use]
pub fn accepted(log: &[Event]) -> Vec<u32> {
    let mut standing = Vec::new();
    for event in log {
        match event.deed {
            Deed::Learned { .. } => {}
            Deed::Accepted { version } => standing.push(version),
            Deed::WentBack { .. } => drop(standing.pop()),
        }
    }
    standing
}

/// That a version's numbers can be read to the last: whoever writes with it would fail.
fn whole(number: u32, folder: &Path) -> Result<(), String> {
    let place = Place::Folder { name: Some(name_of(number)), path: folder.to_owned() };
    Adapter::read(&place).map(drop).map_err(|error| error.to_string())
}

/// What is said where the accepted version is not whole any more.
fn lost(number: u32, why: &str) -> String {
    format!(
        "voice {number} is in use here, and {why}. Or go back to the one before with `perennial voice back`, or write \
         with another (`--adapter house`, `--adapter none`)"
    )
}

/// The report of a version whose files are all there; else why it cannot be used.
fn read_report(folder: &Path) -> Result<Report, String> {
    let shown = folder.display();
    for name in [WEIGHTS, SETTINGS, CARD, REPORT] {
        if !folder.join(name).is_file() {
            return Err(format!("{shown} is damaged: it has no {name}. Bring the folder back from a copy"));
        }
    }
    let text = fs::read_to_string(folder.join(REPORT))
        .map_err(|error| format!("{shown} is damaged: {REPORT} cannot be read ({error})"))?;
    serde_json::from_str(&text).map_err(|error| {
        format!("{shown} is damaged: {REPORT} is no report ({error}). Bring the folder back from a copy")
    })
}

/// Makes a new name in a folder durable; where a folder cannot be synced, nothing is lost but this certainty.
fn sync(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests;
