//! Where things are in a strategy file: lines and columns, and what became of a quoted string's characters.
//!
//! In: the file's text. Out: positions for people, and strings whose every byte knows the byte of the file
//! that it came from. Assumed: nothing; a file that breaks off in the middle of a string is read as far as
//! it goes, since this runs on every keystroke.

use std::ops::Range;

/// Text taken out of its quotes, byte by byte traceable to where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub text: String,
    /// `origin[i]` is where byte `i` of `text` was; one more entry for the end.
    origin: Vec<usize>,
}

impl Mapped {
    /// Text that starts at `start` and is unchanged.
    pub(crate) fn verbatim(text: &str, start: usize) -> Self {
        Self { text: text.to_owned(), origin: (start..=start + text.len()).collect() }
    }

    /// Where the byte was.
    pub(crate) fn at(&self, byte: usize) -> usize {
        self.origin.get(byte).or(self.origin.last()).copied().unwrap_or(0)
    }

    pub(crate) fn span(&self, range: &Range<usize>) -> Range<usize> {
        self.at(range.start)..self.at(range.end)
    }

    /// The same text, seen from outside: positions go through `outer`.
    pub(crate) fn within(mut self, outer: &Mapped) -> Self {
        for place in &mut self.origin {
            *place = outer.at(*place);
        }
        self
    }

    fn push(&mut self, character: char, place: usize) {
        // A byte in the middle of a character maps to the character's start.
        self.origin.extend(std::iter::repeat_n(place, character.len_utf8()));
        self.text.push(character);
    }

    fn end(&mut self, place: usize) {
        self.origin.push(place);
    }

    fn empty() -> Self {
        Self { text: String::new(), origin: Vec::new() }
    }
}

/// Takes a TOML string out of its quotes. `raw` is the string with its quotes, which starts at `start`.
pub(crate) fn unquote_toml(raw: &str, start: usize) -> Mapped {
    let (quotes, basic) = if raw.starts_with("\"\"\"") {
        (3, true)
    } else if raw.starts_with("'''") {
        (3, false)
    } else {
        (1, raw.starts_with('"'))
    };
    let quote = if basic { '"' } else { '\'' };
    let closed = raw.len() >= 2 * quotes && raw.ends_with(&quote.to_string().repeat(quotes));
    let inner_end = if closed { raw.len() - quotes } else { raw.len() };
    let mut place = quotes.min(raw.len());
    if quotes == 3 {
        // A line break right after the opening quotes is not part of the text.
        if raw[place..].starts_with("\r\n") {
            place += 2;
        } else if raw[place..].starts_with('\n') {
            place += 1;
        }
    }
    let place = place.min(inner_end);
    if basic {
        unescape(raw, place..inner_end, start, true)
    } else {
        Mapped::verbatim(&raw[place..inner_end], start + place)
    }
}

/// Takes a minijinja string literal out of its quotes. `raw` is the literal with its quotes.
pub(crate) fn unquote_literal(raw: &str, start: usize) -> Mapped {
    // While somebody is typing, something else may stand where a literal is to come.
    let Some(quote) = raw.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        return Mapped::verbatim(raw, start);
    };
    let closed = raw.len() >= 2 && raw.ends_with(quote);
    let end = if closed { raw.len() - 1 } else { raw.len() };
    unescape(raw, 1..end, start, false)
}

/// Resolves escapes; in TOML a backslash at the end of a line also swallows the white space that follows.
fn unescape(raw: &str, inner: Range<usize>, start: usize, toml: bool) -> Mapped {
    let mut out = Mapped::empty();
    let mut place = inner.start;
    while let Some(character) = raw[place..inner.end].chars().next() {
        let next = place + character.len_utf8();
        if character != '\\' {
            // TOML reads CR LF as a line break.
            if !(toml && character == '\r' && raw[next..inner.end].starts_with('\n')) {
                out.push(character, start + place);
            }
            place = next;
            continue;
        }
        let Some(escaped) = raw[next..inner.end].chars().next() else {
            out.push('\\', start + place);
            break;
        };
        let after = next + escaped.len_utf8();
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let code = raw
                .get(after..(after + digits).min(inner.end))
                .and_then(|hexadecimal| u32::from_str_radix(hexadecimal, 16).ok())
                .and_then(char::from_u32);
            out.push(code.unwrap_or('\u{fffd}'), start + place);
            place = (after + digits).min(inner.end);
            while !raw.is_char_boundary(place) {
                place += 1;
            }
            continue;
        }
        if toml && matches!(escaped, '\n' | '\r' | ' ' | '\t') {
            let rest = &raw[next..inner.end];
            place = next + (rest.len() - rest.trim_start().len());
            continue;
        }
        let character = match escaped {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'e' => '\u{1b}',
            other => other,
        };
        out.push(character, start + place);
        place = after;
    }
    out.end(start + inner.end);
    out
}

/// Line and column, both counted from 1, the column in characters.
pub(crate) fn position(source: &str, byte: usize) -> (usize, usize) {
    let mut byte = byte.min(source.len());
    while !source.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &source[..byte];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_keep_their_place() {
        let raw = r#""a\"b\u00e9 c""#;
        let mapped = unquote_toml(raw, 10);
        assert_eq!(mapped.text, "a\"bé c");
        // The `c` is the last character before the closing quote.
        assert_eq!(mapped.at(mapped.text.len() - 1), 10 + raw.len() - 2);
        assert_eq!(mapped.at(mapped.text.len()), 10 + raw.len() - 1);
    }

    #[test]
    fn multi_line_strings_lose_their_first_line_break_only() {
        let mapped = unquote_toml("\"\"\"\nHi\n  there \\\n   you\"\"\"", 0);
        assert_eq!(mapped.text, "Hi\n  there you");
        assert_eq!(mapped.at(0), 4);
        assert_eq!(unquote_toml("'''\nHi '\\' '''", 0).text, "Hi '\\' ");
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("a\n李小龙 x", 2 + 9 + 1), (2, 5));
        assert_eq!(position("é", 1), (1, 1));
    }
}
