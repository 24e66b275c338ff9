//! `perennial run`: the whole flow without a terminal.
//!
//! In: a shop. Out: a folder with the segments, the profiles, every draft, and an outbox. For each segment and
//! each strategy that fits it the program takes the best draft that breaks no rule
//! ([`crate::review::quality`]), and says everywhere that the program chose it. Nothing is sent. The files get
//! their names when all of them are complete.

mod files;
mod summary;
mod write;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use jiff::civil::Date;

use super::grouped::{self, Grouping};
use super::{Context, Exit};
use crate::data::{self, Shop};
use crate::features::{self, Features};
use crate::profiles::{self, ClusterProfile};
use crate::review::coupon::{self, Recipient};
use crate::review::merge::{self, Copy, Plan};
use crate::segments::{self, Segmentation};
use crate::strategy::Strategy;
use crate::tui::numbers::counted;
use crate::tui::text::clean;
use crate::workspace::{StrategyFile, Workspace};
use crate::writing::catalogue::Choice;
use crate::writing::templates::Templates;
use crate::writing::{ModelIdentity, TextEngine, WritingError};

use files::Files;
use summary::{Counts, DataSummary, ModelSummary, Summary, Timings};
use write::Pair;

/// The whole flow without a terminal, to a folder. Nothing is sent.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the files; those of an earlier run are replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed of segments, drafts and coupon codes (default: segments.seed and writing.seed).
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Number of segments (default: segments.k, else chosen by silhouette).
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(2..=10))]
    k: Option<u8>,
    /// Reference date, YYYY-MM-DD: what happened later is not seen (default: the last day in the data).
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Day on which the messages will be sent, from which offers count (default: today, or the day after
    /// the reference date where that is later).
    #[arg(long, value_name = "YYYY-MM-DD")]
    send_on: Option<Date>,
}

/// What the stages before the writing made.
struct Known {
    shop: Shop,
    features: Features,
    segmentation: Segmentation,
    profiles: Vec<ClusterProfile>,
}

/// # Errors
/// The data cannot be read or grouped, the folder cannot be written, interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let mut timings = Timings::default();
    let mut warnings = Vec::new();
    // Before any work: a folder that cannot be written is told at once.
    let mut files = Files::create(&args.out)?;

    let known = learn(args, context, &mut timings, &mut warnings)?;
    let (sending, over) = super::sending::day(args.send_on, known.features.as_of);
    let unnamed = context.unnamed_brand().map(|unnamed| unnamed.to_string());
    for warning in over.into_iter().chain(unnamed) {
        warn(context, &mut warnings, warning)?;
    }
    let strategies = strategies(context, &mut warnings)?;
    let (mut engine, mut model) = engine(context, &mut timings, &mut warnings)?;

    let at = Instant::now();
    let seed = args.seed.unwrap_or(context.config.writing.seed);
    let pairs = write::write(&known, &strategies, engine.as_mut(), sending, seed, context)?;
    if let Some(warning) = stood_in(&pairs, engine.as_ref()) {
        model.fallback.get_or_insert_with(|| warning.clone());
        warn(context, &mut warnings, warning)?;
    }
    drop(engine);
    timings.write = at.elapsed().as_secs_f64();
    tell(context, &format!("{} written, {} pass every rule", counted(drafts(&pairs), "draft"), passing(&pairs)))?;

    let at = Instant::now();
    let copies: Vec<Copy> = pairs.iter().filter_map(|pair| pair.copy.clone()).collect();
    let letters: Vec<String> = known.segmentation.clusters.iter().map(|cluster| cluster.id.clone()).collect();
    let Known { shop, features, segmentation, profiles } = &known;
    let audiences = context.work(|task| -> anyhow::Result<_> {
        let taken = context.in_campaigns()?;
        let plan = Plan::new(shop, segmentation, &copies, task)?.without_campaigns(shop, &copies, &taken);
        let codes = coupons(seed, &merge::coupon_recipients(shop, &copies, &plan), context)?;
        let settings = merge::Settings {
            codes: &codes,
            banned_words: &context.config.banned_words(),
            segments: &letters,
            markdown: false,
        };
        Ok(merge::merge(shop, features, &copies, plan, &settings, &mut files, task)?)
    })?;
    timings.merge = at.elapsed().as_secs_f64();

    let messages = audiences.iter().map(|audience| audience.messages).sum();
    files.segments(segmentation)?;
    files.customers(shop, features, segmentation)?;
    files.profiles(&profiles::markdown(shop, features, segmentation, profiles))?;
    files.drafts(&pairs)?;
    timings.total = started.elapsed().as_secs_f64();
    let counts = Counts {
        customers: segmentation.customers(),
        not_clustered: segmentation.not_clustered,
        segments: segmentation.clusters.len(),
        strategies: strategies.len(),
        drafts: drafts(&pairs),
        passing: passing(&pairs),
        chosen: copies.len(),
        own_texts: pairs
            .iter()
            .filter_map(|pair| pair.chosen.map(|number| &pair.drafts[number].draft))
            .filter(|draft| draft.is_own_text())
            .count(),
        messages,
        held_back: audiences.iter().map(|audience| audience.held_back).sum(),
    };
    let told = warnings.len();
    let summary = Summary::new(&known, pairs, &audiences, counts, model, sending, seed, warnings, timings);
    // A last chance to stop: from here on only names change.
    context.work(|task| -> Result<(), crate::jobs::Cancelled> { task.check() })?;
    files.commit(&summary)?;

    for warning in &summary.warnings[told..] {
        writeln!(context.stderr, "warning: {}", clean(warning))?;
    }
    tell(
        context,
        &format!(
            "{} from {}, {} of them all in the strategies' own words, in {} ({:.1} s). \
             Nothing is sent.",
            counted(messages, "message"),
            counted(summary.counts.chosen, "chosen draft"),
            summary.counts.own_texts,
            args.out.display(),
            summary.timings.total
        ),
    )?;
    if context.global.json {
        context.print_json(&summary)?;
    }
    let wanted = summary.segments.iter().any(|segment| !segment.strategies.is_empty());
    Ok(if wanted && summary.counts.chosen == 0 { Exit::StoppedByCheck } else { Exit::Done })
}

fn drafts(pairs: &[Pair]) -> usize {
    pairs.iter().map(|pair| pair.drafts.len()).sum()
}

fn passing(pairs: &[Pair]) -> usize {
    pairs.iter().flat_map(|pair| &pair.drafts).filter(|judged| judged.passes()).count()
}

/// A line of talk.
fn tell(context: &mut Context<'_>, line: &str) -> std::io::Result<()> {
    if context.global.quiet { Ok(()) } else { writeln!(context.stderr, "{line}") }
}

/// What people should know, told at once, since what follows may fail because of it, and in the summary.
fn warn(context: &mut Context<'_>, warnings: &mut Vec<String>, warning: String) -> std::io::Result<()> {
    writeln!(context.stderr, "warning: {}", clean(&warning))?;
    warnings.push(warning);
    Ok(())
}

/// Data, features, segments, profiles.
fn learn(
    args: &Args,
    context: &mut Context<'_>,
    timings: &mut Timings,
    warnings: &mut Vec<String>,
) -> anyhow::Result<Known> {
    let sources = context.sources()?;
    let at = Instant::now();
    let mut shop = context.work(|task| data::load(&sources, &context.config.data, task))?;
    shop.customers = context.heeded(&shop.customers)?;
    timings.load = at.elapsed().as_secs_f64();
    let read = DataSummary::of(&shop);
    tell(
        context,
        &format!(
            "{}, {} read, {} set aside",
            counted(shop.customers.len(), "customer"),
            counted(read.rows_read as usize, "row"),
            counted(read.rows_set_aside as usize, "row")
        ),
    )?;

    for warning in grouped::errors(&shop.report) {
        warn(context, warnings, warning)?;
    }

    let at = Instant::now();
    let as_of = Grouping { as_of: args.as_of, ..Grouping::default() }.as_of(context)?;
    let features = context.work(|task| features::compute(&shop, as_of, task))?;
    timings.features = at.elapsed().as_secs_f64();

    let at = Instant::now();
    let options = segments::Options {
        k: args.k.map(usize::from).or(context.config.segments.k),
        seed: args.seed.unwrap_or(context.config.segments.seed),
        names: context.config.segments.names.clone(),
    };
    let segmentation = context.work(|task| segments::segment(&features, &options, task))?;
    timings.segments = at.elapsed().as_secs_f64();
    tell(context, &format!("{} segments. {}", segmentation.k, segmentation.why))?;

    let at = Instant::now();
    let profiles = context.work(|task| profiles::clusters(&shop, &features, &segmentation, task))?;
    timings.profiles = at.elapsed().as_secs_f64();
    Ok(Known { shop, features, segmentation, profiles })
}

/// The strategies of the project, or those that come with the program; what cannot be used is warned of.
fn strategies(context: &mut Context<'_>, warnings: &mut Vec<String>) -> anyhow::Result<Vec<Strategy>> {
    let files = context.strategies()?;
    let mut strategies = Vec::new();
    for StrategyFile { id, parsed, .. } in files {
        match parsed {
            Ok(strategy) => strategies.push(strategy),
            Err(problems) => {
                let problem =
                    problems.first().map_or_else(|| "it cannot be read".to_owned(), ToString::to_string);
                warn(context, warnings, format!("The strategy {id} is left out: {problem}."))?;
            }
        }
    }
    if strategies.is_empty() {
        let none = "There is no strategy that can be used: no message is written.";
        warn(context, warnings, none.to_owned())?;
    }
    Ok(strategies)
}

/// The customers' codes. A project knows which codes it has given out: who has one keeps it, and nobody gets
/// another's. Without a project they follow from the seed alone.
fn coupons(seed: u64, recipients: &[Recipient<'_>], context: &Context<'_>) -> anyhow::Result<Vec<String>> {
    match &context.workspace {
        Some(folder) if !recipients.is_empty() => {
            let at = jiff::Timestamp::now().as_millisecond();
            let give = || Workspace::open(folder)?.store()?.give_coupons(seed, recipients, at);
            give().context("the coupon codes cannot be kept, so nothing is written")
        }
        _ => Ok(coupon::codes(seed, recipients)),
    }
}

/// How many drafts another wrote in a server's place, and why.
fn stood_in(pairs: &[Pair], engine: &dyn TextEngine) -> Option<String> {
    let name = &engine.identity().name;
    let drafts = || pairs.iter().flat_map(|pair| &pair.drafts).map(|judged| &judged.draft);
    let others = drafts().filter(|draft| draft.model.name != *name && !draft.model.is_templates());
    let (count, away) = (others.clone().count(), engine.away());
    if count == 0 && away.is_none() {
        return None;
    }
    let other = others.map(|draft| draft.model.name.as_str()).next().unwrap_or("the strategies' own texts");
    let why = away.map_or_else(|| "The server was away for a while.".to_owned(), |why| format!("Because: {why}."));
    let what = if count > 0 { counted(count, "draft") } else { "Some drafts".to_owned() };
    Some(format!("THE SERVER WAS AWAY: {what} by {other}, and not by {name}. {why}"))
}

/// The model, fetched where it is not here yet; templates where it cannot be had, and that is said.
fn engine(
    context: &mut Context<'_>,
    timings: &mut Timings,
    warnings: &mut Vec<String>,
) -> anyhow::Result<(Box<dyn TextEngine>, ModelSummary)> {
    let requested = context.config.writing.model.clone();
    let choice = Choice::of(&context.config.writing)?;
    let at = Instant::now();
    let (engine, fallback): (Box<dyn TextEngine>, _) = match context.work(|task| choice.fetch_and_load(task))
    {
        Ok(mut engine) => {
            // What is wrong with it is told before anything is written.
            engine.adapt(context.adapter(None)?.as_ref(), &context.cancel)?;
            (engine, None)
        }
        Err(WritingError::Cancelled(cancelled)) => return Err(cancelled.into()),
        // A server was asked for: nothing stands in for it unasked.
        Err(error) if matches!(choice, Choice::Served(_)) => return Err(error.into()),
        Err(WritingError::Failed(reason)) => {
            let warning = format!("NO MODEL: all texts are the strategies' own. {reason}");
            warn(context, warnings, warning)?;
            (Box::new(Templates::default()), Some(reason))
        }
    };
    timings.model = at.elapsed().as_secs_f64();
    let identity = engine.identity().clone();
    tell(context, &format!("writing with {}", identity.title()))?;
    let ModelIdentity { name, sha256, adapter } = identity;
    Ok((engine, ModelSummary { requested, name, sha256, adapter, fallback }))
}
