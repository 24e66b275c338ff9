//! Writes a draft again from its record.
//!
//! In: a draft, the strategy that it was written from, and an engine. Out: of each slot the text that the same model
//! writes from the same prompt with the same seed and sampling, and in words what is not as it was. A slot's text
//! depends on its own seed alone, not on what was written beside it.

use super::drafts::{Asking, Assignment, request_of};
use super::{AdapterIdentity, Draft, FinishReason, TextEngine, WritingError};
use crate::jobs::Cancel;
use crate::strategy::{self, Strategy};

/// One slot, as it was written and as it is written now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedSlot {
    pub stored: String,
    /// `None`: it is one of the strategy's own texts, which the strategy still has.
    pub again: Option<String>,
}

impl ReplayedSlot {
    /// Whether the same bytes came out.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.again.as_ref().is_none_or(|again| *again == self.stored)
    }
}

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    pub slots: Vec<ReplayedSlot>,
    /// What is not as it was when the draft was written, whether it made a difference or not.
    pub differs: Vec<String>,
}

impl Replay {
    /// Whether the same bytes came out.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.slots.iter().all(ReplayedSlot::is_same)
    }
}

/// Writes the slots of a draft again, with the adapter that stands beside the engine's model. `banned_words` are today's;
/// the draft's own are used.
///
/// # Errors
/// Cancelled, the engine failed, or the strategy cannot be filled with the draft's facts.
pub fn replay(
    draft: &Draft,
    strategy: &Strategy,
    banned_words: &[String],
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
) -> Result<Replay, WritingError> {
    let mut found = Replay::default();
    let (was, is) = (&draft.model, engine.identity().clone());
    let needed = draft.slots.iter().any(|slot| slot.finish_reason != FinishReason::Template);
    let named = |name: &str, sha256: &str| match sha256.get(..12) {
        Some(short) => format!("{name} ({short}…)"),
        None => name.to_owned(),
    };
    if needed && (&was.name, &was.sha256) != (&is.name, &is.sha256) {
        found.differs.push(format!(
            "the model: {} wrote it, {} is here",
            named(&was.name, &was.sha256),
            named(&is.name, &is.sha256)
        ));
    }
    if needed && was.adapter != is.adapter {
        let named = |adapter: &Option<AdapterIdentity>| match adapter {
            Some(adapter) => named(&adapter.name, &adapter.sha256),
            None => "none".to_owned(),
        };
        found.differs.push(format!(
            "the adapter: {} stood beside the model, {} does now",
            named(&was.adapter),
            named(&is.adapter)
        ));
    }
    if !draft.program.is_empty() && draft.program != super::PROGRAM {
        found.differs.push(format!("the program: {} wrote it, this is {}", draft.program, super::PROGRAM));
    }
    if draft.banned_words != banned_words {
        found.differs.push("the banned words: the draft's own are used here".into());
    }
    let slots = strategy::slots(strategy, &draft.fields)
        .map_err(|problem| WritingError::Failed(format!("{}; {}", problem.message, problem.remedy)))?;
    if slots.len() != draft.slots.len() {
        let (now, then) = (slots.len(), draft.slots.len());
        return Err(WritingError::Failed(format!(
            "the strategy has {now} slots and the draft {then}: it was not written from this strategy"
        )));
    }
    let assignment = Assignment::of(draft, strategy);
    for (index, (slot, stored)) in slots.iter().zip(&draft.slots).enumerate() {
        if stored.finish_reason == FinishReason::Template {
            let own = slot.fallback.contains(&stored.text) || slot.examples.contains(&stored.text);
            let again = (!own).then(|| slot.fallback.first().cloned().unwrap_or_default());
            found.slots.push(ReplayedSlot { stored: stored.text.clone(), again });
            continue;
        }
        let mut request = request_of(&assignment, slot, Asking::of(engine));
        request.seeds = vec![stored.seed];
        request.begun.clone_from(&stored.begun);
        request.avoid.clone_from(&stored.avoided);
        if draft.prompts.get(index).is_some_and(|prompt| *prompt != request.prompt.text()) {
            found.differs.push(format!("the prompt of slot {}", index + 1));
        }
        let writing = engine.write(&request, cancel, &mut |_| {}).map_err(|error| match error {
            WritingError::Failed(why) if !found.differs.is_empty() => {
                WritingError::Failed(format!("{why} (not as it was: {})", found.differs.join("; ")))
            }
            other => other,
        })?;
        let again = writing.variants.into_iter().next().map_or(String::new(), |written| written.text);
        found.slots.push(ReplayedSlot { stored: stored.text.clone(), again: Some(again) });
    }
    Ok(found)
}
