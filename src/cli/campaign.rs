//! `perennial campaign`: plans, approves, sends and follows campaigns.

mod approve;
mod ledger;
mod list;
mod office;
mod plan;
mod preview;
mod resolve;
mod send;
mod status;
mod turn;

use super::{Context, Exit};

/// Plan, approve, send and follow campaigns: who gets what, when, exactly once.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists the project's campaigns, and how far each is.
    List(list::Args),
    /// Shows what a plan comes to: funnel, arms, what can be shown, cost, checks. With --strategy it makes the plan's file first.
    Plan(plan::Args),
    /// Makes every check that must hold before sending; ends with status 3 where one does not.
    Preflight(plan::CheckArgs),
    /// Writes a browser page with each version as its recipients see it, or prints them; no coupon code is spent.
    Preview(preview::Args),
    /// Sends one version to yourself, with a code that is none.
    Test(preview::TestArgs),
    /// Approves a campaign as it is now; any change afterwards voids it.
    Approve(approve::Args),
    /// Takes an approval back.
    Withdraw(approve::Args),
    /// Launches an approved campaign and hands its messages over, or goes on with one that was launched.
    Send(send::Args),
    /// How far a campaign is.
    Status(status::Args),
    /// Lists lines of the ledger: what was to go to whom, and what became of it.
    Ledger(ledger::Args),
    /// Stops a campaign for a while.
    Pause(turn::Args),
    /// Lets a campaign that was paused, or stopped by itself, go on; `campaign send` sends it then.
    Resume(turn::Args),
    /// Ends a campaign: what was not sent stays unsent, and its coupon codes go back.
    Cancel(turn::Args),
    /// Decides about messages of which nobody knows whether they were taken.
    Resolve(resolve::Args),
}

/// # Errors
/// As the action.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    match &args.action {
        Action::List(args) => list::run(args, context),
        Action::Plan(args) => plan::run(args, context),
        Action::Preflight(args) => plan::check(args, context),
        Action::Preview(args) => preview::run(args, context),
        Action::Test(args) => preview::test(args, context),
        Action::Approve(args) => approve::run(args, true, context),
        Action::Withdraw(args) => approve::run(args, false, context),
        Action::Send(args) => send::run(args, context),
        Action::Status(args) => status::run(args, context),
        Action::Ledger(args) => ledger::run(args, context),
        Action::Pause(args) => turn::run(args, turn::To::Paused, context),
        Action::Resume(args) => turn::run(args, turn::To::Sending, context),
        Action::Cancel(args) => turn::run(args, turn::To::Cancelled, context),
        Action::Resolve(args) => resolve::run(args, context),
    }
}
