//! Messages before they go out: a page for a browser, a test to oneself, characters that make a text message dear.

use std::io::Write as _;

use super::{CampaignNews, Office, Seen};
use crate::campaign::channel::Outcome;
use crate::campaign::message::{Shown, page, plainer};
use crate::campaign::prospect::line_of_tests;
use crate::jobs::{Failure, Task};
use crate::review::decision::Author;
use crate::workspace::{AtomicFile, LedgerLine, Privacy, SendState, private_folder};

impl Office<'_> {
    /// Writes the messages that are shown into a page beside the folder of the campaign's files.
    pub(super) fn page(&self, seen: &Seen) -> Result<CampaignNews, Failure> {
        let shown: Vec<Shown<'_>> = seen
            .specimens
            .iter()
            .filter_map(|specimen| {
                let message = specimen.message.as_ref().ok()?;
                Some(Shown { heading: &specimen.heading, message, samples: specimen.samples })
            })
            .collect();
        self.browser_page(&seen.name, "preview", &page(&seen.title, &shown))
    }

    /// Writes a page for a browser beside the campaign's files; customers stand in it.
    pub(super) fn browser_page(&self, name: &str, what: &str, page: &str) -> Result<CampaignNews, Failure> {
        let folder = self.work.folder.join(&self.config.sending.folder);
        let path = folder.join(format!("{name}-{what}.html"));
        let write = || {
            private_folder(&folder)?;
            let mut file = AtomicFile::create(&path, Privacy::Private)?;
            file.write_all(page.as_bytes())?;
            file.commit()
        };
        write().map_err(|error: std::io::Error| {
            Failure::Failed(format!(
                "{} cannot be written: {error}. Make room there, or make it writable.",
                path.display()
            ))
        })?;
        let told = format!("Open it in a browser: {}", path.display());
        Ok(CampaignNews::Done { name: name.to_owned(), told, well: true })
    }

    /// What a line of the ledger said, made again from the record of the launch and the customer's facts as they are now.
    pub(super) fn line(
        &mut self,
        name: &str,
        line: &LedgerLine,
        task: &Task<'_>,
    ) -> Result<CampaignNews, Failure> {
        let told = |text: String| Ok(CampaignNews::Line(Box::new(line.clone()), text));
        let send = &line.send;
        if send.state == SendState::Holdout {
            return told("The customer is held out and gets nothing.".into());
        }
        let dossier = self.dossier(name, task)?;
        let ground = self.ground(&self.config)?;
        let Some(row) = ground.shop.customers.row_of(&send.customer) else {
            return told("The customer is not in the shop's files any more.".into());
        };
        let writer = dossier.writer(ground, &[row as u32], task)?;
        told(match writer.compose(send) {
            Err(why) => format!("The message cannot be shown: {why}"),
            Ok(message) => {
                let parts = message.text.iter();
                let parts: Vec<String> =
                    parts.map(|(part, text)| format!("{}: {}", part.name(), text.trim_end())).collect();
                parts.join("\n\n")
            }
        })
    }

    /// Hands one version over to an address, with a code that is none.
    pub(super) fn test(
        &mut self,
        name: &str,
        (arm, segment): (usize, usize),
        to: &str,
        task: &Task<'_>,
    ) -> Result<CampaignNews, Failure> {
        let dossier = self.dossier(name, task)?;
        let ground = self.ground(&self.config)?;
        let lost =
            || Failure::Failed(format!("Nobody would get this message of {name}: look at the funnel."));
        let version = dossier.versions.of(arm, segment).ok_or_else(lost)?;
        let member = dossier.audience.recipients().find(|member| {
            usize::from(member.segment) == segment
                && member.place == crate::campaign::audience::Place::Arm(arm)
        });
        let row = member.ok_or_else(lost)?.row;
        let writer = dossier.writer(ground, &[row], task)?;
        let failed = |why: String| Failure::Failed(format!("The test was not taken: {why}"));
        let message =
            writer.specimen(version, row as usize, Some(to)).map_err(|error| failed(error.to_string()))?;
        let line = line_of_tests(&dossier, &self.config.sending, &self.work.folder).map_err(failed)?;
        let mut carrier = line.carrier().map_err(|error| failed(error.to_string()))?;
        carrier.prepare(&message).map_err(|fault| failed(fault.to_string()))?;
        match carrier.hand_over(&message) {
            Outcome::Accepted { reply } => {
                carrier.settle().map_err(|fault| failed(fault.to_string()))?;
                carrier.close();
                let told = format!("The test went to {to} ({}): {reply}", line.said());
                Ok(CampaignNews::Done { name: name.to_owned(), told, well: true })
            }
            Outcome::Failed(fault) => Err(failed(fault.to_string())),
            Outcome::Unknown { why } => {
                Err(Failure::Failed(format!("Nobody knows whether the test was taken: {why}")))
            }
        }
    }

    /// Replaces what forces UCS-2 in the texts that were written for a version: first what means the same, and only then what
    /// loses something.
    pub(super) fn plain(
        &mut self,
        name: &str,
        arm: usize,
        segment: usize,
        task: &Task<'_>,
    ) -> Result<CampaignNews, Failure> {
        let dossier = self.dossier(name, task)?;
        let version = dossier.versions.of(arm, segment);
        let version =
            version.ok_or_else(|| Failure::Failed(format!("{name} has no such message any more.")))?;
        let (plainer, at) = (plainer(&version.copy.slots), self.work.at);
        for (number, plain) in &plainer.slots {
            self.store()?.edit(version.draft, at, Author::Person, *number, plain)?;
        }
        if plainer.count == 0 {
            return Err(Failure::Failed(
                "The characters stand in the strategy's own text or in a customer's name: edit the strategy."
                    .into(),
            ));
        }
        let lost = if plainer.loses { " Read it again: some lost a mark." } else { "" };
        let told = format!(
            "{} replaced in draft {}, which waits for approval in Review again.{lost}",
            plainer.count, version.draft.0
        );
        Ok(CampaignNews::Done { name: name.to_owned(), told, well: true })
    }
}
