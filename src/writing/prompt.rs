//! What the model is told: the strategy's tone, examples, and the slot's instruction.
//!
//! In: a strategy and one of its slots. Out: chat messages. They hold facts about the segment and the shop
//! only; names and addresses of people are merged in later and never get here.

use super::Role;
use crate::strategy::{Slot, Strategy};

/// Longest instruction that is passed on, in characters.
const LONGEST_INSTRUCTION: usize = 600;
/// Examples that are shown; more do not help a small model and cost time.
const MOST_EXAMPLES: usize = 6;

/// The conversation that asks for a slot's text; the last message is the instruction.
#[must_use]
pub fn messages(strategy: &Strategy, slot: &Slot) -> Vec<(Role, String)> {
    let chinese = strategy.language.starts_with("zh");
    let mut messages = vec![(Role::System, system(strategy, chinese))];
    let instruction: String = slot.instruction.chars().take(LONGEST_INSTRUCTION).collect();
    for example in slot.examples.iter().take(MOST_EXAMPLES) {
        messages.push((Role::User, instruction.clone()));
        messages.push((Role::Assistant, example.clone()));
    }
    messages.push((Role::User, instruction));
    messages
}

fn system(strategy: &Strategy, chinese: bool) -> String {
    if chinese {
        format!(
            "你为一家网店给顾客写短句。语气：{}。每次只写一句完整的话，不写数字、价格、网址和姓名。",
            strategy.tone
        )
    } else {
        format!(
            "You write short lines in a shop's messages to its customers. Tone: {}. Each time write one \
             complete sentence, different from those before. No numbers, no prices, no names, no links.",
            strategy.tone
        )
    }
}
