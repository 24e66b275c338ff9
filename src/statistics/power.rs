//! How many customers a difference needs to be seen, and which difference so many customers can show.
//!
//! Everything here is two-sided, for independent arms. `alpha` is the error that is allowed where nothing is there
//! (0.05), `power` how often the difference should be seen where it is (0.8); both are in (0, 1).

use super::normal::{below, quantile};

/// The power of the pooled z test for rates `base` and `base + effect` with these numbers of customers: J. L. Fleiss,
/// B. Levin, M. C. Paik, Statistical Methods for Rates and Proportions, 3rd ed. (2003), equation 4.14 solved for the
/// power, without the correction for continuity.
#[must_use]
pub fn power_of_rates(control: u64, treated: u64, base: f64, effect: f64, alpha: f64) -> f64 {
    if control == 0 || treated == 0 {
        return 0.0;
    }
    let (n0, n1) = (control as f64, treated as f64);
    let other = base + effect;
    let pooled = (n0 * base + n1 * other) / (n0 + n1);
    let null = (pooled * (1.0 - pooled) * (1.0 / n0 + 1.0 / n1)).max(0.0).sqrt();
    let own = (base * (1.0 - base) / n0 + other * (1.0 - other) / n1).max(0.0).sqrt();
    if own <= 0.0 {
        return 0.0;
    }
    below((effect.abs() - quantile(1.0 - alpha / 2.0) * null) / own)
}

/// The smallest rise of a rate, in points of probability, that arms of this size show with this power: 0.012 says that
/// a base rate of 0.05 has to become 0.062. `None` where even a rise to 1 would not do, or an arm is empty.
#[must_use]
pub fn smallest_effect(control: u64, treated: u64, base_rate: f64, alpha: f64, power: f64) -> Option<f64> {
    let room = 1.0 - base_rate;
    let reaches = |effect: f64| power_of_rates(control, treated, base_rate, effect, alpha) >= power;
    // At a rate of exactly 1 the variance is gone; stay below it.
    let most = room * (1.0 - 1e-9);
    if !(0.0..1.0).contains(&base_rate) || !reaches(most) {
        return None;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if reaches(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// Customers of the control arm that a change of a rate from `base_rate` by `effect` needs, with `ratio` times as many
/// treated: Fleiss, Levin and Paik (2003), equation 4.14 (equation 4.18 for unequal arms), rounded up. `None` where the
/// effect is 0 or leads out of 0..=1.
#[must_use]
pub fn customers_needed(base_rate: f64, effect: f64, ratio: f64, alpha: f64, power: f64) -> Option<u64> {
    let other = base_rate + effect;
    if effect == 0.0 || ratio <= 0.0 || !(0.0..=1.0).contains(&base_rate) || !(0.0..=1.0).contains(&other) {
        return None;
    }
    let pooled = (base_rate + ratio * other) / (1.0 + ratio);
    let null = (pooled * (1.0 - pooled) * (1.0 + 1.0 / ratio)).sqrt();
    let own = (base_rate * (1.0 - base_rate) + other * (1.0 - other) / ratio).sqrt();
    let sum = quantile(1.0 - alpha / 2.0) * null + quantile(power) * own;
    whole((sum / effect).powi(2))
}

/// The smallest difference of two means, in the unit of `deviation` (the standard deviation of one customer's amount),
/// that arms of this size show with this power: S.-C. Chow, J. Shao, H. Wang, Sample Size Calculations in Clinical
/// Research, 2nd ed. (2008), section 3.2: `(z[1 - alpha / 2] + z[power]) deviation sqrt(1 / n0 + 1 / n1)`. `None` where an arm
/// is empty.
#[must_use]
pub fn smallest_difference(
    control: u64,
    treated: u64,
    deviation: f64,
    alpha: f64,
    power: f64,
) -> Option<f64> {
    if control == 0 || treated == 0 {
        return None;
    }
    let error = deviation * (1.0 / control as f64 + 1.0 / treated as f64).sqrt();
    Some((quantile(1.0 - alpha / 2.0) + quantile(power)) * error)
}

/// Customers of the control arm that a difference of two means needs, with `ratio` times as many treated: Chow, Shao
/// and Wang (2008), section 3.2: `(1 + 1 / ratio) ((z[1 - alpha / 2] + z[power]) deviation / difference)^2`, rounded up. `None`
/// where the difference is 0.
#[must_use]
pub fn customers_needed_for_means(
    difference: f64,
    deviation: f64,
    ratio: f64,
    alpha: f64,
    power: f64,
) -> Option<u64> {
    if difference == 0.0 || ratio <= 0.0 {
        return None;
    }
    let sum = quantile(1.0 - alpha / 2.0) + quantile(power);
    whole((1.0 + 1.0 / ratio) * (sum * deviation / difference).powi(2))
}

/// Rounded up; `None` for more than anybody has.
fn whole(customers: f64) -> Option<u64> {
    (customers.is_finite() && customers < 1e15).then(|| customers.ceil() as u64)
}

#[cfg(test)]
mod tests;
