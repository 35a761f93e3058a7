//! The filter: weighs what was measured in a message and gathered about it; never acts on it.
//!
//! Touches nothing: facts and findings in, verdicts with their reasons out; one total function.
//! A message that no engine has seen is said to be so (`filter-absent`), never clean.

pub mod authentication;
pub mod complaints;
mod counterfactual;
mod judge;
mod judged;
mod measure;
pub mod reputation;

pub use counterfactual::{Counterfactual, counterfactual};
pub use judge::{SenderWeight, absent, judge, judge_again, sender_weight};
pub use judged::{categories, judged};
pub use measure::{Measured, Tools, measure};

use posthouse_types::FindingKind;

/// Every kind of finding that can stand among a verdict's reasons, of all rooms.
pub fn finding_kinds() -> impl Iterator<Item = &'static FindingKind> {
    [judge::FINDINGS, posthouse_mime::FINDINGS, posthouse_attachment::FINDINGS]
        .into_iter()
        .chain([posthouse_content::FINDINGS, posthouse_classifier::FINDINGS])
        .chain([authentication::FINDINGS, complaints::FINDINGS, reputation::FINDINGS])
        .flatten()
        .copied()
}
