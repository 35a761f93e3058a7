//! Internet messages as bytes: what is taken in, what is stamped on, and what is written back.
//!
//! Touches nothing: no IO, no clock, no randomness. Headers are filtered while the message streams
//! through, in ([`Intake`]) and out ([`Outgoing`]); our own fields are made as bytes
//! ([`received_field`], [`trace_headers`]), and reports on delivery are built whole ([`Report`]).
//! Nothing here can fail on a peer's bytes other than by refusing them with a reason.

mod author;
mod author_grammar;
mod date;
mod departure;
mod encode;
mod facts;
mod header;
mod intake;
mod notification;
mod pickup;
mod received;
mod released;
mod report;
mod results;
mod rewrite;
mod signing;
mod stamps;
mod verdicts;
mod wishes;

pub use author::read_author;
pub use date::{date_rfc3339, date_rfc5322};
pub use departure::{Departure, Outgoing};
pub use facts::{Authors, HeaderFacts};
pub use intake::{CrossPremises, Intake, IntakeOptions, IntakeRefusal};
pub use notification::{
    DIGEST_ENTRIES_MAX, DigestEntry, Notification, NotificationText, quarantine_digest,
    sender_restricted_text,
};
pub use pickup::{PickedUp, PickupOptions, read_pickup};
pub use received::{PRODUCT, Protocol, ReceivedFrom, received_field, received_values};
pub use released::released_head;
pub use report::{
    Language, OriginalMessage, ReplyAdvice, Report, ReportKind, ReportedRecipient, reply_advice,
};
pub use results::{ResultsStamp, authentication_results, received_spf};
pub use rewrite::{NoticeImpossible, REWRITTEN_BYTES_MAX, Rewritten, rewrite};
pub use signing::{
    Digest, SEALS_MAX, SIGNED_HEADER_BYTES_MAX, SealFailure, Sign, SignatureAlgorithm, Signer,
    author_domain, base64, dkim_signature, from_base64, seal,
};
pub use stamps::{Directionality, Stamps, trace_headers};
pub use verdicts::{
    ReportDirection, VerdictStamp, safety_tip_text, skip_listing_headers, verdict_headers,
    verdict_rewrites,
};
pub use wishes::Wishes;
