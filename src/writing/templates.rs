//! Writes without a model: the slots' own fallback texts, in turn.

use super::{FinishReason, ModelIdentity, Piece, Request, TextEngine, Writing, WritingError, Written};
use crate::jobs::{Cancel, Cancelled};

/// The engine for `--model none`.
pub struct Templates {
    identity: ModelIdentity,
}

impl Default for Templates {
    fn default() -> Self {
        Self { identity: ModelIdentity::plain("templates", "") }
    }
}

impl TextEngine for Templates {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn write(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError> {
        if cancel.is_cancelled() {
            return Err(Cancelled.into());
        }
        if request.fallback.is_empty() {
            return Err(WritingError::Failed(
                "this strategy has no example texts to use without a model: add some under `examples`, or \
                 fetch a model with `perennial model pull`"
                    .into(),
            ));
        }
        let variants = request.seeds.iter().enumerate().map(|(variant, seed)| {
            let text = request.fallback[variant % request.fallback.len()].clone();
            tell(Piece::Text { variant, text: text.clone(), tokens: 0 });
            tell(Piece::End { variant, reason: FinishReason::Template });
            Written::own_text(text, *seed)
        });
        Ok(Writing { variants: variants.collect(), ..Writing::default() })
    }
}
