//! Messages into files: the way out where no other is set up, and the one without a window in which nobody knows.
//!
//! In: messages. Out: one `.eml` for each e-mail, or rows of one CSV file, or lines of one JSON lines file. A message that
//! stands there already is known by its id and is not written twice, so that after a crash the file itself says what
//! became of the message that was in the air.

mod eml;
mod rows;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{Carrier, Fault, FaultKind, SetupError};
use crate::data::Channel;

/// Messages that are written before the disk is asked once for all of them.
const WINDOW: usize = 256;

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Eml,
    Csv,
    JsonLines,
}

/// Where the files are.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    form: Form,
    /// The folder of `.eml` files, or the file of rows.
    path: PathBuf,
}

impl Settings {
    /// `form` is as the settings spell it.
    pub fn of(channel: Channel, form: &str, folder: &Path) -> Self {
        let name = channel.name();
        let (form, path) = match form {
            "csv" => (Form::Csv, folder.join(format!("{name}.csv"))),
            "json-lines" => (Form::JsonLines, folder.join(format!("{name}.jsonl"))),
            _ => (Form::Eml, folder.join(name)),
        };
        Self { form, path }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Eml => write!(f, "files in {}", self.path.display()),
            Form::Csv | Form::JsonLines => write!(f, "the file {}", self.path.display()),
        }
    }
}

/// Opens the files, and reads what stands there already.
///
/// # Errors
/// They cannot be made, opened or read, or another process has them.
pub(super) fn open(settings: &Settings) -> Result<Box<dyn Carrier>, SetupError> {
    let opened: io::Result<Box<dyn Carrier>> = match settings.form {
        Form::Eml => eml::Eml::open(&settings.path).map(|eml| Box::new(eml) as Box<dyn Carrier>),
        form => rows::Rows::open(&settings.path, form).map(|rows| Box::new(rows) as Box<dyn Carrier>),
    };
    opened.map_err(|error| {
        SetupError(format!(
            "{} cannot be written ({error}): choose another folder under [sending], or make room there",
            settings.path.display()
        ))
    })
}

fn unwritten(path: &Path, error: &io::Error) -> Fault {
    Fault::new(FaultKind::Channel, format!("{} cannot be written: {error}", path.display()))
}
