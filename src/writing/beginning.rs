//! What a text goes on from.

use serde::{Deserialize, Serialize};

/// What a text is to begin with: tokens of a model on this machine, or for a server the text that they make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Beginning {
    Tokens(Vec<u32>),
    Text(String),
}

impl Default for Beginning {
    fn default() -> Self {
        Self::Tokens(Vec::new())
    }
}

impl Beginning {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Tokens(tokens) => tokens.is_empty(),
            Self::Text(text) => text.is_empty(),
        }
    }

    /// The tokens; none where it is a text.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        match self {
            Self::Tokens(tokens) => tokens,
            Self::Text(_) => &[],
        }
    }

    /// The text; nothing where it is tokens.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Tokens(_) => "",
        }
    }
}
