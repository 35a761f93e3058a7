//! Why a message was refused, deferred or judged so: what `explain REF` shows. Made once, when it
//! happens, and kept; never recomputed with newer rules.

use posthouse_types::{CertificateSummary, ChainReport, ElementOrigin};
use serde::{Deserialize, Serialize};

use crate::Judgement;

/// The whole explanation of one refusal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The reason id.
    pub reason: String,
    /// One plain sentence.
    pub sentence: String,
    /// What the administrator is told.
    pub operator_text: String,
    /// The reply as the peer got it, lines joined by line feeds.
    pub reply: String,
    /// Who sent it.
    pub peer: PeerFacts,
    /// MAIL FROM.
    pub sender: String,
    /// RCPT TO.
    pub recipient: String,
    /// The certificate that was needed and not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingFacts>,
    /// The chain that was presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<ChainFacts>,
    /// Each connector considered, and why it did or did not match.
    #[serde(default)]
    pub connectors: Vec<ConnectorFacts>,
    /// The repair for each platform.
    #[serde(default)]
    pub fix: Vec<Fix>,
    /// What the filter and the tenant's policies made of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
}

/// The other end of the session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeerFacts {
    /// IP address.
    pub address: String,
    /// HELO or EHLO name.
    pub helo: String,
    /// `TLSv1.2`, `TLSv1.3`, or empty.
    pub tls_version: String,
    /// Cipher suite, or empty.
    pub cipher: String,
}

/// The certificate that was needed and not sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MissingFacts {
    /// Subject, RFC 4514.
    pub subject: String,
    /// Key identifier, lower-case hexadecimal; empty where the child names none.
    pub key_id: String,
    /// Where it can be had.
    pub get: Vec<String>,
    /// Whether one of our stores has a copy.
    pub in_store: bool,
    /// A certificate of that name but with another key was sent.
    pub namesake_sent: bool,
}

/// The chain as presented and as judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChainFacts {
    /// Whether it is accepted.
    pub accepted: bool,
    /// The chain's own reason id.
    pub reason: String,
    /// The Windows result code, eight hexadecimal digits.
    pub result: String,
    /// The CAPI2 trust status error bits.
    pub trust_error_bits: u32,
    /// What was sent, leaf first.
    pub presented: Vec<CertificateFacts>,
    /// The path as far as it goes, leaf first.
    pub path: Vec<CertificateFacts>,
    /// The place in `path` that the reason is about.
    pub element: Option<usize>,
    /// Names a connector may match.
    pub names: Vec<String>,
    /// Warning ids.
    pub warnings: Vec<String>,
    /// The certificate that was needed and not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingFacts>,
}

/// One certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Subject, RFC 4514.
    pub subject: String,
    /// Issuer, RFC 4514.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-1 of the DER: the Windows thumbprint.
    pub thumbprint: String,
    /// Start of validity, milliseconds since 1970.
    pub not_before: i64,
    /// End of validity, milliseconds since 1970.
    pub not_after: i64,
    /// Public key.
    pub key: String,
    /// Signature algorithm.
    pub signature: String,
    /// Subject key identifier, lower-case hexadecimal; empty where it has none.
    #[serde(default)]
    pub subject_key_id: String,
    /// Authority key identifier: which key signed it; likewise.
    #[serde(default)]
    pub authority_key_id: String,
    /// DNS names.
    pub dns_names: Vec<String>,
    /// `sent`, `root` or `store`.
    pub origin: String,
}

/// One connector that was considered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectorFacts {
    /// The tenant whose connector it is: only that tenant's administrators may see it.
    pub tenant: String,
    /// The connector's name.
    pub name: String,
    /// `on-premises` or `partner`.
    #[serde(rename = "type")]
    pub connector_type: String,
    /// Whether it recognised the peer.
    pub matched: bool,
    /// Why, or why not.
    pub why: String,
}

/// The repair on one platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// `exchange`, `iis`, `postfix`, `posthouse`.
    pub platform: String,
    /// The repair in one line.
    pub title: String,
    /// Steps in words.
    pub steps: Vec<String>,
    /// Commands to copy; never holds a peer's words.
    pub commands: Vec<String>,
}

impl From<&ChainReport> for ChainFacts {
    fn from(report: &ChainReport) -> Self {
        Self {
            accepted: report.is_accepted(),
            reason: report.reason.id().to_owned(),
            result: format!("{:08X}", report.reason.windows_result()),
            trust_error_bits: report.reason.trust_error_bits(),
            presented: report
                .presented
                .iter()
                .map(|certificate| CertificateFacts::new(certificate, "sent"))
                .collect(),
            path: report
                .path
                .iter()
                .map(|element| {
                    let origin = match element.origin {
                        ElementOrigin::Sent(_) => "sent",
                        ElementOrigin::Root => "root",
                        ElementOrigin::Store => "store",
                    };
                    CertificateFacts::new(&element.certificate, origin)
                })
                .collect(),
            element: report.element,
            names: report.names.iter().map(ToString::to_string).collect(),
            warnings: report.warnings.iter().map(|warning| warning.id().to_owned()).collect(),
            missing: MissingFacts::of(report),
        }
    }
}

impl MissingFacts {
    /// What the report says is missing.
    pub fn of(report: &ChainReport) -> Option<Self> {
        report.missing.as_ref().map(|missing| Self {
            subject: missing.subject.clone(),
            key_id: missing.key_id.clone().unwrap_or_default(),
            get: missing.get.clone(),
            in_store: missing.in_store,
            namesake_sent: missing.namesake_sent,
        })
    }
}

impl CertificateFacts {
    fn new(certificate: &CertificateSummary, origin: &str) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            serial: certificate.serial.clone(),
            thumbprint: certificate.thumbprint.clone(),
            not_before: certificate.not_before.0,
            not_after: certificate.not_after.0,
            key: certificate.key.clone(),
            signature: certificate.signature.clone(),
            subject_key_id: certificate.subject_key_id.clone().unwrap_or_default(),
            authority_key_id: certificate.authority_key_id.clone().unwrap_or_default(),
            dns_names: certificate.dns_names.clone(),
            origin: origin.to_owned(),
        }
    }
}
