use super::*;
use crate::own_voice::{Counts, Side, Start};
use crate::writing::adapter::Base;

fn report(at: i64) -> Report {
    Report {
        schema: 1,
        learnt_at: at,
        by: "somebody".into(),
        base: Base { name: "tiny.gguf".into(), sha256: "ab".repeat(32) },
        start: Start::default(),
        learnt_from: Counts::default(),
        steps: 6,
        best_step: 6,
        losses: Vec::new(),
        seconds: 1.0,
        before: Side::default(),
        after: Side::default(),
        side_by_side: Vec::new(),
    }
}

fn learnt(voices: &Voices) -> u32 {
    let made = voices.work_folder().join("voice");
    fs::create_dir_all(&made).unwrap();
    for name in [WEIGHTS, SETTINGS] {
        fs::copy(Path::new("tests/it/data/adapters/all").join(name), made.join(name)).unwrap();
    }
    fs::write(made.join(CARD), "{\"schema\": 1}").unwrap();
    let version = voices.take_in(&made, &report(7)).unwrap();
    assert!(!made.exists() && version.standing == Standing::Proposed);
    version.number
}

fn standings(voices: &Voices) -> Vec<(u32, Standing)> {
    voices.list().unwrap().versions.iter().map(|version| (version.number, version.standing)).collect()
}

#[test]
fn a_version_is_proposed_accepted_and_gone_back_from() {
    let home = tempfile::tempdir().unwrap();
    let voices = Voices::of(home.path());
    assert_eq!(voices.list().unwrap(), Listed::default());
    assert!(!voices.folder().exists(), "looking makes nothing");
    assert!(voices.back("me", 1).unwrap_err().to_string().contains("no voice"));
    assert!(voices.accept(1, "me", 1).unwrap_err().to_string().contains("there are none yet"));
    assert_eq!([learnt(&voices), learnt(&voices)], [1, 2]);
    assert_eq!(voices.current().unwrap(), None);
    assert_eq!(voices.accept(1, "me", 2).unwrap().standing, Standing::InUse);
    // Said twice it is one acceptance, and one step back undoes it.
    voices.accept(2, "me", 3).unwrap();
    voices.accept(2, "me", 4).unwrap();
    assert_eq!(standings(&voices), [(1, Standing::Earlier), (2, Standing::InUse)]);
    let error = voices.accept(9, "me", 5).unwrap_err().to_string();
    assert!(error.contains("no voice 9") && error.contains("there are: 1, 2"), "{error}");
    assert_eq!(voices.back("me", 6).unwrap(), Some(1));
    assert_eq!(voices.current().unwrap(), Some(1));
    assert_eq!(voices.back("me", 7).unwrap(), None);
    assert!(voices.back("me", 8).is_err());
    assert_eq!(standings(&voices), [(1, Standing::Earlier), (2, Standing::Earlier)]);
    let deeds: Vec<Deed> = voices.log().unwrap().into_iter().map(|event| event.deed).collect();
    assert_eq!(
        deeds,
        [
            Deed::Learned { version: 1 },
            Deed::Learned { version: 2 },
            Deed::Accepted { version: 1 },
            Deed::Accepted { version: 2 },
            Deed::WentBack { from: 2, to: Some(1) },
            Deed::WentBack { from: 1, to: None },
        ]
    );
}

#[test]
fn a_crash_between_any_two_bytes_of_the_log_loses_nothing_that_was_told() {
    let home = tempfile::tempdir().unwrap();
    let voices = Voices::of(home.path());
    assert_eq!([learnt(&voices), learnt(&voices)], [1, 2]);
    voices.accept(1, "李 \"me\"", 2).unwrap();
    let log = voices.folder().join(LOG);
    let before = fs::read(&log).unwrap();
    voices.accept(2, "me", 3).unwrap();
    let after = fs::read(&log).unwrap();
    assert!(after.starts_with(&before), "it is only added to");
    for cut in before.len()..after.len() {
        fs::write(&log, &after[..cut]).unwrap();
        assert_eq!(voices.current().unwrap(), Some(1), "cut at {cut}");
        assert_eq!(voices.back("me", 4).unwrap(), None);
        assert_eq!(voices.log().unwrap().len(), 4, "cut at {cut}");
    }
    // A whole line that says nothing is named, not passed over.
    fs::write(&log, [&before[..], b"nonsense\n"].concat()).unwrap();
    let error = voices.current().unwrap_err().to_string();
    assert!(error.contains("log.jsonl, line 4") && error.contains("Take the line away"), "{error}");
}

#[test]
fn a_crash_before_the_rename_leaves_no_version_and_one_after_it_a_whole_one() {
    let home = tempfile::tempdir().unwrap();
    let voices = Voices::of(home.path());
    learnt(&voices);
    // Half made: nobody sees it.
    let made = voices.work_folder().join("voice");
    fs::create_dir_all(&made).unwrap();
    fs::write(made.join(WEIGHTS), "").unwrap();
    assert_eq!(standings(&voices), [(1, Standing::Proposed)]);
    assert_eq!(voices.stopped(), Some(Stopped::default()), "nobody knows how far it came");
    // Renamed, and not yet in the log.
    fs::write(voices.folder().join(LOG), "").unwrap();
    assert_eq!(standings(&voices), [(1, Standing::Proposed)]);
    voices.accept(1, "me", 1).unwrap();
    assert_eq!(voices.current().unwrap(), Some(1));
}

#[test]
fn a_damaged_folder_is_named_and_passed_over_and_its_number_is_not_given_again() {
    let home = tempfile::tempdir().unwrap();
    let voices = Voices::of(home.path());
    assert_eq!([learnt(&voices), learnt(&voices), learnt(&voices)], [1, 2, 3]);
    voices.accept(3, "me", 1).unwrap();
    fs::remove_file(voices.folder().join("0002").join(CARD)).unwrap();
    fs::write(voices.folder().join("0003").join(REPORT), "{").unwrap();
    fs::create_dir(voices.folder().join("notes")).unwrap();
    let listed = voices.list().unwrap();
    assert_eq!((listed.versions.len(), listed.current), (1, Some(3)));
    let why: Vec<&str> = listed.damaged.iter().map(|damaged| damaged.why.as_str()).collect();
    assert!(why[0].contains("0002 is damaged: it has no card.json"), "{why:?}");
    assert!(why[1].contains("0003 is damaged: report.json is no report"), "{why:?}");
    assert!(voices.accept(2, "me", 2).unwrap_err().to_string().contains("it has no card.json"));
    assert_eq!(learnt(&voices), 4);
    // Two bytes of it are lost.
    let weights = voices.folder().join("0004").join(WEIGHTS);
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() - 2]).unwrap();
    let why = voices.list().unwrap().damaged.pop().unwrap();
    assert!(why.number == 4 && why.why.contains("it was cut"), "{why:?}");
    fs::write(&weights, whole).unwrap();
    // What is in use and damaged is told where something is to be written, and another way out is named.
    let config =
        crate::config::WritingConfig { model: "none".into(), ..crate::config::WritingConfig::default() };
    assert_eq!(voices.beside(Library::default()).wanted(None, &config).unwrap(), None);
    let config = crate::config::WritingConfig::default();
    let error = voices.beside(Library::default()).wanted(None, &config).unwrap_err().to_string();
    assert!(error.contains("voice 3 is in use") && error.contains("perennial voice back"), "{error}");
    assert_eq!(voices.back("me", 3).unwrap(), None);
    assert!(voices.beside(Library::default()).wanted(None, &config).is_ok());
}

#[test]
fn the_accepted_voice_stands_beside_its_own_model_unless_another_is_named() {
    let home = tempfile::tempdir().unwrap();
    let model = home.path().join("tiny.gguf");
    fs::write(&model, "").unwrap();
    let voices = Voices::of(home.path());
    learnt(&voices);
    let mut config = crate::config::WritingConfig {
        model: model.display().to_string(),
        ..crate::config::WritingConfig::default()
    };
    let wanted = |strategy: Option<&str>, config: &crate::config::WritingConfig| {
        voices.beside(Library::default()).wanted(strategy, config).unwrap().map(|place| place.short_name())
    };
    assert_eq!(wanted(None, &config), None, "it is a proposal");
    assert_eq!(wanted(Some("voice 1"), &config).as_deref(), Some("voice 1"));
    voices.accept(1, "me", 1).unwrap();
    assert_eq!(wanted(None, &config).as_deref(), Some("voice 1"));
    assert_eq!(wanted(Some("none"), &config), None);
    config.adapter = Some("none".into());
    assert_eq!(wanted(None, &config), None);
    // Another model has its own.
    config = crate::config::WritingConfig::default();
    assert_eq!(wanted(None, &config).as_deref(), Some("house"));
}

#[test]
fn a_version_that_was_cut_is_not_accepted() {
    let home = tempfile::tempdir().unwrap();
    let voices = Voices::of(home.path());
    let number = learnt(&voices);
    let weights = voices.version(number).unwrap().folder.join(WEIGHTS);
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    let error = voices.accept(number, "me", 2).unwrap_err().to_string();
    assert!(error.contains(WEIGHTS) && error.contains("copy it again"), "{error}");
    assert_eq!(voices.current().unwrap(), None);
}
