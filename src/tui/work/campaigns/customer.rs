//! What was sent to one customer in all campaigns, what came back, and what counts of the consent now.

use std::collections::HashMap;
use std::sync::Arc;

use super::{CampaignNews, Office};
use crate::jobs::Failure;
use crate::workspace::{ByFiles, DATABASE, Effective, FeedbackLine, SendState};

/// Something between the shop and a customer besides orders and visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// From the shop to the customer; else back.
    pub outward: bool,
    pub text: String,
    /// The campaign whose message was taken at that moment: what is ordered after it is told to be so.
    pub message: Option<String>,
}

/// What the project knows of one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealings {
    pub customer: String,
    /// Oldest first.
    pub happened: Vec<Happened>,
    /// What counts of the consent now, channel by channel.
    pub consent: [Effective; 3],
}

impl Office<'_> {
    pub(super) fn of_customer(&mut self, files: &ByFiles) -> Result<CampaignNews, Failure> {
        let customer = files.customer.as_str();
        let mut all = Vec::new();
        let mut consent = files.alone();
        // A project without any has no database, and gets none for this.
        if self.work.folder.join(DATABASE).is_file() {
            let store = self.store()?;
            consent = store.effective(files)?;
            let mut names = HashMap::new();
            for (campaign, send) in store.sends_to(customer)? {
                let what = match send.state {
                    SendState::Holdout => "held out: gets nothing".to_owned(),
                    SendState::Accepted => format!("{}, arm {}: sent", send.channel, send.arm),
                    SendState::Intended => format!("{}, arm {}: waits to go out", send.channel, send.arm),
                    SendState::Handing | SendState::Unknown => {
                        format!("{}, arm {}: nobody knows whether it was taken", send.channel, send.arm)
                    }
                    SendState::Failed => format!(
                        "{}, arm {}: not taken, {}",
                        send.channel,
                        send.arm,
                        send.detail.as_deref().unwrap_or("no reason was given")
                    ),
                    SendState::Skipped | SendState::Cancelled => "not sent".to_owned(),
                };
                let message = (send.state == SendState::Accepted).then(|| campaign.clone());
                all.push(Happened {
                    at: send.at,
                    outward: true,
                    text: format!("{campaign}: {what}"),
                    message,
                });
                names.insert(send.id, campaign);
            }
            for answer in store.feedback_from(customer)? {
                let campaign = answer.send.and_then(|send| names.get(&send));
                let of = campaign.map_or_else(String::new, |name| format!(" ({name})"));
                let text = format!("{}{of}", words(&answer));
                all.push(Happened { at: answer.at, outward: false, text, message: None });
            }
        }
        all.sort_by_key(|happened| happened.at);
        let known = Dealings { customer: customer.to_owned(), happened: all, consent };
        Ok(CampaignNews::OfCustomer(Arc::new(known)))
    }
}

fn words(answer: &FeedbackLine) -> String {
    let said = answer.text.as_deref().filter(|text| !text.trim().is_empty());
    let with = |words: &str| said.map_or_else(|| words.to_owned(), |said| format!("{words}: {said}"));
    match answer.kind.as_str() {
        "delivered" => "delivered".into(),
        "bounced" => with("bounced"),
        "complained" => "complained of spam".into(),
        "unsubscribed" => "unsubscribed".into(),
        "clicked" => {
            let link = answer.link.map_or_else(String::new, |link| format!(" link {link}"));
            if answer.scanner { format!("a mail filter opened{link}") } else { format!("clicked{link}") }
        }
        "replied" => with("replied"),
        "rated" => with(&answer.rating.map_or("rated".into(), |rating| format!("rated {rating} of 5"))),
        "ordered" if answer.send.is_some() => "ordered through the message".into(),
        "ordered" => "ordered (told by the shop)".into(),
        "preferences" => "changed what may be sent".into(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_told_to_be_through_a_message_only_where_one_was_named() {
        let order = |send| FeedbackLine {
            at: 0,
            kind: "ordered".into(),
            send,
            customer: Some("C1".into()),
            scanner: false,
            rating: None,
            text: Some("A-17".into()),
            link: None,
        };
        assert_eq!(words(&order(Some(4))), "ordered through the message");
        assert_eq!(words(&order(None)), "ordered (told by the shop)");
    }
}
