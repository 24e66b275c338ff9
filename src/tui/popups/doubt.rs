//! How sure the model was of each word of a variant, what else might have stood there, and how it goes on from that.
//!
//! ```text
//! It's been a while, and we have something new.
//!                        ▂▂      █████████
//! something, 4 %                     ▸ 4 %  something   as it is
//!                                     31 %  some
//! ```

use std::sync::Arc;

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::data::is_han;
use crate::jobs::{End, JobId};
use crate::strategy::Strategy;
use crate::tui::app::{Gravity, Load, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Mouse, News, Pane, Popup};
use crate::tui::screens::strategies::CheckedDraft;
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, List, Sentence};
use crate::tui::work::{Fork, Outcome, Slot, Work};
use crate::writing::Written;
use crate::writing::doubt::{self, Alternative, Considered};

const TOKENS: u8 = 0;
const OTHERS: u8 = 1;
/// Rows for the alternatives where there is room.
const SHOWN: u16 = 9;

pub struct Doubt {
    strategy: Strategy,
    variant: usize,
    draft: Arc<CheckedDraft>,
    slot: usize,
    tokens: Load<Arc<Vec<Considered>>>,
    /// The token that is looked at.
    at: usize,
    /// What might stand in its place: the first row is the token itself.
    others: List,
    /// The fork that is being written.
    forking: Option<JobId>,
}

impl Doubt {
    #[must_use]
    pub fn new(strategy: Strategy, variant: usize, draft: Arc<CheckedDraft>, shared: &mut Shared) -> Self {
        let slot = draft.0.slots.iter().position(Written::is_models).unwrap_or(0);
        let mut popup = Self {
            strategy,
            variant,
            draft,
            slot,
            tokens: Load::Waiting,
            at: 0,
            others: List::new(0),
            forking: None,
        };
        popup.look_back(shared);
        popup
    }

    fn look_back(&mut self, shared: &mut Shared) {
        let job = shared.start(Work::LookBack {
            strategy: Box::new(self.strategy.clone()),
            draft: Arc::clone(&self.draft),
            slot: self.slot,
        });
        self.tokens = Load::Loading(job);
    }

    fn token(&self) -> Option<&Considered> {
        self.tokens.ready()?.get(self.at)
    }

    /// Looks at another token. The first parts of a character that takes several have no text: they are passed over.
    fn go(&mut self, to: impl Fn(usize) -> Option<usize>) {
        let Some(tokens) = self.tokens.ready() else { return };
        let mut at = self.at;
        while let Some(next) = to(at).filter(|next| *next < tokens.len()) {
            at = next;
            if !tokens[at].text.is_empty() {
                break;
            }
        }
        self.look_at(at);
    }

    fn look_at(&mut self, at: usize) {
        self.at = at;
        self.others = List::new(self.token().map_or(0, |token| token.others.len() + 1));
    }

    /// The slot before or after this one that a model wrote.
    fn other_slot(&self, forward: bool) -> Option<usize> {
        let written = |slot: &usize| self.draft.0.slots[*slot].is_models();
        let count = self.draft.0.slots.len();
        let step = if forward { 1 } else { count.saturating_sub(1) };
        (1..count).map(|turn| (self.slot + turn * step) % count).find(written)
    }

    /// The alternative that is chosen, and why it cannot be taken.
    fn chosen(&self) -> Result<&Alternative, &'static str> {
        let row = self.others.selected().unwrap_or(0);
        let Some(other) =
            self.token().and_then(|token| row.checked_sub(1).and_then(|row| token.others.get(row)))
        else {
            return Err("That is what stands there: choose another word below it first.");
        };
        if other.allowed {
            Ok(other)
        } else {
            Err(
                "That may not stand there: numbers, offers, banned words and the like come from your data only.",
            )
        }
    }

    fn fork(&mut self, shared: &mut Shared) {
        let (Some(tokens), Ok(chosen)) = (self.tokens.ready(), self.chosen()) else { return };
        let begun = doubt::chosen(tokens, self.at, chosen);
        let fork = Fork {
            strategy: self.strategy.clone(),
            draft: Arc::clone(&self.draft),
            variant: self.variant,
            slot: self.slot,
            begun,
            banned_words: shared.setup.config.banned_words(),
        };
        self.forking = Some(shared.start(Work::Fork(Box::new(fork))));
    }

    fn draw_tokens(&self, tokens: &[Considered], area: Rect, canvas: &mut Canvas<'_>) {
        canvas.region(area, Hit::List(TOKENS));
        let rows = rows(tokens, area.width);
        // A row of marks under each row of text, where there is room for it.
        let each = if area.height >= 2 { 2 } else { 1 };
        let sight = usize::from(area.height / each);
        let here = rows.iter().position(|row| row.iter().any(|place| place.index == self.at)).unwrap_or(0);
        let top = (here + 1).saturating_sub(sight).max(here.saturating_sub(sight / 2));
        let top = top.min(rows.len().saturating_sub(sight));
        for (line, row) in rows.iter().skip(top).take(sight).enumerate() {
            let y = area.y + line as u16 * each;
            for place in row {
                let token = &tokens[place.index];
                let theme = canvas.theme;
                let style = shade(theme, token.probability);
                let columns = text::width(&place.text) as u16;
                let style = if place.index == self.at { style.patch(theme.selection) } else { style };
                let x = area.x + place.column;
                canvas.text(x, y, columns, &place.text, style);
                canvas.region(
                    Rect { x, y, width: columns, height: 1 },
                    Hit::Row { list: TOKENS, index: place.index },
                );
                let blanks = (place.text.len() - place.text.trim_start().len()) as u16;
                if each == 2 && columns > blanks {
                    let mark = mark(token.probability).repeat(usize::from(columns - blanks));
                    let style = shade(canvas.theme, token.probability);
                    canvas.text(x + blanks, y + 1, columns - blanks, &mark, style);
                }
            }
        }
    }

    fn draw_others(&self, token: &Considered, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.region(area, Hit::List(OTHERS));
        let row = self.others.selected().unwrap_or(0);
        let sight = usize::from(area.height);
        let top = (row + 1).saturating_sub(sight);
        let stands = (token.text.as_str(), token.probability, None);
        let others = token.others.iter().map(|other| {
            (
                other.text.as_str(),
                other.probability,
                Some(if other.allowed { "" } else { "may not stand here" }),
            )
        });
        for (index, (word, probability, note)) in
            std::iter::once(stands).chain(others).enumerate().skip(top).take(sight)
        {
            let y = area.y + (index - top) as u16;
            let theme = canvas.theme;
            let selected = index == row;
            let refused = note == Some("may not stand here");
            let style = if refused { theme.dim } else { theme.text };
            let style = if selected { style.patch(theme.strong) } else { style };
            let lead = if selected { "▸" } else { " " };
            canvas.text(area.x, y, 2, lead, theme.accent);
            canvas.text_right(area.x + 2, y, 6, &percent(probability), style);
            let bar = 10.min(area.width.saturating_sub(30));
            if bar > 0 {
                widgets::bar(canvas, area.x + 10, y, bar, f64::from(probability));
            }
            let x = area.x + 11 + bar;
            let room = area.right().saturating_sub(x);
            let used = canvas.text(x, y, room, &text::clean(word.trim()), style);
            let note = note.unwrap_or("as it is");
            let dim = canvas.theme.dim;
            canvas.text(x + used + 2, y, room.saturating_sub(used + 2), note, dim);
            canvas.region(Rect { y, height: 1, ..area }, Hit::Row { list: OTHERS, index });
        }
    }
}

/// A piece of text on a row.
struct Place {
    index: usize,
    column: u16,
    text: String,
}

/// The tokens in rows of at most `width` columns, broken where a word begins.
fn rows(tokens: &[Considered], width: u16) -> Vec<Vec<Place>> {
    let mut rows: Vec<Vec<Place>> = vec![Vec::new()];
    let mut used = 0;
    let mut index = 0;
    while index < tokens.len() {
        // A word is a token that begins with a blank and those behind it that do not; each Chinese character is one.
        let begins = |c: char| c.is_whitespace() || is_han(c);
        let end = (index + 1..tokens.len())
            .find(|next| tokens[*next].text.starts_with(begins))
            .unwrap_or(tokens.len());
        let clean = |token: &Considered| text::clean(&token.text).into_owned();
        let word: usize = tokens[index..end].iter().map(|token| text::width(&clean(token))).sum();
        if used + word > usize::from(width) && used > 0 {
            rows.push(Vec::new());
            used = 0;
        }
        for (index, token) in tokens.iter().enumerate().take(end).skip(index) {
            let clean = clean(token);
            let text = if used == 0 { clean.trim_start() } else { &clean };
            // A word that is wider than the window goes on below.
            if used + text::width(text) > usize::from(width) {
                rows.push(Vec::new());
                used = 0;
            }
            if let Some(row) = rows.last_mut() {
                row.push(Place { index, column: used as u16, text: text.to_owned() });
            }
            used += text::width(text);
        }
        index = end;
    }
    rows
}

/// The less likely, the more it stands out.
fn shade(theme: &Theme, probability: f32) -> Style {
    match probability {
        0.5.. => theme.text,
        0.2.. => theme.accent,
        0.05.. => theme.warning,
        _ => theme.bad,
    }
}

/// The same without colours.
fn mark(probability: f32) -> &'static str {
    match probability {
        0.5.. => " ",
        0.2.. => "▁",
        0.05.. => "▄",
        _ => "█",
    }
}

fn percent(probability: f32) -> String {
    if probability < 0.01 { "< 1 %".into() } else { format!("{:.0} %", probability * 100.0) }
}

impl Pane for Doubt {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        let ready = self.tokens.ready().is_some();
        match action {
            Action::Back => Availability::Yes,
            Action::Open if ready => match self.chosen() {
                _ if self.forking.is_some() => Availability::No("The model is writing on already.".into()),
                Ok(_) => Availability::Yes,
                Err(why) => Availability::No(why.into()),
            },
            Action::Left | Action::Right | Action::First | Action::Last if ready => Availability::Yes,
            Action::NextPanel | Action::PreviousPanel if self.draft.0.slots.len() > 1 => Availability::when(
                self.other_slot(true).is_some(),
                "No other stretch of this variant was written by a model.",
            ),
            _ if ready => self.others.availability(action),
            _ => Availability::Hidden,
        }
    }

    fn hints(&self) -> &'static [(Action, &'static str)] {
        &[
            (Action::Left, "word before"),
            (Action::Right, "word after"),
            (Action::Down, "other words"),
            (Action::Open, "go on from it"),
            (Action::NextPanel, "next stretch"),
            (Action::Back, "close"),
        ]
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        let last = self.tokens.ready().map_or(0, |tokens| tokens.len().saturating_sub(1));
        match action {
            Action::Back => {
                shared.cancel_slot(Slot::Doubt);
                shared.request(Request::Close);
            }
            Action::Open => self.fork(shared),
            Action::Left => self.go(|at| at.checked_sub(1)),
            Action::Right => self.go(|at| Some(at + 1)),
            Action::First => self.look_at(0),
            Action::Last => self.look_at(last),
            Action::NextPanel | Action::PreviousPanel => {
                if let Some(slot) = self.other_slot(action == Action::NextPanel) {
                    self.slot = slot;
                    self.look_at(0);
                    self.look_back(shared);
                }
            }
            _ => drop(self.others.act(action)),
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        match hit {
            Hit::Row { list: TOKENS, index } if mouse != Mouse::Scroll(1) => self.look_at(index),
            Hit::Row { list: OTHERS, index } => {
                let opened = self.others.mouse(Some(index), mouse);
                let may = self.chosen().is_ok() && self.forking.is_none();
                if opened && may {
                    self.fork(shared);
                }
            }
            Hit::List(OTHERS) => drop(self.others.mouse(None, mouse)),
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        let News::Ended { id, end, .. } = news else { return };
        if matches!(self.tokens, Load::Loading(job) if job == id) {
            match end {
                End::Done(Outcome::LookedBack(tokens)) => {
                    self.tokens = Load::Ready(Arc::clone(tokens));
                    let at = self.at.min(tokens.len().saturating_sub(1));
                    self.look_at(at);
                }
                End::Failed(message) => self.tokens = Load::Failed(message.clone()),
                End::Cancelled => self.tokens = Load::Failed("It was stopped.".into()),
                End::Done(_) => {}
            }
        } else if self.forking == Some(id) {
            self.forking = None;
            match end {
                End::Done(Outcome::Forked { draft, .. }) => {
                    self.draft = Arc::clone(draft);
                    self.look_back(shared);
                }
                End::Failed(message) => shared.toast(Gravity::Bad, message.clone()),
                End::Cancelled | End::Done(_) => {}
            }
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        let tokens = match &self.tokens {
            Load::Ready(tokens) => tokens,
            Load::Failed(message) => {
                let sentence = Sentence { what: "The model cannot say how sure it was", next: message };
                widgets::empty(canvas, area, &sentence);
                return;
            }
            Load::Waiting | Load::Loading(_) => {
                let what = "The model is looking at its words again …";
                widgets::empty(canvas, area, &Sentence { what, next: "" });
                return;
            }
        };
        let Some(token) = self.token() else { return };
        let key = |action| shared.keymap.shown(action);
        let foot = u16::from(area.height >= 8);
        let list = SHOWN.min(token.others.len() as u16 + 1).min(area.height.saturating_sub(3 + foot).max(1));
        let above = area.height.saturating_sub(list + foot + 1).max(1);
        self.draw_tokens(tokens, Rect { height: above, ..area }, canvas);
        let y = area.y + above;
        let said = if self.forking.is_some() {
            "The model goes on from there …".to_owned()
        } else {
            let word = text::clean(token.text.trim()).into_owned();
            // Chinese characters may be of several tokens.
            let what = if word.is_empty() { "A part of a character".into() } else { format!("“{word}”") };
            format!("{what} had {}; what might stand there:", percent(token.probability))
        };
        canvas.text(area.x, y, area.width, &said, theme.dim);
        self.draw_others(token, Rect { y: y + 1, height: list, ..area }, canvas);
        if foot == 1 {
            let marks = "▁ under 50 %, ▄ under 20 %, █ under 5 %";
            let told = format!("{} goes on from the chosen word. {marks}", key(Action::Open));
            canvas.text(area.x, area.bottom() - 1, area.width, &told, theme.dim);
        }
    }
}

impl Popup for Doubt {
    fn title(&self) -> String {
        let stretch = match self.draft.0.slots.len() {
            0 | 1 => String::new(),
            count => format!(", stretch {} of {count}", self.slot + 1),
        };
        format!("How sure the model was of variant {}{stretch}", self.variant + 1)
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        let width = shared.size.0.min(84);
        let rows = self.tokens.ready().map_or(2, |tokens| rows(tokens, width.saturating_sub(4)).len());
        (width, 2 * rows as u16 + SHOWN + 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(texts: &[&str]) -> Vec<Considered> {
        let token = |text: &&str| Considered {
            token: None,
            text: (*text).to_owned(),
            probability: 0.5,
            others: Vec::new(),
        };
        texts.iter().map(token).collect()
    }

    fn lines(texts: &[&str], width: u16) -> Vec<String> {
        let tokens = tokens(texts);
        let rows = rows(&tokens, width);
        rows.iter().map(|row| row.iter().map(|place| place.text.as_str()).collect()).collect()
    }

    #[test]
    fn rows_break_between_words_and_not_within_them() {
        let texts = [" We", " miss", "ed", " you", "."];
        assert_eq!(lines(&texts, 40), ["We missed you."]);
        assert_eq!(lines(&texts, 10), ["We missed", "you."]);
        assert_eq!(lines(&[" extra", "ordinary"], 6), ["extra", "ordinary"]);
    }

    #[test]
    fn the_less_likely_the_more_it_stands_out() {
        let marks: String = [0.9, 0.3, 0.1, 0.01].map(mark).concat();
        assert_eq!(marks, " ▁▄█");
        assert_eq!((percent(0.004).as_str(), percent(0.126).as_str()), ("< 1 %", "13 %"));
    }
}
