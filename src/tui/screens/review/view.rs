//! ```text
//! ╭ 5 open, 1 approved, 2 rejected ───╮╭ Win back, e-mail, variant 2 ─────╮
//! │ ▸ ○ A  Win back   We kept ...     ││ From ... Subject ...             │
//! │   ✓ B  ...                        ││ ✓ length   ✗ invented-number ... │
//! ╰───────────────────────────────────╯╰──────────────────────────────────╯
//! ```

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;

use super::{MESSAGE, QUEUE, Review, Typing};
use crate::review::decision::{Author, Status};
use crate::review::queue::{Item, Show};
use crate::review::{Check, TracedClaim, Verdict, passes};
use crate::strategy::Part;
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, Align, Cell, Column, Rich, Sentence, Table, Width};
use crate::writing::Draft;

pub fn draw(screen: &Review, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    if !matches!(screen.desk, Load::Ready(_)) {
        widgets::load_state(
            canvas,
            area,
            shared,
            &screen.desk,
            "The drafts are about to be read.",
            "The drafts could not be read",
        );
        return;
    }
    let line = u16::from(screen.typing.is_some()) * 2;
    let body = Rect { height: area.height.saturating_sub(line), ..area };
    if body.width >= 76 {
        let left = (body.width * 2 / 5).clamp(34, 56);
        let [left, right] = body.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Min(0)]));
        queue(screen, shared, left, canvas);
        message(screen, shared, right, canvas);
    } else if screen.on_message || matches!(screen.typing, Some(Typing::Slot(..))) {
        message(screen, shared, body, canvas);
    } else {
        queue(screen, shared, body, canvas);
    }
    if line > 0 {
        typing(screen, Rect { y: body.bottom(), height: line, ..area }, canvas);
    }
}

fn typing(screen: &Review, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = canvas.theme;
    let (label, input, placeholder) = match &screen.typing {
        Some(Typing::Reason(input)) => ("Why is it rejected?", input, "a word or a sentence"),
        Some(Typing::Slot(_, input)) => {
            ("Edit what was written; the rules are run again.", input, "the text of this stretch")
        }
        Some(Typing::Find(input)) => ("Find in the drafts", input, "a word of the message"),
        None => return,
    };
    canvas.text(area.x + 1, area.y, area.width.saturating_sub(2), label, theme.accent);
    let y = area.y + 1;
    canvas.text(area.x + 1, y, 2, "▸", theme.accent);
    input.draw(canvas, area.x + 3, y, area.width.saturating_sub(4), placeholder, true);
}

fn mark(item: &Item, held_back: bool, theme: &Theme) -> (&'static str, Style) {
    match &item.standing.status {
        Status::Approved { .. } if held_back => ("≠", theme.warning),
        Status::Approved { .. } => ("✓", theme.good),
        Status::Rejected { .. } => ("✗", theme.dim),
        Status::Open if passes(&item.checks) => ("○", theme.text),
        Status::Open => ("!", theme.warning),
    }
}

/// The first words that tell drafts apart: what was written for this one.
fn gist(item: &Item) -> String {
    let slot = item.standing.slots.iter().max_by_key(|slot| slot.len());
    slot.cloned().or_else(|| item.draft.text.get(&Part::Body).cloned()).unwrap_or_default()
}

fn queue(screen: &Review, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Some(desk) = screen.desk.ready() else { return };
    let counts = desk.queue.counts();
    let of = match screen.filter.show {
        Show::Open => "waiting",
        Show::Approved => "approved",
        Show::Rejected => "rejected",
        Show::All => "all",
    };
    let found = if screen.filter.text.is_empty() {
        String::new()
    } else {
        format!(" with “{}”", screen.filter.text)
    };
    let title = format!("{} {of}{found}", screen.list.len());
    let inside = widgets::panel(canvas, area, &title, !screen.on_message);
    let foot = u16::from(inside.height >= 6);
    let body = Rect { height: inside.height - foot, ..inside };
    let theme = canvas.theme;
    if foot > 0 {
        let line = format!(
            "{} open, {} failing, {} approved, {} rejected",
            counts.open, counts.failing, counts.approved, counts.rejected
        );
        canvas.text(inside.x, inside.bottom() - 1, inside.width, &line, theme.dim);
    }
    if screen.list.is_empty() {
        let strategies = shared.keymap.shown(Action::Strategies);
        let keep = shared.keymap.shown(Action::KeepDrafts);
        let show = shared.keymap.shown(Action::ShowNext);
        let (what, next) = if desk.queue.items().is_empty() {
            (
                "There are no drafts yet.".to_owned(),
                format!(
                    "Press {strategies} to choose a strategy, and {keep} there to put its variants here."
                ),
            )
        } else if screen.filter.text.is_empty() {
            (
                format!("No draft here: the list shows those that are {of}."),
                format!("Press {show} to show others."),
            )
        } else {
            ("No draft has these words.".to_owned(), "Press esc to see all.".to_owned())
        };
        widgets::empty(canvas, body, &Sentence { what: &what, next: &next });
        return;
    }
    let items = screen.shown();
    // Where all are of one strategy, its name tells nothing, and takes the room of what tells them apart.
    let alike = items.windows(2).all(|two| two[0].draft.strategy == two[1].draft.strategy);
    let mut columns = vec![
        Column::new("", Width::Fixed(1), Align::Left, 0),
        Column::new("No", Width::Fixed(4), Align::Left, 2),
        Column::new("Seg", Width::Fixed(3), Align::Left, 0),
        Column::new("Written", Width::Fill(14), Align::Left, 0),
    ];
    if !alike {
        columns.insert(3, Column::new("Strategy", Width::Fixed(14), Align::Left, 1));
    }
    let table = Table { columns: &columns, list: &screen.list, id: QUEUE, focused: !screen.on_message };
    table.draw(canvas, body, |row, column| {
        let Some(item) = items.get(row) else { return "".into() };
        match column {
            0 => {
                let (glyph, style) = mark(item, screen.held_back(item).is_some(), theme);
                Cell::styled(glyph, style)
            }
            1 => Cell::styled(format!("#{}", item.id.0), theme.dim),
            2 => Cell::styled(item.draft.segment.clone(), theme.strong),
            3 if !alike => Cell::styled(desk.name(item), theme.dim),
            _ if desk.queue.is_outdated(item) => Cell::styled(gist(item), theme.dim),
            _ => gist(item).into(),
        }
    });
}

fn message(screen: &Review, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let (Some(desk), Some(item)) = (screen.desk.ready(), screen.chosen()) else {
        let inside = widgets::panel(canvas, area, "", false);
        widgets::empty(canvas, inside, &Sentence { what: "No draft is selected.", next: "" });
        return;
    };
    let title = format!("#{} {} for {}", item.id.0, desk.name(item), item.draft.segment);
    let inside = widgets::panel(canvas, area, &title, screen.on_message);
    let theme = canvas.theme;
    let mut rich = Rich::default();
    let held_back = screen.held_back(item);
    let (glyph, style) = mark(item, held_back.is_some(), theme);
    let standing = match &item.standing.status {
        Status::Approved { .. } if held_back.is_some() => "approved, and held back".to_owned(),
        Status::Approved { by: Author::Program, .. } => "approved by the program, not by a person".to_owned(),
        Status::Approved { .. } => "approved".into(),
        Status::Rejected { reason, .. } => format!("rejected: {reason}"),
        Status::Open if item.standing.voided => {
            "waits again: it was changed after it had been approved".into()
        }
        Status::Open if passes(&item.checks) => {
            let author = if item.draft.is_own_text() { ", the strategy's own text" } else { "" };
            let outdated = if desk.queue.is_outdated(item) {
                "; the strategy has been changed since, and others were written from it"
            } else {
                ""
            };
            format!("waits for a decision{author}{outdated}")
        }
        Status::Open => "breaks rules: edit it or reject it".into(),
    };
    rich.spans(0, vec![(format!("{glyph} {standing}"), style)]);
    for check in item.failures() {
        rich.spans(2, vec![rule(check, theme), (check.detail.clone(), theme.text)]);
    }
    // In sight also where the list of claims is further down.
    let shown = desk.message(item.id).ok();
    if let Some(claim) = shown.zip(screen.claim).and_then(|(shown, number)| shown.claims.get(number)) {
        one_claim(&mut rich, claim, true, theme);
    }
    if let Some(why) = held_back {
        let approve = shared.keymap.shown(Action::Approve);
        let next = match screen.target(item) {
            Some(group) => format!(" Read it again; {approve} approves it for {}.", group.title()),
            None => " Write it again for one of today's segments.".into(),
        };
        rich.line(&format!("It was {why}.{next}"), theme.warning);
    }
    rich.blank();
    match desk.message(item.id) {
        Ok(shown) => {
            let from = shared.setup.config.brand.said("en");
            let text = widgets::with_claims(&shown.text, &shown.claims, screen.claim);
            widgets::message(&mut rich, 0, shown.channel, from, &text, theme);
            claims(&mut rich, &shown.claims, screen.claim, theme);
        }
        Err(why) => rich.line(why, theme.bad),
    }
    rich.blank();
    rich.line("Rules that it keeps", theme.accent);
    for check in item.checks.iter().filter(|check| check.ok) {
        rich.spans(2, vec![rule(check, theme), (check.detail.clone(), theme.dim)]);
    }
    rich.blank();
    rich.line("Written by", theme.accent);
    let draft = &item.draft;
    rich.spans(
        2,
        vec![(
            format!(
                "{}, seed {}, {} tokens; draft {}{}",
                written_by(draft),
                draft.seed,
                draft.tokens,
                item.id.0,
                if item.is_edited() { "; edited by hand since" } else { "" }
            ),
            theme.dim,
        )],
    );
    if item.standing.slots.len() > 1 {
        rich.spans(
            2,
            vec![(
                format!("edits go to stretch {} of {}", screen.slot + 1, item.standing.slots.len()),
                theme.dim,
            )],
        );
    }
    let asked: Vec<&String> = (0..draft.prompts.len())
        .filter(|slot| draft.own_texts().all(|own| own != *slot))
        .filter_map(|slot| draft.prompts.get(slot))
        .collect();
    for prompt in asked {
        rich.blank();
        rich.line("What the model was given", theme.accent);
        for line in prompt.lines() {
            rich.spans(2, vec![(line.to_owned(), theme.dim)]);
        }
    }
    rich.draw(canvas, inside, &screen.scroll, MESSAGE);
}

/// A rule's name, with its outcome.
fn rule(check: &Check, theme: &Theme) -> (String, Style) {
    let (mark, style) = if check.ok { ("✓", theme.good) } else { ("✗", theme.bad) };
    (format!("{mark} {:<20}", check.rule), style)
}

/// What the message claims, one on each line with what it follows from.
fn claims(rich: &mut Rich, claims: &[TracedClaim], looked_at: Option<usize>, theme: &Theme) {
    if claims.is_empty() {
        return;
    }
    rich.blank();
    rich.line("Claims", theme.accent);
    for (number, claim) in claims.iter().enumerate() {
        one_claim(rich, claim, looked_at == Some(number), theme);
    }
}

/// A claim and what it follows from.
fn one_claim(rich: &mut Rich, claim: &TracedClaim, looked_at: bool, theme: &Theme) {
    let chosen = if looked_at { "▸" } else { " " };
    let (mark, told, style) = match &claim.verdict {
        Verdict::Proved { source } if source == "strategy" => {
            ("✓", "in the strategy's own words".to_owned(), theme.good)
        }
        Verdict::Proved { source } => ("✓", format!("follows from {source}"), theme.good),
        Verdict::Unproved { reason } => ("✗", (*reason).to_owned(), theme.bad),
    };
    let text = if looked_at { theme.strong } else { theme.text };
    rich.spans(
        0,
        vec![
            (format!("{chosen} {mark} "), style),
            (format!("“{}” ", claim.text), text),
            (told, if claim.is_proved() { theme.dim } else { theme.text }),
        ],
    );
}

/// Who wrote the draft's stretches.
fn written_by(draft: &Draft) -> String {
    let (own, all) = (draft.own_texts().count(), draft.slots.len());
    if draft.is_own_text() || draft.model.is_templates() {
        return "the strategy's own texts, no model".into();
    }
    let hash = &draft.model.sha256[..12.min(draft.model.sha256.len())];
    let hash = if hash.is_empty() { "on a server".to_owned() } else { format!("{hash}…") };
    let model = format!("{} ({hash}), temperature {}", draft.model.name, draft.sampling.temperature);
    if own == 0 {
        model
    } else {
        format!("{} of {all} stretches by {model}; the others are the strategy's own texts", all - own)
    }
}
