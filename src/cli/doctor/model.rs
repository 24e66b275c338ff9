//! The language model: whether it is here, and whole.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::Finding;
use crate::cli::Context;
use crate::tui::numbers::bytes;
use crate::tui::text::clean;
use crate::writing::TextEngine as _;
use crate::writing::adapter::Adapter;
use crate::writing::catalogue::{Choice, Entry};
use crate::writing::families;
use crate::writing::folder::Folder;
use crate::writing::gguf::Gguf;
use crate::writing::served::{Address, Served, Server, Settings};

pub(super) fn look(context: &Context<'_>) -> Finding {
    let wanted = &context.config.writing.model;
    match Choice::of(&context.config.writing) {
        Ok(Choice::Served(served)) => {
            let (address, settings) = *served;
            server(address, settings, context)
        }
        Ok(Choice::Templates) => finding("none: messages take the strategies' own texts".into()),
        Ok(Choice::Named(entry)) => named(&entry),
        Ok(Choice::File(path)) => file(&path),
        Ok(Choice::Folder(path)) => folder(&path),
        Err(error) => finding(wanted.clone()).problem(sentence(&error.to_string())),
    }
}

/// The adapter that stands beside the model, and those that could; `None` where there are none and none is wanted.
pub(super) fn adapter(context: &Context<'_>) -> Option<Finding> {
    let finding = |found: String| Finding::new("model", "adapter", found);
    let names: Vec<String> = context.library().list().into_iter().map(|found| found.name).collect();
    let there = if names.is_empty() { String::new() } else { format!("; here: {}", clean(&names.join(", "))) };
    match context.adapter(None) {
        Err(error) => Some(finding("cannot be used".into()).problem(sentence(&error.to_string()))),
        Ok(None) if names.is_empty() => None,
        Ok(None) => Some(finding(format!("none stands beside the model{there}"))),
        Ok(Some(place)) => Some(match Adapter::read(&place) {
            Ok(adapter) => {
                let name = clean(&adapter.identity.name).into_owned();
                finding(format!("{name}, rank {}, {}{there}", adapter.rank(), place.shown()))
            }
            Err(error) => finding(place.short_name()).problem(sentence(&error.to_string())),
        }),
    }
}

/// Whether the server answers, and takes the key.
fn server(address: Address, settings: Settings, context: &Context<'_>) -> Finding {
    let (host, open) = (address.host().to_owned(), address.is_open());
    let server = match Server::new(address, settings) {
        Ok(server) => server,
        Err(error) => return finding(format!("a server, {host}")).problem(sentence(&error.to_string())),
    };
    let key = server.has_key();
    let mut engine = Served::new(server);
    match engine.greet(&context.cancel) {
        Ok(_) => {
            let name = clean(&engine.identity().name).into_owned();
            let found = finding(format!("{name}, a server that answers, {}", if key { "with a key" } else { "no key" }));
            if open && key {
                return found.warn(
                    "The key and the texts can be read on their way: use an https:// address where the server has one.",
                );
            }
            found
        }
        Err(error) => finding(format!("a server, {host}, that cannot write now")).problem(sentence(&error.to_string())),
    }
}

fn finding(found: String) -> Finding {
    Finding::new("model", "model", found)
}

fn named(entry: &Entry) -> Finding {
    let path = match entry.path() {
        Ok(path) => path,
        Err(error) => return finding(entry.name.clone()).problem(sentence(&error.to_string())),
    };
    let size = bytes(entry.bytes);
    let again = "Fetch it again: perennial model pull.";
    if !path.exists() {
        return finding(format!("{} ({size}) is not here yet", entry.name)).warn(
            "The dashboard fetches it in the background; or fetch it now: perennial model pull. Without it, \
             messages take the strategies' own texts.",
        );
    }
    match sha256(&path) {
        Ok(found) if found == entry.sha256 => with_room(
            finding(format!("{}, {size}, checksum right, {}", entry.name, path.display())),
            Gguf::open(&path).ok().as_ref(),
        ),
        Ok(_) => finding(format!("{} is not the file that was published", path.display())).problem(again),
        Err(error) => finding(format!("{} cannot be read: {error}", path.display())).problem(again),
    }
}

fn file(path: &Path) -> Finding {
    match Gguf::open(path) {
        Ok(gguf) => {
            let about = format!("{}, {}, {}", path.display(), gguf.architecture(), gguf.quantisation());
            with_room(finding(about), Some(&gguf))
        }
        Err(error) => finding(path.display().to_string()).problem(sentence(&error.to_string())),
    }
}

/// Whether there is memory for it, too.
fn with_room(found: Finding, gguf: Option<&Gguf>) -> Finding {
    match gguf.map(families::check_memory) {
        Some(Err(why)) => found.problem(sentence(&why)),
        _ => found,
    }
}

fn folder(path: &Path) -> Finding {
    match Folder::open(path) {
        Ok(folder) => {
            let family = folder.config.get("model_type").and_then(serde_json::Value::as_str);
            finding(format!("{}, {}, {}", path.display(), family.unwrap_or("unnamed"), folder.weights.kind()))
        }
        Err(error) => finding(path.display().to_string()).problem(sentence(&error.to_string())),
    }
}

/// In hexadecimal.
fn sha256(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => hash.update(&block[..read]),
        }
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Words of an error as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
