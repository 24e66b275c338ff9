//! `perennial writing eval`: first drafts for many briefs, counted.
//!
//! In: a file of briefs, one JSON object on each line: `id`, `strategy`, `facts`. A strategy is one of the project, of
//! the program, or of the folder `strategies` beside the briefs. Out: for each language and form (slots, or free
//! messages) the share of first drafts that are true to the facts and that pass every rule, by rule; how often the
//! strategy's own text had to stand in; variety; time. A first draft is what `preview -n 1` shows.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use jiff::civil::Date;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::cli::{Context, Exit, SCHEMA};
use crate::corpus::{self, Known};
use crate::data::language_name;
use crate::review::{self, Rules};
use crate::strategy::{self, Facts, Strategy};
use crate::writing::catalogue::Choice;
use crate::writing::drafts::{Assignment, write_drafts};
use crate::writing::{AdapterIdentity, Draft, FinishReason, TextEngine};

/// Rules that hold a message to the facts; the others are about form and manner.
const FACT_RULES: [&str; 9] = [
    "unfilled-field",
    "invented-number",
    "invented-price",
    "invented-percentage",
    "invented-date",
    "invented-code",
    "invented-offer",
    "wrong-name",
    "unproved-claim",
];

/// Facts that are put into a text where the corpus has fields, and those of them that are categories.
const NAMES: [&str; 6] = [
    "segment_category",
    "segment_second_category",
    "favourite_category",
    "last_product",
    "shop_name",
    "first_name",
];
const CATEGORIES: [&str; 2] = ["segment_category", "segment_second_category"];

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Briefs, one JSON object on each line: `id`, `strategy`, `facts`.
    #[arg(long, value_name = "FILE")]
    briefs: PathBuf,
    /// Seed of the first brief; the others follow it (default: writing.seed).
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print so many of the drafts as a table in Markdown, picked by the seed and as they came.
    #[arg(long, value_name = "N", default_value_t = 0)]
    show: usize,
    /// Day on which the messages would be sent (default: today).
    #[arg(long, value_name = "YYYY-MM-DD")]
    send_on: Option<Date>,
}

/// What to write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Brief {
    id: String,
    strategy: String,
    facts: Facts,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document {
    schema: u32,
    model: String,
    model_sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<AdapterIdentity>,
    briefs: usize,
    seconds: f64,
    groups: Vec<Group>,
    drafts: Vec<Judged>,
}

/// Figures of the drafts of one language and form.
#[derive(Serialize)]
struct Group {
    language: String,
    /// `slots` or `free`.
    form: &'static str,
    drafts: usize,
    /// Share of drafts that break no rule about facts.
    true_to_facts: f64,
    /// Share of drafts that break no rule at all.
    passed: f64,
    /// Share of drafts in which the model wrote every stretch: in the others a text of the strategy's own stands.
    by_model: f64,
    /// Share of drafts that the model wrote and that break no rule, among those that it wrote.
    passed_by_model: Option<f64>,
    /// Drafts that break each rule.
    broken: BTreeMap<&'static str, usize>,
    /// Different pairs of neighbouring words over all such pairs, in what the model wrote (Li et al. 2016).
    distinct_2: Option<f64>,
    /// Share of the sentences by the model that stand in the house corpus, fields and names apart.
    copied: Option<f64>,
    /// Drafts in which rules find a slip: a field in another's place; in English grammar besides.
    slips: usize,
    /// Mean tokens of a stretch that the model wrote.
    mean_tokens: Option<f64>,
    seconds_per_draft: f64,
}

/// One draft.
#[derive(Serialize)]
struct Judged {
    brief: String,
    strategy: String,
    #[serde(skip)]
    language: String,
    #[serde(skip)]
    form: &'static str,
    /// Stretches, in order; each with whether the model wrote it.
    slots: Vec<Stretch>,
    broken: Vec<&'static str>,
    /// Sentences by the model, and those of them that stand in the house corpus.
    sentences: usize,
    copied: usize,
    /// Slips of grammar that rules find.
    slips: Vec<String>,
    seconds: f64,
}

#[derive(Serialize)]
struct Stretch {
    text: String,
    by_model: bool,
    tokens: usize,
}

/// # Errors
/// The briefs cannot be read or name no strategy, there is no model, or interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let briefs = read(&args.briefs)?;
    let strategies = strategies(&args.briefs, context)?;
    let sending = args.send_on.unwrap_or_else(|| jiff::ZonedDateTime::now().date());
    let first_seed = args.seed.unwrap_or(context.config.writing.seed);
    let choice = Choice::of(&context.config.writing)?;
    let mut engine = context.work(|task| choice.fetch_and_load(task))?;
    let known = Known::of(&corpus::shipped()?);
    let begun = Instant::now();
    let mut drafts = Vec::with_capacity(briefs.len());
    for (seed, brief) in (first_seed..).zip(&briefs) {
        let strategy = strategies.get(&brief.strategy).with_context(|| {
            let known: Vec<&str> = strategies.keys().map(String::as_str).collect();
            format!(
                "the brief {} names the strategy \"{}\"; there are: {}",
                brief.id,
                brief.strategy,
                known.join(", ")
            )
        })?;
        drafts.push(write(brief, strategy, seed, sending, engine.as_mut(), &known, context)?);
    }
    let document = Document {
        schema: SCHEMA,
        model: engine.identity().name.clone(),
        model_sha256: engine.identity().sha256.clone(),
        adapter: engine.identity().adapter.clone(),
        briefs: briefs.len(),
        seconds: begun.elapsed().as_secs_f64(),
        groups: groups(&drafts),
        drafts,
    };
    if context.global.json {
        context.print_json(&document)?;
    } else {
        print(context.stdout, &document)?;
        if args.show > 0 {
            table(context.stdout, &picked(&document.drafts, args.show, first_seed))?;
        }
    }
    Ok(Exit::Done)
}

/// Reads the briefs; a line that is none is named.
fn read(path: &Path) -> anyhow::Result<Vec<Brief>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the briefs {} cannot be read", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let briefs = lines
        .map(|(number, line)| {
            serde_json::from_str(line).with_context(|| {
                format!(
                    "line {} of {} is no brief: write {{\"id\": \"...\", \"strategy\": \"...\", \"facts\": {{...}}}}",
                    number + 1,
                    path.display()
                )
            })
        })
        .collect::<anyhow::Result<Vec<Brief>>>()?;
    anyhow::ensure!(!briefs.is_empty(), "{} has no briefs: write one on each line", path.display());
    Ok(briefs)
}

/// Strategies by name: those beside the briefs come before the project's, and these before the program's.
fn strategies(briefs: &Path, context: &Context<'_>) -> anyhow::Result<BTreeMap<String, Strategy>> {
    let mut found = BTreeMap::new();
    for file in context.strategies()? {
        if let Ok(strategy) = file.parsed {
            found.insert(file.id, strategy);
        }
    }
    let folder = briefs.parent().unwrap_or(Path::new(".")).join("strategies");
    if folder.is_dir() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?
        {
            let path = entry?.path();
            let (Some(id), true) = (
                path.file_stem().and_then(|stem| stem.to_str()),
                path.extension().is_some_and(|extension| extension == "toml"),
            ) else {
                continue;
            };
            let source = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let strategy = strategy::parse(id, &source).map_err(|problems| {
                let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}")).collect();
                anyhow::anyhow!("the strategy {} cannot be used:\n{}", path.display(), lines.join("\n"))
            })?;
            found.insert(id.to_owned(), strategy);
        }
    }
    Ok(found)
}

fn write(
    brief: &Brief,
    strategy: &Strategy,
    seed: u64,
    sending: Date,
    engine: &mut dyn TextEngine,
    known: &Known,
    context: &Context<'_>,
) -> anyhow::Result<Judged> {
    let config = &context.config;
    let currency = config.data.currency.as_deref().unwrap_or("EUR");
    let facts = strategy::facts_from_json(&brief.facts, strategy, config, currency, sending)
        .map_err(|words| anyhow::anyhow!("the brief {}: {words}", brief.id))?;
    let adapter = context.adapter(Some(strategy))?;
    let assignment = Assignment {
        judge: Some(review::judge),
        ..Assignment::of_facts(strategy, &facts, seed, config, adapter)
    };
    let begun = Instant::now();
    let drafts = write_drafts(&assignment, engine, &context.cancel, &mut |_| {})?;
    let seconds = begun.elapsed().as_secs_f64();
    let draft: Draft = drafts.into_iter().next().context("no draft was written")?;
    let texts: Vec<String> = draft.slots.iter().map(|slot| slot.text.clone()).collect();
    let checks = Rules::new(strategy, &facts, &config.banned_words()).check(&facts, &texts, &draft.text);
    let free = strategy::slots(strategy, &facts).is_ok_and(|slots| slots.iter().any(|slot| slot.free));
    let named: Vec<&str> =
        NAMES.iter().filter_map(|name| facts.get(*name).and_then(serde_json::Value::as_str)).collect();
    let categories: Vec<&str> =
        CATEGORIES.iter().filter_map(|name| facts.get(*name).and_then(serde_json::Value::as_str)).collect();
    let (mut copied, mut sentences, mut slips) = (0, 0, Vec::new());
    for slot in draft.slots.iter().filter(|slot| slot.finish_reason != FinishReason::Template) {
        let (some, all) = known.copied(&slot.text, &named);
        copied += some;
        sentences += all;
        slips.extend(corpus::slips(&slot.text, &categories));
    }
    Ok(Judged {
        copied,
        sentences,
        slips,
        brief: brief.id.clone(),
        strategy: strategy.id.clone(),
        language: strategy.language.clone(),
        form: if free { "free" } else { "slots" },
        slots: draft
            .slots
            .into_iter()
            .map(|slot| Stretch {
                by_model: slot.finish_reason != FinishReason::Template,
                text: slot.text,
                tokens: slot.tokens,
            })
            .collect(),
        broken: checks.iter().filter(|check| !check.ok).map(|check| check.rule).collect(),
        seconds,
    })
}

fn groups(drafts: &[Judged]) -> Vec<Group> {
    let kinds: BTreeSet<(&str, &'static str)> =
        drafts.iter().map(|draft| (draft.language.as_str(), draft.form)).collect();
    kinds
        .into_iter()
        .rev()
        .map(|(language, form)| {
            let of_kind: Vec<&Judged> =
                drafts.iter().filter(|draft| draft.language == language && draft.form == form).collect();
            group(language, form, &of_kind)
        })
        .collect()
}

fn group(language: &str, form: &'static str, drafts: &[&Judged]) -> Group {
    let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    let all = drafts.len();
    let by_model: Vec<&&Judged> =
        drafts.iter().filter(|draft| draft.slots.iter().all(|slot| slot.by_model)).collect();
    let passed = |draft: &Judged| draft.broken.is_empty();
    let mut broken = BTreeMap::new();
    for rule in drafts.iter().flat_map(|draft| &draft.broken) {
        *broken.entry(*rule).or_insert(0) += 1;
    }
    let stretches: Vec<&Stretch> =
        drafts.iter().flat_map(|draft| &draft.slots).filter(|slot| slot.by_model).collect();
    Group {
        language: language.to_owned(),
        form,
        drafts: all,
        true_to_facts: share(
            drafts.iter().filter(|draft| !draft.broken.iter().any(|rule| FACT_RULES.contains(rule))).count(),
            all,
        ),
        passed: share(drafts.iter().filter(|draft| passed(draft)).count(), all),
        by_model: share(by_model.len(), all),
        passed_by_model: (!by_model.is_empty())
            .then(|| share(by_model.iter().filter(|draft| passed(draft)).count(), by_model.len())),
        broken,
        distinct_2: corpus::distinct_2(stretches.iter().map(|slot| slot.text.as_str())),
        copied: {
            let sentences: usize = drafts.iter().map(|draft| draft.sentences).sum();
            (sentences > 0).then(|| share(drafts.iter().map(|draft| draft.copied).sum::<usize>(), sentences))
        },
        slips: drafts.iter().filter(|draft| !draft.slips.is_empty()).count(),
        mean_tokens: (!stretches.is_empty())
            .then(|| stretches.iter().map(|slot| slot.tokens).sum::<usize>() as f64 / stretches.len() as f64),
        seconds_per_draft: drafts.iter().map(|draft| draft.seconds).sum::<f64>() / all.max(1) as f64,
    }
}

fn print(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    let adapter = document.adapter.as_ref().map_or_else(String::new, |adapter| format!(" + {}", adapter.name));
    writeln!(out, "{}{adapter}: {} briefs in {:.1} s", document.model, document.briefs, document.seconds)?;
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    for group in &document.groups {
        let form = if group.form == "free" { "written freely" } else { "stretches in a template" };
        writeln!(out, "\n{}, {form}: {} drafts", language_name(&group.language), group.drafts)?;
        writeln!(out, "  true to the facts   {:>6}", percent(group.true_to_facts))?;
        writeln!(out, "  pass every rule     {:>6}", percent(group.passed))?;
        writeln!(out, "  by the model alone  {:>6}", percent(group.by_model))?;
        if let Some(share) = group.passed_by_model {
            writeln!(out, "  of these pass       {:>6}", percent(share))?;
        }
        if let Some(distinct) = group.distinct_2 {
            writeln!(out, "  distinct-2          {distinct:>6.2}  (different pairs of words among all: more is more varied)")?;
        }
        if let Some(copied) = group.copied {
            writeln!(out, "  of the corpus       {:>6}  (sentences that stand there, fields aside)", percent(copied))?;
        }
        writeln!(out, "  slips of grammar    {:>6}", group.slips)?;
        if let Some(tokens) = group.mean_tokens {
            writeln!(out, "  tokens a stretch    {tokens:>6.1}")?;
        }
        writeln!(out, "  seconds a draft     {:>6.2}", group.seconds_per_draft)?;
        for (rule, count) in &group.broken {
            writeln!(out, "  breaks {rule:<20} {count:>4}")?;
        }
    }
    Ok(())
}

/// So many of the drafts, picked by the seed, in the order of the briefs.
fn picked(drafts: &[Judged], count: usize, seed: u64) -> Vec<&Judged> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut places: Vec<usize> = (0..drafts.len()).collect();
    for place in (1..places.len()).rev() {
        places.swap(place, chance.random_range(0..=place));
    }
    places.truncate(count);
    places.sort_unstable();
    places.into_iter().filter_map(|place| drafts.get(place)).collect()
}

fn table(out: &mut dyn Write, drafts: &[&Judged]) -> io::Result<()> {
    writeln!(out, "\n| Brief | Strategy | What was written | Rules broken |\n|---|---|---|---|")?;
    for draft in drafts {
        let said = |stretch: &Stretch| {
            let text = stretch.text.replace('|', "\\|").replace('\n', " ");
            if stretch.by_model { text } else { format!("{text} *(the strategy's own)*") }
        };
        let texts: Vec<String> = draft.slots.iter().map(said).collect();
        let broken = if draft.broken.is_empty() { "none".to_owned() } else { draft.broken.join(", ") };
        writeln!(out, "| {} | {} | {} | {broken} |", draft.brief, draft.strategy, texts.join(" / "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_are_picked_by_the_seed_and_shown_as_they_came() {
        let judged = |number: usize| Judged {
            copied: 0,
            sentences: 1,
            slips: Vec::new(),
            brief: format!("b{number}"),
            strategy: "s".into(),
            language: "en".into(),
            form: "free",
            slots: vec![Stretch { by_model: number.is_multiple_of(2), ..stretch(&format!("Text {number} | more.")) }],
            broken: if number == 3 { vec!["length", "voice"] } else { vec![] },
            seconds: 1.0,
        };
        let drafts: Vec<Judged> = (0..10).map(judged).collect();
        let names = |seed| {
            picked(&drafts, 4, seed).iter().map(|draft| draft.brief.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(7), names(7));
        assert!((0..20).any(|seed| names(seed) != names(7)) && names(7).len() == 4 && names(7).is_sorted());
        let mut out = Vec::new();
        table(&mut out, &picked(&drafts, 99, 7)).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.contains("| b2 | s | Text 2 \\| more. | none |"), "{shown}");
        assert!(shown.contains("| b3 | s | Text 3 \\| more. *(the strategy's own)* | length, voice |"), "{shown}");
    }

    fn stretch(text: &str) -> Stretch {
        Stretch { text: text.into(), by_model: true, tokens: 4 }
    }

    #[test]
    fn a_draft_with_a_text_of_the_strategys_own_is_not_the_models() {
        let judged = |by_model, broken: Vec<&'static str>| Judged {
            copied: 0,
            sentences: 0,
            slips: Vec::new(),
            brief: "b".into(),
            strategy: "s".into(),
            language: "en".into(),
            form: "slots",
            slots: vec![Stretch { by_model, ..stretch("See you soon.") }],
            broken,
            seconds: 1.0,
        };
        let drafts = [
            judged(true, vec![]),
            judged(false, vec![]),
            judged(true, vec!["length"]),
            judged(true, vec!["invented-price"]),
        ];
        let found = groups(&drafts).remove(0);
        assert_eq!((found.by_model, found.passed, found.true_to_facts), (0.75, 0.5, 0.75));
        assert_eq!(found.passed_by_model, Some(1.0 / 3.0));
        assert_eq!(found.broken, BTreeMap::from([("invented-price", 1), ("length", 1)]));
    }
}
