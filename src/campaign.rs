//! Sends approved messages: from text to bytes, and from bytes to whoever takes them.
//!
//! In: the text that was approved, merged for one customer, and the settings of `[sending]`. Out: e-mails, text
//! messages and push messages, handed over one by one, each with what became of it. Nothing here knows a database.

pub mod channel;
pub mod message;
