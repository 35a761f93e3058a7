//! Our own certificates: a chain and its private key, as the PEM files hold them, or as a store does.
//!
//! May read the two files that it is given. Sends what the file holds, in its order: a file with
//! the leaf alone stays a leaf alone, since whether that is enough is the other side's to say. A
//! file that is missing, unreadable or does not fit its key is an error that names the file and
//! the way out.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{HandshakeFailure, shown};

/// Longest PEM file that is read. A chain takes a few kilobytes; a bundle of all the world's
/// roots, given by mistake, still gets a proper message.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// Certificates that one file may hold: more are a bundle of roots, not a chain.
const OWN_CERTIFICATES_MAX: usize = 10;

/// A certificate chain and its key, ready to be shown to servers (or, inside this room, clients).
#[derive(Clone, Debug)]
pub(crate) struct ClientIdentity {
    certified: Arc<CertifiedKey>,
}

impl ClientIdentity {
    /// Reads both files: certificates in PEM, leaf first, and the leaf's private key in PEM
    /// (PKCS#8, PKCS#1 or SEC1, not encrypted). One file may be given twice where it holds both.
    ///
    /// # Errors
    /// Reason `own-certificate-unusable`, with a text that says what, where, and what to do.
    pub(crate) fn from_pem_files(certificate: &Path, key: &Path) -> Result<Self, HandshakeFailure> {
        let from = |pem: &[u8], key_pem: &[u8]| {
            Self::from_pem(
                pem,
                key_pem,
                &certificate.display().to_string(),
                &key.display().to_string(),
            )
        };
        let pem = read("certificate", certificate)?;
        from(&pem, &read("key", key)?)
    }

    /// The same from memory; the names say in error texts where the words came from.
    ///
    /// # Errors
    /// As [`Self::from_pem_files`].
    pub(crate) fn from_pem(
        certificate_pem: &[u8],
        key_pem: &[u8],
        certificate_name: &str,
        key_name: &str,
    ) -> Result<Self, HandshakeFailure> {
        let chain = chain_of(certificate_pem, certificate_name)?;
        let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|error| {
            unusable(format!(
                "{key_name} holds no private key that can be read ({}): a PEM block PRIVATE KEY, \
                 RSA PRIVATE KEY or EC PRIVATE KEY without a passphrase is needed",
                shown(&error)
            ))
        })?;
        Self::from_parts(chain, &key, certificate_name, key_name)
    }

    /// The same from what was read already: a chain, leaf first, and the leaf's key.
    ///
    /// # Errors
    /// As [`Self::from_pem_files`].
    pub(crate) fn from_parts(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'_>,
        certificate_name: &str,
        key_name: &str,
    ) -> Result<Self, HandshakeFailure> {
        let signing_key = any_supported_type(key).map_err(|error| {
            unusable(format!(
                "the private key in {key_name} cannot be used ({}): RSA of 2048 bits or more, \
                 ECDSA P-256, P-384 or P-521, or Ed25519 is needed",
                shown(&error)
            ))
        })?;
        if let Some(public) = signing_key.public_key() {
            let place = chain.iter().position(|certificate| holds_key(certificate, &public));
            match place {
                Some(0) => {}
                Some(place) => {
                    return Err(unusable(format!(
                        "the key in {key_name} belongs to certificate number {} of \
                         {certificate_name}: put that one first (leaf, then its issuer)",
                        place + 1
                    )));
                }
                None => {
                    return Err(unusable(format!(
                        "the key in {key_name} is not the key of the certificate in \
                         {certificate_name}: give the two files that were made together"
                    )));
                }
            }
        }
        Ok(Self { certified: Arc::new(CertifiedKey::new(chain, signing_key)) })
    }

    /// The certificates as sent (DER), leaf first; never empty.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.certified.cert.iter().map(AsRef::as_ref)
    }

    pub(super) fn certified(&self) -> &Arc<CertifiedKey> {
        &self.certified
    }

    /// Always this one, whatever names or authorities the peer asks for.
    pub(super) fn resolver(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.certified)))
    }
}

/// Whether a private key is the one that a certificate (DER) is about. False, too, where either
/// cannot be used.
pub(crate) fn is_key_of(key: &PrivateKeyDer<'_>, certificate: &[u8]) -> bool {
    let public =
        any_supported_type(key).ok().and_then(|key| key.public_key().map(|key| key.to_vec()));
    public.is_some_and(|public| holds_key(certificate, &public))
}

fn read(what: &str, path: &Path) -> Result<Vec<u8>, HandshakeFailure> {
    let shown_path = path.display();
    let file = fs::File::open(path).map_err(|error| {
        unusable(format!(
            "the {what} file {shown_path} cannot be opened: {error}; look at its path and at who \
             may read it"
        ))
    })?;
    let mut pem = Vec::new();
    file.take(PEM_BYTES_MAX + 1).read_to_end(&mut pem).map_err(|error| {
        unusable(format!("the {what} file {shown_path} cannot be read: {error}"))
    })?;
    if pem.len() as u64 > PEM_BYTES_MAX {
        return Err(unusable(format!(
            "the {what} file {shown_path} is longer than {PEM_BYTES_MAX} octets: it is not a chain"
        )));
    }
    Ok(pem)
}

fn chain_of(pem: &[u8], name: &str) -> Result<Vec<CertificateDer<'static>>, HandshakeFailure> {
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        chain
            .push(certificate.map_err(|error| {
                unusable(format!("{name} is not sound PEM: {}", shown(&error)))
            })?);
        if chain.len() > OWN_CERTIFICATES_MAX {
            return Err(unusable(format!(
                "{name} holds more than {OWN_CERTIFICATES_MAX} certificates: give the leaf and \
                 its intermediates only"
            )));
        }
    }
    if chain.is_empty() {
        return Err(unusable(format!(
            "{name} holds no certificate: a PEM block CERTIFICATE is needed, the leaf first"
        )));
    }
    Ok(chain)
}

/// Whether a certificate is about this public key (SubjectPublicKeyInfo, DER).
fn holds_key(certificate: &[u8], public: &[u8]) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, certificate)| certificate.tbs_certificate.subject_pki.raw == public)
}

pub(super) fn unusable(text: String) -> HandshakeFailure {
    HandshakeFailure::own_certificate(text)
}
