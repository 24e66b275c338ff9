//! The state of the dashboard: what every pane shares, the screens, and the popups over them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::canvas::Regions;
use super::event::Effect;
use super::job_list::JobList;
use super::keymap::{Action, Availability, Key, Keymap, Scope};
use super::pane::{Focus, Pane, Popup};
use super::screens::{ScreenId, Screens};
use super::summary::Summary;
use super::theme::Theme;
use super::work::{Slot, Work};
use crate::config::{Config, Unnamed};
use crate::data::Shop;
use crate::features::Features;
use crate::jobs::JobId;
use crate::review::queue::Counts;
use crate::segments::Segmentation;
use crate::writing::ModelIdentity;
use crate::writing::catalogue::Choice;
use crate::writing::served::Fault;
use crate::writing::stamp::Fate;

/// Something that is loaded in the background.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Load<T> {
    /// Waits for something else.
    #[default]
    Waiting,
    Loading(JobId),
    Ready(T),
    /// Cause and remedy in words.
    Failed(String),
}

impl<T> Load<T> {
    /// The value, once it is there.
    pub fn ready(&self) -> Option<&T> {
        if let Self::Ready(value) = self { Some(value) } else { None }
    }
}

/// Where text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// By choice, or because no model could be had.
    TemplatesOnly,
    /// Being fetched or loaded; `found` once it is on this machine.
    Opening { job: JobId, found: bool },
    /// On this machine.
    Ready(ModelIdentity),
    /// Could not be loaded: cause and remedy in words; templates work meanwhile.
    Failed(String),
    /// A fault stopped it while it wrote: what happened, in words; templates work until it is loaded again.
    Broken(String),
    /// On a server that answers.
    Served(ModelIdentity),
    /// On a server that does not write: nothing is written, unless somebody writes `instead`.
    Away {
        fault: Fault,
        /// Cause and remedy in words.
        why: String,
        instead: Option<String>,
    },
}

/// That a model goes on without its file, in words.
#[must_use]
pub fn told_of(fate: Fate) -> &'static str {
    match fate {
        Fate::Gone => "its file is gone; what is loaded goes on",
        Fate::Changed => "its file has changed; what is loaded goes on",
    }
}

/// How grave a line is. The glyph says so besides the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    Info,
    Good,
    Warning,
    Bad,
}

impl Gravity {
    #[must_use]
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Info => "·",
            Self::Good => "✓",
            Self::Warning => "!",
            Self::Bad => "✗",
        }
    }

    #[must_use]
    pub fn style(self, theme: &Theme) -> ratatui::style::Style {
        match self {
            Self::Info => theme.dim,
            Self::Good => theme.good,
            Self::Warning => theme.warning,
            Self::Bad => theme.bad,
        }
    }
}

/// A line of the log, and a toast while it is young.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Time since the start.
    pub at: Duration,
    pub gravity: Gravity,
    pub text: String,
}

/// How long a toast stands.
const TOAST: Duration = Duration::from_secs(4);
/// The same for what went wrong.
const TOAST_BAD: Duration = Duration::from_secs(8);
/// A key sends a toast away that has stood this long: what came while somebody types is not lost.
const TOAST_SEEN: Duration = Duration::from_secs(1);
/// Lines that the log keeps.
const LOG_LINES: usize = 1_000;
/// While a job runs, the clock on the status line moves this often.
const ANIMATION: Duration = Duration::from_millis(250);

/// What a pane asks of the app.
pub enum Request {
    Goto(ScreenId),
    Open(Box<dyn Popup>),
    /// Close the popup in front.
    Close,
    /// Do an action as if its key had been pressed.
    Do(Action),
    /// Yes to a question that this screen asked; `None`: that the app asked.
    Confirmed(Option<ScreenId>, Action),
    /// What was typed in answer to a question that this screen asked.
    Answered(ScreenId, Action, String),
}

/// What the dashboard is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub config: Config,
    /// The project's folder.
    pub folder: PathBuf,
    /// Files or folders with the shop's tables.
    pub sources: Vec<PathBuf>,
    /// The name on the top line.
    pub shop_name: String,
    /// Where messages would be signed with the sample's name.
    pub unnamed_brand: Option<Unnamed>,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// The user's own settings, for all projects: what is kept there is of the person, not of the shop.
    pub user_file: Option<PathBuf>,
    /// `--set` of the command line: it goes before the files when they are read again.
    pub set: Vec<String>,
    /// Name of the person at this machine.
    pub person: String,
    /// The wall clock at the start, in the zone in which times are shown.
    pub started: jiff::ZonedDateTime,
}

/// What every pane sees.
pub struct Shared {
    pub setup: Setup,
    /// Time since the start, as of the last event.
    pub now: Duration,
    pub theme: Theme,
    pub keymap: Keymap,
    pub mouse: bool,
    /// Columns and rows of the window.
    pub size: (u16, u16),
    pub shop: Load<Arc<Shop>>,
    pub summary: Load<Arc<Summary>>,
    pub features: Load<Arc<Features>>,
    pub segmentation: Load<Arc<Segmentation>>,
    /// The segment (index of the clusters) that was looked at last: Strategies writes for it.
    pub segment: Option<usize>,
    /// To what Customers is to be narrowed when it is entered next.
    pub only: Option<super::screens::customers::Only>,
    pub model: ModelState,
    /// What has become of its file, where it is loaded and goes on without.
    pub model_file: Option<Fate>,
    /// How many drafts there are; `None` while nobody has counted them.
    pub drafts: Option<Counts>,
    pub jobs: JobList,
    pub log: VecDeque<Note>,
    /// Notes that stand under the screen, with the time at which they go.
    pub toasts: Vec<(Duration, Note)>,
    effects: Vec<Effect>,
    requests: VecDeque<Request>,
}

impl Shared {
    /// Starts work; its news is heard by every pane.
    pub fn start(&mut self, work: Work) -> JobId {
        let (id, replaced) = self.jobs.start(&work, self.now);
        if let Some(replaced) = replaced {
            self.effects.push(Effect::Cancel(replaced));
        }
        self.effects.push(Effect::Start(id, work));
        id
    }

    /// Asks a job to stop.
    pub fn cancel(&mut self, id: JobId) {
        self.effects.push(Effect::Cancel(id));
    }

    /// Asks the job in a slot to stop, if there is one.
    pub fn cancel_slot(&mut self, slot: Slot) {
        if let Some(id) = self.jobs.in_slot(slot) {
            self.cancel(id);
        }
    }

    /// Shows a line for a few seconds or until a key is pressed, and logs it. Two stand at most: what went well, and
    /// what did not.
    pub fn toast(&mut self, gravity: Gravity, text: impl Into<String>) {
        let text = text.into();
        let until = self.now + if gravity >= Gravity::Warning { TOAST_BAD } else { TOAST };
        let trouble = |gravity: Gravity| gravity >= Gravity::Warning;
        self.toasts.retain(|(_, note)| trouble(note.gravity) != trouble(gravity));
        self.toasts.push((until, Note { at: self.now, gravity, text: text.clone() }));
        self.log(gravity, text);
    }

    /// A key was pressed: what has stood long enough to be seen goes.
    pub(super) fn dismiss_toasts(&mut self) {
        let now = self.now;
        self.toasts.retain(|(_, note)| now < note.at + TOAST_SEEN);
    }

    /// Adds a line to the log.
    pub fn log(&mut self, gravity: Gravity, text: impl Into<String>) {
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(Note { at: self.now, gravity, text: text.into() });
    }

    /// Asks the runtime for something.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Asks the app for something; done as soon as the pane returns.
    pub fn request(&mut self, request: Request) {
        self.requests.push_back(request);
    }

    /// Opens a popup.
    pub fn open(&mut self, popup: impl Popup + 'static) {
        self.request(Request::Open(Box::new(popup)));
    }

    /// Puts text on the clipboard and says so.
    pub fn copy(&mut self, what: &str, text: String) {
        self.effects.push(Effect::Copy(text));
        self.toast(Gravity::Good, format!("Copied {what}."));
    }

    /// Asks a question; the screen's [`Pane::confirmed`] hears a yes.
    pub fn confirm(&mut self, screen: Option<ScreenId>, action: Action, question: impl Into<String>) {
        self.open(super::popups::confirm::Confirm::new(screen, action, question.into()));
    }

    /// Groups the customers again with the settings' options; what hangs on it follows.
    pub fn segment(&mut self) {
        let Load::Ready(features) = &self.features else { return };
        let segments = &self.setup.config.segments;
        let options =
            crate::segments::Options { k: segments.k, seed: segments.seed, names: segments.names.clone() };
        let work = Work::Segment { features: Arc::clone(features), options };
        self.segmentation = Load::Loading(self.start(work));
    }

    /// Profiles all clusters of the grouping that there is now.
    pub fn profile(&mut self) {
        let (Load::Ready(shop), Load::Ready(features), Load::Ready(segmentation)) =
            (&self.shop, &self.features, &self.segmentation)
        else {
            return;
        };
        let work = Work::Profiles {
            shop: Arc::clone(shop),
            features: Arc::clone(features),
            segmentation: Arc::clone(segmentation),
        };
        self.start(work);
    }

    /// Makes up for profiles that could not be made before.
    pub fn profile_if_idle(&mut self) {
        if self.jobs.in_slot(Slot::Profiles).is_none() {
            self.profile();
        }
    }

    /// Reads the files again.
    pub fn reload(&mut self) {
        let work = Work::Load {
            sources: self.setup.sources.clone(),
            settings: self.setup.config.data.clone(),
            folder: self.setup.folder.clone(),
        };
        // What was being worked out hangs on the files as they were.
        for slot in [Slot::Summary, Slot::Features, Slot::Segments, Slot::Profiles] {
            self.cancel_slot(slot);
        }
        self.shop = Load::Loading(self.start(work));
        self.summary = Load::Waiting;
        self.features = Load::Waiting;
        self.segmentation = Load::Waiting;
    }

    /// Reads the drafts of the project.
    pub fn read_drafts(&mut self) -> JobId {
        let banned_words = self.setup.config.banned_words();
        self.start(Work::LoadQueue { folder: self.setup.folder.clone(), banned_words })
    }

    /// Opens the model that the settings name.
    pub fn open_model(&mut self) {
        let settings = Box::new(self.setup.config.writing.clone());
        let job = self.start(Work::OpenModel { settings, folder: self.setup.folder.clone() });
        self.model = ModelState::Opening { job, found: false };
    }

    /// The host of the server that writes, where one does.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        Choice::host(&self.setup.config.writing.model)
    }

    /// The wall clock now, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn unix_milliseconds(&self) -> i64 {
        self.setup.started.timestamp().as_millisecond() + self.now.as_millis() as i64
    }

    /// The wall clock at a time since the start, as `14:05:09`.
    #[must_use]
    pub fn clock(&self, at: Duration) -> String {
        let zoned = jiff::SignedDuration::try_from(at)
            .ok()
            .and_then(|at| self.setup.started.checked_add(at).ok())
            .unwrap_or_else(|| self.setup.started.clone());
        zoned.strftime("%H:%M:%S").to_string()
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn take_request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }
}

/// The whole dashboard.
pub struct App {
    pub shared: Shared,
    pub screen: ScreenId,
    pub screens: Screens,
    /// The last one is in front.
    pub popups: Vec<Box<dyn Popup>>,
    /// What the mouse can hit: set by whoever has drawn the last frame.
    pub regions: Regions,
    pub quitting: bool,
}

impl App {
    /// A dashboard with nothing loaded yet. The keymap and the theme are checked before, so that what is
    /// wrong in the settings is said on the ordinary screen.
    #[must_use]
    pub fn new(setup: Setup, keymap: Keymap, theme: Theme) -> Self {
        let mouse = setup.config.tui.mouse;
        Self {
            shared: Shared {
                setup,
                now: Duration::ZERO,
                theme,
                keymap,
                mouse,
                size: (0, 0),
                shop: Load::Waiting,
                summary: Load::Waiting,
                features: Load::Waiting,
                segmentation: Load::Waiting,
                segment: None,
                only: None,
                model: ModelState::TemplatesOnly,
                model_file: None,
                drafts: None,
                jobs: JobList::default(),
                log: VecDeque::new(),
                toasts: Vec::new(),
                effects: Vec::new(),
                requests: VecDeque::new(),
            },
            screen: ScreenId::Overview,
            screens: Screens::default(),
            popups: Vec::new(),
            regions: Regions::default(),
            quitting: false,
        }
    }

    /// The pane that has the keys: the popup in front, or the screen.
    #[must_use]
    pub fn front(&self) -> &dyn Pane {
        match self.popups.last() {
            Some(popup) => popup.as_ref(),
            None => self.screens.get(self.screen),
        }
    }

    /// The pane that has the keys, and what it shares with the others.
    pub fn front_mut(&mut self) -> (&mut dyn Pane, &mut Shared) {
        match self.popups.last_mut() {
            Some(popup) => (popup.as_mut(), &mut self.shared),
            None => (self.screens.get_mut(self.screen), &mut self.shared),
        }
    }

    /// Scopes whose keys count now, the nearest first.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes = Vec::new();
        if self.front().focus() != Focus::Keys {
            scopes.push(Scope::Typing);
        }
        scopes.push(if self.popups.is_empty() { Scope::Screen(self.screen) } else { Scope::Popup });
        scopes.push(Scope::Front);
        scopes.push(Scope::App);
        scopes
    }

    /// Whether an action can be done now. Dispatch, hints and help ask here.
    #[must_use]
    pub fn availability(&self, action: Action) -> Availability {
        match action.row().scope {
            Scope::App => self.app_availability(action),
            Scope::Typing if self.front().focus() == Focus::Keys => Availability::Hidden,
            Scope::Typing if action == Action::Accept && self.front().focus() == Focus::Text => {
                Availability::Hidden
            }
            Scope::Screen(screen) if screen != self.screen || !self.popups.is_empty() => Availability::Hidden,
            Scope::Popup if self.popups.is_empty() => Availability::Hidden,
            _ => self.front().availability(action, &self.shared),
        }
    }

    fn app_availability(&self, action: Action) -> Availability {
        match action {
            Action::CancelJob => Availability::when(self.shared.jobs.shown().is_some(), "No job is running."),
            Action::OpenModel => match &self.shared.model {
                ModelState::Failed(_) | ModelState::Broken(_) | ModelState::Away { .. } => Availability::Yes,
                ModelState::Served(_) => Availability::No("The server answers.".into()),
                ModelState::Ready(_) => Availability::No("The model is loaded.".into()),
                ModelState::Opening { .. } => Availability::No("The model is being loaded.".into()),
                ModelState::TemplatesOnly => Availability::No(
                    "Templates only were asked for. Name a model under [writing], or start with --model NAME.".into(),
                ),
            },
            _ => Availability::Yes,
        }
    }

    /// The action that a key stands for now, in the order in which scopes count. A key for the text of a
    /// pane that is being typed into stands for none, unless it ends the typing.
    #[must_use]
    pub fn action_of(&self, key: Key) -> Option<Action> {
        let typing = self.front().focus() != Focus::Keys;
        self.scopes().into_iter().find_map(|scope| {
            // Moving about belongs to the text, and so do plain keys.
            if typing && (scope == Scope::Front || key.is_for_text() && scope != Scope::Typing) {
                return None;
            }
            let action = self.shared.keymap.action(key, scope)?;
            (self.availability(action) != Availability::Hidden).then_some(action)
        })
    }

    /// When the next [`super::event::What::Tick`] is due; `None`: nothing moves until something happens.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        let toast = self.shared.toasts.iter().map(|(until, _)| *until).min();
        let running = self.shared.jobs.running().next().map(|_| self.shared.now + ANIMATION);
        let panes = ScreenId::ALL.into_iter().filter_map(|id| self.screens.get(id).wake_at()).min();
        [toast, running, panes].into_iter().flatten().min()
    }
}
