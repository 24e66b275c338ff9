//! `perennial tune`: teaches the model on this machine, from examples or from what was approved here.

mod from_approved;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::{Context, Exit, SCHEMA, UsageError};
use crate::corpus;
use crate::tuning::lora::Projection;
use crate::tuning::train::Extras;
use crate::tuning::{self, Ended, Example, Outcome, Settings, TuneError, base, checkpoint};
use crate::writing::brief;
use crate::writing::guard::is_unspaced;

/// Options of examples, which say nothing where a voice is learnt.
const OF_EXAMPLES: [&str; 15] = [
    "corpus",
    "fillings",
    "fillings_zh",
    "examples",
    "out",
    "rank",
    "alpha",
    "dropout",
    "batch",
    "rate",
    "targets",
    "held_out",
    "evaluate_every",
    "patience",
    "last",
];

/// Teach the model on this machine from examples: makes an adapter, and leaves the model as it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Learn the shop's own voice from messages that people approved or edited in this project. Nobody writes with it until
    /// it is accepted: `perennial voice`.
    #[arg(long, conflicts_with_all = OF_EXAMPLES)]
    from_approved: bool,
    /// A file or folder of messages to learn from, in the form of assets/training; may be repeated. The corpus that
    /// comes along where none is named.
    #[arg(long, value_name = "FILE", conflicts_with = "examples")]
    corpus: Vec<PathBuf>,
    /// Times that each message is filled with other facts.
    #[arg(long, value_name = "N", default_value_t = 4, conflicts_with = "examples")]
    fillings: u32,
    /// The same of Chinese messages, where they are to be seen more often than the others: the default model hardly knows
    /// the language (default: as the others).
    #[arg(long, value_name = "N", conflicts_with = "examples")]
    fillings_zh: Option<u32>,
    /// Prompts and texts in place of messages, one JSON object a line: `{"prompt", "text", "pattern", "weight"}`, the last
    /// two if wanted.
    #[arg(long, value_name = "FILE")]
    examples: Option<PathBuf>,
    /// Folder of the adapter; its name is the adapter's.
    #[arg(long, value_name = "DIR", required_unless_present = "from_approved")]
    out: Option<PathBuf>,
    /// Numbers between the two matrices of an adapter: more can learn more.
    #[arg(long, value_name = "N", default_value_t = Settings::default().rank)]
    rank: usize,
    /// The adapter counts alpha / rank times.
    #[arg(long, value_name = "N", default_value_t = Settings::default().alpha)]
    alpha: f32,
    /// Part of its input that an adapter does not see while it learns.
    #[arg(long, value_name = "PART", default_value_t = Settings::default().dropout)]
    dropout: f32,
    /// Steps to take at most (default: 200; 80 with --from-approved).
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Examples of a step.
    #[arg(long, value_name = "N", default_value_t = Settings::default().batch)]
    batch: usize,
    /// The highest rate of learning.
    #[arg(long, value_name = "RATE", default_value_t = Settings::default().rate)]
    rate: f64,
    /// Seed of everything random.
    #[arg(long, value_name = "S", default_value_t = Settings::default().seed)]
    seed: u64,
    /// Projections that learn, with commas between, by PEFT's names (`q_proj,v_proj`); or all-linear.
    #[arg(long, value_name = "NAMES", default_value = "all-linear")]
    targets: String,
    /// Part of the patterns that is kept for judging.
    #[arg(long, value_name = "PART", default_value_t = Settings::default().held_out)]
    held_out: f64,
    /// Steps between two looks at what was kept; each leaves a checkpoint.
    #[arg(long, value_name = "N", default_value_t = Settings::default().evaluate_every)]
    evaluate_every: usize,
    /// Looks without an improvement after which it ends; 0 goes on to the last step.
    #[arg(long, value_name = "N", default_value_t = 5)]
    patience: usize,
    /// Keep the adapter of the last step, not the one that held what was kept likeliest: the same can be said in many ways,
    /// and the likelier text need not be the better written one.
    #[arg(long, conflicts_with = "patience")]
    last: bool,
    /// Go on where a training into the same folder, or of the project's voice, was stopped.
    #[arg(long)]
    resume: bool,
    /// Write tokens and figures of each step to this file, for comparing with another program.
    #[arg(long, value_name = "FILE", hide = true)]
    trace: Option<PathBuf>,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// # Errors
/// Wrong settings, examples or model; the folder cannot be written; interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let Some(out) = args.out.as_deref().filter(|_| !args.from_approved) else {
        return from_approved::run(args, context);
    };
    let (base_name, base) = base::chosen(&context.config.writing.model).map_err(failed)?;
    if !args.resume {
        nothing_stopped(out)?;
    }
    let examples = match &args.examples {
        Some(path) => examples(path)?,
        None => filled(args)?,
    };
    let form = if args.examples.is_none() { brief::FORM } else { 0 };
    let languages = spoken(&examples);
    let name = out.file_name().map_or_else(|| "voice".into(), |name| name.to_string_lossy().into_owned());
    let settings = Settings {
        name,
        base_name,
        rank: args.rank,
        alpha: args.alpha,
        dropout: args.dropout,
        targets: targets(&args.targets)?,
        steps: args.steps.unwrap_or(Settings::default().steps),
        batch: args.batch,
        rate: args.rate,
        seed: args.seed,
        held_out: args.held_out,
        evaluate_every: args.evaluate_every,
        form,
        languages,
        patience: (args.patience > 0 && !args.last).then_some(args.patience),
        ..Settings::default()
    };
    settings.check().map_err(|error| UsageError(error.to_string()))?;
    let told = !context.global.quiet && !context.progress;
    let extras = Extras {
        resume: args.resume,
        trace: args.trace.as_deref(),
        keep_last: args.last,
        ..Extras::default()
    };
    let outcome = context.work(|task| {
        tuning::train(&base, &examples, &settings, &extras, out, task, &mut |now| {
            let held_out = now.held_out.map_or_else(String::new, |loss| format!(", held out {loss:.4}"));
            let line = format!(
                "step {} of {}, loss {:.4}{held_out}, {:.0} tokens/s, {} left",
                now.step,
                now.of,
                now.loss,
                now.tokens_per_second,
                minutes(now.seconds_left)
            );
            if told && now.held_out.is_some() {
                // Where no line can be drawn again and again, only the looks are told.
                let _ = writeln!(std::io::stderr(), "{line}");
            }
            task.progress(line, now.step as u64, Some(now.of as u64));
        })
    });
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            if error.is_cancelled() && checkpoint::path(out).exists() {
                let far = far(checkpoint::standing(out).map(|(standing, of)| (standing.step, of.steps)));
                writeln!(context.stderr, "What was learnt is kept{far}: go on with --resume.")?;
            }
            return Err(failed(error));
        }
    };
    if context.global.json {
        context.print_json(&Document { schema: SCHEMA, outcome: &outcome })?;
    } else {
        let text = summary(&outcome);
        context.print_text(&text)?;
    }
    Ok(Exit::Done)
}

/// How far a training came that was stopped, where anybody knows: steps done, and all of them.
fn far(steps: Option<(usize, usize)>) -> String {
    steps.map_or_else(String::new, |(step, of)| format!(" after {step} of {of} steps"))
}

/// That no training was stopped in a folder, which another would write over.
fn nothing_stopped(out: &Path) -> anyhow::Result<()> {
    let path = checkpoint::path(out);
    if !path.exists() {
        return Ok(());
    }
    let far = far(checkpoint::standing(out).map(|(standing, of)| (standing.step, of.steps)));
    anyhow::bail!(
        "a training into {} was stopped{far}: go on with --resume, or remove {} to begin anew",
        out.display(),
        path.display()
    )
}

fn summary(outcome: &Outcome) -> String {
    let (first, best) = (outcome.losses.first(), outcome.losses.iter().find(|at| at.step == outcome.best_step));
    let judged = match (first.and_then(|at| at.held_out), best.and_then(|at| at.held_out)) {
        (Some(before), Some(after)) => format!(
            "Loss on {} examples that it did not learn from: {before:.3} before, {after:.3} after.\n",
            outcome.held_out_examples
        ),
        _ => "Nothing was kept for judging: the last step's adapter is the one.\n".into(),
    };
    let ended = match outcome.ended {
        Ended::Done => String::new(),
        Ended::NoBetter => ", as it got no better".into(),
    };
    format!(
        "{} ({:.1} MB)\nThe adapter of step {} after {} steps{ended}, in {}.\n{judged}",
        outcome.folder.display(),
        outcome.bytes as f64 / 1e6,
        outcome.best_step,
        outcome.steps,
        minutes(outcome.seconds)
    )
}

fn minutes(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// An error as a command tells it: who chose a model that cannot learn used it wrongly.
pub(super) fn failed(error: TuneError) -> anyhow::Error {
    match error {
        TuneError::NoModel(why) => UsageError(why).into(),
        other => other.into(),
    }
}

fn targets(names: &str) -> Result<Vec<Projection>, UsageError> {
    if names == "all-linear" {
        return Ok(Projection::ALL.to_vec());
    }
    let named = names.split(',').map(|name| {
        let unknown = || {
            let all: Vec<&str> = Projection::ALL.iter().map(|one| one.name()).collect();
            UsageError(format!("--targets {name} is not known: choose of {}, or all-linear", all.join(", ")))
        };
        Projection::named(name.trim()).ok_or_else(unknown)
    });
    let mut targets = named.collect::<Result<Vec<_>, _>>()?;
    targets.sort_unstable();
    targets.dedup();
    Ok(targets)
}

/// The messages of the corpus, filled.
fn filled(args: &Args) -> anyhow::Result<Vec<Example>> {
    let corpus = if args.corpus.is_empty() { corpus::shipped()? } else { corpus::read_files(&args.corpus)? };
    let facts = corpus::shipped_facts()?;
    let found = corpus::lint(&corpus, &facts);
    if let Some(first) = found.first() {
        anyhow::bail!(
            "{} of the {} messages are not fit to learn from; the first: {}: {}: {} ({}). `perennial writing corpus` lists \
             them all",
            found.len(),
            corpus.len(),
            first.place,
            first.text,
            first.detail,
            first.rule
        );
    }
    let others = args.fillings.max(1);
    Ok(corpus::filled(&corpus, &facts, args.seed, [others, args.fillings_zh.unwrap_or(others).max(1)]))
}

/// Languages of the texts, told apart by their writing.
fn spoken(examples: &[Example]) -> Vec<String> {
    let chinese = |example: &&Example| example.text.chars().any(is_unspaced);
    let count = examples.iter().filter(chinese).count();
    let mut languages = Vec::new();
    if count < examples.len() {
        languages.push("en".to_owned());
    }
    if count > 0 {
        languages.push("zh".to_owned());
    }
    languages
}

fn examples(path: &Path) -> anyhow::Result<Vec<Example>> {
    let source = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read: give a file of examples with --examples", path.display()))?;
    let mut examples = Vec::new();
    for (number, line) in source.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let example = serde_json::from_str(line).with_context(|| {
            format!(
                "{}, line {}: it is no example. Write {{\"prompt\": \"...\", \"text\": \"...\", \"pattern\": 1}}",
                path.display(),
                number + 1
            )
        })?;
        examples.push(example);
    }
    Ok(examples)
}
