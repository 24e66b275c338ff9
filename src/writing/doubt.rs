//! How sure the model was of each word of a draft, and how the draft goes on where somebody chooses another.
//!
//! In: a draft, its strategy, one of its slots, and an engine that can look back. Out: each token with its probability
//! and what might have stood there; or the draft with that slot written on from a token that somebody chose. Only the
//! fork is written: all that stands before it stays as it is.

use super::drafts::{Asking, Assignment, request_of, rewrite};
use super::{Beginning, Draft, TextEngine, WritingError, Written};
use crate::jobs::Cancel;
use crate::strategy::{self, Slot, Strategy};

/// One token of a text that was written, as the model saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Considered {
    /// Its number in the model's vocabulary; `None` where a server wrote.
    pub token: Option<u32>,
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
    pub token: Option<u32>,
    pub text: String,
    pub probability: f32,
    /// Whether the guard lets it stand there: no digits, no banned words, and so on.
    pub allowed: bool,
}

/// The tokens of a slot of a draft.
///
/// # Errors
/// The slot was not written by a model, the engine cannot look back, the server does not tell, or cancelled.
pub fn look_back(
    draft: &Draft,
    strategy: &Strategy,
    slot: usize,
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
) -> Result<Vec<Considered>, WritingError> {
    let slots = slots_of(draft, strategy)?;
    let written = draft.slots.get(slot).filter(|written| written.is_models());
    let (Some(asked), Some(written)) = (slots.get(slot), written) else {
        return Err(WritingError::Failed(
            "no model wrote this stretch: it is the strategy's own text; write new variants first".into(),
        ));
    };
    engine.adapt_as(&draft.model)?;
    let request = request_of(&Assignment::of(draft, strategy), asked, Asking::of(engine));
    engine.look_back(&request, written, cancel)
}

/// What a text is to begin with where somebody chooses `other` at a place of it: the tokens before, and the chosen one,
/// which has the one that stood there among its others.
#[must_use]
pub fn chosen(tokens: &[Considered], at: usize, other: &Alternative) -> Vec<Considered> {
    let mut begun = tokens[..at.min(tokens.len())].to_vec();
    let mut others = Vec::new();
    if let Some(stood) = tokens.get(at) {
        let Considered { token, text, probability, .. } = stood.clone();
        others.push(Alternative { token, text, probability, allowed: true });
        others.extend(stood.others.iter().filter(|known| *known != other).cloned());
        others.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    }
    let Alternative { token, text, probability, .. } = other.clone();
    begun.push(Considered { token, text, probability, others });
    begun
}

/// Writes a slot of a draft on from `begun`, the tokens that it is to begin with; the other slots stay.
///
/// # Errors
/// As [`look_back`]; the strategy cannot be filled; or the server does not go on from a text.
pub fn fork(
    draft: &Draft,
    strategy: &Strategy,
    slot: usize,
    begun: &[Considered],
    engine: &mut dyn TextEngine,
    cancel: &Cancel,
) -> Result<Draft, WritingError> {
    let slots = slots_of(draft, strategy)?;
    let Some(asked) = slots.get(slot).filter(|_| engine.looks_back()) else {
        return Err(WritingError::Failed(
            "nobody writes here who could go on from a chosen word: choose a model with --model".into(),
        ));
    };
    let tokens: Option<Vec<u32>> = begun.iter().map(|token| token.token).collect();
    let beginning = tokens.map_or_else(
        || Beginning::Text(begun.iter().map(|token| token.text.as_str()).collect()),
        Beginning::Tokens,
    );
    let told = if matches!(beginning, Beginning::Text(_)) { begun.to_vec() } else { Vec::new() };
    let mut forked = rewrite(draft, strategy, asked, beginning, engine, cancel)?;
    // A server tells of what it wrote itself.
    if let Some(Written { told: after, .. }) = forked.slots.get_mut(slot).filter(|slot| !slot.told.is_empty())
    {
        after.splice(0..0, told);
    }
    Ok(forked)
}

fn slots_of(draft: &Draft, strategy: &Strategy) -> Result<Vec<Slot>, WritingError> {
    strategy::slots(strategy, &draft.fields)
        .map_err(|problem| WritingError::Failed(format!("{}; {}", problem.message, problem.remedy)))
}
