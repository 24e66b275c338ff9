//! A campaign from an approved draft to its ledger, with the real work behind the keys; and each state at three sizes.

use std::path::Path;
use std::sync::Arc;

use perennial::campaign::sending::Pulse;
use perennial::jobs::{Cancel, Failure, Task};
use perennial::tui::app::Load;
use perennial::tui::event::{Effect, What};
use perennial::tui::screens::ScreenId;
use perennial::tui::work::{CampaignWork, Doing, Outcome, Partial, Runner, Services, Work};
use perennial::workspace::{CampaignState, Deed, SendState, Source, Workspace};

use super::flow::{dashboard, dashboard_with, folder};
use super::harness::{HOLD, Harness};

const NAME: &str = "win-back-email-en-b";

/// A project whose sender is set up: messages go into files.
fn project() -> tempfile::TempDir {
    let folder = folder();
    std::fs::write(
        folder.path().join("perennial.toml"),
        "[sending]\nfrom-name = \"Perennial Garden\"\nfrom-address = \"news@shop.example\"\n\
         postal-address = \"1 Garden Lane, Springfield\"\n\
         # No quiet hours: the sample's customers live on both sides of an ocean.\n\
         [campaign]\nquiet-from = \"00:00\"\nquiet-to = \"00:00\"\n",
    )
    .unwrap();
    folder
}

/// The dashboard on Campaigns, with a plan that sends the win-back e-mail to B.
fn planned(folder: &Path) -> Harness {
    dashboard("shop", folder).keys("2 j w a a m enter")
}

fn see(harness: &mut Harness, words: &str) -> String {
    let screen = harness.screen(120, 40);
    assert!(screen.contains(words), "{words} is not in\n{screen}");
    screen
}

fn ledger(folder: &Path) -> Vec<perennial::workspace::Send> {
    let store = Workspace::open(folder).unwrap().store().unwrap();
    let campaign = store.campaign(NAME).unwrap().unwrap();
    store.sends(campaign.id).unwrap()
}

/// The screens at three sizes. Who is held out is drawn by lot for each project, and what the coupons cost follows from
/// whom: figures of money stand as nines.
fn pictures(harness: &mut Harness) -> String {
    let covered = |line: &str| {
        // How many rows are below hangs on the length of the folder's path, which remedies name.
        let money = [" EUR ", "buy who would not have", " more ─╯"].iter().any(|words| line.contains(words));
        let digit = |sign: char| if money && sign.is_ascii_digit() { '9' } else { sign };
        line.chars().map(digit).collect::<String>()
    };
    harness.screens().lines().map(|line| covered(line) + "\n").collect()
}

/// Files of messages in a folder and those below it.
fn mails(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                mails(&path)
            } else {
                usize::from(path.extension().is_some_and(|end| end == "eml"))
            }
        })
        .sum()
}

#[test]
fn without_a_campaign_it_says_how_to_plan_one() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("6");
    insta::assert_snapshot!(pictures(&mut harness));
    assert!(!folder.path().join("perennial.db").exists(), "looking makes no database");
    let mut harness = harness.keys("s");
    see(&mut harness, "plan one from an approved draft");
}

#[test]
fn a_plan_shows_what_stops_it_and_what_to_do() {
    let folder = folder();
    let mut harness = planned(folder.path());
    assert_eq!(harness.app.screen, ScreenId::Campaigns);
    assert!(folder.path().join("campaigns/win-back-email-en-b.toml").is_file());
    insta::assert_snapshot!(pictures(&mut harness));
    let mut harness = harness.keys("tab G");
    let screen = see(&mut harness, "✗ stop sender");
    assert!(screen.contains("✗ stop approval"), "{screen}");
    let mut harness = harness.keys("s");
    see(&mut harness, "It cannot be sent");
    assert_eq!(harness.held.len(), 0);
}

#[test]
fn a_campaign_is_approved_sent_and_found_in_its_ledger() {
    let folder = project();
    let mut harness = planned(folder.path());
    see(&mut harness, "stopped by approval");
    let mut harness = harness.keys("s");
    see(&mut harness, "a approves it");
    let mut harness = harness.keys("a");
    see(&mut harness, "Who approves it?");
    let mut harness = harness.keys("enter");
    see(&mut harness, "ready: s sends it");
    insta::assert_snapshot!("approved", pictures(&mut harness));
    // A slip sends nothing: the name must be typed.
    let mut harness = harness.keys("s");
    insta::assert_snapshot!("asked", pictures(&mut harness));
    let mut harness = harness.keys("enter");
    see(&mut harness, "Nothing happens before you type");
    let harness = harness.keys("esc");
    let store = Workspace::open(folder.path()).unwrap().store().unwrap();
    assert!(store.campaign(NAME).unwrap().is_none(), "nothing was launched");
    let mut harness = harness.keys("s").types(NAME).keys("enter");
    see(&mut harness, "done");
    insta::assert_snapshot!("sent", pictures(&mut harness));
    let sends = ledger(folder.path());
    let count = |state| sends.iter().filter(|send| send.state == state).count();
    assert!(count(SendState::Accepted) > 20, "{}", count(SendState::Accepted));
    assert!(count(SendState::Holdout) > 0);
    assert_eq!(
        mails(&folder.path().join("sent").join(NAME)),
        count(SendState::Accepted),
        "a file for each message"
    );
    // Again, by any key: a campaign is sent once.
    let mut harness = harness.keys("s");
    see(&mut harness, "It was sent, and a campaign is sent once.");
    assert_eq!(ledger(folder.path()), sends);
    // The ledger, and a search in it.
    let mut harness = harness.keys("d");
    let screen = see(&mut harness, &format!("Ledger: {} lines", sends.len()));
    assert!(screen.contains("✓ accepted"), "{screen}");
    let mut harness = harness.keys("/").types("holdout").keys("enter");
    // Where the held out stand among the others is drawn by lot.
    let screen = see(&mut harness, &format!("{} lines with “holdout”", count(SendState::Holdout)));
    assert!(screen.contains("h holdout"), "{screen}");
    let mut harness = harness.keys("enter");
    see(&mut harness, "holdout: held out");
}

#[test]
fn what_bounced_and_what_was_clicked_is_seen_on_the_plan_and_in_the_ledger() {
    let folder = project();
    let harness = planned(folder.path()).keys("a enter s").types(NAME).keys("enter");
    let sends = ledger(folder.path());
    let mut accepted = sends.iter().filter(|send| send.state == SendState::Accepted);
    let (bounced, clicked) = (accepted.next().unwrap(), accepted.next().unwrap());
    let mut store = Workspace::open(folder.path()).unwrap().store().unwrap();
    let click = store.sent(clicked.id).unwrap().unwrap();
    store.add_click(&click, 1, clicked.at + 3_600_000, false, 0).unwrap();
    let line = format!("{{\"kind\":\"bounce\",\"send\":{},\"status\":\"5.1.1\"}}\n", bounced.id);
    std::fs::write(folder.path().join("told.ndjson"), line).unwrap();
    drop(store);
    crate::program::perennial(folder.path())
        .args(["feedback", "import", "told.ndjson", "--workspace", "."])
        .assert()
        .success();
    let mut harness = harness.keys("R");
    let screen = see(&mut harness, "Came back");
    assert!(screen.contains("↩ bounced") && screen.contains("+ clicked"), "{screen}");
    let mut harness = harness.keys("d /").types("bounced").keys("enter");
    let screen = see(&mut harness, "1 line with “bounced”");
    assert!(screen.contains(&bounced.customer) && !screen.contains("accepted"), "{screen}");
    let mut harness = harness.keys("/").types("clicked").keys("enter");
    see(&mut harness, "No line has these words");
}

#[test]
fn another_draft_becomes_another_arm_of_the_plan_that_is_there() {
    let folder = project();
    // The next draft of the same message waits, and is refused by itself.
    let mut harness = planned(folder.path()).keys("5 a");
    see(&mut harness, "A campaign can send both");
    let mut harness = harness.keys("m");
    see(&mut harness, "draft 2 becomes another arm");
    let mut harness = harness.keys("enter");
    assert_eq!(harness.app.screen, ScreenId::Campaigns);
    let plan = std::fs::read_to_string(folder.path().join(format!("campaigns/{NAME}.toml"))).unwrap();
    assert!(plan.contains("name = \"a\"") && plan.contains("name = \"b\""), "{plan}");
    assert!(plan.contains("author = \"anybody\""), "{plan}");
    let screen = see(&mut harness, "draft 2");
    assert!(screen.contains("draft 1"), "{screen}");
    // The same again is no third arm.
    let mut harness = harness.keys("5 m enter");
    see(&mut harness, "sends draft 2 already");
}

#[test]
fn what_was_approved_and_changed_since_must_be_approved_again() {
    let folder = project();
    let mut harness = planned(folder.path()).keys("a enter");
    see(&mut harness, "ready: s sends it");
    let path = folder.path().join("campaigns/win-back-email-en-b.toml");
    let source = std::fs::read_to_string(&path).unwrap();
    let mut harness = harness.keys("e");
    let Some(Effect::Edit { screen, text, .. }) = harness.effects.last().cloned() else {
        panic!("the editor opens")
    };
    assert_eq!(text, source);
    let edited = source.replace("holdout = 0.1", "holdout = 0.2");
    assert_ne!(edited, source);
    harness.happen(What::Edited { screen, text: Ok(edited.clone()) });
    assert_eq!(std::fs::read_to_string(&path).unwrap(), edited);
    see(&mut harness, "something has changed since");
    // What cannot be read is kept as it was typed, and told with its line.
    harness.happen(What::Edited { screen, text: Ok(edited.replace("strategy = ", "strategie = ")) });
    let screen = see(&mut harness, "The plan cannot be followed.");
    assert!(screen.contains("campaigns/win-back-email-en-b.toml:"), "{screen}");
    assert!(screen.contains("e edits the plan"), "{screen}");
}

#[test]
fn who_is_left_out_at_a_step_is_one_key_away() {
    let folder = project();
    let mut harness = planned(folder.path()).keys("tab");
    for _ in 0..2 {
        harness = harness.keys("j");
    }
    let mut harness = harness.keys("enter");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("in the segments") && screen.contains("Address"), "{screen}");
    // Four steps on: who has consented, and with an arrow who has not.
    let mut harness = harness.keys("esc j j j j enter");
    see(&mut harness, "left out at this step");
    see(&mut harness, " have consented ─");
    let mut harness = harness.keys("right");
    see(&mut harness, "left out, as not: have consented");
    let mut harness = harness.keys("left");
    see(&mut harness, "left out at this step");
    // Whoever stands there is opened in Customers, and nobody else.
    let chosen = harness.screen(120, 40);
    let row = chosen.lines().find(|line| line.contains('@') && line.contains("C0")).unwrap();
    let id = row.split(|c: char| !c.is_alphanumeric()).find(|word| word.starts_with("C0")).unwrap();
    let mut harness = harness.keys("enter");
    assert_eq!(harness.app.screen, ScreenId::Customers);
    see(&mut harness, id);
    let mut harness = harness.keys("6 esc v");
    let screen = see(&mut harness, "as it is received");
    assert!(screen.contains("Subject") && screen.contains("gets it"), "{screen}");
    let mut harness = harness.keys("b");
    see(&mut harness, "Open it in a browser:");
    let page = std::fs::read_to_string(folder.path().join("sent/win-back-email-en-b-preview.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"));
    // A test goes to the address that is typed, and into no ledger.
    let mut harness = harness.keys("t").types("me@shop.example").keys("enter");
    see(&mut harness, "The test went to me@shop.example");
    let store = Workspace::open(folder.path()).unwrap().store().unwrap();
    assert!(store.campaign(NAME).unwrap().is_none());
}

#[test]
fn no_size_breaks_what_there_is_to_see() {
    let folder = project();
    let mut harness = planned(folder.path());
    let sent = format!("s {} enter", NAME.chars().map(String::from).collect::<Vec<_>>().join(" "));
    let sent = sent.replace(" - ", " minus ");
    for step in [
        "tab",
        "G",
        "g j j enter",
        "esc v",
        "t",
        "esc esc a",
        "enter",
        "s",
        "esc",
        &sent,
        "d",
        "/",
        "esc 7",
        "tab G",
    ] {
        harness = harness.keys(step);
        for width in 38..=60 {
            for height in [8, 9, 10, 11, 12, 20] {
                harness.screen(width, height);
            }
        }
        for (width, height) in [(0, 0), (1, 1), (20, 5), (75, 10), (76, 10), (89, 30), (90, 30), (300, 90)] {
            harness.screen(width, height);
        }
    }
    assert_eq!(harness.app.screen, ScreenId::Results);
    assert!(!ledger(folder.path()).is_empty());
}

/// The real work; sending tells of this and is held, or fails for this reason.
struct Held(Services, Pulse, Option<&'static str>);

impl Runner for Held {
    fn run(&self, work: Work, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        if let Work::Campaign(work) = &work
            && let CampaignWork { doing: Doing::Send { name, .. }, .. } = work.as_ref()
        {
            task.progress("sending, 40 a second", 90, Some(360));
            tell(Partial::Sending(name.clone(), self.1.clone()));
            return Err(Failure::Failed(self.2.unwrap_or(HOLD).into()));
        }
        self.0.run(work, task, tell)
    }
}

#[test]
fn while_it_is_sent_the_screen_tells_how_far_it_is_and_takes_keys() {
    let folder = project();
    let pulse = Pulse {
        accepted: 88,
        failed: 2,
        waiting: 270,
        per_second: 40.0,
        seconds_left: Some(6.75),
        ..Pulse::default()
    };
    let harness = dashboard_with(Held(Services::default(), pulse, None), "shop", folder.path());
    let mut harness = harness.keys("2 j w a a m enter a enter s").types(NAME).keys("enter");
    insta::assert_snapshot!(pictures(&mut harness));
    let screen = see(&mut harness, "40 a second, 6.8 s left");
    assert!(screen.contains("88"), "{screen}");
    let mut harness = harness.keys("s");
    see(&mut harness, "is being sent: one at a time");
    let mut harness = harness.keys("2");
    see(&mut harness, "kinds of customer");
    // Leaving asks first.
    let mut harness = harness.keys("q");
    see(&mut harness, "is being sent. It");
    assert!(!harness.app.quitting);
    let harness = harness.keys("esc X");
    assert!(harness.held.is_empty(), "cancelled");
    let mut harness = harness.keys("6");
    assert!(!harness.screen(120, 40).contains("40 a second"));
}

/// The real work; what was launched is not sent yet, and is held.
struct Launching(Services);

impl Runner for Launching {
    fn run(&self, work: Work, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        if !matches!(&work, Work::Campaign(work) if matches!(work.doing, Doing::Send { .. })) {
            return self.0.run(work, task, tell);
        }
        let cancel = Cancel::default();
        let told = |partial| {
            if matches!(partial, Partial::Launched(_)) {
                cancel.cancel();
            }
            tell(partial);
        };
        let _ = self.0.run(work, &Task::new(&cancel, &|_| {}), &told);
        Err(Failure::Failed(HOLD.into()))
    }
}

#[test]
fn a_campaign_that_was_launched_this_moment_can_be_paused_followed_and_ended_and_stays_approved() {
    let folder = project();
    let harness = dashboard_with(Launching(Services::default()), "shop", folder.path());
    let harness = harness.keys("2 j w a a m enter a enter s").types(NAME).keys("enter");
    assert!(!ledger(folder.path()).is_empty(), "it was launched");
    let mut harness = harness.keys("u");
    see(&mut harness, "It was launched, and its approval stays: p stops it for a while, x ends it.");
    let mut store = Workspace::open(folder.path()).unwrap().store().unwrap();
    let refused = store.withdraw_approval(NAME, 5, "anybody", &serde_json::Value::Null).unwrap_err();
    assert!(refused.to_string().contains("cannot be taken back any more"), "{refused}");
    assert!(store.audit_of(NAME).unwrap().iter().all(|entry| entry.action != "withdraw"));
    let mut harness = harness.keys("d");
    see(&mut harness, "Ledger:");
    let mut harness = harness.keys("esc p");
    see(&mut harness, "paused");
    // An approval that was taken back all the same, by an older program, lets nothing go on.
    let document = serde_json::json!({});
    let deed = Deed { at: 6, actor: "anybody", action: "withdraw", subject: NAME, document: &document };
    store.note(deed).unwrap();
    let mut harness = harness.keys("r");
    see(&mut harness, "has no approval that stands");
    let state = store.campaign(NAME).unwrap().unwrap().state;
    assert_eq!(state, CampaignState::Paused);
    let mut harness = harness.keys("x enter");
    see(&mut harness, "is ended");
    // Who planned it is in the record too.
    let actions: Vec<String> = store.audit_of(NAME).unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions[..3], ["plan", "approve", "launch"]);
}

#[test]
fn what_went_wrong_is_told_where_it_is_looked_for() {
    let folder = project();
    let why = "The mail server at mail.shop.example refused the password. Write it again into password-file.";
    let runner = Held(Services::default(), Pulse::default(), Some(why));
    let harness = dashboard_with(runner, "shop", folder.path()).keys("2 j w a a m enter a enter s");
    let mut harness = harness.types(NAME).keys("enter");
    insta::assert_snapshot!(pictures(&mut harness));
}

#[test]
fn a_campaign_that_cannot_be_handed_over_says_why_and_goes_on_later() {
    let folder = project();
    let harness = planned(folder.path()).keys("a enter");
    // Where the files should go there is one.
    std::fs::write(folder.path().join("sent"), "in the way").unwrap();
    let mut harness = harness.keys("s").types(NAME).keys("enter");
    let screen = see(&mut harness, "Send the campaign win-back-email-en-b:");
    assert!(screen.contains("messages wait to go out now"), "{screen}");
    std::fs::remove_file(folder.path().join("sent")).unwrap();
    // It was launched: going on asks for nothing, and the same people get it.
    let before: Vec<String> = ledger(folder.path()).into_iter().map(|send| send.customer).collect();
    let mut harness = harness.keys("s");
    see(&mut harness, "done");
    let after: Vec<String> = ledger(folder.path()).into_iter().map(|send| send.customer).collect();
    assert_eq!(before, after);
}

#[test]
fn a_paused_campaign_stands_still_until_it_is_resumed_and_an_ended_one_stays_so() {
    let folder = project();
    // Nobody may be written to at this hour: everything waits.
    let harness = planned(folder.path());
    let path = folder.path().join("campaigns/win-back-email-en-b.toml");
    let source = std::fs::read_to_string(&path).unwrap();
    let source = source
        .replace("# [schedule]", "[schedule]")
        .replace("# at = \"2026-12-01 10:00\"", "at = \"2025-12-01 10:00\"");
    std::fs::write(&path, source).unwrap();
    let mut harness = harness.keys("R a enter s").types(NAME).keys("enter");
    see(&mut harness, "waiting");
    let mut harness = harness.keys("p");
    see(&mut harness, "paused");
    let mut harness = harness.keys("s");
    see(&mut harness, "It stands still: r lets it go on first.");
    let mut harness = harness.keys("r");
    see(&mut harness, "sending");
    let mut harness = harness.keys("x");
    see(&mut harness, "What was not sent stays unsent,");
    let mut harness = harness.keys("enter");
    see(&mut harness, "ended");
    let sends = ledger(folder.path());
    assert!(sends.iter().all(|send| matches!(send.state, SendState::Cancelled | SendState::Holdout)));
    let mut harness = harness.keys("s");
    see(&mut harness, "It was ended, and stays so.");
}

#[test]
fn characters_that_make_a_text_message_longer_are_shown_and_replaced_by_a_key() {
    let folder = folder();
    let harness = dashboard("shop", folder.path()).keys("2 j w j j a e ctrl-u");
    let harness = harness.types("It’s us…").keys("enter a m enter");
    let mut harness = harness.keys("v");
    let screen = see(&mut harness, "UCS-2");
    assert!(screen.contains("“’” could be “'”") && screen.contains("“…” could be “...”"), "{screen}");
    assert!(screen.contains("c replaces 2 of them in what was written"), "{screen}");
    let mut harness = harness.keys("c");
    let screen = see(&mut harness, "It's us...");
    assert!(screen.contains("GSM-7") && !screen.contains("UCS-2"), "{screen}");
    assert!(screen.contains("waits for approval in Review again"), "{screen}");
    // What is approved on the whole covers it, and Review says that it waits.
    let mut harness = harness.keys("5");
    see(&mut harness, "It's us...");
    let mut harness = harness.keys("6 c");
    see(&mut harness, "There is no such character");
}

#[test]
fn what_was_sent_stands_on_the_customers_time_line() {
    let folder = project();
    let harness = planned(folder.path()).keys("a enter s").types(NAME).keys("enter");
    let sends = ledger(folder.path());
    let sent = sends.iter().find(|send| send.state == SendState::Accepted).unwrap();
    let mut store = Workspace::open(folder.path()).unwrap().store().unwrap();
    let told = store.sent(sent.id).unwrap().unwrap();
    store.add_click(&told, 1, sent.at + 3_600_000, false, 0).unwrap();
    store.unsubscribe(&told, sent.at + 7_200_000, Source::Page).unwrap();
    let mut harness = harness.keys("3 /").types(&sent.customer).keys("enter enter G");
    let screen = harness.screen(120, 90);
    assert!(screen.contains("→ 2025-11-03"), "{screen}");
    assert!(screen.contains("win-back-email-en-b:"), "{screen}");
    assert!(screen.contains("clicked link 1") && screen.contains("unsubscribed"), "{screen}");
    let place = |words: &str| screen.find(words).unwrap();
    assert!(place("← 2025-11-03") < place("→ 2025-11-03"), "the newest first: {screen}");
}

#[test]
fn the_screen_says_what_is_wrong_before_there_is_a_shop() {
    let harness = Harness::scripted(|work| match work {
        Work::Load { .. } => Some(Err(Failure::Failed("orders.csv is not there.".into()))),
        Work::Campaign(work) if matches!(work.doing, Doing::List) => {
            Some(Ok(Outcome::Campaign(perennial::tui::work::CampaignNews::Listed(Arc::new(Vec::new())))))
        }
        _ => None,
    });
    let mut harness = harness.start().keys("6");
    assert!(matches!(harness.app.shared.shop, Load::Failed(_)));
    see(&mut harness, "There is no campaign yet.");
}
