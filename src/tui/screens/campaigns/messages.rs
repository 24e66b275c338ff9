//! A message of the campaign as its recipient sees it.

use ratatui::layout::Rect;

use super::RIGHT;
use crate::campaign::message::{SAMPLE_LINKS, forcing};
use crate::data::Channel;
use crate::strategy::Part;
use crate::tui::app::Shared;
use crate::tui::canvas::Canvas;
use crate::tui::keymap::Action;
use crate::tui::widgets::{self, Rich, Scroll, Sentence};
use crate::tui::work::{Seen, Specimen};

pub(super) fn draw(
    (seen, number): (&Seen, usize),
    shared: &Shared,
    area: Rect,
    canvas: &mut Canvas<'_>,
    scroll: &Scroll,
) {
    let Some(specimen) = seen.specimens.get(number) else {
        let next = "Look at the funnel: everybody is left out, or held out.";
        return widgets::empty(canvas, area, &Sentence { what: "Nobody would get a message.", next });
    };
    let theme = canvas.theme;
    let mut rich = Rich::default();
    let several = seen.specimens.len() > 1;
    rich.spans(
        0,
        vec![
            (format!("Arm {}", specimen.heading), theme.strong),
            (format!(", draft {}, as {} gets it", specimen.draft, specimen.to), theme.dim),
        ],
    );
    if several {
        rich.line(&format!("{} of {}: ← → for the others", number + 1, seen.specimens.len()), theme.dim);
    }
    rich.blank();
    match &specimen.message {
        Err(why) => {
            rich.spans(0, vec![("✗ ".into(), theme.bad), (why.clone(), theme.bad)]);
        }
        Ok(message) => {
            if let Some(missing) = &specimen.missing {
                rich.spans(0, vec![("! ".into(), theme.warning), (missing.clone(), theme.warning)]);
            }
            rich.spans(0, vec![("To       ".into(), theme.dim), (message.recipient.clone(), theme.text)]);
            widgets::message(&mut rich, 0, message.channel, &specimen.from, &message.text, theme);
            rich.blank();
            for (number, link) in message.links.iter().enumerate() {
                let label = format!("Link {:<4}", number + 1);
                rich.spans(9, vec![(label, theme.dim), (link.clone(), theme.text)]);
            }
            if specimen.samples && !message.links.is_empty() {
                rich.line(&format!("The {SAMPLE_LINKS}."), theme.dim);
            }
            if message.channel == Channel::Sms {
                dear(&mut rich, specimen, shared);
            }
            if message.channel == Channel::Email && !message.text.contains_key(&Part::Preheader) {
                rich.spans(0, vec![("! ".into(), theme.warning), ("it has no preheader".into(), theme.dim)]);
            }
        }
    }
    rich.draw(canvas, area, scroll, RIGHT);
}

/// The characters that make a text message longer, and what could stand in their place.
fn dear(rich: &mut Rich, specimen: &Specimen, shared: &Shared) {
    let theme = &shared.theme;
    let found = forcing(specimen.body());
    if found.is_empty() {
        return;
    }
    rich.blank();
    rich.line(
        "Characters that GSM-7 lacks: each makes the whole message UCS-2, 70 characters a part",
        theme.accent,
    );
    let mut shown: Vec<&str> = Vec::new();
    for forced in &found {
        if shown.contains(&forced.text.as_str()) {
            continue;
        }
        shown.push(&forced.text);
        let other = match forced.replacement {
            Some(other) if other.with.is_empty() => "can be left out".to_owned(),
            Some(other) if other.loses => format!("could be “{}”, which loses something", other.with),
            Some(other) => format!("could be “{}”", other.with),
            None => "has no replacement".to_owned(),
        };
        rich.spans(2, vec![(format!("“{}” ", forced.text), theme.warning), (other, theme.text)]);
    }
    let key = shared.keymap.shown(Action::PlainCharacters);
    let words = if specimen.replaceable > 0 {
        format!(
            "{key} replaces {} of them in what was written (draft {}).",
            specimen.replaceable, specimen.draft
        )
    } else {
        "They stand in the strategy's own text, or in what is known of the customer: edit the strategy."
            .to_owned()
    };
    rich.line(&words, theme.text);
}
