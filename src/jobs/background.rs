//! A job: work on a thread of its own that ends with exactly one [`End`], whatever happens to it.
//!
//! In: an id, the work, and a function to tell of its course. Out: a [`Handle`]; dropping it cancels the
//! job. The end is told from a drop guard, so that a panic, a thread that could not be started or an early
//! return all end the job: never silently, never twice.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Cancel, Cancelled, Progress, Task};

/// Number of a job; a later job has a larger one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What a job tells. `P` is a part of the result that is shown before the end, `T` the result.
#[derive(Clone, Debug)]
pub enum Signal<P, T> {
    Progress(Progress),
    Partial(P),
    End(End<T>),
}

/// How a job ended.
#[derive(Clone, Debug)]
pub enum End<T> {
    Done(T),
    /// Cause and remedy in words.
    Failed(String),
    Cancelled,
}

/// Why work gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    Cancelled,
    /// Cause and remedy in words.
    Failed(String),
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// Keeps a job alive; dropping it asks the job to stop.
#[derive(Debug)]
pub struct Handle {
    cancel: Cancel,
}

impl Handle {
    /// Asks the job to stop; its end is still told.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Progress within one phase is told at most this often.
const SAMPLE: Duration = Duration::from_millis(40);

/// Tells the end when dropped, if nobody has.
struct EndGuard<P, T, F: Fn(Signal<P, T>)> {
    tell: F,
    end: Option<End<T>>,
    partial: std::marker::PhantomData<fn(P)>,
}

impl<P, T, F: Fn(Signal<P, T>)> Drop for EndGuard<P, T, F> {
    fn drop(&mut self) {
        let end = self.end.take().unwrap_or_else(|| {
            End::Failed(
                "The job could not be started: the system refused another thread. Close other programs and try again.".into(),
            )
        });
        (self.tell)(Signal::End(end));
    }
}

/// Runs `work` on a new thread named `name`. `tell` is called from that thread.
pub fn spawn<P, T, F, W>(name: &str, tell: F, work: W) -> Handle
where
    P: 'static,
    T: 'static,
    F: Fn(Signal<P, T>) + Send + Sync + 'static,
    W: FnOnce(&Task<'_>, &dyn Fn(P)) -> Result<T, Failure> + Send + 'static,
    End<T>: Send,
{
    let handle = Handle { cancel: Cancel::default() };
    let cancel = handle.cancel.clone();
    let guard = EndGuard { tell, end: None, partial: std::marker::PhantomData };
    // Where the thread cannot be started, the closure is dropped, and the guard with it.
    let _ = std::thread::Builder::new().name(format!("job {name}")).spawn(move || {
        let mut guard = guard;
        guard.end = Some(run(&guard.tell, &cancel, work));
    });
    handle
}

/// Runs `work` on this thread, told of as a job; what [`spawn`] does on its thread, for tests and scripts.
pub fn run<P, T, F, W>(tell: &F, cancel: &Cancel, work: W) -> End<T>
where
    F: Fn(Signal<P, T>) + Sync,
    W: FnOnce(&Task<'_>, &dyn Fn(P)) -> Result<T, Failure>,
{
    let last: Mutex<Option<(Instant, Progress)>> = Mutex::new(None);
    let report = |progress: Progress| {
        let Ok(mut last) = last.lock() else { return };
        let due = match &*last {
            Some((at, told)) => at.elapsed() >= SAMPLE || told.phase != progress.phase,
            None => true,
        };
        if due {
            *last = Some((Instant::now(), progress.clone()));
            tell(Signal::Progress(progress));
        }
    };
    let task = Task::new(cancel, &report);
    let partial = |part: P| tell(Signal::Partial(part));
    match catch_unwind(AssertUnwindSafe(|| work(&task, &partial))) {
        Ok(Ok(result)) => End::Done(result),
        Ok(Err(Failure::Cancelled)) => End::Cancelled,
        Ok(Err(Failure::Failed(message))) => End::Failed(message),
        Err(payload) => End::Failed(format!(
            "A fault in the program stopped this job: {}. The rest goes on; please report it.",
            panic_message(payload.as_ref())
        )),
    }
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::{Receiver, unbounded};

    use super::*;

    fn collect(receiver: &Receiver<Signal<u8, u32>>) -> Vec<Signal<u8, u32>> {
        receiver.iter().collect()
    }

    fn start(
        work: impl FnOnce(&Task<'_>, &dyn Fn(u8)) -> Result<u32, Failure> + Send + 'static,
    ) -> (Handle, Receiver<Signal<u8, u32>>) {
        let (sender, receiver) = unbounded();
        (spawn("test", move |signal| drop(sender.send(signal)), work), receiver)
    }

    #[test]
    fn a_job_tells_its_parts_and_ends_once() {
        let (_handle, receiver) = start(|task, partial| {
            task.progress("counting", 1, Some(2));
            partial(9);
            Ok(5)
        });
        let told = collect(&receiver);
        assert!(matches!(told[0], Signal::Progress(_)));
        assert!(matches!(told[1], Signal::Partial(9)));
        assert!(matches!(told[2], Signal::End(End::Done(5))));
        assert_eq!(told.len(), 3);
    }

    #[test]
    fn a_panic_becomes_a_failed_job() {
        let (_handle, receiver) = start(|_, _| panic!("row 7 has no day"));
        let told = collect(&receiver);
        assert_eq!(told.len(), 1);
        let Signal::End(End::Failed(message)) = &told[0] else { panic!("{told:?}") };
        assert!(message.contains("row 7 has no day"));
    }

    #[test]
    fn dropping_the_handle_cancels() {
        let (go, wait) = unbounded::<()>();
        let (handle, receiver) = start(move |task, _| {
            let _ = wait.recv();
            task.check()?;
            Ok(1)
        });
        drop(handle);
        drop(go);
        assert!(matches!(collect(&receiver)[..], [Signal::End(End::Cancelled)]));
    }

    #[test]
    fn progress_within_a_phase_is_sampled_and_a_new_phase_is_told_at_once() {
        let (_handle, receiver) = start(|task, _| {
            for row in 0..100_000 {
                task.progress("reading", row, None);
            }
            task.progress("sorting", 0, None);
            Ok(1)
        });
        let told = collect(&receiver);
        assert!(told.len() < 1_000, "{} signals", told.len());
        let phases: Vec<_> = told
            .iter()
            .filter_map(|signal| match signal {
                Signal::Progress(progress) => Some(progress.phase.as_ref()),
                _ => None,
            })
            .collect();
        assert_eq!(phases.first(), Some(&"reading"));
        assert_eq!(phases.last(), Some(&"sorting"));
    }
}
