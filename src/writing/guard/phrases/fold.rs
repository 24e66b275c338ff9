//! Text as phrases are looked for in it, whatever it is dressed up as.
//!
//! In: any text. Out: the same without what only changes its look, with the place of each character in the original:
//! no characters that show nothing, no full-width or mathematical letters, no gaps between Chinese characters or the
//! letters of a word that is spelled out ("F R E E"), and simplified characters for traditional ones.

use std::ops::Range;

use crate::data::is_han;

/// A text made plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    pub text: String,
    /// For each of its characters the number of the one that it comes from.
    origin: Vec<usize>,
}

impl Folded {
    /// The characters of the original that these bytes of the plain text come from.
    #[must_use]
    pub fn origin(&self, bytes: &Range<usize>) -> Range<usize> {
        let start = self.text[..bytes.start].chars().count();
        self.origin_of(&(start..start + self.text[bytes.clone()].chars().count()))
    }

    /// The characters of the original that these characters of the plain text come from.
    #[must_use]
    pub fn origin_of(&self, characters: &Range<usize>) -> Range<usize> {
        origin_of(&self.origin, characters)
    }

    /// Its characters and their places.
    #[must_use]
    pub fn into_parts(self) -> (Vec<char>, Vec<usize>) {
        (self.text.chars().collect(), self.origin)
    }
}

/// The characters of the original that these come from, by the places of all.
#[must_use]
pub fn origin_of(origin: &[usize], characters: &Range<usize>) -> Range<usize> {
    let past = origin.last().map_or(0, |last| last + 1);
    let start = origin.get(characters.start).copied().unwrap_or(past);
    let last = characters.end.checked_sub(1).filter(|last| *last >= characters.start);
    let end = last.map_or(start, |last| origin.get(last).map_or(past, |last| last + 1));
    start..end
}

/// The text made plain and in lower case.
#[must_use]
pub fn fold(text: &str) -> Folded {
    folded(text, true)
}

/// The text made plain, its capitals as they are.
#[must_use]
pub fn plain(text: &str) -> Folded {
    folded(text, false)
}

fn folded(text: &str, lower: bool) -> Folded {
    let mut out = Vec::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        if shows_nothing(c) {
            continue;
        }
        let mut c = plain_of(c);
        if lower {
            c = lower_of(c);
        }
        if is_han(c) {
            // Only gaps that stand between two Chinese characters.
            let gap = out.iter().rev().take_while(|(c, _)| *c == ' ').count();
            let before = out.len() - gap;
            if gap > 0 && before > 0 && is_han(out[before - 1].0) {
                out.truncate(before);
            }
        }
        out.push((c, at));
    }
    let out = joined(&out);
    Folded { text: out.iter().map(|(c, _)| c).collect(), origin: out.iter().map(|(_, at)| *at).collect() }
}

/// Three single letters or more with one space between each are one word.
fn joined(characters: &[(char, usize)]) -> Vec<(char, usize)> {
    let letter = |at: usize| characters.get(at).is_some_and(|(c, _)| c.is_alphabetic() && !is_han(*c));
    let joins = |at: usize| at.checked_sub(1).is_some_and(|before| is_word(characters, before));
    let mut out = Vec::with_capacity(characters.len());
    let mut place = 0;
    while place < characters.len() {
        let mut end = place;
        if letter(place) && !joins(place) && !is_word(characters, place + 1) {
            while characters.get(end + 1).is_some_and(|(c, _)| *c == ' ')
                && letter(end + 2)
                && !is_word(characters, end + 3)
            {
                end += 2;
            }
        }
        if end >= place + 4 {
            out.extend(characters[place..=end].iter().step_by(2));
        } else {
            out.extend_from_slice(&characters[place..=end]);
        }
        place = end + 1;
    }
    out
}

/// Whether a letter, a digit or what joins them stands there: "I'm" is no single letter.
fn is_word(characters: &[(char, usize)], at: usize) -> bool {
    characters.get(at).is_some_and(|(c, _)| c.is_alphanumeric() && !is_han(*c) || matches!(c, '\'' | '-'))
}

fn lower_of(c: char) -> char {
    let mut lower = c.to_lowercase();
    let first = lower.next().unwrap_or(c);
    if lower.next().is_none() { first } else { c }
}

/// Characters of no width, which part a word for whoever searches and for nobody who reads.
fn shows_nothing(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

fn plain_of(c: char) -> char {
    match c {
        c if c.is_ascii() => c,
        '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        '￥' => '¥',
        '￡' => '£',
        '’' | '‘' | 'ʼ' => '\'',
        '\u{2010}' | '\u{2011}' => '-',
        '\u{2024}' | '\u{FE52}' | '｡' => '.',
        // Letters and digits that mathematics or rings dress up: thirteen alphabets, then five rows of digits.
        '\u{1D400}'..='\u{1D6A3}' => letter_of((c as u32 - 0x1D400) % 52),
        '\u{1D7CE}'..='\u{1D7FF}' => char::from_digit((c as u32 - 0x1D7CE) % 10, 10).unwrap_or(c),
        'Ⓐ'..='ⓩ' => letter_of(c as u32 - 'Ⓐ' as u32),
        c if is_han(c) => {
            TRADITIONAL.binary_search_by_key(&c, |(from, _)| *from).map_or(c, |at| TRADITIONAL[at].1)
        }
        c => c,
    }
}

/// Capitals, then small letters.
fn letter_of(number: u32) -> char {
    let first = if number < 26 { u32::from(b'A') } else { u32::from(b'a') - 26 };
    char::from_u32(first + number).unwrap_or('\u{FFFD}')
}

/// Traditional characters of the phrases, and the simplified ones that the phrases have.
#[rustfmt::skip]
const TRADITIONAL: [(char, char); 193] = [
    ('來', '来'), ('俬', '私'), ('倉', '仓'), ('個', '个'), ('們', '们'), ('倫', '伦'), ('傚', '效'), ('傢', '家'),
    ('僅', '仅'), ('價', '价'), ('億', '亿'), ('優', '优'), ('兌', '兑'), ('內', '内'), ('兩', '两'), ('別', '别'),
    ('剋', '克'), ('員', '员'), ('唸', '念'), ('單', '单'), ('噹', '当'), ('國', '国'), ('塊', '块'), ('妳', '你'),
    ('實', '实'), ('寶', '宝'), ('將', '将'), ('幾', '几'), ('庫', '库'), ('張', '张'), ('強', '强'), ('彆', '别'),
    ('後', '后'), ('從', '从'), ('復', '复'), ('愛', '爱'), ('慶', '庆'), ('慾', '欲'), ('拋', '抛'), ('掃', '扫'),
    ('換', '换'), ('搶', '抢'), ('摺', '折'), ('撥', '拨'), ('擬', '拟'), ('數', '数'), ('斷', '断'), ('時', '时'),
    ('書', '书'), ('會', '会'), ('東', '东'), ('桮', '杯'), ('條', '条'), ('棄', '弃'), ('業', '业'), ('極', '极'),
    ('榮', '荣'), ('樣', '样'), ('樹', '树'), ('機', '机'), ('檯', '台'), ('歡', '欢'), ('歲', '岁'), ('殺', '杀'),
    ('毧', '绒'), ('氣', '气'), ('沒', '没'), ('減', '减'), ('溫', '温'), ('滿', '满'), ('為', '为'), ('無', '无'),
    ('熱', '热'), ('獎', '奖'), ('獨', '独'), ('獲', '获'), ('現', '现'), ('環', '环'), ('產', '产'), ('當', '当'),
    ('療', '疗'), ('發', '发'), ('盃', '杯'), ('眾', '众'), ('瞭', '了'), ('碼', '码'), ('禮', '礼'), ('秖', '只'),
    ('種', '种'), ('積', '积'), ('穫', '获'), ('箇', '个'), ('節', '节'), ('紅', '红'), ('純', '纯'), ('級', '级'),
    ('組', '组'), ('結', '结'), ('絕', '绝'), ('絨', '绒'), ('統', '统'), ('絲', '丝'), ('維', '维'), ('網', '网'),
    ('緊', '紧'), ('線', '线'), ('緻', '致'), ('繙', '翻'), ('羢', '绒'), ('聖', '圣'), ('聯', '联'), ('臨', '临'),
    ('臺', '台'), ('與', '与'), ('萬', '万'), ('藝', '艺'), ('蘤', '花'), ('蘭', '兰'), ('號', '号'), ('補', '补'),
    ('裡', '里'), ('製', '制'), ('複', '复'), ('見', '见'), ('計', '计'), ('証', '证'), ('評', '评'), ('話', '话'),
    ('認', '认'), ('誕', '诞'), ('語', '语'), ('說', '说'), ('謝', '谢'), ('證', '证'), ('貨', '货'), ('買', '买'),
    ('費', '费'), ('貼', '贴'), ('賠', '赔'), ('賣', '卖'), ('質', '质'), ('賺', '赚'), ('購', '购'), ('贈', '赠'),
    ('趕', '赶'), ('軍', '军'), ('輪', '轮'), ('迴', '回'), ('這', '这'), ('週', '周'), ('進', '进'), ('運', '运'),
    ('過', '过'), ('達', '达'), ('郵', '邮'), ('醫', '医'), ('釦', '扣'), ('銀', '银'), ('銷', '销'), ('錢', '钱'),
    ('錦', '锦'), ('錯', '错'), ('鍾', '钟'), ('鎮', '镇'), ('鐘', '钟'), ('開', '开'), ('陽', '阳'), ('隨', '随'),
    ('隻', '只'), ('雙', '双'), ('離', '离'), ('難', '难'), ('電', '电'), ('鞦', '秋'), ('韆', '千'), ('韓', '韩'),
    ('頂', '顶'), ('項', '项'), ('領', '领'), ('頭', '头'), ('顆', '颗'), ('顏', '颜'), ('顧', '顾'), ('風', '风'),
    ('颱', '台'), ('養', '养'), ('餘', '余'), ('馬', '马'), ('髮', '发'), ('麥', '麦'), ('麵', '面'), ('麼', '么'),
    ('點', '点'),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn disguises_come_off_and_places_stay() {
        for (text, folded) in [
            ("F R E E gift", "free gift"),
            ("it is F\u{200B}REE", "it is free"),
            ("ＦＲＥＥ 𝐅𝐫𝐞𝐞 Ⓕⓡⓔⓔ", "free free free"),
            ("shop\u{2024}example", "shop.example"),
            ("免 费\u{3000}送", "免费送"),
            ("免運費、半價、限時優惠、錯過不再", "免运费、半价、限时优惠、错过不再"),
            ("don’t", "don't"),
            ("A good b c day", "a good b c day"),
            ("I'm a b person", "i'm a b person"),
            ("plan b it is", "plan b it is"),
            ("免费 gift 免费", "免费 gift 免费"),
            ("İẞ", "İß"),
        ] {
            assert_eq!(fold(text).text, folded, "{text}");
        }
        let folded = fold("Ja, F R\u{200B} E E!");
        let at = folded.text.find("free").unwrap();
        assert_eq!(folded.origin(&(at..at + 4)), 4..12);
    }

    #[test]
    fn the_table_is_in_order_and_folds_once() {
        assert!(TRADITIONAL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TRADITIONAL.iter().all(|(_, to)| plain_of(*to) == *to));
    }

    proptest! {
        #[test]
        fn every_character_comes_from_its_place(text in "[a-cA-C '\u{200B}\u{3000}免費费運。Ｆ𝐅.\\n-]*") {
            let folded = fold(&text);
            let original: Vec<char> = text.chars().collect();
            prop_assert!(folded.origin.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(folded.text.chars().count(), folded.origin.len());
            for (c, at) in folded.text.chars().zip(&folded.origin) {
                prop_assert_eq!(c, lower_of(plain_of(original[*at])));
            }
        }
    }
}
