//! Who a message is from: the public suites of SPF, ARC and DKIM, and the rows of attacks.
//!
//! Each difference from what a suite expects is listed here and explained in
//! `docs/authentication.md`; one that is not fails the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should stop there"
)]

mod arc;
mod corpus;
mod dkim;
mod dns;
mod ours;
mod rows;
mod sign;
mod spf;
mod spf_own;
