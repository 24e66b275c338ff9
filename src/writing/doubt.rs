//! How sure the model was of each word of a draft, and how the draft goes on where somebody chooses another.
//!
//! In: a draft, its strategy, one of its slots, and an engine that can look back. Out: each token with its probability
//! and what might have stood there; or the draft with that slot written on from a token that somebody chose. Only the
//! fork is written: all that stands before it stays as it is.

use super::drafts::{Assignment, request_of, rewrite};
use super::{Draft, TextEngine, WritingError};
use crate::jobs::Cancel;
use crate::strategy::{self, Slot, Strategy};

/// One token of a text that was written, as the model saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Considered {
    pub token: u32,
    /// The characters that are whole with it: none where it is the first part of one.
    pub text: String,
    /// That the model gave it, before anything was masked or steered, 0..=1.
    pub probability: f32,
    /// What might have stood in its place, the likeliest first.
    pub others: Vec<Alternative>,
}

/// A token that might have stood there.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    pub token: u32,
    pub text: String,
    pub probability: f32,
    /// Whether the guard lets it stand there: no digits, no banned words, and so on.
    pub allowed: bool,
}

/// The tokens of a slot of a draft.
///
/// # Errors
/// The slot was not written by a model, the engine cannot look back, or cancelled.
pub fn look_back(
    draft: &Draft,
    strategy: &Strategy,
    slot: usize,
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
) -> Result<Vec<Considered>, WritingError> {
    let slots = slots_of(draft, strategy)?;
    let written = draft.slots.get(slot).map_or(&[][..], |written| &written.token_ids);
    let Some(asked) = slots.get(slot).filter(|_| !written.is_empty()) else {
        return Err(WritingError::Failed(
            "no model wrote this stretch: it is the strategy's own text; write new variants first".into(),
        ));
    };
    let request = request_of(&Assignment::of(draft, strategy), asked, engine.converses());
    engine.look_back(&request, written, cancel)
}

/// Writes a slot of a draft on from `begun`, the tokens that it is to begin with; the other slots stay.
///
/// # Errors
/// As [`look_back`]; or the strategy cannot be filled.
pub fn fork(
    draft: &Draft,
    strategy: &Strategy,
    slot: usize,
    begun: Vec<u32>,
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
) -> Result<Draft, WritingError> {
    let slots = slots_of(draft, strategy)?;
    let Some(asked) = slots.get(slot).filter(|_| engine.looks_back()) else {
        return Err(WritingError::Failed(
            "only a model on this machine can go on from a chosen word: choose one with --model".into(),
        ));
    };
    rewrite(draft, strategy, asked, begun, engine, cancel)
}

fn slots_of(draft: &Draft, strategy: &Strategy) -> Result<Vec<Slot>, WritingError> {
    strategy::slots(strategy, &draft.fields)
        .map_err(|problem| WritingError::Failed(format!("{}; {}", problem.message, problem.remedy)))
}
