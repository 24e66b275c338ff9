//! `[brand]`.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// How the shop speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BrandConfig {
    /// The shop's name, as customers know it; empty where it is not known. The sample's name counts as none for any other shop.
    pub name: String,
    /// Where the shop stands on the web, as in `https://shop.example`; e-mails lead there.
    pub url: Option<String>,
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
        Self { name: SAMPLE_NAME.into(), url: None, banned_words: Vec::new() }
    }
}

impl BrandConfig {
    /// As a message in that language says it; in words that are true of any shop where the name is not known.
    #[must_use]
    pub fn said(&self, language: &str) -> &str {
        match self.name.as_str() {
            "" if language.to_ascii_lowercase().starts_with("zh") => "本店",
            "" => "our shop",
            name => name,
        }
    }

    /// Whether it is the sample's.
    #[must_use]
    pub fn is_sample(&self) -> bool {
        self.name == SAMPLE_NAME
    }

    /// For a shop that is not the sample: it does not bear the sample's name.
    #[must_use]
    pub fn of_another_shop(self) -> Self {
        let name = if self.is_sample() { String::new() } else { self.name };
        Self { name, ..self }
    }

    /// What is to be told where the name is not known; `settings` is the file of the shop's settings.
    #[must_use]
    pub fn unnamed(&self, settings: &Path) -> Option<Unnamed> {
        self.name.is_empty().then(|| Unnamed {
            message: "Messages are signed \"our shop\", as the shop's name is not known.".to_owned(),
            remedy: format!(
                "Write name = \"…\" under [brand] in {}: your own, as the sample's name is not taken.",
                settings.display()
            ),
        })
    }
}
