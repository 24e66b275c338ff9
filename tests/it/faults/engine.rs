//! An engine that breaks, a model that cannot be loaded, and a model's file that is changed under a loaded model: what the
//! dashboard says, and the way back without leaving it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use perennial::config::Config;
use perennial::jobs::Task;
use perennial::tui::work::Services;
use perennial::workspace::Workspace;
use perennial::writing::catalogue::{self, Choice};
use perennial::writing::scripted::Scripted;
use perennial::writing::{TextEngine, WritingError};

use super::{said, sample};
use crate::model::models;
use crate::tui::harness::Harness;

const LINES: [&str; 5] = [
    "We would love to see you again soon.",
    "Your favourites are back on the shelves.",
    "There is something new here for you.",
    "It has been a while since your last visit.",
    "Come back and have a look around.",
];

/// The dashboard on the sample shop with this model.
fn dashboard(folder: &Path, model: Option<&Path>, services: Services) -> Harness {
    let mut config = Config::default();
    config.writing.adapter = Some("none".into());
    if let Some(model) = model {
        config.writing.model = model.to_str().unwrap().into();
    }
    let mut harness = Harness::with(config, services);
    let setup = &mut harness.app.shared.setup;
    setup.sources = vec![sample()];
    setup.folder = folder.into();
    harness.start()
}

/// What a test does to the engines of a dashboard.
#[derive(Clone, Default)]
struct Engines {
    /// The next word that is written is a panic.
    breaks: Arc<AtomicBool>,
    /// The next one is not loaded.
    refused: Arc<AtomicBool>,
    loaded: Arc<AtomicUsize>,
}

impl Engines {
    fn services(&self) -> Services {
        let engines = self.clone();
        Services::loading(Arc::new(move |_: &Choice, _: &Task<'_>| {
            if engines.refused.swap(false, Ordering::SeqCst) {
                return Err(WritingError::Failed("the disk says no: try another".into()));
            }
            engines.loaded.fetch_add(1, Ordering::SeqCst);
            let breaks = Arc::clone(&engines.breaks);
            let engine = Scripted::new(&LINES)
                .before_word(move || assert!(!breaks.swap(false, Ordering::SeqCst), "out of ink"));
            Ok(Box::new(engine) as Box<dyn TextEngine>)
        }))
    }

    fn break_next(&self) {
        self.breaks.store(true, Ordering::SeqCst);
    }

    fn loaded(&self) -> usize {
        self.loaded.load(Ordering::SeqCst)
    }
}

/// The line of the screen with that text.
fn line(screen: &str, text: &str) -> String {
    screen.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}\n{screen}")).to_owned()
}

#[test]
fn an_engine_that_panics_is_told_of_and_loaded_again_by_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let engines = Engines::default();
    // One variant waits in Review, and one is pinned.
    let mut harness = dashboard(folder.path(), None, engines.services()).keys("2 j w a 4 p");
    let before = harness.screen(120, 40);
    assert!(before.contains("scripted, local, no network"), "{before}");
    assert!(before.contains("(pinned)"), "{before}");
    let kept = || Workspace::open(folder.path()).unwrap().store().unwrap().drafts().unwrap();
    let drafts = kept();

    engines.break_next();
    let mut harness = harness.keys("n");
    // As one line: it is broken over several.
    let told = said(&mut harness).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("The variants could not be written"), "{told}");
    assert!(told.contains("out of ink") && told.contains("Press n to load it again"), "{told}");
    assert!(told.contains("As they were before: ") && told.contains("(pinned)"), "{told}");
    let screen = harness.screen(160, 40);
    assert!(screen.contains("the model broke: templates only, L loads it again"), "{screen}");
    for (width, height) in [(80, 24), (40, 10)] {
        let screen = harness.screen(width, height);
        assert!(screen.contains("the model broke") && screen.contains("L loads it again"), "{screen}");
    }
    // Meanwhile the strategies' own texts are written, and the preview says why.
    let mut harness = harness.keys("s");
    let screen = harness.screen(160, 40);
    assert!(screen.contains("own texts: the model broke, n loads it"), "{screen}");
    assert_eq!(engines.loaded(), 1);

    let mut harness = harness.keys("S L");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("scripted, local, no network") && screen.contains("By scripted"), "{screen}");
    assert_eq!(engines.loaded(), 2);
    assert_eq!(kept(), drafts, "what waits in Review is as it was");

    // The key that writes anew loads it too, and what is pinned stays.
    let mut harness = harness.keys("p");
    let pinned = line(&harness.screen(120, 40), "(pinned)");
    engines.break_next();
    harness = harness.keys("n n");
    let screen = harness.screen(120, 40);
    assert_eq!(engines.loaded(), 3);
    assert_eq!(line(&screen, "(pinned)"), pinned);
    assert!(screen.contains("By scripted"), "{screen}");
    let log: Vec<&str> = harness.app.shared.log.iter().map(|note| note.text.as_str()).collect();
    assert!(log.iter().any(|line| line.contains("out of ink")), "{log:?}");
}

#[test]
fn what_is_being_edited_stays_while_the_model_is_loaded_again_from_the_palette() {
    let folder = tempfile::tempdir().unwrap();
    let engines = Engines::default();
    let harness = dashboard(folder.path(), None, engines.services()).keys("2 j w");
    engines.break_next();
    // The tone is part of what the model is asked: an edit of anything else would be answered from memory.
    let harness = harness.keys("e down down down down down end left").types(", mine");
    let mut harness = harness.wait(std::time::Duration::from_secs(1));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("reproach, mine") && screen.contains("the model broke"), "{screen}");
    let mut harness = harness.keys("ctrl-p").types("open-model").keys("enter");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("reproach, mine") && screen.contains("scripted, local"), "{screen}");
    assert_eq!(engines.loaded(), 2);
}

#[test]
fn a_model_that_is_not_loaded_is_loaded_by_whoever_asks_for_other_variants() {
    let folder = tempfile::tempdir().unwrap();
    let engines = Engines::default();
    engines.refused.store(true, Ordering::SeqCst);
    let mut harness = dashboard(folder.path(), None, engines.services()).keys("2 j w");
    let screen = harness.screen(160, 40);
    assert!(screen.contains("no model: templates only, L loads it"), "{screen}");
    assert!(screen.contains("own texts: the model is not loaded, n loads it"), "{screen}");
    // In vain, and then not.
    engines.refused.store(true, Ordering::SeqCst);
    let mut harness = harness.keys("n");
    let screen = harness.screen(160, 40);
    assert!(screen.contains("the disk says no") && screen.contains("own texts"), "{screen}");
    let mut harness = harness.keys("n");
    let screen = harness.screen(160, 40);
    assert!(screen.contains("scripted, local") && screen.contains("By scripted"), "{screen}");
    // There is nothing to load now, and the key says so.
    assert!(harness.keys("L").screen(120, 40).contains("The model is loaded."));
    assert_eq!(engines.loaded(), 1);
}

#[test]
fn a_loaded_model_does_not_need_its_file_and_a_bad_file_is_told_of_when_it_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let entry = catalogue::entries().unwrap().remove(0);
    let (fetched, file) = (models().join(&entry.file), folder.path().join("mine.gguf"));
    fs::copy(&fetched, &file).unwrap();
    let project = folder.path().join("project");
    fs::create_dir(&project).unwrap();
    let mut harness = dashboard(&project, Some(&file), Services::default()).keys("2 j w");
    let by_model = |harness: &mut Harness| {
        let screen = harness.screen(120, 40);
        assert!(screen.contains("mine.gguf, local") && screen.contains("By mine.gguf, in"), "{screen}");
    };
    by_model(&mut harness);
    fs::remove_file(&file).unwrap();
    let mut harness = harness.keys("n");
    by_model(&mut harness);
    fs::write(&file, vec![b'x'; 1 << 20]).unwrap();
    let harness = harness.keys("n a");
    by_model(&mut harness.keys("4"));
    // The record is of what was loaded, not of what lies there now.
    let drafts = Workspace::open(&project).unwrap().store().unwrap().drafts().unwrap();
    let written: Vec<_> = drafts.iter().filter(|kept| !kept.draft.is_own_text()).collect();
    assert!(!written.is_empty());
    assert!(written.iter().all(|kept| kept.draft.model.sha256 == entry.sha256));

    // Loaded anew, it is an error until the file is back.
    let mut harness = dashboard(&project, Some(&file), Services::default());
    assert!(harness.screen(120, 40).contains("no model: templates only, L loads it"));
    fs::remove_file(&file).unwrap();
    let harness = harness.keys("L");
    let log: Vec<&str> = harness.app.shared.log.iter().map(|note| note.text.as_str()).collect();
    for (cause, remedy) in
        [("does not start with GGUF", "mine.gguf"), ("there is no model file", "that exists")]
    {
        assert!(log.iter().any(|line| line.contains(cause) && line.contains(remedy)), "{cause}: {log:?}");
    }
    fs::copy(&fetched, &file).unwrap();
    let mut harness = harness.keys("L");
    assert!(harness.screen(120, 40).contains("mine.gguf, local"));
}
