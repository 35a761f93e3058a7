//! The one thing that a handshake checks about a certificate: that the peer holds its key.
//!
//! Touches nothing. The check runs against the leaf's public key alone, so that a leaf which the
//! path validator could not even parse still gets as far as RCPT and a refusal with its reason.
//! It never accepts a signature unchecked. A key that no signature could be checked with ends the
//! handshake with an [`UnusableKey`].

use std::fmt;
use std::sync::Arc;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, PeerMisbehaved,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::nom::Parser;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// RSA keys that the provider verifies with: NIST SP 800-131A asks for 2048 bits, and above 8192
/// one verification costs too much to be given away to strangers.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;

/// Lets any chain through and proves possession of the leaf's key, for either end.
#[derive(Debug)]
pub(super) struct PossessionOnly {
    algorithms: WebPkiSupportedAlgorithms,
}

impl PossessionOnly {
    pub(super) fn new() -> Arc<Self> {
        let algorithms = super::provider().signature_verification_algorithms;
        Arc::new(Self { algorithms })
    }

    /// TLS 1.2 does not bind a signature scheme to one curve, so each algorithm that the scheme
    /// may mean is tried (RFC 8422 section 5.1.1).
    fn verify_tls12(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = usable_key(leaf)?;
        let key = webpki::RawPublicKeyEntity::try_from(&key).map_err(|_| bad_signature())?;
        let (_, candidates) = self
            .algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == signed.scheme)
            .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        for candidate in *candidates {
            if key.verify_signature(*candidate, message, signed.signature()).is_ok() {
                return Ok(HandshakeSignatureValid::assertion());
            }
        }
        Err(bad_signature())
    }

    fn verify_tls13(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = usable_key(leaf)?;
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }
}

impl ClientCertVerifier for PossessionOnly {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No authorities (RFC 8446 section 4.2.4): a Windows sender that was given a list and lacks
    /// its own intermediate finds no certificate that fits, and sends none.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        usable_key(end_entity)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_tls12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_tls13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for PossessionOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        usable_key(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_tls12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_tls13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The peer's leaf has no key that possession could be proven with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnusableKey {
    /// The leaf is no certificate that can be read at all.
    pub(super) malformed: bool,
    text: String,
}

impl UnusableKey {
    /// Finds it again in the error that the handshake ended with.
    pub(super) fn in_error(error: &rustls::Error) -> Option<&Self> {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
                other.0.downcast_ref()
            }
            _ => None,
        }
    }
}

impl fmt::Display for UnusableKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for UnusableKey {}

impl From<UnusableKey> for rustls::Error {
    fn from(unusable: UnusableKey) -> Self {
        // The alert is certificate_unknown: "some other issue" (RFC 8446 section 6.2).
        CertificateError::Other(OtherError(Arc::new(unusable))).into()
    }
}

/// The public key of a leaf (SubjectPublicKeyInfo, DER), where signatures can be verified with it.
pub(super) fn usable_key<'a>(
    leaf: &'a CertificateDer<'_>,
) -> Result<SubjectPublicKeyInfoDer<'a>, UnusableKey> {
    let certificate = read(leaf).ok_or_else(|| UnusableKey {
        malformed: true,
        text: format!("the certificate ({} octets) cannot be read", leaf.len()),
    })?;
    let key = &certificate.tbs_certificate.subject_pki;
    match complaint(key) {
        None => Ok(SubjectPublicKeyInfoDer::from(key.raw)),
        Some(complaint) => {
            let subject = printable(&certificate.subject().to_string(), SHOWN_CHARACTERS_MAX);
            let text =
                format!("the certificate's key cannot be used: {complaint} (subject {subject})");
            Err(UnusableKey { malformed: false, text })
        }
    }
}

/// Reads the certificate without its extensions: the key does not depend on them, and an odd one
/// is for the path validator to name.
fn read<'a>(leaf: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    parser.parse(leaf.as_ref()).ok().map(|(_, certificate)| certificate)
}

/// What is wrong with a key; `None` where the provider can verify with it.
fn complaint(key: &SubjectPublicKeyInfo<'_>) -> Option<String> {
    let algorithm = &key.algorithm.algorithm;
    if *algorithm == OID_SIG_ED25519 {
        return None;
    }
    if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
        return match curve {
            Some(curve) if is_known_curve(&curve) => None,
            Some(curve) => Some(format!("ECDSA on the unknown curve {curve}")),
            None => Some("ECDSA on a curve without a name".to_owned()),
        };
    }
    if *algorithm == OID_PKCS1_RSAENCRYPTION {
        let Ok(PublicKey::RSA(rsa)) = key.parsed() else {
            return Some("an RSA key that cannot be read".to_owned());
        };
        let bits = bit_length(rsa.modulus);
        return (!(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits)).then(|| {
            format!("RSA {bits}, where {RSA_BITS_MIN} to {RSA_BITS_MAX} bits are needed")
        });
    }
    Some(format!("unknown algorithm {algorithm}"))
}

fn is_known_curve(curve: &Oid<'_>) -> bool {
    [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521].contains(curve)
}

fn bit_length(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    let leading = number.get(zeros).map_or(0, |octet| octet.leading_zeros() as usize);
    (number.len() - zeros) * 8 - leading
}

fn bad_signature() -> rustls::Error {
    CertificateError::BadSignature.into()
}
