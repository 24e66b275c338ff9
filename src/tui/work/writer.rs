//! The engine of the dashboard: opened, then asked for previews. Without it, the strategies' own texts are shown. One
//! that has failed or broken is replaced when it is opened again.

mod kept;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};

use self::kept::{Stays, beside};
use super::{Outcome, Partial, ServerNews};
use crate::config::WritingConfig;
use crate::jobs::{Cancel, Cancelled, Failure, Task};
use crate::own_voice;
use crate::review::{self, merge::shown_customers};
use crate::segments::Group;
use crate::strategy::{Strategy, facts_for_customer, facts_for_segment};
use crate::tui::screens::strategies::{CheckedDraft, Order, Part};
use crate::writing::adapter::{Identities, Library};
use crate::writing::catalogue::Choice;
use crate::writing::desk::{Desk, EngineState, Receipt};
use crate::writing::doubt::Considered;
use crate::writing::drafts::{Assignment, Told, write_drafts};
use crate::writing::remembered::Remembered;
use crate::writing::served::{Address, Served, Server, Settings};
use crate::writing::stamp::{Fate, Watch};
use crate::writing::templates::Templates;
use crate::writing::voice::Voice;
use crate::writing::{Draft, ModelIdentity, Piece, TextEngine, WritingError, doubt};

/// How often a waiting job looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(20);

/// Customers that a preview may be shown with, one after the other.
const EXAMPLES: usize = 5;

/// What fetches and loads the model of a choice.
pub type Loader = dyn Fn(&Choice, &Task<'_>) -> Result<Box<dyn TextEngine>, WritingError> + Send + Sync;

pub struct Writer {
    desk: Mutex<Option<Arc<Desk>>>,
    load: Arc<Loader>,
    /// Of the file that the desk's engine was loaded from.
    file: Arc<Mutex<Option<Watch>>>,
    adapters: Identities,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new(Arc::new(|choice: &Choice, task: &Task<'_>| choice.fetch_and_load(task)))
    }
}

impl Writer {
    pub fn new(load: Arc<Loader>) -> Self {
        Self { desk: Mutex::default(), load, file: Arc::default(), adapters: Identities::default() }
    }

    /// The desk whose engine can write. One that broke is told of: whoever was there then may not have heard of it.
    fn desk(&self, tell: &dyn Fn(Partial)) -> Option<Arc<Desk>> {
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        match desk.state() {
            EngineState::Ready { .. } => Some(desk),
            EngineState::Broken { message } => {
                tell(Partial::ModelBroke(message));
                None
            }
            EngineState::Loading { .. } | EngineState::Failed { .. } => None,
        }
    }

    /// What has become of the file that the engine was loaded from.
    fn fate(&self) -> Option<Fate> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.fate()
    }

    fn put(&self, desk: Option<Arc<Desk>>) {
        let before = std::mem::replace(&mut *self.desk.lock().unwrap_or_else(PoisonError::into_inner), desk);
        // Its thread may have something to finish: not under the lock.
        drop(before);
    }

    /// The desk of the engine that asks a server. It is there whether the server is or not: each preview asks anew.
    fn desk_of(&self, server: (Address, Settings)) -> Result<Arc<Desk>, Failure> {
        let mut place = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = place.as_ref().filter(|desk| !matches!(desk.state(), EngineState::Broken { .. }))
        {
            return Ok(Arc::clone(desk));
        }
        let server = Server::new(server.0, server.1)?;
        let engine = Remembered::new(Box::new(Served::new(server)));
        let desk = Desk::start(move |_| Ok(Box::new(engine)), |_| {}).map_err(|error| no_thread(&error))?;
        Ok(Arc::clone(place.insert(Arc::new(desk))))
    }

    /// Asks a server whether it is there.
    fn greet(
        &self,
        served: (Address, Settings),
        task: &Task<'_>,
        tell: &dyn Fn(Partial),
    ) -> Result<Outcome, Failure> {
        // A preview need not wait for this, nor this for a preview.
        let mut engine = Served::new(Server::new(served.0.clone(), served.1.clone())?);
        self.desk_of(served)?;
        let answered = engine.greet(task.cancel());
        if let (Err(WritingError::Failed(why)), Some(fault)) = (&answered, engine.fault()) {
            tell(Partial::Server(ServerNews::Away { fault, why: why.clone(), instead: None }));
        }
        answered?;
        Ok(Outcome::ServerAnswered(engine.identity().clone()))
    }

    /// Finds the model on this machine or fetches it, and loads it; or asks the server that has it. The engine's thread
    /// goes on after the job.
    pub fn open(
        &self,
        settings: &WritingConfig,
        library: &Library,
        task: &Task<'_>,
        tell: &dyn Fn(Partial),
    ) -> Result<Outcome, Failure> {
        // What is loaded is all that is left of it.
        if self.fate() == Some(Fate::Gone)
            && let Some(EngineState::Ready { identity }) = self.desk(tell).map(|desk| desk.state())
        {
            tell(Partial::ModelFile(Some(Fate::Gone)));
            return Ok(Outcome::ModelOpened(Some(identity)));
        }
        let choice = Choice::of(settings)?;
        if let Choice::Served(served) = choice {
            tell(Partial::ModelFound);
            return self.greet(*served, task, tell);
        }
        // What an engine before it holds of memory is free for this one.
        self.put(None);
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
        tell(Partial::ModelFile(None));
        if choice == Choice::Templates {
            return Ok(Outcome::ModelOpened(None));
        }
        let here = match &choice {
            Choice::Named(entry) => entry.is_fetched(),
            _ => true,
        };
        if here {
            tell(Partial::ModelFound);
        }
        let (news, states) = unbounded();
        let (load, file) = (Arc::clone(&self.load), Arc::clone(&self.file));
        let adapter = library.wanted(None, settings);
        let load = move |task: &Task<'_>| {
            let mut engine: Box<dyn TextEngine> = Box::new(Remembered::new(load(&choice, task)?));
            // What is wrong with the adapter is told when something is to be written with it.
            if let Ok(Some(adapter)) = adapter {
                let _ = engine.adapt(Some(&adapter), task.cancel());
            }
            *file.lock().unwrap_or_else(PoisonError::into_inner) =
                choice.place().and_then(|path| Watch::of(&path));
            Ok(engine)
        };
        let desk = Desk::start(load, move |state| drop(news.send(state.clone())))
            .map_err(|error| no_thread(&error))?;
        let desk = Arc::new(desk);
        self.put(Some(Arc::clone(&desk)));
        follow(&desk, &states, task)
    }

    /// Writes the variants of a preview, telling of every piece, and runs the rules on each.
    pub fn preview(&self, order: Order, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        let Order {
            strategy,
            shop,
            features,
            segmentation,
            profile,
            example,
            config,
            sending,
            seeds,
            sampling,
            manners,
            pinned,
            standing,
            folder,
            without_adapter,
        } = order;
        let shown = shown_customers(&shop, &segmentation, &profile, &strategy, EXAMPLES);
        let customer = (!shown.is_empty()).then(|| shown[example % shown.len()]);
        let segment = facts_for_segment(&segmentation, &profile, &strategy, &config, &shop.currency, sending);
        let facts = match customer {
            Some(row) => facts_for_customer(&shop, &features, row, &strategy, &segment)?,
            None => segment,
        };
        let (desk, host) = match Choice::of(&config.writing) {
            Ok(Choice::Served(served)) => {
                let host = served.0.host().to_owned();
                (Some(self.desk_of(*served)?), Some(host))
            }
            Err(error) if Choice::is_address(&config.writing.model) => return Err(error.into()),
            _ => (self.desk(tell), None),
        };
        let state = desk.as_ref().map(|desk| desk.state());
        let is_ready = matches!(state, Some(EngineState::Ready { .. }));
        let adapter = if !without_adapter && (is_ready || host.is_some()) {
            own_voice::library(Some(&folder)).wanted(strategy.adapter.as_deref(), &config.writing)?
        } else {
            None
        };
        let model = match (state, &host) {
            (Some(EngineState::Ready { identity }), None) => {
                let beside = adapter.as_ref().map(|place| self.adapters.of(place)).transpose()?;
                ModelIdentity { adapter: beside, ..identity }
            }
            (Some(EngineState::Ready { identity }), _) => identity,
            (_, Some(host)) => ModelIdentity::plain(host.clone(), ""),
            _ => Templates::default().identity().clone(),
        };
        let letter =
            segmentation.clusters.get(profile.cluster).map_or(String::new(), |cluster| cluster.id.clone());
        let banned_words = config.banned_words();
        let mut assignment = Assignment {
            strategy: strategy.clone(),
            facts: facts.clone(),
            segment: letter,
            group: Group::of(&segmentation, profile.cluster),
            seeds: seeds.clone(),
            sampling,
            banned_words: banned_words.clone(),
            voice: Voice::new(&config.voice, &manners),
            adapter,
            beside: Vec::new(),
            judge: Some(review::judge),
        };
        let Stays { pinned, let_go, all } =
            Stays::of(&pinned, standing.filter(|standing| standing.by == model), &assignment);
        tell(Partial::Preview(Part::Begins {
            facts,
            segment: profile.cluster,
            customer: customer.map_or(String::new(), |row| shop.customers.display_name(row)),
            model: Box::new(model),
            pinned,
            let_go,
        }));
        for (variant, draft) in &all {
            tell(Partial::Preview(Part::Ready { variant: *variant, draft: Arc::clone(draft) }));
        }
        if host.is_none() && desk.is_some() {
            tell(Partial::ModelFile(self.fate()));
        }
        // Only what does not stay is written; it is told by its place among all.
        let open: Vec<usize> =
            (0..seeds.len()).filter(|place| all.iter().all(|(kept, _)| kept != place)).collect();
        assignment.seeds = open.iter().map(|place| seeds[*place]).collect();
        assignment.beside = beside(&all);
        let places = open.clone();
        let judged = |draft: Draft| checked(draft, &strategy, &banned_words);
        let tell = |partial: Partial| tell(placed(partial, &places, &judged));
        let drafts = match desk {
            _ if open.is_empty() => Vec::new(),
            Some(desk) => write_at(&desk, assignment, host.is_some(), task, &tell)?,
            None => write_drafts(&assignment, &mut Templates::default(), task.cancel(), &mut |told| {
                tell(Partial::Preview(Part::Told(told)));
            })?,
        };
        let mut checked: Vec<CheckedDraft> = drafts.into_iter().map(judged).collect();
        for (place, kept) in &all {
            checked.insert((*place).min(checked.len()), kept.as_ref().clone());
        }
        Ok(Outcome::Previewed(Arc::new(checked)))
    }

    /// Asks the model how sure it was of each word of a draft's slot.
    pub fn look_back(
        &self,
        strategy: Strategy,
        draft: Arc<CheckedDraft>,
        slot: usize,
        task: &Task<'_>,
        tell: &dyn Fn(Partial),
    ) -> Result<Outcome, Failure> {
        let found = self.ask(task, tell, move |engine, cancel| {
            doubt::look_back(&draft.0, &strategy, slot, engine, cancel)
        })?;
        Ok(Outcome::LookedBack(Arc::new(found)))
    }

    /// Writes a draft's slot on from a chosen word, and runs the rules on it.
    pub fn fork(&self, fork: Fork, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        let Fork { strategy, draft, variant, slot, begun, banned_words } = fork;
        let checked = self.ask(task, tell, move |engine, cancel| {
            let draft = doubt::fork(&draft.0, &strategy, slot, &begun, engine, cancel)?;
            Ok(checked(draft, &strategy, &banned_words))
        })?;
        Ok(Outcome::Forked { variant, draft: Arc::new(checked) })
    }

    /// Has the engine do something on its thread, behind what it does now.
    fn ask<T: Send + 'static>(
        &self,
        task: &Task<'_>,
        tell: &dyn Fn(Partial),
        work: impl FnOnce(&mut dyn TextEngine, &Cancel) -> Result<T, WritingError> + Send + 'static,
    ) -> Result<T, Failure> {
        let Some(desk) = self.desk(tell) else {
            return Err(Failure::Failed("There is no model to ask: load one first.".into()));
        };
        let (sender, answer) = unbounded();
        let receipt = desk.submit(Box::new(move |engine, cancel| {
            drop(sender.send(engine.and_then(|engine| work(engine, cancel))));
        }));
        wait(receipt, &answer, task, tell, Some)
    }
}

/// Write a draft's slot on from a word that somebody chose.
#[derive(Clone, Debug)]
pub struct Fork {
    pub strategy: Strategy,
    pub draft: Arc<CheckedDraft>,
    /// The draft's place among the variants.
    pub variant: usize,
    pub slot: usize,
    /// The tokens that the slot is to begin with, the chosen one last.
    pub begun: Vec<Considered>,
    pub banned_words: Vec<String>,
}

/// A draft with the outcome of every rule.
fn checked(draft: Draft, strategy: &Strategy, banned_words: &[String]) -> CheckedDraft {
    let slots: Vec<String> = draft.slots.iter().map(|slot| slot.text.clone()).collect();
    let checks = review::check(strategy, &draft.fields, &slots, &draft.text, banned_words);
    (draft, checks)
}

/// News of the variants that are written, told by their places among all; of what is finished, with its verdict.
fn placed(partial: Partial, places: &[usize], judged: &dyn Fn(Draft) -> CheckedDraft) -> Partial {
    let of = |variant: usize| places.get(variant).copied().unwrap_or(variant);
    let Partial::Preview(Part::Told(told)) = partial else { return partial };
    let told = match told {
        Told::Piece { slot, piece: Piece::Text { variant, text, tokens } } => {
            Told::Piece { slot, piece: Piece::Text { variant: of(variant), text, tokens } }
        }
        Told::Piece { slot, piece: Piece::End { variant, reason } } => {
            Told::Piece { slot, piece: Piece::End { variant: of(variant), reason } }
        }
        Told::Piece { slot, piece: Piece::Whole { variant, written } } => {
            Told::Piece { slot, piece: Piece::Whole { variant: of(variant), written } }
        }
        Told::Again { slot, variant } => Told::Again { slot, variant: of(variant) },
        Told::NotWritten => Told::NotWritten,
        Told::Settled { slot, variant, text } => Told::Settled { slot, variant: of(variant), text },
        Told::Finished { variant, draft } => {
            return Partial::Preview(Part::Ready { variant: of(variant), draft: Arc::new(judged(*draft)) });
        }
    };
    Partial::Preview(Part::Told(told))
}

/// Writes on the engine's thread, where a newer preview takes this one's place.
fn write_at(
    desk: &Desk,
    assignment: Assignment,
    served: bool,
    task: &Task<'_>,
    tell: &dyn Fn(Partial),
) -> Result<Vec<Draft>, Failure> {
    enum News {
        Told(Part),
        Server(ServerNews),
        End(Result<Vec<Draft>, WritingError>),
    }
    let (sender, news) = unbounded();
    let work = move |engine: Result<&mut dyn TextEngine, WritingError>, cancel: &Cancel| {
        let written = engine.and_then(|engine| {
            let written = write_drafts(&assignment, engine, cancel, &mut |told| {
                drop(sender.send(News::Told(Part::Told(told))));
            });
            if served && !matches!(written, Err(WritingError::Cancelled(_))) {
                drop(sender.send(News::Server(news_of(engine, written.as_deref().unwrap_or_default()))));
            }
            written
        });
        drop(sender.send(News::End(written)));
    };
    let receipt = desk.preview(Box::new(work));
    wait(receipt, &news, task, tell, |news| match news {
        News::Told(part) => {
            tell(Partial::Preview(part));
            None
        }
        News::Server(news) => {
            tell(Partial::Server(news));
            None
        }
        News::End(written) => Some(written),
    })
}

/// Waits until one of the news from the engine's thread is the last, and hands a cancel on to it.
fn wait<N, T>(
    receipt: Receipt,
    news: &Receiver<N>,
    task: &Task<'_>,
    tell: &dyn Fn(Partial),
    mut hear: impl FnMut(N) -> Option<Result<T, WritingError>>,
) -> Result<T, Failure> {
    loop {
        match news.recv_timeout(LOOK).map(&mut hear) {
            Ok(Some(end)) => return Ok(end?),
            Ok(None) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                // Else the order was taken out of its place by a newer one before it began.
                let Some(message) = receipt.broke() else { return Err(Cancelled.into()) };
                tell(Partial::ModelBroke(message.clone()));
                return Err(Failure::Failed(message));
            }
        }
        if task.cancel().is_cancelled() {
            receipt.cancel.cancel();
        }
    }
}

/// Whether the server answered, and who wrote if it did not.
fn news_of(engine: &dyn TextEngine, drafts: &[Draft]) -> ServerNews {
    let (Some(why), Some(fault)) = (engine.away(), engine.fault()) else {
        return ServerNews::Answered(engine.identity().clone());
    };
    let by_model = drafts.iter().find(|draft| !draft.is_own_text()).or(drafts.first());
    ServerNews::Away { fault, why: why.to_owned(), instead: by_model.map(|draft| draft.model.name.clone()) }
}

fn no_thread(error: &std::io::Error) -> Failure {
    Failure::Failed(format!("The system gives no thread for the model: {error}."))
}

/// Tells how far the opening is, until the model is there, or is not to be had, or nobody wants it any more.
fn follow(desk: &Desk, states: &Receiver<EngineState>, task: &Task<'_>) -> Result<Outcome, Failure> {
    loop {
        // Also while progress comes without a pause.
        if task.cancel().is_cancelled() {
            desk.cancel_loading();
        }
        match states.recv_timeout(LOOK) {
            Ok(EngineState::Loading { progress: Some(progress) }) => {
                task.progress(progress.phase, progress.done, progress.total);
            }
            Ok(EngineState::Loading { progress: None }) | Err(RecvTimeoutError::Timeout) => {}
            Ok(EngineState::Ready { identity }) => return Ok(Outcome::ModelOpened(Some(identity))),
            Ok(EngineState::Failed { message } | EngineState::Broken { message }) => {
                return Err(if task.cancel().is_cancelled() {
                    Failure::Cancelled
                } else {
                    Failure::Failed(message)
                });
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::Failed("The model's thread has ended. Open it again.".into()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
