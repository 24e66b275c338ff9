//! Grouping from the command line: the document of `--json`, the file of assignments, planted kinds found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use perennial::segments::stability::adjusted_rand_index;
use serde_json::Value;

use crate::program::{orders_in_two_currencies, perennial, text};

fn sample_data(shop: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data").join(shop)
}

/// The document of a command on one of the shops that come with the program.
fn document(command: &str, shop: &str, more: &[&str]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let out = perennial(home.path())
        .args([command, "--json", "--data"])
        .arg(sample_data(shop))
        .args(more)
        .assert()
        .code(0);
    serde_json::from_slice(&out.get_output().stdout).unwrap()
}

/// `customer_id` to the other column.
fn table(path: &Path) -> BTreeMap<String, String> {
    let mut rows = csv::Reader::from_path(path).unwrap();
    rows.records().map(|row| row.map(|row| (row[0].to_owned(), row[1].to_owned())).unwrap()).collect()
}

#[test]
fn kinds_that_were_planted_in_the_sample_are_found() {
    let home = tempfile::tempdir().unwrap();
    let (data, truth, found) =
        (home.path().join("shop"), home.path().join("truth.csv"), home.path().join("found.csv"));
    let mut sample = perennial(home.path());
    sample.arg("sample").arg("--out").arg(&data).arg("--truth").arg(&truth).assert().code(0);
    let mut segments = perennial(home.path());
    segments.arg("segments").arg("--data").arg(&data).arg("--assignments").arg(&found).assert().code(0);

    let (truth, found) = (table(&truth), table(&found));
    let kinds: Vec<&String> = truth.values().collect::<BTreeSet<_>>().into_iter().collect();
    let (mut planted, mut grouped) = (Vec::new(), Vec::new());
    for (customer, letter) in &found {
        let kind = &truth[customer];
        assert_eq!(letter == "N", kind == "browser", "{customer} is a {kind} in \"{letter}\"");
        if letter != "N" {
            planted.push(kinds.iter().position(|&known| known == kind).unwrap() as u8);
            grouped.push(letter.bytes().next().unwrap());
        }
    }
    let agreement = adjusted_rand_index(&planted, &grouped);
    assert!(agreement > 0.9, "adjusted Rand index {agreement:.3}");
}

#[test]
fn the_file_of_assignments_is_safe_in_a_spreadsheet() {
    let home = tempfile::tempdir().unwrap();
    let mut orders = String::from("customer_id,ordered_at,amount\n");
    for number in 0..60 {
        let id = if number == 0 { "=HYPERLINK(1)".to_owned() } else { format!("-{number}") };
        for day in 1..=(number % 3 + 1) {
            orders.push_str(&format!(
                "{id},2025-0{}-1{day},{}\n",
                number % 9 + 1,
                10 + number * (number % 3)
            ));
        }
    }
    let (data, found) = (home.path().join("orders.csv"), home.path().join("found.csv"));
    fs::write(&data, orders).unwrap();
    fs::write(&found, "as it was").unwrap();
    let mut segments = perennial(home.path());
    segments.arg("segments").arg("--data").arg(&data).arg("--assignments").arg(&found).assert().code(0);
    let found = table(&found);
    assert!(found.contains_key("'=HYPERLINK(1)"), "{found:?}");
    assert!(found.contains_key("-7"), "a number stays a number: {found:?}");
}

#[test]
fn the_document_says_what_sets_each_cluster_apart() {
    let shop = document("segments", "shop", &[]);
    let clusters = shop["clusters"].as_array().unwrap();
    assert_eq!(shop["schema"], 1);
    assert_eq!(shop["k"].as_u64().unwrap() as usize, clusters.len());
    assert_eq!(shop["curve"].as_array().unwrap().len(), 9);
    assert!(shop["why"].as_str().unwrap().starts_with(&format!("{} clusters", clusters.len())));
    let mut names = BTreeSet::new();
    for (number, cluster) in clusters.iter().enumerate() {
        assert_eq!(cluster["id"], char::from(b'A' + number as u8).to_string());
        assert!(names.insert(cluster["names"]["en"].as_str().unwrap()));
        assert!(names.insert(cluster["names"]["zh"].as_str().unwrap()));
        assert!(cluster["drivers"][0]["effect"].as_f64().unwrap().abs() > 0.25, "{cluster}");
        let orders = &cluster["features"]["orders"];
        assert!(orders["p10"].as_f64() <= orders["median"].as_f64());
        assert!(orders["median"].as_f64() <= orders["p90"].as_f64());
    }
    let shares: f64 = clusters.iter().map(|cluster| cluster["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    assert_eq!(document("segments", "cdnow", &[])["not_bought"], Value::Null, "everybody there has bought");
}

#[test]
fn the_document_says_who_they_are_and_who_has_not_bought_yet() {
    let shop = document("segments", "shop", &["--k", "4"]);
    let group = &shop["not_bought"];
    assert_eq!((group["id"].as_str(), group["stage"].as_str()), (Some("N"), Some("acquisition")));
    assert_eq!(
        (group["name"].as_str(), group["names"]["zh"].as_str()),
        (Some("Not bought yet"), Some("尚未下单"))
    );
    assert_eq!(group["size"], shop["not_clustered"]);
    assert!(group["features"]["orders"].is_null() && !group["features"]["tenure_days"].is_null());
    assert!(group["profile"]["trend"].as_array().unwrap().is_empty() && group["profile"]["hours"].is_null());
    let mut all = shop["clusters"].as_array().unwrap().clone();
    assert_eq!(all.len(), 4);
    all.push(group.clone());
    let mut of_all = 0.0;
    for one in &all {
        let profile = &one["profile"];
        of_all += profile["share_of_customers"].as_f64().unwrap();
        assert_eq!(profile["representatives"].as_array().unwrap().len(), 5, "{}", one["id"]);
        assert!(
            profile["reach"].as_array().unwrap().iter().any(|reach| reach["customers"].as_u64() > Some(0))
        );
        let languages: f64 =
            profile["languages"].as_array().unwrap().iter().map(|part| part["share"].as_f64().unwrap()).sum();
        assert!((languages - 1.0).abs() < 1e-9);
    }
    assert!((of_all - 1.0).abs() < 1e-9);
    let first = &all[0]["profile"];
    assert_eq!(first["trend"].as_array().unwrap().len(), 24);
    assert!(first["categories"][0]["name_zh"].is_string(), "the sample's catalogue is in two languages");
}

#[test]
fn the_number_of_clusters_hardly_depends_on_the_seed() {
    for (shop, usual) in [("shop", 7), ("cdnow", 3)] {
        let chosen: Vec<u64> = (1..=8)
            .map(|seed: u64| {
                document("segments", shop, &["--seed", &seed.to_string()])["k"].as_u64().unwrap()
            })
            .collect();
        let others = chosen.iter().filter(|&&k| k != usual).count();
        assert!(others <= 1 && chosen.iter().all(|k| k.abs_diff(usual) <= 1), "{shop}: {chosen:?}");
    }
}

#[test]
fn a_number_set_by_hand_is_shown_beside_what_the_data_would_have() {
    let found = document("segments", "shop", &["--k", "4"]);
    assert_eq!((&found["k"], found["curve"].as_array().unwrap().len()), (&Value::from(4), 9));
    let why = found["why"].as_str().unwrap();
    assert!(why.starts_with("4 clusters (silhouette 0.33), as set by hand; the data would have 7"), "{why}");
}

#[test]
fn who_has_lapsed_has_been_away_longer_than_everybody_else() {
    for shop in ["shop", "cdnow"] {
        for k in ["3", "5", "7", "10"] {
            let found = document("segments", shop, &["--k", k]);
            assert_eq!(found["k"].to_string(), k);
            let (mut lapsed, mut here) = (f64::INFINITY, 0.0_f64);
            for cluster in found["clusters"].as_array().unwrap() {
                let recency = cluster["features"]["recency_days"]["median"].as_f64().unwrap();
                let name = cluster["names"]["en"].as_str().unwrap();
                assert_eq!(name.starts_with("Lapsed"), cluster["stage"] == "win-back", "{name}");
                if name.starts_with("Lapsed") {
                    lapsed = lapsed.min(recency);
                } else if !name.starts_with("Slipping") {
                    here = here.max(recency);
                }
            }
            assert!(lapsed > here, "{shop}, k = {k}: {lapsed} against {here}");
        }
    }
}

#[test]
fn errors_in_the_data_are_told_once_by_what_uses_it() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("orders.csv"), orders_in_two_currencies()).unwrap();
    let told = |words: &[&str]| {
        let mut command = perennial(home.path());
        command.args(words).args(["--k", "2", "--model", "none", "--data", "orders.csv"]);
        text(&command.assert().get_output().stderr)
    };
    for words in [
        &["segments"][..],
        &["segments", "--json"],
        &["customers"],
        &["preview", "--strategy", "win-back-email-en", "--segment", "A", "--send-on", "2999-01-01"],
    ] {
        let all = told(words);
        assert_eq!(all.matches("several currencies").count(), 1, "{words:?}: {all}");
        assert_eq!(all.matches("[mixed-currencies]").count(), 1, "{words:?}: {all}");
        assert!(!told(&[words, &["--quiet"]].concat()).contains("mixed-currencies"), "{words:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = document("segments", "cdnow", &["--seed", "11"]);
    assert_eq!(first, document("segments", "cdnow", &["--seed", "11"]));
    assert_eq!(first["seed"], 11);
}

#[test]
fn an_earlier_reference_date_does_not_see_what_came_later() {
    let found = document("segments", "cdnow", &["--as-of", "1997-09-30"]);
    assert_eq!(found["as_of"], "1997-09-30");
    for cluster in found["clusters"].as_array().unwrap() {
        // The first order of the data is of 1997-01-01.
        let recency = &cluster["features"]["recency_days"];
        assert!(recency["p90"].as_f64().unwrap() <= 272.0 && recency["p10"].as_f64().unwrap() >= 0.0);
    }
}

#[test]
fn one_customer_is_shown_with_its_cluster_and_what_decided() {
    let found = document("customers", "shop", &["--limit", "1"]);
    let id = found["customers"][0]["id"].as_str().unwrap();
    let one = document("customers", "shop", &["--id", id]);
    assert_eq!(one["id"], id);
    assert_eq!(one["cluster"], found["customers"][0]["cluster"]);
    assert!(one["distance"].as_f64() <= one["next"]["distance"].as_f64());
    assert_ne!(one["next"]["cluster"], one["cluster"]);
    assert!(one["deciding"][0]["effect"].as_f64().unwrap() > 0.0);
    assert!(!one["orders"].as_array().unwrap().is_empty());
    for known in ["categories", "events", "reachable"] {
        assert!(!one[known].as_array().unwrap().is_empty(), "{known}");
    }
    let whole = one["features"]["discounted_share"].to_string();
    assert!(whole.len() < 12, "{whole} carries the noise of a shorter number");
    let before = document("customers", "shop", &["--id", id, "--as-of", "2025-01-31"]);
    for list in ["orders", "events"] {
        let dates = before[list].as_array().unwrap();
        assert!(dates.iter().all(|entry| entry["date"].as_str() <= Some("2025-01-31")), "{list}");
        assert!(dates.len() < one[list].as_array().unwrap().len(), "{list}");
    }
}

#[test]
fn the_exact_customer_is_found_first_and_slips_of_the_pen_are_forgiven() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    // An id that turns the text after it round, and a name that clears the screen.
    let evil = "c\u{202e}2";
    fs::write(
        data.join("customers.csv"),
        format!(
            "customer_id,first_name,last_name\nc1,Annabel,Stone\n{evil},Anna,Stone\u{1b}[2J\nc3,Al,Anderson\n"
        ),
    )
    .unwrap();
    let orders: String =
        (1..9).map(|day| format!("c1,2025-01-0{day},5\n{evil},2025-02-0{day},90\n")).collect();
    fs::write(data.join("orders.csv"), format!("customer_id,ordered_at,amount\n{orders}c3,2024-01-01,1\n"))
        .unwrap();
    let found = |text: &str, more: &[&str]| {
        let mut command = perennial(home.path());
        let out = command.args(["customers", "--k", "2", "--find", text]).args(more).arg("--data").arg(&data);
        out.assert().code(0).get_output().stdout.clone()
    };
    let names = |text: &str| -> Vec<String> {
        let document: Value = serde_json::from_slice(&found(text, &["--json"])).unwrap();
        let customers = document["customers"].as_array().unwrap();
        customers.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("annabel stone"), ["Annabel Stone"]);
    assert_eq!(
        names("anna stone"),
        ["Anna Stone\u{1b}[2J", "Annabel Stone"],
        "part of a name before its letters"
    );
    assert_eq!(names("andrsn"), ["Al Anderson"]);
    assert_eq!(names("C3"), ["Al Anderson"]);
    let shown = text(&found("anna", &[]));
    assert!(shown.contains("Anna Stone") && !shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
}

#[test]
fn what_cannot_be_done_is_wrong_usage_with_a_remedy() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, words) in
        [(["segments", "--k", "11"], "from 2 to 10"), (["customers", "--id", "nobody"], "--find")]
    {
        let mut command = perennial(home.path());
        let out = command.args(arguments).arg("--data").arg(sample_data("cdnow")).assert().code(2).stdout("");
        let told = text(&out.get_output().stderr);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn orders_up_to_a_reference_date_that_lies_ahead_count_in_every_command() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("shop");
    fs::create_dir(&data).unwrap();
    let (mut people, mut orders) =
        (String::from("customer_id,email\n"), String::from("order_id,customer_id,ordered_at,amount\n"));
    for number in 0..40 {
        people += &format!("C{number},c{number}@mail.example\n");
        orders += &format!("O{number},C{number},2098-{:02}-03,{}.00\n", 1 + number % 12, 10 + number * 7);
    }
    fs::write(data.join("customers.csv"), people).unwrap();
    fs::write(data.join("orders.csv"), orders).unwrap();
    for command in [&["check"][..], &["segments"]] {
        let told = |more: &[&str]| {
            let mut run = perennial(home.path());
            let out = run.args(["--data", data.to_str().unwrap()]).args(command).args(more).output().unwrap();
            format!("{}{}", text(&out.stdout), text(&out.stderr))
        };
        let too_early = told(&[]);
        let missed = too_early.contains("future-date") || too_early.contains("no row could be used");
        assert!(missed, "{command:?}: {too_early}");
        let ahead = told(&["--set", "data.as-of=2099-01-01"]);
        let kept = !ahead.contains("future-date") && !ahead.contains("no row could be used");
        assert!(kept, "{command:?}: {ahead}");
    }
}
