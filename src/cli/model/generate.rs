//! `perennial model generate`: what a model writes behind a prompt, with nothing else in between.
//!
//! In: a prompt as plain text, and how to choose. Out: sequences, as text and as tokens. For trying models out: nothing
//! guards or checks what they write.

use std::path::Path;

use anyhow::ensure;
use serde::Serialize;

use super::beside::lay_named;
use crate::cli::{Context, Exit, SCHEMA};
use crate::tui::text::clean;
use crate::writing::FinishReason;
use crate::writing::generate::{Choose, DEFAULT_LENGTH, Limit, Settings, generate};
use crate::writing::local::LocalModel;

/// What the command is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text to go on with.
    #[arg(long)]
    prompt: String,
    /// Sequences; more than one only where they are sampled.
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    n: usize,
    /// Tokens of a sequence, those of the prompt included.
    #[arg(long, value_name = "TOKENS", default_value_t = DEFAULT_LENGTH)]
    max_length: usize,
    /// Tokens behind the prompt, in place of --max-length.
    #[arg(long, value_name = "TOKENS")]
    max_new_tokens: Option<usize>,
    /// Takes the likeliest token each time.
    #[arg(long, conflicts_with_all = ["temperature", "top_k", "top_p"])]
    greedy: bool,
    /// Divides the logits: below 1 the likely becomes likelier.
    #[arg(long, default_value_t = 1.0)]
    temperature: f64,
    /// Samples among the likeliest so many; 0 is all.
    #[arg(long, value_name = "K", default_value_t = 50)]
    top_k: usize,
    /// Samples among the likeliest whose probabilities reach this together.
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    top_p: f64,
    /// Makes what stands in the sequence already less likely; 1 changes nothing.
    #[arg(long, value_name = "PENALTY", default_value_t = 1.0)]
    repetition_penalty: f64,
    /// The same seed gives the same sequences.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document {
    schema: u32,
    model: String,
    /// The one that `--adapter` named.
    adapter: Option<String>,
    prompt: String,
    prompt_tokens: usize,
    seed: u64,
    sequences: Vec<Written>,
}

#[derive(Serialize)]
struct Written {
    /// Behind the prompt.
    text: String,
    /// The prompt's, what was written, and the one that ended it, if one did.
    tokens: Vec<u32>,
    finish_reason: FinishReason,
    /// Natural logarithm of the probability of each token behind the prompt.
    logprobs: Vec<f32>,
}

pub(super) fn run(
    (name, path): (String, &Path),
    args: &Args,
    context: &mut Context<'_>,
) -> anyhow::Result<Exit> {
    ensure!(!args.prompt.is_empty(), "there is nothing to go on with: give a text with --prompt");
    let mut engine = context.work(|task| LocalModel::load(&name, path, task))?;
    let adapter = lay_named((&name, path), &mut engine, context)?;
    let cancel = context.cancel.clone();
    let (vocabulary, model) = engine.parts();
    let prompt = vocabulary.begun(vocabulary.encode(&args.prompt).map_err(anyhow::Error::msg)?);
    let settings = Settings {
        choose: if args.greedy {
            Choose::Greedy
        } else {
            Choose::Sample { temperature: args.temperature, top_k: args.top_k, top_p: args.top_p }
        },
        limit: args.max_new_tokens.map_or(Limit::Length(args.max_length), Limit::New),
        sequences: args.n,
        repetition_penalty: args.repetition_penalty,
        seed: args.seed,
    };
    let ends = vocabulary.ends();
    let mut go_on = || !cancel.is_cancelled();
    let sequences = generate(model, &prompt, ends, &settings, &mut go_on, &mut |_, _| {})?
        .into_iter()
        .map(|sequence| Written {
            text: vocabulary.decode(&sequence.tokens[prompt.len()..]),
            tokens: sequence.tokens,
            finish_reason: sequence.finish_reason,
            logprobs: sequence.log_probabilities,
        })
        .collect();
    let prompt_tokens = prompt.len();
    let document = Document {
        schema: SCHEMA,
        model: name,
        adapter,
        prompt: args.prompt.clone(),
        prompt_tokens,
        seed: args.seed,
        sequences,
    };
    if context.global.json {
        context.print_json(&document)?;
        return Ok(Exit::Done);
    }
    for (index, written) in document.sequences.iter().enumerate() {
        if index > 0 {
            writeln!(context.stdout)?;
        }
        let lines = format!("{}{}", document.prompt, written.text);
        for line in lines.lines() {
            writeln!(context.stdout, "{}", clean(line))?;
        }
    }
    Ok(Exit::Done)
}
