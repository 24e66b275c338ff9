//! The same words twice.

use std::collections::BTreeSet;

use super::{Check, Message, judged, words};

/// Words (or Chinese characters) in a row that nobody says twice by chance.
const RUN: usize = 6;
const RUN_CHINESE: usize = 9;
/// Words of a sentence that is noticed when it comes twice.
pub(super) const LONG: usize = 4;

/// Words in a row that count as said again.
pub(super) fn run_of(chinese: bool) -> usize {
    if chinese { RUN_CHINESE } else { RUN }
}

pub(super) fn repeated_text(message: &Message<'_>) -> Check {
    let mut found = Vec::new();
    for (part, text) in message.text {
        let mut seen = BTreeSet::new();
        for sentence in words::sentences(text) {
            let normal = words::normal(sentence);
            let long = normal.len() >= LONG;
            if long && !seen.insert(normal) {
                found.push(format!("the {} says \"{}\" twice", part.name(), short(sentence)));
            }
        }
    }
    let run = run_of(message.is_chinese());
    for (index, slot) in message.slots.iter().enumerate() {
        let own = words::normal(slot);
        if let Some(twice) = repeated_run(&own, run.min(4)) {
            found.push(format!("slot {} repeats \"{twice}\"", index + 1));
        }
        let mut sentences: Vec<Vec<String>> = words::sentences(slot).into_iter().map(words::normal).collect();
        sentences.retain(|sentence| !sentence.is_empty());
        let again = sentences.iter().zip(sentences.iter().skip(1)).find(|(one, next)| one == next);
        if let Some((twice, _)) = again {
            found.push(format!("slot {} says \"{}\" twice", index + 1, joined(twice)));
        }
        if let Some(word) = stutter(&own) {
            found.push(format!("slot {} has \"{word} {word}\"", index + 1));
        }
        // What the slot says is said again around it, or in another slot.
        let slot = slot.trim();
        let around = message
            .text
            .values()
            .map(|text| if slot.is_empty() { text.clone() } else { text.replacen(slot, "\n", 1) });
        let others: Vec<Vec<String>> = around
            .flat_map(|text| words::sentences(&text).into_iter().map(words::normal).collect::<Vec<_>>())
            .collect();
        let others: BTreeSet<&[String]> = others.iter().flat_map(|words| words.windows(run)).collect();
        if let Some(again) = own.windows(run).find(|window| others.contains(window)) {
            found.push(format!(
                "slot {} says what the message says already: \"{}\"",
                index + 1,
                joined(again)
            ));
        }
    }
    found.dedup();
    let copied = message.slots.iter().zip(message.wanted).find(|(slot, wanted)| {
        wanted.examples.iter().any(|example| words::normal(example) == words::normal(slot))
    });
    let fine = match copied {
        Some((_, wanted)) => format!(
            "Nothing is said twice; slot {} is one of the strategy's examples word for word.",
            wanted.index + 1
        ),
        None => "Nothing is said twice.".to_owned(),
    };
    judged("repeated-text", found, "Delete one of them, or write the slot again.", &fine)
}

/// A run of words that comes back inside the same slot.
fn repeated_run(words: &[String], length: usize) -> Option<String> {
    let mut seen: Vec<&[String]> = Vec::new();
    for (at, window) in words.windows(length).enumerate() {
        // Windows that overlap are not a repetition.
        if at >= length && seen[..=at - length].contains(&window) {
            return Some(joined(window));
        }
        seen.push(window);
    }
    None
}

/// A Latin word right after itself, where that is a slip ("the the"), or any word three times.
fn stutter(words: &[String]) -> Option<&str> {
    let slip = words.windows(2).find(|pair| {
        pair[0] == pair[1]
            && ["the", "a", "an", "and", "to", "of", "you", "your", "is", "in", "for", "with", "we", "our"]
                .contains(&pair[0].as_str())
    });
    let three = words.windows(3).find(|run| run[0] == run[1] && run[1] == run[2]);
    slip.or(three).map(|run| run[0].as_str())
}

fn joined(run: &[String]) -> String {
    let chinese = run.iter().any(|word| word.chars().any(words::is_han));
    run.join(if chinese { "" } else { " " })
}

fn short(sentence: &str) -> String {
    let mut characters = sentence.chars();
    let start: String = characters.by_ref().take(40).collect();
    if characters.next().is_some() { format!("{start}…") } else { start }
}
