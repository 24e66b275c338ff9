//! What was approved, as one number: any change of what a recipient could see, or of a header, changes it.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::email::Sender;
use super::layout;
use crate::data::Channel;
use crate::strategy::Text;

/// What an approval covers.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    pub channel: Channel,
    pub language: &'a str,
    /// The parts before the merge, with their fields.
    pub text: &'a Text,
    /// Of an e-mail: who it comes from, and what stands at its foot.
    pub sender: Option<&'a Sender>,
    /// Whatever else decides what goes out, by name: the offer, the doors, the base of links.
    pub besides: &'a [(&'a str, &'a str)],
}

/// SHA-256 in hexadecimal over everything in `content` and the version of the layout, each with its length before it.
#[must_use]
pub fn content_hash(content: &Content<'_>) -> String {
    let mut hash = Sha256::new();
    let mut add = |name: &str, value: &str| {
        for part in [name, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    };
    add("layout", &layout::VERSION.to_string());
    add("channel", content.channel.name());
    add("language", content.language);
    for (part, text) in content.text {
        add(part.name(), text);
    }
    if let Some(sender) = content.sender {
        let Sender { name, address, reply_to, bounce_address, postal_address, reason, shop, domain } = sender;
        add("from-name", name);
        add("from-address", address);
        for (named, value) in [
            ("reply-to", reply_to),
            ("bounce-address", bounce_address),
            ("postal-address", postal_address),
            ("reason", reason),
        ] {
            if let Some(value) = value {
                add(named, value);
            }
        }
        add("shop", shop);
        add("domain", domain);
    }
    for (name, value) in content.besides {
        add("besides", name);
        add("value", value);
    }
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Part;

    #[test]
    fn every_byte_counts() {
        let text = Text::from([
            (Part::Subject, "New in".to_owned()),
            (Part::Body, "Hi {{ first_name }}".to_owned()),
        ]);
        let sender = Sender::sample("Tea & Co");
        let whole = Content {
            channel: Channel::Email,
            language: "en",
            text: &text,
            sender: Some(&sender),
            besides: &[("offer", "10%")],
        };
        let mut seen = vec![content_hash(&whole)];
        assert_eq!(seen[0], content_hash(&whole));
        assert_eq!(seen[0].len(), 64);
        let mut differs = |content: &Content<'_>| {
            let hash = content_hash(content);
            assert!(!seen.contains(&hash), "{content:?}");
            seen.push(hash);
        };
        differs(&Content { channel: Channel::Push, ..whole });
        differs(&Content { language: "zh", ..whole });
        differs(&Content { besides: &[], ..whole });
        differs(&Content { besides: &[("offer", "11%")], ..whole });
        differs(&Content { sender: None, ..whole });
        for (part, text) in
            [(Part::Subject, "New in "), (Part::Preheader, ""), (Part::Body, "Hi {{ first_name}}")]
        {
            let mut other = whole.text.clone();
            other.insert(part, text.into());
            differs(&Content { text: &other, ..whole });
        }
        let senders: [&dyn Fn(&mut Sender); 8] = [
            &|sender| sender.name.push('.'),
            &|sender| sender.address.push('x'),
            &|sender| sender.reply_to = Some("a@b.example".into()),
            &|sender| sender.bounce_address = Some("a@b.example".into()),
            &|sender| sender.postal_address = Some("a@b.example".into()),
            &|sender| sender.reason = Some("a@b.example".into()),
            &|sender| sender.shop.push('.'),
            &|sender| sender.domain.push('x'),
        ];
        for change in senders {
            let mut other = sender.clone();
            change(&mut other);
            differs(&Content { sender: Some(&other), ..whole });
        }
    }
}
