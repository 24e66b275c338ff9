//! What a server's model thought at each token of a text, and how it goes on from a word that somebody chose.
//!
//! In: a request, and what was written for it. Out: the tokens as the server told of them while it wrote; where it was not
//! asked then, as it takes long over that, it writes the same text again with the same seed and tells. What a server
//! lacks for it is told by name.

use super::Served;
use super::continued::{Manner, manner};
use super::round::{End, Round};
use crate::jobs::Cancel;
use crate::writing::doubt::Considered;
use crate::writing::guard::Mask;
use crate::writing::{Piece, Request, Writing, WritingError, Written};

impl Served {
    pub(super) fn considered(
        &mut self,
        request: &Request,
        written: &Written,
        cancel: &Cancel,
    ) -> Result<Vec<Considered>, WritingError> {
        let mut tokens = written.told.clone();
        if tokens.is_empty() {
            tokens = self.told_again(request, written, cancel)?;
        }
        let mask = Mask::of_texts(&request.guard);
        let mut text = String::new();
        for token in &mut tokens {
            for other in &mut token.others {
                other.allowed = !mask.forbids(&format!("{text}{}", other.text));
            }
            text.push_str(&token.text);
        }
        Ok(tokens)
    }

    /// Has the same text written again, and told of.
    fn told_again(
        &mut self,
        request: &Request,
        written: &Written,
        cancel: &Cancel,
    ) -> Result<Vec<Considered>, WritingError> {
        let failed =
            |host: &str, what: &str| Err(WritingError::Failed(format!("the model server {host} {what}")));
        let host = self.shared.server.address.host().to_owned();
        if !written.begun.is_empty() {
            return failed(
                &host,
                "has not told how sure it was of what it wrote behind the chosen word: write new variants and look at those",
            );
        }
        let request = Request { seeds: vec![written.seed], avoid: Vec::new(), ..request.clone() };
        let outcome = self.chosen(cancel).and_then(|model| {
            Round::new(&self.shared, &model, &request, None).telling(true).run(cancel, &mut |_| {})
        });
        let again = self.remember(outcome)?.variants.into_iter().next();
        match again {
            Some(again) if again.told.is_empty() => failed(
                &host,
                "does not tell how sure it was (there are no \"logprobs\" with \"top_logprobs\" in its answers): switch them \
                 on there, ask another server, or choose a model on this machine with --model",
            ),
            Some(again) if again.text == written.text => Ok(again.told),
            _ => failed(
                &host,
                "writes another text now for the same seed, so that how sure it was of this one is not known: write new \
                 variants and look at those",
            ),
        }
    }

    /// Writes on from the text that the request begins with.
    pub(super) fn go_on(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError> {
        let outcome = self.chosen(cancel).and_then(|model| match self.manner(&model, cancel)? {
            Some(manner) => {
                let round = Round::new(&self.shared, &model, request, Some(manner)).telling(true);
                round.run(cancel, tell).map(Some)
            }
            None => Ok(None),
        });
        let host = self.shared.server.address.host().to_owned();
        let Some(mut writing) = self.remember(outcome)? else {
            return Err(WritingError::Failed(format!(
                "the model server {host} cannot go on from a chosen word: it starts each answer afresh (it heeds neither \
                 \"continue_final_message\" nor a last message of the assistant) and offers no /completions that goes on \
                 from a text; ask another server, or choose a model on this machine with --model"
            )));
        };
        writing.variants.retain(|written| !written.text.is_empty());
        if writing.variants.is_empty() {
            return Err(WritingError::Failed(format!(
                "the model server {host} did not go on from the chosen word: it started afresh, or wrote what may not stand \
                 there. Choose another word, or try again"
            )));
        }
        Ok(writing)
    }

    /// How the server goes on from a text, if it does; it is found out once.
    fn manner(&self, model: &str, cancel: &Cancel) -> Result<Option<Manner>, End> {
        if let Some(known) = self.shared.manner.get() {
            return Ok(*known);
        }
        let found = manner(&self.shared, model, cancel)?;
        Ok(*self.shared.manner.get_or_init(|| found))
    }
}
