//! From a plan to the ledger, with everything that must stop it on the way.

use serde_json::Value;

use super::project::{Project, mail_server};
use super::sink::{Answer, Sink};
use crate::program::text;

const TWO_PEOPLE: &str = "two-person = true\n";

#[test]
fn a_campaign_goes_out_only_as_it_was_approved_and_by_somebody_else() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(300, &format!("{TWO_PEOPLE}{}", mail_server(sink.port, 2)));
    project.plan("spring", "");
    let planned = project.json(&["campaign", "plan", "spring"]);
    let step = |name: &str| {
        planned["funnel"].as_array().unwrap().iter().find(|line| line["step"] == name).unwrap()["customers"]
            .clone()
    };
    assert_eq!(
        (step("in-segment"), step("holdout"), step("to-be-sent")),
        (300.into(), 30.into(), 270.into())
    );
    assert_eq!(planned["approval"]["standing"], "missing");

    let send = || project.run(&["campaign", "send", "spring", "--yes"]);
    let stopped = send().assert().code(3);
    assert!(text(&stopped.get_output().stderr).contains("nobody has approved it"));
    let own = project.run(&["campaign", "approve", "spring", "--as", "Author"]).assert().code(3);
    assert!(text(&own.get_output().stderr).contains("two people must stand behind"));
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "preflight", "spring"]).assert().success();

    // Another letter in the plan, and what was approved stands no more; changed back, it does.
    let plan = project.path().join("campaigns/spring.toml");
    let source = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, source.replace("Come back", "Come  back")).unwrap();
    let voided = send().assert().code(3);
    assert!(text(&voided.get_output().stderr).contains("something has changed since"));
    std::fs::write(&plan, &source).unwrap();
    // So does a postal address, which stands in the message.
    let settings = project.path().join("perennial.toml");
    let before = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, before.replace("1 High Street", "2 High Street")).unwrap();
    assert_eq!(project.json(&["campaign", "plan", "spring"])["approval"]["standing"], "voided");
    std::fs::write(&settings, &before).unwrap();
    assert_eq!(sink.count().0, 0);

    let sent = project.json(&["campaign", "send", "spring", "--yes"]);
    assert_eq!(sent["report"]["state"], "done");
    assert_eq!((sent["report"]["accepted"].as_u64(), sink.count()), (Some(270), (270, 0)));
    // Once is once.
    let again = project.json(&["campaign", "send", "spring", "--yes"]);
    assert_eq!(
        (again["report"]["state"].as_str(), again["report"]["accepted_now"].as_u64()),
        (Some("done"), Some(0))
    );
    assert_eq!(sink.count().0, 270);
    let ledger = project.json(&["campaign", "ledger", "spring"]);
    let lines = ledger["sends"].as_array().unwrap();
    assert_eq!(lines.len(), 300);
    assert!(lines.iter().filter(|line| line["state"] == "holdout").all(|line| line["address"].is_null()));
    let codes: std::collections::BTreeSet<&str> =
        lines.iter().filter_map(|line| line["coupon"].as_str()).collect();
    assert_eq!(codes.len(), 270, "a code of their own for everybody");
    let actions: Vec<String> = project.json(&["audit", "list", "spring"])["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["plan", "approve", "launch", "finish"]);
}

#[test]
fn what_must_stand_in_a_message_stops_it_where_it_does_not() {
    let project = Project::new(60, "");
    project.plan("spring", "holdout = 0");
    let refused = project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().code(3);
    assert!(text(&refused.get_output().stderr).contains("from-address"));
    let checked = project.run(&["campaign", "preflight", "spring", "--json"]).assert().code(3);
    let document: Value = serde_json::from_slice(&checked.get_output().stdout).unwrap();
    let weight = |check: &str| {
        let checks = document["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|found| found["check"] == check)
            .map(|found| found["weight"].as_str().unwrap().to_owned())
    };
    assert_eq!(weight("sender").as_deref(), Some("blocking"));
    assert_eq!(weight("holdout").as_deref(), Some("warning"));
    assert_eq!(weight("approval").as_deref(), Some("blocking"));
    assert_eq!(weight("claims").as_deref(), Some("good"));
    assert!(
        document["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|check| check["weight"] != "good")
            .all(|check| !check["remedy"].as_str().unwrap().is_empty())
    );
}

#[test]
fn a_test_to_yourself_spends_no_code_and_is_no_part_of_the_campaign() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 1));
    project.plan("spring", "");
    project.run(&["campaign", "test", "spring", "--to", "me@shop.example"]).assert().success();
    assert_eq!(sink.count(), (1, 0));
    assert_eq!(project.json(&["coupons", "status"])["pools"], serde_json::json!([]));
    assert_eq!(project.json(&["campaign", "status", "spring"])["state"], "planned");
    let shown = project.run(&["campaign", "preview", "spring", "--out", "page.html"]).assert().success();
    assert!(text(&shown.get_output().stdout).contains("TEST-CODE"));
    assert!(std::fs::read_to_string(project.path().join("page.html")).unwrap().contains("Harbour Home"));
}

#[test]
fn before_the_launch_links_are_shown_in_the_form_in_which_they_are_sent() {
    let door = "[door]\nbase-url = \"https://m.shop.example\"\n";
    let project = Project::new(60, &format!("{door}{}", mail_server(9, 1)));
    project.plan("spring", "");
    let shown = |extra: &[&str]| {
        let mut words = vec!["campaign", "preview", "spring", "--set", "brand.url=https://shop.example/new"];
        words.extend(extra);
        project.json(&words)["messages"][0].clone()
    };
    let message = shown(&[]);
    let mail = message["mail"].as_str().unwrap();
    assert_eq!(message["links"], serde_json::json!(["https://shop.example/new"]), "{message:#}");
    assert_eq!(message["sample_links"], true);
    let body = message["text"]["body"].as_str().unwrap();
    assert!(
        body.contains("https://m.shop.example/c/") && !body.contains("https://shop.example/new"),
        "{mail}"
    );
    shown(&["--out", "page.html"]);
    let page = std::fs::read_to_string(project.path().join("page.html")).unwrap();
    assert!(page.contains("samples that lead nowhere") && page.contains("<li>https://shop.example/new</li>"));
    // Without a door they stand as they are.
    let settings = project.path().join("perennial.toml");
    let bare = std::fs::read_to_string(&settings).unwrap().replace(door, "");
    std::fs::write(&settings, bare).unwrap();
    let bare = shown(&[]);
    assert_eq!(bare["sample_links"], false);
    assert!(bare["text"]["body"].as_str().unwrap().contains("https://shop.example/new"), "{bare:#}");
}

#[test]
fn a_pool_of_codes_is_given_out_once_and_says_when_it_runs_out() {
    let sink = Sink::new(|_| Answer::Taken);
    let project = Project::new(60, &mail_server(sink.port, 1));
    let codes: String = (0..40).map(|number| format!("SPRING-{number:03}\n")).collect();
    std::fs::write(project.path().join("codes.csv"), format!("code\n{codes}")).unwrap();
    project.plan("spring", "");
    let plan = project.path().join("campaigns/spring.toml");
    let source = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, format!("{source}\n[coupons]\npool = \"spring\"\n")).unwrap();
    project.run(&["coupons", "import", "spring", "codes.csv"]).assert().success();
    let again = project.json(&["coupons", "import", "spring", "codes.csv"]);
    assert_eq!(
        (again["imported"]["added"].as_u64(), again["imported"]["known"].as_u64()),
        (Some(0), Some(40))
    );
    let stopped = project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().code(3);
    assert!(text(&stopped.get_output().stderr).contains("the pool spring has 40 codes, and 54 are needed"));
    let more: String = (40..60).map(|number| format!("SPRING-{number:03}\n")).collect();
    std::fs::write(project.path().join("more.csv"), more).unwrap();
    project.run(&["coupons", "import", "spring", "more.csv"]).assert().success();
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    project.run(&["campaign", "send", "spring", "--yes"]).assert().success();
    let pool = &project.json(&["coupons", "status"])["pools"][0];
    assert_eq!((pool["free"].as_u64(), pool["committed"].as_u64()), (Some(6), Some(54)));
    std::fs::write(project.path().join("used.csv"), "SPRING-000\nSPRING-001\nNOBODYS\n").unwrap();
    // A code that nobody knows is a finding; one that comes again is said to be used.
    let redeem = |project: &Project| -> Value {
        let out = project.run(&["--json", "coupons", "redeem", "used.csv"]).assert().code(3);
        serde_json::from_slice(&out.get_output().stdout).unwrap()
    };
    let used = redeem(&project);
    assert_eq!((used["redeemed"].as_u64(), used["unknown"].as_u64()), (Some(2), Some(1)));
    assert_eq!(used["unknown_codes"], serde_json::json!(["NOBODYS"]));
    let told = project.run(&["coupons", "redeem", "used.csv"]).assert().code(3);
    let told = text(&told.get_output().stdout);
    assert!(told.contains("2 codes were noted as used before, 1 code is not known here (NOBODYS)"), "{told}");
    let again = redeem(&project);
    assert_eq!((again["redeemed"].as_u64(), again["again"].as_u64()), (Some(0), Some(2)));
    let listed = project.json(&["coupons", "list", "--campaign", "spring"]);
    let codes = listed["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 54);
    assert!(
        codes.iter().filter(|code| code["state"] == "redeemed").count() == 2
            && codes[0]["customer"].is_string()
    );
}

#[test]
fn the_same_plan_holds_out_the_same_customers_and_another_campaign_others() {
    let project = Project::new(400, "");
    project.plan("spring", "holdout = 0.25");
    project.plan("summer", "holdout = 0.25");
    let held = |name: &str| -> Vec<String> {
        let listed = project.json(&["campaign", "plan", name, "--at", "holdout"]);
        let customers = listed["customers"].as_array().unwrap();
        customers.iter().map(|customer| customer["customer_id"].as_str().unwrap().to_owned()).collect()
    };
    let spring = held("spring");
    assert_eq!(spring.len(), 100);
    assert_eq!(spring, held("spring"));
    let both = held("summer").iter().filter(|id| spring.contains(id)).count();
    // A quarter of a quarter is 25; the hypergeometric standard deviation is 3.8.
    assert!((8..=42).contains(&both), "{both}");
}

#[test]
fn what_the_message_did_is_read_back_from_the_ledger_and_later_orders() {
    let settings = "[brand]\nname = \"Harbour Home\"\n[writing]\nmodel = \"none\"\n[segments]\nk = 2\n[campaign]\nquiet-from = \"00:00\"\n\
                    quiet-to = \"00:00\"\nholdout = 0.4\n[sending]\nfrom-address = \"news@shop.example\"\n\
                    postal-address = \"1 High Street\"\n[sending.email]\nfile-form = \"csv\"\n";
    let project = Project::empty(settings);
    let sample = ["--customers", "12000", "--orders", "60000", "--seed", "5"];
    let make = |more: &[&str]| {
        let mut arguments = vec!["sample"];
        arguments.extend(sample);
        arguments.extend(more);
        project.json(&arguments)
    };
    make(&["--clean", "--out", "data"]);
    project.plan("spring", "leave-out-incomplete = true");
    project.run(&["campaign", "approve", "spring", "--as", "reviewer"]).assert().success();
    let sent = project.json(&["campaign", "send", "spring", "--yes"]);
    assert_eq!(sent["report"]["state"], "done", "{sent}");
    let ledger = project.run(&["campaign", "ledger", "spring", "--csv"]).output().unwrap();
    std::fs::write(project.path().join("ledger.csv"), ledger.stdout).unwrap();
    let today = perennial::data::today();
    let after = |days: i64| today.checked_add(jiff::Span::new().days(days)).unwrap();
    let (tomorrow, end) = (after(1), after(29));
    let planted = make(&[
        "--later",
        "4",
        "--ledger",
        "ledger.csv",
        "--effect",
        "0.2",
        "--from",
        &tomorrow.to_string(),
        "--out",
        "later",
    ]);
    let planted = planted["planted"].as_array().unwrap().iter().find(|arm| arm["arm"] == "message").unwrap();
    let results = project.json(&[
        "results",
        "spring",
        "--data",
        "data",
        "--data",
        "later",
        "--as-of",
        &end.to_string(),
        "--window",
        "30",
    ]);
    let conversion = results["comparisons"]
        .as_array()
        .unwrap()
        .iter()
        .find(|comparison| comparison["metric"] == "conversion_rate")
        .unwrap();
    let (low, high) =
        (conversion["interval"][0].as_f64().unwrap(), conversion["interval"][1].as_f64().unwrap());
    let truth = planted["effect"].as_f64().unwrap();
    // The key that draws the arms is another in each workspace, so one interval in twenty misses; two and a half times as
    // wide, some five standard errors, one in tens of thousands does.
    let (middle, reach) = (f64::midpoint(low, high), 2.5 * (high - low) / 2.0);
    assert!((truth - middle).abs() <= reach, "{truth} is far from {low}..{high}");
    assert!(low > 0.0, "an effect of this size is seen");
    let arms = results["arms"].as_array().unwrap();
    assert_eq!(
        arms.iter().map(|arm| arm["customers"].as_u64().unwrap()).sum::<u64>(),
        project.count("spring", "accepted") + project.count("spring", "holdout")
    );
    project
        .run(&[
            "report",
            "spring",
            "--data",
            "data",
            "--data",
            "later",
            "--as-of",
            &end.to_string(),
            "--out",
            "page.html",
        ])
        .assert()
        .success();
    let page = std::fs::read_to_string(project.path().join("page.html")).unwrap();
    assert!(page.contains("holdout") && !page.contains("<script"));
}

#[test]
fn a_customer_whose_message_is_refused_is_shown_with_why() {
    let project = Project::new(60, "[voice]\nbanned-words = [\"Grimsby\"]\n");
    project.plan("spring", "");
    let people = project.path().join("data/customers.csv");
    let all = std::fs::read_to_string(&people).unwrap();
    std::fs::write(&people, all.replace("C00001,Robin", "C00001,Grimsby")).unwrap();
    let shown = project.run(&["campaign", "preview", "spring", "--customer", "C00001"]).assert().success();
    let said = text(&shown.get_output().stdout);
    assert!(said.contains("to C00001: no message goes") && said.contains("Grimsby"), "{said}");
    let document = project.json(&["campaign", "preview", "spring", "--customer", "C00001"]);
    assert_eq!(document["messages"][0]["customer"], "C00001");
    assert!(document["messages"][0]["refused"].as_str().unwrap().contains("Grimsby"), "{document}");
    let other = project.json(&["campaign", "preview", "spring", "--customer", "C00003"]);
    assert!(other["messages"][0]["text"]["body"].is_string(), "{other}");
}
