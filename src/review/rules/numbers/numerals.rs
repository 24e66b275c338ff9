//! Reads one number: in digits with separators, as a Chinese numeral, as an English word.

use super::{Reader, is_han};

/// A number in digits with separators: "1,000", "10.50", "1 000" is two.
pub(super) fn number(reader: &Reader, at: usize) -> Option<(f64, usize)> {
    let digit = |place: usize| reader.at(place).is_some_and(|c| c.is_ascii_digit());
    let mut end = at;
    while digit(end) || matches!(reader.at(end), Some(',' | '.')) && end > at && digit(end + 1) {
        end += 1;
    }
    if end == at {
        return None;
    }
    let text = reader.text(at..end);
    let last = text.rfind([',', '.']);
    let marks = text.matches([',', '.']).count();
    let decimal = last.filter(|&place| {
        let same = text.matches(&text[place..=place]).count();
        let thousands = text.len() - place == 4 && &text[place..=place] == ",";
        same == 1 && (marks > 1 || !thousands)
    });
    let plain: String = text
        .char_indices()
        .filter_map(|(place, c)| match c {
            ',' | '.' => (Some(place) == decimal).then_some('.'),
            digit => Some(digit),
        })
        .collect();
    plain.parse().ok().map(|value| (value, end))
}

/// A Chinese numeral: "二十", "八五" (digit by digit), "两千".
pub(in super::super) fn numeral(reader: &Reader, at: usize) -> Option<(f64, usize)> {
    let mut end = at;
    let (mut total, mut section, mut digit) = (0_f64, 0_f64, None::<f64>);
    while let Some(character) = reader.at(end) {
        let value = match character {
            '零' | '〇' => 0.0,
            '一' => 1.0,
            '二' | '两' => 2.0,
            '三' => 3.0,
            '四' => 4.0,
            '五' => 5.0,
            '六' => 6.0,
            '七' => 7.0,
            '八' => 8.0,
            '九' => 9.0,
            '十' | '百' | '千' => {
                let unit = match character {
                    '十' => 10.0,
                    '百' => 100.0,
                    _ => 1000.0,
                };
                section += digit.take().unwrap_or(1.0) * unit;
                end += 1;
                continue;
            }
            '万' | '亿' => {
                let unit = if character == '万' { 1e4 } else { 1e8 };
                let before = section + digit.take().unwrap_or(0.0);
                total += if before == 0.0 { 1.0 } else { before } * unit;
                section = 0.0;
                end += 1;
                continue;
            }
            _ => break,
        };
        digit = Some(digit.unwrap_or(0.0) * 10.0 + value);
        end += 1;
    }
    (end > at).then(|| (total + section + digit.unwrap_or(0.0), end))
}

/// Numbers in English words.
pub(super) const WORDS: [(&str, f64); 36] = [
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("dozen", 12.0),
    ("hundred", 100.0),
    ("thousand", 1000.0),
    ("million", 1e6),
    ("dozens", 12.0),
    ("hundreds", 100.0),
    ("thousands", 1000.0),
    ("millions", 1e6),
    ("twice", 2.0),
];

pub(super) fn number_word(reader: &Reader, at: usize) -> Option<(f64, usize)> {
    if at > 0 && reader.at(at - 1).is_some_and(|c| c.is_alphabetic() && !is_han(c)) {
        return None;
    }
    // Most characters begin none of the words, and are passed over before the words are looked at.
    if !matches!(reader.at(at)?.to_ascii_lowercase(), 'd'..='f' | 'h' | 'm'..='o' | 's' | 't') {
        return None;
    }
    let end = reader.word_end(at);
    let word = reader.text(at..end).to_lowercase();
    WORDS.iter().find(|(name, _)| *name == word).map(|(_, value)| (*value, end))
}

/// A share of the price in words: what comes off it, in per cent.
pub(super) fn share(reader: &Reader, at: usize) -> Option<(f64, usize)> {
    const HALVES: [&str; 22] = [
        "半价",
        "半个价",
        "一半的钱",
        "一半的价",
        "一半价",
        "只收一半",
        "只要一半",
        "只付一半",
        "只需一半",
        "省一半",
        "省下一半",
        "减半",
        "便宜一半",
        "少一半",
        "half price",
        "half-price",
        "half off",
        "half the price",
        "half of the price",
        "half its price",
        "half the cost",
        "half the usual price",
    ];
    let begins = |c: &char| matches!(c, '半' | '一' | '只' | '省' | '减' | '便' | '少' | 'h' | 'H');
    if reader.at(at).as_ref().is_some_and(begins) {
        for phrase in HALVES {
            let end = at + phrase.chars().count();
            if reader.text(at..end).to_lowercase() == phrase {
                return Some((50.0, end));
            }
        }
    }
    // "A third off", "one quarter less".
    if !reader.at(at).is_some_and(|c| matches!(c, 't' | 'T' | 'q' | 'Q' | 'f' | 'F')) {
        return None;
    }
    for (fraction, off) in [("third", 100.0 / 3.0), ("quarter", 25.0), ("fifth", 20.0), ("tenth", 10.0)] {
        let end = at + fraction.len();
        if reader.text(at..end).to_lowercase() == fraction {
            let after = reader.text(end..end + 5).to_lowercase();
            let width = if after.starts_with(" off") { 4 } else { 5 };
            return (width == 4 || after == " less").then_some((off, end + width));
        }
    }
    None
}
