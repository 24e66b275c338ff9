//! The loop: waits, takes in what has happened, draws at most one frame, and does what `update` asks for.
//!
//! Keys come before news of jobs. A frame is drawn at once after a key, and at most every 33 ms for news.
//! Where nothing moves, the loop blocks: no wake-ups, no bytes.

mod editor;
mod input;
mod signals;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender, unbounded};

use super::app::App;
use super::event::{Effect, Event, What};
use super::terminal::Terminal;
use super::update::update;
use super::view;
use super::work::{Outcome, Partial, Runner};
use crate::jobs::{self, Handle, JobId, Signal};

/// How the dashboard ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By a key.
    Quit,
    /// By a signal of the system.
    Signal(i32),
}

/// News of jobs is drawn at most this often.
const FRAME: Duration = Duration::from_millis(33);
/// News taken in before keys are looked for again.
const BATCH: usize = 1_024;
/// How long the end waits for jobs that were told to stop.
const GRACE: Duration = Duration::from_millis(400);

/// What comes from outside: the keyboard and the system.
enum Outside {
    Event(crossterm::event::Event),
    Signal(i32),
    /// Nobody can press a key any more.
    InputLost,
}

type News = (JobId, Signal<Partial, Outcome>);

/// Everything that the loop holds.
struct Runtime {
    started: Instant,
    terminal: Terminal,
    runner: Arc<dyn Runner>,
    handles: HashMap<JobId, Handle>,
    news: Sender<News>,
    input: input::Input,
    signal: Option<i32>,
    ended: bool,
}

/// Runs the dashboard until it is left.
///
/// # Errors
/// The terminal cannot be taken over or is gone.
pub fn run(mut app: App, runner: Arc<dyn Runner>) -> io::Result<Ended> {
    let started = Instant::now();
    let (news_sender, news) = unbounded();
    let (outside_sender, outside) = unbounded();
    let terminal = Terminal::enter(app.shared.mouse)?;
    app.shared.size = terminal.size()?;
    let mut runtime = Runtime {
        started,
        terminal,
        runner,
        handles: HashMap::new(),
        news: news_sender,
        input: input::Input::listen(outside_sender.clone())?,
        signal: None,
        ended: false,
    };
    signals::listen(outside_sender)?;
    runtime.draw(&mut app)?;
    runtime.happen(&mut app, What::Start)?;
    let result = runtime.turn(&mut app, &outside, &news);
    // The terminal first: what follows may take a moment.
    drop(runtime.terminal);
    runtime.handles.values().for_each(Handle::cancel);
    let deadline = Instant::now() + GRACE;
    while !runtime.handles.is_empty()
        && let Ok((id, signal)) = news.recv_deadline(deadline)
    {
        if matches!(signal, Signal::End(_)) {
            runtime.handles.remove(&id);
        }
    }
    result?;
    Ok(runtime.signal.map_or(Ended::Quit, Ended::Signal))
}

impl Runtime {
    fn turn(&mut self, app: &mut App, outside: &Receiver<Outside>, news: &Receiver<News>) -> io::Result<()> {
        let mut drawn = Instant::now();
        let (mut key, mut changed) = (false, true);
        while !self.ended {
            while let Ok(message) = outside.try_recv() {
                key = true;
                self.take(app, message)?;
            }
            for _ in 0..BATCH {
                let Ok((id, signal)) = news.try_recv() else { break };
                changed = true;
                let end = matches!(signal, Signal::End(_));
                self.happen(app, What::Job(id, signal))?;
                if end {
                    self.handles.remove(&id);
                }
                if !outside.is_empty() {
                    break;
                }
            }
            if app.wake_at().is_some_and(|at| at <= self.started.elapsed()) {
                changed = true;
                self.happen(app, What::Tick)?;
            }
            if self.ended || !outside.is_empty() {
                continue;
            }
            if key || changed && drawn.elapsed() >= FRAME {
                self.draw(app)?;
                drawn = Instant::now();
                (key, changed) = (false, false);
            }
            self.wait(app, outside, news, changed.then(|| FRAME.saturating_sub(drawn.elapsed())));
        }
        Ok(())
    }

    /// Blocks until something happens, a frame is due, or the state wants to be woken.
    fn wait(&self, app: &App, outside: &Receiver<Outside>, news: &Receiver<News>, frame: Option<Duration>) {
        let wake = app.wake_at().map(|at| at.saturating_sub(self.started.elapsed()));
        let mut select = Select::new();
        select.recv(outside);
        if frame.is_none() {
            select.recv(news);
        }
        match [wake, frame].into_iter().flatten().min() {
            Some(timeout) => drop(select.ready_timeout(timeout)),
            None => drop(select.ready()),
        }
    }

    fn take(&mut self, app: &mut App, message: Outside) -> io::Result<()> {
        use crossterm::event::Event as Terminal;
        match message {
            Outside::Event(Terminal::Key(key)) => self.happen(app, What::Key(key)),
            Outside::Event(Terminal::Mouse(mouse)) => self.happen(app, What::Mouse(mouse)),
            Outside::Event(Terminal::Paste(text)) => self.happen(app, What::Paste(text)),
            // A new size comes as a signal.
            Outside::Event(_) => Ok(()),
            Outside::Signal(signals::RESIZED) => {
                self.input.look();
                let (columns, rows) = self.terminal.size()?;
                self.happen(app, What::Resize(columns, rows))
            }
            Outside::Signal(signals::STOP) => self.suspend(app),
            Outside::Signal(signals::CONTINUED) => {
                self.terminal.lend(|| ())?;
                self.happen(app, What::Resumed)
            }
            Outside::Signal(signal) => {
                self.signal = Some(signal);
                self.happen(app, What::Terminate)
            }
            Outside::InputLost => self.happen(app, What::Terminate),
        }
    }

    fn happen(&mut self, app: &mut App, what: What) -> io::Result<()> {
        let event = Event { at: self.started.elapsed(), what };
        for effect in update(app, event) {
            self.perform(app, effect)?;
        }
        Ok(())
    }

    fn draw(&mut self, app: &mut App) -> io::Result<()> {
        let mut regions = None;
        self.terminal.draw(|frame| regions = Some(view::draw(app, frame)))?;
        app.regions = regions.unwrap_or_default();
        Ok(())
    }

    fn perform(&mut self, app: &mut App, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Start(id, work) => {
                let (runner, news) = (Arc::clone(&self.runner), self.news.clone());
                let handle = jobs::spawn(
                    &id.0.to_string(),
                    move |signal| drop(news.send((id, signal))),
                    move |task, tell| runner.run(work, task, tell),
                );
                self.handles.insert(id, handle);
            }
            Effect::Cancel(id) => {
                if let Some(handle) = self.handles.get(&id) {
                    handle.cancel();
                }
            }
            Effect::Copy(text) => self.terminal.copy(&text)?,
            Effect::Edit { screen, text, suffix } => {
                self.input.pause();
                let text = self.terminal.lend(|| editor::edit(&text, suffix))?;
                self.input.resume();
                self.happen(app, What::Edited { screen, text })?;
            }
            Effect::SetMouse(on) => self.terminal.set_mouse(on)?,
            Effect::Suspend => self.suspend(app)?,
            Effect::Redraw => self.terminal.forget()?,
            Effect::Quit => self.ended = true,
        }
        Ok(())
    }

    /// Stops the program, as the shell's job control expects, and goes on when it is continued.
    fn suspend(&mut self, app: &mut App) -> io::Result<()> {
        self.input.pause();
        self.terminal.lend(signals::stop)?;
        self.input.resume();
        self.happen(app, What::Resumed)
    }
}
