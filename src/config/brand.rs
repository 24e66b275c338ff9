//! `[brand]`.

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

impl Default for BrandConfig {
    fn default() -> Self {
        Self { name: "Perennial Home".into(), banned_words: Vec::new() }
    }
}
