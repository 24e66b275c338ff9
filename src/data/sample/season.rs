//! When people buy: through the year, the week and the day.

use super::calendar::{DAY, FIRST_SECOND, LAST, civil, weekday};
use super::draw::Draw;

/// How much is bought by month, January first; 100 is average.
const WESTERN_MONTHS: [u32; 12] = [92, 86, 94, 98, 100, 92, 78, 76, 98, 106, 132, 146];
const CHINESE_MONTHS: [u32; 12] = [118, 82, 96, 96, 104, 124, 84, 84, 108, 102, 146, 112];
/// Monday first.
const WESTERN_WEEK: [u32; 7] = [96, 92, 94, 98, 90, 104, 126];
const CHINESE_WEEK: [u32; 7] = [92, 92, 96, 96, 104, 116, 104];
/// By local hour.
const WESTERN_HOURS: [u32; 24] =
    [6, 3, 2, 1, 1, 3, 10, 22, 34, 42, 50, 54, 66, 62, 46, 44, 46, 54, 66, 84, 98, 92, 58, 22];
const CHINESE_HOURS: [u32; 24] =
    [18, 8, 4, 2, 1, 2, 6, 16, 32, 48, 66, 60, 72, 58, 44, 42, 44, 46, 54, 70, 92, 104, 96, 52];

/// Days of the sample with how much is bought on each, added up: `sums[d]` is the weight of the days before `d`.
pub(super) struct Season {
    sums: Vec<u32>,
    hours: [u32; 24],
}

impl Season {
    pub(super) fn western() -> Self {
        Self::new(&WESTERN_MONTHS, &WESTERN_WEEK, WESTERN_HOURS, |month, day| match (month, day) {
            // The weeks before Christmas, then the quiet days.
            (11, 20..=30) => 190,
            (12, 1..=18) => 140,
            (12, 23..=27) => 45,
            // The summer sale.
            (7, 1..=7) => 130,
            _ => 100,
        })
    }

    pub(super) fn chinese() -> Self {
        Self::new(&CHINESE_MONTHS, &CHINESE_WEEK, CHINESE_HOURS, |month, day| match (month, day) {
            // Singles' Day and the days that lead to it; 18 June; 12 December.
            (11, 11) => 620,
            (11, 1..=10) => 150,
            (6, 16..=18) => 300,
            (12, 12) => 260,
            // Before the Spring Festival.
            (1, 5..=20) => 130,
            _ => 100,
        })
    }

    fn new(months: &[u32; 12], week: &[u32; 7], hours: [u32; 24], feast: impl Fn(u32, u32) -> u32) -> Self {
        let mut sums = vec![0];
        let mut sum = 0;
        for number in 0..=LAST {
            let (_, month, day) = civil(FIRST_SECOND / DAY + i64::from(number));
            sum += months[month as usize - 1] * week[weekday(number)] * feast(month, day) / 1000;
            sums.push(sum);
        }
        Self { sums, hours }
    }

    /// A day of `from..=to`, likelier where more is bought. Of `parts` equal shares of that stretch, measured
    /// in sales, the day lies in number `part`.
    pub(super) fn day(&self, from: u32, to: u32, part: u32, parts: u32, draw: &mut Draw) -> u32 {
        let low = self.sums[from as usize];
        let width = u64::from(self.sums[to as usize + 1] - low);
        let begin = width * u64::from(part) / u64::from(parts);
        let end = (width * u64::from(part + 1) / u64::from(parts)).max(begin + 1);
        let at = low + (begin + draw.below_wide(end - begin)) as u32;
        (self.sums.partition_point(|&sum| sum <= at) as u32 - 1).clamp(from, to)
    }

    /// Seconds since local midnight.
    pub(super) fn second_of_day(&self, draw: &mut Draw) -> u32 {
        draw.weighted(&self.hours) as u32 * 3600 + draw.below(3600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days that a thousand draws over the whole sample hit, by month and day.
    fn hits(season: &Season, matches: impl Fn(u32, u32) -> bool) -> usize {
        let mut draw = Draw::new(1, 1);
        (0..4000)
            .filter(|_| {
                let number = season.day(0, LAST, 0, 1, &mut draw);
                let (_, month, day) = civil(FIRST_SECOND / DAY + i64::from(number));
                matches(month, day)
            })
            .count()
    }

    #[test]
    fn singles_day_and_christmas_belong_to_their_customers() {
        let singles = |month, day| month == 11 && day == 11;
        assert!(hits(&Season::chinese(), singles) > 3 * hits(&Season::western(), singles));
        let summer = |month: u32, _| month == 8;
        let december = |month: u32, _| month == 12;
        assert!(2 * hits(&Season::western(), december) > 3 * hits(&Season::western(), summer));
    }

    #[test]
    fn a_day_lies_in_its_part() {
        let season = Season::western();
        let mut draw = Draw::new(1, 2);
        for (from, to) in [(0, LAST), (5, 5), (700, LAST), (3, 9)] {
            let mut previous = from;
            for part in 0..20 {
                let day = season.day(from, to, part, 20, &mut draw);
                assert!((previous..=to).contains(&day), "{day} in {from}..={to}");
                previous = day;
            }
        }
    }
}
