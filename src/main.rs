//! Starts the dashboard or a command.

use clap::Parser;

fn main() -> std::process::ExitCode {
    let _ = perennial::cli::Cli::parse();
    std::process::ExitCode::SUCCESS
}
