//! A template as a list of pieces, for filling it a million times.
//!
//! In: a template whose slots are look-ups already. Out: its pieces, if it has nothing but text, fields
//! (`{{ first_name }}`, `{{ favourite_category | lower }}`), slots and `{% if first_name %}`; the text that they give is
//! to the byte what minijinja gives. Whatever else a template may have is minijinja's.

use std::borrow::Cow;

use minijinja::Value;

use super::SLOT_TEXTS;
use crate::strategy::fields::field_named;

/// A stretch of a template.
#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Field { name: &'static str, lower: bool },
    Slot(usize),
    If { name: &'static str, then: Vec<Piece>, otherwise: Vec<Piece> },
}

/// What a field says.
pub(super) enum Told<'a> {
    Text(Cow<'a, str>),
    /// A number or a truth value.
    Other(Value),
}

impl Told<'_> {
    fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Other(value) => value.is_true(),
        }
    }

    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text.into_owned(),
            Self::Other(value) => value.to_string(),
        }
    }
}

/// What ends a run of pieces.
#[derive(PartialEq)]
enum End {
    Source,
    Else,
    Endif,
}

/// The pieces of a template that minijinja has read without an error; `None`: it has something else.
pub(super) fn read(source: &str) -> Option<Vec<Piece>> {
    let mut rest = source;
    let (pieces, end) = run(&mut rest)?;
    (end == End::Source).then_some(pieces)
}

/// The pieces up to the end of the source, or of the branch that they are in.
fn run(rest: &mut &str) -> Option<(Vec<Piece>, End)> {
    let mut pieces = Vec::new();
    loop {
        let opened = rest
            .match_indices('{')
            .find(|(at, _)| matches!(rest.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')));
        let Some((open, _)) = opened else {
            pieces.push(Piece::Text((*rest).to_owned()));
            return Some((pieces, End::Source));
        };
        if open > 0 {
            pieces.push(Piece::Text(rest[..open].to_owned()));
        }
        let (kind, inside) = rest[open..].split_at(2);
        let (inside, after) = inside.split_once(if kind == "{{" { "}}" } else { "%}" })?;
        *rest = after;
        match kind {
            "{{" => pieces.push(printed(inside.trim_ascii())?),
            "{%" => {
                let mut words = inside.split_ascii_whitespace();
                match (words.next()?, words.next(), words.next()) {
                    ("if", Some(name), None) => {
                        let name = field_named(name)?.name;
                        let (then, mut end) = run(rest)?;
                        let mut otherwise = Vec::new();
                        if end == End::Else {
                            (otherwise, end) = run(rest)?;
                        }
                        if end != End::Endif {
                            return None;
                        }
                        pieces.push(Piece::If { name, then, otherwise });
                    }
                    ("else", None, None) => return Some((pieces, End::Else)),
                    ("endif", None, None) => return Some((pieces, End::Endif)),
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

/// What stands between `{{` and `}}`.
fn printed(inside: &str) -> Option<Piece> {
    if let Some(index) = inside.strip_prefix(SLOT_TEXTS) {
        let digits = index.strip_prefix('[')?.strip_suffix(']')?;
        let index: usize = digits.parse().ok()?;
        return (index.to_string() == digits).then_some(Piece::Slot(index));
    }
    let (name, lower) = match inside.split_once('|') {
        Some((name, filter)) if filter.trim_ascii() == "lower" => (name.trim_ascii(), true),
        Some(_) => return None,
        None => (inside, false),
    };
    Some(Piece::Field { name: field_named(name)?.name, lower })
}

/// Puts the text after what is in `out`. `None`: a field or a slot has no value; what is in `out` then is of no use.
pub(super) fn fill<'a>(
    pieces: &[Piece],
    told: &impl Fn(&'static str) -> Option<Told<'a>>,
    slots: &[Cow<'_, str>],
    out: &mut String,
) -> Option<()> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Slot(index) => out.push_str(slots.get(*index)?),
            Piece::Field { name, lower } => match (told(name)?, lower) {
                (Told::Text(text), false) => out.push_str(&text),
                (Told::Text(text), true) => out.push_str(&text.to_lowercase()),
                (Told::Other(value), false) => out.push_str(&value.to_string()),
                (Told::Other(_), true) => return None,
            },
            Piece::If { name, then, otherwise } => {
                let holds = told(name).is_some_and(|told| told.is_true());
                fill(if holds { then } else { otherwise }, told, slots, out)?;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_templates_are_read() {
        for source in [
            "",
            "no field, one { brace } and a }}",
            "Hi {{first_name}},\n{{ slot_texts[0] }}{% if last_product %}{{ last_product | lower }}{% endif %}",
            "{% if first_name %}{% if offer %}a{% else %}b{% endif %}{% else %}{{ month }}{% endif %}",
        ] {
            assert!(read(source).is_some(), "{source}");
        }
    }

    #[test]
    fn all_else_is_left_to_minijinja() {
        for source in [
            "{# no #}",
            "{{- first_name }}",
            "{%- if first_name %}{% endif %}",
            "{{ first_name | upper }}",
            "{{ first_name | default('}}') }}",
            "{{ unknown }}",
            "{{ true }}",
            "{% if not first_name %}{% endif %}",
            "{% if first_name %}{% elif offer %}{% endif %}",
            "{% if first_name %}",
            "{% endif %}",
            "{{ slot_texts[00] }}",
            "{{ slot_texts[0] | upper }}",
            "{{{ first_name }}}",
        ] {
            assert!(read(source).is_none(), "{source}");
        }
    }
}
