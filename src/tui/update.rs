//! Turns an event into changes of state and effects. Pure: no files, threads, locks or clock.

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};

use super::app::{App, Gravity, Load, ModelState, Request, Shared, told_of};
use super::canvas::Hit;
use super::event::{Effect, Event, What};
use super::job_list::State;
use super::keymap::{Action, Availability, Key, Scope};
use super::pane::{Focus, Mouse, News};
use super::popups;
use super::screens::ScreenId;
use super::theme::Theme;
use super::work::{Outcome, Partial, ServerNews, Slot, Work};
use crate::jobs::{End, JobId, Signal};
use crate::workspace::DATABASE;
use crate::writing::served::Fault;

/// Rows that one notch of the wheel scrolls.
const WHEEL: i16 = 3;

/// Does what the event means.
pub fn update(app: &mut App, event: Event) -> Vec<Effect> {
    app.shared.now = app.shared.now.max(event.at);
    match event.what {
        What::Start => start(app),
        What::Key(key) => press(app, key),
        What::Mouse(mouse) => click(app, mouse),
        What::Paste(text) => {
            let (pane, shared) = app.front_mut();
            if pane.focus() != Focus::Keys {
                pane.pasted(&text, shared);
            }
        }
        What::Resize(columns, rows) => app.shared.size = (columns, rows),
        What::Tick => {
            for screen in ScreenId::ALL {
                app.screens.get_mut(screen).hear(News::Tick, &mut app.shared);
            }
        }
        What::Resumed => {}
        What::Terminate => quit(app),
        What::Job(id, signal) => job(app, id, signal),
        What::Edited { screen, text } => {
            let text = text.as_ref().map(String::as_str).map_err(String::as_str);
            app.screens.get_mut(screen).hear(News::Edited(text), &mut app.shared);
        }
    }
    while let Some(request) = app.shared.take_request() {
        answer(app, request);
    }
    let now = app.shared.now;
    app.shared.toasts.retain(|(until, _)| *until > now);
    app.shared.take_effects()
}

fn start(app: &mut App) {
    app.shared.reload();
    // What waits there is one of the next steps. A project without any has no database, and gets none for this.
    if app.shared.setup.folder.join(DATABASE).is_file() {
        app.shared.read_drafts();
    }
    if app.shared.setup.config.writing.model == "none" {
        app.shared.model = ModelState::TemplatesOnly;
    } else {
        app.shared.open_model();
    }
}

fn press(app: &mut App, event: KeyEvent) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    app.shared.dismiss_toasts();
    let key = Key::from(event);
    if let Some(action) = app.action_of(key) {
        perform(app, action);
        return;
    }
    let (pane, shared) = app.front_mut();
    if pane.focus() != Focus::Keys {
        pane.typed(event, shared);
    }
}

/// Does an action, or says why not.
fn perform(app: &mut App, action: Action) {
    match app.availability(action) {
        Availability::Hidden => {}
        Availability::No(why) => app.shared.toast(Gravity::Warning, why),
        Availability::Yes if action.row().scope == Scope::App => perform_app(app, action),
        Availability::Yes => {
            let (pane, shared) = app.front_mut();
            pane.act(action, shared);
        }
    }
}

fn perform_app(app: &mut App, action: Action) {
    match action {
        Action::Help => app.popups.push(Box::new(popups::help::Help::new(app))),
        Action::Palette => app.popups.push(Box::new(popups::palette::Palette::new(app))),
        Action::Overview => goto(app, ScreenId::Overview),
        Action::Segments => goto(app, ScreenId::Segments),
        Action::Customers => goto(app, ScreenId::Customers),
        Action::Strategies => goto(app, ScreenId::Strategies),
        Action::Review => goto(app, ScreenId::Review),
        Action::Campaigns => goto(app, ScreenId::Campaigns),
        Action::Results => goto(app, ScreenId::Results),
        Action::Jobs => goto(app, ScreenId::Jobs),
        Action::Voice => goto(app, ScreenId::Voice),
        Action::NextScreen => goto(app, app.screen.after(1)),
        Action::PreviousScreen => goto(app, app.screen.after(ScreenId::ALL.len() - 1)),
        Action::CancelJob => {
            if let Some(id) = app.shared.jobs.shown().map(|job| job.id) {
                app.shared.cancel(id);
            }
        }
        Action::OpenModel => app.shared.open_model(),
        Action::NextTheme => {
            let next = app.shared.theme.next_name();
            if let Some(theme) = Theme::named(next, app.shared.setup.no_color) {
                app.shared.theme = theme;
                app.shared.toast(Gravity::Info, format!("Theme: {next}."));
                keep_look(&mut app.shared);
            }
        }
        Action::Mouse => {
            app.shared.mouse = !app.shared.mouse;
            let on = app.shared.mouse;
            app.shared.effect(Effect::SetMouse(on));
            app.shared.toast(
                Gravity::Info,
                if on { "The mouse is on." } else { "The mouse is off: the terminal can select text." },
            );
            keep_look(&mut app.shared);
        }
        Action::Redraw => app.shared.effect(Effect::Redraw),
        Action::Suspend => app.shared.effect(Effect::Suspend),
        Action::Quit => {
            let unsaved: Vec<String> =
                ScreenId::ALL.iter().filter_map(|id| app.screens.get(*id).unsaved()).collect();
            if let Some(name) = app.screens.campaigns.being_sent() {
                let question = format!(
                    "“{name}” is being sent. It stops where it is, and goes on when you send it again; a message that is on \
                     its way at that moment may have to be looked up by hand. Leave?"
                );
                app.shared.confirm(None, Action::Quit, question);
            } else if app.screens.voice.is_learning() {
                let question = format!(
                    "A voice is being learnt. It stops, and {} on {} ({}) goes on from there, or a minute before. Leave?",
                    app.shared.keymap.shown(Action::ResumeLearning),
                    ScreenId::Voice.title(),
                    app.shared.keymap.shown(Action::Voice)
                );
                app.shared.confirm(None, Action::Quit, question);
            } else if unsaved.is_empty() {
                quit(app);
            } else {
                let question = format!("Leave and lose {}?", unsaved.join(" and "));
                app.shared.confirm(None, Action::Quit, question);
            }
        }
        _ => {}
    }
}

/// Theme and mouse as they are now stand in the user's own settings at the next start.
fn keep_look(shared: &mut Shared) {
    let Some(file) = shared.setup.user_file.clone() else { return };
    let (theme, mouse) = (shared.theme.name.to_owned(), shared.mouse);
    shared.start(Work::SaveLook { file, theme, mouse });
}

fn goto(app: &mut App, screen: ScreenId) {
    app.popups.clear();
    app.screen = screen;
    app.screens.get_mut(screen).hear(News::Entered, &mut app.shared);
}

fn quit(app: &mut App) {
    app.quitting = true;
    app.shared.effect(Effect::Quit);
}

fn answer(app: &mut App, request: Request) {
    match request {
        Request::Goto(screen) => goto(app, screen),
        Request::Open(popup) => app.popups.push(popup),
        Request::Close => drop(app.popups.pop()),
        Request::Do(action) => perform(app, action),
        Request::Confirmed(Some(screen), action) => {
            app.screens.get_mut(screen).confirmed(action, &mut app.shared);
        }
        Request::Answered(screen, action, text) => {
            app.screens.get_mut(screen).answered(action, &text, &mut app.shared);
        }
        Request::Confirmed(None, Action::Quit) => quit(app),
        Request::Confirmed(None, _) => {}
    }
}

fn click(app: &mut App, event: MouseEvent) {
    if !app.shared.mouse {
        return;
    }
    let Some(hit) = app.regions.at(event.column, event.row) else { return };
    let mouse = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Mouse::Click,
        MouseEventKind::ScrollDown => Mouse::Scroll(WHEEL),
        MouseEventKind::ScrollUp => Mouse::Scroll(-WHEEL),
        _ => return,
    };
    match (hit, mouse) {
        (Hit::Tab(screen), Mouse::Click) => goto(app, screen),
        (Hit::Action(action), Mouse::Click) => perform(app, action),
        (Hit::Outside, Mouse::Click) => perform(app, Action::Back),
        (Hit::Outside | Hit::Tab(_) | Hit::Action(_), _) => {}
        _ => {
            let (pane, shared) = app.front_mut();
            pane.mouse(hit, mouse, shared);
        }
    }
}

/// The one place where signals of jobs arrive, and where stale ones are dropped.
fn job(app: &mut App, id: JobId, signal: Signal<Partial, Outcome>) {
    match signal {
        Signal::Progress(progress) => app.shared.jobs.progress(id, progress, app.shared.now),
        Signal::Partial(partial) => {
            if app.shared.jobs.is_current(id) {
                if let (Partial::ModelFound, ModelState::Opening { job, found }) =
                    (&partial, &mut app.shared.model)
                    && *job == id
                {
                    *found = true;
                }
                if let Partial::Server(news) = &partial {
                    app.shared.model = match news.clone() {
                        ServerNews::Answered(identity) => ModelState::Served(identity),
                        ServerNews::Away { fault, why, instead } => ModelState::Away { fault, why, instead },
                    };
                }
                if let Partial::ModelFile(fate) = &partial
                    && std::mem::replace(&mut app.shared.model_file, *fate) != *fate
                    && let Some(fate) = fate
                {
                    let told = format!("The model: {}.", told_of(*fate));
                    app.shared.toast(Gravity::Warning, told);
                }
                // Not while another is being loaded in its place.
                if let Partial::ModelBroke(message) = &partial
                    && !matches!(app.shared.model, ModelState::Opening { job, .. } if job != id)
                {
                    if !matches!(app.shared.model, ModelState::Broken(_)) {
                        app.shared.log(Gravity::Bad, message.clone());
                    }
                    app.shared.model = ModelState::Broken(message.clone());
                }
                tell(app, News::Partial { id, partial: &partial });
            }
        }
        Signal::End(end) => {
            let state = match &end {
                End::Done(_) => State::Done,
                End::Failed(message) => State::Failed(message.clone()),
                End::Cancelled => State::Cancelled,
            };
            let Some(job) = app.shared.jobs.end(id, state, app.shared.now) else { return };
            if matches!(end, End::Done(_)) {
                // What went wrong before has been mended.
                let before = format!("{}: ", job.title);
                app.shared.toasts.retain(|(_, note)| !note.text.starts_with(&before));
            }
            match &end {
                End::Failed(message) => app.shared.toast(Gravity::Bad, format!("{}: {message}", job.title)),
                End::Cancelled | End::Done(_) if job.quiet => {}
                End::Cancelled => app.shared.log(Gravity::Warning, format!("{}: cancelled", job.title)),
                End::Done(_) => {
                    let took = super::numbers::duration(job.took(app.shared.now));
                    app.shared.log(Gravity::Good, format!("{}: done in {took}", job.title));
                }
            }
            settle(&mut app.shared, id, job.slot, &end);
            tell(app, News::Ended { id, slot: job.slot, end: &end });
        }
    }
}

fn tell(app: &mut App, news: News<'_>) {
    for screen in ScreenId::ALL {
        app.screens.get_mut(screen).hear(news, &mut app.shared);
    }
    for popup in &mut app.popups {
        popup.hear(news, &mut app.shared);
    }
}

/// What the end of a job means for what all panes share, and which job follows.
fn settle(shared: &mut Shared, id: JobId, slot: Option<Slot>, end: &End<Outcome>) {
    match end {
        End::Done(Outcome::Loaded(shop)) => {
            shared.shop = Load::Ready(Arc::clone(shop));
            let job = shared.start(Work::Summarise { shop: Arc::clone(shop) });
            shared.summary = Load::Loading(job);
            let as_of = shared.setup.config.data.as_of.as_ref().and_then(|date| date.parse().ok());
            let job = shared.start(Work::Features { shop: Arc::clone(shop), as_of });
            shared.features = Load::Loading(job);
        }
        End::Done(Outcome::QueueRead(desk) | Outcome::DraftsKept(desk) | Outcome::Decided { desk, .. }) => {
            shared.drafts = Some(desk.queue.counts());
        }
        End::Done(Outcome::Summarised(summary)) => shared.summary = Load::Ready(Arc::clone(summary)),
        End::Done(Outcome::Measured(features)) => {
            shared.features = Load::Ready(Arc::clone(features));
            shared.segment();
        }
        End::Done(Outcome::Segmented(segmentation)) => {
            shared.segmentation = Load::Ready(Arc::clone(segmentation));
            shared.profile();
        }
        End::Done(Outcome::ModelOpened(identity)) => {
            shared.model = match identity {
                Some(identity) => ModelState::Ready(identity.clone()),
                None => ModelState::TemplatesOnly,
            };
        }
        End::Done(Outcome::ServerAnswered(identity)) => shared.model = ModelState::Served(identity.clone()),
        End::Done(Outcome::ShopNameSaved(name)) => {
            shared.setup.config.brand.name.clone_from(name);
            shared.setup.shop_name.clone_from(name);
            shared.setup.unnamed_brand = None;
            shared.toast(
                Gravity::Good,
                format!("Messages are signed “{name}” from now on; saved in perennial.toml."),
            );
        }
        End::Done(Outcome::DataSaved(change)) => {
            change.apply(&mut shared.setup.config.data);
            shared.toast(Gravity::Good, "Saved in perennial.toml; reading the files again.");
            shared.reload();
        }
        End::Done(_) => {}
        End::Failed(message) => fail(shared, id, slot, message),
        End::Cancelled if slot == Some(Slot::Model) => {
            let key = shared.keymap.shown(Action::OpenModel);
            fail(shared, id, slot, &format!("Cancelled. Press {key} to load the model again."));
        }
        End::Cancelled => {
            let key = shared.keymap.shown(Action::Reload);
            fail(shared, id, slot, &format!("Cancelled. Press {key} on Overview to read the files again."));
        }
    }
}

fn fail(shared: &mut Shared, id: JobId, slot: Option<Slot>, message: &str) {
    fn note<T>(load: &mut Load<T>, id: JobId, message: &str) {
        if matches!(load, Load::Loading(job) if *job == id) {
            *load = Load::Failed(message.to_owned());
        }
    }
    match slot {
        Some(Slot::Preview) if matches!(shared.model, ModelState::Opening { job, .. } if job == id) => {
            shared.model =
                ModelState::Away { fault: Fault::NotAsked, why: message.to_owned(), instead: None };
        }
        Some(Slot::Load) => note(&mut shared.shop, id, message),
        Some(Slot::Summary) => note(&mut shared.summary, id, message),
        Some(Slot::Features) => note(&mut shared.features, id, message),
        Some(Slot::Segments) => note(&mut shared.segmentation, id, message),
        // What is wrong with the server has been told.
        Some(Slot::Model) if matches!(shared.model, ModelState::Away { .. }) => {}
        Some(Slot::Model) if shared.host().is_some() => {
            shared.model =
                ModelState::Away { fault: Fault::NotAsked, why: message.to_owned(), instead: None };
        }
        Some(Slot::Model) => shared.model = ModelState::Failed(message.to_owned()),
        _ => {}
    }
}
