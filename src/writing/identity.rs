//! Who wrote something: a model, and the adapter that stood beside it.

use serde::{Deserialize, Serialize};

use super::adapter::AdapterIdentity;

/// Which model wrote something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// Catalogue name or file name; host and model's name where a server wrote; `templates` with no model.
    pub name: String,
    /// Of the weights file; empty with no model, or one of a server.
    pub sha256: String,
    /// The adapter that stood beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<AdapterIdentity>,
}

impl ModelIdentity {
    /// A model by itself, with nothing beside it.
    #[must_use]
    pub fn plain(name: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self { name: name.into(), sha256: sha256.into(), adapter: None }
    }

    /// Its name for people, with that of the adapter beside it.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.adapter {
            Some(adapter) => format!("{} + {}", self.name, adapter.name),
            None => self.name.clone(),
        }
    }

    /// Whether it stands for the strategies' own texts.
    #[must_use]
    pub fn is_templates(&self) -> bool {
        self.sha256.is_empty() && self.name == "templates"
    }
}
