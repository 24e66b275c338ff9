//! `perennial campaign status`.

use serde_json::{Value, json};

use super::ledger::when;
use super::office::{now, office};
use crate::campaign::dispatch::is_sending;
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::{Campaign, CampaignState, SendState};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
}

/// # Errors
/// There is no such campaign.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let office = office(context)?;
    let Some(campaign) = office.store.campaign(&args.name)? else {
        if office.workspace.campaign_plan(&args.name)?.is_none() {
            return office.launched(&args.name).map(|_| Exit::Failed);
        }
        if context.global.json {
            context.print_json(&json!({ "schema": SCHEMA, "name": args.name, "state": "planned" }))?;
        } else {
            context.print_text(&format!("{} is planned, and was not launched", args.name))?;
        }
        return Ok(Exit::Done);
    };
    let tally = office.store.tally(campaign.id)?;
    let why = match campaign.state {
        CampaignState::Stopped => office.store.why_stopped(&args.name)?,
        _ => None,
    };
    let came_back = office.store.came_back(campaign.id)?;
    let next = office.store.next_due(campaign.id)?;
    let count = |state: SendState| tally.values().filter_map(|states| states.get(&state)).sum::<u64>();
    if context.global.json {
        let arms: Vec<Value> = tally
            .iter()
            .map(|(arm, states)| {
                let states: serde_json::Map<String, Value> =
                    states.iter().map(|(state, count)| (state.name().to_owned(), (*count).into())).collect();
                json!({ "name": arm, "states": states })
            })
            .collect();
        let states: serde_json::Map<String, Value> =
            SendState::ALL.into_iter().map(|state| (state.name().to_owned(), count(state).into())).collect();
        let answers: serde_json::Map<String, Value> =
            came_back.iter().map(|(kind, count)| (kind.name().to_owned(), (*count).into())).collect();
        context.print_json(&json!({
            "schema": SCHEMA,
            "name": args.name,
            "state": campaign.state,
            "fingerprint": campaign.fingerprint,
            "launched_at": campaign.launched_at,
            "ended_at": campaign.ended_at,
            "next_due": next,
            "why": why,
            "states": states,
            "arms": arms,
            "came_back": answers,
        }))?;
        return Ok(Exit::Done);
    }
    let sending = is_sending(&office.folder);
    context.print_text(&format!("{} is {}{}", args.name, campaign.state.name(), more(&campaign, why.as_deref(), (next, sending))))?;
    for state in SendState::ALL {
        if count(state) > 0 {
            context.print_text(&format!("  {:>9}  {}", count(state), state.name()))?;
        }
    }
    if !came_back.is_empty() {
        context.print_text("What came back to them:")?;
    }
    for (kind, count) in &came_back {
        context.print_text(&format!("  {count:>9}  {}", kind.name()))?;
    }
    if count(SendState::Unknown) > 0 {
        context.print_text(&format!(
            "Nobody knows whether the unknown ones were taken. Give the log of the server or the provider to `perennial campaign resolve {}`, or say \
             what is to become of them.",
            args.name
        ))?;
    }
    if count(SendState::Handing) > 0 && !sending {
        context.print_text(&format!(
            "A program was stopped while it handed messages over, and nobody knows yet whether they were taken. The next `perennial \
             campaign send {}` looks.",
            args.name
        ))?;
    }
    Ok(Exit::Done)
}

/// What is to be known of the state besides its name. `next`: when the next message may go out, and whether a program sends now.
fn more(campaign: &Campaign, why: Option<&str>, (next, sending): (Option<i64>, bool)) -> String {
    let name = &campaign.name;
    match (campaign.state, why) {
        (CampaignState::Stopped, Some(why)) => {
            format!(": {}. `perennial campaign resume {name}` lets it go on", why.trim_end_matches('.'))
        }
        (CampaignState::Sending, _) if !sending && next.is_none() => {
            format!(": nothing waits, and it is done when `perennial campaign resolve {name}` has settled the rest")
        }
        (CampaignState::Sending, _) if !sending => match next.filter(|next| *next > now()) {
            Some(next) => format!(
                ", and no program sends now: the next message may go out at {}, with `perennial campaign send {name}`",
                when(next)
            ),
            None => format!(", and no program sends now: `perennial campaign send {name}` goes on"),
        },
        _ => String::new(),
    }
}
