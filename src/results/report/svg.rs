//! Pictures as SVG, drawn by hand: intervals, bars, curves. Each has a title for those who do not see it.

use crate::statistics::Interval;

use super::html::escape;

/// Width of every picture, in its own units.
const WIDTH: f64 = 720.0;
/// Room for labels on the left.
const LEFT: f64 = 236.0;
const RIGHT: f64 = 90.0;
const ROW: f64 = 30.0;

/// Colours that the colour-blind tell apart (M. Okabe, K. Ito), with a dash each.
pub(super) const SERIES: [(&str, &str); 6] = [
    ("#0072b2", "none"),
    ("#d55e00", "7 4"),
    ("#009e73", "2 3"),
    ("#cc79a7", "10 3 2 3"),
    ("#56b4e9", "5 5"),
    ("#7a6000", "1 4"),
];

fn open(height: f64, title: &str) -> String {
    let title = escape(title);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title>{title}</title>\n"
    )
}

/// A row of a picture of intervals.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) value: f64,
    pub(super) interval: Interval,
    /// As it stands on the right.
    pub(super) shown: String,
    /// Drawn as a full circle: something may be said of it.
    pub(super) sure: bool,
}

/// Differences with their intervals around a line at 0.
pub(super) fn intervals(title: &str, rows: &[Row]) -> String {
    let ends = rows.iter().flat_map(|row| [row.interval.low, row.interval.high, row.value, 0.0]);
    let ends = ends.filter(|value| value.is_finite() && value.abs() < 1e12);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let span = if high > low { high - low } else { 1.0 };
    let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * ((value - low) / span).clamp(0.0, 1.0);
    let height = ROW * rows.len() as f64 + 16.0;
    let mut out = open(height, title);
    out += &format!(
        "<line class=\"zero\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"4\" y2=\"{1:.1}\"/>\n",
        x(0.0),
        height - 4.0
    );
    for (number, row) in rows.iter().enumerate() {
        let y = 8.0 + ROW * (number as f64 + 0.5);
        let sure = if row.sure { "sure" } else { "open" };
        out += &format!(
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <line class=\"whisker\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <circle class=\"{sure}\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 12.0,
            y + 4.5,
            escape(&cut(&row.label)),
            x(row.interval.low),
            x(row.interval.high),
            x(row.value),
            WIDTH - 2.0,
            y + 4.5,
            escape(&row.shown),
        );
    }
    out + "</svg>\n"
}

/// Bars from 0 to the longest.
pub(super) fn bars(title: &str, rows: &[(String, f64, String)]) -> String {
    let most = rows.iter().map(|row| row.1).fold(0.0_f64, f64::max).max(1e-12);
    let mut out = open(ROW * rows.len() as f64 + 8.0, title);
    for (number, (label, value, shown)) in rows.iter().enumerate() {
        let y = 4.0 + ROW * number as f64;
        let width = (WIDTH - LEFT - RIGHT - 60.0) * (value / most).clamp(0.0, 1.0);
        out += &format!(
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <rect class=\"bar\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            LEFT - 12.0,
            y + 19.5,
            escape(&cut(label)),
            y + 4.0,
            ROW - 8.0,
            LEFT + width + 8.0,
            y + 19.5,
            escape(shown),
        );
    }
    out + "</svg>\n"
}

/// A curve with a band around it.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<[f64; 2]>,
    /// Low and high at each point; empty for none.
    pub(super) band: Vec<Interval>,
}

/// A step between ticks that people count in, for about so many of them: 1, 2, 2.5 or 5 times a power of ten.
fn step(span: f64, ticks: f64) -> f64 {
    let raw = span / ticks;
    let power = 10_f64.powf(raw.log10().floor());
    let of = [1.0, 2.0, 2.5, 5.0].into_iter().find(|of| of * power >= raw * (1.0 - 1e-9));
    of.unwrap_or(10.0) * power
}

/// Curves over one axis. `x_label` stands below it; `x_shown` and `y_shown` write the values of the axes.
pub(super) fn curves(
    title: &str,
    series: &[Series],
    x_label: &str,
    x_shown: &dyn Fn(f64) -> String,
    y_shown: &dyn Fn(f64) -> String,
) -> String {
    let (height, left, bottom, right) = (330.0, 84.0, 58.0, 150.0);
    let all = || series.iter().flat_map(|one| &one.points);
    let most_x = all().map(|point| point[0]).fold(0.0_f64, f64::max).max(1e-12);
    let ends = || {
        let bands = series.iter().flat_map(|one| &one.band).flat_map(|band| [band.low, band.high]);
        all().map(|point| point[1]).chain(bands)
    };
    let (least, most) =
        ends().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let every = step(if most > least { most - least } else { 1.0 }, 4.0);
    let (low, high) = ((least / every + 0.1).floor() * every, (most / every).ceil().max(1.0) * every);
    let span = high - low;
    let x = |value: f64| left + (WIDTH - left - right) * value / most_x;
    let y = |value: f64| 12.0 + (height - 12.0 - bottom) * (1.0 - (value - low) / span);
    let mut out = open(height, title);
    for number in 0..=(span / every).round() as u32 {
        let value = low + every * f64::from(number);
        out += &format!(
            "<line class=\"grid\" x1=\"{left}\" x2=\"{0:.1}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/>\
             <text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{4}</text>\n",
            WIDTH - right,
            y(value),
            left - 8.0,
            y(value) + 4.5,
            escape(&y_shown(value)),
        );
    }
    let across = step(most_x, 6.0);
    for number in 0..=(most_x / across + 1e-9).floor() as u32 {
        let value = across * f64::from(number);
        out += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
            x(value),
            height - bottom + 20.0,
            escape(&x_shown(value)),
        );
    }
    let (end_x, zero) = (WIDTH - right, y(0.0));
    out += &format!(
        "<line class=\"zero\" x1=\"{left}\" x2=\"{end_x:.1}\" y1=\"{zero:.1}\" y2=\"{zero:.1}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
        f64::midpoint(left, end_x),
        height - 10.0,
        escape(x_label),
    );
    let mut label_y = f64::NEG_INFINITY;
    let mut order: Vec<usize> = (0..series.len()).filter(|&one| !series[one].points.is_empty()).collect();
    let end = |one: usize| series[one].points.last().map_or(0.0, |point| point[1]);
    order.sort_by(|&a, &b| end(b).total_cmp(&end(a)));
    for number in order {
        let one = &series[number];
        let (colour, dash) = SERIES[number % SERIES.len()];
        if one.band.len() == one.points.len() && !one.band.is_empty() {
            let upper = one.points.iter().zip(&one.band).map(|(point, band)| (point[0], band.high));
            let lower = one.points.iter().zip(&one.band).rev().map(|(point, band)| (point[0], band.low));
            let outline = upper.chain(lower).map(|(px, py)| format!("{:.1},{:.1}", x(px), y(py)));
            out += &format!(
                "<polygon points=\"{}\" fill=\"{colour}\" opacity=\"0.14\"/>\n",
                outline.collect::<Vec<_>>().join(" ")
            );
        }
        let line = one.points.iter().map(|point| format!("{:.1},{:.1}", x(point[0]), y(point[1])));
        label_y = (y(end(number)) + 4.5).max(label_y + 16.0);
        out += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dash}\"/>\
             <text x=\"{:.1}\" y=\"{label_y:.1}\" fill=\"{colour}\">{}</text>\n",
            line.collect::<Vec<_>>().join(" "),
            WIDTH - right + 6.0,
            escape(&cut(&one.name)),
        );
    }
    out + "</svg>\n"
}

/// A label that fits beside a picture.
fn cut(label: &str) -> String {
    const COLUMNS: usize = 28;
    let mut columns = 0;
    let mut out = String::new();
    for letter in label.chars() {
        columns += if letter.is_ascii() { 1 } else { 2 };
        if columns > COLUMNS {
            return out + "…";
        }
        out.push(letter);
    }
    out
}
