//! One certificate as people and logs name it.
//!
//! Pure; reads each field for itself, so that an odd certificate is still named as far as it can
//! be. Fails only where the bytes are no certificate at all.

use aws_lc_rs::digest;
use posthouse_types::CertificateSummary;

use crate::certificate::Certificate;
use crate::error::PkiError;
use crate::limits::DNS_NAMES_MAX;
use crate::{der, distinguished, signature};

/// Longest serial number that is shown, in bytes; RFC 5280 section 4.1.2.2 allows 20.
const SERIAL_BYTES_MAX: usize = 64;

/// Names a certificate: RFC 4514 subject and issuer in UTF-8, validity, key, identifiers.
///
/// Lenient: what webpki refuses (unknown critical extensions, old versions, damaged extensions)
/// is still named; a field that cannot be read is empty.
///
/// # Errors
///
/// [`PkiError::NotACertificate`] where even the outer shape is not a certificate's.
pub fn certificate_summary(der: &[u8]) -> Result<CertificateSummary, PkiError> {
    Certificate::read(der).map(|certificate| summary(&certificate)).ok_or_else(|| {
        PkiError::NotACertificate { place: 0, why: "its bytes are not a certificate's".to_owned() }
    })
}

pub(crate) fn summary(certificate: &Certificate<'_>) -> CertificateSummary {
    let (not_before, not_after) = certificate.validity();
    let serial = certificate.serial.get(..SERIAL_BYTES_MAX).unwrap_or(certificate.serial);
    // A leading zero only keeps the number positive; Windows and OpenSSL do not show it.
    let serial = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
    CertificateSummary {
        subject: distinguished::text(certificate.subject),
        issuer: distinguished::text(certificate.issuer),
        serial: der::hex(serial).to_uppercase(),
        thumbprint: thumbprint(certificate.der),
        not_before: not_before.unwrap_or_default(),
        not_after: not_after.unwrap_or_default(),
        key: signature::key_text(certificate.public_key_info.content),
        signature: signature::algorithm_text(certificate.signature_algorithm),
        subject_key_id: certificate.subject_key_id().map(key_id_text),
        authority_key_id: certificate.authority_key_id().map(key_id_text),
        ca_issuers: certificate.ca_issuers(),
        dns_names: certificate
            .dns_names()
            .take(DNS_NAMES_MAX)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect(),
        is_ca: certificate.ca().is_some(),
    }
}

/// Lower-case hexadecimal of a key identifier; 20 or 32 bytes are usual, longer ones are cut.
pub(crate) fn key_id_text(id: &[u8]) -> String {
    der::hex(id.get(..SERIAL_BYTES_MAX).unwrap_or(id))
}

/// SHA-1 as a name, not as a proof: Windows and Exchange show certificates by it.
fn thumbprint(der: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der);
    der::hex(digest.as_ref()).to_uppercase()
}
