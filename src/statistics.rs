//! Statistics for experiments: rates and means compared, with intervals, in numbers alone.
//!
//! In: counts and amounts, one per customer or summed up. Out: estimates with their intervals, tests, sizes of
//! samples. Knows no shop, no campaign and no file; what is random takes a seed. Each function names the paper and
//! the equation that it follows.

mod interval;
pub mod means;
pub mod multiple;
mod normal;
pub mod power;
pub mod proportions;
pub mod qini;
pub mod resample;
pub mod sequential;
pub mod targeting;

pub use interval::Interval;
pub use normal::{quantile, two_sided};

/// The confidence of every interval that is shown: 95 %.
pub const CONFIDENCE: f64 = 0.95;
/// The error that a verdict may have where nothing is there.
pub const ALPHA: f64 = 0.05;
/// How often a difference that is there should be seen.
pub const POWER: f64 = 0.8;
