//! `[brand]`.

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

/// The name of the sample shop, which stands where no other is set.
const SAMPLE_NAME: &str = "Perennial Home";

impl Default for BrandConfig {
    fn default() -> Self {
        Self { name: SAMPLE_NAME.into(), banned_words: Vec::new() }
    }
}

impl BrandConfig {
    /// What is wrong and what to do where a shop's messages would be signed with the sample's name. `settings` is the
    /// file that its settings are kept in.
    #[must_use]
    pub fn unnamed(&self, settings: &Path) -> Option<(String, String)> {
        (self.name == SAMPLE_NAME).then(|| {
            (
                format!("Messages are signed \"{SAMPLE_NAME}\", the name of the sample shop."),
                format!("Write name = \"…\" under [brand] in {}.", settings.display()),
            )
        })
    }
}
