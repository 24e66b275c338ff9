//! `perennial serve`.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{Context, Exit, SCHEMA};
use crate::door::{self, Door, WebhookSecret};
use crate::tui::text::clean;
use crate::workspace::Workspace;

/// Serve the pages behind the links in messages (unsubscribe, clicks, feedback), and take webhooks.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address and port to listen at (default: the setting door.bind); port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    /// `http://address:port`
    address: String,
    /// What links in messages begin with.
    base_url: String,
    webhooks: bool,
}

/// Serves until Ctrl-C or a request of the system to end; then what has begun is answered.
///
/// # Errors
/// The address is taken, the database cannot be written, or the webhook secret cannot be read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let mut config = context.config.clone();
    let bind = args.bind.clone().unwrap_or_else(|| config.door.bind.clone());
    let secret = WebhookSecret::find(config.door.webhook_secret_file.as_deref())?;
    let webhooks = secret.is_some();
    let store = Workspace::open(folder(context)?)?.store()?;
    let listener = TcpListener::bind(&bind).map_err(|error| {
        anyhow::anyhow!(
            "nothing can be served at {bind}: {error}. Give an address and port of this machine that is free with --bind, \
             as in 127.0.0.1:8081."
        )
    })?;
    let at = listener.local_addr()?;
    // Where no name was given, links lead here.
    config.door.bind = at.to_string();
    let base_url = config.door.base_url.clone().unwrap_or_else(|| format!("http://{at}"));
    let log = |what: &str| {
        let now = jiff::Timestamp::now().strftime("%FT%TZ");
        // A terminal that has gone away is no reason to stop serving.
        let _ = writeln!(std::io::stderr(), "{now} {}", clean(what));
    };
    let door = Arc::new(Door::new(store, &config, secret, log)?);
    if context.global.json {
        let address = format!("http://{at}");
        context.print_json(&Document { schema: SCHEMA, address, base_url: base_url.clone(), webhooks })?;
    } else {
        writeln!(context.stdout, "http://{at}")?;
    }
    context.stdout.flush()?;
    if !context.global.quiet {
        writeln!(context.stderr, "Links in messages lead to {}. Ctrl-C stops.", clean(&base_url))?;
        if config.door.base_url.is_none() {
            writeln!(
                context.stderr,
                "Customers cannot reach that from elsewhere: put a server with TLS before it, and its address under [door] \
                 base-url."
            )?;
        }
        if !webhooks {
            writeln!(
                context.stderr,
                "No webhook is taken: put a secret into a file and name it under [door] webhook-secret-file, or set \
                 PERENNIAL_WEBHOOK_SECRET."
            )?;
        }
    }
    door::serve(listener, door, &context.cancel)?;
    Ok(Exit::Done)
}

/// The folder of the project, or of the sample shop, which is made at the first call.
pub(super) fn folder(context: &Context<'_>) -> anyhow::Result<PathBuf> {
    if context.is_sample() {
        return Ok(Workspace::sample()?.folder().to_owned());
    }
    let folder = context.folder()?;
    if context.workspace.is_none() {
        crate::workspace::private_folder(&folder)?;
    }
    Ok(folder)
}
