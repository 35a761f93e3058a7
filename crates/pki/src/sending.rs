//! Our own side: the chain that a certificate of ours should be sent with, what kind a certificate
//! is, and whether one truly issued another.
//!
//! Pure. Uses the same search as the examination of others' chains. Nothing here makes anything
//! trusted: a store's certificates are only ever links between a leaf and a root.

use std::fmt;

use posthouse_types::{ElementOrigin, UnixMillis};

use crate::certificate::Certificate;
use crate::examine::{Examination, examine_at_most};
use crate::limits::KNOWN_CONSIDERED_MAX;
use crate::signature::{self, Checked};

/// What a certificate is for, as far as its own words and signature tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// No CA: it names a server or a person.
    EndEntity,
    /// No CA, and signed by itself.
    SelfSigned,
    /// A CA that another one signed.
    Intermediate,
    /// A CA that signed itself.
    Root,
}

impl CertificateKind {
    /// The kind's id, as in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::EndEntity => "end-entity",
            Self::SelfSigned => "self-signed",
            Self::Intermediate => "intermediate",
            Self::Root => "root",
        }
    }
}

/// Says what kind a certificate is; `None` where the bytes are no certificate.
///
/// A signature by an algorithm that is too weak to be checked is taken at its names' word: old
/// roots have such.
pub fn certificate_kind(der: &[u8]) -> Option<CertificateKind> {
    let certificate = Certificate::read(der)?;
    let is_self_signed = certificate.is_self_named()
        && matches!(
            signature::check(&certificate, certificate.public_key_info.content),
            Checked::Sound | Checked::UnusableAlgorithm | Checked::UnusableKey
        );
    Some(match (certificate.ca().is_some(), is_self_signed) {
        (true, true) => CertificateKind::Root,
        (true, false) => CertificateKind::Intermediate,
        (false, true) => CertificateKind::SelfSigned,
        (false, false) => CertificateKind::EndEntity,
    })
}

/// The chain to send with one of our own certificates: the leaf, then the intermediates among
/// `known` that lead from it upward, as far as they go; never a root (RFC 8446 section 4.4.2).
///
/// A path to one of the examination's roots is preferred; where there is none, the longest path
/// by sound signatures is taken: the receiving side may trust a root that we do not. DER, leaf
/// first.
pub fn chain_to_send(leaf: &[u8], examination: &Examination<'_>) -> Vec<Vec<u8>> {
    let candidates = related(leaf, examination);
    // As if all of them were sent: then the search says which of them a server needs.
    let examination = Examination { known: &[], ..*examination };
    let report = examine_at_most(&candidates, candidates.len(), &examination);
    let mut chain = vec![leaf.to_vec()];
    for element in report.path.iter().skip(1) {
        let ElementOrigin::Sent(place) = element.origin else { break };
        let Some(der) = candidates.get(place) else { break };
        if certificate_kind(der) == Some(CertificateKind::Root) {
            break;
        }
        chain.push(der.to_vec());
    }
    chain
}

/// The leaf, and those of the known that bear the name of an issuer of one of them.
fn related<'a>(leaf: &'a [u8], examination: &Examination<'a>) -> Vec<&'a [u8]> {
    let mut related = vec![leaf];
    let mut next = 0;
    while let Some(&der) = related.get(next) {
        next += 1;
        let Some(certificate) = Certificate::read(der) else { continue };
        for known in examination.known.iter().filter(|one| one.subject() == certificate.issuer) {
            if related.len() <= KNOWN_CONSIDERED_MAX && !related.contains(&known.der()) {
                related.push(known.der());
            }
        }
    }
    related
}

/// Why one certificate is not the issuer of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotIssuer {
    /// One of the two cannot be read.
    Malformed,
    /// It has another name than the issuer that is looked for.
    OtherName,
    /// The right name, and another key: it did not make the signature.
    OtherKey,
    /// A key or signature algorithm too weak to count.
    AlgorithmWeak,
    /// It is no CA.
    NotACa,
    /// Its validity is over.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
}

impl fmt::Display for NotIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "it cannot be read",
            Self::OtherName => "it has another name than the issuer that is looked for",
            Self::OtherKey => "it has the right name and another key: it did not sign this one",
            Self::AlgorithmWeak => "its key, or the signature made with it, is too weak to count",
            Self::NotACa => "it is no CA",
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
        })
    }
}

/// Whether `issuer` truly issued `certificate`: by name, by signature, as a CA, and valid now.
///
/// # Errors
///
/// The first of these that fails.
pub fn check_issuer(issuer: &[u8], certificate: &[u8], now: UnixMillis) -> Result<(), NotIssuer> {
    let (Some(issuer), Some(certificate)) =
        (Certificate::read(issuer), Certificate::read(certificate))
    else {
        return Err(NotIssuer::Malformed);
    };
    if issuer.subject != certificate.issuer {
        return Err(NotIssuer::OtherName);
    }
    match signature::check(&certificate, issuer.public_key_info.content) {
        Checked::Sound => {}
        Checked::Wrong | Checked::OtherKind => return Err(NotIssuer::OtherKey),
        Checked::UnusableKey | Checked::UnusableAlgorithm => return Err(NotIssuer::AlgorithmWeak),
    }
    if issuer.ca().is_none() {
        return Err(NotIssuer::NotACa);
    }
    match issuer.validity() {
        (Some(not_before), _) if now.seconds() < not_before.seconds() => {
            Err(NotIssuer::NotYetValid)
        }
        (_, Some(not_after)) if now.seconds() > not_after.seconds() => Err(NotIssuer::Expired),
        (Some(_), Some(_)) => Ok(()),
        _ => Err(NotIssuer::Malformed),
    }
}
