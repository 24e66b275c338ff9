//! A learner by a script, and voices that there might be.

use std::sync::{Arc, Mutex};

use perennial::config::Config;
use perennial::jobs::{Failure, Task};
use perennial::own_voice::{
    Counts, LeftOut, Listed, Report, Sample, Side, SideBySide, Standing, Start, Step, Stopped, Told, Version,
    Why,
};
use perennial::review::decision::DraftId;
use perennial::tui::work::{Known, Outcome, Partial, Runner, VoiceDoing, VoiceNews, Work};
use perennial::tuning::Losses;
use perennial::writing::ModelIdentity;
use perennial::writing::adapter::{AdapterIdentity, Base};

use crate::tui::harness::{HOLD, Harness};

/// What is asked of the model and of its voice, in order.
pub(super) type Asked = Arc<Mutex<Vec<String>>>;

/// Knows this, and learns by telling this; then it is held, fails for this reason, or is done.
pub(super) struct Learner {
    known: Known,
    told: Vec<Told>,
    end: Result<u32, &'static str>,
    asked: Asked,
}

impl Learner {
    pub(super) fn knowing(known: Known) -> Self {
        Self { known, told: Vec::new(), end: Err(HOLD), asked: Asked::default() }
    }

    pub(super) fn telling(mut self, told: Vec<Told>, end: Result<u32, &'static str>) -> Self {
        (self.told, self.end) = (told, end);
        self
    }

    /// The dashboard with Voice in front.
    pub(super) fn shown(self) -> (Harness, Asked) {
        let asked = Arc::clone(&self.asked);
        (Harness::with(Config::default(), self).start().keys("9"), asked)
    }
}

impl Runner for Learner {
    fn run(&self, work: Work, _: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        let name = match &work {
            Work::OpenModel { .. } => "open the model".into(),
            Work::Voice(work) if work.doing != VoiceDoing::Look => format!("{:?}", work.doing),
            _ => String::new(),
        };
        if !name.is_empty() {
            self.asked.lock().unwrap().push(name);
        }
        match work {
            Work::OpenModel { .. } => {
                let adapter = AdapterIdentity { name: "voice 2".into(), sha256: "ab".into() };
                let identity =
                    ModelIdentity { adapter: Some(adapter), ..ModelIdentity::plain("smollm2-135m", "cd") };
                Ok(Outcome::ModelOpened(Some(identity)))
            }
            Work::Voice(work) => match work.doing {
                VoiceDoing::Look => Ok(Outcome::Voice(VoiceNews::Known(Arc::new(self.known.clone())))),
                VoiceDoing::Learn { .. } => {
                    for told in &self.told {
                        tell(Partial::Learning(told.clone()));
                    }
                    let number = self.end.map_err(|why| Failure::Failed(why.into()))?;
                    Ok(Outcome::Voice(VoiceNews::Learnt(number)))
                }
                VoiceDoing::Accept(number) => Ok(Outcome::Voice(VoiceNews::InUse(Some(number)))),
                VoiceDoing::Back => Ok(Outcome::Voice(VoiceNews::InUse(self.known.before))),
            },
            _ => Err(Failure::Failed(HOLD.into())),
        }
    }
}

pub(super) fn counts(approved: usize, edited: usize, rejections: usize) -> Counts {
    Counts {
        approved,
        edited,
        held_out: (approved + edited) / 5,
        house: 0,
        pairs_of_edits: edited,
        pairs_of_rejections: rejections,
        preferences_used: edited + rejections >= 16,
        rejected: rejections / 3,
        left_out: vec![
            LeftOut { why: Why::Personal, texts: 1, drafts: vec![DraftId(31)] },
            LeftOut { why: Why::OwnText, texts: 3, drafts: [4, 9, 12].map(DraftId).to_vec() },
        ],
        longer: Vec::new(),
    }
}

pub(super) fn side(briefs: usize, passed: usize) -> Side {
    Side {
        briefs,
        passed,
        passed_by_model: passed - 2,
        approved: Some(-2.5 + passed as f64 / 40.0),
        house: Some(-2.0),
        like_rejected: None,
    }
}

pub(super) fn report(passed: (usize, usize), at: i64) -> Report {
    let texts = [
        (
            "win-back-email-en",
            "We miss you. Come back and see what is new in the garden this week.",
            "The tulips that you chose last autumn are back. Have a look before the weekend?",
        ),
        (
            "welcome-email-en",
            "Welcome to the shop. We have many things for you.",
            "Welcome, and thank you for the first order. Here is how to plant it.",
        ),
        ("thanks-email-zh", "谢谢您的购买。", "谢谢您选了我们的郁金香，愿您的花园今年更好看。"),
    ];
    Report {
        schema: 1,
        learnt_at: at,
        by: "anybody".into(),
        base: Base { name: Config::default().writing.model, sha256: "cd".into() },
        start: Start { adapter: Some("house".into()), sha256: None, gone_on: true },
        learnt_from: Counts { house: 36, ..counts(9, 3, 15) },
        steps: 60,
        best_step: 40,
        losses: vec![
            Losses { step: 0, train: None, held_out: Some(2.41) },
            Losses { step: 40, train: Some(2.1), held_out: Some(1.98) },
            Losses { step: 60, train: Some(1.7), held_out: Some(2.02) },
        ],
        seconds: 372.0,
        before: side(24, passed.0),
        after: side(24, passed.1),
        side_by_side: texts
            .map(|(strategy, before, after)| SideBySide {
                strategy: strategy.into(),
                before: before.into(),
                after: after.into(),
                own_before: strategy == "welcome-email-en",
                own_after: false,
            })
            .into(),
    }
}

pub(super) const NOON: i64 = 1_762_167_600_000;
pub(super) const DAY: i64 = 86_400_000;

pub(super) fn version(number: u32, standing: Standing, passed: (usize, usize)) -> Version {
    let report = report(passed, NOON - DAY * (9 - i64::from(number)));
    Version { number, folder: format!("voices/{number:04}").into(), standing, report }
}

/// Three voices: the newest is a proposal.
pub(super) fn three() -> Known {
    Known {
        lessons: counts(9, 3, 15),
        listed: Listed {
            versions: vec![
                version(1, Standing::Earlier, (15, 17)),
                version(2, Standing::InUse, (17, 17)),
                version(3, Standing::Proposed, (17, 20)),
            ],
            damaged: Vec::new(),
            current: Some(2),
        },
        before: Some(1),
        stopped: None,
        model: Some(Config::default().writing.model),
    }
}

pub(super) fn stopped(stopped: Stopped) -> Known {
    Known { stopped: Some(stopped), ..enough() }
}

pub(super) fn enough() -> Known {
    Known { lessons: counts(9, 3, 15), model: Some(Config::default().writing.model), ..Known::default() }
}

/// The first steps of a learning, with a look each tenth step.
pub(super) fn steps(number: usize) -> Vec<Told> {
    let mut told = vec![Told::Learns(counts(9, 3, 15))];
    told.extend((1..=number).map(|step| {
        let look = step % 10 == 0;
        let fall = (step as f32 / 25.0).exp().recip();
        Told::Step(Step {
            step,
            of: 60,
            loss: 1.6 + 1.4 * fall + (step % 4) as f32 * 0.08,
            held_out: look.then_some(2.0 + 0.7 * fall),
            seconds_left: (60 - step) as f64 * 6.0,
            sample: look.then(|| Sample {
                strategy: "win-back-email-en".into(),
                text: format!(
                    "Text after {step} steps: the tulips are back, and so is the bench in the sun."
                ),
            }),
        })
    }));
    told
}
