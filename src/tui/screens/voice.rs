//! Voice: what the model could learn from what people approved and edited, a learning as it goes, and the voices that came
//! of it: before and after, accept or go back.
//!
//! ```text
//! what it would learn from | the selected voice's before and after,
//! the voices               | or the learning as it goes
//! ```

mod asking;
mod availability;
mod course;
mod page;
mod view;

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::jobs::End;
use crate::own_voice::{Damaged, Version, name_of};
use crate::tui::app::{Gravity, Load, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Mouse, News, Pane};
use crate::tui::widgets::{List, Scroll};
use crate::tui::work::{Known, Outcome, Partial, Slot, VoiceDoing, VoiceNews, VoiceWork, Work};
use course::{Course, State};

const VOICES: u8 = 0;
const PAGE: u8 = 1;
const LESSONS: u8 = 2;

/// What has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Panel {
    #[default]
    Voices,
    Page,
    Lessons,
}

/// A row of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Row<'a> {
    /// The learning that runs, or was stopped.
    Learning,
    Version(&'a Version),
    Damaged(&'a Damaged),
}

/// Which row it is, whatever becomes of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Number(u32),
    Learning,
}

impl Row<'_> {
    fn id(&self) -> Id {
        match self {
            Row::Learning => Id::Learning,
            Row::Version(version) => Id::Number(version.number),
            Row::Damaged(damaged) => Id::Number(damaged.number),
        }
    }
}

#[derive(Default)]
pub struct Voice {
    known: Load<Arc<Known>>,
    list: List,
    panel: Panel,
    page: Scroll,
    lessons: Scroll,
    course: Option<Course>,
    /// To be selected as soon as it is listed.
    wanted: Option<u32>,
}

fn work(shared: &Shared, doing: VoiceDoing) -> Work {
    let setup = &shared.setup;
    Work::Voice(Box::new(VoiceWork {
        folder: setup.folder.clone(),
        config: setup.config.clone(),
        person: setup.person.clone(),
        at: shared.unix_milliseconds(),
        sending: setup.started.date(),
        doing,
    }))
}

impl Voice {
    /// Whether a voice is being learnt.
    #[must_use]
    pub fn is_learning(&self) -> bool {
        self.course.as_ref().is_some_and(Course::is_running)
    }

    /// Whether a learning lies there that was stopped.
    fn can_resume(&self) -> bool {
        !self.is_learning() && self.known.ready().is_some_and(|known| known.stopped.is_some())
    }

    /// The learning first, then the voices, the newest first.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        if let Some(known) = self.known.ready() {
            rows.extend(known.listed.versions.iter().map(Row::Version));
            rows.extend(known.listed.damaged.iter().map(Row::Damaged));
        }
        if self.course.is_some() || self.can_resume() {
            rows.push(Row::Learning);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.id()));
        rows
    }

    fn row(&self) -> Option<Row<'_>> {
        self.rows().get(self.list.selected()?).copied()
    }

    fn read(&mut self, shared: &mut Shared) {
        let job = shared.start(work(shared, VoiceDoing::Look));
        if self.known.ready().is_none() {
            self.known = Load::Loading(job);
        }
    }

    /// Counts the rows anew and keeps what is selected; another is selected only where that is gone, or wanted.
    fn count(&mut self, before: Option<Id>) {
        let wanted = self.wanted.map(Id::Number).or(before);
        let rows: Vec<Id> = self.rows().iter().map(Row::id).collect();
        self.list.set_len(rows.len());
        if let Some(place) = wanted.and_then(|wanted| rows.iter().position(|row| *row == wanted)) {
            self.list.select(place);
            self.wanted = None;
        }
        if self.selected() != before {
            self.page.reset();
        }
    }

    fn selected(&self) -> Option<Id> {
        self.row().map(|row| row.id())
    }

    fn learn(&mut self, resume: bool, shared: &mut Shared) {
        let job = shared.start(work(shared, VoiceDoing::Learn { resume }));
        match &mut self.course {
            Some(course) if resume => course.go_on(job),
            _ => self.course = Some(Course::begun(job)),
        }
        self.page.reset();
        self.count(Some(Id::Learning));
        self.panel = Panel::Page;
    }

    fn hear_news(&mut self, news: &VoiceNews, shared: &mut Shared) {
        match news {
            VoiceNews::Known(known) => {
                let before = self.selected();
                // One of before the dashboard was opened, or which another program went on with, perhaps to its end.
                let goes_on = |course: &Course| {
                    let stopped = known.stopped.as_ref();
                    course.is_kept() && stopped.is_none_or(|stopped| stopped.step > course.step)
                };
                if self.course.as_ref().is_none_or(goes_on) {
                    self.course = known.stopped.as_ref().and_then(Course::stopped);
                }
                self.known = Load::Ready(Arc::clone(known));
                self.count(before);
            }
            VoiceNews::Learnt(number) => {
                self.course = None;
                self.wanted = Some(*number);
                let accept = shared.keymap.shown(Action::AcceptVoice);
                let voice = shared.keymap.shown(Action::Voice);
                let told = format!(
                    "{} is learnt. Look at its before and after on Voice ({voice}); {accept} there accepts it.",
                    name_of(*number)
                );
                shared.toast(Gravity::Good, told);
                self.read(shared);
            }
            VoiceNews::InUse(number) => {
                let told = match number {
                    Some(number) => format!("{} is in use from now on.", name_of(*number)),
                    None => "No voice of the shop's own is in use any more.".into(),
                };
                shared.toast(Gravity::Good, told);
                // What writes is opened anew with what stands beside it.
                if shared.host().is_none() && shared.setup.config.writing.model != "none" {
                    shared.open_model();
                }
                self.read(shared);
            }
        }
    }

    fn turn(&mut self, forward: bool) {
        self.panel = match (self.panel, forward) {
            (Panel::Voices, true) | (Panel::Lessons, false) => Panel::Page,
            (Panel::Page, true) | (Panel::Voices, false) => Panel::Lessons,
            (Panel::Lessons, true) | (Panel::Page, false) => Panel::Voices,
        };
    }
}

impl Pane for Voice {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        availability::availability(self, action, shared)
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::LearnVoice => asking::learn(self, shared),
            Action::ResumeLearning => self.learn(true, shared),
            Action::StopLearning => shared.cancel_slot(Slot::Learning),
            Action::AcceptVoice => asking::accept(self, shared),
            Action::VoiceBack => asking::back(self, shared),
            Action::ReadVoices => self.read(shared),
            Action::Copy => {
                if let Some(Row::Version(version)) = self.row() {
                    let text = page::text(version);
                    shared.copy("the comparison", text);
                }
            }
            Action::NextPanel => self.turn(true),
            Action::PreviousPanel => self.turn(false),
            Action::Open => self.panel = Panel::Page,
            Action::Back => self.panel = Panel::Voices,
            _ => match self.panel {
                Panel::Voices => {
                    let before = self.selected();
                    self.list.act(action);
                    if self.selected() != before {
                        self.page.reset();
                    }
                }
                Panel::Page => drop(self.page.act(action)),
                Panel::Lessons => drop(self.lessons.act(action)),
            },
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, _: &mut Shared) {
        match hit {
            Hit::Row { list: VOICES, index } => {
                let before = self.selected();
                self.panel = if self.list.mouse(Some(index), mouse) { Panel::Page } else { Panel::Voices };
                if self.selected() != before {
                    self.page.reset();
                }
            }
            Hit::List(PAGE) => {
                self.panel = Panel::Page;
                self.page.mouse(mouse);
            }
            Hit::List(LESSONS) => {
                self.panel = Panel::Lessons;
                self.lessons.mouse(mouse);
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        match news {
            News::Entered => self.read(shared),
            News::Partial { id, partial: Partial::Learning(told) } => {
                if let Some(course) = self.course.as_mut().filter(|course| course.job() == Some(id)) {
                    course.hear(told, shared.now);
                }
            }
            News::Ended { id, end, .. }
                if self.course.as_ref().is_some_and(|course| course.job() == Some(id)) =>
            {
                match end {
                    End::Done(Outcome::Voice(news)) => self.hear_news(news, shared),
                    End::Done(_) => {}
                    End::Cancelled => self.ended(State::Stopped, shared),
                    End::Failed(why) => self.ended(State::Failed(why.clone()), shared),
                }
            }
            News::Ended { end: End::Done(Outcome::Voice(news)), .. } => self.hear_news(news, shared),
            News::Ended { slot: Some(Slot::Voices), end: End::Failed(why), .. }
                if self.known.ready().is_none() =>
            {
                self.known = Load::Failed(why.clone());
            }
            _ => {}
        }
    }

    fn confirmed(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::LearnVoice => self.learn(false, shared),
            Action::AcceptVoice => {
                if let Some(Id::Number(number)) = self.selected() {
                    shared.start(work(shared, VoiceDoing::Accept(number)));
                }
            }
            Action::VoiceBack => drop(shared.start(work(shared, VoiceDoing::Back))),
            _ => {}
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        view::draw(self, shared, area, canvas);
    }
}

impl Voice {
    /// It has not come to its end.
    fn ended(&mut self, state: State, shared: &mut Shared) {
        if let Some(course) = &mut self.course {
            course.state = state;
        }
        // Whether it can go on is seen by what it left.
        self.read(shared);
    }
}
