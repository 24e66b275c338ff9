//! What the dashboard has done in the background: the work, its result, and who does it.
//!
//! In: a [`Work`] value, which a screen asks for with `Shared::start`. Out: [`Partial`]s while it runs and one
//! [`Outcome`]. [`Services`] is the real [`Runner`]; tests put a script in its place.
//! To add work: a variant here, its slot and title in `naming`, an arm in [`Services::run`], and a variant of [`Outcome`].

mod campaigns;
mod exporting;
mod naming;
pub(crate) mod reviewing;
mod voices;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use super::screens::customers::{Arrangement, arrange};
use super::screens::strategies::{CheckedDraft, Order, Part};
use super::settings_file::{self, DataChange};
use super::summary::{self, Summary};
use crate::campaign::sending::Pulse;
use crate::config::{DataConfig, WritingConfig};
use crate::data::{self, DataError, FileOutline, Shop};
use crate::features::{self, Features};
use crate::jobs::{Failure, Task};
use crate::own_voice::{self, Told};
use crate::profiles::{self, ClusterProfile, CustomerProfile};
use crate::review::decision::DraftId;
use crate::segments::{self, Axes, Point, SegmentError, Segmentation};
use crate::strategy::Strategy;
use crate::workspace::{StrategyFile, Workspace};
use crate::writing::doubt::Considered;
use crate::writing::served::Fault;
use crate::writing::stamp::Fate;
use crate::writing::{Draft, ModelIdentity, WritingError};
use writer::Writer;

pub use campaigns::{CampaignNews, CampaignWork, Dealings, Doing, Entry, Grounds, Happened, Seen, Specimen};
pub use exporting::Export;
pub use reviewing::{Desk, Verdict};
pub use voices::{Known, VoiceDoing, VoiceNews, VoiceWork};
pub use writer::{Fork, Loader};

/// Work to be done in the background.
#[derive(Clone, Debug)]
pub enum Work {
    /// Read the shop's files.
    Load {
        sources: Vec<PathBuf>,
        settings: DataConfig,
        /// The project's, whose customers may have said something since the files were written.
        folder: PathBuf,
    },
    /// Count what Overview shows.
    Summarise {
        shop: Arc<Shop>,
    },
    /// Measure every customer.
    Features {
        shop: Arc<Shop>,
        as_of: Option<jiff::civil::Date>,
    },
    /// Group the customers.
    Segment {
        features: Arc<Features>,
        options: segments::Options,
    },
    /// Facts about every cluster: the orders are read once for all.
    Profiles {
        shop: Arc<Shop>,
        features: Arc<Features>,
        segmentation: Arc<Segmentation>,
    },
    /// Points for the map of segments.
    Scatter {
        features: Arc<Features>,
        segmentation: Arc<Segmentation>,
        axes: Axes,
        limit: usize,
    },
    /// Sort and filter the list of customers.
    Arrange {
        shop: Arc<Shop>,
        features: Option<Arc<Features>>,
        segmentation: Option<Arc<Segmentation>>,
        arrangement: Arrangement,
    },
    /// Facts about one customer.
    CustomerProfile {
        shop: Arc<Shop>,
        features: Arc<Features>,
        segmentation: Arc<Segmentation>,
        customer: usize,
    },
    /// Write a segment's name into the `[segments.names]` of the project's settings, or take it away.
    SaveSegmentName {
        folder: PathBuf,
        cluster: String,
        name: Option<String>,
    },
    /// Write the shop's name into the `[brand]` of the project's settings.
    SaveShopName {
        folder: PathBuf,
        name: String,
    },
    /// Read the project's strategies.
    LoadStrategies {
        folder: PathBuf,
    },
    SaveStrategy {
        folder: PathBuf,
        id: String,
        source: String,
    },
    /// Write the variants of a strategy.
    Preview(Box<Order>),
    /// Ask the model how sure it was of each word of a draft's slot.
    LookBack {
        strategy: Box<Strategy>,
        draft: Arc<CheckedDraft>,
        slot: usize,
    },
    /// Write a draft's slot on from a word that somebody chose.
    Fork(Box<Fork>),
    /// Put drafts into the queue of Review.
    KeepDrafts {
        folder: PathBuf,
        drafts: Vec<Draft>,
        source: String,
        at: i64,
        banned_words: Vec<String>,
    },
    /// Read the queue of drafts.
    LoadQueue {
        folder: PathBuf,
        banned_words: Vec<String>,
    },
    /// Record a decision; `at` is in milliseconds since 1970-01-01 UTC.
    Decide {
        folder: PathBuf,
        draft: Option<DraftId>,
        verdict: Verdict,
        at: i64,
        banned_words: Vec<String>,
    },
    /// Merge what is approved into the outbox.
    Export(Box<Export>),
    /// Anything about campaigns.
    Campaign(Box<CampaignWork>),
    /// Anything about the shop's own voice.
    Voice(Box<VoiceWork>),
    /// Find the model on this machine, fetch it if it is not there, and load it.
    OpenModel {
        settings: Box<WritingConfig>,
        /// The project's.
        folder: PathBuf,
    },
    /// Look what each file is taken for and which columns it has.
    InspectFiles {
        sources: Vec<PathBuf>,
        settings: DataConfig,
    },
    /// Write how the files are to be read into the `[data]` of the project's settings.
    SaveData {
        folder: PathBuf,
        change: DataChange,
    },
    /// Write theme and mouse into the user's own settings.
    SaveLook {
        file: PathBuf,
        theme: String,
        mouse: bool,
    },
}

/// A slot holds one job; a newer one takes its place and cancels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    Load,
    Summary,
    Features,
    Segments,
    Profiles,
    Scatter,
    Arrange,
    CustomerProfile,
    Strategies,
    Preview,
    Doubt,
    Queue,
    Export,
    Campaigns,
    Campaign,
    Ledger,
    Sending,
    Results,
    CustomerMessages,
    Model,
    Inspect,
    Voices,
    Learning,
}

/// What is shown before the work ends.
#[derive(Clone, Debug)]
pub enum Partial {
    /// The model is on this machine and is being loaded.
    ModelFound,
    Preview(Part),
    /// The engine panicked while it wrote: what happened, in words.
    ModelBroke(String),
    Server(ServerNews),
    /// What has become of the file of the model that is loaded.
    ModelFile(Option<Fate>),
    /// Names of the adapters that there are.
    Adapters(Vec<String>),
    /// The campaign of that name was launched, and is about to be sent.
    Launched(String),
    /// How far the campaign of that name is.
    Sending(String, Pulse),
    /// How far the learning of a voice is.
    Learning(Told),
}

/// Whether a server answered.
#[derive(Clone, Debug)]
pub enum ServerNews {
    Answered(ModelIdentity),
    /// Cause and remedy, and who wrote in its place.
    Away {
        fault: Fault,
        why: String,
        instead: Option<String>,
    },
}

/// What came of the work.
#[derive(Clone, Debug)]
pub enum Outcome {
    Loaded(Arc<Shop>),
    Summarised(Arc<Summary>),
    Measured(Arc<Features>),
    Segmented(Arc<Segmentation>),
    /// In the order of the clusters.
    Profiled(Vec<Arc<ClusterProfile>>),
    Scattered(Axes, Arc<Vec<Point>>),
    /// Customer rows in the order in which they are listed.
    Arranged(Arrangement, Arc<Vec<u32>>),
    CustomerProfiled(Arc<CustomerProfile>),
    SegmentNameSaved,
    ShopNameSaved(String),
    StrategiesRead(Arc<Vec<StrategyFile>>),
    StrategySaved(Box<StrategyFile>),
    /// The finished drafts with the outcome of every rule.
    Previewed(Arc<Vec<CheckedDraft>>),
    /// The tokens of a draft's slot.
    LookedBack(Arc<Vec<Considered>>),
    /// A draft that goes on from a word that somebody chose, for the variant in that place.
    Forked {
        variant: usize,
        draft: Arc<CheckedDraft>,
    },
    DraftsKept(Arc<Desk>),
    QueueRead(Arc<Desk>),
    /// What was decided, in words, and the draft to look at next.
    Decided {
        said: String,
        next: Option<DraftId>,
        desk: Arc<Desk>,
    },
    /// What the outbox holds, in words.
    Exported {
        told: String,
        /// Whether every approved draft went to somebody.
        complete: bool,
    },
    Campaign(CampaignNews),
    Voice(VoiceNews),
    /// `None`: templates only.
    ModelOpened(Option<ModelIdentity>),
    /// The server that writes is there.
    ServerAnswered(ModelIdentity),
    FilesInspected(Arc<Vec<FileOutline>>),
    /// What is in force now.
    DataSaved(DataChange),
    LookSaved,
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
    writer: Writer,
}

impl Services {
    /// The same, with models loaded by `load`: for tests.
    #[must_use]
    pub fn loading(load: Arc<Loader>) -> Self {
        Self { writer: Writer::new(load) }
    }
}

impl Runner for Services {
    fn run(&self, work: Work, task: &Task<'_>, tell: &dyn Fn(Partial)) -> Result<Outcome, Failure> {
        match work {
            Work::Load { sources, settings, folder } => {
                let mut shop = data::load(&sources, &settings, task)?;
                if folder.is_dir() {
                    shop.customers = Workspace::open(&folder)?.heeded(&shop.customers)?;
                }
                Ok(Outcome::Loaded(Arc::new(shop)))
            }
            Work::Summarise { shop } => Ok(Outcome::Summarised(Arc::new(summary::summarise(&shop, task)?))),
            Work::Features { shop, as_of } => {
                Ok(Outcome::Measured(Arc::new(features::compute(&shop, as_of, task)?)))
            }
            Work::Segment { features, options } => {
                Ok(Outcome::Segmented(Arc::new(segments::segment(&features, &options, task)?)))
            }
            Work::Profiles { shop, features, segmentation } => {
                let profiles = profiles::clusters(&shop, &features, &segmentation, task)?;
                Ok(Outcome::Profiled(profiles.into_iter().map(Arc::new).collect()))
            }
            Work::Scatter { features, segmentation, axes, limit } => {
                let points = segments::scatter(&segmentation, &features, axes, limit);
                Ok(Outcome::Scattered(axes, Arc::new(points)))
            }
            Work::Arrange { shop, features, segmentation, arrangement } => {
                let rows = arrange(&shop, features.as_deref(), segmentation.as_deref(), &arrangement, task)?;
                Ok(Outcome::Arranged(arrangement, Arc::new(rows)))
            }
            Work::CustomerProfile { shop, features, segmentation, customer } => {
                Ok(Outcome::CustomerProfiled(Arc::new(profiles::customer(
                    &shop,
                    &features,
                    &segmentation,
                    customer,
                )?)))
            }
            Work::SaveSegmentName { folder, cluster, name } => {
                settings_file::save_segment_name(&folder, &cluster, name.as_deref())
                    .map(|()| Outcome::SegmentNameSaved)
            }
            Work::SaveShopName { folder, name } => {
                settings_file::save_shop_name(&folder, &name).map(|()| Outcome::ShopNameSaved(name))
            }
            Work::LoadStrategies { folder } => {
                let adapters =
                    own_voice::library(Some(&folder)).list().into_iter().map(|found| found.name).collect();
                tell(Partial::Adapters(adapters));
                Ok(Outcome::StrategiesRead(Arc::new(Workspace::open(folder)?.strategies()?)))
            }
            Work::SaveStrategy { folder, id, source } => {
                Ok(Outcome::StrategySaved(Box::new(Workspace::open(folder)?.save_strategy(&id, &source)?)))
            }
            Work::Preview(order) => self.writer.preview(*order, task, tell),
            Work::LookBack { strategy, draft, slot } => {
                self.writer.look_back(*strategy, draft, slot, task, tell)
            }
            Work::Fork(fork) => self.writer.fork(*fork, task, tell),
            Work::KeepDrafts { folder, drafts, source, at, banned_words } => {
                reviewing::keep(&folder, &drafts, &source, at, banned_words)
            }
            Work::LoadQueue { folder, banned_words } => reviewing::read(&folder, banned_words),
            Work::Decide { folder, draft, verdict, at, banned_words } => {
                reviewing::decide(&folder, draft, verdict, at, banned_words)
            }
            Work::Export(export) => exporting::export(&export, task),
            Work::Campaign(work) => campaigns::run(&work, task, tell).map(Outcome::Campaign),
            Work::Voice(work) => voices::run(&work, task, tell).map(Outcome::Voice),
            Work::OpenModel { settings, folder } => {
                self.writer.open(&settings, &own_voice::library(Some(&folder)), task, tell)
            }
            Work::InspectFiles { sources, settings } => {
                Ok(Outcome::FilesInspected(Arc::new(data::inspect(&sources, &settings, task)?)))
            }
            Work::SaveData { folder, change } => {
                settings_file::save_data(&folder, &change).map(|()| Outcome::DataSaved(change))
            }
            Work::SaveLook { file, theme, mouse } => {
                settings_file::save_look(&file, &theme, mouse).map(|()| Outcome::LookSaved)
            }
        }
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
