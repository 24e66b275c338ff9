//! `perennial review`: the drafts that wait for a decision, without the dashboard.

use serde_json::json;

use super::{Context, Exit, SCHEMA};
use crate::jobs::Failure;
use crate::review::decision::{Author, DraftId, Status};
use crate::review::passes;
use crate::review::queue::{Filter, Show};
use crate::tui::work::reviewing::Cabinet;

/// The drafts that wait for a decision: list, approve, reject, edit.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists drafts with what stands about each.
    List {
        /// Which: open, approved, rejected or all.
        #[arg(long, value_name = "STATUS", default_value = "all", value_parser = ["open", "approved", "rejected", "all"])]
        show: String,
    },
    /// Approves a draft that breaks no rule.
    Approve {
        #[arg(value_name = "DRAFT_ID")]
        draft: i64,
    },
    /// Rejects a draft.
    Reject {
        #[arg(value_name = "DRAFT_ID")]
        draft: i64,
        /// Why: whoever writes the next one reads it.
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
    /// Gives a slot of a draft another text; an approval of the draft ends with it.
    Edit {
        #[arg(value_name = "DRAFT_ID")]
        draft: i64,
        /// Number of the slot, counted from 1.
        #[arg(long, value_name = "N", default_value_t = 1)]
        slot: usize,
        /// What is to stand there.
        #[arg(long, value_name = "TEXT")]
        text: String,
    },
}

/// # Errors
/// There is no such draft, it breaks a rule, or the database cannot be used.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut cabinet = Cabinet::open(&context.folder()?, context.config.banned_words()).map_err(told)?;
    let at = jiff::Timestamp::now().as_millisecond();
    let by = Author::Person;
    let (id, done) = match &args.action {
        Action::List { show } => return list(show, &cabinet, context),
        Action::Approve { draft } => {
            let check = cabinet.check();
            match cabinet.store.approve(DraftId(*draft), at, by, &check) {
                Ok(_) => {}
                Err(error @ crate::workspace::WorkspaceError::Refused(_)) => {
                    writeln!(context.stderr, "perennial: {error}")?;
                    return Ok(Exit::StoppedByCheck);
                }
                Err(error) => return Err(error.into()),
            }
            (*draft, "approved")
        }
        Action::Reject { draft, because } => {
            cabinet.store.reject(DraftId(*draft), at, by, because)?;
            (*draft, "rejected")
        }
        Action::Edit { draft, slot, text } => {
            cabinet.store.edit(DraftId(*draft), at, by, slot.saturating_sub(1), text)?;
            (*draft, "edited")
        }
    };
    // What stands in its way now; who edits sees it at once.
    let queue = if done == "edited" { Some(cabinet.queue().map_err(told)?) } else { None };
    let item = queue.as_ref().and_then(|queue| queue.item(DraftId(id)));
    let broken: Vec<_> = item.map(|item| item.failures().collect()).unwrap_or_default();
    if context.global.json {
        context.print_json(&json!({ "schema": SCHEMA, "draft": id, "done": done, "broken": broken }))?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![format!("draft {id} is {done}")];
    if !broken.is_empty() {
        lines.push("It cannot be approved as it is:".to_owned());
        lines.extend(broken.iter().map(|check| format!("  {}: {}", check.rule, check.detail)));
    }
    context.print_text(&lines.join("\n"))?;
    Ok(Exit::Done)
}

fn list(show: &str, cabinet: &Cabinet, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let show = match show {
        "open" => Show::Open,
        "approved" => Show::Approved,
        "rejected" => Show::Rejected,
        _ => Show::All,
    };
    let queue = cabinet.queue().map_err(told)?;
    let items: Vec<_> = queue.shown(&Filter { show, ..Filter::default() }).collect();
    let status = |status: &Status| match status {
        Status::Open => "open",
        Status::Approved { .. } => "approved",
        Status::Rejected { .. } => "rejected",
    };
    if context.global.json {
        let drafts: Vec<_> = items
            .iter()
            .map(|item| {
                json!({
                    "id": item.id,
                    "strategy": item.draft.strategy,
                    "segment": item.draft.segment,
                    "status": status(&item.standing.status),
                    "passes": passes(&item.checks),
                    "slots": item.standing.slots,
                    "text": cabinet.text(item),
                })
            })
            .collect();
        context.print_json(&json!({ "schema": SCHEMA, "drafts": drafts }))?;
        return Ok(Exit::Done);
    }
    if items.is_empty() {
        context.print_text("There are no drafts here. Write some with `perennial preview --strategy S --segment G --keep`.")?;
    }
    for item in items {
        let rules = if passes(&item.checks) { "" } else { "  breaks a rule" };
        context.print_text(&format!(
            "{:>5}  {:<22} {:<3} {:<9}{rules}  {}",
            item.id.0,
            item.draft.strategy,
            item.draft.segment,
            status(&item.standing.status),
            item.standing.slots.first().map_or("", String::as_str)
        ))?;
    }
    Ok(Exit::Done)
}

fn told(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Cancelled => crate::jobs::Cancelled.into(),
        Failure::Failed(why) => anyhow::Error::msg(why),
    }
}
