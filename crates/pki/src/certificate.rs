//! One certificate as its bytes lie: slices of the DER, each read for itself, so that a fault in
//! one field never hides the others.
//!
//! Borrows the DER, touches nothing else. Judges nothing: acceptance is webpki's. What cannot be
//! read is `None` or empty.

use posthouse_types::UnixMillis;

use crate::der::{
    self, BIT_STRING, BOOLEAN, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE,
};
use crate::limits::{CA_ISSUERS_BYTES_MAX, CA_ISSUERS_MAX, EXTENSIONS_MAX};

/// id-ce-subjectKeyIdentifier, RFC 5280 section 4.2.1.2.
const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
/// id-ce-subjectAltName, RFC 5280 section 4.2.1.6.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// id-ce-basicConstraints, RFC 5280 section 4.2.1.9.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// id-ce-authorityKeyIdentifier, RFC 5280 section 4.2.1.1.
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
/// id-ce-extKeyUsage, RFC 5280 section 4.2.1.12.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// id-pe-authorityInfoAccess, RFC 5280 section 4.2.2.1.
const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
/// id-ad-caIssuers, RFC 5280 section 4.2.2.1.
const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 2];

/// id-kp-serverAuth, RFC 5280 section 4.2.1.12.
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// id-kp-clientAuth, RFC 5280 section 4.2.1.12.
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// anyExtendedKeyUsage, RFC 5280 section 4.2.1.12.
pub(crate) const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0];
/// The usages of which one is enough (design decision 1).
pub(crate) const PERMITTED_USAGES: [&[u8]; 3] = [CLIENT_AUTH, SERVER_AUTH, ANY_USAGE];

/// dNSName in a GeneralName, RFC 5280 section 4.2.1.6.
const DNS_NAME_TAG: u8 = 0x82;
/// uniformResourceIdentifier in a GeneralName.
const URI_TAG: u8 = 0x86;

/// The SubjectPublicKeyInfo of a certificate, as DER with its SEQUENCE header.
///
/// For proving possession of the key where the leaf's other fields are damaged or unknown to
/// webpki: only the outer shape up to the key is read. `None` where even that cannot be found.
pub fn spki_of(der: &[u8]) -> Option<&[u8]> {
    Certificate::read(der).map(|certificate| certificate.public_key_info.whole)
}

/// The fields of one certificate, as slices of its DER.
#[derive(Clone, Debug)]
pub(crate) struct Certificate<'a> {
    pub(crate) der: &'a [u8],
    /// What is signed: the tbsCertificate with its header.
    pub(crate) signed: &'a [u8],
    /// Content of the outer AlgorithmIdentifier.
    pub(crate) signature_algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
    pub(crate) serial: &'a [u8],
    /// Content of the issuer's Name.
    pub(crate) issuer: &'a [u8],
    /// Content of the subject's Name.
    pub(crate) subject: &'a [u8],
    validity: Element<'a>,
    pub(crate) public_key_info: Element<'a>,
    extensions: Reader<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads the outer shape. `None` where the bytes are no certificate at all.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(der).expect(SEQUENCE)?.inside();
        let signed = outer.expect(SEQUENCE)?;
        let signature_algorithm = outer.expect(SEQUENCE)?.content;
        let signature = bits(outer.expect(BIT_STRING)?);

        let mut fields = signed.inside();
        fields.optional(0xa0); // version
        let serial = fields.expect(INTEGER)?.content;
        fields.expect(SEQUENCE)?; // the signature algorithm again
        let issuer = fields.expect(SEQUENCE)?.content;
        let validity = fields.expect(SEQUENCE)?;
        let subject = fields.expect(SEQUENCE)?.content;
        let public_key_info = fields.expect(SEQUENCE)?;
        let extensions = fields
            .find(|field| field.tag == 0xa3)
            .and_then(|field| field.inside().expect(SEQUENCE))
            .map_or(Reader::new(&[]), Element::inside);
        Some(Self {
            der,
            signed: signed.whole,
            signature_algorithm,
            signature,
            serial,
            issuer,
            subject,
            validity,
            public_key_info,
            extensions,
        })
    }

    /// Start and end of validity, each where it can be read.
    pub(crate) fn validity(&self) -> (Option<UnixMillis>, Option<UnixMillis>) {
        let mut times = self.validity.inside();
        (times.next().and_then(der::time), times.next().and_then(der::time))
    }

    /// Content of the subject key identifier.
    pub(crate) fn subject_key_id(&self) -> Option<&'a [u8]> {
        let value = Reader::new(self.extension(SUBJECT_KEY_IDENTIFIER)?).expect(OCTET_STRING)?;
        Some(value.content)
    }

    /// The keyIdentifier of the authority key identifier.
    pub(crate) fn authority_key_id(&self) -> Option<&'a [u8]> {
        let value = Reader::new(self.extension(AUTHORITY_KEY_IDENTIFIER)?).expect(SEQUENCE)?;
        Some(value.inside().optional(0x80)?.content)
    }

    /// Basic constraints: `None` where this is no CA, else the path length where one is set.
    pub(crate) fn ca(&self) -> Option<Option<usize>> {
        let value = Reader::new(self.extension(BASIC_CONSTRAINTS)?).expect(SEQUENCE)?;
        let mut fields = value.inside();
        fields.optional(BOOLEAN).filter(|ca| ca.content.iter().any(|&byte| byte != 0))?;
        let length = fields.optional(INTEGER).map(|length| match length.content {
            [length] => usize::from(*length),
            _ => usize::MAX,
        });
        Some(length)
    }

    /// The extended key usages as object identifiers; `None` without the extension.
    pub(crate) fn usages(&self) -> Option<impl Iterator<Item = &'a [u8]>> {
        let value = Reader::new(self.extension(EXTENDED_KEY_USAGE)?).expect(SEQUENCE)?;
        Some(value.inside().filter(|id| id.tag == OBJECT_IDENTIFIER).map(|id| id.content))
    }

    /// The DNS names among the subject alternative names, as they lie. Unbounded: callers take.
    pub(crate) fn dns_names(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.extension(SUBJECT_ALT_NAME)
            .and_then(|value| Reader::new(value).expect(SEQUENCE))
            .map_or(Reader::new(&[]), Element::inside)
            .filter(|name| name.tag == DNS_NAME_TAG)
            .map(|name| name.content)
    }

    /// Where the issuer's certificate can be had, in the order given.
    pub(crate) fn ca_issuers(&self) -> Vec<String> {
        self.extension(AUTHORITY_INFO_ACCESS)
            .and_then(|value| Reader::new(value).expect(SEQUENCE))
            .map_or(Reader::new(&[]), Element::inside)
            .filter_map(|description| {
                let mut parts = description.inside();
                parts.expect(OBJECT_IDENTIFIER).filter(|method| method.content == CA_ISSUERS)?;
                let address = parts.expect(URI_TAG)?.content;
                (address.len() <= CA_ISSUERS_BYTES_MAX)
                    .then(|| String::from_utf8_lossy(address).into_owned())
            })
            .take(CA_ISSUERS_MAX)
            .collect()
    }

    /// Whether issuer and subject are one name.
    pub(crate) fn is_self_named(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether this is the same CA as `other`: same name, same key (RFC 4158 section 5.2).
    pub(crate) fn is_same_entity(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.public_key_info.content == other.public_key_info.content
    }

    /// The value of an extension.
    fn extension(&self, id: &[u8]) -> Option<&'a [u8]> {
        self.extensions.take(EXTENSIONS_MAX).find_map(|extension| {
            let mut fields = extension.inside();
            fields.expect(OBJECT_IDENTIFIER).filter(|found| found.content == id)?;
            fields.optional(BOOLEAN); // critical
            Some(fields.expect(OCTET_STRING)?.content)
        })
    }
}

/// The bytes of a BIT STRING, without the leading count of unused bits.
pub(crate) fn bits(element: Element<'_>) -> &[u8] {
    element.content.get(1..).unwrap_or_default()
}
