//! One variant while it is written: what it has, what it may go on with, and where it ends.
//!
//! In: the logits after each token. Out: the next token, or the end; and the text, told as it grows.

use std::sync::Arc;

use crate::writing::demand::Demand;
use crate::writing::guard::{Mask, Verdict};
use crate::writing::kernels::{Processor, log_sum};
use crate::writing::rank::{OPENING, opening};
use crate::writing::sampler::Sampler;
use crate::writing::tokenizer::Vocabulary;
use crate::writing::words::{sentences, words};
use crate::writing::{FinishReason, Piece, Request, Written};

/// A slot's part of its limit after which it is steered towards its end.
const STEER_FROM: f32 = 0.7;
/// What the steering adds, at the limit, to the logits of tokens that end a sentence.
const STEER_TO: f32 = 8.0;

/// What the model knows of its tokens that a lane asks for.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'a> {
    pub vocabulary: &'a Vocabulary,
    /// Tokens that end a sentence and nothing else.
    pub full_stops: &'a [u32],
}

/// The text of a variant so far, and what may follow.
struct Said<'a> {
    request: &'a Request,
    mask: Arc<Mask>,
    demand: &'a Demand,
    text: String,
    /// Bytes of a character that is not whole yet.
    pending: Vec<u8>,
}

impl Said<'_> {
    fn judge(&self, token: u32, tokens: Tokens<'_>) -> Verdict {
        let Self { request, mask, demand, text, pending } = self;
        let met = demand.is_met(text);
        if tokens.vocabulary.ends().contains(&token) {
            let may_end = met && pending.is_empty() && !text.trim().is_empty() && !mask.is_inside_field(text);
            return if may_end { Verdict::Ends } else { Verdict::Refused };
        }
        let last = sentences(text) + 1 >= request.sentences.max(1);
        if !met && last && tokens.full_stops.contains(&token) {
            return Verdict::Refused;
        }
        let bytes = tokens.vocabulary.bytes(token);
        if self.opens_like_others(bytes) {
            return Verdict::Refused;
        }
        mask.judge(text, pending, token, bytes)
    }

    /// Whether the text would open with these bytes as it is not to.
    fn opens_like_others(&self, bytes: &[u8]) -> bool {
        let avoid = &self.request.avoid;
        // Only while the opening may still become another.
        !avoid.is_empty() && words(&self.text).len() <= OPENING && {
            let text = format!("{}{}", self.text, String::from_utf8_lossy(bytes));
            words(&text).len() == OPENING && avoid.contains(&opening(&text))
        }
    }

    /// Appends a token's bytes; returns the characters that are whole now.
    fn push(&mut self, bytes: &[u8]) -> &str {
        let before = self.text.len();
        self.pending.extend_from_slice(bytes);
        let whole = std::str::from_utf8(&self.pending).map_or_else(|error| error.valid_up_to(), str::len);
        if let Ok(text) = std::str::from_utf8(&self.pending[..whole]) {
            self.text.push_str(text);
        }
        self.pending.drain(..whole);
        &self.text[before..]
    }
}

/// One variant while it is written.
pub(super) struct Lane<'a> {
    said: Said<'a>,
    seed: u64,
    sampler: Sampler,
    /// Tokens that it was given to begin with.
    begun: usize,
    /// Of the tokens that it chose itself.
    log_probability: f64,
    processor: Processor,
    /// Bytes of the text that were told.
    told: usize,
    pub end: Option<FinishReason>,
    end_told: bool,
    pub seconds: f64,
}

impl<'a> Lane<'a> {
    /// A lane that begins with the tokens that the request gives it.
    pub fn new(
        request: &'a Request,
        seed: u64,
        mask: Arc<Mask>,
        demand: &'a Demand,
        processor: Processor,
        vocabulary: &Vocabulary,
    ) -> Self {
        let mut lane = Self {
            said: Said { request, mask, demand, text: String::new(), pending: Vec::new() },
            seed,
            sampler: Sampler::new(request.sampling, seed),
            begun: request.begun.tokens().len(),
            log_probability: 0.0,
            processor,
            told: 0,
            end: None,
            end_told: false,
            seconds: 0.0,
        };
        for token in request.begun.tokens() {
            lane.take(*token, vocabulary);
        }
        lane
    }

    /// Goes on with a token, whoever chose it; returns the characters that are whole now.
    pub fn take(&mut self, token: u32, vocabulary: &Vocabulary) -> String {
        self.sampler.accept(token);
        let new = self.said.push(vocabulary.bytes(token)).to_owned();
        if self.said.pending.is_empty() && sentences(&self.said.text) >= self.said.request.sentences.max(1) {
            self.end = Some(FinishReason::Stop);
        } else if self.used() >= 1.0 {
            self.end = Some(FinishReason::Length);
        }
        new
    }

    /// Whether a token might come next.
    pub fn may_take(&self, token: u32, tokens: Tokens<'_>) -> bool {
        self.said.judge(token, tokens) == Verdict::Allowed
    }

    /// Chooses the next token; `None` when the variant is finished.
    pub fn advance(&mut self, raw: &[f32], logits: &mut Vec<f32>, tokens: Tokens<'_>) -> Option<u32> {
        if self.end.is_some() {
            return None;
        }
        logits.clear();
        logits.extend_from_slice(raw);
        let used = self.used();
        if self.said.demand.is_met(&self.said.text) {
            self.steer(logits, tokens);
        } else {
            self.said.demand.steer(&self.said.text, self.sampler.written(), used, logits);
        }
        let Self { sampler, said, .. } = self;
        let chosen = sampler.choose(logits, &mut |token| said.judge(token, tokens) != Verdict::Refused);
        let Some(token) = chosen.filter(|token| said.judge(*token, tokens) == Verdict::Allowed) else {
            self.end = Some(FinishReason::Stop);
            return None;
        };
        self.log_probability += f64::from(raw[token as usize] - log_sum(self.processor, raw));
        self.take(token, tokens.vocabulary);
        if self.end.is_none() { Some(token) } else { None }
    }

    /// Part of the limits that is used up.
    fn used(&self) -> f32 {
        let request = self.said.request;
        let tokens = self.sampler.written().len() as f32 / request.max_tokens.max(1) as f32;
        let characters = match request.max_characters {
            Some(most) => self.said.text.trim().chars().count() as f32 / most.max(1) as f32,
            None => 0.0,
        };
        tokens.max(characters)
    }

    /// Near the limit, makes the end of the sentence likelier.
    fn steer(&self, logits: &mut [f32], tokens: Tokens<'_>) {
        let late = (self.used() - STEER_FROM) / (1.0 - STEER_FROM);
        if late > 0.0 {
            for token in tokens.full_stops.iter().chain(tokens.vocabulary.ends()) {
                if let Some(logit) = logits.get_mut(*token as usize) {
                    *logit += STEER_TO * late;
                }
            }
        }
    }

    /// Tells what is new; blanks at the end are held back, because they may be the last.
    pub fn tell(&mut self, variant: usize, tell: &mut dyn FnMut(Piece)) {
        let text = &self.said.text;
        let from = if self.told == 0 { text.len() - text.trim_start().len() } else { self.told };
        let to = text.trim_end().len();
        if to > from {
            let tokens = self.sampler.written().len();
            tell(Piece::Text { variant, text: text[from..to].to_owned(), tokens });
            self.told = to;
        }
        if let Some(reason) = self.end
            && !self.end_told
        {
            self.end_told = true;
            tell(Piece::Whole { variant, written: Box::new(self.written(variant)) });
            tell(Piece::End { variant, reason });
        }
    }

    /// What has come of it.
    pub fn written(&self, index: usize) -> Written {
        let Said { request, mask, text, .. } = &self.said;
        let mut text = text.trim().to_owned();
        let mut finish_reason = self.end.unwrap_or(FinishReason::Length);
        // Nothing was allowed, or a word at the very end turned out badly: what the strategy itself says.
        if (text.is_empty() || mask.forbids(&text)) && !request.fallback.is_empty() {
            text.clone_from(&request.fallback[index % request.fallback.len()]);
            finish_reason = FinishReason::Template;
        }
        let token_ids = self.sampler.written().to_vec();
        let chosen = token_ids.len() - self.begun;
        Written {
            text,
            seed: self.seed,
            finish_reason,
            tokens: token_ids.len(),
            tokens_per_second: if self.seconds > 0.0 { chosen as f64 / self.seconds } else { 0.0 },
            mean_log_probability: (chosen > 0).then(|| self.log_probability / chosen as f64),
            earlier: false,
            token_ids,
            told: Vec::new(),
            begun: request.begun.clone(),
            avoided: request.avoid.clone(),
        }
    }
}
