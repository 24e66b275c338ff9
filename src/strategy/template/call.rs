//! Reads a slot: `write("...", limit=120, fallback=["..."], must=["..."], free=true)`.

use std::ops::Range;

use super::{Fault, Token, TokenKind};
use crate::strategy::document::{Mapped, unquote_literal};

/// Most sentences of a slot.
const MOST_SENTENCES: usize = 8;

/// A call of `write(...)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotCall {
    /// The whole call, without braces.
    pub range: Range<usize>,
    pub instruction: Mapped,
    pub limit: Option<usize>,
    pub fallback: Vec<Mapped>,
    pub examples: Vec<Mapped>,
    /// Words and fields that the text must have.
    pub must: Vec<Mapped>,
    /// The model may use every field that a customer may read, as `{first_name}`.
    pub free: bool,
    /// Sentences that are written; at least one.
    pub sentences: usize,
}

/// Reads `write("...", name=value, ...)` that starts at token `at`; also the token after it.
pub(super) fn read_call(
    source: &str,
    tokens: &[Token],
    at: usize,
) -> Result<(SlotCall, usize), (Fault, usize)> {
    let text = |at: usize| tokens.get(at).map_or("", |token| &source[token.range.clone()]);
    let is_text = |at: usize| tokens.get(at).is_some_and(|token| token.kind == TokenKind::Text);
    let literal = |at: usize| {
        tokens.get(at).map(|token| unquote_literal(&source[token.range.clone()], token.range.start))
    };
    let start = tokens.get(at).map_or(0, |token| token.range.start);
    let stop = |place: usize, message: &str, remedy: &'static str| {
        let range = tokens.get(place).or(tokens.last()).map_or(start..start, |token| token.range.clone());
        // Go on after the call's end, or at the end of the block.
        let mut depth = 0_usize;
        let mut end = at + 1;
        while end < tokens.len() {
            match text(end) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            end += 1;
            if depth == 0 {
                break;
            }
        }
        (Fault { range, message: message.to_owned(), remedy }, end)
    };
    let mut place = at + 2;
    let Some(instruction) = literal(place).filter(|_| is_text(place)) else {
        return Err(stop(
            place,
            "write() has no instruction",
            "put it in quotes first: write(\"One warm sentence about ...\", fallback=\"...\")",
        ));
    };
    place += 1;
    let mut call = SlotCall {
        range: start..start,
        instruction,
        limit: None,
        fallback: Vec::new(),
        examples: Vec::new(),
        must: Vec::new(),
        free: false,
        sentences: 1,
    };
    loop {
        match text(place) {
            ")" => break,
            "," if text(place + 1) == ")" => {
                place += 1;
                break;
            }
            "," => place += 1,
            _ => {
                return Err(stop(
                    place,
                    "write() is not closed here",
                    "separate its parts by commas and end it with `)`",
                ));
            }
        }
        let name = text(place);
        if text(place + 1) != "=" {
            return Err(stop(
                place,
                "write() takes named parts after the instruction",
                "these are limit=120, fallback=\"...\" (or [\"...\", \"...\"]), examples=[\"...\"], must=[\"...\"], \
                 sentences=2 and free=true",
            ));
        }
        let value = place + 2;
        match name {
            "limit" => {
                call.limit = text(value).parse().ok().filter(|&limit: &usize| limit > 0);
                if call.limit.is_none() {
                    return Err(stop(value, "limit is not a number of characters", "write limit=120"));
                }
                place = value + 1;
            }
            "sentences" => {
                let most = text(value).parse().ok().filter(|count| (1..=MOST_SENTENCES).contains(count));
                let Some(count) = most else {
                    return Err(stop(value, "sentences is not a number from 1 to 8", "write sentences=2"));
                };
                call.sentences = count;
                place = value + 1;
            }
            "free" => {
                call.free = match text(value) {
                    "true" => true,
                    "false" => false,
                    _ => return Err(stop(value, "free is neither true nor false", "write free=true")),
                };
                place = value + 1;
            }
            "fallback" | "examples" | "must" => {
                let list = match name {
                    "fallback" => &mut call.fallback,
                    "examples" => &mut call.examples,
                    _ => &mut call.must,
                };
                place = value;
                if is_text(place) {
                    list.extend(literal(place));
                    place += 1;
                } else if text(place) == "[" {
                    place += 1;
                    while is_text(place) {
                        list.extend(literal(place));
                        place += 1;
                        if text(place) == "," {
                            place += 1;
                        }
                    }
                    if text(place) != "]" {
                        return Err(stop(
                            place,
                            "this list is not closed",
                            "end it with `]`, texts in quotes with commas between",
                        ));
                    }
                    place += 1;
                } else {
                    return Err(stop(
                        place,
                        "here is no text in quotes",
                        "write \"...\" or [\"...\", \"...\"]",
                    ));
                }
            }
            _ => {
                return Err(stop(
                    place,
                    &format!("write() has no part `{name}`"),
                    "it has limit, fallback, examples, must, sentences and free",
                ));
            }
        }
    }
    call.range.end = tokens.get(place).map_or(start, |token| token.range.end);
    Ok((call, place + 1))
}
