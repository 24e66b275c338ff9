//! `perennial campaign list`.

use serde_json::json;

use super::office::office;
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::SendState;

#[derive(Debug, clap::Args)]
pub struct Args {}

/// # Errors
/// The project cannot be read.
pub fn run(_: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let office = office(context)?;
    let launched = office.store.campaigns()?;
    let mut rows = Vec::new();
    for campaign in &launched {
        let tally = office.store.tally(campaign.id)?;
        let count = |state| tally.values().filter_map(|states| states.get(&state)).sum::<u64>();
        rows.push((
            campaign.name.clone(),
            campaign.state.name(),
            Some((count(SendState::Accepted), count(SendState::Intended), count(SendState::Holdout))),
        ));
    }
    for name in office.workspace.campaign_plans()? {
        if !launched.iter().any(|campaign| campaign.name == name) {
            rows.push((name, "planned", None));
        }
    }
    if context.global.json {
        let campaigns: Vec<_> = rows
            .iter()
            .map(|(name, state, sent)| {
                json!({
                    "name": name,
                    "state": state,
                    "accepted": sent.map(|sent| sent.0),
                    "waiting": sent.map(|sent| sent.1),
                    "holdout": sent.map(|sent| sent.2),
                })
            })
            .collect();
        context.print_json(&json!({ "schema": SCHEMA, "campaigns": campaigns }))?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        context.print_text(
            "There is no campaign yet. Approve a draft in Review, then: perennial campaign plan NAME --strategy STRATEGY \
             --segment SEGMENT",
        )?;
    }
    for (name, state, sent) in rows {
        let sent = sent.map_or_else(String::new, |(accepted, waiting, holdout)| {
            format!("  {accepted} sent, {waiting} waiting, {holdout} held out")
        });
        context.print_text(&format!("{name:<24} {state:<10}{sent}"))?;
    }
    Ok(Exit::Done)
}
