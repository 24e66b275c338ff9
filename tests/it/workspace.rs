//! A project's folder: made once, kept whole, and safe from a killed program.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use perennial::config::Config;
use perennial::review::Check;
use perennial::review::decision::{Author, Decision, Seal};
use perennial::strategy::Part;
use perennial::workspace::{self, Workspace};
use perennial::writing::{Beginning, Draft, FinishReason, ModelIdentity, Sampling, Written};

use crate::program::{perennial, text};

fn draft(slot: &str) -> Draft {
    Draft {
        strategy: "win-back-email-en".into(),
        strategy_version: "00ff".into(),
        segment: "A".into(),
        group: None,
        fields: serde_json::Map::new(),
        slots: vec![Written {
            text: slot.into(),
            seed: 7,
            finish_reason: FinishReason::Stop,
            tokens: 5,
            tokens_per_second: 60.0,
            mean_log_probability: None,
            earlier: false,
            token_ids: Vec::new(),
            told: Vec::new(),
            begun: Beginning::default(),
            avoided: Vec::new(),
        }],
        text: [(Part::Body, slot.to_owned())].into_iter().collect(),
        seed: 7,
        finish_reason: FinishReason::Stop,
        tokens: 5,
        tokens_per_second: 60.0,
        model: ModelIdentity::plain("scripted", ""),
        sampling: Sampling { temperature: 0.7, top_p: 0.9, top_k: None, min_p: 0.0, repeat_penalty: 1.0 },
        prompts: Vec::new(),
        prompt_sha256: String::new(),
        examples_left_out: 0,
        banned_words: Vec::new(),
        voice: perennial::writing::voice::Voice::default(),
        program: String::new(),
    }
}

fn fine(_: &Draft, _: &[String]) -> Vec<Check> {
    Vec::new()
}

/// Names the folder in which [`a_decision_that_was_told_survives_a_kill`] has its other process decide.
const FOLDER_OF_THE_KILLED: &str = "DECIDE_IN";

#[test]
fn a_decision_that_was_told_survives_a_kill() {
    // The same test, as the process that will be killed: it decides for ever, and tells each decision once it
    // is kept.
    if let Some(folder) = std::env::var_os(FOLDER_OF_THE_KILLED) {
        let mut store = Workspace::open(folder).unwrap().store().unwrap();
        let draft = store.add_drafts(&[draft("0")], "", 0).unwrap()[0];
        for number in 1.. {
            store.edit(draft, number, Author::Person, 0, &number.to_string()).unwrap();
            store.approve(draft, number, Author::Person, &fine).unwrap();
            writeln!(std::io::stderr(), "kept {number}").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "workspace::a_decision_that_was_told_survives_a_kill", "--nocapture"])
        .env(FOLDER_OF_THE_KILLED, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = 0;
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    for number in lines.filter_map(|line| line.strip_prefix("kept ")?.parse::<i64>().ok()) {
        told = number;
        if number == 25 {
            // SIGKILL, in the middle of the next ones; what it tells until then counts too.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(told >= 25);

    let store = Workspace::open(folder.path()).unwrap().store().unwrap();
    let log = store.log().unwrap();
    let edits: Vec<i64> =
        log.iter().filter(|e| matches!(e.decision, Decision::Edit { .. })).map(|e| e.at).collect();
    let approvals: BTreeSet<i64> =
        log.iter().filter(|e| matches!(e.decision, Decision::Approve { .. })).map(|e| e.at).collect();
    let kept = edits.len() as i64;
    assert!(kept >= told, "{told} decisions were told, and {kept} are there");
    assert_eq!(edits, (1..=kept).collect::<Vec<_>>());
    assert!((1..=told).all(|number| approvals.contains(&number)));
    let id = store.drafts().unwrap()[0].id;
    assert_eq!(store.standing(id).unwrap().slots, [kept.to_string()]);
}

#[test]
fn any_change_of_the_template_or_a_slot_voids_an_approval() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Workspace::open(folder.path()).unwrap().store().unwrap();
    let id = store.add_drafts(&[draft("Come back soon.")], "source", 0).unwrap()[0];
    let seal = store.approve(id, 1, Author::Person, &fine).unwrap();
    let stored = store.draft(id).unwrap().draft;
    assert_eq!(seal, Seal::of(&stored.strategy, &stored.strategy_version, &["Come back soon.".into()]));
    assert_ne!(seal, Seal::of(&stored.strategy, "00fe", &["Come back soon.".into()]));
    for changed in ["Come back soon", "Come back soon. ", "come back soon.", ""] {
        store.edit(id, 2, Author::Person, 0, changed).unwrap();
        let standing = store.standing(id).unwrap();
        assert!(standing.voided && !standing.is_approved(), "{changed:?}");
        store.undo(Some(id), 3, Author::Person).unwrap();
        assert!(store.standing(id).unwrap().is_approved());
    }
}

#[test]
fn init_makes_a_project_and_leaves_what_is_there() {
    let home = tempfile::tempdir().unwrap();
    let output =
        perennial(home.path()).args(["init", "my shop", "--json"]).assert().success().get_output().clone();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    let folder = home.path().join("my shop");
    let settings = std::fs::read_to_string(folder.join("perennial.toml")).unwrap();
    toml::from_str::<Config>(&settings).unwrap();
    let workspace = Workspace::open(&folder).unwrap();
    let strategies = workspace.strategies().unwrap();
    assert_eq!(strategies.len(), perennial::strategy::shipped().len());
    assert!(strategies.iter().all(|strategy| strategy.parsed.is_ok()));
    assert!(std::fs::read_to_string(folder.join(".gitignore")).unwrap().contains("perennial.db"));
    assert!(!folder.join("perennial.db").exists(), "nothing was decided yet");

    std::fs::write(folder.join("perennial.toml"), "[brand]\nname = \"Mine\"\n").unwrap();
    std::fs::remove_file(folder.join("strategies/win-back-email-en.toml")).unwrap();
    let (_, made) = workspace::init(&folder).unwrap();
    assert_eq!(made.written, [Path::new("strategies/win-back-email-en.toml")]);
    assert_eq!(std::fs::read_to_string(folder.join("perennial.toml")).unwrap(), "[brand]\nname = \"Mine\"\n");
    // The settings work where the project stands.
    perennial(home.path()).args(["config", "print", "--workspace", "my shop"]).assert().success();
}

#[test]
fn init_says_where_it_cannot_write() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("file"), "").unwrap();
    let output = perennial(home.path()).args(["init", "file/shop"]).assert().code(1).get_output().clone();
    let told = text(&output.stderr);
    assert!(told.contains("file/shop") && told.contains("Choose a folder"), "{told}");
}

#[test]
fn a_strategy_is_saved_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(folder.path()).unwrap();
    let shipped = workspace.strategies().unwrap();
    let changed = shipped[0].source.replacen("name = ", "# ours\nname = ", 1);
    let saved = workspace.save_strategy(&shipped[0].id, &changed).unwrap();
    assert!(saved.parsed.is_ok());
    // The first saved one brings the others along.
    let now = workspace.strategies().unwrap();
    assert_eq!(now.len(), shipped.len());
    assert_eq!(now[0].source, changed);
    // What has mistakes is kept as well: it is somebody's work.
    let broken = workspace.save_strategy("new-one", "name = ").unwrap();
    assert!(broken.parsed.is_err());
    assert_eq!(workspace.strategy("new-one").unwrap().source, "name = ");
    for wrong in ["", "../x", "a/b", ".hidden", "a.b"] {
        assert!(workspace.save_strategy(wrong, "").is_err(), "{wrong:?}");
    }
    // The folder goes away while it is open: the error says so, and no half file is left.
    std::fs::remove_dir_all(folder.path().join("strategies")).unwrap();
    std::fs::write(folder.path().join("strategies"), "").unwrap();
    let error = workspace.save_strategy("new-one", "name = \"x\"").unwrap_err().to_string();
    assert!(error.contains("cannot be saved"), "{error}");
}

#[test]
fn a_project_that_is_not_there_is_told() {
    let error = Workspace::open("/nowhere/at/all").unwrap_err().to_string();
    assert!(error.contains("/nowhere/at/all") && error.contains("perennial init"), "{error}");
}
