//! Text on its way to the terminal: made harmless, measured by display width, cut by grapheme.
//!
//! Names, files and models write what they like: escape sequences, bidirectional overrides, invisible
//! characters. [`clean`] is the one place through which all foreign text goes; [`gate`] looks over the
//! finished frame once more, so that a view that forgot cannot harm the terminal either.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Whether a character may reach the terminal. Controls, bidirectional marks and overrides, invisible
/// formatting characters, line separators and tags may not; joiners inside emoji and scripts may.
#[must_use]
pub fn allowed(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{061C}' | '\u{00AD}' | '\u{180E}'
            | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// The text on one line, harmless: breaks and tabs become spaces, other controls become their pictures
/// (`␛` for escape), what is invisible is left out.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(allowed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            '\u{7F}' => out.push('␡'),
            '\0'..='\u{1F}' => out.push(char::from_u32(0x2400 + character as u32).unwrap_or('?')),
            '\u{80}'..='\u{9F}' => out.push('\u{FFFD}'),
            _ if allowed(character) => out.push(character),
            _ => {}
        }
    }
    Cow::Owned(out)
}

/// The lines of the text, each [`clean`]; tabs become four spaces.
pub fn clean_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        clean(&line.replace('\t', "    ")).into_owned()
    })
}

/// Columns that the text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// At most `columns` columns of the text; what is left out is marked by `…`. Never splits a grapheme.
#[must_use]
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut end = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        let grapheme_width = width(grapheme);
        if used + grapheme_width > columns - 1 {
            break;
        }
        used += grapheme_width;
        end = start + grapheme.len();
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

/// The text in exactly `columns` columns, on the left.
#[must_use]
pub fn left(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let rest = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(rest))
}

/// The text in exactly `columns` columns, on the right.
#[must_use]
pub fn right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let rest = columns.saturating_sub(width(&text));
    format!("{}{text}", " ".repeat(rest))
}

/// Stretches between which a line may be broken: words with what is attached to them, blanks, and single
/// Chinese, Japanese or Korean characters. Closing punctuation stays with what it closes.
pub fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let mut words = text.split_word_bound_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = words.next()?;
        let mut end = start + first.len();
        let mut last = first;
        while let Some((next, word)) = words.peek().copied() {
            let blank = |word: &str| word.trim().is_empty();
            let wide = |word: &str| {
                word.chars().next().is_some_and(char::is_alphanumeric) && width(word) > word.chars().count()
            };
            let closing = word.chars().all(|c| !c.is_alphanumeric() && !"([{“‘«（《【「『".contains(c));
            let joined = !blank(last) && !blank(word) && (closing || !(wide(last) || wide(word)));
            if !joined {
                break;
            }
            end = next + word.len();
            last = word;
            words.next();
        }
        Some(&text[start..end])
    })
}

/// Breaks a line at spaces, and inside a word (or between Chinese characters) where it must, so that no
/// line is wider than `columns`.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    if columns == 0 {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in chunks(text) {
        let word_width = width(word);
        if used + word_width <= columns {
            line.push_str(word);
            used += word_width;
            continue;
        }
        if used > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        if word.trim().is_empty() {
            continue;
        }
        for grapheme in word.graphemes(true) {
            let grapheme_width = width(grapheme);
            if used + grapheme_width > columns && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if grapheme_width <= columns {
                line.push_str(grapheme);
                used += grapheme_width;
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Replaces whatever must not reach the terminal in a finished frame.
pub fn gate(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.len() > 1 && !symbol.chars().all(allowed) || symbol.bytes().any(|byte| byte < 0x20) {
            let kept: String = symbol.chars().filter(|&character| allowed(character)).collect();
            cell.set_symbol(if kept.is_empty() { "?" } else { &kept });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_and_overrides_are_made_harmless() {
        assert_eq!(clean("a\u{1b}[31mred"), "a␛[31mred");
        assert_eq!(clean("evil\u{202E}txt.exe"), "eviltxt.exe");
        assert_eq!(clean("two\r\nlines\tand tab"), "two lines and tab");
        assert_eq!(clean("c1\u{9b}31m"), "c1\u{FFFD}31m");
        assert_eq!(clean("zero\u{200B}width\u{FEFF}"), "zerowidth");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["Zoë", "李小龙", "👩‍👩‍👧", "مرحبا", "e\u{301}"] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn cutting_counts_columns_and_keeps_graphemes_whole() {
        assert_eq!(cut("李小龙和朋友", 5), "李小…");
        assert_eq!(cut("李小龙", 6), "李小龙");
        assert_eq!(cut("👩‍👩‍👧 family", 3), "👩‍👩‍👧…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(left("李", 4), "李  ");
        assert_eq!(right("12", 4), "  12");
    }

    #[test]
    fn wrapping_breaks_between_words_and_chinese_characters() {
        assert_eq!(wrap("make the window larger", 10), ["make the", "window", "larger"]);
        assert_eq!(wrap("欢迎回来", 4), ["欢迎", "回来"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("say \"stop\".", 10), ["say", "\"stop\"."]);
        assert_eq!(wrap("好久不见，欢迎", 8), ["好久不", "见，欢迎"]);
    }

    proptest! {
        #[test]
        fn nothing_forbidden_passes(text in any::<String>()) {
            prop_assert!(clean(&text).chars().all(allowed));
        }

        #[test]
        fn a_cut_is_never_wider_than_asked(text in any::<String>(), columns in 0_usize..20) {
            let text = clean(&text);
            prop_assert!(width(&cut(&text, columns)) <= columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns, "{line:?}");
            }
        }
    }
}
