//! What the model is told: the slot's instruction, the strategy's tone, and examples to go on from.
//!
//! In: a strategy and one of its slots. Out: a prompt. It holds facts about the segment and the shop only;
//! names and addresses of people are merged in later and never get here.
//!
//! The form is a list that the model goes on with, not a conversation: of the forms that were tried, a model
//! of 135 million weights keeps to the topic best in this one. The slot's own texts are the best examples. A model that
//! a server offers is larger and made for conversations: it is given the same in one, and told what will be refused.

use std::cmp::Reverse;

use super::voice::Voice;
use super::words::words;
use super::{Prompt, Role};
use crate::strategy::{Slot, Strategy};

/// Longest instruction that is passed on, in characters.
pub(super) const LONGEST_INSTRUCTION: usize = 600;
/// Examples that are shown; more do not help a small model and cost time.
const MOST_EXAMPLES: usize = 8;

/// Sentences of the brand's voice that are shown before them.
const MOST_OF_BRAND: usize = 3;

/// The prompt that asks for a slot's text.
#[must_use]
pub fn of_slot(strategy: &Strategy, slot: &Slot, voice: &Voice) -> Prompt {
    let instruction: String = slot.instruction.chars().take(LONGEST_INSTRUCTION).collect();
    let chinese = strategy.language.starts_with("zh");
    let (tone, lines) = (voice.tone(&strategy.tone, chinese), voice.lines(chinese));
    let mut text = if chinese {
        format!("{instruction}\n语气：{tone}。\n{lines}\n好的例子：\n")
    } else {
        format!("Task: {instruction}\nTone: {tone}.\n{lines}\nGood answers:\n")
    };
    for example in voice.examples_in(chinese).take(MOST_OF_BRAND).chain(examples(slot)) {
        text.push_str("- ");
        text.push_str(example);
        text.push('\n');
    }
    text.push('-');
    Prompt::Continue(text)
}

/// The conversation that asks for a slot's text of at most `limit` characters.
#[must_use]
pub fn talk(strategy: &Strategy, slot: &Slot, limit: usize, voice: &Voice) -> Prompt {
    let instruction: String = slot.instruction.chars().take(LONGEST_INSTRUCTION).collect();
    let chinese = strategy.language.starts_with("zh");
    let (tone, lines) = (voice.tone(&strategy.tone, chinese), voice.lines(chinese));
    let shown = voice.examples_in(chinese).take(MOST_OF_BRAND).chain(examples(slot));
    let list: String = shown.map(|example| format!("- {example}\n")).collect();
    let (system, mut asked) = if chinese {
        (
            format!(
                "你为一家网店写给顾客的消息撰写短句。只回答这一句话，不加引号、编号或说明。\n\
                 语气：{tone}。最多 {limit} 个字。\n\
                 不要写数字、价格、折扣、优惠、日期、网址、优惠码或姓名：这些由网店自己加上。"
            ),
            format!("{instruction}\n{lines}"),
        )
    } else {
        (
            format!(
                "You write short texts for the messages of an online shop to its customers. Answer with the text \
                 alone: one sentence, without quotation marks, list marks or explanations.\n\
                 Tone: {tone}. At most {limit} characters. The shop speaks as \"we\".\n\
                 Write no numbers, prices, discounts, offers, dates, links, codes or names: the shop adds those itself."
            ),
            format!("{instruction}\n{lines}"),
        )
    };
    if !list.is_empty() {
        let (before, after) = if chinese {
            ("好的例子", "再写一句，用不同的说法。")
        } else {
            ("Good answers", "Write another one, in other words.")
        };
        asked.push_str(&format!("\n{before}{}\n{list}\n{after}", if chinese { "：" } else { ":" }));
    }
    Prompt::Chat(vec![(Role::System, system), (Role::User, asked.trim_end().to_owned())])
}

/// The examples that are shown: what was written for this slot stands last, where it weighs most.
fn examples(slot: &Slot) -> impl Iterator<Item = &String> {
    let own = slot.fallback.len().min(MOST_EXAMPLES);
    let mut others: Vec<&String> =
        slot.examples.iter().filter(|example| !slot.fallback.contains(example)).collect();
    // Those first that have most words of what is asked for, facts filled in.
    let asked = words(&slot.instruction);
    others.sort_by_key(|example| Reverse(words(example).iter().filter(|word| asked.contains(word)).count()));
    others.into_iter().take(MOST_EXAMPLES - own).chain(slot.fallback.iter().take(MOST_EXAMPLES))
}
