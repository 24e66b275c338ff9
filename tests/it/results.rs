//! `perennial results`: the contract of its document, and what it says about broken input.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

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
    fails(2, &[], &["--table"]);
    fails(
        1,
        &["--table", "no.csv", "--arm", "arm", "--converted", "bought", "--control", "old"],
        &["no.csv"],
    );
    fs::write(&path, "arm,bought\nold,1\nnew,2\n").unwrap();
    fails(1, &with("arm", "old"), &["line 3, column \"bought\": \"2\" is neither yes nor no"]);
}
