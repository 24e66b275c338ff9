//! Whether what was written may stand, before any rule is asked.

use crate::strategy::{Part, Slot};
use crate::writing::brief::is_echo;
use crate::writing::guard::ideographs::is_rare;
use crate::writing::guard::{is_unspaced, latin_words};
use crate::writing::words::{common, plain, says_a_word_twice, words as words_of};
use crate::writing::{FinishReason, Written, demand};

/// Whether a Chinese text has what no Chinese text of a shop has: a character that is hardly used, or Latin letters; both but
/// for what the strategy itself says. A model on this machine cannot write either; a served one can.
fn has_strays(text: &str, slot: &Slot) -> bool {
    if !text.chars().any(is_unspaced) {
        return false;
    }
    let own = slot.own_words();
    let outside = without_fields(text);
    let rare = outside.chars().any(|c| is_rare(c) && !own.contains(c));
    rare || latin_words(&outside).any(|word| !latin_words(&own).any(|own| own == word))
}

/// The text but for what stands in braces.
fn without_fields(text: &str) -> String {
    let pieces = text.split('{').enumerate();
    pieces
        .map(|(number, piece)| match piece.split_once('}') {
            Some((_, after)) if number > 0 => after,
            _ => piece,
        })
        .collect()
}

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
        && !has_strays(text, slot)
        && long_enough
        && within
        && demand::is_met(&slot.must, text)
        && !stutters
        && !repeats
        && !copied
        && !echo
        && !twice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_text_has_no_rare_character_and_no_foreign_word() {
        let slot = Slot {
            index: 0,
            part: Part::Body,
            instruction: "请人回来看看LED灯和囍庄手作。".into(),
            limit: None,
            fallback: vec!["欢迎回来。".into()],
            examples: Vec::new(),
            must: vec!["{offer}".into()],
            free: true,
            sentences: 1,
        };
        for fine in ["好久不见，{first_name}，LED灯给您{offer}。", "囍庄手作欢迎您。", "Come back soon."]
        {
            assert!(!has_strays(fine, &slot), "{fine}");
        }
        for stray in ["记得输入优惞码{coupon_code}。", "有{offer} with {coupon_code}，欢迎来。"]
        {
            assert!(has_strays(stray, &slot), "{stray}");
        }
    }
}
