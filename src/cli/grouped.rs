//! The shop with its customers grouped: what `segments` and `customers` both start from.

use anyhow::Context as _;
use jiff::civil::Date;

use super::{Context, UsageError};
use crate::data::{Customers, DataReport, Severity, Shop, load};
use crate::features::{Features, compute, from_files};
use crate::segments::{Options, Segmentation, segment};
use crate::tui::text::clean;

/// How to group; what is not given here comes from the settings.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Grouping {
    /// Number of clusters, 2 to 10 (default: chosen by silhouette).
    #[arg(long, value_name = "N")]
    pub k: Option<usize>,
    /// Seed of everything random in the grouping.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Reference date, YYYY-MM-DD (default: the last day in the data).
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
}

/// The shop read, measured and grouped.
pub struct Grouped {
    pub shop: Shop,
    pub features: Features,
    pub segmentation: Segmentation,
}

/// The customers grouped, without the orders that it was done by.
pub struct Measured {
    pub customers: Customers,
    pub currency: String,
    pub segmentation: Segmentation,
}

impl Grouping {
    /// Reads the shop and groups its customers.
    ///
    /// # Errors
    /// Unreadable data, an impossible date or number of clusters, or interrupted.
    pub fn run(&self, context: &mut Context<'_>) -> anyhow::Result<Grouped> {
        let (as_of, options) = (self.as_of(context)?, self.options(context)?);
        let sources = context.sources()?;
        let mut shop = context.work(|task| load(&sources, &context.config.data, task))?;
        shop.customers = context.heeded(&shop.customers)?;
        warn(&shop.report, context)?;
        let features = context.work(|task| compute(&shop, as_of, task))?;
        let segmentation = context.work(|task| segment(&features, &options, task))?;
        Ok(Grouped { shop, features, segmentation })
    }

    /// Groups the customers straight from the files: orders are measured as they pass and not kept, so that ten
    /// million of them need little memory.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn measure(&self, context: &mut Context<'_>) -> anyhow::Result<Measured> {
        let (as_of, options) = (self.as_of(context)?, self.options(context)?);
        let sources = context.sources()?;
        let (read, features) =
            context.work(|task| from_files(&sources, &context.config.data, as_of, task))?;
        warn(&read.report, context)?;
        let segmentation = context.work(|task| segment(&features, &options, task))?;
        let customers = context.heeded(&read.customers)?;
        Ok(Measured { customers, currency: read.currency, segmentation })
    }

    /// The reference date: given here, or in the settings.
    pub fn as_of(&self, context: &Context<'_>) -> anyhow::Result<Option<Date>> {
        Ok(match (self.as_of, &context.config.data.as_of) {
            (Some(date), _) => Some(date),
            (None, Some(text)) => Some(text.parse().with_context(|| {
                format!("data.as_of is \"{text}\", which is not a date. Write it as in 2025-06-30.")
            })?),
            (None, None) => None,
        })
    }

    fn options(&self, context: &Context<'_>) -> anyhow::Result<Options> {
        let settings = &context.config.segments;
        let k = self.k.or(settings.k);
        if let Some(k) = k.filter(|k| !(2..=10).contains(k)) {
            return Err(UsageError(format!(
                "{k} clusters are not possible. Give --k a number from 2 to 10."
            ))
            .into());
        }
        Ok(Options { k, seed: self.seed.unwrap_or(settings.seed), names: settings.names.clone() })
    }
}

/// The errors that the data report found, one line each: what is made of the data may be wrong because of them.
pub fn errors(report: &DataReport) -> Vec<String> {
    let errors = report.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{} {} [{}]", finding.message, finding.remedy, finding.code)).collect()
}

/// Tells them before what may fail because of them.
fn warn(report: &DataReport, context: &mut Context<'_>) -> std::io::Result<()> {
    if !context.global.quiet {
        for warning in errors(report) {
            writeln!(context.stderr, "warning: {}", clean(&warning))?;
        }
    }
    Ok(())
}
