//! What telephones and browsers show of a push message, and what their services refuse.
//!
//! In: title and body. Out: findings by platform. The bounds of a strategy (`strategy::limits_of`) are tighter and are held
//! while it is written; these are told of the text as it goes out.

use super::Outgoing;
use crate::strategy::Part;

/// Who shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// iOS and iPadOS, by Apple's push service.
    Apple,
    /// Android, by Firebase Cloud Messaging.
    Android,
    /// Browsers, by Web Push.
    Web,
}

impl Platform {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Apple => "iOS",
            Self::Android => "Android",
            Self::Web => "browsers",
        }
    }
}

/// Something that a recipient would miss, or that a service refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub platform: Platform,
    pub part: Part,
    /// Whether the service refuses the message; else it is cut where it is shown.
    pub refused: bool,
    pub message: String,
}

/// Columns that are shown, a wide character being two of them: (platform, of the title, of the body).
///
/// Nobody publishes numbers; these are one line of title and four lines of body on the narrowest telephones in use (iOS:
/// 375 points; Android: 360 dp with the message unfolded), and Chromium's notification on a desktop.
const SHOWN: [(Platform, usize, usize); 3] =
    [(Platform::Apple, 35, 150), (Platform::Android, 40, 240), (Platform::Web, 40, 120)];

/// Bytes of a whole message, with keys and addresses around the text: Apple, "Generating a remote notification" (4 KB);
/// Firebase, "About FCM messages" (4,096 bytes); RFC 8030, 7.2 (4,096 bytes), of which RFC 8291 leaves 3,993 for the text.
const PAYLOAD: [(Platform, usize); 3] =
    [(Platform::Apple, 4096), (Platform::Android, 4096), (Platform::Web, 3993)];

/// Bytes that providers put around title and body.
const AROUND: usize = 400;

/// What is to be told of a push message; nothing for other channels.
#[must_use]
pub fn findings(message: &Outgoing) -> Vec<Finding> {
    let part = |part: Part| message.text.get(&part).map_or("", String::as_str);
    let (title, body) = (part(Part::Title), part(Part::Body));
    if message.channel != crate::data::Channel::Push {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (platform, titles, bodies) in SHOWN {
        for (part, text, room) in [(Part::Title, title, titles), (Part::Body, body, bodies)] {
            let wide = columns(text);
            if wide > room {
                found.push(Finding {
                    platform,
                    part,
                    refused: false,
                    message: format!(
                        "{}: the {} is cut after about {room} columns, and it has {wide}",
                        platform.name(),
                        part.name()
                    ),
                });
            }
        }
    }
    let json = |text: &str| serde_json::to_string(text).map_or(0, |text| text.len());
    let bytes = json(title) + json(body) + AROUND;
    for (platform, most) in PAYLOAD {
        if bytes > most {
            found.push(Finding {
                platform,
                part: Part::Body,
                refused: true,
                message: format!(
                    "{}: a message of more than {most} bytes is refused, and this has about {bytes}",
                    platform.name()
                ),
            });
        }
    }
    found
}

/// Columns that a text takes, a Chinese character or a picture being two.
fn columns(text: &str) -> usize {
    use unicode_width::UnicodeWidthStr as _;
    text.width()
}
