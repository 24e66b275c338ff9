//! The map of customers: two features against each other with their values, or the principal axes.

use ratatui::layout::Rect;

use super::{Panel, Segments};
use crate::data::Shop;
use crate::features::{Feature, Features};
use crate::segments::{Axes, Point, Segmentation};
use crate::tui::app::Shared;
use crate::tui::canvas::Canvas;
use crate::tui::widgets::{self, Dot, Sentence};
use crate::tui::{measures, text};

/// What is shown across and up, with units where there is room for them.
fn title(axes: Axes, shop: Option<&Shop>, room: u16) -> String {
    let full = titled(axes, shop);
    if text::width(&full) + 6 <= usize::from(room) { full } else { titled(axes, None) }
}

fn titled(axes: Axes, shop: Option<&Shop>) -> String {
    let named = |feature: Feature| {
        // A share has its sign beside each value.
        let unit = shop.map_or(String::new(), |shop| measures::unit(feature, shop));
        let unit = if unit.starts_with("of ") { "" } else { &unit };
        let label = measures::label(feature).to_lowercase();
        if unit.is_empty() { label } else { format!("{label} ({unit})") }
    };
    match axes {
        Axes::Principal => "Map: customers that behave alike lie close".into(),
        Axes::Features(across, up) => format!("Map: → {}, ↑ {}", named(across), named(up)),
    }
}

/// The values at both ends of an axis, in words. The map is drawn in the units of the grouping, where what lies
/// far out is drawn in: then the end says that there is more beyond it.
fn ends(
    points: &[Point],
    along: fn(&Point) -> f64,
    feature: Feature,
    features: &Features,
    shop: &Shop,
) -> Option<(String, String)> {
    let end = |sign: f64, sign_text: &str| {
        let far = points.iter().map(|point| sign * along(point)).fold(f64::NEG_INFINITY, f64::max);
        let values = points
            .iter()
            .filter(|point| sign * along(point) >= far - 1e-9)
            .filter_map(|point| features.value(feature, point.row))
            .map(f64::from)
            .filter(|value| value.is_finite());
        let nearest = values.clone().min_by(|a, b| (sign * a).total_cmp(&(sign * b)))?;
        let farthest = values.max_by(|a, b| (sign * a).total_cmp(&(sign * b)))?;
        let shown = measures::shown(feature, nearest, shop).0;
        let beyond = measures::shown(feature, farthest, shop).0 != shown;
        Some(if beyond { format!("{sign_text}{shown}") } else { shown })
    };
    Some((end(-1.0, "≤")?, end(1.0, "≥")?))
}

pub fn draw(
    screen: &Segments,
    shared: &Shared,
    segmentation: &Segmentation,
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    let shop = shared.shop.ready().map(AsRef::as_ref);
    let title = screen.points.as_ref().map_or("Map".into(), |(axes, _)| title(*axes, shop, area.width));
    let mut inside = widgets::panel(canvas, area, &title, screen.panel == Panel::Map);
    let Some((axes, points)) = &screen.points else {
        widgets::empty(canvas, inside, &Sentence { what: "Drawing the map …", next: "" });
        return;
    };
    if let (Axes::Features(across, up), Some(shop), Some(features)) = (axes, shop, shared.features.ready())
        && inside.height >= 5
        && inside.width >= 30
        && let Some(x) = ends(points, |point| point.x, *across, features, shop)
        && let Some(y) = ends(points, |point| point.y, *up, features, shop)
    {
        let style = canvas.theme.dim;
        let gutter = text::width(&y.0).max(text::width(&y.1)) as u16 + 1;
        let bottom = inside.bottom() - 1;
        canvas.text_right(inside.x, inside.y, gutter - 1, &y.1, style);
        canvas.text_right(inside.x, bottom - 1, gutter - 1, &y.0, style);
        canvas.text(inside.x + gutter, bottom, inside.width - gutter, &x.0, style);
        canvas.text_right(inside.x + gutter, bottom, inside.width - gutter, &x.1, style);
        inside =
            Rect { x: inside.x + gutter, width: inside.width - gutter, height: inside.height - 1, ..inside };
    }
    let dots: Vec<Dot> =
        points.iter().map(|point| Dot { group: point.cluster, x: point.x, y: point.y }).collect();
    let letters: Vec<&str> = segmentation.clusters.iter().map(|cluster| cluster.id.as_str()).collect();
    widgets::scatter(canvas, inside, &dots, &letters, screen.chosen());
}
