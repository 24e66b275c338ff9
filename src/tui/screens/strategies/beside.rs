//! What an adapter wrote, kept while the model writes by itself, so that both can be read side by side.

use super::preview::Preview;
use crate::strategy::Text;

/// The variants as they were written beside the adapter.
#[derive(Debug)]
pub(super) struct Beside {
    /// The adapter's name.
    pub adapter: String,
    strategy: String,
    customer: String,
    texts: Vec<Result<Text, String>>,
}

impl Beside {
    /// What a preview shows now; nothing where nothing is finished.
    pub(super) fn of(preview: &Preview) -> Option<Self> {
        let adapter = preview.last_drafts().next()?.1.0.model.adapter.as_ref()?.name.clone();
        Some(Self {
            adapter,
            strategy: preview.id().to_owned(),
            customer: preview.customer.clone(),
            texts: (0..preview.variants()).map(|variant| preview.text(variant)).collect(),
        })
    }

    /// The variant in the same place, where it is of the same strategy for the same reader.
    pub(super) fn text(&self, preview: &Preview, variant: usize) -> Option<&Text> {
        let same = self.strategy == preview.id() && self.customer == preview.customer;
        self.texts.get(variant).filter(|_| same)?.as_ref().ok()
    }
}
