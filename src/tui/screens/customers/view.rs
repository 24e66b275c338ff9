//! ```text
//! ╭ 3,000 customers ─────────────────────────────╮╭ 李明 ───────────────────╮
//! │ / find by name, id or address                ││ facts, segment, orders │
//! │ ▸ Name          Id      Orders  Spent  Last  ││                        │
//! ╰──────────────────────────────────────────────╯╰────────────────────────╯
//! ```

use ratatui::layout::{Constraint, Layout, Rect};

use super::{Customers, DETAIL, LIST, Sort, detail};
use crate::features::Feature;
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;
use crate::tui::screens::ScreenId;
use crate::tui::widgets::{self, Align, Cell, Column, Sentence, Sheet, Table, Width};
use crate::tui::{measures, numbers};

pub fn draw(screen: &Customers, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    if !matches!(shared.shop, Load::Ready(_)) {
        widgets::shop_state(canvas, area, shared, ScreenId::Customers);
        return;
    }
    if area.width >= 76 {
        let right = (area.width * 2 / 5).clamp(34, 60);
        let [left, right] = area.layout(&Layout::horizontal([Constraint::Min(0), Constraint::Length(right)]));
        list(screen, shared, left, canvas);
        facts(screen, shared, right, canvas);
    } else if screen.on_detail {
        facts(screen, shared, area, canvas);
    } else {
        list(screen, shared, area, canvas);
    }
}

/// What a click on the heading of that column sorts by.
pub(super) fn sorts(column: usize) -> Option<Sort> {
    match column {
        0 => Some(Sort::Name),
        1 => Some(Sort::Id),
        3 => Some(Sort::Orders),
        4 => Some(Sort::Spent),
        5 => Some(Sort::LastOrder),
        _ => None,
    }
}

fn list(screen: &Customers, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Load::Ready(shop) = &shared.shop else { return };
    let count = screen.list.len() as u64;
    let segment = screen
        .arrangement
        .segment
        .and_then(|segment| Some(&shared.segmentation.ready()?.clusters.get(segment)?.name))
        .map_or(String::new(), |name| format!(" in {name}"));
    let sorted = format!(
        ", by {}{}",
        screen.arrangement.sort.title().to_lowercase(),
        if screen.arrangement.reverse { " reversed" } else { "" }
    );
    let sorted = if screen.arrangement.find.is_empty() { sorted } else { ", best match first".into() };
    let title = format!(
        "{} {}{segment}{sorted}",
        numbers::count(count),
        if count == 1 { "customer" } else { "customers" }
    );
    let inside = widgets::panel(canvas, area, &title, !screen.on_detail);
    let mut body = inside;
    let searching = screen.finding.is_some() || !screen.arrangement.find.is_empty();
    if searching && inside.height > 2 {
        canvas.text(inside.x, inside.y, 2, "/", canvas.theme.accent);
        let x = inside.x + 2;
        let width = inside.width.saturating_sub(2);
        match &screen.finding {
            Some(input) => input.draw(canvas, x, inside.y, width, "name, id or e-mail address", true),
            None => drop(canvas.text(x, inside.y, width, &screen.arrangement.find, canvas.theme.strong)),
        }
        body = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    }
    let Some((_, rows)) = &screen.rows else {
        widgets::empty(canvas, body, &Sentence { what: "Listing customers …", next: "" });
        return;
    };
    if rows.is_empty() {
        let back = shared.keymap.shown(Action::Back);
        let next = format!("Type less of the name, or press {back} to see everybody.");
        widgets::empty(canvas, body, &Sentence { what: "No customer matches.", next: &next });
        return;
    }
    let mark = |sort: Sort, title: &'static str| {
        if screen.arrangement.sort == sort && screen.arrangement.find.is_empty() {
            format!("{title}{}", if screen.arrangement.reverse { "▴" } else { "▾" })
        } else {
            title.to_owned()
        }
    };
    let columns = [
        Column::new(mark(Sort::Name, "Name"), Width::Fill(12), Align::Left, 0),
        Column::new(mark(Sort::Id, "Id"), Width::Fixed(9), Align::Left, 3),
        Column::new("Seg", Width::Fixed(3), Align::Left, 0),
        Column::new(mark(Sort::Orders, "Orders"), Width::Fixed(7), Align::Right, 1),
        Column::new(mark(Sort::Spent, "Spent"), Width::Fixed(10), Align::Right, 0),
        Column::new(mark(Sort::LastOrder, "Last"), Width::Fixed(7), Align::Right, 2),
        Column::new("Lang", Width::Fixed(5), Align::Left, 4),
    ];
    let table = Table { columns: &columns, list: &screen.list, id: LIST, focused: !screen.on_detail };
    let theme = canvas.theme;
    let features = shared.features.ready();
    let value = |feature: Feature, row: usize| {
        features.and_then(|features| features.value(feature, row)).map(f64::from)
    };
    table.draw(canvas, body, |index, column| {
        let Some(row) = rows.get(index).map(|&row| row as usize) else { return "".into() };
        match column {
            0 => shop.customers.display_name(row).into(),
            1 => Cell::styled(shop.customers.id(row), theme.dim),
            2 => shared
                .segmentation
                .ready()
                .and_then(|found| Some((found, found.cluster_of(row)?)))
                .map_or_else(
                    || Cell::styled("-", theme.dim),
                    |(found, cluster)| {
                        let style = theme.series[cluster % theme.series.len()].patch(theme.strong);
                        Cell::styled(found.clusters[cluster].id.clone(), style)
                    },
                ),
            3 => value(Feature::Orders, row).map_or("-".into(), |orders| format!("{orders:.0}").into()),
            4 => value(Feature::Total, row)
                .map_or("-".into(), |total| measures::shown(Feature::Total, total, shop).0.into()),
            5 => value(Feature::RecencyDays, row).map_or("-".into(), |days| format!("{days:.0} d").into()),
            _ => Cell::styled(shop.customers.text(row, "language").unwrap_or("-"), theme.dim),
        }
    });
}

fn facts(screen: &Customers, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Load::Ready(shop) = &shared.shop else { return };
    let title = screen.chosen().map_or(String::new(), |row| shop.customers.display_name(row));
    let inside = widgets::panel(canvas, area, &title, screen.on_detail);
    let Some(row) = screen.chosen() else {
        widgets::empty(canvas, inside, &Sentence { what: "No customer is selected.", next: "" });
        return;
    };
    let Some(profile) = screen.detail.as_ref().filter(|detail| detail.row == row) else {
        let what = match (&shared.features, &shared.segmentation) {
            (Load::Failed(_), _) => "This customer cannot be looked up: the customers could not be measured.",
            (_, Load::Failed(_)) => "This customer cannot be looked up: the customers could not be grouped.",
            _ => "Looking …",
        };
        widgets::empty(canvas, inside, &Sentence { what, next: "" });
        return;
    };
    let lines = detail::lines(profile, screen.known_of(profile.row, shop), shared, shop);
    Sheet { lines: &lines, scroll: &screen.scroll, id: DETAIL }.draw(canvas, inside);
}
