//! Customers: find one, see what they did, and why they are in their segment.

mod arrange;
mod detail;
mod view;

pub use arrange::{Arrangement, Sort, arrange};

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::data::Shop;
use crate::jobs::End;
use crate::profiles::CustomerProfile;
use crate::tui::app::{Load, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Mouse, News, Pane};
use crate::tui::widgets::{Input, List, Scroll};
use crate::tui::work::{CampaignNews, Dealings, Doing, Outcome, Work};
use crate::workspace::ByFiles;

/// A part of the customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    Segment(usize),
    /// The one with this id.
    Customer(String),
}

const LIST: u8 = 0;
const DETAIL: u8 = 1;

#[derive(Default)]
pub struct Customers {
    arrangement: Arrangement,
    /// Customer rows as they are listed, and the arrangement that they follow.
    rows: Option<(Arrangement, Arc<Vec<u32>>)>,
    list: List,
    detail: Option<Arc<CustomerProfile>>,
    /// By the id of the customer: what was sent, and what came back.
    known: Option<Arc<Dealings>>,
    scroll: Scroll,
    on_detail: bool,
    finding: Option<Input>,
}

impl Customers {
    /// Row of the selected customer in the shop.
    fn chosen(&self) -> Option<usize> {
        let (_, rows) = self.rows.as_ref()?;
        rows.get(self.list.selected()?).map(|&row| row as usize)
    }

    fn arrange(&mut self, shared: &mut Shared) {
        let Load::Ready(shop) = &shared.shop else { return };
        let work = Work::Arrange {
            shop: Arc::clone(shop),
            features: shared.features.ready().cloned(),
            segmentation: shared.segmentation.ready().cloned(),
            arrangement: self.arrangement.clone(),
        };
        shared.start(work);
    }

    /// Asks for what is known of the selected customer.
    fn look(&mut self, shared: &mut Shared) {
        let Some(customer) = self.chosen() else {
            self.detail = None;
            return;
        };
        if self.detail.as_ref().is_some_and(|detail| detail.row == customer) {
            return;
        }
        let (Load::Ready(shop), Load::Ready(features), Load::Ready(segmentation)) =
            (&shared.shop, &shared.features, &shared.segmentation)
        else {
            return;
        };
        let work = Work::CustomerProfile {
            shop: Arc::clone(shop),
            features: Arc::clone(features),
            segmentation: Arc::clone(segmentation),
            customer,
        };
        self.scroll.reset();
        shared.start(work);
        self.look_for_messages(shared);
    }

    /// Reads what was sent to the selected customer.
    fn look_for_messages(&self, shared: &mut Shared) {
        if let (Some(row), Load::Ready(shop)) = (self.chosen(), &shared.shop) {
            let files = ByFiles::of(&shop.customers, row);
            shared.start(super::campaigns::work(shared, None, Doing::OfCustomer(files)));
        }
    }

    /// What the project knows of a customer; `None`: it was not looked up yet.
    fn known_of(&self, row: usize, shop: &Shop) -> Option<&Dealings> {
        self.known.as_deref().filter(|known| known.customer == shop.customers.id(row))
    }

    fn narrow(&mut self, segment: Option<usize>, shared: &mut Shared) {
        self.arrangement.segment = segment;
        self.list.select(0);
        self.arrange(shared);
    }
}

const NOT_READ: &str = "The shop's files have not been read yet.";

impl Pane for Customers {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        let there = self.rows.is_some();
        match action {
            Action::Accept | Action::Leave => {
                if self.finding.is_some() {
                    Availability::Yes
                } else {
                    Availability::Hidden
                }
            }
            Action::Find | Action::SortNext | Action::SortReverse => Availability::when(there, NOT_READ),
            Action::NextSegmentFilter => Availability::when(
                shared.segmentation.ready().is_some(),
                "The customers have not been grouped yet.",
            ),
            Action::Copy | Action::Open => {
                Availability::when(self.chosen().is_some(), "No customer is selected.")
            }
            Action::Back
                if self.on_detail
                    || !self.arrangement.find.is_empty()
                    || self.arrangement.segment.is_some() =>
            {
                Availability::Yes
            }
            Action::NextPanel | Action::PreviousPanel if there => Availability::Yes,
            _ if self.on_detail => self.scroll.availability(action),
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        match action {
            Action::Find => {
                self.on_detail = false;
                self.finding = Some(Input::new(self.arrangement.find.clone()));
            }
            Action::Accept => self.finding = None,
            Action::Leave => {
                self.finding = None;
                if !self.arrangement.find.is_empty() {
                    self.arrangement.find.clear();
                    self.arrange(shared);
                }
            }
            Action::SortNext => {
                self.arrangement.sort = self.arrangement.sort.next();
                self.arrangement.reverse = false;
                self.arrange(shared);
            }
            Action::SortReverse => {
                self.arrangement.reverse = !self.arrangement.reverse;
                self.arrange(shared);
            }
            Action::NextSegmentFilter => {
                let clusters = shared.segmentation.ready().map_or(0, |found| found.clusters.len());
                let next = match self.arrangement.segment {
                    None => Some(0),
                    Some(segment) if segment + 1 < clusters => Some(segment + 1),
                    Some(_) => None,
                };
                self.narrow(next, shared);
            }
            Action::Copy => {
                if let (Some(row), Load::Ready(shop)) = (self.chosen(), &shared.shop) {
                    let id = shop.customers.id(row).to_owned();
                    shared.copy("the customer's id", id);
                }
            }
            Action::Open => self.on_detail = true,
            Action::Back if self.on_detail => self.on_detail = false,
            Action::Back => {
                self.arrangement.find.clear();
                self.narrow(None, shared);
            }
            Action::NextPanel | Action::PreviousPanel => self.on_detail = !self.on_detail,
            _ if self.on_detail => drop(self.scroll.act(action)),
            _ => {
                self.list.act(action);
                self.look(shared);
            }
        }
    }

    fn focus(&self) -> Focus {
        if self.finding.is_some() { Focus::Line } else { Focus::Keys }
    }

    fn typed(&mut self, key: KeyEvent, shared: &mut Shared) {
        let Some(input) = &mut self.finding else { return };
        if matches!(key.code, crossterm::event::KeyCode::Up | crossterm::event::KeyCode::Down) {
            self.list.step(if key.code == crossterm::event::KeyCode::Up { -1 } else { 1 });
            self.look(shared);
        } else if input.key(key) {
            input.text().clone_into(&mut self.arrangement.find);
            self.list.select(0);
            self.arrange(shared);
        }
    }

    fn pasted(&mut self, text: &str, shared: &mut Shared) {
        let Some(input) = &mut self.finding else { return };
        input.insert(text);
        input.text().clone_into(&mut self.arrangement.find);
        self.list.select(0);
        self.arrange(shared);
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        match hit {
            Hit::Row { list: LIST, index } => {
                self.on_detail = self.list.mouse(Some(index), mouse);
                self.look(shared);
            }
            Hit::Head { list: LIST, column } if mouse == Mouse::Click => {
                if let Some(sort) = view::sorts(column) {
                    let again = self.arrangement.sort == sort;
                    self.arrangement.reverse = again && !self.arrangement.reverse;
                    self.arrangement.sort = sort;
                    self.arrange(shared);
                }
            }
            Hit::List(LIST) | Hit::Head { list: LIST, .. } => {
                self.list.mouse(None, mouse);
                self.look(shared);
            }
            Hit::List(DETAIL) => {
                self.on_detail = true;
                self.scroll.mouse(mouse);
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        let end = match news {
            News::Entered => {
                if let Some(only) = shared.only.take() {
                    let (find, segment) = match only {
                        Only::Segment(segment) => (String::new(), Some(segment)),
                        Only::Customer(id) => (id, None),
                    };
                    self.arrangement.find = find;
                    self.on_detail = false;
                    self.narrow(segment, shared);
                }
                self.look(shared);
                // Something may have been sent in the meantime.
                self.look_for_messages(shared);
                return;
            }
            News::Ended { end, .. } => end,
            _ => return,
        };
        match end {
            End::Done(Outcome::Loaded(_)) => *self = Self::default(),
            // Until customers are grouped the list is there already, without segments.
            End::Done(Outcome::Measured(_)) => self.arrange(shared),
            End::Done(Outcome::Segmented(_)) => {
                self.detail = None;
                self.arrangement.segment = None;
                self.arrange(shared);
            }
            End::Done(Outcome::Arranged(arrangement, rows)) => {
                let selected = self.chosen();
                self.list.set_len(rows.len());
                // The selection follows its customer, unless another search has begun.
                let same = self.rows.as_ref().is_some_and(|(old, _)| old.find == arrangement.find);
                if let Some(place) = selected
                    .filter(|_| same && arrangement.find.is_empty())
                    .and_then(|customer| rows.iter().position(|&row| row as usize == customer))
                {
                    self.list.select(place);
                }
                self.rows = Some((arrangement.clone(), Arc::clone(rows)));
                self.look(shared);
            }
            End::Done(Outcome::Campaign(CampaignNews::OfCustomer(known))) => {
                self.known = Some(Arc::clone(known));
            }
            End::Done(Outcome::CustomerProfiled(profile)) => {
                self.detail = Some(Arc::clone(profile));
                self.look(shared);
            }
            _ => {}
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        view::draw(self, shared, area, canvas);
    }
}
