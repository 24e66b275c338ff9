//! What news of campaigns means for the screen.

use std::sync::Arc;

use super::{Campaigns, Right};
use crate::tui::app::{Gravity, Load, Request, Shared};
use crate::tui::popups::reading::Reading;
use crate::tui::screens::ScreenId;
use crate::tui::work::CampaignNews;

impl Campaigns {
    pub(super) fn hear_news(&mut self, news: &CampaignNews, shared: &mut Shared) {
        match news {
            CampaignNews::Listed(entries) => {
                let before = self.name();
                let wanted = self.wanted.take().or_else(|| before.clone());
                self.entries = Load::Ready(Arc::clone(entries));
                self.list.set_len(entries.len());
                let place = wanted.and_then(|name| entries.iter().position(|entry| entry.name == name));
                if let Some(place) = place {
                    self.list.select(place);
                }
                if self.name() != before {
                    self.right = Right::Plan;
                }
                self.look(shared);
            }
            CampaignNews::Seen(name, result) => {
                if self.name().as_ref() != Some(name) {
                    return;
                }
                match result {
                    Ok(seen) => {
                        // Another state has other rows.
                        if self
                            .seen
                            .as_ref()
                            .is_none_or(|before| before.name != *name || before.state != seen.state)
                        {
                            self.cursor.select(0);
                        }
                        // Another program goes on with it: what stands here is not true for long.
                        let elsewhere = seen.sent_elsewhere && self.being_sent().is_none();
                        self.look_at = elsewhere.then(|| shared.now + super::ELSEWHERE);
                        self.seen = Some(Arc::clone(seen));
                        self.broken = None;
                        if let Right::Messages(number, _) = &mut self.right {
                            *number = (*number).min(seen.specimens.len().saturating_sub(1));
                        }
                        if let Right::Step(step) = &mut self.right {
                            step.count(seen);
                        }
                    }
                    Err(why) => {
                        self.broken = Some((name.clone(), why.clone()));
                        self.seen = None;
                        self.right = Right::Plan;
                    }
                }
                self.count(shared);
            }
            CampaignNews::Planned(name) => {
                self.wanted = Some(name.clone());
                shared.toast(Gravity::Good, format!("The plan is in campaigns/{name}.toml."));
                shared.request(Request::Goto(ScreenId::Campaigns));
            }
            CampaignNews::Done { name, told, well } => {
                shared.toast(if *well { Gravity::Good } else { Gravity::Warning }, told.clone());
                if self.going_on.take_if(|going_on| going_on == name).is_some()
                    && self.name().as_ref() == Some(name)
                    && self.being_sent().is_none()
                {
                    self.send(shared);
                }
                self.read(shared);
            }
            CampaignNews::Line(line, text) => {
                let text = format!("{}\n\n{text}", super::ledger::in_full(line));
                shared.open(Reading::new(format!("Line {} of the ledger", line.send.id), text));
            }
            CampaignNews::Measured(..) | CampaignNews::OfCustomer(..) => {}
            CampaignNews::Ledger { name, find, lines, all } => {
                if let Right::Ledger(ledger) = &mut self.right
                    && ledger.name == *name
                    && ledger.find == *find
                {
                    ledger.show(Arc::clone(lines), *all);
                }
            }
        }
    }
}
