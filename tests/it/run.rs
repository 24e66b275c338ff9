//! `perennial run` on the sample shop, with templates: its files agree with each other, with the rules, and with
//! themselves the next time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::Parser;
use perennial::cli::{Cli, Context, Exit};
use perennial::config::{Config, Layers};
use perennial::jobs::{Cancel, unwatched};
use perennial::review::coupon::is_code;
use perennial::review::spreadsheet::cell_text;
use perennial::review::{check, outbox, passes};
use perennial::strategy::{self, Text};
use perennial::{data, features, profiles, segments};
use serde_json::Value;

use crate::program::{orders_in_two_currencies, perennial, text};

pub(crate) const FILES: [&str; 7] = [
    "customers.csv",
    "drafts.jsonl",
    "outbox.csv",
    "outbox.jsonl",
    "profiles.md",
    "segments.csv",
    "summary.json",
];

struct Run {
    home: tempfile::TempDir,
    summary: Value,
    /// What was said on stderr.
    told: String,
}

impl Run {
    fn out(&self) -> PathBuf {
        self.home.path().join("out")
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.out().join(file)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn rows(&self, file: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.out().join(file)).unwrap();
        let row = |row: Result<BTreeMap<String, String>, _>| row.unwrap();
        reader.deserialize().map(row).collect()
    }
}

fn run(data: Option<&Path>) -> Run {
    let home = tempfile::tempdir().unwrap();
    let mut command = perennial(home.path());
    command.args(["run", "--out", "out", "--model", "none", "--seed", "11", "--json"]);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    let output = command.assert().success().get_output().clone();
    Run { home, summary: serde_json::from_slice(&output.stdout).unwrap(), told: text(&output.stderr) }
}

pub(crate) fn sample_data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data").join(name)
}

static SAMPLE: LazyLock<Run> = LazyLock::new(|| run(None));

pub(crate) fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

#[test]
fn the_summary_agrees_with_the_files() {
    let run = &*SAMPLE;
    let written = fs::read_to_string(run.out().join("summary.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), run.summary);
    let mut names: Vec<String> = fs::read_dir(run.out())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, FILES);

    let counts = &run.summary["counts"];
    let (drafts, messages) = (run.lines("drafts.jsonl"), run.lines("outbox.jsonl"));
    assert_eq!(number(&counts["segments"]), run.rows("segments.csv").len());
    assert_eq!(number(&counts["customers"]), run.rows("customers.csv").len());
    assert_eq!(number(&counts["drafts"]), drafts.len());
    assert_eq!(number(&counts["passing"]), drafts.iter().filter(|draft| draft["passes"] == true).count());
    assert_eq!(number(&counts["chosen"]), drafts.iter().filter(|draft| draft["chosen"] == true).count());
    assert_eq!(number(&counts["messages"]), messages.len());
    assert_eq!(number(&counts["messages"]), run.rows("outbox.csv").len());
    assert!(messages.len() > 500, "the sample shop has customers to write to");

    let mut total = 0;
    for segment in run.summary["segments"].as_array().unwrap() {
        let members = run.rows("customers.csv").iter().filter(|row| row["segment"] == segment["id"]).count();
        assert_eq!(number(&segment["size"]), members);
        for strategy in segment["strategies"].as_array().unwrap() {
            assert_eq!(strategy["chosen"].is_null(), !strategy["why_not"].is_null());
            let audience = &strategy["audience"];
            if audience.is_null() {
                continue;
            }
            assert_eq!(strategy["chosen"]["chosen_by"], "program");
            let parts = [
                "other_language",
                "no_language",
                "no_consent",
                "no_address",
                "other_strategy",
                "held_back",
                "messages",
            ];
            assert_eq!(
                parts.iter().map(|part| number(&audience[*part])).sum::<usize>(),
                number(&audience["members"])
            );
            let mine = messages.iter().filter(|message| {
                message["segment"] == segment["id"] && message["strategy"] == strategy["strategy"]
            });
            assert_eq!(mine.count(), number(&audience["messages"]));
            total += number(&audience["messages"]);
        }
    }
    assert_eq!(total, messages.len());
}

#[test]
fn a_customer_gets_one_message_in_a_channel_and_a_code_of_their_own() {
    let messages = SAMPLE.lines("outbox.jsonl");
    let mut seen = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for message in &messages {
        let key = (message["customer_id"].as_str().unwrap(), message["channel"].as_str().unwrap());
        assert!(seen.insert(key), "{key:?} gets two");
        if let Some(code) = message["coupon_code"].as_str() {
            assert!(is_code(code) && codes.insert(code), "{code}");
            assert!(message["body"].as_str().unwrap().contains(code));
        }
        let whole = message.to_string();
        assert!(!whole.contains("TEST-CODE") && !whole.contains("{{"), "{whole}");
    }
    assert!(codes.len() > 100);
}

#[test]
fn both_forms_of_the_outbox_say_the_same() {
    let rows = SAMPLE.rows("outbox.csv");
    for (row, line) in rows.iter().zip(SAMPLE.lines("outbox.jsonl")) {
        for column in outbox::COLUMNS {
            let said = match &line[column] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            assert_eq!(cell_text(&row[column]), said, "{column}");
            // A telephone number is no formula.
            let number =
                row[column].strip_prefix('+').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
            assert!(number || !row[column].starts_with(['=', '+', '-', '@']), "{}", row[column]);
        }
    }
}

#[test]
fn every_message_can_be_made_again_and_passes_the_rules() {
    let run = &*SAMPLE;
    let config = Config::default();
    let shop = unwatched(|task| data::load(&[sample_data("shop")], &config.data, task)).unwrap();
    let features = unwatched(|task| features::compute(&shop, None, task)).unwrap();
    let options = segments::Options { k: None, seed: 11, names: BTreeMap::new() };
    let segmentation = unwatched(|task| segments::segment(&features, &options, task)).unwrap();
    let profiles = unwatched(|task| profiles::clusters(&shop, &features, &segmentation, task)).unwrap();
    let sending = run.summary["send_on"].as_str().unwrap().parse().unwrap();
    let chosen: Vec<Value> =
        run.lines("drafts.jsonl").into_iter().filter(|draft| draft["chosen"] == true).collect();
    for message in run.lines("outbox.jsonl") {
        let draft = chosen
            .iter()
            .find(|draft| draft["strategy"] == message["strategy"] && draft["segment"] == message["segment"])
            .unwrap();
        assert_eq!((&draft["approval"], &draft["seed"]), (&message["approval"], &message["seed"]));
        let slots: Vec<String> = draft["slots"]
            .as_array()
            .unwrap()
            .iter()
            .map(|slot| slot["text"].as_str().unwrap().to_owned())
            .collect();
        let id = message["strategy"].as_str().unwrap();
        let source = strategy::shipped().iter().find(|file| file.id == id).unwrap().source;
        let strategy = strategy::parse(id, source).unwrap();
        let row = shop.customers.row_of(message["customer_id"].as_str().unwrap()).unwrap();
        let cluster = segmentation.cluster_of(row).unwrap();
        assert_eq!(segmentation.clusters[cluster].id, message["segment"].as_str().unwrap());
        assert_eq!(shop.customers.consent(row, strategy.channel), Some(true));
        let segment = strategy::facts_for_segment(
            &segmentation,
            &profiles[cluster],
            &strategy,
            &config,
            &shop.currency,
            sending,
        );
        let mut facts = strategy::facts_for_customer(&shop, &features, row, &strategy, &segment).unwrap();
        if let Some(code) = message["coupon_code"].as_str() {
            facts.insert("coupon_code".into(), code.into());
        }
        let text: Text = strategy::render(&strategy, &facts, &slots).unwrap();
        for (part, text) in &text {
            assert_eq!(message[part.name()], text.as_str());
        }
        let checks = check(&strategy, &facts, &slots, &text, &[]);
        assert!(passes(&checks), "{checks:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let again = run(None);
    for file in FILES.iter().filter(|file| **file != "summary.json") {
        let (first, second) =
            (fs::read(SAMPLE.out().join(file)).unwrap(), fs::read(again.out().join(file)).unwrap());
        assert!(first == second, "{file} differs");
    }
    let untimed = |run: &Run| {
        let mut summary = run.summary.clone();
        summary["timings"].take();
        summary
    };
    assert_eq!(untimed(&SAMPLE), untimed(&again));
}

#[test]
fn a_shop_without_people_or_products_has_drafts_and_an_empty_outbox() {
    let run = run(Some(&sample_data("cdnow/orders.csv")));
    assert!(run.lines("outbox.jsonl").is_empty() && run.rows("outbox.csv").is_empty());
    assert!(number(&run.summary["counts"]["segments"]) >= 2);
    for segment in run.summary["segments"].as_array().unwrap() {
        for audience in segment["strategies"].as_array().unwrap().iter().map(|strategy| &strategy["audience"])
        {
            assert!(audience.is_null() || audience["messages"] == 0);
        }
        for strategy in segment["strategies"].as_array().unwrap() {
            let why = &strategy["why_no_messages"][0];
            let reason = format!("{} have not consented to ", segment["size"]);
            assert!(why.as_str().is_some_and(|why| why.starts_with(&reason)), "{strategy}");
        }
    }
    let told = &run.told;
    assert!(told.contains("warning: 0 messages of ") && told.contains("(the files have no column"), "{told}");
}

#[test]
fn the_fit_of_a_strategy_is_the_share_that_the_merge_reaches() {
    for segment in SAMPLE.summary["segments"].as_array().unwrap() {
        for strategy in segment["strategies"].as_array().unwrap() {
            let audience = &strategy["audience"];
            if audience.is_null() {
                continue;
            }
            let reached: usize =
                ["messages", "held_back", "other_strategy"].iter().map(|part| number(&audience[*part])).sum();
            let fit = strategy["fit"].as_f64().unwrap() * number(&segment["size"]) as f64;
            assert!((fit - reached as f64).abs() < 1e-6, "{strategy}");
            let words = format!("({reached}) can be sent it");
            assert!(strategy["why"].to_string().contains(&words), "{strategy}");
        }
    }
}

#[test]
fn the_language_of_customers_who_state_none_is_assumed_and_told() {
    let home = tempfile::tempdir().unwrap();
    let mut orders = String::from("customer_id,ordered_at,amount\n");
    let mut customers = String::from("customer_id,email,email_consent,sms_consent\n");
    for customer in 0..40 {
        customers += &format!("c{customer},c{customer}@example.com,yes,no\n");
        for month in 1..=(1 + customer % 4) {
            orders += &format!("c{customer},2025-0{month}-10,{}.00\n", 10 + customer * customer);
        }
    }
    fs::write(home.path().join("orders.csv"), orders).unwrap();
    fs::write(home.path().join("customers.csv"), customers).unwrap();
    let run = |language: &str| {
        let mut command = perennial(home.path());
        command.args(["run", "--out", "out", "--model", "none", "--json", "--quiet", "--k", "2"]);
        command.args(["--data", "orders.csv", "--data", "customers.csv", "--set", language]);
        let out = command.assert().get_output().clone();
        let summary: Value =
            serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)));
        let segments = summary["segments"].as_array().unwrap().clone();
        segments
            .iter()
            .flat_map(|segment| segment["strategies"].as_array().unwrap().clone())
            .collect::<Vec<_>>()
    };
    for (language, end) in [("data.language=en", "-en"), ("data.language=zh-CN", "-zh")] {
        let strategies = run(language);
        assert!(!strategies.is_empty());
        for strategy in strategies {
            assert!(strategy["strategy"].as_str().unwrap().ends_with(end), "{strategy}");
            assert!(
                strategy["why"].to_string().contains("assumed: the files state no language"),
                "{strategy}"
            );
            let audience = &strategy["audience"];
            assert_eq!(audience["language_assumed"], audience["members"], "{strategy}");
        }
    }
}

#[test]
fn errors_in_the_data_are_told_and_the_reference_date_can_be_given() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("orders.csv"), orders_in_two_currencies()).unwrap();
    let mut command = perennial(home.path());
    command.args(["run", "--out", "out", "--model", "none", "--json", "--quiet", "--k", "2"]);
    let out = command.args(["--as-of", "2025-02-15", "--data", "orders.csv"]).assert().get_output().clone();
    let (summary, told) = (serde_json::from_slice::<Value>(&out.stdout).unwrap(), text(&out.stderr));
    assert_eq!(summary["as_of"], "2025-02-15");
    assert_eq!(summary["data"]["findings"][0], "mixed-currencies");
    assert!(told.contains("warning: ") && told.contains("[mixed-currencies]"), "{told}");
    assert!(summary["warnings"].as_array().unwrap().iter().any(|said| told.contains(said.as_str().unwrap())));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_any_work() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "").unwrap();
    let mut command = perennial(home.path());
    let output = command.args(["run", "--out", "file/out", "--json"]).assert().code(1).get_output().clone();
    let told = text(&output.stderr);
    assert!(output.stdout.is_empty() && told.contains("file/out") && told.contains("--out"), "{told}");
    let output = perennial(home.path()).args(["run", "--out", "file"]).assert().code(1).get_output().clone();
    let told = text(&output.stderr);
    assert!(told.contains("file is a file; --out wants a folder"), "{told}");
}

#[test]
fn a_run_that_fails_leaves_no_folder_behind_and_says_each_thing_once() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("orders.csv"), "customer_id,ordered_at,amount\nc1,2025-01-01,5.00\n").unwrap();
    let run = |home: &Path| {
        let mut command = perennial(home);
        command
            .args(["run", "--out", "out", "--model", "none", "--data", "orders.csv"])
            .assert()
            .get_output()
            .clone()
    };
    let output = run(home.path());
    assert!(!output.status.success() && !home.path().join("out").exists(), "{}", text(&output.stderr));
    // A folder that was there before is not this run's to remove.
    fs::create_dir(home.path().join("out")).unwrap();
    run(home.path());
    assert!(home.path().join("out").exists());
    fs::write(home.path().join("orders.csv"), orders_in_two_currencies()).unwrap();
    let told = text(&run(home.path()).stderr);
    assert_eq!(told.matches("[mixed-currencies]").count(), 1, "{told}");
}

/// Stands for a person at the terminal: presses Ctrl-C when a line with these words comes.
struct Impatient {
    words: &'static str,
    seen: String,
    cancel: Cancel,
}

impl std::io::Write for Impatient {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.seen.push_str(&String::from_utf8_lossy(bytes));
        if self.seen.contains(self.words) {
            self.cancel.cancel();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_interrupted_run_leaves_the_files_of_the_run_before() {
    for words in ["rows set aside", "segments", "writing with", "drafts written"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("outbox.csv"), "of the run before").unwrap();
        fs::write(out.join(".drafts.jsonl.1.partial"), "of a run that was killed").unwrap();
        let arguments = ["perennial", "run", "--out", out.to_str().unwrap()];
        let cli = Cli::try_parse_from(arguments).unwrap();
        let settings = Layers::with_defaults().finish().unwrap();
        let mut config = settings.config().clone();
        config.writing.model = "none".into();
        let cancel = Cancel::default();
        let mut stderr = Impatient { words, seen: String::new(), cancel: cancel.clone() };
        let mut stdout = Vec::new();
        let mut global = cli.global.clone();
        global.data = vec![sample_data("shop")];
        let mut context = Context {
            config,
            settings_error: None,
            settings,
            global,
            workspace: None,
            cancel,
            stdout: &mut stdout,
            stderr: &mut stderr,
            progress: false,
        };
        let error = cli.command.unwrap().run(&mut context).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Interrupted, "{words}: {error:?}");
        let left: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["outbox.csv"], "{words}");
        assert_eq!(fs::read_to_string(out.join("outbox.csv")).unwrap(), "of the run before");
        assert!(stdout.is_empty());
    }
}

#[cfg(unix)]
#[test]
fn what_a_run_writes_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    for file in FILES {
        let mode = fs::metadata(SAMPLE.out().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
