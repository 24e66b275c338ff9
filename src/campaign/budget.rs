//! What a campaign may cost, and what it must bring.
//!
//! In: the offer, the plan's budget, and the orders of those who are written to. Out: a [`Forecast`], with the share of additional buyers
//! from which it pays ([`Forecast::break_even`]). Of `n` messages at the cost `k`, a share `r` uses a coupon that costs `c` an order, and a
//! share `u` buys that would not have bought, each time an order of the amount `a` with the margin `m`. It pays where
//!
//! ```text
//! u * m * a  >=  r * c + k
//! ```

use serde::Serialize;

use super::plan::Plan;
use crate::features::{Feature, Features};
use crate::strategy::{Offer, OfferKind};

/// Amounts are in major units of the shop's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Forecast {
    pub messages: u64,
    /// Mean amount of an order of those who are written to; `None`: none of them has ordered.
    pub order_value: Option<f64>,
    /// What one use of the coupon costs; `None` where the offer does not say.
    pub cost_of_use: Option<f64>,
    /// Coupons that are expected to be used.
    pub uses: f64,
    /// What they cost together.
    pub coupons: Option<f64>,
    /// Most that they can cost: every coupon is used.
    pub coupons_at_most: Option<f64>,
    /// What sending costs.
    pub sending: f64,
    /// Share of those written to that must buy in addition, 0..=1, for the campaign to pay; `None`: not known.
    pub break_even: Option<f64>,
    /// Whether the expected cost is above the plan's limit.
    pub over_limit: bool,
}

/// What to expect of messages to these rows of the shop.
#[must_use]
pub fn forecast(plan: &Plan, offer: Option<&Offer>, features: &Features, rows: &[u32]) -> Forecast {
    let values: Vec<f64> = rows
        .iter()
        .filter_map(|&row| features.value(Feature::AverageOrderValue, row as usize))
        .map(f64::from)
        .filter(|value| value.is_finite() && *value > 0.0)
        .collect();
    let order_value = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let budget = &plan.budget;
    let cost_of_use = match offer.map(|offer| (offer.kind, offer.value)) {
        None | Some((OfferKind::EarlyAccess, _)) => Some(0.0),
        Some((OfferKind::Percentage, Some(value))) => order_value.map(|order| order * value / 100.0),
        Some((OfferKind::Amount, Some(value))) => Some(value),
        Some(_) => None,
    };
    let messages = rows.len() as u64;
    let uses = if offer.is_some() { budget.redemption * messages as f64 } else { 0.0 };
    let coupons = cost_of_use.map(|cost| cost * uses);
    let sending = budget.message_cost * messages as f64;
    let break_even = match (order_value, coupons) {
        (Some(order), Some(coupons)) if budget.margin > 0.0 && messages > 0 => {
            Some((coupons + sending) / messages as f64 / (budget.margin * order))
        }
        _ => None,
    };
    Forecast {
        messages,
        order_value,
        cost_of_use,
        uses,
        coupons,
        coupons_at_most: cost_of_use.map(|cost| cost * messages as f64),
        sending,
        break_even,
        over_limit: budget.limit.is_some_and(|limit| coupons.is_some_and(|cost| cost + sending > limit)),
    }
}
