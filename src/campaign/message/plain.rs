//! The events of a body as the text that stands first in an e-mail.

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

/// Writes the events: paragraphs parted by an empty line, a link's address behind its label.
pub(super) fn write(events: &[Event<'_>], out: &mut String) {
    let mut writer = Writer { out, lists: Vec::new(), quotes: 0, link: None, begun: false };
    for event in events {
        writer.event(event);
    }
    while out.ends_with(['\n', ' ']) {
        out.pop();
    }
    out.push('\n');
}

struct Writer<'o> {
    out: &'o mut String,
    /// Of each open list, the number of its next item; `None` for dots.
    lists: Vec<Option<u64>>,
    quotes: usize,
    /// Where the label of the open link begins, its address, and whether the address is all that is to be shown.
    link: Option<(usize, String, bool)>,
    /// Whether something stands already, so that the next block is parted from it.
    begun: bool,
}

impl Writer<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_)) => self.block(),
            Event::Start(Tag::BlockQuote(_)) => self.quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => self.quotes = self.quotes.saturating_sub(1),
            Event::Start(Tag::List(first)) => {
                if self.lists.is_empty() {
                    self.block();
                }
                self.lists.push(*first);
            }
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
                self.begun = true;
            }
            Event::Start(Tag::Item) => self.item(),
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                self.link = Some((self.out.len(), dest_url.to_string(), *link_type == LinkType::Autolink));
            }
            Event::End(TagEnd::Link) => self.end_link(),
            Event::Text(text) | Event::Code(text) => self.words(text),
            Event::HardBreak | Event::SoftBreak => self.line(),
            Event::Rule => {
                self.block();
                self.words("----");
            }
            _ => {}
        }
    }

    /// Begins a block: an empty line before it, unless it opens the message or an item.
    fn block(&mut self) {
        if self.begun {
            while self.out.ends_with(['\n', ' ']) {
                self.out.pop();
            }
            self.out.push('\n');
            self.line();
        } else {
            self.begin_line();
        }
        self.begun = true;
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.begin_line();
    }

    fn begin_line(&mut self) {
        for _ in 0..self.quotes {
            self.out.push_str("> ");
        }
        if self.lists.len() > 1 || !self.lists.is_empty() && self.begun {
            self.out.push_str(&"  ".repeat(self.lists.len()));
        }
    }

    fn item(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') && !self.out.ends_with("> ") {
            self.out.push('\n');
        }
        self.out.push_str(&"  ".repeat(self.lists.len().saturating_sub(1)));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.out.push_str(&format!("{number}. "));
                *number += 1;
            }
            _ => self.out.push_str("- "),
        }
        self.begun = false;
    }

    fn words(&mut self, text: &str) {
        self.begun = true;
        // The lines of a block of code, or of HTML that counts as words.
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.line();
            }
            self.out.extend(line.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }));
        }
    }

    fn end_link(&mut self) {
        let Some((start, url, bare)) = self.link.take() else { return };
        let shown = url.strip_prefix("mailto:").unwrap_or(&url);
        if bare || self.out.len() == start {
            self.out.truncate(start);
            self.out.push_str(shown);
        } else if &self.out[start..] != shown {
            self.out.push_str(&format!(" ({shown})"));
        }
    }
}
