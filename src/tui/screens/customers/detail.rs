//! What is told of a customer: who, how to reach them, their segment and why; orders, messages and what followed on a time
//! line.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use crate::data::{OrderLine, Shop};
use crate::profiles::{self, CustomerProfile};
use crate::tui::app::Shared;
use crate::tui::widgets::Line;
use crate::tui::work::{Dealings, Happened};
use crate::tui::{measures, numbers};
use crate::workspace::{DecidedBy, Effective};

/// Orders and events that are listed; what is older is counted.
const LISTED: usize = 60;
/// An order so long after a message is told to be after it: whether it is because of it, only a holdout can tell.
const FOLLOWS: i64 = 28 * DAY;
const DAY: i64 = 86_400_000;

pub fn lines(profile: &CustomerProfile, known: Option<&Dealings>, shared: &Shared, shop: &Shop) -> Vec<Line> {
    let messages = known.map_or(&[][..], |known| &known.happened);
    let mut lines = who(profile.row, known, shop);
    segment(profile, shared, &mut lines);
    if let Some(features) = shared.features.ready() {
        lines.push(Line::Heading("Facts".into()));
        for column in &features.columns {
            if let Some(value) = features.value(column.feature, profile.row) {
                let (value, unit) = measures::shown(column.feature, f64::from(value), shop);
                lines.push(Line::fact(measures::label(column.feature), value, unit));
            }
        }
    }
    if !profile.top_categories.is_empty() {
        lines.push(Line::Heading("Buys (order lines)".into()));
        for portion in profile.top_categories.iter().take(4) {
            lines.push(Line::bar(portion.name.clone(), portion.share));
        }
    }
    time_line(profile, messages, shared, shop, &mut lines);
    lines
}

fn who(row: usize, known: Option<&Dealings>, shop: &Shop) -> Vec<Line> {
    let customers = &shop.customers;
    let mut lines = vec![Line::entry("Id", customers.id(row))];
    for (column, label) in [
        ("email", "E-mail"),
        ("phone", "Phone"),
        ("language", "Language"),
        ("country", "Country"),
        ("time_zone", "Zone"),
    ] {
        if let Some(text) = customers.text(row, column) {
            lines.push(Line::entry(label, text));
        }
    }
    let consents: Vec<String> = match known {
        // What a campaign would heed now; the shop's files alone may be behind what the customer said since.
        Some(known) => known.consent.iter().filter_map(consent).collect(),
        None => Vec::new(),
    };
    if !consents.is_empty() {
        lines.push(Line::entry("Consent", consents.join("  ")));
    }
    lines
}

/// What counts in a channel; `None`: nobody said anything.
fn consent(counts: &Effective) -> Option<String> {
    let sign = if counts.may_be_written_to { "✓" } else { "✗" };
    let why = match counts.decided_by {
        DecidedBy::Nothing => return None,
        DecidedBy::ShopFiles => String::new(),
        DecidedBy::Consent => " (said here)".to_owned(),
        DecidedBy::Suppression => {
            format!(" ({})", counts.reason.as_deref().unwrap_or("suppressed"))
        }
    };
    Some(format!("{sign} {}{why}", counts.channel.words()))
}

fn segment(profile: &CustomerProfile, shared: &Shared, lines: &mut Vec<Line>) {
    let Some(segmentation) = shared.segmentation.ready() else { return };
    lines.push(Line::Heading("Segment".into()));
    let name = |cluster: usize| {
        segmentation
            .clusters
            .get(cluster)
            .map_or(String::new(), |cluster| format!("{} {}", cluster.id, cluster.name))
    };
    let Some(membership) = &profile.membership else {
        let group = segmentation.cluster_of(profile.row).map_or("None".into(), name);
        lines.push(Line::Text(format!("{group}: there is no order to cluster by")));
        return;
    };
    lines.push(Line::Text(format!("{} (distance {:.2})", name(membership.cluster), membership.distance)));
    if let Some((next, distance)) = membership.next {
        lines.push(Line::Text(format!("Next nearest: {} ({distance:.2})", name(next))));
    }
    let deciding: Vec<&str> = membership
        .deciding
        .iter()
        .filter(|(_, weight)| *weight > 0.0)
        .take(3)
        .map(|(feature, _)| measures::label(*feature))
        .collect();
    if !deciding.is_empty() {
        lines.push(Line::Text(format!("What decides: {}", deciding.join(", ").to_lowercase())));
    }
}

/// A moment in the customer's own time zone.
fn local(at: i64, zone: &TimeZone) -> Option<ZonedDateTime> {
    Timestamp::from_millisecond(at).ok().map(|at| at.to_zoned_datetime(zone.clone()))
}

fn time_line(
    profile: &CustomerProfile,
    messages: &[Happened],
    shared: &Shared,
    shop: &Shop,
    lines: &mut Vec<Line>,
) {
    let zone =
        shop.customers.text(profile.row, "time_zone").and_then(profiles::zone).unwrap_or(TimeZone::UTC);
    let when = |at: i64| {
        let pattern = if shop.orders_have_time { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d" };
        local(at, &zone).map_or_else(|| "?".into(), |at| at.strftime(pattern).to_string())
    };
    let months = by_month(&profile.orders, shared, &zone);
    if !profile.orders.is_empty() || !profile.events.is_empty() || !messages.is_empty() {
        let clock = zone.iana_name().filter(|_| shop.orders_have_time);
        let clock = clock.map_or_else(String::new, |name| format!(", {name} time"));
        lines.push(Line::Heading(format!("Time line{clock}")));
    }
    if months.iter().any(|amount| *amount > 0.0) {
        lines.push(Line::Spark { values: months, note: "spent, by month".into() });
    }
    // One entry per order, its lines summed; events between them.
    let mut entries: Vec<(i64, String)> = Vec::new();
    let mut at = 0;
    while at < profile.orders.len() {
        let order = profile.orders[at].order;
        let end = profile.orders[at..]
            .iter()
            .position(|line| line.order != order)
            .map_or(profile.orders.len(), |n| at + n);
        let of = &profile.orders[at..end];
        let amount: i64 = of.iter().map(|line| line.amount).sum();
        let mut text = numbers::money(amount, shop.currency_digits, &shop.currency);
        let names: Vec<&str> =
            of.iter().filter_map(|line| shop.products.as_ref()?.name(line.product? as usize)).collect();
        if let Some(first) = names.first() {
            text.push_str(&format!("  {first}"));
            if names.len() > 1 {
                text.push_str(&format!(" +{}", names.len() - 1));
            }
        }
        if of.iter().any(|line| line.returned) {
            text.push_str("  ↩ returned");
        }
        if of.iter().any(|line| line.discounted) {
            text.push_str("  % discount");
        }
        if let Some(after) = after(of[0].at, messages) {
            text.push_str(&after);
        }
        entries.push((of[0].at, format!("▪ {}  {text}", when(of[0].at))));
        at = end;
    }
    for event in &profile.events {
        let what =
            event.query.as_ref().map_or(event.kind.clone(), |query| format!("{}: {query}", event.kind));
        entries.push((event.at, format!("· {}  {what}", when(event.at))));
    }
    for happened in messages {
        let sign = if happened.outward { "→" } else { "←" };
        entries.push((happened.at, format!("{sign} {}  {}", when(happened.at), happened.text)));
    }
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let left = entries.len().saturating_sub(LISTED);
    lines.extend(entries.into_iter().take(LISTED).map(|(_, text)| Line::Text(text)));
    if left > 0 {
        lines.push(Line::Text(format!("and {} more before that", numbers::count(left as u64))));
    }
}

/// Which message came shortly before an order.
fn after(at: i64, messages: &[Happened]) -> Option<String> {
    let before =
        |happened: &&Happened| happened.message.is_some() && (0..FOLLOWS).contains(&(at - happened.at));
    let last = messages.iter().filter(before).max_by_key(|happened| happened.at)?;
    let name = last.message.as_ref()?;
    Some(match (at - last.at) / DAY {
        0 => format!("  ← within a day of {name}"),
        days => format!("  ← {} after {name}", numbers::counted(days as usize, "day")),
    })
}

/// Amounts in major units over the last 24 months up to the reference date.
fn by_month(orders: &[OrderLine], shared: &Shared, zone: &TimeZone) -> Vec<f64> {
    let Some(features) = shared.features.ready() else { return Vec::new() };
    let number = |year: i16, month: i8| i32::from(year) * 12 + i32::from(month) - 1;
    let last = number(features.as_of.year(), features.as_of.month());
    let mut months = vec![0.0; 24];
    for order in orders {
        let Some(at) = local(order.at, zone) else { continue };
        let back = last - number(at.year(), at.month());
        if (0..24).contains(&back) {
            months[23 - back as usize] += order.amount as f64;
        }
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Channel;

    #[test]
    fn a_consent_is_told_with_what_decides_it_where_that_is_not_the_shop() {
        let told = |may_be_written_to, decided_by, reason: Option<&str>| {
            let reason = reason.map(str::to_owned);
            consent(&Effective { channel: Channel::Email, may_be_written_to, decided_by, reason })
        };
        assert_eq!(told(true, DecidedBy::ShopFiles, None).as_deref(), Some("✓ e-mail"));
        assert_eq!(told(false, DecidedBy::Consent, None).as_deref(), Some("✗ e-mail (said here)"));
        let suppressed = told(false, DecidedBy::Suppression, Some("unsubscribed"));
        assert_eq!(suppressed.as_deref(), Some("✗ e-mail (unsubscribed)"));
        assert_eq!(told(false, DecidedBy::Nothing, None), None);
    }
}
