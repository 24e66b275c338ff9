//! `[writing]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The model and how it is sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WritingConfig {
    /// A catalogue name, a GGUF file, a model's folder, the address of a model server (`http://host:8000/v1`), or `none` for templates
    /// only.
    pub model: String,
    /// The adapter that stands beside a model on this machine: a name, a folder with `adapter_model.safetensors`, relative to this file, or `none`. Absent:
    /// `house` beside the default model, where there is one.
    pub adapter: Option<String>,
    /// Variants per preview, 1 to 16.
    #[schemars(range(min = 1, max = 16))]
    pub variants: usize,
    /// How freely the model chooses its words: 0 always takes the likeliest, 2 is wild.
    #[schemars(range(min = 0, max = 2))]
    pub temperature: f64,
    /// The model chooses among the likeliest words that together have this probability, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub top_p: f64,
    /// It chooses among so many of the likeliest words; 0 sets no number.
    #[schemars(range(min = 0, max = 1000))]
    pub top_k: usize,
    /// Words less likely than this part of the likeliest are left out, 0 to 1; 0 leaves nothing out.
    #[schemars(range(min = 0, max = 1))]
    pub min_p: f64,
    /// How much less likely a word becomes once it has been written, 1 to 2; 1 changes nothing.
    #[schemars(range(min = 1, max = 2))]
    pub repetition_penalty: f64,
    /// Seed of the first variant; the others count up from it.
    pub seed: u64,
    /// What a server calls the model that is to write; absent: the first that it lists.
    pub served_model: Option<String>,
    /// File with a server's key, readable by you alone and relative to this file; `PERENNIAL_API_KEY` comes before it.
    pub key_file: Option<PathBuf>,
    /// File with the certificate of the authority that signed a server's, in PEM form and relative to this file; absent: the
    /// authorities that everybody trusts.
    pub served_ca_file: Option<PathBuf>,
    /// Requests that a server has to answer at once, 1 to 64.
    #[schemars(range(min = 1, max = 64))]
    pub served_concurrency: usize,
    /// Seconds to wait for a connection to a server, 1 to 60.
    #[schemars(range(min = 1, max = 60))]
    pub served_connect_seconds: u64,
    /// Seconds to wait for the first words of a server's answer, 1 to 600.
    #[schemars(range(min = 1, max = 600))]
    pub served_first_seconds: u64,
    /// Seconds to wait for more of an answer that has begun, 1 to 600.
    #[schemars(range(min = 1, max = 600))]
    pub served_idle_seconds: u64,
    /// What writes while a server is away: nothing (`none`), the default model on this machine (`local`), or `templates`.
    #[schemars(extend("enum" = ["none", "local", "templates"]))]
    pub fall_back: String,
}

impl Default for WritingConfig {
    fn default() -> Self {
        Self {
            model: "smollm2-135m-instruct".into(),
            adapter: None,
            variants: 5,
            temperature: 0.6,
            top_p: 0.9,
            top_k: 40,
            min_p: 0.0,
            repetition_penalty: 1.1,
            seed: 7,
            served_model: None,
            key_file: None,
            served_ca_file: None,
            served_concurrency: 4,
            served_connect_seconds: 5,
            served_first_seconds: 60,
            served_idle_seconds: 30,
            fall_back: "none".into(),
        }
    }
}
