//! Writes with a model that a server offers: vLLM, llama.cpp, or anybody's who speaks the same interface.
//!
//! In: the address of an OpenAI-compatible interface, and requests. Out: the variants of a slot, streamed as they
//! come. What a server writes cannot be masked token by token: each text is held against the slot's guard instead,
//! and one that breaks it is thrown away. The key is part of no message, log or draft.

mod abilities;
mod address;
mod answer;
mod authority;
mod continued;
mod events;
mod fault;
mod http;
mod key;
mod look;
mod models;
mod retry;
mod round;
mod told;

pub use address::Address;
pub use fault::Fault;
pub use key::Key;

use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use self::abilities::Abilities;
use self::authority::Authorities;
use self::continued::Manner;
use self::http::{Again, Trouble};
use self::round::{End, Round};
use super::catalogue::{self, Choice};
use super::doubt::Considered;
use super::templates::Templates;
use super::{ModelIdentity, Piece, Request, Sampling, TextEngine, Writing, WritingError, Written};
use crate::config::WritingConfig;
use crate::jobs::{Cancel, Cancelled, Task};

/// Candidates for each variant: a model worth serving seldom misses, and each costs somebody.
const CANDIDATES: usize = 2;
/// While something else writes, a server that was away is not asked again for so long.
const REST: Duration = Duration::from_secs(30);

/// What writes while the server is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FallBack {
    /// Nothing is written.
    #[default]
    None,
    /// The default model on this machine.
    Local,
    Templates,
}

/// How a server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub model: Option<String>,
    pub key_file: Option<PathBuf>,
    /// Who may have signed the server's certificate, in place of the authorities that everybody knows.
    pub ca_file: Option<PathBuf>,
    /// Questions at once, at least 1.
    pub concurrency: usize,
    /// How long to wait for a connection,
    pub connect: Duration,
    /// for the first words of an answer,
    pub first: Duration,
    /// and for more of one that has begun.
    pub idle: Duration,
    pub fall_back: FallBack,
}

impl From<&WritingConfig> for Settings {
    fn from(config: &WritingConfig) -> Self {
        Self {
            model: config.served_model.clone(),
            key_file: config.key_file.clone(),
            ca_file: config.served_ca_file.clone(),
            concurrency: config.served_concurrency.max(1),
            connect: Duration::from_secs(config.served_connect_seconds),
            first: Duration::from_secs(config.served_first_seconds),
            idle: Duration::from_secs(config.served_idle_seconds),
            fall_back: match config.fall_back.as_str() {
                "local" => FallBack::Local,
                "templates" => FallBack::Templates,
                _ => FallBack::None,
            },
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::from(&WritingConfig::default())
    }
}

/// A server and how to ask it.
#[derive(Clone, Debug)]
pub struct Server {
    pub address: Address,
    pub settings: Settings,
    key: Option<Key>,
    authorities: Option<Authorities>,
}

impl Server {
    /// Finds the key and the certificates, too.
    ///
    /// # Errors
    /// There is a key file or a certificate file that cannot be used.
    pub fn new(address: Address, settings: Settings) -> Result<Self, WritingError> {
        let key = Key::find(settings.key_file.as_deref())?;
        let authorities = settings.ca_file.as_deref().map(Authorities::read).transpose()?;
        Ok(Self { address, settings, key, authorities })
    }

    /// Whether there is a key to show to it.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    fn without_key(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.kept_out_of(text))
    }
}

/// What all engines of one server share.
struct Shared {
    server: Server,
    abilities: Mutex<Abilities>,
    /// Questions that are open.
    open: Arc<AtomicUsize>,
    /// The model that writes, once it is known.
    model: Mutex<Option<String>>,
    /// How it goes on from the beginning of a text, if it does, once that is known.
    manner: OnceLock<Option<Manner>>,
}

/// A model that a server lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offered {
    pub name: String,
}

/// That a server did not answer last time.
#[derive(Clone)]
struct Away {
    since: Instant,
    fault: Fault,
    /// Cause and remedy.
    words: String,
}

/// The engine.
pub struct Served {
    shared: Arc<Shared>,
    identity: ModelIdentity,
    away: Option<Away>,
    /// What writes in its place, once it was needed.
    instead: Option<Box<dyn TextEngine>>,
    may_fall_back: bool,
}

impl Served {
    /// An engine that has not asked its server anything yet.
    #[must_use]
    pub fn new(server: Server) -> Self {
        let model = server.settings.model.clone().or_else(|| server.address.model().map(str::to_owned));
        let identity = identity(&server, model.as_deref());
        let may_fall_back = server.settings.fall_back != FallBack::None;
        let shared = Shared {
            server,
            abilities: Mutex::default(),
            open: Arc::default(),
            model: Mutex::new(model),
            manner: OnceLock::new(),
        };
        Self { shared: Arc::new(shared), identity, away: None, instead: None, may_fall_back }
    }

    /// Asks the server which models it has: whether it is there, takes the key, and has the model.
    ///
    /// # Errors
    /// Cancelled, or it cannot write: cause and remedy.
    pub fn greet(&mut self, cancel: &Cancel) -> Result<Vec<Offered>, WritingError> {
        let outcome = self.offered(cancel);
        if let (Ok(offered), None) = (&outcome, self.model()) {
            self.choose(offered.first().map(|model| model.name.clone()).unwrap_or_default());
        }
        let mut offered = self.remember(outcome)?;
        for model in &mut offered {
            model.name = self.shared.server.without_key(&model.name);
        }
        Ok(offered)
    }

    fn choose(&mut self, model: String) {
        self.identity = identity(&self.shared.server, Some(&model));
        *self.shared.model.lock().unwrap_or_else(PoisonError::into_inner) = Some(model);
    }

    fn offered(&self, cancel: &Cancel) -> Result<Vec<Offered>, End> {
        let named = self.model();
        let documents = match models::models(&self.shared, cancel) {
            // Some offer no list; what is named can be asked for all the same.
            Err(End::Trouble(trouble))
                if named.is_some() && matches!(trouble.refusal, Some((404 | 405 | 501, _))) =>
            {
                return Ok(Vec::new());
            }
            other => other?,
        };
        let server = &self.shared.server;
        let list = documents.iter().find_map(|document| document["data"].as_array());
        if list.is_none() && named.is_none() {
            return Err(models::stranger(server, "data").into());
        }
        let offered: Vec<Offered> = list
            .into_iter()
            .flatten()
            .filter_map(|model| Some(Offered { name: model["id"].as_str()?.to_owned() }))
            .collect();
        match (named, offered.first()) {
            (Some(named), Some(_)) if offered.iter().all(|model| model.name != named) => {
                let names: Vec<&str> = offered.iter().take(5).map(|model| model.name.as_str()).collect();
                let what = format!("has no model \"{named}\": it has {}", names.join(", "));
                Err(Trouble::new(Fault::NoModel, Again::No, server, &what).into())
            }
            (None, None) => {
                let what = "lists no model: name one in writing.served-model";
                Err(Trouble::new(Fault::NoModel, Again::No, server, what).into())
            }
            _ => Ok(offered),
        }
    }

    fn model(&self) -> Option<String> {
        self.shared.model.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The name of the model that writes; the server is asked where nobody has named one.
    fn chosen(&mut self, cancel: &Cancel) -> Result<String, End> {
        if self.model().is_none() {
            let offered = self.offered(cancel)?;
            self.choose(offered.into_iter().next().map(|model| model.name).unwrap_or_default());
        }
        let model = self.model().unwrap_or_default();
        self.identity = identity(&self.shared.server, Some(&model));
        Ok(model)
    }

    /// Keeps in mind whether the server answered.
    fn remember<T>(&mut self, outcome: Result<T, End>) -> Result<T, WritingError> {
        match outcome {
            Ok(value) => {
                self.away = None;
                Ok(value)
            }
            Err(End::Cancelled) => Err(Cancelled.into()),
            Err(End::Trouble(trouble)) => {
                let Trouble { fault, words, .. } = trouble.clone();
                self.away = Some(Away { since: Instant::now(), fault, words });
                Err(WritingError::Failed(trouble.words))
            }
        }
    }
}

/// Host and model; a model that is named by its file goes by that file's name.
fn identity(server: &Server, model: Option<&str>) -> ModelIdentity {
    let host = server.address.host();
    let name = match model {
        Some(model) => {
            let is_path = model.starts_with(['/', '.', '\\']) || model.contains(":\\");
            let short = if is_path { model.rsplit(['/', '\\']).next().unwrap_or(model) } else { model };
            format!("{host}/{short}")
        }
        None => host.to_owned(),
    };
    ModelIdentity::plain(server.without_key(&name), "")
}

impl TextEngine for Served {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn candidates(&self) -> usize {
        CANDIDATES
    }

    fn converses(&self) -> bool {
        true
    }

    fn wanders(&self) -> bool {
        false
    }

    /// A larger model says the same in many ways, and answering takes it longer.
    fn same_openings(&self) -> u32 {
        u32::MAX
    }

    /// A server is told of nothing else.
    fn sampling(&self, asked: Sampling) -> Sampling {
        Sampling { top_k: None, min_p: 0.0, repeat_penalty: 1.0, ..asked }
    }

    fn away(&self) -> Option<&str> {
        self.away.as_ref().map(|away| away.words.as_str())
    }

    fn fault(&self) -> Option<Fault> {
        self.away.as_ref().map(|away| away.fault)
    }

    fn at_once(&self) -> usize {
        self.shared.server.settings.concurrency
    }

    fn another(&self) -> Option<Box<dyn TextEngine>> {
        Some(Box::new(Self {
            shared: Arc::clone(&self.shared),
            identity: self.identity.clone(),
            away: self.away.clone(),
            instead: None,
            may_fall_back: false,
        }))
    }

    fn instead(&mut self, cancel: &Cancel) -> Result<Option<&mut dyn TextEngine>, WritingError> {
        if !self.may_fall_back || self.away.is_none() {
            return Ok(None);
        }
        if self.instead.is_none() {
            self.instead = Some(match self.shared.server.settings.fall_back {
                FallBack::None => return Ok(None),
                FallBack::Templates => Box::new(Templates::default()),
                FallBack::Local => {
                    let Some(entry) = catalogue::entries()?.into_iter().next() else { return Ok(None) };
                    Choice::Named(Box::new(entry)).fetch_and_load(&Task::new(cancel, &|_| {}))?
                }
            });
        }
        Ok(self.instead.as_mut().map(|engine| &mut **engine as &mut dyn TextEngine))
    }

    fn write(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError> {
        if let Some(away) = &self.away
            && self.may_fall_back
            && away.since.elapsed() < REST
        {
            return Err(WritingError::Failed(away.words.clone()));
        }
        if !request.begun.text().is_empty() {
            return self.go_on(request, cancel, tell);
        }
        let outcome = self.chosen(cancel).and_then(|model| {
            let round = Round::new(&self.shared, &model, request, None);
            round.run(cancel, tell)
        });
        self.remember(outcome)
    }

    fn looks_back(&self) -> bool {
        true
    }

    fn look_back(
        &mut self,
        request: &Request,
        written: &Written,
        cancel: &Cancel,
    ) -> Result<Vec<Considered>, WritingError> {
        self.considered(request, written, cancel)
    }
}
