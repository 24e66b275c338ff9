//! The adapter beside the model, as the Strategies screen shows it.

use std::path::Path;

use perennial::config::Config;
use perennial::tui::work::Services;
use perennial::writing::catalogue;

use super::harness::Harness;
use crate::adapters::adapter;
use crate::model::models;
use crate::run::sample_data;

/// The dashboard on the sample shop, with the default model and a small adapter of the project's.
fn dashboard(folder: &Path) -> Harness {
    drop(crate::model::engine());
    adapter(&folder.join("adapters/mine"), None);
    let file = models().join(&catalogue::entries().unwrap()[0].file);
    let mut config = Config::default();
    config.writing.model = file.to_str().unwrap().into();
    config.writing.adapter = Some("mine".into());
    let mut harness = Harness::with(config, Services::default());
    let setup = &mut harness.app.shared.setup;
    setup.sources = vec![sample_data("shop")];
    setup.folder = folder.into();
    harness.start()
}

#[test]
fn what_the_adapter_wrote_stays_in_sight_while_the_model_writes_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = dashboard(folder.path()).keys("2 j w");
    let with = harness.screen(160, 60);
    assert!(with.contains(".gguf + mine, in") && !with.contains("without mine"), "{with}");
    let mut harness = harness.keys("A");
    let without = harness.screen(160, 60);
    assert!(without.contains("without its adapter"), "{without}");
    let columns = without.lines().find(|line| line.contains("Variant 1 with mine")).expect(&without);
    assert!(columns.contains("│ Variant 1 without mine"), "{without}");
    assert_eq!(without.matches("Kind regards,").count(), 2, "both messages whole\n{without}");
    // Where there is no room for two columns, one stands below the other.
    let narrow = harness.screen(90, 90);
    let line = |words: &str| narrow.lines().position(|line| line.contains(words)).expect(&narrow);
    assert!(line("Variant 1 with mine") < line("Variant 1 without mine"), "{narrow}");
    let mut harness = harness.keys("A");
    let again = harness.screen(160, 60);
    assert!(again.contains(".gguf + mine, in") && !again.contains("without mine"), "{again}");
}

#[test]
fn an_adapter_that_is_not_there_is_a_mistake_in_the_editor() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = dashboard(folder.path()).keys("2 j w e").types("adapter = \"mime\"").keys("enter");
    let screen = harness.screen(160, 40);
    assert!(screen.contains("no adapter is called \"mime\""), "{screen}");
    assert!(screen.contains("did you mean \"mine\"?"), "{screen}");
}
