//! `card.json`: what an adapter was tuned on, and for which form of prompt.

use serde::{Deserialize, Serialize};

use super::Form;

/// The newest card that is understood.
pub const SCHEMA: u32 = 1;

/// What is read of a card; it may say more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Card {
    schema: u32,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub base: Option<Base>,
    /// Version of the brief that it was tuned on; absent or 0: none.
    #[serde(default)]
    form: u32,
    /// Languages that it taught the model, besides those that the model's file names.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Of the file with the matrices.
    #[serde(default)]
    pub weights_sha256: Option<String>,
}

/// The model that an adapter was tuned on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    pub name: String,
    /// Of its weights file, in hexadecimal.
    pub sha256: String,
}

impl Card {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let card: Self = serde_json::from_str(text)
            .map_err(|error| format!("card.json cannot be read: {error}; copy it again, or take it away"))?;
        if card.schema != SCHEMA {
            return Err(format!(
                "card.json has schema {}, and this program knows {SCHEMA}: use the program that made it, or a newer one",
                card.schema
            ));
        }
        if card.form > 1 {
            return Err(format!(
                "it was tuned on form {} of the brief, and this program knows 1: use the program that made it, or a newer \
                 one",
                card.form
            ));
        }
        let digits =
            |base: &Base| base.sha256.len() == 64 && base.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if card.base.as_ref().is_some_and(|base| !digits(base)) {
            return Err("card.json names its base with a sha256 that is none: copy it again".into());
        }
        Ok(card)
    }

    pub(super) fn form(&self) -> Form {
        if self.form == 1 { Form::Brief } else { Form::List }
    }
}
