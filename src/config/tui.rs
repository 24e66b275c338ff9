//! `[tui]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the dashboard looks and behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TuiConfig {
    /// Colours: `terminal` (the terminal's own sixteen), `light`, `dark`, `high-contrast` or `colour-blind`.
    #[schemars(extend("enum" = ["terminal", "light", "dark", "high-contrast", "colour-blind"]))]
    pub theme: String,
    /// Whether the mouse works; the keyboard reaches everything without it.
    pub mouse: bool,
    /// Action to key: `approve = "a"`. The actions are listed by `perennial keys`.
    pub keys: BTreeMap<String, String>,
}

impl Default for TuiConfig {
    fn default() -> Self {
        Self { theme: "terminal".into(), mouse: true, keys: BTreeMap::new() }
    }
}
