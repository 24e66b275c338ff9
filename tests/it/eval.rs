//! `perennial writing eval`: the briefs that come along, and what becomes of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use predicates::str::contains;
use serde_json::Value;

use crate::program::{perennial, text};

fn briefs(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/briefs").join(file)
}

fn eval(file: &Path, more: &[&str]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let mut command = perennial(home.path());
    command.args(["writing", "eval", "--json", "--send-on", "2025-11-03", "--briefs"]).arg(file).args(more);
    command.env("PERENNIAL_MODELS", crate::model::models());
    serde_json::from_str(&text(&command.assert().code(0).get_output().stdout)).unwrap()
}

/// The document of a command that needs no model.
fn json(arguments: &[&str]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let mut command = perennial(home.path());
    serde_json::from_str(&text(&command.args(arguments).assert().get_output().stdout)).unwrap()
}

fn group<'a>(document: &'a Value, language: &str, form: &str) -> &'a Value {
    let groups = document["groups"].as_array().unwrap();
    groups.iter().find(|group| group["language"] == language && group["form"] == form).unwrap()
}

/// The goals that the project has set itself, on the briefs that come along: 95 % of slots and 90 % of free messages keep
/// every rule. Another processor rounds otherwise, which turns over a choice here and there: two drafts may differ.
#[test]
fn first_drafts_in_english_reach_the_goals_with_the_default_model_by_itself() {
    let document = eval(&briefs("english.jsonl"), &["--adapter", "none"]);
    assert_eq!(document["briefs"], 100);
    let (slots, free) = (group(&document, "en", "slots"), group(&document, "en", "free"));
    let share = |group: &Value, name: &str| group[name].as_f64().unwrap();
    assert_eq!(slots["drafts"].as_u64().unwrap() + free["drafts"].as_u64().unwrap(), 100);
    assert!((share(slots, "true_to_facts") - 1.0).abs() < 1e-9, "{slots}");
    assert!(share(slots, "passed") >= 0.95 - 2.0 / 60.0 - 1e-9, "{slots}");
    assert!(share(free, "passed") >= 0.90 && share(free, "true_to_facts") >= 0.95, "{free}");
    // The figures are of the model's own sentences, not of the strategies' texts.
    assert!(share(slots, "by_model") >= 0.9 && share(free, "by_model") >= 0.8, "{slots} {free}");
    for draft in document["drafts"].as_array().unwrap() {
        for slot in draft["slots"].as_array().unwrap().iter().filter(|slot| slot["by_model"] == true) {
            let text = slot["text"].as_str().unwrap();
            assert!(!text.chars().any(char::is_numeric), "{text}");
            assert!(slot["tokens"].as_u64().unwrap() > 0);
        }
    }
}

#[test]
fn chinese_first_drafts_are_the_strategies_own_texts_with_the_default_model_by_itself_and_true() {
    let document = eval(&briefs("chinese.jsonl"), &["--adapter", "none"]);
    assert_eq!(document["briefs"], 50);
    let slots = group(&document, "zh", "slots");
    assert_eq!((&slots["passed"], &slots["by_model"]), (&Value::from(1.0), &Value::from(0.0)), "{slots}");
    assert_eq!(slots["distinct_2"], Value::Null, "nothing was written by the model");
}

/// What the house writer reaches on briefs whose names, categories, products and codes are in no message that it has learnt
/// from: 100 % keep every rule, where the goal is 99 % in English and 97 % in Chinese. Another processor rounds otherwise,
/// which turns over a choice here and there: one draft in each language may break a rule, and a sentence more be a copy.
#[test]
fn first_drafts_of_the_house_writer_are_as_good_as_measured() {
    let corpus = json(&["writing", "corpus", "--json"]);
    let hot = ["--set", "writing.temperature=0.8"];
    for (file, language, by_model) in [("house-english", "en", 0.9), ("house-chinese", "zh", 0.95)] {
        let document = eval(&briefs(&format!("{file}.jsonl")), &hot);
        assert_eq!(document["adapter"]["name"], "house");
        let free = group(&document, language, "free");
        let share = |name: &str| free[name].as_f64().unwrap();
        let one = 1.0 / free["drafts"].as_f64().unwrap();
        assert!(share("passed") >= 1.0 - one, "{free}");
        assert!(share("by_model") >= by_model, "{free}");
        assert!(language != "en" || share("copied") <= 0.25 + one, "{free}");
        let filled_once = corpus["distinct_2"][language].as_f64().unwrap();
        assert!(share("distinct_2") >= filled_once, "{filled_once}: {free}");
    }
}

/// Words of an English text, characters of a Chinese one; a field is one of either.
fn pieces(text: &str) -> Vec<String> {
    if !text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c)) {
        return text.split_whitespace().map(str::to_owned).collect();
    }
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        match pieces.last_mut() {
            Some(last) if last.starts_with('{') && !last.ends_with('}') => last.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

/// Where its fields stand, and how its sentences are long and end.
fn shape(text: &str) -> String {
    let sign = |piece: String| match piece {
        piece if piece.starts_with('{') => 'F',
        piece => piece.chars().next_back().filter(|c| ".?!,:。？！，：".contains(*c)).unwrap_or('w'),
    };
    pieces(text).into_iter().map(sign).collect()
}

#[test]
fn five_variants_of_one_brief_open_differently_and_have_other_shapes() {
    let home = tempfile::tempdir().unwrap();
    perennial(home.path()).args(["init", "shop"]).assert().success();
    let file = home.path().join("facts.json");
    let (mut seen, mut own) = (0, 0);
    for (briefs_of, language) in [("house-english.jsonl", "en"), ("house-chinese.jsonl", "zh")] {
        let lines = fs::read_to_string(briefs(briefs_of)).unwrap();
        let all: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for channel in ["sms", "email", "push"] {
            let strategy = format!("own-words-{channel}-{language}");
            let source = briefs("strategies").join(format!("{strategy}.toml"));
            fs::copy(source, home.path().join(format!("shop/strategies/{strategy}.toml"))).unwrap();
            for brief in all.iter().filter(|brief| brief["strategy"] == *strategy).take(2) {
                fs::write(&file, brief["facts"].to_string()).unwrap();
                let mut command = perennial(home.path());
                command.env("PERENNIAL_MODELS", crate::model::models());
                command.args([
                    "--workspace",
                    "shop",
                    "preview",
                    "--strategy",
                    &strategy,
                    "-n",
                    "5",
                    "--json",
                ]);
                command.args(["--set", "writing.temperature=0.8", "--facts"]).arg(&file);
                let out = command.assert().get_output().clone();
                let document: Value = serde_json::from_slice(&out.stdout).unwrap();
                let slots = |draft: &Value| -> Vec<String> {
                    let slots = draft["slots"].as_array().unwrap().iter();
                    slots.map(|slot| slot["text"].as_str().unwrap().to_owned()).collect()
                };
                let texts: Vec<Vec<String>> =
                    document["drafts"].as_array().unwrap().iter().map(slots).collect();
                let openings: BTreeSet<Vec<String>> =
                    texts.iter().map(|slots| pieces(&slots[0]).into_iter().take(3).collect()).collect();
                let shapes: BTreeSet<Vec<String>> =
                    texts.iter().map(|slots| slots.iter().map(|text| shape(text)).collect()).collect();
                assert_eq!((texts.len(), openings.len()), (5, 5), "{}: {texts:#?}", brief["id"]);
                seen += texts.len();
                own += shapes.len();
            }
        }
    }
    // Chance may give two the same once.
    assert!(seen == 60 && own >= 59, "{own} of {seen}");
}

#[test]
fn a_brief_that_cannot_be_used_is_named_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("briefs.jsonl");
    for (source, told) in [
        ("{\"id\": \"one\"}\n", "line 1 of"),
        ("\n", "has no briefs"),
        (
            "{\"id\": \"one\", \"strategy\": \"nowhere\", \"facts\": {}}\n",
            "the brief one names the strategy \"nowhere\"",
        ),
    ] {
        fs::write(&file, source).unwrap();
        perennial(home.path())
            .args(["writing", "eval", "--model", "none", "--briefs"])
            .arg(&file)
            .assert()
            .code(1)
            .stderr(contains(told));
    }
}
