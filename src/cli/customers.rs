//! `perennial customers`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::grouped::{Grouped, Grouping};
use super::segments::cell;
use super::{Context, Exit, SCHEMA, UsageError};
use crate::data::{Channel, DataError, Event, OrderLine, Table};
use crate::features::Feature;
use crate::profiles::{self, Portion};
use crate::tui::numbers::count;
use crate::tui::text::clean;

/// Customers: find them, and what is known of one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The customer with this id: facts, cluster, and what decided.
    #[arg(long, value_name = "ID", conflicts_with = "find")]
    pub id: Option<String>,
    /// Customers whose id, name or e-mail address has these letters in this order; exact matches first.
    #[arg(long, value_name = "TEXT")]
    pub find: Option<String>,
    /// Most customers to list; without --id and --find those with the highest total.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    #[command(flatten)]
    pub grouping: Grouping,
}

/// The document of `--json` for a list.
#[derive(Serialize)]
struct List {
    schema: u32,
    /// Customers that fit, of which `customers` holds the first.
    found: usize,
    customers: Vec<Brief>,
}

/// A customer in a list.
#[derive(Serialize)]
struct Brief {
    id: String,
    name: String,
    /// Letter of the cluster; N: not bought yet.
    cluster: Option<String>,
    cluster_name: Option<String>,
    features: BTreeMap<Feature, f64>,
}

/// The document of `--json` for one customer.
#[derive(Serialize)]
struct One {
    schema: u32,
    #[serde(flatten)]
    brief: Brief,
    facts: BTreeMap<&'static str, String>,
    consent: BTreeMap<Channel, Option<bool>>,
    /// To the centre of the cluster, in standard deviations of the scaled features.
    distance: Option<f64>,
    next: Option<Next>,
    /// What each feature adds to the preference for this cluster over the next, largest first.
    deciding: Vec<Deciding>,
    /// By which the customer may be written to: has consented, and has an address.
    reachable: Vec<Channel>,
    /// By number of order lines, largest first.
    categories: Vec<Portion>,
    /// Up to the reference date, oldest first, as are the events.
    orders: Vec<OneLine>,
    events: Vec<OneEvent>,
}

#[derive(Serialize)]
struct Next {
    cluster: String,
    name: String,
    distance: f64,
}

#[derive(Serialize)]
struct Deciding {
    feature: Feature,
    effect: f64,
}

#[derive(Serialize)]
struct OneLine {
    date: String,
    /// Major units.
    amount: f64,
    product: Option<String>,
    discounted: bool,
    returned: bool,
}

#[derive(Serialize)]
struct OneEvent {
    date: String,
    kind: String,
    query: Option<String>,
    product: Option<String>,
}

/// Finds customers and says what is known of them.
///
/// # Errors
/// Unreadable data, an id that no customer has, or interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let all = args.grouping.run(context)?;
    if let Some(id) = &args.id {
        let Some(row) = all.shop.customers.row_of(id) else {
            return Err(UsageError(format!(
                "no customer has the id \"{id}\". Look for a part of the id, name or address with --find TEXT."
            ))
            .into());
        };
        let one = one(&all, row)?;
        if context.global.json {
            context.print_json(&one)?;
        } else {
            let mut text = Vec::new();
            print_one(&mut text, &one, &all)?;
            context.print_text(&String::from_utf8_lossy(&text))?;
        }
        return Ok(Exit::Done);
    }
    let rows = match &args.find {
        Some(text) => {
            let everybody: Vec<u32> = (0..all.shop.customers.len() as u32).collect();
            let found =
                context.work(|task| profiles::find(&all.shop.customers, &everybody, text, task))?;
            found.into_iter().map(|row| row as usize).collect()
        }
        None => by_total(&all),
    };
    let customers: Vec<Brief> = rows.iter().take(args.limit).map(|&row| brief(&all, row)).collect();
    if context.global.json {
        context.print_json(&List { schema: SCHEMA, found: rows.len(), customers })?;
    } else {
        let mut text = Vec::new();
        print_list(&mut text, rows.len(), &customers, args.find.as_deref())?;
        context.print_text(&String::from_utf8_lossy(&text))?;
    }
    Ok(Exit::Done)
}

/// All rows, the highest total first.
fn by_total(all: &Grouped) -> Vec<usize> {
    let total = |row: usize| all.features.value(Feature::Total, row).unwrap_or(f32::NEG_INFINITY);
    let mut rows: Vec<usize> = (0..all.shop.customers.len()).collect();
    rows.sort_by(|&a, &b| total(b).total_cmp(&total(a)).then(a.cmp(&b)));
    rows
}

fn brief(all: &Grouped, row: usize) -> Brief {
    let cluster = all.segmentation.cluster_of(row).map(|number| &all.segmentation.clusters[number]);
    let known = all.features.columns.iter().map(|column| column.feature);
    Brief {
        id: all.shop.customers.id(row).to_owned(),
        name: all.shop.customers.display_name(row),
        cluster: cluster.map(|cluster| cluster.id.clone()),
        cluster_name: cluster.map(|cluster| cluster.name.clone()),
        features: known.filter_map(|feature| Some((feature, decimal(all.features.value(feature, row)?)))).collect(),
    }
}

/// The number that the feature's shortest writing says: 0.3, not 0.30000001192092896.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

fn one(all: &Grouped, row: usize) -> Result<One, DataError> {
    let customers = &all.shop.customers;
    let profile = profiles::customer(&all.shop, &all.features, &all.segmentation, row)?;
    let membership = profile.membership;
    let clusters = &all.segmentation.clusters;
    let minor = 10_f64.powi(all.shop.currency_digits as i32);
    let product = |product: Option<u32>| {
        let products = all.shop.products.as_ref()?;
        let row = product? as usize;
        Some(products.name(row).unwrap_or_else(|| products.id(row)).to_owned())
    };
    let line = |line: OrderLine| OneLine {
        date: day(line.at),
        amount: line.amount as f64 / minor,
        product: product(line.product),
        discounted: line.discounted,
        returned: line.returned,
    };
    let event = |event: Event| OneEvent {
        date: day(event.at),
        kind: event.kind,
        query: event.query,
        product: product(event.product),
    };
    let told = Table::Customers.columns().iter().filter(|&&column| column != "customer_id");
    let mut facts: BTreeMap<&str, String> =
        told.filter_map(|&fact| Some((fact, customers.text(row, fact)?.to_owned()))).collect();
    facts.extend(customers.created_at(row).map(|at| ("created_at", day(at))));
    Ok(One {
        schema: SCHEMA,
        brief: brief(all, row),
        facts,
        consent: Channel::ALL.map(|channel| (channel, customers.consent(row, channel))).into(),
        distance: membership.as_ref().map(|membership| membership.distance),
        next: membership.as_ref().and_then(|membership| membership.next).map(|(number, distance)| Next {
            cluster: clusters[number].id.clone(),
            name: clusters[number].name.clone(),
            distance,
        }),
        deciding: membership.map_or_else(Vec::new, |membership| {
            membership.deciding.into_iter().map(|(feature, effect)| Deciding { feature, effect }).collect()
        }),
        reachable: profile.channels,
        categories: profile.top_categories,
        orders: profile.orders.into_iter().map(line).collect(),
        events: profile.events.into_iter().map(event).collect(),
    })
}

/// The day of a time in milliseconds UTC.
fn day(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| "?".into(), |time| time.strftime("%F").to_string())
}

fn print_list(out: &mut dyn Write, found: usize, customers: &[Brief], text: Option<&str>) -> io::Result<()> {
    if found == 0 {
        let text = text.unwrap_or_default();
        return writeln!(out, "No customer's id, name or e-mail address has \"{text}\" in it, not even with letters between.");
    }
    let id_wide = customers.iter().map(|customer| customer.id.width()).max().unwrap_or(0).max(2);
    let name_wide = customers.iter().map(|customer| clean(&customer.name).width()).max().unwrap_or(0).max(4);
    writeln!(
        out,
        "{:id_wide$}  {:name_wide$}  {:>11}  {:>6}  {:>11}  Cluster",
        "Id", "Name", "Last order", "Orders", "Total"
    )?;
    for customer in customers {
        let name = clean(&customer.name);
        let value = |feature: Feature| {
            customer.features.get(&feature).map_or_else(String::new, |&value| cell(feature, value))
        };
        writeln!(
            out,
            "{}{:id_rest$}  {name}{:name_rest$}  {:>11}  {:>6}  {:>11}  {}",
            customer.id,
            "",
            "",
            value(Feature::RecencyDays),
            value(Feature::Orders),
            value(Feature::Total),
            customer.cluster.as_ref().zip(customer.cluster_name.as_ref()).map_or_else(
                || "no order yet".to_owned(),
                |(letter, name)| format!("{letter}  {name}")
            ),
            id_rest = id_wide - customer.id.width(),
            name_rest = name_wide - name.width(),
        )?;
    }
    if found > customers.len() {
        writeln!(out, "{} of {} shown; --limit shows more.", count(customers.len() as u64), count(found as u64))?;
    }
    Ok(())
}

fn print_one(out: &mut dyn Write, one: &One, all: &Grouped) -> io::Result<()> {
    writeln!(out, "{}  ({})", clean(&one.brief.name), one.brief.id)?;
    for (fact, value) in &one.facts {
        writeln!(out, "  {:<28} {}", fact.replace('_', " "), clean(value))?;
    }
    for (channel, consent) in &one.consent {
        let consent = consent.map_or("not known", |consent| if consent { "yes" } else { "no" });
        writeln!(out, "  {:<28} {consent}", format!("consent to {}", channel.words()))?;
    }
    for (&feature, &value) in &one.brief.features {
        let name = feature.words().to_lowercase();
        writeln!(out, "  {name:<28} {}", cell(feature, value))?;
    }
    match (&one.brief.cluster, &one.brief.cluster_name, one.distance) {
        (Some(letter), Some(name), Some(distance)) => {
            writeln!(out, "\nCluster {letter}  {name}, {distance:.2} from its centre")?;
        }
        (Some(letter), Some(name), None) => {
            writeln!(out, "\nGroup {letter}  {name}: there is no order to cluster by")?;
        }
        _ => {}
    }
    if let Some(next) = &one.next {
        writeln!(out, "Next is {}  {}, {:.2} away", next.cluster, next.name, next.distance)?;
        let deciding: Vec<String> = one
            .deciding
            .iter()
            .filter(|deciding| deciding.effect.abs() >= 0.05)
            .map(|deciding| format!("{} ({:+.1})", deciding.feature.words().to_lowercase(), deciding.effect))
            .collect();
        writeln!(out, "What decides between them: {}", deciding.join(", "))?;
    }
    if !one.orders.is_empty() {
        writeln!(out, "\nOrders, amounts in {}", all.shop.currency)?;
        for line in &one.orders {
            let marks = [(line.discounted, "discounted"), (line.returned, "returned")];
            let marks: Vec<&str> = marks.iter().filter(|mark| mark.0).map(|mark| mark.1).collect();
            let what = clean(line.product.as_deref().unwrap_or_default());
            let text =
                format!("  {}  {:>11}  {what}  {}", line.date, cell(Feature::Total, line.amount), marks.join(", "));
            writeln!(out, "{}", text.trim_end())?;
        }
    }
    Ok(())
}
