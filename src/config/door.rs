//! `[door]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The server that customers' links and providers' webhooks lead to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DoorConfig {
    /// Address and port that `perennial serve` listens at.
    pub bind: String,
    /// What the links in messages begin with: the address under which customers reach the server (`https://m.example.com`).
    pub base_url: Option<String>,
    /// Days that links in messages stand; unsubscribing works for ever.
    #[schemars(range(min = 1, max = 3650))]
    pub link_days: i64,
    /// File with the secret that providers' webhooks show, readable by you alone and relative to this file;
    /// `PERENNIAL_WEBHOOK_SECRET` comes before it. Absent: no webhook is taken.
    pub webhook_secret_file: Option<PathBuf>,
    /// Requests a second that one address may make for long, 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub requests_per_second: u32,
    /// Requests that one address may make at once, 1 to 100000.
    #[schemars(range(min = 1, max = 100_000))]
    pub burst: u32,
    /// Connections at a time, 8 to 10000.
    #[schemars(range(min = 8, max = 10_000))]
    pub connections: usize,
    /// Seconds after the delivery within which a click is a scanner's, 0 to 600.
    #[schemars(range(min = 0, max = 600))]
    pub scanner_seconds: i64,
    /// Whether a proxy stands before the server: the customer's address is then the last one of `X-Forwarded-For`.
    pub behind_proxy: bool,
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            base_url: None,
            link_days: 365,
            webhook_secret_file: None,
            requests_per_second: 5,
            burst: 60,
            connections: 256,
            scanner_seconds: 10,
            behind_proxy: false,
        }
    }
}
