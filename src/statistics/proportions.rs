//! Rates: a share of customers with its interval, and the difference of two.

use statrs::function::beta::{beta_reg, ln_beta};

use super::Interval;
use super::normal::{critical, two_sided};

/// `hits` of `of` customers. `hits <= of`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub hits: u64,
    pub of: u64,
}

impl Count {
    #[must_use]
    pub fn new(hits: u64, of: u64) -> Self {
        Self { hits, of }
    }

    /// The share, 0..=1; 0 of nobody.
    #[must_use]
    pub fn rate(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.hits as f64 / self.of as f64 }
    }
}

/// Wilson's score interval of a rate: E. B. Wilson, Probable inference, the law of succession, and statistical
/// inference, JASA 22 (1927); R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, method 3. The whole range for
/// nobody.
#[must_use]
pub fn wilson(count: Count, confidence: f64) -> Interval {
    wilson_within(count, critical(confidence))
}

/// [`wilson`] of so many standard errors.
fn wilson_within(count: Count, z: f64) -> Interval {
    if count.of == 0 {
        return Interval::new(0.0, 1.0);
    }
    let (n, p) = (count.of as f64, count.rate());
    let middle = 2.0 * n * p + z * z;
    let half = z * (z * z + 4.0 * n * p * (1.0 - p)).sqrt();
    let below = 2.0 * (n + z * z);
    // The ends are exact where nobody or everybody did it; rounding would leave a trace there.
    Interval {
        low: if count.hits == 0 { 0.0 } else { (middle - half) / below },
        high: if count.hits == count.of { 1.0 } else { (middle + half) / below },
    }
}

/// Interval of the difference of two independent rates, `a - b`: Newcombe's hybrid score interval, from the Wilson
/// intervals of both. R. G. Newcombe, Interval estimation for the difference between independent proportions,
/// Statistics in Medicine 17 (1998) 873-890, method 10.
#[must_use]
pub fn newcombe(a: Count, b: Count, confidence: f64) -> Interval {
    newcombe_within(a, b, critical(confidence))
}

/// [`newcombe`] of so many standard errors, finite and positive. Where nobody did it on either side it still has a width.
#[must_use]
pub fn newcombe_within(a: Count, b: Count, z: f64) -> Interval {
    let (pa, pb) = (a.rate(), b.rate());
    let (wa, wb) = (wilson_within(a, z), wilson_within(b, z));
    let difference = pa - pb;
    Interval {
        low: difference - (pa - wa.low).hypot(wb.high - pb),
        high: difference + (wa.high - pa).hypot(pb - wb.low),
    }
}

/// The test of two rates for being the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateTest {
    /// `a - b`.
    pub difference: f64,
    /// The rate of both together.
    pub pooled: f64,
    /// 0 where nobody, or everybody, did it on both sides.
    pub z: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// The pooled z test, whose square is Pearson's chi-squared without correction: A. Agresti, Categorical Data
/// Analysis, 3rd ed. (2013), 3.2.1; J. L. Fleiss, B. Levin, M. C. Paik, Statistical Methods for Rates and Proportions,
/// 3rd ed. (2003), 3.1.
#[must_use]
pub fn pooled_test(a: Count, b: Count) -> RateTest {
    let difference = a.rate() - b.rate();
    let pooled = Count::new(a.hits + b.hits, a.of + b.of).rate();
    let error = if a.of == 0 || b.of == 0 {
        0.0
    } else {
        (pooled * (1.0 - pooled) * (1.0 / a.of as f64 + 1.0 / b.of as f64)).sqrt()
    };
    let z = if error > 0.0 { difference / error } else { 0.0 };
    RateTest { difference, pooled, z, p_value: two_sided(z) }
}

/// Intervals into which the range of a posterior is cut, for Simpson's rule; even.
const CUTS: usize = 4_000;
/// Deviations to both sides of its mean that matter: a posterior of few customers falls off no faster than `exp(-x)`.
const REACH: f64 = 32.0;

/// Probability that the rate behind `a` is above the rate behind `b`, each with a uniform prior, so that the
/// posteriors are Beta(hits + 1, misses + 1): A. Gelman and others, Bayesian Data Analysis, 3rd ed. (2013), 2.4. The
/// integral of the density of `a` times the distribution of `b` is taken by Simpson's rule over all of `a`'s posterior
/// that matters.
#[must_use]
pub fn probability_better(a: Count, b: Count) -> f64 {
    let shape = |count: Count| (count.hits as f64 + 1.0, (count.of - count.hits.min(count.of)) as f64 + 1.0);
    let ((a1, a2), (b1, b2)) = (shape(a), shape(b));
    let sum = a1 + a2;
    let mean = a1 / sum;
    let deviation = (mean * (1.0 - mean) / (sum + 1.0)).sqrt();
    let low = (mean - REACH * deviation).max(0.0);
    let high = (mean + REACH * deviation).min(1.0);
    let scale = ln_beta(a1, a2);
    let at = |step: usize| {
        let x = low + (high - low) * step as f64 / CUTS as f64;
        let log = |base: f64, power: f64| if power == 0.0 { 0.0 } else { power * base.ln() };
        let density = (log(x, a1 - 1.0) + log(1.0 - x, a2 - 1.0) - scale).exp();
        if density > 0.0 { density * beta_reg(b1, b2, x) } else { 0.0 }
    };
    let inner: f64 = (1..CUTS).map(|step| at(step) * if step.is_multiple_of(2) { 2.0 } else { 4.0 }).sum();
    ((at(0) + inner + at(CUTS)) * (high - low) / (3.0 * CUTS as f64)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
