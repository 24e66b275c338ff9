//! Adapters: small matrices beside a model's own that teach it a voice (Hu et al. 2021).
//!
//! In: a folder as PEFT writes it (`adapter_config.json`, `adapter_model.safetensors`), with a card of ours (`card.json`) and
//! what it was taught (`taught.json`) or without them. Out: an [`Adapter`], each of its numbers checked, to be laid beside a model that is loaded; or why it cannot be. Nobody
//! vouches for the files: memory is asked for only as far as their size justifies it.
//!
//! ```text
//! library (names) -> Place -> settings, card, weights -> Adapter -> LocalModel::adapt
//! ```

mod card;
mod library;
mod settings;
mod shipped;
mod weights;

pub use card::{Base, Card, SCHEMA};
pub use library::{Found, HOUSE, Library, OwnVoice, Place};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::settings::Settings;
use super::guard::taught::Taught;
use super::kernels::Pair;
use super::local::hex;
use super::stamp::Stamp;
use super::{WritingError, memory};

/// The file with the matrices.
pub const WEIGHTS: &str = "adapter_model.safetensors";
/// PEFT's settings.
pub const SETTINGS: &str = "adapter_config.json";
/// What we know of it besides.
pub const CARD: &str = "card.json";
/// What it was taught to put together.
pub const TAUGHT: &str = "taught.json";
/// No file of settings needs more bytes.
const LARGEST_TEXT: u64 = 16 << 20;
/// No adapter of a model that runs here needs more bytes.
const LARGEST_WEIGHTS: u64 = 4 << 30;
/// Room that an adapter takes while it is read, for each byte of its file: the file, and its numbers in single precision.
const ROOM: u64 = 4;

/// Which adapter stood beside the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterIdentity {
    pub name: String,
    /// Of the file with the matrices.
    pub sha256: String,
}

/// The form of prompt that a writer knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A list of examples that it goes on with.
    #[default]
    List,
    /// The brief that adapters of form 1 have been tuned on.
    Brief,
}

/// A matrix of a layer that an adapter may change, by PEFT's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Projection {
    #[serde(rename = "q_proj")]
    Query,
    #[serde(rename = "k_proj")]
    Key,
    #[serde(rename = "v_proj")]
    Value,
    #[serde(rename = "o_proj")]
    Output,
    #[serde(rename = "gate_proj")]
    Gate,
    #[serde(rename = "up_proj")]
    Up,
    #[serde(rename = "down_proj")]
    Down,
}

impl Projection {
    /// All linear ones, in the order that they are used.
    pub const ALL: [Self; 7] =
        [Self::Query, Self::Key, Self::Value, Self::Output, Self::Gate, Self::Up, Self::Down];

    /// PEFT's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.path().rsplit('.').next().unwrap_or_default()
    }

    /// As transformers names it in a layer of the llama family.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Query => "self_attn.q_proj",
            Self::Key => "self_attn.k_proj",
            Self::Value => "self_attn.v_proj",
            Self::Output => "self_attn.o_proj",
            Self::Gate => "mlp.gate_proj",
            Self::Up => "mlp.up_proj",
            Self::Down => "mlp.down_proj",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|projection| projection.name() == name)
    }
}

/// An adapter as it was read: numbers in single precision, the scale in the wider matrices.
pub struct Adapter {
    pub identity: AdapterIdentity,
    /// The model that it was tuned on; absent where it has no card, or the card does not say.
    pub base: Option<Base>,
    pub form: Form,
    /// Languages that it taught the model.
    pub languages: Vec<String>,
    /// What it was taught, where its folder says so.
    pub taught: Option<Arc<Taught>>,
    /// Where it lies, for messages.
    shown: String,
    pairs: BTreeMap<(usize, Projection), Pair>,
}

impl Adapter {
    /// Reads and checks an adapter.
    ///
    /// # Errors
    /// A file is missing, cut or damaged, says something impossible about itself, or asks for what is not done here.
    pub fn read(place: &Place) -> Result<Self, WritingError> {
        let failed = |why: String| unusable(place, &why);
        let settings = text(place, SETTINGS)?.ok_or_else(|| failed(missing(SETTINGS)))?;
        let settings = Settings::parse(&settings).map_err(failed)?;
        let card = card(place)?;
        let taught = taught(place)?.map(Arc::new);
        let bytes =
            file(place, WEIGHTS, LARGEST_WEIGHTS).map_err(failed)?.ok_or_else(|| failed(missing(WEIGHTS)))?;
        let sha256 = check_sha256(&bytes, card.weights_sha256.as_deref()).map_err(failed)?;
        let pairs = weights::pairs(&bytes, &settings).map_err(failed)?;
        let name = place.name(&card);
        Ok(Self {
            identity: AdapterIdentity { name, sha256 },
            form: card.form(),
            languages: card.languages.clone(),
            base: card.base,
            taught,
            shown: place.shown(),
            pairs,
        })
    }

    /// That it was tuned on this model, where its card says on which.
    ///
    /// # Errors
    /// It was tuned on another.
    pub fn check_base(&self, name: &str, sha256: &str) -> Result<(), WritingError> {
        match &self.base {
            Some(base) if base.sha256 != sha256 => Err(self.unfit(&format!(
                "it was tuned on {} (sha256 {}…), and {name} ({}…) is loaded: choose that model with --model, or write \
                 without it (`--adapter none`)",
                base.name,
                base.sha256.get(..12).unwrap_or(&base.sha256),
                sha256.get(..12).unwrap_or(sha256),
            ))),
            _ => Ok(()),
        }
    }

    /// That the model has every layer that it changes.
    ///
    /// # Errors
    /// The model has fewer.
    pub fn check_layers(&self, layers: usize) -> Result<(), WritingError> {
        match self.pairs.keys().next_back() {
            Some((layer, _)) if *layer >= layers => Err(self.unfit(&format!(
                "it changes layer {layer}, and the model's last is {}: it was tuned on another model",
                layers.saturating_sub(1)
            ))),
            _ => Ok(()),
        }
    }

    /// What it has for a matrix of `rows` outputs and `columns` inputs; nothing where it leaves that as it is.
    ///
    /// # Errors
    /// What it has is for a matrix of another shape.
    pub fn pair(
        &self,
        layer: usize,
        module: Projection,
        [rows, columns]: [usize; 2],
    ) -> Result<Option<&Pair>, WritingError> {
        let Some(pair) = self.pairs.get(&(layer, module)) else { return Ok(None) };
        let (wide, read) = (pair.up.len() / pair.rank, pair.down.len() / pair.rank);
        if (wide, read) == (rows, columns) {
            return Ok(Some(pair));
        }
        Err(self.unfit(&format!(
            "layers.{layer}.{} is for a matrix of {wide} x {read}, and the model's is {rows} x {columns}: it was tuned on another \
             model",
            module.path()
        )))
    }

    /// That it cannot be laid beside the model, and why.
    #[must_use]
    pub fn unfit(&self, why: &str) -> WritingError {
        WritingError::Failed(format!("the adapter {} does not fit the model: {why}", self.shown))
    }

    /// The largest rank.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.pairs.values().map(|pair| pair.rank).max().unwrap_or(0)
    }

    /// Numbers in all its matrices.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.pairs.values().map(|pair| pair.down.len() + pair.up.len()).sum()
    }
}

/// Which adapter lies at a place: its file is read once for each state that it is in.
#[derive(Default)]
pub struct Identities(Mutex<Vec<(Place, Option<Stamp>, AdapterIdentity)>>);

impl Identities {
    /// # Errors
    /// A file is missing or cannot be read.
    pub fn of(&self, place: &Place) -> Result<AdapterIdentity, WritingError> {
        let stamp = place.file().and_then(|file| fs::metadata(file).ok()).map(|about| Stamp::of(&about));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., identity)) = known.iter().find(|(at, then, _)| at == place && *then == stamp) {
            return Ok(identity.clone());
        }
        let identity = identity(place)?;
        known.retain(|(at, ..)| at != place);
        known.push((place.clone(), stamp, identity.clone()));
        Ok(identity)
    }
}

/// The name and the checksum of an adapter.
fn identity(place: &Place) -> Result<AdapterIdentity, WritingError> {
    let failed = |why: String| unusable(place, &why);
    let card = card(place)?;
    let bytes =
        file(place, WEIGHTS, LARGEST_WEIGHTS).map_err(failed)?.ok_or_else(|| failed(missing(WEIGHTS)))?;
    Ok(AdapterIdentity { name: place.name(&card), sha256: hex(&Sha256::digest(&bytes)) })
}

/// Its card; an empty one where it has none.
fn card(place: &Place) -> Result<Card, WritingError> {
    let card = text(place, CARD)?.map(|card| Card::parse(&card)).transpose();
    card.map(Option::unwrap_or_default).map_err(|why| unusable(place, &why))
}

/// What it was taught; nothing where its folder does not say.
fn taught(place: &Place) -> Result<Option<Taught>, WritingError> {
    let taught = text(place, TAUGHT)?.map(|taught| serde_json::from_str(&taught)).transpose();
    taught.map_err(|error| {
        unusable(place, &format!("{TAUGHT} cannot be read: {error}; copy it again, or take it away"))
    })
}

fn text(place: &Place, name: &str) -> Result<Option<String>, WritingError> {
    let failed = |why: String| unusable(place, &why);
    let Some(bytes) = file(place, name, LARGEST_TEXT).map_err(failed)? else { return Ok(None) };
    let text = String::from_utf8(bytes.into_owned());
    text.map(Some).map_err(|_| failed(format!("{name} is not text: copy it again")))
}

/// The checksum of an adapter's matrices, which must be the one that its card tells, where it does.
///
/// # Errors
/// It is another.
pub fn check_sha256(bytes: &[u8], told: Option<&str>) -> Result<String, String> {
    let sha256 = hex(&Sha256::digest(bytes));
    match told {
        Some(told) if told != sha256 => Err(format!(
            "{WEIGHTS} has another sha256 than {CARD} says: it was damaged, or the two do not belong together; copy the \
             adapter again, or tune it anew"
        )),
        _ => Ok(sha256),
    }
}

fn missing(name: &str) -> String {
    format!("it has no {name}: give the folder that PEFT or `perennial tune` made")
}

impl Pair {
    /// The same for a matrix whose rows stand as files of `llama` have those of queries and keys: in each of its `heads`,
    /// the two halves taken in turn, so that what is rotated together stands together.
    #[must_use]
    pub fn interleaved(&self, heads: usize) -> Self {
        let rows = self.up.len() / self.rank;
        let (head, half) = (rows / heads.max(1), rows / heads.max(1) / 2);
        let from = |row: usize| row / head * head + row % head % 2 * half + row % head / 2;
        let up = (0..rows).flat_map(|row| &self.up[from(row) * self.rank..][..self.rank]).copied().collect();
        Self { rank: self.rank, down: self.down.clone(), up }
    }
}

fn unusable(place: &Place, why: &str) -> WritingError {
    WritingError::Failed(format!("the adapter {} cannot be used: {why}", place.shown()))
}

/// A file of an adapter; `None` where it is not there.
fn file<'a>(place: &'a Place, name: &str, most: u64) -> Result<Option<Cow<'a, [u8]>>, String> {
    match place {
        Place::Shipped(shipped) => Ok(shipped.file(name).map(Cow::Borrowed)),
        Place::Folder { path, .. } => read(&path.join(name), name, most).map(|bytes| bytes.map(Cow::Owned)),
    }
}

/// The bytes of a file, of which there may be `most`.
fn read(path: &Path, name: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
    let wrong = |error: std::io::Error| format!("{name} cannot be read: {error}");
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error)),
    };
    if !about.is_file() {
        return Err(format!("{name} is not a file: copy the adapter again"));
    }
    let size = about.len();
    if size > most {
        return Err(format!("{name} has {size} bytes, more than any adapter needs: choose another"));
    }
    memory::check(size.saturating_mul(ROOM), memory::available())?;
    let mut bytes = memory::filled(0, size as usize)
        .map_err(|_| format!("there is no memory for {name}: close other programs"))?;
    let mut file = File::open(path).map_err(wrong)?;
    file.read_exact(&mut bytes).map_err(wrong)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests;
