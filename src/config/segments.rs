//! `[segments]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How customers are grouped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SegmentsConfig {
    /// Number of clusters, 2 to 10; absent: chosen by silhouette.
    #[schemars(range(min = 2, max = 10))]
    pub k: Option<usize>,
    /// Seed of everything random in segmentation.
    pub seed: u64,
    /// Names given by people, by the program's own English name of the segment: `"Lapsed big spenders" = "Sleepers"`.
    pub names: BTreeMap<String, String>,
}

impl Default for SegmentsConfig {
    fn default() -> Self {
        Self { k: None, seed: 7, names: BTreeMap::new() }
    }
}
