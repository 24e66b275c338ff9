//! `perennial tune --from-approved`: the shop's own voice, from what people approved and edited.

use std::io::Write as _;

use serde::Serialize;

use super::{Args, far, minutes};
use crate::cli::serve::folder;
use crate::cli::voice::{failed, report};
use crate::cli::{Context, Exit, SCHEMA, UsageError};
use crate::data::today;
use crate::own_voice::{self, Ask, Learning, STEPS, Step, Told, Version, Voices, words};
use crate::workspace::{Workspace, person};

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    voice: &'a Version,
}

pub(super) fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let steps = args.steps.unwrap_or(STEPS);
    if steps == 0 {
        return Err(UsageError("--steps is at least 1".into()).into());
    }
    let workspace = Workspace::open(folder(context)?)?;
    let voices = Voices::of(workspace.folder());
    if let Some(stopped) = voices.stopped().filter(|_| !args.resume) {
        anyhow::bail!(
            "the learning of a voice was stopped{}: go on with --resume, or remove {} to begin anew",
            far(stopped.steps()),
            voices.work_folder().display()
        );
    }
    let library = own_voice::library(Some(workspace.folder()));
    let config = context.config.clone();
    let by = person();
    let learning = Learning {
        workspace: &workspace,
        config: &config,
        library: &library,
        ask: Ask { steps, seed: args.seed, resume: args.resume },
        by: &by,
        at: jiff::Timestamp::now().as_millisecond(),
        sending: today(),
    };
    let (told, lines) = (!context.global.quiet, !context.progress);
    let learnt = context.work(|task| {
        own_voice::learn(&learning, task, &mut |now| {
            if told {
                tell(&now, lines);
            }
        })
    });
    let version = match learnt {
        Ok(version) => version,
        Err(error) => {
            if let Some(stopped) = voices.stopped().filter(|_| error.is_cancelled()) {
                let far = far(stopped.steps());
                writeln!(context.stderr, "What was learnt is kept{far}: go on with --resume.")?;
            }
            return Err(failed(error));
        }
    };
    if context.global.json {
        context.print_json(&Document { schema: SCHEMA, voice: &version })?;
        return Ok(Exit::Done);
    }
    let number = version.number;
    let text = format!(
        "{}\nIt is a proposal: nobody writes with it yet.\n  perennial voice accept {number}   to write with it\n  \
         perennial voice back       to go back to what was there before\n",
        report(&version)
    );
    context.print_text(&text)?;
    Ok(Exit::Done)
}

/// What is told while it learns, on stderr; steps between two looks only where no line is drawn again and again.
fn tell(now: &Told, lines: bool) {
    let mut text = String::new();
    match now {
        Told::Learns(counts) => {
            text.push_str("Learns from:\n");
            for line in words::lessons(counts) {
                text.push_str(&format!("  {line}\n"));
            }
        }
        Told::Step(Step { step, of, loss, held_out: Some(held_out), seconds_left, sample }) => {
            if lines {
                text = format!(
                    "step {step} of {of}, loss {loss:.3}, held out {held_out:.3}, {} left\n",
                    minutes(*seconds_left)
                );
            }
            if let Some(sample) = sample {
                text.push_str(&format!("  {}: {}\n", sample.strategy, sample.text));
            }
        }
        Told::Step(_) | Told::Judges { .. } => return,
    }
    let wipe = if lines { "" } else { "\r\x1b[2K" };
    // A terminal that has gone away is no reason to stop the work.
    let _ = write!(std::io::stderr(), "{wipe}{}", crate::cli::voice::clean_lines(&text));
}
