//! Cuts text into words and sentences, English and Chinese alike.

use std::ops::Range;

use memchr::memmem;

pub(super) use crate::data::is_han;

/// Words with their places: a run of letters and digits (an apostrophe or a hyphen inside belongs to it),
/// or one Chinese character.
pub(super) fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let end = at + character.len_utf8();
        if is_han(character) {
            words.push(at..end);
            open = false;
        } else if character.is_alphanumeric() {
            match words.last_mut() {
                Some(word) if open => word.end = end,
                _ => words.push(at..end),
            }
            open = true;
        } else {
            let joins = matches!(character, '\'' | '’' | '-')
                && characters.peek().is_some_and(|(_, next)| next.is_alphanumeric() && !is_han(*next));
            if open && joins {
                if let Some(word) = words.last_mut() {
                    word.end = end;
                }
            } else {
                open = false;
            }
        }
    }
    words
}

/// Lower-case words, for comparing.
pub(super) fn normal(text: &str) -> Vec<String> {
    words(text).into_iter().map(|range| text[range].to_lowercase()).collect()
}

/// Ends a sentence.
pub(super) fn is_terminator(character: char) -> bool {
    matches!(character, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

/// Sentences; line breaks end one too, and the dot of a number does not.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let end = at + character.len_utf8();
        let next = characters.peek().map(|(_, next)| *next);
        let dot_inside = character == '.' && next.is_some_and(char::is_alphanumeric);
        if character == '\n' || is_terminator(character) && !dot_inside {
            found.push(text[start..end].trim());
            start = end;
        }
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// Whether `phrase` stands in `text` as whole words; case does not matter. Chinese has no spaces between
/// words, so there any place counts.
pub(super) fn find_phrase(text: &str, phrase: &str) -> bool {
    find_lower(&text.to_lowercase(), &phrase.trim().to_lowercase())
}

/// [`find_phrase`] where both are in lower case already, and the phrase has no space around it.
pub(super) fn find_lower(text: &str, phrase: &str) -> bool {
    places(text, phrase).next().is_some()
}

/// Bytes to characters.
pub(super) fn characters(text: &str, bytes: &Range<usize>) -> Range<usize> {
    let start = text[..bytes.start].chars().count();
    start..start + text[bytes.clone()].chars().count()
}

/// Characters to bytes.
pub(super) fn bytes(text: &str, characters: &Range<usize>) -> Range<usize> {
    let at = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    at(characters.start)..at(characters.end)
}

/// The words that a template's author wrote: what lies outside of `{{ }}`, `{% %}` and `{# #}`.
pub(super) fn outside_braces(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        if !matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')) {
            out.push('{');
            rest = &rest[at + 1..];
            continue;
        }
        // Braces inside an instruction come in pairs, and the quotes keep them apart well enough: a field
        // inside a text closes before the slot does.
        let mut depth = 0_usize;
        let mut end = rest.len();
        let mut place = at;
        while place < rest.len() {
            let tail = &rest[place..];
            if tail.starts_with("{{") || tail.starts_with("{%") || tail.starts_with("{#") {
                depth += 1;
                place += 2;
            } else if tail.starts_with("}}") || tail.starts_with("%}") || tail.starts_with("#}") {
                depth = depth.saturating_sub(1);
                place += 2;
                if depth == 0 {
                    end = place;
                    break;
                }
            } else {
                place += tail.chars().next().map_or(1, char::len_utf8);
            }
        }
        // Something stood here: words on both sides are not one word.
        out.push(' ');
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Stands for a character that is not looked at: part of no word, and of no number.
pub(super) const BLANK: char = '\u{fffc}';

/// The text with a blank for each character of these stretches, as they stand or in lower case, so that what they say
/// is not held against it.
pub(super) fn without(text: &str, stretches: &[&str]) -> String {
    let mut out = text.to_owned();
    let mut sorted: Vec<&str> =
        stretches.iter().copied().filter(|stretch| stretch.chars().count() > 1).collect();
    sorted.sort_by_key(|stretch| std::cmp::Reverse(stretch.len()));
    let mut blank = |stretch: &str| {
        if memmem::find(out.as_bytes(), stretch.as_bytes()).is_some() {
            let blanks: String = stretch.chars().map(|_| BLANK).collect();
            out = out.replace(stretch, &blanks);
        }
    };
    for stretch in sorted {
        blank(stretch);
        // What is in lower case already is not made again: this runs for every fact of every message.
        let is_lower = stretch.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        if !is_lower {
            let lower = lower(stretch);
            if lower != stretch {
                blank(&lower);
            }
        }
    }
    out
}

/// Text in lower case, a character for each character: what has no such form of one character stays as it is.
pub(super) fn lower(text: &str) -> String {
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        let first = lower.next().unwrap_or(c);
        if lower.next().is_none() { first } else { c }
    };
    text.chars().map(lower).collect()
}

/// Where `phrase` stands in `text` as whole words, in bytes; both in lower case.
pub(super) fn places<'a>(text: &'a str, phrase: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let letter = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() && !is_han(c));
    let (first, last) = (letter(phrase.chars().next()), letter(phrase.chars().next_back()));
    // Phrases are many and texts short: this search is ready at once.
    let found = memmem::find_iter(text.as_bytes(), phrase).map(|at| at..at + phrase.len());
    found.filter(|range| !range.is_empty()).filter(move |range| {
        let (before, after) = (&text[..range.start], &text[range.end..]);
        !(first && letter(before.chars().next_back()) || last && letter(after.chars().next()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_sentences_are_cut_in_both_languages() {
        let text = "It's a well-made 3.5 kg pot. 很好用！Really";
        let found: Vec<_> = words(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["It's", "a", "well-made", "3", "5", "kg", "pot", "很", "好", "用", "Really"]);
        assert_eq!(sentences(text), ["It's a well-made 3.5 kg pot.", "很好用！", "Really"]);
    }

    #[test]
    fn phrases_are_whole_words() {
        assert!(find_phrase("The BEST one", "best"));
        assert!(!find_phrase("bestow", "best"));
        assert!(find_phrase("这是最好的", "最好"));
    }

    #[test]
    fn only_the_authors_words_are_left() {
        let template = "A {{ write(\"x {{ y }} 5\", fallback=[\"6\"]) }} B {% if z == 7 %}C{% endif %}{";
        assert_eq!(outside_braces(template).split_whitespace().collect::<Vec<_>>(), ["A", "B", "C", "{"]);
    }
}
