//! What is to be written, and for whom.

use super::judging::Judge;
use crate::config::Config;
use crate::segments::Group;
use crate::strategy::{Facts, Strategy};
use crate::writing::adapter::Place;
use crate::writing::voice::Voice;
use crate::writing::{Draft, Sampling};

/// What to write.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub strategy: Strategy,
    /// The facts that the text shows.
    pub facts: Facts,
    /// Cluster letter.
    pub segment: String,
    /// The group that has this letter; `None` with facts from a file.
    pub group: Option<Group>,
    /// One per variant.
    pub seeds: Vec<u64>,
    pub sampling: Sampling,
    /// The brand's; never written.
    pub banned_words: Vec<String>,
    pub voice: Voice,
    /// The adapter that is to stand beside the model.
    pub adapter: Option<Place>,
    /// Texts of each slot that stand there already, in variants that stay: no other is to be like them.
    pub beside: Vec<Vec<String>>,
    /// Asked of each candidate; without it the rules are asked of what was chosen alone.
    pub judge: Option<Judge>,
}

impl Assignment {
    /// What a draft was written from, with no seeds: for writing a part of it again. The adapter is chosen by the draft's
    /// record.
    pub(in crate::writing) fn of(draft: &Draft, strategy: &Strategy) -> Self {
        Self {
            strategy: strategy.clone(),
            facts: draft.fields.clone(),
            segment: draft.segment.clone(),
            group: draft.group.clone(),
            seeds: Vec::new(),
            sampling: draft.sampling,
            banned_words: draft.banned_words.clone(),
            voice: draft.voice.clone(),
            adapter: None,
            beside: Vec::new(),
            judge: None,
        }
    }

    /// One draft for a reader of whom these facts are known and no segment, as the settings have it.
    #[must_use]
    pub fn of_facts(
        strategy: &Strategy,
        facts: &Facts,
        seed: u64,
        config: &Config,
        adapter: Option<Place>,
    ) -> Self {
        Self {
            strategy: strategy.clone(),
            facts: facts.clone(),
            segment: String::new(),
            group: None,
            seeds: vec![seed],
            sampling: Sampling::from(&config.writing),
            banned_words: config.banned_words(),
            voice: Voice::new(&config.voice, &[]),
            adapter,
            beside: Vec::new(),
            judge: None,
        }
    }
}
