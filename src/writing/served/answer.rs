//! One text of a server while it comes.
//!
//! In: stretches of text. Out: the slot's text so far, without what chat models put around it (list marks,
//! quotation marks, thoughts), and not longer than the sentences that were asked for.

use serde_json::Value;

use super::told::{self, Piece};
use crate::writing::FinishReason;
use crate::writing::doubt::Considered;

/// One candidate.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    raw: String,
    /// Bytes of it that the server was given to go on from.
    begun: usize,
    /// What was told of each token behind those.
    pieces: Vec<Piece>,
    /// What was told of it.
    told: String,
    pub tokens: usize,
    log_probability: f64,
    /// Tokens of which the probability is known.
    known: usize,
    pub end: Option<FinishReason>,
}

impl Answer {
    /// One that begins with a text that the server is to go on from.
    pub(super) fn begun(text: &str) -> Self {
        Self { raw: text.to_owned(), begun: text.len(), ..Self::default() }
    }

    /// What the server told of the tokens of `text`, which stands in its answer; nothing where it did not tell of each.
    pub(super) fn told(&self, text: &str) -> Vec<Considered> {
        let Some(start) = self.raw.find(text) else { return Vec::new() };
        let end = start + text.len();
        let range = start.saturating_sub(self.begun)..end.saturating_sub(self.begun);
        told::considered(&self.pieces, &self.raw[self.begun..], &range)
    }

    /// Takes in one choice of a document: a part of a message, or a whole one.
    pub(super) fn push(&mut self, choice: &Value) {
        let message = choice.get("delta").or_else(|| choice.get("message"));
        let content = message.and_then(|message| message["content"].as_str());
        let content = content.or_else(|| choice["text"].as_str()).unwrap_or_default();
        self.raw.push_str(content);
        let probabilities = log_probabilities(&choice["logprobs"]);
        self.log_probability += probabilities.iter().sum::<f64>();
        self.known += probabilities.len();
        self.pieces.extend(told::pieces(&choice["logprobs"]));
        self.tokens += probabilities.len().max(usize::from(!content.is_empty()));
        match choice["finish_reason"].as_str() {
            Some("length") => self.end = Some(FinishReason::Length),
            Some(_) => self.end = Some(FinishReason::Stop),
            None => {}
        }
    }

    /// The text as it would stand in a slot of so many sentences, and whether nothing can be added to it.
    pub(super) fn text(&self, sentences: usize) -> (&str, bool) {
        text_of(&self.raw, sentences, self.end.is_some())
    }

    /// Whether the server has said nothing yet but blanks.
    pub(super) fn is_blank(&self) -> bool {
        self.raw[self.begun..].trim().is_empty()
    }

    /// What is new since it was last asked.
    pub(super) fn news(&mut self, sentences: usize) -> Option<String> {
        let (text, _) = text_of(&self.raw, sentences, self.end.is_some());
        let new = text.strip_prefix(self.told.as_str()).filter(|new| !new.is_empty())?.to_owned();
        self.told.push_str(&new);
        Some(new)
    }

    /// Mean natural logarithm of the tokens' probabilities; `None` where the server does not tell them.
    pub(super) fn mean_log_probability(&self) -> Option<f64> {
        (self.known > 0).then(|| self.log_probability / self.known as f64)
    }

    /// Begins anew. What was told stays told, and a text that begins otherwise is not told beside it.
    pub(super) fn again(&mut self) {
        self.raw.truncate(self.begun);
        let (raw, told) = (std::mem::take(&mut self.raw), std::mem::take(&mut self.told));
        *self = Self { raw, begun: self.begun, told, ..Self::default() };
    }
}

/// The logarithms in either of the forms that servers use.
fn log_probabilities(value: &Value) -> Vec<f64> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let content = list(&value["content"]);
    if content.is_empty() {
        list(&value["token_logprobs"]).iter().filter_map(Value::as_f64).collect()
    } else {
        content.iter().filter_map(|token| token["logprob"].as_f64()).collect()
    }
}

fn text_of(raw: &str, sentences: usize, ended: bool) -> (&str, bool) {
    let mut text = raw.trim_start();
    if let Some(thoughts) = text.strip_prefix("<think>") {
        match thoughts.split_once("</think>") {
            Some((_, after)) => text = after.trim_start(),
            None => return ("", ended),
        }
    } else if "<think>".starts_with(text) && !ended {
        return ("", false);
    }
    for mark in ["- ", "* ", "• ", "– "] {
        text = text.strip_prefix(mark).unwrap_or(text).trim_start();
    }
    for label in ["A:", "Answer:"] {
        if !ended && label.starts_with(text) {
            return ("", false);
        }
        text = text.strip_prefix(label).unwrap_or(text).trim_start();
    }
    // A mark alone may be the beginning of a list.
    if matches!(text, "-" | "*" | "•" | "–") {
        return ("", ended);
    }
    let closing = text.chars().next().and_then(|first| match first {
        '"' => Some('"'),
        '“' => Some('”'),
        '„' => Some('“'),
        '「' => Some('」'),
        '«' => Some('»'),
        '*' => Some('*'),
        _ => None,
    });
    if closing.is_some() {
        text = &text[text.chars().next().map_or(0, char::len_utf8)..];
        text = text.trim_start_matches('*');
    }
    let line = text.find(['\n', '\r']);
    text = &text[..line.unwrap_or(text.len())];
    let (mut text, mut whole) = match end_of_sentences(text, sentences, ended || line.is_some()) {
        Some(end) => (&text[..end], true),
        None => (text, ended || line.is_some()),
    };
    if let Some(end) = closing.and_then(|closing| text.find(closing)) {
        (text, whole) = (&text[..end], true);
    }
    (text.trim_end(), whole)
}

/// Where so many sentences have ended, in bytes. A full stop at the very end ends one only where nothing follows.
fn end_of_sentences(text: &str, sentences: usize, ended: bool) -> Option<usize> {
    let is_end = |c: char| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？');
    let closes = |c: char| matches!(c, '"' | '\'' | '”' | '’' | '」' | ')' | '）');
    let mut count = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        if !is_end(c) {
            continue;
        }
        let mut end = at + c.len_utf8();
        let mut wide = matches!(c, '。' | '！' | '？');
        while let Some((at, c)) = letters.next_if(|(_, c)| is_end(*c) || closes(*c)) {
            wide |= matches!(c, '。' | '！' | '？');
            end = at + c.len_utf8();
        }
        let over = match letters.peek() {
            Some((_, next)) => wide || next.is_whitespace(),
            None => ended,
        };
        if over {
            count += 1;
            if count >= sentences.max(1) {
                return Some(end);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_chat_models_put_around_a_sentence_is_taken_off() {
        for (raw, text) in [
            ("We miss you. Come back.", "We miss you."),
            ("- We miss you!", "We miss you!"),
            ("Answer: \"We miss you!\"", "We miss you!"),
            (" \n\"We miss you.\" Anything else?", "We miss you."),
            ("“We miss you”", "We miss you"),
            ("<think>\nA shop…\n</think>\n\nWe miss you.", "We miss you."),
            ("We miss you.\nOr: come back.", "We miss you."),
            ("Here it is:\n\nWe miss you.", "Here it is:"),
            ("我们想念您。快来吧。", "我们想念您。"),
            ("We miss you... Come back.", "We miss you..."),
            ("Visit shop.example today", "Visit shop.example today"),
            ("**We miss you.**", "We miss you."),
            ("", ""),
        ] {
            assert_eq!(text_of(raw, 1, true), (text, true), "{raw}");
        }
        assert_eq!(text_of("One. Two. Three.", 2, true).0, "One. Two.");
    }

    #[test]
    fn what_is_told_adds_up_to_the_text_however_it_comes() {
        for raw in [
            "- \"We would love to see you again, 您好!\" I hope you like it.",
            "<think>hm.</think>We miss you. Bye.",
            "我们想念您。快来吧。",
        ] {
            let mut answer = Answer::default();
            let mut told = String::new();
            for c in raw.chars() {
                answer.push(&json!({ "delta": { "content": c.to_string() }, "finish_reason": null }));
                told.extend(answer.news(1));
            }
            answer.push(&json!({ "delta": {}, "finish_reason": "stop" }));
            told.extend(answer.news(1));
            assert_eq!((told.as_str(), true), answer.text(1), "{raw}");
            assert!(!told.contains("hm") && !told.is_empty());
        }
    }

    #[test]
    fn both_forms_of_probabilities_are_read() {
        let mut answer = Answer::default();
        answer
            .push(&json!({ "delta": { "content": "We" }, "logprobs": { "content": [{ "logprob": -1.0 }] } }));
        answer.push(&json!({ "delta": { "content": " go" }, "logprobs": { "token_logprobs": [-3.0], "tokens": [" go"] } }));
        answer.push(&json!({ "delta": { "content": "." }, "logprobs": null, "finish_reason": "length" }));
        assert_eq!(Answer::default().mean_log_probability(), None);
        assert!(answer.mean_log_probability().is_some_and(|mean| (mean + 2.0).abs() < 1e-12));
        assert_eq!((answer.tokens, answer.end), (3, Some(FinishReason::Length)));
    }

    #[test]
    fn a_text_that_begins_anew_is_not_told_twice() {
        let mut answer = Answer::default();
        answer.push(&json!({ "delta": { "content": "We miss" } }));
        assert_eq!(answer.news(1).as_deref(), Some("We miss"));
        answer.again();
        answer.push(&json!({ "delta": { "content": "We miss you." }, "finish_reason": "stop" }));
        assert_eq!(answer.news(1).as_deref(), Some(" you."));
        answer.again();
        answer.push(&json!({ "delta": { "content": "Come." }, "finish_reason": "stop" }));
        assert_eq!(answer.news(1), None);
        assert!(!answer.is_blank());
    }
}
