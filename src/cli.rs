//! The commands. Data goes to stdout, talk to stderr; `--json` prints exactly one document.
//!
//! One file per command: its arguments (`Args`), and `run`, which returns how the command ended.
//! To add a command: a file `cli/<name>.rs`, and one line in the list of commands below.
//!
//! An error is a cause, a place and a remedy on stderr, and stdout stays empty: a reader of `--json`
//! never has to tell a document of data from a document of complaint.

mod context;
mod document;
mod exit;
mod grouped;
mod measured;
mod open;
mod sending;
mod start;

pub use context::Context;
pub use exit::{Exit, UsageError};
pub use start::main;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Version of every JSON document that a command prints, in its `schema` field.
pub const SCHEMA: u32 = 1;

/// A terminal dashboard for the people who look after an online shop's customers.
///
/// Without a command it opens the dashboard: on the project in the folder given, on the project around the
/// current folder, or else on the sample shop.
#[derive(Debug, Parser)]
#[command(
    name = "perennial",
    version,
    about,
    after_help = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 stopped by a check, 130 interrupted."
)]
pub struct Cli {
    /// Folder of the project to open; the sample shop without it.
    #[arg(value_name = "WORKSPACE")]
    pub workspace_folder: Option<PathBuf>,
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Global {
    /// Folder of the project (default: the nearest one that holds a perennial.toml).
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    pub workspace: Option<PathBuf>,
    /// File or folder with the shop's tables, read in place of the project's; may be repeated.
    #[arg(long, global = true, value_name = "PATH", help_heading = "Everywhere")]
    pub data: Vec<PathBuf>,
    /// Print exactly one JSON document on stdout.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// Catalogue name, GGUF file, model's folder, address of a model server (`http://host:8000/v1`), or `none` for templates only.
    #[arg(long, global = true, value_name = "MODEL", help_heading = "Everywhere")]
    pub model: Option<String>,
    /// Adapter beside a model on this machine: its name, its folder, its `adapter_model.safetensors`, or `none`.
    #[arg(long, global = true, value_name = "ADAPTER", help_heading = "Everywhere")]
    pub adapter: Option<String>,
    /// A setting for this run only, as in `--set segments.k=5`; may be repeated.
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = "Everywhere")]
    pub set: Vec<String>,
    /// No progress on stderr; errors are still told.
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub quiet: bool,
}

/// The list of commands: the module (a file in `cli/`), and the name of its variant.
macro_rules! commands {
    ($($module:ident $variant:ident),* $(,)?) => {
        $(mod $module;)*

        /// What to do.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($variant($module::Args),)*
        }

        impl Command {
            /// Does it.
            ///
            /// # Errors
            /// Whatever kept the command from its end; told on stderr with its causes.
            pub fn run(&self, context: &mut Context<'_>) -> anyhow::Result<Exit> {
                match self {
                    $(Self::$variant(args) => $module::run(args, context),)*
                }
            }
        }
    };
}

commands! {
    check Check,
    segments Segments,
    customers Customers,
    preview Preview,
    run Run,
    review Review,
    campaign Campaign,
    coupons Coupons,
    results Results,
    report Report,
    serve Serve,
    feedback Feedback,
    suppressions Suppressions,
    customer Customer,
    audit Audit,
    model Model,
    writing Writing,
    tune Tune,
    voice Voice,
    sample Sample,
    init Init,
    doctor Doctor,
    keys Keys,
    config Config,
    completions Completions,
}

/// Every command and what it is for, as a table in Markdown: the README's.
#[must_use]
pub fn commands_table() -> String {
    use std::fmt::Write as _;

    use clap::CommandFactory as _;
    let mut table = String::from("| Command | What it does |\n|---|---|\n");
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(table, "| `perennial {}` | {} |", command.get_name(), about.replace('|', "\\|"));
    }
    table
}
