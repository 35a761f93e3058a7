//! The verdict: one cause, how sure it is, what else it could be, what proves it, what mends it.

use std::fmt;

use posthouse_trace::Fix;
use serde_json::{Value, json};

use crate::facts::{FileRead, Note, Proof};

/// What is wrong; one word for each, the same in JSON and documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// An issuer between the certificate and a trusted root was not sent.
    ChainIncomplete,
    /// The chain is whole and ends in a root that is not trusted; or the certificate signed itself.
    RootUntrusted,
    /// A certificate is outside its validity.
    Expired,
    /// The certificate does not hold the name that the other side expects.
    NameMismatch,
    /// No certificate was sent.
    NoCertificate,
    /// The certificate is there, its private key is not or cannot be read.
    PrivateKeyUnavailable,
    /// The certificate that a connector names is not there.
    CertificateNotFound,
    /// The server sends from another address than the connector lists.
    AddressChanged,
    /// A connector matched, but neither sender domain nor certificate belongs to the organisation.
    SenderDomainNotAccepted,
    /// No connector recognises this server.
    NoConnector,
    /// The session was not encrypted, so no certificate could be sent.
    TlsNotUsed,
    /// All went well.
    None,
    /// The evidence cannot decide.
    Unknown,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 13] = [
        Self::ChainIncomplete,
        Self::RootUntrusted,
        Self::Expired,
        Self::NameMismatch,
        Self::NoCertificate,
        Self::PrivateKeyUnavailable,
        Self::CertificateNotFound,
        Self::AddressChanged,
        Self::SenderDomainNotAccepted,
        Self::NoConnector,
        Self::TlsNotUsed,
        Self::None,
        Self::Unknown,
    ];

    /// Its id, as in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::ChainIncomplete => "chain-incomplete",
            Self::RootUntrusted => "root-untrusted",
            Self::Expired => "expired",
            Self::NameMismatch => "name-mismatch",
            Self::NoCertificate => "no-certificate",
            Self::PrivateKeyUnavailable => "private-key-unavailable",
            Self::CertificateNotFound => "certificate-not-found",
            Self::AddressChanged => "address-changed",
            Self::SenderDomainNotAccepted => "sender-domain-not-accepted",
            Self::NoConnector => "no-connector",
            Self::TlsNotUsed => "tls-not-used",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }

    /// Finds a cause by its id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.id() == id)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// How sure a cause is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One reading among several.
    Weak,
    /// What it most often is when a file says this.
    Likely,
    /// Two kinds of evidence agree, or a change of just this was seen.
    VeryLikely,
    /// The side that knows says so.
    Certain,
}

impl Confidence {
    /// Its id, as in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Likely => "likely",
            Self::VeryLikely => "very-likely",
            Self::Certain => "certain",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// Something else that it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What.
    pub cause: Cause,
    /// What would tell it apart.
    pub tell_apart: &'static str,
}

/// What the evidence says.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What is wrong.
    pub cause: Cause,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, in one or two sentences for people; printable.
    pub why: String,
    /// What else it could be, the likelier first.
    pub candidates: Vec<Candidate>,
    /// The lines that prove it, the most telling first.
    pub proof: Vec<Proof>,
    /// What mends it, or what to look at next where that is not known.
    pub fix: Vec<Fix>,
    /// The files that were looked at.
    pub files: Vec<FileRead>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

impl Verdict {
    /// The verdict as one JSON object on one line, without line end.
    pub fn json(&self) -> String {
        let candidates: Vec<Value> = self
            .candidates
            .iter()
            .map(|one| json!({ "cause": one.cause.id(), "tell_apart": one.tell_apart }))
            .collect();
        let proof: Vec<Value> = self
            .proof
            .iter()
            .map(|one| json!({ "file": &*one.file, "line": one.line, "text": one.text }))
            .collect();
        let files: Vec<Value> = self
            .files
            .iter()
            .map(|file| json!({ "file": &*file.name, "kind": file.kind.id(), "entries": file.entries }))
            .collect();
        let notes: Vec<Value> = self
            .notes
            .iter()
            .map(|note| json!({ "file": &*note.file, "text": note.text }))
            .collect();
        json!({
            "cause": self.cause.id(),
            "confidence": self.confidence.id(),
            "why": self.why,
            "candidates": candidates,
            "proof": proof,
            "fix": serde_json::to_value(&self.fix).unwrap_or_default(),
            "files": files,
            "notes": notes,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_found_by_its_id() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_id(cause.id()), Some(cause));
        }
        assert!(Confidence::Weak < Confidence::Likely);
        assert!(Confidence::VeryLikely < Confidence::Certain);
    }
}
