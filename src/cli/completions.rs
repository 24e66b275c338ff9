//! `perennial completions`: what a shell needs to complete our words.

use clap::{CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, Context, Exit, SCHEMA};

/// Completions for a shell, to be sourced from its start file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_parser = shell_by_name, value_name = "SHELL", help = "bash, elvish, fish, powershell or zsh")]
    pub shell: Shell,
}

fn shell_by_name(name: &str) -> Result<Shell, String> {
    Shell::from_str(name, true)
}

/// Prints the script.
///
/// # Errors
/// Stdout cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    // The generator panics where it cannot write: let it write to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "perennial", &mut script);
    if context.global.json {
        let (shell, script) = (args.shell.to_string(), String::from_utf8_lossy(&script));
        context.print_json(&json!({ "schema": SCHEMA, "shell": shell, "script": script }))?;
        return Ok(Exit::Done);
    }
    context.stdout.write_all(&script)?;
    Ok(Exit::Done)
}
