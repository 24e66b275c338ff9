//! `perennial segments`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::grouped::{Grouping, Measured};
use super::{Context, Exit, SCHEMA};
use crate::data::Customers;
use crate::features::Feature;
use crate::review::spreadsheet::Sheet;
use crate::segments::{Cluster, Direction, Driver, KScore, Name, Segmentation, Spread, Stage, feature_words};
use crate::workspace::{AtomicFile, Privacy};

/// Clusters of customers that behave alike, with the facts that set each apart.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub grouping: Grouping,
    /// Write each customer's cluster to a CSV file: the id, the letter of the cluster (empty without an order).
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
}

#[derive(Serialize)]
struct OneCluster<'a> {
    id: &'a str,
    name: &'a str,
    names: &'a Name,
    size: usize,
    share: f64,
    stage: Stage,
    features: &'a BTreeMap<Feature, Spread>,
    drivers: &'a [Driver],
}

/// Groups the customers and says how.
///
/// # Errors
/// Unreadable data, customers that cannot be grouped, interrupted, or a file that cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let Measured { customers, currency, segmentation } = args.grouping.measure(context)?;
    if let Some(path) = &args.assignments {
        write_assignments(path, &customers, &segmentation)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if context.global.json {
        context.print_json(&document(&segmentation))?;
    } else {
        print(context.stdout, &segmentation, &currency)?;
    }
    Ok(Exit::Done)
}

fn document(segmentation: &Segmentation) -> Document<'_> {
    let clusters = segmentation.clusters.iter().map(|cluster| OneCluster {
        id: &cluster.id,
        name: &cluster.name,
        names: &cluster.names,
        size: cluster.size,
        share: cluster.share,
        stage: cluster.stage,
        features: &cluster.features,
        drivers: &cluster.drivers,
    });
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
        clusters: clusters.collect(),
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
    let customers: usize = clusters.iter().map(|cluster| cluster.size).sum();
    write!(out, "{} customers in {} clusters as of {}", thousands(customers), segmentation.k, segmentation.as_of)?;
    match segmentation.not_clustered {
        0 => writeln!(out)?,
        1 => writeln!(out, "; 1 without an order is not clustered")?,
        more => writeln!(out, "; {} without an order are not clustered", thousands(more))?,
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
    let most = clusters.iter().map(|cluster| cluster.share).fold(0.0, f64::max);
    for cluster in clusters {
        let rest = wide - cluster.name.width();
        write!(
            out,
            "{}  {}{:rest$}  {:>9}  {:>4.1} % {}",
            cluster.id,
            cluster.name,
            "",
            thousands(cluster.size),
            cluster.share * 100.0,
            bar(cluster.share / most)
        )?;
        for (feature, _) in &shown {
            let cell = cluster.features.get(feature).map_or_else(String::new, |s| cell(*feature, s.median));
            write!(out, "  {cell:>11}")?;
        }
        writeln!(out, "  {}", stage_word(cluster.stage))?;
    }
    writeln!(out, "   Medians; amounts in {currency}.\n\nWhat sets them apart (standard deviations from the average)")?;
    for cluster in clusters {
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
            format!("{} {direction} ({:+.1})", feature_words(driver.feature).to_lowercase(), driver.effect)
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
            format!("{sign}{}.{:02}", thousands((cents / 100) as usize), cents % 100)
        }
        Feature::Orders | Feature::Categories | Feature::Searches30d | Feature::Sessions30d => {
            let text = format!("{value:.1}");
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
    }
}

/// Thousands set apart: 12,345.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The stage as the settings and strategies spell it.
pub(super) fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Acquisition => "acquisition",
        Stage::Activation => "activation",
        Stage::Retention => "retention",
        Stage::WinBack => "win-back",
        Stage::Loyalty => "loyalty",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_carry_their_unit() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
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
