//! Chinese characters that a shop's text is written with.
//!
//! A model that knows little Chinese spells the rarer characters byte by byte, and now and then errs in the last byte: 惞 for
//! 惠. So a Chinese slot is held to the characters of GB 2312 (6,763, which cover all everyday writing) and to those that
//! the strategy itself has; already the first bytes of a character must lead to one that may stand there.

use std::sync::LazyLock;

/// The block of the unified ideographs.
const FIRST: u32 = 0x4E00;
const LAST: u32 = 0x9FFF;

/// Whether each character of the block is in GB 2312.
static COMMON: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let is_common = |c: char| {
        let mut buffer = [0; 4];
        let (bytes, ..) = encoding_rs::GB18030.encode(c.encode_utf8(&mut buffer));
        matches!(*bytes, [0xB0..=0xF7, 0xA1..=0xFE])
    };
    (FIRST..=LAST).map(|code| char::from_u32(code).is_some_and(is_common)).collect()
});

/// Whether it is of the block of Chinese characters.
#[must_use]
pub fn is_ideograph(c: char) -> bool {
    (FIRST..=LAST).contains(&u32::from(c))
}

/// Whether it is a letter that a Chinese text hardly has: a Chinese character outside GB 2312, or one of another writing but
/// Latin without accents.
#[must_use]
pub fn is_rare(c: char) -> bool {
    if is_ideograph(c) {
        !COMMON[(u32::from(c) - FIRST) as usize]
    } else {
        c.is_alphabetic() && !c.is_ascii()
    }
}

/// The characters that may come of their first bytes; `None` where these are no part of a Chinese character alone.
pub(super) fn begun(bytes: &[u8]) -> Option<impl Iterator<Item = char>> {
    // Of three bytes in UTF-8 the first holds four bits, and the others six each.
    let (first, last) = match *bytes {
        [lead @ 0xE5..=0xE9] => (u32::from(lead & 0x0F) << 12, u32::from(lead & 0x0F) << 12 | 0x0FFF),
        [lead @ 0xE4..=0xE9, second] => {
            let high = u32::from(lead & 0x0F) << 12 | u32::from(second & 0x3F) << 6;
            (high, high | 0x3F)
        }
        _ => return None,
    };
    Some((first..=last).filter_map(char::from_u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_characters_are_common_and_look_alikes_are_not() {
        for c in "您好优惠码咖啡薰衣草的，。！a1".chars() {
            assert!(!is_rare(c), "{c}");
        }
        for c in "惞囍髙のéж".chars() {
            assert!(is_rare(c), "{c}");
        }
    }

    #[test]
    fn the_first_bytes_lead_to_the_characters_that_begin_with_them() {
        for c in ['惠', '一', '龥'] {
            let bytes = c.to_string().into_bytes();
            assert!(begun(&bytes[..2]).unwrap().any(|other| other == c), "{c}");
            assert_eq!(begun(&bytes[..2]).unwrap().count(), 64);
        }
        // 4D80 to 4DFF are no Chinese characters of the block, and whole ones are not begun.
        assert!(begun("，".as_bytes().get(..1).unwrap()).is_none());
        assert!(begun("惠".as_bytes()).is_none());
    }
}
