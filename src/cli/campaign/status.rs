//! `perennial campaign status`.

use serde_json::{Value, json};

use super::office::office;
use crate::campaign::dispatch::is_sending;
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::SendState;

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
        context.print_json(&json!({
            "schema": SCHEMA,
            "name": args.name,
            "state": campaign.state,
            "fingerprint": campaign.fingerprint,
            "launched_at": campaign.launched_at,
            "ended_at": campaign.ended_at,
            "next_due": next,
            "states": states,
            "arms": arms,
        }))?;
        return Ok(Exit::Done);
    }
    context.print_text(&format!("{} is {}", args.name, campaign.state.name()))?;
    for state in SendState::ALL {
        if count(state) > 0 {
            context.print_text(&format!("  {:>9}  {}", count(state), state.name()))?;
        }
    }
    if count(SendState::Unknown) > 0 {
        context.print_text(&format!(
            "Nobody knows whether the unknown ones were taken. Give the server's log to `perennial campaign resolve {}`, or say \
             what is to become of them.",
            args.name
        ))?;
    }
    if count(SendState::Handing) > 0 && !is_sending(&office.folder) {
        context.print_text(&format!(
            "A program was stopped while it handed messages over, and nobody knows yet whether they were taken. The next `perennial \
             campaign send {}` looks.",
            args.name
        ))?;
    }
    Ok(Exit::Done)
}
