//! What the actions on a campaign have in common: the project, its database, the shop, and a campaign's dossier.

use std::path::PathBuf;

use crate::campaign::channel::Line;
use crate::campaign::dossier::Dossier;
use crate::campaign::prospect::{Prospect, line_of};
use crate::campaign::versions::Ground;
use crate::cli::grouped::{Grouped, Grouping};
use crate::cli::{Context, UsageError};
use crate::config::PROJECT_FILE;
use crate::workspace::{Campaign, Store, Workspace, person};

/// Milliseconds since 1970-01-01 UTC.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Who does it: the name given, or that of the user of this machine.
pub(super) fn actor(given: Option<&str>) -> String {
    given.filter(|name| !name.trim().is_empty()).map_or_else(person, str::to_owned)
}

/// A project with its database.
pub(super) struct Office {
    pub folder: PathBuf,
    pub workspace: Workspace,
    pub store: Store,
}

/// Opens the project.
///
/// # Errors
/// There is none, or its database cannot be used.
pub(super) fn office(context: &Context<'_>) -> anyhow::Result<Office> {
    let folder = context.folder()?;
    let workspace = Workspace::open(&folder)?;
    let store = workspace.store()?;
    Ok(Office { folder, workspace, store })
}

impl Office {
    /// The campaign of that name that was launched.
    ///
    /// # Errors
    /// There is none.
    pub fn launched(&self, name: &str) -> anyhow::Result<Campaign> {
        self.store.campaign(name)?.ok_or_else(|| {
            UsageError(format!(
                "the campaign {name} was not launched. `perennial campaign list` shows those of this project."
            ))
            .into()
        })
    }

    /// What the plan of that name comes to.
    ///
    /// # Errors
    /// There is no such plan, or it is wrong.
    pub fn dossier(
        &mut self,
        name: &str,
        grouped: &Grouped,
        context: &Context<'_>,
    ) -> anyhow::Result<Dossier> {
        // One that was launched goes on from the record, with its file or without.
        let source = match self.workspace.campaign_plan(name)? {
            Some(source) => source,
            None if self.store.campaign(name)?.is_some() => String::new(),
            None => {
                return Err(UsageError(format!(
                    "there is no plan campaigns/{name}.toml in {}. Make one with `perennial campaign plan {name} --strategy \
                     STRATEGY --segment SEGMENT`.",
                    self.folder.display()
                ))
                .into());
            }
        };
        let ground = ground(grouped, context);
        Ok(context.work(|task| Dossier::open(name, source, &mut self.store, ground, now(), task))?)
    }

    /// The way out for a campaign's messages; files go into a folder of its own.
    pub fn line(&self, dossier: &Dossier, context: &Context<'_>) -> Result<Line, String> {
        line_of(dossier, &context.config.sending, &self.folder)
    }
}

/// Reads the shop and groups its customers.
///
/// # Errors
/// As the data stage's.
pub(super) fn shop(context: &mut Context<'_>) -> anyhow::Result<Grouped> {
    Grouping::default().run(context)
}

pub(super) fn ground<'a>(grouped: &'a Grouped, context: &'a Context<'_>) -> Ground<'a> {
    Ground {
        shop: &grouped.shop,
        features: &grouped.features,
        segmentation: &grouped.segmentation,
        config: &context.config,
    }
}

/// What can be said of a campaign before its launch.
///
/// # Errors
/// The data cannot be read; cancelled.
pub(super) fn prospect(
    office: &Office,
    dossier: &Dossier,
    grouped: &Grouped,
    context: &Context<'_>,
) -> anyhow::Result<Prospect> {
    let line = office.line(dossier, context);
    let mut prospect =
        context.work(|task| Prospect::of(dossier, ground(grouped, context), &line, task))?;
    prospect.name_file(&office.folder.join(PROJECT_FILE));
    Ok(prospect)
}
