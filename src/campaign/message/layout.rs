//! The frame of an e-mail's HTML: one column that is readable everywhere, and the foot.
//!
//! What decides it: Outlook for Windows knows no `max-width` on a `div` but centres a table; Gmail drops a style sheet in
//! which it does not know a rule, so that everything is in place and the sheet holds the dark colours alone; Apple Mail and
//! Outlook on telephones follow `color-scheme`. No picture, no font and no script is loaded from anywhere. All colours have
//! a contrast of at least 4.5 to 1 on their ground (WCAG 2.2, AA), light and dark.

use super::html::{anchor, escape};
use super::words::Words;

/// Changes with every change of what the program itself puts into a message, so that an approval is for what is seen.
pub const VERSION: u32 = 1;

/// What stands around the body.
pub(super) struct Frame<'a> {
    pub language: &'a str,
    pub subject: &'a str,
    pub preheader: &'a str,
    pub reason: &'a str,
    pub postal_address: Option<&'a str>,
    pub unsubscribe: Option<&'a str>,
    pub feedback: Option<&'a str>,
}

const HEAD: &str = "<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"color-scheme\" content=\"light dark\">\n\
<meta name=\"supported-color-schemes\" content=\"light dark\">\n\
<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no\">\n";

const SHEET: &str = "<style>\n\
:root { color-scheme: light dark; supported-color-schemes: light dark; }\n\
@media (prefers-color-scheme: dark) {\n\
.b { background: #17181a !important; }\n\
.c { background: #202124 !important; color: #e8eaed !important; }\n\
.f { color: #b3b8bd !important; }\n\
.l { color: #8ab4f8 !important; }\n\
.r { border-color: #4a4d51 !important; }\n\
}\n\
</style>\n";

/// Pushes what comes after the preheader out of the line that mail programs show of a message.
const FILLER: &str = "&#847;&zwnj;&nbsp;";

/// Writes what comes before the body.
pub(super) fn open(frame: &Frame<'_>, out: &mut String) {
    out.push_str("<!doctype html>\n<html lang=\"");
    escape(frame.language, out);
    out.push_str("\">\n<head>\n");
    out.push_str(HEAD);
    out.push_str("<title>");
    escape(frame.subject, out);
    out.push_str("</title>\n");
    out.push_str(SHEET);
    out.push_str("</head>\n<body class=\"b\" style=\"margin:0;padding:0;background:#f3f4f5\">\n");
    if !frame.preheader.is_empty() {
        out.push_str(
            "<div style=\"display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all\" aria-hidden=\"true\">",
        );
        escape(frame.preheader, out);
        let room = 100_usize.saturating_sub(frame.preheader.chars().count());
        for _ in 0..room / 2 {
            out.push_str(FILLER);
        }
        out.push_str("</div>\n");
    }
    out.push_str(
        "<table role=\"presentation\" class=\"b\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"background:#f3f4f5\">\n\
<tr><td align=\"center\" style=\"padding:16px 8px\">\n\
<!--[if mso]><table role=\"presentation\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td><![endif]-->\n\
<div class=\"c\" style=\"max-width:600px;margin:0 auto;text-align:left;background:#ffffff;color:#202124;border-radius:8px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'PingFang SC','Microsoft YaHei',sans-serif;font-size:16px;line-height:1.55;overflow-wrap:break-word\">\n\
<div style=\"padding:24px 24px 8px\">\n",
    );
}

/// Writes the foot and all that closes.
pub(super) fn close(frame: &Frame<'_>, out: &mut String) {
    let words = Words::of(frame.language);
    out.push_str(
        "</div>\n<div class=\"f r\" style=\"padding:16px 24px 24px;border-top:1px solid #d5d7da;color:#5f6368;font-size:13px;line-height:1.5\">\n",
    );
    out.push_str("<p style=\"margin:0 0 8px\">");
    escape(frame.reason, out);
    out.push_str("</p>\n");
    let doors = [(frame.unsubscribe, words.unsubscribe), (frame.feedback, words.feedback)];
    let mut doors = doors.into_iter().filter_map(|(url, label)| Some((url?, label))).peekable();
    if doors.peek().is_some() {
        out.push_str("<p style=\"margin:0 0 8px\">");
        for (number, (url, label)) in doors.enumerate() {
            if number > 0 {
                out.push_str(" &middot; ");
            }
            anchor(url, out);
            out.push_str(label);
            out.push_str("</a>");
        }
        out.push_str("</p>\n");
    }
    if let Some(address) = frame.postal_address {
        out.push_str("<p style=\"margin:0\">");
        for (number, line) in address.lines().enumerate() {
            if number > 0 {
                out.push_str("<br>\n");
            }
            escape(line, out);
        }
        out.push_str("</p>\n");
    }
    out.push_str(
        "</div>\n</div>\n<!--[if mso]></td></tr></table><![endif]-->\n</td></tr></table>\n</body>\n</html>\n",
    );
}

/// Writes the foot of the text part.
pub(super) fn foot(frame: &Frame<'_>, out: &mut String) {
    let words = Words::of(frame.language);
    // The line that parts a signature from a message (RFC 3676, 4.3): mail programs fold what comes after it.
    out.push_str("\n-- \n");
    let mut line = |text: &str| {
        for line in text.lines() {
            out.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
            out.push('\n');
        }
    };
    line(frame.reason);
    for (url, label) in [(frame.unsubscribe, words.unsubscribe), (frame.feedback, words.feedback)] {
        if let Some(url) = url {
            line(&format!("{label}{}{url}", words.colon));
        }
    }
    if let Some(address) = frame.postal_address {
        line(address);
    }
}
