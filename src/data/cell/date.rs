//! Dates and times in the forms that shops export.

use super::DAY_MS;

/// Order of day and month in dates such as `01/11/2025`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum DateOrder {
    DayFirst,
    MonthFirst,
}

/// What a column says about the order of day and month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::data) struct DateEvidence {
    /// Cells that only make sense with the day first.
    pub(in crate::data) day_first: u64,
    /// Cells that only make sense with the month first.
    pub(in crate::data) month_first: u64,
    /// Cells that make sense either way and differ by it.
    pub(in crate::data) either: u64,
}

impl DateEvidence {
    /// Counts one cell.
    pub(in crate::data) fn add(&mut self, cell: &[u8]) {
        let Some((first, second)) = two_small_numbers_first(cell) else { return };
        match (first, second) {
            (13..=31, 1..=12) => self.day_first += 1,
            (1..=12, 13..=31) => self.month_first += 1,
            (1..=12, 1..=12) if first != second => self.either += 1,
            _ => {}
        }
    }

    /// What the column decides by itself.
    pub(in crate::data) fn decided(&self) -> Option<DateOrder> {
        match self.day_first.cmp(&self.month_first) {
            std::cmp::Ordering::Greater => Some(DateOrder::DayFirst),
            std::cmp::Ordering::Less => Some(DateOrder::MonthFirst),
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// The first two numbers of `a/b/yyyy`, `a.b.yyyy`, `a-b-yy`.
fn two_small_numbers_first(cell: &[u8]) -> Option<(u32, u32)> {
    let mut cursor = Cursor(cell);
    let (first, first_digits) = cursor.number(2)?;
    let separator = cursor.any_of(b"/.-")?;
    let (second, _) = cursor.number(2)?;
    if first_digits > 2 || cursor.any_of(b"/.-")? != separator {
        return None;
    }
    cursor.number(4)?;
    Some((first, second))
}

/// Milliseconds since 1970-01-01 UTC of a date, with or without a time (without a zone it is UTC), in these forms:
/// `2025-11-01`, `2025-11-01T10:30:00.5+08:00`, `2025/11/1`, `20251101`, `20251101103000`, `01/11/2025`, `1.11.25`,
/// `2025年11月1日`, `1 Nov 2025`, `Nov 1, 2025`, Unix seconds, milliseconds, microseconds. Years 1900..=9999.
pub(in crate::data) fn parse_when(cell: &[u8], order: DateOrder) -> Option<i64> {
    // The form that nearly all files use, without a detour.
    if let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, rest @ ..] = cell {
        let digits = [y1, y2, y3, y4, m1, m2, d1, d2];
        if digits.iter().all(|digit| digit.is_ascii_digit()) {
            let value = |from: usize, to: usize| {
                digits[from..to].iter().fold(0u32, |sum, digit| sum * 10 + u32::from(**digit - b'0'))
            };
            let day = day_of_calendar(value(0, 4), value(4, 6), value(6, 8))?;
            return with_time(day, rest);
        }
    }
    if !cell.is_empty() && cell.iter().all(u8::is_ascii_digit) {
        return digits_only(cell);
    }
    let mut cursor = Cursor(cell);
    if cell.first()?.is_ascii_digit() {
        let (first, digits) = cursor.number(4)?;
        if digits == 4 && cursor.0.first().is_some_and(u8::is_ascii_digit) {
            return fractional_seconds(cell);
        }
        if digits == 4 {
            return year_first(first, cursor);
        }
        if let Some(separator) = cursor.any_of(b"/.-") {
            return year_last(first, separator, cursor, order);
        }
    }
    with_month_name(cell)
}

/// `20251101`, `20251101103000`, Unix seconds, milliseconds, microseconds.
fn digits_only(cell: &[u8]) -> Option<i64> {
    let value =
        cell.iter().try_fold(0i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
    let ymd = |value: i64| {
        day_of_calendar((value / 10_000) as u32, (value / 100 % 100) as u32, (value % 100) as u32)
    };
    match cell.len() {
        8 => Some(i64::from(ymd(value)?) * DAY_MS),
        9..=10 => Some(value * 1000),
        12 => {
            let (hour, minute) = (value / 100 % 100, value % 100);
            match ymd(value / 10_000) {
                Some(day) if hour < 24 && minute < 60 => {
                    Some(i64::from(day) * DAY_MS + (hour * 60 + minute) * 60_000)
                }
                _ => Some(value),
            }
        }
        13 => Some(value),
        14 => {
            let day = ymd(value / 1_000_000)?;
            let (hour, minute, second) = (value / 10_000 % 100, value / 100 % 100, value % 100);
            (hour < 24 && minute < 60 && second < 60)
                .then(|| i64::from(day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000)
        }
        16 => Some(value / 1000),
        19 => Some(value / 1_000_000),
        _ => None,
    }
}

/// `1761955200.25`, as spreadsheets and data frames write Unix seconds.
fn fractional_seconds(cell: &[u8]) -> Option<i64> {
    let point = cell.iter().position(|&byte| byte == b'.')?;
    let (whole, fraction) = (&cell[..point], &cell[point + 1..]);
    if !(9..=13).contains(&whole.len()) || fraction.iter().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    if whole.iter().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let when = digits_only(whole)?;
    let milliseconds = if whole.len() <= 10 { thousandths(fraction) } else { 0 };
    Some(when + milliseconds)
}

fn thousandths(fraction: &[u8]) -> i64 {
    let digit = |place: usize| fraction.get(place).map_or(0, |digit| i64::from(digit - b'0'));
    digit(0) * 100 + digit(1) * 10 + digit(2)
}

/// The rest of `2025/11/1 10:30`, `2025年11月1日`.
fn year_first(year: u32, mut cursor: Cursor<'_>) -> Option<i64> {
    if cursor.literal("年") {
        cursor.spaces();
        let (month, _) = cursor.number(2)?;
        if !cursor.literal("月") {
            return None;
        }
        cursor.spaces();
        let (day, _) = cursor.number(2)?;
        if !cursor.literal("日") && !cursor.literal("号") {
            return None;
        }
        return with_time(day_of_calendar(year, month, day)?, cursor.0);
    }
    let separator = cursor.any_of(b"/.-")?;
    let (month, _) = cursor.number(2)?;
    if cursor.any_of(b"/.-")? != separator {
        return None;
    }
    let (day, _) = cursor.number(2)?;
    with_time(day_of_calendar(year, month, day)?, cursor.0)
}

/// The rest of `1/11/2025`, `01.11.25`, `01-Nov-2025`.
fn year_last(first: u32, separator: u8, mut cursor: Cursor<'_>, order: DateOrder) -> Option<i64> {
    if let Some(month) = cursor.month_name() {
        cursor.any_of(b"/.-")?;
        let year = cursor.year()?;
        return with_time(day_of_calendar(year, month, first)?, cursor.0);
    }
    let (second, _) = cursor.number(2)?;
    if cursor.any_of(b"/.-")? != separator {
        return None;
    }
    let year = cursor.year()?;
    let (day, month) = match order {
        DateOrder::DayFirst => (first, second),
        DateOrder::MonthFirst => (second, first),
    };
    with_time(day_of_calendar(year, month, day)?, cursor.0)
}

/// `Nov 1, 2025`, `1 Nov 2025`, `Sat, 01 Nov 2025 10:00:00 +0000`, `Saturday, November 1, 2025`.
fn with_month_name(cell: &[u8]) -> Option<i64> {
    let mut cursor = Cursor(cell);
    if let Some(comma) = cell.iter().take(12).position(|&byte| byte == b',')
        && cell[..comma].iter().all(u8::is_ascii_alphabetic)
    {
        cursor = Cursor(&cell[comma + 1..]);
        cursor.spaces();
    }
    let (day, month) = if let Some(month) = cursor.month_name() {
        cursor.spaces();
        let (day, _) = cursor.number(2)?;
        (day, month)
    } else {
        let (day, _) = cursor.number(2)?;
        cursor.spaces();
        (day, cursor.month_name()?)
    };
    let _ = cursor.any_of(b",");
    cursor.spaces();
    let (year, digits) = cursor.number(4)?;
    if digits != 4 {
        return None;
    }
    with_time(day_of_calendar(year, month, day)?, cursor.0)
}

/// What follows the date: nothing, or a time with or without a zone.
fn with_time(day: i32, rest: &[u8]) -> Option<i64> {
    let midnight = i64::from(day) * DAY_MS;
    if rest.is_empty() {
        return Some(midnight);
    }
    let mut cursor = Cursor(rest);
    let _ = cursor.any_of(b"T,_");
    cursor.spaces();
    if cursor.0.is_empty() {
        return Some(midnight);
    }
    let (mut hour, _) = cursor.number(2)?;
    let chinese = cursor.literal("时") || cursor.literal("点");
    if !chinese {
        cursor.any_of(b":.")?;
    }
    let minute = match cursor.number(2) {
        Some((minute, _)) => minute,
        None if chinese => 0,
        None => return None,
    };
    let _ = cursor.literal("分");
    let mut second = 0;
    let mut milliseconds = 0;
    if cursor.any_of(b":").is_some() || (chinese && !cursor.0.is_empty()) {
        (second, _) = cursor.number(2)?;
        let _ = cursor.literal("秒");
        if cursor.any_of(b".,").is_some() {
            let digits = cursor.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            milliseconds = thousandths(&cursor.0[..digits]);
            cursor.0 = &cursor.0[digits..];
        }
    }
    cursor.spaces();
    if let [half @ (b'a' | b'A' | b'p' | b'P'), b'm' | b'M', rest @ ..] = cursor.0 {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if half.eq_ignore_ascii_case(&b'p') { 12 } else { 0 };
        cursor.0 = rest;
        cursor.spaces();
    }
    let offset = cursor.zone_minutes()?;
    // A leap second is counted as the second before it.
    if hour > 23 || minute > 59 || second > 60 || !cursor.0.is_empty() {
        return None;
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second.min(59)) - i64::from(offset) * 60;
    Some(midnight + seconds * 1000 + milliseconds)
}

/// Days since 1970-01-01; `None` where the calendar has no such day.
fn day_of_calendar(year: u32, month: u32, day: u32) -> Option<i32> {
    const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = *DAYS.get(month.checked_sub(1)? as usize)? + u32::from(month == 2 && leap);
    if !(1900..=9999).contains(&year) || day == 0 || day > last {
        return None;
    }
    // Howard Hinnant's days_from_civil, for years of our era.
    let shifted_year = (if month <= 2 { year - 1 } else { year }) as i32;
    let era = shifted_year / 400;
    let year_of_era = shifted_year - era * 400;
    let shifted_month = (month as i32 + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day as i32 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The rest of a cell.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// One to `most` digits, and how many there were.
    fn number(&mut self, most: usize) -> Option<(u32, usize)> {
        let digits = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let value = self.0[..digits].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        self.0 = &self.0[digits..];
        Some((value, digits))
    }

    /// Four digits, or two that mean 2000..=2069 and 1970..=1999.
    fn year(&mut self) -> Option<u32> {
        match self.number(4)? {
            (year, 4) => Some(year),
            (year, 2) => Some(if year < 70 { 2000 + year } else { 1900 + year }),
            _ => None,
        }
    }

    fn any_of(&mut self, set: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        if set.contains(&first) {
            self.0 = rest;
            Some(first)
        } else {
            None
        }
    }

    fn literal(&mut self, text: &str) -> bool {
        if let Some(rest) = self.0.strip_prefix(text.as_bytes()) {
            self.0 = rest;
            true
        } else {
            false
        }
    }

    fn spaces(&mut self) {
        while let [b' ', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// An English month, by its name or the first three letters of it.
    fn month_name(&mut self) -> Option<u32> {
        const MONTHS: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        let letters = self.0.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = &self.0[..letters];
        let month = MONTHS.iter().position(|name| {
            word.eq_ignore_ascii_case(name.as_bytes())
                || word.eq_ignore_ascii_case(&name.as_bytes()[..3])
                || (word.len() == 4 && word.eq_ignore_ascii_case(b"sept") && *name == "september")
        })?;
        self.0 = &self.0[letters..];
        let _ = self.any_of(b".");
        Some(month as u32 + 1)
    }

    /// `Z`, `UTC`, `+08:00`, `+0800`, `-05`, or nothing (UTC), in minutes east of UTC; `None` for anything else.
    fn zone_minutes(&mut self) -> Option<i32> {
        if self.0.is_empty() {
            return Some(0);
        }
        for name in ["Z", "z", "UTC", "GMT"] {
            if self.literal(name) && self.0.is_empty() {
                return Some(0);
            }
        }
        let sign = if self.any_of(b"+-")? == b'-' { -1 } else { 1 };
        let (hours, digits) = self.number(2)?;
        if digits != 2 {
            return None;
        }
        let _ = self.any_of(b":");
        let minutes = self.number(2).map_or(0, |(minutes, _)| minutes);
        if !self.0.is_empty() || hours > 14 || minutes > 59 {
            return None;
        }
        Some(sign * (hours * 60 + minutes) as i32)
    }
}
