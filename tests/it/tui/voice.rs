//! The Voice screen: lessons, learning as it goes, before and after, accept and go back; with a learner by a script.

mod learner;

use std::path::Path;
use std::time::Duration;

use perennial::config::Config;
use perennial::own_voice::{Damaged, Side, Stopped, Told, Version, Voices};
use perennial::tui::app::ModelState;
use perennial::tui::event::Effect;
use perennial::tui::screens::ScreenId;
use perennial::tui::work::{Known, Services};
use perennial::tuning::Losses;

use super::harness::{HOLD, Harness};

use learner::{Learner, NOON, counts, enough, report, steps, stopped, three};

fn see(harness: &mut Harness, words: &str) -> String {
    let screen = harness.screen(120, 40);
    assert!(screen.contains(words), "{words} is not in\n{screen}");
    screen
}

#[test]
fn a_newcomer_is_told_what_this_is_and_what_to_do() {
    let (mut harness, asked) = Learner::knowing(Known::default()).shown();
    insta::assert_snapshot!(harness.screens());
    // Neither looking nor a key that is refused begins anything.
    let mut harness = harness.keys("n");
    see(&mut harness, "It takes 8 lessons, and there are none: approve or edit 8 more drafts in Review (5).");
    assert_eq!(*asked.lock().unwrap(), ["open the model"]);
}

#[test]
fn too_little_to_learn_from_is_said_with_what_is_missing() {
    let known = Known { lessons: counts(2, 3, 4), ..Known::default() };
    let (mut harness, _) = Learner::knowing(known).shown();
    insta::assert_snapshot!(harness.screens());
    let mut harness = harness.keys("n");
    see(&mut harness, "approve or edit 3 more drafts");
}

#[test]
fn before_and_after_stand_beside_each_other_and_below_each_other_where_there_is_no_room() {
    let (mut harness, _) = Learner::knowing(three()).shown();
    let first = harness.screens();
    let mut harness = harness.keys("enter");
    let narrow = harness.screen(40, 30);
    let whole = harness.screen(120, 60);
    insta::assert_snapshot!(format!(
        "{first}--- the page on a small window\n{narrow}--- the whole page\n{whole}"
    ));
    // What was accepted long ago can be read as well, and what it says is copied.
    let mut harness = harness.keys("esc G y");
    see(&mut harness, "It was in use: a accepts it again");
    let copied = harness.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(
        copied.starts_with("voice 1: 62 % of its drafts are the model's own and break no rule, 54 % before"),
        "{copied}"
    );
    assert!(copied.contains("before:\nWe miss you."), "{copied}");
}

#[test]
fn it_learns_after_a_yes_alone_and_shows_how_far_it_is() {
    let (harness, asked) = Learner::knowing(three()).telling(steps(24), Err(HOLD)).shown();
    let mut harness = harness.keys("n");
    let screen = see(&mut harness, "Learn a voice from 12 lessons and 18 pairs?");
    assert!(screen.contains("about 9 minutes at the pace of the last one"), "{screen}");
    let harness = harness.keys("esc");
    assert_eq!(*asked.lock().unwrap(), ["open the model"]);
    let mut harness = harness.keys("n enter");
    assert_eq!(asked.lock().unwrap().last().unwrap(), "Learn { resume: false }");
    insta::assert_snapshot!(harness.screens());
    see(&mut harness, "step 24 of 60");
    // Another cannot begin, and what was learnt before can still be looked at.
    let mut harness = harness.keys("n");
    see(&mut harness, "A voice is being learnt: x stops it.");
    let mut harness = harness.keys("esc j");
    see(&mut harness, "Proposed, nothing is written with it");
}

#[test]
fn everything_else_can_be_used_while_it_learns_and_leaving_asks_first() {
    let (harness, _) = Learner::knowing(enough()).telling(steps(24), Err(HOLD)).shown();
    let mut harness = harness.keys("n enter");
    for (number, id) in ScreenId::ALL.into_iter().enumerate() {
        harness = harness.keys(&(number + 1).to_string());
        assert_eq!(harness.app.screen, id);
        harness.screen(80, 24);
    }
    let mut harness = harness.keys("8");
    see(&mut harness, "Learn a voice");
    // The time that is left goes on where nothing is told.
    let mut harness = harness.keys("9");
    let before = see(&mut harness, "3 min 35 s left");
    let mut harness = harness.wait(Duration::from_mins(1));
    let after = see(&mut harness, "2 min 35 s left");
    assert_ne!(before, after);
    let mut harness = harness.keys("q");
    see(&mut harness, "A voice is being learnt. It stops, and r on Voice");
    assert!(!harness.app.quitting);
    assert!(harness.keys("enter").app.quitting);
}

#[test]
fn what_was_stopped_goes_on_where_it_was() {
    // One of before the dashboard was opened, first where the file that says how far it came is damaged.
    let (mut harness, _) = Learner::knowing(stopped(Stopped::default())).shown();
    see(&mut harness, "A learning was stopped.");
    let look = |step, train| Losses { step, train, held_out: Some(2.5) };
    let known = stopped(Stopped { step: 12, of: 60, losses: vec![look(0, None), look(10, Some(2.25))] });
    let (mut harness, asked) = Learner::knowing(known).telling(steps(24), Err(HOLD)).shown();
    let screen = see(&mut harness, "Stopped at step 12 of 60: r goes on where it was; n begins anew.");
    assert!(screen.contains("loss 2.25") && screen.contains("unseen 2.50"), "{screen}");
    let mut harness = harness.keys("n");
    see(&mut harness, "What was stopped is thrown away; r");
    let mut harness = harness.keys("enter");
    let held = harness.held.len();
    harness = harness.keys("x");
    assert_eq!(harness.held.len(), held - 1);
    let screen = see(&mut harness, "Stopped at step 24 of 60: r goes on where it was; n begins anew.");
    assert!(screen.contains("Text after 20 steps"), "{screen}");
    let mut harness = harness.keys("x");
    see(&mut harness, "No voice is being learnt.");
    let mut harness = harness.keys("r");
    assert_eq!(asked.lock().unwrap().last().unwrap(), "Learn { resume: true }");
    see(&mut harness, "▸ step 24 of 60");
    // The key that cancels any job does it too.
    let mut told = harness.held.clone();
    harness = harness.keys("8");
    while harness.app.screens.voice.is_learning() {
        harness = harness.keys("X");
        assert!(harness.held.len() < told.len(), "one job less");
        told = harness.held.clone();
    }
    let mut harness = harness.keys("9");
    see(&mut harness, "Stopped at step 24 of 60");
}

#[test]
fn what_went_wrong_is_said_where_it_was_begun() {
    let why = "The disk is full. Make room, then go on.";
    let (harness, _) = Learner::knowing(enough()).telling(steps(3), Err(why)).shown();
    let mut harness = harness.keys("n enter").wait(Duration::from_secs(20));
    let screen = see(&mut harness, "✗ The disk is full. Make room, then go on. n begins anew.");
    assert!(screen.contains("failed"), "{screen}");
    let mut harness = harness.keys("r");
    see(&mut harness, "No learning was stopped.");
}

#[test]
fn a_new_voice_is_a_proposal_and_is_selected() {
    let told = steps(60).into_iter().chain([Told::Judges { done: 3, of: 24 }]).collect();
    let (harness, asked) = Learner::knowing(three()).telling(told, Ok(3)).shown();
    let mut harness = harness.keys("G n enter");
    let screen = see(&mut harness, "voice 3 is learnt.");
    assert!(screen.contains("Proposed, nothing is written with it: a accepts it"), "{screen}");
    assert_eq!(
        *asked.lock().unwrap(),
        ["open the model", "Learn { resume: false }"],
        "nothing is accepted by itself"
    );
}

#[test]
fn the_comparison_is_told_after_the_last_step() {
    let told = steps(60).into_iter().chain([Told::Judges { done: 3, of: 24 }]).collect();
    let (harness, _) = Learner::knowing(enough()).telling(told, Err(HOLD)).shown();
    let mut harness = harness.keys("n enter");
    see(&mut harness, "comparing before and after: 3 of 24 drafts");
}

#[test]
fn a_voice_that_writes_less_by_itself_is_told_before_all() {
    let mut known = three();
    let newest = known.listed.versions.last_mut().unwrap();
    newest.report.after = Side { passed_by_model: 9, ..newest.report.before.clone() };
    let (mut harness, _) = Learner::knowing(known).shown();
    let screen = see(&mut harness, "▼ Writes less by itself: 9 of 24 drafts are the model's own, 15");
    assert!(screen.contains("62 → 38 %"), "{screen}");
}

#[test]
fn accepting_names_the_voice_and_opens_the_writer_again() {
    let (harness, asked) = Learner::knowing(three()).shown();
    let mut harness = harness.keys("a");
    let screen = see(&mut harness, "Write with voice 3 from now on? 75 %");
    assert!(screen.contains("62 % of those"), "{screen}");
    let harness = harness.keys("esc");
    assert_eq!(asked.lock().unwrap().len(), 1, "no is no");
    let mut harness = harness.keys("a enter");
    assert_eq!(*asked.lock().unwrap(), ["open the model", "Accept(3)", "open the model"]);
    let screen = see(&mut harness, "voice 3 is in use from now on.");
    assert!(
        screen.contains("smollm2-135m + voice 2, local, no network"),
        "what stands beside the model is named: {screen}"
    );
    // That in use needs no acceptance.
    let mut harness = harness.keys("j a");
    see(&mut harness, "voice 2 is in use already.");
}

#[test]
fn going_back_names_where_it_leads() {
    let (harness, asked) = Learner::knowing(three()).shown();
    let mut harness = harness.keys("u");
    see(&mut harness, "Go back from voice 2 to voice 1?");
    let mut harness = harness.keys("enter");
    assert_eq!(*asked.lock().unwrap(), ["open the model", "Back", "open the model"]);
    see(&mut harness, "voice 1 is in use from now on.");
    let mut known = three();
    known.before = None;
    let (harness, _) = Learner::knowing(known).shown();
    let mut harness = harness.keys("u");
    see(&mut harness, "Go back from voice 2 to what came with the program?");
    let mut harness = harness.keys("enter");
    see(&mut harness, "No voice of the shop's own is in use any more.");
    let (harness, _) = Learner::knowing(enough()).shown();
    let mut harness = harness.keys("u");
    see(&mut harness, "there is nothing to go back from.");
}

#[test]
fn a_voice_that_would_not_be_written_with_says_why() {
    let mut known = three();
    known.model = Some("another.gguf".into());
    let (mut harness, _) = Learner::knowing(known).shown();
    see(&mut harness, "and another.gguf");
    let mut config = Config::default();
    config.writing.adapter = Some("harbour".into());
    let mut harness = Harness::with(config, Learner::knowing(three())).start().keys("9");
    see(&mut harness, "The settings name the adapter harbour");
    // With no model here there is nothing to learn beside.
    for model in ["none", "http://models.example:8000/v1"] {
        let mut config = Config::default();
        config.writing.model = model.into();
        let mut harness = Harness::with(config, Learner::knowing(three())).start().keys("9 n");
        see(&mut harness, "A voice is learnt beside a model on this machine");
        harness = harness.keys("r");
        see(&mut harness, "A voice is learnt beside a model on this machine");
    }
}

#[test]
fn a_damaged_voice_is_listed_with_what_to_do() {
    let mut known = three();
    let why = "voices/0004 is damaged: it has no card.json. Bring the folder back from a copy";
    known.listed.damaged.push(Damaged { number: 4, folder: "voices/0004".into(), why: why.into() });
    let (mut harness, _) = Learner::knowing(known).shown();
    let screen = see(&mut harness, "This voice cannot be used.");
    assert!(screen.contains("damaged") && screen.contains("it has no card.json"), "{screen}");
    let mut harness = harness.keys("a");
    see(&mut harness, "Bring the folder back from a copy");
}

#[test]
fn no_size_breaks_what_there_is_to_see() {
    let look = |step| Losses { step, train: Some(2.0), held_out: Some(2.5) };
    let stopped = Stopped { step: 12, of: 60, losses: vec![look(0), look(10)] };
    let known = Known { stopped: Some(stopped), ..three() };
    let (mut harness, _) = Learner::knowing(known).telling(steps(24), Err(HOLD)).shown();
    for step in ["tab", "tab", "tab enter G", "esc j enter", "esc n", "enter", "G", "x"] {
        harness = harness.keys(step);
        for width in 38..=60 {
            for height in [8, 9, 10, 11, 12, 20] {
                harness.screen(width, height);
            }
        }
        for (width, height) in [(0, 0), (1, 1), (20, 5), (75, 10), (76, 10), (100, 30), (300, 90)] {
            harness.screen(width, height);
        }
    }
}

/// A whole voice, as learning leaves it.
fn lay(folder: &Path, passed: (usize, usize)) -> Version {
    let voices = Voices::of(folder);
    let made = voices.folder().join("made");
    std::fs::create_dir_all(&made).unwrap();
    let adapter = Path::new("tests/it/data/adapters/all");
    for name in ["adapter_model.safetensors", "adapter_config.json"] {
        std::fs::copy(adapter.join(name), made.join(name)).unwrap();
    }
    std::fs::write(made.join("card.json"), "{\"schema\": 1}").unwrap();
    voices.take_in(&made, &report(passed, NOON)).unwrap()
}

#[test]
fn keys_change_what_stands_in_the_project() {
    let folder = super::flow::folder();
    lay(folder.path(), (15, 17));
    lay(folder.path(), (17, 20));
    let mut config = Config::default();
    config.writing.model = "none".into();
    let mut harness = Harness::with(config, Services::default());
    harness.app.shared.setup.folder = folder.path().into();
    let voices = Voices::of(folder.path());
    let mut harness = harness.start().keys("9 G a enter");
    see(&mut harness, "2 voices, voice 1 in use");
    assert_eq!(voices.current().unwrap(), Some(1));
    let mut harness = harness.keys("g a enter");
    see(&mut harness, "2 voices, voice 2 in use");
    let mut harness = harness.keys("u enter");
    see(&mut harness, "2 voices, voice 1 in use");
    let mut harness = harness.keys("u enter");
    see(&mut harness, "2 voices, none in use");
    assert_eq!(voices.current().unwrap(), None);
    assert!(voices.log().unwrap().iter().all(|event| event.by == "anybody"));
    // Another program's doing is seen as soon as the list is read again.
    voices.accept(2, "somebody else", NOON).unwrap();
    let mut harness = harness.keys("R");
    see(&mut harness, "2 voices, voice 2 in use");
    // Templates write, and go on writing: there is no model to open again.
    assert_eq!(harness.app.shared.model, ModelState::TemplatesOnly);
    let mut harness = harness.keys("n");
    see(&mut harness, "A voice is learnt beside a model on this machine");
}
