//! The one vocabulary of what happened: message trace rows, operational events, explanations, and
//! how each is written down (JSON, CAPI2-shaped XML, Exchange's protocol log).
//!
//! Touches nothing. The store keeps these values, the binary makes them, the command line shows
//! them; every string of a peer in them is data and is escaped by the renderer that writes it.

mod event;
mod explanation;
mod row;

pub use event::{EventData, Level, OperationalEvent};
pub use explanation::{
    CertificateFacts, ChainFacts, ConnectorFacts, Explanation, Fix, MissingFacts, PeerFacts,
};
pub use row::{Direction, TraceEvent, TraceRow, TraceStatus, TraceStep};
