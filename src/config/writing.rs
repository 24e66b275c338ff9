//! `[writing]`.

use serde::{Deserialize, Serialize};

/// The model and how it is sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WritingConfig {
    /// A catalogue name, a GGUF file, a model's folder, or `none` for templates only.
    pub model: String,
    /// Variants per preview, 1 to 16.
    #[schemars(range(min = 1, max = 16))]
    pub variants: usize,
    /// How freely the model chooses its words: 0 always takes the likeliest, 2 is wild.
    #[schemars(range(min = 0, max = 2))]
    pub temperature: f64,
    /// The model chooses among the likeliest words that together have this probability, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub top_p: f64,
    /// Seed of the first variant; the others count up from it.
    pub seed: u64,
}

impl Default for WritingConfig {
    fn default() -> Self {
        Self { model: "smollm2-135m-instruct".into(), variants: 5, temperature: 0.6, top_p: 0.9, seed: 7 }
    }
}
