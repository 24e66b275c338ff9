//! ```text
//! ╭ 14 strategies ───────────╮╭ for A Lapsed big spenders ──────────────╮
//! │ ▸ ✓ Win back, e-mail     ││ 1 ✓ every rule holds                    │
//! │   ...                    ││ Subject  We kept your place             │
//! ╰──────────────────────────╯╰─────────────────────────────────────────╯
//! ```
//!
//! While a strategy is being edited, its text takes the place of the list.

mod compare;
mod lanes;
mod preview;
mod sampling;
mod tuning;

use ratatui::layout::{Constraint, Layout, Rect};

use super::{FILES, Panel, Strategies};
use crate::data::Channel;
use crate::strategy::Severity;
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::screens::segments::stage;
use crate::tui::text;
use crate::tui::widgets::{self, Align, Cell, Column, Sentence, Table, Width};

pub fn draw(screen: &Strategies, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    if !matches!(screen.files, Load::Ready(_)) {
        widgets::load_state(
            canvas,
            area,
            shared,
            &screen.files,
            "The strategies are about to be read.",
            "The strategies could not be read",
        );
        return;
    }
    let editing = screen.editor.is_some();
    if screen.zoomed {
        preview::draw(screen, shared, area, canvas);
    } else if area.width >= 76 {
        let left = if editing { area.width / 2 } else { (area.width * 2 / 5).clamp(38, 60) };
        let [left, right] = area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Min(0)]));
        if editing {
            editor(screen, left, canvas);
        } else {
            list(screen, shared, left, canvas);
        }
        preview::draw(screen, shared, right, canvas);
    } else if screen.panel == Panel::Preview || screen.tuning.is_open() && !editing {
        preview::draw(screen, shared, area, canvas);
    } else if editing {
        editor(screen, area, canvas);
    } else {
        list(screen, shared, area, canvas);
    }
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "e-mail",
        Channel::Sms => "SMS",
        Channel::Push => "push",
    }
}

fn list(screen: &Strategies, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(files) = screen.files.ready() else { return };
    let fitting =
        files.iter().filter(|file| screen.fit(file, shared).is_some_and(|fit| fit.is_fit())).count();
    let title = match segment_name(shared) {
        Some(name) if fitting > 0 => format!("{fitting} of {} strategies fit {name}", files.len()),
        _ if files.len() == 1 => "1 strategy".into(),
        _ => format!("{} strategies", files.len()),
    };
    let inside = widgets::panel(canvas, area, &title, screen.panel == Panel::Files);
    if files.is_empty() {
        let sentence = Sentence {
            what: "There are no strategies in this project.",
            next: "Put a file into its strategies folder, or run `perennial init` there.",
        };
        widgets::empty(canvas, inside, &sentence);
        return;
    }
    // What the list leaves is for the strategy that is selected.
    let rest = inside.height.saturating_sub(files.len() as u16 + 1);
    let about = if inside.height >= 16 { rest.clamp(7, 14) } else { 0 };
    let body = Rect { height: inside.height - about, ..inside };
    let columns = [
        Column::new("", Width::Fixed(1), Align::Left, 0),
        Column::new("Strategy", Width::Fill(19), Align::Left, 0),
        Column::new("Channel", Width::Fixed(7), Align::Left, 1),
        Column::new("To do", Width::Fixed(9), Align::Left, 2),
        Column::new("Lang", Width::Fixed(4), Align::Left, 3),
    ];
    let table =
        Table { columns: &columns, list: &screen.list, id: FILES, focused: screen.panel == Panel::Files };
    let theme = canvas.theme;
    table.draw(canvas, body, |row, column| {
        let Some(file) = screen.order.get(row).and_then(|&index| files.get(index)) else { return "".into() };
        let fits = screen.fit(file, shared).is_some_and(|fit| fit.is_fit());
        match (&file.parsed, column) {
            (Err(_), 0) => Cell::styled("✗", theme.bad),
            (Ok(_), 0) if fits => Cell::styled("✓", theme.good),
            (Ok(_), 0) => " ".into(),
            (Err(_), 1) => Cell::styled(format!("{}.toml has mistakes", file.id), theme.dim),
            (Ok(strategy), 1) => {
                Cell::styled(strategy.name.clone(), if fits { theme.text } else { theme.dim })
            }
            (Ok(strategy), 2) => Cell::styled(channel(strategy.channel), theme.dim),
            (Ok(strategy), 3) => Cell::styled(stage(strategy.stage), theme.dim),
            (Ok(strategy), _) => Cell::styled(strategy.language.clone(), theme.dim),
            (Err(_), _) => "".into(),
        }
    });
    if about > 0 {
        let below = Rect { y: body.bottom() + 1, height: about - 1, ..inside };
        chosen(screen, shared, below, canvas);
    }
}

/// What the selected strategy is for, and whether it fits.
fn chosen(screen: &Strategies, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(file) = screen.chosen() else { return };
    let theme = canvas.theme;
    let mut lines = Vec::new();
    match &file.parsed {
        Ok(strategy) => {
            lines.push((strategy.goal.clone(), theme.text));
            if let Some(offer) = screen.preview.offer().filter(|_| strategy.offer.is_some()) {
                lines.push((format!("Offer: {offer}"), theme.text));
            }
            if let Some(fit) = screen.fit(file, shared) {
                lines.extend(fit.why.iter().take(3).map(|why| (format!("· {why}"), theme.dim)));
            }
        }
        Err(problems) => {
            for problem in problems.iter().take(3) {
                lines.push((format!("✗ line {}: {}", problem.line, problem.message), theme.bad));
                lines.push((format!("  {}", problem.remedy), theme.dim));
            }
        }
    }
    let rows: Vec<_> = lines
        .iter()
        .flat_map(|(line, style)| {
            text::wrap(&text::clean(line), usize::from(area.width)).into_iter().map(move |row| (row, *style))
        })
        .collect();
    for (row, (line, style)) in rows.iter().take(usize::from(area.height)).enumerate() {
        canvas.text(area.x, area.y + row as u16, area.width, line, *style);
    }
    if rows.len() > usize::from(area.height) {
        canvas.text_right(area.x, area.bottom().saturating_sub(1), area.width, " …", theme.dim);
    }
}

fn segment_name(shared: &Shared) -> Option<String> {
    let segmentation = shared.segmentation.ready()?;
    let cluster = segmentation.clusters.get(Strategies::segment(shared))?;
    Some(format!("{} {}", cluster.id, cluster.name))
}

/// "2 mistakes and 1 warning".
fn counted((errors, warnings): (usize, usize)) -> String {
    let words = |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    match (errors, warnings) {
        (_, 0) => words(errors, "mistake"),
        (0, _) => words(warnings, "warning"),
        _ => format!("{} and {}", words(errors, "mistake"), words(warnings, "warning")),
    }
}

fn editor(screen: &Strategies, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(editor) = &screen.editor else { return };
    let changed = if editor.is_changed() { " (changed)" } else { "" };
    let title = format!("{}.toml{changed}", editor.id);
    let focused = screen.panel == Panel::Files;
    let inside = widgets::panel(canvas, area, &title, focused);
    let foot = match inside.height {
        20.. => 4,
        8.. => 3,
        _ => 1,
    };
    let body = Rect { height: inside.height.saturating_sub(foot), ..inside };
    editor.draw(canvas, body, focused);
    let below = Rect { y: body.bottom(), height: foot.min(inside.height), ..inside };
    let theme = canvas.theme;
    let Some(problem) = editor.told() else {
        canvas.text(below.x, below.bottom().saturating_sub(1), below.width, "✓ no mistakes", theme.good);
        return;
    };
    let style = if problem.severity == Severity::Error { theme.bad } else { theme.warning };
    let mark = if problem.severity == Severity::Error { "✗" } else { "!" };
    let told = format!("{mark} {}:{} {}", problem.line, problem.column, problem.message);
    // Where there is one line for it, the first mistake is worth more than how many there are.
    let more = foot > 1 && editor.problems().len() > 1;
    let told = if more { format!("{told} (of {})", counted(editor.count())) } else { told };
    let rows = |content: &str, style| {
        text::wrap(&text::clean(content), usize::from(below.width)).into_iter().map(move |row| (row, style))
    };
    let lines = rows(&told, style).chain(rows(&problem.remedy, theme.dim));
    for (row, (line, style)) in lines.take(usize::from(foot)).enumerate() {
        canvas.text(below.x, below.y + row as u16, below.width, &line, style);
    }
}
