//! How numbers stand in our JSON documents.

use serde_json::{Number, Value};

/// A decimal fraction with more digits than these was computed by us: nobody wrote it into a file.
const DIGITS: usize = 12;

/// Rounds what is noise: a share of 0.3 that went through 32 bits is 0.30000001192092896, and reads 0.3 again.
/// Whole numbers and amounts as people write them stay as they are.
pub fn tidy(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(tidied) = number.as_f64().map(rounded).and_then(Number::from_f64) {
                *number = tidied;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(tidy),
        Value::Object(fields) => fields.values_mut().for_each(tidy),
        _ => {}
    }
}

fn rounded(value: f64) -> f64 {
    let digits =
        format!("{value:e}").split('e').next().unwrap_or("").bytes().filter(u8::is_ascii_digit).count();
    if digits <= DIGITS {
        return value;
    }
    let narrow = value as f32;
    let text = if f64::from(narrow).to_bits() == value.to_bits() {
        narrow.to_string()
    } else {
        format!("{value:.*e}", DIGITS - 1)
    };
    text.parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn noise_is_rounded_and_what_people_wrote_is_not() {
        let mut document = json!({
            "penalty": f64::from(1.1_f32),
            "shares": [f64::from(0.3_f32), 0.1 + 0.2, -f64::from(0.3_f32)],
            "amount": 1_234_567.89,
            "seed": u64::MAX,
            "silhouette": 0.381_234_567_890_123_4,
            "third": 1.0 / 3.0,
            "whole": 200.0,
        });
        tidy(&mut document);
        assert_eq!(
            document,
            json!({
                "penalty": 1.1,
                "shares": [0.3, 0.3, -0.3],
                "amount": 1_234_567.89,
                "seed": u64::MAX,
                "silhouette": 0.381_234_567_89,
                "third": 0.333_333_333_333,
                "whole": 200.0,
            })
        );
    }
}
