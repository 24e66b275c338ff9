use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::writing::scripted::Scripted;
use crate::writing::{Beginning, Guard, Piece, Prompt, Request, Sampling};

fn request() -> Request {
    Request {
        prompt: Prompt::Continue("a line".into()),
        seeds: vec![1],
        sampling: Sampling::default(),
        guard: Guard::default(),
        max_tokens: 20,
        max_characters: None,
        sentences: 1,
        must: Vec::new(),
        fallback: Vec::new(),
        begun: Beginning::default(),
        avoid: Vec::new(),
    }
}

/// A desk with a scripted engine, and the states it goes through.
fn desk(engine: Scripted) -> (Desk, Receiver<EngineState>) {
    let (tell, states) = channel();
    let desk = Desk::start(
        move |task| {
            task.progress("loading", 1, Some(1));
            Ok(Box::new(engine))
        },
        move |state| tell.send(state.clone()).unwrap(),
    )
    .unwrap();
    (desk, states)
}

#[test]
fn states_go_from_loading_to_ready_and_work_gets_the_engine() {
    let (desk, states) = desk(Scripted::new(&["Hello there."]));
    assert!(matches!(states.recv().unwrap(), EngineState::Loading { progress: Some(_) }));
    assert!(matches!(states.recv().unwrap(), EngineState::Ready { .. }));
    let (tell, texts) = channel();
    let _ = desk.submit(Box::new(move |engine, cancel| {
        let written = engine.unwrap().write(&request(), cancel, &mut |_| {}).unwrap();
        tell.send(written.variants[0].text.clone()).unwrap();
    }));
    assert_eq!(texts.recv().unwrap(), "Hello there.");
    assert!(matches!(desk.state(), EngineState::Ready { .. }));
}

#[test]
fn a_newer_preview_cancels_the_one_before_and_drops_the_one_between() {
    let (enter, entered) = channel();
    let (go, gate) = channel::<()>();
    let engine = Scripted::new(&["one two three"]).before_word(move || {
        enter.send(()).unwrap();
        gate.recv().unwrap();
    });
    let (desk, _states) = desk(engine);
    let (tell, ends) = channel();
    let work = |name: &'static str| -> Work {
        let tell = tell.clone();
        Box::new(move |engine, cancel| {
            let mut words = 0;
            let result = engine.unwrap().write(&request(), cancel, &mut |piece| {
                words += usize::from(matches!(piece, Piece::Text { .. }));
            });
            tell.send((name, result.is_ok(), words)).unwrap();
        })
    };
    let _ = desk.preview(work("first"));
    entered.recv().unwrap();
    let _ = desk.preview(work("second"));
    let _ = desk.preview(work("third"));
    go.send(()).unwrap();
    assert_eq!(ends.recv().unwrap(), ("first", false, 0));
    for _ in 0..3 {
        go.send(()).unwrap();
    }
    assert_eq!(ends.recv().unwrap(), ("third", true, 3));
}

#[test]
fn dropping_the_desk_stops_what_is_running() {
    let (enter, entered) = channel();
    let (desk, _states) = desk(Scripted::new(&["on and on and on"]).before_word(move || {
        let _ = enter.send(());
    }));
    let (tell, ends) = channel();
    let _ = desk.submit(Box::new(move |engine, cancel| {
        let engine = engine.unwrap();
        while engine.write(&request(), cancel, &mut |_| {}).is_ok() {}
        tell.send(()).unwrap();
    }));
    entered.recv().unwrap();
    drop(desk);
    ends.recv().unwrap();
}

#[test]
fn a_panic_in_the_engine_becomes_a_state_with_a_remedy() {
    let (desk, states) = desk(Scripted::new(&["x"]).before_word(|| panic!("out of ink")));
    let write: fn() -> Work = || {
        Box::new(|engine, cancel| {
            let _ = engine.map(|engine| engine.write(&request(), cancel, &mut |_| {}));
        })
    };
    let broke = desk.submit(write()).broke().unwrap();
    // Whoever hears of it finds the desk's state to be so.
    assert_eq!(desk.state(), EngineState::Broken { message: broke.clone() });
    assert!(broke.contains("out of ink") && broke.contains("load the model again"), "{broke}");
    let told = states.try_iter().last();
    assert_eq!(told, Some(EngineState::Broken { message: broke.clone() }));
    // It is not used again, and that is no other panic.
    let (tell, errors) = channel();
    let again = desk.preview(Box::new(move |engine, _| {
        tell.send(engine.err().map(|error| error.to_string())).unwrap();
    }));
    assert_eq!(errors.recv().unwrap(), Some(broke));
    assert_eq!(again.broke(), None);
}

#[test]
fn the_memory_of_a_broken_engine_is_given_back_even_where_that_panics_too() {
    struct Stubborn(std::sync::mpsc::Sender<()>, Scripted);
    impl Drop for Stubborn {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
            panic!("cannot be put away");
        }
    }
    impl TextEngine for Stubborn {
        fn identity(&self) -> &ModelIdentity {
            self.1.identity()
        }

        fn write(
            &mut self,
            _: &Request,
            _: &Cancel,
            _: &mut dyn FnMut(Piece),
        ) -> Result<crate::writing::Writing, WritingError> {
            panic!("out of ink")
        }
    }
    let (tell, put_away) = channel();
    let desk = Desk::start(move |_| Ok(Box::new(Stubborn(tell, Scripted::new(&["x"])))), |_| {}).unwrap();
    let broke = desk.submit(Box::new(|engine, cancel| {
        let _ = engine.unwrap().write(&request(), cancel, &mut |_| {});
    }));
    assert!(broke.broke().unwrap().contains("out of ink"));
    put_away.recv().unwrap();
}

#[test]
fn a_panic_while_loading_is_a_failure_like_any_other() {
    let (tell, states) = channel();
    let _desk = Desk::start(|_| panic!("no paper"), move |state| tell.send(state.clone()).unwrap()).unwrap();
    let EngineState::Failed { message } = states.recv().unwrap() else { panic!("it is not loaded") };
    assert!(message.contains("no paper") && message.contains("load the model again"), "{message}");
}

#[test]
fn a_model_that_cannot_be_loaded_leaves_the_reason() {
    let (tell, states) = channel();
    let _desk = Desk::start(
        |_| Err(WritingError::Failed("no such file".into())),
        move |state| tell.send(state.clone()).unwrap(),
    )
    .unwrap();
    assert_eq!(states.recv().unwrap(), EngineState::Failed { message: "no such file".into() });
}
