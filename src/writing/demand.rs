//! Words that a text must have: made likelier until they are there, and no end before.
//!
//! In: words and a vocabulary. Out: which token of a demanded word comes next, and by how much it is to be helped.

use super::tokenizer::Vocabulary;

/// Added to the logit of a demanded word's first token at the end of the text's limit; before, less.
const FIRST: f32 = 10.0;
/// Added to the logit of its next token once it has begun.
const NEXT: f32 = 10.0;

/// The demanded words of a request, as tokens.
pub(super) struct Demand {
    /// Word in lower case, and its tokens after a space.
    words: Vec<(String, Vec<u32>)>,
}

impl Demand {
    pub fn new(words: &[String], vocabulary: &Vocabulary) -> Self {
        let tokens = |word: &String| vocabulary.encode(&format!(" {word}")).unwrap_or_default();
        Self { words: words.iter().map(|word| (word.to_lowercase(), tokens(word))).collect() }
    }

    pub fn is_met(&self, text: &str) -> bool {
        has_all(self.words.iter().map(|(word, _)| word.as_str()), text)
    }

    /// Helps the first word that is not there yet; `used` is the part of the limits that is used up.
    pub fn steer(&self, text: &str, written: &[u32], used: f32, logits: &mut [f32]) {
        if self.words.is_empty() {
            return;
        }
        let text = text.to_lowercase();
        let Some((word, tokens)) = self.words.iter().find(|(word, _)| !text.contains(word)) else { return };
        let begun = (1..tokens.len()).rev().find(|&length| written.ends_with(&tokens[..length])).unwrap_or(0);
        // The end of a field may be one token with what follows it: "},".
        if begun > 0 && begun + 1 == tokens.len() && word.starts_with('{') {
            return;
        }
        let help = if begun > 0 { NEXT } else { FIRST * used.clamp(0.0, 1.0).powi(2) };
        if let Some(logit) = tokens.get(begun).and_then(|token| logits.get_mut(*token as usize)) {
            *logit += help;
        }
    }
}

/// Whether a text has all of the words, whatever their case.
pub(super) fn is_met(words: &[String], text: &str) -> bool {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    has_all(lower.iter().map(String::as_str), text)
}

/// Whether a text has all of these words, which are in lower case.
fn has_all<'a>(mut words: impl ExactSizeIterator<Item = &'a str>, text: &str) -> bool {
    words.len() == 0 || {
        let text = text.to_lowercase();
        words.all(|word| text.contains(word))
    }
}
