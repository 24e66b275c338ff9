//! Words that the brand does not use.

use super::{Check, Message, judged, words};

pub(super) fn banned_word(message: &Message<'_>, banned: &[String]) -> Check {
    let whole = if banned.is_empty() { String::new() } else { message.whole().to_lowercase() };
    let found = banned
        .iter()
        .filter(|word| words::find_lower(&whole, &word.trim().to_lowercase()))
        .map(|word| format!("\"{}\" is on the brand's list", word.trim()))
        .collect();
    judged("banned-word", found, "Say it another way.", "No banned word.")
}
