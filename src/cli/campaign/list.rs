//! `perennial campaign list`.

use serde_json::json;

use super::office::office;
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::SendState;

#[derive(Debug, clap::Args)]
pub struct Args {}

/// What is counted of a campaign: its key in the document, its word for people, and the state.
const COLUMNS: [(&str, &str, SendState); 6] = [
    ("accepted", "sent", SendState::Accepted),
    ("waiting", "waiting", SendState::Intended),
    ("failed", "failed", SendState::Failed),
    ("unknown", "of unknown fate", SendState::Unknown),
    ("handing", "on the way", SendState::Handing),
    ("holdout", "held out", SendState::Holdout),
];

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
            Some(COLUMNS.map(|(_, _, state)| count(state))),
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
                let mut row = json!({ "name": name, "state": state });
                for (column, (key, ..)) in COLUMNS.into_iter().enumerate() {
                    row[key] = sent.map(|sent| sent[column]).into();
                }
                row
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
        let sent = sent.map_or_else(String::new, |sent| {
            let told = COLUMNS.into_iter().zip(sent).enumerate();
            // How many were sent is always told, and of the rest what there is.
            let told = told.filter(|(column, (_, count))| *column == 0 || *count > 0);
            let told: Vec<String> = told.map(|(_, ((_, word, _), count))| format!("{count} {word}")).collect();
            format!("  {}", told.join(", "))
        });
        context.print_text(&format!("{name:<24} {state:<10}{sent}"))?;
    }
    Ok(Exit::Done)
}
