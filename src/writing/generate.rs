//! Goes on with a prompt, the way `generate` of the transformers library does.
//!
//! In: a model, a prompt's tokens, a length, a seed. Out: sequences that begin with the prompt. Greedy sequences are
//! those of the library token by token; sampled ones follow the same probabilities, and our own chance: the same seed
//! gives the same sequences. No guard, no template: this is for trying models out, not for messages.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::forward::Forward;
use super::sampler::log_probabilities;
use super::{FinishReason, WritingError};
use crate::jobs::Cancelled;

/// Tokens of a sequence, the prompt included, where nothing is said; the library's number.
pub const DEFAULT_LENGTH: usize = 20;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choose {
    /// The likeliest, the first of equals.
    Greedy,
    Sample {
        /// Divides the logits; above 0.
        temperature: f64,
        /// The likeliest so many, and those that equal the last of them; 0 is all.
        top_k: usize,
        /// The likeliest whose probabilities reach this together, 0..=1.
        top_p: f64,
    },
}

/// How long a sequence may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Tokens in all, the prompt included.
    Length(usize),
    /// Tokens behind the prompt.
    New(usize),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    pub choose: Choose,
    pub limit: Limit,
    /// Sequences; one where the choice is greedy, for they would all be the same.
    pub sequences: usize,
    /// Divides the likelihood of tokens that stand in the sequence already, the prompt included; 1 changes nothing.
    pub repetition_penalty: f64,
    /// Of the first sequence; each has the number after that of the one before.
    pub seed: u64,
}

/// One of the sequences.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// The prompt, what was written behind it, and the token that ended it, if one did.
    pub tokens: Vec<u32>,
    pub finish_reason: FinishReason,
    /// Natural logarithm of the probability that the model gave each token behind the prompt, before any filter.
    pub log_probabilities: Vec<f32>,
}

/// Goes on with `prompt` until one of `ends`, or the limit. `go_on` is asked before each chunk of the prompt and each
/// step; `told` hears of each token: the sequence's number, and the token.
///
/// # Errors
/// Cancelled; an empty prompt, one that leaves no room, a length beyond the model's context, or settings that cannot be.
pub fn generate(
    model: &mut dyn Forward,
    prompt: &[u32],
    ends: &[u32],
    settings: &Settings,
    go_on: &mut dyn FnMut() -> bool,
    told: &mut dyn FnMut(usize, u32),
) -> Result<Vec<Sequence>, WritingError> {
    let length = settings.check(prompt.len(), model.context())?;
    let mut next = model.run_prompt(prompt, go_on)?;
    model.open_lanes(settings.sequences);
    let mut writers: Vec<Writer> = (0..settings.sequences as u64)
        .map(|index| Writer {
            random: ChaCha8Rng::seed_from_u64(settings.seed.wrapping_add(index)),
            sequence: Sequence {
                tokens: prompt.to_vec(),
                finish_reason: FinishReason::Length,
                log_probabilities: Vec::new(),
            },
        })
        .collect();
    let mut open: Vec<usize> = (0..writers.len()).collect();
    // The logits after the prompt are those of every sequence.
    next = next.repeat(open.len());
    loop {
        let mut stepped = Vec::new();
        for (index, logits) in open.iter().zip(next.chunks_exact(model.vocabulary())) {
            let token = writers[*index].choose(logits, settings)?;
            told(*index, token);
            let sequence = &mut writers[*index].sequence;
            if ends.contains(&token) {
                sequence.finish_reason = FinishReason::Stop;
            } else if sequence.tokens.len() < length {
                stepped.push((*index, token));
            }
        }
        if stepped.is_empty() {
            return Ok(writers.into_iter().map(|writer| writer.sequence).collect());
        }
        if !go_on() {
            return Err(Cancelled.into());
        }
        next = model.step(&stepped)?;
        open = stepped.into_iter().map(|(index, _)| index).collect();
    }
}

impl Settings {
    /// Tokens that a sequence may have in all.
    fn check(&self, prompt: usize, context: usize) -> Result<usize, WritingError> {
        let wrong = |what: String| Err(WritingError::Failed(what));
        if self.sequences == 0 {
            return wrong("no sequence was asked for: ask for at least one".into());
        }
        if self.choose == Choose::Greedy && self.sequences > 1 {
            return wrong(format!(
                "{} greedy sequences would all be the same: ask for one, or sample",
                self.sequences
            ));
        }
        if let Choose::Sample { temperature, top_p, .. } = self.choose
            && !(temperature.is_finite() && temperature > 0.0 && (0.0..=1.0).contains(&top_p))
        {
            return wrong("a temperature must be above 0 and top-p between 0 and 1".into());
        }
        if !(self.repetition_penalty.is_finite() && self.repetition_penalty > 0.0) {
            return wrong("a repetition penalty must be above 0; 1 changes nothing".into());
        }
        let length = match self.limit {
            Limit::Length(length) => length,
            Limit::New(new) => prompt.saturating_add(new),
        };
        if length <= prompt {
            return wrong(format!(
                "the prompt has {prompt} tokens, and a sequence may have {length} in all: allow more"
            ));
        }
        if length > context {
            return wrong(format!(
                "{length} tokens were asked for, and the model reads {context}: ask for fewer"
            ));
        }
        Ok(length)
    }
}

struct Writer {
    random: ChaCha8Rng,
    sequence: Sequence,
}

impl Writer {
    fn choose(&mut self, logits: &[f32], settings: &Settings) -> Result<u32, WritingError> {
        let before = &self.sequence.tokens;
        let chosen = match settings.choose {
            Choose::Greedy => {
                let mut logits = logits.to_vec();
                penalise(&mut logits, before, settings.repetition_penalty);
                let best = |best: Option<usize>, token: usize| match best {
                    Some(best) if logits[token] > logits[best] => Some(token),
                    None if !logits[token].is_nan() => Some(token),
                    best => best,
                };
                (0..logits.len()).fold(None, best)
            }
            Choose::Sample { .. } => {
                let probabilities = probabilities(logits, before, settings);
                let mut point = self.random.random::<f64>();
                let possible = |token: &usize| probabilities[*token] > 0.0;
                let last = (0..logits.len()).rev().find(possible);
                (0..logits.len())
                    .filter(possible)
                    .find(|token| {
                        point -= probabilities[*token];
                        point < 0.0
                    })
                    .or(last)
            }
        };
        let Some(token) = chosen else {
            return Err(WritingError::Failed(
                "the model gave no numbers to choose by: its file is damaged; fetch it again".into(),
            ));
        };
        self.sequence.log_probabilities.push(log_probabilities(logits)[token]);
        self.sequence.tokens.push(token as u32);
        Ok(token as u32)
    }
}

/// Keskar et al. 2019.
fn penalise(logits: &mut [f32], before: &[u32], penalty: f64) {
    let mut seen = before.to_vec();
    seen.sort_unstable();
    seen.dedup();
    for token in seen {
        if let Some(logit) = logits.get_mut(token as usize) {
            let penalised =
                if *logit < 0.0 { f64::from(*logit) * penalty } else { f64::from(*logit) / penalty };
            *logit = penalised as f32;
        }
    }
}

/// Each token's chance behind `before`, `[vocabulary]`: penalty, temperature, top-k and the nucleus in this order, as in
/// the library. 0 for what a filter leaves out and for what is not a number.
#[must_use]
pub fn probabilities(logits: &[f32], before: &[u32], settings: &Settings) -> Vec<f64> {
    let mut logits = logits.to_vec();
    penalise(&mut logits, before, settings.repetition_penalty);
    let (temperature, top_k, top_p) = match settings.choose {
        Choose::Greedy => (1.0, 1, 1.0),
        Choose::Sample { temperature, top_k, top_p } => (temperature, top_k, top_p),
    };
    let mut order: Vec<usize> = (0..logits.len()).filter(|token| !logits[*token].is_nan()).collect();
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
    if top_k > 0 && top_k < order.len() {
        let least = logits[order[top_k - 1]];
        order.retain(|token| logits[*token] >= least);
    }
    let mut chances = vec![0.0; logits.len()];
    let Some(first) = order.first() else { return chances };
    let highest = f64::from(logits[*first]);
    for token in &order {
        chances[*token] = ((f64::from(logits[*token]) - highest) / temperature).exp();
    }
    let total: f64 = order.iter().map(|token| chances[*token]).sum();
    // What stands before a token decides whether it is still in; the first always is.
    let mut mass = 0.0;
    let kept = order
        .iter()
        .take_while(|token| {
            let inside = top_p >= 1.0 || mass == 0.0 || mass / total < top_p;
            mass += chances[**token];
            inside
        })
        .count();
    for token in &order[kept..] {
        chances[*token] = 0.0;
    }
    let total: f64 = order[..kept].iter().map(|token| chances[*token]).sum();
    for token in &order[..kept] {
        chances[*token] /= total;
    }
    chances
}
