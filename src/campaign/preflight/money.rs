//! What an offer costs, and whether there are codes for it that hold as long as it does.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Checks, Surroundings, Weight};
use crate::campaign::dossier::Dossier;
use crate::campaign::plan::CouponPolicy;
use crate::workspace::Stock;

impl Checks {
    pub(super) fn money(&mut self, dossier: &Dossier, around: &Surroundings<'_>) {
        let coupons = &dossier.plan.coupons;
        let needed = dossier.without_code;
        if dossier.versions.has_coupon() && coupons.policy == CouponPolicy::Unique {
            match dossier.plan.pool().zip(dossier.stock) {
                _ if dossier.launched.is_some() && needed == 0 => {
                    self.good("coupons", "no message waits for a code of its own");
                }
                Some((pool, stock)) => self.pool(dossier, pool, stock, needed),
                None => self.good("coupons", format!("{needed} codes are made here, one for each customer")),
            }
        }
        let currency = &around.ground.shop.currency;
        if around.forecast.over_limit {
            self.add(
                "budget",
                Weight::Blocking,
                format!(
                    "the coupons are expected to cost {:.2} {currency}, above the plan's limit of {:.2}",
                    around.forecast.coupons.unwrap_or(0.0) + around.forecast.sending,
                    dossier.plan.budget.limit.unwrap_or(0.0)
                ),
                "Raise limit under [budget], make the offer smaller, or send to fewer.",
            );
        } else if let Some(break_even) = around.forecast.break_even {
            self.good(
                "budget",
                format!("it pays if {:.2} % more of them buy than would have", 100.0 * break_even),
            );
        }
    }

    /// Whether a pool has enough codes. One that ends before the offer does would be a promise that is not kept.
    fn pool(&mut self, dossier: &Dossier, pool: &str, stock: Stock, needed: u64) {
        let ends = dossier.offer_ends();
        let short = stock.free - stock.lasting.min(stock.free);
        let owed = match stock.owed {
            0 => String::new(),
            owed => format!(" besides the {owed} that are owed to other launched campaigns"),
        };
        let but = match (ends, stock.first_end) {
            (Some(ends), Some(first)) if short > 0 => {
                let first = Timestamp::from_millisecond(first - 1).map_or_else(
                    |_| String::new(),
                    |last| TimeZone::UTC.to_datetime(last).date().to_string(),
                );
                format!(
                    "; {short} more end before the offer does, which is on {ends}, the first of them on {first}, and are not used"
                )
            }
            _ => String::new(),
        };
        if stock.lasting < needed {
            let shorter = if but.is_empty() {
                String::new()
            } else {
                ", or make valid-days in the strategy shorter".to_owned()
            };
            self.add(
                "coupons",
                Weight::Blocking,
                format!("the pool {pool} has {} codes{owed}, and {needed} are needed{but}", stock.lasting),
                format!("Import more with `perennial coupons import {pool} FILE`{shorter}."),
            );
        } else {
            self.good(
                "coupons",
                format!("the pool {pool} has {} codes{owed} for {needed} messages{but}", stock.lasting),
            );
        }
    }
}
