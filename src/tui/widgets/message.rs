//! A message as its reader will see it: an e-mail with its head, a text message with its parts, a push card.
//!
//! What a model or a person wrote into a slot is shown in the accent colour; claims are underlined, in the colour of
//! what is wrong where nothing proves them. To tell them apart, slot texts are rendered between [`marked`]'s marks, and
//! [`with_claims`] puts others around claims.

use ratatui::style::{Modifier, Style};

use super::rich::{Rich, Spans};
use crate::data::Channel;
use crate::review::TracedClaim;
use crate::strategy::{Part, Text, sms};
use crate::tui::numbers;
use crate::tui::theme::Theme;

/// Private-use characters that no shop's text has: they never reach the terminal.
const OPEN: char = '\u{E0F0}';
const CLOSE: char = '\u{E0F1}';
/// Before a claim that is proved, one that is not, and the one that is looked at; and after each.
const PROVED: char = '\u{E0F2}';
const UNPROVED: char = '\u{E0F3}';
const LOOKED_AT: char = '\u{E0F4}';
const CLAIM_END: char = '\u{E0F5}';
const MARKS: [char; 6] = [OPEN, CLOSE, PROVED, UNPROVED, LOOKED_AT, CLAIM_END];

/// A slot's text with the marks that show where it begins and ends.
#[must_use]
pub fn marked(slot: &str) -> String {
    format!("{OPEN}{slot}{CLOSE}")
}

/// The text without marks.
#[must_use]
pub fn unmarked(text: &str) -> String {
    text.replace(MARKS, "")
}

/// A message whose slots have marks, with marks around its claims too; `looked_at` is the number of one of them.
#[must_use]
pub fn with_claims(text: &Text, claims: &[TracedClaim], looked_at: Option<usize>) -> Text {
    let of_part = |part: Part, text: &str| {
        let here: Vec<(usize, &TracedClaim)> =
            claims.iter().enumerate().filter(|(_, claim)| claim.part == part).collect();
        let mut out = String::with_capacity(text.len() + 6 * here.len());
        let mut at = 0;
        for character in text.chars() {
            if !MARKS.contains(&character) {
                for (number, claim) in &here {
                    if claim.range.start == at {
                        out.push(match claim.is_proved() {
                            _ if looked_at == Some(*number) => LOOKED_AT,
                            true => PROVED,
                            false => UNPROVED,
                        });
                    }
                }
                at += 1;
            }
            out.push(character);
            if !MARKS.contains(&character) && here.iter().any(|(_, claim)| claim.range.end == at) {
                out.push(CLAIM_END);
            }
        }
        out
    };
    text.iter().map(|(part, text)| (*part, of_part(*part, text))).collect()
}

/// What a stretch is drawn in.
#[derive(Clone, Copy)]
struct Look {
    slot: Style,
    unproved: Style,
}

/// Stretches of a text that may have marks.
fn stretches(content: &str, plain: Style, look: Look) -> Spans {
    let mut spans = Vec::new();
    let mut inside = false;
    let mut claim = None;
    for piece in content.split_inclusive(MARKS) {
        let text = piece.trim_end_matches(MARKS);
        if !text.is_empty() {
            let base = if inside { plain.patch(look.slot) } else { plain };
            let style = match claim {
                Some(UNPROVED) => base.patch(look.unproved).add_modifier(Modifier::UNDERLINED),
                Some(LOOKED_AT) => base.add_modifier(Modifier::REVERSED),
                Some(_) => base.add_modifier(Modifier::UNDERLINED),
                None => base,
            };
            spans.push((text.to_owned(), style));
        }
        match piece.chars().next_back() {
            Some(OPEN) => inside = true,
            Some(CLOSE) => inside = false,
            Some(CLAIM_END) => claim = None,
            Some(mark @ (PROVED | UNPROVED | LOOKED_AT)) => claim = Some(mark),
            _ => {}
        }
    }
    spans
}

/// Adds the message to `rich`, every line under an indent.
pub fn message(rich: &mut Rich, indent: u16, channel: Channel, from: &str, text: &Text, theme: &Theme) {
    let look = Look { slot: theme.accent.add_modifier(Modifier::ITALIC), unproved: theme.bad };
    let part = |part: Part| text.get(&part).map_or("", |text| text.trim_end());
    let mut labelled = |label: &str, content: &str, style: Style| {
        let mut spans = vec![(format!("{label:<8} "), theme.dim)];
        spans.extend(stretches(content, style, look));
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
                rich.spans(indent, stretches(line, theme.text, look));
            }
        }
        Channel::Sms => {
            let body = part(Part::Body);
            for line in body.lines() {
                rich.spans(indent, stretches(line, theme.text, look));
            }
            let note = sms::measure(&unmarked(body)).told();
            rich.spans(indent, vec![(note, theme.dim)]);
        }
        Channel::Push => {
            rich.spans(
                indent,
                [vec![("▐ ".to_owned(), theme.accent)], stretches(part(Part::Title), theme.strong, look)]
                    .concat(),
            );
            for line in part(Part::Body).lines() {
                rich.spans(
                    indent,
                    [vec![("▐ ".to_owned(), theme.accent)], stretches(line, theme.text, look)].concat(),
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
    use crate::review::{ClaimKind, Verdict};

    #[test]
    fn marks_show_the_slot_and_the_claims_and_vanish_from_the_text() {
        let plain = Style::new();
        let slot = Style::new().add_modifier(Modifier::ITALIC);
        let look = Look { slot, unproved: Style::new().add_modifier(Modifier::BOLD) };
        let content = format!("Hi Ann. {} Bye 5", marked("Tea is best."));
        let claim = |text: &str, start, verdict| TracedClaim {
            part: Part::Body,
            kind: ClaimKind::Superlative,
            text: text.into(),
            range: start..start + text.len(),
            verdict,
        };
        let claims = [
            claim("best", 15, Verdict::Unproved { reason: "cannot be proved" }),
            claim("5", 25, Verdict::Proved { source: "order_count".into() }),
        ];
        let text = Text::from([(Part::Body, content.clone())]);
        let seen = with_claims(&text, &claims, Some(1));
        assert_eq!(
            stretches(&seen[&Part::Body], plain, look),
            [
                ("Hi Ann. ".into(), plain),
                ("Tea is ".into(), slot),
                ("best".into(), slot.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)),
                (".".into(), slot),
                (" Bye ".into(), plain),
                ("5".into(), plain.add_modifier(Modifier::REVERSED)),
            ]
        );
        assert_eq!(unmarked(&seen[&Part::Body]), "Hi Ann. Tea is best. Bye 5");
    }
}
