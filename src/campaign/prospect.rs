//! What can be said of a campaign before its launch: what it can show, what it costs, and every check.

use std::path::Path;

use super::CampaignError;
use super::budget::{Forecast, forecast};
use super::channel::Line;
use super::dossier::Dossier;
use super::outlook::{Outlook, outlook};
use super::preflight::{Finding, Surroundings, preflight};
use super::versions::Ground;
use crate::config::SendingConfig;
use crate::jobs::Task;

/// See the module.
#[derive(Clone, Debug)]
pub struct Prospect {
    pub outlook: Vec<Outlook>,
    pub forecast: Forecast,
    pub checks: Vec<Finding>,
}

impl Prospect {
    /// Looks at everything. `line`: where messages go, or why they cannot.
    ///
    /// # Errors
    /// Orders that cannot be read; cancelled.
    pub fn of(
        dossier: &Dossier,
        ground: Ground<'_>,
        line: &Result<Line, String>,
        task: &Task<'_>,
    ) -> Result<Self, CampaignError> {
        let rows = dossier.rows();
        let (arms, holdout) = dossier.audience.sizes();
        let offer = dossier.versions.all.first().and_then(|version| version.copy.strategy.offer.as_ref());
        let forecast = forecast(&dossier.plan, offer, ground.features, &rows);
        let outlook = outlook(ground, &dossier.versions.clusters, holdout, arms.iter().sum(), task)?;
        let writer = match dossier.writer(ground, &rows, task) {
            Ok(writer) => Some(writer),
            Err(CampaignError::Cancelled(cancelled)) => return Err(cancelled.into()),
            // The checks say why there is none.
            Err(_) => None,
        };
        let around =
            Surroundings { ground, line, forecast: &forecast, outlook: &outlook, writer: writer.as_ref() };
        let checks = preflight(dossier, &around);
        Ok(Self { outlook, forecast, checks })
    }

    /// Names the file in which the settings stand that the checks' remedies ask for.
    pub fn name_file(&mut self, file: &Path) {
        for check in &mut self.checks {
            check.remedy = with_file(&check.remedy, file);
        }
    }
}

/// A remedy that names a setting, with the file to write it in; any other as it is.
#[must_use]
pub fn with_file(remedy: &str, file: &Path) -> String {
    if !remedy.contains("under [") && !remedy.contains("in perennial.toml") {
        return remedy.to_owned();
    }
    let made = if file.is_file() { "" } else { ", which is not there yet: make it" };
    format!("{} (the file: {}{made}).", remedy.trim_end().trim_end_matches('.'), file.display())
}

/// The way out for a campaign's messages; files go into a folder of its own below the workspace's.
///
/// # Errors
/// A setting that is missing or does not fit, in words.
pub fn line_of(dossier: &Dossier, sending: &SendingConfig, folder: &Path) -> Result<Line, String> {
    line_into(&dossier.plan.name, dossier, sending, folder)
}

/// The way out for a test to oneself: files go into another folder, so that it does not lie among the campaign's own.
///
/// # Errors
/// As [`line_of`].
pub fn line_of_tests(dossier: &Dossier, sending: &SendingConfig, folder: &Path) -> Result<Line, String> {
    line_into(&format!("{}-test", dossier.plan.name), dossier, sending, folder)
}

fn line_into(name: &str, dossier: &Dossier, sending: &SendingConfig, folder: &Path) -> Result<Line, String> {
    let folder = folder.join(&sending.folder).join(name);
    Line::of(dossier.versions.channel, sending, &folder).map_err(|error| error.to_string())
}
