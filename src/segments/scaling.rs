//! Brings features to one scale, so that a day, an order and a euro can be compared.
//!
//! In: [`Features`] and the rows of customers with orders. Out: a [`Scaler`], which turns a customer into
//! numbers of which 0 is the median customer and 1 is about a standard deviation. Per feature: the logarithm
//! where the tail to the right is long, outliers on both sides brought to the 1st and 99th percentile, the
//! median taken off, and a division by the robust spread. A share of few orders is drawn towards the shop's
//! average first. A value that is not known counts as the median,
//! 0, so that it pulls a customer nowhere.

use super::points::{Points, random, sample};
use crate::features::{Feature, Features};

/// Features by which customers are grouped, the most telling first: of two that say nearly the same, the
/// first is kept.
const CANDIDATES: [Feature; 8] = [
    Feature::RecencyDays,
    Feature::Orders,
    Feature::AverageOrderValue,
    Feature::DiscountedShare,
    Feature::TenureDays,
    Feature::Categories,
    Feature::MeanGapDays,
    Feature::ReturnsShare,
];
/// Scales are fitted on at most so many rows.
const FIT_ROWS: usize = 16_384;
/// Two features with a higher correlation say the same twice.
const SAME: f64 = 0.85;
/// A feature that is known of fewer customers does not group them.
const KNOWN: f64 = 0.5;
/// Interquartile range of a normal distribution with standard deviation 1.
const IQR_OF_NORMAL: f64 = 1.349;
/// Kelly's measure of skewness, -1..=1, above which the logarithm is taken.
const SKEWED: f64 = 0.3;

/// A share counts as if each customer had this many orders more with the shop's average share: one discounted
/// order out of one says less than ten out of ten.
const PRIOR_ORDERS: f32 = 2.0;

/// How one feature is scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    pub feature: Feature,
    /// Whether the logarithm of 1 + value is taken first.
    pub log: bool,
    /// The shop's average, towards which a share of few orders is drawn; NaN where it is not a share.
    average: f32,
    /// Winsorised to this range, after the logarithm.
    low: f64,
    high: f64,
    centre: f64,
    spread: f64,
}

impl Scale {
    /// The scaled value of a customer with so many orders; 0 where it is not known.
    #[must_use]
    pub fn apply(&self, value: f32, orders: f32) -> f32 {
        if !value.is_finite() {
            return 0.0;
        }
        // In f32 throughout: this is done for every value there is.
        let value = if is_share(self.feature) { drawn_in(value, orders, self.average) } else { value };
        let value = if self.log { (1.0 + value.max(0.0)).ln() } else { value };
        (value.clamp(self.low as f32, self.high as f32) - self.centre as f32) / self.spread as f32
    }

    /// Fits the scale to values, each beside the customer's number of orders; `None` where they do not vary.
    fn fit(feature: Feature, values: &[(f32, f32)]) -> Option<Self> {
        let known = || values.iter().copied().filter(|(value, _)| value.is_finite());
        let average = (known().map(|(value, _)| f64::from(value.clamp(0.0, 1.0))).sum::<f64>()
            / known().count() as f64) as f32;
        let share = is_share(feature);
        let mut values: Vec<f32> = known()
            .map(|(value, orders)| if share { drawn_in(value, orders, average) } else { value })
            .collect();
        values.sort_unstable_by(f32::total_cmp);
        let (first, median, last) = (at(&values, 0.1), at(&values, 0.5), at(&values, 0.9));
        let skew = if last > first { (last + first - 2.0 * median) / (last - first) } else { 1.0 };
        let log = !share && skew > SKEWED && values.first().is_some_and(|&least| least >= 0.0);
        if log {
            for value in &mut values {
                *value = (1.0 + *value).ln();
            }
        }
        let (low, centre, high) = (at(&values, 0.01), at(&values, 0.5), at(&values, 0.99));
        let number = values.len() as f64;
        let clamped = || values.iter().map(|&value| f64::from(value).clamp(low, high));
        let mean = clamped().sum::<f64>() / number;
        let deviation = (clamped().map(|value| (value - mean).powi(2)).sum::<f64>() / number).sqrt();
        // Where most customers share one value (one order, no returns) the quartiles fall together: the
        // spread is then at least the standard deviation, lest the few others are blown up.
        let spread = ((at(&values, 0.75) - at(&values, 0.25)) / IQR_OF_NORMAL).max(deviation);
        (spread > 1e-6 * (1.0 + centre.abs())).then_some(Self {
            feature,
            log,
            average,
            low,
            high,
            centre,
            spread,
        })
    }
}

fn is_share(feature: Feature) -> bool {
    matches!(feature, Feature::DiscountedShare | Feature::ReturnsShare)
}

/// A share of some orders, drawn towards the average of all.
fn drawn_in(share: f32, orders: f32, average: f32) -> f32 {
    let orders = if orders.is_finite() { orders.clamp(0.0, 1e6) } else { 1.0 };
    (share.clamp(0.0, 1.0) * orders + average * PRIOR_ORDERS) / (orders + PRIOR_ORDERS)
}

/// Quantile of sorted values, interpolated; NaN of none.
fn at(sorted: &[f32], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let (below, above) =
        (f64::from(sorted[place.floor() as usize]), f64::from(sorted[place.ceil() as usize]));
    below + (above - below) * place.fract()
}

/// How customers become points, and what was done about gaps in the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaler {
    pub scales: Vec<Scale>,
    /// What a person should know about the features used, in sentences.
    pub notes: Vec<String>,
}

impl Scaler {
    /// Chooses the features and fits their scales to the customers in `rows`. Without scales where no feature
    /// varies.
    #[must_use]
    pub fn fit(features: &Features, rows: &[u32], seed: u64) -> Self {
        let picked = sample(rows.len(), FIT_ROWS, &mut random(seed, 0));
        let mut scaler = Self { scales: Vec::new(), notes: Vec::new() };
        let mut scaled: Vec<Vec<f64>> = Vec::new();
        let orders = features.column(Feature::Orders).unwrap_or_default();
        for feature in CANDIDATES {
            let Some(column) = features.column(feature) else { continue };
            let values: Vec<f32> = picked.iter().map(|&at| value(column, rows[at])).collect();
            let known =
                values.iter().filter(|value| value.is_finite()).count() as f64 / values.len().max(1) as f64;
            if known < KNOWN {
                scaler.notes.push(format!(
                    "{} is not used: it is known of {:.0} % of the customers only.",
                    Feature::words(feature),
                    known * 100.0
                ));
                continue;
            }
            let beside: Vec<(f32, f32)> =
                values.iter().zip(&picked).map(|(&known, &at)| (known, value(orders, rows[at]))).collect();
            let Some(scale) = Scale::fit(feature, &beside) else { continue };
            if feature == Feature::TenureDays && !tells_tenure(&values, features, rows) {
                scaler.notes.push(
                    "Days as a customer is not used: most customers came within one usual gap between orders.".into(),
                );
                continue;
            }
            let column: Vec<f64> =
                beside.iter().map(|&(value, orders)| f64::from(scale.apply(value, orders))).collect();
            let twin = scaled.iter().position(|other| correlation(other, &column).abs() > SAME);
            if let Some(twin) = twin {
                scaler.notes.push(format!(
                    "{} is not used: it says nearly the same as {}.",
                    Feature::words(feature),
                    Feature::words(scaler.scales[twin].feature).to_lowercase()
                ));
                continue;
            }
            if known < 1.0 {
                scaler.notes.push(format!(
                    "{} is not known of {:.0} % of the customers, who count as the median there.",
                    Feature::words(feature),
                    ((1.0 - known) * 100.0).max(1.0)
                ));
            }
            scaler.scales.push(scale);
            scaled.push(column);
        }
        scaler
    }

    /// The features used, in the order of the dimensions.
    #[must_use]
    pub fn features(&self) -> Vec<Feature> {
        self.scales.iter().map(|scale| scale.feature).collect()
    }

    /// The customers in `rows` as points.
    #[must_use]
    pub fn points(&self, features: &Features, rows: &[u32]) -> Points {
        let columns: Vec<_> = self.scales.iter().map(|scale| (scale, column(features, scale))).collect();
        let orders = features.column(Feature::Orders).unwrap_or_default();
        Points::build(columns.len(), rows.len(), |at, point| {
            for (place, (scale, column)) in point.iter_mut().zip(&columns) {
                *place = scale.apply(value(column, rows[at]), value(orders, rows[at]));
            }
        })
    }
}

/// Whether customers came at different times: to blow up the days within one usual gap between orders to
/// the size of other differences would group them by nothing.
fn tells_tenure(tenure: &[f32], features: &Features, rows: &[u32]) -> bool {
    let sorted = |values: &mut dyn Iterator<Item = f32>| {
        let mut values: Vec<f32> = values.filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f32::total_cmp);
        values
    };
    let tenure = sorted(&mut tenure.iter().copied());
    let gaps = features.column(Feature::MeanGapDays).unwrap_or_default();
    let gaps = sorted(&mut rows.iter().map(|&row| value(gaps, row)));
    gaps.is_empty() || at(&tenure, 0.75) - at(&tenure, 0.25) > at(&gaps, 0.5)
}

fn column<'a>(features: &'a Features, scale: &Scale) -> &'a [f32] {
    features.column(scale.feature).unwrap_or_default()
}

fn value(column: &[f32], row: u32) -> f32 {
    column.get(row as usize).copied().unwrap_or(f32::NAN)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let number = a.len().max(1) as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / number, b.iter().sum::<f64>() / number);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}
