//! `perennial writing`: how well the model writes, and whether it writes the same again.

mod eval;

use super::{Context, Exit};

/// How well the model writes: drafts for many briefs, and the rules on each.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Writes a draft for each brief of a file and counts those that pass every rule.
    Eval(eval::Args),
}

/// # Errors
/// As the action.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    match &args.action {
        Action::Eval(args) => eval::run(args, context),
    }
}
