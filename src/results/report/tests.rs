//! The page holds what it should, harmless whatever customers wrote, in both languages.

use super::super::observed::{Arm, Assigned, AudienceLine, Feedback, Kind, Observed, Purchase, State};
use super::super::sentence::Language;
use super::super::{Results, measure};
use super::{html, markdown};

const DAY: i64 = 86_400_000;

fn results() -> Results {
    let mut observed = Observed {
        campaign: "autumn <b>\"sale\"</b>".into(),
        launched_at: 20_000 * DAY,
        observed_until: 20_021 * DAY,
        window_days: 28,
        currency: "EUR".into(),
        currency_digits: 2,
        arms: vec![
            Arm { name: "holdout".into(), ..Arm::default() },
            Arm {
                name: "warm".into(),
                message: Some("Dear {{ first_name }},\nwe <3 you & yours".into()),
                share: None,
            },
        ],
        holdout: true,
        segments: vec!["A|B".into(), "C".into()],
        audience: [("in-segment", 700, 0), ("consented", 600, 100), ("to-be-sent", 400, 0)]
            .map(|(step, customers, left_out)| AudienceLine { step: step.into(), customers, left_out })
            .to_vec(),
        ..Observed::default()
    };
    let mut assigned = Assigned::default();
    for row in 0..600_u32 {
        assigned.arm.push(u16::from(row % 3 != 0));
        assigned.segment.push((row % 2) as u16);
        assigned.state.push(if row % 3 == 0 { State::Holdout } else { State::Accepted });
        assigned.spent_before.push(i64::from(row % 7) * 100);
        assigned.orders_before.push(row % 4);
        assigned.recency_days.push(Some(row % 90));
        if row % 5 == 0 {
            let at = 20_000 * DAY + i64::from(row % 20) * DAY;
            observed.purchases.push(Purchase { customer: row, order: row, at, amount: 2_500 });
        }
    }
    observed.assigned = assigned;
    let text = "<script>alert(1)</script> lovely price\u{202e} 贵";
    let kind = Kind::Rated;
    observed.feedback =
        vec![Feedback { customer: 1, kind, rating: Some(4), text: Some(text.into()), ..Feedback::default() }];
    measure(&observed, 7)
}

/// Every tag that is opened is closed, in order.
fn well_formed(page: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').unwrap();
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let name: String = tag.trim_start_matches('/').chars().take_while(|c| c.is_alphanumeric()).collect();
        if tag.starts_with('!') || tag.ends_with('/') || name == "meta" {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(
                open.pop().as_deref(),
                Some(name.as_str()),
                "before {:?}",
                &after[..60.min(after.len())]
            );
        } else {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_page_stands_by_itself() {
    let results = results();
    for language in [Language::English, Language::Chinese] {
        let page = html(&results, language);
        well_formed(&page);
        for forbidden in
            ["<script", "src=", "href=", "@import", "url(", "http://", "https://", "onload", "\u{202e}"]
        {
            // The name of SVG's namespace is no address that is fetched.
            let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.matches("<svg").count() >= 6, "{}", page.matches("<svg").count());
        assert!(!page.contains("NaN") && !page.contains("inf"), "a figure without a value");
        assert!(page.contains("@media print") && page.contains("we &lt;3 you &amp; yours"));
    }
    let english = html(&results, Language::English);
    assert!(english.contains("<html lang=\"en\">") && english.contains("Who responds"));
    assert!(english.contains("&lt;script&gt;alert(1)&lt;/script&gt; lovely price"));
    let chinese = html(&results, Language::Chinese);
    assert!(chinese.contains("<html lang=\"zh-Hans\">") && chinese.contains("谁会响应"));
    assert!(!chinese.contains("Too few"));
    // Who was left out before the arms, and where.
    assert!(english.contains("<td>have consented</td><td>600</td><td>100</td>"));
    assert!(chinese.contains("<td>已同意接收</td><td>600</td><td>100</td>"));
}

#[test]
fn markdown_says_the_same() {
    let results = results();
    let page = markdown(&results, Language::English);
    for wanted in [
        "# Results: autumn",
        "## From the segments to the arms",
        "| have consented | 600 | 100 |",
        "## What customers did",
        "## By segment",
        "A\\|B",
        "\\<script\\>",
        "    Dear {{ first_name }},",
    ] {
        assert!(page.contains(wanted), "{wanted} is not in\n{page}");
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = page.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| line.starts_with('|'))) {
        assert_eq!(columns(pair[0]), columns(pair[1]), "{pair:?}");
    }
    assert!(markdown(&results, Language::Chinese).contains("## 客户行为"));
}
