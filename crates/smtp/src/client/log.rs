//! The log of the client's side: [`crate::log`], under the names that its users know.
//!
//! Touches nothing.

pub(super) use crate::log::Log;
pub use crate::log::{LogDirection, LogLine};
