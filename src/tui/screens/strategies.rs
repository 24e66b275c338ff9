//! Strategies: what is said to whom. A list, an editor that checks as one types, and beside it the variants
//! being written.

mod beside;
mod editor;
mod follow;
mod hand;
mod preview;
mod tuning;
mod view;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::profiles::ClusterProfile;
use crate::strategy::{Fit, Problem, fits};
use crate::tui::app::{Gravity, Load, ModelState, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::event::Effect;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Mouse, News, Pane};
use crate::tui::screens::ScreenId;
use crate::tui::widgets::{List, Scroll};
use crate::tui::work::{Partial, Slot, Work};
use crate::workspace::StrategyFile;
use crate::writing::voice::Manner;
pub use preview::{CheckedDraft, Order, Part, Pinned, Standing};

use beside::Beside;
use editor::Editor;
use preview::Preview;
use tuning::Tuning;

const FILES: u8 = 0;
const PREVIEW: u8 = 1;
const EDITOR: u8 = 2;

/// Which panel has the keys; on a small window the only one that is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Panel {
    #[default]
    Files,
    Preview,
}

#[derive(Default)]
pub struct Strategies {
    files: Load<Arc<Vec<StrategyFile>>>,
    /// Numbers of the files in the order of the list: those that fit the segment first.
    order: Vec<usize>,
    list: List,
    panel: Panel,
    editor: Option<Editor>,
    preview: Preview,
    scroll: Scroll,
    /// Of all segments, once they are made.
    profiles: Vec<Arc<ClusterProfile>>,
    tuning: Tuning,
    /// Which typical customer's facts are shown.
    example: usize,
    /// The variant that is shown as a whole message.
    variant: usize,
    /// What was asked for on top of the strategy's tone.
    manners: Vec<Manner>,
    /// Variants that stay while others are written.
    pinned: Vec<Pinned>,
    /// The variant that the selected one is shown beside, word by word.
    compared: Option<usize>,
    /// The model writes by itself, to be compared with what it writes beside its adapter.
    without_adapter: bool,
    /// What stood there before it did.
    beside: Option<Beside>,
    /// Names of the adapters that there are.
    adapters: Vec<String>,
    /// The preview has the whole window.
    zoomed: bool,
    /// Somebody has moved in the list: until then the best fit is selected.
    moved: bool,
    /// When the edited text is written, unless somebody goes on typing.
    due: Option<Duration>,
}

impl Strategies {
    fn chosen(&self) -> Option<&StrategyFile> {
        let files = self.files.ready()?;
        files.get(*self.order.get(self.list.selected()?)?)
    }

    /// The text that counts: the editor's while it is open.
    fn source(&self) -> Option<(String, String)> {
        match &self.editor {
            Some(editor) => Some((editor.id.clone(), editor.text())),
            None => self.chosen().map(|file| (file.id.clone(), file.source.clone())),
        }
    }

    fn segment(shared: &Shared) -> usize {
        shared.segment.unwrap_or(0)
    }

    fn fit(&self, file: &StrategyFile, shared: &Shared) -> Option<Fit> {
        let segment = Self::segment(shared);
        let cluster = shared.segmentation.ready()?.clusters.get(segment)?;
        let profile = self.profiles.get(segment)?;
        file.parsed.as_ref().ok().map(|strategy| fits(strategy, cluster, profile))
    }

    /// Puts the strategies that fit the segment first, the best fit on top; the selection stays on its file.
    fn sort(&mut self, shared: &Shared) {
        let Some(files) = self.files.ready().cloned() else { return };
        let chosen = self.chosen().map(|file| file.id.clone());
        let score = |index: usize| self.fit(&files[index], shared).map_or(0.0, |fit| fit.score);
        let mut order: Vec<(f64, usize)> = (0..files.len()).map(|index| (score(index), index)).collect();
        order.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        self.order = order.into_iter().map(|(_, index)| index).collect();
        self.list.set_len(self.order.len());
        let place = chosen.and_then(|id| self.order.iter().position(|&index| files[index].id == id));
        self.list.select(if self.moved { place.unwrap_or(0) } else { 0 });
    }

    fn edit(&mut self, shared: &mut Shared) {
        if let Some((id, source)) = self.source() {
            self.editor = Some(Editor::new(id, &source, &self.adapters));
            self.panel = Panel::Files;
            self.write(shared);
        }
    }

    fn save(&mut self, shared: &mut Shared) {
        if let Some(editor) = &self.editor {
            shared.start(Work::SaveStrategy {
                folder: shared.setup.folder.clone(),
                id: editor.id.clone(),
                source: editor.text(),
            });
        }
    }

    /// What is wrong with the text that counts.
    fn problems(&self) -> &[Problem] {
        match (&self.editor, self.chosen()) {
            (Some(editor), _) => editor.problems(),
            (None, Some(file)) => file.parsed.as_ref().err().map_or(&[], Vec::as_slice),
            (None, None) => &[],
        }
    }
}

const NO_STRATEGY: &str = "No strategy is selected.";

impl Pane for Strategies {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        let chosen = self.chosen().is_some();
        match action {
            Action::Leave => {
                if self.editor.is_some() {
                    Availability::Yes
                } else {
                    Availability::Hidden
                }
            }
            Action::SaveStrategy => match &self.editor {
                Some(editor) => Availability::when(editor.is_changed(), "Nothing has been changed."),
                None => Availability::Hidden,
            },
            Action::UndoTyping | Action::RedoTyping | Action::OtherPanel if self.editor.is_none() => {
                Availability::Hidden
            }
            Action::UndoTyping | Action::RedoTyping | Action::OtherPanel => Availability::Yes,
            Action::Back | Action::Open if self.tuning.is_open() => Availability::Yes,
            Action::Up | Action::Down | Action::Left | Action::Right if self.tuning.is_open() => {
                Availability::Yes
            }
            Action::Back if self.can_step_back() => Availability::Yes,
            Action::EditStrategy | Action::EditOutside | Action::DuplicateStrategy => {
                Availability::when(chosen, NO_STRATEGY)
            }
            Action::Warmer | Action::Shorter | Action::MoreFormal if self.editor.is_some() => {
                Availability::Hidden
            }
            Action::WriteAgain
            | Action::NextExample
            | Action::Warmer
            | Action::Shorter
            | Action::MoreFormal => Availability::when(
                chosen && self.preview.has_begun(),
                "Nothing can be written yet: mend the strategy, or wait for the segments.",
            ),
            Action::SwitchAdapter => self.adapter_availability(shared),
            Action::Tune | Action::Zoom => Availability::when(chosen, NO_STRATEGY),
            Action::Pin | Action::Compare => {
                Availability::when(self.preview.draft(self.variant).is_some(), self.unfinished(shared))
            }
            Action::KeepDrafts => {
                Availability::when(self.preview.drafts().next().is_some(), self.unfinished(shared))
            }
            Action::NextSegment | Action::PreviousSegment => Availability::when(
                shared.segmentation.ready().is_some(),
                "The customers have not been grouped yet.",
            ),
            Action::Open if self.editor.is_none() => Availability::when(chosen, NO_STRATEGY),
            Action::Doubt => self.doubt_availability(shared),
            Action::StopWriting => Availability::when(self.preview.is_running(), "Nothing is being written."),
            Action::Copy => {
                Availability::when(self.preview.drafts().next().is_some(), "Nothing is written yet.")
            }
            Action::NextPanel | Action::PreviousPanel if chosen => Availability::Yes,
            _ if self.panel == Panel::Preview => self.scroll.availability(action),
            _ => self.list.availability(action),
        }
    }

    fn hints(&self) -> &'static [(Action, &'static str)] {
        if !self.tuning.is_open() {
            return &[];
        }
        &[
            (Action::Down, "next number"),
            (Action::Left, "less"),
            (Action::Right, "more"),
            (Action::Back, "close"),
        ]
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Leave => {
                if self.preview.is_running() {
                    shared.cancel_slot(Slot::Preview);
                    return;
                }
                // Unsaved changes stay in the editor until they are saved or thrown away on purpose.
                if self.editor.as_ref().is_some_and(Editor::is_changed) {
                    let question = "Throw away the changes to this strategy?";
                    shared.confirm(Some(ScreenId::Strategies), Action::Leave, question);
                } else {
                    self.editor = None;
                }
            }
            Action::SaveStrategy => self.save(shared),
            Action::UndoTyping | Action::RedoTyping => {
                let Some(editor) = &mut self.editor else { return };
                let undo = action == Action::UndoTyping;
                if if undo { editor.undo() } else { editor.redo() } {
                    self.changed(shared);
                } else {
                    let what = if undo { "Nothing is left to take back." } else { "Nothing was taken back." };
                    shared.toast(Gravity::Info, what);
                }
            }
            Action::Back | Action::Open if self.tuning.is_open() => self.tuning.close(),
            Action::Tune => self.tuning.toggle(),
            Action::Up | Action::Down | Action::Left | Action::Right if self.tuning.is_open() => {
                if self.tuning.act(action, &shared.setup.config.writing, shared.host().is_some()) {
                    self.put_off(shared);
                }
            }
            Action::Back => self.step_back(shared),
            Action::Zoom => {
                self.zoomed = !self.zoomed;
                self.panel = Panel::Preview;
            }
            Action::Compare => {
                self.compared = if self.compared.is_none() { Some(self.variant) } else { None };
                self.panel = Panel::Preview;
            }
            Action::Doubt => self.doubt(shared),
            Action::EditStrategy if self.editor.is_some() => self.panel = Panel::Files,
            Action::EditStrategy => self.edit(shared),
            Action::EditOutside => {
                if let Some((_, text)) = self.source() {
                    shared.effect(Effect::Edit { screen: ScreenId::Strategies, text, suffix: ".toml" });
                }
            }
            Action::DuplicateStrategy => {
                if let (Some((id, source)), Some(files)) = (self.source(), self.files.ready()) {
                    let free = (2..).map(|number| format!("{id}-{number}"));
                    let new = free
                        .into_iter()
                        .find(|name| files.iter().all(|file| file.id != *name))
                        .unwrap_or_else(|| format!("{id}-copy"));
                    shared.start(Work::SaveStrategy { folder: shared.setup.folder.clone(), id: new, source });
                }
            }
            // What is there stays until the model is back; then it is written anew.
            Action::WriteAgain if matches!(shared.model, ModelState::Failed(_) | ModelState::Broken(_)) => {
                shared.open_model();
            }
            Action::WriteAgain => {
                self.tuning.next_seeds(&shared.setup.config.writing);
                self.write(shared);
            }
            Action::Warmer => self.ask(Manner::Warmer, shared),
            Action::Shorter => self.ask(Manner::Shorter, shared),
            Action::MoreFormal => self.ask(Manner::MoreFormal, shared),
            Action::SwitchAdapter => {
                self.without_adapter = !self.without_adapter;
                self.beside = if self.without_adapter { Beside::of(&self.preview) } else { None };
                self.write(shared);
            }
            Action::Pin => self.pin(),
            Action::NextExample => {
                self.example += 1;
                self.write(shared);
            }
            Action::NextSegment | Action::PreviousSegment => {
                let count = shared.segmentation.ready().map_or(1, |found| found.clusters.len()).max(1);
                let step = if action == Action::NextSegment { 1 } else { count - 1 };
                shared.segment = Some((Self::segment(shared) + step) % count);
                self.example = 0;
                self.unpin("segment", shared);
                self.moved = false;
                self.sort(shared);
                self.look(shared);
            }
            Action::KeepDrafts => {
                let work = Work::KeepDrafts {
                    folder: shared.setup.folder.clone(),
                    drafts: self.preview.drafts().map(|(_, draft)| draft.0.clone()).collect(),
                    source: self.preview.source.clone(),
                    at: shared.unix_milliseconds(),
                    banned_words: shared.setup.config.banned_words(),
                };
                shared.start(work);
            }
            Action::StopWriting => shared.cancel_slot(Slot::Preview),
            Action::OtherPanel | Action::Open => self.panel = Panel::Preview,
            Action::Copy => {
                let text = self.preview.plain();
                shared.copy("the variants", text);
            }
            Action::NextPanel | Action::PreviousPanel => {
                self.panel = if self.panel == Panel::Files { Panel::Preview } else { Panel::Files };
            }
            Action::Up | Action::Down | Action::Left | Action::Right if self.panel == Panel::Preview => {
                let last = self.preview.variants().saturating_sub(1);
                let up = matches!(action, Action::Up | Action::Left);
                self.variant = if up { self.variant.saturating_sub(1) } else { (self.variant + 1).min(last) };
            }
            _ if self.panel == Panel::Preview => drop(self.scroll.act(action)),
            _ => {
                self.moved = true;
                self.list.act(action);
                self.look(shared);
            }
        }
    }

    fn focus(&self) -> Focus {
        if self.editor.is_some() && self.panel == Panel::Files { Focus::Text } else { Focus::Keys }
    }

    fn typed(&mut self, key: KeyEvent, shared: &mut Shared) {
        if self.editor.as_mut().is_some_and(|editor| editor.key(key)) {
            self.changed(shared);
        }
    }

    fn pasted(&mut self, text: &str, shared: &mut Shared) {
        if self.editor.as_mut().is_some_and(|editor| editor.paste(text)) {
            self.changed(shared);
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        match hit {
            Hit::Row { list: FILES, index } => {
                self.panel = Panel::Files;
                self.moved = true;
                if self.list.mouse(Some(index), mouse) {
                    self.panel = Panel::Preview;
                }
                self.look(shared);
            }
            Hit::List(FILES) => drop(self.list.mouse(None, mouse)),
            Hit::Text { list: EDITOR, row, column } => {
                self.panel = Panel::Files;
                if let Some(editor) = &mut self.editor {
                    editor.mouse(Some((row, usize::from(column))), mouse);
                }
            }
            Hit::List(EDITOR) => {
                if let Some(editor) = &mut self.editor {
                    editor.mouse(None, mouse);
                }
            }
            Hit::List(PREVIEW) => {
                if mouse == Mouse::Click || self.editor.is_none() {
                    self.panel = Panel::Preview;
                }
                self.scroll.mouse(mouse);
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        match news {
            News::Entered => {
                if matches!(self.files, Load::Waiting | Load::Failed(_)) {
                    let job = shared.start(Work::LoadStrategies { folder: shared.setup.folder.clone() });
                    self.files = Load::Loading(job);
                }
                if self.preview.is_stale(Self::segment(shared)) {
                    self.moved = false;
                    self.sort(shared);
                    self.look(shared);
                }
            }
            News::Partial { id, partial: Partial::Preview(told) } => {
                if let Part::Begins { pinned, let_go, model, .. } = told
                    && self.preview.is(id)
                {
                    self.carried(pinned, let_go, shared);
                    // The status bar says what stands beside the model now.
                    if let ModelState::Ready(known) = &mut shared.model
                        && (&known.name, &known.sha256) == (&model.name, &model.sha256)
                    {
                        known.clone_from(model.as_ref());
                    }
                }
                self.preview.hear(id, told, shared.now);
            }
            News::Tick => {
                if self.due.is_some_and(|due| due <= shared.now) {
                    self.write(shared);
                }
            }
            News::Partial { partial: Partial::Adapters(names), .. } => self.adapters.clone_from(names),
            News::Partial { .. } => {}
            News::Edited(Ok(text)) => {
                if let Some((id, before)) = self.source().filter(|(_, before)| before != text) {
                    let mut editor = Editor::new(id, &before, &self.adapters);
                    editor.replace(text);
                    self.editor = Some(editor);
                    self.panel = Panel::Files;
                    self.write(shared);
                }
            }
            News::Edited(Err(why)) => shared.toast(Gravity::Bad, why),
            News::Ended { id, slot, end } => self.ended(id, slot, end, shared),
        }
    }

    fn wake_at(&self) -> Option<Duration> {
        self.due
    }

    fn confirmed(&mut self, action: Action, shared: &mut Shared) {
        if action == Action::Leave {
            self.editor = None;
            self.write(shared);
        }
    }

    fn unsaved(&self) -> Option<String> {
        self.editor
            .as_ref()
            .filter(|editor| editor.is_changed())
            .map(|editor| format!("the changes to {}.toml", editor.id))
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        view::draw(self, shared, area, canvas);
    }
}
