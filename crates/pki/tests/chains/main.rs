//! Chains of our own making against `examine` and all that hangs on its report.
//!
//! Every chain that a test here examines is also put to webpki as a whole, so that the two can
//! never disagree unnoticed (`rig::World::examine`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

mod agreement;
mod faults;
#[path = "../support/files.rs"]
mod files;
mod formats;
mod gaps;
mod hostile;
mod names;
mod repaired;
mod revocation;
mod rig;
mod seen;
mod sending;
mod table;
mod texts;
