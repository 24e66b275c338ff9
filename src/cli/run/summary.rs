//! `summary.json`, which `--json` prints too.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::Known;
use super::write::Pair;
use crate::cli::SCHEMA;
use crate::data::Shop;
use crate::review::decision::Author;
use crate::review::merge::Audience;
use crate::segments::{Name, Stage};
use crate::tui::numbers::counted;
use crate::writing::AdapterIdentity;

/// The whole document. Everything but `timings` and the warning about the day of sending is the same for the
/// same data, settings and build.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    schema: u32,
    /// Of the program.
    version: &'static str,
    /// Of the drafts and coupon codes.
    seed: u64,
    segments_seed: u64,
    as_of: Date,
    /// Day from which offers count.
    send_on: Date,
    data: DataSummary,
    k: usize,
    silhouette: f64,
    stability: f64,
    model: ModelSummary,
    pub counts: Counts,
    pub segments: Vec<SegmentSummary>,
    pub warnings: Vec<String>,
    /// File to its rows or lines, without a header.
    files: BTreeMap<&'static str, usize>,
    pub timings: Timings,
}

#[derive(Debug, Serialize)]
pub(super) struct DataSummary {
    pub rows_read: u64,
    rows_kept: u64,
    pub rows_set_aside: u64,
    /// Codes of what a person should look at, most serious first.
    findings: Vec<&'static str>,
}

impl DataSummary {
    pub fn of(shop: &Shop) -> Self {
        let tables = &shop.report.tables;
        let mut findings: Vec<_> = shop.report.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self {
            rows_read: tables.iter().map(|table| table.rows_read).sum(),
            rows_kept: tables.iter().map(|table| table.rows_kept).sum(),
            rows_set_aside: tables.iter().flat_map(|table| &table.set_aside).map(|aside| aside.rows).sum(),
            findings: findings.into_iter().map(|finding| finding.code).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ModelSummary {
    /// As in the settings.
    pub requested: String,
    pub name: String,
    pub sha256: String,
    /// That of the settings, which stands beside the model; a strategy may name another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<AdapterIdentity>,
    /// Why the strategies' own texts stand in for the model's.
    pub fallback: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Counts {
    pub customers: usize,
    /// Customers without an order.
    pub not_clustered: usize,
    pub segments: usize,
    pub strategies: usize,
    pub drafts: usize,
    /// Drafts that break no rule.
    pub passing: usize,
    /// Drafts that were chosen.
    pub chosen: usize,
    /// Chosen drafts whose slots are all the strategy's own texts.
    pub own_texts: usize,
    /// Messages in the outbox.
    pub messages: usize,
    /// Messages that broke a rule when they were merged.
    pub held_back: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct SegmentSummary {
    id: String,
    name: String,
    names: Name,
    stage: Stage,
    size: usize,
    share_of_customers: f64,
    /// Those that fit.
    pub strategies: Vec<StrategySummary>,
    /// Why there are none.
    why_none: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct StrategySummary {
    strategy: String,
    /// 0..=1; of two strategies in one channel, a customer gets the one that fits better.
    fit: f64,
    why: Vec<String>,
    drafts: usize,
    passing: usize,
    chosen: Option<Chosen>,
    /// Why none was chosen.
    why_not: Option<String>,
    /// Who gets it.
    audience: Option<Audience>,
    /// Why nobody gets it, each reason with its number of customers; empty where somebody does, or nothing was chosen.
    why_no_messages: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Chosen {
    chosen_by: Author,
    /// Counted from 1.
    variant: usize,
    quality: f64,
    approval: String,
    seed: u64,
}

/// Seconds.
#[derive(Debug, Default, Serialize)]
pub(super) struct Timings {
    pub load: f64,
    pub features: f64,
    pub segments: f64,
    pub profiles: f64,
    /// Fetching and loading the model.
    pub model: f64,
    pub write: f64,
    /// Tokens that stand in the drafts, for each second of writing; those of candidates that fell away are not counted.
    tokens_per_second: f64,
    pub merge: f64,
    pub total: f64,
}

impl Summary {
    #[expect(
        clippy::too_many_arguments,
        reason = "one of each thing that the document tells, named by its type"
    )]
    pub fn new(
        known: &Known,
        pairs: Vec<Pair>,
        audiences: &[Audience],
        counts: Counts,
        model: ModelSummary,
        send_on: Date,
        seed: u64,
        mut warnings: Vec<String>,
        mut timings: Timings,
    ) -> Self {
        let segmentation = &known.segmentation;
        let tokens: usize =
            pairs.iter().flat_map(|pair| &pair.drafts).map(|judged| judged.draft.tokens).sum();
        if tokens > 0 {
            timings.tokens_per_second = tokens as f64 / timings.write.max(1e-9);
        }
        let files = BTreeMap::from([
            ("segments.csv", counts.segments),
            ("customers.csv", counts.customers),
            ("drafts.jsonl", counts.drafts),
            ("outbox.csv", counts.messages),
            ("outbox.jsonl", counts.messages),
        ]);
        let mut segments: Vec<SegmentSummary> = segmentation
            .clusters
            .iter()
            .map(|cluster| SegmentSummary {
                id: cluster.id.clone(),
                name: cluster.name.clone(),
                names: cluster.names.clone(),
                stage: cluster.stage,
                size: cluster.size,
                share_of_customers: cluster.size as f64 / segmentation.customers().max(1) as f64,
                strategies: Vec::new(),
                why_none: None,
            })
            .collect();
        let mut audiences = audiences.iter().cloned();
        for pair in pairs {
            let audience = if pair.copy.is_some() { audiences.next() } else { None };
            let nobody = audience.as_ref().filter(|audience| audience.messages == 0);
            let channel = pair.copy.as_ref().map(|copy| copy.strategy.channel);
            let why_no_messages =
                nobody.map_or_else(Vec::new, |audience| audience.reasons(&known.shop.customers, channel));
            if let Some(audience) = nobody {
                warnings.push(format!(
                    "0 messages of {} for {}, which has {}: {}.",
                    pair.strategy,
                    segments[pair.cluster].id,
                    counted(audience.members, "customer"),
                    why_no_messages.join(", ")
                ));
            }
            if let Some(why_not) = &pair.why_not {
                warnings.push(format!("Nothing is sent of {} to {}: {why_not}.", pair.strategy, segments[pair.cluster].id));
            }
            let chosen = pair.chosen.map(|number| &pair.drafts[number]).map(|judged| Chosen {
                chosen_by: Author::Program,
                variant: pair.chosen.map_or(0, |number| number + 1),
                quality: judged.quality,
                approval: judged.seal.as_str().to_owned(),
                seed: judged.draft.seed,
            });
            segments[pair.cluster].strategies.push(StrategySummary {
                passing: pair.drafts.iter().filter(|judged| judged.passes()).count(),
                drafts: pair.drafts.len(),
                strategy: pair.strategy,
                fit: pair.fit.score,
                why: pair.fit.why,
                chosen,
                why_not: pair.why_not,
                audience,
                why_no_messages,
            });
        }
        for segment in segments.iter_mut().filter(|segment| segment.strategies.is_empty()) {
            segment.why_none = Some("no strategy fits this stage, its channels and its languages".to_owned());
        }
        let without: Vec<&str> =
            segments.iter().filter(|segment| segment.why_none.is_some()).map(|segment| segment.id.as_str()).collect();
        if !without.is_empty() {
            warnings.push(format!(
                "Nothing is written for {}: no strategy fits the stage, the channels that may be used and the languages.",
                without.join(", ")
            ));
        }
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            seed,
            segments_seed: segmentation.seed,
            as_of: known.features.as_of,
            send_on,
            data: DataSummary::of(&known.shop),
            k: segmentation.k,
            silhouette: segmentation.silhouette,
            stability: segmentation.stability,
            model,
            counts,
            segments,
            warnings,
            files,
            timings,
        }
    }
}
