//! `perennial campaign resolve`: what becomes of messages of which nobody knows whether they were taken.
//!
//! Proof is the Message-ID: a log of the mail server, or any other text, names those that it took.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::office::{actor, now, office};
use crate::campaign::proof::Proof;
use crate::cli::{Context, Exit, SCHEMA, UsageError};
use crate::workspace::{CampaignState, Change, Deed, SendState};

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("choice").required(true).multiple(false))]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// A text that holds the Message-ID of everything that the server took, such as its log: what stands in it was taken, and
    /// what does not is sent again, if the log has all those that are known to be taken, and of later ones too.
    #[arg(long, value_name = "FILE", group = "choice")]
    log: Option<PathBuf>,
    /// All of them were taken.
    #[arg(long, group = "choice")]
    taken: bool,
    /// None of them was taken: they are sent again, under the same Message-ID.
    #[arg(long, group = "choice")]
    resend: bool,
    /// Who decides (default: the user of this machine).
    #[arg(long = "as", value_name = "PERSON")]
    person: Option<String>,
}

/// # Errors
/// It was not launched; the log cannot be read; the campaign was ended, and nothing of it is sent again; the database cannot be
/// written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut office = office(context)?;
    let campaign = office.launched(&args.name)?;
    let ended = campaign.state == CampaignState::Cancelled;
    if ended && args.resend {
        return Err(UsageError(format!(
            "the campaign {} was ended, and nothing of it is sent any more. Say --taken, or give the log with --log: what does \
             not stand in it counts as not sent.",
            args.name
        ))
        .into());
    }
    let unknown = office.store.sends_in(campaign.id, SendState::Unknown)?;
    let proof = match &args.log {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let accepted = office.store.sends_in(campaign.id, SendState::Accepted)?;
            Some(Proof::new(&String::from_utf8_lossy(&bytes), &accepted))
        }
        None => None,
    };
    let at = now();
    let (mut taken, mut again, mut left) = (0, 0, 0);
    let mut changes = Vec::new();
    for line in &unknown {
        let is_taken = proof.as_ref().map_or(args.taken, |proof| proof.names(line));
        if is_taken {
            taken += 1;
            changes.push(Change::Accepted { id: line.id, detail: "taken, as somebody has found out since".into() });
        } else if proof.as_ref().is_none_or(|proof| proof.covers(line)) {
            again += 1;
            changes.push(Change::Back { id: line.id });
        } else {
            left += 1;
        }
    }
    let mut state = office.store.advance(campaign.id, &changes, at)?;
    if ended {
        office.store.cancel_waiting(campaign.id, at)?;
    }
    let document = json!({ "taken": taken, "sent_again": if ended { 0 } else { again }, "left": left });
    let person = actor(args.person.as_deref());
    office.store.note(Deed { at, actor: &person, action: "resolve", subject: &args.name, document: &document })?;
    let is_over = matches!(state, CampaignState::Done | CampaignState::Cancelled);
    if !is_over && office.store.is_settled(campaign.id)? {
        state = CampaignState::Done;
        office.store.turn_campaign(campaign.id, state, at, &person, "nothing is left to send")?;
    }
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA, "name": args.name, "taken": taken, "sent_again": if ended { 0 } else { again }, "left": left,
            "state": state,
        }))?;
    } else {
        let name = &args.name;
        let next = match state {
            CampaignState::Done => "and the campaign is done".to_owned(),
            CampaignState::Cancelled => format!("{again} count as not sent: the campaign was ended"),
            CampaignState::Paused | CampaignState::Stopped => format!(
                "{again} go out as soon as the campaign goes on: `perennial campaign resume {name}`, then `perennial campaign send \
                 {name}`"
            ),
            CampaignState::Sending => format!("{again} go out with the next `perennial campaign send {name}`"),
        };
        if left == 0 || taken + again > 0 {
            context.print_text(&format!("{taken} were taken, {next}"))?;
        }
    }
    if let Some(proof) = proof.filter(|_| left > 0) {
        writeln!(context.stderr, "perennial: {}", proof.lacks(left))?;
        return Ok(Exit::StoppedByCheck);
    }
    Ok(Exit::Done)
}
