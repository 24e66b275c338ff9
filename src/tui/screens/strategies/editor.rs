//! The editor of a strategy file: the text, what each stretch of it is, and what is wrong with it.

use std::cell::Cell;
use std::ops::Range;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use super::EDITOR;
use crate::strategy::{Kind, Problem, Severity, highlight, validate};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::pane::Mouse;
use crate::tui::text;
use crate::tui::theme::Theme;

pub struct Editor {
    pub id: String,
    area: TextArea<'static>,
    /// As it is in the file.
    saved: String,
    kinds: Vec<(Range<usize>, Kind)>,
    problems: Vec<Problem>,
    /// First line and first column in sight, as of the last frame.
    top: Cell<usize>,
    left: Cell<usize>,
}

impl Editor {
    pub fn new(id: String, source: &str) -> Self {
        let mut editor = Self {
            id,
            area: TextArea::default(),
            saved: source.to_owned(),
            kinds: Vec::new(),
            problems: Vec::new(),
            top: Cell::new(0),
            left: Cell::new(0),
        };
        editor.replace(source);
        editor.area.set_max_histories(1_000);
        editor
    }

    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Puts another text in place of the whole.
    pub fn replace(&mut self, source: &str) {
        self.area = TextArea::new(source.split('\n').map(str::to_owned).collect());
        self.check();
    }

    pub fn is_changed(&self) -> bool {
        self.text() != self.saved
    }

    pub fn saved(&mut self, source: &str) {
        source.clone_into(&mut self.saved);
    }

    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    fn check(&mut self) {
        let source = self.text();
        self.kinds = highlight(&source);
        self.problems = validate(&source);
    }

    /// A key; whether the text has changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let changed = match key.code {
            KeyCode::Tab => self.area.insert_str("  "),
            KeyCode::Char('z') if control => self.area.undo(),
            KeyCode::Char('y') if control => self.area.redo(),
            _ => self.area.input(key),
        };
        if changed {
            self.check();
        }
        changed
    }

    pub fn paste(&mut self, pasted: &str) -> bool {
        let clean: Vec<String> = text::clean_lines(pasted).collect();
        let changed = self.area.insert_str(clean.join("\n"));
        if changed {
            self.check();
        }
        changed
    }

    pub fn mouse(&mut self, line: Option<usize>, mouse: Mouse) {
        match (mouse, line) {
            (Mouse::Scroll(rows), _) => {
                let step = if rows > 0 { CursorMove::Down } else { CursorMove::Up };
                for _ in 0..rows.unsigned_abs() {
                    self.area.move_cursor(step);
                }
            }
            (_, Some(line)) => self.area.move_cursor(CursorMove::Jump(line as u16, 0)),
            _ => {}
        }
    }

    /// The problem that is told below the text: the one on the cursor's line, or else the first.
    pub fn told(&self) -> Option<&Problem> {
        let line = self.area.cursor().0 + 1;
        self.problems.iter().find(|problem| problem.line == line).or_else(|| self.problems.first())
    }

    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
        canvas.region(area, Hit::List(EDITOR));
        let lines = self.area.lines();
        let cursor = self.area.cursor();
        let height = usize::from(area.height);
        let lowest = (cursor.0 + 1).saturating_sub(height);
        let top = self.top.get().clamp(lowest, cursor.0.max(lowest)).min(lines.len().saturating_sub(height));
        self.top.set(top);
        // Two columns for the mark of a problem.
        let body = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
        let before = lines
            .get(cursor.0)
            .map_or(0, |line| text::width(&line.chars().take(cursor.1).collect::<String>()));
        let room = usize::from(body.width.max(1));
        let least = (before + 1).saturating_sub(room);
        let left = self.left.get().clamp(least, before.max(least));
        let left = if before < room { 0 } else { left };
        self.left.set(left);
        let mut offset: usize = lines.iter().take(top).map(|line| line.len() + 1).sum();
        for (row, line) in lines.iter().enumerate().skip(top).take(height) {
            let y = area.y + (row - top) as u16;
            canvas.region(Rect { y, height: 1, ..area }, Hit::Row { list: EDITOR, index: row });
            let worst =
                self.problems.iter().filter(|problem| problem.line == row + 1).map(|p| p.severity).min();
            let theme = canvas.theme;
            match worst {
                Some(Severity::Error) => drop(canvas.text(area.x, y, 1, "✗", theme.bad)),
                Some(Severity::Warning) => drop(canvas.text(area.x, y, 1, "!", theme.warning)),
                None => {}
            }
            self.line(canvas, Rect { y, height: 1, ..body }, line, offset, left);
            offset += line.len() + 1;
        }
        if focused && body.width > 0 {
            let x = body.x + (before - left).min(room - 1) as u16;
            let y = area.y + (cursor.0 - top) as u16;
            if y < area.bottom() {
                *canvas.cursor = Some(Position::new(x, y));
            }
        }
    }

    /// Draws one line, whose first byte is at `offset` of the text, without its first `left` columns.
    fn line(&self, canvas: &mut Canvas<'_>, area: Rect, line: &str, offset: usize, left: usize) {
        let theme = canvas.theme;
        let mut column = 0;
        for (start, grapheme) in line.grapheme_indices(true) {
            let shown = if grapheme == "\t" { "  " } else { grapheme };
            let width = text::width(shown);
            let at = column;
            column += width;
            if at < left {
                continue;
            }
            let x = at - left;
            if x + width > usize::from(area.width) {
                break;
            }
            let style = self.kind_at(offset + start).map_or(theme.text, |kind| style(kind, theme));
            canvas.text(area.x + x as u16, area.y, width as u16, shown, style);
        }
    }

    fn kind_at(&self, byte: usize) -> Option<Kind> {
        let after = self.kinds.partition_point(|(range, _)| range.end <= byte);
        self.kinds.get(after).filter(|(range, _)| range.contains(&byte)).map(|(_, kind)| *kind)
    }
}

fn style(kind: Kind, theme: &Theme) -> Style {
    match kind {
        Kind::Table => theme.strong,
        Kind::Key | Kind::Comment | Kind::Delimiter => theme.dim,
        Kind::Text | Kind::Number | Kind::Fallback => theme.text,
        Kind::Keyword => theme.warning,
        Kind::Field => theme.accent,
        Kind::UnknownField => theme.bad,
        Kind::Instruction => theme.good,
    }
}
