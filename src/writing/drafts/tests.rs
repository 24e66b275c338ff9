use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::strategy::Part;
use crate::writing::remembered::Remembered;
use crate::writing::scripted::Scripted;

const SOURCE: &str = r#"
name = "Hello again"
stage = "win-back"
goal = "Say hello"
channel = "email"
language = "en"
tone = "warm"
examples = ["The shelves are full again."]

[defaults]
first_name = "there"

[message]
subject = "Hello"
preheader = "A word from us"
body = """
Hi {{ first_name }},
{{ write("Write one warm sentence.", limit=100, fallback=["The door is open.", "We think of you."]) }}
{{ write("Write one closing sentence.", limit=100, fallback=["Until soon then.", "With warm wishes."]) }}
{{ unsubscribe }}
"""
"#;

fn assignment(seeds: &[u64]) -> Assignment {
    let facts = serde_json::json!({ "unsubscribe": "Unsubscribe" });
    Assignment {
        strategy: strategy::parse("hello", SOURCE).unwrap(),
        facts: facts.as_object().unwrap().clone(),
        segment: "A".into(),
        group: None,
        seeds: seeds.to_vec(),
        sampling: Sampling::default(),
        voice: Voice::default(),
        adapter: None,
        beside: Vec::new(),
        judge: None,
        banned_words: vec!["cheap".into()],
    }
}

fn write(lines: &[&str], seeds: &[u64]) -> (Vec<Draft>, Vec<Told>, Scripted) {
    let mut engine = Scripted::new(lines);
    let mut told = Vec::new();
    let drafts =
        write_drafts(&assignment(seeds), &mut engine, &Cancel::default(), &mut |it| told.push(it)).unwrap();
    (drafts, told, engine)
}

#[test]
fn slots_are_filled_in_order_and_recorded() {
    let lines = [
        "We have missed you so.",
        "A kind hello to you.",
        "See you again quite soon.",
        "May the day be good.",
    ];
    let (drafts, _, engine) = write(&lines, &[7, 8]);
    assert_eq!(drafts.len(), 2);
    assert_eq!(drafts[0].seed, 7);
    assert!(drafts[0].text[&Part::Body].contains("We have missed you so.\nSee you again quite soon."));
    assert!(drafts[1].text[&Part::Body].contains("A kind hello to you.\nMay the day be good."));
    assert_eq!(drafts[0].prompt_sha256.len(), 64);
    let asked: Vec<String> = engine.requests().iter().map(|request| request.prompt.text()).collect();
    assert_eq!(drafts[0].prompts, asked, "what was asked can be shown, and asked again");
    assert_eq!(drafts[0].prompt_sha256, hex(&Sha256::digest(asked.concat())));
    assert_eq!(engine.requests()[0].seeds, [7, 8]);
    assert_ne!(engine.requests()[1].seeds, [7, 8]);
    assert!(engine.requests()[0].guard.banned_words.contains(&"cheap".to_owned()));
}

#[test]
fn a_candidate_that_breaks_a_rule_gives_way_to_one_that_does_not() {
    let lines = ["We have missed you so.", "A kind hello to you.", "See you again quite soon."];
    let mut engine = Scripted::new(&lines);
    let asked = Assignment {
        // The strategy's own texts break nothing; who was missed is a reproach.
        judge: Some(|_, _, _| Box::new(|texts| texts.iter().filter(|text| text.contains("missed")).count())),
        ..assignment(&[7])
    };
    let drafts = write_drafts(&asked, &mut engine, &Cancel::default(), &mut |_| {}).unwrap();
    let texts: Vec<&str> = drafts[0].slots.iter().map(|slot| slot.text.as_str()).collect();
    assert_eq!(texts, [lines[1], lines[2]]);
}

#[test]
fn an_edit_of_one_slot_asks_the_engine_for_that_slot_alone() {
    let words = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&words);
    let lines = ["We have missed you so.", "See you again quite soon.", "May the day be good to you."];
    let script = Scripted::new(&lines).before_word(move || {
        let _ = count.fetch_add(1, Ordering::Relaxed);
    });
    let mut engine = Remembered::new(Box::new(script));
    let mut first = assignment(&[7]);
    let mut write = |assignment: &Assignment| {
        let before = words.load(Ordering::Relaxed);
        let drafts = write_drafts(assignment, &mut engine, &Cancel::default(), &mut |_| {}).unwrap();
        let texts: Vec<String> = drafts[0].slots.iter().map(|slot| slot.text.clone()).collect();
        (texts, words.load(Ordering::Relaxed) - before)
    };
    assert_eq!(write(&first), (vec![lines[0].to_owned(), lines[1].to_owned()], 10));
    first.strategy = strategy::parse("hello", &SOURCE.replace("closing", "parting")).unwrap();
    assert_eq!(write(&first), (vec![lines[0].to_owned(), lines[2].to_owned()], 7));
    first.strategy = strategy::parse("hello", &SOURCE.replace("A word from us", "A line from us")).unwrap();
    assert_eq!(write(&first), (vec![lines[0].to_owned(), lines[1].to_owned()], 0));
}

#[test]
fn an_unusable_slot_is_written_again_with_a_recorded_seed() {
    let lines = [
        "We have missed you so.",
        "We have missed you so!",
        "Something else for once.",
        "One fine closing line.",
        "Another fine closing here.",
    ];
    let (drafts, told, engine) = write(&lines, &[7, 8]);
    assert!(drafts[1].text[&Part::Body].contains("Something else for once."));
    assert!(told.contains(&Told::Again { slot: 0, variant: 1 }));
    let again = engine.requests()[1].seeds.clone();
    assert_eq!(again.len(), 1);
    assert_eq!(drafts[1].slots[0].seed, again[0]);
    assert_ne!(again[0], 8);
}

#[test]
fn what_stays_unusable_is_replaced_by_the_strategys_own_text_and_says_so() {
    let (drafts, _, _) = write(&["no end"], &[7, 8]);
    assert_eq!(drafts[0].slots[0].text, "The door is open.");
    assert_eq!(drafts[1].slots[0].text, "We think of you.");
    assert_eq!(drafts[0].finish_reason, FinishReason::Template);
}

#[test]
fn a_language_that_the_model_does_not_know_gets_the_strategys_own_texts() {
    let mut engine = Scripted::new(&["nonsense"]).only(&["zh"]);
    let drafts = write_drafts(&assignment(&[7]), &mut engine, &Cancel::default(), &mut |_| {}).unwrap();
    assert_eq!(drafts[0].slots[0].text, "The door is open.");
    assert_eq!(drafts[0].finish_reason, FinishReason::Template);
    assert!(engine.requests().is_empty());
    assert_eq!(drafts[0].model.name, "templates", "the model wrote none of it");
}

#[test]
fn a_draft_says_which_of_its_stretches_the_model_wrote() {
    // The second slot's text is unusable each time.
    let (drafts, _, _) = write(&["We have missed you so.", "no end", "no end", "no end"], &[7]);
    assert_eq!(drafts[0].own_texts().collect::<Vec<_>>(), [1]);
    assert_eq!(drafts[0].model.name, "scripted");
}

#[test]
fn a_copy_of_a_strategy_under_another_name_has_a_version_of_its_own() {
    let (one, mut other) = (assignment(&[7]).strategy, assignment(&[7]).strategy);
    assert_eq!(version(&one), version(&other));
    other.id = "hello-2".into();
    assert_ne!(version(&one), version(&other));
    let mut changed = one.clone();
    changed.tone.push('!');
    assert_ne!(version(&one), version(&changed));
}

#[test]
fn copies_echoes_and_fragments_are_unusable() {
    let slot = strategy::slots(&assignment(&[1]).strategy, &assignment(&[1]).facts).unwrap().remove(0);
    let judge = |text: &str, others: &[&str]| {
        let written = Written {
            text: text.into(),
            seed: 1,
            finish_reason: FinishReason::Stop,
            tokens: 5,
            tokens_per_second: 1.0,
            mean_log_probability: None,
            earlier: false,
            token_ids: Vec::new(),
            told: Vec::new(),
            begun: Beginning::default(),
            avoided: Vec::new(),
        };
        usable(&written, &slot, others)
    };
    assert!(judge("The garden has grown since spring.", &[]));
    assert!(judge("We thank you again and again.", &[]), "what is said on purpose");
    for text in [
        "The shelves are full again.",
        "The door is open.",
        "Is the door open?",
        "Write one warm sentence.",
        "We would like to",
        "Hello.",
        "Very very very good things are here.",
        "We are excited to show what is exciting.",
        "We hope you like it, we hope you like it.",
        "This sentence goes on and on and on until it is far longer than the hundred characters that it may have here.",
    ] {
        assert!(!judge(text, &[]), "{text}");
    }
    assert!(!judge("The garden has grown since spring!", &["The garden has grown since spring."]));
}

#[test]
fn no_personal_data_is_in_a_prompt() {
    let mut assignment = assignment(&[1]);
    assignment.facts.insert("first_name".into(), "Zebulon".into());
    let mut engine = Scripted::new(&["A line about nothing much.", "Another line about nothing."]);
    let drafts = write_drafts(&assignment, &mut engine, &Cancel::default(), &mut |_| {}).unwrap();
    assert!(drafts[0].text[&Part::Body].contains("Hi Zebulon,"));
    for request in engine.requests() {
        assert!(!request.prompt.text().contains("Zebulon"));
    }
}

#[test]
fn a_cancelled_writing_gives_no_drafts() {
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let mut engine = Scripted::new(&["one two three four"]).before_word(move || stop.cancel());
    let result = write_drafts(&assignment(&[1]), &mut engine, &cancel, &mut |_| {});
    assert!(matches!(result, Err(WritingError::Cancelled(_))));
}
