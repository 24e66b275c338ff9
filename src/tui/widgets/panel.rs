//! A quiet frame with a title.

use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Borders};

use crate::tui::canvas::Canvas;
use crate::tui::text;

/// Frames an area and returns the room inside. The frame is left out where the area is too small for it.
pub fn panel(canvas: &mut Canvas<'_>, area: Rect, title: &str, focused: bool) -> Rect {
    if area.width < 12 || area.height < 4 {
        if area.height >= 2 && !title.is_empty() {
            let style = if focused { canvas.theme.focus } else { canvas.theme.dim };
            canvas.text(area.x, area.y, area.width, title, style);
            return Rect { y: area.y + 1, height: area.height - 1, ..area };
        }
        return area;
    }
    let theme = canvas.theme;
    let border = if focused { theme.focus } else { theme.border };
    let block = Block::new().borders(Borders::ALL).border_type(BorderType::Rounded).border_style(border);
    canvas.widget(block, area);
    if !title.is_empty() {
        // Where there is no colour, a sign says which panel has the keys.
        let mark = if focused && theme.marks_focus { "▸ " } else { "" };
        let title = format!(
            " {mark}{} ",
            text::cut(&text::clean(title), usize::from(area.width) - 6 - mark.chars().count())
        );
        canvas.text(
            area.x + 2,
            area.y,
            area.width - 4,
            &title,
            if focused { theme.focus } else { theme.strong },
        );
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}
