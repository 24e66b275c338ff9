//! How the preview follows: the selection, the segment, what is typed, and the news of jobs.

use std::sync::Arc;
use std::time::Duration;

use super::Strategies;
use super::preview::{Order, Preview, Stage};
use crate::jobs::{End, JobId};
use crate::strategy::Severity;
use crate::tui::app::{Gravity, Load, ModelState, Request, Shared};
use crate::tui::keymap::Action;
use crate::tui::screens::ScreenId;
use crate::tui::work::{Outcome, Slot, Work};

/// The preview begins anew this long after the last key.
const PAUSE: Duration = Duration::from_millis(150);

impl Strategies {
    /// Asks for the segment's profile, which fit and facts need; then for a preview.
    pub(super) fn look(&mut self, shared: &mut Shared) {
        let segment = Self::segment(shared);
        if self.profiles.get(segment).is_some() {
            self.write(shared);
        } else {
            shared.profile_if_idle();
        }
    }

    /// Writes the variants anew, if the text that counts can be used.
    pub(super) fn write(&mut self, shared: &mut Shared) {
        self.due = None;
        let Some((id, source)) = self.source() else { return };
        let Ok(strategy) = crate::strategy::parse(&id, &source) else {
            shared.cancel_slot(Slot::Preview);
            self.preview.stop(&id, Self::segment(shared));
            return;
        };
        let segment = Self::segment(shared);
        let Some(profile) = self.profiles.get(segment).cloned() else { return };
        if self.pinned.iter().any(|pinned| pinned.of.id != id) {
            self.unpin("strategy", shared);
        }
        self.pinned.sort_by_key(|pinned| pinned.place);
        let (Load::Ready(shop), Load::Ready(features), Load::Ready(segmentation)) =
            (&shared.shop, &shared.features, &shared.segmentation)
        else {
            return;
        };
        let writing = &shared.setup.config.writing;
        let (sampling, first) = (self.tuning.sampling(writing), self.tuning.first_seed(writing));
        let order = Order {
            manners: self.manners.clone(),
            pinned: self.pinned.clone(),
            standing: self.preview.standing(sampling).filter(|_| !self.pinned.is_empty()),
            folder: shared.setup.folder.clone(),
            without_adapter: self.without_adapter,
            strategy,
            shop: Arc::clone(shop),
            features: Arc::clone(features),
            segmentation: Arc::clone(segmentation),
            profile,
            example: self.example,
            config: shared.setup.config.clone(),
            sending: shared.setup.started.date(),
            sampling,
            seeds: (0..writing.variants as u64).map(|variant| first.wrapping_add(variant)).collect(),
        };
        if !self.preview.is_of(&order.strategy.id, segment) {
            self.compared = None;
        }
        let variants = order.seeds.len();
        let mut preview = Preview::begun(&order, source, shared.now);
        let job = shared.start(Work::Preview(Box::new(order)));
        if shared.host().is_some() && !matches!(shared.model, ModelState::Served(_)) {
            // Whether the server is back is seen by this.
            shared.model = ModelState::Opening { job, found: true };
        }
        preview.stage = Stage::Writing(job);
        self.preview.replace(preview);
        self.scroll.reset();
        self.variant = self.variant.min(variants.saturating_sub(1));
    }

    /// Something has changed that the variants depend on: they are written once nothing does any more.
    pub(super) fn put_off(&mut self, shared: &mut Shared) {
        shared.cancel_slot(Slot::Preview);
        self.due = Some(shared.now + PAUSE);
        self.preview.put_off();
    }

    /// The text has changed: a mistake is told at once, a text without one is written once nobody types.
    pub(super) fn changed(&mut self, shared: &mut Shared) {
        let Some(editor) = &self.editor else { return };
        if editor.count().0 > 0 {
            shared.cancel_slot(Slot::Preview);
            self.due = None;
            self.preview.stop(&editor.id, Self::segment(shared));
        } else {
            self.put_off(shared);
        }
    }

    pub(super) fn ended(&mut self, id: JobId, slot: Option<Slot>, end: &End<Outcome>, shared: &mut Shared) {
        match end {
            End::Done(Outcome::StrategiesRead(files)) => {
                self.files = Load::Ready(Arc::clone(files));
                self.sort(shared);
                self.look(shared);
            }
            End::Done(Outcome::StrategySaved(saved)) => {
                let file = shared.setup.folder.join("strategies").join(format!("{}.toml", saved.id));
                shared.toast(Gravity::Good, format!("Saved {}.", file.display()));
                if let Load::Ready(files) = &mut self.files {
                    let files = Arc::make_mut(files);
                    match files.iter_mut().find(|file| file.id == saved.id) {
                        Some(file) => file.clone_from(saved),
                        None => files.push(saved.as_ref().clone()),
                    }
                }
                if let Some(editor) = self.editor.as_mut().filter(|editor| editor.id == saved.id) {
                    editor.saved(&saved.source);
                }
                self.sort(shared);
                let id = &saved.id;
                let files = self.files.ready().cloned().unwrap_or_default();
                if let Some(place) = self.order.iter().position(|&index| files[index].id == *id) {
                    self.list.select(place);
                }
                if self.editor.is_none() {
                    self.write(shared);
                }
                if let Err(problems) = &saved.parsed {
                    let errors =
                        problems.iter().filter(|problem| problem.severity == Severity::Error).count();
                    shared.toast(
                        Gravity::Warning,
                        format!(
                            "{} left in {}.toml: nothing is written from it yet.",
                            if errors == 1 {
                                "1 mistake is".to_owned()
                            } else {
                                format!("{errors} mistakes are")
                            },
                            saved.id
                        ),
                    );
                }
            }
            End::Done(Outcome::Segmented(_)) => {
                self.profiles.clear();
                self.preview = Preview::default();
            }
            End::Done(Outcome::Profiled(profiles)) => {
                self.profiles.clone_from(profiles);
                if self.files.ready().is_some() {
                    self.sort(shared);
                    if self.preview.is_stale(Self::segment(shared)) {
                        self.write(shared);
                    }
                }
            }
            // What was written without the model is written anew once it is there.
            End::Done(Outcome::ModelOpened(Some(_))) if self.preview.has_begun() => self.write(shared),
            // The server is back.
            End::Done(Outcome::ServerAnswered(_)) if matches!(self.preview.stage, Stage::Failed(_)) => {
                self.write(shared);
            }
            End::Done(Outcome::Previewed(drafts)) => self.preview.finish(id, drafts, shared.now),
            End::Done(Outcome::Forked { variant, draft }) => {
                self.preview.put(*variant, draft);
                // What somebody chose word by word is not written over.
                self.keep(*variant);
            }
            End::Done(Outcome::DraftsKept(desk)) => {
                let waiting = desk.queue.counts().open;
                shared.toast(
                    Gravity::Good,
                    format!(
                        "The variants are in Review now, where {} {}: {} approves the selected one, {} \
                         rejects it.",
                        crate::tui::numbers::counted(waiting, "draft"),
                        if waiting == 1 { "waits" } else { "wait" },
                        shared.keymap.shown(Action::Approve),
                        shared.keymap.shown(Action::Reject),
                    ),
                );
                shared.request(Request::Goto(ScreenId::Review));
            }
            End::Failed(message) if slot == Some(Slot::Strategies) => {
                self.files = Load::Failed(message.clone());
            }
            End::Failed(message) => self.preview.fail(id, message),
            End::Cancelled => self.preview.cancel(id),
            End::Done(_) => {}
        }
    }
}
