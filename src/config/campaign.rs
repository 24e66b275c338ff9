//! `[campaign]`.

use serde::{Deserialize, Serialize};

/// What holds for every campaign whose own file says nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct CampaignConfig {
    /// Whether somebody other than a campaign's author must approve it.
    pub two_person: bool,
    /// Who may approve campaigns; empty: anybody.
    pub approvers: Vec<String>,
    /// Share of the audience that gets nothing, so that the effect can be measured, 0 to 0.9.
    #[schemars(range(min = 0, max = 0.9))]
    pub holdout: f64,
    /// Start of the hours in which nobody is written to, as in 21:00, in the customer's own time zone.
    pub quiet_from: String,
    /// Their end, as in 08:00; the same as the start: there are no quiet hours.
    pub quiet_to: String,
    /// What becomes of a message in quiet hours: it waits (`hold`), the customer is left out (`skip`), or nobody is
    /// written to (`cancel`).
    #[schemars(extend("enum" = ["hold", "skip", "cancel"]))]
    pub quiet_then: String,
    /// Most messages to one customer within `cap-days`; 0: no cap.
    #[schemars(range(min = 0, max = 100))]
    pub cap_messages: u32,
    /// Days that the cap counts, 1 to 365.
    #[schemars(range(min = 1, max = 365))]
    pub cap_days: u32,
    /// What becomes of a message above the cap: the customer is left out (`skip`), it waits (`hold`), or nobody is
    /// written to (`cancel`).
    #[schemars(extend("enum" = ["skip", "hold", "cancel"]))]
    pub cap_then: String,
    /// Time zone of customers for whom the files name none, as in Europe/Berlin.
    pub time_zone: String,
    /// Share of coupons that are expected to be used, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub redemption: f64,
    /// Share of an order's amount that is left once the goods are paid, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub margin: f64,
    /// What becomes of a message of which nobody knows whether it was taken, after a crash: it waits for a person (`hold`) or
    /// is sent again (`resend`).
    #[schemars(extend("enum" = ["hold", "resend"]))]
    pub unknown: String,
    /// Attempts at one message before it counts as failed, 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
    /// Share of failures among the last 200 messages at which sending stops by itself, 0 to 1; 1: never.
    #[schemars(range(min = 0, max = 1))]
    pub stop_at: f64,
    /// Whether the subject of Chinese e-mails begins with （广告）, as advertising must in China.
    pub advertising_mark: bool,
    /// Whether Chinese messages say that a model wrote them, as generated text must in China.
    pub generated_label: bool,
}

impl Default for CampaignConfig {
    fn default() -> Self {
        Self {
            two_person: false,
            approvers: Vec::new(),
            holdout: 0.1,
            quiet_from: "21:00".into(),
            quiet_to: "08:00".into(),
            quiet_then: "hold".into(),
            cap_messages: 2,
            cap_days: 7,
            cap_then: "skip".into(),
            time_zone: "UTC".into(),
            redemption: 0.05,
            margin: 0.4,
            unknown: "hold".into(),
            attempts: 6,
            stop_at: 0.2,
            advertising_mark: true,
            generated_label: true,
        }
    }
}
