//! The commands. Data goes to stdout, talk to stderr; `--json` prints exactly one document.
//!
//! One file per command: its arguments, and `run`, which returns how the command ended.

use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// How a command ended; the process's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done,
    /// 1
    Failed,
    /// 2
    Usage,
    /// 3: findings, unapproved copy, pre-flight.
    StoppedByCheck,
    /// 130
    Interrupted,
}

impl Exit {
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::StoppedByCheck => 3,
            Self::Interrupted => 130,
        }
    }
}

/// A terminal dashboard for the people who look after an online shop's customers.
#[derive(Debug, Parser)]
#[command(name = "perennial", version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Folder of the project to open; the sample shop without it.
    pub workspace_folder: Option<PathBuf>,
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Global {
    /// Folder of the project.
    #[arg(long, global = true, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Files or folders with the shop's tables, read in place of the project's.
    #[arg(long, global = true, value_name = "PATH")]
    pub data: Vec<PathBuf>,
    /// Print exactly one JSON document on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Catalogue name, GGUF file, or `none` for templates only.
    #[arg(long, global = true, value_name = "MODEL")]
    pub model: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {}

/// What a command is given: the settings, where to read, and where to print.
pub struct Context<'a> {
    pub config: Config,
    pub global: Global,
    pub stdout: &'a mut dyn Write,
    pub stderr: &'a mut dyn Write,
}

/// Version of every JSON document that a command prints, in its `schema` field.
pub const SCHEMA: u32 = 1;
