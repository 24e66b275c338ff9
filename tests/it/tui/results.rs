//! Results of campaigns as the dashboard shows them.

use std::sync::Arc;

use perennial::jobs::Failure;
use perennial::results::observed::{Arm, Assigned, Feedback, Kind, Observed, Purchase, State};
use perennial::results::{Results, Verdict, measure};
use perennial::tui::work::{CampaignNews, Doing, Entry, Outcome, Runner, Services, Work};
use perennial::workspace::{CampaignState, Workspace};

use super::flow::{dashboard_with, folder};
use super::harness::Harness;

const DAY: i64 = 86_400_000;

/// A campaign with this many customers in each arm: one in `every` of the holdout buys, and twice as many of those who were
/// sent something.
fn campaign(customers: u32, every: u32) -> Results {
    let launched_at = 20_000 * DAY;
    let mut observed = Observed {
        campaign: "spring".into(),
        launched_at,
        observed_until: launched_at + 30 * DAY,
        window_days: 28,
        currency: "EUR".into(),
        currency_digits: 2,
        arms: vec![
            Arm { name: "holdout".into(), message: None, share: Some(0.5) },
            Arm { name: "a".into(), message: Some("Hello".into()), share: Some(0.5) },
        ],
        control: 0,
        holdout: true,
        segments: vec!["Regulars".into(), "Lapsed big spenders".into()],
        ..Observed::default()
    };
    let mut assigned = Assigned::default();
    for row in 0..2 * customers {
        let arm = (row % 2) as u16;
        assigned.arm.push(arm);
        assigned.segment.push((row / 2 % 2) as u16);
        assigned.state.push(if arm == 0 { State::Holdout } else { State::Accepted });
        assigned.spent_before.push(i64::from(row % 7) * 1_000);
        assigned.orders_before.push(1 + row % 3);
        assigned.recency_days.push(Some(30 + row % 100));
        let often = if arm == 0 { every } else { every / 2 };
        if row / 2 % often == 0 {
            let at = launched_at + i64::from(row % 28) * DAY;
            observed.purchases.push(Purchase {
                customer: row,
                order: row,
                at,
                amount: 2_500 + i64::from(row % 11) * 100,
            });
        }
        if arm == 1 && row % 9 == 1 {
            observed.feedback.push(Feedback { customer: row, kind: Kind::Clicked, ..Feedback::default() });
        }
        if arm == 1 && row % 40 == 1 {
            let rating = Some(i64::from(3 + row % 3));
            let text = Some("The parcel came late, but the roses are lovely".to_owned());
            observed.feedback.push(Feedback {
                customer: row,
                kind: Kind::Rated,
                rating,
                text,
                scanner: false,
            });
        }
    }
    observed.assigned = assigned;
    measure(&observed, 7)
}

/// The real work, but for campaigns: there is one, with these results.
struct Measured(Services, Option<Arc<Results>>);

impl Runner for Measured {
    fn run(
        &self,
        work: Work,
        task: &perennial::jobs::Task<'_>,
        tell: &dyn Fn(perennial::tui::work::Partial),
    ) -> Result<Outcome, Failure> {
        let Work::Campaign(campaign) = &work else { return self.0.run(work, task, tell) };
        match (&campaign.doing, &self.1) {
            (Doing::List, Some(_)) => {
                let entry = Entry {
                    name: "spring".into(),
                    state: Some(CampaignState::Done),
                    accepted: 2_000,
                    waiting: 0,
                    trouble: 0,
                    holdout: 2_000,
                    source: None,
                };
                Ok(Outcome::Campaign(CampaignNews::Listed(Arc::new(vec![entry]))))
            }
            (Doing::Measure(name), Some(results)) => {
                Ok(Outcome::Campaign(CampaignNews::Measured(name.clone(), Ok(Arc::clone(results)))))
            }
            (Doing::Look(name), Some(_)) => {
                Ok(Outcome::Campaign(CampaignNews::Seen(name.clone(), Err("not looked at here".into()))))
            }
            _ => self.0.run(work, task, tell),
        }
    }
}

fn shown(folder: &std::path::Path, results: Option<Results>) -> Harness {
    dashboard_with(Measured(Services::default(), results.map(Arc::new)), "shop", folder).keys("7")
}

#[test]
fn nothing_was_sent_yet() {
    let folder = folder();
    let mut harness = shown(folder.path(), None);
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn the_verdict_stands_first_with_its_intervals() {
    let folder = folder();
    let mut harness = shown(folder.path(), Some(campaign(2_000, 20)));
    let first = harness.screen(120, 40);
    let verdict = first.lines().nth(3).unwrap();
    assert!(verdict.contains("▲") && verdict.contains("makes more customers buy than holdout"), "{first}");
    let whole = harness.screen(120, 120);
    insta::assert_snapshot!(format!("{}--- the whole of it\n{whole}", harness.screens()));
    for words in ["Who bought, by arm", "Against holdout", "by week", "Qini", "clicked", "★"] {
        assert!(whole.contains(words), "{words} is not in\n{whole}");
    }
}

#[test]
fn too_few_to_tell_is_said_plainly() {
    let folder = folder();
    let mut harness = shown(folder.path(), Some(campaign(60, 20)));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("~ Too few to tell whether a makes more customers buy than holdout"), "{screen}");
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn each_finding_has_its_own_sign() {
    let folder = folder();
    let mut results = campaign(2_000, 20);
    let mut unsure = results.comparisons[0].clone();
    unsure.verdict = Verdict::TooFewToTell;
    results.comparisons.insert(1, unsure);
    let mut harness = shown(folder.path(), Some(results));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("▲ a makes more customers buy than holdout"), "{screen}");
    assert!(screen.contains("~ Too few to tell whether a makes more customers buy"), "{screen}");
}

#[test]
fn a_report_is_written_whose_place_is_told() {
    let folder = folder();
    let mut harness = shown(folder.path(), Some(campaign(500, 10))).keys("o");
    let screen = harness.screen(200, 40);
    assert!(screen.contains("Open it in a browser:") && screen.contains("spring-results.html"), "{screen}");
    let page = std::fs::read_to_string(folder.path().join("sent/spring-results.html")).unwrap();
    assert!(page.contains("<svg"), "{}", &page[..200]);
}

#[test]
fn what_was_sent_just_now_is_measured_from_the_ledger() {
    let folder = folder();
    std::fs::write(
        folder.path().join("perennial.toml"),
        "[brand]\nname = \"Perennial Garden\"\n[sending]\nfrom-address = \"news@shop.example\"\npostal-address = \"1 Garden Lane\"\n",
    )
    .unwrap();
    let harness = dashboard_with(Services::default(), "shop", folder.path());
    let mut harness =
        harness.keys("2 j w a a m enter a enter s").types("win-back-email-en-b").keys("enter 7");
    let screen = harness.screen(120, 60);
    assert!(screen.contains("What win-back-email-en-b did"), "{screen}");
    // Nothing is known since: that is said once, with the way in for newer orders, and no comparison is shown.
    assert!(screen.contains("Nothing can be said yet: no orders are known after 2025-"), "{screen}");
    assert!(screen.contains("on Overview (1)"), "{screen}");
    assert!(!screen.contains("Too few to tell") && !screen.contains("Against holdout"), "{screen}");
    let store = Workspace::open(folder.path()).unwrap().store().unwrap();
    let sends = store.sends(store.campaign("win-back-email-en-b").unwrap().unwrap().id).unwrap();
    let sent = sends.iter().filter(|send| send.state == State::Accepted).count();
    assert!(screen.contains(&format!("a: {sent} accepted")), "{screen}");
}
