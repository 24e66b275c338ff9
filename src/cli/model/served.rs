//! A server's models: which it has, and which of them writes.

use std::io;

use serde::Serialize;

use crate::cli::Context;
use crate::config::WritingConfig;
use crate::tui::text::clean;
use crate::writing::TextEngine as _;
use crate::writing::catalogue::Choice;
use crate::writing::served::{Offered, Served, Server};

/// A server that answers.
#[derive(Serialize)]
pub(super) struct Answering {
    /// Host and model, as in drafts.
    pub name: String,
    host: String,
    address: String,
    /// Whether a key was shown to it.
    key: bool,
    models: Vec<Offered>,
}

/// The server that a text, or else the settings, name; `None` where that is none.
pub(super) fn chosen(model: Option<&str>, context: &Context<'_>) -> anyhow::Result<Option<Server>> {
    let settings = &context.config.writing;
    let model = model.unwrap_or(&settings.model).to_owned();
    // A wrong name is told by what uses it.
    match Choice::of(&WritingConfig { model: model.clone(), ..settings.clone() }) {
        Ok(Choice::Served(served)) => {
            let (address, settings) = *served;
            Ok(Some(Server::new(address, settings)?))
        }
        Err(error) if Choice::is_address(&model) => Err(error.into()),
        _ => Ok(None),
    }
}

/// Asks it which models it has.
pub(super) fn ask(server: Server, context: &Context<'_>) -> anyhow::Result<Answering> {
    let (host, address, key) =
        (server.address.host().to_owned(), server.address.to_string(), server.has_key());
    let mut engine = Served::new(server);
    let models = context.work(|task| {
        task.progress(format!("asking {host}"), 0, None);
        engine.greet(task.cancel())
    })?;
    Ok(Answering { name: engine.identity().name.clone(), host, address, key, models })
}

impl Answering {
    pub(super) fn print(&self, context: &mut Context<'_>) -> io::Result<()> {
        let key = if self.key { "with a key" } else { "without a key" };
        writeln!(context.stdout, "{}  at {}, {key}", clean(&self.name), self.address)?;
        for model in &self.models {
            writeln!(context.stdout, "  {}", clean(&model.name))?;
        }
        Ok(())
    }
}
