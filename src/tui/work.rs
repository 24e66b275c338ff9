//! What the dashboard has done in the background: the work, its result, and who does it.
//!
//! In: a [`Work`] value, which a screen asks for with `Shared::start`. Out: [`Partial`]s while it runs and one
//! [`Outcome`]. [`Services`] is the real [`Runner`]; tests put a script in its place.
//! To add work: a variant here, its slot and title, an arm in [`Services::run`], and a variant of [`Outcome`].

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::summary::{self, Summary};
use crate::config::DataConfig;
use crate::data::{self, DataError, Shop, Table};
use crate::features::{self, Features};
use crate::jobs::{Failure, Task};
use crate::profiles::{self, ClusterProfile};
use crate::segments::{self, SegmentError, Segmentation};
use crate::writing::catalogue::Choice;
use crate::writing::{ModelIdentity, TextEngine, WritingError, pull};

/// Work to be done in the background.
#[derive(Clone, Debug)]
pub enum Work {
    /// Read the shop's files.
    Load { sources: Vec<PathBuf>, settings: DataConfig },
    /// Count what Overview shows.
    Summarise { shop: Arc<Shop> },
    /// Measure every customer.
    Features { shop: Arc<Shop>, as_of: Option<jiff::civil::Date> },
    /// Group the customers.
    Segment { features: Arc<Features>, options: segments::Options },
    /// Facts about one cluster.
    ClusterProfile {
        shop: Arc<Shop>,
        features: Arc<Features>,
        segmentation: Arc<Segmentation>,
        cluster: usize,
    },
    /// Find the model on this machine, fetch it if it is not there, and load it.
    OpenModel { model: String },
    /// Write a column's source into the `[data.mapping]` of the project's settings.
    SaveMapping { folder: PathBuf, table: Table, column: String, source: Option<String> },
}

/// A slot holds one job; a newer one takes its place and cancels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    Load,
    Summary,
    Features,
    Segments,
    ClusterProfile,
    Model,
    Mapping,
}

/// What is shown before the work ends.
#[derive(Clone, Debug)]
pub enum Partial {
    /// The model is on this machine and is being loaded.
    ModelFound,
}

/// What came of the work.
#[derive(Clone, Debug)]
pub enum Outcome {
    Loaded(Arc<Shop>),
    Summarised(Arc<Summary>),
    Measured(Arc<Features>),
    Segmented(Arc<Segmentation>),
    ClusterProfiled(Arc<ClusterProfile>),
    /// `None`: templates only.
    ModelOpened(Option<ModelIdentity>),
    /// The settings with the new mapping.
    MappingSaved(DataConfig),
}

impl Work {
    /// The slot that the work takes; `None`: any number may run at once.
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        Some(match self {
            Self::Load { .. } => Slot::Load,
            Self::Summarise { .. } => Slot::Summary,
            Self::Features { .. } => Slot::Features,
            Self::Segment { .. } => Slot::Segments,
            Self::ClusterProfile { .. } => Slot::ClusterProfile,
            Self::OpenModel { .. } => Slot::Model,
            Self::SaveMapping { .. } => Slot::Mapping,
        })
    }

    /// What it is called in the status line and in Jobs.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Load { .. } => "Read the shop's files".into(),
            Self::Summarise { .. } => "Sum up the shop".into(),
            Self::Features { .. } => "Measure customers".into(),
            Self::Segment { .. } => "Group customers".into(),
            Self::ClusterProfile { .. } => "Profile a segment".into(),
            Self::OpenModel { .. } => "Open the language model".into(),
            Self::SaveMapping { .. } => "Save the mapping".into(),
        }
    }

    /// Whether the job is too short and frequent to be listed when it has gone well.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Summarise { .. } | Self::ClusterProfile { .. })
    }
}

/// Does the work. Called on a thread of its own.
pub trait Runner: Send + Sync {
    /// # Errors
    /// Cancelled, or a cause with a remedy.
    fn run(&self, work: Work, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure>;
}

/// What the real work shares.
#[derive(Default)]
pub struct Services {
    /// The one engine; a job holds it while it writes.
    engine: Mutex<Option<Box<dyn TextEngine>>>,
}

impl Runner for Services {
    fn run(&self, work: Work, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        match work {
            Work::Load { sources, settings } => {
                Ok(Outcome::Loaded(Arc::new(data::load(&sources, &settings, task)?)))
            }
            Work::Summarise { shop } => Ok(Outcome::Summarised(Arc::new(summary::summarise(&shop, task)?))),
            Work::Features { shop, as_of } => {
                Ok(Outcome::Measured(Arc::new(features::compute(&shop, as_of, task)?)))
            }
            Work::Segment { features, options } => {
                Ok(Outcome::Segmented(Arc::new(segments::segment(&features, &options, task)?)))
            }
            Work::ClusterProfile { shop, features, segmentation, cluster } => Ok(Outcome::ClusterProfiled(
                Arc::new(profiles::cluster(&shop, &features, &segmentation, cluster, task)?),
            )),
            Work::OpenModel { model } => self.open_model(&model, task, tell),
            Work::SaveMapping { folder, table, column, source } => {
                super::mapping_file::save(&folder, table, &column, source.as_deref())
                    .map(Outcome::MappingSaved)
            }
        }
    }
}

impl Services {
    fn open_model(&self, model: &str, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        let choice = Choice::parse(model)?;
        if choice == Choice::Templates {
            return Ok(Outcome::ModelOpened(None));
        }
        if let Choice::Named(entry) = &choice {
            pull::pull(entry, task)?;
        }
        tell(Partial::ModelFound);
        let engine = choice.load(task)?;
        let identity = engine.identity().clone();
        // A poisoned lock held an engine whose job broke off; the new one takes its place.
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine);
        Ok(Outcome::ModelOpened(Some(identity)))
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Cancelled(_) => Self::Cancelled,
            other @ DataError::Unreadable(_) => Self::Failed(other.to_string()),
        }
    }
}

impl From<SegmentError> for Failure {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Cancelled(_) => Self::Cancelled,
            other @ SegmentError::Impossible(_) => Self::Failed(other.to_string()),
        }
    }
}

impl From<WritingError> for Failure {
    fn from(error: WritingError) -> Self {
        match error {
            WritingError::Cancelled(_) => Self::Cancelled,
            other @ WritingError::Failed(_) => Self::Failed(other.to_string()),
        }
    }
}
