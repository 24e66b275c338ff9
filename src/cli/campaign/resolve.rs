//! `perennial campaign resolve`: what becomes of messages of which nobody knows whether they were taken.
//!
//! Proof is the Message-ID: a log of the mail server, or any other text, names those that it took.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::office::{actor, now, office};
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::{CampaignState, Change, Deed, SendState};

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("choice").required(true).multiple(false))]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// A text that holds the Message-ID of everything that the server took, such as its log: what stands in it was taken, and
    /// what does not is sent again.
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
/// It was not launched; the log cannot be read; the database cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut office = office(context)?;
    let campaign = office.launched(&args.name)?;
    let unknown = office.store.sends_in(campaign.id, SendState::Unknown)?;
    let named: Option<HashSet<String>> = match &args.log {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            Some(ids_in(&String::from_utf8_lossy(&bytes)))
        }
        None => None,
    };
    let at = now();
    let (mut taken, mut again) = (0, 0);
    let changes: Vec<Change> = unknown
        .iter()
        .map(|line| {
            let is_taken = match &named {
                Some(named) => line.message_id.as_ref().is_some_and(|id| named.contains(id)),
                None => args.taken,
            };
            if is_taken {
                taken += 1;
                Change::Accepted { id: line.id, detail: "taken, as somebody has found out since".into() }
            } else {
                again += 1;
                Change::Back { id: line.id }
            }
        })
        .collect();
    let mut state = office.store.advance(campaign.id, &changes, at)?;
    let document = json!({ "taken": taken, "sent_again": again });
    let person = actor(args.person.as_deref());
    office.store.note(Deed { at, actor: &person, action: "resolve", subject: &args.name, document: &document })?;
    let is_over = matches!(state, CampaignState::Done | CampaignState::Cancelled);
    if !is_over && office.store.is_settled(campaign.id)? {
        state = CampaignState::Done;
        office.store.turn_campaign(campaign.id, state, at, &person, "nothing is left to send")?;
    }
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA, "name": args.name, "taken": taken, "sent_again": again, "state": state,
        }))?;
    } else if state == CampaignState::Done {
        context.print_text(&format!("{taken} were taken, and the campaign is done"))?;
    } else {
        context.print_text(&format!(
            "{taken} were taken, {again} go out with the next `perennial campaign send {}`",
            args.name
        ))?;
    }
    Ok(Exit::Done)
}

/// Everything in a text that has the form of a Message-ID.
fn ids_in(text: &str) -> HashSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '@' | '.' | '-' | '_' | '+');
    text.split(|letter: char| !is_part(letter))
        .filter(|word| word.contains('@'))
        .map(|word| word.trim_end_matches('.').to_owned())
        .collect()
}
