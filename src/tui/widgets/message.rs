//! A message as its reader will see it: an e-mail with its head, a text message with its parts, a push card.
//!
//! What a model or a person wrote into a slot is shown in the accent colour and underlined; to tell it apart,
//! slot texts are rendered between [`marked`]'s marks.

use ratatui::style::{Modifier, Style};

use super::rich::{Rich, Spans};
use crate::data::Channel;
use crate::strategy::{Part, Text, sms};
use crate::tui::numbers;
use crate::tui::theme::Theme;

/// Private-use characters that no shop's text has: they never reach the terminal.
const OPEN: char = '\u{E0F0}';
const CLOSE: char = '\u{E0F1}';

/// A slot's text with the marks that show where it begins and ends.
#[must_use]
pub fn marked(slot: &str) -> String {
    format!("{OPEN}{slot}{CLOSE}")
}

/// The text without marks.
#[must_use]
pub fn unmarked(text: &str) -> String {
    text.replace([OPEN, CLOSE], "")
}

/// Stretches of a text that may have marks.
fn stretches(content: &str, plain: Style, slot: Style) -> Spans {
    let mut spans = Vec::new();
    let mut inside = false;
    for piece in content.split_inclusive([OPEN, CLOSE]) {
        let text = piece.trim_end_matches([OPEN, CLOSE]);
        if !text.is_empty() {
            spans.push((text.to_owned(), if inside { slot } else { plain }));
        }
        if piece.ends_with(OPEN) {
            inside = true;
        } else if piece.ends_with(CLOSE) {
            inside = false;
        }
    }
    spans
}

/// Adds the message to `rich`, every line under an indent.
pub fn message(rich: &mut Rich, indent: u16, channel: Channel, from: &str, text: &Text, theme: &Theme) {
    let slot = theme.accent.add_modifier(Modifier::UNDERLINED);
    let part = |part: Part| text.get(&part).map_or("", |text| text.trim_end());
    let mut labelled = |label: &str, content: &str, style: Style| {
        let mut spans = vec![(format!("{label:<8} "), theme.dim)];
        spans.extend(stretches(content, style, style.patch(slot)));
        rich.spans(indent, spans);
    };
    match channel {
        Channel::Email => {
            labelled("From", from, theme.text);
            labelled("Subject", part(Part::Subject), theme.strong);
            if !part(Part::Preheader).is_empty() {
                labelled("Preview", part(Part::Preheader), theme.dim);
            }
            rich.blank();
            for line in part(Part::Body).lines() {
                rich.spans(indent, stretches(line, theme.text, slot));
            }
        }
        Channel::Sms => {
            let body = part(Part::Body);
            for line in body.lines() {
                rich.spans(indent, stretches(line, theme.text, slot));
            }
            let size = sms::measure(&unmarked(body));
            let forced =
                size.forced_by.map_or(String::new(), |character| format!(", because of “{character}”"));
            let note = format!(
                "{} {}, {} of {} units left in the last part, {}{forced}",
                size.parts,
                if size.parts == 1 { "part" } else { "parts" },
                size.left,
                size.units + size.left,
                size.encoding.name()
            );
            rich.spans(indent, vec![(note, theme.dim)]);
        }
        Channel::Push => {
            rich.spans(
                indent,
                [
                    vec![("▐ ".to_owned(), theme.accent)],
                    stretches(part(Part::Title), theme.strong, theme.strong.patch(slot)),
                ]
                .concat(),
            );
            for line in part(Part::Body).lines() {
                rich.spans(
                    indent,
                    [vec![("▐ ".to_owned(), theme.accent)], stretches(line, theme.text, slot)].concat(),
                );
            }
            let count = |of: Part| unmarked(part(of)).chars().count() as u64;
            let note = format!(
                "title {} characters, body {}",
                numbers::count(count(Part::Title)),
                numbers::count(count(Part::Body))
            );
            rich.spans(indent, vec![(note, theme.dim)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_show_the_slot_and_vanish_from_the_text() {
        let plain = Style::new();
        let slot = Style::new().add_modifier(Modifier::UNDERLINED);
        let content = format!("Hi Ann. {} Bye", marked("Tea is here."));
        let spans = stretches(&content, plain, slot);
        assert_eq!(
            spans,
            [("Hi Ann. ".into(), plain), ("Tea is here.".into(), slot), (" Bye".into(), plain)]
        );
        assert_eq!(unmarked(&content), "Hi Ann. Tea is here. Bye");
    }
}
