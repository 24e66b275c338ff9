//! The synonyms: how shops call tables and columns.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::{DataError, Table};

/// What the cells of a column look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Text,
    Id,
    When,
    Money,
    Number,
    Flag,
}

#[derive(Debug, Deserialize)]
pub(super) struct ColumnWords {
    pub(super) kind: Kind,
    pub(super) names: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TableWords {
    pub(super) names: Vec<String>,
    pub(super) required: Vec<String>,
    pub(super) columns: BTreeMap<String, ColumnWords>,
}

/// The synonyms.
#[derive(Debug, Deserialize)]
pub(in crate::data) struct Words {
    customers: TableWords,
    orders: TableWords,
    products: TableWords,
    events: TableWords,
}

impl Words {
    /// # Errors
    /// The file within the program is wrong, which a test excludes.
    pub(in crate::data) fn load() -> Result<Self, DataError> {
        toml::from_str(include_str!("../../../assets/columns.toml"))
            .map_err(|error| DataError::Unreadable(format!("assets/columns.toml: {error}")))
    }

    pub(super) fn table(&self, table: Table) -> &TableWords {
        match table {
            Table::Customers => &self.customers,
            Table::Orders => &self.orders,
            Table::Products => &self.products,
            Table::Events => &self.events,
        }
    }
}
