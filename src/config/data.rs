//! `[data]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the shop's tables are and what their columns mean.
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
    #[schemars(extend("enum" = ["day-first", "month-first"]))]
    pub date_order: Option<String>,
    /// The shop's currency (ISO 4217) where the files do not say.
    #[schemars(extend("format" = "currency"))]
    pub currency: Option<String>,
    /// The customers' language (`en`, `zh`) where the files do not say; absent: Chinese for a name in Chinese
    /// characters, else English.
    #[schemars(extend("format" = "language"))]
    pub language: Option<String>,
    /// Reference date (YYYY-MM-DD); absent: the last day in the data.
    #[schemars(extend("format" = "date"))]
    pub as_of: Option<String>,
}

impl DataConfig {
    /// The reference date, where one is set.
    #[must_use]
    pub fn as_of_day(&self) -> Option<jiff::civil::Date> {
        self.as_of.as_ref().and_then(|date| date.parse().ok())
    }
}
