//! What a server tells of the tokens of its answer.
//!
//! In: `logprobs` in either of the forms that servers use. Out: of each token of a text how likely it was, and what might
//! have stood there with how much probability.

use std::ops::Range;

use serde_json::Value;

use crate::writing::doubt::{Alternative, Considered};

/// A token as a server tells of it. Its bytes may be a part of a character.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Piece {
    bytes: Vec<u8>,
    log_probability: f64,
    /// Texts with the logarithms of their probabilities.
    others: Vec<(String, f64)>,
}

/// The tokens that a part of an answer tells of.
pub(super) fn pieces(value: &Value) -> Vec<Piece> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let content = list(&value["content"]);
    if !content.is_empty() {
        let others = |token: &Value| {
            list(&token["top_logprobs"])
                .iter()
                .filter_map(|other| Some((String::from_utf8(bytes(other)).ok()?, other["logprob"].as_f64()?)))
                .collect()
        };
        let piece = |token: &Value| {
            let log_probability = token["logprob"].as_f64()?;
            Some(Piece { bytes: bytes(token), log_probability, others: others(token) })
        };
        return content.iter().filter_map(piece).collect();
    }
    let (tokens, logarithms) = (list(&value["tokens"]), list(&value["token_logprobs"]));
    let others = list(&value["top_logprobs"]);
    let others = |place: usize| {
        let known = others.get(place).and_then(Value::as_object);
        known
            .into_iter()
            .flatten()
            .filter_map(|(text, value)| Some((text.clone(), value.as_f64()?)))
            .collect()
    };
    let both = tokens.iter().zip(&logarithms).enumerate();
    both.filter_map(|(place, (token, value))| {
        let bytes = token.as_str()?.as_bytes().to_vec();
        Some(Piece { bytes, log_probability: value.as_f64()?, others: others(place) })
    })
    .collect()
}

/// The bytes of a token, which is told by them or by its text.
fn bytes(token: &Value) -> Vec<u8> {
    let bytes = token["bytes"].as_array().map(|bytes| {
        bytes.iter().filter_map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
    });
    bytes.unwrap_or_else(|| token["token"].as_str().unwrap_or_default().as_bytes().to_vec())
}

/// The tokens of `answer` that stand in `range` of it, in bytes; none where they do not add up to it, or nothing was told
/// of what might have stood there. What is allowed is for others to say.
pub(super) fn considered(pieces: &[Piece], answer: &str, range: &Range<usize>) -> Vec<Considered> {
    let whole: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
    // A server may end before the last of it.
    let adds_up =
        whole.len() >= range.end && whole.starts_with(&answer.as_bytes()[..range.end.min(answer.len())]);
    if !adds_up || pieces.iter().all(|piece| piece.others.is_empty()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let (mut at, mut pending) = (0, Vec::new());
    for piece in pieces {
        let place = at..at + piece.bytes.len();
        at = place.end;
        let inside = place.start.max(range.start)..place.end.min(range.end);
        if inside.is_empty() {
            continue;
        }
        pending.extend_from_slice(&whole[inside]);
        // A character that takes several tokens stands with the last of them.
        let text = String::from_utf8(std::mem::take(&mut pending)).unwrap_or_else(|error| {
            pending = error.into_bytes();
            String::new()
        });
        let token = String::from_utf8_lossy(&piece.bytes);
        let mut others: Vec<Alternative> = piece
            .others
            .iter()
            .filter(|(other, _)| *other != token && is_text(other))
            .map(|(other, value)| Alternative {
                token: None,
                text: other.clone(),
                probability: value.exp() as f32,
                allowed: true,
            })
            .collect();
        others.sort_by(|one, other| other.probability.total_cmp(&one.probability));
        found.push(Considered { token: None, text, probability: piece.log_probability.exp() as f32, others });
    }
    found
}

/// Whether it is something to choose: neither blank, nor a mark of the model's own, nor a part of a character.
fn is_text(text: &str) -> bool {
    let mark = text.starts_with("<|") || text.starts_with("</") || text == "<s>";
    !text.trim().is_empty() && !mark && !text.contains(['\u{FFFD}', '\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_tell_the_same() {
        let chat = json!({ "content": [{ "token": " We", "logprob": -0.5, "top_logprobs": [
            { "token": " We", "logprob": -0.5 }, { "token": " It", "logprob": -1.5 } ] }] });
        let older = json!({ "tokens": [" We"], "token_logprobs": [-0.5], "top_logprobs": [{ " It": -1.5, " We": -0.5 }] });
        for form in [chat, older] {
            let found = considered(&pieces(&form), " We", &(1..3));
            assert_eq!((found.len(), found[0].text.as_str()), (1, "We"));
            assert!((found[0].probability - (-0.5_f32).exp()).abs() < 1e-6);
            assert_eq!(found[0].others.len(), 1);
            assert_eq!(found[0].others[0].text, " It");
        }
        for nothing in [json!(null), json!({ "content": null }), json!({ "content": [{ "token": "We" }] })] {
            assert_eq!(pieces(&nothing), []);
        }
    }

    #[test]
    fn a_character_of_several_tokens_stands_with_the_last_and_what_does_not_add_up_is_not_told() {
        let of = |bytes: &[u8]| json!({ "token": "?", "bytes": bytes, "logprob": -1.0, "top_logprobs": [{ "token": "x", "logprob": -2.0 }] });
        let hao = "好".as_bytes();
        let form = json!({ "content": [of("您".as_bytes()), of(&hao[..1]), of(&hao[1..])] });
        let found = considered(&pieces(&form), "您好", &(0..6));
        let texts: Vec<&str> = found.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(texts, ["您", "", "好"]);
        assert_eq!(considered(&pieces(&form), "您们", &(0..6)), []);
        assert_eq!(considered(&pieces(&form), "您好吗", &(0..9)), []);
        let alone = json!({ "content": [{ "token": "We", "logprob": -1.0 }] });
        assert_eq!(considered(&pieces(&alone), "We", &(0..2)), [], "nothing to choose from was told");
    }
}
