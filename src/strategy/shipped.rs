//! The strategies that come with the program: `init` copies them into a workspace.

/// One file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// File name without `.toml`.
    pub id: &'static str,
    pub source: &'static str,
}

macro_rules! files {
    ($($id:literal),* $(,)?) => {
        [$(Shipped { id: $id, source: include_str!(concat!("../../assets/strategies/", $id, ".toml")) }),*]
    };
}

const FILES: [Shipped; 14] = files![
    "welcome-email-en",
    "welcome-email-zh",
    "first-order-push-en",
    "next-order-email-en",
    "next-order-sms-zh",
    "activation-push-zh",
    "retention-email-en",
    "retention-sms-en",
    "retention-email-zh",
    "win-back-email-en",
    "win-back-sms-en",
    "win-back-email-zh",
    "loyalty-email-en",
    "loyalty-push-zh",
];

/// Every shipped strategy, acquisition first.
#[must_use]
pub fn shipped() -> &'static [Shipped] {
    &FILES
}
