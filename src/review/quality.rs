//! How good a draft is, for where nobody is there to choose.
//!
//! It does not say that a text is true or allowed: the rules do. Among drafts that pass them it prefers one
//! that was ended rather than cut off, that is about as long as the strategy's examples, that does not
//! say a word twice, and that says what shops say.

use std::collections::BTreeSet;

use crate::strategy::Strategy;
use crate::writing::rank::familiarity;
use crate::writing::words::words;
use crate::writing::{Draft, FinishReason};

/// The log-probability of a token that the strategy's own text counts as.
const OWN_TEXT: f64 = -1.0;

/// 0..=1: the mean over the draft's slots of ending x length x variety x manner. A draft without slots has 1.
///
/// - ending: 1 where the text is whole, 0.5 where it was cut off;
/// - length: 1 between half and one and a half of the examples' mean length, falling to 0 at three times it
///   and at nothing; 1 where there are no examples;
/// - variety: different words over words; a Chinese character is a word;
/// - manner: the square of the share of words that the strategies of its language use, times the fourth root of the
///   probability that the model gave each token. The strategy's own text counts like a sentence that the model was fairly
///   sure of: a surer one is taken before it.
#[must_use]
pub fn quality(draft: &Draft, strategy: &Strategy) -> f64 {
    if draft.slots.is_empty() {
        return 1.0;
    }
    let examples = &strategy.examples;
    let usual = (!examples.is_empty()).then(|| {
        examples.iter().map(|text| text.chars().count()).sum::<usize>() as f64 / examples.len() as f64
    });
    let sum: f64 = draft
        .slots
        .iter()
        .map(|slot| {
            let ending = match slot.finish_reason {
                FinishReason::Stop | FinishReason::Template => 1.0,
                FinishReason::Length => 0.5,
                FinishReason::Cancelled => 0.0,
            };
            let sure = match slot.finish_reason {
                FinishReason::Template => OWN_TEXT,
                // One of which nobody says how sure the model was is not taken before one of which somebody does.
                _ => slot.mean_log_probability.unwrap_or(OWN_TEXT),
            };
            let manner = familiarity(&slot.text, &strategy.language).powi(2) * (sure / 4.0).exp();
            ending * length(slot.text.chars().count() as f64, usual) * variety(&slot.text) * manner
        })
        .sum();
    sum / draft.slots.len() as f64
}

fn length(characters: f64, usual: Option<f64>) -> f64 {
    let Some(usual) = usual.filter(|&usual| usual > 0.0) else { return 1.0 };
    let ratio = characters / usual;
    if ratio < 0.5 {
        ratio * 2.0
    } else if ratio <= 1.5 {
        1.0
    } else {
        ((3.0 - ratio) / 1.5).max(0.0)
    }
}

fn variety(text: &str) -> f64 {
    let words = words(text);
    words.iter().collect::<BTreeSet<_>>().len() as f64 / words.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::queue::testing::draft;
    use super::*;

    fn strategy() -> Strategy {
        let file = crate::strategy::shipped().iter().find(|file| file.id == "win-back-email-en").unwrap();
        crate::strategy::parse(file.id, file.source).unwrap()
    }

    #[test]
    fn a_whole_sentence_of_usual_length_is_best() {
        let good = "There are new things that you may like to see.";
        let best = quality(&draft("A", "s", &[good]), &strategy());
        assert!(best > 0.99, "{best}");
        let mut cut = draft("A", "s", &[good]);
        cut.slots[0].finish_reason = FinishReason::Length;
        assert!(quality(&cut, &strategy()) < best);
        for worse in ["Hi.", "", &format!("{good} {good}"), &"so many new and other things ".repeat(20)] {
            let worse = quality(&draft("A", "s", &[worse]), &strategy());
            assert!((0.0..best).contains(&worse), "{worse}");
        }
    }

    #[test]
    fn what_shops_do_not_say_and_what_the_model_doubts_is_worse() {
        let texts = ["There are new things to see.", "There are blue dragons to see."];
        let [usual, odd] = texts.map(|text| quality(&draft("A", "s", &[text]), &strategy()));
        assert!(usual > odd, "{usual} {odd}");
        let mut doubted = draft("A", "s", &[texts[0]]);
        doubted.slots[0].mean_log_probability = Some(-2.0);
        assert!(quality(&doubted, &strategy()) < usual);
    }

    #[test]
    fn the_strategys_own_text_gives_way_to_a_sentence_that_the_model_was_sure_of() {
        let judged = |sure: f64, reason| {
            let mut draft = draft("A", "s", &["There are new things to see."]);
            draft.slots[0].mean_log_probability = Some(sure);
            draft.slots[0].finish_reason = reason;
            quality(&draft, &strategy())
        };
        let own = judged(0.0, FinishReason::Template);
        assert!(judged(-0.7, FinishReason::Stop) > own && judged(-1.2, FinishReason::Stop) < own);
    }

    #[test]
    fn words_and_characters_are_counted_once() {
        assert!((variety("New and new and NEW") - 0.4).abs() < 1e-9);
        assert!((variety("好好看看") - 0.5).abs() < 1e-9);
    }
}
