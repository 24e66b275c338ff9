//! `perennial campaign ledger`.

use serde_json::json;

use super::office::office;
use crate::cli::{Context, Exit, SCHEMA};
use crate::review::spreadsheet::Sheet;
use crate::workspace::LedgerLine;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the campaign.
    #[arg(value_name = "NAME")]
    name: String,
    /// Only lines that hold this text: a customer, an address, a code, a Message-ID, a state, an arm, or
    /// what came back: bounced, clicked, unsubscribed.
    #[arg(long, value_name = "TEXT", default_value = "")]
    find: String,
    /// Most lines (default: all).
    #[arg(long, value_name = "N")]
    most: Option<usize>,
    /// As CSV, safe for spreadsheets.
    #[arg(long)]
    csv: bool,
}

/// # Errors
/// It was not launched; the database cannot be read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let office = office(context)?;
    let campaign = office.launched(&args.name)?;
    let lines = office.store.find_sends(campaign.id, &args.find, args.most.unwrap_or(usize::MAX).min(i64::MAX as usize))?;
    if context.global.json {
        context.print_json(&json!({ "schema": SCHEMA, "name": args.name, "sends": lines }))?;
        return Ok(Exit::Done);
    }
    if args.csv {
        let mut sheet = Sheet::new(&mut *context.stdout);
        sheet.row(["customer_id", "arm", "segment", "state", "at", "address", "coupon_code", "message_id", "came_back", "detail"])?;
        for line in &lines {
            let came_back = answers(line, " ");
            let line = &line.send;
            let at = when(line.at);
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            sheet.row([
                line.customer.as_str(),
                &line.arm,
                &line.segment,
                line.state.name(),
                &at,
                &text(&line.address),
                &text(&line.coupon),
                &text(&line.message_id),
                &came_back,
                &text(&line.detail),
            ])?;
        }
        sheet.finish()?;
        return Ok(Exit::Done);
    }
    for line in &lines {
        let (send, came_back) = (&line.send, answers(line, ", "));
        let said = [came_back.as_str(), send.detail.as_deref().unwrap_or("")];
        let said: Vec<&str> = said.into_iter().filter(|part| !part.is_empty()).collect();
        context.print_text(&format!(
            "{:<12} {:<10} {:<10} {}  {}",
            send.customer,
            send.arm,
            line.state(),
            when(send.at),
            said.join("; ")
        ))?;
    }
    Ok(Exit::Done)
}

/// What came back to a message.
fn answers(line: &LedgerLine, between: &str) -> String {
    line.came_back.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(between)
}

/// A moment in UTC, to the second.
pub(super) fn when(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
