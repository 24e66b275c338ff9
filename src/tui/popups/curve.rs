//! Why there are as many segments as there are: the silhouette of each k, and the choice in a sentence.

use ratatui::layout::Rect;

use crate::segments::{KScore, Segmentation};
use crate::tui::app::{Request, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Pane, Popup};
use crate::tui::text;
use crate::tui::widgets;

pub struct Curve {
    k: usize,
    scores: Vec<KScore>,
    why: String,
    notes: Vec<String>,
    quality: String,
}

impl Curve {
    #[must_use]
    pub fn new(segmentation: &Segmentation) -> Self {
        Self {
            k: segmentation.k,
            scores: segmentation.curve.clone(),
            why: segmentation.why.clone(),
            notes: segmentation.notes.clone(),
            quality: format!(
                "Silhouette {:.3} (1: apart, 0: touching). Stability {:.3}: how alike the groups come out when customers are drawn anew (1: the same).",
                segmentation.silhouette, segmentation.stability
            ),
        }
    }

    fn below(&self, width: usize) -> Vec<String> {
        std::iter::once(&self.why)
            .chain(std::iter::once(&self.quality))
            .chain(&self.notes)
            .flat_map(|sentence| text::wrap(&text::clean(sentence), width))
            .collect()
    }
}

impl Pane for Curve {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::Back | Action::Open => Availability::Yes,
            _ => Availability::Hidden,
        }
    }

    fn act(&mut self, _: Action, shared: &mut Shared) {
        shared.request(Request::Close);
    }

    fn draw(&self, _: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        let mut y = area.y;
        let best = self.scores.iter().map(|score| score.silhouette).fold(0.05, f64::max);
        for score in &self.scores {
            if y >= area.bottom() {
                return;
            }
            let chosen = score.k == self.k;
            let label = format!("{} {:>2} segments", if chosen { "▸" } else { " " }, score.k);
            canvas.text(area.x, y, 14, &label, if chosen { theme.accent } else { theme.text });
            let room = area.width.saturating_sub(15 + 7);
            widgets::bar(canvas, area.x + 15, y, room, score.silhouette / best);
            canvas.text_right(area.x + 15 + room, y, 7, &format!("{:.3}", score.silhouette), theme.strong);
            y += 1;
        }
        if !self.scores.is_empty() {
            y += 1;
        }
        for line in self.below(usize::from(area.width)) {
            if y >= area.bottom() {
                return;
            }
            canvas.text(area.x, y, area.width, &line, theme.text);
            y += 1;
        }
    }
}

impl Popup for Curve {
    fn title(&self) -> String {
        format!("Why {} segments", self.k)
    }

    fn size(&self, shared: &Shared) -> (u16, u16) {
        let width = shared.size.0.min(76);
        let lines = self.below(usize::from(width.saturating_sub(4))).len() + self.scores.len() + 1;
        (width, lines as u16 + 2)
    }
}
