//! Words that the brand does not use.

use super::{Check, Message, judged, words};

pub(super) fn banned_word(message: &Message<'_>, banned: &[String]) -> Check {
    let whole = message.whole();
    let found = banned
        .iter()
        .filter(|word| words::find_phrase(&whole, word))
        .map(|word| format!("\"{}\" is on the brand's list", word.trim()))
        .collect();
    judged("banned-word", found, "Say it another way.", "No banned word.")
}
