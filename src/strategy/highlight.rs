//! Tells an editor what each stretch of a strategy file is.
//!
//! In: the file's text, finished or not. Out: stretches in order, none overlapping; what is not named is
//! plain. It reads TOML leniently, line by line, so that colours stay while somebody is typing.

use std::ops::Range;

use super::document::{Mapped, unquote_literal, unquote_toml};
use super::fields::field_named;
use super::template::{self, TokenKind};

/// What a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[message]`
    Table,
    /// `name =`
    Key,
    /// A text, its quotes included.
    Text,
    Number,
    Comment,
    /// `{{`, `}}`, `{%`, `%}`
    Delimiter,
    /// `if`, `endif`, `write`, a filter, an operator's name.
    Keyword,
    /// A field that exists.
    Field,
    /// A name that no field has.
    UnknownField,
    /// The instruction of a slot.
    Instruction,
    /// Other texts of a slot.
    Fallback,
}

/// The stretches of a file, in order.
#[must_use]
pub fn highlight(source: &str) -> Vec<(Range<usize>, Kind)> {
    let mut spans = Vec::new();
    let mut place = 0;
    // Whether a value stands here, rather than a key.
    let mut value = false;
    let mut brackets = 0_usize;
    while let Some(character) = source[place..].chars().next() {
        let rest = &source[place..];
        let length = match character {
            '\n' => {
                value = brackets > 0;
                1
            }
            '#' => {
                let length = rest.find('\n').unwrap_or(rest.len());
                spans.push((place..place + length, Kind::Comment));
                length
            }
            '[' if !value => {
                let length = rest.find(['\n', '#']).unwrap_or(rest.len());
                let length = rest[..length].trim_end().len();
                spans.push((place..place + length, Kind::Table));
                length
            }
            '[' | '{' => {
                brackets += 1;
                1
            }
            ']' | '}' => {
                brackets = brackets.saturating_sub(1);
                1
            }
            '=' => {
                value = true;
                1
            }
            '"' | '\'' if value => {
                let length = text_length(rest, character);
                text(source, place..place + length, &mut spans);
                length
            }
            c if value && (c.is_ascii_digit() || c == '-') => {
                let length = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_' | ':'))
                    .unwrap_or(rest.len());
                spans.push((place..place + length, Kind::Number));
                length
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '"' | '\'') => {
                let length = rest.find(['=', '\n', '#', ',', ']', '}']).unwrap_or(rest.len());
                let kind = if rest[length..].starts_with('=') { Kind::Key } else { Kind::Number };
                let shown = rest[..length].trim_end().len();
                if shown > 0 && (kind == Kind::Key || value) {
                    spans.push((place..place + shown, kind));
                }
                length.max(c.len_utf8())
            }
            c => c.len_utf8(),
        };
        place += length;
    }
    spans
}

/// Bytes of a TOML text with its quotes; to the end of the line, or of the file, where it is not closed.
fn text_length(rest: &str, quote: char) -> usize {
    let triple = quote.to_string().repeat(3);
    let (skip, close) = if rest.starts_with(&triple) { (3, triple.as_str()) } else { (1, &triple[..1]) };
    let mut place = skip;
    while let Some(character) = rest[place..].chars().next() {
        if rest[place..].starts_with(close) {
            // Up to two more quotes belong to the text.
            let mut end = place + close.len();
            while skip == 3 && end < place + 5 && rest[end..].starts_with(quote) {
                end += 1;
            }
            return end;
        }
        if skip == 1 && character == '\n' {
            return place;
        }
        place += character.len_utf8();
        if character == '\\' && quote == '"' {
            place += rest[place..].chars().next().map_or(0, char::len_utf8);
        }
    }
    rest.len()
}

/// A TOML text, in which a template may stand.
fn text(source: &str, range: Range<usize>, spans: &mut Vec<(Range<usize>, Kind)>) {
    let mapped = unquote_toml(&source[range.clone()], range.start);
    let mut inner = Vec::new();
    template_spans(&mapped, &mut inner);
    fill(range, Kind::Text, &inner, spans);
}

/// Adds the inner stretches, and `kind` for what lies between them.
fn fill(
    range: Range<usize>,
    kind: Kind,
    inner: &[(Range<usize>, Kind)],
    spans: &mut Vec<(Range<usize>, Kind)>,
) {
    let mut place = range.start;
    for (part, part_kind) in inner {
        if part.start < place || part.end > range.end || part.is_empty() {
            continue;
        }
        if part.start > place {
            spans.push((place..part.start, kind));
        }
        spans.push((part.clone(), *part_kind));
        place = part.end;
    }
    if place < range.end {
        spans.push((place..range.end, kind));
    }
}

fn template_spans(text: &Mapped, spans: &mut Vec<(Range<usize>, Kind)>) {
    let read = template::read(&text.text);
    let mut after_write = false;
    let mut named = "";
    for token in &read.tokens {
        let word = &text.text[token.range.clone()];
        let place = text.span(&token.range);
        match token.kind {
            TokenKind::Delimiter => {
                after_write = false;
                named = "";
                spans.push((place, Kind::Delimiter));
            }
            TokenKind::Comment => spans.push((place, Kind::Comment)),
            TokenKind::Number => spans.push((place, Kind::Number)),
            TokenKind::Operator => {}
            TokenKind::Name => {
                let field = read.fields.iter().any(|field| field.range == token.range);
                let kind = match (field, field_named(word)) {
                    (true, Some(_)) => Kind::Field,
                    (true, None) => Kind::UnknownField,
                    _ => Kind::Keyword,
                };
                if word == "write" {
                    after_write = true;
                }
                if after_write {
                    named = word;
                }
                spans.push((place, kind));
            }
            TokenKind::Text => {
                let kind = match (after_write, named) {
                    (true, "write") => Kind::Instruction,
                    (true, _) => Kind::Fallback,
                    _ => Kind::Text,
                };
                let literal = unquote_literal(word, token.range.start).within(text);
                let mut inner = Vec::new();
                if after_write {
                    template_spans(&literal, &mut inner);
                }
                fill(place, kind, &inner, spans);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_slots_and_keys_have_their_colours() {
        let source = "name = \"x\" # why\nvalid-days = 14\n[message]\nbody = \"\"\"\nHi {{ first_name }} {{ frist }} {{ write(\"About {{ month }}.\", limit=90, fallback='Hello.') }}\"\"\"\n";
        let spans = highlight(source);
        let found = |kind: Kind| -> Vec<&str> {
            spans.iter().filter(|(_, of)| *of == kind).map(|(range, _)| &source[range.clone()]).collect()
        };
        assert_eq!(found(Kind::Key), ["name", "valid-days", "body"]);
        assert_eq!(found(Kind::Table), ["[message]"]);
        assert_eq!(found(Kind::Field), ["first_name", "month"]);
        assert_eq!(found(Kind::UnknownField), ["frist"]);
        assert_eq!(found(Kind::Instruction), ["\"About ", " ", " ", ".\""]);
        assert_eq!(found(Kind::Fallback), ["'Hello.'"]);
        assert_eq!(found(Kind::Number), ["14", "90"]);
        assert_eq!(found(Kind::Comment), ["# why"]);
    }

    proptest::proptest! {
        #[test]
        fn stretches_are_in_order_and_on_characters(source in "([{}%#\"'\\\\ =a-z李é|.(),\\[\\]\n-]|write\\(|\"\"\")*") {
            let mut place = 0;
            for (range, _) in highlight(&source) {
                proptest::prop_assert!(range.start >= place && range.start < range.end);
                proptest::prop_assert!(source.get(range.clone()).is_some());
                place = range.end;
            }
        }
    }
}
