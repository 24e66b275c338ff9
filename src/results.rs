//! Whether it worked, and how sure one can be: what customers did after a campaign, by arm, against the holdout.
//!
//! In: who was assigned to which arm, what came back, and the orders since ([`Observed`]); or a table of any experiment
//! ([`table::read`]). Out: [`Results`]: outcomes of each arm, comparisons with intervals and a verdict, who responds,
//! what it cost and brought, what customers wrote; and the page that shows them ([`report`]). Everything is counted per
//! customer assigned, whatever became of the message: see `docs/guide/results.md` for why.

mod caveats;
mod compare;
mod earned;
mod feedback;
mod funnel;
pub mod ledger;
mod measure;
pub mod observe;
pub mod observed;
mod outcomes;
pub mod recorded;
pub mod report;
mod retention;
pub mod sentence;
pub mod table;
mod told;

pub use caveats::Caveat;
pub use compare::{Adjusted, Because, Comparison, Look, Metric, Needed, Sequential, Verdict, compare};
pub use earned::Earned;
pub use feedback::{Quote, Theme, Tone, Voices};
pub use funnel::Funnel;
pub use measure::{Results, SegmentResult, measure, shown_currency};
pub use observed::Observed;
pub use outcomes::{ArmResult, Outcomes};
pub use retention::{Curve, Week};
