//! Orders that the shop told of as they came in, laid over those in its files.
//!
//! In: what was told, and the files. Out: purchases that stand beside the files' own. An order counts once, by its id:
//! where the files have it their row counts, a cancelled one too. What was told without an id that could be looked for
//! there counts from the day on of which the files know nothing. Amounts count in the shop's currency, as in the files.

use std::collections::HashSet;

use super::measure::DAY;
use super::observed::{Observed, Purchase};
use crate::data::{Filed, NO_CURRENCY, Shop, start_of};
use crate::workspace::ToldOrder;

/// Told orders are numbered from here: the files' ids end far below, and rows without an id are numbered from the end.
const FIRST: u32 = 3 << 30;
/// Digits of an amount of which nobody says the currency.
const DIGITS: u32 = 2;

/// What was told, while the files' lines are gone through.
pub(super) struct Overlay<'a> {
    told: Vec<(&'a ToldOrder, Filed)>,
    /// Numbers that some of them would have in the files.
    wanted: HashSet<u32>,
    found: HashSet<u32>,
}

impl<'a> Overlay<'a> {
    pub(super) fn of(told: &'a [ToldOrder], shop: &Shop) -> Self {
        let told: Vec<_> = told
            .iter()
            .map(|order| (order, order.order.as_deref().map_or(Filed::Unnamed, |id| shop.filed(id))))
            .collect();
        let numbers = told.iter().filter_map(|(_, filed)| match filed {
            Filed::Numbered(number) => Some(*number),
            _ => None,
        });
        Self { wanted: numbers.collect(), found: HashSet::new(), told }
    }

    /// A line of the files, whoever bought it.
    pub(super) fn pass(&mut self, order: u32) {
        if !self.wanted.is_empty() && self.wanted.contains(&order) {
            self.found.insert(order);
        }
    }

    /// Adds what the files do not have. `until`: the moment up to which orders are asked for.
    pub(super) fn lay(
        self,
        observed: &mut Observed,
        shop: &Shop,
        until: Option<i64>,
        row_of: &dyn Fn(&str) -> Option<u32>,
    ) {
        let files_end = start_of(shop.last_day) + DAY;
        let mut ids = HashSet::new();
        let (mut added, mut left_out) = (Vec::new(), Vec::new());
        for (order, filed) in self.told {
            let Some(customer) = row_of(&order.customer) else { continue };
            let again = order.order.as_deref().is_some_and(|id| !ids.insert(id.trim()));
            let missing = match filed {
                Filed::Never => true,
                Filed::Cancelled => false,
                Filed::Numbered(number) => !self.found.contains(&number),
                Filed::Unnamed => order.at >= files_end,
            };
            if again || !missing || order.at < observed.launched_at {
                continue;
            }
            match minor(order, shop) {
                Some(amount) => {
                    let number = FIRST + added.len() as u32;
                    added.push(Purchase { customer, order: number, at: order.at, amount });
                }
                None => left_out.push(order.at),
            }
        }
        // Whoever tells of orders tells of them until now; to be sure, until the last of them.
        if let Some(last) = added.iter().map(|order| order.at).max() {
            let end = last.div_euclid(DAY) * DAY + DAY;
            observed.observed_until = observed.observed_until.max(until.map_or(end, |until| until.min(end)));
        }
        observed.told.counted = added.iter().filter(|order| observed.counts(order.at)).count() as u64;
        observed.told.left_out = left_out.into_iter().filter(|&at| observed.counts(at)).count() as u64;
        if !added.is_empty() {
            observed.purchases.extend(added);
            // The first order of a customer is looked for by its place.
            observed.purchases.sort_by_key(|line| (line.customer, line.at));
        }
    }
}

/// The amount in the shop's minor units; `None`: it is not said, or in another currency.
fn minor(order: &ToldOrder, shop: &Shop) -> Option<i64> {
    let same = match order.currency.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
        _ if shop.currency == NO_CURRENCY => true,
        None => shop.currency_digits == DIGITS,
        Some(code) if code.eq_ignore_ascii_case("RMB") => shop.currency == "CNY",
        Some(code) => code.eq_ignore_ascii_case(&shop.currency),
    };
    order.amount.filter(|_| same)
}
