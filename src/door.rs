//! The door: where customers and providers answer.
//!
//! In: requests to the links that stand in messages, events of providers as webhooks or files, and the mailbox that
//! bounces come back to. Out: rows of feedback, suppressions, consents. Everything is on the disk before it is
//! answered.
//!
//! ```text
//! links in messages --> server -> routes -> visits --+
//! webhooks -----------> server -> routes -> hook ----+--> event --> workspace (feedback, suppressions, consents)
//! CSV, NDJSON --------> import ----------------------+
//! bounces, complaints -> mailbox -> notice ----------+
//! ```

mod event;
mod form;
mod hook;
pub mod import;
mod limits;
pub mod mailbox;
mod pages;
mod routes;
mod server;
mod visits;
mod words;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{Config, DoorConfig};
use crate::jobs::Cancelled;
use crate::workspace::{Links, Store, WorkspaceError};

pub use hook::{Counts, WebhookSecret};
pub use server::serve;

use limits::Limits;

/// Something about the door cannot work: cause, place and remedy in words.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("{0}")]
    Unusable(String),
}

/// What a request ran into.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] WorkspaceError),
    #[error("a request failed in a way that is a mistake of this program; it was answered with 500.")]
    Panic,
}

/// How the door behaves.
#[derive(Clone, Debug)]
struct Settings {
    /// The shop's name on the pages.
    brand: String,
    connections: usize,
    scanner_milliseconds: i64,
    behind_proxy: bool,
    /// For amounts without one.
    currency: Option<String>,
}

/// Everything that a request needs.
pub struct Door {
    settings: Settings,
    links: Links,
    store: Mutex<Store>,
    secret: Option<WebhookSecret>,
    limits: Limits,
    /// Of wrong secrets: they are counted apart, so that no crowd on the pages keeps a provider out.
    guesses: Limits,
    log: Box<dyn Fn(&str) + Send + Sync>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Door {
    /// A door to a project's database. `log` is told what went wrong, without anything about a person.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn new(
        mut store: Store,
        config: &Config,
        secret: Option<WebhookSecret>,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, DoorError> {
        let links = Links::of(&mut store, &config.door, now())?;
        let DoorConfig { requests_per_second, burst, connections, scanner_seconds, behind_proxy, .. } =
            config.door;
        Ok(Self {
            settings: Settings {
                brand: config.brand.name.clone(),
                connections,
                scanner_milliseconds: scanner_seconds * 1000,
                behind_proxy,
                currency: config.data.currency.clone(),
            },
            links,
            store: Mutex::new(store),
            secret,
            limits: Limits::new(requests_per_second, burst),
            guesses: Limits::new(1, hook::GUESSES),
            log: Box::new(log),
        })
    }

    /// Works in the database on a thread where waiting is no harm. A panic there is an error of this request alone: what
    /// it had begun to write is taken back.
    async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Store) -> Result<T, WorkspaceError> + Send + 'static,
    ) -> Result<T, Failure> {
        let door = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut door.store.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(done) => done.map_err(Failure::Store),
            Err(_) => Err(Failure::Panic),
        }
    }

    fn log(&self, what: &str) {
        (self.log)(what);
    }
}

/// Milliseconds since 1970, UTC, by this machine's clock.
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A file as it is named to people.
fn named(path: &Path) -> String {
    path.display().to_string()
}
