//! `perennial campaign preview` and `perennial campaign test`: messages as their recipients see them.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::office::{ground, office, shop};
use crate::campaign::channel::Outcome;
use crate::campaign::message::{MessageError, Outgoing, SAMPLE_LINKS, Shown, page};
use crate::campaign::prospect::{line_of_tests, with_file};
use crate::data::Channel;
use crate::strategy::{Part, sms};
use crate::cli::{Context, Exit, SCHEMA, UsageError};
use crate::config::PROJECT_FILE;
use crate::workspace::{AtomicFile, Privacy};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// File for a page to be opened in a browser.
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// The customer whose facts are shown (default: the first one of each segment and arm).
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// Your own address.
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// The customer whose facts are shown (default: the first one of the first arm).
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Name of the arm (default: the first).
    #[arg(long, value_name = "ARM")]
    arm: Option<String>,
}

/// # Errors
/// The plan is wrong, the sender is not set up, or the page cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let Made { messages: made, samples } = specimens(&args.name, args.customer.as_deref(), None, context)?;
    if let Some(path) = &args.out {
        let shown: Vec<Shown<'_>> = made
            .iter()
            .filter_map(|(heading, message)| Some(Shown { heading, message: message.as_ref().ok()?, samples }))
            .collect();
        for (heading, message) in &made {
            if let Err(why) = message {
                writeln!(context.stderr, "perennial: {heading} is not on the page: {why}")?;
            }
        }
        let write = || {
            let mut file = AtomicFile::create(path, Privacy::Private)?;
            file.write_all(page(&args.name, &shown).as_bytes())?;
            file.commit()
        };
        write().with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if context.global.json {
        let messages: Vec<_> = made
            .iter()
            .map(|(heading, message)| match message {
                Err(why) => json!({ "version": heading, "customer": args.customer, "refused": why }),
                Ok(message) => json!({
                    "version": heading,
                    "to": message.recipient,
                    "message_id": message.message_id,
                    "text": message.text,
                    "links": message.links,
                    "sample_links": samples && !message.links.is_empty(),
                    "size": size(message),
                    "mail": String::from_utf8_lossy(&message.mail),
                }),
            })
            .collect();
        context.print_json(&json!({ "schema": SCHEMA, "name": args.name, "messages": messages }))?;
        return Ok(Exit::Done);
    }
    for (heading, message) in &made {
        let message = match message {
            Ok(message) => message,
            Err(why) => {
                let who = args.customer.as_deref().map_or_else(String::new, |who| format!(", to {who}"));
                context.print_text(&format!("— {heading}{who}: no message goes\n{why}\n"))?;
                continue;
            }
        };
        context.print_text(&format!("— {heading}, to {}", message.recipient))?;
        for (part, text) in &message.text {
            context.print_text(&format!("{}: {}", part.name(), text.trim_end()))?;
        }
        if samples && !message.links.is_empty() {
            context.print_text(&format!("links: {} (the {SAMPLE_LINKS})", message.links.join(", ")))?;
        }
        if let Some(size) = size(message) {
            context.print_text(&format!("size: {}", size.told()))?;
        }
        context.print_text("")?;
    }
    Ok(Exit::Done)
}

/// # Errors
/// As [`run`]; the message was not taken.
pub fn test(args: &TestArgs, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let made = specimens(&args.name, args.customer.as_deref(), Some(&args.to), context)?.messages;
    let wanted = args.arm.as_deref();
    let found = made
        .into_iter()
        .find(|(heading, _)| wanted.is_none_or(|arm| heading.split(" for ").next() == Some(arm)));
    let Some((heading, message)) = found else {
        return Err(
            UsageError(format!("the campaign {} has no arm {}.", args.name, wanted.unwrap_or("?"))).into()
        );
    };
    let message = message.map_err(anyhow::Error::msg)?;
    let mut office = office(context)?;
    let grouped = shop(context)?;
    let dossier = office.dossier(&args.name, &grouped, context)?;
    // Not among the campaign's own.
    let line =
        line_of_tests(&dossier, &context.config.sending, &office.folder).map_err(anyhow::Error::msg)?;
    let mut carrier = line.carrier()?;
    carrier.prepare(&message).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    match carrier.hand_over(&message) {
        Outcome::Accepted { reply } => {
            carrier.settle().map_err(|fault| anyhow::anyhow!("{fault}"))?;
            carrier.close();
            if context.global.json {
                context.print_json(&json!({
                    "schema": SCHEMA, "name": args.name, "version": heading, "to": args.to, "reply": reply,
                }))?;
            } else {
                context.print_text(&format!("{heading} went to {} ({}): {reply}", args.to, line.said()))?;
            }
            Ok(Exit::Done)
        }
        Outcome::Failed(fault) => Err(anyhow::anyhow!("the test was not taken: {fault}")),
        Outcome::Unknown { why } => Err(anyhow::anyhow!("nobody knows whether the test was taken: {why}")),
    }
}

/// What a text message costs; `None` for what is no text message.
fn size(message: &Outgoing) -> Option<sms::Sms> {
    let body = message.text.get(&Part::Body).filter(|_| message.channel == Channel::Sms)?;
    Some(sms::measure(body))
}

/// What there is to be seen of a campaign.
struct Made {
    /// Each version's message with the name of its arm and segment; of a customer that was asked for also why none goes.
    messages: Vec<(String, Result<Outgoing, String>)>,
    /// Their links lead to the door, and are samples.
    samples: bool,
}

fn specimens(
    name: &str,
    customer: Option<&str>,
    to: Option<&str>,
    context: &mut Context<'_>,
) -> anyhow::Result<Made> {
    let mut office = office(context)?;
    let grouped = shop(context)?;
    let dossier = office.dossier(name, &grouped, context)?;
    let row = match customer {
        Some(id) => Some(grouped.shop.customers.row_of(id).ok_or_else(|| {
            UsageError(format!(
                "there is no customer {id} in the shop's files. `perennial customers --find` finds one."
            ))
        })?),
        None => None,
    };
    let mut rows = dossier.rows();
    rows.extend(dossier.versions.all.iter().filter_map(|version| Some(dossier.reader_of(version)?.row)));
    rows.extend(row.map(|row| row as u32));
    // What is only shown needs no sender; what is sent does.
    let stand_in = dossier.shown_composer(&context.config).map_err(anyhow::Error::msg)?;
    let file = office.folder.join(PROJECT_FILE);
    if let Some((_, missing)) = &stand_in {
        let missing = with_file(missing, &file);
        anyhow::ensure!(to.is_none(), missing);
        writeln!(context.stderr, "perennial: it cannot be sent yet: {missing}")?;
    }
    let around = ground(&grouped, context);
    let writer = context.work(|task| match &stand_in {
        Some((composer, _)) => dossier.writer_by(composer, around, &rows, task),
        None => dossier.writer(around, &rows, task),
    })?;
    let mut made = Vec::new();
    for version in &dossier.versions.all {
        let first = dossier.reader_of(version);
        let Some(row) = row.or_else(|| first.map(|member| member.row as usize)) else { continue };
        let heading =
            format!("{} for {}", dossier.versions.arms[version.arm].0, dossier.plan.segments[version.segment]);
        let message = match (writer.specimen(version, row, to), to) {
            // What was typed is at fault, and not the customer.
            (Err(MessageError::Address(address, why)), Some(_)) => {
                return Err(UsageError(format!("--to: \"{address}\" is no address: {why}.")).into());
            }
            (Err(error), None) => Err(error.to_string()),
            (made, _) => Ok(made.map_err(|error| {
                anyhow::anyhow!("{heading} cannot be made for {}: {error}", grouped.shop.customers.id(row))
            })?),
        };
        made.push((heading, message));
    }
    Ok(Made { messages: made, samples: dossier.has_door() })
}
