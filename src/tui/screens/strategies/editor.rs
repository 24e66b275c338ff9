//! The editor of a strategy file: the text, what each stretch of it is, and what is wrong with it.

mod rows;
mod steps;

use std::cell::Cell;
use std::ops::Range;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use self::steps::Steps;
use super::EDITOR;
use crate::strategy::{Kind, Problem, Severity, highlight, unknown_adapter, validate};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::pane::Mouse;
use crate::tui::text;
use crate::tui::theme::Theme;

/// Columns for the mark of a problem.
const MARGIN: u16 = 2;
/// Changes that can be taken back.
const CHANGES: usize = 1_000;

pub struct Editor {
    pub id: String,
    area: TextArea<'static>,
    steps: Steps,
    /// As it is in the file.
    saved: String,
    kinds: Vec<(Range<usize>, Kind)>,
    problems: Vec<Problem>,
    /// Names of the adapters that there are.
    adapters: Vec<String>,
    /// First row in sight, columns of a row, and rows in sight, as of the last frame.
    top: Cell<usize>,
    room: Cell<usize>,
    height: Cell<usize>,
    /// The column that going up and down keeps to.
    goal: Option<usize>,
}

impl Editor {
    /// On the first mistake, or at the beginning where there is none.
    pub fn new(id: String, source: &str, adapters: &[String]) -> Self {
        let mut editor = Self {
            id,
            area: TextArea::default(),
            steps: Steps::default(),
            saved: source.to_owned(),
            kinds: Vec::new(),
            problems: Vec::new(),
            adapters: adapters.to_vec(),
            top: Cell::new(0),
            room: Cell::new(78),
            height: Cell::new(20),
            goal: None,
        };
        editor.replace(source);
        if let Some(mistake) = editor.problems.iter().find(|problem| problem.severity == Severity::Error) {
            let (line, column) = (mistake.line.saturating_sub(1), mistake.column.saturating_sub(1));
            editor.area.move_cursor(CursorMove::Jump(line as u16, column as u16));
        }
        editor
    }

    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Puts another text in place of the whole.
    pub fn replace(&mut self, source: &str) {
        self.area = TextArea::new(source.split('\n').map(str::to_owned).collect());
        self.area.set_max_histories(CHANGES);
        self.steps = Steps::default();
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
        self.problems.extend(unknown_adapter(&source, &self.adapters));
    }

    /// A key; whether the text has changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let plain = key.modifiers.is_empty();
        match key.code {
            KeyCode::Up if plain => self.step(-1),
            KeyCode::Down if plain => self.step(1),
            KeyCode::PageUp => self.step(-self.page()),
            KeyCode::PageDown => self.step(self.page()),
            KeyCode::Home if key.modifiers.contains(KeyModifiers::CONTROL) => self.jump(CursorMove::Top),
            KeyCode::End if key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.jump(CursorMove::Bottom);
                self.jump(CursorMove::End);
            }
            KeyCode::Tab => return self.step_of(None, |area| area.insert_str("  ")),
            _ => return self.input(key),
        }
        false
    }

    /// Rows of a page: one less than are in sight.
    fn page(&self) -> isize {
        self.height.get().saturating_sub(1).max(1).cast_signed()
    }

    fn jump(&mut self, to: CursorMove) {
        self.area.move_cursor(to);
        self.steps.close();
        self.goal = None;
    }

    /// Takes the last change back; whether there was one.
    pub fn undo(&mut self) -> bool {
        let steps = self.steps.undo();
        self.change(|area| (0..steps).fold(false, |changed, _| area.undo() || changed))
    }

    /// Makes a change again that was taken back; whether there was one.
    pub fn redo(&mut self) -> bool {
        let steps = self.steps.redo();
        self.change(|area| (0..steps).fold(false, |changed, _| area.redo() || changed))
    }

    pub fn paste(&mut self, pasted: &str) -> bool {
        let clean: Vec<String> = text::clean_lines(pasted).collect();
        self.step_of(None, |area| area.insert_str(clean.join("\n")))
    }

    fn input(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            // What the text area does of itself there goes by letters.
            KeyCode::Char('u') if control => self.undo(),
            KeyCode::Char('r') if control => self.redo(),
            KeyCode::Char(letter) if !control => self.step_of(Some(letter), |area| area.input(key)),
            _ => self.step_of(None, |area| area.input(key)),
        }
    }

    /// A change that one undo takes back, with the word that its letter belongs to.
    fn step_of(&mut self, letter: Option<char>, change: impl FnOnce(&mut TextArea<'static>) -> bool) -> bool {
        // What is selected is taken out before anything is put in.
        let selected = letter.is_some() && self.area.selection_range().is_some();
        let changed = self.change(change);
        if changed {
            self.steps.add(letter, 1 + usize::from(selected));
        } else {
            self.steps.close();
        }
        changed
    }

    fn change(&mut self, change: impl FnOnce(&mut TextArea<'static>) -> bool) -> bool {
        self.goal = None;
        let changed = change(&mut self.area);
        if changed {
            self.check();
        }
        changed
    }

    /// Goes up or down by rows of the window, which are not lines where lines are long.
    fn step(&mut self, by: isize) {
        let lines = self.area.lines();
        let rows = rows::rows(lines, self.room.get());
        let cursor = self.area.cursor();
        let (row, column) = rows::place(&rows, lines, cursor.0, cursor.1);
        let goal = self.goal.unwrap_or(column);
        let to = row.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        let (line, character) = rows::character(&rows, lines, to, goal);
        self.area.move_cursor(CursorMove::Jump(line as u16, character as u16));
        self.goal = Some(goal);
        self.steps.close();
    }

    /// The wheel, or a click at a column of a row.
    pub fn mouse(&mut self, at: Option<(usize, usize)>, mouse: Mouse) {
        match (mouse, at) {
            (Mouse::Scroll(rows), _) => self.step(isize::from(rows)),
            (_, Some((row, column))) => {
                let lines = self.area.lines();
                let rows = rows::rows(lines, self.room.get());
                let (line, character) =
                    rows::character(&rows, lines, row, column.saturating_sub(usize::from(MARGIN)));
                self.area.move_cursor(CursorMove::Jump(line as u16, character as u16));
                self.goal = None;
            }
            _ => {}
        }
    }

    /// Mistakes and warnings.
    pub fn count(&self) -> (usize, usize) {
        let errors = self.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        (errors, self.problems.len() - errors)
    }

    /// The problem that is told below the text: the one on the cursor's line, or else the first mistake.
    pub fn told(&self) -> Option<&Problem> {
        let line = self.area.cursor().0 + 1;
        let on_line = self.problems.iter().find(|problem| problem.line == line);
        on_line.or_else(|| self.problems.iter().min_by_key(|problem| problem.severity != Severity::Error))
    }

    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
        canvas.region(area, Hit::List(EDITOR));
        let body = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(MARGIN), ..area };
        let room = usize::from(body.width.max(1));
        self.room.set(room);
        let lines = self.area.lines();
        let rows = rows::rows(lines, room);
        let cursor = self.area.cursor();
        let (cursor_row, cursor_column) = rows::place(&rows, lines, cursor.0, cursor.1);
        let height = usize::from(area.height);
        self.height.set(height);
        let lowest = (cursor_row + 1).saturating_sub(height);
        let top = self.top.get().clamp(lowest, cursor_row.max(lowest)).min(rows.len().saturating_sub(height));
        self.top.set(top);
        let starts: Vec<usize> = lines
            .iter()
            .scan(0, |offset, line| {
                let start = *offset;
                *offset += line.len() + 1;
                Some(start)
            })
            .collect();
        let marked: Vec<(usize, Severity)> = self
            .problems
            .iter()
            .map(|problem| {
                let line = problem.line.saturating_sub(1);
                (rows::place(&rows, lines, line, problem.column.saturating_sub(1)).0, problem.severity)
            })
            .collect();
        for (index, row) in rows.iter().enumerate().skip(top).take(height) {
            let y = area.y + (index - top) as u16;
            canvas.region(Rect { y, height: 1, ..area }, Hit::Text { list: EDITOR, row: index, column: 0 });
            let theme = canvas.theme;
            let worst = marked.iter().filter(|(row, _)| *row == index).map(|(_, severity)| *severity).min();
            match worst {
                Some(Severity::Error) => drop(canvas.text(area.x, y, 1, "✗", theme.bad)),
                Some(Severity::Warning) => drop(canvas.text(area.x, y, 1, "!", theme.warning)),
                // The line above goes on here.
                None if row.bytes.start > 0 => drop(canvas.text(area.x, y, 1, "↪", theme.dim)),
                None => {}
            }
            let content = &lines[row.line][row.bytes.clone()];
            self.row(canvas, Rect { y, height: 1, ..body }, content, starts[row.line] + row.bytes.start);
        }
        if focused && body.width > 0 {
            let x = body.x + cursor_column.min(room - 1) as u16;
            let y = area.y + (cursor_row - top) as u16;
            if y < area.bottom() {
                *canvas.cursor = Some(Position::new(x, y));
            }
        }
    }

    /// Draws one row, whose first byte is at `offset` of the text.
    fn row(&self, canvas: &mut Canvas<'_>, area: Rect, content: &str, offset: usize) {
        let theme = canvas.theme;
        let mut x = 0;
        for (start, grapheme) in content.grapheme_indices(true) {
            let shown = if grapheme == "\t" { "  " } else { grapheme };
            let width = rows::columns(grapheme);
            if x + width > usize::from(area.width) {
                break;
            }
            let style = self.kind_at(offset + start).map_or(theme.text, |kind| style(kind, theme));
            canvas.text(area.x + x as u16, area.y, width as u16, shown, style);
            x += width;
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
