//! What a plan says before it goes out: codes that end too soon, caps that make messages wait, other campaigns.

use super::project::{Project, mail_server};
use super::sink::{Answer, Sink};
use crate::program::text;

#[test]
fn both_lists_of_every_step_can_be_opened_before_the_launch_and_after_it() {
    let settings = "[sending]\nfrom-address = \"news@shop.example\"\npostal-address = \"1 High Street\"\n";
    let project = Project::new(60, settings);
    let file = project.path().join("data/customers.csv");
    let mut people = std::fs::read_to_string(&file).unwrap();
    for number in [3, 4, 17] {
        let agreed = format!("robin{number}@mail.example,en,Europe/Berlin,true");
        assert!(people.contains(&agreed));
        people = people.replace(&agreed, &agreed.replace("true", "false"));
    }
    std::fs::write(&file, people).unwrap();
    project.plan("spring", "holdout = 0.2");
    let list = |arguments: &[&str]| -> Vec<String> {
        let listed = project.json(&[&["campaign", "plan", "spring", "--at"], arguments].concat());
        let mut ids: Vec<String> = listed["customers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|customer| customer["customer_id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let lists = || {
        let funnel = project.json(&["campaign", "plan", "spring"])["funnel"].clone();
        let lines = funnel.as_array().unwrap().clone();
        let of = |line: &serde_json::Value| {
            let step = line["step"].as_str().unwrap().to_owned();
            let (there, out) = (list(&[&step]), list(&[&step, "--left-out"]));
            assert_eq!(line["customers"], there.len(), "{line}");
            assert_eq!(line["left_out"], out.len(), "{line}");
            (step, there, out)
        };
        lines.iter().map(of).collect::<Vec<_>>()
    };
    let before = lists();
    let consented = before.iter().find(|(step, ..)| step == "consented").unwrap();
    assert_eq!(consented.2, ["C00003", "C00004", "C00017"]);
    assert_eq!(consented.1.len(), 57);
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    assert_eq!(lists(), before);
    // What was kept is told to who asks for it, and goes with who is erased.
    let known = project.json(&["customer", "export", "C00003"]);
    assert_eq!(known["project"]["left_out"][0]["step"], "consented", "{known}");
    project.run(&["customer", "erase", "C00003", "--yes"]).assert().success();
    let database = std::fs::read(project.path().join("perennial.db")).unwrap();
    assert!(!database.windows(6).any(|bytes| bytes == b"C00003"));
}

fn found(document: &serde_json::Value, check: &str) -> String {
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|found| found["check"] == check);
    found.map_or_else(String::new, |found| {
        format!("{} {}", found["weight"].as_str().unwrap(), found["found"].as_str().unwrap())
    })
}

/// A file of so many codes that begin so.
fn codes(project: &Project, name: &str, number: usize) {
    let codes: String = (0..number).map(|number| format!("{name}-{number:03}\n")).collect();
    std::fs::write(project.path().join(format!("{name}.csv")), codes).unwrap();
}

#[test]
fn a_code_that_ends_before_the_offer_is_not_given_out() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 1));
    project.plan("spring", "");
    let plan = project.path().join("campaigns/spring.toml");
    let source = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, format!("{source}\n[coupons]\npool = \"big\"\n")).unwrap();
    let in_days =
        |days: i64| perennial::data::today().checked_add(jiff::Span::new().days(days)).unwrap().to_string();
    // The strategy says that the offer holds for 21 days.
    codes(&project, "SHORT", 60);
    project.run(&["coupons", "import", "big", "SHORT.csv", "--expires", &in_days(19)]).assert().success();
    let stopped = project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().code(3);
    let said = text(&stopped.get_output().stderr);
    assert!(
        said.contains("the pool big has 0 codes, and 54 are needed; 60 more end before the offer does"),
        "{said}"
    );
    codes(&project, "LONG", 60);
    project.run(&["coupons", "import", "big", "LONG.csv", "--expires", &in_days(40)]).assert().success();
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    let ledger = project.json(&["campaign", "ledger", "spring"]);
    let given: Vec<&str> =
        ledger["sends"].as_array().unwrap().iter().filter_map(|line| line["coupon"].as_str()).collect();
    assert_eq!(given.len(), 54);
    assert!(given.iter().all(|code| code.starts_with("LONG")), "{given:?}");
}

#[test]
fn codes_owed_to_messages_that_wait_are_not_free_for_another_campaign() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 1));
    for (name, more) in [("spring", "[schedule]\nat = \"2040-03-01 10:00\"\n"), ("summer", "")] {
        project.plan(name, "");
        let plan = project.path().join(format!("campaigns/{name}.toml"));
        let source = std::fs::read_to_string(&plan).unwrap();
        std::fs::write(&plan, format!("{source}\n[coupons]\npool = \"big\"\n{more}")).unwrap();
    }
    codes(&project, "BIG", 60);
    project.run(&["coupons", "import", "big", "BIG.csv"]).assert().success();
    let before = found(&project.json(&["campaign", "plan", "summer"]), "coupons");
    assert_eq!(before, "good the pool big has 60 codes for 54 messages");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    let sent = project.json(&["campaign", "send", "spring", "--yes"]);
    assert_eq!(sent["report"]["waiting"], 54, "its hour has not come");
    let pool = &project.json(&["coupons", "status"])["pools"][0];
    assert_eq!((&pool["free"], &pool["owed"], &pool["reserved"]), (&6.into(), &54.into(), &0.into()));
    let after = found(&project.json(&["campaign", "plan", "summer"]), "coupons");
    assert_eq!(
        after,
        "blocking the pool big has 6 codes besides the 54 that are owed to other launched campaigns, and 54 are needed"
    );
    // What it owes itself is there for it.
    let own = project.json(&["campaign", "preflight", "spring"]);
    assert_eq!(found(&own, "coupons"), "good the pool big has 60 codes for 54 messages");
    assert_eq!(own["clear"], true, "{own}");
    project.run(&["campaign", "cancel", "spring", "--as", "reviewer"]).assert().success();
    assert_eq!(project.json(&["coupons", "status"])["pools"][0]["free"], 60);
    let ended = found(&project.json(&["campaign", "preflight", "spring"]), "coupons");
    assert_eq!(ended, "good no message waits for a code of its own");
}

#[test]
fn quiet_hours_are_counted_where_they_are_blamed() {
    let project = Project::new(60, "");
    let planned = |then: &str| {
        project.plan(
            "spring",
            &format!(
                "[schedule]\nat = \"2040-03-01 10:00\"\n[quiet-hours]\nfrom = \"09:00\"\nto = \"11:00\"\nthen = \"{then}\"\n"
            ),
        );
        project.json(&["campaign", "plan", "spring"])
    };
    for then in ["cancel", "skip"] {
        let plan = planned(then);
        let steps = plan["funnel"].as_array().unwrap();
        let quiet = steps.iter().find(|line| line["step"] == "outside-quiet-hours").unwrap();
        assert_eq!((&quiet["customers"], &quiet["left_out"]), (&0.into(), &60.into()), "{then}");
        assert_eq!(
            found(&plan, "audience"),
            "blocking nobody would get a message; the last 60 customers are left out at the step \"are outside quiet hours\"",
            "{then}"
        );
        let check = found(&plan, "quiet-hours");
        match then {
            "cancel" => assert!(check.starts_with("blocking 60 customers have quiet hours then"), "{check}"),
            _ => assert!(check.starts_with("good 0 messages wait for their hour, 60 customers"), "{check}"),
        }
    }
    let waits = planned("hold");
    assert!(found(&waits, "audience").starts_with("good 54 customers get a message"), "{waits}");
}

#[test]
fn a_mail_that_leads_nowhere_is_told_of_and_the_shop_s_address_is_its_link() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 1));
    project.plan("spring", "");
    let planned = project.json(&["campaign", "plan", "spring"]);
    let links = found(&planned, "links");
    assert!(links.starts_with("warning no link leads to the shop"), "{links}");
    let at = |url: &str| {
        let setting = format!("brand.url={url}");
        found(&project.json(&["campaign", "plan", "spring", "--set", &setting]), "links")
    };
    assert!(
        at("https://shop.example/?from=mail").starts_with("good one link"),
        "{}",
        at("https://shop.example")
    );
    assert!(at("our shop").starts_with("blocking \"our shop\" is no address"), "{}", at("our shop"));
}

#[test]
fn a_plan_says_who_waits_for_the_cap_and_whose_effect_is_being_measured() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &format!("two-person = true\n{}", mail_server(sink.port, 1)));
    project.plan("spring", "");
    let planned = project.json(&["campaign", "plan", "spring"]);
    assert!(found(&planned, "two-person").starts_with("warning"), "any name counts as the second person");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    // Codes that are made here end with the offer.
    assert!(project.json(&["coupons", "status"])["pools"][0]["next_end"].as_i64().is_some());

    project.plan("summer", "");
    let plan = project.path().join("campaigns/summer.toml");
    let source = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, format!("{source}\n[cap]\nmessages = 1\ndays = 7\nthen = \"hold\"\n")).unwrap();
    let planned = project.json(&["campaign", "plan", "summer"]);
    let step = |name: &str| {
        let line = planned["funnel"].as_array().unwrap().iter().find(|line| line["step"] == name);
        line.unwrap()["customers"].as_u64().unwrap()
    };
    let waiting = step("waits-for-cap");
    assert!((42..54).contains(&waiting), "54 of spring, of whom some are held out in summer: {waiting}");
    assert!(
        found(&planned, "caps")
            .contains(&format!("{waiting} messages wait until their customers are under the cap"))
    );
    let listed = project.json(&["campaign", "plan", "summer", "--at", "waits-for-cap"]);
    assert_eq!(listed["customers"].as_array().unwrap().len() as u64, waiting);
    let held = step("to-be-sent") - waiting;
    let note = found(&planned, "other-campaigns");
    assert!(
        note.starts_with(&format!(
            "warning {held} of these are in the holdout and {waiting} in an arm of spring"
        )),
        "{note}"
    );

    project.run(&["campaign", "approve", "summer", "--as", "reviewer"]).assert().success();
    let sent = project.json(&["campaign", "send", "summer", "--yes"]);
    assert_eq!(sent["report"]["accepted"].as_u64(), Some(held));
    assert_eq!(sent["report"]["waiting"].as_u64(), Some(waiting));
    let results = project.json(&["results", "spring"]);
    assert_eq!(results["elsewhere"][0]["campaign"], "summer");
    assert_eq!(results["elsewhere"][0]["held_out"].as_u64(), Some(held));
    let caveats = results["caveats"].as_array().unwrap();
    assert!(caveats.iter().any(|caveat| caveat["code"] == "held-out-written-to" && caveat["figure"] == held));
}

#[test]
fn what_is_typed_for_a_test_is_at_fault_and_no_customer() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 1));
    project.plan("spring", "");
    let refused =
        project.run(&["campaign", "test", "spring", "--to", "a@x\r\nBcc: e@e.example"]).assert().code(2);
    let said = text(&refused.get_output().stderr);
    assert!(said.contains("--to: \"a@x\\r\\nBcc: e@e.example\" is no address"), "{said}");
    assert_eq!(sink.count().0, 0);
    std::fs::write(
        project.path().join("list.csv"),
        "address,channel\nnotanaddress,email\nrobin1@mail.example,email\n",
    )
    .unwrap();
    let import = project.run(&["suppressions", "import", "list.csv", "--json"]).assert().code(3);
    let counts: serde_json::Value = serde_json::from_slice(&import.get_output().stdout).unwrap();
    assert_eq!((counts["kept"].as_u64(), counts["refused"].as_u64()), (Some(1), Some(1)), "{counts}");
}
