//! `perennial writing replay`: writes a stored draft again, and compares.
//!
//! In: the number of a draft, as Review shows it. Out: whether the same bytes come out of the same record, or what is not
//! as it was.

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::cli::{Context, Exit, SCHEMA};
use crate::review::decision::DraftId;
use crate::strategy;
use crate::workspace::Workspace;
use crate::writing::FinishReason;
use crate::writing::catalogue::Choice;
use crate::writing::replay::replay;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Number of the draft: Review shows it under "Written by".
    #[arg(value_name = "DRAFT_ID")]
    draft: i64,
}

/// # Errors
/// There is no such draft, its strategy is lost, or there is no model.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let folder = context.folder()?;
    let store = Workspace::open(&folder)?.store()?;
    let draft = store.draft(DraftId(args.draft))?.draft;
    // What is written again is what the model wrote; a person may have put other words there.
    let edited: Vec<usize> = store
        .standing(DraftId(args.draft))?
        .slots
        .iter()
        .zip(&draft.slots)
        .enumerate()
        .filter(|(_, (now, written))| **now != written.text)
        .map(|(slot, _)| slot + 1)
        .collect();
    let source = store.template(&draft.strategy, &draft.strategy_version)?.with_context(|| {
        format!("the strategy {} as it was then is lost: the draft cannot be written again", draft.strategy)
    })?;
    let Ok(strategy) = strategy::parse(&draft.strategy, &source) else {
        bail!("the strategy {} as it was then cannot be read by this program", draft.strategy);
    };
    let needed = draft.slots.iter().any(|slot| slot.finish_reason != FinishReason::Template);
    let choice = if needed { Choice::of(&context.config.writing)? } else { Choice::Templates };
    let mut engine = context.work(|task| choice.fetch_and_load(task))?;
    // The adapter that stood beside the model then, where one of that name is here still.
    let library = context.library();
    let place = draft.model.adapter.as_ref().and_then(|adapter| library.named(&adapter.name));
    let place = match &draft.model.adapter {
        Some(_) if place.is_none() => context.adapter(None)?,
        _ => place,
    };
    engine.adapt(place.as_ref(), &context.cancel)?;
    let banned_words = &context.config.banned_words();
    let found = replay(&draft, &strategy, banned_words, engine.as_mut(), &context.cancel)?;
    let same = found.is_same();
    if context.global.json {
        let slots: Vec<_> = found
            .slots
            .iter()
            .map(|slot| json!({ "stored": slot.stored, "again": slot.again, "same": slot.is_same() }))
            .collect();
        context.print_json(&json!({
            "schema": SCHEMA,
            "draft": args.draft,
            "strategy": draft.strategy,
            "seed": draft.seed,
            "model": draft.model,
            "same": same,
            "edited": edited,
            "slots": slots,
            "differs": found.differs,
        }))?;
    } else {
        let out = &mut *context.stdout;
        for (number, slot) in found.slots.iter().enumerate() {
            match &slot.again {
                None => writeln!(out, "slot {}: the strategy's own text, as it was\n  {}", number + 1, slot.stored)?,
                Some(_) if slot.is_same() => writeln!(out, "slot {}: the same\n  {}", number + 1, slot.stored)?,
                Some(again) => {
                    writeln!(out, "slot {}: different\n  then  {}\n  now   {again}", number + 1, slot.stored)?;
                }
            }
        }
        for slot in &edited {
            writeln!(out, "slot {slot} was edited by hand since: compared is what the model wrote, not what stands there now")?;
        }
        for what in &found.differs {
            writeln!(out, "not as it was: {what}")?;
        }
        if !same && found.differs.is_empty() {
            writeln!(out, "nothing that the record holds differs: another processor, or another build of the program")?;
        }
    }
    Ok(if same { Exit::Done } else { Exit::StoppedByCheck })
}
