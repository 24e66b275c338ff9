//! Names for clusters, in plain words, from what sets each apart.
//!
//! In: the portrait of each cluster and of the whole shop. Out: a [`Name`] per cluster, no two alike, and the
//! [`Stage`] at which its members stand. A name holds of the medians: lapsed is who has been away for
//! several times the usual gap between orders, of this shop and of these customers.

use std::collections::{BTreeMap, BTreeSet};

use super::portrait::Portrait;
use super::{Name, Stage};
use crate::features::Feature;

/// Gaps without an order after which a customer has lapsed, and is slipping.
const LAPSED_GAPS: f64 = 2.5;
const SLIPPING_GAPS: f64 = 1.5;
/// Who orders this many usual gaps apart, or closer, is a regular.
const REGULAR_GAPS: f64 = 2.0;
/// A usual gap shorter than this is lengthened to it: nobody lapses within days.
const SHORTEST_GAP_DAYS: f64 = 14.0;
/// A usual gap for shops in which nobody has come back yet.
const GAP_WITHOUT_REPEATS_DAYS: f64 = 90.0;

/// Whether a group still buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    New,
    Active,
    Slipping,
    Lapsed,
    /// The data do not say when the last order was.
    Unknown,
}

/// What the name calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Returners,
    BargainHunters,
    BigSpenders,
    OneTime,
    OneTimeBigSpenders,
    Regulars,
    SmallSpenders,
    Occasional,
    Plain,
}

/// A group as the name sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Traits {
    standing: Standing,
    kind: Kind,
    frequent: bool,
}

/// Days between two orders that are usual in the shop.
#[must_use]
pub fn usual_gap(shop: &Portrait) -> f64 {
    median(shop, Feature::MeanGapDays).unwrap_or(GAP_WITHOUT_REPEATS_DAYS).max(SHORTEST_GAP_DAYS)
}

fn median(portrait: &Portrait, feature: Feature) -> Option<f64> {
    portrait.get(&feature).map(|spread| spread.median)
}

/// Whether the group still buys, by the usual gap of the shop or its own, whichever is longer.
#[must_use]
pub fn standing(group: &Portrait, shop: &Portrait) -> Standing {
    let Some(recency) = median(group, Feature::RecencyDays) else { return Standing::Unknown };
    let gap = usual_gap(shop).max(median(group, Feature::MeanGapDays).unwrap_or(0.0));
    let orders = median(group, Feature::Orders).unwrap_or(1.0);
    let tenure = median(group, Feature::TenureDays).unwrap_or(f64::INFINITY);
    if recency > LAPSED_GAPS * gap {
        Standing::Lapsed
    } else if tenure <= LAPSED_GAPS * gap && orders < 3.0 {
        Standing::New
    } else if recency > SLIPPING_GAPS * gap {
        Standing::Slipping
    } else {
        Standing::Active
    }
}

fn traits(group: &Portrait, shop: &Portrait) -> Traits {
    let orders = median(group, Feature::Orders).unwrap_or(1.0);
    let shop_orders = median(shop, Feature::Orders).unwrap_or(1.0);
    let gap = median(group, Feature::MeanGapDays).unwrap_or(0.0);
    let frequent = orders >= (1.5 * shop_orders).max(4.0) && gap <= 1.25 * usual_gap(shop);
    let value = median(group, Feature::AverageOrderValue)
        .zip(median(shop, Feature::AverageOrderValue))
        .map_or(1.0, |(value, usual)| if usual > 0.0 { value / usual } else { 1.0 });
    let discounted = median(group, Feature::DiscountedShare).unwrap_or(0.0);
    let usually_discounted = median(shop, Feature::DiscountedShare).unwrap_or(0.0);
    let returned = median(group, Feature::ReturnsShare).unwrap_or(0.0);
    let usually_returned = median(shop, Feature::ReturnsShare).unwrap_or(0.0);
    let kind = if returned >= 0.25 && returned >= usually_returned + 0.2 {
        Kind::Returners
    } else if discounted >= 0.5 && discounted >= usually_discounted + 0.2 {
        Kind::BargainHunters
    } else if value >= 1.5 && orders < 1.5 {
        Kind::OneTimeBigSpenders
    } else if value >= 1.5 {
        Kind::BigSpenders
    } else if orders < 1.5 {
        Kind::OneTime
    } else if orders >= 4.0 && gap <= REGULAR_GAPS * usual_gap(shop) {
        Kind::Regulars
    } else if value <= 0.6 {
        Kind::SmallSpenders
    } else if orders < (0.75 * shop_orders).max(4.0) {
        Kind::Occasional
    } else {
        Kind::Plain
    };
    Traits { standing: standing(group, shop), kind, frequent }
}

/// The stage at which the group stands.
#[must_use]
pub fn stage(group: &Portrait, shop: &Portrait) -> Stage {
    let traits = traits(group, shop);
    match traits.standing {
        Standing::New => Stage::Activation,
        Standing::Lapsed => Stage::WinBack,
        Standing::Active if traits.kind == Kind::Returners => Stage::Retention,
        Standing::Active if traits.frequent || traits.kind == Kind::BigSpenders => Stage::Loyalty,
        Standing::Active if matches!(traits.kind, Kind::OneTime | Kind::OneTimeBigSpenders) => {
            Stage::Activation
        }
        Standing::Active | Standing::Slipping | Standing::Unknown => Stage::Retention,
    }
}

fn base(traits: Traits) -> Name {
    let (en, zh) = match (traits.standing, traits.frequent) {
        (Standing::New, _) => ("New ", "新晋"),
        (Standing::Active, true) => ("Loyal ", "忠诚"),
        (Standing::Active, false) => ("Active ", "活跃"),
        (Standing::Slipping, _) => ("Slipping ", "渐远"),
        (Standing::Lapsed, _) => ("Lapsed ", "流失"),
        (Standing::Unknown, _) => ("", ""),
    };
    let (noun_en, noun_zh) = match (traits.kind, traits.standing) {
        (Kind::Returners, _) => ("frequent returners", "常退货客户"),
        (Kind::BargainHunters, _) => ("bargain hunters", "折扣客户"),
        (Kind::BigSpenders, _) | (Kind::OneTimeBigSpenders, Standing::New) => ("big spenders", "高消费客户"),
        (Kind::OneTimeBigSpenders, _) => ("one-time big spenders", "单次高消费客户"),
        (Kind::OneTime, Standing::New) => ("first-time buyers", "首单客户"),
        (Kind::OneTime, _) => ("one-time buyers", "单次客户"),
        (Kind::Regulars, _) => ("regulars", "常客"),
        (Kind::SmallSpenders, _) => ("small spenders", "低消费客户"),
        (Kind::Occasional, Standing::New) | (Kind::Plain, _) => ("customers", "客户"),
        (Kind::Occasional, _) => ("occasional buyers", "偶购客户"),
    };
    Name { en: capitalised(&format!("{en}{noun_en}")), zh: format!("{zh}{noun_zh}") }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What is said of a group beside another of the same name: feature, of the higher, of the lower.
const BESIDE: [(Feature, [&str; 2], [&str; 2]); 8] = [
    (Feature::AverageOrderValue, ["larger baskets", "smaller baskets"], ["客单价更高", "客单价更低"]),
    (Feature::Orders, ["more orders", "fewer orders"], ["订单更多", "订单更少"]),
    (Feature::RecencyDays, ["away longer", "seen later"], ["离开更久", "近期来过"]),
    (Feature::DiscountedShare, ["more discounts", "fewer discounts"], ["折扣更多", "折扣更少"]),
    (Feature::Categories, ["wider tastes", "narrower tastes"], ["品类更广", "品类更少"]),
    (Feature::ReturnsShare, ["more returns", "fewer returns"], ["退货更多", "退货更少"]),
    (Feature::TenureDays, ["longer with us", "shorter with us"], ["入店更早", "入店更晚"]),
    (Feature::MeanGapDays, ["longer gaps", "shorter gaps"], ["间隔更长", "间隔更短"]),
];

/// Names for all clusters of a shop, in their order.
#[must_use]
pub fn names(groups: &[Portrait], shop: &Portrait) -> Vec<Name> {
    let traits: Vec<Traits> = groups.iter().map(|group| traits(group, shop)).collect();
    let mut names: Vec<Name> = traits.iter().map(|&traits| base(traits)).collect();
    for first in 0..groups.len() {
        let alike: Vec<usize> = (first..groups.len()).filter(|&other| names[other] == names[first]).collect();
        tell_apart(&alike, groups, shop, &mut names);
    }
    // What no feature tells apart the letter does.
    let mut taken = BTreeSet::new();
    for (number, name) in names.iter_mut().enumerate() {
        if !taken.insert(name.en.clone()) {
            let letter = letter(number);
            name.en = format!("{} ({letter})", name.en);
            name.zh = format!("{}（{letter}）", name.zh);
            taken.insert(name.en.clone());
        }
    }
    names
}

/// The name that a person has given to the group of this name of ours.
#[must_use]
pub fn given<'a>(names: &'a BTreeMap<String, String>, own: &str) -> Option<&'a str> {
    names.get(own).map(|name| name.trim()).filter(|name| !name.is_empty())
}

/// "A", "B", ...
#[must_use]
pub fn letter(cluster: usize) -> String {
    char::from(b'A' + (cluster % 26) as u8).to_string()
}

/// Adds to the names of groups that are alike in what they differ in most: the one farthest out is set
/// apart first, then the rest in the same way, each time by another feature.
fn tell_apart(alike: &[usize], groups: &[Portrait], shop: &Portrait, names: &mut [Name]) {
    let mut rest = alike.to_vec();
    let mut used = BTreeSet::new();
    while rest.len() > 1 {
        let difference = |feature: Feature| -> Option<(f64, usize, usize)> {
            let spread = shop.get(&feature)?;
            let width = (spread.p90 - spread.p10).max(1e-9);
            let mut values: Vec<(f64, usize)> = Vec::new();
            for &group in &rest {
                values.push((median(&groups[group], feature)?, group));
            }
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (low, high) = (values.first()?, values.last()?);
            (high.0 > low.0).then_some(((high.0 - low.0) / width, low.1, high.1))
        };
        let most = BESIDE
            .iter()
            .filter(|(feature, ..)| !used.contains(feature))
            .filter_map(|said| difference(said.0).map(|found| (said, found)))
            .reduce(|most, next| if next.1.0 > most.1.0 { next } else { most });
        let Some((&(feature, en, zh), (_, low, high))) = most else { return };
        used.insert(feature);
        let mut say = |group: usize, which: usize| {
            names[group].en = format!("{}, {}", names[group].en, en[which]);
            names[group].zh = format!("{}（{}）", names[group].zh, zh[which]);
        };
        say(high, 0);
        if rest.len() == 2 {
            say(low, 1);
        }
        rest.retain(|&group| group != high);
    }
}
