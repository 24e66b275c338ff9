//! A message in the language that it says it is in.

use super::words::is_han;
use super::{Check, Message, judged};
use crate::strategy::Facts;

pub(super) fn wrong_language(message: &Message<'_>) -> Check {
    let chinese = message.is_chinese();
    let language = message.strategy.language.to_ascii_lowercase();
    let latin =
        ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "fi", "nb", "cs", "tr", "vi", "id"]
            .iter()
            .any(|tag| language.split(['-', '_']).next() == Some(tag));
    if !chinese && !latin {
        return super::passed("wrong-language", format!("Not checked for {}.", message.strategy.language));
    }
    let mut found = Vec::new();
    for (index, slot) in message.slots.iter().enumerate() {
        let (native, foreign) = count(slot, chinese);
        // A brand's Latin name may stand in a Chinese sentence; a Chinese character in an English one is a slip.
        let wrong = if chinese { foreign > 0 && native < foreign.div_ceil(3) } else { foreign > 0 };
        if wrong {
            found.push(format!("slot {} is not in {}", index + 1, name(chinese, &message.strategy.language)));
        }
    }
    if found.is_empty() && is_mostly_foreign(message.facts, &message.whole(), chinese) {
        found.push(format!("the message is mostly not in {}", name(chinese, &message.strategy.language)));
    }
    judged(
        "wrong-language",
        found,
        "Write it in that language, or choose a strategy of the other one.",
        "The language is right.",
    )
}

/// Foreign letters that no message is judged by.
pub(super) const FEW: usize = 20;

/// Whether most of what the message says beside its facts is of another script.
pub(super) fn is_mostly_foreign(facts: &Facts, whole: &str, chinese: bool) -> bool {
    let facts: Vec<&str> = facts.values().filter_map(serde_json::Value::as_str).collect();
    let (native, foreign) = count(&super::words::without(whole, &facts), chinese);
    foreign > FEW && native < foreign / 2
}

/// Letters of the wanted script (Latin words weigh by letters) and of others.
pub(super) fn count(text: &str, chinese: bool) -> (usize, usize) {
    let mut native = 0;
    let mut foreign = 0;
    for character in text.chars().filter(|character| character.is_alphabetic()) {
        let own = if chinese {
            is_han(character)
        } else {
            (character as u32) < 0x250 || (0x1e00..0x1f00).contains(&(character as u32))
        };
        if own {
            native += 1;
        } else {
            foreign += 1;
        }
    }
    (native, foreign)
}

fn name(chinese: bool, tag: &str) -> &str {
    match (chinese, tag.get(..2)) {
        (true, _) => "Chinese",
        (_, Some("en")) => "English",
        _ => tag,
    }
}
