//! `perennial results`: the contract of its document, and what it says about broken input.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use perennial::data::sample::{self, Later, LaterSummary, Options};
use perennial::jobs::unwatched;

use crate::program::{perennial, text};

/// A table with so many customers of each arm of whom so many bought for 20.
fn table(folder: &Path, arms: &[(&str, u32, u32)]) -> PathBuf {
    let mut rows = String::from("customer,arm,bought,spent,before\n");
    for &(arm, customers, conversions) in arms {
        for customer in 0..customers {
            let bought = customer < conversions;
            let (yes, spent) = if bought { (1, "20.00") } else { (0, "0") };
            rows += &format!("{arm}-{customer},{arm},{yes},{spent},{}\n", customer % 7);
        }
    }
    let path = folder.join("experiment.csv");
    fs::write(&path, rows).unwrap();
    path
}

const COLUMNS: [&str; 6] = ["--arm", "arm", "--converted", "bought", "--revenue", "spent"];

fn document(folder: &Path, path: &Path, more: &[&str]) -> Value {
    let out = perennial(folder)
        .args(["--json", "results", "--table"])
        .arg(path)
        .args(COLUMNS)
        .args(["--control", "old"])
        .args(more)
        .assert()
        .code(0);
    serde_json::from_slice(&out.get_output().stdout).unwrap()
}

#[test]
fn a_table_gives_the_published_figures() {
    let home = tempfile::tempdir().unwrap();
    let path = table(home.path(), &[("old", 100, 30), ("new", 100, 45)]);
    let json = document(home.path(), &path, &[]);
    assert_eq!(json["schema"], 1);
    let arm = &json["arms"][1];
    assert_eq!(
        (&arm["name"], &arm["customers"], &arm["conversions"]),
        (&"new".into(), &100.into(), &45.into())
    );
    assert_eq!(arm["conversion_rate"], 0.45);
    assert_eq!(arm["revenue"], 900.0);
    assert_eq!(arm["revenue_per_customer"], 9.0);
    assert_eq!((&arm["retained"], &arm["active"]), (&Value::Null, &Value::Null));
    assert!((arm["interval"][0].as_f64().unwrap() - 0.3561).abs() < 5e-5);
    let rate = &json["comparisons"][0];
    assert_eq!((&rate["arm"], &rate["against"]), (&"new".into(), &"old".into()));
    assert_eq!((&rate["metric"], &rate["verdict"]), (&"conversion_rate".into(), &"better".into()));
    assert!((rate["difference"].as_f64().unwrap() - 0.15).abs() < 1e-9);
    assert!((rate["z"].as_f64().unwrap() - 2.1909).abs() < 5e-5);
    assert!((rate["p_value"].as_f64().unwrap() - 0.0285).abs() < 5e-5);
    assert!((rate["interval"][0].as_f64().unwrap() - 0.0159).abs() < 5e-5);
    let money = &json["comparisons"][1];
    assert_eq!(money["metric"], "revenue_per_customer");
    assert!(money["t"].is_f64() && money["z"].is_null());
    assert!(json["qini"].is_null());

    let path = table(home.path(), &[("new", 5000, 613), ("old", 5000, 503)]);
    let json = document(home.path(), &path, &["--known", "before"]);
    let rate = &json["comparisons"][0];
    assert!((rate["difference"].as_f64().unwrap() - 0.0220).abs() < 1e-9);
    assert!((rate["z"].as_f64().unwrap() - 3.4935).abs() < 5e-5);
    assert!((rate["p_value"].as_f64().unwrap() - 0.000_477).abs() < 5e-7);
    assert_eq!(json["qini"]["deciles"].as_array().unwrap().len(), 10);
    assert!(json["qini"]["area"].is_f64());
    // The same seed gives the same bytes.
    assert_eq!(json, document(home.path(), &path, &["--known", "before"]));
}

#[test]
fn people_read_the_verdict_first() {
    let home = tempfile::tempdir().unwrap();
    let path = table(home.path(), &[("old", 100, 30), ("new", 100, 45), ("other", 100, 33)]);
    let out = perennial(home.path())
        .args(["results", "--table"])
        .arg(&path)
        .args(COLUMNS)
        .args(["--control", "old"])
        .assert()
        .code(0);
    let said = text(&out.get_output().stdout);
    // 0.0285 twice, for two arms: 0.0569.
    assert!(said.starts_with("Too few to tell whether new makes more customers buy than old: 45.00 % against 30.00 %, +15.00 points"), "{said}");
    assert!(said.contains("more than there are."), "{said}");
    let path = table(home.path(), &[("old", 100, 30), ("new", 100, 45)]);
    let mut command = perennial(home.path());
    let out = command
        .args(["results", "--table"])
        .arg(&path)
        .args(COLUMNS)
        .args(["--control", "old"])
        .assert()
        .code(0);
    let said = text(&out.get_output().stdout);
    assert!(said.starts_with("new makes more customers buy than old: 45.00 % against 30.00 %"), "{said}");
    assert!(said.contains("never per buyer"), "{said}");
    let head = said.lines().find(|line| line.starts_with("arm")).unwrap();
    assert!(head.contains("revenue") && !head.contains("bought again"), "{head}");
    // Fewer, of what can be counted; and a small p-value that does not hold is told as such.
    let path = table(home.path(), &[("old", 100, 45), ("new", 100, 30), ("rare", 100, 100)]);
    let told = |path: &Path| {
        let mut command = perennial(home.path());
        let out =
            command.args(["results", "--table"]).arg(path).args(COLUMNS).args(["--control", "old"]).assert();
        text(&out.code(0).get_output().stdout)
    };
    assert!(told(&path).contains("new makes fewer customers buy than old"), "{}", told(&path));
    let path = table(home.path(), &[("old", 1000, 0), ("new", 1000, 4)]);
    assert!(told(&path).contains("fewer than five customers of an arm are expected"), "{}", told(&path));
}

#[test]
fn broken_input_is_named_and_nothing_is_printed() {
    let home = tempfile::tempdir().unwrap();
    let path = table(home.path(), &[("old", 3, 1), ("new", 3, 2)]);
    let fails = |code: i32, arguments: &[&str], words: &[&str]| {
        let out = perennial(home.path()).args(["--json", "results"]).args(arguments).assert().code(code);
        let output = out.get_output();
        assert!(output.stdout.is_empty());
        let said = text(&output.stderr);
        for word in words {
            assert!(said.contains(word), "{said} lacks {word}");
        }
    };
    let file = path.to_str().unwrap();
    let with = |arm, control| ["--table", file, "--arm", arm, "--converted", "bought", "--control", control];
    fails(2, &with("arms", "old"), &["there is no column \"arms\" (--arm)", "\"customer\", \"arm\""]);
    fails(2, &with("arm", "older"), &["no row has \"older\"", "\"old\", \"new\""]);
    fails(2, &["--table", file, "--arm", "arm"], &["--converted"]);
    fails(2, &[], &["NAME"]);
    fails(2, &["autumn"], &["there is no campaign \"autumn\"", "--ledger", "--table"]);
    fails(
        1,
        &["--table", "no.csv", "--arm", "arm", "--converted", "bought", "--control", "old"],
        &["no.csv"],
    );
    fs::write(&path, "arm,bought\nold,1\nnew,2\n").unwrap();
    fails(1, &with("arm", "old"), &["line 3, column \"bought\": \"2\" is neither yes nor no"]);
}

/// A sample shop, a ledger with a third held out, and what its customers do in the six weeks after.
struct Campaign {
    home: tempfile::TempDir,
    planted: LaterSummary,
}

fn options(customers: u32) -> Options {
    Options {
        customers,
        orders: u64::from(customers) * 8,
        seed: 7,
        clean: true,
        truth: None,
        overwrite: false,
    }
}

fn campaign(customers: u32, effects: &[(&str, i64)]) -> Campaign {
    let home = tempfile::tempdir().unwrap();
    let shop = home.path().join("shop");
    let options = options(customers);
    unwatched(|task| sample::write(&options, &shop, task)).unwrap();
    let mut ledger = String::from("customer_id,arm,segment\n");
    for customer in 1..=customers {
        // Everybody but a few, dealt by a number that has nothing to do with them.
        let arm = match ((u64::from(customer) * 2_654_435_761) >> 7) % 31 {
            0 => continue,
            1..=10 => "holdout",
            11..=20 => "plain",
            _ => "warm",
        };
        ledger += &format!("C{customer:07},{arm},{}\n", if customer % 2 == 0 { "even" } else { "odd" });
    }
    let path = home.path().join("ledger.csv");
    fs::write(&path, ledger).unwrap();
    let later = Later {
        weeks: 6,
        from_day: None,
        ledger: path,
        effects: effects.iter().map(|&(arm, effect)| (arm.to_owned(), effect)).collect(),
    };
    let planted =
        unwatched(|task| sample::write_later(&options, &later, &home.path().join("later"), task)).unwrap();
    Campaign { home, planted }
}

impl Campaign {
    fn measured(&self, command: &[&str]) -> assert_cmd::assert::Assert {
        perennial(self.home.path())
            .args(command)
            .args(["--ledger", "ledger.csv", "--launched", "2025-11-01", "--window", "42"])
            .args(["--data", "shop", "--data", "later"])
            .assert()
    }
}

/// Where there is a Chromium, it shows the page and prints it, without a word of complaint and without a network.
fn opens_in_a_browser(page: &Path) {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let browser = std::env::split_paths(&paths)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|path| path.is_file());
    // The unit tests have read the page without one.
    let Some(browser) = browser else { return };
    let folder = page.parent().unwrap();
    let pdf = folder.join("page.pdf");
    let run = |what: String| {
        std::process::Command::new(&browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--enable-logging=stderr",
            ])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND")
            .arg(format!("--user-data-dir={}", folder.join("browser").display()))
            .arg(what)
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap()
    };
    let shown = run("--dump-dom".into());
    let (dom, said) = (text(&shown.stdout), String::from_utf8_lossy(&shown.stderr).into_owned());
    assert!(dom.contains("Who responds") && dom.matches("<svg").count() >= 6, "{said}");
    assert!(!said.contains("CONSOLE"), "{said}");
    run(format!("--print-to-pdf={}", pdf.display()));
    let printed = fs::read(&pdf).unwrap();
    assert!(printed.starts_with(b"%PDF") && printed.len() > 20_000, "{} bytes", printed.len());
}

/// The loop is closed: what was planted in the later weeks is read back within its interval.
#[test]
fn a_planted_effect_is_read_back() {
    let campaign = campaign(9_000, &[("warm", 90_000)]);
    let out = campaign.measured(&["--json", "results"]).code(0);
    let json: Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    assert_eq!(
        (&json["schema"], &json["control"], &json["holdout"]),
        (&1.into(), &"holdout".into(), &true.into())
    );
    assert_eq!(json["information"], 1.0);
    let find = |arm: &str, metric: &str| {
        let all = json["comparisons"].as_array().unwrap();
        all.iter().find(|one| one["arm"] == arm && one["metric"] == metric).unwrap().clone()
    };
    let planted = |arm: &str| campaign.planted.planted.iter().find(|one| one.arm == arm).unwrap();
    for (arm, verdict) in [("warm", "better"), ("plain", "too-few-to-tell")] {
        let rate = find(arm, "conversion_rate");
        let (low, high) = (rate["interval"][0].as_f64().unwrap(), rate["interval"][1].as_f64().unwrap());
        let effect = planted(arm).effect;
        assert!(low <= effect && effect <= high, "{arm}: {effect} is not in {low} to {high}");
        assert_eq!(rate["verdict"], verdict, "{rate}");
    }
    assert!(planted("warm").effect > 0.06 && planted("plain").effect.abs() < 1e-12);
    let warm = json["arms"].as_array().unwrap().iter().find(|arm| arm["name"] == "warm").unwrap();
    assert!((warm["conversion_rate"].as_f64().unwrap() - planted("warm").rate).abs() < 0.03);
    assert_eq!(warm["customers"], planted("warm").customers);
    for metric in ["revenue_per_customer", "retention_rate", "activity_rate"] {
        assert!(find("warm", metric)["p_value"].is_f64());
    }
    assert!(find("warm", "revenue_per_customer")["adjusted"]["variance_left"].as_f64().unwrap() <= 1.0);
    // Those who had drifted away respond most, and the score finds some of that.
    assert!(json["qini"]["area"].as_f64().unwrap() > 0.0);
    assert_eq!(json["segments"].as_array().unwrap().len(), 2);
    assert_eq!(json["retention"][0]["weeks"].as_array().unwrap().len(), 6);

    let out = campaign.measured(&["results"]).code(0);
    let said = text(&out.get_output().stdout);
    assert!(
        said.lines().any(|line| line.starts_with("warm makes more customers buy than holdout")),
        "{said}"
    );
    assert!(said.starts_with("Too few to tell whether plain") || said.starts_with("warm"), "{said}");

    // The page, in both languages, and as Markdown; none is replaced without a word.
    for (file, more) in [("report.html", "en"), ("zh.html", "zh"), ("report.md", "en")] {
        campaign.measured(&["report", "--out", file, "--language", more]).code(0);
        let page = fs::read_to_string(campaign.home.path().join(file)).unwrap();
        assert!(page.contains("warm") && page.len() > 4_000);
    }
    let page = fs::read_to_string(campaign.home.path().join("zh.html")).unwrap();
    assert!(page.contains("客户行为") && page.matches("<svg").count() >= 6);
    opens_in_a_browser(&campaign.home.path().join("report.html"));
    campaign.measured(&["report", "--out", "report.html"]).code(2);
    campaign.measured(&["report", "--out", "report.pdf"]).code(2);
}

#[test]
fn later_weeks_are_the_same_whoever_makes_them_and_hold_no_effect_of_their_own() {
    let (one, two) = (campaign(1_500, &[]), campaign(1_500, &[]));
    let file =
        |campaign: &Campaign, name: &str| fs::read(campaign.home.path().join("later").join(name)).unwrap();
    for name in ["orders-later.csv", "events-later.csv"] {
        assert!(file(&one, name) == file(&two, name), "{name}");
    }
    assert!(one.planted.planted.iter().all(|planted| planted.effect.abs() < 1e-12));
    // The effect moves only those whom it makes buy: everybody else's rows stay as they are.
    let with = campaign(1_500, &[("warm", 100_000)]);
    let buyers = |campaign: &Campaign| -> std::collections::BTreeSet<String> {
        let text = String::from_utf8(file(campaign, "orders-later.csv")).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().to_owned()).collect()
    };
    assert!(buyers(&one).is_subset(&buyers(&with)) && buyers(&with).len() > buyers(&one).len());
    // No order has a number that the sample has given.
    let numbers = |path: &str| -> std::collections::BTreeSet<String> {
        let text = fs::read_to_string(with.home.path().join(path)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    assert!(numbers("shop/orders.csv").is_disjoint(&numbers("later/orders-later.csv")));
}

#[test]
fn a_ledger_of_another_shop_is_told() {
    let home = tempfile::tempdir().unwrap();
    fs::write(
        home.path().join("orders.csv"),
        "customer_id,ordered_at,amount\na,2025-01-01,5\na,2025-03-01,5\n",
    )
    .unwrap();
    fs::write(home.path().join("ledger.csv"), "customer_id,arm\nC0000009,holdout\nC0000001,warm\n").unwrap();
    let out = perennial(home.path())
        .args(["results", "--ledger", "ledger.csv", "--launched", "2025-02-01", "--data", "orders.csv"])
        .assert()
        .code(2);
    assert!(text(&out.get_output().stderr).contains("none of the 2 customers of the ledger"));
    let out = perennial(home.path())
        .args([
            "sample",
            "--customers",
            "5",
            "--orders",
            "20",
            "--out",
            "x",
            "--later",
            "2",
            "--ledger",
            "ledger.csv",
        ])
        .assert()
        .code(1);
    assert!(text(&out.get_output().stderr).contains("line 2: \"C0000009\" is no customer of this sample"));
}

/// Orders of a day that is still to come are read where the day is named, and a day without a time of day counts whole.
#[test]
fn the_last_day_that_counts_can_be_named() {
    let home = tempfile::tempdir().unwrap();
    let mut orders = String::from("customer_id,ordered_at,amount\n");
    let mut ledger = String::from("customer_id,arm\n");
    for customer in 0..40 {
        orders += &format!("c{customer},2025-01-{:02},5.00\n", customer % 28 + 1);
        ledger += &format!("c{customer},{}\n", if customer % 2 == 0 { "holdout" } else { "warm" });
    }
    // On the day of the launch; within the window; on the last day that counts; after it.
    for (customer, day) in [(1, "2091-01-01"), (3, "2091-01-09"), (5, "2091-01-20"), (7, "2091-01-21")] {
        orders += &format!("c{customer},{day},30.00\n");
    }
    ledger += "nobody,warm\n";
    fs::write(home.path().join("orders.csv"), orders).unwrap();
    fs::write(home.path().join("ledger.csv"), ledger).unwrap();
    let document = |more: &[&str]| -> Value {
        let out = perennial(home.path())
            .args(["--json", "results", "--ledger", "ledger.csv", "--launched", "2091-01-01T09:00:00Z"])
            .args(["--data", "orders.csv"])
            .args(more)
            .assert()
            .code(0);
        serde_json::from_slice(&out.get_output().stdout).unwrap()
    };
    let codes = |json: &Value| -> Vec<String> {
        let caveats = json["caveats"].as_array().unwrap().clone();
        caveats.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let named = document(&["--as-of", "2091-01-20"]);
    assert_eq!((&named["arms"][1]["conversions"], &named["arms"][1]["retained"]), (&3.into(), &3.into()));
    assert_eq!(named["arms"][1]["revenue"], 90.0);
    assert_eq!(named["observed_until"], "2091-01-21");
    assert_eq!(codes(&named), ["window-open", "unknown-customers", "no-events", "no-margin"]);
    let plain = document(&[]);
    assert_eq!(plain["arms"][1]["conversions"], 0);
    assert!(codes(&plain).contains(&"nothing-after".to_owned()));
}
