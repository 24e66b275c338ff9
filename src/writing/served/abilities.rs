//! What a server is known to take. Servers of the same interface differ; this is learned from their answers.

use serde_json::{Value, json};

use super::continued::{Manner, raw_prompt};
use crate::writing::{Prompt, Request, Role};

/// Tokens beyond those of the text: quotation marks, a list mark.
const MARGIN: usize = 8;
/// Alternatives that are asked for at each place, at first and where a server finds that too many.
const ALTERNATIVES: [u8; 3] = [8, 5, 0];

/// Parts of a request that some servers do not take; each is left out once a server has refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of its own")]
pub(super) struct Abilities {
    /// Several texts in one answer (`n`).
    pub several: bool,
    /// Several answers at a time.
    pub at_once: bool,
    pub stops: bool,
    pub log_probabilities: bool,
    /// What might have stood in the place of a token: how many of them.
    pub alternatives: u8,
    /// They take it so long that they are asked for only when somebody wants to see them.
    pub tells_slowly: bool,
    seed: bool,
    sampling: bool,
    /// `max_tokens` by its old name.
    old_name: bool,
}

impl Default for Abilities {
    fn default() -> Self {
        Self {
            several: true,
            at_once: true,
            stops: true,
            log_probabilities: true,
            alternatives: ALTERNATIVES[0],
            tells_slowly: false,
            seed: true,
            sampling: true,
            old_name: true,
        }
    }
}

impl Abilities {
    /// The server has refused a request and said why: leaves out what it names, else all that may be left out. Whether
    /// anything was left to leave out.
    pub(super) fn give_up(&mut self, said: &str) -> bool {
        let before = *self;
        let said = said.to_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if names(&["max_completion_tokens"]) {
            self.old_name = false;
        } else if self.alternatives > 0 && names(&["top_logprob"]) {
            self.alternatives =
                ALTERNATIVES.into_iter().find(|fewer| *fewer < self.alternatives).unwrap_or(0);
        } else if names(&["logprob"]) {
            self.log_probabilities = false;
        } else if names(&["temperature", "top_p"]) {
            self.sampling = false;
        } else if names(&["seed"]) {
            self.seed = false;
        } else if names(&["'stop'", "\"stop\"", "stop sequence", "`stop`"]) {
            self.stops = false;
        } else if names(&["'n'", "\"n\"", "`n`", " n "]) {
            self.several = false;
        }
        if *self == before {
            (self.several, self.log_probabilities) = (false, false);
        }
        *self != before
    }

    /// The body of a request for `texts` texts, asked in a manner where they begin with something; `told`: with what might
    /// have stood in each place.
    pub(super) fn body(
        self,
        request: &Request,
        model: &str,
        seed: u64,
        texts: usize,
        manner: Option<Manner>,
        told: bool,
    ) -> String {
        let mut messages: Vec<Value> = match &request.prompt {
            Prompt::Chat(messages) => messages.iter().map(|(role, text)| message(*role, text)).collect(),
            Prompt::Continue(text) => vec![message(Role::User, text)],
        };
        let raw = manner == Some(Manner::Raw);
        let mut body = if raw {
            json!({ "model": model, "prompt": raw_prompt(request), "stream": true })
        } else {
            if manner.is_some() {
                messages.push(message(Role::Assistant, request.begun.text()));
            }
            json!({ "model": model, "messages": messages, "stream": true })
        };
        if manner == Some(Manner::Marked) {
            body["continue_final_message"] = json!(true);
            body["add_generation_prompt"] = json!(false);
        }
        let limit = if self.old_name { "max_tokens" } else { "max_completion_tokens" };
        body[limit] = json!(request.max_tokens + MARGIN);
        if self.sampling {
            body["temperature"] = json!(request.sampling.temperature);
            body["top_p"] = json!(request.sampling.top_p);
        }
        if self.seed {
            // Some servers take no larger number.
            body["seed"] = json!(seed & 0x7FFF_FFFF);
        }
        if self.stops && request.guard.line_breaks {
            body["stop"] = json!(["\n"]);
        }
        let alternatives = if told && self.log_probabilities { self.alternatives } else { 0 };
        // The older question has a number here, of five at most.
        if raw && alternatives > 0 {
            body["logprobs"] = json!(alternatives.min(ALTERNATIVES[1]));
        } else if !raw && self.log_probabilities {
            body["logprobs"] = json!(true);
            if alternatives > 0 {
                body["top_logprobs"] = json!(alternatives);
            }
        }
        if texts > 1 {
            body["n"] = json!(texts);
        }
        body.to_string()
    }
}

fn message(role: Role, text: &str) -> Value {
    let role = match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    json!({ "role": role, "content": text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_names_is_left_out_and_in_the_end_nothing_is_left() {
        let mut abilities = Abilities::default();
        assert!(
            abilities.give_up("Unsupported parameter: 'max_tokens', use 'max_completion_tokens' instead.")
        );
        assert!(!abilities.old_name && abilities.log_probabilities);
        assert!(abilities.give_up("logprobs is not supported for models created with logits_all=False"));
        assert!(!abilities.log_probabilities && abilities.several);
        assert!(abilities.give_up("property 'n' is unsupported"));
        assert!(!abilities.several && abilities.seed && abilities.sampling);
        assert!(!abilities.give_up("the messages are wrong"));
        let mut abilities = Abilities::default();
        assert!(abilities.give_up("bad request"));
        assert!(!abilities.several && !abilities.log_probabilities && abilities.stops);
        let mut abilities = Abilities::default();
        for fewer in [5, 0] {
            assert!(abilities.give_up("top_logprobs must be at most 3"));
            assert!(abilities.alternatives == fewer && abilities.log_probabilities);
        }
        assert!(abilities.give_up("top_logprobs again") && !abilities.log_probabilities);
    }
}
