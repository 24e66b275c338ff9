//! From the sample shop to an outbox, screen by screen, with the real work behind the keys and no model.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial::config::Config;
use perennial::jobs::{End, Failure, Signal, Task};
use perennial::tui::event::{Effect, What};
use perennial::tui::work::{Outcome, Partial, Runner, Services, Work};

use super::harness::{HOLD, Harness};

/// How long the preview waits for somebody who types.
const PAUSE: Duration = Duration::from_millis(150);

/// The dashboard on a shop of this source tree, everything loaded. Decisions are kept in `folder`.
pub(super) fn dashboard(shop: &str, folder: &Path) -> Harness {
    dashboard_with(Services::default(), shop, folder)
}

pub(super) fn dashboard_with(runner: impl Runner + 'static, shop: &str, folder: &Path) -> Harness {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-data").join(shop);
    dashboard_on(runner, vec![source], folder)
}

fn dashboard_on(runner: impl Runner + 'static, sources: Vec<PathBuf>, folder: &Path) -> Harness {
    let mut config = Config::default();
    config.writing.model = "none".into();
    let mut harness = Harness::with(config, runner);
    let setup = &mut harness.app.shared.setup;
    setup.sources = sources;
    setup.folder = folder.into();
    harness.start()
}

pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn segments_are_shown_with_what_sets_them_apart() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2");
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn customers_are_listed_and_one_is_told_of() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("3");
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn strategies_that_fit_come_first_and_are_written_at_once() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w");
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn drafts_wait_in_review_with_every_rule() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a");
    insta::assert_snapshot!(harness.screens());
}

#[test]
fn a_claim_is_looked_at_with_what_proves_it() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w a c c");
    let small = harness.screen(80, 24);
    assert!(small.contains("▸ ✓ “November 2024” follows from"), "in sight on a small window too\n{small}");
    let screen = harness.keys("G").screens();
    for claim in ["✓ “15%” follows from offer_value", "▸ ✓ “November 2024” follows from last_order_month"]
    {
        assert!(screen.contains("Claims") && screen.contains(claim), "{claim} is not in\n{screen}");
    }
}

/// The real work, but for a reading of the queue that is done at once and told late.
#[derive(Clone, Default)]
struct LateReading {
    services: Arc<Services>,
    hold: Arc<AtomicBool>,
    read: Arc<Mutex<Option<Outcome>>>,
}

impl Runner for LateReading {
    fn run(&self, work: Work, task: &Task<'_>, partial: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        let late = matches!(work, Work::LoadQueue { .. }) && self.hold.load(Ordering::Relaxed);
        let outcome = self.services.run(work, task, partial)?;
        if late {
            *self.read.lock().unwrap() = Some(outcome);
            return Err(Failure::Failed(HOLD.into()));
        }
        Ok(outcome)
    }
}

#[test]
fn a_reading_from_before_a_decision_does_not_hide_it() {
    let folder = folder();
    let runner = LateReading::default();
    let mut harness = dashboard_with(runner.clone(), "shop", folder.path()).keys("2 j w a 1");
    runner.hold.store(true, Ordering::Relaxed);
    harness = harness.keys("5 a");
    assert!(harness.screen(120, 40).contains("1 approved"));
    let (job, read) = (harness.held.pop().unwrap(), runner.read.lock().unwrap().take().unwrap());
    harness.happen(What::Job(job, Signal::End(End::Done(read))));
    assert!(harness.screen(120, 40).contains("1 approved"));
}

#[test]
fn the_number_of_segments_can_be_changed_and_given_back_to_the_data() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2");
    let automatic = harness.screen(120, 40);
    assert!(automatic.contains("7 kinds of customer"), "{automatic}");
    let mut harness = harness.keys("+");
    assert!(harness.screen(120, 40).contains("8 kinds of customer"));
    let mut harness = harness.keys("minus minus minus");
    assert!(harness.screen(120, 40).contains("5 kinds of customer"));
    let mut harness = harness.keys("0");
    assert_eq!(harness.screen(120, 40).lines().nth(6), automatic.lines().nth(6), "the same groups again");
    let mut harness = harness.keys("v");
    let why = harness.screen(120, 40);
    assert!(why.contains("Why 7 segments") && why.contains("10 segments"), "{why}");
}

#[test]
fn a_segment_keeps_the_name_that_a_person_gave_it() {
    let folder = folder();
    let mut harness =
        dashboard("shop", folder.path()).keys("2 r ctrl-u").types("Friends of the house").keys("enter");
    assert!(harness.screen(120, 40).contains("A Friends of the house"));
    let settings = std::fs::read_to_string(folder.path().join("perennial.toml")).unwrap();
    assert!(settings.contains("= \"Friends of the house\""), "{settings}");
}

#[test]
fn theme_and_mouse_are_kept_for_all_shops() {
    let folder = folder();
    let file = folder.path().join("config/config.toml");
    let mut harness = dashboard("cdnow", folder.path());
    harness.app.shared.setup.user_file = Some(file.clone());
    drop(harness.keys("T M"));
    let config: Config = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!((config.tui.theme.as_str(), config.tui.mouse), ("light", false));
}

#[test]
fn a_customer_is_found_by_a_chinese_name_and_by_part_of_an_address() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("3 /").types("郭林");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("▸ 郭林") && screen.contains("best match first"), "{screen}");
    let mut harness = harness.keys("esc /").types("guo.lin.2051");
    assert!(harness.screen(120, 40).contains("guo.lin.2051@example.com"));
    let mut harness = harness.keys("esc /").types("nobody has this name");
    assert!(harness.screen(80, 24).contains("No customer matches."));
}

#[test]
fn the_preview_follows_the_editor_and_says_where_a_mistake_is() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w e");
    assert!(harness.screen(120, 40).contains("✓ no mistakes"));
    // The first line is `name = "..."`: a letter before it makes an unknown key.
    let mut harness = harness.types("x");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("✗ 1:1 unknown key `xname`") && screen.contains("did you mean `name`?"),
        "{screen}"
    );
    assert!(screen.contains("Nothing is written: the strategy has 2 mistakes."), "{screen}");
    assert!(
        screen.contains("line 1, column 1: unknown key `xname`"),
        "its place stands above the preview: {screen}"
    );
    assert!(screen.contains("As it was before the mistake:") && screen.contains("Variant 1 as"), "{screen}");
    let mut harness = harness.keys("backspace");
    assert!(harness.screen(120, 40).contains("written anew once you pause"));
    assert_eq!(harness.app.wake_at(), Some(harness.at + PAUSE));
    let mut harness = harness.wait(PAUSE);
    assert_eq!(harness.app.wake_at(), None);
    let screen = harness.screen(120, 40);
    assert!(screen.contains("✓ no mistakes") && screen.contains("Variant 1 as"), "{screen}");
    assert!(!folder.path().join("strategies").exists(), "nothing is saved unasked");
}

#[test]
fn a_preview_waits_for_the_last_key_and_not_for_the_first() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w e end").types(" ");
    let nearly = PAUSE.checked_sub(Duration::from_millis(30)).unwrap();
    harness = harness.wait(nearly).types(" ").wait(nearly);
    assert!(harness.screen(120, 40).contains("written anew once you pause"), "{}", harness.screen(120, 40));
    harness = harness.wait(Duration::from_millis(30));
    assert!(!harness.screen(120, 40).contains("written anew once you pause"));
}

#[test]
fn a_chinese_message_is_shown_to_somebody_who_reads_chinese() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("4 j");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("▸ ✓ 老顾客随单礼"), "{screen}");
    let row = screen.lines().find(|line| line.contains("Variant 1 as")).unwrap();
    let name = row.split("Variant 1 as ").nth(1).unwrap();
    assert!(!name.starts_with(|letter: char| letter.is_ascii()), "{row}");
}

#[test]
fn nothing_on_a_loaded_shop_panics_at_any_size() {
    let folder = folder();
    for keys in [
        "2",
        "2 tab",
        "2 tab tab",
        "2 a",
        "2 a j tab",
        "2 a j tab enter tab tab",
        "2 v",
        "3",
        "3 tab",
        "1 m",
        "1 m j enter",
        "1 a",
        "4 e",
        "4 e x",
        "4 e x ctrl-o",
        "4 e x ctrl-c",
        "4 a",
    ] {
        let mut harness = dashboard("shop", folder.path()).keys(keys);
        for width in 0..=30 {
            for height in 0..=12 {
                harness.screen(width, height);
            }
        }
        for (width, height) in
            [(40, 10), (41, 11), (60, 12), (75, 30), (76, 14), (200, 10), (40, 60), (300, 90)]
        {
            harness.screen(width, height);
        }
    }
}

#[test]
fn pages_of_the_editor_are_turned_without_losing_the_place() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w e");
    harness.screen(120, 24);
    let mut harness = harness.keys("pagedown pagedown").types("#mine ");
    let screen = harness.screen(120, 24);
    let line = screen.lines().find(|line| line.contains("#mine")).expect(&screen);
    assert!(!line.contains("name ="), "it is far below the first line\n{screen}");
    let mut harness = harness.keys("ctrl-home").types("#top");
    let screen = harness.screen(120, 24);
    assert!(screen.lines().any(|line| line.contains("#top")), "{screen}");
}

#[test]
fn what_was_typed_is_taken_back_and_typed_again() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w e").types("x").keys("ctrl-z");
    assert!(harness.screen(120, 40).contains("✓ no mistakes"));
    assert!(!harness.effects.iter().any(|effect| matches!(effect, Effect::Suspend)));
    assert!(harness.screen(120, 40).contains("^z undo"), "{}", harness.screen(120, 40));
    let mut harness = harness.keys("ctrl-y");
    assert!(harness.screen(120, 40).contains("unknown key `xname`"));
    // A word at a time, with the blank behind it.
    let mut harness = harness.keys("ctrl-z home").types("#warm words");
    assert!(harness.screen(120, 40).contains("#warm words"));
    let mut harness = harness.keys("ctrl-z");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("#warm ") && !screen.contains("#warm w"), "{screen}");
    let mut harness = harness.keys("ctrl-z ctrl-z");
    assert!(!harness.screen(120, 40).contains("#warm"));
    let mut harness = harness.keys("ctrl-y ctrl-y ctrl-y");
    assert!(harness.screen(120, 40).contains("#warm words"));
    let harness = harness.keys("ctrl-z ctrl-z ctrl-z esc ctrl-z");
    assert!(matches!(harness.effects.last(), Some(Effect::Suspend)), "elsewhere it goes to the shell");
}

#[test]
fn long_lines_go_on_below_and_the_mouse_finds_the_letter() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w e");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("↪"), "{screen}");
    // These words stand on a row that goes on from the one above.
    assert!(screen.contains("↪ have not ordered"), "{screen}");
    let mut harness = harness.click_on((80, 24), "not ordered").types("Q");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("↪ have Qnot ordered"), "{screen}");
}

#[test]
fn the_preview_is_one_key_away_from_the_text_at_every_width() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w e");
    assert!(harness.screen(40, 10).contains(".toml"));
    let mut harness = harness.keys("ctrl-o");
    assert!(harness.screen(40, 10).contains("For B"), "{}", harness.screen(40, 10));
    let before = harness.screen(40, 10);
    let mut harness = harness.keys("pagedown");
    assert_ne!(harness.screen(40, 10), before, "it can be scrolled");
    let mut harness = harness.keys("ctrl-o").types("x");
    assert!(harness.screen(40, 10).contains("changed"), "{}", harness.screen(40, 10));
}

#[test]
fn the_map_shows_any_two_features_with_their_values() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 a");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("What the map shows") && screen.contains("principal axes"), "{screen}");
    let mut harness = harness.keys("j tab j enter");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("Map: → last order (days ago), ↑ "), "{screen}");
    let mut harness = harness.keys("a g enter");
    assert!(harness.screen(120, 40).contains("behave alike lie close"));
}

#[test]
fn on_a_small_window_the_comparison_is_in_the_profile() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 tab");
    let screen = harness.screen(60, 20);
    assert!(screen.contains("Against the shop") && screen.contains("Last order"), "{screen}");
}

#[test]
fn a_strategy_with_a_mistake_is_opened_at_it() {
    let folder = folder();
    let source = std::fs::read_to_string("assets/strategies/welcome-email-en.toml").unwrap();
    let source = source.replace("language = \"en\"", "language = \"en\"\ncolour = \"red\"");
    std::fs::create_dir(folder.path().join("strategies")).unwrap();
    std::fs::write(folder.path().join("strategies/welcome.toml"), source).unwrap();
    let mut harness = dashboard("shop", folder.path()).keys("4 e");
    assert!(harness.screen(120, 40).contains("unknown key `colour`"));
    let mut harness = harness.types("# ");
    assert!(harness.screen(120, 40).contains("✓ no mistakes"), "{}", harness.screen(120, 40));
}

#[test]
fn leaving_with_unsaved_changes_asks_first() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w e").types("# note").keys("ctrl-c");
    assert!(harness.screen(80, 24).contains("lose the changes to"));
    assert!(!harness.app.quitting);
    let harness = harness.click_on((80, 24), " no");
    assert!(harness.app.popups.is_empty() && !harness.app.quitting, "no can be clicked");
    let harness = harness.keys("ctrl-s ctrl-c");
    assert!(harness.app.quitting, "what is saved is not asked about");
    assert_eq!(std::fs::read_dir(folder.path().join("strategies")).unwrap().count(), 14);
}

#[test]
fn a_preview_is_shown_as_somebody_who_reads_the_language_and_may_be_written_to() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w");
    // The strategies of the segment, one after the other, each with the customers that it is shown with.
    let mut chinese = 0;
    for _ in 0..12 {
        let screen = harness.screen(120, 40);
        let reader = screen.lines().find_map(|line| line.split("Variant 1 as ").nth(1));
        if let (true, Some(reader)) = (screen.contains("您好"), reader) {
            let first = reader.chars().next().unwrap();
            assert!(('\u{4e00}'..='\u{9fff}').contains(&first), "{screen}");
            chinese += 1;
        }
        harness = harness.keys("j");
    }
    assert!(chinese > 0);
}

#[test]
fn a_shop_gets_its_name_in_the_dashboard_and_signs_with_it() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path());
    let brand = &mut harness.app.shared.setup.config.brand;
    *brand = std::mem::take(brand).of_another_shop();
    harness.app.shared.setup.unnamed_brand = brand.unnamed(&folder.path().join("perennial.toml"));
    let mut harness = harness.keys("n");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("What is the shop called?")
            && screen.contains("name them") | screen.contains("signed"),
        "{screen}"
    );
    harness.screen(40, 10);
    let mut harness = harness.types("Teehaus").keys("enter");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("Messages are signed “Teehaus” from now on") && !screen.contains("our shop"),
        "{screen}"
    );
    let saved = std::fs::read_to_string(folder.path().join("perennial.toml")).unwrap();
    assert!(saved.contains("[brand]") && saved.contains("name = \"Teehaus\""), "{saved}");
    let screen = harness.keys("2 j w").screen(120, 40);
    assert!(screen.contains("Teehaus") && !screen.contains("Perennial Home"), "{screen}");
}

#[test]
fn a_click_on_a_heading_sorts_and_another_turns_the_order() {
    let folder = folder();
    let size = (120, 40);
    let mut harness = dashboard("shop", folder.path()).keys("3").click_on(size, "Orders  ");
    assert!(harness.screen(120, 40).contains("customers, by orders ─"), "{}", harness.screen(120, 40));
    let mut harness = harness.click_on(size, "Orders▾");
    assert!(harness.screen(120, 40).contains("customers, by orders reversed"), "{}", harness.screen(120, 40));
    let mut harness = harness.click_on(size, "Seg ");
    assert!(harness.screen(120, 40).contains("customers, by orders reversed"), "nothing is sorted by that");
}

#[test]
fn an_offer_of_an_amount_waits_until_the_currency_is_known() {
    let folder = folder();
    let data = folder.path().join("orders.csv");
    let rows: String = (0..90)
        .map(|row| format!("c{},2025-0{}-1{},{}\n", row % 30, 1 + row % 9, row % 7, 5 + row))
        .collect();
    std::fs::write(&data, format!("customer_id,ordered_at,amount\n{rows}")).unwrap();
    let mut harness = dashboard_on(Services::default(), vec![data], folder.path());
    assert!(harness.screen(120, 40).contains("Say in which currency the shop counts"));
    let mut harness = harness.keys("c").types("euro").keys("enter");
    assert!(harness.screen(120, 40).contains("That is no currency code"), "{}", harness.screen(120, 40));
    let mut harness = harness.keys("ctrl-u").types("eur").keys("enter");
    let screen = harness.screen(120, 40);
    assert!(!screen.contains("Say in which currency"), "{screen}");
    let saved = std::fs::read_to_string(folder.path().join("perennial.toml")).unwrap();
    assert!(saved.contains("currency = \"EUR\""), "{saved}");
}

#[test]
fn a_shop_with_no_names_and_no_products_is_served_too() {
    let folder = folder();
    let mut harness = dashboard("cdnow", folder.path()).keys("2");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("kinds of customer") && screen.contains("Last order"), "{screen}");
    assert!(!screen.contains("What they buy"), "{screen}");
    let mut harness = harness.keys("w");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("Hi there"), "nobody has a name there: {screen}");
}

#[test]
fn a_pinned_variant_stays_while_the_others_are_written_anew() {
    let folder = folder();
    let mut harness = dashboard("shop", folder.path()).keys("2 j w tab j p");
    let list = |screen: &str| -> Vec<String> {
        let lines = screen.lines().filter(|line| line.contains(" ✓ "));
        lines.map(|line| line.split(" ✓ ").nth(1).unwrap().trim_end_matches(['│', ' ']).to_owned()).collect()
    };
    let screen = harness.screen(120, 40);
    assert!(screen.contains("(pinned)") && screen.contains("1 pinned"), "{screen}");
    let before = list(&screen);
    let mut harness = harness.keys("w n b f");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("warmer, shorter, more formal"), "{screen}");
    assert_eq!(list(&screen)[1], before[1], "{screen}");
    // Let go, and asked for no more.
    let mut harness = harness.keys("p w b f");
    let screen = harness.screen(120, 40);
    assert!(
        !screen.contains("pinned") && !screen.contains("warmer,") && !screen.contains("shorter,"),
        "{screen}"
    );
}
