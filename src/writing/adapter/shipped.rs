//! The adapters that come with the program.

use super::{CARD, SETTINGS, TAUGHT, WEIGHTS};

/// An adapter whose files are part of the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Shipped {
    pub name: &'static str,
    weights: &'static [u8],
    settings: &'static str,
    card: &'static str,
    taught: &'static str,
}

/// The files of `assets/adapters/NAME`.
macro_rules! shipped {
    ($name:literal) => {
        Shipped {
            name: $name,
            weights: include_bytes!(concat!(
                "../../../assets/adapters/",
                $name,
                "/adapter_model.safetensors"
            )),
            settings: include_str!(concat!("../../../assets/adapters/", $name, "/adapter_config.json")),
            card: include_str!(concat!("../../../assets/adapters/", $name, "/card.json")),
            taught: include_str!(concat!("../../../assets/adapters/", $name, "/taught.json")),
        }
    };
}

/// To ship another one, lay its folder in `assets/adapters` and name it here.
pub(super) static ADAPTERS: &[Shipped] = &[shipped!("house")];

impl Shipped {
    pub(super) fn file(&self, name: &str) -> Option<&'static [u8]> {
        match name {
            WEIGHTS => Some(self.weights),
            SETTINGS => Some(self.settings.as_bytes()),
            CARD => Some(self.card.as_bytes()),
            TAUGHT => Some(self.taught.as_bytes()),
            _ => None,
        }
    }
}
