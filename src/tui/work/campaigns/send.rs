//! Launching and sending, told while it goes on.

use std::time::{Duration, Instant};

use super::{CampaignNews, Office, changed};
use crate::campaign::dispatch::{Dispatch, dispatch, launch};
use crate::campaign::preflight::Weight;
use crate::campaign::prospect::{Prospect, line_of};
use crate::campaign::sending::{Pulse, Report};
use crate::jobs::{Failure, Task};
use crate::tui::numbers;
use crate::tui::work::Partial;
use crate::workspace::CampaignState;

/// How long sending waits for messages that are tried again or come due; what waits longer goes out with the next call.
const PATIENCE: Duration = Duration::from_mins(10);

impl Office<'_> {
    pub(super) fn send(
        &mut self,
        name: &str,
        fingerprint: &str,
        task: &Task<'_>,
        tell: &dyn Fn(Partial),
    ) -> Result<CampaignNews, Failure> {
        task.progress("making every check", 0, None);
        let config = self.config.clone();
        let ground = self.ground(&config)?;
        let (at, folder) = (self.work.at, self.work.folder.clone());
        let mut dossier = self.dossier(name, task)?;
        let begun = Instant::now();
        let now = || at + begun.elapsed().as_millis() as i64;
        if dossier.launched.is_none() {
            let refused = |why: String| Failure::Failed(format!("Nothing was sent: {why}"));
            changed(&dossier, fingerprint).map_err(refused)?;
            let line = line_of(&dossier, &config.sending, &folder);
            let prospect = Prospect::of(&dossier, ground, &line, task)?;
            if let Some(stop) = prospect.checks.iter().find(|check| check.weight == Weight::Blocking) {
                return Err(refused(format!("{} {}", stop.found, stop.remedy)));
            }
            task.progress("writing the ledger", 0, None);
            let person = self.work.person.clone();
            let to = line.map_err(Failure::Failed)?.said().to_owned();
            launch(&dossier, self.store()?, ground, (&person, &to), at, task)?;
            tell(Partial::Launched(name.to_owned()));
            dossier = self.dossier(name, task)?;
        }
        let line = line_of(&dossier, &config.sending, &folder).map_err(Failure::Failed)?;
        let watch = |pulse: &Pulse| {
            let done = pulse.accepted + pulse.failed + pulse.unknown;
            let phase = format!("sending, {:.0} a second", pulse.per_second);
            task.progress(phase, done, Some(done + pulse.waiting));
            tell(Partial::Sending(name.to_owned(), pulse.clone()));
        };
        let order = Dispatch {
            dossier: &dossier,
            ground,
            line: &line,
            folder: &folder,
            patience: PATIENCE,
            now: &now,
            watch: &watch,
        };
        let (report, leftovers) = dispatch(&order, self.store()?, task)?;
        let mut told = told(name, &report, now());
        if leftovers.held > 0 {
            told.push_str(&format!(
                " Of {} nobody knows whether they were taken: see `perennial campaign resolve {name}`.",
                numbers::counted(leftovers.held as usize, "message")
            ));
        }
        let well = report.failed + report.unknown == 0 && report.state != CampaignState::Stopped;
        Ok(CampaignNews::Done { name: name.to_owned(), told, well })
    }
}

/// What became of it, in a sentence or two.
fn told(name: &str, report: &Report, now: i64) -> String {
    let mut told = format!("{name}: {} sent", numbers::count(report.accepted));
    let waiting = if report.state == CampaignState::Cancelled { "not sent" } else { "waiting" };
    for (count, word) in [(report.failed, "failed"), (report.unknown, "unknown"), (report.waiting, waiting)] {
        if count > 0 {
            told.push_str(&format!(", {} {word}", numbers::count(count)));
        }
    }
    told.push('.');
    if let Some(why) = &report.why {
        told.push_str(&format!(" It stopped: {}.", why.trim_end_matches('.')));
    } else if let Some(due) = report.next_due {
        let wait = Duration::from_millis((due - now).max(0).unsigned_abs());
        told.push_str(&format!(" The next may go out in {}: send it again then.", numbers::duration(wait)));
    }
    told
}
