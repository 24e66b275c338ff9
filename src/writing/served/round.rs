//! One slot written once per seed by a server.
//!
//! In: a request. Out: a text per seed. Several texts are asked for in one question where the server can do that, else
//! in several questions, as many at a time as are allowed. What fails for a while is asked again after a pause;
//! what fails for good ends the round.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use serde_json::Value;
use ureq::Agent;

use super::abilities::Abilities;
use super::answer::Answer;
use super::continued::{Manner, continued};
use super::http::{Again, News, Question, Trouble, of_error, start};
use super::models::{silent, stranger};
use super::{Fault, Shared, retry};
use crate::jobs::{Cancel, Cancelled};
use crate::writing::guard::Mask;
use crate::writing::{FinishReason, Piece, Request, Writing, Written};

/// How often a waiting round looks whether it is to stop.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// Tokens from which on it is judged how many come a second, and below how many a second it takes its time.
const SLOW: (usize, f64) = (6, 12.0);

/// Why a round ended without texts.
pub(super) enum End {
    Cancelled,
    Trouble(Trouble),
}

impl From<Cancelled> for End {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// A place among the questions that the server has to answer at once.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let more = |taken| (taken < most).then_some(taken + 1);
        open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(Arc::clone(open)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A question that is to be asked.
struct Ask {
    /// Places of the seeds that it is to be answered for.
    seats: Vec<usize>,
    /// Times that it has been asked.
    tries: u32,
    due: Instant,
}

/// A question that has been asked. Dropping it closes its connection.
struct Call {
    number: u64,
    ask: Ask,
    agent: Agent,
    /// When the server said something last.
    heard: Instant,
    begun: bool,
    /// Whether it answers as a model server does.
    chats: bool,
    /// Since when it has been writing.
    writing: Option<Instant>,
    abilities: Abilities,
    _place: Place,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.agent.clone().shutdown();
    }
}

/// One slot that is being written.
pub(super) struct Round<'a> {
    shared: &'a Shared,
    model: &'a str,
    request: &'a Request,
    mask: Mask,
    waiting: Vec<Ask>,
    calls: Vec<Call>,
    /// In the order of the seeds.
    answers: Vec<Answer>,
    written: Vec<Option<Written>>,
    sender: Sender<(u64, News)>,
    news: Receiver<(u64, News)>,
    /// How the server is asked to go on from what the texts begin with.
    manner: Option<Manner>,
    /// Whether what might have stood in each place is asked for; `None`: where the server tells it fast.
    telling: Option<bool>,
    next: u64,
    prompt_tokens: usize,
    prompt_seconds: f64,
    began: Instant,
}

impl<'a> Round<'a> {
    /// `manner`: how it is asked to go on, where the texts begin with something.
    pub(super) fn new(
        shared: &'a Shared,
        model: &'a str,
        request: &'a Request,
        manner: Option<Manner>,
    ) -> Self {
        let (sender, news) = unbounded();
        let seats = request.seeds.len();
        let mut round = Self {
            shared,
            model,
            request,
            mask: Mask::of_texts(&request.guard),
            waiting: Vec::new(),
            calls: Vec::new(),
            answers: vec![Answer::begun(request.begun.text()); seats],
            written: vec![None; seats],
            sender,
            news,
            manner,
            telling: None,
            next: 0,
            prompt_tokens: 0,
            prompt_seconds: 0.0,
            began: Instant::now(),
        };
        let together = round.abilities().several;
        round.queue((0..seats).collect(), together, 0, Duration::ZERO);
        round
    }

    /// Has it tell what might have stood in each place however long that takes, or not at all.
    pub(super) fn telling(self, telling: bool) -> Self {
        Self { telling: Some(telling), ..self }
    }

    fn tells(&self, abilities: Abilities) -> bool {
        self.telling.unwrap_or(!abilities.tells_slowly)
    }

    fn abilities(&self) -> Abilities {
        *self.shared.abilities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn<T>(&self, what: impl FnOnce(&mut Abilities) -> T) -> T {
        what(&mut self.shared.abilities.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn queue(&mut self, seats: Vec<usize>, together: bool, tries: u32, pause: Duration) {
        let due = Instant::now() + pause;
        if together {
            self.waiting.push(Ask { seats, tries, due });
        } else {
            self.waiting.extend(seats.into_iter().map(|seat| Ask { seats: vec![seat], tries, due }));
        }
    }

    /// Asks until every seed has its text.
    pub(super) fn run(mut self, cancel: &Cancel, tell: &mut dyn FnMut(Piece)) -> Result<Writing, End> {
        while self.written.iter().any(Option::is_none) {
            if cancel.is_cancelled() {
                self.calls.clear();
                for variant in (0..self.written.len()).filter(|seat| self.written[*seat].is_none()) {
                    tell(Piece::End { variant, reason: FinishReason::Cancelled });
                }
                return Err(End::Cancelled);
            }
            self.start_due()?;
            match self.news.recv_timeout(LOOK) {
                Ok((number, news)) => self.hear(number, news, tell)?,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            self.give_up_silent(tell)?;
        }
        Ok(Writing {
            variants: self.written.into_iter().flatten().collect(),
            examples_left_out: 0,
            prompt_tokens: self.prompt_tokens,
            prompt_seconds: self.prompt_seconds,
        })
    }

    /// Asks what is due, as far as there are places.
    fn start_due(&mut self) -> Result<(), Trouble> {
        loop {
            let abilities = self.abilities();
            let most = if abilities.at_once { self.shared.server.settings.concurrency } else { 1 };
            let now = Instant::now();
            let Some(next) = self.waiting.iter().position(|ask| ask.due <= now) else { return Ok(()) };
            let Some(place) = Place::take(&self.shared.open, most) else { return Ok(()) };
            let mut ask = self.waiting.remove(next);
            if ask.seats.len() > 1 && !abilities.several {
                self.queue(ask.seats.split_off(1), false, ask.tries, Duration::ZERO);
            }
            ask.tries += 1;
            let seed = self.request.seeds[ask.seats[0]];
            let told = self.tells(abilities);
            let body = abilities.body(self.request, self.model, seed, ask.seats.len(), self.manner, told);
            let question = match self.manner {
                Some(Manner::Raw) => Question::Complete(body),
                _ => Question::Chat(body),
            };
            self.next += 1;
            let number = self.next;
            let agent = start(&self.shared.server, question, number, self.sender.clone())?;
            self.calls.push(Call {
                number,
                ask,
                agent,
                heard: now,
                begun: false,
                chats: false,
                writing: None,
                abilities,
                _place: place,
            });
        }
    }

    fn hear(&mut self, number: u64, news: News, tell: &mut dyn FnMut(Piece)) -> Result<(), Trouble> {
        let Some(place) = self.calls.iter().position(|call| call.number == number) else { return Ok(()) };
        match news {
            News::Document(document) => self.read(place, &document, tell),
            News::Ended(Ok(())) => self.ended(place, tell),
            News::Ended(Err(trouble)) => self.failed(place, trouble),
        }
    }

    /// A part of an answer.
    fn read(&mut self, place: usize, document: &Value, tell: &mut dyn FnMut(Piece)) -> Result<(), Trouble> {
        if let Some(said) = of_error(document) {
            let what = format!("broke its answer off and says \"{said}\": see what it logs, or try again");
            let status = document["error"]["code"].as_u64().unwrap_or(0) as u16;
            let trouble = Trouble::new(Fault::Broken, Again::Soon, &self.shared.server, &what);
            return self.failed(place, Trouble { refusal: Some((status, said)), ..trouble });
        }
        let call = &mut self.calls[place];
        call.heard = Instant::now();
        call.begun = true;
        call.chats |= document["choices"].is_array();
        if self.prompt_seconds == 0.0 {
            self.prompt_seconds = self.began.elapsed().as_secs_f64();
        }
        if let Some(tokens) = document["usage"]["prompt_tokens"].as_u64() {
            self.prompt_tokens = tokens as usize;
        }
        let sentences = self.request.sentences;
        for choice in document["choices"].as_array().into_iter().flatten() {
            let index = choice["index"].as_u64().unwrap_or(0) as usize;
            let call = &mut self.calls[place];
            // What is whole already takes no more.
            let Some(&seat) = call.ask.seats.get(index).filter(|seat| self.written[**seat].is_none()) else {
                continue;
            };
            let writing = *call.writing.get_or_insert_with(Instant::now);
            let stops = call.abilities.stops;
            self.answers[seat].push(choice);
            if let Some(text) = self.answers[seat].news(sentences) {
                tell(Piece::Text { variant: seat, text, tokens: self.answers[seat].tokens });
            }
            let (text, whole) = self.answers[seat].text(sentences);
            let too_long = self.request.max_characters.is_some_and(|most| text.chars().count() > most);
            // A word may still grow into another; what stands before it is final.
            let breaks = text.rfind(' ').is_some_and(|end| self.mask.forbids(&text[..end]));
            if (whole || too_long || breaks) && !(text.is_empty() && stops) {
                let reason = if whole { None } else { Some(FinishReason::Length) };
                self.settle(seat, reason, Some(writing), tell);
            }
        }
        if self.calls[place].ask.seats.iter().all(|seat| self.written[*seat].is_some()) {
            // What the server would add is of no use.
            self.calls.remove(place);
        }
        Ok(())
    }

    /// The text of a seed is as it will stand.
    fn settle(
        &mut self,
        seat: usize,
        reason: Option<FinishReason>,
        since: Option<Instant>,
        tell: &mut dyn FnMut(Piece),
    ) {
        let answer = &self.answers[seat];
        let (text, _) = answer.text(self.request.sentences);
        // Nor may a server repeat its key.
        let allowed = !self.mask.forbids(text) && self.shared.server.without_key(text) == text;
        let reason = reason.or(answer.end).unwrap_or(FinishReason::Stop);
        // The limit fell behind the end of the sentence.
        let reason = if text.ends_with(['.', '!', '?', '…', '。', '！', '？']) {
            FinishReason::Stop
        } else {
            reason
        };
        let seconds = since.map_or(0.0, |since| since.elapsed().as_secs_f64());
        let tokens_per_second = if seconds > 0.0 { answer.tokens as f64 / seconds } else { 0.0 };
        let told = answer.told(text);
        let (begun, tokens) = (self.request.begun.text(), answer.tokens);
        let text = match text.strip_prefix(begun.trim_start()) {
            Some(said) if !begun.is_empty() => continued(begun, said, &self.request.prompt),
            _ => Some(text.to_owned()),
        };
        // Of one that repeats the beginning, that would be told twice.
        let told =
            if text.as_deref() == Some(answer.text(self.request.sentences).0) { told } else { Vec::new() };
        let mean_log_probability = answer.mean_log_probability();
        if !told.is_empty() && tokens >= SLOW.0 && tokens_per_second < SLOW.1 {
            self.learn(|abilities| abilities.tells_slowly = true);
        }
        let written = Written {
            // What is not allowed is nothing, and so is what starts afresh: it is asked for again.
            text: text.filter(|_| allowed).unwrap_or_default(),
            seed: self.request.seeds[seat],
            finish_reason: reason,
            tokens,
            tokens_per_second,
            mean_log_probability,
            earlier: false,
            token_ids: Vec::new(),
            told,
            begun: self.request.begun.clone(),
            avoided: Vec::new(),
        };
        tell(Piece::Whole { variant: seat, written: Box::new(written.clone()) });
        self.written[seat] = Some(written);
        tell(Piece::End { variant: seat, reason });
    }

    /// The server has said all that it will.
    fn ended(&mut self, place: usize, tell: &mut dyn FnMut(Piece)) -> Result<(), Trouble> {
        let call = self.calls.remove(place);
        let (asked, tries, several) = (call.ask.seats.clone(), call.ask.tries, call.abilities.several);
        let (stops, at_once, since) = (call.abilities.stops, call.abilities.at_once, call.writing);
        let strange = call.begun && !call.chats;
        drop(call);
        if strange {
            return Err(stranger(&self.shared.server, "choices"));
        }
        let open = |round: &Self, seat: &usize| round.written[*seat].is_none();
        for seat in &asked {
            if open(self, seat)
                && self.answers[*seat].end.is_some()
                && !(self.answers[*seat].is_blank() && stops)
            {
                self.settle(*seat, None, since, tell);
            }
        }
        let left: Vec<usize> = asked.iter().copied().filter(|seat| open(self, seat)).collect();
        if left.is_empty() {
            return Ok(());
        }
        if left.len() < asked.len() && several {
            // One text came where several were asked for.
            self.learn(|abilities| abilities.several = false);
            self.queue(left, false, tries - 1, Duration::ZERO);
            return Ok(());
        }
        if left.iter().all(|seat| self.answers[*seat].end.is_some()) {
            // Its texts begin with a line break, which ended them at once.
            self.learn(|abilities| abilities.stops = false);
            self.again(left, several, tries, Duration::ZERO);
            return Ok(());
        }
        if at_once && (tries > 1 || self.calls.len() + self.waiting.len() > 0) {
            // Some servers drop an answer for the next question.
            self.learn(|abilities| abilities.at_once = false);
            self.again(left, several, tries.min(1), Duration::ZERO);
            return Ok(());
        }
        if tries >= retry::TRIES {
            let written: Vec<usize> =
                left.iter().copied().filter(|seat| !self.answers[*seat].is_blank()).collect();
            if written.len() == left.len() {
                for seat in left {
                    self.settle(seat, Some(FinishReason::Length), since, tell);
                }
                return Ok(());
            }
        }
        let what = "ended its answer before the text was whole: see what it logs, or try again";
        let trouble = Trouble::new(Fault::Broken, Again::Soon, &self.shared.server, what);
        self.ask_again(left, several, tries, trouble)
    }

    fn failed(&mut self, place: usize, trouble: Trouble) -> Result<(), Trouble> {
        let call = self.calls.remove(place);
        let (seats, tries) = (call.ask.seats.clone(), call.ask.tries);
        let several = call.abilities.several;
        let sent = call.abilities;
        drop(call);
        let seats: Vec<usize> = seats.into_iter().filter(|seat| self.written[*seat].is_none()).collect();
        if seats.is_empty() {
            return Ok(());
        }
        // Some say nothing at all where alternatives are asked for and they keep none.
        if let Some((200, _)) = trouble.refusal
            && self.tells(sent)
            && self.learn(|known| std::mem::take(&mut known.alternatives)) > 0
        {
            self.again(seats, several, tries.saturating_sub(1), Duration::ZERO);
            return Ok(());
        }
        // A server that knows no such beginning is asked in another manner.
        if self.manner.is_some() && trouble.refusal.is_some() && trouble.again == Again::No {
            return Err(trouble);
        }
        if let (Some((400 | 422, said)), Fault::Refused) = (&trouble.refusal, trouble.fault) {
            // Another question may have learned it meanwhile.
            let learned = self.learn(|known| *known != sent || known.give_up(said));
            if learned {
                self.again(seats, several, tries.saturating_sub(1), Duration::ZERO);
                return Ok(());
            }
        }
        self.ask_again(seats, several, tries, trouble)
    }

    /// After a pause, unless it is in vain.
    fn ask_again(
        &mut self,
        seats: Vec<usize>,
        together: bool,
        tries: u32,
        trouble: Trouble,
    ) -> Result<(), Trouble> {
        match retry::pause(trouble.again, tries, self.request.seeds[seats[0]]) {
            Some(pause) => self.again(seats, together, tries, pause),
            None => return Err(trouble),
        }
        Ok(())
    }

    fn again(&mut self, seats: Vec<usize>, together: bool, tries: u32, pause: Duration) {
        for seat in &seats {
            self.answers[*seat].again();
        }
        self.queue(seats, together, tries, pause);
    }

    /// Ends what has been silent for too long.
    fn give_up_silent(&mut self, tell: &mut dyn FnMut(Piece)) -> Result<(), Trouble> {
        let settings = &self.shared.server.settings;
        let (first, idle) = (settings.first, settings.idle);
        loop {
            let limit = |call: &Call| if call.begun { idle } else { first };
            let Some(place) = self.calls.iter().position(|call| call.heard.elapsed() > limit(call)) else {
                return Ok(());
            };
            // What it has said meanwhile counts.
            while let Ok((number, news)) = self.news.try_recv() {
                self.hear(number, news, tell)?;
            }
            let Some(call) = self.calls.get(place).filter(|call| call.heard.elapsed() > limit(call)) else {
                continue;
            };
            let trouble = silent(self.shared, limit(call), call.begun);
            self.failed(place, trouble)?;
        }
    }
}
