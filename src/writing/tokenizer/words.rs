//! How byte-level vocabularies cut a text into words, before they put the bytes of each together.

use std::collections::HashMap;

use tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

/// Pre-tokenizer names of `tokenizer.ggml.pre` that are known here.
const KNOWN_PRE: &str = "smollm, gpt-2, default, llama-bpe, llama3, lfm2, dbrx, gpt-4o, qwen2";

const LLAMA_3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN_2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT_4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Whether a word that is a token itself is taken whole, whatever the merges say.
pub(super) fn whole_words(pre: &str) -> bool {
    matches!(pre, "llama-bpe" | "llama3" | "lfm2")
}

/// The cutting that a file names.
pub(super) fn pre_tokenizer(name: &str) -> Result<PreTokenizerWrapper, String> {
    let by_regex = |regex: &str| -> Result<PreTokenizerWrapper, String> {
        let split = Split::new(SplitPattern::Regex(regex.into()), SplitDelimiterBehavior::Isolated, false)
            .map_err(|error| error.to_string())?;
        Ok(Sequence::new(vec![split.into(), ByteLevel::new(false, true, false).into()]).into())
    };
    match name {
        "smollm" => {
            Ok(Sequence::new(vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()]).into())
        }
        "gpt-2" | "default" => Ok(ByteLevel::new(false, true, true).into()),
        "llama-bpe" | "llama3" | "lfm2" | "dbrx" => by_regex(LLAMA_3),
        "gpt-4o" => by_regex(GPT_4O),
        "qwen2" => by_regex(QWEN_2),
        _ => Err(format!(
            "its tokenizer cuts words the \"{name}\" way, which is not known here (known: {KNOWN_PRE})"
        )),
    }
}

/// GPT-2 writes each byte as a printable character; this is the way back.
pub(super) fn byte_of_unicode() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut next = 256;
    (0..=255)
        .map(|byte: u8| {
            let code = if printable(byte) {
                u32::from(byte)
            } else {
                next += 1;
                next - 1
            };
            (char::from_u32(code).unwrap_or('\u{FFFD}'), byte)
        })
        .collect()
}
