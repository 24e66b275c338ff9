//! A line of text that is typed into.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Position;
use unicode_segmentation::UnicodeSegmentation;

use crate::tui::canvas::Canvas;
use crate::tui::text;

/// The text and the place in it where the next character goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
    /// Byte offset, on a grapheme's edge.
    at: usize,
}

impl Input {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.at = 0;
    }

    /// Puts text in, cleaned.
    pub fn insert(&mut self, more: &str) {
        let more = text::clean(more);
        self.text.insert_str(self.at, &more);
        self.at += more.len();
    }

    /// A key; whether the text has changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let before = self.text.len();
        match key.code {
            KeyCode::Char('u') if control => drop(self.text.drain(..std::mem::take(&mut self.at))),
            KeyCode::Char('w') if control => {
                let kept = self.text[..self.at].trim_end();
                let start = kept.rfind(char::is_whitespace).map_or(0, |index| index + 1);
                self.text.drain(start..self.at);
                self.at = start;
            }
            KeyCode::Char('a') if control => self.at = 0,
            KeyCode::Char('e') if control => self.at = self.text.len(),
            KeyCode::Char(character) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(character.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Backspace => {
                let start = self.before();
                self.text.drain(start..self.at);
                self.at = start;
            }
            KeyCode::Delete => {
                let end = self.after();
                self.text.drain(self.at..end);
            }
            KeyCode::Left => self.at = self.before(),
            KeyCode::Right => self.at = self.after(),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            _ => {}
        }
        self.text.len() != before
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(index, _)| index)
    }

    fn after(&self) -> usize {
        self.text[self.at..].graphemes(true).next().map_or(self.at, |grapheme| self.at + grapheme.len())
    }

    /// Draws the line with the cursor in sight; `placeholder` where nothing is typed yet.
    pub fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        x: u16,
        y: u16,
        width: u16,
        placeholder: &str,
        focused: bool,
    ) {
        if width == 0 {
            return;
        }
        let theme = canvas.theme;
        if self.text.is_empty() {
            canvas.text(x, y, width, placeholder, theme.dim);
        }
        // Leave out graphemes at the front until the cursor fits.
        let mut start = 0;
        let graphemes = self.text.grapheme_indices(true).map(|(index, grapheme)| index + grapheme.len());
        for end in graphemes {
            if text::width(&self.text[start..self.at.max(start)]) < usize::from(width) {
                break;
            }
            start = end;
        }
        canvas.text(x, y, width, &self.text[start..], theme.text);
        if focused {
            let column = text::width(&self.text[start..self.at.max(start)]) as u16;
            *canvas.cursor = Some(Position::new(x + column.min(width - 1), y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut Input, code: KeyCode) {
        input.key(KeyEvent::new(code, KeyModifiers::NONE));
    }

    #[test]
    fn graphemes_are_edited_whole() {
        let mut input = Input::default();
        input.insert("李e\u{301}👩‍👩‍👧");
        press(&mut input, KeyCode::Backspace);
        assert_eq!(input.text(), "李e\u{301}");
        press(&mut input, KeyCode::Left);
        press(&mut input, KeyCode::Char('x'));
        assert_eq!(input.text(), "李xe\u{301}");
        press(&mut input, KeyCode::Delete);
        assert_eq!(input.text(), "李x");
        press(&mut input, KeyCode::Home);
        press(&mut input, KeyCode::Backspace);
        assert_eq!(input.text(), "李x");
    }

    #[test]
    fn what_is_pasted_is_cleaned() {
        let mut input = Input::default();
        input.insert("a\nb\u{1b}[2J");
        assert_eq!(input.text(), "a b␛[2J");
    }
}
