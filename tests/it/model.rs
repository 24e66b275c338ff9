//! Commands with the real model, which is fetched the way a user's is.

use std::fs;
use std::path::PathBuf;

use perennial::config::Config;
use perennial::jobs::{Cancel, unwatched};
use perennial::strategy::{Strategy, facts_from_json, parse, shipped};
use perennial::writing::catalogue::Choice;
use perennial::writing::drafts::{Assignment, write_drafts};
use perennial::writing::voice::Voice;
use perennial::writing::{Draft, Sampling, TextEngine, catalogue, pull};
use serde_json::Value;

use crate::program::{perennial, text};
use crate::run::{FILES, number, sample_data};

/// The default model's folder; the model is fetched the way a user's is.
pub fn models() -> PathBuf {
    let entry = catalogue::entries().unwrap().remove(0);
    let path = unwatched(|task| pull::pull(&entry, task)).unwrap();
    path.parent().unwrap().to_owned()
}

/// Five drafts of the strategy that wins back by e-mail, in a style in which the default model says something.
pub fn drafts(engine: &mut dyn TextEngine, banned: &str) -> (Strategy, &'static str, Vec<Draft>) {
    let file = shipped().iter().find(|file| file.id == "win-back-email-en").unwrap();
    let strategy = parse(file.id, file.source).unwrap();
    let sending = jiff::civil::date(2025, 11, 3);
    let facts =
        facts_from_json(&serde_json::Map::new(), &strategy, &Config::default(), "EUR", sending).unwrap();
    let assignment = Assignment {
        strategy: strategy.clone(),
        facts,
        segment: "A".into(),
        group: None,
        seeds: (7..12).collect(),
        sampling: Sampling { temperature: 0.6, ..Sampling::default() },
        banned_words: vec![banned.into()],
        voice: Voice::default(),
        adapter: None,
        beside: Vec::new(),
        judge: None,
    };
    let drafts = write_drafts(&assignment, engine, &Cancel::default(), &mut |_| {}).unwrap();
    (strategy, file.source, drafts)
}

/// The default model, loaded.
pub fn engine() -> Box<dyn TextEngine> {
    models();
    let choice = Choice::parse(&Config::default().writing.model).unwrap();
    unwatched(|task| choice.fetch_and_load(task)).unwrap()
}

#[test]
fn a_text_is_scored_token_by_token() {
    let home = tempfile::tempdir().unwrap();
    let scored = |text: &str| {
        let mut command = perennial(home.path());
        command.env("PERENNIAL_MODELS", models());
        let output = command
            .args(["model", "score", "--json", "--text", text])
            .assert()
            .success()
            .get_output()
            .clone();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let said = "We would love to see you again, 您好!";
    let document = scored(said);
    let tokens = document["tokens"].as_array().unwrap();
    let known: Vec<f64> = tokens[1..].iter().map(|token| token["logprob"].as_f64().unwrap()).collect();
    assert!(tokens[0]["logprob"].is_null(), "nothing stands before the first");
    assert!(known.iter().all(|&logprob| logprob < 0.0));
    let perplexity = (-known.iter().sum::<f64>() / known.len() as f64).exp();
    assert!((document["perplexity"].as_f64().unwrap() / perplexity - 1.0).abs() < 1e-6, "{document}");
    let all: String = tokens.iter().map(|token| token["text"].as_str().unwrap()).collect();
    assert!(all.starts_with("We would love to see you again,") && all.ends_with('!'), "{all}");
    let perplexity = |text: &str| scored(text)["perplexity"].as_f64().unwrap();
    assert!(
        perplexity("We would love to see you again.") * 5.0 < perplexity("Again see to love you would we.")
    );
    assert!(scored("a")["perplexity"].is_null());
    let mut empty = perennial(home.path());
    let output =
        empty.env("PERENNIAL_MODELS", models()).args(["model", "score", "--text", ""]).assert().code(1);
    assert!(text(&output.get_output().stderr).contains("nothing to score"));
}

#[test]
fn a_fresh_project_is_written_for_by_the_model_and_the_next_time_the_same() {
    let home = tempfile::tempdir().unwrap();
    let program = || {
        let mut command = perennial(home.path());
        command.env("PERENNIAL_MODELS", models());
        command
    };
    program().args(["init", "shop"]).assert().success();
    let data = sample_data("shop");
    let write = |out: &str| {
        let mut command = program();
        command.args(["run", "--workspace", "shop", "--seed", "5", "--send-on", "2025-11-03", "--out", out]);
        command.arg("--data").arg(&data).assert().success();
        let drafts = fs::read_to_string(home.path().join(out).join("drafts.jsonl")).unwrap();
        drafts.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let drafts = write("one");
    let written: Vec<&Value> = drafts.iter().filter(|draft| draft["finish_reason"] != "template").collect();
    let english = drafts.iter().filter(|draft| draft["strategy"].as_str().unwrap().ends_with("-en")).count();
    assert!(written.len() * 2 > english, "the model wrote {} of {english}", written.len());
    assert!(written.iter().all(|draft| number(&draft["tokens"]) > 0));
    let failing: Vec<&Value> = drafts.iter().filter(|draft| draft["passes"] != true).collect();
    assert!(failing.len() * 20 <= drafts.len(), "{} of {} break a rule", failing.len(), drafts.len());
    for file in FILES {
        assert!(home.path().join("one").join(file).metadata().unwrap().len() > 0, "{file} is empty");
    }
    assert_eq!(write("two"), drafts);
    let [one, two] = ["one", "two"].map(|out| fs::read(home.path().join(out).join("outbox.csv")).unwrap());
    assert!(one == two, "the same seed gives the same outbox");
}
