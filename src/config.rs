//! Settings: where they come from, how they are checked, what they mean.
//!
//! In: flags, environment, `perennial.toml`, the user's file, the built-in defaults, in that order of
//! precedence. Out: one [`Config`], checked once. Every section has the name of its stage.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub data: DataConfig,
    pub segments: SegmentsConfig,
    pub brand: BrandConfig,
    pub writing: WritingConfig,
    pub tui: TuiConfig,
}

/// `[data]`: where the shop's tables are and what their columns mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataConfig {
    /// Files or folders, relative to the workspace. Empty: the workspace's `data` folder.
    pub sources: Vec<PathBuf>,
    /// File name (as in `orders_2025.csv`) to the table that it holds, where recognition is wrong.
    pub tables: BTreeMap<String, String>,
    /// Table to column to the column's name in the file: `[data.mapping.orders] ordered_at = "Datum"`.
    pub mapping: BTreeMap<String, BTreeMap<String, String>>,
    /// Order of day and month in dates like `01/11/2025`: `day-first`, `month-first`; absent: decided by the column.
    pub date_order: Option<String>,
    /// The shop's currency (ISO 4217) where the files do not say.
    pub currency: Option<String>,
    /// Reference date (YYYY-MM-DD); absent: the last day in the data.
    pub as_of: Option<String>,
}

/// `[segments]`: how customers are grouped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SegmentsConfig {
    /// Number of clusters, 2..=10; absent: chosen by silhouette.
    pub k: Option<usize>,
    /// Seed of everything random in segmentation.
    pub seed: u64,
    /// Names given by people, by cluster letter.
    pub names: BTreeMap<String, String>,
}

impl Default for SegmentsConfig {
    fn default() -> Self {
        Self { k: None, seed: 7, names: BTreeMap::new() }
    }
}

/// `[brand]`: how the shop speaks.
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

/// `[writing]`: the model and how it is sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WritingConfig {
    /// A catalogue name, a GGUF file, or `none` for templates only.
    pub model: String,
    /// Variants per preview, 1..=16.
    pub variants: usize,
    /// 0 is greedy.
    pub temperature: f64,
    /// Nucleus, 0..=1.
    pub top_p: f64,
    /// Seed of the first variant.
    pub seed: u64,
}

impl Default for WritingConfig {
    fn default() -> Self {
        Self { model: "smollm2-135m-instruct".into(), variants: 5, temperature: 0.7, top_p: 0.9, seed: 7 }
    }
}

/// `[tui]`: how the dashboard looks and behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TuiConfig {
    /// `terminal`, `light`, `dark`, `high-contrast` or `colour-blind`.
    pub theme: String,
    pub mouse: bool,
    /// Action to keys: `approve = "a"`.
    pub keys: BTreeMap<String, String>,
}

impl Default for TuiConfig {
    fn default() -> Self {
        Self { theme: "terminal".into(), mouse: true, keys: BTreeMap::new() }
    }
}
