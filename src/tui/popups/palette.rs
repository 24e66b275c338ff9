//! Commands found by typing part of their name or sentence.

use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::Rect;

use crate::tui::app::{App, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability, TABLE};
use crate::tui::pane::{Focus, Mouse, Pane, Popup};
use crate::tui::widgets::{self, Align, Cell, Column, Input, List, Sentence, Table, Width};

pub struct Palette {
    /// What can be done where the palette was opened, and why not where it cannot.
    commands: Vec<(Action, Option<String>)>,
    found: Vec<usize>,
    input: Input,
    list: List,
}

impl Palette {
    #[must_use]
    pub fn new(app: &App) -> Self {
        let commands: Vec<_> = TABLE
            .iter()
            .filter(|row| !matches!(row.action, Action::Palette | Action::Back))
            .filter_map(|row| match app.availability(row.action) {
                Availability::Yes => Some((row.action, None)),
                Availability::No(why) => Some((row.action, Some(why))),
                Availability::Hidden => None,
            })
            .collect();
        let mut palette =
            Self { commands, found: Vec::new(), input: Input::default(), list: List::default() };
        palette.find();
        palette
    }

    /// The table is short: fuzzy matching it takes microseconds.
    fn find(&mut self) {
        let pattern = Pattern::parse(self.input.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for (index, (action, _)) in self.commands.iter().enumerate() {
            let row = action.row();
            let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
            // A match in the name counts for more than one in the sentence.
            let best = score(row.name).map(|score| score * 2).max(score(row.sentence));
            if let Some(best) = best {
                scored.push((best, index));
            }
        }
        scored.sort_by_key(|&(score, index)| (std::cmp::Reverse(score), index));
        self.found = scored.into_iter().map(|(_, index)| index).collect();
        self.list = List::new(self.found.len());
    }

    fn run(&self, shared: &mut Shared) {
        shared.request(Request::Close);
        if let Some((action, _)) = self.list.selected().map(|row| &self.commands[self.found[row]]) {
            shared.request(Request::Do(*action));
        }
    }
}

impl Pane for Palette {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Accept => Availability::when(
                !self.found.is_empty(),
                "No command matches: Backspace takes letters back.",
            ),
            Action::Leave | Action::Back => Availability::Yes,
            _ => Availability::Hidden,
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Accept => self.run(shared),
            _ => shared.request(Request::Close),
        }
    }

    fn focus(&self) -> Focus {
        Focus::Line
    }

    fn typed(&mut self, key: KeyEvent, _: &mut Shared) {
        match key.code {
            KeyCode::Up => self.list.step(-1),
            KeyCode::Down => self.list.step(1),
            KeyCode::PageUp => drop(self.list.act(Action::PageUp)),
            KeyCode::PageDown => drop(self.list.act(Action::PageDown)),
            _ => {
                if self.input.key(key) {
                    self.find();
                }
            }
        }
    }

    fn pasted(&mut self, text: &str, _: &mut Shared) {
        self.input.insert(text);
        self.find();
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        match hit {
            Hit::Row { index, .. } => {
                self.list.mouse(Some(index), mouse);
                if mouse == Mouse::Click {
                    self.run(shared);
                }
            }
            _ => drop(self.list.mouse(None, mouse)),
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        canvas.text(area.x, area.y, 2, ":", theme.accent);
        self.input.draw(
            canvas,
            area.x + 2,
            area.y,
            area.width.saturating_sub(2),
            "type part of a command's name",
            true,
        );
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        if self.found.is_empty() {
            let sentence = Sentence {
                what: "No command matches.",
                next: "Backspace takes letters back; ^u clears the line.",
            };
            widgets::empty(canvas, below, &sentence);
            return;
        }
        let columns = [
            Column::new("Command", Width::Fixed(16), Align::Left, 0),
            Column::new("Key", Width::Fixed(10), Align::Left, 2),
            Column::new("", Width::Fill(20), Align::Left, 1),
        ];
        let table = Table { columns: &columns, list: &self.list, id: 0, focused: true };
        table.draw(canvas, below, |row, column| {
            let (action, refused) = &self.commands[self.found[row]];
            let line = action.row();
            match (column, refused) {
                (0, None) => line.name.into(),
                (0, Some(_)) => Cell::styled(line.name, theme.dim),
                (1, _) => {
                    let key =
                        shared.keymap.keys(*action).first().map(ToString::to_string).unwrap_or_default();
                    Cell::styled(key, theme.accent)
                }
                (_, None) => Cell::styled(line.sentence, theme.dim),
                (_, Some(why)) => Cell::styled(format!("not now: {why}"), theme.dim),
            }
        });
    }
}

impl Popup for Palette {
    fn title(&self) -> String {
        "Commands".into()
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        (90, (self.commands.len() as u16 + 4).min(shared.size.1.saturating_sub(6).max(8)))
    }
}
