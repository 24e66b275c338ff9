//! What a plan settles besides who gets what: in a few words each, for its page.

use crate::campaign::plan::{Budget, Cap, CouponPolicy, Coupons, Plan};
use crate::campaign::quiet::Then;
use crate::results::sentence::{amount, percent};
use crate::tui::numbers;

/// A label, and what is settled.
pub type Term = (&'static str, String);

/// `has_coupon`: whether the message has a code.
pub(super) fn terms(plan: &Plan, has_coupon: bool, currency: &str) -> Vec<Term> {
    let currency = numbers::shown_currency(currency);
    let coupons = if has_coupon { coupons(&plan.coupons) } else { "the message has none".into() };
    vec![
        ("Holdout", holdout(plan.holdout)),
        ("Cap", cap(&plan.cap)),
        ("Coupons", coupons),
        ("Budget", budget(&plan.budget, currency)),
    ]
}

fn holdout(share: f64) -> String {
    if share > 0.0 {
        format!("{} of each segment gets nothing", percent(share))
    } else {
        "nobody is held out".into()
    }
}

fn cap(cap: &Cap) -> String {
    if cap.messages == 0 {
        return "none".into();
    }
    let then = match cap.then {
        Then::Hold => "others wait",
        Then::Skip => "others are left out",
        Then::Cancel => "if anybody had more, nobody is written to",
    };
    format!(
        "{} in {}, all campaigns together; {then}",
        numbers::counted(cap.messages as usize, "message"),
        numbers::counted(cap.days as usize, "day")
    )
}

fn coupons(coupons: &Coupons) -> String {
    match (coupons.policy, &coupons.pool, &coupons.code) {
        (CouponPolicy::Unique, Some(pool), _) => {
            format!("a code of their own for everybody, from the pool {pool}")
        }
        (CouponPolicy::Unique, None, _) => "a code of their own for everybody, made".into(),
        (CouponPolicy::Single, _, Some(code)) => format!("one code for all: {code}"),
        (CouponPolicy::Single, _, None) => "one code for all, which is not said yet".into(),
        (CouponPolicy::PerSegment, ..) => {
            let codes: Vec<String> =
                coupons.codes.iter().map(|(segment, code)| format!("{segment} {code}")).collect();
            format!("one code for each segment: {}", codes.join(", "))
        }
    }
}

fn budget(budget: &Budget, currency: &str) -> String {
    let limit = budget.limit.map_or_else(
        || "no limit".to_owned(),
        |limit| format!("coupons may cost {}", amount(limit, currency)),
    );
    let message = if budget.message_cost > 0.0 {
        // Often a fraction of the smallest coin.
        format!("{} {currency}", budget.message_cost).trim_end().to_owned()
    } else {
        "nothing".into()
    };
    format!(
        "{limit}; margin {}; {} of coupons are used; a message costs {message}",
        percent(budget.margin),
        percent(budget.redemption)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CampaignConfig;

    fn told(more: &str) -> Vec<Term> {
        let source =
            format!("strategy = \"s\"\nsegments = [\"A\"]\n{more}\n[[arms]]\nname = \"a\"\ndrafts = [1]\n");
        terms(&Plan::parse("p", &source, &CampaignConfig::default()).unwrap(), true, "EUR")
    }

    #[test]
    fn what_a_plan_settles_is_told() {
        let told = told(
            "holdout = 0.2\n[cap]\nmessages = 2\ndays = 7\nthen = \"hold\"\n[coupons]\npolicy = \"single\"\ncode = \"TEN\"\n\
             [budget]\nlimit = 500.0\nmargin = 0.4\nredemption = 0.1\nmessage-cost = 0.005",
        );
        assert_eq!(
            told,
            [
                ("Holdout", "20.00 % of each segment gets nothing".to_owned()),
                ("Cap", "2 messages in 7 days, all campaigns together; others wait".into()),
                ("Coupons", "one code for all: TEN".into()),
                (
                    "Budget",
                    "coupons may cost 500.00 EUR; margin 40.00 %; 10.00 % of coupons are used; a message costs 0.005 EUR"
                        .into()
                ),
            ]
        );
    }

    #[test]
    fn what_a_plan_leaves_open_is_told_too() {
        let told = told("holdout = 0\n[cap]\nmessages = 0\n[coupons]\npool = \"tiny\"");
        assert_eq!((told[0].1.as_str(), told[1].1.as_str()), ("nobody is held out", "none"));
        assert_eq!(told[2].1, "a code of their own for everybody, from the pool tiny");
        assert!(told[3].1.starts_with("no limit; ") && told[3].1.ends_with("a message costs nothing"));
    }
}
