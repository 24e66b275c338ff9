//! Has a server go on from the beginning of a text that somebody chose.
//!
//! In: a server, or what it said behind a beginning. Out: the manner in which it goes on from one, found out by a sequence
//! that it is given half of; and the whole text, or nothing where it started afresh. Servers do not say whether they
//! go on: those that do not answer as if they had been asked anew.

use super::http::Trouble;
use super::round::{End, Round};
use super::{Fault, Shared};
use crate::jobs::Cancel;
use crate::writing::{Beginning, Guard, Prompt, Request, Role, Sampling};

/// How a server is asked to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// By a last message of the assistant, marked as one to go on with (vLLM's `continue_final_message`).
    Marked,
    /// By a last message of the assistant (llama.cpp's).
    Last,
    /// By the text alone (`/v1/completions`).
    Raw,
}

/// A question whose answer nobody begins like this of himself, and how it goes on.
const ASKED: &str = "Write the numbers from one to ten in words.";
const BEGUN: &str = "Here they come, in order: one two three four five six";
const GOES_ON: &str = " seven";

/// In which manner the server goes on, if in any.
pub(super) fn manner(shared: &Shared, model: &str, cancel: &Cancel) -> Result<Option<Manner>, End> {
    let request = Request {
        prompt: Prompt::Chat(vec![(Role::User, ASKED.into())]),
        seeds: vec![1],
        sampling: Sampling { temperature: 0.0, top_p: 1.0, ..Sampling::default() },
        guard: Guard::default(),
        max_tokens: 6,
        max_characters: None,
        sentences: 1,
        must: Vec::new(),
        fallback: Vec::new(),
        begun: Beginning::Text(BEGUN.into()),
        avoid: Vec::new(),
    };
    for manner in [Manner::Marked, Manner::Last, Manner::Raw] {
        match Round::new(shared, model, &request, Some(manner)).telling(false).run(cancel, &mut |_| {}) {
            Ok(writing) => {
                let text = writing.variants.first().map_or("", |written| written.text.as_str());
                if text.strip_prefix(BEGUN).is_some_and(|said| said.starts_with(GOES_ON)) {
                    return Ok(Some(manner));
                }
            }
            // It does not take such a question; that is no reason not to be asked another.
            Err(End::Trouble(Trouble {
                fault: Fault::Refused | Fault::Stranger | Fault::Broken, ..
            })) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(None)
}

/// What a model that knows nothing of conversations goes on with.
pub(super) fn raw_prompt(request: &Request) -> String {
    let mut text = match &request.prompt {
        Prompt::Chat(messages) => messages.iter().fold(String::new(), |all, (_, text)| all + text + "\n\n"),
        Prompt::Continue(text) => text.clone(),
    };
    let begun = request.begun.text();
    text.push_str(if text.ends_with('\n') { begun.trim_start() } else { begun });
    text
}

/// A beginning and what the server said behind it, as one text; `None` where it does not go on from the beginning.
pub(super) fn continued(begun: &str, said: &str, prompt: &Prompt) -> Option<String> {
    let begun = begun.trim_start();
    let new = said.trim_start();
    // It repeated the beginning first: the rest goes on from it.
    if let Some(after) = new.strip_prefix(begun.trim_end()).filter(|_| begun.chars().count() > 8) {
        return (!after.trim().is_empty()).then(|| new.to_owned());
    }
    let ended = begun.trim_end().ends_with(is_end);
    if new.is_empty() {
        return ended.then(|| begun.to_owned());
    }
    let opening = |text: &str| -> Vec<String> {
        crate::writing::words::words(text).into_iter().take(2).map(|word| word.to_lowercase()).collect()
    };
    let again = opening(begun).len() == 2 && opening(begun) == opening(new);
    let around = ["- ", "* ", "• ", "\"", "“", "„", "「", "**", "<"];
    let first = new.chars().next()?;
    let apart = said.starts_with(char::is_whitespace)
        || begun.ends_with([' ', '-', '(', '“', '"', '‘', '—', '–', '/']);
    // Inside a sentence a capital is a name's, which the prompt has inside a sentence too, or begins one anew.
    let capital = !ended && first.is_uppercase() && !(apart && is_inside(prompt, new));
    let glued = ended && !apart && first.is_alphanumeric() && first.is_ascii();
    let afresh = again || capital || glued || !ended && around.iter().any(|mark| new.starts_with(mark));
    (!afresh).then(|| format!("{begun}{said}"))
}

fn is_end(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

/// Whether the prompt has the first word of a text inside a sentence.
fn is_inside(prompt: &Prompt, text: &str) -> bool {
    let word = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let prompt = prompt.text();
    matches!(word, "I")
        || prompt.match_indices(word).any(|(at, _)| {
            let mut before = prompt[..at].chars().rev();
            let whole = prompt[at + word.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric());
            whole && before.next() == Some(' ') && before.next().is_some_and(|c| c.is_lowercase() || c == ',')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_afresh_is_never_glued_to_the_beginning() {
        let prompt = Prompt::Chat(vec![(Role::User, "One line about the Kitchen. We like it.".into())]);
        for (begun, said, whole) in [
            (" We would", " like to see you.", Some("We would like to see you.")),
            ("We miss", "ed you.", Some("We missed you.")),
            ("See the", " Kitchen again.", Some("See the Kitchen again.")),
            ("We miss you.", " Come back.", Some("We miss you. Come back.")),
            ("We miss you.", "", Some("We miss you.")),
            ("我们想", "念您。", Some("我们想念您。")),
            ("We would like", "We would like to see you.", Some("We would like to see you.")),
            ("We would", "Come back to us.", None),
            ("We would", " Come back to us.", None),
            ("We would", " we would like it.", None),
            ("We would", "\"We would like it.\"", None),
            ("We would", "- come back", None),
            ("我们想念", "我们想念您。", None),
            ("We would like", "We would like", None),
            ("We would", " \n", None),
        ] {
            assert_eq!(continued(begun, said, &prompt).as_deref(), whole, "{begun}|{said}");
        }
    }

    #[test]
    fn a_raw_prompt_is_the_conversation_and_the_beginning() {
        let request = Request {
            prompt: Prompt::Chat(vec![(Role::System, "A shop.".into()), (Role::User, "One line.".into())]),
            seeds: vec![1],
            sampling: Sampling::default(),
            guard: Guard::default(),
            max_tokens: 6,
            max_characters: None,
            sentences: 1,
            must: Vec::new(),
            fallback: Vec::new(),
            begun: Beginning::Text(" We would".into()),
            avoid: Vec::new(),
        };
        assert_eq!(raw_prompt(&request), "A shop.\n\nOne line.\n\nWe would");
    }
}
