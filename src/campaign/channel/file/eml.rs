//! One `.eml` file for each e-mail, under its message id.
//!
//! A file is written under another name and then renamed, so that under its own name there is all of it or nothing.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::unwritten;
use crate::campaign::channel::{Carrier, Fault, Outcome};
use crate::campaign::message::Outgoing;
use crate::workspace::{private_file, private_folder};

/// What every e-mail of ours ends with: the end of its last part.
const END: &[u8] = b"--\r\n";
/// Files that wait to be made durable at most.
const MOST_OPEN: usize = 256;
/// Files that are made durable at the same time.
const AT_A_TIME: usize = 16;

pub(super) struct Eml {
    folder: PathBuf,
    /// Written since the last [`Carrier::settle`].
    unsettled: Vec<File>,
}

impl Eml {
    pub fn open(folder: &Path) -> io::Result<Self> {
        private_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), unsettled: Vec::new() })
    }

    fn path(&self, message_id: &str) -> PathBuf {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        let name: String = message_id.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        self.folder.join(format!("{}.eml", name.trim_start_matches('.')))
    }

    /// Whether the file is there, whole: after a power cut a name may be there without its content.
    fn is_there(path: &Path) -> bool {
        let whole = || -> io::Result<bool> {
            let mut file = File::open(path)?;
            let mut end = [0; END.len()];
            file.seek(SeekFrom::End(-(END.len() as i64)))?;
            file.read_exact(&mut end)?;
            Ok(end == END)
        };
        whole().unwrap_or(false)
    }

    fn write(&mut self, path: &Path, mail: &[u8]) -> io::Result<()> {
        let beside = path.with_extension("part");
        let mut file = private_file(File::options().write(true).create(true).truncate(true), &beside)?;
        file.write_all(mail)?;
        fs::rename(&beside, path)?;
        self.unsettled.push(file);
        Ok(())
    }
}

/// Makes files durable, several at a time: a file system writes them in one go, and each alone costs a turn of the disk.
fn sync(files: &[File]) -> io::Result<()> {
    let share = files.len().div_ceil(AT_A_TIME);
    std::thread::scope(|scope| {
        let shares: Vec<_> = files
            .chunks(share)
            .map(|files| scope.spawn(|| files.iter().try_for_each(File::sync_data)))
            .collect();
        // A thread that panicked has not synced.
        shares.into_iter().try_for_each(|share| {
            share.join().unwrap_or_else(|_| Err(io::Error::other("it was interrupted")))
        })
    })
}

impl Carrier for Eml {
    fn prepare(&mut self, _: &Outgoing) -> Result<(), Fault> {
        if self.unsettled.len() >= MOST_OPEN {
            self.settle()?;
        }
        Ok(())
    }

    fn hand_over(&mut self, message: &Outgoing) -> Outcome {
        let path = self.path(&message.message_id);
        if Self::is_there(&path) {
            return Outcome::Accepted { reply: format!("stands in {} already", path.display()) };
        }
        match self.write(&path, &message.mail) {
            Ok(()) => Outcome::Accepted { reply: format!("written to {}", path.display()) },
            Err(error) => Outcome::Failed(unwritten(&path, &error)),
        }
    }

    fn already_taken(&mut self, message_id: &str) -> Option<bool> {
        Some(Self::is_there(&self.path(message_id)))
    }

    fn window(&self) -> usize {
        super::WINDOW
    }

    fn settle(&mut self) -> Result<(), Fault> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        let settled = sync(&self.unsettled).and_then(|()| File::open(&self.folder)?.sync_all());
        settled.map_err(|error| unwritten(&self.folder, &error))?;
        self.unsettled.clear();
        Ok(())
    }

    fn close(&mut self) {
        let _ = self.settle();
    }
}
