//! The one vocabulary of what happened: message trace rows, operational events, explanations, and
//! how each is written down (JSON, CSV, CAPI2-shaped XML, Exchange's protocol log, plain text).
//!
//! Touches nothing. The store keeps these values, the binary makes them, the command line shows
//! them; every string of a peer in them is data and is escaped by the renderer that writes it.

pub mod capi2;
mod csv;
mod diagnosis;
mod event;
mod explain;
mod explanation;
mod json;
mod judgement;
mod page;
mod picture;
pub mod protocol_log;
mod row;
mod texts;
mod times;
pub mod w3c;

pub use csv::{SUMMARY_HEADER, summary_line};
pub use diagnosis::{Diagnosis, diagnosis_json, diagnosis_text};
pub use event::{EventData, Level, OperationalEvent};
pub use explain::explain_text;
pub use explanation::{
    CertificateFacts, ChainFacts, ConnectorFacts, Explanation, Fix, MissingFacts, PeerFacts,
};
pub use json::{event_json, explanation_json, row_json};
pub use judgement::{Bilingual, Judgement, Weighed};
pub use row::{Direction, TraceEvent, TraceRow, TraceStatus, TraceStep};
