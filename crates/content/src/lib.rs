//! What the message says and shows: HTML, links, wording, images of codes, who it pretends to be.
//!
//! Touches nothing: a reading in, findings out. Never fetches anything; time is linear in the
//! message, and bounded.

pub mod asf;
mod attached;
mod disguise;
mod gather;
pub mod html;
pub mod identity;
mod kinds;
mod language;
mod links;
mod measure;
mod normal;
mod pages;
mod pdf_links;
mod pictures;
mod qr;
pub mod url;
pub mod wording;

pub use asf::{Asf, AsfFacts};
pub use identity::{Protected, Sender, impersonation};
pub use kinds::FINDINGS;
pub use measure::{Content, ContentContext, measure};
pub use qr::CodeLimits;
