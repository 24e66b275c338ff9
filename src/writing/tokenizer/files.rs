//! The vocabulary of a folder: `tokenizer.json`, or `vocab.json` and `merges.txt`.

use std::collections::HashMap;

use serde_json::Value;
use tokenizers::Tokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::{Cutter, Vocabulary, byte_level, plain_bytes};
use crate::writing::folder::Folder;

/// Tokens that a vocabulary of 16 million numbers may have more than its list.
const MOST_TOKENS: usize = 1 << 24;

impl Vocabulary {
    /// Takes the vocabulary out of a folder's files. It has as many tokens as `config.json` says; those that the files do
    /// not name stand for nothing.
    ///
    /// # Errors
    /// There are no such files, they cannot be read, or do not fit each other.
    pub fn from_folder(folder: &Folder) -> Result<Self, String> {
        let size = folder.config.get("vocab_size").and_then(Value::as_u64).unwrap_or(0) as usize;
        if !(1..=MOST_TOKENS).contains(&size) {
            return Err("its config.json has no usable vocab_size".into());
        }
        let mut ends = ids(folder.config.get("eos_token_id"));
        if let Some(generation) = folder.json("generation_config.json")? {
            ends.extend(ids(generation.get("eos_token_id")));
        }
        ends.retain(|id| (*id as usize) < size);
        let (tokenizer, special) = match folder.text("tokenizer.json")? {
            Some(source) => whole(&source)?,
            None => parts(folder, &ends)?,
        };
        let vocabulary = tokenizer.get_vocab(true);
        let mut tokens = vec![String::new(); size];
        for (token, id) in vocabulary {
            let place = tokens.get_mut(id as usize);
            *place.ok_or_else(|| format!("its token {id} is not one of the {size} of config.json"))? = token;
        }
        let bytes = plain_bytes(&tokens, &special);
        Self::assembled(Cutter::Bytes(Box::new(tokenizer)), bytes, special, ends, None)
    }
}

/// One number, or a list of them.
fn ids(value: Option<&Value>) -> Vec<u32> {
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(id).collect(),
        Some(value) => id(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// `tokenizer.json`.
fn whole(source: &str) -> Result<(Tokenizer, HashMap<String, u32>), String> {
    let wrong = |what: String| format!("its tokenizer.json cannot be used: {what}");
    let read: Value = serde_json::from_str(source).map_err(|error| wrong(error.to_string()))?;
    let words = read.get("pre_tokenizer").map(Value::to_string).unwrap_or_default();
    if !words.contains("\"ByteLevel\"") {
        return Err(wrong("it is not byte-level; give a GGUF file of the model".into()));
    }
    let mut tokenizer: Tokenizer =
        source.parse().map_err(|error: tokenizers::Error| wrong(error.to_string()))?;
    // The names of special tokens in a text stay text.
    tokenizer.set_encode_special_tokens(true);
    let mut special = HashMap::new();
    for (id, added) in tokenizer.get_added_tokens_decoder() {
        if added.special {
            special.insert(added.content, id);
        }
    }
    Ok((tokenizer, special))
}

/// `vocab.json` and `merges.txt`. The tokens that end a text are the special ones.
fn parts(folder: &Folder, ends: &[u32]) -> Result<(Tokenizer, HashMap<String, u32>), String> {
    let none = "it has no tokenizer: put tokenizer.json, or vocab.json and merges.txt, beside the weights";
    let (Some(vocabulary), Some(merges)) = (folder.json("vocab.json")?, folder.text("merges.txt")?) else {
        return Err(none.into());
    };
    let Value::Object(vocabulary) = vocabulary else {
        return Err("its vocab.json is not a list of tokens with their numbers".into());
    };
    let ids = vocabulary
        .into_iter()
        .map(|(token, id)| {
            let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
            id.map(|id| (token.clone(), id)).ok_or_else(|| format!("its token {token:?} has no number"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let special: HashMap<String, u32> = ids.iter().filter(|(_, id)| ends.contains(id)).cloned().collect();
    let merges: Vec<String> = merges
        .lines()
        .filter(|line| !line.starts_with("#version") && !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    let mut tokenizer = byte_level(ids.into_iter(), &merges, false)?;
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    Ok((tokenizer, special))
}
