//! What is attached: true types, archives opened in memory, office documents, scripts.
//!
//! Touches nothing: a reading in, findings out, within a budget of bytes, members and depth.
//! Never runs or extracts anything to a path; names of members are data.

mod archive;
mod budget;
mod bytes;
mod document;
mod encoded;
mod examine;
mod findings;
mod item;
mod limits;
mod names;
mod office;
mod password;
pub mod signature;
mod types;
mod verdicts;
pub mod yara;

pub use examine::{Extra, examine};
pub use findings::{FINDINGS, is_two_archives};
pub use item::{Attachments, BlockedType, Item, blocked_types};
pub use limits::AttachmentLimits;
pub use types::{DEFAULT_BLOCKED_TYPES, Family, FileKind, KINDS};
