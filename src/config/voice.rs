//! `[voice]`.

use serde::{Deserialize, Serialize};

/// How the brand speaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct VoiceConfig {
    /// What the model is asked to do, a few words each: "speak plainly".
    #[serde(rename = "do")]
    pub wanted: Vec<String>,
    /// What it is asked not to do: "no jokes".
    #[serde(rename = "dont")]
    pub unwanted: Vec<String>,
    /// Words that must not appear in a message, besides those of `[brand]`.
    pub banned_words: Vec<String>,
    /// Words that are preferred where candidates are equal otherwise.
    pub preferred_words: Vec<String>,
    /// Sentences as the brand writes them; those in a strategy's language stand before its examples.
    pub examples: Vec<String>,
}
