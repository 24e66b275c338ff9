//! Background work: cancellation, progress, and jobs that end exactly once.
//!
//! A stage takes a [`Task`]: it asks it now and then whether to stop, and tells it how far it is.
//! Who runs the stage (a command, a thread of the dashboard, a test) decides what becomes of that.

mod background;
mod newest;

pub use background::{End, Failure, Handle, JobId, Signal, run, spawn};
pub use newest::Newest;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that asks work to stop. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the work to stop; it stops at its next check.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether someone has asked the work to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The work was asked to stop and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// How far a piece of work is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done now, for people: "reading orders.csv".
    pub phase: Cow<'static, str>,
    /// Units done (rows, bytes, steps: the same as `total`).
    pub done: u64,
    /// Units in all, where that is known.
    pub total: Option<u64>,
}

/// What a stage sees of the job that it is part of.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    cancel: &'a Cancel,
    report: &'a (dyn Fn(Progress) + Sync),
}

impl<'a> Task<'a> {
    /// A task that stops when `cancel` says so and tells `report` of its progress.
    #[must_use]
    pub fn new(cancel: &'a Cancel, report: &'a (dyn Fn(Progress) + Sync)) -> Self {
        Self { cancel, report }
    }

    /// Stops the work with `?` when it has been asked to stop.
    ///
    /// # Errors
    /// [`Cancelled`] once the flag is up.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// The flag itself, for work that polls it inside a loop.
    #[must_use]
    pub fn cancel(&self) -> &Cancel {
        self.cancel
    }

    /// Tells how far the work is.
    pub fn progress(&self, phase: impl Into<Cow<'static, str>>, done: u64, total: Option<u64>) {
        (self.report)(Progress { phase: phase.into(), done, total });
    }
}

/// Runs `work` with a task that nobody cancels and nobody watches.
pub fn unwatched<T>(work: impl FnOnce(&Task<'_>) -> T) -> T {
    let cancel = Cancel::default();
    work(&Task::new(&cancel, &|_| {}))
}
