//! Markdown tables whose columns line up in a terminal, Chinese ones too.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// Appends a table. Every row has as many cells as there are headings.
pub(super) fn table(out: &mut String, headings: &[(&str, Align)], rows: &[Vec<String>]) {
    // A bar inside a cell would end it; a line break would end the row.
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.replace('|', "\\|").replace(['\n', '\r'], " ")).collect())
        .collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, (heading, _))| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
            cells.chain([heading.width(), 3]).max().unwrap_or(3)
        })
        .collect();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        for ((cell, &width), &(_, align)) in cells.zip(&widths).zip(headings) {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            let _ = match align {
                Align::Left => write!(out, "| {cell}{space} "),
                Align::Right => write!(out, "| {space}{cell} "),
            };
        }
        out.push_str("|\n");
    };
    line(&mut headings.iter().map(|&(heading, _)| heading));
    let rules: Vec<String> = widths
        .iter()
        .zip(headings)
        .map(|(&width, &(_, align))| match align {
            Align::Left => "-".repeat(width),
            Align::Right => format!("{}:", "-".repeat(width - 1)),
        })
        .collect();
    line(&mut rules.iter().map(String::as_str));
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_width_and_a_bar_stays_in_its_cell() {
        let mut out = String::new();
        let headings = [("Name", Align::Left), ("Orders", Align::Right)];
        table(&mut out, &headings, &[vec!["李晓雨".into(), "7".into()], vec!["a|b".into(), "1,234".into()]]);
        insta::assert_snapshot!(out, @r"
        | Name   | Orders |
        | ------ | -----: |
        | 李晓雨 |      7 |
        | a\|b   |  1,234 |
        ");
    }
}
