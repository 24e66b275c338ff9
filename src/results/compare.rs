//! Arms against the control, and with each other: differences, intervals, tests and verdicts.

use serde::Serialize;

use super::Outcomes;
use crate::statistics::means::{Moments, cuped, welch};
use crate::statistics::multiple::benjamini_hochberg;
use crate::statistics::proportions::{Count, newcombe, newcombe_within, pooled_test, probability_better};
use crate::statistics::resample::{REDRAWS, bootstrap};
use crate::statistics::{ALPHA, CONFIDENCE, Interval, POWER, power, sequential};

/// How many times the customers that there are may be asked for.
const MOST_TIMES: u64 = 100;
/// So many arms besides the control are compared pair by pair; more of them with the first alone.
const MOST_PAIRED: usize = 5;
/// An interval as wide says nothing.
const ENDLESS: f64 = 1e12;

/// What is compared, per customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    ConversionRate,
    RevenuePerCustomer,
    RetentionRate,
    ActivityRate,
}

impl Metric {
    pub const ALL: [Self; 4] =
        [Self::ConversionRate, Self::RevenuePerCustomer, Self::RetentionRate, Self::ActivityRate];
}

/// What may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Better,
    Worse,
    TooFewToTell,
}

/// Why it is too few to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// Fewer than five expected to do it, or not to, in an arm: the test does not hold, however small its p-value.
    FewExpected,
    /// Fewer than ten customers in an arm, of money.
    FewCustomers,
    /// The p-value that the verdict goes by is above 0.05.
    PValue,
}

/// Customers that the difference seen would need, if it is the true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// In both arms together, in the proportion that they have now.
    pub customers: u64,
    /// Of these, how many are not there yet.
    pub more: u64,
}

/// A difference of money narrowed by what customers spent before (CUPED).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Adjusted {
    pub difference: f64,
    pub interval: Interval,
    pub t: f64,
    pub p_value: f64,
    /// Share of the variance that is left.
    pub variance_left: f64,
}

/// What may be said while results still come in, however often one looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sequential {
    /// Share of the information that is in, 0..=1.
    pub information: f64,
    pub p_value: f64,
    pub interval: Interval,
}

/// One arm against another, mostly the control, in one metric. Part of the contract of `results --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub arm: String,
    pub against: String,
    pub metric: Metric,
    /// The arm less the other: points of probability, or major units of money, per customer.
    pub difference: f64,
    /// 95 %: Newcombe's for rates, Welch's for money.
    pub interval: Interval,
    /// Of a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub z: Option<f64>,
    /// Of money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub t: Option<f64>,
    /// Two-sided, of this comparison alone, looked at once.
    pub p_value: f64,
    /// What the verdict goes by: narrowed, for any number of looks, and adjusted for the comparisons beside it.
    pub p_adjusted: f64,
    /// Probability that the arm is better than the other.
    pub probability_better: f64,
    /// 95 % by bootstrap (`BCa`), for money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Interval>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<Adjusted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequential: Option<Sequential>,
    pub verdict: Verdict,
    /// Of too few to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// Where it is too few to tell; `None` where nothing differs, or so little that a hundred times as many would not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<Needed>,
    /// Fewer than five expected in a cell: the normal approximation does not hold, and nothing is said.
    #[serde(skip)]
    sparse: bool,
}

/// How the data are looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Share of the window that is in, where results are looked at while they come in; `None` for data that are
    /// complete and looked at once.
    pub information: Option<f64>,
    /// Seed of the bootstrap; `None` leaves it out.
    pub seed: Option<u64>,
}

/// Every other arm against `control` (an index of the arms), and then these with each other, in every metric that the
/// outcomes have; metric by metric. P-values are adjusted among the arms of one metric, and among the pairs of one
/// metric: whether it worked and which version is better are two questions.
#[must_use]
pub fn compare(outcomes: &Outcomes, control: usize, look: Look) -> Vec<Comparison> {
    let to_control: Vec<_> = others(outcomes, control).map(|arm| (arm, control)).collect();
    let pairs = pairs(&others(outcomes, control).collect::<Vec<_>>());
    let families = Metric::ALL.into_iter().flat_map(|metric| [(metric, &to_control), (metric, &pairs)]);
    families.flat_map(|(metric, pairs)| family(outcomes, pairs, metric, look)).collect()
}

/// Every other arm against `control` alone, as [`compare`] has them.
pub(super) fn against(outcomes: &Outcomes, control: usize, look: Look) -> Vec<Comparison> {
    let to_control: Vec<_> = others(outcomes, control).map(|arm| (arm, control)).collect();
    Metric::ALL.into_iter().flat_map(|metric| family(outcomes, &to_control, metric, look)).collect()
}

fn others(outcomes: &Outcomes, control: usize) -> impl Iterator<Item = usize> {
    (0..outcomes.arms.len()).filter(move |&arm| arm != control)
}

/// The arms that are compared with each other: every pair, the later one against the earlier; of many arms each
/// against the first.
fn pairs(arms: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (place, &arm) in arms.iter().enumerate() {
        let earlier = if arms.len() <= MOST_PAIRED { place } else { place.min(1) };
        pairs.extend(arms[..earlier].iter().map(|&before| (arm, before)));
    }
    pairs
}

/// Comparisons that are adjusted for each other.
fn family(outcomes: &Outcomes, pairs: &[(usize, usize)], metric: Metric, look: Look) -> Vec<Comparison> {
    let compared = pairs.iter().filter_map(|&(arm, other)| one(outcomes, arm, other, metric, look));
    let mut compared: Vec<Comparison> = compared.collect();
    judge(&mut compared.iter_mut().collect::<Vec<_>>());
    compared
}

/// Adjusts the p-values of comparisons that stand beside each other, and gives the verdicts anew.
pub(super) fn judge(comparisons: &mut [&mut Comparison]) {
    let raw: Vec<f64> = comparisons.iter().map(|comparison| comparison.own_p_value()).collect();
    for (comparison, adjusted) in comparisons.iter_mut().zip(benjamini_hochberg(&raw)) {
        comparison.p_adjusted = adjusted;
        comparison.verdict = if adjusted > ALPHA || comparison.sparse {
            Verdict::TooFewToTell
        } else if comparison.judged().0 > 0.0 {
            Verdict::Better
        } else {
            Verdict::Worse
        };
        comparison.because = match (comparison.verdict, comparison.sparse, comparison.metric) {
            (Verdict::Better | Verdict::Worse, ..) => None,
            (_, true, Metric::RevenuePerCustomer) => Some(Because::FewCustomers),
            (_, true, _) => Some(Because::FewExpected),
            (_, false, _) => Some(Because::PValue),
        };
        if comparison.verdict != Verdict::TooFewToTell {
            comparison.needed = None;
        }
    }
}

impl Comparison {
    /// Difference and interval that the verdict goes by: those narrowed by what was known before, where they are; for
    /// any number of looks, while results come in.
    #[must_use]
    pub fn judged(&self) -> (f64, Interval) {
        let (difference, interval) = self
            .adjusted
            .map_or((self.difference, self.interval), |narrow| (narrow.difference, narrow.interval));
        (difference, self.any_look().unwrap_or(interval))
    }

    /// The interval for any number of looks, where there is one: not before anything is in.
    #[must_use]
    pub fn any_look(&self) -> Option<Interval> {
        let looks = self.sequential?;
        let width = looks.interval.width();
        (width.is_finite() && width < ENDLESS).then_some(looks.interval)
    }

    /// Whether the p-value was raised for the comparisons beside it.
    #[must_use]
    pub fn is_adjusted(&self) -> bool {
        self.p_adjusted > self.own_p_value() * 1.000_001
    }

    fn own_p_value(&self) -> f64 {
        let narrowed = self.adjusted.map_or(self.p_value, |adjusted| adjusted.p_value);
        self.sequential.map_or(narrowed, |sequential| sequential.p_value)
    }
}

fn one(outcomes: &Outcomes, arm: usize, control: usize, metric: Metric, look: Look) -> Option<Comparison> {
    let flags = match metric {
        Metric::ConversionRate => &outcomes.converted,
        Metric::RetentionRate => outcomes.retained.as_ref()?,
        Metric::ActivityRate => outcomes.active.as_ref()?,
        Metric::RevenuePerCustomer => {
            return Some(money(outcomes, outcomes.revenue.as_ref()?, arm, control, look));
        }
    };
    let (a, b) = (outcomes.count(arm, flags), outcomes.count(control, flags));
    let test = pooled_test(a, b);
    let base = Comparison {
        difference: test.difference,
        interval: newcombe(a, b, CONFIDENCE),
        z: Some(test.z),
        p_value: test.p_value,
        probability_better: probability_better(a, b),
        sequential: look.information.map(|information| Sequential {
            information,
            p_value: sequential::p_value(test.z, information),
            interval: any_look(a, b, test.difference, information),
        }),
        needed: rate_needed(a, b, look),
        sparse: sparse(a, b),
        ..empty(outcomes, arm, control, metric)
    };
    Some(base)
}

/// The interval of rates for any number of looks: Newcombe's, as wide as the boundary asks for. One of standard errors
/// would be of no width where nobody did it, as if that were certain. Without an end where nothing is in.
fn any_look(a: Count, b: Count, difference: f64, information: f64) -> Interval {
    let boundary = sequential::boundary(information, 1.0 - CONFIDENCE);
    if boundary.is_finite() {
        newcombe_within(a, b, boundary)
    } else {
        Interval::around(difference, boundary)
    }
}

fn money(outcomes: &Outcomes, revenue: &[f64], arm: usize, control: usize, look: Look) -> Comparison {
    let values = |arm: usize| -> Vec<f64> { outcomes.rows(arm).map(|row| revenue[row]).collect() };
    let (a, b) = (values(arm), values(control));
    let (ma, mb) = (Moments::of(a.iter().copied()), Moments::of(b.iter().copied()));
    let test = welch(&ma, &mb, CONFIDENCE);
    let adjusted = outcomes.before.as_ref().map(|before| {
        let pairs = |arm: usize| -> Vec<(f64, f64)> {
            outcomes.rows(arm).map(|row| (revenue[row], before[row])).collect()
        };
        cuped(&pairs(arm), &pairs(control), CONFIDENCE)
    });
    // The narrowed test, where there is one, is the one that is looked at again and again.
    let judged = adjusted.as_ref().map_or(&test, |adjusted| &adjusted.test);
    let ratio = a.len() as f64 / b.len().max(1) as f64;
    let left = adjusted.as_ref().map_or(1.0, |adjusted| adjusted.variance_left);
    let deviation = (f64::midpoint(ma.variance(), mb.variance()) * left).sqrt();
    let needed = power::customers_needed_for_means(judged.difference, deviation, ratio, look.alpha(), POWER);
    Comparison {
        difference: test.difference,
        interval: finite(test.interval),
        t: Some(test.t),
        p_value: test.p_value,
        probability_better: judged.probability_better,
        bootstrap: look
            .seed
            .and_then(|seed| bootstrap(&a, &b, CONFIDENCE, REDRAWS, seed))
            .map(|bootstrap| bootstrap.bca),
        sequential: look.information.map(|information| Sequential {
            information,
            p_value: sequential::p_value(judged.t, information),
            interval: finite(sequential::interval(judged.difference, judged.error, information, CONFIDENCE)),
        }),
        adjusted: adjusted.map(|adjusted| Adjusted {
            difference: adjusted.test.difference,
            interval: finite(adjusted.test.interval),
            t: adjusted.test.t,
            p_value: adjusted.test.p_value,
            variance_left: adjusted.variance_left,
        }),
        needed: needed.and_then(|control| Needed::of(control, ratio, (a.len() + b.len()) as u64)),
        // Welch's test leans on the mean of buyers' amounts being near normal: too few buyers, no verdict.
        sparse: [&a, &b].iter().any(|arm| arm.len() < 10),
        ..empty(outcomes, arm, control, Metric::RevenuePerCustomer)
    }
}

impl Look {
    /// The error at which a plan is made: looking again and again costs half of it.
    fn alpha(self) -> f64 {
        if self.information.is_some() { ALPHA / 2.0 } else { ALPHA }
    }
}

impl Needed {
    /// `None` for more than anybody would wait for: then the difference seen is next to nothing.
    fn of(control: u64, ratio: f64, have: u64) -> Option<Self> {
        let customers = ((control as f64 * (1.0 + ratio)).ceil() as u64).max(have + 1);
        (customers / MOST_TIMES <= have).then(|| Self { customers, more: customers - have })
    }
}

fn rate_needed(a: Count, b: Count, look: Look) -> Option<Needed> {
    let ratio = a.of as f64 / b.of.max(1) as f64;
    let control = power::customers_needed(b.rate(), a.rate() - b.rate(), ratio, look.alpha(), POWER)?;
    Needed::of(control, ratio, a.of + b.of)
}

/// W. G. Cochran's rule (Biometrics 10 (1954) 417-451): with fewer than five expected in a cell the test is not to be
/// trusted.
fn sparse(a: Count, b: Count) -> bool {
    let pooled = Count::new(a.hits + b.hits, a.of + b.of).rate();
    [a, b].iter().any(|arm| arm.of as f64 * pooled.min(1.0 - pooled) < 5.0)
}

/// An arm of nobody has no end; JSON has no infinity.
fn finite(interval: Interval) -> Interval {
    let end = |value: f64| value.clamp(-1e15, 1e15);
    Interval::new(end(interval.low), end(interval.high))
}

fn empty(outcomes: &Outcomes, arm: usize, control: usize, metric: Metric) -> Comparison {
    Comparison {
        arm: outcomes.arms[arm].clone(),
        against: outcomes.arms[control].clone(),
        metric,
        difference: 0.0,
        interval: Interval::new(0.0, 0.0),
        z: None,
        t: None,
        p_value: 1.0,
        p_adjusted: 1.0,
        probability_better: 0.5,
        bootstrap: None,
        adjusted: None,
        sequential: None,
        verdict: Verdict::TooFewToTell,
        because: None,
        needed: None,
        sparse: false,
    }
}

#[cfg(test)]
mod tests;
