//! Drafts are decided on in the dashboard, and what was approved is exported.

use std::time::Duration;

use perennial::review::decision::Decision;
use perennial::tui::event::What;

use super::flow::{dashboard, folder};
use super::harness::Harness;

#[test]
fn an_approved_draft_is_exported_and_found_again_at_the_next_start() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a");
    assert!(harness.screen(120, 40).contains("5 waiting"));
    let mut harness = harness.keys("a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("4 waiting") && screen.contains("1 approved"), "{screen}");
    let mut harness = harness.keys("r").types("too cool").keys("enter");
    assert!(harness.screen(120, 40).contains("1 rejected"));
    let mut harness = harness.keys("u");
    assert!(harness.screen(120, 40).contains("0 rejected"), "taken back");
    let mut harness = harness.keys("o");
    let told = harness.screen(120, 40);
    assert!(told.contains("outbox/outbox.csv and outbox.jsonl"), "{told}");
    let lines = std::fs::read_to_string(folder.path().join("outbox/outbox.jsonl")).unwrap();
    assert!(lines.lines().count() > 50, "{}", lines.lines().count());
    for line in lines.lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(message["approved_by"], "person");
        assert!(message["body"].as_str().unwrap().contains(message["coupon_code"].as_str().unwrap()));
    }
    let mut again = dashboard("shop", folder.path()).keys("5 f");
    let screen = again.screen(120, 40);
    assert!(screen.contains("4 open") && screen.contains("✓ approved"), "{screen}");
}

#[test]
fn approved_copy_is_held_back_when_its_letter_is_another_group() {
    let folder = folder();
    // One approved draft for B, then the customers in five groups: B is somebody else.
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a a 2 minus minus");
    assert!(harness.screen(120, 40).contains("5 kinds of customer"));
    let mut harness = harness.keys("5 f");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("≠ #1   B") && screen.contains("approved, and held back"), "{screen}");
    assert!(screen.contains("It was made for B "), "{screen}");
    let mut harness = harness.keys("o");
    let told = harness.screen(120, 40);
    assert!(told.contains("Nothing was exported") && told.contains("made for B Lapsed"), "{told}");
    assert!(!folder.path().join("outbox").exists(), "nothing went out");
    // The customers grouped as before: it goes to those whom it was made for.
    let mut harness = harness.keys("2 0 5");
    assert!(harness.screen(120, 40).contains("✓ approved"));
    let mut harness = harness.keys("o");
    let told = harness.screen(120, 40);
    assert!(told.contains("outbox/outbox.csv and outbox.jsonl"), "{told}");
    let lines = std::fs::read_to_string(folder.path().join("outbox/outbox.jsonl")).unwrap();
    assert!(lines.lines().all(|line| line.contains("\"segment\":\"B\"")));
}

#[test]
fn a_customer_gets_one_variant_and_keeps_the_code() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a a a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("Variant 1 of this message is approved for B already"), "{screen}");
    assert!(screen.contains("1 approved"), "{screen}");
    let codes = |harness: Harness, seed: u64| {
        let mut harness = harness;
        harness.app.shared.setup.config.writing.seed = seed;
        drop(harness.keys("o"));
        let lines = std::fs::read_to_string(folder.path().join("outbox/outbox.jsonl")).unwrap();
        let of = |line: &str| {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            (message["customer_id"].as_str().unwrap().to_owned(), message["coupon_code"].to_string())
        };
        lines.lines().map(of).collect::<std::collections::BTreeMap<_, _>>()
    };
    let first = codes(harness, 7);
    assert!(first.len() > 50 && !first.values().any(|code| code == "null"));
    let again = codes(dashboard("shop", folder.path()).keys("5"), 8);
    assert_eq!(again, first, "whoever was given a code keeps it");
}

#[test]
fn two_dashboards_on_one_workspace_lose_no_decision_and_give_nobody_two_codes() {
    let folder = folder();
    let mut one = dashboard("shop", folder.path()).keys("2 j w a");
    let mut other = dashboard("shop", folder.path()).keys("5");
    assert!(one.screen(120, 40).contains("5 waiting") && other.screen(120, 40).contains("5 waiting"));
    // Each decides about the same draft, which stands open in both, and about one of its own.
    let mut one = one.keys("a");
    let mut other = other.keys("a j r").types("too cool").keys("enter");
    let (first, second) = (one.screen(120, 40), other.screen(120, 40));
    assert!(first.contains("approved") && second.contains("1 rejected"), "{first}\n{second}");
    let store = perennial::workspace::Workspace::open(folder.path()).unwrap().store().unwrap();
    let log = store.log().unwrap();
    let kinds = |wanted: fn(&Decision) -> bool| log.iter().filter(|entry| wanted(&entry.decision)).count();
    assert!(kinds(|decision| matches!(decision, Decision::Approve { .. })) >= 1, "{log:?}");
    assert_eq!(kinds(|decision| matches!(decision, Decision::Reject { .. })), 1, "{log:?}");
    let codes = |harness: Harness| {
        drop(harness.keys("o"));
        let lines = std::fs::read_to_string(folder.path().join("outbox/outbox.jsonl")).unwrap();
        let of = |line: &str| {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            (message["customer_id"].to_string(), message["coupon_code"].to_string())
        };
        lines.lines().map(of).collect::<std::collections::BTreeMap<_, _>>()
    };
    let given = codes(one);
    assert!(given.len() > 50, "{}", given.len());
    assert_eq!(codes(other), given, "whoever exports, a customer keeps the code");
    let mut again = dashboard("shop", folder.path()).keys("5 f");
    let screen = again.screen(120, 40);
    assert!(screen.contains("1 approved") && screen.contains("1 rejected"), "{screen}");
}

#[test]
fn a_copy_of_a_strategy_goes_out_under_its_own_name() {
    let folder = folder();
    let original = dashboard("shop", folder.path()).keys("2 j w a a");
    // The same strategy under another name, put beside it.
    let mut harness = original.keys("4 d a /").types("-2").keys("enter a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("2 approved"), "{screen}");
    drop(harness.keys("o"));
    let database = perennial::workspace::Workspace::open(folder.path()).unwrap().store().unwrap();
    let drafts = database.drafts().unwrap();
    let ids: std::collections::BTreeSet<&str> =
        drafts.iter().map(|stored| stored.draft.strategy.as_str()).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    let versions: std::collections::BTreeSet<&str> =
        drafts.iter().map(|stored| stored.draft.strategy_version.as_str()).collect();
    assert_eq!(versions.len(), 2);
    assert!(folder.path().join("outbox/outbox.csv").exists());
}

#[test]
fn a_rejection_needs_a_reason_and_a_paste_is_searched_for_at_once() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a r enter");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("Say in a word or two why") && screen.contains("Why is it rejected?"),
        "{screen}"
    );
    let mut harness = harness.types("dull").keys("enter");
    assert!(harness.screen(120, 40).contains("1 rejected"));
    let mut harness = harness.keys("/");
    harness.happen(What::Paste("words that no draft has".into()));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("No draft has these words."), "{screen}");
}

#[test]
fn what_waits_for_review_is_a_next_step_also_after_a_restart() {
    let folder = folder();
    dashboard("shop", folder.path()).keys("2 j w a a");
    let screen = dashboard("shop", folder.path()).screen(120, 40);
    assert!(screen.contains("4 drafts wait for review, 1 approved"), "{screen}");
}

#[test]
fn what_was_exported_before_an_undo_is_told() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a a o");
    let told = "The outbox that was exported before still holds its messages";
    assert!(!harness.screen(120, 40).contains(told));
    let mut harness = harness.keys("u");
    let screen = harness.screen(120, 40);
    assert!(screen.contains(told), "{screen}");
    let screen = harness.keys("o").screen(120, 40);
    assert!(screen.contains("The outbox is empty now"), "{screen}");
    let rows = std::fs::read_to_string(folder.path().join("outbox/outbox.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1, "the header alone: {rows}");
}

#[test]
fn the_same_variants_wait_in_review_once() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a 4 a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("5 waiting"), "{screen}");
}

#[test]
fn a_field_that_is_typed_into_a_draft_is_filled_for_every_recipient() {
    let folder = folder();
    let harness = dashboard("shop", folder.path()).keys("2 j w a e ctrl-u");
    let harness = harness.types("Hello {first_name}, there is more {favourite_category} to see.");
    let mut harness = harness.keys("enter");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("edited by hand since") || harness.screen(120, 90).contains("edited by hand since")
    );
    let mut harness = harness.keys("a o");
    let told = harness.screen(200, 40);
    let rows = std::fs::read_to_string(folder.path().join("outbox/outbox.jsonl")).unwrap();
    let bodies: Vec<String> = rows
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["body"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(bodies.len() > 20, "{} messages: {told}", bodies.len());
    assert!(bodies.iter().all(|body| !body.contains('{') && body.contains(", there is more ")), "{bodies:?}");
    let favourites: std::collections::BTreeSet<&str> = bodies
        .iter()
        .filter_map(|body| body.split("there is more ").nth(1)?.split(" to see").next())
        .collect();
    assert!(favourites.len() > 1, "each reads of their own: {favourites:?}");
}

#[test]
fn an_edit_that_breaks_a_rule_cannot_be_approved() {
    let folder = folder();
    let harness = dashboard("shop", folder.path()).keys("2 j w a e ctrl-u");
    let mut harness = harness.types("Save 99% today only.").keys("enter");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("✗ invented-percentage") && screen.contains("breaks rules"), "{screen}");
    let mut harness = harness.keys("a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("It breaks rules and cannot be approved"), "{screen}");
    assert!(screen.contains("0 approved"), "{screen}");
}

#[test]
fn an_export_that_reaches_nobody_says_why_and_warns() {
    let folder = folder();
    let mut harness = dashboard("cdnow", folder.path()).keys("2 w a a o");
    let screen = harness.screen(120, 40);
    let words = "▌! 0 messages of Early access for our regulars: 686 have not consented to e-mail (the files have no column";
    assert!(screen.contains(words) && screen.contains("▌  email_consent)."), "{screen}");
    assert_eq!(screen.matches('▌').count(), 3, "what went well last, and what did not: {screen}");
    assert!(!screen.contains("variants are in Review now"), "its place was taken: {screen}");
    let (panes, toast) = (screen.rfind('╯').unwrap(), screen.find('▌').unwrap());
    assert!(panes < toast, "it covers neither pane: {screen}");
    // What was said goes with the next key, once it has been there for a moment.
    let mut harness = harness.wait(Duration::from_secs(2)).keys("j");
    assert!(!harness.screen(120, 40).contains("▌!"), "{}", harness.screen(120, 40));
}

#[test]
fn a_text_message_is_freed_of_the_characters_that_make_it_longer() {
    let folder = folder();
    let harness = dashboard("shop", folder.path()).keys("2 j w j j a e ctrl-u");
    let mut harness = harness.types("Here’s a word from us…").keys("enter");
    let screen = harness.screen(160, 50);
    assert!(screen.contains("Here’s a word from us…"), "{screen}");
    let mut harness = harness.keys("p");
    let screen = harness.screen(160, 50);
    assert!(screen.contains("Replaced, and the rules are run again."), "{screen}");
    assert!(screen.contains("Here's a word from us...") && !screen.contains("Here’s"), "{screen}");
    // Once there is nothing left to replace, the key says so.
    let screen = harness.keys("p").screen(160, 50);
    assert!(screen.contains("Nothing in what was written makes the text message longer"), "{screen}");
}
