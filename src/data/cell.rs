//! Reads the cells of a table: dates, numbers, money, flags.
//!
//! In: the bytes of one cell, without quotes and outer spaces, and how its column writes things (the order of
//! day and month, the decimal sign), which `evidence` functions help to decide over a whole column.
//! Out: typed values, or `None` for what cannot be read. Assumed: UTF-8 or ASCII; nothing is allocated.

mod date;
mod number;

pub(super) use super::day::DAY_MS;
pub(super) use date::{DateEvidence, DateOrder, parse_when};
pub(super) use number::{Decimal, DecimalEvidence, Quantity, parse_number};

/// Whether the cell says that there is nothing: empty, or one of the usual words for it.
pub(super) fn is_missing(cell: &[u8]) -> bool {
    match cell.len() {
        0 => true,
        1 => cell == b"-",
        2 => cell == b"\\N" || cell.eq_ignore_ascii_case(b"na"),
        3 => {
            cell.eq_ignore_ascii_case(b"n/a") || cell.eq_ignore_ascii_case(b"nan") || cell == "无".as_bytes()
        }
        4 => cell.eq_ignore_ascii_case(b"null") || cell.eq_ignore_ascii_case(b"none"),
        _ => false,
    }
}

/// Yes or no in the usual spellings, English and Chinese; `None` for anything else.
pub(super) fn parse_flag(cell: &[u8]) -> Option<bool> {
    const YES: [&str; 16] = [
        "true",
        "t",
        "yes",
        "y",
        "1",
        "1.0",
        "on",
        "subscribed",
        "opted-in",
        "opt-in",
        "granted",
        "ja",
        "是",
        "有",
        "同意",
        "已订阅",
    ];
    const NO: [&str; 17] = [
        "false",
        "f",
        "no",
        "n",
        "0",
        "0.0",
        "off",
        "unsubscribed",
        "opted-out",
        "opt-out",
        "denied",
        "nein",
        "否",
        "无",
        "不同意",
        "未订阅",
        "没有",
    ];
    let text = std::str::from_utf8(cell).ok()?;
    if YES.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        Some(true)
    } else if NO.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        Some(false)
    } else {
        None
    }
}

/// Without spaces, tabs and no-break spaces at both ends.
pub(super) fn trim(mut cell: &[u8]) -> &[u8] {
    loop {
        if let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..]
        | [0xC2, 0xA0, rest @ ..]
        | [0xE3, 0x80, 0x80, rest @ ..] = cell
        {
            cell = rest;
        } else if let [rest @ .., b' ' | b'\t' | b'\r' | b'\n']
        | [rest @ .., 0xC2, 0xA0]
        | [rest @ .., 0xE3, 0x80, 0x80] = cell
        {
            cell = rest;
        } else {
            return cell;
        }
    }
}

#[cfg(test)]
mod tests;
