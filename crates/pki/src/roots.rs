//! The certificates that *we* hold: trusted roots, which accept; known intermediates, which inform,
//! and count only where a connector says `chain = "repair"`; and the PEM form of both.
//!
//! Parsed once from bytes handed in; touches no file. Whatever stands among the known is never
//! trusted for itself: a path has to lead past it to a root.

use std::collections::HashMap;

use aws_lc_rs::digest;
use posthouse_types::{CertificateSummary, UnixMillis};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::certificate::Certificate;
use crate::der::{Reader, SEQUENCE};
use crate::error::PkiError;
use crate::limits::PEM_BYTES_MAX;
use crate::summary::summary;

/// The trusted roots of this node. Immutable; a changed set is a new value.
#[derive(Debug)]
pub struct TrustedRoots {
    roots: Vec<Root>,
    /// Places in `roots` by the content of the subject: issuers are found by name.
    by_subject: HashMap<Box<[u8]>, Vec<usize>>,
    /// Names this very set of roots: equal sets have equal generations, on every node.
    pub generation: u64,
}

#[derive(Debug)]
struct Root {
    anchor: TrustAnchor<'static>,
    summary: CertificateSummary,
    subject_key_id: Option<Box<[u8]>>,
}

impl TrustedRoots {
    /// The roots of a PEM file. Blocks other than certificates are skipped.
    ///
    /// # Errors
    ///
    /// The file is too long, not PEM, holds no certificate, or holds one that cannot be read: an
    /// operator's own file is taken as a whole or not at all.
    pub fn from_pem(pem: &[u8]) -> Result<Self, PkiError> {
        Self::from_ders(&parse_pem_certificates(pem)?)
    }

    /// The roots of a list of DER certificates. An empty list is a set that trusts nobody.
    ///
    /// # Errors
    ///
    /// [`PkiError::NotACertificate`] with the place of the first that cannot be read.
    pub fn from_ders<D: AsRef<[u8]>>(ders: &[D]) -> Result<Self, PkiError> {
        match Self::from_readable_ders(ders) {
            (roots, errors) if errors.is_empty() => Ok(roots),
            (_, errors) => Err(errors.into_iter().next().unwrap_or(PkiError::NoCertificate)),
        }
    }

    /// The roots of a list of which some may be unreadable, and what was wrong with those: for
    /// the operating system's store, whose content is nobody's choice.
    pub fn from_readable_ders<D: AsRef<[u8]>>(ders: &[D]) -> (Self, Vec<PkiError>) {
        let mut roots: Vec<Root> = Vec::with_capacity(ders.len());
        let mut by_subject: HashMap<Box<[u8]>, Vec<usize>> = HashMap::with_capacity(ders.len());
        let mut errors = Vec::new();
        let mut marks = Vec::with_capacity(ders.len());
        for (place, der) in ders.iter().map(AsRef::as_ref).enumerate() {
            match Root::read(der) {
                Ok(root) => {
                    let subject = Box::from(root.anchor.subject.as_ref());
                    by_subject.entry(subject).or_default().push(roots.len());
                    roots.push(root);
                    marks.push(mark(der));
                }
                Err(why) => errors.push(PkiError::NotACertificate { place, why }),
            }
        }
        marks.sort_unstable();
        (Self { roots, by_subject, generation: generation(&marks) }, errors)
    }

    /// How many roots there are.
    pub fn len(&self) -> usize {
        self.roots.len()
    }

    /// Whether there are none: then no chain is accepted.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// The roots as people name them, in the order given.
    pub fn summaries(&self) -> impl Iterator<Item = &CertificateSummary> {
        self.roots.iter().map(|root| &root.summary)
    }

    /// The places of the roots that have this name (a Name's content).
    pub(crate) fn named(&self, subject: &[u8]) -> &[usize] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn anchor(&self, place: usize) -> Option<&TrustAnchor<'static>> {
        self.roots.get(place).map(|root| &root.anchor)
    }

    pub(crate) fn summary(&self, place: usize) -> Option<&CertificateSummary> {
        self.roots.get(place).map(|root| &root.summary)
    }

    pub(crate) fn subject_key_id(&self, place: usize) -> Option<&[u8]> {
        self.roots.get(place)?.subject_key_id.as_deref()
    }

    /// Whether this certificate is one of the roots: same name, same key.
    pub(crate) fn contain(&self, certificate: &Certificate<'_>) -> bool {
        self.named(certificate.subject).iter().any(|&place| {
            self.anchor(place).is_some_and(|anchor| {
                anchor.subject_public_key_info.as_ref() == certificate.public_key_info.content
            })
        })
    }
}

impl Root {
    fn read(der: &[u8]) -> Result<Self, String> {
        let certificate = Certificate::read(der).ok_or("its bytes are not a certificate's")?;
        let borrowed = CertificateDer::from(der);
        let anchor = webpki::anchor_from_trusted_cert(&borrowed)
            .map_err(|error| format!("it cannot serve as a root ({error})"))?;
        Ok(Self {
            anchor: anchor.to_owned(),
            summary: summary(&certificate),
            subject_key_id: certificate.subject_key_id().map(Box::from),
        })
    }
}

/// An intermediate that one of our stores holds. It completes the explanation of a chain; a chain
/// itself only where the examination's mode is [`Repair`](posthouse_types::ChainMode::Repair).
#[derive(Clone, Debug)]
pub struct KnownIntermediate {
    der: Box<[u8]>,
    subject: Box<[u8]>,
    validity: [Option<UnixMillis>; 2],
    mark: u64,
}

impl KnownIntermediate {
    /// Takes one DER certificate.
    ///
    /// # Errors
    ///
    /// [`PkiError::NotACertificate`] where the bytes are none.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let certificate = Certificate::read(der).ok_or_else(|| PkiError::NotACertificate {
            place: 0,
            why: "its bytes are not a certificate's".to_owned(),
        })?;
        Ok(Self {
            der: Box::from(der),
            subject: Box::from(certificate.subject),
            validity: certificate.validity().into(),
            mark: mark(der),
        })
    }

    /// The certificate.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Content of the subject's Name.
    pub(crate) fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// Start and end of validity, where they can be read.
    pub(crate) fn validity(&self) -> [Option<UnixMillis>; 2] {
        self.validity
    }

    /// A number that stands for the certificate in a cache's key.
    pub(crate) fn mark(&self) -> u64 {
        self.mark
    }
}

/// The certificates of a PEM file, in its order. Blocks of other kinds (keys, CRLs) and text
/// between blocks are skipped.
///
/// # Errors
///
/// [`PkiError::TooLong`], [`PkiError::NotPem`], or [`PkiError::NoCertificate`].
pub fn parse_pem_certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, PkiError> {
    if pem.len() > PEM_BYTES_MAX {
        return Err(PkiError::TooLong);
    }
    let mut ders = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        ders.push(certificate.map_err(|error| PkiError::NotPem(pem_fault(&error)))?.to_vec());
    }
    if ders.is_empty() { Err(PkiError::NoCertificate) } else { Ok(ders) }
}

/// What a file that somebody hands in to be diagnosed presents: each certificate of a PEM file in
/// its order, or DER certificates one after another.
///
/// Nothing is refused, for a damaged bundle is what a diagnosis may be about: a block that cannot
/// be decoded is an empty certificate in its place, and a file without any certificate's beginning
/// one that cannot be read, unless it is empty or holds other blocks only.
pub fn presented_certificates(file: &[u8]) -> Vec<Vec<u8>> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if file.first() == Some(&SEQUENCE) {
        return concatenated(file);
    }
    let mut ders = Vec::new();
    let mut rest = file;
    while let Some(start) = find(rest, BEGIN) {
        let block = rest.get(start..).unwrap_or_default();
        let after = block.get(BEGIN.len()..).unwrap_or_default();
        // A block whose end was cut off must not swallow the next one.
        let length = find(after, BEGIN).map_or(block.len(), |at| BEGIN.len() + at);
        let block = block.get(..length).unwrap_or_default();
        ders.push(CertificateDer::from_pem_slice(block).map_or(Vec::new(), |der| der.to_vec()));
        rest = after;
    }
    let is_empty = file.iter().all(u8::is_ascii_whitespace);
    if ders.is_empty() && !is_empty && find(file, b"-----BEGIN ").is_none() {
        ders.push(Vec::new());
    }
    ders
}

/// Where one text begins in another.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// DER elements one after another; what is left over behind the last whole one is one more, so
/// that a cut file is seen to be cut.
fn concatenated(file: &[u8]) -> Vec<Vec<u8>> {
    let whole: Vec<&[u8]> = Reader::new(file).map(|element| element.whole).collect();
    let read: usize = whole.iter().map(|element| element.len()).sum();
    let left = file.get(read..).filter(|left| !left.iter().all(u8::is_ascii_whitespace));
    whole.into_iter().chain(left).map(<[u8]>::to_vec).collect()
}

/// A PEM fault in words, without the file's own bytes: those may be a private key's.
pub(crate) fn pem_fault(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a block has no END line",
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is damaged",
        pem::Error::Base64Decode(_) => "a block's Base64 is damaged",
        _ => "a block is damaged",
    }
    .to_owned()
}

/// The first eight bytes of the SHA-256: a name for content that we chose ourselves.
pub(crate) fn mark(bytes: &[u8]) -> u64 {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// One number for a set, from its members' sorted marks.
pub(crate) fn generation(marks: &[u64]) -> u64 {
    let bytes: Vec<u8> = marks.iter().flat_map(|mark| mark.to_be_bytes()).collect();
    mark(&bytes)
}
