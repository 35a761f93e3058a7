//! A message's structure, in every way that a reader could see it.
//!
//! Touches nothing: bytes in, a list of parts out. Never refuses: what cannot be read is said in
//! findings, and what one reader would see differently from another is there in both readings.
//! Limits end the reading early, and then say so.

mod limits;
mod reading;

pub use limits::MimeLimits;
pub use reading::{Body, Field, Part, Reading, read};

use posthouse_types::FindingKind;

/// Every kind of finding that this room makes.
pub const FINDINGS: &[&FindingKind] = &[];
