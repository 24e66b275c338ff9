//! Segments: which kinds of customer there are, what sets each apart, and who is in it.

mod map;
mod profile;
mod view;

pub use view::stage;

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::data::Shop;
use crate::jobs::End;
use crate::profiles::ClusterProfile;
use crate::segments::{Axes, NOT_BOUGHT, Point, Segmentation};
use crate::tui::app::{Gravity, Load, Request, Shared};
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keymap::{Action, Availability};
use crate::tui::pane::{Focus, Mouse, News, Pane};
use crate::tui::popups::axes::AxesChoice;
use crate::tui::popups::curve::Curve;
use crate::tui::screens::ScreenId;
use crate::tui::widgets::{Input, List, Scroll};
use crate::tui::work::{Outcome, Slot, Work};
use crate::tui::{measures, numbers};

const CLUSTERS: u8 = 0;
const PROFILE: u8 = 1;

/// Points on the map: enough to see the shape, few enough to draw in a millisecond.
const POINTS: usize = 2_000;

/// Which panel has the keys; on a small window the only one that is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Panel {
    #[default]
    Clusters,
    Profile,
    Map,
}

#[derive(Default)]
pub struct Segments {
    list: List,
    panel: Panel,
    scroll: Scroll,
    /// The grouping that is shown: the last one that came out well, while a new one is being made.
    seen: Option<Arc<Segmentation>>,
    profiles: Vec<Option<Arc<ClusterProfile>>>,
    /// What the map shows, or is to show.
    axes: Axes,
    points: Option<(Axes, Arc<Vec<Point>>)>,
    renaming: Option<Input>,
}

impl Segments {
    fn chosen(&self) -> Option<usize> {
        self.seen.as_ref()?;
        self.list.selected()
    }

    fn profile(&self) -> Option<&Arc<ClusterProfile>> {
        self.profiles.get(self.chosen()?)?.as_ref()
    }

    /// Asks for what the panels need and do not have yet.
    fn look(&mut self, shared: &mut Shared) {
        let Some(cluster) = self.chosen() else { return };
        shared.segment = Some(cluster);
        if self.profiles.get(cluster).is_some_and(Option::is_none) {
            shared.profile_if_idle();
        }
    }

    fn map(&mut self, shared: &mut Shared) {
        let (Some(segmentation), Load::Ready(features)) = (&self.seen, &shared.features) else { return };
        // Another grouping may not use the features that were chosen.
        if let Axes::Features(across, up) = self.axes
            && ![across, up].iter().all(|feature| segmentation.features.contains(feature))
        {
            self.axes = Axes::Principal;
        }
        let work = Work::Scatter {
            features: Arc::clone(features),
            segmentation: Arc::clone(segmentation),
            axes: self.axes,
            limit: POINTS,
        };
        shared.start(work);
    }

    /// Groups again with that many clusters; `None`: as many as fit the data best.
    fn regroup(k: Option<usize>, shared: &mut Shared) {
        shared.setup.config.segments.k = k;
        shared.segment();
    }

    fn rename(&mut self, name: &str, shared: &mut Shared) {
        let (Some(cluster), Some(segmentation)) = (self.chosen(), self.seen.as_mut()) else { return };
        let names = &mut shared.setup.config.segments.names;
        let changed = &mut Arc::make_mut(segmentation).clusters[cluster];
        let name = name.trim();
        if name.is_empty() {
            names.remove(&changed.names.en);
            changed.name.clone_from(&changed.names.en);
        } else {
            names.insert(changed.names.en.clone(), name.to_owned());
            name.clone_into(&mut changed.name);
        }
        let work = Work::SaveSegmentName {
            folder: shared.setup.folder.clone(),
            cluster: changed.names.en.clone(),
            name: (!name.is_empty()).then(|| name.to_owned()),
        };
        shared.segmentation = Load::Ready(Arc::clone(segmentation));
        shared.start(work);
    }

    /// A summary in words, for the clipboard.
    fn summary(&self, shop: &Shop) -> Option<String> {
        let segmentation = self.seen.as_ref()?;
        let cluster = &segmentation.clusters[self.chosen()?];
        let mut text = format!(
            "{} {}: {}, {:.1} % of {}.",
            cluster.id,
            cluster.name,
            numbers::counted(cluster.size, "customer"),
            cluster.share * 100.0,
            if cluster.id == NOT_BOUGHT { "all" } else { "those who buy" }
        );
        for (feature, spread) in &cluster.features {
            let shown = |value| {
                let (value, unit) = measures::shown(*feature, value, shop);
                format!("{value} {unit}").trim_end().to_owned()
            };
            text.push_str(&format!(
                "\n{}: median {} (10 % below {}, 90 % below {})",
                measures::label(*feature),
                shown(spread.median),
                shown(spread.p10),
                shown(spread.p90)
            ));
        }
        Some(text)
    }
}

const NOT_YET: &str = "The customers have not been grouped yet.";

impl Pane for Segments {
    fn availability(&self, action: Action, shared: &Shared) -> Availability {
        let there = self.seen.is_some();
        let busy = matches!(shared.segmentation, Load::Loading(_));
        let k = self.seen.as_ref().map_or(0, |segmentation| segmentation.k);
        match action {
            Action::Accept | Action::Leave => {
                if self.renaming.is_some() {
                    Availability::Yes
                } else {
                    Availability::Hidden
                }
            }
            Action::MoreSegments if k >= 10 => {
                Availability::No("Ten is the most: more groups than that cannot be told apart.".into())
            }
            Action::FewerSegments if k == 2 => Availability::No("Two is the least.".into()),
            Action::MoreSegments | Action::FewerSegments | Action::AutomaticSegments => Availability::when(
                there && !busy,
                if busy { "Customers are being grouped now." } else { NOT_YET },
            ),
            Action::WhyThisMany
            | Action::Axes
            | Action::RenameSegment
            | Action::Members
            | Action::WriteFor
            | Action::Copy
            | Action::Open => Availability::when(there, NOT_YET),
            Action::NextPanel | Action::PreviousPanel if there => Availability::Yes,
            _ if self.panel == Panel::Profile => self.scroll.availability(action),
            _ => self.list.availability(action),
        }
    }

    fn act(&mut self, action: Action, shared: &mut Shared) {
        let k = self.seen.as_ref().map_or(2, |segmentation| segmentation.k);
        match action {
            Action::Accept => {
                if let Some(input) = self.renaming.take() {
                    self.rename(input.text(), shared);
                }
            }
            Action::Leave => self.renaming = None,
            Action::MoreSegments => Self::regroup(Some((k + 1).min(10)), shared),
            Action::FewerSegments => Self::regroup(Some((k - 1).max(2)), shared),
            Action::AutomaticSegments => Self::regroup(None, shared),
            Action::WhyThisMany => {
                if let Some(segmentation) = &self.seen {
                    shared.open(Curve::new(segmentation));
                }
            }
            Action::Axes => {
                if let (Some(segmentation), Load::Ready(features)) = (&self.seen, &shared.features) {
                    let popup = AxesChoice::new(segmentation, features, self.axes, POINTS);
                    shared.open(popup);
                }
            }
            Action::RenameSegment => {
                if let (Some(cluster), Some(segmentation)) = (self.chosen(), &self.seen) {
                    self.renaming = Some(Input::new(segmentation.clusters[cluster].name.clone()));
                }
            }
            Action::Members => {
                shared.segment = self.chosen();
                shared.only = self.chosen().map(super::customers::Only::Segment);
                shared.request(Request::Goto(ScreenId::Customers));
            }
            Action::WriteFor | Action::Open => {
                shared.segment = self.chosen();
                shared.request(Request::Goto(ScreenId::Strategies));
            }
            Action::Copy => {
                if let Some(text) = shared.shop.ready().and_then(|shop| self.summary(shop)) {
                    shared.copy("the segment's facts", text);
                }
            }
            Action::NextPanel | Action::PreviousPanel => {
                let order = [Panel::Clusters, Panel::Profile, Panel::Map];
                let at = order.iter().position(|panel| *panel == self.panel).unwrap_or(0);
                let step = if action == Action::NextPanel { 1 } else { 2 };
                self.panel = order[(at + step) % 3];
            }
            _ if self.panel == Panel::Profile => drop(self.scroll.act(action)),
            _ => {
                self.list.act(action);
                self.scroll.reset();
                self.look(shared);
            }
        }
    }

    fn focus(&self) -> Focus {
        if self.renaming.is_some() { Focus::Line } else { Focus::Keys }
    }

    fn typed(&mut self, key: KeyEvent, _: &mut Shared) {
        if let Some(input) = &mut self.renaming {
            input.key(key);
        }
    }

    fn pasted(&mut self, text: &str, _: &mut Shared) {
        if let Some(input) = &mut self.renaming {
            input.insert(text);
        }
    }

    fn mouse(&mut self, hit: Hit, mouse: Mouse, shared: &mut Shared) {
        match hit {
            Hit::Row { list: CLUSTERS, index } => {
                self.panel = Panel::Clusters;
                self.list.mouse(Some(index), mouse);
                self.scroll.reset();
                self.look(shared);
            }
            Hit::List(CLUSTERS) => {
                self.list.mouse(None, mouse);
                self.look(shared);
            }
            Hit::List(PROFILE) => {
                self.panel = Panel::Profile;
                self.scroll.mouse(mouse);
            }
            _ => {}
        }
    }

    fn hear(&mut self, news: News<'_>, shared: &mut Shared) {
        let News::Ended { slot, end, .. } = news else {
            if matches!(news, News::Entered) {
                if let Some(cluster) = shared.segment {
                    self.list.select(cluster);
                }
                self.look(shared);
            }
            return;
        };
        match end {
            End::Done(Outcome::Loaded(_)) => *self = Self { axes: self.axes, ..Self::default() },
            End::Done(Outcome::Segmented(segmentation)) => {
                self.profiles = vec![None; segmentation.clusters.len()];
                self.list.set_len(segmentation.clusters.len());
                self.seen = Some(Arc::clone(segmentation));
                self.points = None;
                self.look(shared);
                self.map(shared);
            }
            End::Done(Outcome::Profiled(profiles)) => {
                self.profiles = profiles.iter().cloned().map(Some).collect();
            }
            End::Done(Outcome::Scattered(axes, points)) => {
                self.axes = *axes;
                self.points = Some((*axes, Arc::clone(points)));
            }
            End::Failed(_) | End::Cancelled if slot == Some(Slot::Segments) => {
                if let Some(seen) = &self.seen {
                    shared.setup.config.segments.k = seen.k_by_hand.then_some(seen.k);
                    shared.segmentation = Load::Ready(Arc::clone(seen));
                    shared.toast(Gravity::Info, "The former groups are kept.");
                }
            }
            _ => {}
        }
    }

    fn draw(&self, shared: &Shared, area: Rect, canvas: &mut Canvas<'_>) {
        view::draw(self, shared, area, canvas);
    }
}
