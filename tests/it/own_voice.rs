//! The shop's own voice, from approvals and edits in a project to what stands beside the model, with a tiny model.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use serde_json::{Value, json};

use perennial::config::Config;
use perennial::jobs::{Cancel, Task};
use perennial::own_voice::{self, Ask, Learning, OwnVoiceError, Report, Side, Told, Version, Voices};
use perennial::review::decision::{Author, DraftId};
use perennial::strategy::parse;
use perennial::workspace::Workspace;
use perennial::writing::FinishReason;
use perennial::writing::adapter::WEIGHTS;
use perennial::writing::drafts::{Assignment, write_drafts};
use perennial::writing::templates::Templates;

use crate::program::{perennial, text};

const HELLO: &str = r#"
name = "Hello"
stage = "win-back"
goal = "Say hello"
channel = "sms"
language = "en"
tone = "warm"
[defaults]
segment_category = "our range"
[message]
body = """{{ write("A line about {{ segment_category }}.", free=true, limit=24, fallback=["Come and see.", "Look in again."]) }} {{ unsubscribe }}"""
"#;

/// A model of a few kilobytes that reads long prompts.
fn tiny(home: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/models/llama.gguf");
    let mut bytes = fs::read(source).unwrap();
    let key = b"llama.context_length";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap() + key.len() + 4;
    assert_eq!(bytes[at..at + 4], 96_u32.to_le_bytes());
    bytes[at..at + 4].copy_from_slice(&4096_u32.to_le_bytes());
    let path = home.join("tiny.gguf");
    fs::write(&path, bytes).unwrap();
    path
}

/// A project with one strategy, and `count` drafts that a model wrote.
fn shop(home: &Path, count: usize) -> (Workspace, Vec<DraftId>) {
    perennial(home).args(["init", "shop"]).assert().success();
    let folder = home.join("shop");
    fs::remove_dir_all(folder.join("strategies")).unwrap();
    fs::create_dir(folder.join("strategies")).unwrap();
    fs::write(folder.join("strategies/hello.toml"), HELLO).unwrap();
    let workspace = Workspace::open(folder).unwrap();
    let strategy = parse("hello", HELLO).unwrap();
    let mut ids = Vec::new();
    for number in 0..count {
        let facts = json!({
            "segment_category": "tea", "unsubscribe": "STOP", "shop_name": "Harbour", "month": "May",
            "first_name": "Zubeyde", "last_name": "Okafor",
        });
        let assignment = Assignment {
            segment: format!("S{number}"),
            ..Assignment::of_facts(&strategy, facts.as_object().unwrap(), 7, &Config::default(), None)
        };
        let written = write_drafts(&assignment, &mut Templates::default(), &Cancel::default(), &mut |_| {});
        let mut draft = written.unwrap().remove(0);
        draft.slots[0].text =
            format!("Tea of the kind {} is here.", "abcdefghijklmnopqrstuvwxyz".split_at(number % 25 + 1).0);
        draft.slots[0].finish_reason = FinishReason::Stop;
        draft.slots[0].tokens = 5;
        ids.extend(workspace.store().unwrap().add_drafts(&[draft], HELLO, 1).unwrap());
    }
    (workspace, ids)
}

/// Approves the even ones and edits the others, in which the customer's name is typed by hand.
fn decide(workspace: &Workspace, ids: &[DraftId]) {
    let mut store = workspace.store().unwrap();
    for (number, id) in ids.iter().enumerate() {
        if number % 2 == 0 {
            store.approve(*id, 2, Author::Person, &|_, _| Vec::new()).unwrap();
        } else {
            store.edit(*id, 2, Author::Person, 0, &format!("Zubeyde, pot {number} will be ready.")).unwrap();
        }
    }
}

fn config(model: &Path) -> Config {
    let mut config = Config::default();
    config.writing.model = model.display().to_string();
    config
}

fn learn(
    workspace: &Workspace,
    config: &Config,
    ask: Ask,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Told),
) -> Result<Version, OwnVoiceError> {
    let library = own_voice::library(Some(workspace.folder()));
    let sending = date(2025, 11, 3);
    let learning = Learning { workspace, config, library: &library, ask, by: "me", at: 5, sending };
    own_voice::learn(&learning, &Task::new(cancel, &|_| {}), tell)
}

#[test]
fn a_voice_is_learnt_proposed_accepted_and_gone_back_from_by_commands() {
    let home = tempfile::tempdir().unwrap();
    let model = tiny(home.path());
    let (workspace, ids) = shop(home.path(), 20);
    let run = |arguments: &[&str]| {
        let model = model.to_str().unwrap();
        let mut command = perennial(home.path());
        command.args(["--workspace", "shop", "--model", model]).args(arguments);
        command.output().unwrap()
    };
    let document = |arguments: &[&str]| -> Value {
        let output = run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    // Too little, wrong words, and no model that could.
    let few = run(&["tune", "--from-approved"]);
    assert_eq!(few.status.code(), Some(1));
    let told = text(&few.stderr);
    assert!(told.contains("it takes 8") && told.contains("in review"), "{told}");
    assert_eq!(run(&["tune", "--from-approved", "--rank", "4"]).status.code(), Some(2));
    assert_eq!(run(&["tune"]).status.code(), Some(2));
    decide(&workspace, &ids);
    let none = perennial(home.path())
        .args(["--workspace", "shop", "--model", "none", "tune", "--from-approved"])
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("cannot learn: choose"), "{}", text(&none.stderr));
    assert!(!workspace.folder().join("voices/0001").exists(), "it never learns unasked");

    let learnt = document(&["tune", "--from-approved", "--steps", "2", "--quiet"]);
    let voice = &learnt["voice"];
    assert_eq!((&voice["number"], &voice["standing"]), (&json!(1), &json!("proposed")));
    let from = &voice["report"]["learnt_from"];
    assert_eq!((&from["approved"], &from["edited"]), (&json!(10), &json!(10)));
    assert_eq!(from["preferences_used"], json!(false), "{from}");
    let lessons = 20 - from["held_out"].as_u64().unwrap();
    assert!(from["house"].as_u64().unwrap() >= 3 * lessons && lessons < 20, "{from}");
    assert_eq!(voice["report"]["before"]["briefs"], json!(24));
    assert!(voice["report"]["before"]["approved"].as_f64().unwrap() < 0.0);

    // A proposal changes nothing; accepted it stands beside the model, and has a name.
    let doctor = || text(&run(&["doctor"]).stdout);
    assert!(doctor().contains("none stands beside the model"), "{}", doctor());
    assert_eq!(document(&["voice"])["current"], Value::Null);
    let accepted = document(&["voice", "accept", "1"]);
    assert_eq!((&accepted["current"], &accepted["before"]), (&json!(1), &Value::Null));
    assert!(doctor().contains("voice 1, rank 8"), "{}", doctor());
    let adapters = document(&["model", "list"])["adapters"].to_string();
    assert!(adapters.contains("\"voice 1\""), "{adapters}");
    let listed = text(&run(&["voice"]).stdout);
    assert!(listed.contains("voice 1, in use") && listed.contains("drafts that pass every rule"), "{listed}");
    assert_eq!(run(&["voice", "accept", "7"]).status.code(), Some(1));
    assert_eq!(document(&["voice", "back"])["current"], Value::Null);
    assert!(doctor().contains("none stands beside the model"), "{}", doctor());
    let none = run(&["voice", "back"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).contains("no voice"), "{}", text(&none.stderr));
    // Nobody is in what was kept of it; the words of the texts are.
    let kept = |file: &str| {
        fs::read_to_string(workspace.folder().join("voices/0001").join(file)).unwrap().to_lowercase()
    };
    for file in ["report.json", "card.json", "adapter_config.json", "taught.json"] {
        assert!(!kept(file).contains("zubeyde") && !kept(file).contains("okafor"), "{file}");
    }
    assert!(kept("taught.json").contains("\"ready\""), "{}", kept("taught.json"));
}

#[test]
fn a_stopped_learning_goes_on_and_the_next_voice_goes_on_from_the_accepted_one() {
    let home = tempfile::tempdir().unwrap();
    let config = config(&tiny(home.path()));
    let (workspace, ids) = shop(home.path(), 24);
    decide(&workspace, &ids);
    let voices = Voices::of(workspace.folder());
    let ask = Ask { steps: 3, ..Ask::default() };
    let mut steps = Vec::new();
    let whole = learn(&workspace, &config, ask, &Cancel::default(), &mut |told| {
        if let Told::Step(step) = told {
            steps.push((step.step, step.held_out.is_some(), step.sample.is_some()));
        }
    })
    .unwrap();
    assert_eq!(steps, (1..=3).map(|step| (step, true, true)).collect::<Vec<_>>());
    let weights = |version: &Version| fs::read(version.folder.join(WEIGHTS)).unwrap();

    // Stopped while it learns, and again while before and after are compared: the same comes of it.
    let mut ask_again = ask;
    for judging in [false, true] {
        let cancel = Cancel::default();
        let stopped = learn(&workspace, &config, ask_again, &cancel, &mut |told| match told {
            Told::Step(step) if step.step == 2 && !judging => cancel.cancel(),
            Told::Judges { done: 3, .. } => cancel.cancel(),
            _ => {}
        });
        assert!(matches!(&stopped, Err(error) if error.to_string() == "cancelled"), "{stopped:?}");
        let kept = voices.stopped().expect("it can go on");
        assert_eq!((kept.step, kept.of), if judging { (3, 3) } else { (2, 3) });
        assert_eq!(voices.list().unwrap().versions.len(), 1, "half a voice is none");
        ask_again.resume = true;
    }
    // Nothing is written over it unasked.
    let anew = perennial(home.path())
        .args(["--workspace", "shop", "--model", "tiny.gguf", "tune", "--from-approved"])
        .output()
        .unwrap();
    assert_eq!(anew.status.code(), Some(1));
    assert!(text(&anew.stderr).contains("after 3 of 3 steps: go on with --resume"), "{}", text(&anew.stderr));
    // Somebody goes on deciding meanwhile; it goes on with what it began with.
    let mut store = workspace.store().unwrap();
    store.edit(ids[0], 7, Author::Person, 0, "Nobody has learnt from this one.").unwrap();
    let again = learn(&workspace, &config, ask_again, &Cancel::default(), &mut |_| {}).unwrap();
    assert_eq!(again.number, 2);
    assert!(weights(&again) == weights(&whole));
    let figures = |report: &Report| -> (Side, Side) { (report.before.clone(), report.after.clone()) };
    assert_eq!(figures(&again.report), figures(&whole.report));
    assert_eq!(voices.stopped(), None);
    store.undo(Some(ids[0]), 8, Author::Person).unwrap();

    // The next one begins where the accepted one ended, and is another.
    assert_eq!((&whole.report.start.adapter, whole.report.start.gone_on), (&None, false));
    voices.accept(whole.number, "me", 6).unwrap();
    let next = learn(&workspace, &config, ask, &Cancel::default(), &mut |_| {}).unwrap();
    assert_eq!((next.report.start.adapter.as_deref(), next.report.start.gone_on), (Some("voice 1"), true));
    assert_eq!(next.report.before, whole.report.after, "before is what the accepted one was after");
    assert!(weights(&next) != weights(&whole));

    // Damage in what it would go on from is told before the first step.
    let path = whole.folder.join(WEIGHTS);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let damaged = learn(&workspace, &config, ask, &Cancel::default(), &mut |told| {
        assert!(!matches!(told, Told::Step(_)), "{told:?}");
    });
    assert!(damaged.is_err());
}

#[test]
fn preferences_are_learnt_from_sixteen_pairs_on() {
    let home = tempfile::tempdir().unwrap();
    let config = config(&tiny(home.path()));
    let (workspace, ids) = shop(home.path(), 40);
    let mut store = workspace.store().unwrap();
    for (number, id) in ids.iter().enumerate() {
        store
            .edit(
                *id,
                2,
                Author::Person,
                0,
                &format!("A pot of the sort {} for you.", "z".repeat(number + 1)),
            )
            .unwrap();
    }
    let mut counts = None;
    let version =
        learn(&workspace, &config, Ask { steps: 1, ..Ask::default() }, &Cancel::default(), &mut |told| {
            if let Told::Learns(told) = told {
                counts = Some(told);
            }
        })
        .unwrap();
    let counts = counts.unwrap();
    assert_eq!(counts.pairs_of_edits, 40 - counts.held_out);
    assert!(counts.pairs_of_edits >= own_voice::LEAST_PAIRS && counts.preferences_used);
    assert_eq!(version.report.learnt_from, counts);
    let words = own_voice::words::lessons(&counts).join("\n");
    assert!(words.contains("as preferences"), "{words}");
    let few = own_voice::Counts { preferences_used: false, pairs_of_edits: 7, ..counts };
    assert!(own_voice::words::lessons(&few).join("\n").contains("7 pairs: preferences need 16"));
}
