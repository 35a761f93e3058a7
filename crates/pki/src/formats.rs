//! Files of certificates and keys as people hand them around: DER (.cer, .crt), PEM, PKCS#7
//! (.p7b, .p7c) and PKCS#12 (.pfx, .p12) in; DER and PEM out.
//!
//! Pure: bytes and a password in, certificates and keys out, bounded. The content decides, never
//! a file's name. Judges nothing: what comes out may be expired or unrelated. What cannot be read
//! is an error that says what was found and how to bring it into a form that can.

use std::fmt;

use p12_keystore::Pkcs12Archive;
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::certificate::Certificate;
use crate::der::{INTEGER, OBJECT_IDENTIFIER, Reader, SEQUENCE, SET};
use crate::limits::{
    BUNDLE_BYTES_MAX, BUNDLE_CERTIFICATES_MAX, BUNDLE_KEYS_MAX, PKCS12_BYTES_MAX,
    PKCS12_STRETCHES_MAX,
};
use crate::roots::pem_fault;

/// id-signedData, RFC 5652 section 5.1.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

/// What a PKCS#12 file says first: PFX version 3 (RFC 7292 section 4).
const PFX_VERSION: &[u8] = &[3];

/// What stretches a password, as an object identifier with its tag and length: PBES2 (RFC 8018
/// section 6.2), and the arc of PKCS#12's own schemes (RFC 7292 appendix C) without its last digit.
const PBES2: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
const PKCS12_PBE: &[u8] = &[0x06, 10, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1];

/// Digits of Base64 (RFC 4648 section 4).
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Digits on one line of PEM (RFC 7468 section 2).
const PEM_COLUMNS: usize = 64;

/// The form that a file turned out to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleFormat {
    /// One certificate or key, binary.
    Der,
    /// Blocks between BEGIN and END lines (RFC 7468).
    Pem,
    /// Certificates only (RFC 2315, RFC 5652).
    Pkcs7,
    /// Certificates and keys under a password (RFC 7292).
    Pkcs12,
}

impl fmt::Display for BundleFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Der => "DER",
            Self::Pem => "PEM",
            Self::Pkcs7 => "PKCS#7",
            Self::Pkcs12 => "PKCS#12",
        })
    }
}

/// What one file holds.
#[derive(Debug)]
pub struct Bundle {
    /// The form it had.
    pub format: BundleFormat,
    /// The certificates (DER), in the file's order; at most [`BUNDLE_CERTIFICATES_MAX`].
    pub certificates: Vec<Vec<u8>>,
    /// The private keys, in the file's order; at most [`BUNDLE_KEYS_MAX`]. Debug output elides them.
    pub keys: Vec<PrivateKeyDer<'static>>,
    /// What a PKCS#12 file calls its key (friendlyName). A stranger's words.
    pub name: Option<String>,
}

/// Why a file cannot be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// None of the forms that are known here.
    Unknown,
    /// Longer than [`BUNDLE_BYTES_MAX`], or more entries than the limits allow.
    TooLarge,
    /// A PKCS#12 file whose password was not given.
    PasswordNeeded,
    /// A PKCS#12 file, and this is not its password.
    PasswordWrong,
    /// A PEM private key under a passphrase.
    KeyEncrypted,
    /// The form is clear, and the content is damaged or of a kind not known; the text says which.
    Unreadable(BundleFormat, String),
}

impl fmt::Display for FormatError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str(
                "neither a certificate (DER or PEM), nor PKCS#7 (.p7b), nor PKCS#12 (.pfx), nor a \
                 private key",
            ),
            Self::TooLarge => write!(
                formatter,
                "longer than {BUNDLE_BYTES_MAX} bytes, or more than {BUNDLE_CERTIFICATES_MAX} \
                 certificates or {BUNDLE_KEYS_MAX} keys"
            ),
            Self::PasswordNeeded => formatter.write_str("a PKCS#12 file that needs its password"),
            Self::PasswordWrong => {
                formatter.write_str("a PKCS#12 file, and this is not its password")
            }
            Self::KeyEncrypted => formatter.write_str(
                "a private key under a passphrase: take it off (openssl pkey -in KEY -out PLAIN), \
                 or give certificate and key as PKCS#12 (.pfx)",
            ),
            Self::Unreadable(format, why) => {
                write!(formatter, "{format} that cannot be read: {why}")
            }
        }
    }
}

impl std::error::Error for FormatError {}

/// Reads a file of any of the forms. The password is for PKCS#12 alone; without one the empty
/// password is tried, as Windows and OpenSSL do.
///
/// # Errors
///
/// [`FormatError`]; its text says what was found and what to do.
pub fn read_bundle(bytes: &[u8], password: Option<&str>) -> Result<Bundle, FormatError> {
    if bytes.len() > BUNDLE_BYTES_MAX {
        return Err(FormatError::TooLarge);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bundle = if bytes.windows(11).any(|window| window == b"-----BEGIN ") {
        from_pem(bytes)?
    } else {
        from_der(bytes, password)?
    };
    let is_too_large =
        bundle.certificates.len() > BUNDLE_CERTIFICATES_MAX || bundle.keys.len() > BUNDLE_KEYS_MAX;
    if is_too_large { Err(FormatError::TooLarge) } else { Ok(bundle) }
}

/// One certificate as PEM (RFC 7468 section 5).
pub fn certificate_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

/// A private key as PEM, under the label of its form (RFC 7468 section 10, RFC 5915).
pub fn key_pem(key: &PrivateKeyDer<'_>) -> String {
    let label = match key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    pem(label, key.secret_der())
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut column = 0;
    for three in der.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place) & 0x3f) as usize;
            let is_padding = place > three.len();
            text.push(if is_padding {
                '='
            } else {
                char::from(*BASE64.get(digit).unwrap_or(&b'='))
            });
        }
        column += 4;
        if column == PEM_COLUMNS {
            text.push('\n');
            column = 0;
        }
    }
    if column > 0 {
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

fn from_pem(bytes: &[u8]) -> Result<Bundle, FormatError> {
    let text = String::from_utf8_lossy(bytes);
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(FormatError::KeyEncrypted);
    }
    // The same armour under other labels: PKCS#7 (RFC 7468 section 8), and old names of one
    // certificate. Inside, the content decides.
    let mut text = text.into_owned();
    for label in ["PKCS7", "PKCS #7 SIGNED DATA", "CMS", "X509 CERTIFICATE"] {
        for edge in ["BEGIN", "END"] {
            let (from, to) =
                (format!("-----{edge} {label}-----"), format!("-----{edge} CERTIFICATE-----"));
            text = text.replace(&from, &to);
        }
    }
    let unreadable = |why: String| FormatError::Unreadable(BundleFormat::Pem, why);
    let mut bundle = Bundle::empty(BundleFormat::Pem);
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        let (kind, der) = section.map_err(|error| unreadable(pem_fault(&error)))?;
        if kind != SectionKind::Certificate {
            bundle.keys.extend(PrivateKeyDer::from_pem(kind, der));
            continue;
        }
        match from_der(&der, None)? {
            Bundle { format: BundleFormat::Der | BundleFormat::Pkcs7, certificates, .. } => {
                bundle.certificates.extend(certificates);
            }
            _ => return Err(unreadable("a block CERTIFICATE that holds none".to_owned())),
        }
        if bundle.certificates.len() > BUNDLE_CERTIFICATES_MAX {
            return Err(FormatError::TooLarge);
        }
    }
    if bundle.certificates.is_empty() && bundle.keys.is_empty() {
        return Err(unreadable("neither a certificate nor a private key in it".to_owned()));
    }
    Ok(bundle)
}

fn from_der(bytes: &[u8], password: Option<&str>) -> Result<Bundle, FormatError> {
    let outer = Reader::new(bytes).expect(SEQUENCE).ok_or(FormatError::Unknown)?;
    let mut fields = outer.inside();
    let first = fields.next().ok_or(FormatError::Unknown)?;
    if first.tag == OBJECT_IDENTIFIER && first.content == SIGNED_DATA {
        let certificates = pkcs7_certificates(outer.whole).ok_or_else(|| {
            let why = "it holds no certificate".to_owned();
            FormatError::Unreadable(BundleFormat::Pkcs7, why)
        })?;
        return Ok(Bundle { certificates, ..Bundle::empty(BundleFormat::Pkcs7) });
    }
    let is_pfx = first.tag == INTEGER
        && first.content == PFX_VERSION
        && fields.next().is_some_and(|safe| {
            safe.tag == SEQUENCE
                && safe.inside().next().is_some_and(|id| id.tag == OBJECT_IDENTIFIER)
        });
    if is_pfx {
        return from_pkcs12(outer.whole, password);
    }
    if Certificate::read(outer.whole).is_some() {
        let certificates = vec![outer.whole.to_vec()];
        return Ok(Bundle { certificates, ..Bundle::empty(BundleFormat::Der) });
    }
    let key = PrivateKeyDer::try_from(outer.whole).map_err(|_| FormatError::Unknown)?;
    Ok(Bundle { keys: vec![key.clone_key()], ..Bundle::empty(BundleFormat::Der) })
}

/// The certificates of a SignedData that signs nothing (RFC 5652 sections 3 and 5.1): what .p7b
/// files are. `None` where it is damaged or holds none.
fn pkcs7_certificates(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut content_info = Reader::new(der).expect(SEQUENCE)?.inside();
    content_info.expect(OBJECT_IDENTIFIER).filter(|id| id.content == SIGNED_DATA)?;
    let mut signed_data = content_info.expect(0xa0)?.inside().expect(SEQUENCE)?.inside();
    signed_data.expect(INTEGER)?; // version
    signed_data.expect(SET)?; // digest algorithms
    signed_data.expect(SEQUENCE)?; // what would be signed
    let certificates: Vec<_> = signed_data
        .expect(0xa0)?
        .inside()
        // Other kinds of certificates have tags of their own (RFC 5652 section 10.2.2).
        .filter(|choice| choice.tag == SEQUENCE && Certificate::read(choice.whole).is_some())
        .take(BUNDLE_CERTIFICATES_MAX + 1)
        .map(|certificate| certificate.whole.to_vec())
        .collect();
    (!certificates.is_empty()).then_some(certificates)
}

/// Whether opening a PKCS#12 file takes seconds at most: nothing about it is believed that would
/// keep us busy for long.
fn check_cost(der: &[u8]) -> Result<(), FormatError> {
    let too_much = |why: String| Err(FormatError::Unreadable(BundleFormat::Pkcs12, why));
    if der.len() > PKCS12_BYTES_MAX {
        return too_much(format!("longer than {PKCS12_BYTES_MAX} bytes"));
    }
    let count = |id: &[u8]| der.windows(id.len()).filter(|window| *window == id).count();
    if count(PBES2) + count(PKCS12_PBE) > PKCS12_STRETCHES_MAX {
        return too_much(format!("more than {PKCS12_STRETCHES_MAX} encrypted parts"));
    }
    Ok(())
}

fn from_pkcs12(der: &[u8], password: Option<&str>) -> Result<Bundle, FormatError> {
    use p12_keystore::error::Error as E;
    check_cost(der)?;
    let wrong = || match password {
        Some(_) => FormatError::PasswordWrong,
        None => FormatError::PasswordNeeded,
    };
    let archive =
        Pkcs12Archive::from_pkcs12(der, password.unwrap_or_default()).map_err(|error| {
            match error {
                // Where no MAC guards the file, a wrong password shows as damage in what it decrypts.
                E::MacError(_) | E::UnpadError | E::Pkcs5Error(_) => wrong(),
                other => FormatError::Unreadable(
                    BundleFormat::Pkcs12,
                    posthouse_types::printable(
                        &other.to_string(),
                        posthouse_types::SHOWN_CHARACTERS_MAX,
                    ),
                ),
            }
        })?;
    let name = archive.keys.iter().find_map(|key| key.friendly_name.clone());
    Ok(Bundle {
        certificates: archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect(),
        keys: archive
            .keys
            .iter()
            .map(|bag| PrivatePkcs8KeyDer::from(bag.key.as_der().to_vec()).into())
            .collect(),
        name,
        ..Bundle::empty(BundleFormat::Pkcs12)
    })
}

impl Bundle {
    fn empty(format: BundleFormat) -> Self {
        Self { format, certificates: Vec::new(), keys: Vec::new(), name: None }
    }
}
