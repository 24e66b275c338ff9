//! Two variants word by word: `[-what only the first has]` and `[+what only the second has]`.

use ratatui::style::Modifier;
use similar::{ChangeTag, TextDiff};

use super::super::Strategies;
use crate::tui::theme::Theme;
use crate::tui::widgets::{Rich, Spans, unmarked};

/// The selected variant beside another, part by part.
pub(super) fn draw(screen: &Strategies, base: usize, rich: &mut Rich, theme: &Theme) {
    let (old, new) = (base + 1, screen.variant + 1);
    if base == screen.variant {
        rich.line(&format!("Variant {old} is compared: choose the one to see beside it"), theme.accent);
        rich.blank();
        return;
    }
    let (Ok(before), Ok(after)) = (screen.preview.text(base), screen.preview.text(screen.variant)) else {
        return;
    };
    rich.line(&format!("Variant {new} beside variant {old}"), theme.accent);
    let mut words = Words::default();
    let mut lines = Vec::new();
    for (part, text) in &after {
        let before = before.get(part).map_or(String::new(), |text| unmarked(text));
        for line in words.lines(&before, &unmarked(text), theme) {
            lines.push(line);
        }
        lines.push(Vec::new());
    }
    let told = format!(
        "[-words] stand only in variant {old} ({}), [+words] only in variant {new} ({}); {} words are in both",
        words.before, words.after, words.both
    );
    rich.line(&told, theme.dim);
    // One may have been written beside an adapter, and the other without it.
    let by = |variant: usize| screen.preview.last_draft(variant).map(|draft| draft.0.model.title());
    if let (Some(first), Some(second)) = (by(base), by(screen.variant))
        && first != second
    {
        rich.line(&format!("Variant {old} is by {first}, variant {new} by {second}"), theme.dim);
    }
    rich.blank();
    for line in lines {
        rich.spans(0, line);
    }
}

/// How many words were seen, by where they stand.
#[derive(Default)]
struct Words {
    both: usize,
    before: usize,
    after: usize,
}

impl Words {
    /// Lines in which what differs is marked.
    fn lines(&mut self, before: &str, after: &str, theme: &Theme) -> Vec<Spans> {
        let difference = TextDiff::from_unicode_words(before, after);
        // Stretches of the same kind are told as one.
        let mut stretches: Vec<(ChangeTag, String)> = Vec::new();
        for change in difference.iter_all_changes() {
            let word = usize::from(change.value().chars().any(char::is_alphanumeric));
            match change.tag() {
                ChangeTag::Equal => self.both += word,
                ChangeTag::Delete => self.before += word,
                ChangeTag::Insert => self.after += word,
            }
            match stretches.last_mut() {
                Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
                _ => stretches.push((change.tag(), change.value().to_owned())),
            }
        }
        let mut lines = vec![Spans::new()];
        for (tag, text) in stretches {
            let (text, style) = match tag {
                ChangeTag::Equal => (text, theme.text),
                ChangeTag::Delete => (format!("[-{text}]"), theme.bad.add_modifier(Modifier::CROSSED_OUT)),
                ChangeTag::Insert => (format!("[+{text}]"), theme.good.add_modifier(Modifier::BOLD)),
            };
            for (index, piece) in text.split('\n').enumerate() {
                if index > 0 {
                    lines.push(Spans::new());
                }
                if let Some(line) = lines.last_mut().filter(|_| !piece.is_empty()) {
                    line.push((piece.to_owned(), style));
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(before: &str, after: &str) -> (String, [usize; 3]) {
        let theme = Theme::named("terminal", true).unwrap();
        let mut words = Words::default();
        let lines = words.lines(before, after, &theme);
        let lines: Vec<String> =
            lines.iter().map(|line| line.iter().map(|(text, _)| text.as_str()).collect()).collect();
        (lines.join("\n"), [words.both, words.before, words.after])
    }

    #[test]
    fn what_differs_is_marked_and_counted() {
        assert_eq!(
            marked("We kept your place.", "We saved your old place."),
            ("We [-kept][+saved] your [+old ]place.".into(), [3, 1, 2])
        );
        assert_eq!(marked("one\ntwo", "one\ntwo").0, "one\ntwo");
        assert_eq!(marked("我们想念您", "我们欢迎您").1[0], 3);
    }
}
