//! Certificates: trusted roots, the search for a path, why a chain fails, names, and the repair.
//!
//! Pure: bytes, our own stores and `now` come in, reports and texts go out; no IO, no clock, no
//! fetching. Acceptance is `rustls-webpki`'s verdict under one usage rule; everything else here
//! explains. A peer's bytes never fail it: what cannot be read becomes a reason.

mod certificate;
mod der;
mod distinguished;
mod dns;
mod error;
mod examine;
mod explain;
mod formats;
mod issuer;
pub mod limits;
pub mod repair;
mod revocation;
mod roots;
mod search;
mod seen;
mod sending;
mod sentence;
mod signature;
mod summary;

pub use certificate::spki_of;
pub use dns::{PeerName, names_match};
pub use error::PkiError;
pub use examine::{Examination, examine, examine_at_most};
pub use formats::{Bundle, BundleFormat, FormatError, certificate_pem, key_pem, read_bundle};
pub use issuer::issuer_matches;
pub use repair::{Repair, repairs};
pub use revocation::RevocationLists;
pub use roots::{KnownIntermediate, TrustedRoots, parse_pem_certificates, presented_certificates};
pub use search::MailTransport;
pub use seen::SeenChains;
pub use sending::{CertificateKind, NotIssuer, certificate_kind, chain_to_send, check_issuer};
pub use sentence::sentence;
pub use summary::certificate_summary;
