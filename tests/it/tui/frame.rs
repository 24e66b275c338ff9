//! The frame around the screens: sizes, keys, help, palette, jobs, toasts, mouse, idleness.

use std::time::Duration;

use perennial::config::Config;
use perennial::jobs::{End, Failure, JobId, Signal};
use perennial::tui::app::{Load, ModelState};
use perennial::tui::event::{Effect, What};
use perennial::tui::keymap::{Keymap, docs};
use perennial::tui::screens::ScreenId;
use perennial::tui::theme;
use perennial::tui::work::{Outcome, Work};
use perennial::writing::ModelIdentity;
use perennial::writing::served::Fault;

use super::harness::{Harness, Script};

fn held() -> Harness {
    Harness::scripted(|_| None).start()
}

fn templates() -> Harness {
    Harness::scripted(|work| match work {
        Work::OpenModel { .. } => Some(Ok(Outcome::ModelOpened(None))),
        _ => None,
    })
    .start()
}

#[test]
fn no_screen_or_popup_panics_at_any_size() {
    for keys in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "1 ?", "1 :", "1 a", "8 tab", "9 tab", "1 m"] {
        let mut harness = held().keys(keys);
        for width in 0..=30 {
            for height in 0..=12 {
                harness.screen(width, height);
            }
        }
        for (width, height) in [(40, 10), (41, 11), (60, 12), (200, 10), (40, 60), (300, 90)] {
            harness.screen(width, height);
        }
    }
}

#[test]
fn a_window_that_is_too_small_says_so() {
    assert!(held().screen(39, 10).contains("Make the window larger"));
    assert!(!held().screen(40, 10).contains("Make the window larger"));
}

#[test]
fn digits_go_to_screens_and_brackets_go_round() {
    let mut harness = held();
    for (number, id) in ScreenId::ALL.into_iter().enumerate() {
        harness = harness.keys(&(number + 1).to_string());
        assert_eq!(harness.app.screen, id);
    }
    assert_eq!(harness.keys("]").app.screen, ScreenId::Overview);
    assert_eq!(held().keys("[").app.screen, ScreenId::Voice);
}

#[test]
fn help_lists_what_keys_do_here() {
    let mut harness = templates().keys("?");
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn a_refused_key_says_why() {
    let mut harness = templates().keys("a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("have not been read yet"), "{screen}");
}

#[test]
fn the_palette_finds_a_command_by_part_of_its_sentence() {
    let mut harness = held().keys(":").types("which kinds");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("segments"), "{screen}");
    let harness = harness.keys("enter");
    assert_eq!(harness.app.screen, ScreenId::Segments);
    let mut harness = held().keys(":").types("zzzz");
    assert!(harness.screen(80, 24).contains("No command matches"));
    assert!(harness.keys("esc").app.popups.is_empty());
}

#[test]
fn q_in_a_text_is_a_letter_and_ctrl_c_leaves() {
    let harness = held().keys(":").types("q");
    assert!(!harness.app.quitting);
    assert!(harness.keys("ctrl-c").app.quitting);
    assert!(held().keys("q").app.quitting);
}

#[test]
fn the_theme_changes_at_once_and_all_are_reached() {
    let mut harness = held();
    for name in theme::NAMES.iter().cycle().skip(1).take(theme::NAMES.len()) {
        harness = harness.keys("T");
        assert_eq!(harness.app.shared.theme.name, *name);
    }
}

#[test]
fn without_jobs_and_toasts_nothing_asks_to_be_woken() {
    let mut harness = Harness::scripted(|_| Some(Err(Failure::Cancelled))).start();
    harness = harness.wait(Duration::from_mins(1));
    assert_eq!(harness.app.wake_at(), None);
    assert!(held().app.wake_at().is_some(), "a running job moves its clock");
}

#[test]
fn a_toast_goes_by_itself_and_stays_in_the_log() {
    let mut harness = templates().keys("M");
    assert!(harness.screen(120, 40).contains("The mouse is off"));
    let mut harness = harness.wait(Duration::from_secs(30));
    assert!(!harness.screen(120, 40).contains("The mouse is off"));
    assert!(harness.keys("8").screen(120, 40).contains("The mouse is off"));
}

#[test]
fn jobs_are_listed_with_how_they_ended_and_can_be_cancelled() {
    let mut harness = Harness::scripted(|work| match work {
        Work::OpenModel { .. } => {
            Some(Err(Failure::Failed("The file is damaged. Run `perennial model pull`.".into())))
        }
        _ => None,
    })
    .start()
    .keys("8");
    harness = harness.progress(0, "reading orders.csv", 10, Some(40)).wait(Duration::from_secs(30));
    insta::assert_snapshot!(harness.screens());
    let mut harness = harness.keys("j c");
    assert!(matches!(harness.effects.last(), Some(Effect::Cancel(_))));
    assert!(matches!(harness.app.shared.shop, Load::Failed(_)));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("cancelled"), "{screen}");
}

#[test]
fn a_long_failure_can_be_read_in_full() {
    let long = "The file is damaged. ".repeat(20) + "Run `perennial model pull`.";
    let mut harness = Harness::scripted(move |work| match work {
        Work::OpenModel { .. } => Some(Err(Failure::Failed(long.clone()))),
        _ => None,
    })
    .start()
    .keys("8 tab enter");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Log, 09:00:00") && screen.contains("pull`."), "{screen}");
    assert!(matches!(harness.keys("y").effects.last(), Some(Effect::Copy(text)) if text.contains("damaged")));
}

#[test]
fn a_model_that_could_not_be_had_can_be_asked_for_again() {
    let harness = Harness::scripted(|work| match work {
        Work::OpenModel { .. } => Some(Err(Failure::Failed("The network is not there.".into()))),
        _ => None,
    });
    let mut harness = harness.start();
    assert!(harness.screen(80, 24).contains("no model: templates only"));
    harness.runner = std::sync::Arc::new(Script(|work: &Work| match work {
        Work::OpenModel { .. } => {
            let identity = ModelIdentity::plain("SmolLM2 135M", "");
            Some(Ok(Outcome::ModelOpened(Some(identity))))
        }
        _ => None,
    }));
    assert!(harness.keys("L").screen(80, 24).contains("SmolLM2 135M, local"));
}

#[test]
fn news_of_a_replaced_job_is_dropped() {
    let mut harness = held();
    let first = harness.held[0];
    harness.app.shared.reload();
    harness.happen(What::Tick);
    let failed = Signal::End(End::Failed("too late".into()));
    harness.happen(What::Job(first, failed));
    assert!(matches!(harness.app.shared.shop, Load::Loading(id) if id != first));
    harness.happen(What::Job(JobId(999), Signal::End(End::Cancelled)));
    assert!(!harness.screen(120, 40).contains("too late"));
}

#[test]
fn a_fault_in_a_job_is_a_failed_job() {
    let harness = Harness::with(Config::default(), Script(|_: &Work| panic!("broken")));
    let mut harness = harness.start();
    let screen = harness.screen(120, 40);
    assert!(screen.contains("A fault in the program stopped this job"), "{screen}");
}

#[test]
fn the_status_line_always_says_where_text_comes_from() {
    assert!(templates().screen(80, 24).contains("templates only"));
    assert!(held().screen(80, 24).contains("fetching the model"));
    let mut harness = held();
    harness.app.shared.model = ModelState::Ready(ModelIdentity::plain("SmolLM2 135M", ""));
    for (width, height) in [(120, 40), (80, 24), (40, 10)] {
        assert!(harness.screen(width, height).contains("SmolLM2 135M, local, no network"));
    }
}

#[test]
fn the_status_line_names_the_host_that_writes_or_says_that_it_is_away() {
    let mut config = Config::default();
    config.writing.model = "http://models.example:8000/v1".into();
    let script = |work: &Work| match work {
        Work::OpenModel { .. } => Some(Err(Failure::Failed("nothing listens there".into()))),
        _ => None,
    };
    let mut harness = Harness::with(config, Script(script));
    let mut asking = Harness::with(harness.app.shared.setup.config.clone(), Script(|_: &Work| None));
    asking = asking.start();
    for (width, height) in [(120, 40), (80, 24), (40, 10)] {
        assert!(asking.screen(width, height).contains("asking models.example:8000"));
    }
    harness = harness.start();
    for (width, height) in [(120, 40), (80, 24), (40, 10)] {
        let screen = harness.screen(width, height);
        assert!(screen.contains("models.example:8000") && screen.contains("asked"), "{screen}");
        assert!(!screen.contains("local"), "{screen}");
    }
    // What is wrong with it stands there, and what to press, as far as there is room.
    for (fault, words, word) in [
        (Fault::Unreachable, "is away", "away"),
        (Fault::Silent, "does not answer", "silent"),
        (Fault::Unsafe, "has no safe connection", "not safe"),
        (Fault::NoKey, "wants a key", "no key"),
        (Fault::WrongKey, "refuses the key", "wrong key"),
        (Fault::NoModel, "has no such model", "no model"),
        (Fault::Busy, "has too much to do", "busy"),
        (Fault::Broken, "has a fault", "faulty"),
        (Fault::Stranger, "is no model server", "no server"),
        (Fault::Refused, "refuses the request", "refused"),
    ] {
        harness.app.shared.model = ModelState::Away { fault, why: "gone".into(), instead: None };
        let wide = format!("models.example:8000 {words}, nothing is written, L asks again (see Jobs)");
        assert!(harness.screen(140, 40).contains(&wide), "{wide}");
        let middle = format!("models.example:8000 {words}, L asks again");
        assert!(harness.screen(100, 24).contains(&middle), "{middle}");
        let narrow = harness.screen(40, 10);
        assert!(narrow.contains(&format!("{word}: models.example:8000")), "{narrow}");
    }
    let written = |name: &str| ModelIdentity::plain(name, "");
    harness.app.shared.model =
        ModelState::Served(written("models.example:8000/org/a-model-with-a-long-name"));
    for (width, height) in [(120, 40), (80, 24), (40, 10)] {
        let screen = harness.screen(width, height);
        assert!(screen.contains("at models.example:8000") && !screen.contains("local"), "{screen}");
    }
    assert!(harness.screen(80, 24).contains("org/a-model-with-a-long-name at models.example:8000"));
    let instead = Some("smollm2-135m-instruct".to_owned());
    harness.app.shared.model = ModelState::Away { fault: Fault::Unreachable, why: "gone".into(), instead };
    assert!(
        harness
            .screen(120, 40)
            .contains("models.example:8000 is away, written by smollm2-135m-instruct, local")
    );
    assert!(harness.screen(40, 10).contains("away: models.example:8000"));
    // It can be asked again.
    harness.runner = std::sync::Arc::new(Script(|work: &Work| match work {
        Work::OpenModel { .. } => {
            Some(Ok(Outcome::ServerAnswered(ModelIdentity::plain("models.example:8000/m", ""))))
        }
        _ => None,
    }));
    assert!(harness.keys("L").screen(80, 24).contains("m at models.example:8000"));
}

#[test]
fn while_the_model_is_fetched_it_says_how_far_how_long_and_how_to_stop() {
    let mut harness = held()
        .progress(1, "fetching the model", 10, Some(100))
        .wait(Duration::from_secs(10))
        .progress(1, "fetching the model", 20, Some(100));
    for (width, height) in [(120, 40), (80, 24)] {
        let screen = harness.screen(width, height);
        for part in ["fetching the model", "20 %", "1 min 20 s left", "X cancels"] {
            assert!(screen.contains(part), "{part}: {screen}");
        }
    }
    let screen = harness.screen(40, 10);
    assert!(screen.contains("fetching the model") && screen.contains("20 %"), "{screen}");
}

#[test]
fn the_job_that_the_status_line_shows_is_the_one_that_is_cancelled() {
    let mut harness = held();
    let (load, model) = (harness.held[0], harness.held[1]);
    harness = harness.progress(1, "fetching the model", 10, Some(100));
    assert!(harness.screen(120, 40).contains("X cancels"));
    harness = harness.keys("X");
    assert!(matches!(harness.effects.last(), Some(Effect::Cancel(id)) if *id == model));
    harness = harness.keys("X");
    assert!(matches!(harness.effects.last(), Some(Effect::Cancel(id)) if *id == load));
}

#[test]
fn tabs_and_hints_can_be_clicked_and_the_mouse_switched_off() {
    let harness = held().click_on((120, 40), "4 Strategies");
    assert_eq!(harness.app.screen, ScreenId::Strategies);
    let harness = harness.click_on((120, 40), "? help");
    assert_eq!(harness.app.popups.len(), 1);
    let harness = harness.click((120, 40), 0, 0);
    assert!(harness.app.popups.is_empty(), "a click outside closes");
    let harness = held().keys("M").click_on((120, 40), "4 Strategies");
    assert_eq!(harness.app.screen, ScreenId::Overview);
}

#[test]
fn names_of_any_script_keep_the_frame_whole() {
    let mut config = Config::default();
    config.brand.name = "花店\u{202E}👩‍👩‍👧 e\u{301}cole مرحبا\u{1b}[31m".into();
    let mut harness = Harness::with(config, Script(|_: &Work| None)).start();
    let screen = harness.screen(120, 40);
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202E}'));
    assert!(screen.lines().next().unwrap().ends_with("9 Voice"), "{screen}");
}

#[test]
fn the_sample_keymap_equals_the_built_in_one() {
    let built_in = Keymap::new(&Config::default().tui.keys).unwrap();
    let sample = docs::sample(&built_in);
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/keymap.toml")).unwrap();
    assert_eq!(file, sample, "run `perennial keys --sample > assets/keymap.toml`");
    let config: Config = toml::from_str(&sample).unwrap();
    let again = Keymap::new(&config.tui.keys).unwrap();
    assert_eq!(docs::sample(&again), sample);
}
