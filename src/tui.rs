//! The dashboard.
//!
//! ```text
//!            Event                      Effect
//! runtime ----------> update(app) ------------------> runtime: threads, terminal, editor
//!    ^                    |                              |
//!    |                    v                              v
//!    |     view::draw(app) -> Regions            work::Runner -> Outcome
//!    +---------------------------------------------------+ (jobs: progress, parts, one end)
//! ```
//!
//! In: [`Options`]. Out: how it [`Ended`]. [`update::update`] is pure: the time comes in the event, and
//! whatever touches the world is an [`event::Effect`]. Views draw from state alone.
//!
//! | File | What it holds |
//! |---|---|
//! | [`app`] | [`app::App`], and [`app::Shared`]: what every pane sees (shop, features, segments, jobs, log, theme) |
//! | [`update`] | events in, effects out; where news of jobs arrives and stale news is dropped |
//! | [`keymap`] | the one table of actions, keys and sentences |
//! | [`pane`] | [`pane::Pane`]: what a screen and a popup implement |
//! | [`work`] | background work, its outcome, and the [`work::Services`] that do it |
//! | [`view`] | the frame around the screens: tabs, popups, toasts, status line, hints |
//! | [`canvas`] | what a pane draws on; the mouse's regions |
//! | [`widgets`] | bar, sparkline, table, facts, gauge, input, paragraph, scatter, sentences for empty states |
//! | [`text`], [`numbers`], [`measures`] | foreign text made harmless and measured; numbers and features for people |
//! | [`runtime`], [`terminal`] | the loop, threads, signals, editor; the terminal taken and given back |
//!
//! # How to add a screen (or fill one)
//!
//! A screen is `screens/NAME.rs`: a struct with its state, and its [`pane::Pane`]. Views go to
//! `screens/NAME/view.rs` when they grow.
//!
//! 1. **Keys.** Add lines under `Scope::Screen(ScreenId::Name)` in `keymap/table.rs`: variant, kebab-case name,
//!    keys, a label of one or two words, a sentence. Keys of `Scope::App` and `Scope::Front` are taken; a test
//!    finds conflicts. Moving about (arrows, `j`, `k`, pages, `tab`, `/` find, `y` copy, `enter` open, `esc`
//!    back) is in `Scope::Front` already: answer those actions.
//! 2. **[`pane::Pane::availability`]** answers for each action: `Yes`, `No(why, and what to do)`, or `Hidden`
//!    (means nothing here). Dispatch, hints, help and palette all ask it, so a hint cannot lie. For lists,
//!    fall through to `self.list.availability(action)`.
//! 3. **[`pane::Pane::act`]** does an available action. It changes `self` and asks `shared`: `shared.start(work)`,
//!    `shared.toast(gravity, text)`, `shared.copy(what, text)`, `shared.open(popup)`,
//!    `shared.confirm(Some(ScreenId::Name), action, question)` (then [`pane::Pane::confirmed`]),
//!    `shared.request(Request::Goto(screen))`, `shared.effect(Effect::Edit { .. })` for `$EDITOR`.
//!    No file, lock, clock or long loop: more than 16 ms is a job.
//! 4. **Background work.** Add a variant to [`work::Work`] and [`work::Outcome`] (and [`work::Partial`] for parts
//!    that stream), a slot if the newest is to win, and an arm in `Services::run`. The result arrives in
//!    [`pane::Pane::hear`] as [`pane::News::Ended`]; every screen hears everything, so look at the id or slot.
//!    Values that other screens need go into [`app::Shared`] in `update::settle`.
//! 5. **Typing.** While [`pane::Pane::focus`] says `Line` or `Text`, plain keys go to [`pane::Pane::typed`]; `enter`
//!    (in a line) arrives as `Action::Accept`, `esc` as `Action::Leave`; keys with ctrl or alt are actions still.
//! 6. **Drawing.** Use [`canvas::Canvas`] and [`widgets`]; foreign text is cleaned there. Styles come from
//!    `canvas.theme` by meaning, and a glyph or letter always says the same as a colour. Everything that can be
//!    clicked is a region ([`canvas::Hit`]): `Table` and `Paragraph` add theirs under the number you give; clicks
//!    arrive in [`pane::Pane::mouse`]. Anything may be 0 columns wide: use `saturating_sub`.
//!    Every empty, loading, failed and "nothing matches" state is a [`widgets::Sentence`] with what to do next;
//!    [`widgets::load_state`] draws those of a [`app::Load`].
//! 7. **Tests.** `tests/it/tui/harness.rs` runs the whole app: `Harness::new()`, `.keys("2 j enter")`,
//!    `.screen(80, 24)`; snapshot 120x40, 80x24 and 40x10 of each state. Every size from 0x0 is tried for all
//!    screens already.
//!
//! A popup is the same with [`pane::Popup`]; `Request::Close` closes the one in front.

pub mod app;
pub mod canvas;
pub mod event;
pub mod job_list;
pub mod keymap;
pub mod measures;
pub mod numbers;
pub mod pane;
pub mod popups;
pub mod runtime;
pub mod screens;
pub mod settings_file;
pub mod summary;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;
pub mod work;

pub use runtime::Ended;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, Unnamed};

/// What the dashboard is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    pub config: Config,
    /// The project's folder: `perennial.toml` is there.
    pub folder: PathBuf,
    /// Files or folders with the shop's tables.
    pub sources: Vec<PathBuf>,
    /// Where messages would be signed with the sample's name.
    pub unnamed_brand: Option<Unnamed>,
    /// `--set` of the command line.
    pub set: Vec<String>,
    /// Name of the person at this machine.
    pub person: String,
}

/// Why the dashboard could not be opened or went down.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error(
        "The dashboard needs a terminal, and standard input or output is none. `perennial run --out DIR` does the whole flow without one."
    )]
    NotATerminal,
    #[error(transparent)]
    Keymap(#[from] keymap::KeymapError),
    #[error("[tui] theme: there is no theme `{name}`. There are: {}.", theme::NAMES.join(", "))]
    Theme { name: String },
    #[error("The terminal cannot be used: {0}.")]
    Terminal(#[from] std::io::Error),
}

/// Opens the dashboard and runs it until it is left.
///
/// # Errors
/// No terminal, wrong `[tui]` settings, or the terminal is gone.
pub fn run(options: Options) -> Result<Ended, TuiError> {
    let keymap = keymap::Keymap::new(&options.config.tui.keys)?;
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let name = &options.config.tui.theme;
    let theme = theme::Theme::named(name, no_color).ok_or_else(|| TuiError::Theme { name: name.clone() })?;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(TuiError::NotATerminal);
    }
    let setup = app::Setup {
        shop_name: Some(options.config.brand.name.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "Your shop".to_owned()),
        unnamed_brand: options.unnamed_brand,
        config: options.config,
        folder: options.folder,
        sources: options.sources,
        no_color,
        user_file: crate::config::user_file(),
        set: options.set,
        person: options.person,
        started: jiff::ZonedDateTime::now(),
    };
    let app = app::App::new(setup, keymap, theme);
    Ok(runtime::run(app, Arc::new(work::Services::default()))?)
}
