//! `perennial campaign approve` and `perennial campaign withdraw`.

use serde_json::json;

use super::office::{actor, now, office, prospect, shop};
use super::plan::checks_told;
use crate::campaign::approval::{APPROVE, Hand, may_not_approve, note_plan};
use crate::campaign::preflight::in_the_way;
use crate::cli::{Context, Exit, SCHEMA};
use crate::workspace::{Deed, WorkspaceError, person as user};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// Who approves it (default: the user of this machine).
    #[arg(long = "as", value_name = "PERSON")]
    person: Option<String>,
    /// Approves only what has this fingerprint, or one that begins so: what was read, and nothing else.
    #[arg(long, value_name = "HASH")]
    fingerprint: Option<String>,
}

/// # Errors
/// There is no such plan, or it is wrong.
pub fn run(args: &Args, approve: bool, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut office = office(context)?;
    let person = actor(args.person.as_deref());
    let grouped = shop(context)?;
    let dossier = office.dossier(&args.name, &grouped, context)?;
    if dossier.launched.is_none() {
        let plan = (args.name.as_str(), dossier.source.as_str());
        note_plan(&mut office.store, plan, (&user(), Hand::Found), now())?;
    }
    let entries = office.store.audit_of(&args.name)?;
    let refusal = if approve {
        let launched = dossier.launched.as_ref().map(|_| "it was launched: there is nothing left to approve.".to_owned());
        let other = args.fingerprint.as_ref().filter(|wanted| !dossier.fingerprint.starts_with(wanted.as_str()));
        launched
            .or_else(|| {
                other.map(|wanted| {
                    format!("its fingerprint is {}, and not {wanted}: it has changed since it was read.", dossier.fingerprint)
                })
            })
            .or_else(|| may_not_approve(&dossier.plan, &context.config.campaign, &entries, &person))
    } else {
        None
    };
    // Nobody approves what cannot go out: to mend it would void the approval.
    if approve && refusal.is_none() {
        let checks = prospect(&office, &dossier, &grouped, context)?.checks;
        let checks: Vec<_> = in_the_way(&checks).cloned().collect();
        if !checks.is_empty() {
            write!(context.stderr, "{}", checks_told(&checks))?;
            writeln!(context.stderr, "perennial: the campaign {} is not approved: it could not go out.", args.name)?;
            return Ok(Exit::StoppedByCheck);
        }
    }
    if let Some(why) = refusal {
        writeln!(context.stderr, "perennial: the campaign {} is not approved: {why}", args.name)?;
        return Ok(Exit::StoppedByCheck);
    }
    let document = json!({ "fingerprint": dossier.fingerprint, "author": dossier.plan.author });
    if approve {
        let deed = Deed { at: now(), actor: &person, action: APPROVE, subject: &args.name, document: &document };
        office.store.note(deed)?;
    } else if let Err(refused) = office.store.withdraw_approval(&args.name, now(), &person, &document) {
        let WorkspaceError::Nothing(why) = refused else { return Err(refused.into()) };
        writeln!(context.stderr, "perennial: {why}")?;
        return Ok(Exit::StoppedByCheck);
    }
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA,
            "name": args.name,
            "approved": approve,
            "by": person,
            "fingerprint": dossier.fingerprint,
        }))?;
    } else if approve {
        context.print_text(&format!("{person} has approved {}, fingerprint {}", args.name, dossier.fingerprint))?;
    } else {
        context.print_text(&format!("{person} has taken the approval of {} back", args.name))?;
    }
    Ok(Exit::Done)
}
