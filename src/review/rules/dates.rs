//! Dates in running text, English and Chinese.
//!
//! In: characters. Out: which day, month, year or weekday is named, and where. "May" is a month only
//! beside a number or after a preposition.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::numbers::{Reader, numeral};
use crate::writing::guard::phrases::fold;

/// What of a date is said. Days and months that may be either ("03/04") are both ways in `swapped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DateClaim {
    pub year: Option<u32>,
    pub month: Option<u32>,
    pub day: Option<u32>,
    /// Monday is 1.
    pub weekday: Option<u32>,
    pub ambiguous: bool,
}

impl DateClaim {
    /// Whether everything that is said here is said there too.
    pub(super) fn follows_from(&self, fact: &Self) -> bool {
        let within = |said: Option<u32>, fact: Option<u32>| said.is_none() || said == fact;
        let straight = within(self.month, fact.month) && within(self.day, fact.day);
        let swapped = self.ambiguous && within(self.month, fact.day) && within(self.day, fact.month);
        within(self.year, fact.year) && within(self.weekday, fact.weekday) && (straight || swapped)
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Ends that an offer may be given without a date, and what stands before them.
const OCCASIONS: [&str; 12] = [
    "christmas",
    "easter",
    "new year",
    "halloween",
    "thanksgiving",
    "black friday",
    "cyber monday",
    "valentine",
    "midnight",
    "fortnight",
    "the weekend",
    "month-end",
];
const DEADLINES: [&str; 8] =
    ["until", "till", "by", "before", "within a", "within the", "ends at", "ends on"];
const OCCASIONS_CHINESE: [&str; 9] =
    ["圣诞", "元旦", "春节", "新年", "双十一", "中秋", "国庆", "月底", "年底"];

/// Every occasion.
static NAMED: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(OCCASIONS.iter().chain(&OCCASIONS_CHINESE)).ok());

/// "until Christmas", "圣诞节前".
pub(super) fn deadlines(text: &str) -> impl Iterator<Item = String> {
    let text = fold(text).text;
    // Most texts name no occasion.
    let named = NAMED.as_ref().is_none_or(|occasions| occasions.is_match(&text));
    let said =
        DEADLINES
            .into_iter()
            .flat_map(|before| OCCASIONS.map(|occasion| format!("{before} {occasion}")))
            .chain(OCCASIONS_CHINESE.into_iter().flat_map(|occasion| {
                ["前", "节前", "截止", "节截止"].map(|after| format!("{occasion}{after}"))
            }));
    let found: Vec<String> = if named {
        said.filter(|deadline| super::words::find_lower(&text, deadline)).collect()
    } else {
        Vec::new()
    };
    found.into_iter()
}

/// The date that begins at `at`, and where it ends.
pub(super) fn date_at(reader: &Reader, at: usize) -> Option<(DateClaim, usize)> {
    chinese(reader, at)
        .or_else(|| numeric(reader, at))
        .or_else(|| day_first(reader, at))
        .or_else(|| month_first(reader, at))
        .or_else(|| weekday(reader, at))
}

/// A whole number with at most `digits` digits.
fn whole(reader: &Reader, at: usize, digits: usize) -> Option<(u32, usize)> {
    if !reader.at(at).is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut end = at;
    while end < at + digits && reader.at(end).is_some_and(|c| c.is_ascii_digit()) {
        end += 1;
    }
    if reader.at(end).is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    reader.text(at..end).parse().ok().map(|number| (number, end))
}

/// `2025年11月30日` and what may be left out of it; Chinese numerals too.
fn chinese(reader: &Reader, at: usize) -> Option<(DateClaim, usize)> {
    let number = |at: usize| {
        whole(reader, at, 4).or_else(|| numeral(reader, at).map(|(value, end)| (value as u32, end)))
    };
    let mut claim = DateClaim::default();
    let mut place = at;
    if let Some((value, end)) =
        number(place).filter(|&(value, end)| value > 1900 && reader.at(end) == Some('年'))
    {
        claim.year = Some(value);
        place = end + 1;
    }
    if let Some((value, end)) =
        number(place).filter(|&(value, end)| (1..=12).contains(&value) && reader.at(end) == Some('月'))
    {
        claim.month = Some(value);
        place = end + 1;
    }
    // "一日" is how one says "a day": without its month, a day is a date in digits only.
    let may_be_day = claim.month.is_some() || reader.at(place).is_some_and(|c| c.is_ascii_digit());
    let day = number(place).filter(|&(value, end)| {
        may_be_day && (1..=31).contains(&value) && matches!(reader.at(end), Some('日' | '号'))
    });
    if let Some((value, end)) = day {
        claim.day = Some(value);
        place = end + 1;
    }
    (place > at).then_some((claim, place))
}

/// `2025-11-30`, `30/11/2025`, `30/11`.
fn numeric(reader: &Reader, at: usize) -> Option<(DateClaim, usize)> {
    let (first, end) = whole(reader, at, 4)?;
    let mark = reader.at(end).filter(|mark| matches!(mark, '-' | '/' | '.'))?;
    let (second, end) = whole(reader, end + 1, 2)?;
    let third = reader.at(end).filter(|&c| c == mark).and_then(|_| whole(reader, end + 1, 4));
    let month = (1..=12).contains(&second);
    match third {
        Some((third, end)) if first > 31 && month && (1..=31).contains(&third) => Some((
            DateClaim { year: Some(first), month: Some(second), day: Some(third), ..DateClaim::default() },
            end,
        )),
        Some((third, end)) if (1..=31).contains(&first) && (1..=31).contains(&second) && third > 31 => {
            Some((DateClaim { year: Some(third), ..either(first, second) }, end))
        }
        None if mark == '/' && (1..=31).contains(&first) && (1..=31).contains(&second) => {
            Some((either(first, second), end))
        }
        _ => None,
    }
}

fn either(first: u32, second: u32) -> DateClaim {
    DateClaim { day: Some(first), month: Some(second), ambiguous: true, ..DateClaim::default() }
}

/// The month named at `at`: the whole word, or its first three or four letters with or without a dot.
fn month(reader: &Reader, at: usize) -> Option<(u32, usize)> {
    if !reader.at(at).is_some_and(|c| c.is_ascii_uppercase()) {
        return None;
    }
    let end = reader.word_end(at);
    let word = reader.text(at..end);
    let number = MONTHS.iter().position(|name| {
        word == *name
            || word.eq_ignore_ascii_case(name) && word.bytes().all(|byte| byte.is_ascii_uppercase())
            || (word.len() == 3 && name.starts_with(word.as_str()))
            || (word == "Sept" && *name == "September")
    })?;
    Some((
        number as u32 + 1,
        if word.len() < 5 && reader.at(end) == Some('.') && word.len() != MONTHS[number].len() {
            end + 1
        } else {
            end
        },
    ))
}

fn year(reader: &Reader, at: usize) -> Option<(u32, usize)> {
    let start = reader.skip(at, &[' ', ',']);
    whole(reader, start, 4).filter(|&(year, _)| (1900..2200).contains(&year))
}

/// A day of the month with or without `st`, `nd`, `rd`, `th`.
fn day(reader: &Reader, at: usize) -> Option<(u32, usize)> {
    let (day, end) = whole(reader, at, 2).filter(|&(day, _)| (1..=31).contains(&day))?;
    let word = reader.word_end(end);
    match reader.text(end..word).as_str() {
        "" => Some((day, end)),
        "st" | "nd" | "rd" | "th" => Some((day, word)),
        _ => None,
    }
}

/// `30 November 2025`, `30th of November`.
fn day_first(reader: &Reader, at: usize) -> Option<(DateClaim, usize)> {
    let (day, end) = day(reader, at)?;
    let mut start = reader.skip(end, &[' ']);
    if reader.text(start..reader.word_end(start)) == "of" {
        start = reader.skip(start + 2, &[' ']);
    }
    let (month, end) = month(reader, start).filter(|_| start > end)?;
    let claim = DateClaim { day: Some(day), month: Some(month), ..DateClaim::default() };
    Some(year(reader, end).map_or((claim, end), |(year, end)| (DateClaim { year: Some(year), ..claim }, end)))
}

/// `November 30, 2025`, `November 2025`, `November`.
fn month_first(reader: &Reader, at: usize) -> Option<(DateClaim, usize)> {
    if at > 0 && reader.at(at - 1).is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let (number, end) = month(reader, at)?;
    let claim = DateClaim { month: Some(number), ..DateClaim::default() };
    let after = reader.skip(end, &[' ']);
    if let Some((day, end)) = day(reader, after).filter(|_| after > end) {
        let claim = DateClaim { day: Some(day), ..claim };
        return Some(
            year(reader, end)
                .map_or((claim, end), |(year, end)| (DateClaim { year: Some(year), ..claim }, end)),
        );
    }
    if let Some((year, end)) = year(reader, end) {
        return Some((DateClaim { year: Some(year), ..claim }, end));
    }
    let word = reader.text(at..end);
    // "May we ...", "Mar", "Jun" and "March on" at the start of a sentence are not months.
    let alone = word.len() > 3 && word != "March" || reader.after_preposition(at);
    alone.then_some((claim, end))
}

fn weekday(reader: &Reader, at: usize) -> Option<(DateClaim, usize)> {
    let claim = |weekday: usize, end: usize| {
        Some((DateClaim { weekday: Some(weekday as u32 + 1), ..DateClaim::default() }, end))
    };
    let chinese = match (reader.at(at), reader.at(at + 1)) {
        (Some('周'), _) => Some(at + 1),
        (Some('星'), Some('期')) => Some(at + 2),
        _ => None,
    };
    if let Some(place) = chinese {
        let number = "一二三四五六日"
            .chars()
            .position(|c| reader.at(place) == Some(c) || c == '日' && reader.at(place) == Some('天'))?;
        return claim(number, place + 1);
    }
    if !reader.at(at)?.is_ascii_uppercase() {
        return None;
    }
    let end = reader.word_end(at);
    let word = reader.text(at..end);
    let number = WEEKDAYS.iter().position(|name| word == *name || word.strip_suffix('s') == Some(name))?;
    claim(number, end)
}
