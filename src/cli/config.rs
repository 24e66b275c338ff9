//! `perennial config`: what the settings are and where they come from.

use std::fmt::Write as _;

use serde_json::json;

use super::{Context, Exit, SCHEMA};
use crate::config::{PROJECT_FILE, keys, schema, user_file};

/// The settings in force, where they come from, and what there is to set.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub what: What,
}

/// What to show.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Every setting in force, each with its origin; the output is a valid perennial.toml.
    Print,
    /// The files that are read, in the order of precedence.
    Path,
    /// The JSON schema of perennial.toml, for editors.
    Schema,
    /// Every setting as a table in Markdown: what it means, what may stand there, its default.
    #[command(hide = true)]
    Reference,
}

/// Shows it.
///
/// # Errors
/// Stdout cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    match args.what {
        What::Print => print(context)?,
        What::Path => path(context)?,
        What::Schema if context.global.json => {
            context.print_json(&json!({ "schema": SCHEMA, "json_schema": schema() }))?;
        }
        What::Schema => {
            serde_json::to_writer_pretty(&mut *context.stdout, &schema())?;
            writeln!(context.stdout)?;
        }
        What::Reference if context.global.json => {
            context.print_json(&json!({ "schema": SCHEMA, "markdown": reference() }))?;
        }
        What::Reference => context.stdout.write_all(reference().as_bytes())?,
    }
    Ok(Exit::Done)
}

fn print(context: &mut Context<'_>) -> anyhow::Result<()> {
    let entries: Vec<_> = context.settings.entries().collect();
    if context.global.json {
        let settings: Vec<_> = entries
            .iter()
            .map(|entry| {
                json!({ "key": entry.path.join("."), "value": entry.value, "origin": entry.origin.to_string() })
            })
            .collect();
        return context.print_json(&json!({ "schema": SCHEMA, "settings": settings }));
    }
    let mut section: Option<&[String]> = None;
    for entry in &entries {
        let (name, table) =
            entry.path.split_last().map_or((String::new(), &[][..]), |(name, table)| (quoted(name), table));
        if section != Some(table) {
            let heading = table.iter().map(|step| quoted(step)).collect::<Vec<_>>().join(".");
            writeln!(context.stdout, "{}[{heading}]", if section.is_some() { "\n" } else { "" })?;
            section = Some(table);
        }
        let assignment = format!("{name} = {}", entry.value);
        writeln!(context.stdout, "{assignment:<48} # {}", entry.origin)?;
    }
    Ok(())
}

/// A name as a key of TOML.
fn quoted(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare { name.to_owned() } else { toml::Value::from(name).to_string() }
}

fn path(context: &mut Context<'_>) -> anyhow::Result<()> {
    let project = context.workspace.as_ref().map(|folder| folder.join(PROJECT_FILE));
    let files = [("project", project), ("user", user_file())];
    if context.global.json {
        let files: Vec<_> = files
            .iter()
            .filter_map(|(whose, path)| Some((whose, path.as_ref()?)))
            .map(|(whose, path)| json!({ "whose": whose, "path": path, "exists": path.is_file() }))
            .collect();
        return context.print_json(&json!({ "schema": SCHEMA, "files": files }));
    }
    for (whose, path) in files {
        let line = match path {
            Some(path) if path.is_file() => format!("{whose:<8} {}", path.display()),
            Some(path) => format!("{whose:<8} {} (not there)", path.display()),
            None => format!("{whose:<8} none: no folder with a {PROJECT_FILE} here or above"),
        };
        writeln!(context.stdout, "{line}")?;
    }
    Ok(())
}

/// The settings as a table in Markdown: the text of `docs/guide/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut text =
        String::from("| Setting | What it means | Takes | Default | Variable |\n|---|---|---|---|---|\n");
    for key in keys() {
        let meaning = key.meaning.replace('|', "\\|");
        let default = key.default.map_or_else(|| "absent".into(), |default| format!("`{default}`"));
        let variable = key.variable.map_or_else(|| "file only".into(), |name| format!("`{name}`"));
        let _ = writeln!(text, "| `{}` | {meaning} | {} | {default} | {variable} |", key.path, key.kind);
    }
    text
}
