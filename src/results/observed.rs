//! What is known of a campaign when its results are asked for: plain data, whoever gathered it.

use serde::{Deserialize, Serialize};

use crate::workspace::Elsewhere;
pub use crate::workspace::{Kind, SendState as State};

/// A campaign, its customers, and what happened since. Times are milliseconds since 1970-01-01 UTC; money is in minor
/// units. A customer is a row of [`Assigned`].
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub campaign: String,
    /// What people call it.
    pub title: String,
    /// The window begins here for everybody, the holdout too: only so do all arms have the same days to buy in.
    pub launched_at: i64,
    /// The orders are known up to here (exclusive).
    pub observed_until: i64,
    /// Days after the launch in which what customers do counts.
    pub window_days: u32,
    /// ISO 4217.
    pub currency: String,
    pub currency_digits: u32,
    pub arms: Vec<Arm>,
    /// The arm that the others are compared with: the holdout where there is one, else the first arm.
    pub control: usize,
    /// Whether that arm was sent nothing.
    pub holdout: bool,
    pub segments: Vec<String>,
    pub assigned: Assigned,
    /// Lines of orders at or after the launch.
    pub purchases: Vec<Purchase>,
    /// Customer and time of everything else that was done in the shop since, by whichever arm: visits, searches. `None`
    /// where the shop's files have no events.
    pub activity: Option<Vec<(u32, i64)>>,
    pub feedback: Vec<Feedback>,
    pub costs: Costs,
    /// Customers of the ledger of whom the shop's files know nothing; they are in no column here.
    pub unknown_customers: u64,
    /// Customers of the ledger who were erased since; nothing is known of what they did, and they are in no column.
    pub erased: u64,
    /// Rows of orders within the window that were set aside, for they are dated in the future.
    pub later_orders: u64,
    /// Orders in the window that only the door was told of.
    pub told: ToldCount,
    /// From the plan's segments to the arms, as it was at the launch; empty where that is not known.
    pub audience: Vec<AudienceLine>,
    /// Other campaigns that wrote to the same customers within the window.
    pub elsewhere: Vec<Elsewhere>,
}

/// A step from the plan's segments to the arms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudienceLine {
    /// As `campaign plan --json` spells it.
    pub step: String,
    /// Who is still there after it.
    pub customers: u64,
    pub left_out: u64,
}

/// An arm of the campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Arm {
    pub name: String,
    /// What was sent, as plain text to an invented customer, each segment's own; `None` for the holdout, or where it is not known.
    pub message: Option<String>,
    /// Share of the customers that was planned for it, 0..=1.
    pub share: Option<f64>,
}

/// Customers that were assigned, in columns of the same length.
#[derive(Clone, Debug, Default)]
pub struct Assigned {
    /// Index of [`Observed::arms`].
    pub arm: Vec<u16>,
    /// Index of [`Observed::segments`].
    pub segment: Vec<u16>,
    pub state: Vec<State>,
    /// Minor units spent in the year before the launch.
    pub spent_before: Vec<i64>,
    /// Orders of all time before the launch.
    pub orders_before: Vec<u32>,
    /// Days from the last of them to the launch; `None` for those who had not bought.
    pub recency_days: Vec<Option<u32>>,
    /// What a redeemed coupon took off, in minor units; 0 for most. Empty where it is not known.
    pub coupon_cost: Vec<i64>,
}

/// One line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    pub customer: u32,
    /// Number of the order, the same for its lines.
    pub order: u32,
    pub at: i64,
    /// Negative for what came back.
    pub amount: i64,
}

/// Something that came back from a customer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feedback {
    pub customer: u32,
    pub kind: Kind,
    /// Done by a mail filter that opens every link, not by a person.
    pub scanner: bool,
    pub rating: Option<i64>,
    pub text: Option<String>,
}

/// Orders that were told of and that the shop's files do not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToldCount {
    pub counted: u64,
    /// Without an amount, or in another currency than the shop's.
    pub left_out: u64,
}

/// What is needed to say what a campaign earned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// Major units for one message that was handed over.
    pub message: f64,
    /// Share of the price of goods that the shop keeps before discounts, 0..=1.
    pub margin: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Self { message: 0.0, margin: 1.0 }
    }
}
