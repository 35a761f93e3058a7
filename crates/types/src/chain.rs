//! What an examined certificate chain says: the path, the verdict, one reason, and what is missing.

use std::fmt;

use crate::{Domain, UnixMillis};

/// Why a chain is or is not accepted. One primary reason per chain: the most useful one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainReason {
    /// Accepted.
    Ok,
    /// The peer sent no certificate.
    NoCertificate,
    /// An issuer between the leaf and a trusted root was not sent.
    ChainIncomplete,
    /// The path ends in a root that is not trusted here.
    RootUntrusted,
    /// The leaf signed itself and is not a trusted root.
    SelfSigned,
    /// An element's validity is over.
    Expired,
    /// An element's validity has not begun.
    NotYetValid,
    /// A signature does not verify under the issuer's key.
    SignatureInvalid,
    /// An element that signed another one may not: it is no CA.
    IssuerNotACa,
    /// More CAs than a path length constraint allows.
    PathTooLong,
    /// A name lies outside an issuer's name constraints.
    NameConstraint,
    /// The certificate is sound, but does not hold the name that was asked for.
    NameMismatch,
    /// A key or signature algorithm too weak or unknown.
    AlgorithmWeak,
    /// The extended key usage permits neither client nor server authentication.
    UsageNotPermitted,
    /// A critical extension that nobody here understands.
    UnknownCriticalExtension,
    /// Revoked by a CRL.
    Revoked,
    /// Not a certificate that can be read.
    Malformed,
}

impl ChainReason {
    /// Every reason, for tables and documentation.
    pub const ALL: [Self; 17] = [
        Self::Ok,
        Self::NoCertificate,
        Self::ChainIncomplete,
        Self::RootUntrusted,
        Self::SelfSigned,
        Self::Expired,
        Self::NotYetValid,
        Self::SignatureInvalid,
        Self::IssuerNotACa,
        Self::PathTooLong,
        Self::NameConstraint,
        Self::NameMismatch,
        Self::AlgorithmWeak,
        Self::UsageNotPermitted,
        Self::UnknownCriticalExtension,
        Self::Revoked,
        Self::Malformed,
    ];

    /// The reason id: the same in reply, trace, event, metric, JSON and documentation.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoCertificate => "no-certificate",
            Self::ChainIncomplete => "chain-incomplete",
            Self::RootUntrusted => "root-untrusted",
            Self::SelfSigned => "self-signed",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::SignatureInvalid => "signature-invalid",
            Self::IssuerNotACa => "issuer-not-a-ca",
            Self::PathTooLong => "path-too-long",
            Self::NameConstraint => "name-constraint",
            Self::NameMismatch => "name-mismatch",
            Self::AlgorithmWeak => "algorithm-weak",
            Self::UsageNotPermitted => "usage-not-permitted",
            Self::UnknownCriticalExtension => "unknown-critical-extension",
            Self::Revoked => "revoked",
            Self::Malformed => "malformed",
        }
    }

    /// The Windows result code that CAPI2 would show (spec 5.7).
    pub fn windows_result(self) -> u32 {
        match self {
            Self::Ok | Self::NoCertificate => 0,
            Self::ChainIncomplete => 0x800B_010A,
            Self::RootUntrusted | Self::SelfSigned => 0x800B_0109,
            Self::Expired | Self::NotYetValid => 0x800B_0101,
            Self::SignatureInvalid | Self::Malformed => 0x8009_6004,
            Self::IssuerNotACa | Self::PathTooLong => 0x8009_6019,
            Self::NameConstraint => 0x800B_0114,
            Self::NameMismatch => 0x800B_010F,
            Self::AlgorithmWeak => 0x800B_010A,
            Self::UsageNotPermitted => 0x800B_0110,
            Self::UnknownCriticalExtension => 0x800B_0105,
            Self::Revoked => 0x8009_2010,
        }
    }

    /// The CAPI2 trust status error bits (spec 5.7).
    pub fn trust_error_bits(self) -> u32 {
        match self {
            Self::Ok | Self::NoCertificate | Self::NameMismatch => 0,
            Self::ChainIncomplete => 0x1_0000,
            Self::RootUntrusted | Self::SelfSigned => 0x20,
            Self::Expired | Self::NotYetValid => 0x1,
            Self::SignatureInvalid | Self::Malformed => 0x8,
            Self::IssuerNotACa | Self::PathTooLong => 0x400,
            Self::NameConstraint => 0x800,
            Self::AlgorithmWeak => 0x10_0000,
            Self::UsageNotPermitted => 0x10,
            Self::UnknownCriticalExtension => 0x800_0000,
            Self::Revoked => 0x4,
        }
    }
}

impl fmt::Display for ChainReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}

/// Which intermediates count when a chain is judged: a connector's `chain` setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChainMode {
    /// Those that the peer sent, and no others: as Exchange Online judges.
    #[default]
    AsSent,
    /// Those that the tenant has imported count too, with a warning.
    Repair,
}

impl ChainMode {
    /// The word in a tenant's file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsSent => "as-sent",
            Self::Repair => "repair",
        }
    }
}

impl fmt::Display for ChainMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Something worth saying beside `ok`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainWarning {
    /// The certificates were sent in another order than leaf to root.
    OutOfOrder,
    /// The root was sent too: needless.
    RootSent,
    /// The certificate at this place of what was sent belongs to no path.
    Unrelated(usize),
    /// The leaf has extended usages and clientAuth is not among them.
    NoClientAuthUsage,
    /// The element at this place of the path expires within 30 days.
    ExpiresSoon(usize),
    /// A trusted root has the name of the issuer that was looked for, but another key.
    NamesakeTrusted,
    /// So many of the certificates sent were not looked at: more than the limit.
    NotLookedAt(usize),
    /// The leaf's key is too weak, or of a kind that is not known: a handshake with it fails.
    KeyUnusable,
    /// The path is whole only with a copy from our store: elsewhere it would be refused.
    CompletedFromStore,
    /// A revocation list that was consulted should have been renewed by now.
    CrlStale,
    /// A revocation list bears an issuer's name on the path and cannot be used: its signature is
    /// not that issuer's, or the issuer may sign none.
    CrlUnusable,
    /// Revocation was to be checked, and no list that can be used speaks of the leaf.
    RevocationUnknown,
}

impl ChainWarning {
    /// The warning's id, as in JSON.
    pub fn id(&self) -> &'static str {
        match self {
            Self::OutOfOrder => "out-of-order",
            Self::RootSent => "root-sent",
            Self::Unrelated(_) => "unrelated-certificate",
            Self::NoClientAuthUsage => "no-client-auth-usage",
            Self::ExpiresSoon(_) => "expires-soon",
            Self::NamesakeTrusted => "namesake-trusted",
            Self::NotLookedAt(_) => "not-looked-at",
            Self::KeyUnusable => "key-unusable",
            Self::CompletedFromStore => "completed-from-store",
            Self::CrlStale => "crl-stale",
            Self::CrlUnusable => "crl-unusable",
            Self::RevocationUnknown => "revocation-unknown",
        }
    }
}

/// One certificate as people and logs name it. All strings are the certificate's own words,
/// unescaped beyond RFC 4514: pass them through `printable` before they are shown on a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateSummary {
    /// Subject, RFC 4514, UTF-8, most specific first. Empty where it has none.
    pub subject: String,
    /// Issuer, likewise.
    pub issuer: String,
    /// Serial number, upper-case hexadecimal.
    pub serial: String,
    /// SHA-1 of the DER, upper-case hexadecimal: what Windows calls the thumbprint.
    pub thumbprint: String,
    /// Start of validity.
    pub not_before: UnixMillis,
    /// End of validity.
    pub not_after: UnixMillis,
    /// Public key, as `RSA 2048`, `ECDSA P-256`, `Ed25519`.
    pub key: String,
    /// Signature algorithm, as `sha256WithRSAEncryption`, or its OID.
    pub signature: String,
    /// Subject key identifier, lower-case hexadecimal.
    pub subject_key_id: Option<String>,
    /// Authority key identifier, lower-case hexadecimal.
    pub authority_key_id: Option<String>,
    /// The caIssuers addresses of its authority information access.
    pub ca_issuers: Vec<String>,
    /// Its DNS names (subject alternative names), as written.
    pub dns_names: Vec<String>,
    /// Basic constraints say CA.
    pub is_ca: bool,
}

/// Where an element of the path came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementOrigin {
    /// The peer sent it, at this place (0 is the leaf).
    Sent(usize),
    /// It is one of the trusted roots.
    Root,
    /// One of our stores holds it; it was not sent.
    Store,
}

/// One element of the path, leaf first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainElement {
    /// The certificate. Of a trusted root that is known by name and key only, just the subject.
    pub certificate: CertificateSummary,
    /// Where it came from.
    pub origin: ElementOrigin,
}

/// The certificate that would have been needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCertificate {
    /// Its subject (the issuer named by the last element), RFC 4514.
    pub subject: String,
    /// Its key identifier (the authority key identifier of the last element), lower-case hex.
    pub key_id: Option<String>,
    /// Where the last element says that it can be had (caIssuers), in the order given.
    pub get: Vec<String>,
    /// Whether one of our stores has a copy. Informs; never accepts.
    pub in_store: bool,
    /// A certificate of the same name but another key was sent.
    pub namesake_sent: bool,
}

/// What became of one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// The one primary reason; `Ok` where the chain is accepted.
    pub reason: ChainReason,
    /// The element of `path` that the reason is about.
    pub element: Option<usize>,
    /// The certificate that was needed and not sent.
    pub missing: Option<MissingCertificate>,
    /// What was sent, in the order sent, leaf first. Unreadable ones are empty summaries.
    pub presented: Vec<CertificateSummary>,
    /// The path as far as it goes, leaf first.
    pub path: Vec<ChainElement>,
    /// The leaf's names that a connector may match: its DNS names; the CN only where there is no
    /// DNS name (decision 2). Lower-case A-labels, wildcards as `*.d`.
    pub names: Vec<Domain>,
    /// What else is worth saying.
    pub warnings: Vec<ChainWarning>,
    /// The earliest end of validity on the accepted path: this report says nothing after it.
    pub valid_until: Option<UnixMillis>,
}

impl ChainReport {
    /// The report on a peer that was asked for a certificate and sent none.
    pub fn no_certificate() -> Self {
        Self {
            reason: ChainReason::NoCertificate,
            element: None,
            missing: None,
            presented: Vec::new(),
            path: Vec::new(),
            names: Vec::new(),
            warnings: Vec::new(),
            valid_until: None,
        }
    }

    /// Whether the chain is accepted.
    pub fn is_accepted(&self) -> bool {
        self.reason == ChainReason::Ok
    }

    /// The leaf as sent.
    pub fn leaf(&self) -> Option<&CertificateSummary> {
        self.presented.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_the_code_and_the_status_that_windows_would_show() {
        use ChainReason as R;
        for (reasons, result, bits) in [
            (&[R::Ok, R::NoCertificate][..], 0, 0),
            (&[R::ChainIncomplete], 0x800B_010A, 0x1_0000),
            (&[R::RootUntrusted, R::SelfSigned], 0x800B_0109, 0x20),
            (&[R::Expired, R::NotYetValid], 0x800B_0101, 0x1),
            (&[R::SignatureInvalid, R::Malformed], 0x8009_6004, 0x8),
            (&[R::IssuerNotACa, R::PathTooLong], 0x8009_6019, 0x400),
            (&[R::NameConstraint], 0x800B_0114, 0x800),
            (&[R::NameMismatch], 0x800B_010F, 0),
            (&[R::AlgorithmWeak], 0x800B_010A, 0x10_0000),
            (&[R::UsageNotPermitted], 0x800B_0110, 0x10),
            (&[R::UnknownCriticalExtension], 0x800B_0105, 0x800_0000),
            (&[R::Revoked], 0x8009_2010, 0x4),
        ] {
            for reason in reasons {
                assert_eq!(reason.windows_result(), result, "{reason}");
                assert_eq!(reason.trust_error_bits(), bits, "{reason}");
            }
        }
    }
}
