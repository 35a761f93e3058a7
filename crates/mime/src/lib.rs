//! A message's structure, in every way that a reader could see it.
//!
//! Touches nothing: bytes in, a list of parts out. Never refuses: what cannot be read is said in
//! findings, and what one reader would see differently from another is there in both readings.
//! Limits end the reading early, and then say so.

mod about;
mod base64;
mod charset;
mod embedded;
pub mod findings;
mod header;
mod limits;
mod mailbox;
mod parameters;
mod quoted;
mod reader;
mod reading;
mod results;
mod signed;
mod structure;
mod text;
mod tnef;
mod transfer;
mod words;

pub use findings::FINDINGS;
pub use limits::MimeLimits;
pub use mailbox::{Mailbox, addresses};
pub use reader::read;
pub use reading::{Body, Field, Origin, Part, Reading};
pub use results::ambiguity_results;
pub use words::decode_words;
