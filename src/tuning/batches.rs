//! Which texts are learnt together, and which are kept for judging.
//!
//! In: examples and the model's vocabulary. Out: their tokens as the engine sees them, a split that keeps every pattern on
//! one side, an order that depends on the seed alone, and batches packed without filling up.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::forward::Batch;
use super::{Example, TuneError};
use crate::writing::tokenizer::Vocabulary;

/// An example in tokens: prompt, message, and the token that ends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    pub tokens: Vec<u32>,
    /// Of those, how many are the prompt's.
    pub prompt: usize,
    pub pattern: u32,
    pub weight: f32,
}

/// Tokens of examples: each prompt as the engine runs it, then its text as the engine would have to choose it, then `end`.
///
/// # Errors
/// An example without a prompt or text, with a weight that is none, or longer than the model reads.
pub fn encode(
    examples: &[Example],
    vocabulary: &Vocabulary,
    end: u32,
    context: usize,
) -> Result<Vec<Encoded>, TuneError> {
    let encoded = examples.iter().enumerate().map(|(index, example)| {
        let wrong =
            |what: String| TuneError::Failed(format!("example {} cannot be learnt: {what}", index + 1));
        if !(example.weight.is_finite() && example.weight >= 0.0) {
            return Err(wrong(format!("its weight is {}; give a number from 0 up", example.weight)));
        }
        if example.text.is_empty() {
            return Err(wrong("its text is empty; give one, or leave the example out".into()));
        }
        let mut tokens = vocabulary.begun(vocabulary.encode(&example.prompt).map_err(&wrong)?);
        let prompt = tokens.len();
        if prompt == 0 {
            return Err(wrong("its prompt is empty; give the instruction that the text answers".into()));
        }
        tokens.extend(continuation(vocabulary, &example.prompt, &example.text).map_err(&wrong)?);
        tokens.push(end);
        if tokens.len() > context {
            return Err(wrong(format!(
                "it has {} tokens, and the model learns from at most {context}; shorten it",
                tokens.len()
            )));
        }
        Ok(Encoded { tokens, prompt, pattern: example.pattern, weight: example.weight })
    });
    encoded.collect()
}

/// Tokens of a text behind a prompt whose tokens stay what they are. Vocabularies that put a space before every text would
/// put one here too, so both are cut together, or the text behind a line feed.
fn continuation(vocabulary: &Vocabulary, prompt: &str, text: &str) -> Result<Vec<u32>, String> {
    for lead in [prompt, "\n"] {
        let before = vocabulary.encode(lead)?;
        let together = vocabulary.encode(&format!("{lead}{text}"))?;
        if let Some(rest) = together.strip_prefix(&before[..])
            && !rest.is_empty()
        {
            return Ok(rest.to_vec());
        }
    }
    vocabulary.encode(text)
}

/// Which examples are learnt from and which are kept for judging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub learnt: Vec<usize>,
    pub held_out: Vec<usize>,
}

/// Keeps a part of the patterns for judging, chosen by the seed, with all their examples; at least one where a part is asked
/// for and there are two.
#[must_use]
pub fn split(patterns: &[u32], part: f64, seed: u64) -> Split {
    let mut different = patterns.to_vec();
    different.sort_unstable();
    different.dedup();
    let count = different.len();
    let kept =
        ((count as f64 * part).round() as usize).max(usize::from(part > 0.0)).min(count.saturating_sub(1));
    different.shuffle(&mut chance(seed, u64::MAX));
    let kept = &different[..kept];
    let (held_out, learnt) = (0..patterns.len()).partition(|index| kept.contains(&patterns[*index]));
    Split { learnt, held_out }
}

/// Chance of its own for each use of a seed.
#[must_use]
pub fn chance(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(stream);
    chance
}

/// The examples of a step: all of `learnt` are seen once, in an order of that round's own, before any is seen again. Depends
/// on nothing but its arguments, so that a training that goes on needs to remember nothing of it.
#[must_use]
pub fn step(learnt: &[usize], seed: u64, batch: usize, step: usize) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(batch);
    let mut order: Option<(usize, Vec<usize>)> = None;
    for at in step * batch..(step + 1) * batch {
        let (round, place) = (at / learnt.len().max(1), at % learnt.len().max(1));
        if order.as_ref().is_none_or(|(known, _)| *known != round) {
            let mut fresh = learnt.to_vec();
            fresh.shuffle(&mut chance(seed, round as u64));
            order = Some((round, fresh));
        }
        chosen.extend(order.as_ref().and_then(|(_, order)| order.get(place)));
    }
    chosen
}

/// Packs examples into batches of at most `most` tokens (or a single longer one), those of a length together. The weights of
/// all together add up to one. Also the sum of the weights before.
#[must_use]
pub fn pack(examples: &[&Encoded], most: usize) -> (Vec<Batch>, f64) {
    let mut examples = examples.to_vec();
    examples.sort_by_key(|example| std::cmp::Reverse(example.tokens.len()));
    let message = |example: &Encoded| (example.tokens.len() - example.prompt) as f64;
    let total: f64 = examples.iter().map(|example| message(example) * f64::from(example.weight)).sum();
    let mut packed: Vec<Batch> = Vec::new();
    for example in examples {
        let room = packed.last().is_some_and(|batch| batch.tokens.len() + example.tokens.len() <= most);
        if !room {
            packed.push(Batch::default());
        }
        if let Some(batch) = packed.last_mut() {
            let weight = if total > 0.0 { f64::from(example.weight) / total } else { 0.0 };
            batch.add(&example.tokens, example.prompt, weight as f32);
        }
    }
    (packed, total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_pattern_is_on_both_sides(
            patterns in prop::collection::vec(0..30_u32, 0..200), part in 0.0..1.0_f64, seed: u64,
        ) {
            let split = split(&patterns, part, seed);
            let mut all = [&split.learnt[..], &split.held_out[..]].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..patterns.len()).collect::<Vec<_>>());
            let learnt: Vec<u32> = split.learnt.iter().map(|index| patterns[*index]).collect();
            prop_assert!(split.held_out.iter().all(|index| !learnt.contains(&patterns[*index])));
            prop_assert!(patterns.is_empty() || !split.learnt.is_empty());
        }

        #[test]
        fn every_example_comes_once_a_round(count in 1..40_usize, batch in 1..12_usize, seed: u64) {
            let learnt: Vec<usize> = (100..100 + count).collect();
            let seen: Vec<usize> = (0..count).flat_map(|number| step(&learnt, seed, batch, number)).collect();
            prop_assert_eq!(seen.len(), count * batch);
            for round in seen.chunks_exact(count) {
                let mut round = round.to_vec();
                round.sort_unstable();
                prop_assert_eq!(&round, &learnt);
            }
        }

        #[test]
        fn packing_loses_nothing_and_weighs_by_tokens(
            texts in prop::collection::vec((2..50_usize, 1..20_usize, 0.5..2.0_f32), 1..20), most in 1..200_usize,
        ) {
            let examples: Vec<Encoded> = texts.iter().enumerate().map(|(index, (length, message, weight))| Encoded {
                tokens: vec![index as u32; length + message],
                prompt: *length,
                pattern: 0,
                weight: *weight,
            }).collect();
            let (batches, total) = pack(&examples.iter().collect::<Vec<_>>(), most);
            let weights: f64 = batches.iter().flat_map(|batch| &batch.wanted).map(|wanted| f64::from(wanted.1)).sum();
            prop_assert!((weights - 1.0).abs() < 1e-4);
            let expected: f64 = texts.iter().map(|(_, message, weight)| *message as f64 * f64::from(*weight)).sum();
            prop_assert!((total - expected).abs() < 1e-6);
            prop_assert_eq!(batches.iter().map(|batch| batch.texts.len()).sum::<usize>(), texts.len());
            for batch in &batches {
                prop_assert!(batch.tokens.len() <= most || batch.texts.len() == 1);
                for (row, wanted) in batch.rows.iter().zip(&batch.wanted) {
                    // All tokens of a text are the same here, so a row of another text would show.
                    prop_assert_eq!(batch.tokens[*row as usize], wanted.0);
                }
            }
        }
    }

    #[test]
    fn a_part_is_kept_even_of_few_patterns_and_none_where_none_is_asked_for() {
        let kept = split(&[1, 1, 2], 0.05, 3).held_out.len();
        assert!((1..3).contains(&kept), "{kept}");
        assert!(split(&[1, 1, 2], 0.0, 3).held_out.is_empty());
        assert!(split(&[1, 1, 1], 0.5, 3).held_out.is_empty());
    }
}
