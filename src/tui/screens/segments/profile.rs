//! What is told of a segment: shares, reach, habits, people.

use crate::data::{Channel, Shop, language_name};
use crate::profiles::ClusterProfile;
use crate::tui::widgets::Line;
use crate::tui::{measures, numbers};

/// The channel's name for people.
pub fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "E-mail",
        Channel::Sms => "SMS",
        Channel::Push => "Push",
    }
}

/// The segment's medians against the shop's.
pub fn against(profile: &ClusterProfile, shop: &Shop) -> Vec<Line> {
    let comparisons = profile.comparisons.iter().map(|comparison| {
        let (feature, median, of_shop) = (comparison.feature, comparison.median, comparison.shop_median);
        let (value, unit) = measures::shown(feature, median, shop);
        // "days" is enough of "days ago"; a share says that it is one.
        let unit = unit.split(' ').next().filter(|unit| *unit != "of").unwrap_or("");
        Line::Lean {
            label: measures::label(feature).into(),
            value: format!("{value} {unit}").trim_end().to_owned(),
            share: measures::lean(feature, median, of_shop),
            word: measures::against(feature, median, of_shop),
        }
    });
    std::iter::once(Line::Heading("Against the shop (medians)".into())).chain(comparisons).collect()
}

pub fn lines(profile: &ClusterProfile, shop: &Shop) -> Vec<Line> {
    let mut lines = vec![
        Line::Heading("Shares".into()),
        Line::bar("Of all customers", profile.share_of_customers),
        Line::bar("Of all revenue", profile.share_of_revenue),
    ];
    lines.push(Line::Heading("May be reached by".into()));
    for reach in &profile.reach {
        let count = numbers::count(reach.customers as u64);
        lines.push(Line::Bar { label: channel(reach.channel).into(), share: reach.share, value: count });
    }
    if !profile.languages.is_empty() {
        lines.push(Line::Heading("Languages".into()));
        for portion in profile.languages.iter().take(4) {
            lines.push(Line::bar(language_name(&portion.name), portion.share));
        }
    }
    if !profile.top_categories.is_empty() {
        lines.push(Line::Heading("What they buy (order lines)".into()));
        for portion in profile.top_categories.iter().take(6) {
            lines.push(Line::bar(portion.name.clone(), portion.share));
        }
    }
    if profile.active_members.len() > 1 {
        let values: Vec<f64> = profile.active_members.iter().map(|(_, members)| *members as f64).collect();
        let (first, last) = (profile.active_members[0].0, profile.active_members[values.len() - 1].0);
        lines.push(Line::Heading("Members who bought, by month".into()));
        lines.push(Line::Spark {
            values,
            note: format!("{} to {}", first.strftime("%b %Y"), last.strftime("%b %Y")),
        });
    }
    if profile.weekdays.iter().any(|share| *share > 0.0) {
        lines.push(Line::Heading("When they order".into()));
        if let Some(hours) = &profile.hours {
            lines.push(Line::Spark { values: hours.to_vec(), note: "0 to 23 h, their time".into() });
        }
        lines.push(Line::Spark { values: profile.weekdays.to_vec(), note: "Monday to Sunday".into() });
    }
    if !profile.representatives.is_empty() {
        lines.push(Line::Heading("Typical customers".into()));
        for row in &profile.representatives {
            let (name, id) = (shop.customers.display_name(*row), shop.customers.id(*row));
            // Who has no name goes by the id.
            lines.push(Line::Text(if name == id { name } else { format!("{name}  {id}") }));
        }
    }
    lines
}
