//! The reader against messages of our own, hostile octets, another reader and public suites.
//!
//! Everything here is public API only: what others of this program see.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

mod golden;
mod hostile;
mod other;
mod rows;
mod suites;
mod tree;

use posthouse_mime::{MimeLimits, Reading, read};

/// Reads with the limits that the product has.
pub(crate) fn read_text(message: &str) -> Reading {
    read(message.as_bytes(), &MimeLimits::default())
}
