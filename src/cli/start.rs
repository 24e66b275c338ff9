//! From the command line to the end of the process.
//!
//! The order matters: settings first, then the sizes of the thread pools (polars, candle and rayon fix
//! theirs at first use), then signals, then the command.

use std::ffi::OsString;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::context::{kept_folder, named_sources};
use super::{Cli, Command, Context, Exit, Global, UsageError, exit};
use crate::config::{Layers, PROJECT_FILE, Settings, nearest};
use crate::jobs::Cancel;

/// Runs the program. `set_threads` is told the number of threads for pools that read it from the
/// environment, before any of them exists.
#[must_use]
pub fn main(set_threads: impl FnOnce(usize)) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors: clap prints them on stdout with status 0.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    let ended =
        one_place(&cli, std::env::args_os()).map_err(Into::into).and_then(|()| run(&cli, set_threads));
    let exit = match ended {
        Ok(exit) => exit,
        Err(error) if exit::is_broken_pipe(&error) => Exit::Done,
        Err(error) => {
            let exit = Exit::of(&error);
            let words = if exit == Exit::Interrupted {
                "perennial: interrupted".into()
            } else {
                exit::explain(&error)
            };
            let _ = writeln!(std::io::stderr(), "{words}");
            exit
        }
    };
    ExitCode::from(exit.code())
}

fn run(cli: &Cli, set_threads: impl FnOnce(usize)) -> anyhow::Result<Exit> {
    let workspace = find_workspace(cli)?;
    let (settings, settings_error) = match settings_of(cli, workspace.as_deref()) {
        Ok(settings) => (settings, None),
        // Whoever has made a mistake there asks what is wrong.
        Err(error) if matches!(cli.command, Some(Command::Doctor(_))) => {
            (Layers::with_defaults().finish()?, Some(error.to_string()))
        }
        Err(error) => return Err(error),
    };
    let mut config = settings.config().clone();
    if workspace.is_some() || !named_sources(&cli.global, &settings).is_empty() {
        config.brand = config.brand.of_another_shop();
    } else {
        config.sending = config.sending.of_the_sample();
    }

    let threads = threads(cli.command.is_none());
    set_threads(threads);
    // Fails only where the pool exists already, and then it has a size.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();

    let cancel = Cancel::default();
    if cli.command.is_some() {
        watch_signals(&cancel)?;
    }

    let mut stdout = BufWriter::new(std::io::stdout().lock());
    let mut stderr = std::io::stderr();
    let mut context = Context {
        config,
        settings,
        workspace,
        settings_error,
        cancel,
        progress: !cli.global.quiet && stderr.is_terminal(),
        global: cli.global.clone(),
        stdout: &mut stdout,
        stderr: &mut stderr,
    };
    let exit = match &cli.command {
        Some(command) => command.run(&mut context)?,
        None => super::open::run(&mut context)?,
    };
    stdout.flush()?;
    Ok(exit)
}

/// Options may stand before or after the command. Of those that may be repeated clap keeps only what follows the
/// command, and a folder before a command would be read as a project's: both are told, not guessed.
fn one_place(cli: &Cli, words: impl Iterator<Item = OsString>) -> Result<(), UsageError> {
    if let (Some(folder), Some(_)) = (&cli.workspace_folder, &cli.command) {
        let folder = folder.display();
        return Err(UsageError(format!(
            "`{folder}` stands before the command. If it is the project's folder, name it with --workspace {folder}; \
             see `perennial help` for the commands."
        )));
    }
    let words: Vec<OsString> = words.take_while(|word| word != "--").collect();
    for (option, taken) in [("--data", cli.global.data.len()), ("--set", cli.global.set.len())] {
        let is_it = |word: &OsString| {
            let rest = word.to_str().and_then(|word| word.strip_prefix(option));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        if words.iter().filter(|word| is_it(word)).count() > taken {
            return Err(UsageError(format!(
                "{option} stands both before and after the command. Put all of them on one side."
            )));
        }
    }
    Ok(())
}

/// The project: named, or the nearest folder upwards that holds a `perennial.toml`.
fn find_workspace(cli: &Cli) -> anyhow::Result<Option<PathBuf>> {
    let named = cli.workspace_folder.clone().or_else(|| cli.global.workspace.clone());
    let named = named.or_else(|| std::env::var_os("PERENNIAL_WORKSPACE").map(PathBuf::from));
    if let Some(folder) = named {
        // `init` makes it.
        if !folder.is_dir() && !matches!(cli.command, Some(Command::Init(_))) {
            if let Some(word) = cli.workspace_folder.as_ref().and_then(|word| word.to_str()) {
                return Err(not_a_folder(word).into());
            }
            anyhow::bail!(
                "{} is not a folder. Name the folder of a project, or make one with `perennial init`.",
                folder.display()
            );
        }
        return Ok(Some(folder));
    }
    let here = std::env::current_dir()?;
    Ok(here.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file()).map(Path::to_path_buf))
}

/// A lone word is a folder, or a command that was not written quite right.
fn not_a_folder(word: &str) -> UsageError {
    let command = Cli::command();
    let near = nearest(word, command.get_subcommands().map(clap::Command::get_name));
    let remedy = near.map_or_else(
        || {
            "Name the folder of a project, make one with `perennial init`, or see `perennial help`."
                .to_owned()
        },
        |near| format!("Did you mean `perennial {near}`?"),
    );
    UsageError(format!("`{word}` is neither a command nor a folder. {remedy}"))
}

/// The settings of a project's folder, over the user's and the built-in ones, under the environment and flags.
/// The settings in force for what the command line names.
fn settings_of(cli: &Cli, workspace: Option<&Path>) -> anyhow::Result<Settings> {
    let settings = load_settings(&cli.global, workspace)?;
    // What the dashboard wrote when these files were last open: names of segments, the mapping of columns.
    if workspace.is_none()
        && let Ok(kept) = kept_folder(&cli.global, &settings)
        && kept.join(PROJECT_FILE).is_file()
    {
        return load_settings(&cli.global, Some(&kept));
    }
    Ok(settings)
}

fn load_settings(global: &Global, workspace: Option<&Path>) -> anyhow::Result<Settings> {
    let mut layers = Layers::with_defaults();
    if let Some(file) = crate::config::user_file().filter(|file| file.is_file()) {
        layers.add_file(&file)?;
    }
    if let Some(file) = workspace.map(|folder| folder.join(PROJECT_FILE)).filter(|file| file.is_file()) {
        layers.add_file(&file)?;
    }
    layers.add_environment(std::env::vars_os())?;
    for assignment in &global.set {
        layers.add_flag(assignment)?;
    }
    if let Some(model) = &global.model {
        layers.add_value("writing.model", model, "--model")?;
    }
    if let Some(adapter) = &global.adapter {
        layers.add_value("writing.adapter", adapter, "--adapter")?;
    }
    Ok(layers.finish()?)
}

/// Threads for work: all cores for a command. The dashboard keeps one for keys and drawing where that
/// leaves at least two; on smaller machines the scheduler shares better than we could.
fn threads(dashboard: bool) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if dashboard && cores > 2 { cores - 1 } else { cores }
}

/// Turns the first Ctrl-C (or a request of the system to end) into a cancelled task, and the second into
/// the end of the process, should the work not listen.
fn watch_signals(cancel: &Cancel) -> anyhow::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let cancel = cancel.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in signals.forever() {
            if cancel.is_cancelled() {
                let _ = writeln!(std::io::stderr(), "\rperennial: interrupted");
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            cancel.cancel();
        }
    })?;
    Ok(())
}
