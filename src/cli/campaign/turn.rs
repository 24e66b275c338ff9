//! `perennial campaign pause`, `resume` and `cancel`.

use serde_json::json;

use super::office::{actor, now, office};
use crate::campaign::approval::may_not_resume;
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::CampaignState;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// Who does it (default: the user of this machine).
    #[arg(long = "as", value_name = "PERSON")]
    person: Option<String>,
    /// Why, for the audit.
    #[arg(long, value_name = "TEXT", default_value = "")]
    why: String,
}

/// What becomes of the campaign.
#[derive(Clone, Copy, Debug)]
pub enum To {
    Paused,
    Sending,
    Cancelled,
}

/// # Errors
/// It was not launched, or has come to its end.
pub fn run(args: &Args, to: To, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut office = office(context)?;
    let campaign = office.launched(&args.name)?;
    let was = campaign.state;
    let (state, told) = match to {
        To::Paused => (CampaignState::Paused, "is paused: nothing more is handed over"),
        To::Sending => (CampaignState::Sending, "goes on with the next `perennial campaign send`"),
        To::Cancelled => (CampaignState::Cancelled, "is cancelled: what was not sent stays unsent"),
    };
    if let (To::Sending, Some(why)) = (to, may_not_resume(&office.store, &campaign)?) {
        writeln!(context.stderr, "perennial: {why}")?;
        return Ok(Exit::StoppedByCheck);
    }
    office.store.turn_campaign(campaign.id, state, now(), &actor(args.person.as_deref()), &args.why)?;
    if context.global.json {
        context.print_json(&json!({ "schema": SCHEMA, "name": args.name, "state": state }))?;
    } else if was == state {
        context.print_text(&format!("{} is {} already: nothing was changed", args.name, state.name()))?;
    } else {
        context.print_text(&format!("{} {told}", args.name))?;
    }
    Ok(Exit::Done)
}
