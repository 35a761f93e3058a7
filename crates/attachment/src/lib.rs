//! What is attached: true types, archives opened in memory, office documents, scripts.
//!
//! Touches nothing: a reading in, findings out, within a budget of bytes, members and depth.
//! Never runs or extracts anything to a path; names of members are data.

use posthouse_types::FindingKind;

/// Every kind of finding that this room makes.
pub const FINDINGS: &[&FindingKind] = &[];
