//! The variants beside the list or the editor, and one of them as a whole message.

use ratatui::layout::Rect;

use super::super::preview::Stage;
use super::super::{PREVIEW, Panel, Strategies};
use super::{compare, counted, lanes, sampling, segment_name, tuning};
use crate::strategy::{Severity, Text};
use crate::tui::app::{Load, ModelState, Shared};
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;
use crate::tui::numbers;
use crate::tui::theme::Theme;
use crate::tui::widgets::{self, Rich, Scroll, Sentence};
use crate::writing::catalogue;

/// Columns that it takes to set two messages side by side.
const TWO_COLUMNS: u16 = 60;

pub fn draw(screen: &Strategies, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
    let title = segment_name(shared).map_or("Preview".into(), |name| format!("For {name}"));
    let mut inside = widgets::panel(canvas, area, &title, screen.panel == Panel::Preview);
    if screen.tuning.is_open() {
        inside = tuning::draw(screen, shared, inside, canvas);
    }
    let preview = &screen.preview;
    match &preview.stage {
        Stage::Idle => {
            let what = match &shared.segmentation {
                _ if matches!(shared.shop, Load::Failed(_)) => "There is no shop to write for: see Overview.",
                Load::Failed(_) => "There are no segments to write for.",
                Load::Ready(_) => "Looking at the segment …",
                _ => "Messages are written once the customers are grouped.",
            };
            widgets::empty(canvas, inside, &Sentence { what, next: "" });
            return;
        }
        Stage::Failed(message) if preview.last_drafts().next().is_none() => {
            let message = failure(shared, message);
            let what = "The variants could not be written";
            widgets::empty(canvas, inside, &Sentence { what, next: &message });
            return;
        }
        Stage::Stopped
        | Stage::Due
        | Stage::Writing(_)
        | Stage::Done
        | Stage::Cancelled
        | Stage::Failed(_) => {}
    }
    let mut rich = Rich::default();
    let stopped = match &preview.stage {
        Stage::Stopped => {
            mistakes(screen, shared, &mut rich, canvas.theme);
            if preview.variants() == 0 {
                rich.draw(canvas, inside, &screen.scroll, PREVIEW);
                return;
            }
            rich.blank();
            rich.line("As it was before the mistake:", canvas.theme.dim);
            true
        }
        Stage::Failed(message) => {
            rich.line("✗ The variants could not be written.", canvas.theme.bad);
            rich.spans(2, vec![(failure(shared, message), canvas.theme.text)]);
            rich.blank();
            rich.line("As they were before:", canvas.theme.dim);
            true
        }
        _ => false,
    };
    // What is no longer true of the text is not as bright, and the line above says so.
    let faded = canvas.theme.faded();
    let theme = if stopped { &faded } else { canvas.theme };
    // Where there is little room it is told in short, and on a very small window at the end.
    let spacious = inside.width >= 60 && inside.height >= 16;
    let first = inside.height >= 10;
    let sampled = if stopped { None } else { sampling::line(screen, spacious) };
    if !stopped {
        rich.spans(0, vec![(status(screen, shared), theme.dim)]);
        if let Some(sampled) = sampled.as_ref().filter(|_| first) {
            rich.spans(0, vec![(sampled.clone(), theme.dim)]);
        }
    }
    if let Some(why) = not_spoken(screen).filter(|_| !stopped) {
        rich.spans(0, vec![(format!("! {why}"), theme.warning)]);
    }
    let from = shared.setup.config.brand.said("en");
    if inside.height >= 8 {
        rich.blank();
    }
    let beside = !stopped && inside.width >= lanes::LEAST_WIDTH * preview.variants() as u16;
    let area = if beside && preview.variants() > 1 {
        let head = rich.height(inside.width).min(inside.height / 2);
        rich.draw(canvas, Rect { height: head, ..inside }, &Scroll::default(), PREVIEW);
        rich = Rich::default();
        let below = Rect { y: inside.y + head, height: inside.height - head, ..inside };
        let used = lanes::beside(screen, below, canvas);
        Rect { y: below.y + used, height: below.height - used, ..below }
    } else {
        // On a very small window what is selected comes first, and a comparison before all.
        let small = inside.height < 10;
        let first = match screen.compared {
            _ if !small => 0,
            Some(_) => preview.variants(),
            None => screen.variant,
        };
        for variant in first..preview.variants() {
            lanes::stacked(screen, variant, &mut rich, theme);
        }
        rich.blank();
        inside
    };
    let reader = if preview.customer.is_empty() { "the reader" } else { &preview.customer };
    let compared = screen.compared.filter(|base| *base < preview.variants());
    if let Some(base) = compared {
        compare::draw(screen, base, &mut rich, theme);
    }
    if compared.is_none_or(|base| base == screen.variant) {
        let number = screen.variant + 1;
        let shown = |title: String, message: Result<&Text, &str>| {
            let mut rich = Rich::default();
            rich.line(&title, theme.accent);
            rich.blank();
            match (message, preview.channel()) {
                (Ok(message), Some(channel)) => {
                    widgets::message(&mut rich, 0, channel, from, message, theme);
                }
                (Ok(_), None) => {}
                (Err(why), _) => rich.spans(0, vec![(why.to_owned(), theme.dim)]),
            }
            rich
        };
        let message = preview.text(screen.variant);
        let message = message.as_ref().map_err(String::as_str);
        let beside = screen.beside.as_ref().filter(|_| screen.without_adapter);
        let kept = beside.and_then(|kept| Some((kept, kept.text(preview, screen.variant)?)));
        match kept {
            Some((kept, before)) => {
                let before = shown(format!("Variant {number} with {}", kept.adapter), Ok(before));
                let now = shown(format!("Variant {number} without {}", kept.adapter), message);
                if area.width >= TWO_COLUMNS {
                    rich.side_by_side([&before, &now], area.width, theme.dim);
                } else {
                    rich.append(before);
                    rich.blank();
                    rich.append(now);
                }
            }
            None => rich.append(shown(format!("Variant {number} as {reader} would get it"), message)),
        }
    }
    if let Some(sampled) = sampled.filter(|_| !first) {
        rich.blank();
        rich.spans(0, vec![(sampled, theme.dim)]);
    }
    rich.draw(canvas, area, &screen.scroll, PREVIEW);
}

/// Why the model's words are not to be trusted in the strategy's language.
fn not_spoken(screen: &Strategies) -> Option<String> {
    let strategy = screen.chosen()?.parsed.as_ref().ok()?;
    catalogue::not_spoken(screen.preview.model.as_ref()?, &strategy.language)
}

/// Why nothing was written, and what to press.
fn failure(shared: &Shared, message: &str) -> String {
    // A server comes back, and a model is loaded again; a strategy that cannot be filled does not mend itself.
    let again = shared.keymap.shown(Action::WriteAgain);
    let next = match &shared.model {
        ModelState::Away { .. } => format!(" Press {again} to try again."),
        ModelState::Failed(_) | ModelState::Broken(_) => {
            format!(" Press {again} to load it again and write.")
        }
        ModelState::Opening { .. } => " The model is being loaded …".to_owned(),
        _ => String::new(),
    };
    format!("{message}{}{next}", if next.is_empty() { "" } else { "." })
}

/// Who writes, with whose facts, and how fast.
fn status(screen: &Strategies, shared: &Shared) -> String {
    let preview = &screen.preview;
    let mut parts = Vec::new();
    let own_texts = preview.last_drafts().next().is_some()
        && preview.last_drafts().all(|(_, draft)| draft.0.is_own_text());
    match (&preview.model, &shared.model) {
        (Some(model), ModelState::Opening { .. }) if model.is_templates() => {
            parts.push("the strategy's own texts: the model is not ready yet".into());
        }
        (Some(model), ModelState::Failed(_) | ModelState::Broken(_)) if model.is_templates() => {
            let again = shared.keymap.shown(Action::WriteAgain);
            let what = if matches!(shared.model, ModelState::Broken(_)) { "broke" } else { "is not loaded" };
            parts.push(format!("the strategy's own texts: the model {what}, {again} loads it"));
        }
        (Some(model), _) if model.is_templates() => parts.push("the strategy's own texts".into()),
        (Some(model), _) if own_texts => {
            let why = if preview.foreign {
                format!("{} does not write this language", model.name)
            } else {
                format!("{} wrote none that was good enough", model.name)
            };
            parts.push(format!("the strategy's own texts: {why}"));
        }
        (Some(model), _) if screen.without_adapter => {
            parts.push(format!("by {} without its adapter", model.name));
        }
        (Some(model), _) => parts.push(format!("by {}", model.title())),
        (None, _) => {}
    }
    let left_out = preview.last_drafts().next().map_or(0, |(_, draft)| draft.0.examples_left_out);
    if left_out > 0 {
        parts.push(format!("{left_out} examples left out: the prompt was too long for the model"));
    }
    if !screen.manners.is_empty() {
        parts.push(screen.manners.iter().map(|manner| manner.name()).collect::<Vec<_>>().join(", "));
    }
    if !screen.pinned.is_empty() {
        parts.push(format!("{} pinned", screen.pinned.len()));
    }
    match preview.stage {
        Stage::Writing(_) => parts.push("writing …".into()),
        Stage::Cancelled => {
            parts.push(format!("stopped: {} writes again", shared.keymap.shown(Action::WriteAgain)));
        }
        Stage::Due => parts.push("written anew once you pause".into()),
        _ => {}
    }
    let (own, all) =
        (preview.drafts().filter(|(_, draft)| draft.0.is_own_text()).count(), preview.drafts().count());
    if own < all
        && let Some(took) = preview.took
    {
        parts.push(format!("in {}", numbers::duration(took)));
        if own > 0 {
            parts.push(format!("{own} of {all} the strategy's own"));
        }
    }
    let line = parts.join(", ");
    let mut letters = line.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// What is wrong with the strategy, and where; nothing new is written until it is mended.
fn mistakes(screen: &Strategies, shared: &Shared, rich: &mut Rich, theme: &Theme) {
    let problems = screen.problems();
    let errors: Vec<_> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    rich.line(&format!("✗ Nothing is written: the strategy has {}.", counted((errors.len(), 0))), theme.bad);
    for problem in errors.iter().take(3) {
        let place = format!("line {}, column {}: ", problem.line, problem.column);
        rich.spans(2, vec![(place, theme.strong), (problem.message.clone(), theme.text)]);
        rich.spans(4, vec![(problem.remedy.clone(), theme.dim)]);
    }
    if screen.editor.is_none() {
        let key = shared.keymap.shown(Action::EditStrategy);
        rich.line(&format!("Press {key} to edit it."), theme.dim);
    }
}
