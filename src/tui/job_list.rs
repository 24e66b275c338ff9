//! The jobs that run and have run: ids, slots, progress, ends. Stale signals are told here, in one place.

use std::time::Duration;

use super::work::{Slot, Work};
use crate::jobs::{JobId, Newest, Progress};

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Done,
    Failed(String),
    Cancelled,
}

/// One job.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: JobId,
    pub title: String,
    pub slot: Option<Slot>,
    pub quiet: bool,
    pub state: State,
    pub started: Duration,
    pub ended: Option<Duration>,
    pub progress: Option<Progress>,
    /// When the phase began, and how much was done then.
    phase_start: (Duration, u64),
    /// A newer job has taken its slot.
    stale: bool,
}

impl Job {
    /// How long it has run, or ran.
    #[must_use]
    pub fn took(&self, now: Duration) -> Duration {
        self.ended.unwrap_or(now).saturating_sub(self.started)
    }

    /// Share of the phase that is done, 0..=1, where the whole is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let progress = self.progress.as_ref()?;
        let total = progress.total.filter(|total| *total > 0)?;
        Some((progress.done as f64 / total as f64).clamp(0.0, 1.0))
    }

    /// Time left of the phase at the pace so far; `None` until there is a pace.
    #[must_use]
    pub fn left(&self, now: Duration) -> Option<Duration> {
        let progress = self.progress.as_ref()?;
        let (since, from) = self.phase_start;
        let elapsed = now.saturating_sub(since).as_secs_f64();
        let done = progress.done.saturating_sub(from) as f64;
        let left = progress.total?.saturating_sub(progress.done) as f64;
        (elapsed > 0.5 && done > 0.0).then(|| Duration::from_secs_f64((left * elapsed / done).min(1e6)))
    }
}

/// Ended jobs that are kept for the list.
const KEPT: usize = 200;

/// All jobs, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct JobList {
    last: u64,
    jobs: Vec<Job>,
    slots: Newest<Slot>,
}

impl JobList {
    /// Lists a new job. Returns its id, and the running job that it replaces in its slot.
    pub fn start(&mut self, work: &Work, now: Duration) -> (JobId, Option<JobId>) {
        self.last += 1;
        let id = JobId(self.last);
        let slot = work.slot();
        let replaced = slot.and_then(|slot| self.slots.put(slot, id));
        if let Some(job) = self.jobs.iter_mut().find(|job| Some(job.id) == replaced) {
            job.stale = true;
        }
        self.jobs.push(Job {
            id,
            title: work.title(),
            slot,
            quiet: work.is_quiet(),
            state: State::Running,
            started: now,
            ended: None,
            progress: None,
            phase_start: (now, 0),
            stale: false,
        });
        (id, replaced)
    }

    /// Whether news of the job counts: it runs, and no newer job has taken its slot.
    #[must_use]
    pub fn is_current(&self, id: JobId) -> bool {
        self.get(id).is_some_and(|job| job.state == State::Running && !job.stale)
    }

    /// Takes note of progress.
    pub fn progress(&mut self, id: JobId, progress: Progress, now: Duration) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        // Words that change while the same count goes on are one phase.
        let goes_on = job.progress.as_ref().is_some_and(|old| {
            old.total == progress.total
                && (old.phase == progress.phase || old.total.is_some() && old.done < progress.done)
        });
        if !goes_on {
            job.phase_start = (now, progress.done);
        }
        job.progress = Some(progress);
    }

    /// Takes note of the end. Returns the job if the result counts.
    pub fn end(&mut self, id: JobId, state: State, now: Duration) -> Option<Job> {
        self.slots.clear(id);
        let job = self.jobs.iter_mut().find(|job| job.id == id && job.state == State::Running)?;
        job.state = if job.stale { State::Cancelled } else { state };
        job.ended = Some(now);
        let job = job.clone();
        // A newer one says what a replaced or quiet one would have said.
        if job.stale || job.quiet && matches!(job.state, State::Done | State::Cancelled) {
            self.jobs.retain(|kept| kept.id != id);
        }
        let ended = self.jobs.iter().filter(|kept| kept.state != State::Running).count();
        if ended > KEPT
            && let Some(oldest) = self.jobs.iter().position(|kept| kept.state != State::Running)
        {
            self.jobs.remove(oldest);
        }
        (!job.stale).then_some(job)
    }

    #[must_use]
    pub fn get(&self, id: JobId) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id == id)
    }

    /// The job that runs in a slot.
    #[must_use]
    pub fn in_slot(&self, slot: Slot) -> Option<JobId> {
        self.slots.get(&slot)
    }

    /// All jobs, the oldest first.
    #[must_use]
    pub fn all(&self) -> &[Job] {
        &self.jobs
    }

    /// Running jobs, the oldest first, without those that a newer one has replaced.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.state == State::Running && !job.stale)
    }

    /// The running job that the status line shows, and that [`super::keymap::Action::CancelJob`] cancels: the
    /// oldest that says how far it is, or else the oldest.
    #[must_use]
    pub fn shown(&self) -> Option<&Job> {
        self.running().find(|job| job.share().is_some()).or_else(|| self.running().next())
    }

    /// Takes ended jobs off the list.
    pub fn clear_ended(&mut self) {
        self.jobs.retain(|job| job.state == State::Running);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() -> Work {
        Work::OpenModel { settings: Box::default(), folder: std::path::PathBuf::new() }
    }

    #[test]
    fn a_replaced_job_is_stale_and_its_end_is_not_news() {
        let mut jobs = JobList::default();
        let (first, none) = jobs.start(&work(), Duration::ZERO);
        assert_eq!(none, None);
        let (second, replaced) = jobs.start(&work(), Duration::ZERO);
        assert!(second > first);
        assert_eq!(replaced, Some(first));
        assert!(!jobs.is_current(first) && jobs.is_current(second));
        assert!(jobs.end(first, State::Done, Duration::ZERO).is_none());
        assert!(jobs.end(second, State::Done, Duration::ZERO).is_some());
        assert!(jobs.end(second, State::Done, Duration::ZERO).is_none(), "a second end is no news");
    }

    #[test]
    fn time_left_follows_the_pace_of_the_phase() {
        let mut jobs = JobList::default();
        let (id, _) = jobs.start(&work(), Duration::ZERO);
        let progress = |done| Progress { phase: "fetching".into(), done, total: Some(100) };
        jobs.progress(id, progress(0), Duration::from_secs(10));
        jobs.progress(id, progress(25), Duration::from_secs(20));
        let job = jobs.get(id).unwrap();
        assert_eq!(job.left(Duration::from_secs(20)), Some(Duration::from_secs(30)));
        assert_eq!(job.share(), Some(0.25));
    }
}
