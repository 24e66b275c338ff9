//! Settings: where they come from, how they are checked, what they mean.
//!
//! In: flags, environment, `perennial.toml`, the user's file, the built-in defaults, in that order of
//! precedence. Out: one [`Config`], checked once. Every section has the name of its stage.
//!
//! The types below are the only description of the settings there is: the check of a file, the JSON schema,
//! the names of environment variables and the reference in `docs/` are all read from their doc comments
//! and attributes. A new key is a field with a comment, and a line in `assets/default.toml`.

mod brand;
mod campaign;
mod check;
mod data;
mod door;
mod key;
mod layers;
mod private;
mod problem;
mod segments;
mod sending;
mod tui;
mod voice;
mod writing;

pub use brand::{BrandConfig, Unnamed};
pub use campaign::CampaignConfig;
pub use data::DataConfig;
pub use door::DoorConfig;
pub use key::{Key, keys};
pub use layers::{Entry, Layers, Origin, Settings};
pub use private::{at_home, private_text};
pub(crate) use problem::nearest;
pub use problem::{ConfigError, Problem};
pub use segments::SegmentsConfig;
pub use sending::{EmailSendingConfig, SendingConfig, TextSendingConfig};
pub use tui::TuiConfig;
pub use voice::VoiceConfig;
pub use writing::WritingConfig;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The file that makes a folder a project.
pub const PROJECT_FILE: &str = "perennial.toml";

/// The environment variable with the key of a model server. It is no setting, so that no list of settings shows it.
pub const API_KEY: &str = "PERENNIAL_API_KEY";

/// The environment variable with the password of a mail server.
pub const SMTP_PASSWORD: &str = "PERENNIAL_SMTP_PASSWORD";
/// The environment variable with the secret of a provider of text messages.
pub const SMS_KEY: &str = "PERENNIAL_SMS_KEY";
/// The environment variable with the secret of a provider of push messages.
pub const PUSH_KEY: &str = "PERENNIAL_PUSH_KEY";
/// The environment variable with the secret that webhooks show.
pub const WEBHOOK_SECRET: &str = "PERENNIAL_WEBHOOK_SECRET";

/// Variables that are no settings.
pub(crate) const SECRETS: [&str; 5] = [API_KEY, SMTP_PASSWORD, SMS_KEY, PUSH_KEY, WEBHOOK_SECRET];

/// Every setting with its default and an explanation; `init` puts it into a new project.
pub const SAMPLE: &str = include_str!("../assets/default.toml");

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    pub data: DataConfig,
    pub segments: SegmentsConfig,
    pub brand: BrandConfig,
    pub voice: VoiceConfig,
    pub writing: WritingConfig,
    pub campaign: CampaignConfig,
    pub sending: SendingConfig,
    pub door: DoorConfig,
    pub tui: TuiConfig,
}

impl Config {
    /// Words that must not appear in a message: the brand's and its voice's.
    #[must_use]
    pub fn banned_words(&self) -> Vec<String> {
        self.brand.banned_words.iter().chain(&self.voice.banned_words).cloned().collect()
    }
}

/// The user's own file, for all projects; `None` where the system has no place for it.
#[must_use]
pub fn user_file() -> Option<PathBuf> {
    Some(directories::ProjectDirs::from("", "", "perennial")?.config_dir().join("config.toml"))
}

/// The JSON schema of [`Config`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value()
}
