//! `perennial campaign send`: launches what is approved, and sends it on.

use std::cell::Cell;
use std::io::{BufRead as _, IsTerminal as _};
use std::time::{Duration, Instant};

use serde_json::json;

use super::office::{actor, ground, now, office, prospect, shop};
use super::plan::{checks_told, funnel_told};
use crate::campaign::dispatch::{Dispatch, dispatch, launch};
use crate::campaign::preflight::is_clear;
use crate::campaign::sending::Pulse;
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::CampaignState;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// Who launches it (default: the user of this machine).
    #[arg(long = "as", value_name = "PERSON")]
    person: Option<String>,
    /// Does not ask for the campaign's name before it is launched. Nobody is asked where stdin is no terminal.
    #[arg(long)]
    yes: bool,
    /// Waits so many minutes at most for messages that may go out later: quiet hours, another attempt (default: what is due now
    /// goes out, and the rest with the next call).
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    wait: u64,
}

/// # Errors
/// The plan is wrong; the channel, the data or the database cannot be used; interrupted.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut office = office(context)?;
    let grouped = shop(context)?;
    let mut dossier = office.dossier(&args.name, &grouped, context)?;
    if dossier.launched.is_none() {
        let files = office.folder.join(&context.config.sending.folder).join(&args.name);
        if files.exists() {
            writeln!(
                context.stderr,
                "perennial: {} is there, and this database knows of no launch of {}: it may have been sent before. Look into that folder \
                 first.",
                files.display(),
                args.name
            )?;
        }
        let prospect = prospect(&office, &dossier, &grouped, context)?;
        if !is_clear(&prospect.checks) {
            writeln!(context.stderr, "{}", checks_told(&prospect.checks).trim_end())?;
            writeln!(context.stderr, "perennial: nothing was sent.")?;
            if context.global.json {
                context.print_json(&json!({
                    "schema": SCHEMA, "name": args.name, "state": "planned", "clear": false, "checks": prospect.checks,
                }))?;
            }
            return Ok(Exit::StoppedByCheck);
        }
        if !args.yes && std::io::stdin().is_terminal() && !confirmed(&args.name, &dossier, context)? {
            writeln!(context.stderr, "perennial: nothing was sent.")?;
            return Ok(Exit::StoppedByCheck);
        }
        let actor = actor(args.person.as_deref());
        let around = ground(&grouped, context);
        let to = office.line(&dossier, context).map_err(anyhow::Error::msg)?.said().to_owned();
        context.work(|task| launch(&dossier, &mut office.store, around, (&actor, &to), now(), task))?;
        dossier = office.dossier(&args.name, &grouped, context)?;
    }
    let was_done =
        dossier.launched.as_ref().is_some_and(|campaign| campaign.state == CampaignState::Done);
    let line = office.line(&dossier, context).map_err(anyhow::Error::msg)?;
    let shown = Cell::new(None::<Instant>);
    let quiet = context.global.quiet || !context.progress;
    let watch = |pulse: &Pulse| {
        let due = shown.get().is_none_or(|at| at.elapsed() > Duration::from_millis(500));
        if quiet || !due {
            return;
        }
        shown.set(Some(Instant::now()));
        let left = pulse.seconds_left.map_or_else(String::new, |left| format!(", {left:.0} s left"));
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!(
                "\r\x1b[2K{} sent, {} waiting, {:.0} a second{left}",
                pulse.accepted, pulse.waiting, pulse.per_second
            )
            .as_bytes(),
        );
    };
    let order = Dispatch {
        dossier: &dossier,
        ground: ground(&grouped, context),
        line: &line,
        folder: &office.folder.clone(),
        patience: Duration::from_secs(60 * args.wait),
        now: &now,
        watch: &watch,
    };
    let cancel = context.cancel.clone();
    let task = crate::jobs::Task::new(&cancel, &|_| {});
    let (report, leftovers) = dispatch(&order, &mut office.store, &task)?;
    if !quiet {
        write!(context.stderr, "\r\x1b[2K")?;
    }
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA,
            "name": args.name,
            "to": line.said(),
            "report": report,
            "after_a_crash": leftovers,
        }))?;
    } else {
        let mut told = format!(
            "{}: {} sent, {} failed, {} unknown, {} waiting, to {}",
            report.state.name(),
            report.accepted,
            report.failed,
            report.unknown,
            report.waiting,
            line.said()
        );
        if let Some(why) = &report.why {
            told.push_str(&format!("\n{why}"));
        }
        if was_done {
            told.push_str("\nIt had been sent before: nothing was left to send.");
        }
        context.print_text(&told)?;
        if report.unknown > 0 {
            context.print_text(&format!(
                "Nobody knows whether {} were taken: see `perennial campaign resolve {}`.",
                report.unknown, args.name
            ))?;
        }
    }
    Ok(match report.state {
        _ if cancel.is_cancelled() => Exit::Interrupted,
        CampaignState::Stopped => Exit::Failed,
        CampaignState::Sending | CampaignState::Paused | CampaignState::Done | CampaignState::Cancelled => {
            Exit::Done
        }
    })
}

/// Shows the counts and asks for the campaign's name.
fn confirmed(
    name: &str,
    dossier: &crate::campaign::dossier::Dossier,
    context: &mut Context<'_>,
) -> anyhow::Result<bool> {
    write!(context.stderr, "{}", funnel_told(&dossier.audience.funnel()))?;
    write!(
        context.stderr,
        "A message that is out cannot be called back. Type the campaign's name to send it: "
    )?;
    context.stderr.flush()?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim() == name)
}
