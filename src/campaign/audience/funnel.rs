//! The lines of the funnel, and who is at each of them.

use serde::Serialize;

use super::{Audience, Member, Place, Step};

/// The last line of the funnel, where there is one: those who get a message, and only once they are under the cap.
const WAITS_FOR_CAP: &str = "waits-for-cap";

/// One line of the funnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunnelLine {
    /// `in-segment`, the name of a [`Step`], `holdout`, or `to-be-sent`.
    pub step: &'static str,
    /// Customers who are still there after it; of the holdout, and of those who wait: who is in it.
    pub customers: u64,
    /// Who was left out at it.
    pub left_out: u64,
}

/// The two lists of a line of the funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who is still there after it; of the holdout and of those who wait: who is in it.
    There,
    /// Who was left out at it.
    LeftOut,
}

impl Side {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::There => Self::LeftOut,
            Self::LeftOut => Self::There,
        }
    }
}

/// What a line of the funnel is about.
#[derive(Clone, Copy)]
enum Line {
    All,
    After(Step),
    Holdout,
    Written,
    Waiting,
}

/// What is true of those who are at a line of the funnel, for people.
#[must_use]
pub fn step_words(step: &str) -> &str {
    match step {
        "in-segment" => "in the segments",
        "holdout" => "held out",
        "to-be-sent" => "get a message",
        WAITS_FOR_CAP => "wait for the cap",
        other => match Step::ALL.into_iter().find(|step| step.name() == other) {
            Some(step) => step.words(),
            None => other,
        },
    }
}

impl Audience {
    /// The funnel, from the segments to those who are written to.
    #[must_use]
    pub fn funnel(&self) -> Vec<FunnelLine> {
        let count =
            |is: &dyn Fn(Place) -> bool| self.members.iter().filter(|member| is(member.place)).count() as u64;
        let mut there = self.members.len() as u64;
        let mut lines = vec![FunnelLine { step: "in-segment", customers: there, left_out: 0 }];
        for step in Step::ALL {
            let left_out = count(&|place| place == Place::Left(step));
            there -= left_out;
            lines.push(FunnelLine { step: step.name(), customers: there, left_out });
        }
        let held = count(&|place| place == Place::Holdout);
        lines.push(FunnelLine { step: "holdout", customers: held, left_out: 0 });
        lines.push(FunnelLine { step: "to-be-sent", customers: there - held, left_out: 0 });
        if let Some((waiting, _)) = self.waiting_for_cap() {
            lines.push(FunnelLine { step: WAITS_FOR_CAP, customers: waiting, left_out: 0 });
        }
        lines
    }

    /// How many messages wait until their customers are under the cap, and when the last of them may go out.
    #[must_use]
    pub fn waiting_for_cap(&self) -> Option<(u64, i64)> {
        let waiting = self.recipients().filter(|member| member.waits == Some(Step::UnderCap));
        waiting.fold(None, |so_far, member| {
            let (count, last) = so_far.unwrap_or((0, i64::MIN));
            Some((count + 1, last.max(member.not_before.unwrap_or(last))))
        })
    }

    /// Who is counted at a line of the funnel: those who are there after it, or those who were left out at it.
    pub fn at(&self, step: &str, side: Side) -> impl Iterator<Item = &Member> {
        let asked = Step::ALL.into_iter().find(|known| known.name() == step);
        let line = match step {
            "in-segment" => Some(Line::All),
            "holdout" => Some(Line::Holdout),
            "to-be-sent" => Some(Line::Written),
            WAITS_FOR_CAP => Some(Line::Waiting),
            _ => asked.map(Line::After),
        };
        self.members.iter().filter(move |member| match (side, line, member.place) {
            (Side::LeftOut, _, Place::Left(left)) => Some(left) == asked,
            (Side::LeftOut, ..) | (_, None, _) => false,
            (Side::There, Some(line), place) => match (line, place) {
                (Line::After(step), Place::Left(left)) => left > step,
                (Line::All | Line::After(_), _)
                | (Line::Holdout, Place::Holdout)
                | (Line::Written, Place::Arm(_)) => true,
                (Line::Waiting, Place::Arm(_)) => member.waits == Some(Step::UnderCap),
                _ => false,
            },
        })
    }
}
