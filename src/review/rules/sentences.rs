//! Sentences that break off.

use super::words::{is_han, is_terminator, words};
use super::{Check, Message, judged};
use crate::strategy::Part;

/// Words that want another word after them.
const DANGLING: [&str; 30] = [
    "a", "an", "the", "and", "or", "but", "of", "to", "for", "with", "from", "in", "on", "at", "by", "as",
    "that", "which", "your", "our", "my", "their", "is", "are", "was", "will", "because", "if", "when",
    "while",
];
const DANGLING_CHINESE: [char; 8] = ['和', '与', '及', '或', '但', '把', '被', '从'];

pub(super) fn unfinished_sentence(message: &Message<'_>) -> Check {
    let mut found = Vec::new();
    for (index, slot) in message.slots.iter().enumerate() {
        let part = message.wanted.get(index).map_or(Part::Body, |wanted| wanted.part);
        let text = slot.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(what) = broken(text, part == Part::Body) {
            found.push(format!("slot {} {what}", index + 1));
        }
        if let Some((open, close)) = unclosed(text) {
            found.push(format!("slot {} opens {open} and does not close it with {close}", index + 1));
        }
    }
    // After an edit the text may differ from the slots: whole paragraphs are looked at as well.
    if let Some(body) = message.text.get(&Part::Body) {
        let unsubscribe = message.fact("unsubscribe").unwrap_or("");
        for paragraph in body.lines().map(str::trim) {
            if let Some(what) = unfinished_paragraph(paragraph, unsubscribe) {
                let end: String =
                    paragraph.chars().rev().take(24).collect::<Vec<_>>().into_iter().rev().collect();
                if !found.iter().any(|line: &String| line.starts_with("slot")) {
                    found.push(format!("\"…{end}\" {what}"));
                }
            }
        }
        if body.trim_end().ends_with(COMMAS) {
            found.push("the message ends with a comma".to_owned());
        }
    }
    judged("unfinished-sentence", found, "Finish it, or write the slot again.", "Every sentence is finished.")
}

/// What no message ends with.
pub(super) const COMMAS: [char; 5] = [',', '，', ';', '；', '、'];

/// Why a paragraph of a body does not look finished: a long one without its end, or the first letter of a word.
/// `unsubscribe` may end one as it is, and so may an address on the web.
pub(super) fn unfinished_paragraph(paragraph: &str, unsubscribe: &str) -> Option<String> {
    let count = words(paragraph).len();
    let mut letters = paragraph.chars();
    if let (Some(letter), None) = (letters.next(), letters.next())
        && letter.is_alphabetic()
        && !is_han(letter)
    {
        return Some("is a single letter".to_owned());
    }
    let long = count >= if paragraph.chars().any(is_han) { 16 } else { 9 };
    let ends_well = !unsubscribe.is_empty() && paragraph.ends_with(unsubscribe)
        || ["opt out", "unsubscribe", "回复R", "回复T", "退订"]
            .iter()
            .any(|ending| paragraph.ends_with(ending))
        || paragraph.split_whitespace().next_back().is_some_and(|last| last.contains("://"));
    if !long || ends_well || paragraph.ends_with([',', '，', ':', '：']) {
        return None;
    }
    broken(paragraph, true)
}

/// Why the text does not look finished.
fn broken(text: &str, wants_end: bool) -> Option<String> {
    let bare = text.trim_end_matches(|c: char| {
        matches!(c, '"' | '\'' | '”' | '’' | '」' | '』' | ')' | '）' | '*' | '》' | ']')
            || c.is_whitespace()
            || is_symbol(c)
    });
    let last = bare.chars().next_back()?;
    if is_terminator(last) {
        // "and." is a sentence that was cut and given a dot.
        let word = last_word(bare.trim_end_matches(is_terminator));
        let cut = ["a", "an", "the", "and", "or", "your", "our", "because"].contains(&word.as_str());
        return cut.then(|| format!("ends after \"{word}\""));
    }
    if last == '~' || last == '～' {
        return None;
    }
    let word = last_word(bare);
    if DANGLING.contains(&word.as_str())
        || word.chars().all(|c| DANGLING_CHINESE.contains(&c)) && !word.is_empty()
    {
        return Some(format!("breaks off after \"{word}\""));
    }
    if matches!(last, ',' | '，' | ';' | '；' | '、' | '-' | '–' | '—' | ':' | '：') {
        return Some(format!("ends with \"{last}\""));
    }
    wants_end.then(|| "has no full stop at its end".to_owned())
}

/// Emoji and the like may follow the full stop.
fn is_symbol(character: char) -> bool {
    !character.is_alphanumeric()
        && (character as u32) >= 0x2190
        && !(0x3000..0x3040).contains(&(character as u32))
        && !(0xff00..0xff65).contains(&(character as u32))
}

fn last_word(text: &str) -> String {
    words(text)
        .last()
        .filter(|range| range.end == text.trim_end().len())
        .map_or_else(String::new, |range| text[range.clone()].to_lowercase())
}

/// The first bracket or quotation mark that is opened and not closed.
fn unclosed(text: &str) -> Option<(char, char)> {
    let pairs = [('(', ')'), ('（', '）'), ('“', '”'), ('「', '」'), ('《', '》')];
    let unbalanced =
        pairs.into_iter().find(|(open, close)| text.matches(*open).count() > text.matches(*close).count());
    let odd = (text.matches('"').count() % 2 == 1).then_some(('"', '"'));
    unbalanced.or(odd)
}
