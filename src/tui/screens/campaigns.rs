//! Campaigns: who gets what, when, and how far it is. Plan, check, approve, send, follow.
//!
//! ```text
//! list of campaigns | right: the plan | the customers at a step | the messages | the ledger
//! ```

mod asking;
mod availability;
mod detail;
mod follow;
mod ledger;
mod messages;
mod view;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::campaign::audience::{Member, Side};
use crate::campaign::sending::Pulse;
use crate::jobs::End;
use crate::tui::app::{Gravity, Load, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::event::Effect;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Mouse, News, Pane};
use crate::tui::popups::reading::Reading;
use crate::tui::screens::ScreenId;
use crate::tui::screens::customers::Only;
use crate::tui::widgets::{Input, List, Scroll};
use crate::tui::work::{CampaignWork, Doing, Entry, Grounds, Outcome, Partial, Seen, Slot, Work};
use crate::workspace::CampaignState;
use detail::Target;
use ledger::Ledger;

const CAMPAIGNS: u8 = 0;
const RIGHT: u8 = 1;

/// Time between two looks at a campaign that another program sends.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// What stands on the right.
#[derive(Default)]
enum Right {
    #[default]
    Plan,
    /// Customers at this step of the funnel.
    Step(StepList),
    /// The message of this number.
    Messages(usize, Scroll),
    Ledger(Ledger),
}

/// One of the two lists of a step.
struct StepList {
    step: String,
    side: Side,
    list: List,
    /// Customers in the other list.
    others: usize,
}

impl StepList {
    fn new(seen: &Seen, step: String, side: Side) -> Self {
        let mut new = Self { step, side, list: List::default(), others: 0 };
        new.count(seen);
        new
    }

    fn member(&self, seen: &Seen, row: usize) -> Option<Member> {
        seen.audience.at(&self.step, self.side).nth(row).copied()
    }

    fn count(&mut self, seen: &Seen) {
        self.list.set_len(seen.audience.at(&self.step, self.side).count());
        self.others = seen.audience.at(&self.step, self.side.other()).count();
    }
}

#[derive(Default)]
pub struct Campaigns {
    entries: Load<Arc<Vec<Entry>>>,
    list: List,
    /// The campaign that was looked at last, which may be another than the selected one for a moment.
    seen: Option<Arc<Seen>>,
    /// A campaign that cannot be looked at, and why.
    broken: Option<(String, String)>,
    /// What is selected on the right, and the first row in sight.
    cursor: List,
    top: Cell<usize>,
    right: Right,
    on_right: bool,
    /// The campaign that is being sent, and how far it is.
    live: Option<(String, Pulse)>,
    /// To be sent on as soon as it is resumed.
    going_on: Option<String>,
    /// To be selected as soon as it is listed.
    wanted: Option<String>,
    finding: Option<Input>,
    /// When to look again at what another program does.
    look_at: Option<Duration>,
}

/// Work on campaigns as things stand.
pub(in crate::tui) fn work(shared: &Shared, person: Option<&str>, doing: Doing) -> Work {
    let setup = &shared.setup;
    let grounds = match (&shared.shop, &shared.features, &shared.segmentation) {
        (Load::Ready(shop), Load::Ready(features), Load::Ready(segmentation)) => Some(Grounds {
            shop: Arc::clone(shop),
            features: Arc::clone(features),
            segmentation: Arc::clone(segmentation),
        }),
        _ => None,
    };
    Work::Campaign(Box::new(CampaignWork {
        folder: setup.folder.clone(),
        config: setup.config.clone(),
        user_file: setup.user_file.clone(),
        set: setup.set.clone(),
        grounds,
        person: person.unwrap_or(&setup.person).to_owned(),
        at: shared.unix_milliseconds(),
        doing,
    }))
}

impl Campaigns {
    fn chosen(&self) -> Option<&Entry> {
        self.entries.ready()?.get(self.list.selected()?)
    }

    fn name(&self) -> Option<String> {
        self.chosen().map(|entry| entry.name.clone())
    }

    /// What is known of the selected one.
    fn seen(&self) -> Option<&Arc<Seen>> {
        let name = &self.chosen()?.name;
        self.seen.as_ref().filter(|seen| seen.name == *name)
    }

    fn state(&self) -> Option<CampaignState> {
        self.chosen().and_then(|entry| entry.state)
    }

    /// The campaign that is being sent from here.
    #[must_use]
    pub fn being_sent(&self) -> Option<&str> {
        self.live.as_ref().map(|(name, _)| name.as_str())
    }

    fn read(&mut self, shared: &mut Shared) {
        let job = shared.start(work(shared, None, Doing::List));
        if !matches!(self.entries, Load::Ready(_)) {
            self.entries = Load::Loading(job);
        }
    }

    fn look(&mut self, shared: &mut Shared) {
        if let Some(name) = self.name()
            && shared.segmentation.ready().is_some()
        {
            shared.start(work(shared, None, Doing::Look(name)));
        }
    }

    /// Another campaign is selected.
    fn turn_to(&mut self, before: Option<&str>, shared: &mut Shared) {
        if self.name().as_deref() != before {
            self.right = Right::Plan;
            self.cursor.select(0);
            self.look(shared);
        }
    }

    /// What can be selected on the plan's page.
    fn targets(&self, shared: &Shared) -> Vec<Target> {
        self.seen().map_or(Vec::new(), |seen| detail::sheet(seen, None, shared, 80).targets)
    }

    fn count(&mut self, shared: &Shared) {
        let rows = self.targets(shared).len();
        self.cursor.set_len(rows);
    }

    /// The message in sight: that of the messages' page, or the first.
    fn in_sight(&self) -> Option<(usize, usize)> {
        let number = if let Right::Messages(number, _) = self.right { number } else { 0 };
        self.seen()?.specimens.get(number).map(|specimen| (specimen.arm, specimen.segment))
    }

    fn send(&mut self, shared: &mut Shared) {
        let (Some(name), Some(seen)) = (self.name(), self.seen()) else { return };
        let fingerprint = seen.fingerprint.clone();
        self.live = Some((name.clone(), Pulse::default()));
        shared.start(work(shared, None, Doing::Send { name, fingerprint }));
    }

    /// Opens what is selected on the plan's page.
    fn open(&mut self, shared: &mut Shared) {
        let target = self.cursor.selected().and_then(|row| self.targets(shared).into_iter().nth(row));
        let Some(seen) = self.seen().cloned() else { return };
        match target {
            Some(Target::Step(step)) => {
                self.right = Right::Step(StepList::new(&seen, step, Side::There));
            }
            Some(Target::Arm(arm)) => {
                let number = seen.specimens.iter().position(|specimen| specimen.arm == arm);
                self.right = Right::Messages(number.unwrap_or(0), Scroll::default());
            }
            Some(Target::Read(title, text)) => shared.open(Reading::new(title, text)),
            Some(Target::Lines(find)) => self.open_ledger(find, shared),
            None => {}
        }
    }

    fn open_ledger(&mut self, find: &str, shared: &mut Shared) {
        if let Some(name) = self.name() {
            self.on_right = true;
            self.right = Right::Ledger(Ledger::new(&name, find));
            shared.start(work(shared, None, Doing::Ledger { name, find: find.to_owned() }));
        }
    }

    fn find(&mut self, shared: &mut Shared) {
        let Some(text) = self.finding.as_ref().map(|input| input.text().to_owned()) else { return };
        self.search(&text, shared);
    }

    fn search(&mut self, text: &str, shared: &mut Shared) {
        if let Right::Ledger(ledger) = &mut self.right {
            text.clone_into(&mut ledger.find);
            let doing = Doing::Ledger { name: ledger.name.clone(), find: ledger.find.clone() };
            shared.start(work(shared, None, doing));
        }
    }
}

impl Pane for Campaigns {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        availability::availability(self, action, shared)
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        let name = self.name().unwrap_or_default();
        match action {
            Action::Accept => self.finding = None,
            Action::Leave => {
                self.finding = None;
                self.search("", shared);
            }
            Action::Find => {
                let find =
                    if let Right::Ledger(ledger) = &self.right { ledger.find.clone() } else { String::new() };
                self.finding = Some(Input::new(find));
            }
            Action::ApproveCampaign => asking::approve(&name, shared),
            Action::WithdrawApproval => drop(shared.start(work(shared, None, Doing::Withdraw(name)))),
            Action::SendCampaign if self.state().is_some() => self.send(shared),
            Action::SendCampaign => {
                if let Some(seen) = self.seen().cloned() {
                    asking::send(&seen, shared);
                }
            }
            Action::PauseCampaign => {
                let doing = Doing::Turn { name, to: CampaignState::Paused };
                shared.start(work(shared, None, doing));
            }
            Action::ResumeCampaign => {
                let doing = Doing::Turn { name: name.clone(), to: CampaignState::Sending };
                shared.start(work(shared, None, doing));
                self.going_on = Some(name);
            }
            Action::CancelCampaign => shared.confirm(
                Some(ScreenId::Campaigns),
                action,
                format!("End {name}? What was not sent stays unsent, for good; its coupon codes go back."),
            ),
            Action::PreviewMessages => {
                self.on_right = true;
                self.right = Right::Messages(0, Scroll::default());
            }
            Action::ShowLedger => self.open_ledger("", shared),
            Action::EditPlan => {
                let text = self.chosen().and_then(|entry| entry.source.clone()).unwrap_or_default();
                shared.effect(Effect::Edit { screen: ScreenId::Campaigns, text, suffix: ".toml" });
            }
            Action::PlainCharacters => {
                if let Some((arm, segment)) = self.in_sight() {
                    shared.start(work(shared, None, Doing::Plain { name, arm, segment }));
                }
            }
            Action::BrowserPage => {
                if let Some(seen) = self.seen().cloned() {
                    shared.start(work(shared, None, Doing::Page(seen)));
                }
            }
            Action::TestSend => asking::test(shared),
            Action::LookAgain => self.read(shared),
            Action::NextPanel | Action::PreviousPanel => self.on_right = !self.on_right,
            Action::Copy => {
                if let Right::Ledger(ledger) = &self.right {
                    if let Some(line) = ledger.chosen() {
                        let text = ledger::in_full(line);
                        shared.copy("the line of the ledger", text);
                    }
                } else {
                    shared.copy("the campaign's name", name);
                }
            }
            Action::Back => match self.right {
                Right::Plan => self.on_right = false,
                _ => self.right = Right::Plan,
            },
            Action::Open if !self.on_right => self.on_right = true,
            _ if !self.on_right => {
                self.list.act(action);
                self.turn_to(Some(&name), shared);
            }
            _ => self.act_right(action, shared),
        }
    }

    fn focus(&self) -> Focus {
        if self.finding.is_some() { Focus::Line } else { Focus::Keys }
    }

    fn typed(&mut self, key: KeyEvent, shared: &mut Shared) {
        if self.finding.as_mut().is_some_and(|input| input.key(key)) {
            self.find(shared);
        }
    }

    fn pasted(&mut self, text: &str, shared: &mut Shared) {
        if let Some(input) = &mut self.finding {
            input.insert(text);
            self.find(shared);
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        let (list, index) = match hit {
            Hit::Row { list, index } => (list, Some(index)),
            Hit::List(list) => (list, None),
            _ => return,
        };
        if list == CAMPAIGNS {
            let before = self.name();
            self.on_right = self.list.mouse(index, mouse);
            self.turn_to(before.as_deref(), shared);
            return;
        }
        self.on_right = true;
        let open = match &mut self.right {
            Right::Plan => self.cursor.mouse(index, mouse),
            Right::Step(step) => step.list.mouse(index, mouse),
            Right::Ledger(ledger) => ledger.list.mouse(index, mouse),
            Right::Messages(_, scroll) => {
                scroll.mouse(mouse);
                false
            }
        };
        if open {
            shared.request(Request::Do(Action::Open));
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        match news {
            News::Tick if self.look_at.is_some_and(|at| at <= shared.now) => {
                self.look_at = None;
                self.read(shared);
            }
            // After a launch another state decides what may be done.
            News::Entered | News::Partial { partial: Partial::Launched(_), .. } => self.read(shared),
            News::Edited(Ok(text)) => {
                let before = self.chosen().and_then(|entry| entry.source.as_deref());
                if let Some(name) = self.name()
                    && before != Some(text)
                {
                    shared.start(work(shared, None, Doing::Save { name, source: text.to_owned() }));
                }
            }
            News::Edited(Err(why)) => shared.toast(Gravity::Bad, why),
            News::Partial { partial: Partial::Sending(name, pulse), .. } => {
                self.live = Some((name.clone(), pulse.clone()));
            }
            News::Ended { slot, end, .. } => {
                if slot == Some(Slot::Sending) {
                    self.live = None;
                    // What was sent until then is told by the list.
                    if !matches!(end, End::Done(_)) {
                        self.read(shared);
                    }
                }
                match end {
                    End::Done(Outcome::Campaign(news)) => self.hear_news(news, shared),
                    End::Done(Outcome::Segmented(_)) => self.look(shared),
                    End::Failed(_) if slot.is_none() => self.going_on = None,
                    End::Failed(message)
                        if slot == Some(Slot::Campaigns) && !matches!(self.entries, Load::Ready(_)) =>
                    {
                        self.entries = Load::Failed(message.clone());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn wake_at(&self) -> Option<Duration> {
        self.look_at
    }

    fn confirmed(&mut self, action: Action, shared: &mut Shared) {
        if let (Action::CancelCampaign, Some(name)) = (action, self.name()) {
            let doing = Doing::Turn { name, to: CampaignState::Cancelled };
            shared.start(work(shared, None, doing));
        }
    }

    fn answered(&mut self, action: Action, text: &str, shared: &mut Shared) {
        let (Some(name), Some(seen)) = (self.name(), self.seen().cloned()) else { return };
        match action {
            Action::ApproveCampaign => {
                let doing = Doing::Approve { name, fingerprint: seen.fingerprint.clone() };
                shared.start(work(shared, Some(text), doing));
            }
            Action::SendCampaign if name == text => self.send(shared),
            Action::TestSend => {
                if let Some((arm, segment)) = self.in_sight() {
                    let doing = Doing::Test { name, arm, segment, to: text.to_owned() };
                    shared.start(work(shared, None, doing));
                }
            }
            _ => {}
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        view::draw(self, shared, area, canvas);
    }
}

impl Campaigns {
    fn act_right(&mut self, action: Action, shared: &mut Shared) {
        match (&mut self.right, action) {
            (Right::Plan, Action::Open) => self.open(shared),
            (Right::Plan, _) => drop(self.cursor.act(action)),
            (Right::Step(step), Action::Open) => {
                let seen = self.seen.as_ref();
                let member = seen.zip(step.list.selected()).and_then(|(seen, row)| step.member(seen, row));
                if let Some((member, shop)) = member.zip(shared.shop.ready()) {
                    let id = shop.customers.id(member.row as usize).to_owned();
                    shared.only = Some(Only::Customer(id));
                    shared.request(Request::Goto(ScreenId::Customers));
                }
            }
            (Right::Step(step), Action::Left | Action::Right) => {
                if let Some(seen) = &self.seen {
                    *step = StepList::new(seen, std::mem::take(&mut step.step), step.side.other());
                }
            }
            (Right::Step(step), _) => drop(step.list.act(action)),
            (Right::Ledger(ledger), Action::Open) => {
                if let Some(line) = ledger.chosen() {
                    let doing = Doing::Line { name: ledger.name.clone(), line: Box::new(line.clone()) };
                    shared.start(work(shared, None, doing));
                }
            }
            (Right::Ledger(ledger), _) => drop(ledger.list.act(action)),
            (Right::Messages(number, scroll), Action::Left | Action::Right) => {
                let count = self.seen.as_ref().map_or(1, |seen| seen.specimens.len()).max(1);
                let step = if action == Action::Right { 1 } else { count - 1 };
                *number = (*number + step) % count;
                scroll.reset();
            }
            (Right::Messages(_, scroll), _) => drop(scroll.act(action)),
        }
    }
}
