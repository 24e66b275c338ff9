//! Review: every draft is read by a person before it may be sent. Approve, edit, reject, take back, export.

mod planning;
mod view;

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::campaign::message::plainer;
use crate::data::Channel;
use crate::jobs::End;
use crate::review::decision::{DraftId, Status};
use crate::review::destination::{Destination, destination, why_held_back};
use crate::review::passes;
use crate::review::queue::{Filter, Item, Show};
use crate::segments::Group;
use crate::tui::app::{Gravity, Load, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::event::Effect;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Mouse, News, Pane};
use crate::tui::screens::ScreenId;
use crate::tui::widgets::{Input, List, Scroll};
use crate::tui::work::{Desk, Export, Outcome, Slot, Verdict, Work};
use crate::workspace::{NO_REASON, one_variant};

const QUEUE: u8 = 0;
const MESSAGE: u8 = 1;

/// What is being typed.
enum Typing {
    Reason(Input),
    /// The text of a slot.
    Slot(usize, Input),
    Find(Input),
}

#[derive(Default)]
pub struct Review {
    desk: Load<Arc<Desk>>,
    filter: Filter,
    list: List,
    scroll: Scroll,
    on_message: bool,
    typing: Option<Typing>,
    /// The slot that edits go to.
    slot: usize,
    /// The claim that is looked at.
    claim: Option<usize>,
    /// The groups of customers that there are now; none before the customers are grouped.
    today: Vec<Group>,
}

impl Review {
    fn shown(&self) -> Vec<&Item> {
        self.desk.ready().map_or(Vec::new(), |desk| desk.queue.shown(&self.filter).collect())
    }

    fn chosen(&self) -> Option<&Item> {
        self.list.selected().and_then(|row| self.shown().get(row).copied())
    }

    /// Why the draft would not go out if it were approved as it is; nothing before the customers are grouped.
    fn held_back(&self, item: &Item) -> Option<String> {
        let group = item.standing.group(&item.draft);
        if self.today.is_empty() { None } else { why_held_back(group, &item.draft.segment, &self.today) }
    }

    /// The group that an approval of the draft would be for today; `None`: the one that it was written for.
    fn target(&self, item: &Item) -> Option<Group> {
        match destination(item.standing.group(&item.draft), &item.draft.segment, &self.today) {
            Destination::Same(number) | Destination::Renewed(number) => self.today.get(number).cloned(),
            Destination::Gone => None,
        }
    }

    /// Number of another variant of the same message that is approved for the group that this one would go to.
    fn approved_variant(&self, item: &Item) -> Option<usize> {
        let target = self.target(item).or_else(|| item.draft.group.clone());
        let items = self.desk.ready()?.queue.items();
        let of_segment = |other: &&Item| {
            other.draft.strategy == item.draft.strategy && other.draft.segment == item.draft.segment
        };
        let taken = items.iter().filter(of_segment).find(|other| {
            other.id != item.id
                && other.standing.is_approved()
                && other.standing.group(&other.draft) == target.as_ref()
        })?;
        Some(items.iter().filter(of_segment).filter(|other| other.id <= taken.id).count())
    }

    fn may_approve(&self, item: &Item, shared: &Shared) -> Availability {
        let held_back = self.held_back(item);
        if item.standing.is_approved() && held_back.is_none() {
            return Availability::No("It is approved already.".into());
        }
        if !passes(&item.checks) {
            let broken: Vec<&str> = item.failures().map(|check| check.rule).collect();
            let edit = shared.keymap.shown(Action::EditDraft);
            let plainer = if broken.contains(&"sms-parts") && self.dear(item) {
                let key = shared.keymap.shown(Action::PlainDraft);
                format!(" {key} replaces the characters that make it longer.")
            } else {
                String::new()
            };
            return Availability::No(format!(
                "It breaks rules and cannot be approved: {}. Press {edit} to edit it.{plainer}",
                broken.join(", ")
            ));
        }
        if let Some(why) = held_back.filter(|_| self.target(item).is_none()) {
            return Availability::No(format!("It was {why}. Write it again for one of today's segments."));
        }
        match self.approved_variant(item) {
            Some(variant) => Availability::No(format!(
                "{} A campaign can send both, to customers dealt by chance: {} adds this one to its plan as another arm.",
                one_variant(variant, &item.draft.segment),
                shared.keymap.shown(Action::PlanCampaign)
            )),
            None => Availability::Yes,
        }
    }

    fn is_sms(&self, item: &Item) -> bool {
        let shown = self.desk.ready().and_then(|desk| desk.message(item.id).ok());
        shown.is_some_and(|shown| shown.channel == Channel::Sms)
    }

    /// Whether something in what was written makes a text message longer and can be replaced.
    fn dear(&self, item: &Item) -> bool {
        self.is_sms(item) && plainer(&item.standing.slots).count > 0
    }

    fn count(&mut self) {
        let rows = self.shown().len();
        self.list.set_len(rows);
    }

    fn load(&mut self, shared: &mut Shared) {
        let job = shared.read_drafts();
        if !matches!(self.desk, Load::Ready(_)) {
            self.desk = Load::Loading(job);
        }
    }

    fn decide(draft: Option<DraftId>, verdict: Verdict, shared: &mut Shared) {
        shared.start(Work::Decide {
            folder: shared.setup.folder.clone(),
            draft,
            verdict,
            at: shared.unix_milliseconds(),
            banned_words: shared.setup.config.banned_words(),
        });
    }

    fn claims(&self) -> usize {
        let shown = self.chosen().zip(self.desk.ready()).and_then(|(item, desk)| desk.message(item.id).ok());
        shown.map_or(0, |shown| shown.claims.len())
    }

    fn slots(&self) -> usize {
        self.chosen().map_or(0, |item| item.standing.slots.len())
    }
}

const NO_DRAFT: &str = "No draft is selected.";

impl Pane for Review {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        let chosen = self.chosen();
        match action {
            Action::Accept | Action::Leave => match &self.typing {
                None => Availability::Hidden,
                Some(Typing::Reason(input)) if action == Action::Accept => {
                    Availability::when(!input.text().trim().is_empty(), NO_REASON)
                }
                Some(_) => Availability::Yes,
            },
            Action::Approve => match chosen {
                None => Availability::No(NO_DRAFT.into()),
                Some(item) => self.may_approve(item, shared),
            },
            Action::Reject => match chosen {
                None => Availability::No(NO_DRAFT.into()),
                Some(item) if matches!(item.standing.status, Status::Rejected { .. }) => {
                    Availability::No("It is rejected already.".into())
                }
                Some(_) => Availability::Yes,
            },
            Action::EditDraft | Action::EditDraftOutside => match chosen {
                None => Availability::No(NO_DRAFT.into()),
                Some(item) => Availability::when(
                    !item.standing.slots.is_empty(),
                    "This message has no slot: everything in it comes from the strategy.",
                ),
            },
            Action::PlainDraft => match chosen.filter(|item| self.is_sms(item)) {
                None => Availability::Hidden,
                Some(item) => Availability::when(
                    self.dear(item),
                    "Nothing in what was written makes the text message longer and can be replaced.",
                ),
            },
            Action::NextSlot => Availability::when(self.slots() > 1, "The message has one slot."),
            Action::NextClaim => Availability::when(self.claims() > 0, "The message claims nothing."),
            Action::UndoDecision => Availability::when(
                self.desk.ready().is_some_and(|desk| desk.undoable),
                "There is no decision to take back.",
            ),
            Action::ShowNext | Action::Find => {
                Availability::when(self.desk.ready().is_some(), "The drafts have not been read yet.")
            }
            Action::ExportApproved => {
                let something = |desk: &Arc<Desk>| desk.exported || desk.queue.counts().approved > 0;
                if self.desk.ready().is_some_and(something) {
                    Availability::when(
                        shared.segmentation.ready().is_some(),
                        "The customers have not been grouped yet.",
                    )
                } else {
                    Availability::No("Nothing is approved yet.".into())
                }
            }
            Action::PlanCampaign => self.may_plan(shared),
            Action::Copy | Action::Open => Availability::when(chosen.is_some(), NO_DRAFT),
            Action::NextPanel | Action::PreviousPanel if chosen.is_some() => Availability::Yes,
            Action::Back if self.on_message => Availability::Yes,
            Action::Back if !self.filter.text.is_empty() => Availability::Yes,
            _ if self.on_message => self.scroll.availability(action),
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        let id = self.chosen().map(|item| item.id);
        match action {
            Action::Accept => match self.typing.take() {
                Some(Typing::Reason(input)) => {
                    Self::decide(id, Verdict::Reject(input.text().trim().to_owned()), shared);
                }
                Some(Typing::Slot(slot, input)) => {
                    let text = input.text().trim().to_owned();
                    Self::decide(id, Verdict::Edit { slot, text }, shared);
                }
                Some(Typing::Find(_)) | None => {}
            },
            Action::Leave => {
                if matches!(self.typing.take(), Some(Typing::Find(_))) {
                    self.filter.text.clear();
                    self.count();
                }
            }
            Action::Approve => {
                let group = self.chosen().and_then(|item| self.target(item));
                Self::decide(id, Verdict::Approve(group), shared);
            }
            Action::Reject => self.typing = Some(Typing::Reason(Input::default())),
            Action::EditDraft => {
                if let Some(item) = self.chosen() {
                    let slot = self.slot.min(item.standing.slots.len().saturating_sub(1));
                    self.typing = Some(Typing::Slot(slot, Input::new(item.standing.slots[slot].clone())));
                }
            }
            Action::EditDraftOutside => {
                if let Some(item) = self.chosen() {
                    let slot = self.slot.min(item.standing.slots.len().saturating_sub(1));
                    let text = item.standing.slots[slot].clone();
                    shared.effect(Effect::Edit { screen: ScreenId::Review, text, suffix: ".txt" });
                }
            }
            Action::PlainDraft => Self::decide(id, Verdict::Plainer, shared),
            Action::NextSlot => self.slot = (self.slot + 1) % self.slots().max(1),
            Action::NextClaim => {
                let next = self.claim.map_or(0, |claim| claim + 1);
                self.claim = (next < self.claims()).then_some(next);
                self.on_message = true;
            }
            Action::UndoDecision => Self::decide(None, Verdict::Undo, shared),
            Action::ShowNext => {
                self.filter.show = match self.filter.show {
                    Show::Open => Show::Approved,
                    Show::Approved => Show::Rejected,
                    Show::Rejected => Show::All,
                    Show::All => Show::Open,
                };
                self.count();
                self.list.select(0);
            }
            Action::Find => self.typing = Some(Typing::Find(Input::new(self.filter.text.clone()))),
            Action::PlanCampaign => self.ask_for_plan(shared),
            Action::ExportApproved => Self::export(shared),
            Action::Copy => {
                if let (Some(id), Some(desk)) = (id, self.desk.ready()) {
                    let text = desk.plain(id);
                    shared.copy("the message", text);
                }
            }
            Action::Open => self.on_message = true,
            Action::Back if self.on_message => self.on_message = false,
            Action::Back => {
                self.filter.text.clear();
                self.count();
            }
            Action::NextPanel | Action::PreviousPanel => self.on_message = !self.on_message,
            _ if self.on_message => drop(self.scroll.act(action)),
            _ => {
                self.list.act(action);
                self.scroll.reset();
                (self.slot, self.claim) = (0, None);
            }
        }
    }

    fn hints(&self) -> &'static [(Action, &'static str)] {
        &[
            (Action::Approve, "approve"),
            (Action::EditDraft, "edit"),
            (Action::Reject, "reject"),
            (Action::PlanCampaign, "campaign"),
        ]
    }

    fn focus(&self) -> Focus {
        if self.typing.is_some() { Focus::Line } else { Focus::Keys }
    }

    fn typed(&mut self, key: KeyEvent, _: &mut Shared) {
        match &mut self.typing {
            Some(Typing::Reason(input) | Typing::Slot(_, input)) => drop(input.key(key)),
            Some(Typing::Find(input)) => {
                let changed = input.key(key);
                if changed {
                    self.find();
                }
            }
            None => {}
        }
    }

    fn pasted(&mut self, text: &str, _: &mut Shared) {
        if let Some(Typing::Reason(input) | Typing::Slot(_, input) | Typing::Find(input)) = &mut self.typing {
            input.insert(text);
        }
        self.find();
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, _: &mut Shared) {
        match hit {
            Hit::Row { list: QUEUE, index } => {
                self.on_message = self.list.mouse(Some(index), mouse);
                self.claim = None;
                self.scroll.reset();
            }
            Hit::List(QUEUE) => drop(self.list.mouse(None, mouse)),
            Hit::List(MESSAGE) => {
                self.on_message = true;
                self.scroll.mouse(mouse);
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        match news {
            News::Entered if !matches!(self.desk, Load::Loading(_)) => self.load(shared),
            News::Ended { end: End::Done(Outcome::Segmented(found)), .. } => self.today = Group::all(found),
            News::Edited(Ok(text)) => {
                let id = self.chosen().map(|item| item.id);
                let slot = self.slot;
                let text = text.trim().to_owned();
                let before = self.chosen().and_then(|item| item.standing.slots.get(slot).cloned());
                if before.is_some_and(|before| before != text) {
                    Self::decide(id, Verdict::Edit { slot, text }, shared);
                }
            }
            News::Edited(Err(why)) => shared.toast(Gravity::Bad, why),
            News::Ended { end: End::Done(Outcome::QueueRead(desk)), .. } => self.see(desk, None),
            News::Ended { end: End::Done(Outcome::DraftsKept(desk)), .. } => {
                // What was kept just now is in sight, whatever was shown before.
                if !matches!(self.filter.show, Show::Open | Show::All) {
                    self.filter.show = Show::Open;
                }
                self.filter.text.clear();
                self.see(desk, desk.queue.newest_open());
            }
            News::Ended { end: End::Done(Outcome::Decided { said, next, desk }), .. } => {
                shared.toast(Gravity::Good, said.clone());
                self.see(desk, *next);
                // The reason why it cannot be approved stands at the top.
                if self.chosen().is_some_and(|item| item.failures().next().is_some()) {
                    self.scroll.reset();
                }
            }
            News::Ended { end: End::Done(Outcome::Exported { told, complete }), .. } => {
                shared.toast(if *complete { Gravity::Good } else { Gravity::Warning }, told.clone());
            }
            News::Ended { slot: Some(Slot::Queue), end: End::Failed(message), .. }
                if !matches!(self.desk, Load::Ready(_)) =>
            {
                self.desk = Load::Failed(message.clone());
            }
            _ => {}
        }
    }

    fn answered(&mut self, action: Action, text: &str, shared: &mut Shared) {
        if action == Action::PlanCampaign {
            self.plan(text, shared);
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        view::draw(self, shared, area, canvas);
    }
}

impl Review {
    /// Takes over the queue as it is now; the selection stays on its draft, or goes to `next`.
    fn see(&mut self, desk: &Arc<Desk>, next: Option<DraftId>) {
        if self.desk.ready().is_some_and(|known| desk.is_older_than(known)) {
            return;
        }
        let before = self.chosen().map(|item| item.id);
        self.desk = Load::Ready(Arc::clone(desk));
        self.count();
        let wanted = next.or(before);
        let place = wanted.and_then(|id| self.shown().iter().position(|item| item.id == id));
        if let Some(place) = place {
            self.list.select(place);
        }
        if self.chosen().map(|item| item.id) != before || self.claim >= Some(self.claims()) {
            self.claim = None;
        }
        if self.chosen().map(|item| item.id) != before {
            self.scroll.reset();
            self.slot = 0;
        }
    }

    /// Shows what has the words that stand in the line of the search.
    fn find(&mut self) {
        if let Some(Typing::Find(input)) = &self.typing {
            input.text().clone_into(&mut self.filter.text);
            self.count();
        }
    }

    fn export(shared: &mut Shared) {
        let (Load::Ready(shop), Load::Ready(features), Load::Ready(segmentation)) =
            (&shared.shop, &shared.features, &shared.segmentation)
        else {
            return;
        };
        let work = Work::Export(Box::new(Export {
            folder: shared.setup.folder.clone(),
            shop: Arc::clone(shop),
            features: Arc::clone(features),
            segmentation: Arc::clone(segmentation),
            config: shared.setup.config.clone(),
            sending: shared.setup.started.date(),
            at: shared.unix_milliseconds(),
        }));
        shared.start(work);
    }
}
