//! A text of several lines in rows of a window: long lines go on in the next row, and no character is lost.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::tui::text;

/// A stretch of a line that stands on one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number of the line, from 0.
    pub line: usize,
    /// Bytes of the line.
    pub bytes: Range<usize>,
}

/// Columns that a grapheme takes; a tab takes two.
pub fn columns(grapheme: &str) -> usize {
    if grapheme == "\t" { 2 } else { text::width(grapheme) }
}

fn width(content: &str) -> usize {
    content.graphemes(true).map(columns).sum()
}

/// All rows of the lines. Lines are broken before words, and inside a word that is wider than the window; blanks
/// at the end of a row stay there, even beyond the edge.
pub fn rows(lines: &[String], room: usize) -> Vec<Row> {
    let room = room.max(1);
    let mut rows = Vec::with_capacity(lines.len());
    for (line, content) in lines.iter().enumerate() {
        let (mut start, mut end, mut used) = (0, 0, 0);
        for chunk in text::chunks(content) {
            let wide = width(chunk);
            if used + wide <= room || chunk.trim().is_empty() {
                used += wide;
                end += chunk.len();
                continue;
            }
            if end > start {
                rows.push(Row { line, bytes: start..end });
                (start, used) = (end, 0);
            }
            for grapheme in chunk.graphemes(true) {
                let wide = columns(grapheme);
                if used + wide > room && end > start {
                    rows.push(Row { line, bytes: start..end });
                    (start, used) = (end, 0);
                }
                used += wide;
                end += grapheme.len();
            }
        }
        rows.push(Row { line, bytes: start..end });
    }
    rows
}

/// The row and column of a place in a line, given in characters.
pub fn place(rows: &[Row], lines: &[String], line: usize, character: usize) -> (usize, usize) {
    let content = lines.get(line).map_or("", String::as_str);
    let byte = content.char_indices().nth(character).map_or(content.len(), |(byte, _)| byte);
    let row = rows.iter().rposition(|row| row.line == line && row.bytes.start <= byte).unwrap_or(0);
    let start = rows.get(row).map_or(0, |row| row.bytes.start);
    (row, width(content.get(start..byte).unwrap_or("")))
}

/// The line and character at a column of a row; beyond the end it is the last place on the row.
pub fn character(rows: &[Row], lines: &[String], row: usize, column: usize) -> (usize, usize) {
    let Some(Row { line, bytes }) = rows.get(row) else { return (0, 0) };
    let content = &lines[*line];
    let mut byte = bytes.start;
    let mut used = 0;
    for grapheme in content[bytes.clone()].graphemes(true) {
        let next = used + columns(grapheme);
        // The end of a row that goes on is the beginning of the next one.
        let last = byte + grapheme.len() == bytes.end && bytes.end < content.len();
        if next > column || last {
            break;
        }
        used = next;
        byte += grapheme.len();
    }
    (*line, content[..byte].chars().count())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split('\n').map(str::to_owned).collect()
    }

    fn shown(text: &str, room: usize) -> Vec<String> {
        let lines = lines(text);
        rows(&lines, room).into_iter().map(|row| lines[row.line][row.bytes].to_owned()).collect()
    }

    #[test]
    fn long_lines_go_on_below_and_short_ones_stay() {
        assert_eq!(shown("say hello to all\n\nbye", 9), ["say hello ", "to all", "", "bye"]);
        assert_eq!(shown("欢迎回来", 5), ["欢迎", "回来"]);
        assert_eq!(shown("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn a_place_is_found_on_its_row_and_back() {
        let lines = lines("say hello to 欢迎 all");
        let rows = rows(&lines, 9);
        assert_eq!(place(&rows, &lines, 0, 4), (0, 4));
        assert_eq!(place(&rows, &lines, 0, 10), (1, 0), "the end of a row is the start of the next");
        assert_eq!(place(&rows, &lines, 0, 14), (1, 5));
        assert_eq!(character(&rows, &lines, 1, 5), (0, 14));
        assert_eq!(character(&rows, &lines, 1, 4), (0, 13), "the middle of a wide character is its start");
        assert_eq!(character(&rows, &lines, 0, 99), (0, 9), "not on to the next row");
        assert_eq!(character(&rows, &lines, 9, 0), (0, 0));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_but_blanks_is_wider(text in "\\PC{0,60}", room in 2_usize..20) {
            let rows = shown(&text, room);
            prop_assert_eq!(rows.concat(), text);
            for row in rows {
                prop_assert!(width(row.trim_end()) <= room.max(3), "{:?}", row);
            }
        }
    }
}
