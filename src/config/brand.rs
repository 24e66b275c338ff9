//! `[brand]`.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// How the shop speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BrandConfig {
    /// The shop's name, as customers know it.
    pub name: String,
    /// Words that must not appear in a message.
    pub banned_words: Vec<String>,
}

/// A shop has not said its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unnamed {
    pub message: String,
    pub remedy: String,
}

impl fmt::Display for Unnamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.message, self.remedy)
    }
}

/// The name of the sample shop, which stands where no other is set.
const SAMPLE_NAME: &str = "Perennial Home";

impl Default for BrandConfig {
    fn default() -> Self {
        Self { name: SAMPLE_NAME.into(), banned_words: Vec::new() }
    }
}

impl BrandConfig {
    /// What is to be told where a shop would sign with the sample's name; `settings` is the file of its settings.
    #[must_use]
    pub fn unnamed(&self, settings: &Path) -> Option<Unnamed> {
        (self.name == SAMPLE_NAME).then(|| Unnamed {
            message: format!("Messages are signed \"{SAMPLE_NAME}\", the name of the sample shop."),
            remedy: format!("Write name = \"…\" under [brand] in {}.", settings.display()),
        })
    }
}
