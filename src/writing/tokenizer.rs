//! Text to tokens and back, from the vocabulary in a GGUF file.
//!
//! In: `tokenizer.ggml.*` metadata of kind `gpt2` (byte-level BPE). Out: token ids the way llama.cpp makes
//! them. Special tokens are made only by [`Vocabulary::special`]: text that looks like one stays text.

use std::collections::HashMap;

use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;
use tokenizers::{PreTokenizerWrapper, Tokenizer};

use super::gguf::Gguf;

/// Pre-tokenizer names of `tokenizer.ggml.pre` that are known here.
const KNOWN_PRE: &str = "smollm, gpt-2, default, llama-bpe, qwen2";

const LLAMA_3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN_2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The tokens of a model and the way from text to them.
pub struct Vocabulary {
    tokenizer: Tokenizer,
    /// Bytes of each token; empty for special ones.
    bytes: Vec<Box<[u8]>>,
    special: HashMap<String, u32>,
    ends: Vec<u32>,
}

impl Vocabulary {
    /// Takes the vocabulary out of a file's metadata.
    ///
    /// # Errors
    /// A kind of tokenizer that is not known here, or lists that do not fit each other.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, String> {
        let model = gguf.text("tokenizer.ggml.model").unwrap_or("none");
        if model != "gpt2" {
            return Err(format!(
                "its tokenizer is of kind \"{model}\"; only \"gpt2\" (byte-level BPE) is known"
            ));
        }
        let tokens = gguf.texts("tokenizer.ggml.tokens").ok_or("it has no list of tokens")?;
        let merges = gguf.texts("tokenizer.ggml.merges").ok_or("its tokenizer has no merges")?;
        let kinds = gguf.integers("tokenizer.ggml.token_type").unwrap_or_default();
        if !kinds.is_empty() && kinds.len() != tokens.len() {
            return Err(format!("it has {} tokens but {} token types", tokens.len(), kinds.len()));
        }
        let ids = (0_u32..).zip(tokens).map(|(id, token)| (token.clone(), id));
        let pairs = merges
            .iter()
            .map(|merge| {
                merge
                    .split_once(' ')
                    .map(|(left, right)| (left.to_owned(), right.to_owned()))
                    .ok_or_else(|| format!("its merge {merge:?} is not a pair"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let bpe = BPE::builder()
            .vocab_and_merges(ids.collect::<tokenizers::models::bpe::Vocab>(), pairs)
            .build()
            .map_err(|error| format!("its tokenizer does not fit together: {error}"))?;
        let mut tokenizer = Tokenizer::new(bpe);
        tokenizer
            .with_pre_tokenizer(Some(pre_tokenizer(gguf.text("tokenizer.ggml.pre").unwrap_or("default"))?));

        // 3 is a control token, 4 one that a user added.
        let is_special = |id: usize| matches!(kinds.get(id), Some(3 | 4));
        let unicode_to_byte = byte_of_unicode();
        let mut special = HashMap::new();
        let mut bytes = Vec::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate() {
            if is_special(id) {
                special.insert(token.clone(), id as u32);
                bytes.push(Box::default());
            } else {
                let plain: Option<Box<[u8]>> =
                    token.chars().map(|c| unicode_to_byte.get(&c).copied()).collect();
                bytes.push(plain.unwrap_or_else(|| token.as_bytes().into()));
            }
        }
        let mut ends = Vec::new();
        for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
            ends.extend(gguf.count(&format!("tokenizer.ggml.{key}")).map(|id| id as u32));
        }
        ends.extend(
            ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "</s>", "<end_of_turn>"]
                .iter()
                .filter_map(|token| special.get(*token)),
        );
        ends.retain(|id| (*id as usize) < tokens.len());
        ends.sort_unstable();
        ends.dedup();
        if ends.is_empty() {
            return Err("it does not say which token ends a text".into());
        }
        Ok(Self { tokenizer, bytes, special, ends })
    }

    /// Number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Tokens after which a text is over, in order.
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The bytes that a token stands for, perhaps not whole characters; none for a special token.
    #[must_use]
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], |bytes| bytes)
    }

    /// A special token by its name.
    #[must_use]
    pub fn special(&self, name: &str) -> Option<u32> {
        self.special.get(name).copied()
    }

    /// Tokens of plain text; nothing in it becomes a special token.
    ///
    /// # Errors
    /// The tokenizer's own; none is known for byte-level vocabularies.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self.tokenizer.encode_fast(text, false).map_err(|error| error.to_string())?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Tokens of a rendered chat template: the names of special tokens in it become those tokens.
    ///
    /// # Errors
    /// As [`Vocabulary::encode`].
    pub fn encode_template(&self, text: &str) -> Result<Vec<u32>, String> {
        let mut ids = Vec::new();
        let mut plain = 0;
        let mut at = 0;
        while let Some(open) = text[at..].find('<').map(|offset| at + offset) {
            let name = self.special.iter().filter(|(name, _)| text[open..].starts_with(name.as_str()));
            if let Some((name, id)) = name.max_by_key(|(name, _)| name.len()) {
                ids.extend(self.encode(&text[plain..open])?);
                ids.push(*id);
                plain = open + name.len();
                at = plain;
            } else {
                at = open + 1;
            }
        }
        ids.extend(self.encode(&text[plain..])?);
        Ok(ids)
    }

    /// Text of tokens; special ones are left out, and bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn decode(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.bytes(*token)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn pre_tokenizer(name: &str) -> Result<PreTokenizerWrapper, String> {
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
        "llama-bpe" => by_regex(LLAMA_3),
        "qwen2" => by_regex(QWEN_2),
        _ => Err(format!(
            "its tokenizer cuts words the \"{name}\" way, which is not known here (known: {KNOWN_PRE})"
        )),
    }
}

/// GPT-2 writes each byte as a printable character; this is the way back.
fn byte_of_unicode() -> HashMap<char, u8> {
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
