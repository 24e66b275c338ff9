//! stub
use super::{Carrier, Fault, FaultKind, Outcome, SetupError};
use crate::campaign::message::Outgoing;
use crate::config::SendingConfig;
use std::fmt;
use std::sync::Arc;
#[derive(Debug)]
pub(super) struct Settings;
impl Settings {
    pub fn of(channel: crate::data::Channel, sending: &SendingConfig) -> Result<Self, SetupError> {
        let _ = sending;
        let _ = channel;
        Ok(Self)
    }
}
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("webhook")
    }
}
pub(super) struct Webhook(#[expect(dead_code)] Arc<Settings>);
impl Webhook {
    pub fn new(settings: Arc<Settings>) -> Self {
        Self(settings)
    }
}
impl Carrier for Webhook {
    fn prepare(&mut self, _: &Outgoing) -> Result<(), Fault> {
        Err(Fault::new(FaultKind::Channel, "not built yet"))
    }
    fn hand_over(&mut self, _: &Outgoing) -> Outcome {
        Outcome::Failed(Fault::new(FaultKind::Channel, "not built yet"))
    }
    fn already_taken(&mut self, _: &str) -> Option<bool> {
        None
    }
}
