//! Evidence: what logs, events and reports of other programs say about a refused relay, and the
//! cause that follows.
//!
//! Pure. [`Collector`] takes files as bytes in pieces and gives [`Facts`]; [`judge`] takes facts
//! and gives a [`Verdict`] with its proof. Files may come from anybody: they are bounded, never
//! believed to be what they are called, and cannot fail this room; what is unreadable is a note.

mod advice;
mod book;
mod cells;
mod collect;
mod events;
mod facts;
mod judge;
pub mod limits;
mod lines;
mod logs;
mod reply;
mod report;
mod session;
mod text;
mod times;
mod verdict;
mod xml;

pub use collect::{Collector, OpenFile, Wants};
pub use facts::{
    ChainedCertificate, Event, Facts, Failure, FileKind, FileRead, LoggedCertificate, Note, Proof,
    Report, Session, Tls,
};
pub use judge::judge;
pub use verdict::{Candidate, Cause, Confidence, Verdict};
