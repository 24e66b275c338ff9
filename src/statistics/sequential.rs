//! Looking at results again and again while they come in, without finding what is not there.
//!
//! The rule is alpha spending, in the form of P. C. O'Brien and T. R. Fleming (Biometrics 35 (1979) 549-556) as
//! K. K. G. Lan and D. L. `DeMets` made it fit any number of looks (Biometrika 70 (1983) 659-663, the function called
//! alpha-1-star there): by the time that a share `t` of the information is in, `4 (1 - Phi(z / sqrt(t)))` of the error
//! is spent, with `z` the quantile of `1 - alpha / 4`. A Brownian motion has left `[-z, z]` by `t` with at most this
//! chance (the reflection principle, at both ends), so that a test that stops where `|Z| sqrt(t) >= z` keeps its error
//! however often one looks, and neither a plan nor a table of looks is needed.
//!
//! An always-valid mixture test (R. Johari, P. Koomen, L. Pekelis, D. Walsh, Operations Research 70 (2022)) would
//! do the same without an end; a campaign has an end, the window in which purchases count, and pays for one without
//! with intervals half as wide again (about 3.0 standard errors instead of 2.24).

use super::Interval;
use super::normal::{below, quantile};

/// The boundary for `|Z|` when a share `information` (0..=1) of what the window will tell is in: 2.24 at its end for an
/// error of 0.05, four and a half after its first quarter. Infinite where nothing is in.
#[must_use]
pub fn boundary(information: f64, alpha: f64) -> f64 {
    let information = information.clamp(0.0, 1.0);
    if information <= 0.0 { f64::INFINITY } else { quantile(1.0 - alpha / 4.0) / information.sqrt() }
}

/// The error spent by then: Lan and `DeMets`'s function, 0..=`alpha`.
#[must_use]
pub fn spent(information: f64, alpha: f64) -> f64 {
    4.0 * (1.0 - below(boundary(information, alpha)))
}

/// The p-value that may be looked at at any time: the smallest error for which `z` has reached the boundary. The
/// chance that it ever goes below 0.05 where nothing is there is at most 0.05.
#[must_use]
pub fn p_value(z: f64, information: f64) -> f64 {
    (4.0 * below(-z.abs() * information.clamp(0.0, 1.0).sqrt())).min(1.0)
}

/// The interval that may be looked at at any time: all looks together hold the difference with this confidence (a
/// repeated confidence interval, C. Jennison and B. W. Turnbull, JRSS B 51 (1989) 305-361).
#[must_use]
pub fn interval(difference: f64, error: f64, information: f64, confidence: f64) -> Interval {
    Interval::around(difference, boundary(information, 1.0 - confidence) * error)
}

#[cfg(test)]
mod tests;
