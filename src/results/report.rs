//! The results as a page for people: HTML that needs no network and no script, or Markdown.
//!
//! In: [`super::Results`] and a language. Out: one text. Every picture (SVG) stands beside a table with its figures, and
//! nothing is told by colour alone.

mod html;
mod markdown;
mod svg;
#[cfg(test)]
mod tests;
pub mod words;

pub use html::html;
pub use markdown::markdown;
