//! A message's structure, in every way that a reader could see it.
//!
//! Touches nothing: bytes in, a list of parts out. Never refuses: what cannot be read is said in
//! findings, and what one reader would see differently from another is there in both readings.
//! Limits end the reading early, and then say so.

mod base64;
mod charset;
mod limits;
mod mailbox;
mod reading;
mod words;

pub use limits::MimeLimits;
pub use mailbox::{Mailbox, addresses};
pub use reading::{Body, Field, Origin, Part, Reading, read};
pub use words::decode_words;

use posthouse_types::FindingKind;

/// Every kind of finding that this room makes.
pub const FINDINGS: &[&FindingKind] = &[];
