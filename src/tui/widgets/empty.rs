//! What stands where there is nothing to see: what it is, and what to do next.

use ratatui::layout::Rect;

use crate::tui::app::{Load, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;
use crate::tui::screens::ScreenId;
use crate::tui::text;

/// Why there is nothing, and what to do about it.
pub struct Sentence<'a> {
    /// "No drafts yet"
    pub what: &'a str,
    /// "Press p on Strategies to write some."
    pub next: &'a str,
}

/// Draws a sentence in the middle of an area.
pub fn empty(canvas: &mut Canvas<'_>, area: Rect, sentence: &Sentence<'_>) {
    let width = area.width.min(64);
    let mut lines: Vec<(String, bool)> = text::wrap(&text::clean(sentence.what), usize::from(width))
        .into_iter()
        .map(|line| (line, true))
        .collect();
    lines.extend(
        text::clean_lines(sentence.next)
            .flat_map(|line| text::wrap(&line, usize::from(width)))
            .map(|line| (line, false)),
    );
    let top = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
    let theme = canvas.theme;
    for (row, (line, first)) in lines.iter().take(usize::from(area.height)).enumerate() {
        let indent = area.width.saturating_sub(text::width(line) as u16) / 2;
        canvas.text(
            area.x + indent,
            top + row as u16,
            area.width,
            line,
            if *first { theme.strong } else { theme.dim },
        );
    }
}

/// Draws how the shop stands where it is not there yet; a screen that needs it shows this in its place.
pub fn shop_state(canvas: &mut Canvas<'_>, area: Rect, shared: &Shared, screen: ScreenId) {
    if let Load::Failed(message) = &shared.shop {
        let key = |action| shared.keymap.shown(action);
        let next = if screen == ScreenId::Overview {
            format!(
                "{} shows the files' columns and mends the mapping; {} reads the files again.",
                key(Action::ShowMapping),
                key(Action::Reload)
            )
        } else {
            format!("{} goes to Overview, where it can be mended.", key(Action::Overview))
        };
        let next = format!("{message}\n{next}");
        empty(canvas, area, &Sentence { what: "The shop could not be read.", next: &next });
        return;
    }
    load_state(canvas, area, shared, &shared.shop, "The shop is being read.", "");
}

/// Draws how a load stands, unless it is ready. `waits_for` says what a waiting one waits for; `failed` is
/// the heading of a failure.
pub fn load_state<T>(
    canvas: &mut Canvas<'_>,
    area: Rect,
    shared: &Shared,
    load: &Load<T>,
    waits_for: &str,
    failed: &str,
) {
    match load {
        Load::Ready(_) => {}
        Load::Waiting => empty(canvas, area, &Sentence { what: waits_for, next: "It begins by itself." }),
        Load::Failed(message) => empty(canvas, area, &Sentence { what: failed, next: message }),
        Load::Loading(id) => {
            let job = shared.jobs.get(*id);
            let title = job.map_or("Working", |job| job.title.as_str());
            let phase =
                job.and_then(|job| job.progress.as_ref()).map_or("", |progress| progress.phase.as_ref());
            empty(canvas, area, &Sentence { what: &format!("{title} …"), next: phase });
            if let Some(share) = job.and_then(crate::tui::job_list::Job::share)
                && area.height >= 6
            {
                let width = area.width.min(40);
                let x = area.x + (area.width - width) / 2;
                super::gauge(canvas, Rect { x, y: area.y + area.height / 2 + 2, width, height: 1 }, share);
            }
        }
    }
}
