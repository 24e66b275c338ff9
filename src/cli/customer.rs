//! `perennial customer`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::serve::folder;
use super::{Context, Exit, SCHEMA, UsageError};
use crate::data::{self, Channel, Shop};
use crate::workspace::{AtomicFile, ByFiles, Effective, Erased, Identity, Privacy, Traces, Workspace, person, traces};

/// One customer's rights: everything that is known, and its erasure.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Everything that is known about a customer, as one JSON document.
    Export {
        #[arg(value_name = "ID")]
        id: String,
        /// File to write it to, for its owner's eyes only (default: stdout).
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Erase a customer from the project's database; the addresses stay suppressed.
    Erase {
        #[arg(value_name = "ID")]
        id: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// The document of `--json` of an erasure.
#[derive(Serialize)]
struct Document {
    schema: u32,
    #[serde(flatten)]
    erased: Erased,
    /// Files that still hold the customer, which are the shop's own.
    shop_files: Traces,
    /// Files of the project that do: of exports and runs.
    project_files: Traces,
}

/// # Errors
/// Unreadable data, an id that nobody has, no confirmation, or a database that cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let (What::Export { id, .. } | What::Erase { id, .. }) = &args.what;
    let sources = context.sources()?;
    let settings = context.config.data.clone();
    let shop = context.work(|task| data::load(&sources, &settings, task))?;
    let row = shop.customers.row_of(id);
    let who = identity(id, &shop, row);
    let workspace = Workspace::open(folder(context)?)?;
    let mut store = workspace.store()?;
    let known = store.known_of(&who)?;
    let in_database = ["sends", "feedback", "consents", "coupons"]
        .iter()
        .any(|part| known[*part].as_array().is_some_and(|rows| !rows.is_empty()));
    if row.is_none() && !in_database {
        return Err(UsageError(format!(
            "nothing is known of a customer with the id \"{id}\". Look for a part of the id, name or address with \
             `perennial customers --find TEXT`."
        ))
        .into());
    }
    match &args.what {
        What::Export { out, .. } => {
            let files = row.map_or_else(
                || ByFiles { customer: id.clone(), ..ByFiles::default() },
                |row| ByFiles::of(&shop.customers, row),
            );
            let effective = store.effective(&files)?;
            let document = document(id, &shop, row, &known, &effective)?;
            match out {
                None => context.print_json(&document)?,
                Some(file) => {
                    let text = serde_json::to_string_pretty(&document)? + "\n";
                    let mut written = AtomicFile::create(file, Privacy::Private)
                        .with_context(|| format!("{} cannot be written", file.display()))?;
                    written.write_all(text.as_bytes())?;
                    written.commit().with_context(|| format!("{} cannot be written", file.display()))?;
                }
            }
        }
        What::Erase { yes, .. } => {
            if !yes && !confirmed(id, context)? {
                return Ok(Exit::StoppedByCheck);
            }
            let erased = store.erase(&who, jiff::Timestamp::now().as_millisecond(), &person())?;
            let words = words(&who);
            let shop_files = traces(&sources, &words);
            let mut project_files = traces(&[workspace.folder().to_owned()], &words);
            project_files.files.retain(|file| !shop_files.files.contains(file));
            project_files.not_searched.retain(|file| !shop_files.not_searched.contains(file));
            let wiped = erased.wiped;
            let document = Document { schema: SCHEMA, erased, shop_files, project_files };
            if context.global.json {
                context.print_json(&document)?;
            } else {
                context.print_text(&told(id, &document))?;
            }
            if !wiped {
                return Ok(Exit::StoppedByCheck);
            }
        }
    }
    Ok(Exit::Done)
}

/// Asks for the id, where somebody can be asked.
fn confirmed(id: &str, context: &mut Context<'_>) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        let said = format!(
            "an erasure cannot be taken back: confirm it with `perennial customer erase {id} --yes`."
        );
        return Err(UsageError(said).into());
    }
    write!(context.stderr, "This cannot be taken back. Type the id {id} to erase this customer: ")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    let same = answer.trim() == id;
    if !same {
        writeln!(context.stderr, "That is another id: nothing was erased.")?;
    }
    Ok(same)
}

fn identity(id: &str, shop: &Shop, row: Option<usize>) -> Identity {
    let text = |column: &str| row.and_then(|row| shop.customers.text(row, column)).map(str::to_owned);
    Identity {
        customer: id.to_owned(),
        first_name: text("first_name"),
        last_name: text("last_name"),
        addresses: [(Channel::Email, text("email")), (Channel::Sms, text("phone"))]
            .into_iter()
            .filter_map(|(channel, address)| Some((channel, address?)))
            .collect(),
    }
}

/// What the customer is looked for by in files.
fn words(who: &Identity) -> Vec<String> {
    let mut words = vec![who.customer.clone()];
    words.extend(who.addresses.iter().map(|(_, address)| address.clone()));
    if let (Some(first), Some(last)) = (&who.first_name, &who.last_name) {
        words.extend([format!("{first} {last}"), format!("{last}{first}")]);
    }
    words
}

fn document(
    id: &str,
    shop: &Shop,
    row: Option<usize>,
    known: &Value,
    effective: &[Effective],
) -> anyhow::Result<Value> {
    let time = |at: i64| jiff::Timestamp::from_millisecond(at).map(|at| at.to_string()).unwrap_or_default();
    let minor = 10_f64.powi(shop.currency_digits as i32);
    let product = |product: Option<u32>| {
        let products = shop.products.as_ref()?;
        Some(products.id(product? as usize).to_owned())
    };
    let mut facts = Map::new();
    let (mut orders, mut events, mut consent) = (Vec::new(), Vec::new(), Map::new());
    if let Some(row) = row {
        for column in shop.customers.text_columns() {
            facts.extend(shop.customers.text(row, column).map(|text| (column.to_owned(), text.into())));
        }
        facts.extend(shop.customers.created_at(row).map(|at| ("created_at".to_owned(), time(at).into())));
        for channel in Channel::ALL {
            consent.insert(channel.name().into(), shop.customers.consent(row, channel).into());
        }
        for line in shop.customer_orders(row)? {
            orders.push(json!({
                "at": time(line.at), "amount": line.amount as f64 / minor, "currency": shop.currency.as_str(),
                "quantity": line.quantity, "product": product(line.product), "returned": line.returned,
            }));
        }
        for event in shop.customer_events(row)? {
            events.push(json!({
                "at": time(event.at), "kind": event.kind, "query": event.query, "product": product(event.product),
            }));
        }
    }
    Ok(json!({
        "schema": SCHEMA,
        "customer": id,
        "effective": effective,
        "shop": { "facts": facts, "consent": consent, "orders": orders, "events": events },
        "project": known,
    }))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn told(id: &str, document: &Document) -> String {
    let erased = &document.erased;
    let mut text = format!(
        "Customer {id} is erased from the project's database: {} ({} not gone out, cancelled), {}, {} of consent, {}, {}. {} \
         suppressed, as {}.\n",
        counted(erased.sends, "send"),
        erased.cancelled,
        counted(erased.feedback, "answer"),
        counted(erased.consents, "word"),
        counted(erased.coupons, "coupon"),
        counted(erased.drafts, "draft"),
        if erased.suppressed == 1 {
            "1 address stays".into()
        } else {
            format!("{} addresses stay", erased.suppressed)
        },
        if erased.suppressed == 1 { "a hash" } else { "hashes" },
    );
    if erased.audit > 0 {
        let name = if erased.audit == 1 {
            "1 entry of the audit names".into()
        } else {
            format!("{} entries of the audit name", erased.audit)
        };
        text += &format!("{name} the customer; nothing can be taken out of it.\n");
    }
    if !erased.wiped {
        text += "The file could not be written anew, as another program has the database open: close it and run this again.\n";
    }
    let mut list = |title: &str, files: &[PathBuf]| {
        if !files.is_empty() {
            text += &format!("{title}\n");
            for file in files {
                text += &format!("  {}\n", file.display());
            }
        }
    };
    list(
        "These files of the shop still hold the customer, and come from the shop:",
        &document.shop_files.files,
    );
    list("These files of the project do; delete them:", &document.project_files.files);
    let packed: Vec<PathBuf> = document
        .shop_files
        .not_searched
        .iter()
        .chain(&document.project_files.not_searched)
        .cloned()
        .collect();
    list("These are packed and were not searched:", &packed);
    text
}
