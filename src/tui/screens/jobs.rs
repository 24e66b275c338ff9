//! Jobs: what is running, what ended and how, and the log.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::tui::app::{Gravity, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::job_list::{Job, State};
use crate::tui::keymap::{Action, Availability};
use crate::tui::numbers;
use crate::tui::pane::{Mouse, News, Pane};
use crate::tui::popups::reading::Reading;
use crate::tui::widgets::{self, Align, Cell, Column, List, Sentence, Table, Width};

const JOBS: u8 = 0;
const LOG: u8 = 1;

/// What is selected; jobs and log lines are listed newest first.
#[derive(Default)]
pub struct Jobs {
    work: List,
    log: List,
    on_log: bool,
}

impl Jobs {
    fn selected<'a>(&self, shared: &'a Shared) -> Option<&'a Job> {
        self.work.selected().and_then(|row| newest(shared).nth(row))
    }

    /// What is selected, to be read in full.
    fn reading(&self, shared: &Shared) -> Option<Reading> {
        if self.on_log {
            let note = self.log.selected().and_then(|row| shared.log.iter().rev().nth(row))?;
            return Some(Reading::new(format!("Log, {}", shared.clock(note.at)), note.text.clone()));
        }
        let job = self.selected(shared)?;
        let State::Failed(why) = &job.state else { return None };
        Some(Reading::new(job.title.clone(), why.clone()))
    }

    fn list(&mut self) -> &mut List {
        if self.on_log { &mut self.log } else { &mut self.work }
    }

    fn count(&mut self, shared: &Shared) {
        self.work.set_len(shared.jobs.all().len());
        self.log.set_len(shared.log.len());
    }
}

fn newest(shared: &Shared) -> impl Iterator<Item = &Job> {
    shared.jobs.all().iter().rev()
}

impl Pane for Jobs {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        let ended = || shared.jobs.all().iter().any(|job| job.state != State::Running);
        match action {
            Action::CancelSelected => Availability::when(
                !self.on_log && self.selected(shared).is_some_and(|job| job.state == State::Running),
                "Only a running job can be cancelled: select one with the arrow keys.",
            ),
            Action::ClearEnded => Availability::when(ended(), "No job has ended."),
            Action::NextPanel | Action::PreviousPanel => Availability::Yes,
            Action::Open => {
                Availability::when(self.reading(shared).is_some(), "There is nothing to read in full here.")
            }
            Action::Copy => Availability::when(!shared.log.is_empty(), "There is nothing to copy yet."),
            _ if self.on_log => self.log.availability(action),
            _ => self.work.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::CancelSelected => {
                if let Some(id) = self.selected(shared).map(|job| job.id) {
                    shared.cancel(id);
                }
            }
            Action::ClearEnded => shared.jobs.clear_ended(),
            Action::Open => {
                if let Some(reading) = self.reading(shared) {
                    shared.open(reading);
                }
            }
            Action::NextPanel | Action::PreviousPanel => self.on_log = !self.on_log,
            Action::Copy => {
                let lines: Vec<String> = shared
                    .log
                    .iter()
                    .map(|note| format!("{} {} {}", shared.clock(note.at), note.gravity.glyph(), note.text))
                    .collect();
                shared.copy("the log", lines.join("\n"));
            }
            _ => {
                self.list().act(action);
            }
        }
        self.count(shared);
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        let (list, index) = match hit {
            Hit::Row { list, index } => (list, Some(index)),
            Hit::List(list) => (list, None),
            _ => return,
        };
        self.on_log = list == LOG;
        if self.list().mouse(index, mouse) {
            shared.request(Request::Do(Action::Open));
        }
    }

    fn hear(&mut self, _: News<'_>, shared: &mut Shared) {
        self.count(shared);
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let wanted = (shared.jobs.all().len().max(1) as u16 + 3).min(area.height / 2).max(4);
        let [above, below] = area.layout(&Layout::vertical([Constraint::Length(wanted), Constraint::Min(0)]));
        let inside = widgets::panel(canvas, above, "Jobs", !self.on_log);
        if shared.jobs.all().is_empty() {
            widgets::empty(
                canvas,
                inside,
                &Sentence { what: "No job has run yet.", next: "They begin by themselves." },
            );
        } else {
            let columns = [
                Column::new("Job", Width::Fill(16), Align::Left, 0),
                Column::new("State", Width::Fill(14), Align::Left, 0),
                Column::new("Time", Width::Fixed(12), Align::Right, 1),
                Column::new("Began", Width::Fixed(8), Align::Left, 2),
            ];
            let mut list = self.work.clone();
            list.set_len(shared.jobs.all().len());
            let table = Table { columns: &columns, list: &list, id: JOBS, focused: !self.on_log };
            let theme = canvas.theme;
            table.draw(canvas, inside, |row, column| {
                let Some(job) = newest(shared).nth(row) else { return "".into() };
                match column {
                    0 => job.title.clone().into(),
                    1 => match &job.state {
                        State::Running => {
                            let phase = job.progress.as_ref().map_or("", |progress| progress.phase.as_ref());
                            let share =
                                job.share().map_or(String::new(), |share| format!("{:.0} % ", share * 100.0));
                            Cell::styled(format!("▸ {share}{phase}"), theme.accent)
                        }
                        State::Done => Cell::styled("✓ done", theme.good),
                        State::Failed(why) => Cell::styled(format!("✗ {why}"), theme.bad),
                        State::Cancelled => Cell::styled("- cancelled", theme.warning),
                    },
                    2 => numbers::duration(job.took(shared.now)).into(),
                    _ => Cell::styled(shared.clock(job.started), theme.dim),
                }
            });
        }
        let inside = widgets::panel(canvas, below, "Log", self.on_log);
        if shared.log.is_empty() {
            widgets::empty(canvas, inside, &Sentence { what: "Nothing to report yet.", next: "" });
            return;
        }
        let columns = [
            Column::new("Time", Width::Fixed(8), Align::Left, 1),
            Column::new("", Width::Fixed(1), Align::Left, 0),
            Column::new("What", Width::Fill(20), Align::Left, 0),
        ];
        let mut list = self.log.clone();
        list.set_len(shared.log.len());
        let table = Table { columns: &columns, list: &list, id: LOG, focused: self.on_log };
        let theme = canvas.theme;
        table.draw(canvas, inside, |row, column| {
            let Some(note) = shared.log.iter().rev().nth(row) else { return "".into() };
            match column {
                0 => Cell::styled(shared.clock(note.at), theme.dim),
                1 => Cell::styled(note.gravity.glyph(), note.gravity.style(theme)),
                _ if note.gravity >= Gravity::Bad => Cell::styled(note.text.clone(), theme.strong),
                _ => note.text.clone().into(),
            }
        });
    }
}
