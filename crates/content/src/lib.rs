//! What the message says and shows: HTML, links, wording, images of codes, who it pretends to be.
//!
//! Touches nothing: a reading in, findings out. Never fetches anything; time is linear in the
//! message, and bounded.

pub mod html;
pub mod identity;
mod kinds;
mod normal;
pub mod url;
pub mod wording;

pub use kinds::FINDINGS;
