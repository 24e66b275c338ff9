//! Carries a draft over to a strategy that was edited, or to another customer's facts, as far as its slots stay.
//!
//! In: a draft, the strategy that it was written from, and the strategy and the facts as they are now. Out: whether its
//! slots are still what is asked for, and the draft with the same slots in the message as it is now. Nothing is written:
//! its prompts, seeds and sampling stay those that it was written with.

use super::drafts::{Asking, Assignment, merged, request_of, version};
use super::{Draft, Form, WritingError};
use crate::strategy::{self, Facts, Strategy};

/// Whether the slots of a draft are asked for as before: as many, with the same instructions and limits.
#[must_use]
pub fn has_same_slots(draft: &Draft, before: &Strategy, strategy: &Strategy, facts: &Facts) -> bool {
    if before == strategy && before.id == strategy.id {
        return true;
    }
    let (Ok(was), Ok(is)) = (strategy::slots(before, &draft.fields), strategy::slots(strategy, facts)) else {
        return false;
    };
    let same = |(was, is): (&strategy::Slot, &strategy::Slot)| {
        was.instruction == is.instruction && was.limit == is.limit
    };
    before.id == strategy.id && was.len() == is.len() && was.iter().zip(&is).all(same)
}

/// Whether an engine that wrote the draft would be asked the very same for it now. The assignment's sampling is taken
/// for that of the draft, whose record may say what a server makes of it.
#[must_use]
pub fn is_asked_the_same(draft: &Draft, before: &Strategy, assignment: &Assignment, seed: u64) -> bool {
    let is = Assignment { seeds: vec![seed], ..assignment.clone() };
    let was = Assignment { seeds: vec![draft.seed], sampling: is.sampling, ..Assignment::of(draft, before) };
    let slots = |of: &Assignment| strategy::slots(&of.strategy, &of.facts);
    let (Ok(old), Ok(new)) = (slots(&was), slots(&is)) else { return false };
    let same = |asking: Asking| {
        old.iter().zip(&new).all(|(old, new)| request_of(&was, old, asking) == request_of(&is, new, asking))
    };
    before.id == is.strategy.id
        && was.voice == is.voice
        && old.len() == new.len()
        && [(false, Form::List), (false, Form::Brief), (true, Form::List)]
            .into_iter()
            .all(|(converses, form)| same(Asking { converses, form }))
}

/// The draft with its slots in the message as the strategy has it now, for these facts.
///
/// # Errors
/// The strategy cannot be filled with them, or has more slots.
pub fn carried(draft: &Draft, strategy: &Strategy, facts: &Facts) -> Result<Draft, WritingError> {
    let mut carried = Draft {
        strategy_version: version(strategy),
        fields: facts.clone(),
        text: merged(strategy, facts, &draft.slots)?,
        ..draft.clone()
    };
    for slot in &mut carried.slots {
        slot.earlier = true;
    }
    Ok(carried)
}
