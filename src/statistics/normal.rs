//! The normal distribution: its quantiles and tails.

use statrs::function::erf::{erfc, erfc_inv};

/// The value below which a standard normal variable lies with probability `p` in (0, 1).
#[must_use]
pub fn quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// Probability of a standard normal variable below `z`.
pub(super) fn below(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// Probability of a standard normal variable at least as far from 0 as `z`, on either side.
#[must_use]
pub fn two_sided(z: f64) -> f64 {
    if z == 0.0 { 1.0 } else { erfc(z.abs() / std::f64::consts::SQRT_2).min(1.0) }
}

/// The `z` of a two-sided interval of this confidence: 1.96 for 0.95.
pub(super) fn critical(confidence: f64) -> f64 {
    quantile(0.5 + confidence / 2.0)
}
