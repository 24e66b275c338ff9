//! Slots in which the newest job wins: a preview that is typed over, a profile that is scrolled past.

use std::collections::BTreeMap;

use super::JobId;

/// At most one job per slot. Asking is cheap, so a stale result is told by one look.
#[derive(Clone, Debug)]
pub struct Newest<S: Ord> {
    jobs: BTreeMap<S, JobId>,
}

impl<S: Ord> Default for Newest<S> {
    fn default() -> Self {
        Self { jobs: BTreeMap::new() }
    }
}

impl<S: Ord> Newest<S> {
    /// Puts a job into a slot. Returns the job that was there, which is to be cancelled.
    pub fn put(&mut self, slot: S, id: JobId) -> Option<JobId> {
        self.jobs.insert(slot, id)
    }

    /// The job that is in the slot.
    #[must_use]
    pub fn get(&self, slot: &S) -> Option<JobId> {
        self.jobs.get(slot).copied()
    }

    /// Empties the slot if that job is in it.
    pub fn clear(&mut self, id: JobId) {
        self.jobs.retain(|_, job| *job != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wins_and_an_older_end_leaves_it_alone() {
        let mut slots = Newest::default();
        assert_eq!(slots.put("preview", JobId(1)), None);
        assert_eq!(slots.put("preview", JobId(2)), Some(JobId(1)));
        slots.clear(JobId(1));
        assert_eq!(slots.get(&"preview"), Some(JobId(2)));
        slots.clear(JobId(2));
        assert_eq!(slots.get(&"preview"), None);
    }
}
