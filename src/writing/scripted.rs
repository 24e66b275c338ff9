//! Writes what a script says, word by word: for tests of everything around a model.

use super::{
    Beginning, FinishReason, ModelIdentity, Piece, Request, TextEngine, Writing, WritingError, Written,
};
use crate::jobs::{Cancel, Cancelled};

/// An engine whose texts are known beforehand.
pub struct Scripted {
    identity: ModelIdentity,
    lines: Vec<String>,
    next: usize,
    /// Called before each word; a test may cancel in it, or wait.
    before_word: Box<dyn FnMut() + Send>,
    languages: Option<Vec<String>>,
    /// Every request seen, newest last.
    requests: Vec<Request>,
}

impl Scripted {
    /// Writes `lines` in turn, one for each variant of each request, from the start again after the last.
    #[must_use]
    pub fn new(lines: &[&str]) -> Self {
        Self {
            identity: ModelIdentity::plain("scripted", "0".repeat(64)),
            lines: lines.iter().map(ToString::to_string).collect(),
            next: 0,
            before_word: Box::new(|| {}),
            languages: None,
            requests: Vec::new(),
        }
    }

    /// Calls `hook` before each word.
    #[must_use]
    pub fn before_word(mut self, hook: impl FnMut() + Send + 'static) -> Self {
        self.before_word = Box::new(hook);
        self
    }

    /// Can write in these languages only.
    #[must_use]
    pub fn only(mut self, languages: &[&str]) -> Self {
        self.languages = Some(languages.iter().map(ToString::to_string).collect());
        self
    }

    /// The requests so far, newest last.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }
}

impl TextEngine for Scripted {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn writes(&self, language: &str) -> bool {
        self.languages.as_ref().is_none_or(|known| known.iter().any(|known| known == language))
    }

    fn write(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError> {
        self.requests.push(request.clone());
        let mut variants = Vec::new();
        for (variant, seed) in request.seeds.iter().enumerate() {
            let line = self.lines.get(self.next % self.lines.len().max(1)).cloned().unwrap_or_default();
            self.next += 1;
            let mut tokens = 0;
            for word in line.split_inclusive(' ') {
                (self.before_word)();
                if cancel.is_cancelled() {
                    tell(Piece::End { variant, reason: FinishReason::Cancelled });
                    return Err(Cancelled.into());
                }
                tokens += 1;
                tell(Piece::Text { variant, text: word.to_owned(), tokens });
            }
            let written = Written {
                text: line,
                seed: *seed,
                finish_reason: FinishReason::Stop,
                tokens,
                tokens_per_second: 0.0,
                mean_log_probability: None,
                earlier: false,
                token_ids: Vec::new(),
                told: Vec::new(),
                begun: Beginning::default(),
                avoided: Vec::new(),
            };
            tell(Piece::Whole { variant, written: Box::new(written.clone()) });
            tell(Piece::End { variant, reason: FinishReason::Stop });
            variants.push(written);
        }
        Ok(Writing { variants, ..Writing::default() })
    }
}
