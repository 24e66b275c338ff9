//! From a ledger, feedback and the shop's files to what was observed.
//!
//! In: rows of the ledger and of feedback, orders that were told of, and a [`Shop`] with the orders since. Out: [`Observed`].

use std::collections::HashMap;

use jiff::civil::Date;

use super::measure::DAY;
use super::observed::{Arm, Assigned, AudienceLine, Costs, Feedback, Kind, Observed, Purchase, State};
use super::told::Overlay;
use crate::data::{DataError, Shop, start_of};
use crate::workspace::{ERASED, Elsewhere, ToldOrder};

/// The name of the arm that is sent nothing.
pub const HOLDOUT: &str = "holdout";
/// Days before the launch whose spend narrows the intervals of money.
const BEFORE: i64 = 365;

/// One customer of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct SendRow {
    pub id: i64,
    pub customer: String,
    pub segment: String,
    /// Name of the arm, or [`HOLDOUT`].
    pub arm: String,
    pub state: State,
    /// What the customer's coupon took off, if it was redeemed.
    pub coupon: Coupon,
}

/// What a redeemed coupon took off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Coupon {
    /// Nothing: there was none, or it was not used.
    #[default]
    None,
    /// An amount in minor units, once.
    Amount(i64),
    /// A share of the price, 0..1: of what was paid for the first order after the launch, `share / (1 - share)`.
    Share(f64),
}

/// Something that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackRow {
    /// Row of the ledger that it answers.
    pub send: Option<i64>,
    /// Where that is not known.
    pub customer: Option<String>,
    pub kind: Kind,
    pub scanner: bool,
    pub rating: Option<i64>,
    pub text: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub campaign: String,
    /// What people call it; its name where nothing is said.
    pub title: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub launched_at: i64,
    pub window_days: u32,
    /// The last day that counts; the last one in the data where nothing is said.
    pub as_of: Option<Date>,
    /// Arms in the order of the plan, with messages and shares; arms of the ledger that are missing here are added.
    pub arms: Vec<Arm>,
    /// The arm to compare with; the holdout where nothing is said, or the first arm where there is none.
    pub control: Option<String>,
    pub costs: Costs,
    /// Other campaigns that wrote to the same customers within the window.
    pub elsewhere: Vec<Elsewhere>,
    /// From the plan's segments to the arms, as it was at the launch.
    pub audience: Vec<AudienceLine>,
}

/// Why a campaign cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{0}")]
    Unknown(String),
}

/// Gathers what was observed.
///
/// # Errors
/// The shop's orders cannot be read back, the control is no arm of the ledger, or none of the ledger's customers is in
/// the shop's files.
pub fn observe(
    question: &Question,
    sends: &[SendRow],
    feedback: &[FeedbackRow],
    told: &[ToldOrder],
    shop: &Shop,
) -> Result<Observed, ObserveError> {
    // Orders without a time of day stand at midnight: the day of the launch then counts as after it, for all arms alike.
    let launched_at =
        if shop.orders_have_time { question.launched_at } else { question.launched_at.div_euclid(DAY) * DAY };
    let launch_day = launched_at.div_euclid(DAY);
    let window = launch_day..launch_day + i64::from(question.window_days) + 1;
    let mut observed = Observed {
        campaign: question.campaign.clone(),
        title: question.title.clone().unwrap_or_else(|| question.campaign.clone()),
        launched_at,
        observed_until: start_of(question.as_of.map_or(shop.last_day, |day| day.min(shop.last_day))) + DAY,
        window_days: question.window_days,
        currency: shop.currency.clone(),
        currency_digits: shop.currency_digits,
        costs: question.costs,
        elsewhere: question.elsewhere.clone(),
        audience: question.audience.clone(),
        later_orders: if question.as_of.is_some() { 0 } else { shop.report.orders_later(window) },
        ..Observed::default()
    };
    arms(&mut observed, question, sends)?;
    let rows = customers(&mut observed, sends, shop);
    if rows.assigned.is_empty() {
        return Err(ObserveError::Unknown(format!(
            "none of the {} customers of the ledger is in the shop's files: are they of another shop, or do they write \
             customer_id in another way?",
            sends.len()
        )));
    }
    let by_name: HashMap<&str, u32> =
        rows.assigned.iter().map(|(&place, &row)| (sends[place].customer.as_str(), row)).collect();
    let mut overlay = Overlay::of(told, shop);
    orders(&mut observed, &rows, shop, &mut overlay)?;
    let until = question.as_of.map(|day| start_of(day) + DAY);
    overlay.lay(&mut observed, shop, until, &|customer| by_name.get(customer).copied());
    shares(&mut observed, &rows, sends);
    if shop.event_count().is_some() {
        let mut activity = Vec::new();
        shop.each_event(&mut |customer, at, _| {
            if at >= launched_at
                && let Some(row) = rows.of(customer)
            {
                activity.push((row, at));
            }
            Ok(())
        })?;
        observed.activity = Some(activity);
    }
    let by_send: HashMap<i64, u32> =
        rows.assigned.iter().map(|(&place, &row)| (sends[place].id, row)).collect();
    observed.feedback = feedback
        .iter()
        .filter_map(|row| {
            let by_send = row.send.and_then(|send| by_send.get(&send));
            let by_name = || row.customer.as_deref().and_then(|customer| by_name.get(customer));
            Some(Feedback {
                customer: *by_send.or_else(by_name)?,
                kind: row.kind,
                scanner: row.scanner,
                rating: row.rating,
                text: row.text.clone(),
            })
        })
        .collect();
    Ok(observed)
}

fn arms(observed: &mut Observed, question: &Question, sends: &[SendRow]) -> Result<(), ObserveError> {
    observed.holdout = sends.iter().any(|send| send.arm == HOLDOUT);
    observed.arms.clone_from(&question.arms);
    for send in sends {
        if !observed.arms.iter().any(|arm| arm.name == send.arm) {
            let arm = Arm { name: send.arm.clone(), ..Arm::default() };
            if send.arm == HOLDOUT { observed.arms.insert(0, arm) } else { observed.arms.push(arm) }
        }
    }
    let wanted = question.control.as_deref().or(observed.holdout.then_some(HOLDOUT));
    observed.control = match wanted {
        None => 0,
        Some(name) => observed.arms.iter().position(|arm| arm.name == name).ok_or_else(|| {
            let names: Vec<&str> = observed.arms.iter().map(|arm| arm.name.as_str()).collect();
            ObserveError::Unknown(format!(
                "no arm is called \"{name}\" (--control). The arms are {}.",
                names.join(", ")
            ))
        })?,
    };
    // Another control than the holdout was sent something.
    observed.holdout &= observed.arms.get(observed.control).is_some_and(|arm| arm.name == HOLDOUT);
    Ok(())
}

/// Who is who.
struct Rows {
    /// Customer of the shop to row; [`NOBODY`] for those who were not in the campaign.
    of_shop: Vec<u32>,
    /// Place in the ledger to row.
    assigned: HashMap<usize, u32>,
}

const NOBODY: u32 = u32::MAX;

impl Rows {
    fn of(&self, customer: u32) -> Option<u32> {
        self.of_shop.get(customer as usize).copied().filter(|&row| row != NOBODY)
    }
}

fn customers(observed: &mut Observed, sends: &[SendRow], shop: &Shop) -> Rows {
    let places: HashMap<&str, usize> =
        sends.iter().enumerate().map(|(place, send)| (send.customer.as_str(), place)).collect();
    let arms: HashMap<String, u16> =
        observed.arms.iter().enumerate().map(|(number, arm)| (arm.name.clone(), number as u16)).collect();
    let mut segments: HashMap<&str, u16> = HashMap::new();
    let mut named: Vec<&str> = sends.iter().map(|send| send.segment.as_str()).collect();
    named.sort_unstable();
    named.dedup();
    for name in named {
        segments.insert(name, observed.segments.len() as u16);
        observed.segments.push(name.to_owned());
    }
    let mut rows = Rows { of_shop: vec![NOBODY; shop.customers.len()], assigned: HashMap::new() };
    let assigned = &mut observed.assigned;
    for customer in 0..shop.customers.len() {
        let Some(&place) = places.get(shop.customers.id(customer)) else { continue };
        let send = &sends[place];
        let row = assigned.arm.len() as u32;
        rows.of_shop[customer] = row;
        rows.assigned.insert(place, row);
        assigned.arm.push(arms.get(&send.arm).copied().unwrap_or_default());
        assigned.segment.push(segments.get(send.segment.as_str()).copied().unwrap_or_default());
        assigned.state.push(send.state);
        assigned.coupon_cost.push(if let Coupon::Amount(amount) = send.coupon { amount } else { 0 });
    }
    let count = assigned.arm.len();
    *assigned = Assigned {
        spent_before: vec![0; count],
        orders_before: vec![0; count],
        recency_days: vec![None; count],
        ..std::mem::take(assigned)
    };
    // Under its hash nobody's orders are found; of them the ledger itself says why.
    let erased = sends.iter().filter(|send| send.customer.starts_with(ERASED)).count();
    observed.erased = erased as u64;
    observed.unknown_customers = (sends.len() - count).saturating_sub(erased) as u64;
    rows
}

/// What coupons that take a share off have cost.
fn shares(observed: &mut Observed, rows: &Rows, sends: &[SendRow]) {
    let mut first: HashMap<u32, (u32, i64)> = HashMap::new();
    for line in observed.purchases.iter().filter(|line| line.amount > 0) {
        let (order, paid) = first.entry(line.customer).or_insert((line.order, 0));
        if *order == line.order {
            *paid += line.amount;
        }
    }
    for (&place, &row) in &rows.assigned {
        if let (Coupon::Share(share), Some((_, paid))) = (sends[place].coupon, first.get(&row))
            && (0.0..1.0).contains(&share)
        {
            observed.assigned.coupon_cost[row as usize] =
                (*paid as f64 * share / (1.0 - share)).round() as i64;
        }
    }
}

fn orders(
    observed: &mut Observed,
    rows: &Rows,
    shop: &Shop,
    overlay: &mut Overlay<'_>,
) -> Result<(), ObserveError> {
    let launched_at = observed.launched_at;
    let mut last_order = vec![None; observed.assigned.arm.len()];
    shop.each_order_line(&mut |customer, line| {
        overlay.pass(line.order);
        let Some(row) = rows.of(customer) else { return Ok(()) };
        if line.at >= launched_at {
            let (at, amount) = (line.at, line.amount);
            observed.purchases.push(Purchase { customer: row, order: line.order, at, amount });
            return Ok(());
        }
        let (assigned, row) = (&mut observed.assigned, row as usize);
        if line.at >= launched_at - BEFORE * DAY {
            assigned.spent_before[row] += line.amount;
        }
        if line.amount > 0 {
            let days = ((launched_at - line.at) / DAY) as u32;
            assigned.recency_days[row] =
                Some(assigned.recency_days[row].map_or(days, |least: u32| least.min(days)));
            // Lines of an order follow each other.
            if last_order[row].replace(line.order) != Some(line.order) {
                assigned.orders_before[row] += 1;
            }
        }
        Ok(())
    })?;
    Ok(())
}
