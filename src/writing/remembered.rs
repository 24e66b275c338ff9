//! An engine that remembers what it wrote last.
//!
//! In: an engine. Out: the same engine; a request that was answered before is answered at once with the same texts. So
//! an edit of a strategy has only those slots written that it changes: what is asked of the others is what was asked
//! before. Whoever wants other texts asks with other seeds.

use std::collections::VecDeque;
use std::sync::Arc;

use super::adapter::Place;
use super::doubt::Considered;
use super::guard::taught::Taught;
use super::served::Fault;
use super::{Form, ModelIdentity, Piece, Request, Sampling, TextEngine, Writing, WritingError, Written};
use crate::jobs::{Cancel, Cancelled};

/// Requests that are remembered: some four strategies of five slots, with what was asked for again.
const MOST: usize = 32;

pub struct Remembered {
    engine: Box<dyn TextEngine>,
    /// Newest last.
    known: VecDeque<(ModelIdentity, Request, Writing)>,
}

impl Remembered {
    #[must_use]
    pub fn new(engine: Box<dyn TextEngine>) -> Self {
        Self { engine, known: VecDeque::new() }
    }
}

impl TextEngine for Remembered {
    fn identity(&self) -> &ModelIdentity {
        self.engine.identity()
    }

    fn writes(&self, language: &str) -> bool {
        self.engine.writes(language)
    }

    fn candidates(&self) -> usize {
        self.engine.candidates()
    }

    fn converses(&self) -> bool {
        self.engine.converses()
    }

    fn wanders(&self) -> bool {
        self.engine.wanders()
    }

    fn taught(&self) -> Option<&Arc<Taught>> {
        self.engine.taught()
    }

    fn same_openings(&self) -> u32 {
        self.engine.same_openings()
    }

    fn sampling(&self, asked: Sampling) -> Sampling {
        self.engine.sampling(asked)
    }

    fn away(&self) -> Option<&str> {
        self.engine.away()
    }

    fn fault(&self) -> Option<Fault> {
        self.engine.fault()
    }

    fn at_once(&self) -> usize {
        self.engine.at_once()
    }

    fn another(&self) -> Option<Box<dyn TextEngine>> {
        self.engine.another()
    }

    fn adapt(&mut self, adapter: Option<&Place>, cancel: &Cancel) -> Result<(), WritingError> {
        self.engine.adapt(adapter, cancel)
    }

    fn adapt_as(&mut self, record: &ModelIdentity) -> Result<(), WritingError> {
        self.engine.adapt_as(record)
    }

    fn form(&self) -> Form {
        self.engine.form()
    }

    fn looks_back(&self) -> bool {
        self.engine.looks_back()
    }

    fn look_back(
        &mut self,
        request: &Request,
        written: &Written,
        cancel: &Cancel,
    ) -> Result<Vec<Considered>, WritingError> {
        self.engine.look_back(request, written, cancel)
    }

    fn instead(&mut self, cancel: &Cancel) -> Result<Option<&mut dyn TextEngine>, WritingError> {
        self.engine.instead(cancel)
    }

    fn write(
        &mut self,
        request: &Request,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Piece),
    ) -> Result<Writing, WritingError> {
        if cancel.is_cancelled() {
            return Err(Cancelled.into());
        }
        // Beside another adapter it would write something else.
        let by = self.engine.identity().clone();
        let same = |(writer, known, _): &(ModelIdentity, Request, Writing)| *writer == by && known == request;
        if let Some(place) = self.known.iter().position(same)
            && let Some((by, request, writing)) = self.known.remove(place)
        {
            self.known.push_back((by, request, writing.clone()));
            let mut writing = writing;
            for (variant, written) in writing.variants.iter_mut().enumerate() {
                written.earlier = true;
                tell(Piece::Text { variant, text: written.text.clone(), tokens: written.tokens });
                tell(Piece::Whole { variant, written: Box::new(written.clone()) });
                tell(Piece::End { variant, reason: written.finish_reason });
            }
            return Ok(writing);
        }
        let writing = self.engine.write(request, cancel, tell)?;
        if self.known.len() == MOST {
            self.known.pop_front();
        }
        self.known.push_back((by, request.clone(), writing.clone()));
        Ok(writing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writing::scripted::Scripted;
    use crate::writing::{Beginning, Guard, Prompt};

    fn request(prompt: &str, seed: u64) -> Request {
        Request {
            prompt: Prompt::Continue(prompt.into()),
            seeds: vec![seed],
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

    /// What comes of a request, and what is told on the way.
    fn ask(engine: &mut Remembered, request: &Request) -> (String, String) {
        let mut told = String::new();
        let writing = engine.write(request, &Cancel::default(), &mut |piece| {
            if let Piece::Text { text, .. } = piece {
                told.push_str(&text);
            }
        });
        (writing.unwrap().variants[0].text.clone(), told)
    }

    #[test]
    fn only_what_changed_is_written_again() {
        // A script says another line each time that it is asked.
        let lines: Vec<String> = (0..60).map(|line| format!("Line {line}.")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut engine = Remembered::new(Box::new(Scripted::new(&lines)));
        let first = ask(&mut engine, &request("one", 1));
        assert_eq!(first, ("Line 0.".to_owned(), "Line 0.".to_owned()));
        assert_eq!(ask(&mut engine, &request("one", 1)), first);
        assert_eq!(ask(&mut engine, &request("two", 1)).0, "Line 1.");
        assert_eq!(ask(&mut engine, &request("one", 2)).0, "Line 2.");
        assert_eq!(ask(&mut engine, &request("one", 1)), first);
        for seed in 3..3 + MOST as u64 {
            ask(&mut engine, &request("one", seed));
        }
        assert_ne!(ask(&mut engine, &request("one", 1)), first, "it does not remember without end");
    }

    /// Says of itself what nobody would who says nothing.
    struct Particular {
        engine: Scripted,
        taught: Arc<Taught>,
    }

    impl TextEngine for Particular {
        fn identity(&self) -> &ModelIdentity {
            self.engine.identity()
        }

        fn writes(&self, language: &str) -> bool {
            language == "zh"
        }

        fn candidates(&self) -> usize {
            7
        }

        fn converses(&self) -> bool {
            true
        }

        fn wanders(&self) -> bool {
            false
        }

        fn taught(&self) -> Option<&Arc<Taught>> {
            Some(&self.taught)
        }

        fn same_openings(&self) -> u32 {
            5
        }

        fn at_once(&self) -> usize {
            3
        }

        fn write(
            &mut self,
            request: &Request,
            cancel: &Cancel,
            tell: &mut dyn FnMut(Piece),
        ) -> Result<Writing, WritingError> {
            self.engine.write(request, cancel, tell)
        }
    }

    #[test]
    fn it_says_of_itself_what_its_engine_says() {
        let taught = Arc::new(Taught::of(["harbour weather"].into_iter()));
        let engine = Particular { engine: Scripted::new(&["One."]), taught: Arc::clone(&taught) };
        let remembered = Remembered::new(Box::new(engine));
        assert_eq!(remembered.taught(), Some(&taught));
        assert!(remembered.writes("zh") && !remembered.writes("en"));
        assert!(remembered.converses() && !remembered.wanders());
        let numbers = (remembered.candidates(), remembered.same_openings(), remembered.at_once());
        assert_eq!(numbers, (7, 5, 3));
    }

    #[test]
    fn what_was_stopped_is_not_remembered() {
        let mut engine = Remembered::new(Box::new(Scripted::new(&["One.", "Two."])));
        let cancel = Cancel::default();
        cancel.cancel();
        assert!(engine.write(&request("one", 1), &cancel, &mut |_| {}).is_err());
        assert_eq!(ask(&mut engine, &request("one", 1)).0, "One.");
    }
}
