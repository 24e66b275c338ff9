//! The model in the marketer's hand: lanes while they are written, sampling, comparing, choosing a word; with the real
//! model.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use perennial::config::Config;
use perennial::jobs::{Failure, Task};
use perennial::tui::work::{Outcome, Partial, Runner, Services, Work};

use super::flow::folder;
use super::harness::{HOLD, Harness};

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
            if told.fetch_add(1, Ordering::Relaxed) < most {
                partial(news);
            }
        })?;
        if most == usize::MAX { Ok(outcome) } else { Err(Failure::Failed(HOLD.into())) }
    }
}

/// The dashboard on the sample shop with the default model, at the win-back e-mail; previews are held after so many
/// pieces of news.
fn writing(folder: &Path, after: usize) -> Harness {
    crate::model::models();
    let runner = Interrupted { services: Arc::default(), after: Arc::new(AtomicUsize::new(usize::MAX)) };
    let after_that = Arc::clone(&runner.after);
    let mut harness = Harness::with(Config::default(), runner);
    let setup = &mut harness.app.shared.setup;
    setup.sources = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/shop")];
    setup.folder = folder.into();
    let harness = harness.start();
    after_that.store(after, Ordering::Relaxed);
    harness.keys("2 j w")
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
        assert!(lane.contains("/s  ") && lane.contains('─'), "{lane}\n{screen}");
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
