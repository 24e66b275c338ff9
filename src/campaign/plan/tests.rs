//! Plans as people write them, with what is wrong in them.

use super::*;

const GOOD: &str = r#"
strategy = "win-back-email-en"
segments = ["A", "Lapsed big spenders"]

[[arms]]
name = "warm"
drafts = [12, 13]

[[arms]]
name = "plain"
share = 2
drafts = [14, 15]

[schedule]
at = "2026-12-01 10:00"

[quiet-hours]
then = "skip"
"#;

fn parse(source: &str) -> Result<Plan, CampaignError> {
    Plan::parse("spring", source, &CampaignConfig::default())
}

#[test]
fn what_a_plan_leaves_out_comes_from_the_settings() {
    let plan = parse(GOOD).unwrap();
    assert_eq!(plan.title, "spring");
    assert!((plan.holdout - 0.1).abs() < 1e-12);
    assert_eq!(plan.quiet.then, Then::Skip);
    assert_eq!(plan.quiet.from, jiff::civil::time(21, 0, 0, 0));
    assert_eq!(plan.cap, Cap { messages: 2, days: 7, then: Then::Skip });
    assert!(plan.schedule.on_customers_clock);
    assert_eq!(plan.unknown, Unknown::Hold);
    assert!((plan.arms[0].share - 1.0).abs() < 1e-12);
}

#[test]
fn mistakes_are_told_with_their_line_and_a_remedy() {
    let told = |source: &str| parse(source).unwrap_err().to_string();
    let with = |from: &str, to: &str| told(&GOOD.replace(from, to));
    assert!(with("share = 2", "share = -2").starts_with("campaigns/spring.toml:11: "));
    assert!(with("name = \"plain\"", "name = \"warm\"").contains("two arms are called warm"));
    assert!(with("name = \"plain\"", "name = \"holdout\"").contains("those who get nothing"));
    assert!(with("2026-12-01 10:00", "tomorrow").contains("Write day and time as in"));
    assert!(with("[quiet-hours]", "[quiet-ours]").contains("quiet-ours"));
    assert!(with("segments = [\"A\", \"Lapsed big spenders\"]", "segments = []").contains("at least one"));
    assert!(told(&format!("holdout = 1.5\n{GOOD}")).contains("from 0 to 0.9"));
    assert!(told(&format!("time-zone = \"Mars\"\n{GOOD}")).contains("Europe/Berlin"));
    assert!(told(&format!("{GOOD}\n[coupons]\npolicy = \"single\"\n")).contains("no code for everybody"));
    assert!(told(&format!("{GOOD}\n[coupons]\npolicy = \"per-segment\"\ncodes = {{ A = \"X\" }}\n"))
        .contains("no code for Lapsed big spenders"));
}

#[test]
fn a_new_plan_can_be_read() {
    let new = NewPlan {
        title: "Spring \"sale\"",
        author: "",
        strategy: "win-back-email-en",
        segments: &["Lapsed big spenders".to_owned()],
        holdout: 0.2,
        arms: vec![("a".into(), vec![12]), ("b".into(), vec![14])],
    };
    let plan = parse(&Plan::draft(&new)).unwrap();
    assert_eq!(plan.title, "Spring \"sale\"");
    assert_eq!(plan.arms.len(), 2);
    assert!((plan.holdout - 0.2).abs() < 1e-12);
}
