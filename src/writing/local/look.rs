//! What the model thought at each token of a text: how likely it was, and what might have stood there.
//!
//! In: a request and the tokens that were written for it. Out: for each of them the probability that the model gives
//! it, before anything is masked or steered, and the likeliest others, each with whether it may stand there.

use std::sync::Arc;

use super::LocalModel;
use super::lane::Lane;
use crate::jobs::{Cancel, Cancelled};
use crate::writing::demand::Demand;
use crate::writing::doubt::{Alternative, Considered};
use crate::writing::kernels::log_sum;
use crate::writing::sampler::likeliest;
use crate::writing::{Beginning, Request, WritingError, Written};

/// Tokens that are looked at for each place; those that are no text of their own are left out.
const LOOKED_AT: usize = 16;
/// Tokens that are shown for each place.
const SHOWN: usize = 8;

impl LocalModel {
    pub(super) fn considered(
        &mut self,
        request: &Request,
        written: &Written,
        cancel: &Cancel,
    ) -> Result<Vec<Considered>, WritingError> {
        let tokens = &written.token_ids;
        if tokens.is_empty() {
            return Err(WritingError::Failed(
                "the tokens of this text are not kept after a restart: write new variants first".into(),
            ));
        }
        let mask = self.mask(&request.guard);
        let (prompt, _) = self.fitting_prompt(request)?;
        let request = &Request { begun: Beginning::default(), avoid: Vec::new(), ..request.clone() };
        let demand = Demand::new(&request.must, &self.vocabulary);
        let processor = self.model.processor();
        let mut logits = self.model.run_prompt(&prompt, &mut || !cancel.is_cancelled())?;
        self.model.open_lanes(1);
        let mut lane = Lane::new(request, 0, Arc::clone(&mask), &demand, processor, &self.vocabulary);
        let mut considered = Vec::with_capacity(tokens.len());
        for (place, token) in tokens.iter().enumerate() {
            if cancel.is_cancelled() {
                return Err(Cancelled.into());
            }
            let Some(logit) = logits.get(*token as usize) else {
                return Err(WritingError::Failed(format!(
                    "token {token} is none of this model's: the text was written by another; write it anew"
                )));
            };
            let whole = log_sum(processor, &logits);
            let probability = (logit - whole).exp();
            let others = likeliest(&logits, LOOKED_AT)
                .filter(|(other, _)| other != token)
                .filter_map(|(other, logit)| {
                    let bytes = self.vocabulary.bytes(other);
                    // Parts of characters, and what ends the text, are nothing to choose from.
                    let text = std::str::from_utf8(bytes).ok()?.to_owned();
                    let is_text = !text.trim().is_empty() && !self.vocabulary.ends().contains(&other);
                    is_text.then(|| Alternative {
                        token: Some(other),
                        probability: (logit - whole).exp(),
                        allowed: lane.may_take(other, self.tokens()),
                        text,
                    })
                })
                .take(SHOWN)
                .collect();
            let text = lane.take(*token, &self.vocabulary);
            considered.push(Considered { token: Some(*token), text, probability, others });
            if place + 1 < tokens.len() {
                logits = self.model.step(&[(0, *token)])?;
            }
        }
        Ok(considered)
    }
}
