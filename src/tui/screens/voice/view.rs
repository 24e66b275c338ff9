//! ```text
//! ╭ It would learn from ──────╮╭ voice 3 ─────────────────────────────────╮
//! │ ✓ 12 lessons, at least 8  ││ ▲ Breaks rules less often: 83 % of 24 …  │
//! ╰───────────────────────────╯│                        before      after │
//! ╭ 3 voices, voice 2 in use ─╮│ drafts that break …      71 %       83 % │
//! │ ▸ ○     3 proposed  71→83 ││ 1 of 5  win-back                         │
//! ╰───────────────────────────╯╰──────────────────────────────────────────╯
//! ```

use ratatui::layout::{Constraint, Layout, Rect};

use super::course::{Course, State};
use super::{LESSONS, PAGE, Panel, Row, VOICES, Voice, availability, page};
use crate::own_voice::{Counts, LEAST_LESSONS, LEAST_PAIRS, Standing, Why, name_of, words};
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;
use crate::tui::numbers;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, Align, Cell, Column, Curve, Rich, Sentence, Table, Width};
use crate::tui::work::Known;

/// The least columns for two panels beside each other.
const WIDE: u16 = 76;
/// Rows that the curves take at most.
const CURVES: u16 = 14;

pub(super) fn draw(screen: &Voice, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let Load::Ready(known) = &screen.known else {
        let (waits, failed) = ("The voices are about to be read.", "The voices could not be read.");
        return widgets::load_state(canvas, area, shared, &screen.known, waits, failed);
    };
    let none = screen.rows().is_empty();
    if none && is_nothing(&known.lessons) {
        return nothing(shared, area, canvas);
    }
    if area.width >= WIDE {
        let left = (area.width * 2 / 5).clamp(34, 50);
        let [left, right] = area.layout(&Layout::horizontal([Constraint::Length(left), Constraint::Min(0)]));
        let height =
            (lessons(&known.lessons, canvas.theme).height(left.width - 4) + 2).min(left.height * 11 / 20);
        let rows = [Constraint::Length(height), Constraint::Min(0)];
        let [above, below] = left.layout(&Layout::vertical(rows));
        draw_lessons(screen, known, above, canvas);
        draw_list(screen, known, shared, false, below, canvas);
        return draw_page(screen, known, shared, right, canvas);
    }
    match screen.panel {
        Panel::Page => draw_page(screen, known, shared, area, canvas),
        Panel::Voices if !none => draw_list(screen, known, shared, true, area, canvas),
        _ => draw_lessons(screen, known, area, canvas),
    }
}

/// Whether nobody has decided anything yet that could be learnt from or was left out.
fn is_nothing(counts: &Counts) -> bool {
    counts.texts() + counts.pairs() + counts.rejected == 0 && counts.left_out.is_empty()
}

/// For somebody who sees the screen for the first time.
fn nothing(shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let next = format!(
        "Approve and edit drafts in Review ({}) first: {LEAST_LESSONS} are enough to begin. It learns only when you ask, on this \
         machine, and you compare before you accept.",
        shared.keymap.shown(Action::Review)
    );
    let what = "Here the model learns to write as your shop does, from the drafts that you approve and edit.";
    widgets::empty(canvas, area, &Sentence { what, next: &next });
}

fn draw_lessons(screen: &Voice, known: &Known, area: Rect, canvas: &mut Canvas<'_>) {
    let focused = screen.panel == Panel::Lessons;
    let inside = widgets::panel(canvas, area, "It would learn from", focused);
    lessons(&known.lessons, canvas.theme).draw(canvas, inside, &screen.lessons, LESSONS);
}

/// How much there is of what, and whether that is enough.
fn lessons(counts: &Counts, theme: &Theme) -> Rich {
    let mut rich = Rich::default();
    let (lessons, pairs) = (counts.texts(), counts.pairs());
    let head = |rich: &mut Rich, count: usize, least: usize, one: &str| {
        let (sign, style) = if count >= least { ("✓ ", theme.good) } else { ("! ", theme.warning) };
        let (count, note) = (numbers::counted(count, one), format!(" (at least {least})"));
        rich.spans(0, vec![(sign.into(), style), (count, theme.strong), (note, theme.dim)]);
    };
    let row = |rich: &mut Rich, count: usize, what: &str| {
        if count > 0 {
            let count = format!("{:>3} ", numbers::count(count as u64));
            rich.spans(4, vec![(count, theme.text), (what.to_owned(), theme.dim)]);
        }
    };
    head(&mut rich, lessons, LEAST_LESSONS, "lesson");
    row(&mut rich, counts.approved, "approved as written");
    row(&mut rich, counts.edited, "edited, count thrice");
    row(&mut rich, counts.held_out, "of these for judging");
    head(&mut rich, pairs, LEAST_PAIRS, "pair");
    row(&mut rich, counts.pairs_of_edits, "after and before edits");
    row(&mut rich, counts.pairs_of_rejections, "approved over rejected");
    if pairs < LEAST_PAIRS {
        rich.spans(2, vec![("without them, lessons alone".into(), theme.dim)]);
    }
    let plain = |rich: &mut Rich, count: usize, what: &str| {
        if count > 0 {
            let count = numbers::count(count as u64);
            rich.spans(2, vec![(count, theme.strong), (format!(" {what}"), theme.dim)]);
        }
    };
    plain(&mut rich, counts.rejected, "rejected");
    let left_out: usize = counts.left_out.iter().map(|left| left.texts).sum();
    plain(&mut rich, left_out, "left out");
    for left in &counts.left_out {
        row(&mut rich, left.texts, why(left.why));
        let drafts = words::drafts(left);
        if !drafts.is_empty() {
            rich.spans(8, vec![(drafts.trim_start_matches(": ").to_owned(), theme.dim)]);
        }
    }
    if let Some(longer) = words::longer(counts) {
        rich.spans(0, vec![("! ".into(), theme.warning), (longer, theme.text)]);
    }
    rich
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Personal => "might tell of a person",
        Why::NoFields => "need a missing field",
        Why::OwnText => "a strategy's own text",
        Why::NoTemplate => "of a strategy not kept",
        Why::Empty => "empty",
        Why::Twice => "the same as another",
    }
}

/// The voices; with a line on the lessons where these have no panel beside.
fn draw_list(
    screen: &Voice,
    known: &Known,
    shared: &Shared,
    alone: bool,
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    let focused = screen.panel == Panel::Voices;
    let all = known.listed.versions.len() + known.listed.damaged.len();
    let title = match known.listed.current {
        _ if all == 0 => "No voice yet".into(),
        Some(current) => format!("{}, {} in use", numbers::counted(all, "voice"), name_of(current)),
        None => format!("{}, none in use", numbers::counted(all, "voice")),
    };
    let mut inside = widgets::panel(canvas, area, &title, focused);
    let rows = screen.rows();
    if rows.is_empty() {
        return draw_no_voice(known, shared, inside, canvas);
    }
    let theme = canvas.theme;
    if alone && inside.height > 3 {
        let (lessons, pairs) = (known.lessons.texts(), known.lessons.pairs());
        let words =
            format!("from {}, {}", numbers::counted(lessons, "lesson"), numbers::counted(pairs, "pair"));
        canvas.text(inside.x + 2, inside.y, inside.width.saturating_sub(2), &words, theme.dim);
        inside = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    }
    let columns = [
        Column::new("", Width::Fixed(1), Align::Left, 0),
        Column::new("Voice", Width::Fixed(5), Align::Right, 0),
        Column::new("State", Width::Fixed(8), Align::Left, 0),
        Column::new("By itself", Width::Fixed(11), Align::Right, 1),
        Column::new("Learnt", Width::Fixed(10), Align::Left, 2),
        Column::new("By", Width::Fill(6), Align::Left, 3),
    ];
    let table = Table { columns: &columns, list: &screen.list, id: VOICES, focused };
    table.draw(canvas, inside, |row, column| {
        let Some(row) = rows.get(row) else { return "".into() };
        match row {
            Row::Learning => learning_cell(screen.course.as_ref(), column, theme),
            Row::Damaged(damaged) => match column {
                0 => Cell::styled("✗", theme.bad),
                1 => damaged.number.to_string().into(),
                2 => Cell::styled("damaged", theme.bad),
                _ => "".into(),
            },
            Row::Version(version) => {
                let (sign, style) = page::mark(version.standing, theme);
                let report = &version.report;
                match column {
                    0 => Cell::styled(sign, style),
                    1 => version.number.to_string().into(),
                    2 => Cell::styled(standing_word(version.standing), style),
                    3 => format!(
                        "{:.0} → {:.0} %",
                        report.before.rate_by_model() * 100.0,
                        report.after.rate_by_model() * 100.0
                    )
                    .into(),
                    4 => Cell::styled(
                        page::when(report.learnt_at, shared).chars().take(10).collect::<String>(),
                        theme.dim,
                    ),
                    _ => Cell::styled(report.by.clone(), theme.dim),
                }
            }
        }
    });
}

fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Proposed => "proposed",
        Standing::InUse => "in use",
        Standing::Earlier => "earlier",
    }
}

fn learning_cell(course: Option<&Course>, column: usize, theme: &Theme) -> Cell {
    let (sign, word, style) = match course.map(|course| &course.state) {
        Some(State::Running(_)) => ("▸", "learning", theme.accent),
        Some(State::Failed(_)) => ("✗", "failed", theme.bad),
        Some(State::Stopped) | None => ("=", "stopped", theme.warning),
    };
    match column {
        0 => Cell::styled(sign, style),
        1 => Cell::styled("new", theme.text),
        2 => Cell::styled(word, style),
        3 => match course {
            Some(Course { judged: Some((done, of)), .. }) => {
                Cell::styled(format!("{done} of {of}"), theme.dim)
            }
            Some(course) if course.of > 0 => {
                Cell::styled(format!("{} of {}", course.step, course.of), theme.dim)
            }
            _ => "".into(),
        },
        _ => "".into(),
    }
}

fn draw_no_voice(known: &Known, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let lessons = known.lessons.texts();
    let next = if lessons < LEAST_LESSONS {
        availability::too_few(lessons, shared)
    } else {
        format!(
            "{} learns one from these {}, on this machine and beside everything else. It is a proposal until you accept it.",
            shared.keymap.shown(Action::LearnVoice),
            numbers::counted(lessons, "lesson")
        )
    };
    widgets::empty(canvas, area, &Sentence { what: "No voice has been learnt yet.", next: &next });
}

fn draw_page(screen: &Voice, known: &Known, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let focused = screen.panel == Panel::Page;
    match screen.row() {
        None => {
            let inside = widgets::panel(canvas, area, "Before and after", focused);
            let next = "Figures and five texts stand here then, with what wrote before on the left and the voice on the right.";
            widgets::empty(canvas, inside, &Sentence { what: "There is nothing to compare yet.", next });
        }
        Some(Row::Learning) => {
            let inside = widgets::panel(canvas, area, "A new voice", focused);
            draw_course(screen, shared, inside, canvas);
        }
        Some(Row::Damaged(damaged)) => {
            let inside = widgets::panel(canvas, area, &name_of(damaged.number), focused);
            let what = "This voice cannot be used.";
            widgets::empty(canvas, inside, &Sentence { what, next: &damaged.why });
        }
        Some(Row::Version(version)) => {
            let inside = widgets::panel(canvas, area, &name_of(version.number), focused);
            page::page(version, known, shared, inside.width, canvas.theme).draw(
                canvas,
                inside,
                &screen.page,
                PAGE,
            );
        }
    }
}

/// A learning as it goes: how far it is, its curves, and what it writes.
fn draw_course(screen: &Voice, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let resume = shared.keymap.shown(Action::ResumeLearning);
    let anew = shared.keymap.shown(Action::LearnVoice);
    let next = if screen.can_resume() {
        format!("{resume} goes on where it was; {anew} begins anew.")
    } else {
        format!("{anew} begins anew.")
    };
    let Some(course) = &screen.course else {
        return widgets::empty(canvas, area, &Sentence { what: "A learning was stopped.", next: &next });
    };
    if course.losses.is_empty() && !course.is_running() {
        let (what, next) = match &course.state {
            State::Failed(why) => ("It did not come to its end.", format!("{why}\n{next}")),
            _ => ("The learning was stopped.", next),
        };
        return widgets::empty(canvas, area, &Sentence { what, next: &next });
    }
    let head = headline(course, shared, &next, canvas.theme);
    let height = head.height(area.width).min(area.height);
    head.draw(canvas, Rect { height, ..area }, &widgets::Scroll::default(), PAGE);
    let rest = Rect { y: area.y + height, height: area.height - height, ..area };
    if course.losses.is_empty() {
        let next = "The loss of each step and what it writes stand here as soon as there are any.";
        return widgets::empty(
            canvas,
            rest,
            &Sentence { what: "The model is being made ready to learn …", next },
        );
    }
    // Half of what is left, and nothing where that is too little for a curve.
    let curves = (rest.height / 2).min(CURVES);
    let curves = if curves < 5 { 0 } else { curves };
    if curves > 0 {
        let theme = canvas.theme;
        let lines = [
            Curve { points: &course.losses, style: theme.series[0], sign: None },
            Curve { points: &course.held_out, style: theme.series[1], sign: Some("●") },
        ];
        let most = course.of.max(course.step) as f64;
        widgets::curves(canvas, Rect { height: curves, ..rest }, &lines, most);
    }
    let below = Rect { y: rest.y + curves, height: rest.height - curves, ..rest };
    samples(course, canvas.theme).draw(canvas, below, &screen.page, PAGE);
}

/// Steps, time, and the losses in figures.
fn headline(course: &Course, shared: &Shared, next: &str, theme: &Theme) -> Rich {
    let mut rich = Rich::default();
    let steps = format!("step {} of {}", course.step, course.of);
    match &course.state {
        State::Running(job) => {
            let (words, note) = match (course.judged, course.left(shared.now)) {
                (Some((done, of)), _) => {
                    let left = shared.jobs.get(*job).and_then(|job| job.left(shared.now));
                    let left =
                        left.map(|left| format!("{} left", numbers::duration(left))).unwrap_or_default();
                    (format!("comparing before and after: {done} of {of} drafts"), left)
                }
                (None, Some(left)) if course.of > 0 => (steps, format!("{} left", numbers::duration(left))),
                (None, _) if course.of > 0 => (steps, String::new()),
                _ => {
                    let phase = shared.jobs.get(*job).and_then(|job| job.progress.as_ref());
                    (phase.map_or_else(|| "beginning".into(), |told| told.phase.to_string()), String::new())
                }
            };
            let note = if note.is_empty() { note } else { format!(", {note}") };
            rich.spans(0, vec![("▸ ".into(), theme.accent), (words, theme.strong), (note, theme.dim)]);
        }
        State::Stopped => {
            rich.spans(
                0,
                vec![
                    ("= ".into(), theme.warning),
                    (format!("Stopped at {steps}: "), theme.strong),
                    (next.to_owned(), theme.text),
                ],
            );
        }
        State::Failed(why) => {
            rich.spans(
                0,
                vec![
                    ("✗ ".into(), theme.bad),
                    (format!("{why} "), theme.strong),
                    (next.to_owned(), theme.text),
                ],
            );
        }
    }
    let Some((_, loss)) = course.losses.last() else { return rich };
    let mut spans = vec![("⠒ ".into(), theme.series[0]), (format!("loss {loss:.2}"), theme.text)];
    if let (Some((_, held_out)), Some((step, _))) = (course.held_out.last(), course.best()) {
        spans.push(("  ● ".into(), theme.series[1]));
        spans.push((format!("unseen {held_out:.2}"), theme.text));
        spans.push((format!(", best: step {step:.0}"), theme.dim));
    }
    rich.spans(0, spans);
    rich
}

/// What it writes, the newest first.
fn samples(course: &Course, theme: &Theme) -> Rich {
    let mut rich = Rich::default();
    if course.samples.is_empty() {
        rich.line("What it writes stands here after its next look at unseen lessons.", theme.dim);
    }
    for (place, (step, sample)) in course.samples.iter().enumerate() {
        if place > 0 {
            rich.blank();
        }
        let after = format!("after step {step}  ");
        rich.spans(0, vec![(after, theme.dim), (sample.strategy.clone(), theme.accent)]);
        let style = if place == 0 { theme.text } else { theme.dim };
        rich.spans(2, vec![(sample.text.trim().to_owned(), style)]);
    }
    rich
}
