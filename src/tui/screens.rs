//! The nine screens. Each has its state, what its keys do, and its view in a file (or folder) of its own.

pub mod campaigns;
pub mod customers;
pub mod jobs;
pub mod overview;
pub mod results;
pub mod review;
pub mod segments;
pub mod strategies;
pub mod voice;

use super::pane::Pane;

/// Which screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScreenId {
    Overview,
    Segments,
    Customers,
    Strategies,
    Review,
    Campaigns,
    Results,
    Jobs,
    Voice,
}

impl ScreenId {
    /// In the order of the tabs.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Segments,
        Self::Customers,
        Self::Strategies,
        Self::Review,
        Self::Campaigns,
        Self::Results,
        Self::Jobs,
        Self::Voice,
    ];

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Segments => "Segments",
            Self::Customers => "Customers",
            Self::Strategies => "Strategies",
            Self::Review => "Review",
            Self::Campaigns => "Campaigns",
            Self::Results => "Results",
            Self::Jobs => "Jobs",
            Self::Voice => "Voice",
        }
    }

    /// The number on its tab.
    #[must_use]
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// The screen that many tabs further on, in a ring.
    #[must_use]
    pub fn after(self, tabs: usize) -> Self {
        Self::ALL[(self as usize + tabs) % Self::ALL.len()]
    }
}

/// All screens.
#[derive(Default)]
pub struct Screens {
    pub overview: overview::Overview,
    pub segments: segments::Segments,
    pub customers: customers::Customers,
    pub strategies: strategies::Strategies,
    pub review: review::Review,
    pub campaigns: campaigns::Campaigns,
    pub results: results::Results,
    pub jobs: jobs::Jobs,
    pub voice: voice::Voice,
}

impl Screens {
    #[must_use]
    pub fn get(&self, id: ScreenId) -> &dyn Pane {
        match id {
            ScreenId::Overview => &self.overview,
            ScreenId::Segments => &self.segments,
            ScreenId::Customers => &self.customers,
            ScreenId::Strategies => &self.strategies,
            ScreenId::Review => &self.review,
            ScreenId::Campaigns => &self.campaigns,
            ScreenId::Results => &self.results,
            ScreenId::Jobs => &self.jobs,
            ScreenId::Voice => &self.voice,
        }
    }

    pub fn get_mut(&mut self, id: ScreenId) -> &mut dyn Pane {
        match id {
            ScreenId::Overview => &mut self.overview,
            ScreenId::Segments => &mut self.segments,
            ScreenId::Customers => &mut self.customers,
            ScreenId::Strategies => &mut self.strategies,
            ScreenId::Review => &mut self.review,
            ScreenId::Campaigns => &mut self.campaigns,
            ScreenId::Results => &mut self.results,
            ScreenId::Jobs => &mut self.jobs,
            ScreenId::Voice => &mut self.voice,
        }
    }
}
