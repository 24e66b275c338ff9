//! ```text
//! ╭ 6 kinds of customer ──────────╮╭ Map ───────────────────────────────╮
//! │ ▸ A Lapsed big spenders  512 █││          ⠠⠂  A   ⠐⠄                │
//! ╰───────────────────────────────╯╰────────────────────────────────────╯
//! ╭ A against the shop ───────────╮╭ A Lapsed big spenders ─────────────╮
//! │ Last order   210 days  ██ 2.9x││ share of customers, of revenue ... │
//! ╰───────────────────────────────╯╰────────────────────────────────────╯
//! ```

use ratatui::layout::{Constraint, Layout, Rect};

use super::{CLUSTERS, PROFILE, Panel, Segments, map, profile};
use crate::segments::{Segmentation, Stage};
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::screens::ScreenId;
use crate::tui::widgets::{self, Align, Cell, Column, Sentence, Table, Width};
use crate::tui::{measures, numbers, text};

pub fn draw(screen: &Segments, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(segmentation) = &screen.seen else {
        waiting(shared, area, canvas);
        return;
    };
    if area.width >= 76 && area.height >= 14 {
        let left = (area.width * 9 / 20).clamp(38, 64);
        let [left, right] = area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Min(0)]));
        let rows = (segmentation.clusters.len() as u16 + 4).min(area.height / 2);
        let [list, bars] = left.layout(&Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]));
        clusters(screen, shared, segmentation, list, canvas);
        let all = against(screen, shared, bars, canvas);
        if area.height >= 26 {
            let [above, below] =
                right.layout(&Layout::vertical([Constraint::Percentage(45), Constraint::Percentage(55)]));
            map::draw(screen, shared, segmentation, above, canvas);
            facts(screen, shared, segmentation, all, below, canvas);
        } else if screen.panel == Panel::Map {
            map::draw(screen, shared, segmentation, right, canvas);
        } else {
            facts(screen, shared, segmentation, all, right, canvas);
        }
    } else {
        match screen.panel {
            Panel::Clusters => clusters(screen, shared, segmentation, area, canvas),
            Panel::Profile => facts(screen, shared, segmentation, false, area, canvas),
            Panel::Map => map::draw(screen, shared, segmentation, area, canvas),
        }
    }
}

/// What is shown before the first grouping.
fn waiting(shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    if !matches!(shared.shop, Load::Ready(_)) {
        widgets::shop_state(canvas, area, shared, ScreenId::Segments);
    } else if !matches!(shared.features, Load::Ready(_)) {
        widgets::load_state(
            canvas,
            area,
            shared,
            &shared.features,
            "Customers are grouped once they are measured.",
            "The customers could not be measured",
        );
    } else {
        widgets::load_state(
            canvas,
            area,
            shared,
            &shared.segmentation,
            "Customers are about to be grouped.",
            "The customers could not be grouped",
        );
    }
}

/// The stage of a cluster, in a word for the list.
#[must_use]
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Acquisition => "welcome",
        Stage::Activation => "encourage",
        Stage::Retention => "keep",
        Stage::WinBack => "win back",
        Stage::Loyalty => "thank",
    }
}

fn clusters(
    screen: &Segments,
    shared: &Shared,
    segmentation: &Segmentation,
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    let busy = matches!(shared.segmentation, Load::Loading(_));
    let title =
        if busy { "Grouping again …".to_owned() } else { format!("{} kinds of customer", segmentation.k) };
    let inside = widgets::panel(canvas, area, &title, screen.panel == Panel::Clusters);
    let foot = u16::from(inside.height > segmentation.clusters.len() as u16 + 1);
    let body = Rect { height: inside.height.saturating_sub(foot), ..inside };
    let columns = [
        Column::new("", Width::Fixed(1), Align::Left, 0),
        Column::new("Segment", Width::Fill(22), Align::Left, 0),
        Column::new("To do", Width::Fixed(9), Align::Left, 2),
        if body.width >= 40 {
            Column::new("Customers", Width::Fixed(9), Align::Right, 0)
        } else {
            Column::new("Size", Width::Fixed(7), Align::Right, 0)
        },
        Column::new("", Width::Fixed(7), Align::Right, 1),
    ];
    let table = Table {
        columns: &columns,
        list: &screen.list,
        id: CLUSTERS,
        focused: screen.panel == Panel::Clusters,
    };
    let theme = canvas.theme;
    let everybody = segmentation.clusters.iter().map(|cluster| cluster.size).sum::<usize>().max(1) as f64;
    table.draw(canvas, body, |row, column| {
        let cluster = &segmentation.clusters[row];
        match column {
            0 => Cell::styled(cluster.id.clone(), theme.series[row % theme.series.len()].patch(theme.strong)),
            1 => cluster.name.clone().into(),
            2 => Cell::styled(stage(cluster.stage), theme.dim),
            3 if body.width < 40 && cluster.size > 999_999 => numbers::short(cluster.size as f64).into(),
            3 => numbers::count(cluster.size as u64).into(),
            // Of all customers: also of those who have not bought yet.
            _ => Cell::styled(numbers::percent(cluster.size as f64 / everybody), theme.dim),
        }
    });
    if let (Some(input), Some(row)) = (&screen.renaming, screen.list.selected()) {
        let first = screen.list.sight(usize::from(body.height.saturating_sub(1))).start;
        let y = body.y + 1 + (row - first) as u16;
        let x = body.x + 4;
        let width = body.width.saturating_sub(5);
        canvas.clear(Rect { x, y, width, height: 1 });
        input.draw(canvas, x, y, width, "a name of your own; empty for the found one", true);
    }
    let mut quality =
        format!("silhouette {:.2}, stability {:.2}", segmentation.silhouette, segmentation.stability);
    if foot == 0 {
        // On the frame, where the list takes all the room.
        let style = theme.dim;
        canvas.text_right(inside.x, inside.bottom(), inside.width, &format!(" {quality} "), style);
        return;
    }
    if segmentation.not_clustered > 0 {
        let waiting = format!("; {} to buy yet", numbers::count(segmentation.not_clustered as u64));
        if text::width(&quality) + text::width(&waiting) <= usize::from(inside.width) {
            quality.push_str(&waiting);
        }
    }
    canvas.text(inside.x, inside.bottom() - 1, inside.width, &quality, theme.dim);
}

/// Bars that lean left where the segment has less than the shop, right where it has more; whether there is room
/// for all of them.
fn against(screen: &Segments, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) -> bool {
    let title = screen
        .chosen()
        .and_then(|cluster| Some((cluster, screen.seen.as_ref()?)))
        .map_or(String::new(), |(cluster, seen)| {
            format!("{} against the shop (medians)", seen.clusters[cluster].id)
        });
    let inside = widgets::panel(canvas, area, &title, false);
    let (Some(profile), Load::Ready(shop)) = (screen.profile(), &shared.shop) else {
        widgets::empty(canvas, inside, &Sentence { what: "Comparing …", next: "" });
        return true;
    };
    let theme = canvas.theme;
    let label = 17.min(inside.width);
    let value = 10;
    let unit = if inside.width >= 44 { 5 } else { 0 };
    let word = 6;
    let room = inside.width.saturating_sub(label + value + unit + word + 3);
    for (row, comparison) in profile.comparisons.iter().take(usize::from(inside.height)).enumerate() {
        let y = inside.y + row as u16;
        let (shown, of) = measures::shown(comparison.feature, comparison.median, shop);
        canvas.text(inside.x, y, label, measures::label(comparison.feature), theme.dim);
        canvas.text_right(inside.x + label, y, value, &shown, theme.strong);
        if unit > 0 {
            let of = of.split(' ').next().unwrap_or("");
            canvas.text(
                inside.x + label + value + 1,
                y,
                unit - 1,
                if of == "of" { "" } else { of },
                theme.dim,
            );
        }
        let x = inside.x + label + value + unit + 1;
        widgets::lean(
            canvas,
            x,
            y,
            room,
            measures::lean(comparison.feature, comparison.median, comparison.shop_median),
        );
        let word_text = measures::against(comparison.feature, comparison.median, comparison.shop_median);
        canvas.text_right(inside.right().saturating_sub(word), y, word, &word_text, theme.text);
    }
    let rows = profile.comparisons.len() as u16;
    if rows > inside.height {
        let note = format!(" {} more in the profile ", rows - inside.height);
        let style = theme.dim;
        canvas.text_right(inside.x, inside.bottom(), inside.width, &note, style);
    }
    if inside.height > rows + 1
        && let (Some(cluster), Some(seen)) = (screen.chosen(), &screen.seen)
    {
        let words: Vec<String> = seen.clusters[cluster]
            .drivers
            .iter()
            .take(3)
            .map(|driver| {
                let (more, less) = measures::more_and_less(driver.feature);
                let high = driver.direction == crate::segments::Direction::High;
                format!(
                    "{} ({})",
                    measures::label(driver.feature).to_lowercase(),
                    if high { more } else { less }
                )
            })
            .collect();
        if !words.is_empty() {
            let sentence = format!("Set apart by {}.", words.join(", "));
            let lines = text::wrap(&sentence, usize::from(inside.width));
            for (index, line) in lines.iter().take(usize::from(inside.height - rows - 1)).enumerate() {
                canvas.text(inside.x, inside.y + rows + 1 + index as u16, inside.width, line, theme.text);
            }
        }
    }
    rows <= inside.height
}

fn facts(
    screen: &Segments,
    shared: &Shared,
    segmentation: &Segmentation,
    whole: bool,
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    let title = screen.chosen().map_or(String::new(), |cluster| {
        let cluster = &segmentation.clusters[cluster];
        format!("{} {}", cluster.id, cluster.name)
    });
    let inside = widgets::panel(canvas, area, &title, screen.panel == Panel::Profile);
    let (Some(profile), Load::Ready(shop)) = (screen.profile(), &shared.shop) else {
        widgets::empty(canvas, inside, &Sentence { what: "Looking at who they are …", next: "" });
        return;
    };
    let mut lines = Vec::new();
    if !whole {
        // There is no panel for it on a small window, or not enough room in it.
        lines.extend(profile::against(profile, shop));
    }
    lines.extend(profile::lines(profile, shop));
    widgets::Sheet { lines: &lines, scroll: &screen.scroll, id: PROFILE }.draw(canvas, inside);
}
