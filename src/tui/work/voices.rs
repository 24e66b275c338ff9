//! What the dashboard does with the shop's own voice: looks what there is to learn from, learns, accepts, goes back.
//!
//! In: a [`VoiceWork`]. Out: [`VoiceNews`]; while it learns, [`Partial::Learning`] with each step.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use super::campaigns::sentence;
use super::{Partial, Slot};
use crate::config::Config;
use crate::jobs::{Failure, Task};
use crate::own_voice::{
    self, Ask, Counts, Event, Learning, Lessons, Listed, OwnVoiceError, Stopped, Voices, name_of,
};
use crate::workspace::{DATABASE, Workspace};
use crate::writing::catalogue::Choice;

/// Something to be done with the shop's own voice.
#[derive(Clone, Debug)]
pub struct VoiceWork {
    /// The project's.
    pub folder: PathBuf,
    pub config: Config,
    /// Who does it.
    pub person: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Day on which the messages of a report would be sent.
    pub sending: Date,
    pub doing: VoiceDoing,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoiceDoing {
    Look,
    /// Learns a new one, or goes on where a learning was stopped.
    Learn {
        resume: bool,
    },
    /// The version of that number.
    Accept(u32),
    Back,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    pub lessons: Counts,
    pub listed: Listed,
    /// The version in use before the present one, which going back leads to.
    pub before: Option<u32>,
    /// A learning that was stopped and can go on.
    pub stopped: Option<Stopped>,
    /// Name of the model that the settings choose; `None` where that is none.
    pub model: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum VoiceNews {
    Known(Arc<Known>),
    /// The version of that number is there, and nobody uses it yet.
    Learnt(u32),
    /// It stands beside the model from now on; `None`: the house's, or none.
    InUse(Option<u32>),
}

impl VoiceWork {
    /// See [`super::Work::slot`].
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        match self.doing {
            VoiceDoing::Look => Some(Slot::Voices),
            VoiceDoing::Learn { .. } => Some(Slot::Learning),
            VoiceDoing::Accept(_) | VoiceDoing::Back => None,
        }
    }

    /// See [`super::Work::title`].
    #[must_use]
    pub fn title(&self) -> String {
        match self.doing {
            VoiceDoing::Look => "Read the voices".into(),
            VoiceDoing::Learn { .. } => "Learn a voice".into(),
            VoiceDoing::Accept(number) => format!("Accept {}", name_of(number)),
            VoiceDoing::Back => "Go back to the voice before".into(),
        }
    }

    /// See [`super::Work::is_quiet`].
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.doing == VoiceDoing::Look
    }
}

/// Does it.
///
/// # Errors
/// Cancelled, or a cause with a remedy.
pub fn run(work: &VoiceWork, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<VoiceNews, Failure> {
    let voices = Voices::of(&work.folder);
    Ok(match work.doing {
        VoiceDoing::Look => VoiceNews::Known(Arc::new(look(work, &voices)?)),
        VoiceDoing::Learn { resume } => {
            let workspace = Workspace::open(&work.folder)?;
            let library = own_voice::library(Some(&work.folder));
            let learning = Learning {
                workspace: &workspace,
                config: &work.config,
                library: &library,
                ask: Ask { resume, ..Ask::default() },
                by: &work.person,
                at: work.at,
                sending: work.sending,
            };
            let version = own_voice::learn(&learning, task, &mut |told| tell(Partial::Learning(told)))?;
            VoiceNews::Learnt(version.number)
        }
        VoiceDoing::Accept(number) => {
            voices.accept(number, &work.person, work.at)?;
            VoiceNews::InUse(Some(number))
        }
        VoiceDoing::Back => VoiceNews::InUse(voices.back(&work.person, work.at)?),
    })
}

fn look(work: &VoiceWork, voices: &Voices) -> Result<Known, Failure> {
    // A project without a database has nothing to learn from, and gets none for this.
    let lessons = if work.folder.join(DATABASE).is_file() {
        let workspace = Workspace::open(&work.folder)?;
        own_voice::gather(&workspace.store()?, &own_voice::strategies_now(&workspace)?)?
    } else {
        Lessons::default()
    };
    Ok(Known {
        lessons: lessons.counts(),
        before: before(&voices.log()?),
        listed: voices.list()?,
        stopped: voices.stopped(),
        model: Choice::parse(&work.config.writing.model).ok().map(|choice| choice.name()),
    })
}

/// The version that going back leads to.
fn before(log: &[Event]) -> Option<u32> {
    own_voice::accepted(log).iter().rev().nth(1).copied()
}

impl From<OwnVoiceError> for Failure {
    fn from(error: OwnVoiceError) -> Self {
        if error.is_cancelled() { Self::Cancelled } else { Self::Failed(sentence(&error.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::own_voice::Deed;

    #[test]
    fn going_back_leads_to_what_was_accepted_before() {
        let event = |deed| Event { at: 1, by: "anybody".into(), deed };
        let mut log = vec![event(Deed::Learned { version: 1 })];
        assert_eq!(before(&log), None);
        log.push(event(Deed::Accepted { version: 1 }));
        assert_eq!(before(&log), None, "the house's");
        log.push(event(Deed::Accepted { version: 2 }));
        log.push(event(Deed::Accepted { version: 3 }));
        assert_eq!(before(&log), Some(2));
        log.push(event(Deed::WentBack { from: 3, to: Some(2) }));
        assert_eq!(before(&log), Some(1));
    }
}
