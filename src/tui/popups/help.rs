//! What every key does here, from the one table.

use ratatui::layout::Rect;

use crate::tui::app::{App, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability, Scope, TABLE};
use crate::tui::pane::{Mouse, Pane, Popup};
use crate::tui::text;
use crate::tui::widgets::{Paragraph, Scroll};

/// A line of help: keys, sentence, and why it cannot be done now.
struct Line {
    keys: String,
    sentence: &'static str,
    refused: Option<String>,
}

pub struct Help {
    sections: Vec<(String, Vec<Line>)>,
    scroll: Scroll,
}

impl Help {
    /// Help for what is in front now.
    #[must_use]
    pub fn new(app: &App) -> Self {
        let here = if app.popups.is_empty() { app.screen.title().to_owned() } else { "Here".into() };
        let scopes = [
            (here, vec![if app.popups.is_empty() { Scope::Screen(app.screen) } else { Scope::Popup }]),
            ("Moving".into(), vec![Scope::Front]),
            ("Everywhere".into(), vec![Scope::App]),
        ];
        let sections = scopes
            .into_iter()
            .map(|(title, scopes)| {
                let lines = TABLE
                    .iter()
                    .filter(|row| scopes.contains(&row.scope))
                    .filter_map(|row| {
                        let refused = match app.availability(row.action) {
                            Availability::Hidden => return None,
                            Availability::Yes => None,
                            Availability::No(why) => Some(why),
                        };
                        let keys = app.shared.keymap.keys(row.action);
                        let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                        Some(Line { keys, sentence: row.sentence, refused })
                    })
                    .collect::<Vec<_>>();
                (title, lines)
            })
            .filter(|(_, lines)| !lines.is_empty())
            .collect();
        Self { sections, scroll: Scroll::default() }
    }
}

impl Pane for Help {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Back | Action::Open => Availability::Yes,
            _ => self.scroll.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        if matches!(action, Action::Back | Action::Open) {
            shared.request(Request::Close);
        }
        self.scroll.act(action);
    }

    fn mouse(&mut self, _: Hit, mouse: Mouse, _: &mut Shared) {
        self.scroll.mouse(mouse);
    }

    fn draw(&self, _: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        let column = if area.width < 50 { 12 } else { 16 };
        let mut paragraph = Paragraph::default();
        for (index, (title, lines)) in self.sections.iter().enumerate() {
            if index > 0 {
                paragraph.blank();
            }
            paragraph.push(title, theme.accent);
            for line in lines {
                let keys = text::left(&line.keys, column);
                paragraph.push(&format!("{keys}{}", line.sentence), theme.text);
                if let Some(why) = &line.refused {
                    paragraph.push_indented(column as u16, &format!("not now: {why}"), theme.dim);
                }
            }
        }
        paragraph.draw(canvas, area, &self.scroll, 0);
    }
}

impl Popup for Help {
    fn title(&self) -> String {
        "Keys".into()
    }

    fn size(&self, _: &Shared) -> (u16, u16) {
        let rows: usize = self.sections.iter().map(|(_, lines)| lines.len() + 2).sum();
        (86, rows as u16 + 3)
    }
}
