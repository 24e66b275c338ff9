//! The house corpus: whole, fit to be learnt from, and strange to what the result is measured on.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use perennial::corpus::{Kind, Tone, filled, lint, shipped, shipped_facts, without_fields};
use perennial::jobs::unwatched;
use perennial::segments::Stage;
use perennial::tuning::Settings;
use perennial::tuning::adapter::read_taught;
use perennial::tuning::batches::split;
use perennial::tuning::train::{Extras, fingerprint, taught};
use perennial::writing::words::words;

use crate::program::{perennial, text};

#[test]
fn every_message_may_be_learnt_from() {
    let (corpus, facts) = (shipped().unwrap(), shipped_facts().unwrap());
    let found = lint(&corpus, &facts);
    assert!(found.is_empty(), "{found:#?}");
    let of = |chinese| corpus.messages().filter(move |(group, _)| group.chinese == chinese);
    assert!(of(false).count() >= 600 && of(true).count() >= 300);
    for chinese in [false, true] {
        let kinds: BTreeSet<Kind> = of(chinese).map(|(group, _)| group.kind).collect();
        let tones: BTreeSet<Tone> = of(chinese).map(|(_, message)| message.tone).collect();
        let offers: HashSet<_> =
            of(chinese).map(|(group, _)| group.offer.map(|offer| format!("{offer:?}"))).collect();
        assert_eq!((kinds.len(), tones.len(), offers.len()), (Kind::ALL.len(), 5, 6), "chinese: {chinese}");
        for stage in Stage::ALL {
            let own: BTreeSet<Kind> = of(chinese)
                .filter(|(group, _)| group.stage == Some(stage))
                .map(|(group, _)| group.kind)
                .collect();
            assert_eq!(own.len(), Kind::ALL.len(), "{stage:?}, chinese: {chinese}");
        }
    }
}

/// Whoever changes the corpus, its facts or the form of the prompt makes the house adapter a stranger to it: then it is to be
/// learnt anew, with the command in `docs/guide/training.md`.
#[test]
fn the_house_adapter_was_learnt_from_this_corpus_with_the_command_in_the_guide() {
    let card = std::fs::read_to_string("assets/adapters/house/card.json").unwrap();
    let card: serde_json::Value = serde_json::from_str(&card).unwrap();
    let guide = std::fs::read_to_string("docs/guide/training.md").unwrap();
    let (_, command) = guide.split_once("perennial tune --out assets/adapters/house").unwrap();
    let command = command.split("```").next().unwrap().replace('\\', " ");
    let words: Vec<&str> = command.split_whitespace().collect();
    let option = |name: &str| -> f64 {
        words.windows(2).find(|pair| pair[0] == name).unwrap_or_else(|| panic!("{name}"))[1].parse().unwrap()
    };
    let settings = &card["settings"];
    // A shop's own voice is kept from the messages that the house was kept from, and tells them by these.
    let usual = Settings::default();
    assert_eq!(settings["seed"].as_u64(), Some(usual.seed));
    assert_eq!(settings["held_out"].as_f64(), Some(usual.held_out));
    for (name, setting) in
        [("--rank", "rank"), ("--alpha", "alpha"), ("--steps", "steps"), ("--rate", "rate")]
    {
        assert_eq!(Some(option(name)), settings[setting].as_f64(), "{name}");
    }
    assert!(words.contains(&"--last"));
    assert_eq!(card["step"], settings["steps"], "the last step's");
    let turns = [option("--fillings") as u32, option("--fillings-zh") as u32];
    let seed = settings["seed"].as_u64().unwrap();
    let examples = filled(&shipped().unwrap(), &shipped_facts().unwrap(), seed, turns);
    let hash = unwatched(|task| fingerprint(&examples, &Extras::default(), task)).unwrap();
    assert_eq!(card["data_sha256"], hash, "the corpus has changed since");
    let patterns: Vec<u32> = examples.iter().map(|example| example.pattern).collect();
    let split = split(&patterns, settings["held_out"].as_f64().unwrap(), seed);
    let house = std::path::Path::new("assets/adapters/house");
    assert!(read_taught(house).unwrap() == taught(&examples, &split), "what it was taught has changed since");
}

#[test]
fn what_the_result_is_measured_on_was_never_seen() {
    let mut measured: BTreeMap<String, String> = BTreeMap::new();
    for file in ["english", "chinese", "house-english", "house-chinese"] {
        let briefs = std::fs::read_to_string(format!("tests/it/data/briefs/{file}.jsonl")).unwrap();
        for brief in briefs.lines() {
            let brief: serde_json::Value = serde_json::from_str(brief).unwrap();
            for (name, value) in brief["facts"].as_object().unwrap() {
                if let Some(value) = value.as_str() {
                    measured.insert(value.to_lowercase(), name.clone());
                }
            }
        }
    }
    for facts in shipped_facts().unwrap() {
        let products = facts.products.iter().map(|product| &product.name);
        let names = facts.plural.iter().chain(&facts.mass).chain(products).chain(&facts.first_names);
        for name in names.chain(&facts.shops).chain(&facts.codes) {
            assert!(!measured.contains_key(&name.to_lowercase()), "{name} stands in a brief");
        }
    }
}

/// Requests are asked in words of their own, too: none shares six pairs of words in ten with one of the corpus.
#[test]
fn what_the_result_is_measured_on_is_asked_for_in_other_words() {
    let pairs = |text: &str| -> HashSet<[String; 2]> {
        let words = words(&without_fields(text));
        words.windows(2).map(|two| [two[0].clone(), two[1].clone()]).collect()
    };
    let tasks: Vec<HashSet<[String; 2]>> =
        shipped().unwrap().groups.iter().flat_map(|group| &group.tasks).map(|task| pairs(task)).collect();
    let mut requests = 0;
    for file in std::fs::read_dir("tests/it/data/briefs/strategies").unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for request in source.split("write(\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let request_pairs = pairs(request);
            let likeness = |task: &HashSet<[String; 2]>| {
                let both = request_pairs.intersection(task).count();
                both as f64 / (request_pairs.len() + task.len() - both).max(1) as f64
            };
            let nearest = tasks.iter().map(likeness).fold(0.0, f64::max);
            assert!(nearest < 0.6, "{nearest:.2}: {request}");
            requests += 1;
        }
    }
    assert!(requests >= 14, "{requests}");
}

#[test]
fn a_message_that_boasts_presses_or_repeats_is_named() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("mine.toml");
    let source = r#"
language = "en"
stage = "loyalty"
[[group]]
part = "line"
offer = "none"
tasks = ["A line about {category}.", "A line."]
messages = [
  { tone = "warm", text = "Our {category} {is|are} the best in town." },
  { tone = "warm", text = "Hurry, our {category} {is|are} selling fast." },
  { tone = "warm", text = "You forgot our {category}, and that hurts." },
  { tone = "warm", text = "Treat yourself to {category}." },
  { tone = "warm", text = "Look at our {category} with a cup of something warm." },
  { tone = "warm", text = "Look at your {category} with a cup of something warm." },
  { tone = "warm", text = "There are 20 reasons to like {category}." },
  { tone = "warm", text = "Use {coupon} for {category}." },
]
"#;
    std::fs::write(&file, source).unwrap();
    let output = perennial(home.path())
        .args(["writing", "corpus", "--json"])
        .arg(&file)
        .assert()
        .code(3)
        .get_output()
        .clone();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let rule = |start: &str| {
        let finding = findings.iter().find(|finding| finding["text"].as_str().unwrap().starts_with(start));
        finding.map_or("none", |finding| finding["rule"].as_str().unwrap()).to_owned()
    };
    assert_eq!(rule("Our {category}"), "overclaim");
    assert_eq!(rule("Hurry"), "overclaim");
    assert_eq!(rule("You forgot"), "overclaim");
    assert_eq!(rule("Treat"), "cliche");
    assert_eq!(rule("Look at our"), "none");
    assert_eq!(rule("Look at your"), "alike");
    assert_eq!(rule("There are 20"), "invented-number");
    assert_eq!(rule("Use {coupon}"), "field");
    // A file that is none is told with its place.
    std::fs::write(&file, "language = \"en\"\nstage = \"winback\"\n").unwrap();
    let wrong = perennial(home.path()).args(["writing", "corpus"]).arg(&file).assert().code(1);
    let said = text(&wrong.get_output().stderr);
    assert!(said.contains("mine.toml is no file of a corpus") && said.contains("winback"), "{said}");
}
