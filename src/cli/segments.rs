//! `perennial segments`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::grouped::{Grouped, Grouping, Measured};
use super::{Context, Exit, SCHEMA};
use crate::data::{Customers, currency_words};
use crate::features::Feature;
use crate::profiles::{self, ClusterProfile, Portion, Reach};
use crate::review::spreadsheet::Sheet;
use crate::segments::{Cluster, Direction, Driver, KScore, NOT_BOUGHT, Name, Segmentation, Spread, Stage};
use crate::tui::numbers::{count, counted};
use crate::workspace::{AtomicFile, Privacy};

/// Clusters of customers that behave alike, with the facts that set each apart.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub grouping: Grouping,
    /// Write each customer's cluster to a CSV file: the id, the letter of the cluster (N: not bought yet).
    #[arg(long, value_name = "FILE")]
    pub assignments: Option<PathBuf>,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    as_of: Date,
    seed: u64,
    k: usize,
    silhouette: f64,
    stability: f64,
    why: &'a str,
    notes: &'a [String],
    curve: &'a [KScore],
    not_clustered: usize,
    clusters: Vec<OneCluster<'a>>,
    /// Customers without an order, in the shape of a cluster; null where there are none.
    not_bought: Option<OneCluster<'a>>,
}

#[derive(Serialize)]
struct OneCluster<'a> {
    id: &'a str,
    name: &'a str,
    names: &'a Name,
    size: usize,
    /// Of the clustered customers; of all customers for those who have not bought yet.
    share: f64,
    stage: Stage,
    features: &'a BTreeMap<Feature, Spread>,
    drivers: &'a [Driver],
    profile: Profile<'a>,
}

/// Who they are.
#[derive(Serialize)]
struct Profile<'a> {
    share_of_customers: f64,
    share_of_revenue: f64,
    categories: &'a [Portion],
    hours: Option<[f64; 24]>,
    weekdays: [f64; 7],
    languages: &'a [Portion],
    reach: &'a [Reach],
    trend: Vec<Month>,
    representatives: Vec<Representative<'a>>,
}

/// Members with an order in a month.
#[derive(Serialize)]
struct Month {
    month: String,
    members: u64,
}

/// A typical member.
#[derive(Serialize)]
struct Representative<'a> {
    id: &'a str,
    name: String,
}

impl<'a> OneCluster<'a> {
    fn of(cluster: &'a Cluster, profile: &'a ClusterProfile, customers: &'a Customers) -> Self {
        let trend = profile.active_members.iter();
        let typical = profile.representatives.iter();
        Self {
            id: &cluster.id,
            name: &cluster.name,
            names: &cluster.names,
            size: cluster.size,
            share: cluster.share,
            stage: cluster.stage,
            features: &cluster.features,
            drivers: &cluster.drivers,
            profile: Profile {
                share_of_customers: profile.share_of_customers,
                share_of_revenue: profile.share_of_revenue,
                categories: &profile.top_categories,
                hours: profile.hours,
                weekdays: profile.weekdays,
                languages: &profile.languages,
                reach: &profile.reach,
                trend: trend
                    .map(|&(month, members)| Month { month: month.strftime("%Y-%m").to_string(), members })
                    .collect(),
                representatives: typical
                    .map(|&row| Representative { id: customers.id(row), name: customers.display_name(row) })
                    .collect(),
            },
        }
    }
}

/// Groups the customers and says how.
///
/// # Errors
/// Unreadable data, customers that cannot be grouped, interrupted, or a file that cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    if context.global.json {
        let Grouped { shop, features, segmentation } = args.grouping.run(context)?;
        let profiles = context.work(|task| profiles::clusters(&shop, &features, &segmentation, task))?;
        args.assign(&shop.customers, &segmentation)?;
        context.print_json(&document(&segmentation, &profiles, &shop.customers))?;
    } else {
        // What is shown needs no orders once they have been measured.
        let Measured { customers, currency, segmentation } = args.grouping.measure(context)?;
        args.assign(&customers, &segmentation)?;
        let mut text = Vec::new();
        print(&mut text, &segmentation, &currency)?;
        context.print_text(&String::from_utf8_lossy(&text))?;
    }
    Ok(Exit::Done)
}

impl Args {
    /// Writes the file of assignments, if one is wanted.
    fn assign(&self, customers: &Customers, segmentation: &Segmentation) -> anyhow::Result<()> {
        let Some(path) = &self.assignments else { return Ok(()) };
        write_assignments(path, customers, segmentation)
            .with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn document<'a>(
    segmentation: &'a Segmentation,
    profiles: &'a [ClusterProfile],
    customers: &'a Customers,
) -> Document<'a> {
    let mut groups: Vec<OneCluster<'_>> = segmentation
        .clusters
        .iter()
        .zip(profiles)
        .map(|(cluster, profile)| OneCluster::of(cluster, profile, customers))
        .collect();
    let not_bought = segmentation.not_bought().and_then(|_| groups.pop());
    Document {
        schema: SCHEMA,
        as_of: segmentation.as_of,
        seed: segmentation.seed,
        k: segmentation.k,
        silhouette: segmentation.silhouette,
        stability: segmentation.stability,
        why: &segmentation.why,
        notes: &segmentation.notes,
        curve: &segmentation.curve,
        not_clustered: segmentation.not_clustered,
        clusters: groups,
        not_bought,
    }
}

/// One line per customer, in the order of the shop, safe to open in a spreadsheet. Only the owner may read it; a file
/// that cannot be finished leaves the one before it as it was.
fn write_assignments(path: &Path, customers: &Customers, segmentation: &Segmentation) -> anyhow::Result<()> {
    // What is no plain file (/dev/stdout) is written straight.
    if path.symlink_metadata().is_ok_and(|about| !about.is_file()) {
        let file = OpenOptions::new().write(true).truncate(true).open(path)?;
        return Ok(assignments(BufWriter::new(file), customers, segmentation)?.flush()?);
    }
    let file = AtomicFile::create(path, Privacy::Private)?;
    Ok(assignments(file, customers, segmentation)?.commit()?)
}

fn assignments<W: Write>(out: W, customers: &Customers, segmentation: &Segmentation) -> io::Result<W> {
    let mut sheet = Sheet::new(out);
    sheet.row(["customer_id", "cluster"])?;
    for row in 0..customers.len() {
        let cluster = segmentation.cluster_of(row).map_or("", |number| segmentation.clusters[number].id.as_str());
        sheet.row([customers.id(row), cluster])?;
    }
    sheet.finish()
}

/// Medians shown for people, with the head of the column.
const SHOWN: [(Feature, &str); 5] = [
    (Feature::RecencyDays, "Last order"),
    (Feature::Orders, "Orders"),
    (Feature::AverageOrderValue, "Order value"),
    (Feature::Total, "Total"),
    (Feature::DiscountedShare, "Discounted"),
];
const BAR_CELLS: usize = 12;

fn print(out: &mut dyn Write, segmentation: &Segmentation, currency: &str) -> io::Result<()> {
    let clusters = &segmentation.clusters;
    let customers: usize = segmentation.clustered().iter().map(|cluster| cluster.size).sum();
    write!(out, "{} in {} clusters as of {}", counted(customers, "customer"), segmentation.k, segmentation.as_of)?;
    match segmentation.not_clustered {
        0 => writeln!(out)?,
        1 => writeln!(out, "; 1 without an order is not clustered ({NOT_BOUGHT})")?,
        more => writeln!(out, "; {} without an order are not clustered ({NOT_BOUGHT})", count(more as u64))?,
    }
    writeln!(out, "{}", segmentation.why)?;
    writeln!(
        out,
        "Silhouette {:.2} (-1 to 1), stability {:.2} (at most 1), seed {}",
        segmentation.silhouette, segmentation.stability, segmentation.seed
    )?;
    for note in &segmentation.notes {
        writeln!(out, "{note}")?;
    }

    let shown: Vec<_> =
        SHOWN.iter().filter(|(feature, _)| clusters.iter().any(|c| c.features.contains_key(feature))).collect();
    let wide = clusters.iter().map(|cluster| cluster.name.width()).max().unwrap_or(0).max(4);
    write!(out, "\n   {:wide$}  Customers   Share {:BAR_CELLS$}", "Name", "")?;
    for (_, head) in &shown {
        write!(out, "  {head:>11}")?;
    }
    writeln!(out, "  Stage")?;
    // Of all customers, whether they have bought or not.
    let everybody = segmentation.customers();
    let most = clusters.iter().map(|cluster| cluster.size).max().unwrap_or(1) as f64;
    for cluster in clusters {
        let rest = wide - cluster.name.width();
        write!(
            out,
            "{}  {}{:rest$}  {:>9}  {:>4.1} % {}",
            cluster.id,
            cluster.name,
            "",
            count(cluster.size as u64),
            cluster.size as f64 / everybody.max(1) as f64 * 100.0,
            bar(cluster.size as f64 / most)
        )?;
        for (feature, _) in &shown {
            let cell = cluster.features.get(feature).map_or_else(String::new, |s| cell(*feature, s.median));
            write!(out, "  {cell:>11}")?;
        }
        writeln!(out, "  {}", cluster.stage.name())?;
    }
    let currency = currency_words(currency);
    writeln!(out, "   Medians; amounts in {currency}.\n\nWhat sets them apart (standard deviations from the average)")?;
    for cluster in segmentation.clustered() {
        writeln!(out, "{}  {}", cluster.id, apart(cluster))?;
    }

    if !segmentation.curve.is_empty() {
        writeln!(out, "\nSilhouette by number of clusters")?;
        let most = segmentation.curve.iter().map(|score| score.silhouette).fold(f64::MIN_POSITIVE, f64::max);
        for score in &segmentation.curve {
            let mark = if score.k == segmentation.k { "< chosen" } else { "" };
            let line = format!("{:>2}  {:.2} {} {mark}", score.k, score.silhouette, bar(score.silhouette / most));
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

fn apart(cluster: &Cluster) -> String {
    let parts: Vec<String> = cluster
        .drivers
        .iter()
        .map(|driver| {
            let direction = if driver.direction == Direction::High { "high" } else { "low" };
            format!("{} {direction} ({:+.1})", driver.feature.words().to_lowercase(), driver.effect)
        })
        .collect();
    parts.join(", ")
}

/// A bar of fixed width with eighths of a cell.
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * BAR_CELLS as f64 * 8.0).round() as usize;
    let bar = format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8]);
    format!("{bar:BAR_CELLS$}")
}

/// A median with its unit.
pub(super) fn cell(feature: Feature, value: f64) -> String {
    match feature {
        Feature::RecencyDays | Feature::TenureDays | Feature::MeanGapDays => format!("{value:.0} days"),
        Feature::DiscountedShare | Feature::ReturnsShare => format!("{:.0} %", value * 100.0),
        Feature::AverageOrderValue | Feature::Total => {
            let cents = (value.abs() * 100.0).round() as u64;
            let sign = if value < 0.0 && cents > 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", count(cents / 100), cents % 100)
        }
        Feature::Orders | Feature::Categories | Feature::Searches30d | Feature::Sessions30d => {
            let text = format!("{value:.1}");
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_carry_their_unit() {
        assert_eq!(cell(Feature::Total, 1_234.5), "1,234.50");
        assert_eq!(cell(Feature::Total, -0.5), "-0.50");
        assert_eq!(cell(Feature::Orders, 3.0), "3");
        assert_eq!(cell(Feature::Orders, 10.0), "10");
        assert_eq!(cell(Feature::Orders, 2.5), "2.5");
        assert_eq!(cell(Feature::DiscountedShare, 0.25), "25 %");
    }

    #[test]
    fn bars_have_one_width() {
        for share in [-1.0, 0.0, 0.01, 0.5, 0.99, 1.0, 2.0, f64::NAN] {
            assert_eq!(bar(share).width(), BAR_CELLS, "{share}");
        }
    }
}
