//! Engines that break, are replaced, are stopped, or lose their file.

use std::cell::RefCell;

use super::*;
use crate::jobs::Progress;
use crate::writing::scripted::Scripted;

#[test]
fn an_engine_that_broke_while_nobody_listened_is_told_of_by_the_next_preview() {
    let writer = Writer::default();
    let desk = Desk::start(|_| Ok(Box::new(Scripted::new(&["x"]))), |_| {}).unwrap();
    assert!(desk.submit(Box::new(|_, _| panic!("out of ink"))).broke().is_some());
    writer.put(Some(Arc::new(desk)));
    let told = RefCell::new(Vec::new());
    assert!(writer.desk(&|partial| told.borrow_mut().push(partial)).is_none());
    assert!(matches!(&told.borrow()[..], [Partial::ModelBroke(why)] if why.contains("out of ink")));
}

#[test]
fn an_engine_of_a_server_that_broke_is_replaced_by_the_next_preview() {
    let writer = Writer::default();
    let server = || {
        let address = Address::parse("http://127.0.0.1:9/v1").unwrap();
        (address, Settings::default())
    };
    let desk = writer.desk_of(server()).unwrap();
    assert!(Arc::ptr_eq(&desk, &writer.desk_of(server()).unwrap()), "one desk for all previews");
    assert!(desk.submit(Box::new(|_, _| panic!("out of ink"))).broke().is_some());
    let next = writer.desk_of(server()).unwrap();
    assert!(next.submit(Box::new(|engine, _| assert!(engine.is_ok()))).broke().is_none());
}

#[test]
fn a_download_that_never_pauses_is_stopped_at_once() {
    let (news, states) = unbounded();
    let desk = Desk::start(
        |task| {
            for done in 0..u64::MAX {
                task.progress("fetching", done, None);
                task.check().map_err(WritingError::Cancelled)?;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(WritingError::Failed("it is never done".into()))
        },
        move |state| drop(news.send(state.clone())),
    )
    .unwrap();
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let told = move |progress: Progress| {
        if progress.done > 5 {
            stop.cancel();
        }
    };
    assert!(matches!(follow(&desk, &states, &Task::new(&cancel, &told)), Err(Failure::Cancelled)));
}

#[test]
fn a_model_whose_file_is_taken_away_goes_on_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, "weights").unwrap();
    let settings = WritingConfig { model: path.to_string_lossy().into_owned(), ..WritingConfig::default() };
    let writer = Writer::new(Arc::new(|_: &Choice, _: &Task<'_>| Ok(Box::new(Scripted::new(&["x"])))));
    let told = RefCell::new(Vec::new());
    let open = || {
        let opened = crate::jobs::unwatched(|task| {
            writer.open(&settings, &Library::default(), task, &|partial| {
                if let Partial::ModelFile(fate) = partial {
                    told.borrow_mut().push(fate);
                }
            })
        });
        assert!(matches!(opened, Ok(Outcome::ModelOpened(Some(_)))), "{opened:?}");
    };
    open();
    assert_eq!(writer.fate(), None);
    std::fs::write(&path, "other weights").unwrap();
    assert_eq!(writer.fate(), Some(Fate::Changed));
    // The other one is loaded.
    open();
    assert_eq!(writer.fate(), None);
    std::fs::remove_file(&path).unwrap();
    open();
    assert_eq!(writer.fate(), Some(Fate::Gone));
    assert_eq!(*told.borrow(), [None, None, Some(Fate::Gone)]);
}
