//! A learning as it goes: its losses, the texts that it writes on the way, and what is left of it.

use std::time::Duration;

use crate::jobs::JobId;
use crate::own_voice::{Sample, Step, Stopped, Told};
use crate::tuning::Losses;

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running(JobId),
    /// It can go on.
    Stopped,
    /// Cause and remedy in words.
    Failed(String),
}

#[derive(Clone, Debug)]
pub(super) struct Course {
    pub state: State,
    /// Steps done and all of them; 0 before the first is told.
    pub step: usize,
    pub of: usize,
    /// Step and loss: of each step, and of what was kept for judging.
    pub losses: Vec<(f64, f64)>,
    pub held_out: Vec<(f64, f64)>,
    /// With the steps that they were written after, the newest first.
    pub samples: Vec<(usize, Sample)>,
    /// Drafts written for the comparison, and how many there will be.
    pub judged: Option<(usize, usize)>,
    /// Seconds left, and when that was told.
    left: Option<(f64, Duration)>,
}

impl Course {
    pub fn begun(job: JobId) -> Self {
        Self {
            state: State::Running(job),
            step: 0,
            of: 0,
            losses: Vec::new(),
            held_out: Vec::new(),
            samples: Vec::new(),
            judged: None,
            left: None,
        }
    }

    /// One that was stopped before the dashboard was opened; `None` where nobody knows how far it came.
    pub fn stopped(stopped: &Stopped) -> Option<Self> {
        let points = |loss: fn(&Losses) -> Option<f32>| {
            let point = |losses| loss(losses).map(|loss| (losses.step as f64, f64::from(loss)));
            stopped.losses.iter().filter_map(point).collect()
        };
        (stopped.of > 0).then(|| Self {
            state: State::Stopped,
            step: stopped.step,
            of: stopped.of,
            losses: points(|losses| losses.train),
            held_out: points(|losses| losses.held_out),
            samples: Vec::new(),
            judged: None,
            left: None,
        })
    }

    /// Whether it was stopped after its first step, so that it lies there to go on with.
    pub fn is_kept(&self) -> bool {
        self.state == State::Stopped && self.of > 0
    }

    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// The job that learns.
    pub fn job(&self) -> Option<JobId> {
        if let State::Running(job) = self.state { Some(job) } else { None }
    }

    /// It goes on where it was: what is known of it stays.
    pub fn go_on(&mut self, job: JobId) {
        self.state = State::Running(job);
        (self.judged, self.left) = (None, None);
    }

    pub fn hear(&mut self, told: &Told, now: Duration) {
        match told {
            Told::Learns(_) => {}
            Told::Judges { done, of } => {
                self.judged = Some((*done, *of));
                self.left = None;
            }
            Told::Step(step) => self.hear_step(step, now),
        }
    }

    fn hear_step(&mut self, step: &Step, now: Duration) {
        let at = step.step as f64;
        // A learning that goes on may do again what it had done since its last checkpoint.
        for points in [&mut self.losses, &mut self.held_out] {
            points.retain(|point| point.0 < at);
        }
        self.samples.retain(|(after, _)| *after < step.step);
        self.losses.push((at, f64::from(step.loss)));
        if let Some(loss) = step.held_out {
            self.held_out.push((at, f64::from(loss)));
        }
        if let Some(sample) = &step.sample {
            self.samples.insert(0, (step.step, sample.clone()));
        }
        (self.step, self.of) = (step.step, step.of);
        let seconds = step.seconds_left;
        self.left = seconds.is_finite().then_some((seconds.clamp(0.0, 1e9), now));
    }

    /// Time left of the training, as it was told and less what has passed since.
    pub fn left(&self, now: Duration) -> Option<Duration> {
        let (seconds, at) = self.left?;
        Some(Duration::from_secs_f64(seconds).saturating_sub(now.saturating_sub(at)))
    }

    /// The look at what was kept for judging that went best: the step and its loss.
    pub fn best(&self) -> Option<(f64, f64)> {
        self.held_out
            .iter()
            .copied()
            .filter(|point| point.1.is_finite())
            .min_by(|one, other| one.1.total_cmp(&other.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: usize, held_out: Option<f32>) -> Told {
        let sample = held_out.map(|_| Sample { strategy: "win-back".into(), text: format!("after {step}") });
        Told::Step(Step { step, of: 60, loss: 3.0, held_out, seconds_left: 90.0, sample })
    }

    #[test]
    fn what_is_done_again_after_a_stop_is_not_shown_twice() {
        let mut course = Course::begun(JobId(1));
        for (at, held_out) in [(1, None), (2, Some(2.5)), (3, None), (4, Some(2.0))] {
            course.hear(&step(at, held_out), Duration::from_secs(10));
        }
        assert_eq!(course.best(), Some((4.0, 2.0)));
        course.go_on(JobId(2));
        course.hear(&step(3, None), Duration::from_secs(20));
        assert_eq!((course.losses.len(), course.held_out.len(), course.samples.len()), (3, 1, 1));
        assert_eq!(course.left(Duration::from_secs(50)), Some(Duration::from_mins(1)));
        assert_eq!(course.left(Duration::from_secs(500)), Some(Duration::ZERO));
    }
}
