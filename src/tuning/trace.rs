//! What a training did step by step, for comparing it with another program's.
//!
//! In: the batches and figures of each step. Out: `trace.json` with tokens, weights, losses and times, and the adapter as it
//! began, in PEFT's form; `scripts/tune_compare.py` runs the same in PyTorch.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::batches::Encoded;
use super::{Progress, Settings, TuneError, adapter};

/// Collects steps.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
    settings: Settings,
    steps: Vec<Value>,
}

impl Trace {
    /// That will be written to `path`, with the adapter as it begins in `begin` beside it.
    #[must_use]
    pub fn new(path: &Path, settings: &Settings) -> Self {
        Self { path: path.to_owned(), settings: settings.clone(), steps: Vec::new() }
    }

    /// Where the adapter belongs as it begins.
    #[must_use]
    pub fn begin(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new(".")).join("begin")
    }

    /// Adds a step and writes all so far.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn step(&mut self, examples: &[&Encoded], told: &Progress, seconds: f64) -> Result<(), TuneError> {
        let texts: Vec<Value> = examples
            .iter()
            .map(|one| json!({ "tokens": one.tokens, "prompt": one.prompt, "weight": one.weight }))
            .collect();
        self.steps.push(json!({
            "step": told.step, "loss": told.loss, "gradient": told.gradient, "rate": told.rate,
            "seconds": seconds, "texts": texts,
        }));
        let document = json!({ "settings": self.settings, "steps": self.steps });
        std::fs::write(&self.path, document.to_string()).map_err(adapter::io(&self.path, "written"))
    }
}
