//! What the message says and shows: HTML, links, wording, images of codes, who it pretends to be.
//!
//! Touches nothing: a reading in, findings out. Never fetches anything; time is linear in the
//! message, and bounded.

pub mod html;

use posthouse_types::FindingKind;

/// Every kind of finding that this room makes.
pub const FINDINGS: &[&FindingKind] = &[];
