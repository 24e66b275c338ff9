//! Results: whether a campaign worked, and how sure that is. The verdict comes first.

mod picture;
mod sheet;

use std::sync::Arc;

use ratatui::layout::{Constraint, Layout, Rect};

use super::campaigns::work;
use crate::jobs::End;
use crate::results;
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::numbers;
use crate::tui::pane::{Mouse, News, Pane};
use crate::tui::screens::ScreenId;
use crate::tui::widgets::{self, Align, Cell, Column, List, Scroll, Sentence, Table, Width};
use crate::tui::work::{CampaignNews, Doing, Entry, Outcome};

const SENT: u8 = 0;
const TOLD: u8 = 1;

#[derive(Default)]
pub struct Results {
    /// Campaigns that were launched; `None` before they are listed.
    sent: Option<Vec<Entry>>,
    list: List,
    /// Of the campaign of that name: what it did, or why that is not known.
    measured: Option<(String, Result<Arc<results::Results>, String>)>,
    scroll: Scroll,
    on_told: bool,
    in_front: bool,
}

impl Results {
    fn name(&self) -> Option<String> {
        Some(self.sent.as_ref()?.get(self.list.selected()?)?.name.clone())
    }

    /// The results of the selected campaign, or why there are none; `None` while they are counted.
    fn told(&self) -> Option<&Result<Arc<results::Results>, String>> {
        let name = self.name()?;
        self.measured.as_ref().filter(|(of, _)| *of == name).map(|(_, told)| told)
    }

    fn measure(&mut self, shared: &mut Shared) {
        if let Some(name) = self.name()
            && shared.segmentation.ready().is_some()
        {
            shared.start(work(shared, None, Doing::Measure(name)));
        }
    }
}

impl Pane for Results {
    fn availability(&self, action: Action, _: &Shared) -> Availability {
        match action {
            Action::WriteReport => {
                let there = matches!(self.told(), Some(Ok(_)));
                Availability::when(there, "There are no results to write down yet.")
            }
            Action::MeasureAgain => Availability::when(self.name().is_some(), "No campaign was sent yet."),
            Action::Copy => {
                Availability::when(matches!(self.told(), Some(Ok(_))), "There is nothing to copy yet.")
            }
            Action::NextPanel | Action::PreviousPanel if self.name().is_some() => Availability::Yes,
            Action::Open if !self.on_told && self.name().is_some() => Availability::Yes,
            Action::Back if self.on_told => Availability::Yes,
            _ if self.on_told => self.scroll.availability(action),
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::WriteReport => {
                if let Some(Ok(results)) = self.told() {
                    let results = Arc::clone(results);
                    shared.start(work(shared, None, Doing::Report(results)));
                }
            }
            Action::MeasureAgain => drop(shared.start(work(shared, None, Doing::List))),
            Action::Copy => {
                if let Some(Ok(results)) = self.told() {
                    let summary = results.summary.clone();
                    shared.copy("the finding", summary);
                }
            }
            Action::NextPanel | Action::PreviousPanel => self.on_told = !self.on_told,
            Action::Open => self.on_told = true,
            Action::Back => self.on_told = false,
            _ if self.on_told => drop(self.scroll.act(action)),
            _ => {
                let before = self.name();
                self.list.act(action);
                if self.name() != before {
                    self.scroll.reset();
                    self.measure(shared);
                }
            }
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        match hit {
            Hit::Row { list: SENT, index } => {
                let before = self.name();
                self.on_told = self.list.mouse(Some(index), mouse);
                if self.name() != before {
                    self.scroll.reset();
                    self.measure(shared);
                }
            }
            Hit::List(TOLD) => {
                self.on_told = true;
                self.scroll.mouse(mouse);
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        match news {
            News::Entered => {
                self.in_front = true;
                shared.start(work(shared, None, Doing::List));
            }
            News::Ended { end: End::Done(Outcome::Campaign(CampaignNews::Listed(entries))), .. } => {
                let before = self.name();
                let sent: Vec<Entry> =
                    entries.iter().filter(|entry| entry.state.is_some()).cloned().collect();
                self.list.set_len(sent.len());
                let place = before.and_then(|name| sent.iter().position(|entry| entry.name == name));
                if let Some(place) = place {
                    self.list.select(place);
                }
                self.sent = Some(sent);
                // Nobody waits for figures before the screen was seen.
                if self.in_front {
                    self.measure(shared);
                }
            }
            News::Ended { end: End::Done(Outcome::Segmented(_)), .. } if self.in_front => {
                self.measure(shared);
            }
            News::Ended { end: End::Done(Outcome::Campaign(CampaignNews::Measured(name, told))), .. } => {
                self.measured = Some((name.clone(), told.clone()));
            }
            _ => {}
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let Some(sent) = &self.sent else {
            let sentence =
                Sentence { what: "The campaigns are about to be read.", next: "It begins by itself." };
            return widgets::empty(canvas, area, &sentence);
        };
        if sent.is_empty() {
            let next = format!(
                "Press {} for Campaigns and send one; what customers did after it stands here then.",
                shared.keymap.shown(Action::Campaigns)
            );
            return widgets::empty(
                canvas,
                area,
                &Sentence { what: "No campaign was sent yet.", next: &next },
            );
        }
        if area.width >= 90 {
            let widths = [Constraint::Length(26), Constraint::Min(0)];
            let [left, right] = area.layout(&Layout::horizontal(widths));
            self.list(sent, left, canvas);
            self.right(shared, right, canvas);
        } else if self.on_told || sent.len() == 1 {
            self.right(shared, area, canvas);
        } else {
            self.list(sent, area, canvas);
        }
    }
}

/// How orders since a launch come into the dashboard.
fn bring_in(shared: &Shared) -> String {
    let key = |action| shared.keymap.shown(action);
    format!(
        "Put the newer orders where the shop's files are, and press {} on Overview ({}) to read them; or add their file with \
         --data. What customers did stands here then.",
        key(Action::Reload),
        key(Action::Overview)
    )
}

impl Results {
    fn list(&self, sent: &[Entry], area: Rect, canvas: &mut Canvas<'_>) {
        let title = format!("{} sent", numbers::count(sent.len() as u64));
        let inside = widgets::panel(canvas, area, &title, !self.on_told);
        let columns = [
            Column::new("Name", Width::Fill(8), Align::Left, 0),
            Column::new("Sent", Width::Fixed(7), Align::Right, 1),
        ];
        let table = Table { columns: &columns, list: &self.list, id: SENT, focused: !self.on_told };
        table.draw(canvas, inside, |row, column| match (sent.get(row), column) {
            (None, _) => "".into(),
            (Some(entry), 0) => entry.name.clone().into(),
            (Some(entry), _) => Cell::from(numbers::short(entry.accepted as f64)),
        });
    }

    fn right(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        let name = self.name().unwrap_or_default();
        let inside = widgets::panel(canvas, area, &format!("What {name} did"), self.on_told);
        match self.told() {
            Some(Ok(results)) => {
                let bring = bring_in(shared);
                sheet::sheet(results, &bring, inside.width, canvas.theme).draw(
                    canvas,
                    inside,
                    &self.scroll,
                    TOLD,
                );
            }
            Some(Err(why)) => {
                widgets::empty(canvas, inside, &Sentence { what: "It cannot be measured.", next: why });
            }
            None if !matches!(shared.shop, Load::Ready(_)) => {
                widgets::shop_state(canvas, inside, shared, ScreenId::Results);
            }
            None if !matches!(shared.segmentation, Load::Ready(_)) => {
                let waits = "The customers are about to be grouped.";
                let failed = "The customers could not be grouped.";
                widgets::load_state(canvas, inside, shared, &shared.segmentation, waits, failed);
            }
            None => {
                let next = "Intervals of money are drawn by a bootstrap: a moment with many customers.";
                widgets::empty(
                    canvas,
                    inside,
                    &Sentence { what: "The orders since are being counted …", next },
                );
            }
        }
    }
}
