//! The words of a text, and what two texts have of them in common.

use super::guard::is_unspaced;

/// Letters from which on a word is not said twice in a sentence, and those that make it the same word.
const LONG_WORD: usize = 6;
const STEM: usize = 5;

/// Whether two longer words begin alike: "excited to show you what is exciting".
pub(super) fn says_a_word_twice(words: &[String]) -> bool {
    let stems: Vec<String> = words
        .iter()
        .filter(|word| word.chars().count() >= LONG_WORD)
        .map(|word| word.chars().take(STEM).collect())
        .collect();
    stems.iter().enumerate().any(|(place, stem)| stems[..place].contains(stem))
}

/// Letters only, in lower case.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Words in lower case; each Chinese character is one.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_unspaced(c) {
            if c.is_alphabetic() {
                words.push(c.to_string());
            }
            open = false;
        } else if c.is_alphanumeric() || c == '\'' {
            match words.last_mut() {
                Some(word) if open => word.push(c),
                _ => words.push(c.to_string()),
            }
            open = true;
        } else {
            open = false;
        }
    }
    words
}

/// Share of the words of the longer text that both have, 0..=1.
pub(super) fn common(one: &[String], other: &[String]) -> f64 {
    let count = one.iter().filter(|word| other.contains(word)).count();
    count as f64 / one.len().max(other.len()).max(1) as f64
}

/// Sentences that are finished at the end of `text`; 0 when it ends inside one.
#[must_use]
pub fn sentences(text: &str) -> usize {
    let closed = text.trim_end().trim_end_matches(['"', '\'', '”', '’', '」', ')']);
    let is_end = |c: char| matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？');
    if closed.chars().next_back().is_none_or(|c| !is_end(c)) {
        return 0;
    }
    let mut count = 0;
    let mut before = ' ';
    for c in closed.chars() {
        if is_end(c) && !is_end(before) {
            count += 1;
        }
        before = c;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_counted_where_they_end() {
        assert_eq!(sentences("We miss you"), 0);
        assert_eq!(sentences("We miss you. Come"), 0);
        assert_eq!(sentences("We miss you."), 1);
        assert_eq!(sentences("We miss you... Come back!"), 2);
        assert_eq!(sentences("\"We miss you!\""), 1);
        assert_eq!(sentences("我们想念您。"), 1);
    }
}
