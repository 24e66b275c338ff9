//! One reading of an e-mail's body.
//!
//! In: Markdown (`CommonMark`) and what rewrites links. Out: a row of events that both the text and the HTML are written
//! from, and the links. Raw HTML counts as words. Only `http`, `https` and `mailto` make links; pictures are left out but
//! for their words. A URL that stands bare is a link too. A line break in the source is one in the message, as its writer
//! saw it.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};

use super::Rewrite;

/// Numbers links and rewrites them.
pub(super) struct Links<'r> {
    rewrite: Rewrite<'r>,
    /// What stood in the text, and what stands there now.
    found: Vec<(String, String)>,
}

impl<'r> Links<'r> {
    pub fn new(rewrite: Rewrite<'r>) -> Self {
        Self { rewrite, found: Vec::new() }
    }

    /// What stands for `url`; `None` where it is no link.
    fn of(&mut self, url: &str) -> Option<String> {
        if let Some((_, new)) = self.found.iter().find(|(old, _)| old == url) {
            return Some(new.clone());
        }
        let new = (self.rewrite)(self.found.len() + 1, url)?;
        self.found.push((url.to_owned(), new.clone()));
        Some(new)
    }

    /// As [`Links::of`], for the schemes that may be links. A mail address is not counted.
    pub fn allowed(&mut self, url: &str) -> Option<String> {
        if url.chars().any(|c| c.is_control() || c.is_whitespace() || c == '<' || c == '>') {
            return None;
        }
        let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http" | "https") if is_bare(url) => self.of(url),
            Some("mailto") => Some(url.to_owned()),
            _ => None,
        }
    }

    /// The text with its bare URLs rewritten.
    pub fn in_text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((start, end)) = next_url(rest) {
            let url = &rest[start..end];
            out.push_str(&rest[..start]);
            out.push_str(self.allowed(url).as_deref().unwrap_or(url));
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }

    /// The links as they stood in the text, in the order of their numbers.
    pub fn into_list(self) -> Vec<String> {
        self.found.into_iter().map(|(old, _)| old).collect()
    }
}

/// Whether it begins as a URL with a host.
fn is_bare(text: &str) -> bool {
    let after = |scheme: &str| {
        let head = text.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    };
    let rest = after("https://").or_else(|| after("http://"));
    rest.and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric)
}

/// The first bare URL in a text: where it begins and ends. Punctuation that ends a sentence is no part of it, nor is a
/// bracket that it does not open.
fn next_url(text: &str) -> Option<(usize, usize)> {
    let starts = text.char_indices().filter(|&(at, c)| matches!(c, 'h' | 'H') && is_bare(&text[at..]));
    for (start, _) in starts {
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
            continue;
        }
        let rest = &text[start..];
        let is_part = |c: char| {
            c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '\\' | '^' | '{' | '}' | '|')
        };
        let mut url = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        loop {
            let open = |c: char| url.matches(c).count();
            let shorter = match url.chars().next_back() {
                Some('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~') => true,
                Some(')') => open('(') < open(')'),
                Some(']') => open('[') < open(']'),
                _ => false,
            };
            if !shorter {
                break;
            }
            url = &url[..url.len() - 1];
        }
        if is_bare(url) {
            return Some((start, start + url.len()));
        }
    }
    None
}

/// Reads the body.
pub(super) fn read<'s>(body: &'s str, links: &mut Links<'_>) -> Vec<Event<'s>> {
    let mut events = Vec::new();
    // Of each open link, whether it is one.
    let mut open: Vec<bool> = Vec::new();
    let mut code = 0_usize;
    for event in TextMergeStream::new(Parser::new_ext(body, Options::empty())) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            Event::Start(Tag::HtmlBlock) => events.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => events.push(Event::End(TagEnd::Paragraph)),
            Event::SoftBreak => events.push(Event::HardBreak),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let url =
                    if link_type == LinkType::Email { format!("mailto:{dest_url}").into() } else { dest_url };
                let new = links.allowed(&url);
                open.push(new.is_some());
                if let Some(new) = new {
                    let kind = if link_type == LinkType::Autolink { link_type } else { LinkType::Inline };
                    events.push(Event::Start(link(kind, new)));
                }
            }
            Event::End(TagEnd::Link) => {
                if open.pop() == Some(true) {
                    events.push(Event::End(TagEnd::Link));
                }
            }
            Event::Text(text) if open.is_empty() && code == 0 => bare(&text, links, &mut events),
            Event::Start(Tag::CodeBlock(kind)) => {
                code += 1;
                events.push(Event::Start(Tag::CodeBlock(kind)));
            }
            Event::End(TagEnd::CodeBlock) => {
                code = code.saturating_sub(1);
                events.push(Event::End(TagEnd::CodeBlock));
            }
            other => events.push(other),
        }
    }
    events
}

/// `Autolink` is a URL that stands bare: its label is itself.
fn link<'s>(link_type: LinkType, url: String) -> Tag<'s> {
    let none = CowStr::Borrowed("");
    Tag::Link { link_type, dest_url: url.into(), title: none.clone(), id: none }
}

/// Makes links of the bare URLs in words.
fn bare<'s>(text: &CowStr<'s>, links: &mut Links<'_>, events: &mut Vec<Event<'s>>) {
    let mut rest: &str = text;
    if next_url(rest).is_none() {
        events.push(Event::Text(text.clone()));
        return;
    }
    while let Some((start, end)) = next_url(rest) {
        if start > 0 {
            events.push(Event::Text(rest[..start].to_owned().into()));
        }
        let url = &rest[start..end];
        match links.allowed(url) {
            Some(new) => events.extend([
                Event::Start(link(LinkType::Autolink, new)),
                Event::Text(url.to_owned().into()),
                Event::End(TagEnd::Link),
            ]),
            None => events.push(Event::Text(url.to_owned().into())),
        }
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        events.push(Event::Text(rest.to_owned().into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_ends_where_a_reader_ends_it() {
        let url = |text: &'static str| next_url(text).map(|(start, end)| &text[start..end]);
        assert_eq!(url("See https://shop.example/a?b=1&c=2, or not"), Some("https://shop.example/a?b=1&c=2"));
        assert_eq!(url("(HTTP://shop.example/a_(b))."), Some("HTTP://shop.example/a_(b)"));
        assert_eq!(url("请看https://shop.example/新品"), Some("https://shop.example/"));
        assert_eq!(url("看看 https://shop.example/new。谢谢"), Some("https://shop.example/new"));
        assert_eq!(url("xhttps://shop.example"), None);
        assert_eq!(url("https:// and http://"), None);
        assert_eq!(url("hh https://a.example/#top"), Some("https://a.example/#top"));
    }
}
