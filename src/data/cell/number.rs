//! Numbers and amounts of money as shops write them.

use std::borrow::Cow;

/// The sign before the fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) enum Decimal {
    /// `1,234.50`
    Point,
    /// `1.234,50`
    Comma,
}

/// A decimal number: `mantissa / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::data) struct Quantity {
    mantissa: i64,
    scale: u32,
}

impl Quantity {
    pub(in crate::data) fn as_f64(self) -> f64 {
        self.mantissa as f64 / 10f64.powi(self.scale as i32)
    }

    /// In units of `10^-digits`, rounded half away from zero; `None` beyond the range.
    pub(in crate::data) fn in_minor_units(self, digits: u32) -> Option<i64> {
        if self.scale <= digits {
            return self.mantissa.checked_mul(10i64.checked_pow(digits - self.scale)?);
        }
        let divisor = 10i64.checked_pow(self.scale - digits)?;
        let half = divisor / 2;
        Some(self.mantissa.checked_add(if self.mantissa < 0 { -half } else { half })? / divisor)
    }
}

/// What a column says about its decimal sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::data) struct DecimalEvidence {
    /// Cells that only make sense with a decimal point.
    pub(in crate::data) point: u64,
    /// Cells that only make sense with a decimal comma.
    pub(in crate::data) comma: u64,
    /// Cells such as `1.234` and `1,234`, which make sense either way.
    pub(in crate::data) either: u64,
}

impl DecimalEvidence {
    /// Counts one cell.
    pub(in crate::data) fn add(&mut self, cell: &[u8]) {
        let digits = || cell.iter().filter(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
        let Some(last) = digits().rev().position(|&byte| byte == b'.' || byte == b',') else { return };
        let signs = |sign: u8| digits().filter(|&&byte| byte == sign).count();
        let (points, commas) = (signs(b'.'), signs(b','));
        let last_is_point = digits().rev().nth(last) == Some(&b'.');
        let before = digits().count() - last - 1;
        let zero_before = before == 1 && digits().next() == Some(&b'0');
        let decimal = match (points, commas) {
            (1, 0) | (0, 1) if last != 3 || zero_before || before == 0 => Some(last_is_point),
            (1, 0) | (0, 1) => {
                self.either += 1;
                None
            }
            // `1.234.567` and `1,234,567`: the sign that repeats groups.
            (_, 0) => Some(false),
            (0, _) => Some(true),
            _ => Some(last_is_point),
        };
        match decimal {
            Some(true) => self.point += 1,
            Some(false) => self.comma += 1,
            None => {}
        }
    }

    /// What the column decides by itself.
    pub(in crate::data) fn decided(&self) -> Option<Decimal> {
        match self.point.cmp(&self.comma) {
            std::cmp::Ordering::Greater => Some(Decimal::Point),
            std::cmp::Ordering::Less => Some(Decimal::Comma),
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// Reads a number with its thousands separators, currency sign or code, and any of the usual minus signs:
/// `12`, `-12.50`, `€ 1.234,50`, `(12.00)`, `12-`, `CNY 8`, `¥1,299`, `1 234,5`, `1'234.50`.
pub(in crate::data) fn parse_number(cell: &[u8], decimal: Decimal) -> Option<Quantity> {
    plain(cell, decimal).or_else(|| decorated(cell, decimal))
}

/// Digits with at most one decimal sign: the form that nearly all files use.
fn plain(cell: &[u8], decimal: Decimal) -> Option<Quantity> {
    let sign = if decimal == Decimal::Point { b'.' } else { b',' };
    let (negative, digits) = match cell {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, cell),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut mantissa = 0i64;
    let mut scale = None;
    for (place, &byte) in digits.iter().enumerate() {
        if byte.is_ascii_digit() {
            mantissa = mantissa * 10 + i64::from(byte - b'0');
        } else if byte == sign && scale.is_none() {
            scale = Some(digits.len() - place - 1);
        } else {
            return None;
        }
    }
    if scale == Some(digits.len() - 1) && digits.len() == 1 {
        return None;
    }
    Some(Quantity { mantissa: if negative { -mantissa } else { mantissa }, scale: scale.unwrap_or(0) as u32 })
}

fn decorated(cell: &[u8], decimal: Decimal) -> Option<Quantity> {
    let text = half_width(std::str::from_utf8(cell).ok()?);
    let mut negative = false;
    let mut number = text.trim();
    if let Some(inner) = number.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        negative = true;
        number = inner.trim();
    }
    // Signs and currency may come in either order, on either side: `-€5`, `€-5`, `5 EUR-`.
    loop {
        let before = (number.len(), negative);
        for minus in ['-', '\u{2212}'] {
            if let Some(rest) = number.strip_prefix(minus).or_else(|| number.strip_suffix(minus)) {
                if negative {
                    return None;
                }
                negative = true;
                number = rest;
            }
        }
        number = number.strip_prefix('+').unwrap_or(number);
        number = without_currency(number).trim_matches([' ', '\u{a0}', '\u{202f}']);
        if (number.len(), negative) == before {
            break;
        }
    }
    let (decimal_sign, group_sign) = if decimal == Decimal::Point { ('.', ',') } else { (',', '.') };
    let (number, exponent) = match number.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (whole, fraction) = number.split_once(decimal_sign).unwrap_or((number, ""));
    let mut mantissa = 0i64;
    let mut digits = 0;
    let mut group: Option<u32> = None;
    for letter in whole.chars() {
        if let Some(digit) = letter.to_digit(10) {
            mantissa = mantissa.checked_mul(10)?.checked_add(i64::from(digit))?;
            digits += 1;
            group = group.map(|length| length + 1);
        } else if letter == group_sign || matches!(letter, ' ' | '\'' | '’' | '\u{a0}' | '\u{202f}') {
            // A group has three digits, and only the first may be shorter.
            if group.map_or(!(1..=3).contains(&digits), |length| length != 3) {
                return None;
            }
            group = Some(0);
        } else {
            return None;
        }
    }
    if group.is_some_and(|length| length != 3) {
        return None;
    }
    let mut scale = 0u32;
    for letter in fraction.chars() {
        let digit = letter.to_digit(10)?;
        digits += 1;
        // Digits beyond what 64 bits hold are far below any minor unit.
        if scale < 9
            && let Some(next) = mantissa.checked_mul(10).and_then(|value| value.checked_add(i64::from(digit)))
        {
            mantissa = next;
            scale += 1;
        }
    }
    if digits == 0 {
        return None;
    }
    let scale = i64::from(scale) - i64::from(exponent);
    let (mantissa, scale) = if scale < 0 {
        (mantissa.checked_mul(10i64.checked_pow(u32::try_from(-scale).ok()?)?)?, 0)
    } else {
        (mantissa, u32::try_from(scale).ok().filter(|&scale| scale <= 18)?)
    };
    Some(Quantity { mantissa: if negative { -mantissa } else { mantissa }, scale })
}

/// Full-width digits and signs as plain ones.
fn half_width(text: &str) -> Cow<'_, str> {
    let is_wide = |letter: char| ('\u{ff08}'..='\u{ff19}').contains(&letter);
    if !text.contains(is_wide) {
        return text.into();
    }
    let plain = |letter: char| is_wide(letter).then(|| char::from_u32(letter as u32 - 0xfee0)).flatten();
    text.chars().map(|letter| plain(letter).unwrap_or(letter)).collect()
}

/// Without a currency sign or a code of three letters at either end.
fn without_currency(number: &str) -> &str {
    const SIGNS: [&str; 27] = [
        "US$", "A$", "C$", "HK$", "NT$", "R$", "S$", "€", "$", "£", "¥", "￥", "元", "₹", "Rs.", "Rs", "kr",
        "zł", "Kč", "₩", "₽", "₺", "฿", "₫", "₪", "₴", "Fr.",
    ];
    for sign in SIGNS {
        if let Some(rest) = number.strip_prefix(sign).or_else(|| number.strip_suffix(sign)) {
            return rest;
        }
    }
    let code = |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase());
    if let Some((first, rest)) = number.split_at_checked(3)
        && code(first)
    {
        return rest;
    }
    if let Some((rest, last)) = number.len().checked_sub(3).and_then(|at| number.split_at_checked(at))
        && code(last)
    {
        return rest;
    }
    number
}
