//! ```text
//! ╭ 3 campaigns ─────────────────╮╭ spring ───────────────────────────────╮
//! │ ▸ ○ spring    planned        ││ ✗ stopped by sender: see the checks   │
//! │   ✓ winter    done     1,204 ││ in the segments  ███████████   1,204  │
//! ╰──────────────────────────────╯╰───────────────────────────────────────╯
//! ```

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::detail::{Kind, Sheet, sheet};
use super::{CAMPAIGNS, Campaigns, RIGHT, Right, StepList, messages};
use crate::campaign::audience::{Side, step_words};
use crate::campaign::sending::Pulse;
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::Action;
use crate::tui::screens::ScreenId;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, Align, Cell, Column, Sentence, Table, Width};
use crate::tui::work::{Entry, Seen};
use crate::tui::{numbers, text};
use crate::workspace::CampaignState;

pub fn draw(screen: &Campaigns, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Load::Ready(entries) = &screen.entries else {
        let (waits, failed) = ("The campaigns are about to be read.", "The campaigns could not be read");
        return widgets::load_state(canvas, area, shared, &screen.entries, waits, failed);
    };
    if entries.is_empty() {
        let (review, plan) = (shared.keymap.shown(Action::Review), shared.keymap.shown(Action::PlanCampaign));
        let next =
            format!("Press {review} for Review, approve a draft there, and press {plan} on it to plan one.");
        return widgets::empty(canvas, area, &Sentence { what: "There is no campaign yet.", next: &next });
    }
    let line = u16::from(screen.finding.is_some());
    let body = Rect { height: area.height.saturating_sub(line), ..area };
    if body.width >= 76 {
        let left = (body.width / 3).clamp(28, 46);
        let [left, right] = body.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Min(0)]));
        list(screen, entries, left, canvas);
        draw_right(screen, shared, right, canvas);
    } else if screen.on_right {
        draw_right(screen, shared, body, canvas);
    } else {
        list(screen, entries, body, canvas);
    }
    if let Some(input) = &screen.finding {
        let y = body.bottom();
        canvas.text(area.x + 1, y, 2, "/", canvas.theme.accent);
        let placeholder = "a customer, an address, a code, a state, an arm";
        input.draw(canvas, area.x + 3, y, area.width.saturating_sub(4), placeholder, true);
    }
}

/// Sign, word and colour of a state.
pub(super) fn state_mark(state: Option<CampaignState>, theme: &Theme) -> (&'static str, &'static str, Style) {
    match state {
        None => ("○", "planned", theme.text),
        Some(CampaignState::Sending) => ("▸", "sending", theme.accent),
        Some(CampaignState::Paused) => ("=", "paused", theme.warning),
        Some(CampaignState::Stopped) => ("!", "stopped", theme.bad),
        Some(CampaignState::Done) => ("✓", "done", theme.good),
        Some(CampaignState::Cancelled) => ("-", "ended", theme.dim),
    }
}

fn list(screen: &Campaigns, entries: &[Entry], area: Rect, canvas: &mut Canvas<'_>) {
    let title = numbers::counted(entries.len(), "campaign");
    let inside = widgets::panel(canvas, area, &title, !screen.on_right);
    let columns = [
        Column::new("", Width::Fixed(1), Align::Left, 0),
        Column::new("Name", Width::Fill(12), Align::Left, 0),
        Column::new("State", Width::Fixed(7), Align::Left, 0),
        Column::new("Sent", Width::Fixed(7), Align::Right, 1),
        Column::new("Waiting", Width::Fixed(7), Align::Right, 2),
    ];
    let table = Table { columns: &columns, list: &screen.list, id: CAMPAIGNS, focused: !screen.on_right };
    let theme = canvas.theme;
    table.draw(canvas, inside, |row, column| {
        let Some(entry) = entries.get(row) else { return "".into() };
        let live = live(screen, &entry.name);
        let (glyph, word, style) = state_mark(entry.state, theme);
        let count = |number: u64| match entry.state.or(live.map(|_| CampaignState::Sending)) {
            None => Cell::from(""),
            Some(_) => numbers::short(number as f64).into(),
        };
        match column {
            0 => Cell::styled(if live.is_some() { "▸" } else { glyph }, style),
            1 => entry.name.clone().into(),
            2 => Cell::styled(if live.is_some() { "sending" } else { word }, style),
            3 => count(live.map_or(entry.accepted, |pulse| pulse.accepted)),
            _ => count(live.map_or(entry.waiting, |pulse| pulse.waiting)),
        }
    });
}

/// How far the campaign is, if it is being sent from here.
fn live<'a>(screen: &'a Campaigns, name: &str) -> Option<&'a Pulse> {
    screen.live.as_ref().filter(|(sending, _)| sending == name).map(|(_, pulse)| pulse)
}

fn draw_right(screen: &Campaigns, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(entry) = screen.chosen() else { return };
    let focused = screen.on_right;
    let Some(seen) = screen.seen() else {
        let inside = widgets::panel(canvas, area, &entry.name, focused);
        return not_seen(screen, entry, shared, inside, canvas);
    };
    match &screen.right {
        Right::Plan => {
            let inside = widgets::panel(canvas, area, &seen.title, focused);
            plan(screen, seen, shared, inside, canvas);
        }
        Right::Step(step) => {
            let inside = widgets::panel(canvas, area, &step_title(step), focused);
            customers(seen, step, (shared, focused), inside, canvas);
        }
        Right::Messages(number, scroll) => {
            let inside = widgets::panel(canvas, area, &format!("{}, as it is received", seen.title), focused);
            messages::draw((seen, *number), shared, inside, canvas, scroll);
        }
        Right::Ledger(ledger) => {
            let inside = widgets::panel(canvas, area, &format!("Ledger: {}", ledger.title()), focused);
            ledger.draw(shared, inside, canvas, focused);
        }
    }
}

/// While a campaign is looked at, or where it cannot be.
fn not_seen(screen: &Campaigns, entry: &Entry, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    if let Some((_, why)) = screen.broken.as_ref().filter(|(name, _)| *name == entry.name) {
        let (edit, again) = (shared.keymap.shown(Action::EditPlan), shared.keymap.shown(Action::LookAgain));
        let next = format!("{why}\n{edit} edits the plan; {again} looks again.");
        return widgets::empty(canvas, area, &Sentence { what: "The plan cannot be followed.", next: &next });
    }
    if !matches!(shared.shop, Load::Ready(_)) {
        return widgets::shop_state(canvas, area, shared, ScreenId::Campaigns);
    }
    if !matches!(shared.segmentation, Load::Ready(_)) {
        let waits = "The customers are about to be grouped.";
        let failed = "The customers could not be grouped, and nobody can be written to.";
        return widgets::load_state(canvas, area, shared, &shared.segmentation, waits, failed);
    }
    let next = "Audience, messages, cost and checks are worked out from the whole shop.";
    widgets::empty(canvas, area, &Sentence { what: "The campaign is being looked at …", next });
}

fn plan(screen: &Campaigns, seen: &Seen, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = canvas.theme;
    canvas.region(area, Hit::List(RIGHT));
    // The first two columns are for the mark of what is selected.
    let inside = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let sheet = sheet(seen, live(screen, &seen.name), shared, inside.width);
    let height = usize::from(area.height);
    let selected = screen.cursor.selected();
    let top = sight(&sheet, selected, height, screen.top.get());
    screen.top.set(top);
    // What a page is when keys go by pages.
    let _ = screen.cursor.sight(height.min(screen.cursor.len()));
    let (label, count, note) = columns(&sheet, inside.width);
    for (at, row) in sheet.rows.iter().skip(top).take(height).enumerate() {
        let y = area.y + at as u16;
        if let Some(target) = row.target {
            canvas.region(Rect { y, height: 1, ..area }, Hit::Row { list: RIGHT, index: target });
        }
        match &row.kind {
            Kind::Text(indent, spans) => {
                let pieces: Vec<(&str, Style)> =
                    spans.iter().map(|(content, style)| (content.as_str(), *style)).collect();
                let x = inside.x + indent.min(&inside.width);
                canvas.pieces(x, y, inside.width.saturating_sub(*indent), &pieces);
            }
            Kind::Bar { label: spans, share, count: number, note: said } => {
                let pieces: Vec<(&str, Style)> =
                    spans.iter().map(|(content, style)| (content.as_str(), *style)).collect();
                canvas.pieces(inside.x, y, label, &pieces);
                let room = inside.width.saturating_sub(label + count + note + 3).min(36);
                if room >= 4 {
                    widgets::bar(canvas, inside.x + label + 1, y, room, *share);
                }
                let x = inside.x + label + 1 + if room >= 4 { room + 1 } else { 0 };
                canvas.text_right(x, y, count, number, theme.strong);
                let after = x + count + 1;
                canvas.text(after, y, inside.right().saturating_sub(after).min(note), said, theme.dim);
            }
        }
        if row.target.is_some() && row.target == selected && screen.on_right {
            let first = top + at == 0 || sheet.rows[top + at - 1].target != row.target;
            canvas.text(area.x, y, 1, if first || at == 0 { "▸" } else { "" }, theme.accent);
            canvas.style(Rect { y, height: 1, ..inside }, theme.strong);
        }
    }
    let more = sheet.rows.len().saturating_sub(top + height);
    if more > 0 && area.height > 3 && area.width > 14 {
        canvas.text_right(area.x, area.bottom(), area.width, &format!(" ↓ {more} more "), theme.dim);
    }
}

/// Widths of labels, counts and notes of the bars.
fn columns(sheet: &Sheet<'_>, width: u16) -> (u16, u16, u16) {
    let (mut label, mut count, mut note) = (0, 0, 0);
    for row in &sheet.rows {
        if let Kind::Bar { label: spans, count: number, note: said, .. } = &row.kind {
            let wide: usize = spans.iter().map(|(content, _)| text::width(content)).sum();
            label = label.max(wide as u16);
            count = count.max(text::width(number) as u16);
            note = note.max(text::width(said) as u16);
        }
    }
    (label.min(width * 2 / 3), count, note.min(18))
}

/// The first row in sight, so that all rows of what is selected are.
fn sight(sheet: &Sheet<'_>, selected: Option<usize>, height: usize, top: usize) -> usize {
    let rows = sheet.rows.len();
    let most = rows.saturating_sub(height);
    // With the first one stands what is above it, with the last one what is below it.
    let Some(selected) = selected.filter(|&selected| selected > 0) else { return 0 };
    if selected + 1 == sheet.targets.len() {
        return most;
    }
    let is_it = |row: &super::detail::Row| row.target == Some(selected);
    let first = sheet.rows.iter().position(is_it).unwrap_or(0);
    let last = sheet.rows.iter().rposition(is_it).unwrap_or(0);
    let lowest = (last + 1).saturating_sub(height);
    // The heading above it too, where it is the first under one.
    top.clamp(lowest.min(first), first.saturating_sub(1).max(lowest.min(first))).min(most)
}

fn step_title(step: &StepList) -> String {
    let count = numbers::count(step.list.len() as u64);
    let words = step_words(&step.step);
    match step.side {
        Side::There => format!("{count} {words}"),
        Side::LeftOut => format!("{count} left out, as not: {words}"),
    }
}

/// The customers at a step of the funnel.
fn customers(
    seen: &Seen,
    step: &StepList,
    (shared, focused): (&Shared, bool),
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    let Some(shop) = shared.shop.ready() else { return };
    let list = &step.list;
    let mut area = area;
    if step.others > 0 && area.height > 2 {
        let others = numbers::count(step.others as u64);
        let words = match step.side {
            Side::There => format!("→ {others} left out at this step"),
            Side::LeftOut => format!("← {others} still there after it"),
        };
        canvas.text(area.x, area.bottom() - 1, area.width, &words, canvas.theme.dim);
        area.height -= 1;
    }
    if list.is_empty() {
        let next = "esc goes back to the funnel.";
        let counted = seen.funnel.iter().any(|line| line.step == step.step && line.customers > 0);
        let what = if counted { "Who it was is not kept; how many is." } else { "Nobody is here." };
        return widgets::empty(canvas, area, &Sentence { what, next });
    }
    let columns = [
        Column::new("Id", Width::Fixed(10), Align::Left, 0),
        Column::new("Name", Width::Fill(12), Align::Left, 0),
        Column::new("Address", Width::Fill(12), Align::Left, 1),
        Column::new("Segment", Width::Fixed(8), Align::Left, 2),
    ];
    let sight = list.sight(usize::from(area.height.saturating_sub(1)));
    let members: Vec<_> =
        seen.audience.at(&step.step, step.side).skip(sight.start).take(sight.len()).collect();
    let table = Table { columns: &columns, list, id: RIGHT, focused };
    let theme = canvas.theme;
    let customers = &shop.customers;
    table.draw(canvas, area, |row, column| {
        let Some(member) = row.checked_sub(sight.start).and_then(|at| members.get(at)) else {
            return "".into();
        };
        let place = member.row as usize;
        match column {
            0 => Cell::styled(customers.id(place).to_owned(), theme.dim),
            1 => customers.display_name(place).into(),
            2 => Cell::styled(customers.address(place, seen.channel).unwrap_or("").to_owned(), theme.dim),
            _ => Cell::styled(
                seen.segments.get(usize::from(member.segment)).cloned().unwrap_or_default(),
                theme.dim,
            ),
        }
    });
}
