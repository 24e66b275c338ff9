//! The profiles as a text for people: `profiles.md`.

use std::fmt::Write as _;

use super::table::{Align, table};
use super::{ClusterProfile, Portion};
use crate::data::{Channel, NO_CURRENCY, Shop, currency_words};
use crate::features::{Feature, Features};
use crate::segments::{Cluster, Direction, Segmentation};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// All profiles in plain words, with the names of the segments in English and Chinese. `profiles` are those
/// that [`super::clusters`] made of the same shop, features and segmentation.
#[must_use]
pub fn markdown(
    shop: &Shop,
    features: &Features,
    segmentation: &Segmentation,
    profiles: &[ClusterProfile],
) -> String {
    let mut out = String::from("# The kinds of customer in this shop\n\n");
    introduction(&mut out, shop, features, segmentation);
    overview(&mut out, segmentation, profiles);
    for profile in profiles {
        if let Some(cluster) = segmentation.clusters.get(profile.cluster) {
            section(&mut out, shop, features, cluster, profile);
        }
    }
    // One line break at the end, as text files have it.
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn introduction(out: &mut String, shop: &Shop, features: &Features, segmentation: &Segmentation) {
    let clustered: usize = segmentation.clustered().iter().map(|cluster| cluster.size).sum();
    let _ = writeln!(
        out,
        "As of {}. {} customers with an order, in {} groups; amounts are in {}.",
        features.as_of,
        whole(clustered as u64),
        segmentation.k,
        currency_words(&shop.currency)
    );
    if let Some(group) = segmentation.not_bought() {
        let count = counted(group.size as u64, "customer has", "customers have");
        let _ = writeln!(out, "{count} not ordered yet: group {}, which is not clustered.", group.id);
    }
    let _ = writeln!(
        out,
        "\n{} Silhouette {:.2} (1: far apart, 0: overlapping); stability {:.2} (1: the same groups each time \
         that part of the customers is drawn anew). Seed {}.\n",
        segmentation.why, segmentation.silhouette, segmentation.stability, segmentation.seed
    );
}

fn overview(out: &mut String, segmentation: &Segmentation, profiles: &[ClusterProfile]) {
    let headings = [
        ("", Align::Left),
        ("Segment", Align::Left),
        ("中文", Align::Left),
        ("Customers", Align::Right),
        ("of all", Align::Right),
        ("Revenue", Align::Right),
        ("By e-mail", Align::Right),
    ];
    let rows: Vec<Vec<String>> = profiles
        .iter()
        .filter_map(|profile| {
            let cluster = segmentation.clusters.get(profile.cluster)?;
            let email = profile.reach.iter().find(|reach| reach.channel == Channel::Email);
            Some(vec![
                cluster.id.clone(),
                cluster.name.clone(),
                cluster.names.zh.clone(),
                whole(profile.size as u64),
                percent(profile.share_of_customers),
                percent(profile.share_of_revenue),
                percent(email.map_or(0.0, |reach| reach.share)),
            ])
        })
        .collect();
    table(out, &headings, &rows);
}

fn section(out: &mut String, shop: &Shop, features: &Features, cluster: &Cluster, profile: &ClusterProfile) {
    let _ = writeln!(out, "## {}  {} · {}\n", cluster.id, cluster.name, cluster.names.zh);
    let _ = writeln!(
        out,
        "{} customers: {} of all, and {} of the revenue.{}\n",
        whole(profile.size as u64),
        percent(profile.share_of_customers),
        percent(profile.share_of_revenue),
        apart(cluster)
    );
    let headings =
        [("In the middle", Align::Left), ("this segment", Align::Right), ("all customers", Align::Right)];
    let rows: Vec<Vec<String>> = profile
        .comparisons
        .iter()
        .map(|comparison| {
            let shown = |value| measured(comparison.feature, value, &shop.currency);
            vec![
                comparison.feature.words().to_owned(),
                shown(comparison.median),
                shown(comparison.shop_median),
            ]
        })
        .collect();
    if !rows.is_empty() {
        table(out, &headings, &rows);
    }

    if !profile.top_categories.is_empty() {
        let _ = writeln!(out, "- Buys most: {}.", listed(&profile.top_categories, 5));
    }
    if let Some(when) = when(profile) {
        let _ = writeln!(out, "- {when}");
    }
    if !profile.languages.is_empty() {
        let _ = writeln!(out, "- Languages: {}.", listed(&profile.languages, 5));
    }
    let reach: Vec<String> = profile
        .reach
        .iter()
        .map(|reach| {
            format!("{} {} ({})", reach.channel.words(), whole(reach.customers as u64), percent(reach.share))
        })
        .collect();
    let _ = if profile.reach.iter().all(|reach| reach.customers == 0) {
        writeln!(out, "- Nobody may be reached: the files hold no address with a consent.")
    } else {
        writeln!(out, "- May be reached, with consent and an address: {}.", reach.join(", "))
    };
    if let Some(trend) = trend(profile) {
        let _ = writeln!(out, "- {trend}");
    }
    let people: Vec<String> = profile
        .representatives
        .iter()
        .map(|&row| {
            let (id, name) = (shop.customers.id(row), shop.customers.display_name(row));
            let orders = features.value(Feature::Orders, row).map_or_else(String::new, |orders| {
                format!(", {}", counted(orders.round() as u64, "order", "orders"))
            });
            if name == id { format!("{id}{orders}") } else { format!("{name} ({id}{orders})") }
        })
        .collect();
    if !people.is_empty() {
        let _ = writeln!(out, "- Typical customers: {}.", people.join("; "));
    }
    out.push('\n');
}

/// What sets the cluster apart, as a sentence with a space before it.
fn apart(cluster: &Cluster) -> String {
    let drivers: Vec<&str> =
        cluster.drivers.iter().take(3).map(|driver| tendency(driver.feature, driver.direction)).collect();
    if drivers.is_empty() { String::new() } else { format!(" Set apart by {}.", drivers.join(", ")) }
}

/// The hour and the weekday with the most orders.
fn when(profile: &ClusterProfile) -> Option<String> {
    let highest = |shares: &[f64]| {
        let most = shares.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        most.filter(|&(_, share)| share > 0.0)
    };
    let (weekday, share) = highest(&profile.weekdays)?;
    let mut text = format!("Orders most on {} ({} of orders)", WEEKDAYS[weekday], percent(share));
    if let Some((hour, share)) = profile.hours.as_ref().and_then(|hours| highest(hours)) {
        let _ = write!(
            text,
            " and between {hour}:00 and {}:00 ({}), local time",
            (hour + 1) % 24,
            percent(share)
        );
    }
    text.push('.');
    Some(text)
}

/// The members who ordered, month by month, as small bars.
fn trend(profile: &ClusterProfile) -> Option<String> {
    let (first, last) = (profile.active_members.first()?, profile.active_members.last()?);
    let most = profile.active_members.iter().max_by_key(|month| month.1)?;
    if most.1 == 0 {
        return None;
    }
    let bars: String = profile
        .active_members
        .iter()
        .map(
            |&(_, members)| {
                if members == 0 { '·' } else { BARS[((members * 8).div_ceil(most.1) - 1) as usize] }
            },
        )
        .collect();
    Some(format!(
        "Active members by month, {} to {}: `{bars}`, most in {} ({}), {} in the last.",
        first.0.strftime("%Y-%m"),
        last.0.strftime("%Y-%m"),
        most.0.strftime("%Y-%m"),
        whole(most.1),
        whole(last.1)
    ))
}

fn listed(portions: &[Portion], most: usize) -> String {
    let told =
        portions.iter().take(most).map(|portion| format!("{} {}", portion.name, percent(portion.share)));
    told.collect::<Vec<_>>().join(", ")
}

/// What it means to be high or low in a feature.
fn tendency(feature: Feature, direction: Direction) -> &'static str {
    let (high, low) = match feature {
        Feature::RecencyDays => ("no order for long", "an order not long ago"),
        Feature::Orders => ("many orders", "few orders"),
        Feature::AverageOrderValue => ("large orders", "small orders"),
        Feature::Total => ("much spent", "little spent"),
        Feature::TenureDays => ("a long time as a customer", "a short time as a customer"),
        Feature::MeanGapDays => ("long gaps between orders", "short gaps between orders"),
        Feature::Categories => ("many categories", "few categories"),
        Feature::DiscountedShare => ("many discounts", "few discounts"),
        Feature::ReturnsShare => ("much sent back", "little sent back"),
        Feature::Searches30d => ("many searches lately", "few searches lately"),
        Feature::Sessions30d => ("many visits lately", "few visits lately"),
    };
    if direction == Direction::High { high } else { low }
}

/// A value of a feature with its unit.
fn measured(feature: Feature, value: f64, currency: &str) -> String {
    match feature {
        Feature::AverageOrderValue | Feature::Total => {
            let currency = if currency == NO_CURRENCY { "" } else { currency };
            format!("{} {currency}", decimals(value, 2)).trim_end().to_owned()
        }
        Feature::DiscountedShare | Feature::ReturnsShare => percent(value),
        Feature::RecencyDays | Feature::TenureDays | Feature::MeanGapDays => {
            format!("{} days", decimals(value, 0))
        }
        Feature::Orders | Feature::Categories | Feature::Searches30d | Feature::Sessions30d => {
            // A median lies between two counts at times.
            decimals(value, usize::from(value.fract() != 0.0))
        }
    }
}

fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "under 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", whole(count), if count == 1 { one } else { many })
}

/// A whole number with its thousands apart.
fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn decimals(value: f64, places: usize) -> String {
    let text = format!("{:.places$}", value.abs());
    let (integer, fraction) =
        text.split_once('.').map_or((text.as_str(), ""), |(integer, rest)| (integer, rest));
    let sign = if value < 0.0 && text.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) { "-" } else { "" };
    let integer = integer.parse().map_or_else(|_| integer.to_owned(), whole);
    if fraction.is_empty() { format!("{sign}{integer}") } else { format!("{sign}{integer}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(whole(1_234_567), "1,234,567");
        assert_eq!(decimals(-1234.5, 2), "-1,234.50");
        assert_eq!(decimals(-0.001, 2), "0.00");
        assert_eq!(percent(0.004), "under 1 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(measured(Feature::Orders, 2.5, "EUR"), "2.5");
        assert_eq!(measured(Feature::Total, 1999.999, "EUR"), "2,000.00 EUR");
    }
}
