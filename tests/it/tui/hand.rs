//! The model in the marketer's hand: lanes while they are written, sampling, comparing, choosing a word; with the real
//! model.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use perennial::config::Config;
use perennial::jobs::{Failure, Task};
use perennial::tui::event::{Effect, What};
use perennial::tui::screens::ScreenId;
use perennial::tui::screens::strategies::Part;
use perennial::tui::work::{Outcome, Partial, Runner, Services, Work};

use super::flow::folder;
use super::harness::{HOLD, Harness};

/// Holds a preview when its first variant is finished.
const FIRST_READY: usize = usize::MAX / 2;

/// The real work; a preview is held after so many pieces of news.
#[derive(Clone)]
struct Interrupted {
    services: Arc<Services>,
    after: Arc<AtomicUsize>,
}

impl Runner for Interrupted {
    fn run(&self, work: Work, task: &Task<'_>, partial: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        if !matches!(work, Work::Preview(_)) {
            return self.services.run(work, task, partial);
        }
        let (told, most) = (AtomicUsize::new(0), self.after.load(Ordering::Relaxed));
        let outcome = self.services.run(work, task, &|news| {
            let first = most == FIRST_READY && matches!(news, Partial::Preview(Part::Ready { .. }));
            if told.fetch_add(1, Ordering::Relaxed) < most {
                partial(news);
            }
            if first {
                told.store(most, Ordering::Relaxed);
            }
        })?;
        if most == usize::MAX { Ok(outcome) } else { Err(Failure::Failed(HOLD.into())) }
    }
}

/// The dashboard on the sample shop with the default model by itself, at the win-back e-mail; previews are held after so many
/// pieces of news.
fn writing(folder: &Path, after: usize) -> Harness {
    held(folder, after).0
}

/// The same, and what says after how many pieces the next one is held.
fn held(folder: &Path, after: usize) -> (Harness, Arc<AtomicUsize>) {
    crate::model::models();
    let runner = Interrupted { services: Arc::default(), after: Arc::new(AtomicUsize::new(usize::MAX)) };
    let after_that = Arc::clone(&runner.after);
    let mut config = Config::default();
    config.writing.adapter = Some("none".into());
    let mut harness = Harness::with(config, runner);
    let setup = &mut harness.app.shared.setup;
    setup.sources = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/shop")];
    setup.folder = folder.into();
    let harness = harness.start();
    after_that.store(after, Ordering::Relaxed);
    (harness.keys("2 j w"), after_that)
}

/// What stands in the lane of a variant: its line without frame and mark.
fn lane(screen: &str, variant: usize) -> String {
    let number = format!(" {variant} ");
    let line = screen.lines().find(|line| {
        let inside = line.rsplit("││").next().unwrap_or_default();
        inside.trim_start_matches([' ', '▸']).starts_with(number.trim_start())
    });
    line.unwrap_or_default().rsplit("││").next().unwrap_or_default().trim_matches(['│', ' ', '▸']).to_owned()
}

#[test]
fn lanes_show_how_far_and_how_fast_they_are_until_the_verdict() {
    let folder = folder();
    let mut harness = writing(folder.path(), 45);
    let screen = harness.screen(120, 40);
    assert!(screen.contains("writing …") && screen.contains("━"), "{screen}");
    for variant in 1..=5 {
        let lane = lane(&screen, variant);
        let bar = lane.contains('─') || lane.contains("━━━━━━");
        assert!(lane.contains("/s  ") && bar, "{lane}\n{screen}");
    }
    // Esc stops, and what is there stays.
    let before = lane(&screen, 1);
    let mut harness = harness.keys("esc");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("stopped") && !screen.contains("writing …"), "{screen}");
    assert_eq!(lane(&screen, 1), before);

    let folder = self::folder();
    let screen = writing(folder.path(), usize::MAX).screen(120, 40);
    let lanes: Vec<String> = (1..=5).map(|variant| lane(&screen, variant)).collect();
    assert!(lanes.iter().all(|lane| lane.contains(" ✓ ")), "{screen}");
    // What the strategy's author wrote has no speed.
    assert!(lanes.iter().filter(|lane| lane.contains("/s  ")).count() >= 3, "{screen}");
}

#[test]
fn lanes_stand_side_by_side_where_the_preview_has_the_width() {
    let folder = folder();
    let beside =
        |screen: &str| screen.lines().any(|line| (1..=5).all(|n| line.contains(&format!(" {n} ✓ "))));
    let mut harness = writing(folder.path(), usize::MAX);
    assert!(!beside(&harness.screen(120, 40)) && beside(&harness.screen(200, 50)));
    let mut harness = harness.keys("z");
    let screen = harness.screen(120, 40);
    assert!(beside(&screen) && !screen.contains("Strategy "), "the preview has the window\n{screen}");
    let mut harness = harness.keys("esc");
    assert!(harness.screen(120, 40).contains("To do"), "the list is back");
    harness.screen(40, 10);
}

#[test]
fn sampling_is_changed_by_keys_and_the_variants_follow() {
    let folder = folder();
    let mut harness = writing(folder.path(), usize::MAX);
    assert!(harness.screen(120, 40).contains("Temperature 0.6, top-p 0.9, top-k 40"));
    let mut harness = harness.keys("t right right down left down right down right down left down right");
    let screen = harness.screen(120, 40);
    for row in ["Temperature           0.8", "Top-p                0.85", "Top-k                  45"] {
        assert!(screen.contains(row), "{row} is not in\n{screen}");
    }
    assert!(screen.contains("written anew once you pause"), "{screen}");
    assert!(screen.lines().last().unwrap().contains("next number"), "{screen}");
    let mut harness = harness.wait(Duration::from_millis(160)).keys("esc");
    let screen = harness.screen(120, 40);
    let told: String = screen.lines().filter_map(|line| line.split("││").nth(1)).collect();
    let told = told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains(
            "Temperature 0.8, top-p 0.85, top-k 45, min-p 0.01, repetition penalty 1.05, seeds 8 9 10 11 12"
        ),
        "{told}"
    );
    assert!(!screen.contains("Min-p"), "the table is closed\n{screen}");
    assert!(!screen.contains("next number"), "and its hints are gone\n{screen}");
}

#[test]
fn two_variants_are_compared_by_words() {
    let folder = folder();
    let mut harness = writing(folder.path(), usize::MAX).keys("tab = j");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("Variant 2 beside variant 1") && screen.contains(" words are in both"),
        "{screen}"
    );
    assert!(screen.contains("[-") && screen.contains("[+"), "{screen}");
    let mut harness = harness.keys("esc");
    assert!(harness.screen(120, 40).contains("Variant 2 as "));
}

#[test]
fn a_word_is_chosen_and_the_model_goes_on_from_there() {
    let folder = folder();
    let mut harness = writing(folder.path(), usize::MAX);
    let before = [1, 2].map(|variant| lane(&harness.screen(120, 40), variant));
    let mut harness = harness.keys("v");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("How sure the model was of variant 1") && screen.contains("as it is"),
        "{screen}"
    );
    assert!(screen.contains('▁') && screen.contains(" % "), "{screen}");
    let hints = screen.lines().last().unwrap();
    assert!(
        hints.contains("word after") && hints.contains("other words") && hints.contains("esc close"),
        "{hints}"
    );
    // Enter on what stands there says what to do.
    let mut harness = harness.keys("enter");
    assert!(harness.screen(120, 40).contains("choose another word below it first"));
    let mut harness = harness.keys("right right right right down");
    let screen = harness.screen(120, 40);
    let row = screen.lines().find(|line| line.contains("▸    ")).expect(&screen);
    let word = row.split('·').next_back().unwrap().split_whitespace().next().unwrap().to_owned();
    for size in [(80, 24), (40, 10)] {
        let small = harness.screen(size.0, size.1);
        assert!(small.contains(&word), "{word} is not in\n{small}");
    }
    let mut harness = harness.keys("enter esc");
    let screen = harness.screen(120, 40);
    let after = [1, 2].map(|variant| lane(&screen, variant));
    assert!(screen.contains("(word chosen)") && screen.contains("1 pinned"), "{screen}");
    assert!(after[0].contains(&word) && after[0] != before[0], "{word} is not in {after:?}");
    assert_eq!(after[1], before[1], "the others stay");
    // New variants leave it as it is.
    let mut harness = harness.keys("n");
    let screen = harness.screen(120, 40);
    assert_eq!(lane(&screen, 1), after[0]);
    assert_ne!(lane(&screen, 2), after[1], "{screen}");
}

#[test]
fn an_edit_writes_only_the_stretch_that_it_changes() {
    let folder = folder();
    let mut harness = writing(folder.path(), usize::MAX);
    let before: Vec<String> = (1..=5).map(|variant| lane(&harness.screen(120, 40), variant)).collect();
    // A comment at the top changes no prompt; had it been written again, its speed would differ.
    let mut harness = harness.keys("e").types("# mine").wait(Duration::from_millis(160)).keys("ctrl-o");
    let screen = harness.screen(120, 40);
    let after: Vec<String> = (1..=5).map(|variant| lane(&screen, variant)).collect();
    let squeezed = |lanes: &[String]| -> Vec<String> {
        lanes.iter().map(|lane| lane.split_whitespace().take(6).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(squeezed(&after), squeezed(&before), "{screen}");
}

/// The beginning of each lane: how wide they are depends on what stands beside them.
fn lanes(screen: &str) -> Vec<String> {
    let begins = |lane: String| lane.split_whitespace().take(9).collect::<Vec<_>>().join(" ");
    (1..=5).map(|variant| begins(lane(screen, variant))).collect()
}

/// Changes the strategy's text as an editor outside would, and lets the variants follow.
fn changed(harness: Harness, from: &str, to: &str) -> Harness {
    edited(harness, from, to).wait(Duration::from_millis(160)).keys("ctrl-o")
}

/// The same, with the keys still in the text.
fn edited(harness: Harness, from: &str, to: &str) -> Harness {
    let mut harness = harness.keys("E");
    let text = harness.effects.iter().rev().find_map(|effect| match effect {
        Effect::Edit { text, .. } => Some(text.clone()),
        _ => None,
    });
    let text = text.unwrap();
    assert!(text.contains(from), "{from} is not in\n{text}");
    harness.happen(What::Edited { screen: ScreenId::Strategies, text: Ok(text.replace(from, to)) });
    harness
}

#[test]
fn a_pinned_variant_stays_until_its_own_stretches_are_asked_for_otherwise() {
    let folder = folder();
    let mut harness = writing(folder.path(), usize::MAX).keys("p");
    let before = lanes(&harness.screen(120, 40));
    assert!(harness.screen(120, 40).contains("(pinned)"), "{before:?}");
    // What else the message says is another matter, and the other lanes stand as well.
    let mut harness = changed(harness, "A friendly hello", "A kind hello");
    let screen = harness.screen(120, 40);
    assert_eq!(lanes(&screen), before, "{screen}");
    assert!(screen.contains("A kind hello") && screen.contains("1 pinned"), "{screen}");
    assert!(!screen.contains("tokens at"), "nothing was written in this round\n{screen}");
    // So does another name of the strategy, and with another customer's facts.
    let mut harness = changed(harness, "name = \"", "name = \"Now: ");
    assert_eq!(lanes(&harness.screen(120, 40)), before);
    let reader =
        |screen: &str| screen.lines().find(|line| line.contains("Variant 1 as ")).unwrap().to_owned();
    let first = reader(&harness.screen(120, 40));
    let mut harness = harness.keys("c");
    let screen = harness.screen(120, 40);
    assert_ne!(reader(&screen), first, "{screen}");
    assert_eq!(lanes(&screen), before, "{screen}");
    // Others are written around it.
    let mut harness = harness.keys("n");
    let screen = harness.screen(120, 40);
    let after = lanes(&screen);
    assert_eq!(after[0], before[0], "{screen}");
    assert!(after[1..].iter().zip(&before[1..]).any(|(after, before)| after != before), "{screen}");
    // A shorter limit is another stretch.
    let mut harness = edited(harness, "limit=160", "limit=150");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("The pinned variant 1 was let go"), "{screen}");
    assert!(!screen.contains("(pinned)") && !screen.contains("1 pinned"), "{screen}");
}

#[test]
fn what_is_finished_can_be_used_when_the_writing_is_stopped() {
    let folder = folder();
    let (mut harness, after) = held(folder.path(), usize::MAX);
    let before = lanes(&harness.screen(120, 40));
    after.store(FIRST_READY, Ordering::Relaxed);
    let mut harness = harness.keys("n");
    assert!(harness.screen(120, 40).contains("writing …"));
    let mut harness = harness.keys("esc");
    let screen = harness.screen(120, 40);
    let stopped = lanes(&screen);
    assert!(screen.contains("stopped"), "{screen}");
    assert!(stopped.iter().all(|lane| lane.contains(" ✓ ") || lane.contains(" ✗ ")), "{screen}");
    // One is new; in the places of the others stands what stood there before.
    let new: Vec<usize> = (0..5).filter(|place| stopped[*place] != before[*place]).collect();
    assert_eq!(new.len(), 1, "{before:?}\n{stopped:?}");
    let down = "j ".repeat(new[0]);
    let mut harness = harness.keys(&format!("tab {down} p"));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("(pinned)") && screen.contains("1 pinned"), "{screen}");
    let mut harness = harness.keys("v");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("How sure the model was of variant") && screen.contains("as it is"), "{screen}");
    let mut harness = harness.keys("esc =");
    assert!(harness.screen(120, 40).contains("is compared: choose the one"));
    let mut harness = harness.keys("esc a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("5 drafts wait"), "{screen}");
}

#[test]
fn a_stopped_variant_that_is_not_finished_says_so_and_the_others_go_to_review() {
    let folder = folder();
    let mut harness = writing(folder.path(), FIRST_READY).keys("esc");
    let screen = harness.screen(120, 40);
    let verdict = |lane: &String| lane.contains(" ✓ ") || lane.contains(" ✗ ");
    let lanes = lanes(&screen);
    assert_eq!(lanes.iter().filter(|lane| verdict(lane)).count(), 1, "{screen}");
    let open = lanes.iter().position(|lane| !verdict(lane)).unwrap();
    let mut harness = harness.keys(&format!("tab {} p", "j ".repeat(open)));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("stopped before this variant was finished"), "{screen}");
    let mut harness = harness.keys("a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("1 draft"), "{screen}");
}

#[test]
fn the_sampling_that_is_told_is_that_of_the_variants_that_follow_it() {
    let folder = folder();
    let harness = writing(folder.path(), usize::MAX).keys("p t right").wait(Duration::from_millis(160));
    let mut harness = harness.keys("esc");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("Temperature 0.7, top-p 0.9"), "{screen}");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("T 0.7 p 0.9 k 40 r 1.1"), "{screen}");
    let told: String = screen.lines().filter_map(|line| line.split("││").nth(1)).collect();
    assert!(
        told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ").contains("seeds 7-11;"),
        "{told}"
    );
}

#[test]
fn the_numbers_of_sampling_are_seen_on_a_very_small_window() {
    let folder = folder();
    let mut harness = writing(folder.path(), usize::MAX).keys("t");
    let screen = harness.screen(40, 10);
    assert!(screen.contains("▸ Temperature"), "{screen}");
    let mut harness = harness.keys("right");
    assert!(harness.screen(40, 10).contains("0.7"));
    let mut harness = harness.keys("down");
    assert!(harness.screen(40, 10).contains("▸ Top-p"));
    let mut harness = harness.keys("esc");
    assert!(!harness.screen(40, 10).contains("Top-p"), "the list is back");
}
