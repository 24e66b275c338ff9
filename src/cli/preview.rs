//! `perennial preview`.
//!
//! In: a strategy, and a segment or facts in a file. Out: drafts for a typical customer, each with every
//! check. Nothing is sent, and nothing is kept unless that is asked for.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Serialize;

use super::grouped::{Grouped, Grouping};
use super::{Context, Exit, SCHEMA, UsageError};
use crate::config::nearest;
use crate::profiles::{self, ClusterProfile};
use crate::review::decision::DraftId;
use crate::review::merge::shown_customers;
use crate::review::{self, Check, Rules, TracedClaim, Verdict, passes};
use crate::segments::{Group, Segmentation};
use crate::strategy::{self, Facts, Fit, Severity, Strategy};
use crate::workspace::{StrategyFile, Workspace, private_folder};
use crate::writing::catalogue::{self, Choice};
use crate::writing::drafts::{Assignment, write_drafts};
use crate::writing::voice::Voice;
use crate::writing::{Draft, Sampling};

/// Drafts of a strategy's message for a segment, with every check.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Strategy: its file name without `.toml`.
    #[arg(long, value_name = "NAME")]
    pub strategy: String,
    /// Segment: its letter or its name.
    #[arg(long, value_name = "SEGMENT", required_unless_present = "facts")]
    pub segment: Option<String>,
    /// JSON object of fields, used in place of a customer's.
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
    /// Variants, 1 to 16 (default: writing.variants).
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=16))]
    pub variants: Option<u16>,
    /// Seed of the first variant; the others follow it (default: writing.seed).
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Number of clusters, 2 to 10 (default: chosen by silhouette).
    #[arg(long, value_name = "N")]
    pub k: Option<usize>,
    /// Reference date of the grouping, YYYY-MM-DD (default: the last day in the data).
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// Puts the drafts into Review, where they can be approved.
    #[arg(long, requires = "segment")]
    pub keep: bool,
    /// Day on which the messages will be sent, from which offers count (default: today, or the day after
    /// the reference date where that is later).
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub send_on: Option<Date>,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    strategy: &'a str,
    segment: Option<Target<'a>>,
    /// Drafts that pass every rule.
    passed: usize,
    drafts: &'a [Checked],
}

/// The segment that the drafts are for.
#[derive(Serialize)]
struct Target<'a> {
    id: &'a str,
    name: &'a str,
    fit: &'a Fit,
}

/// A draft and what the rules say of it.
#[derive(Serialize)]
struct Checked {
    /// Number in Review, where it was put there.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<DraftId>,
    #[serde(flatten)]
    draft: Draft,
    checks: Vec<Check>,
    /// Numbers, dates, offers, superlatives and the like, each traced to the fact that it follows from.
    claims: Vec<TracedClaim>,
}

/// What the drafts are about.
struct Subject {
    facts: Facts,
    /// The cluster's letter; empty with facts from a file alone.
    segment: String,
    group: Option<Group>,
    name: String,
    fit: Option<Fit>,
}

/// Writes drafts and shows them.
///
/// # Errors
/// No such strategy or segment, a strategy with mistakes, unreadable data or facts, no model, interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let strategy = find_strategy(&args.strategy, context)?;
    let given = args.facts.as_deref().map(read_facts).transpose()?;
    let subject = if let Some(segment) = &args.segment {
        from_segment(args, segment, given.as_ref(), &strategy, context)?
    } else {
        let sending = args.send_on.unwrap_or_else(|| jiff::ZonedDateTime::now().date());
        let facts = from_file(given.as_ref(), &strategy, "EUR", sending, context)?;
        Subject { facts, segment: String::new(), group: None, name: String::new(), fit: None }
    };
    if let Some(fit) = subject.fit.as_ref().filter(|fit| !fit.is_fit()) {
        let why = fit.why.join("; ");
        writeln!(context.stderr, "{} does not fit {}: {why}.", strategy.name, subject.name)?;
    }
    let settings = &context.config.writing;
    let seed = args.seed.unwrap_or(settings.seed);
    let variants = args.variants.map_or(settings.variants, usize::from);
    let adapter = context.adapter(Some(&strategy))?;
    let assignment = Assignment {
        strategy,
        facts: subject.facts.clone(),
        segment: subject.segment.clone(),
        group: subject.group.clone(),
        seeds: (0..variants as u64).map(|number| seed.wrapping_add(number)).collect(),
        sampling: Sampling::from(settings),
        banned_words: context.config.banned_words(),
        voice: Voice::new(&context.config.voice, &[]),
        adapter,
        beside: Vec::new(),
        judge: Some(review::judge),
    };
    let choice = Choice::of(settings)?;
    let mut engine = context.work(|task| choice.fetch_and_load(task))?;
    let drafts = write_drafts(&assignment, engine.as_mut(), &context.cancel, &mut |_| {})?;
    if let (Some(why), Some(draft)) = (engine.away(), drafts.first()) {
        writeln!(context.stderr, "warning: {why}; {} wrote in its place", draft.model.name)?;
    }
    let language = &assignment.strategy.language;
    let stranger = catalogue::not_spoken(engine.identity(), language).filter(|_| !engine.writes(language));
    if let Some(why) = stranger.filter(|_| !context.global.quiet) {
        writeln!(context.stderr, "warning: {why}")?;
    }
    let mut drafts: Vec<Checked> = drafts
        .into_iter()
        .map(|draft| {
            let slots: Vec<String> = draft.slots.iter().map(|slot| slot.text.clone()).collect();
            let banned = &assignment.banned_words;
            let rules = Rules::new(&assignment.strategy, &draft.fields, banned);
            let checks = rules.check(&draft.fields, &slots, &draft.text);
            let claims = rules.claims(&draft.fields, &slots, &draft.text);
            Checked { id: None, draft, checks, claims }
        })
        .collect();
    if args.keep {
        keep(&mut drafts, &assignment.strategy, context)?;
    }
    let passed = drafts.iter().filter(|checked| passes(&checked.checks)).count();
    if context.global.json {
        let segment =
            subject.fit.as_ref().map(|fit| Target { id: &subject.segment, name: &subject.name, fit });
        let strategy = &assignment.strategy.id;
        context.print_json(&Document { schema: SCHEMA, strategy, segment, passed, drafts: &drafts })?;
    } else {
        print(context.stdout, &assignment.strategy, &subject, &drafts)?;
    }
    Ok(if passed > 0 { Exit::Done } else { Exit::StoppedByCheck })
}

/// Puts drafts into Review.
fn keep(drafts: &mut [Checked], strategy: &Strategy, context: &Context<'_>) -> anyhow::Result<()> {
    let folder = context.folder()?;
    private_folder(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let files = context.strategies()?;
    let source = files.iter().find(|file| file.id == strategy.id).map_or("", |file| file.source.as_str());
    let written: Vec<Draft> = drafts.iter().map(|checked| checked.draft.clone()).collect();
    let now = jiff::Timestamp::now().as_millisecond();
    let ids = Workspace::open(&folder)?.store()?.add_drafts(&written, source, now)?;
    for (checked, id) in drafts.iter_mut().zip(ids) {
        checked.id = Some(id);
    }
    Ok(())
}

/// The strategy of the project, or one that comes with the program.
fn find_strategy(id: &str, context: &mut Context<'_>) -> anyhow::Result<Strategy> {
    let id = id.strip_suffix(".toml").unwrap_or(id);
    let files: Vec<StrategyFile> = context.strategies()?;
    let Some(file) = files.iter().find(|file| file.id == id) else {
        let names: Vec<&str> = files.iter().map(|file| file.id.as_str()).collect();
        let near = nearest(id, names.iter().copied());
        let near = near.map_or_else(String::new, |near| format!(" Did you mean {near}?"));
        return Err(UsageError(format!(
            "there is no strategy \"{id}\".{near} There are: {}.",
            names.join(", ")
        ))
        .into());
    };
    match &file.parsed {
        Ok(strategy) => Ok(strategy.clone()),
        Err(problems) => {
            let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
            let lines: Vec<String> = errors.map(|problem| format!("  {}.toml, {problem}", file.id)).collect();
            anyhow::bail!("the strategy {id} cannot be used:\n{}", lines.join("\n"))
        }
    }
}

fn read_facts(path: &Path) -> anyhow::Result<serde_json::Map<String, serde_json::Value>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the facts {} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| {
        format!("{} is not a JSON object of fields, as in {{\"first_name\": \"Anna\"}}", path.display())
    })
}

fn from_file(
    given: Option<&serde_json::Map<String, serde_json::Value>>,
    strategy: &Strategy,
    currency: &str,
    sending: Date,
    context: &Context<'_>,
) -> anyhow::Result<Facts> {
    let empty = serde_json::Map::new();
    let currency = context.config.data.currency.as_deref().unwrap_or(currency);
    strategy::facts_from_json(given.unwrap_or(&empty), strategy, &context.config, currency, sending)
        .map_err(|words| anyhow::anyhow!("{words}"))
}

/// Facts of a customer who stands for the segment, or of the segment and a file.
fn from_segment(
    args: &Args,
    segment: &str,
    given: Option<&serde_json::Map<String, serde_json::Value>>,
    strategy: &Strategy,
    context: &mut Context<'_>,
) -> anyhow::Result<Subject> {
    let grouping = Grouping { k: args.k, seed: None, as_of: args.as_of };
    let Grouped { shop, features, segmentation } = grouping.run(context)?;
    let (sending, over) = super::sending::day(args.send_on, features.as_of);
    let unnamed = context.unnamed_brand().map(|unnamed| unnamed.to_string());
    for warning in over.into_iter().chain(unnamed).filter(|_| !context.global.quiet) {
        writeln!(context.stderr, "warning: {warning}")?;
    }
    let number = find_segment(segment, &segmentation)?;
    let profile: ClusterProfile =
        context.work(|task| profiles::cluster(&shop, &features, &segmentation, number, task))?;
    let shared = strategy::facts_for_segment(
        &segmentation,
        &profile,
        strategy,
        &context.config,
        &shop.currency,
        sending,
    );
    let facts = if let Some(given) = given {
        let mut facts = shared;
        for (name, value) in from_file(Some(given), strategy, &shop.currency, sending, context)? {
            if given.contains_key(&name) || !facts.contains_key(&name) {
                facts.insert(name, value);
            }
        }
        facts
    } else {
        let row = shown_customers(&shop, &segmentation, &profile, strategy, 1);
        match row.first() {
            Some(&row) => strategy::facts_for_customer(&shop, &features, row, strategy, &shared)?,
            None => shared.clone(),
        }
    };
    let cluster = &segmentation.clusters[number];
    let fit = strategy::fits(strategy, cluster, &profile);
    let group = Group::of(&segmentation, number);
    Ok(Subject { facts, segment: cluster.id.clone(), group, name: cluster.name.clone(), fit: Some(fit) })
}

/// The number of the cluster with this letter or name.
fn find_segment(text: &str, segmentation: &Segmentation) -> anyhow::Result<usize> {
    let same = |name: &str| name.to_lowercase() == text.trim().to_lowercase();
    let found = segmentation.clusters.iter().position(|cluster| {
        same(&cluster.id) || same(&cluster.name) || same(&cluster.names.en) || same(&cluster.names.zh)
    });
    found.ok_or_else(|| {
        let names: Vec<String> = segmentation
            .clusters
            .iter()
            .map(|cluster| format!("{} ({})", cluster.id, cluster.name))
            .collect();
        UsageError(format!("there is no segment \"{text}\". There are: {}.", names.join(", "))).into()
    })
}

fn print(out: &mut dyn Write, strategy: &Strategy, subject: &Subject, drafts: &[Checked]) -> io::Result<()> {
    write!(out, "{}", strategy.name)?;
    if let Some(fit) = subject.fit.as_ref() {
        write!(out, " for {} ({})", subject.name, subject.segment)?;
        if fit.is_fit() {
            write!(out, ": {}", fit.why.join("; "))?;
        }
    }
    writeln!(out)?;
    for (number, Checked { id, draft, checks, claims }) in drafts.iter().enumerate() {
        let speed = if draft.tokens_per_second > 0.0 {
            format!(", {} tokens at {:.0} tokens/s", draft.tokens, draft.tokens_per_second)
        } else {
            String::new()
        };
        writeln!(
            out,
            "\n-- Draft {} of {} (seed {}, {}{speed})",
            number + 1,
            drafts.len(),
            draft.seed,
            draft.model.title()
        )?;
        if let Some(id) = id {
            writeln!(out, "{:>9}  draft {} in Review", "kept", id.0)?;
        }
        for (part, text) in &draft.text {
            let mut lines = text.lines();
            writeln!(out, "{:>9}  {}", part.name(), lines.next().unwrap_or(""))?;
            for line in lines {
                writeln!(out, "{:>9}  {line}", "")?;
            }
        }
        print_claims(out, claims)?;
        let broken: Vec<&Check> = checks.iter().filter(|check| !check.ok).collect();
        if broken.is_empty() {
            writeln!(out, "{:>9}  passes all {} rules", "ok", checks.len())?;
        }
        for check in broken {
            writeln!(out, "{:>9}  {}: {}", "FAILS", check.rule, check.detail)?;
        }
    }
    Ok(())
}

/// The claims of a draft and what each follows from, on one line for each source.
fn print_claims(out: &mut dyn Write, claims: &[TracedClaim]) -> io::Result<()> {
    let mut by_source: Vec<(String, Vec<&str>)> = Vec::new();
    for claim in claims {
        let source = match &claim.verdict {
            Verdict::Proved { source } => format!("from {source}"),
            Verdict::Unproved { reason } => format!("UNPROVED: {reason}"),
        };
        match by_source.iter_mut().find(|(known, _)| *known == source) {
            Some((_, texts)) if texts.contains(&claim.text.as_str()) => {}
            Some((_, texts)) => texts.push(&claim.text),
            None => by_source.push((source, vec![&claim.text])),
        }
    }
    for (number, (source, texts)) in by_source.iter().enumerate() {
        let heading = if number == 0 { "claims" } else { "" };
        writeln!(out, "{heading:>9}  \"{}\" {source}", texts.join("\", \""))?;
    }
    Ok(())
}
