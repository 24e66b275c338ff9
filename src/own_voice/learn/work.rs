//! The folder in which a voice is made: what it learns from, the training's own folder, and a lock.
//!
//! In: the voices of a workspace. Out: a [`Work`], which one learner has at a time.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use crate::own_voice::versions::LOCK;
use crate::own_voice::{Lessons, OwnVoiceError, Voices, gather, io, strategies_now};
use crate::workspace::{AtomicFile, Privacy, Workspace, private_folder};

/// What a learning began with, so that it can go on with the same.
const LESSONS: &str = "lessons.json";

/// The folder in which a voice is made; one learner has it at a time.
pub(super) struct Work {
    folder: PathBuf,
    _lock: File,
}

impl Work {
    pub fn open(voices: &Voices, resume: bool) -> Result<Self, OwnVoiceError> {
        let folder = voices.work_folder();
        private_folder(&folder).map_err(io(&folder, "made"))?;
        let path = folder.join(LOCK);
        let lock = File::create(&path).map_err(io(&path, "made"))?;
        lock.try_lock().map_err(|_| {
            OwnVoiceError::Failed(format!(
                "a voice is being learnt in {} already: wait for it, or stop it",
                folder.display()
            ))
        })?;
        let work = Self { folder, _lock: lock };
        if !resume {
            for part in [work.voice(), work.looks(), work.start()].iter().filter(|part| part.exists()) {
                fs::remove_dir_all(part).map_err(io(part, "removed"))?;
            }
            let kept = work.kept();
            if kept.exists() {
                fs::remove_file(&kept).map_err(io(&kept, "removed"))?;
            }
        }
        Ok(work)
    }

    /// What is learnt from: what the workspace teaches now, or what it taught when a stopped learning began, so that people may
    /// go on deciding while it learns.
    ///
    /// # Errors
    /// The database or the file cannot be read, the file cannot be written, or there is too little to learn from.
    pub fn lessons(&self, workspace: &Workspace) -> Result<Lessons, OwnVoiceError> {
        let path = self.kept();
        if path.exists() {
            let text = fs::read_to_string(&path).map_err(io(&path, "read"))?;
            return serde_json::from_str(&text).map_err(|error| {
                OwnVoiceError::Failed(format!(
                    "{} is damaged ({error}): remove {} to begin anew, without --resume",
                    path.display(),
                    self.folder.display()
                ))
            });
        }
        let lessons = gather(&workspace.store()?, &strategies_now(workspace)?)?;
        lessons.check()?;
        let text = serde_json::to_vec(&lessons).map_err(|error| OwnVoiceError::Failed(error.to_string()))?;
        AtomicFile::create(&path, Privacy::Private)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.commit()))
            .map_err(io(&path, "written"))?;
        Ok(lessons)
    }

    fn kept(&self) -> PathBuf {
        self.folder.join(LESSONS)
    }

    pub fn voice(&self) -> PathBuf {
        self.folder.join("voice")
    }

    pub fn looks(&self) -> PathBuf {
        self.folder.join("looks")
    }

    pub fn start(&self) -> PathBuf {
        self.folder.join("start")
    }

    /// What is left is of no use any more; where it cannot be removed it does no harm.
    pub fn close(self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
