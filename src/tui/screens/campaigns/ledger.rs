//! The ledger of a campaign: what was to go to whom, and what became of it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::RIGHT;
use crate::tui::app::Shared;
use crate::tui::canvas::Canvas;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, Align, Cell, Column, List, Sentence, Table, Width};
use crate::workspace::{Kind, LedgerLine, SendState};

/// Lines of the ledger that hold a text.
pub(super) struct Ledger {
    pub name: String,
    pub find: String,
    /// `None` before they are read.
    pub lines: Option<Arc<Vec<LedgerLine>>>,
    /// Whether these are all that there are.
    pub all: bool,
    pub list: List,
}

impl Ledger {
    pub fn new(name: &str, find: &str) -> Self {
        Self { name: name.to_owned(), find: find.to_owned(), lines: None, all: true, list: List::default() }
    }

    pub fn show(&mut self, lines: Arc<Vec<LedgerLine>>, all: bool) {
        self.list.set_len(lines.len());
        self.lines = Some(lines);
        self.all = all;
    }

    pub fn chosen(&self) -> Option<&LedgerLine> {
        self.lines.as_ref()?.get(self.list.selected()?)
    }

    pub fn title(&self) -> String {
        let count = self.lines.as_ref().map_or(0, |lines| lines.len());
        let more = if self.all { "" } else { "the first " };
        let found = if self.find.is_empty() { String::new() } else { format!(" with “{}”", self.find) };
        format!("{more}{}{found}", crate::tui::numbers::counted(count, "line"))
    }

    pub fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>, focused: bool) {
        let Some(lines) = &self.lines else {
            return widgets::empty(canvas, area, &Sentence { what: "The ledger is being read.", next: "" });
        };
        if lines.is_empty() {
            let next = "Type another word: a customer, an address, a code, a state, an arm, bounced.";
            return widgets::empty(canvas, area, &Sentence { what: "No line has these words.", next });
        }
        let columns = [
            Column::new("", Width::Fixed(1), Align::Left, 0),
            Column::new("State", Width::Fixed(9), Align::Left, 0),
            Column::new("Customer", Width::Fill(8), Align::Left, 0),
            Column::new("Arm", Width::Fixed(7), Align::Left, 2),
            Column::new(
                format!("When ({})", shared.setup.started.strftime("%Z")),
                Width::Fixed(16),
                Align::Left,
                1,
            ),
            Column::new("Said", Width::Fill(10), Align::Left, 3),
        ];
        let table = Table { columns: &columns, list: &self.list, id: RIGHT, focused };
        let theme = canvas.theme;
        let zone = shared.setup.started.time_zone();
        let shop = shared.shop.ready();
        table.draw(canvas, area, |row, column| {
            let LedgerLine { send: line, .. } = &lines[row];
            let (glyph, style) = if lines[row].bounced() {
                answer_mark(Kind::Bounced, theme)
            } else {
                mark(line.state, theme)
            };
            match column {
                0 => Cell::styled(glyph, style),
                1 => Cell::styled(lines[row].state(), style),
                2 => match shop.and_then(|shop| shop.customers.row_of(&line.customer).map(|row| (shop, row)))
                {
                    Some((shop, row)) => {
                        format!("{} {}", line.customer, shop.customers.display_name(row)).into()
                    }
                    None => line.customer.clone().into(),
                },
                3 => Cell::styled(line.arm.clone(), theme.dim),
                4 => Cell::styled(moment(line.at, zone, "%Y-%m-%d %H:%M"), theme.dim),
                _ => Cell::styled(said(&lines[row]), theme.dim),
            }
        });
    }
}

/// A letter or sign of a state, and its colour.
pub(super) fn mark(state: SendState, theme: &Theme) -> (&'static str, Style) {
    match state {
        SendState::Holdout => ("h", theme.dim),
        SendState::Intended => ("○", theme.text),
        SendState::Handing => ("▸", theme.accent),
        SendState::Accepted => ("✓", theme.good),
        SendState::Failed => ("✗", theme.bad),
        SendState::Unknown => ("?", theme.warning),
        SendState::Skipped => ("-", theme.dim),
        SendState::Cancelled => ("=", theme.dim),
    }
}

/// A letter or sign of what came back, and its colour.
pub(super) fn answer_mark(kind: Kind, theme: &Theme) -> (&'static str, Style) {
    match kind {
        Kind::Bounced => ("↩", theme.bad),
        Kind::Complained => ("!", theme.bad),
        Kind::Unsubscribed | Kind::Preferences => ("-", theme.warning),
        Kind::Delivered | Kind::Clicked | Kind::Replied | Kind::Rated | Kind::Ordered => ("+", theme.good),
    }
}

/// What came back, then what the other side said when it was handed over.
fn said(line: &LedgerLine) -> String {
    let mut said: Vec<&str> =
        line.came_back.iter().filter(|kind| **kind != Kind::Bounced).map(|kind| kind.name()).collect();
    said.extend(line.send.detail.as_deref());
    said.join(", ")
}

/// What a state means.
pub(super) fn words(state: SendState) -> &'static str {
    match state {
        SendState::Holdout => "held out",
        SendState::Intended => "waiting",
        SendState::Handing => "on the way",
        SendState::Accepted => "accepted",
        SendState::Failed => "failed",
        SendState::Unknown => "nobody knows",
        SendState::Skipped => "skipped",
        SendState::Cancelled => "not sent",
    }
}

/// A moment in a zone; nothing where it cannot be one.
pub(super) fn moment(at: i64, zone: &TimeZone, pattern: &str) -> String {
    let at = Timestamp::from_millisecond(at);
    at.map_or_else(|_| String::new(), |at| at.to_zoned_datetime(zone.clone()).strftime(pattern).to_string())
}

/// Everything that stands on a line.
pub(super) fn in_full(line: &LedgerLine) -> String {
    let came_back: Vec<&str> = line.came_back.iter().map(|kind| kind.name()).collect();
    let line = &line.send;
    // What the other side said is the news of a line that failed.
    let said = match (line.state, line.detail.as_deref()) {
        (SendState::Failed | SendState::Unknown, Some(said)) => format!("{}: {said}", words(line.state)),
        (state, _) if state.name() == words(state) => words(state).to_owned(),
        (state, _) => format!("{}: {}", state.name(), words(state)),
    };
    let mut text = format!(
        "{said}\nCustomer {}, segment {}, arm {}, {}",
        line.customer, line.segment, line.arm, line.channel
    );
    let mut more = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("\n{label} {value}"));
        }
    };
    let utc = |at: i64| moment(at, &TimeZone::UTC, "%Y-%m-%d %H:%M:%S UTC");
    more("Came back:", Some(came_back.join(", ")).filter(|kinds| !kinds.is_empty()));
    more("Address", line.address.clone());
    more("Coupon", line.coupon.clone());
    more("Since", Some(utc(line.at)));
    more("Not before", line.not_before.map(utc));
    more("Attempts", Some(line.attempts.to_string()));
    more("Message-ID", line.message_id.clone());
    more("Said", line.detail.clone());
    more("Content", Some(line.content.clone()).filter(|content| !content.is_empty()));
    text
}
