//! Numbers as people read them: grouped, with a unit, in as many digits as help.

use std::time::Duration;

use crate::data::NO_CURRENCY;

/// `1234567` as `1,234,567`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1,234 customers`, `1 customer`.
#[must_use]
pub fn counted(number: usize, one: &str) -> String {
    format!("{} {one}{}", count(number as u64), if number == 1 { "" } else { "s" })
}

/// In at most seven columns: `999`, `1,234`, `12.3 k`, `1.2 M`.
#[must_use]
pub fn short(number: f64) -> String {
    let magnitude = number.abs();
    for (limit, divisor, unit) in [(999_950_000.0, 1e9, "G"), (999_950.0, 1e6, "M"), (9_999.5, 1e3, "k")] {
        if magnitude >= limit {
            return format!("{:.1} {unit}", number / divisor);
        }
    }
    if magnitude >= 999.5 {
        let sign = if number < 0.0 { "-" } else { "" };
        format!("{sign}{}", count(magnitude.round() as u64))
    } else if magnitude < 10.0 && number.fract().abs() > 0.005 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

/// Integer minor units as `1,234.50 EUR`. `digits` is the number of decimal digits of the currency.
#[must_use]
pub fn money(minor: i64, digits: u32, currency: &str) -> String {
    let unit = 10_u64.pow(digits.min(6));
    let sign = if minor < 0 { "-" } else { "" };
    let whole = count(minor.unsigned_abs() / unit);
    let currency = shown_currency(currency);
    let amount = if digits == 0 {
        format!("{sign}{whole} {currency}")
    } else {
        let part = minor.unsigned_abs() % unit;
        format!("{sign}{whole}.{part:0>places$} {currency}", places = digits as usize)
    };
    amount.trim_end().to_owned()
}

/// The currency's code; nothing where it is not known.
#[must_use]
pub fn shown_currency(code: &str) -> &str {
    if code == NO_CURRENCY { "" } else { code }
}

/// An amount in major units as it stands in tables and beside bars: `1,234.50`, and `1.2 M` from a million on.
/// `digits` is the number of decimal digits of the currency.
#[must_use]
pub fn amount(amount: f64, digits: u32) -> String {
    if amount.abs() >= 999_999.995 {
        return short(amount);
    }
    let minor = (amount * 10_f64.powi(digits.min(6) as i32)).round() as i64;
    money(minor, digits, "")
}

/// Integer minor units without the decimals, shortened: `1.2 M EUR`.
#[must_use]
pub fn short_money(minor: i64, digits: u32, currency: &str) -> String {
    let amount = short(minor as f64 / 10_f64.powi(digits as i32));
    format!("{amount} {}", shown_currency(currency)).trim_end().to_owned()
}

/// `0.1234` as `12.3 %`; below 1 % with two decimals.
#[must_use]
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "-".into();
    }
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.995 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

/// `4 s`, `2 min 05 s`, `1 h 02 min`; below a second `120 ms`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=9 => format!("{:.1} s", duration.as_secs_f64()),
        10..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Bytes as `104.9 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} B"),
        1_000..=999_949 => format!("{:.1} kB", bytes as f64 / 1e3),
        999_950..=999_949_999 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(short(12_345.0), "12.3 k");
        assert_eq!(short(999.0), "999");
        assert_eq!(short(5_472.0), "5,472");
        assert_eq!(short(-1_000.4), "-1,000");
        assert_eq!(amount(5_472.0, 2), "5,472.00");
        assert_eq!(amount(201.857, 2), "201.86");
        assert_eq!(amount(-3.5, 0), "-4");
        assert_eq!(amount(1_234_567.0, 2), "1.2 M");
        assert_eq!(short(2.25), "2.2");
        assert_eq!(money(-123_456, 2, "EUR"), "-1,234.56 EUR");
        assert_eq!(money(1_234, 0, "JPY"), "1,234 JPY");
        assert_eq!(money(5, 2, "EUR"), "0.05 EUR");
        assert_eq!(money(78_000, 2, NO_CURRENCY), "780.00", "nobody pays in unknown currency");
        assert_eq!(percent(0.1234), "12.3 %");
        assert_eq!(percent(0.0012), "0.12 %");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 05 s");
        assert_eq!(bytes(104_900_000), "104.9 MB");
    }
}
