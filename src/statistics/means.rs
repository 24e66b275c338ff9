//! Means: amounts per customer, compared.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Interval;
use super::normal::below;

/// What is known of a sample: how many, their mean and their variance. Samples can be put together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    pub n: u64,
    pub mean: f64,
    /// Sum of the squared distances from the mean.
    squares: f64,
}

impl Moments {
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut moments = Self::default();
        for value in values {
            moments.push(value);
        }
        moments
    }

    /// A sample of `n` with this mean and sample variance.
    #[must_use]
    pub fn from_summary(n: u64, mean: f64, variance: f64) -> Self {
        Self { n, mean, squares: variance * (n.max(1) - 1) as f64 }
    }

    /// Adds one value: B. P. Welford, Technometrics 4 (1962) 419-420.
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        let from_old = value - self.mean;
        self.mean += from_old / self.n as f64;
        self.squares += from_old * (value - self.mean);
    }

    /// Sample variance, with `n - 1` below; 0 for fewer than two.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.n < 2 { 0.0 } else { (self.squares / (self.n - 1) as f64).max(0.0) }
    }

    /// Squared standard error of the mean.
    #[must_use]
    pub fn error_squared(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.variance() / self.n as f64 }
    }
}

/// The test of two means for being the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanTest {
    /// `a - b`.
    pub difference: f64,
    pub error: f64,
    /// 0 where nothing varies.
    pub t: f64,
    pub degrees: f64,
    /// Two-sided.
    pub p_value: f64,
    pub interval: Interval,
    /// Probability that the mean behind `a` is above: the posterior of the difference under flat priors, taken as
    /// normal, which it is close to from some thirty customers an arm on.
    pub probability_better: f64,
}

/// Welch's t test and interval: B. L. Welch, Biometrika 34 (1947) 28-35; degrees of freedom by F. E. Satterthwaite,
/// Biometrics Bulletin 2 (1946), equation 17. Arms with different variances, as those of a sale are, need no
/// assumption that they are alike.
#[must_use]
pub fn welch(a: &Moments, b: &Moments, confidence: f64) -> MeanTest {
    let difference = a.mean - b.mean;
    let (ea, eb) = (a.error_squared(), b.error_squared());
    let error = (ea + eb).sqrt();
    if error <= 0.0 || a.n < 2 || b.n < 2 {
        // Nothing varies, or there is nobody to compare: the data say nothing beyond the difference itself.
        let unknown = if a.n < 2 || b.n < 2 { f64::INFINITY } else { 0.0 };
        let interval = Interval::around(difference, unknown);
        return MeanTest {
            difference,
            error,
            t: 0.0,
            degrees: 0.0,
            p_value: 1.0,
            interval,
            probability_better: 0.5,
        };
    }
    let degrees =
        (ea + eb).powi(2) / (ea * ea / (a.n - 1) as f64 + eb * eb / (b.n - 1) as f64).max(f64::MIN_POSITIVE);
    let t = difference / error;
    let (p_value, critical) = match StudentsT::new(0.0, 1.0, degrees) {
        Ok(student) => (2.0 * student.cdf(-t.abs()), student.inverse_cdf(0.5 + confidence / 2.0)),
        Err(_) => (super::two_sided(t), super::normal::critical(confidence)),
    };
    MeanTest {
        difference,
        error,
        t,
        degrees,
        p_value: p_value.min(1.0),
        interval: Interval::around(difference, critical * error),
        probability_better: below(t),
    }
}

/// A comparison narrowed by what was known before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuped {
    /// How much of a difference before is taken off the difference after.
    pub theta: f64,
    pub test: MeanTest,
    /// Share of the variance that is left, 0..=1: 1 less the squared correlation of before and after.
    pub variance_left: f64,
}

/// CUPED: A. Deng, Y. Xu, R. Kohavi, T. Walker, Improving the sensitivity of online controlled experiments by
/// utilizing pre-experiment data, WSDM 2013, section 3: each amount `y` becomes `y - theta (x - mean x)`, with `theta` the
/// covariance of `y` and `x` over the variance of `x`. `a` and `b` are pairs of (after, before), one a customer. Theta is the slope of after on before within the arms, both together, so that the effect itself does not
/// enter it.
#[must_use]
pub fn cuped(a: &[(f64, f64)], b: &[(f64, f64)], confidence: f64) -> Cuped {
    let before = Moments::of(a.iter().chain(b).map(|pair| pair.1)).mean;
    let (mut product, mut square) = (0.0, 0.0);
    for arm in [a, b] {
        let y = Moments::of(arm.iter().map(|pair| pair.0)).mean;
        let x = Moments::of(arm.iter().map(|pair| pair.1)).mean;
        for pair in arm {
            product += (pair.0 - y) * (pair.1 - x);
            square += (pair.1 - x).powi(2);
        }
    }
    if square <= 0.0 {
        // Nothing was known before: nothing is taken off.
        let test = welch(
            &Moments::of(a.iter().map(|pair| pair.0)),
            &Moments::of(b.iter().map(|pair| pair.0)),
            confidence,
        );
        return Cuped { theta: 0.0, test, variance_left: 1.0 };
    }
    let theta = product / square;
    let adjusted =
        |arm: &[(f64, f64)]| Moments::of(arm.iter().map(|pair| pair.0 - theta * (pair.1 - before)));
    let plain = |arm: &[(f64, f64)]| Moments::of(arm.iter().map(|pair| pair.0));
    let test = welch(&adjusted(a), &adjusted(b), confidence);
    let was = plain(a).error_squared() + plain(b).error_squared();
    let variance_left = if was > 0.0 { test.error.powi(2) / was } else { 1.0 };
    Cuped { theta, test, variance_left }
}

#[cfg(test)]
mod tests;
