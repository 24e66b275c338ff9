//! Counts and spans in Chinese words: a numeral and what it counts, as in 三天, 两件 and 一周内, and not as in 一起 and 万一.

use std::ops::Range;

/// What is counted: a numeral above one before it is a number.
pub const MEASURES: &str =
    "件份天月年次倍个款种周人位名套瓶盒张岁点斤克双条只本支箱袋包杯台部颗折成元块枚组期日号轮样";
/// Spans of time of two characters, which are counted too.
pub const SPANS: [&str; 8] = ["小时", "分钟", "星期", "个月", "钟头", "季度", "秒钟", "礼拜"];

/// What makes "one" of a span a promise: 一周内.
const WITHIN: [&str; 5] = ["内", "之内", "以内", "之前", "前"];

const NUMERALS: &str = "一二三四五六七八九十百千万亿两零〇";

/// Before 十 and 百: several of them; and behind: a few more.
pub const VAGUE: [char; 2] = ['几', '数'];
pub const MORE: [char; 3] = ['多', '余', '来'];

/// Whether a numeral stands for ten, or a power of it.
#[must_use]
pub fn is_round(c: char) -> bool {
    matches!(c, '十' | '百' | '千' | '万' | '亿')
}

/// Numerals that count nothing, with a measure behind them.
const IDIOMS: [&str; 12] = [
    "三三两两",
    "五颜六色",
    "两个人",
    "百年好合",
    "万种风情",
    "四周",
    "九九重阳",
    "三月三",
    "百年树人",
    "千人千面",
    "一五一十",
    "十样锦",
];

/// Where a text counts something in Chinese words, in bytes, with the measure.
#[must_use]
pub fn counts(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.is_ascii() {
        return found;
    }
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let mut place = 0;
    while let Some(&(start, first)) = letters.get(place) {
        let run_at = |at: usize| {
            letters.get(at..).unwrap_or(&[]).iter().take_while(|(_, c)| NUMERALS.contains(*c)).count()
        };
        // 几十, 数百: the numeral begins with how many of them.
        let vague = VAGUE.contains(&first) && letters.get(place + 1).is_some_and(|(_, c)| is_round(*c));
        let run = if vague { 1 + run_at(place + 1) } else { run_at(place) };
        if run == 0 {
            place += 1;
            continue;
        }
        if let Some(idiom) = IDIOMS.iter().find(|idiom| text[start..].starts_with(**idiom)) {
            place += idiom.chars().count();
            continue;
        }
        // 两百多种: what makes it a little more stands between the numeral and what is counted.
        let round = letters[place..place + run].iter().any(|(_, c)| is_round(*c));
        let more = round && letters.get(place + run).is_some_and(|(_, c)| MORE.contains(c));
        let run = run + usize::from(more);
        let end = letters.get(place + run).map_or(text.len(), |(at, _)| *at);
        let after = &text[end..];
        let ordinal = ["第", "周", "星期"].iter().any(|before| text[..start].ends_with(before));
        let span = SPANS.iter().find(|span| after.starts_with(**span)).map(|span| span.len());
        let measure = after.chars().next().filter(|c| MEASURES.contains(*c)).map(char::len_utf8);
        if let Some(width) = span.or(measure).filter(|_| !ordinal) {
            let one = run == 1 && matches!(first, '一' | '零' | '〇');
            let time = span.is_some() || after.starts_with(['天', '周', '日', '月', '年']);
            let within = time && WITHIN.iter().any(|within| after[width..].starts_with(within));
            if !one || within {
                found.push(start..end + width);
            }
        }
        place += run;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn a_numeral_counts_where_a_measure_follows_and_idioms_stay_free() {
        for (text, said) in [
            ("三天内送到", "三天"),
            ("两件东西", "两件"),
            ("一周内回复", "一周"),
            ("八点前", "八点"),
            ("打五折", "五折"),
            ("十二个小时", "十二个"),
            ("一小时内", "一小时"),
            ("两百多种茶", "两百多种"),
            ("一百来件", "一百来件"),
            ("千余款", "千余款"),
            ("几十种茶杯", "几十种"),
            ("数百款", "数百款"),
        ] {
            let found = counts(text);
            assert_eq!(found.iter().map(|range| &text[range.clone()]).collect::<Vec<_>>(), [said], "{text}");
        }
        for text in [
            "一起来看看",
            "有一些新东西",
            "看一下",
            "一直想念您",
            "第一次见面",
            "万一您喜欢",
            "一样的温暖",
            "统一答复",
            "一件好物",
            "一份心意",
            "十分感谢",
            "四季都好",
            "五颜六色",
            "一年四季",
            "一天比一天好",
            "三言两语",
            "一来二去",
            "万余",
            "十多",
            "数一数",
            "几件好物",
            "",
        ] {
            assert!(counts(text).is_empty(), "{text}");
        }
    }
}
