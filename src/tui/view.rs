//! Draws the whole window from state.
//!
//! ```text
//! Perennial  Tulip Home   1 Overview  2 Segments  3 Customers  4 Strategies  5 Review  6 Campaigns  7 Results  8 Jobs  9 Voice
//! -------------------------------------------------------------------------------------------------------------------
//!                                    the screen, popups over it
//! | ✓ toasts
//! ● SmolLM2 135M, local, no network                        Group customers  ▊▊▊▊▊▎··· 52 %  4 s left
//! m mapping  a set aside  R reload  ? help  : commands  q quit
//! ```

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::app::{App, Gravity, ModelState, Shared, told_of};
use super::canvas::{Canvas, Hit, Regions};
use super::job_list::Job;
use super::keymap::{Availability, Scope, TABLE};
use super::pane::Focus;
use super::screens::ScreenId;
use super::widgets;
use super::{numbers, text};
use crate::jobs::JobId;
use crate::writing::served::Fault;

/// The smallest window that is drawn.
pub const LEAST: (u16, u16) = (40, 10);

/// Columns that a running job takes of the status line.
const JOB: usize = 40;

/// Draws a frame; returns what the mouse can hit on it.
pub fn draw(app: &App, frame: &mut Frame<'_>) -> Regions {
    let area = frame.area();
    let mut regions = Regions::default();
    let mut cursor: Option<Position> = None;
    let mut canvas = Canvas {
        buffer: frame.buffer_mut(),
        theme: &app.shared.theme,
        regions: &mut regions,
        cursor: &mut cursor,
    };
    canvas.clear(area);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let what = format!("Make the window larger: {}x{} at least.", LEAST.0, LEAST.1);
        widgets::empty(&mut canvas, area, &widgets::Sentence { what: &what, next: "" });
    } else {
        window(app, area, &mut canvas);
    }
    text::gate(frame.buffer_mut());
    if let Some(position) = cursor.filter(|position| area.contains(*position)) {
        frame.set_cursor_position(position);
    }
    regions
}

fn window(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    top_line(app, Rect { height: 1, ..area }, canvas);
    // A small window spends no row on a rule.
    let rule = u16::from(area.height >= 20);
    if rule == 1 {
        let line = "─".repeat(usize::from(area.width));
        let style = canvas.theme.border;
        canvas.text(area.x, area.y + 1, area.width, &line, style);
    }
    let toasts = toasts(&app.shared, area);
    // What is told stands on rows of its own: it never covers what somebody reads.
    let told = toasts.len() as u16;
    let body = Rect { y: area.y + 1 + rule, height: area.height - 3 - rule - told, ..area };
    canvas.region(body, Hit::Pane);
    app.screens.get(app.screen).draw(&app.shared, body, canvas);
    for (index, popup) in app.popups.iter().enumerate() {
        canvas.region(area, Hit::Outside);
        // Only the popup in front may set the cursor.
        *canvas.cursor = None;
        let (width, height) = popup.size(&app.shared);
        let whole = Rect { height: area.height - 2 - told, ..area };
        let place = middle(whole, width, height);
        canvas.clear(place);
        canvas.region(place, Hit::Pane);
        let front = index + 1 == app.popups.len();
        let inside = widgets::panel(canvas, place, &popup.title(), front);
        popup.draw(&app.shared, inside, canvas);
    }
    for (row, (gravity, first, line)) in toasts.iter().enumerate() {
        let y = area.bottom() - 2 - told + row as u16;
        let style = gravity.style(canvas.theme);
        canvas.text(area.x, y, 1, "▌", style);
        if *first {
            canvas.text(area.x + 1, y, 2, gravity.glyph(), style);
        }
        let normal = canvas.theme.text;
        canvas.text(area.x + 3, y, area.width.saturating_sub(3), line, normal);
    }
    status_line(&app.shared, Rect { y: area.bottom() - 2, height: 1, ..area }, canvas);
    hints(app, Rect { y: area.bottom() - 1, height: 1, ..area }, canvas);
}

/// A rectangle of that size, or as large as fits, in the middle.
fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

fn top_line(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = canvas.theme;
    // ` 2 Segments`, or ` [2 Segments]` for the screen that is in front.
    let wide = |id: ScreenId| id.title().len() as u16 + if id == app.screen { 5 } else { 3 };
    let short = ScreenId::ALL.into_iter().map(wide).sum::<u16>() + 12 > area.width;
    let tab = |id: ScreenId| if short && id != app.screen { 2 } else { wide(id) };
    let tabs: u16 = ScreenId::ALL.into_iter().map(tab).sum();
    // The smallest window has no columns to spare for margins.
    let margin = u16::from(tabs + "Perennial".len() as u16 + 2 <= area.width);
    let tabs = tabs + margin;
    let room = area.width.saturating_sub(tabs + margin);
    let name = text::clean(&app.shared.setup.shop_name);
    // Whose shop it is counts more than the program's name, where there is no room for both.
    let (program, shop) = ("Perennial".len() as u16, text::width(&name) as u16);
    let both = program + 2 + shop.min(20) + margin <= room;
    let program = if both || shop > room { program } else { 0 };
    let used = canvas.text(
        area.x + margin,
        area.y,
        program.min(room),
        "Perennial",
        theme.accent.patch(theme.strong),
    );
    if both || program == 0 {
        let before = margin + used + if both { 2 } else { 0 };
        canvas.text(area.x + before, area.y, room.saturating_sub(before), &name, theme.text);
    }
    let mut x = area.right().saturating_sub(tabs);
    for id in ScreenId::ALL {
        let here = id == app.screen;
        let number = id.number().to_string();
        let width = tab(id);
        canvas.region(Rect { x, y: area.y, width, height: 1 }, Hit::Tab(id));
        if here {
            // The brackets say the same as the accent.
            let label = format!(" [{number} {}]", id.title());
            canvas.text(x, area.y, width, &label, theme.focus.patch(theme.strong));
        } else {
            canvas.pieces(
                x,
                area.y,
                width,
                &[
                    (" ", theme.dim),
                    (&number, theme.accent),
                    (if short { "" } else { " " }, theme.dim),
                    (if short { "" } else { id.title() }, theme.dim),
                ],
            );
        }
        x += width;
    }
}

/// The rows of the toasts, each with whether it is a toast's first, and how many there is room for: two, or a sixth of the
/// window. The newest stands last and is the last to be cut.
fn toasts(shared: &Shared, area: Rect) -> Vec<(Gravity, bool, String)> {
    let mut room = usize::from((area.height / 6).max(2));
    let columns = usize::from(area.width.saturating_sub(4));
    let mut shown: Vec<Vec<(Gravity, bool, String)>> = Vec::new();
    for (_, note) in shared.toasts.iter().rev() {
        let mut lines = text::wrap(&text::clean(&note.text), columns);
        if room == 0 {
            break;
        }
        if lines.len() > room {
            let rest = lines.split_off(room - 1).join(" ");
            lines.push(text::cut(&rest, columns).into_owned());
        }
        room -= lines.len();
        let rows = lines.into_iter().enumerate();
        shown.push(rows.map(|(row, line)| (note.gravity, row == 0, line)).collect());
    }
    shown.into_iter().rev().flatten().collect()
}

fn status_line(shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = canvas.theme;
    let host = shared.host();
    let host_name = text::clean(host.as_deref().unwrap_or_default());
    let load = shared.keymap.shown(super::keymap::Action::OpenModel);
    // The first that there is room for is shown, else the last.
    let (glyph, words, style) = match &shared.model {
        ModelState::TemplatesOnly => ("○", vec!["templates only, no model".to_owned()], theme.dim),
        ModelState::Opening { .. } if host.is_some() => {
            ("◌", vec![format!("asking {host_name} …")], theme.warning)
        }
        ModelState::Opening { found: false, job } => ("◌", vec![being_fetched(shared, *job)], theme.warning),
        ModelState::Opening { found: true, .. } => ("◌", vec!["loading the model …".into()], theme.warning),
        // That it is local is worth more than the rest where there is little room.
        ModelState::Ready(identity) if shared.model_file.is_some() => {
            let fate = shared.model_file.map(told_of).unwrap_or_default();
            let short = fate.split(';').next().unwrap_or_default();
            (
                "●",
                vec![format!("{}, local: {fate}", identity.title()), format!("local: {short}")],
                theme.warning,
            )
        }
        ModelState::Ready(identity) => {
            let name = identity.title();
            ("●", vec![format!("{name}, local, no network"), "local, no network".into()], theme.good)
        }
        ModelState::Failed(_) => {
            let words = vec![
                format!("no model: templates only, {load} loads it (see Jobs)"),
                format!("no model: templates only, {load} loads it"),
                format!("no model, {load} loads it"),
            ];
            ("✗", words, theme.warning)
        }
        ModelState::Broken(_) => {
            let words = vec![
                format!("the model broke: templates only, {load} loads it again (see Jobs)"),
                format!("the model broke: templates only, {load} loads it again"),
                format!("the model broke, {load} loads it again"),
            ];
            ("✗", words, theme.bad)
        }
        // The host is worth more than its model's name, and what is wrong with it more than the rest.
        ModelState::Served(identity) => {
            ("●", vec![served(&identity.name, &host_name), format!("at {host_name}")], theme.accent)
        }
        ModelState::Away { fault, instead, .. } => {
            ("✗", away(*fault, instead.as_deref(), &host_name, &load), theme.warning)
        }
    };
    // What is wrong leaves room for the job that runs, and how to stop it.
    let wrong =
        matches!(shared.model, ModelState::Failed(_) | ModelState::Broken(_) | ModelState::Away { .. });
    let beside = if wrong && shared.jobs.shown().is_some() { JOB } else { 0 };
    let fits = |words: &String| text::width(words) + 4 + beside <= usize::from(area.width);
    let words = words.iter().find(|words| fits(words)).or(words.last()).cloned().unwrap_or_default();
    let words = text::cut(&words, usize::from(area.width.saturating_sub(4)));
    let used = 1 + canvas.text(area.x + 1, area.y, 2, glyph, style);
    let left = used + 1 + canvas.text(area.x + used + 1, area.y, area.width - used - 2, &words, theme.dim);
    let Some(job) = shared.jobs.shown() else { return };
    let room = area.width.saturating_sub(left + 3);
    let others = shared.jobs.running().count() - 1;
    let more = if others > 0 { format!("  +{others}") } else { String::new() };
    let spin = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇"][(shared.now.as_millis() / 250 % 6) as usize];
    let phase = job
        .progress
        .as_ref()
        .map(|progress| progress.phase.to_string())
        .filter(|phase| !phase.is_empty())
        .unwrap_or_else(|| job.title.clone());
    let time = match (job.left(shared.now), job.share()) {
        (_, Some(share)) if share >= 1.0 => String::new(),
        (Some(left), _) => format!("{} left", numbers::duration(left)),
        _ if job.took(shared.now).as_secs() >= 1 => {
            let seconds = std::time::Duration::from_secs(job.took(shared.now).as_secs());
            format!("for {}", numbers::duration(seconds))
        }
        _ => String::new(),
    };
    let cancel = format!("  {} cancels", shared.keymap.shown(super::keymap::Action::CancelJob));
    let bar = job.share().map(|share| (share, format!(" {:>3.0} %", share * 100.0)));
    // What there is room for, the most telling first.
    let mut parts: Vec<(String, ratatui::style::Style)> = vec![(format!("{spin} "), theme.accent)];
    let mut width = 2;
    let mut add = |content: String, style, parts: &mut Vec<_>| {
        let needed = text::width(&content) as u16;
        if width + needed <= room {
            width += needed;
            parts.push((content, style));
        }
    };
    let share_label = bar.as_ref().map_or(String::new(), |(_, label)| label.trim_start().to_owned());
    if room < 24 {
        add(if share_label.is_empty() { phase } else { share_label }, theme.text, &mut parts);
    } else {
        // How to cancel is worth more than the end of a long phase.
        let fixed = text::width(&share_label) + text::width(&time) + text::width(&cancel) + 4;
        add(
            text::cut(&text::clean(&phase), usize::from(room).saturating_sub(fixed + 2).clamp(8, 40))
                .into_owned(),
            theme.text,
            &mut parts,
        );
        if !share_label.is_empty() {
            add(format!("  {share_label}"), theme.strong, &mut parts);
        }
        if !time.is_empty() {
            add(format!("  {time}"), theme.dim, &mut parts);
        }
        add(cancel, theme.dim, &mut parts);
        add(more, theme.dim, &mut parts);
    }
    let mut x = area.right().saturating_sub(width + 1);
    if let Some((share, _)) = bar
        && room >= width + 14
    {
        widgets::bar(canvas, x - 12, area.y, 10, share);
    }
    for (content, style) in parts {
        x += canvas.text(x, area.y, area.right().saturating_sub(x), &content, style);
    }
}

/// What is wrong with the server, and what comes of it; the longest first.
fn away(fault: Fault, instead: Option<&str>, host: &str, load: &str) -> Vec<String> {
    let (words, word) = (fault.words(), fault.word());
    match instead {
        None => vec![
            format!("{host} {words}, nothing is written, {load} asks again (see Jobs)"),
            format!("{host} {words}, {load} asks again"),
            format!("{host} {words}"),
            format!("{word}: {host}"),
        ],
        Some(other) => {
            let place = if other == "templates" { "" } else { ", local" };
            vec![
                format!("{host} {words}, written by {}{place}", text::clean(other)),
                format!("{word}: {host}, written locally"),
            ]
        }
    }
}

/// Which model writes, and where: `model at host`.
fn served(name: &str, host: &str) -> String {
    let model = name.strip_prefix(host).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    if model.is_empty() { format!("a model at {host}") } else { format!("{} at {host}", text::clean(model)) }
}

/// The first start: the model is not on this machine yet. How far that is stands on the right, unless another
/// job does.
fn being_fetched(shared: &Shared, job: JobId) -> String {
    let far = shared
        .jobs
        .get(job)
        .and_then(Job::share)
        .filter(|_| shared.jobs.shown().is_some_and(|shown| shown.id != job));
    far.map_or("fetching the model …".into(), |share| format!("fetching the model, {:.0} %", share * 100.0))
}

/// The keys that count now, from the one table; what cannot be done now is left out.
fn hints(app: &App, area: Rect, canvas: &mut Canvas<'_>) {
    let theme = canvas.theme;
    let typing = app.front().focus() != Focus::Keys;
    let mut x = area.x + 1;
    // The help key always keeps its place at the end.
    let tail = if typing {
        String::new()
    } else {
        format!("{} help", app.shared.keymap.shown(super::keymap::Action::Help))
    };
    let end = area.right().saturating_sub(tail.len() as u16 + 2);
    // What the pane in front names comes first, in its words.
    let own = app.front().hints();
    let own_rows = own.iter().filter_map(|(action, label)| {
        let row = TABLE.iter().find(|row| row.action == *action)?;
        (!typing).then_some((row, *label))
    });
    let rows: Vec<_> = own_rows
        .chain(app.scopes().into_iter().flat_map(|scope| {
            let rows = TABLE.iter().filter(move |row| row.scope == scope);
            rows.filter(move |row| is_hint(row.action, scope, typing)).map(|row| (row, row.label))
        }))
        .collect();
    for (place, (row, label)) in rows.iter().enumerate() {
        let scope = row.scope;
        let shown = rows[..place].iter().any(|(before, _)| before.action == row.action);
        if shown || app.availability(row.action) != Availability::Yes {
            continue;
        }
        // A key that is text while somebody types is no hint then.
        let first = app.shared.keymap.keys(row.action).first();
        if typing && scope != Scope::Typing && first.is_some_and(|key| key.is_for_text()) {
            continue;
        }
        let key = app.shared.keymap.shown(row.action);
        let width = (text::width(&key) + text::width(label) + 1) as u16;
        if x + width > end {
            continue;
        }
        canvas.region(Rect { x, y: area.y, width, height: 1 }, Hit::Action(row.action));
        canvas.pieces(x, area.y, width, &[(&key, theme.accent), (" ", theme.dim), (label, theme.dim)]);
        x += width + 2;
    }
    if !tail.is_empty() {
        let key = app.shared.keymap.shown(super::keymap::Action::Help);
        let x = area.right().saturating_sub(tail.len() as u16 + 1);
        canvas.region(
            Rect { x, y: area.y, width: tail.len() as u16, height: 1 },
            Hit::Action(super::keymap::Action::Help),
        );
        canvas.pieces(x, area.y, tail.len() as u16, &[(&key, theme.accent), (" help", theme.dim)]);
    }
}

/// Whether an action is worth a place in the hints; moving about goes without saying.
fn is_hint(action: super::keymap::Action, scope: Scope, typing: bool) -> bool {
    use super::keymap::Action as A;
    match scope {
        Scope::App => !typing && matches!(action, A::Palette | A::OpenModel | A::Quit),
        Scope::Front => !typing && matches!(action, A::Open | A::Find | A::Copy | A::Back | A::NextPanel),
        _ => true,
    }
}
