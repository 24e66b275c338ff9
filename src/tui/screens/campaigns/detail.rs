//! The plan's page: what there is to know of one campaign, in rows of which some can be opened.

use ratatui::style::Style;

use super::ledger::{answer_mark, mark, words};
use crate::campaign::approval::Approval;
use crate::campaign::preflight::{Finding, Weight};
use crate::campaign::prospect::Prospect;
use crate::campaign::sending::Pulse;
use crate::tui::app::Shared;
use crate::tui::keymap::Action;
use crate::tui::screens::campaigns::view::state_mark;
use crate::tui::theme::Theme;
use crate::tui::work::Seen;
use crate::tui::{numbers, text};
use crate::workspace::{CampaignState, SendState};

/// What opens when a row is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The customers at this step of the funnel.
    Step(String),
    /// The message of this arm.
    Arm(usize),
    /// The ledger's lines with this word.
    Lines(&'static str),
    /// A title, and a text to be read in full.
    Read(String, String),
}

/// How a row is drawn.
pub(super) enum Kind {
    /// Stretches after an indent.
    Text(u16, Vec<(String, Style)>),
    /// A label, a share (0..=1) as a bar, a count, and what is to be said of it.
    Bar { label: Vec<(String, Style)>, share: f64, count: String, note: String },
}

/// A row, and the number of what it opens.
pub(super) struct Row {
    pub target: Option<usize>,
    pub kind: Kind,
}

/// All rows, at a width.
pub(super) struct Sheet<'a> {
    pub rows: Vec<Row>,
    pub targets: Vec<Target>,
    width: u16,
    theme: &'a Theme,
}

impl Sheet<'_> {
    fn blank(&mut self) {
        if !self.rows.is_empty() {
            self.rows.push(Row { target: None, kind: Kind::Text(0, Vec::new()) });
        }
    }

    fn heading(&mut self, words: &str) {
        self.blank();
        self.rows
            .push(Row { target: None, kind: Kind::Text(0, vec![(words.to_owned(), self.theme.accent)]) });
    }

    fn add(&mut self, target: Target) -> usize {
        self.targets.push(target);
        self.targets.len() - 1
    }

    /// A text that is wrapped after its first stretch, which stands before it.
    fn text(&mut self, target: Option<usize>, first: (&str, Style), words: &str, style: Style) {
        let indent = text::width(first.0) as u16;
        let room = usize::from(self.width.saturating_sub(indent)).max(8);
        for (number, line) in text::wrap(&text::clean(words), room).into_iter().enumerate() {
            let kind = if number == 0 {
                Kind::Text(0, vec![(first.0.to_owned(), first.1), (line, style)])
            } else {
                Kind::Text(indent, vec![(line, style)])
            };
            self.rows.push(Row { target, kind });
        }
    }
}

/// The rows of a campaign; `live`: how far it is while it is being sent.
pub(super) fn sheet<'a>(seen: &Seen, live: Option<&Pulse>, shared: &'a Shared, width: u16) -> Sheet<'a> {
    let theme = &shared.theme;
    let mut sheet = Sheet { rows: Vec::new(), targets: Vec::new(), width, theme };
    head(&mut sheet, seen, live.is_some(), shared);
    if let Some(pulse) = live {
        progress(&mut sheet, pulse);
    }
    // While it is sent, what was counted before is not true any more.
    if seen.state.is_some() && live.is_none() {
        states(&mut sheet, seen);
        came_back(&mut sheet, seen);
    }
    arms(&mut sheet, seen);
    funnel(&mut sheet, seen);
    settled(&mut sheet, seen);
    if let Some(prospect) = &seen.prospect {
        outlook(&mut sheet, prospect, shared);
        cost(&mut sheet, seen, prospect, shared);
        checks(&mut sheet, &prospect.checks, shared);
    }
    sheet
}

fn head(sheet: &mut Sheet<'_>, seen: &Seen, live: bool, shared: &Shared) {
    let theme = sheet.theme;
    let state = if live { Some(CampaignState::Sending) } else { seen.state };
    let (glyph, word, style) = state_mark(state, theme);
    let what = format!("{word}; {} for {}, {}", seen.strategy, seen.segments.join(", "), seen.channel.name());
    sheet.text(None, (&format!("{glyph} "), style), &what, style);
    match (&seen.approval, seen.state) {
        (Approval::Approved { by, .. }, state) => {
            let now = if state.is_none() { ", as it is now" } else { "" };
            sheet.text(None, ("✓ ", theme.good), &format!("approved by {by}{now}"), theme.text);
        }
        (_, Some(_)) => {}
        (Approval::Voided { by, .. }, None) => {
            let words = format!("{by} approved it, and something has changed since");
            sheet.text(None, ("! ", theme.warning), &words, theme.warning);
        }
        (Approval::Missing, None) => sheet.text(None, ("○ ", theme.text), "not approved yet", theme.text),
    }
    if let Some(prospect) = seen.prospect.as_ref().filter(|_| !live) {
        let stops: Vec<&str> = prospect
            .checks
            .iter()
            .filter(|check| check.weight == Weight::Blocking)
            .map(|check| check.check)
            .collect();
        if stops.is_empty() {
            let key = shared.keymap.shown(Action::SendCampaign);
            sheet.text(None, ("✓ ", theme.good), &format!("ready: {key} sends it"), theme.good);
        } else {
            let words = format!("stopped by {}: see the checks below", stops.join(", "));
            sheet.text(None, ("✗ ", theme.bad), &words, theme.bad);
        }
    }
    if let Some(why) = &seen.why_stopped {
        sheet.text(None, ("! ", theme.warning), &format!("it stopped by itself: {why}"), theme.warning);
    }
    match &seen.to {
        Ok(place) => {
            let when = if seen.when.is_empty() { String::new() } else { format!("; {}", seen.when) };
            sheet.text(None, ("→ ", theme.dim), &format!("to {place}{when}"), theme.dim);
        }
        Err(why) => sheet.text(None, ("✗ ", theme.bad), why, theme.bad),
    }
    if let Some(due) = seen.next_due {
        let zone = shared.setup.started.time_zone();
        let at = super::ledger::moment(due, zone, "%Y-%m-%d %H:%M %Z");
        let passed = due <= shared.unix_milliseconds();
        let words = if passed {
            "messages wait to go out now".to_owned()
        } else {
            format!("the next may go out at {at}")
        };
        sheet.text(None, ("· ", theme.dim), &words, theme.text);
    }
}

/// How far it is, while it is being sent.
fn progress(sheet: &mut Sheet<'_>, pulse: &Pulse) {
    let theme = sheet.theme;
    sheet.heading("Being sent");
    let done = pulse.accepted + pulse.failed + pulse.unknown;
    let all = done + pulse.waiting;
    let share = if all == 0 { 0.0 } else { done as f64 / all as f64 };
    let left = pulse.seconds_left.map_or_else(String::new, |seconds| {
        let left = std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
        format!(", {} left", numbers::duration(left))
    });
    let kind = Kind::Bar {
        label: vec![("▸ sent".into(), theme.accent)],
        share,
        count: numbers::count(pulse.accepted),
        note: format!("of {}", numbers::count(all)),
    };
    sheet.rows.push(Row { target: None, kind });
    let words =
        if all == 0 { "it begins".to_owned() } else { format!("{:.0} a second{left}", pulse.per_second) };
    sheet.text(None, ("  ", theme.dim), &words, theme.text);
}

fn states(sheet: &mut Sheet<'_>, seen: &Seen) {
    let theme = sheet.theme;
    let count = |state| seen.tally.values().filter_map(|states| states.get(&state)).sum::<u64>();
    let all: u64 = SendState::ALL.into_iter().filter(|state| *state != SendState::Holdout).map(count).sum();
    sheet.heading("Messages");
    for state in SendState::ALL {
        let number = count(state);
        if number == 0 || state == SendState::Holdout {
            continue;
        }
        let (glyph, style) = mark(state, theme);
        let target = sheet.add(Target::Lines(state.name()));
        let kind = Kind::Bar {
            label: vec![(format!("{glyph} "), style), (words(state).to_owned(), theme.text)],
            share: number as f64 / all.max(1) as f64,
            count: numbers::count(number),
            note: String::new(),
        };
        sheet.rows.push(Row { target: Some(target), kind });
    }
    let handing = if seen.sent_elsewhere { 0 } else { count(SendState::Handing) };
    if count(SendState::Unknown) + handing > 0 {
        let words = format!(
            "Nobody knows whether some were taken: `perennial campaign resolve {}` decides with the log of the server or the \
             provider.",
            seen.name
        );
        sheet.text(None, ("  ", theme.dim), &words, theme.warning);
    }
}

/// What came back, of those that were accepted.
fn came_back(sheet: &mut Sheet<'_>, seen: &Seen) {
    let theme = sheet.theme;
    if seen.came_back.is_empty() {
        return;
    }
    let accepted: u64 = seen.tally.values().filter_map(|states| states.get(&SendState::Accepted)).sum();
    sheet.heading("Came back");
    for (&kind, &number) in &seen.came_back {
        let (glyph, style) = answer_mark(kind, theme);
        let target = sheet.add(Target::Lines(kind.name()));
        let bar = Kind::Bar {
            label: vec![(format!("{glyph} "), style), (kind.name().to_owned(), theme.text)],
            share: number as f64 / accepted.max(1) as f64,
            count: numbers::count(number),
            note: String::new(),
        };
        sheet.rows.push(Row { target: Some(target), kind: bar });
    }
}

fn arms(sheet: &mut Sheet<'_>, seen: &Seen) {
    let theme = sheet.theme;
    sheet.heading("Arms");
    let all = seen.arms.iter().map(|arm| arm.customers).sum::<u64>() + seen.holdout;
    let share = |customers: u64| customers as f64 / all.max(1) as f64;
    let shares: f64 = seen.arms.iter().map(|arm| arm.share).sum();
    for (number, arm) in seen.arms.iter().enumerate() {
        let drafts: Vec<String> = arm.drafts.iter().map(ToString::to_string).collect();
        let part = if seen.arms.len() > 1 {
            format!("{:.0} %, ", 100.0 * arm.share / shares.max(f64::MIN_POSITIVE))
        } else {
            String::new()
        };
        let target = sheet.add(Target::Arm(number));
        let kind = Kind::Bar {
            label: vec![(arm.name.clone(), theme.strong)],
            share: share(arm.customers),
            count: numbers::count(arm.customers),
            note: format!(
                "{part}{} {}",
                if drafts.len() == 1 { "draft" } else { "drafts" },
                drafts.join(", ")
            ),
        };
        sheet.rows.push(Row { target: Some(target), kind });
    }
    let target = sheet.add(Target::Step("holdout".into()));
    let kind = Kind::Bar {
        label: vec![("holdout".into(), theme.dim)],
        share: share(seen.holdout),
        count: numbers::count(seen.holdout),
        note: String::new(),
    };
    sheet.rows.push(Row { target: Some(target), kind });
}

fn funnel(sheet: &mut Sheet<'_>, seen: &Seen) {
    let theme = sheet.theme;
    let Some(all) = seen.funnel.first().map(|step| step.customers.max(1)) else { return };
    sheet.heading(if seen.state.is_some() { "Audience, as it was launched" } else { "Audience" });
    for step in &seen.funnel {
        let target = sheet.add(Target::Step(step.step.clone()));
        let end = matches!(step.step.as_str(), "in-segment" | "to-be-sent");
        let out = step.left_out > 0 && step.step != "holdout";
        let kind = Kind::Bar {
            label: vec![(step.words.clone(), if end { theme.strong } else { theme.text })],
            share: step.customers as f64 / all as f64,
            count: numbers::count(step.customers),
            note: if out { format!("-{}", numbers::count(step.left_out)) } else { String::new() },
        };
        sheet.rows.push(Row { target: Some(target), kind });
    }
}

/// What the plan settles besides: holdout, cap, coupons, budget.
fn settled(sheet: &mut Sheet<'_>, seen: &Seen) {
    let theme = sheet.theme;
    sheet.heading("Plan");
    for (label, words) in &seen.terms {
        sheet.text(None, (&format!("  {label:<8} "), theme.dim), words, theme.text);
    }
}

fn outlook(sheet: &mut Sheet<'_>, prospect: &Prospect, shared: &Shared) {
    let theme = sheet.theme;
    sheet.heading("What can be shown");
    let longest = prospect.outlook.iter().filter(|look| look.base_rate.is_some()).map(|look| look.days).max();
    if let Some((longest, features)) = longest.zip(shared.features.ready()) {
        let words = format!(
            "who buys anyway: of such customers {longest} days before {}, those who bought within so many days",
            features.as_of
        );
        sheet.text(None, ("  ", theme.dim), &words, theme.dim);
    }
    for look in &prospect.outlook {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let (glyph, style, words) = match (look.base_rate, look.smallest_effect) {
            (None, _) => ("?", theme.dim, "the shop's past does not say how many buy anyway".to_owned()),
            (Some(base), Some(effect)) if look.is_too_few() => (
                "~",
                theme.warning,
                format!(
                    "too few to tell: {} buy anyway, and only {:.1} points more could be told from chance",
                    percent(base),
                    100.0 * effect
                ),
            ),
            (Some(base), None) => (
                "~",
                theme.warning,
                format!(
                    "too few to tell: {} buy anyway, and no rise could be told from chance",
                    percent(base)
                ),
            ),
            (Some(base), Some(effect)) => (
                "✓",
                theme.good,
                format!(
                    "{} buy anyway; {:.1} points more can be told from chance",
                    percent(base),
                    100.0 * effect
                ),
            ),
        };
        let title = format!("After {} days", look.days);
        let target = sheet.add(Target::Read(title, words.clone()));
        sheet.text(Some(target), (&format!("{glyph} {:>2} days  ", look.days), style), &words, theme.text);
    }
}

fn cost(sheet: &mut Sheet<'_>, seen: &Seen, prospect: &Prospect, shared: &Shared) {
    let theme = sheet.theme;
    let money = &prospect.forecast;
    let shop = shared.shop.ready();
    let (digits, currency) = shop.map_or((2, ""), |shop| (shop.currency_digits, shop.currency.as_str()));
    let amount =
        |value: f64| format!("{} {}", numbers::amount(value, digits), numbers::shown_currency(currency));
    sheet.heading("Cost");
    let mut words = match (money.coupons, money.coupons_at_most) {
        (Some(coupons), Some(most)) if most > 0.0 => format!(
            "{} if {:.0} % of the coupons are used, {} at most",
            amount(coupons).trim_end(),
            100.0 * seen.redemption,
            amount(most).trim_end()
        ),
        (Some(_), _) => "no coupon costs anything".to_owned(),
        _ => "what the offer costs is not known".to_owned(),
    };
    if money.sending > 0.0 {
        words.push_str(&format!("; {} for sending", amount(money.sending).trim_end()));
    }
    if let Some(break_even) = money.break_even.filter(|share| *share > 0.0) {
        words.push_str(&format!("; it pays if {:.2} % buy who would not have", 100.0 * break_even));
    }
    let target = sheet.add(Target::Read("Cost".into(), words.clone()));
    sheet.text(Some(target), ("  ", theme.dim), &words, theme.text);
}

/// The sign and the word of a check.
fn weight(weight: Weight, theme: &Theme) -> (&'static str, Style) {
    match weight {
        Weight::Good => ("✓ ok  ", theme.good),
        Weight::Warning => ("! note", theme.warning),
        Weight::Blocking => ("✗ stop", theme.bad),
    }
}

fn checks(sheet: &mut Sheet<'_>, checks: &[Finding], shared: &Shared) {
    let theme = sheet.theme;
    sheet.heading("Checks");
    for check in checks {
        let (sign, style) = weight(check.weight, theme);
        let remedy = match check.check {
            "approval" if check.weight != Weight::Good => {
                format!("Read it: {} approves it.", shared.keymap.shown(Action::ApproveCampaign))
            }
            _ => check.remedy.clone(),
        };
        let full = format!("{}\n\n{remedy}", check.found);
        let target = sheet.add(Target::Read(check.check.to_owned(), full.trim_end().to_owned()));
        let found = if check.weight == Weight::Good { theme.dim } else { theme.text };
        // Where there is little room, what was found stands below the name of the check.
        let narrow = sheet.width < 56;
        if narrow {
            sheet.text(Some(target), (&format!("{sign} "), style), check.check, theme.strong);
            sheet.text(Some(target), ("  ", style), &check.found, found);
        } else {
            sheet.text(Some(target), (&format!("{sign} {:<16} ", check.check), style), &check.found, found);
        }
        if !remedy.is_empty() {
            let arrow = if narrow { "  → " } else { "       → " };
            sheet.text(Some(target), (arrow, theme.dim), &remedy, theme.dim);
        }
    }
}
