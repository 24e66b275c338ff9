//! `perennial writing`: how well the model writes, and whether it writes the same again.

mod corpus;
mod eval;
mod replay;

use super::{Context, Exit};

/// How well the model writes, counted over many briefs, and whether it writes a draft the same again.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Writes a draft for each brief of a file and counts those that pass every rule.
    Eval(eval::Args),
    /// Checks the messages that a model learns the trade from, and shows them as it is given them.
    Corpus(corpus::Args),
    /// Writes a draft of Review again from its record: the same bytes, or what is not as it was.
    Replay(replay::Args),
}

/// # Errors
/// As the action.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    match &args.action {
        Action::Eval(args) => eval::run(args, context),
        Action::Corpus(args) => corpus::run(args, context),
        Action::Replay(args) => replay::run(args, context),
    }
}
