//! Whether what was written may stand, before any rule is asked.

use crate::strategy::{Part, Slot};
use crate::writing::brief::is_echo;
use crate::writing::words::{common, plain, says_a_word_twice, words as words_of};
use crate::writing::{FinishReason, Written, demand};

/// Share of words in common above which a text is the same as another variant's, and as one of the strategy's own.
const SAME_AS_OTHER: f64 = 0.7;
const SAME_AS_OWN: f64 = 0.8;

/// Whether a text may stand: a whole sentence where one belongs, of some length, that says something of its
/// own, once.
pub(super) fn usable(written: &Written, slot: &Slot, others: &[&str]) -> bool {
    if written.finish_reason == FinishReason::Template {
        return true;
    }
    let text = written.text.as_str();
    let plain = plain(text);
    let words = words_of(text);
    let body = slot.part == Part::Body;
    let whole = !body || text.ends_with(['.', '!', '?', '…', '。', '！', '？', '"', '”']);
    let long_enough = words.len() >= if body { 4 } else { 2 };
    let within = slot.limit.is_none_or(|limit| text.chars().count() <= limit);
    let stutters = words.windows(3).any(|three| three[0] == three[1] && three[1] == three[2])
        || (3..=words.len() / 2)
            .any(|length| words.windows(2 * length).any(|twice| twice[..length] == twice[length..]));
    // What a whole message is about may be named twice.
    let repeats = !slot.free && slot.sentences <= 1 && says_a_word_twice(&words);
    let copied =
        slot.examples.iter().chain(&slot.fallback).any(|known| crate::writing::words::plain(known) == plain);
    let instruction = words_of(&slot.instruction);
    let echo = words.iter().filter(|word| instruction.contains(word)).count() * 4 > words.len() * 3;
    // The strategy's own texts may come to stand beside it.
    let twice = others.iter().any(|other| common(&words, &words_of(other)) > SAME_AS_OTHER)
        || slot.fallback.iter().any(|own| common(&words, &words_of(own)) > SAME_AS_OWN);
    whole
        && !is_echo(text)
        && long_enough
        && within
        && demand::is_met(&slot.must, text)
        && !stutters
        && !repeats
        && !copied
        && !echo
        && !twice
}
