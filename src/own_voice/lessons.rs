//! From decisions to lessons: what people approved and edited, as prompts and texts.
//!
//! In: the drafts and the log of decisions of a workspace. Out: [`Lessons`], in which no person's data is left.

use serde::{Deserialize, Serialize};

use super::{LEAST_LESSONS, LEAST_PAIRS, OwnVoiceError};
use crate::review::decision::DraftId;
use crate::workspace::Store;

/// How a text came to be learnt from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// As the model wrote it.
    Approved,
    /// As a person changed it.
    Edited,
}

/// A text that stands approved, and what asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    pub draft: DraftId,
    pub slot: usize,
    pub strategy: String,
    /// BCP 47.
    pub language: String,
    pub prompt: String,
    pub text: String,
    pub source: Source,
    pub weight: f32,
}

/// A better and a worse text for the same request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub prompt: String,
    pub chosen: String,
    pub rejected: String,
    /// The worse one was edited into the better, or else it was rejected.
    pub edited: bool,
}

/// Why a text teaches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Data of a person could not be taken out of it for certain.
    Personal,
    /// The strategy's own text, which nobody touched.
    OwnText,
    /// The strategy's file of that time is not kept, or its slots cannot be told any more.
    NoTemplate,
    /// It is empty.
    Empty,
    /// The same text for the same request is there already.
    Twice,
}

/// Texts that were left out, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub why: Why,
    pub texts: usize,
}

/// All that a workspace teaches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lessons {
    pub learnt: Vec<Lesson>,
    /// Kept for judging: one of five, by the hash of its text.
    pub held_out: Vec<Lesson>,
    pub pairs: Vec<Pair>,
    /// Texts of rejected drafts, without anybody's data.
    pub rejected: Vec<String>,
    pub left_out: Vec<LeftOut>,
}

/// The same in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Texts learnt from and held out, by how they came.
    pub approved: usize,
    pub edited: usize,
    pub held_out: usize,
    /// Examples of the house corpus beside them.
    pub house: usize,
    /// Pairs of edits and of rejections; used from 16 on.
    pub pairs_of_edits: usize,
    pub pairs_of_rejections: usize,
    pub preferences_used: bool,
    pub rejected: usize,
    pub left_out: Vec<LeftOut>,
}

impl Lessons {
    /// Texts in all, those that are held out among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.learnt.len() + self.held_out.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there are enough pairs to learn preferences.
    #[must_use]
    pub fn has_preferences(&self) -> bool {
        self.pairs.len() >= LEAST_PAIRS
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        let all = || self.learnt.iter().chain(&self.held_out);
        let edits = self.pairs.iter().filter(|pair| pair.edited).count();
        Counts {
            approved: all().filter(|lesson| lesson.source == Source::Approved).count(),
            edited: all().filter(|lesson| lesson.source == Source::Edited).count(),
            held_out: self.held_out.len(),
            house: 0,
            pairs_of_edits: edits,
            pairs_of_rejections: self.pairs.len() - edits,
            preferences_used: self.has_preferences(),
            rejected: self.rejected.len(),
            left_out: self.left_out.clone(),
        }
    }

    /// That there is enough to learn from.
    ///
    /// # Errors
    /// There is too little; the message says how much it takes.
    pub fn check(&self) -> Result<(), OwnVoiceError> {
        if self.len() >= LEAST_LESSONS {
            return Ok(());
        }
        Err(OwnVoiceError::Failed(format!(
            "there is too little to learn a voice from: {} texts in this workspace stand approved by a person and were \
             written by the model or edited, and it takes {LEAST_LESSONS}. Approve or edit more drafts in review, then \
             ask again",
            self.len()
        )))
    }
}

/// What the workspace's decisions teach.
///
/// # Errors
/// The database cannot be read.
pub fn gather(store: &Store) -> Result<Lessons, OwnVoiceError> {
    let _ = store.log()?;
    Ok(Lessons::default())
}
