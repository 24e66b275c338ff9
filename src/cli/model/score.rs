//! `perennial model score`: how likely a model holds a text, token by token.
//!
//! In: a text. Out: of each token the natural logarithm of P(token | the text before it), and the perplexity. The first
//! token has nothing before it, so that nobody knows how likely it is.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{bail, ensure};
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::beside::lay_named;
use crate::cli::{Context, Exit, SCHEMA};
use crate::tui::text::clean;
use crate::writing::kernels::log_sum;
use crate::writing::local::LocalModel;

/// Columns of the widest bar.
const BAR: usize = 30;

/// The document of `--json`.
#[derive(Serialize)]
struct Document {
    schema: u32,
    model: String,
    /// The one that `--adapter` named.
    adapter: Option<String>,
    tokens: Vec<Token>,
    /// `exp` of the mean negative log-probability of all tokens but the first; null where there is no other.
    perplexity: Option<f64>,
}

#[derive(Serialize)]
struct Token {
    id: u32,
    /// A character that is cut between two tokens is U+FFFD in both.
    text: String,
    /// Natural logarithm; null for the first token.
    logprob: Option<f64>,
}

pub(super) fn score(
    (name, path): (String, &Path),
    text: &str,
    context: &mut Context<'_>,
) -> anyhow::Result<Exit> {
    ensure!(!text.is_empty(), "there is nothing to score: give a text with --text");
    let mut engine = context.work(|task| LocalModel::load(&name, path, task))?;
    let adapter = lay_named((&name, path), &mut engine, context)?;
    let vocabulary = engine.vocabulary();
    let ids = vocabulary.encode(text).map_err(anyhow::Error::msg)?;
    let texts: Vec<String> = ids.iter().map(|&id| vocabulary.decode(&[id])).collect();
    // Some models read a token before every text: then the text's first has a probability too.
    let read_ids = vocabulary.begun(ids.clone());
    let before = read_ids.len() - ids.len();
    let model = engine.forward();
    let most = model.context();
    if read_ids.len() > most {
        bail!("the text has {} tokens, and {name} reads at most {most}: shorten it", ids.len());
    }
    let processor = model.processor();
    let mut logprobs = vec![None; ids.len()];
    let cancel = context.cancel.clone();
    let read = model.run_prompt_in_full(&read_ids, &mut |at, logits| {
        if let Some(&next) = read_ids.get(at + 1) {
            let logprob = f64::from(logits[next as usize] - log_sum(processor, logits));
            logprobs[at + 1 - before] = Some(logprob);
        }
        !cancel.is_cancelled()
    })?;
    if !read {
        return Ok(Exit::Interrupted);
    }
    let known: Vec<f64> = logprobs.iter().copied().flatten().collect();
    let perplexity =
        (!known.is_empty()).then(|| (-known.iter().sum::<f64>() / known.len() as f64).exp());
    let tokens = ids
        .into_iter()
        .zip(texts)
        .zip(logprobs)
        .map(|((id, text), logprob)| Token { id, text, logprob })
        .collect();
    let document = Document { schema: SCHEMA, model: name, adapter, tokens, perplexity };
    if context.global.json {
        context.print_json(&document)?;
    } else {
        print(context.stdout, &document)?;
    }
    Ok(Exit::Done)
}

fn print(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    let shown = |token: &Token| clean(&token.text.escape_debug().to_string()).into_owned();
    let wide = document.tokens.iter().map(|token| shown(token).width()).max().unwrap_or(0).max(5);
    writeln!(out, "{:wide$}  {:>7}  P(token | text before)", "Token", "ln P")?;
    for token in &document.tokens {
        let text = shown(token);
        let gap = wide - text.width();
        match token.logprob {
            None => writeln!(out, "{text}")?,
            Some(logprob) => {
                let probability = logprob.exp();
                let bar = "█".repeat((probability * BAR as f64).round() as usize);
                let line = format!("{text}{:gap$}  {logprob:>7.2}  {:>5.1} % {bar}", "", probability * 100.0);
                writeln!(out, "{}", line.trim_end())?;
            }
        }
    }
    match document.perplexity {
        Some(perplexity) => writeln!(out, "\nPerplexity {perplexity:.2}: as unsure as between so many equal choices."),
        None => Ok(()),
    }
}
