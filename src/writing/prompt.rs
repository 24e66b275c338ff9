//! What the model is told: the slot's instruction, the strategy's tone, and examples to go on from.
//!
//! In: a strategy and one of its slots. Out: a prompt. It holds facts about the segment and the shop only;
//! names and addresses of people are merged in later and never get here.
//!
//! The form is a list that the model goes on with, not a conversation: of the forms that were tried, a model
//! of 135 million weights keeps to the topic best in this one. The slot's own texts are the best examples.

use super::Prompt;
use crate::strategy::{Slot, Strategy};

/// Longest instruction that is passed on, in characters.
const LONGEST_INSTRUCTION: usize = 600;
/// Examples that are shown; more do not help a small model and cost time.
const MOST_EXAMPLES: usize = 8;

/// The prompt that asks for a slot's text.
#[must_use]
pub fn of_slot(strategy: &Strategy, slot: &Slot) -> Prompt {
    let instruction: String = slot.instruction.chars().take(LONGEST_INSTRUCTION).collect();
    let tone = strategy.tone.trim_end_matches(['.', '。']);
    let mut text = if strategy.language.starts_with("zh") {
        format!("{instruction}\n语气：{tone}。\n\n好的例子：\n")
    } else {
        format!("Task: {instruction}\nTone: {tone}.\n\nGood answers:\n")
    };
    // What was written for this slot stands last, where it weighs most.
    let own = slot.fallback.len().min(MOST_EXAMPLES);
    let others = slot.examples.iter().filter(|example| !slot.fallback.contains(example));
    for example in others.take(MOST_EXAMPLES - own).chain(slot.fallback.iter().take(MOST_EXAMPLES)) {
        text.push_str("- ");
        text.push_str(example);
        text.push('\n');
    }
    text.push('-');
    Prompt::Continue(text)
}
