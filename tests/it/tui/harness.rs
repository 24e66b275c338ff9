//! The whole dashboard on a terminal of memory: keys in, screens out, jobs by a script.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use perennial::config::Config;
use perennial::jobs::{Cancel, Failure, JobId, Progress, Signal, Task, run};
use perennial::tui::app::{App, Setup};
use perennial::tui::event::{Effect, Event, What};
use perennial::tui::keymap::{Key, Keymap};
use perennial::tui::theme::Theme;
use perennial::tui::update::update;
use perennial::tui::view;
use perennial::tui::work::{Outcome, Partial, Runner, Work};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// Does work by a script: the function answers, or says `None` to hold the job for ever.
pub struct Script<F>(pub F);

/// Marks a job that is to be held.
pub const HOLD: &str = "hold this job";

impl<F> Runner for Script<F>
where
    F: Fn(&Work) -> Option<Result<Outcome, Failure>> + Send + Sync,
{
    fn run(&self, work: Work, _: &Task<'_>, _: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        (self.0)(&work).unwrap_or_else(|| Err(Failure::Failed(HOLD.into())))
    }
}

/// The dashboard under test.
pub struct Harness {
    pub app: App,
    pub runner: Arc<dyn Runner>,
    pub at: Duration,
    /// Effects that were not jobs, in order.
    pub effects: Vec<Effect>,
    /// Jobs that are held.
    pub held: Vec<JobId>,
}

impl Harness {
    /// A dashboard whose jobs run inline by `runner`; not started yet.
    pub fn with(config: Config, runner: impl Runner + 'static) -> Self {
        let keymap = Keymap::new(&config.tui.keys).unwrap();
        let theme = Theme::named(&config.tui.theme, false).unwrap();
        let setup = Setup {
            unnamed_brand: None,
            shop_name: config.brand.name.clone(),
            config,
            folder: "/nowhere".into(),
            sources: vec!["/nowhere/data".into()],
            no_color: false,
            user_file: None,
            set: Vec::new(),
            person: "anybody".into(),
            started: "2025-11-03T09:00:00+01:00[Europe/Berlin]".parse().unwrap(),
        };
        let mut app = App::new(setup, keymap, theme);
        app.shared.size = (120, 40);
        Self { app, runner: Arc::new(runner), at: Duration::ZERO, effects: Vec::new(), held: Vec::new() }
    }

    /// The same, with a function that answers for jobs.
    pub fn scripted(
        script: impl Fn(&Work) -> Option<Result<Outcome, Failure>> + Send + Sync + 'static,
    ) -> Self {
        Self::with(Config::default(), Script(script))
    }

    /// Opens the window and runs until nothing is left to do.
    pub fn start(mut self) -> Self {
        self.happen(What::Start);
        self
    }

    /// An event, and all jobs that follow from it.
    pub fn happen(&mut self, what: What) {
        let mut events = std::collections::VecDeque::from([what]);
        while let Some(what) = events.pop_front() {
            self.at += Duration::from_millis(10);
            for effect in update(&mut self.app, Event { at: self.at, what }) {
                match effect {
                    Effect::Start(id, work) => events.extend(self.job(id, work)),
                    Effect::Cancel(id) => {
                        if self.held.contains(&id) {
                            self.held.retain(|held| *held != id);
                            events.push_back(What::Job(id, Signal::End(perennial::jobs::End::Cancelled)));
                        }
                        self.effects.push(Effect::Cancel(id));
                    }
                    other => self.effects.push(other),
                }
            }
        }
    }

    fn job(&mut self, id: JobId, work: Work) -> Vec<What> {
        let (sender, signals) = crossbeam_channel::unbounded();
        let tell = move |signal| drop(sender.send(signal));
        let runner = Arc::clone(&self.runner);
        let end = run(&tell, &Cancel::default(), |task, partial| runner.run(work, task, partial));
        drop(tell);
        let mut told: Vec<What> = signals.try_iter().map(|signal| What::Job(id, signal)).collect();
        if matches!(&end, perennial::jobs::End::Failed(message) if message == HOLD) {
            self.held.push(id);
        } else {
            told.push(What::Job(id, Signal::End(end)));
        }
        told
    }

    /// A script of keys, separated by spaces: `2 j enter ctrl-x`.
    pub fn keys(mut self, script: &str) -> Self {
        for word in script.split_whitespace() {
            let key: Key = word.parse().unwrap();
            self.happen(What::Key(crossterm::event::KeyEvent::new(key.code, key.modifiers)));
        }
        self
    }

    /// Text, character by character.
    pub fn types(mut self, text: &str) -> Self {
        for character in text.chars() {
            let code = crossterm::event::KeyCode::Char(character);
            self.happen(What::Key(crossterm::event::KeyEvent::new(code, KeyModifiers::NONE)));
        }
        self
    }

    /// A click of the left button, after a frame of that size has been drawn.
    pub fn click(mut self, size: (u16, u16), column: u16, row: u16) -> Self {
        self.screen(size.0, size.1);
        self.happen(What::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column,
            row,
            modifiers: KeyModifiers::NONE,
        }));
        self
    }

    /// A click on the first place where that text stands.
    pub fn click_on(mut self, size: (u16, u16), text: &str) -> Self {
        let screen = self.screen(size.0, size.1);
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect(text);
        let before = &line[..line.find(text).unwrap()];
        let column = perennial::tui::text::width(before);
        self.click(size, column as u16, row as u16)
    }

    /// Progress of a held job.
    pub fn progress(mut self, job: usize, phase: &'static str, done: u64, total: Option<u64>) -> Self {
        let id = self.held[job];
        let progress = Progress { phase: phase.into(), done, total };
        self.happen(What::Job(id, Signal::Progress(progress)));
        self
    }

    /// Lets time pass.
    pub fn wait(mut self, time: Duration) -> Self {
        self.at += time;
        self.happen(What::Tick);
        self
    }

    /// What the window shows at a size.
    pub fn screen(&mut self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        self.app.shared.size = (width, height);
        let app = &self.app;
        let mut regions = None;
        terminal.draw(|frame| regions = Some(view::draw(app, frame))).unwrap();
        self.app.regions = regions.unwrap();
        let buffer = terminal.backend().buffer();
        let mut out = String::new();
        for y in 0..height {
            let mut line = String::new();
            let mut x = 0;
            while x < width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += (perennial::tui::text::width(symbol) as u16).max(1);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The screen at the three sizes that snapshots are kept of.
    pub fn screens(&mut self) -> String {
        [(120, 40), (80, 24), (40, 10)]
            .map(|(width, height)| format!("--- {width}x{height}\n{}", self.screen(width, height)))
            .concat()
    }
}
