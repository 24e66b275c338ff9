//! `perennial voice`: the shop's own voices, which one is in use, and the ways between them.

use std::fmt::Write as _;

use serde::Serialize;

use super::serve::folder;
use super::{Context, Exit, SCHEMA, tune};
use crate::own_voice::{Damaged, OwnVoiceError, Standing, Underway, Version, Voices, name_of, words};
use crate::tui::text::clean;
use crate::workspace::person;

/// The shop's own voices: what each is worth, which one is in use, and the ways between them.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every version with its figures before and after (also without a word).
    List,
    /// Write with a version from now on.
    Accept {
        #[arg(value_name = "N", value_parser = number)]
        number: u32,
    },
    /// Go back to the version before, in the end to the house's, or no adapter.
    Back,
}

#[derive(Serialize)]
struct List<'a> {
    schema: u32,
    current: Option<u32>,
    versions: &'a [Version],
    damaged: &'a [Damaged],
}

#[derive(Serialize)]
struct Changed {
    schema: u32,
    current: Option<u32>,
    before: Option<u32>,
}

/// # Errors
/// There is no such version, none to go back from, or the folder cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let voices = Voices::of(&folder(context)?);
    let now = || jiff::Timestamp::now().as_millisecond();
    let before = voices.current().map_err(failed)?;
    let (current, text) = match &args.what {
        None | Some(What::List) => return list(&voices, context),
        Some(What::Accept { number }) => {
            voices.accept(*number, &person(), now()).map_err(failed)?;
            let then = match &context.config.writing.adapter {
                None => "what is written from now on is written with it.".to_owned(),
                Some(adapter) => format!(
                    "but the settings name the adapter {adapter}, which comes before it: take `adapter` under [writing] away to \
                     write with the voice."
                ),
            };
            let text = format!(
                "{} is in use: {then} `perennial voice back` goes back to {}.",
                name_of(*number),
                named(before.filter(|before| before != number))
            );
            (Some(*number), text)
        }
        Some(What::Back) => {
            let to = voices.back(&person(), now()).map_err(failed)?;
            (to, format!("Back to {}.", named(to)))
        }
    };
    if context.global.json {
        context.print_json(&Changed { schema: SCHEMA, current, before })?;
    } else {
        context.print_text(&text)?;
    }
    Ok(Exit::Done)
}

fn list(voices: &Voices, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let listed = voices.list().map_err(failed)?;
    if context.global.json {
        let (versions, damaged) = (&listed.versions[..], &listed.damaged[..]);
        context.print_json(&List { schema: SCHEMA, current: listed.current, versions, damaged })?;
        return Ok(Exit::Done);
    }
    let underway = voices.underway();
    let mut text = String::new();
    for version in &listed.versions {
        let _ = writeln!(text, "{}", report(version));
    }
    for damaged in &listed.damaged {
        let _ = writeln!(text, "{}: {}\n", name_of(damaged.number), damaged.why);
    }
    if listed.versions.is_empty() && listed.damaged.is_empty() {
        text.push_str(match &underway {
            Some(_) => "There is no voice yet.\n",
            None => "There is no voice yet: learn one with `perennial tune --from-approved`.\n",
        });
    } else {
        let damaged = listed.damaged.iter().any(|damaged| Some(damaged.number) == listed.current);
        let way_out = if damaged { ", which cannot be used: `perennial voice back` leaves it" } else { "" };
        let _ = writeln!(text, "In use: {}{way_out}.", named(listed.current));
    }
    match underway {
        None => {}
        Some(Underway::Running) => text.push_str("A new voice is being learnt.\n"),
        Some(Underway::Stopped(stopped)) => {
            let far = stopped.steps().map_or_else(String::new, |(step, of)| format!(" after {step} of {of} steps"));
            let _ = writeln!(
                text,
                "The learning of a new voice was stopped{far}: `perennial tune --from-approved --resume` goes on."
            );
        }
    }
    context.print_text(&text)?;
    Ok(Exit::Done)
}

/// A voice by its number, or as it is called.
fn number(text: &str) -> Result<u32, String> {
    let digits = text.trim().trim_start_matches("voice").trim();
    digits.parse().map_err(|_| "give the number of a voice; `perennial voice` lists them".to_owned())
}

fn named(number: Option<u32>) -> String {
    number.map_or_else(|| "the house's, or no adapter".into(), name_of)
}

/// A version with its figures, and texts side by side.
pub(super) fn report(version: &Version) -> String {
    let report = &version.report;
    let standing = match version.standing {
        Standing::Proposed => "proposed",
        Standing::InUse => "in use",
        Standing::Earlier => "in use earlier",
    };
    let day = jiff::Timestamp::from_millisecond(report.learnt_at)
        .map_or_else(|_| "?".into(), |time| time.strftime("%F").to_string());
    let mut text = format!(
        "{}, {standing}: learnt on {day} by {} for {}, {}; step {} of {}\n",
        name_of(version.number),
        report.by,
        report.base.name,
        words::began(report),
        report.best_step,
        report.steps
    );
    for line in words::lessons(&report.learnt_from) {
        let _ = writeln!(text, "  {line}");
    }
    if let Some(words) = words::no_better(report) {
        let _ = writeln!(text, "  {words}");
    }
    let _ = writeln!(text, "  {}", words::verdict(report).1);
    let rows = words::compared(report);
    let wide = rows.iter().map(|row| row[0].len()).max().unwrap_or(0);
    let _ = writeln!(text, "  {:wide$}  {:>9}  {:>9}", "", "before", "after");
    for [what, before, after] in &rows {
        let _ = writeln!(text, "  {what:wide$}  {before:>9}  {after:>9}");
    }
    for pair in &report.side_by_side {
        let [before, after] = words::labels(pair);
        let wide = before.len().max(after.len());
        let _ = writeln!(
            text,
            "  {}\n    {before:wide$}  {}\n    {after:wide$}  {}",
            pair.strategy, pair.before, pair.after
        );
    }
    text
}

/// Lines that are harmless to a terminal.
pub(super) fn clean_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => format!("{}\n", clean(line)),
            None => clean(line).into_owned(),
        })
        .collect()
}

/// An error as a command tells it: who chose a model that cannot learn used it wrongly.
pub(super) fn failed(error: OwnVoiceError) -> anyhow::Error {
    match error {
        OwnVoiceError::Tuning(error) => tune::failed(error),
        other => other.into(),
    }
}
