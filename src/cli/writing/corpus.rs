//! `perennial writing corpus`: what a model learns the trade from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::cli::{Context, Exit, SCHEMA};
use crate::corpus;

/// Check the messages that a model is tuned on, and see them as it does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files or folders of a corpus; the one that comes along where none is named.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Show so many messages as the model is given them.
    #[arg(long, value_name = "N")]
    show: Option<usize>,
    /// Decides which are shown, and what they are filled with.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
}

/// # Errors
/// A file cannot be read, or is no part of a corpus.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let corpus = if args.files.is_empty() { corpus::shipped()? } else { corpus::read_files(&args.files)? };
    let facts = corpus::shipped_facts()?;
    if let Some(count) = args.show {
        let mut shown = corpus::examples(&corpus, &facts, args.seed, 0);
        let step = (shown.len() / count.max(1)).max(1);
        let first = args.seed as usize % step;
        shown = shown.into_iter().skip(first).step_by(step).take(count).collect();
        if context.global.json {
            let shown: Vec<_> = shown.iter().map(|one| json!({ "prompt": one.prompt, "text": one.text })).collect();
            context.print_json(&json!({ "schema": SCHEMA, "examples": shown }))?;
        } else {
            for one in shown {
                context.print_text(&format!("{}{}\n\n", one.prompt, one.text))?;
            }
        }
        return Ok(Exit::Done);
    }
    let findings = corpus::lint(&corpus, &facts);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (group, _) in corpus.messages() {
        let language = if group.chinese { "zh" } else { "en" };
        *counts.entry(format!("{language} {}", group.kind.name())).or_default() += 1;
    }
    let filled = corpus::examples(&corpus, &facts, args.seed, 0);
    let distinct = |chinese| {
        let all = corpus.messages().zip(&filled).filter(move |((group, _), _)| group.chinese == chinese);
        corpus::distinct_2(all.map(|(_, example)| example.text.as_str()))
    };
    let distinct = [("en", distinct(false)), ("zh", distinct(true))];
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA, "messages": corpus.len(), "counts": counts,
            "distinct_2": distinct.iter().copied().collect::<BTreeMap<_, _>>(), "findings": findings,
        }))?;
    } else {
        for finding in &findings {
            context.print_text(&format!(
                "{}: {}\n  {}: {}\n",
                finding.place, finding.text, finding.rule, finding.detail
            ))?;
        }
        let of: Vec<String> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
        context.print_text(&format!(
            "{} messages ({}), {} of them to be mended\n",
            corpus.len(),
            of.join(", "),
            findings.len()
        ))?;
        for (language, distinct) in distinct {
            if let Some(distinct) = distinct {
                context.print_text(&format!("filled once, {language}: distinct-2 {distinct:.2}\n"))?;
            }
        }
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::StoppedByCheck })
}
