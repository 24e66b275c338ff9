//! ```text
//! ╭ 14 strategies ───────────╮╭ for A Lapsed big spenders ──────────────╮
//! │ ▸ ✓ Win back, e-mail     ││ 1 ✓ every rule holds                    │
//! │   ...                    ││ Subject  We kept your place             │
//! ╰──────────────────────────╯╰─────────────────────────────────────────╯
//! ```
//!
//! While a strategy is being edited, its text takes the place of the list.

use ratatui::layout::{Constraint, Layout, Rect};

use super::preview::Stage;
use super::{FILES, PREVIEW, Panel, Strategies};
use crate::data::Channel;
use crate::review::passes;
use crate::strategy::Severity;
use crate::tui::app::{Load, ModelState, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;
use crate::tui::numbers;
use crate::tui::screens::segments::stage;
use crate::tui::text;
use crate::tui::widgets::{self, Align, Cell, Column, Rich, Sentence, Table, Width};
use crate::writing::FinishReason;

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
    if area.width >= 76 {
        let left = if editing { area.width / 2 } else { (area.width * 2 / 5).clamp(34, 60) };
        let [left, right] = area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Min(0)]));
        if editing {
            editor(screen, left, canvas);
        } else {
            list(screen, shared, left, canvas);
        }
        preview(screen, shared, right, canvas);
    } else if screen.panel == Panel::Preview {
        preview(screen, shared, area, canvas);
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
    let about = if inside.height >= 16 { 7 } else { 0 };
    let body = Rect { height: inside.height - about, ..inside };
    let columns = [
        Column::new("", Width::Fixed(1), Align::Left, 0),
        Column::new("Strategy", Width::Fill(22), Align::Left, 0),
        Column::new("Channel", Width::Fixed(7), Align::Left, 1),
        Column::new("For", Width::Fixed(8), Align::Left, 2),
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
                let mark = if fit.is_fit() { "✓" } else { "–" };
                for why in fit.why.iter().take(3) {
                    lines.push((format!("{mark} {why}"), theme.dim));
                }
            }
        }
        Err(problems) => {
            for problem in problems.iter().take(3) {
                lines.push((format!("✗ line {}: {}", problem.line, problem.message), theme.bad));
                lines.push((format!("  {}", problem.remedy), theme.dim));
            }
        }
    }
    let rows = lines.iter().flat_map(|(line, style)| {
        text::wrap(&text::clean(line), usize::from(area.width)).into_iter().map(move |row| (row, *style))
    });
    for (row, (line, style)) in rows.take(usize::from(area.height)).enumerate() {
        canvas.text(area.x, area.y + row as u16, area.width, &line, style);
    }
}

fn segment_name(shared: &Shared) -> Option<String> {
    let segmentation = shared.segmentation.ready()?;
    let cluster = segmentation.clusters.get(Strategies::segment(shared))?;
    Some(format!("{} {}", cluster.id, cluster.name))
}

fn editor(screen: &Strategies, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(editor) = &screen.editor else { return };
    let changed = if editor.is_changed() { " (changed)" } else { "" };
    let title = format!("{}.toml{changed}", editor.id);
    let focused = screen.panel == Panel::Files;
    let inside = widgets::panel(canvas, area, &title, focused);
    let foot = if inside.height >= 8 { 3 } else { 1 };
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
    let more = editor.problems().len() - 1;
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    let told = format!("{mark} {}:{} {}{more}", problem.line, problem.column, problem.message);
    let rows = |content: &str, style| {
        text::wrap(&text::clean(content), usize::from(below.width)).into_iter().map(move |row| (row, style))
    };
    let lines = rows(&told, style).chain(rows(&problem.remedy, theme.dim));
    for (row, (line, style)) in lines.take(usize::from(foot)).enumerate() {
        canvas.text(below.x, below.y + row as u16, below.width, &line, style);
    }
}

fn preview(screen: &Strategies, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let title = segment_name(shared).map_or("Preview".into(), |name| format!("For {name}"));
    let inside = widgets::panel(canvas, area, &title, screen.panel == Panel::Preview);
    let preview = &screen.preview;
    match &preview.stage {
        Stage::Idle => {
            let what = match &shared.segmentation {
                Load::Failed(_) => "There are no segments to write for.",
                Load::Ready(_) => "Looking at the segment …",
                _ => "Messages are written once the customers are grouped.",
            };
            widgets::empty(canvas, inside, &Sentence { what, next: "" });
            return;
        }
        Stage::Stopped { problems } => {
            let what = format!("Nothing is written: the strategy has {problems} mistakes.");
            let key = shared.keymap.shown(Action::EditStrategy);
            let next = if screen.editor.is_some() {
                "The preview goes on when they are mended.".to_owned()
            } else {
                format!("Press {key} to edit it.")
            };
            widgets::empty(canvas, inside, &Sentence { what: &what, next: &next });
            return;
        }
        Stage::Failed(message) => {
            widgets::empty(
                canvas,
                inside,
                &Sentence { what: "The variants could not be written", next: message },
            );
            return;
        }
        Stage::Writing(_) | Stage::Done | Stage::Cancelled => {}
    }
    let theme = canvas.theme;
    let mut rich = Rich::default();
    rich.spans(0, vec![(status(screen, shared), theme.dim)]);
    let drafts = preview.drafts();
    let from = &shared.setup.config.brand.name;
    rich.blank();
    for variant in 0..preview.variants() {
        let selected = variant == screen.variant;
        let number = format!("{} {} ", if selected { "▸" } else { " " }, variant + 1);
        let outcome = drafts.and_then(|drafts| drafts.get(variant)).map(|(_, checks)| checks);
        let mut line = vec![(number, theme.accent.patch(theme.strong))];
        line.push(match outcome {
            Some(checks) if passes(checks) => ("✓ ".to_owned(), theme.good),
            Some(_) => ("✗ ".into(), theme.bad),
            None => ("… ".into(), theme.dim),
        });
        let written: Vec<&str> =
            preview.slots(variant).iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        let style = if selected { theme.strong } else { theme.text };
        line.push(match written.join(" / ") {
            text if !text.is_empty() => (text, style),
            _ if preview.slots(variant).is_empty() => ("all of it comes from the strategy".into(), theme.dim),
            _ => (String::new(), style),
        });
        rich.spans(0, line);
        for check in outcome.into_iter().flatten().filter(|check| !check.ok) {
            rich.spans(6, vec![(format!("{}: {}", check.rule, check.detail), theme.bad)]);
        }
    }
    rich.blank();
    let reader = if preview.customer.is_empty() { "the reader" } else { &preview.customer };
    rich.line(&format!("Variant {} as {reader} would get it", screen.variant + 1), theme.accent);
    rich.blank();
    match preview.text(screen.variant) {
        Ok(message) => {
            if let Some(channel) = preview.channel {
                widgets::message(&mut rich, 0, channel, from, &message, theme);
            }
        }
        Err(why) => rich.spans(0, vec![(why, theme.dim)]),
    }
    rich.draw(canvas, inside, &screen.scroll, PREVIEW);
}

/// Who writes, with whose facts, and how fast.
fn status(screen: &Strategies, shared: &Shared) -> String {
    let preview = &screen.preview;
    let mut parts = Vec::new();
    let own_texts = preview
        .drafts()
        .is_some_and(|drafts| drafts.iter().all(|(draft, _)| draft.finish_reason == FinishReason::Template));
    match (&preview.model, &shared.model) {
        (Some(model), ModelState::Opening { .. }) if model.sha256.is_empty() => {
            parts.push("the strategy's own texts: the model is not ready yet".into());
        }
        (Some(model), _) if model.sha256.is_empty() => parts.push("the strategy's own texts".into()),
        (Some(model), _) if own_texts => {
            parts.push(format!("the strategy's own texts: {} does not write its language well", model.name));
        }
        (Some(model), _) => parts.push(format!("by {}", model.name)),
        (None, _) => {}
    }
    match preview.stage {
        Stage::Writing(_) => parts.push("writing …".into()),
        Stage::Cancelled => parts.push("stopped".into()),
        _ => {}
    }
    if let (Some(drafts), Some(took)) = (preview.drafts(), preview.took) {
        let tokens: usize = drafts.iter().map(|(draft, _)| draft.tokens).sum();
        if tokens > 0 {
            parts.push(format!("{tokens} tokens in {}", numbers::duration(took)));
        }
    }
    let line = parts.join(", ");
    let mut letters = line.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
