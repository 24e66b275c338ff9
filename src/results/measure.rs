//! From what was observed to the results: a pure function.

use serde::Serialize;

use super::caveats::{Caveat, caveats};
use super::compare::{against, judge};
use super::earned::{Earned, earned};
use super::feedback::{Voices, voices};
use super::funnel::{Funnel, funnels};
use super::observed::{Arm, AudienceLine, Observed};
use super::retention::{Curve, curves};
use super::sentence::{Language, finding, nothing_after};
use super::{ArmResult, Comparison, Look, Metric, Outcomes, compare};
use crate::data::NO_CURRENCY;
use crate::statistics::qini::{Qini, qini};
use crate::statistics::targeting::{Known, cross_fitted};
use crate::workspace::Elsewhere;

/// Milliseconds of a day.
pub(super) const DAY: i64 = 86_400_000;
/// Segments that are columns of the score; further ones say too little each.
const MOST_SEGMENTS: usize = 12;
/// Fewer customers than this cannot be put in an order that means anything.
const FEWEST_SCORED: usize = 200;

/// What a campaign did. The serialised form is the contract of `results NAME --json`; money is in major units.
#[derive(Clone, Debug, Serialize)]
pub struct Results {
    pub campaign: String,
    /// What people call it.
    pub title: String,
    /// The finding on the conversion rate of each arm, and of each pair of them, in English.
    pub summary: String,
    pub currency: String,
    /// Dates, UTC.
    pub launched_on: String,
    /// First day of which nothing is known.
    pub observed_until: String,
    pub window_days: u32,
    /// Share of the window that is in, 0..=1.
    pub information: f64,
    /// The arm that the others are compared with.
    pub control: String,
    /// Whether that arm was sent nothing.
    pub holdout: bool,
    pub seed: u64,
    pub arms: Vec<ArmResult>,
    pub comparisons: Vec<Comparison>,
    pub segments: Vec<SegmentResult>,
    /// From the plan's segments to the arms, as it was at the launch.
    pub audience: Vec<AudienceLine>,
    pub funnel: Vec<Funnel>,
    pub qini: Option<Qini>,
    pub earned: Vec<Earned>,
    pub retention: Vec<Curve>,
    pub feedback: Voices,
    pub caveats: Vec<Caveat>,
    /// Other campaigns that wrote to the same customers within the window, and to how many.
    pub elsewhere: Vec<Elsewhere>,
    pub messages: Vec<Arm>,
}

/// The same within a segment. P-values are adjusted among all segments and arms, metric by metric.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentResult {
    pub segment: String,
    pub arms: Vec<ArmResult>,
    pub comparisons: Vec<Comparison>,
}

/// Counts, compares and weighs. The same input and seed give the same results.
#[must_use]
pub fn measure(observed: &Observed, seed: u64) -> Results {
    let outcomes = outcomes(observed);
    let window = i64::from(observed.window_days.max(1)) * DAY;
    let seen = (observed.observed_until - observed.launched_at).max(0);
    let information = (seen as f64 / window as f64).min(1.0);
    let look = Look { information: Some(information), seed: Some(seed) };
    let arms = outcomes.by_arm();
    let comparisons = compare(&outcomes, observed.control, look);
    let segments = segments(observed, &outcomes, Look { seed: None, ..look });
    let mut results = Results {
        campaign: observed.campaign.clone(),
        title: if observed.title.is_empty() { observed.campaign.clone() } else { observed.title.clone() },
        summary: String::new(),
        currency: observed.currency.clone(),
        launched_on: date(observed.launched_at),
        observed_until: date(observed.observed_until),
        window_days: observed.window_days,
        information,
        control: observed.arms.get(observed.control).map(|arm| arm.name.clone()).unwrap_or_default(),
        holdout: observed.holdout,
        seed,
        audience: observed.audience.clone(),
        funnel: funnels(observed),
        qini: who_responds(observed, &outcomes),
        earned: earned(observed, &outcomes),
        retention: curves(observed),
        feedback: voices(observed),
        caveats: Vec::new(),
        elsewhere: observed.elsewhere.clone(),
        messages: observed.arms.clone(),
        arms,
        comparisons,
        segments,
    };
    results.caveats = caveats(observed, &results);
    results.summary = results.findings(Metric::ConversionRate, Language::English).join("\n");
    results
}

impl Results {
    /// Whether no orders are known since the launch: then nothing can be said of what customers did.
    #[must_use]
    pub fn is_before(&self) -> bool {
        self.information <= 0.0
    }

    /// The last day whose orders are known; nothing where there is no such day.
    #[must_use]
    pub fn known_until(&self) -> String {
        let last = self.observed_until.parse::<jiff::civil::Date>().and_then(jiff::civil::Date::yesterday);
        last.map_or_else(|_| String::new(), |day| day.to_string())
    }

    /// The findings in one metric: a sentence for each arm, and one for each pair of them; or that there are none.
    #[must_use]
    pub fn findings(&self, metric: Metric, language: Language) -> Vec<String> {
        if self.is_before() {
            return vec![nothing_after(
                &self.known_until(),
                &self.launched_on,
                self.caveats.iter().any(|caveat| matches!(caveat, Caveat::LaterOrders(_))),
                language,
            )];
        }
        let of = |name: &str| self.arms.iter().find(|arm| arm.name == name);
        let comparisons = self.comparisons.iter().filter(|comparison| comparison.metric == metric);
        comparisons
            .filter_map(|comparison| {
                let (arm, control) = (of(&comparison.arm)?, of(&comparison.against)?);
                Some(finding(comparison, arm, control, shown_currency(&self.currency), language))
            })
            .collect()
    }
}

/// The code of a currency beside an amount; nothing where it is not known.
#[must_use]
pub fn shown_currency(code: &str) -> &str {
    if code == NO_CURRENCY { "" } else { code }
}

/// What each customer did in the window.
pub(super) fn outcomes(observed: &Observed) -> Outcomes {
    let customers = observed.assigned.arm.len();
    let mut converted = vec![false; customers];
    let mut active = vec![false; customers];
    let mut revenue = vec![0_i64; customers];
    let mut bought = Vec::new();
    for purchase in &observed.purchases {
        if !observed.counts(purchase.at) {
            continue;
        }
        let row = purchase.customer as usize;
        revenue[row] += purchase.amount;
        // What comes back is no order, and neither is a line for nothing.
        converted[row] |= purchase.amount > 0;
        if purchase.amount > 0 {
            bought.push((purchase.customer, purchase.order));
        }
        active[row] = true;
    }
    for &(customer, at) in observed.activity.iter().flatten() {
        active[customer as usize] |= observed.counts(at);
    }
    bought.sort_unstable();
    bought.dedup();
    let mut orders = vec![0; customers];
    for (customer, _) in bought {
        orders[customer as usize] += 1;
    }
    let major = |minor: &i64| *minor as f64 / observed.unit();
    let retained = converted.iter().zip(&observed.assigned.orders_before);
    Outcomes {
        arms: observed.arms.iter().map(|arm| arm.name.clone()).collect(),
        arm: observed.assigned.arm.clone(),
        orders: Some(orders),
        revenue: Some(revenue.iter().map(major).collect()),
        retained: Some(retained.map(|(&bought, &before)| bought && before > 0).collect()),
        active: Some(active),
        before: Some(observed.assigned.spent_before.iter().map(major).collect()),
        converted,
    }
}

impl Observed {
    /// Whether something at this time lies in the window, and in what is known.
    pub(super) fn counts(&self, at: i64) -> bool {
        let end = self.launched_at + i64::from(self.window_days.max(1)) * DAY;
        (self.launched_at..end.min(self.observed_until)).contains(&at)
    }

    /// Minor units of one major unit.
    pub(super) fn unit(&self) -> f64 {
        10_f64.powi(self.currency_digits.min(6) as i32)
    }
}

fn segments(observed: &Observed, outcomes: &Outcomes, look: Look) -> Vec<SegmentResult> {
    if observed.segments.len() < 2 {
        return Vec::new();
    }
    let mut segments: Vec<SegmentResult> = observed
        .segments
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let own = outcomes.only(&|row| usize::from(observed.assigned.segment[row]) == number);
            let comparisons = against(&own, observed.control, look);
            SegmentResult { segment: name.clone(), arms: own.by_arm(), comparisons }
        })
        .collect();
    for metric in Metric::ALL {
        let all = segments.iter_mut().flat_map(|segment| &mut segment.comparisons);
        judge(&mut all.filter(|comparison| comparison.metric == metric).collect::<Vec<_>>());
    }
    segments
}

/// Customers in the order of a score made of what was known before the launch.
fn who_responds(observed: &Observed, outcomes: &Outcomes) -> Option<Qini> {
    let assigned = &observed.assigned;
    if outcomes.len() < FEWEST_SCORED || !observed.holdout {
        return None;
    }
    let log = |value: f64| value.max(0.0).ln_1p();
    let mut columns: Vec<Vec<f64>> = vec![
        assigned.spent_before.iter().map(|&spent| log(spent as f64 / observed.unit())).collect(),
        assigned.orders_before.iter().map(|&orders| log(f64::from(orders))).collect(),
        assigned.recency_days.iter().map(|days| log(f64::from(days.unwrap_or(3_650)))).collect(),
    ];
    for segment in 0..observed.segments.len().min(MOST_SEGMENTS) {
        columns.push(
            assigned.segment.iter().map(|&own| f64::from(u8::from(usize::from(own) == segment))).collect(),
        );
    }
    let treated = assigned.arm.iter().map(|&arm| usize::from(arm) != observed.control).collect();
    qini(&cross_fitted(&Known { columns, treated, converted: outcomes.converted.clone() }))
}

/// The date of a moment, UTC.
fn date(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map(|moment| moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
