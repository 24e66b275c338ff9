//! Left-over and empty fields.

use super::{Check, Message, judged};
use crate::strategy::Part;

const RULE: &str = "unfilled-field";

/// Words that a bracket holds when something was to be put there.
const PLACEHOLDERS: [&str; 16] = [
    "name", "your", "customer", "shop", "store", "brand", "company", "category", "product", "insert", "link",
    "date", "code", "姓名", "名字", "店名",
];

pub(super) fn unfilled_field(message: &Message<'_>) -> Check {
    let mut found = Vec::new();
    for (part, text) in message.text {
        if text.trim().is_empty() {
            found.push(format!("the {} is empty", part.name()));
            continue;
        }
        found.extend(
            braces(text).into_iter().map(|left| format!("\"{left}\" is left over in the {}", part.name())),
        );
        if *part == Part::Body && gap_after_greeting(text) {
            found.push("the greeting has no name".to_owned());
        }
    }
    for part in message.strategy.message.keys() {
        if !message.text.contains_key(part) {
            found.push(format!("the {} is missing", part.name()));
        }
    }
    for (index, slot) in message.slots.iter().enumerate() {
        if slot.trim().is_empty() {
            found.push(format!("slot {} is empty", index + 1));
        }
    }
    judged(
        RULE,
        found,
        "Fill it in, give the field a default, or write the draft again.",
        "Every field is filled.",
    )
}

/// What looks like a field that nobody filled.
pub(super) fn braces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (open, close, any) in [('{', '}', true), ('[', ']', false), ('<', '>', false), ('【', '】', false)]
    {
        let mut rest = text;
        while let Some(at) = rest.find(open) {
            let inner = &rest[at + open.len_utf8()..];
            let end = inner.find(close).filter(|&end| inner[..end].chars().count() <= 60);
            let content = end.map_or("", |end| &inner[..end]).trim_matches(['{', '}', '%', ' ']);
            let lower = content.to_lowercase();
            let placeholder =
                PLACEHOLDERS.iter().any(|word| super::words::find_phrase(&lower.replace('_', " "), word));
            if any
                || end.is_some() && open != '【' && placeholder
                || open == '【' && content.is_empty() && end.is_some()
            {
                let shown: String = rest[at..]
                    .chars()
                    .take_while(|&c| c != '\n')
                    .take(end.map_or(12, |_| content.chars().count() + 6))
                    .collect();
                let shown = shown.split_inclusive(close).next().unwrap_or("").trim().to_owned();
                found.push(shown);
            }
            // Past the opening run, so that `{{` counts once.
            rest = inner.trim_start_matches(open);
            if let Some(end) = rest.find(close).filter(|_| end.is_some()) {
                rest = rest[end..].trim_start_matches(close);
            }
        }
    }
    for stray in ["}}", "%}"] {
        if found.is_empty() && text.contains(stray) {
            found.push(stray.to_owned());
        }
    }
    found
}

/// "Hi ," or "，您好" with nothing before it.
pub(super) fn gap_after_greeting(text: &str) -> bool {
    let start = text.trim_start();
    let english = ["Hi", "Hello", "Dear", "Hey"].iter().any(|greeting| {
        start.strip_prefix(greeting).is_some_and(|rest| {
            rest.trim_start_matches(' ').starts_with([',', '，']) && rest.starts_with(' ')
        })
    });
    english || start.starts_with(['，', ',', '、'])
}
