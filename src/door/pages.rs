//! The pages that people see: plain HTML that needs no script, no picture and nothing from elsewhere.
//!
//! In: what is known of a message's recipient. Out: a whole document. Contrast is 4.5:1 or more in light and dark
//! (WCAG 2.2, 1.4.3), everything has a label and shows its focus, and 320 CSS pixels are wide enough (1.4.10).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::words::Words;
use crate::data::Channel;

/// Characters of the sentence with a rating.
pub(super) const LONGEST_SENTENCE: usize = 500;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1b1a;--paper:#faf9f7;--card:#fff;--line:#77716a;--soft:#57524c;--act:#1d5c46;--on:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#f1efec;--paper:#171614;--card:#22201e;--line:#948d85;--soft:#bdb6ae;--act:#8fd6b6;--on:#10231b}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.55 system-ui,-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}\
main{max-width:34rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:anywhere}\
.brand{color:var(--soft);margin:0 0 1rem}\
h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem;text-wrap:balance}\
section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem;margin:0 0 1rem}\
section p:first-child{margin-top:0}\
section>p:last-child{margin-bottom:0}\
fieldset{border:0;border-top:1px solid var(--line);margin:0;padding:.75rem 0}\
fieldset:first-of-type{border-top:0}\
legend{font-weight:600;padding:0;float:left;width:100%;margin-bottom:.25rem}\
h2{font-size:1.125rem;margin:0 0 .25rem}\
.hint{color:var(--soft);margin:.25rem 0 .75rem}\
.choices{clear:both;display:flex;flex-wrap:wrap;gap:.25rem 1.5rem}\
.rows{flex-direction:column}\
label{display:inline-flex;gap:.6rem;align-items:center;min-height:2.75rem;cursor:pointer}\
label.above{display:block;font-weight:600;min-height:0;margin-top:1rem}\
input[type=radio]{width:1.25rem;height:1.25rem;margin:0;accent-color:var(--act);flex:none}\
textarea{width:100%;min-height:6rem;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:.6rem}\
button{font:inherit;font-weight:600;min-height:2.75rem;padding:.5rem 1.5rem;margin-top:.75rem;border:0;border-radius:.5rem;background:var(--act);color:var(--on);cursor:pointer;max-width:100%}\
:focus-visible{outline:3px solid var(--act);outline-offset:3px}\
.told{border:2px solid var(--act)}";

/// Nothing is loaded, run or framed; forms go to this server; the one style is known by its hash.
pub(super) fn content_security_policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// A text of the shop's or a customer's, harmless in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// What the pages of one request have in common.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub words: &'static Words,
    pub brand: &'a str,
}

/// What is shown of a recipient's preferences.
pub(super) struct Preferences {
    /// The channel of the message.
    pub channel: Channel,
    /// Why nothing is sent to the address any more.
    pub suppressed: Option<String>,
    /// The last word about each channel, in the order of [`Channel::ALL`].
    pub consents: [Option<bool>; 3],
    /// The channels that there is a question about.
    pub asked: Vec<Channel>,
    pub told: Told,
    /// Where the forms lead, from the page of a link that has expired; else to the page itself.
    pub action: Option<String>,
}

/// What has just happened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Unsubscribed,
    Saved,
}

impl Page<'_> {
    fn say(self, text: &str) -> String {
        escaped(&text.replace("{brand}", self.brand))
    }

    fn document(self, title: &str, body: &str) -> String {
        let title = self.say(title);
        let brand = escaped(self.brand);
        // A title that names the shop is enough.
        let head = if title.contains(&brand) { title.clone() } else { format!("{title} – {brand}") };
        format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{head}</title>\n<style>{STYLE}</style>\n\
             </head>\n<body>\n<main>\n<p class=\"brand\">{brand}</p>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
            self.words.tag
        )
    }

    /// A title and a sentence.
    pub fn note(self, title: &str, sentence: &str) -> String {
        self.document(title, &format!("<section><p>{}</p></section>\n", self.say(sentence)))
    }

    /// Unsubscribe, and a wish for each channel.
    pub fn preferences(self, shown: &Preferences) -> String {
        let words = self.words;
        let expired = shown.action.is_some();
        let form = match &shown.action {
            Some(action) => format!("<form method=\"post\" action=\"{}\">", escaped(action)),
            None => "<form method=\"post\">".to_owned(),
        };
        let channel = words.channel(shown.channel);
        let about = |text: &str| self.say(&text.replace("{channel}", channel));
        let mut body = String::new();
        if expired {
            let _ = writeln!(body, "<section><p>{}</p></section>", self.say(words.expired_more));
        }
        let gone = shown.suppressed.is_some() || shown.consents[shown.channel as usize] == Some(false);
        let for_good = shown.suppressed.as_deref().is_some_and(|reason| reason != "unsubscribed");
        body.push_str(match shown.told {
            Told::Nothing => "<section>\n",
            _ => "<section class=\"told\" role=\"status\">\n",
        });
        match shown.told {
            Told::Nothing => {}
            Told::Unsubscribed => {
                let _ = writeln!(body, "<p><strong>{}</strong></p>", about(words.unsubscribe_done));
            }
            Told::Saved => {
                let _ = writeln!(body, "<p><strong>{}</strong></p>", self.say(words.saved));
            }
        }
        if shown.told != Told::Unsubscribed {
            let state = if gone { words.unsubscribed } else { words.subscribed };
            let _ = writeln!(body, "<p>{}</p>", about(state));
        }
        if for_good {
            // Of whoever was erased nothing is known.
            if shown.suppressed.as_deref() != Some("erased") {
                let _ = writeln!(body, "<p>{}</p>", self.say(words.stays_suppressed));
            }
        } else if gone {
            let _ = writeln!(body, "<p class=\"hint\">{}</p>", self.say(words.changed_mind));
        } else {
            let _ = writeln!(
                body,
                "{form}<input type=\"hidden\" name=\"unsubscribe\" value=\"1\">\
                 <button>{}</button></form>",
                self.say(words.unsubscribe)
            );
        }
        body.push_str("</section>\n");
        if !for_good {
            let _ = writeln!(
                body,
                "<section>{form}\n<h2>{}</h2>\n<p class=\"hint\">{}</p>",
                self.say(words.by_channel),
                self.say(words.by_channel_hint)
            );
            for &channel in &shown.asked {
                let now = match shown.consents[channel as usize] {
                    // Whoever got the message is written to.
                    None if channel == shown.channel => Some(!gone),
                    said => said,
                };
                let choice = |wish: bool, word: &str| {
                    format!(
                        "<label><input type=\"radio\" name=\"{}\" value=\"{}\"{}>{}</label>",
                        channel.name(),
                        if wish { "yes" } else { "no" },
                        if now == Some(wish) { " checked" } else { "" },
                        self.say(word)
                    )
                };
                let _ = writeln!(
                    body,
                    "<fieldset><legend>{}</legend><div class=\"choices\">{}{}</div></fieldset>",
                    escaped(words.channel(channel)),
                    choice(true, words.yes),
                    choice(false, words.no)
                );
            }
            let _ = writeln!(
                body,
                "<input type=\"hidden\" name=\"preferences\" value=\"1\"><button>{}</button></form></section>",
                self.say(words.save)
            );
        }
        self.document(if expired { words.expired } else { words.preferences }, &body)
    }

    /// A rating and a sentence. `again` where nothing was chosen.
    pub fn feedback(self, again: bool) -> String {
        let words = self.words;
        let mut body = String::new();
        if again {
            let _ = writeln!(
                body,
                "<section class=\"told\" role=\"alert\"><p>{}</p></section>",
                self.say(words.choose_first)
            );
        }
        let _ = write!(
            body,
            "<section><form method=\"post\">\n<fieldset><legend>{}</legend><div class=\"choices rows\">",
            self.say(words.rating)
        );
        for (place, word) in words.ratings.iter().enumerate().rev() {
            let _ = write!(
                body,
                "<label><input type=\"radio\" name=\"rating\" value=\"{}\">{}</label>",
                place + 1,
                self.say(word)
            );
        }
        let _ = writeln!(
            body,
            "</div></fieldset>\n<label class=\"above\" for=\"text\">{}</label>\n<p class=\"hint\" id=\"hint\">{}</p>\n\
             <textarea id=\"text\" name=\"text\" maxlength=\"{LONGEST_SENTENCE}\" rows=\"3\" aria-describedby=\"hint\"></textarea>\n\
             <button>{}</button></form></section>",
            self.say(words.sentence),
            self.say(words.sentence_hint),
            self.say(words.send)
        );
        self.document(words.feedback, &body)
    }
}
