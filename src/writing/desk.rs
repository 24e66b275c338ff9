//! The one thread that owns the model.
//!
//! In: pieces of work that want the engine. Out: they are run one after the other. Loading, ready, failed and broken
//! are states that anyone may ask for. A preview has one place: a newer one cancels and replaces the one
//! before. Dropping the desk stops the thread within one token; another desk loads the engine again.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{ModelIdentity, TextEngine, WritingError};
use crate::jobs::{Cancel, Progress, Task};

/// How the engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineState {
    /// Being fetched or loaded.
    Loading { progress: Option<Progress> },
    /// Can write.
    Ready { identity: ModelIdentity },
    /// Could not be loaded: cause and remedy.
    Failed { message: String },
    /// Panicked while it wrote, and is not used again: what happened, in words.
    Broken { message: String },
}

/// Work for the engine. It gets the engine, or why there is none, and the flag that asks it to stop.
pub type Work = Box<dyn FnOnce(Result<&mut dyn TextEngine, WritingError>, &Cancel) + Send>;

struct Order {
    work: Work,
    cancel: Cancel,
    broke: Sender<String>,
}

/// What whoever gave work holds of it.
pub struct Receipt {
    /// Stops the work, whether it waits or runs.
    pub cancel: Cancel,
    broke: Receiver<String>,
}

impl Receipt {
    /// Waits until the work is over, and says what happened where the engine broke in it. The state of the desk says so
    /// by then.
    #[must_use]
    pub fn broke(self) -> Option<String> {
        self.broke.recv().ok()
    }
}

fn order(work: Work) -> (Order, Receipt) {
    let (sender, broke) = bounded(1);
    let cancel = Cancel::default();
    (Order { work, cancel: cancel.clone(), broke: sender }, Receipt { cancel, broke })
}

#[derive(Default)]
struct Tray {
    queue: VecDeque<Order>,
    preview: Option<Order>,
    /// Of the preview that is waiting or running.
    preview_cancel: Option<Cancel>,
    /// Of what is running.
    running: Option<Cancel>,
    closed: bool,
}

struct Shared {
    tray: Mutex<Tray>,
    arrived: Condvar,
    state: Mutex<EngineState>,
    watcher: Box<dyn Fn(&EngineState) + Send + Sync>,
    loading: Cancel,
}

/// A thread could only panic between two whole changes, so that what a poisoned lock holds is still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn set(&self, state: &EngineState) {
        lock(&self.state).clone_from(state);
        (self.watcher)(state);
    }

    /// Waits for the next piece of work; `None` when the desk is closed.
    fn next(&self) -> Option<Order> {
        let mut tray = lock(&self.tray);
        loop {
            if tray.closed {
                return None;
            }
            if let Some(order) = tray.preview.take().or_else(|| tray.queue.pop_front()) {
                tray.running = Some(order.cancel.clone());
                return Some(order);
            }
            tray = self.arrived.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Handle of the engine's thread.
pub struct Desk {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// Starts the thread, which first calls `load`. `watcher` is told of every change of state, from that thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        load: impl FnOnce(&Task<'_>) -> Result<Box<dyn TextEngine>, WritingError> + Send + 'static,
        watcher: impl Fn(&EngineState) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            tray: Mutex::default(),
            arrived: Condvar::new(),
            state: Mutex::new(EngineState::Loading { progress: None }),
            watcher: Box::new(watcher),
            loading: Cancel::default(),
        });
        let inside = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("engine".into()).spawn(move || serve(&inside, load))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// How the engine is now.
    #[must_use]
    pub fn state(&self) -> EngineState {
        lock(&self.shared.state).clone()
    }

    /// Stops fetching or loading; the state becomes failed and says so.
    pub fn cancel_loading(&self) {
        self.shared.loading.cancel();
    }

    /// Queues work behind what is there.
    #[must_use]
    pub fn submit(&self, work: Work) -> Receipt {
        let (order, receipt) = order(work);
        lock(&self.shared.tray).queue.push_back(order);
        self.shared.arrived.notify_one();
        receipt
    }

    /// Puts work in the preview's place: the preview before is cancelled, and runs no more if it was waiting.
    /// It goes before all that is queued.
    #[must_use]
    pub fn preview(&self, work: Work) -> Receipt {
        let (order, receipt) = order(work);
        let mut tray = lock(&self.shared.tray);
        if let Some(before) = tray.preview_cancel.replace(order.cancel.clone()) {
            before.cancel();
        }
        let replaced = tray.preview.replace(order);
        drop(tray);
        // What it holds may tell someone that it is gone: not under the lock.
        drop(replaced);
        self.shared.arrived.notify_one();
        receipt
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.shared.loading.cancel();
        let mut tray = lock(&self.shared.tray);
        tray.closed = true;
        if let Some(running) = &tray.running {
            running.cancel();
        }
        let left = (tray.preview.take(), std::mem::take(&mut tray.queue));
        drop(tray);
        drop(left);
        self.shared.arrived.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has caught its own panics.
            let _ = thread.join();
        }
    }
}

fn serve(shared: &Shared, load: impl FnOnce(&Task<'_>) -> Result<Box<dyn TextEngine>, WritingError>) {
    let report = |progress| shared.set(&EngineState::Loading { progress: Some(progress) });
    let task = Task::new(&shared.loading, &report);
    let loaded = catch_unwind(AssertUnwindSafe(|| load(&task)))
        .unwrap_or_else(|panic| Err(WritingError::Failed(panic_text("loading the model", panic.as_ref()))));
    let mut engine = match loaded {
        Ok(engine) => {
            shared.set(&EngineState::Ready { identity: engine.identity().clone() });
            Ok(engine)
        }
        Err(error) => {
            let message = match error {
                WritingError::Cancelled(_) => {
                    "loading the model was cancelled; templates work without it".to_owned()
                }
                WritingError::Failed(message) => message,
            };
            shared.set(&EngineState::Failed { message: message.clone() });
            Err(message)
        }
    };
    while let Some(order) = shared.next() {
        let Order { work, cancel, broke } = order;
        let outcome = catch_unwind(AssertUnwindSafe(|| match &mut engine {
            Ok(engine) => work(Ok(engine.as_mut()), &cancel),
            Err(message) => work(Err(WritingError::Failed(message.clone())), &cancel),
        }));
        lock(&shared.tray).running = None;
        if let Err(panic) = outcome {
            let message = panic_text("the writing engine", panic.as_ref());
            // It may be halfway through something: it is not used again, and its memory is given back.
            if let Ok(engine) = std::mem::replace(&mut engine, Err(message.clone())) {
                let _ = catch_unwind(AssertUnwindSafe(|| drop(engine)));
            }
            shared.set(&EngineState::Broken { message: message.clone() });
            let _ = broke.send(message);
        }
    }
}

fn panic_text(what: &str, panic: &(dyn Any + Send)) -> String {
    let cause = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    format!("a fault in the program stopped {what} ({cause}): load the model again, and please report it")
}

#[cfg(test)]
mod tests;
