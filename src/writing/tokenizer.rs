//! Text to tokens and back.
//!
//! In: `tokenizer.ggml.*` metadata of kind `gpt2` (byte-level BPE) or `llama` (pieces with scores), or the tokenizer's
//! files in a folder. Out: token ids the way llama.cpp and the reference implementation make them. Special tokens are made only by [`Vocabulary::special`]: text that looks like one stays text.

mod files;
mod pieces;
mod words;

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::BPE;

use self::pieces::Pieces;
use self::words::{byte_of_unicode, pre_tokenizer, whole_words};
use super::gguf::Gguf;

/// Names of tokens that end a text or a turn, in whichever family.
const ENDS: [&str; 7] =
    ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "</s>", "<end_of_turn>", "<|end|>", "<eos>"];

/// The tokens of a model and the way from text to them.
pub struct Vocabulary {
    cutter: Cutter,
    /// Bytes of each token; empty for special ones.
    bytes: Vec<Box<[u8]>>,
    special: HashMap<String, u32>,
    ends: Vec<u32>,
    /// What every prompt begins with.
    begin: Option<u32>,
}

/// What makes tokens of plain text.
enum Cutter {
    Bytes(Box<Tokenizer>),
    Pieces(Pieces),
}

impl Vocabulary {
    /// Takes the vocabulary out of a file's metadata.
    ///
    /// # Errors
    /// A kind of tokenizer that is not known here, or lists that do not fit each other.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, String> {
        let model = gguf.text("tokenizer.ggml.model").unwrap_or("none");
        let tokens = gguf.texts("tokenizer.ggml.tokens").ok_or("it has no list of tokens")?;
        let kinds = gguf.integers("tokenizer.ggml.token_type").unwrap_or_default();
        if !kinds.is_empty() && kinds.len() != tokens.len() {
            return Err(format!("it has {} tokens but {} token types", tokens.len(), kinds.len()));
        }
        let pre = gguf.text("tokenizer.ggml.pre").unwrap_or("default");
        let (mut begins, mut special) = (whole_words(pre), HashMap::new());
        let (cutter, bytes) = match model {
            "gpt2" => {
                let merges = gguf.texts("tokenizer.ggml.merges").ok_or("its tokenizer has no merges")?;
                let ids = (0_u32..).zip(tokens).map(|(id, token)| (token.clone(), id));
                // 3 is a control token, 4 one that a user added.
                let kinds = |id: u32| matches!(kinds.get(id as usize), Some(3 | 4));
                special.extend(ids.clone().filter(|(_, id)| kinds(*id)));
                let mut tokenizer = byte_level(ids, merges, whole_words(pre))?;
                tokenizer.with_pre_tokenizer(Some(pre_tokenizer(pre)?));
                (Cutter::Bytes(Box::new(tokenizer)), plain_bytes(tokens, &special))
            }
            "llama" => {
                begins = true;
                let scores = match gguf.metadata.get("tokenizer.ggml.scores") {
                    Some(super::gguf::Value::Floats(scores)) => &scores[..],
                    _ => return Err("its tokenizer has no scores".into()),
                };
                if scores.len() != tokens.len() || kinds.is_empty() {
                    return Err(format!("it has {} tokens but {} scores", tokens.len(), scores.len()));
                }
                let prefix = gguf.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
                let (pieces, bytes) = Pieces::new(tokens, scores, kinds, prefix, &mut special);
                (Cutter::Pieces(pieces), bytes)
            }
            _ => {
                return Err(format!(
                    "its tokenizer is of kind \"{model}\"; \"gpt2\" (byte-level BPE) and \"llama\" (pieces with \
                     scores) are known"
                ));
            }
        };
        let id = |key: &str| {
            let id = gguf.count(&format!("tokenizer.ggml.{key}")).filter(|id| *id < tokens.len());
            id.map(|id| id as u32)
        };
        let ends = ["eos_token_id", "eot_token_id", "eom_token_id"].into_iter().filter_map(id).collect();
        let begin =
            id("bos_token_id").filter(|_| gguf.flag("tokenizer.ggml.add_bos_token").unwrap_or(begins));
        Self::assembled(cutter, bytes, special, ends, begin)
    }

    fn assembled(
        cutter: Cutter,
        bytes: Vec<Box<[u8]>>,
        special: HashMap<String, u32>,
        mut ends: Vec<u32>,
        begin: Option<u32>,
    ) -> Result<Self, String> {
        ends.extend(ENDS.iter().filter_map(|token| special.get(*token)));
        ends.sort_unstable();
        ends.dedup();
        if ends.is_empty() {
            return Err("it does not say which token ends a text".into());
        }
        Ok(Self { cutter, bytes, special, ends, begin })
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
        match &self.cutter {
            Cutter::Bytes(tokenizer) => {
                let encoding = tokenizer.encode_fast(text, false).map_err(|error| error.to_string())?;
                Ok(encoding.get_ids().to_vec())
            }
            Cutter::Pieces(pieces) => Ok(pieces.encode(text)),
        }
    }

    /// A prompt's tokens with the one that every prompt of this model begins with, if there is one and it is not there.
    #[must_use]
    pub fn begun(&self, mut tokens: Vec<u32>) -> Vec<u32> {
        if let Some(begin) = self.begin
            && tokens.first() != Some(&begin)
        {
            tokens.insert(0, begin);
        }
        tokens
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

/// A byte-level BPE that is still to be told how to cut words.
fn byte_level(
    ids: impl Iterator<Item = (String, u32)>,
    merges: &[String],
    whole_words: bool,
) -> Result<Tokenizer, String> {
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
        .ignore_merges(whole_words)
        .build()
        .map_err(|error| format!("its tokenizer does not fit together: {error}"))?;
    Ok(Tokenizer::new(bpe))
}

/// What each token of a byte-level vocabulary stands for; nothing for a special one.
fn plain_bytes(tokens: &[String], special: &HashMap<String, u32>) -> Vec<Box<[u8]>> {
    let unicode_to_byte = byte_of_unicode();
    let bytes = |(id, token): (u32, &String)| {
        if special.get(token) == Some(&id) {
            return Box::default();
        }
        let plain: Option<Box<[u8]>> = token.chars().map(|c| unicode_to_byte.get(&c).copied()).collect();
        plain.unwrap_or_else(|| token.as_bytes().into())
    };
    (0_u32..).zip(tokens).map(bytes).collect()
}
