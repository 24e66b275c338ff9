//! Cells of the sample's files, appended to a buffer without going through a formatter.

use super::calendar::{DAY, civil};

/// A whole number with at least `width` digits.
pub(super) fn number(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut from = digits.len();
    while value > 0 {
        from -= 1;
        digits[from] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    from = from.min(digits.len() - width.max(1));
    out.extend_from_slice(&digits[from..]);
}

/// An amount of cents as `12.90` or `-12.90`.
pub(super) fn money(out: &mut Vec<u8>, cents: i64) {
    if cents < 0 {
        out.push(b'-');
    }
    number(out, cents.unsigned_abs() / 100, 1);
    out.push(b'.');
    number(out, cents.unsigned_abs() % 100, 2);
}

/// Seconds since 1970 as `2025-10-31T17:22:05Z`.
pub(super) fn time(out: &mut Vec<u8>, at: i64) {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let second = at.rem_euclid(DAY) as u64;
    number(out, u64::from(year), 4);
    out.push(b'-');
    number(out, u64::from(month), 2);
    out.push(b'-');
    number(out, u64::from(day), 2);
    out.push(b'T');
    number(out, second / 3600, 2);
    out.push(b':');
    number(out, second / 60 % 60, 2);
    out.push(b':');
    number(out, second % 60, 2);
    out.push(b'Z');
}

/// `C0000042` for customer 41.
pub(super) fn customer_id(out: &mut Vec<u8>, customer: u32) {
    out.push(b'C');
    number(out, u64::from(customer) + 1, 7);
}

/// `P042` for product 41.
pub(super) fn product_id(out: &mut Vec<u8>, product: usize) {
    out.push(b'P');
    number(out, product as u64 + 1, 3);
}

/// A text cell followed by a comma, quoted where RFC 4180 asks for it.
pub(super) fn text(out: &mut Vec<u8>, value: &str) {
    if value.contains([',', '"', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(value.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_written_as_people_write_them() {
        assert_eq!(written(|out| number(out, 0, 1)), "0");
        assert_eq!(written(|out| number(out, 123_456_789_012, 3)), "123456789012");
        assert_eq!(written(|out| money(out, -5)), "-0.05");
        assert_eq!(written(|out| money(out, 129_900)), "1299.00");
        assert_eq!(written(|out| time(out, 1_761_931_325)), "2025-10-31T17:22:05Z");
        assert_eq!(written(|out| time(out, 951_782_400)), "2000-02-29T00:00:00Z");
        assert_eq!(written(|out| customer_id(out, 41)), "C0000042");
        assert_eq!(written(|out| text(out, "a \"b\", c")), "\"a \"\"b\"\", c\",");
    }
}
