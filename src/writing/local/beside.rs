//! The adapters of a loaded model: several are kept ready, one of them or none stands beside it.
//!
//! In: where an adapter is. Out: the model writes with it. What was computed of a prompt beside another is forgotten.

use std::fs;
use std::sync::Arc;

use super::LocalModel;
use crate::data::primary_language;
use crate::jobs::{Cancel, Cancelled};
use crate::writing::adapter::{Adapter, AdapterIdentity, Form, Place};
use crate::writing::guard::taught::Taught;
use crate::writing::stamp::Stamp;
use crate::writing::{ModelIdentity, WritingError};

/// Adapters that are kept ready; of more, the one goes that has been asked for the longest ago.
const KEPT: usize = 4;

/// An adapter that is ready.
pub(super) struct Held {
    place: Place,
    /// Of the file that it was read from; none where that is part of the program.
    stamp: Option<Stamp>,
    identity: AdapterIdentity,
    form: Form,
    languages: Vec<String>,
    taught: Option<Arc<Taught>>,
    /// When it was asked for last.
    asked: u64,
}

impl Held {
    pub fn form(&self) -> Form {
        self.form
    }

    pub fn taught(&self) -> Option<&Arc<Taught>> {
        self.taught.as_ref()
    }

    /// Whether it taught the model this language, a primary subtag.
    pub fn writes(&self, language: &str) -> bool {
        self.languages.iter().any(|known| primary_language(known) == language)
    }
}

impl LocalModel {
    pub(super) fn lay_beside(&mut self, place: Option<&Place>, cancel: &Cancel) -> Result<(), WritingError> {
        let Some(place) = place else {
            self.choose_slot(None);
            return Ok(());
        };
        let stamp = place.file().and_then(|file| fs::metadata(file).ok()).map(|about| Stamp::of(&about));
        let known = self.adapters.iter().position(|held| held.place == *place && held.stamp == stamp);
        let slot = match known {
            Some(slot) => slot,
            None => self.read_beside(place, stamp, cancel)?,
        };
        self.choose_slot(Some(slot));
        Ok(())
    }

    /// Reads an adapter into a slot of the model.
    fn read_beside(
        &mut self,
        place: &Place,
        stamp: Option<Stamp>,
        cancel: &Cancel,
    ) -> Result<usize, WritingError> {
        if cancel.is_cancelled() {
            return Err(Cancelled.into());
        }
        let adapter = Adapter::read(place)?;
        adapter.check_base(&self.identity.name, &self.identity.sha256)?;
        if let (Some(stamp), Some(file)) = (&stamp, place.file()) {
            stamp.check(&file)?;
        }
        let same = self.adapters.iter().position(|held| held.place == *place);
        let slot = same.unwrap_or_else(|| {
            let oldest = (0..self.adapters.len()).min_by_key(|slot| self.adapters[*slot].asked);
            oldest.filter(|_| self.adapters.len() >= KEPT).unwrap_or(self.adapters.len())
        });
        self.model.lay(slot, &adapter)?;
        let held = Held {
            place: place.clone(),
            stamp,
            identity: adapter.identity,
            form: adapter.form,
            languages: adapter.languages,
            taught: adapter.taught,
            asked: 0,
        };
        match self.adapters.get_mut(slot) {
            Some(before) => *before = held,
            None => self.adapters.push(held),
        }
        Ok(slot)
    }

    pub(super) fn choose_again(&mut self, record: &ModelIdentity) -> Result<(), WritingError> {
        let Some(wanted) = &record.adapter else {
            self.choose_slot(None);
            return Ok(());
        };
        let slot = self.adapters.iter().position(|held| held.identity.sha256 == wanted.sha256);
        let slot = slot.ok_or_else(|| {
            WritingError::Failed(format!(
                "the adapter {} that stood beside the model then is not loaded: write new variants first",
                wanted.name
            ))
        })?;
        self.choose_slot(Some(slot));
        Ok(())
    }

    fn choose_slot(&mut self, slot: Option<usize>) {
        self.asked += 1;
        if let Some(held) = slot.and_then(|slot| self.adapters.get_mut(slot)) {
            held.asked = self.asked;
        }
        self.model.choose(slot);
        self.chosen = slot;
        self.identity.adapter =
            slot.and_then(|slot| self.adapters.get(slot)).map(|held| held.identity.clone());
    }
}
