//! Who speaks: the shop says "we". A small model that slips into "I" has left its task.

use super::words::{normal, words};
use super::{Check, Message, judged};
use crate::writing::guard::unsaid::SINGULAR;

pub(super) fn voice(message: &Message<'_>) -> Check {
    let mut found = Vec::new();
    for (index, slot) in message.slots.iter().enumerate() {
        let said = if message.is_chinese() {
            chinese_singular(slot).then(|| "我".to_owned())
        } else {
            normal(slot).into_iter().find(|word| SINGULAR.contains(&word.as_str()))
        };
        if let Some(word) = said {
            let shown = if word == "i" { "I" } else { &word };
            found.push(format!("slot {} says \"{shown}\"", index + 1));
        }
    }
    judged(
        "voice",
        found,
        "The shop speaks to the reader: say \"we\" and \"you\", 我们 and 您.",
        "The shop speaks as \"we\".",
    )
}

/// 我 without 们 (or 家, 店) after it, and not part of 自我.
fn chinese_singular(text: &str) -> bool {
    words(text).iter().any(|range| {
        let after = text[range.end..].chars().next();
        let before = text[..range.start].chars().next_back();
        &text[range.clone()] == "我" && !matches!(after, Some('们' | '家' | '店')) && before != Some('自')
    })
}
