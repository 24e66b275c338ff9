//! What became of the messages, and what came back: counted in customers, by arm.

use serde::Serialize;

use super::observed::{Kind, Observed, State};

/// Customers of an arm who got so far. Each counts once in each line, however often they clicked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Funnel {
    pub arm: String,
    /// In the arm.
    pub assigned: u64,
    /// Handed over to the sending service, which took it.
    pub accepted: u64,
    /// Refused, or given up.
    pub failed: u64,
    /// Not known whether handed over.
    pub unknown: u64,
    /// Left out on purpose: unsubscribed meanwhile, a cap, cancelled.
    pub skipped: u64,
    /// Not yet handed over.
    pub waiting: u64,
    pub bounced: u64,
    /// Accepted and not bounced. A service that tells of no bounces makes it too high.
    pub delivered: u64,
    /// People; a link opened by a mail filter is not one.
    pub clicked: u64,
    /// Customers whose links only a mail filter opened.
    pub scanned_only: u64,
    pub replied: u64,
    pub unsubscribed: u64,
    pub complained: u64,
    pub rated: u64,
    /// Of those who rated; `None` where nobody did.
    pub mean_rating: Option<f64>,
}

/// What a customer did, as bits.
#[derive(Clone, Copy, Default)]
struct Did(u8);

const BOUNCED: u8 = 1;
const CLICKED: u8 = 2;
const SCANNED: u8 = 4;
const REPLIED: u8 = 8;
const UNSUBSCRIBED: u8 = 16;
const COMPLAINED: u8 = 32;
const RATED: u8 = 64;

impl Did {
    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

pub(super) fn funnels(observed: &Observed) -> Vec<Funnel> {
    let customers = observed.assigned.arm.len();
    let mut did = vec![Did::default(); customers];
    let mut ratings = vec![(0.0, 0_u64); observed.arms.len()];
    for feedback in &observed.feedback {
        let row = feedback.customer as usize;
        let bit = match feedback.kind {
            Kind::Bounced => BOUNCED,
            Kind::Clicked if feedback.scanner => SCANNED,
            Kind::Clicked => CLICKED,
            Kind::Replied => REPLIED,
            Kind::Unsubscribed => UNSUBSCRIBED,
            Kind::Complained => COMPLAINED,
            Kind::Rated => RATED,
            Kind::Delivered | Kind::Ordered | Kind::Preferences => 0,
        };
        did[row].0 |= bit;
        if let (Kind::Rated, Some(rating)) = (feedback.kind, feedback.rating) {
            let sum = &mut ratings[usize::from(observed.assigned.arm[row])];
            sum.0 += rating as f64;
            sum.1 += 1;
        }
    }
    let mut funnels: Vec<Funnel> =
        observed.arms.iter().map(|arm| Funnel { arm: arm.name.clone(), ..Funnel::default() }).collect();
    for (row, did) in did.iter().enumerate() {
        let funnel = &mut funnels[usize::from(observed.assigned.arm[row])];
        funnel.assigned += 1;
        match observed.assigned.state[row] {
            State::Holdout => {}
            State::Accepted => {
                funnel.accepted += 1;
                funnel.delivered += u64::from(!did.has(BOUNCED));
            }
            State::Failed => funnel.failed += 1,
            State::Unknown => funnel.unknown += 1,
            State::Skipped | State::Cancelled => funnel.skipped += 1,
            State::Intended | State::Handing => funnel.waiting += 1,
        }
        funnel.bounced += u64::from(did.has(BOUNCED));
        funnel.clicked += u64::from(did.has(CLICKED));
        funnel.scanned_only += u64::from(did.has(SCANNED) && !did.has(CLICKED));
        funnel.replied += u64::from(did.has(REPLIED));
        funnel.unsubscribed += u64::from(did.has(UNSUBSCRIBED));
        funnel.complained += u64::from(did.has(COMPLAINED));
        funnel.rated += u64::from(did.has(RATED));
    }
    for (funnel, (sum, count)) in funnels.iter_mut().zip(ratings) {
        funnel.mean_rating = (count > 0).then(|| sum / count as f64);
    }
    funnels
}
