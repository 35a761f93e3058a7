//! Revocation lists (CRLs) from files, and what they say about a path that is sound otherwise.
//!
//! Pure: bytes in, webpki's verdicts out. A list that is damaged, or of another CA of the same
//! name, neither hides what a sound one says nor refuses every chain: it draws a warning. What no
//! list speaks of passes, with a warning too.

use std::collections::HashMap;

use posthouse_types::UnixMillis;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, CertRevocationList, EndEntityCert, OwnedCertRevocationList,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
};

use crate::certificate::Certificate;
use crate::der::{self, INTEGER, Reader, SEQUENCE};
use crate::error::PkiError;
use crate::limits::PEM_BYTES_MAX;
use crate::roots::{mark, pem_fault};
use crate::search::MailTransport;

/// The revocation lists of this node. Immutable; a changed set is a new value.
#[derive(Debug, Default)]
pub struct RevocationLists {
    lists: Vec<List>,
    /// Places in `lists` by the content of the issuer's name, the newest list first: webpki asks
    /// the first one that speaks of a certificate.
    by_issuer: HashMap<Box<[u8]>, Vec<usize>>,
    marks: Vec<u64>,
    /// Names this very set of lists: equal sets have equal generations, on every node.
    pub generation: u64,
}

#[derive(Debug)]
struct List {
    list: CertRevocationList<'static>,
    this_update: Option<UnixMillis>,
    next_update: Option<UnixMillis>,
}

impl RevocationLists {
    /// Adds the lists of one file: PEM with any number of `X509 CRL` blocks, or one list as DER.
    ///
    /// # Errors
    ///
    /// The file is too long, holds no list, or one that webpki cannot use: version 1, a delta or
    /// an indirect list, or one without an end. Nothing of it is added then.
    pub fn add_file(&mut self, bytes: &[u8]) -> Result<(), PkiError> {
        if bytes.len() > PEM_BYTES_MAX {
            return Err(PkiError::TooLong);
        }
        let mut ders: Vec<Vec<u8>> = Vec::new();
        if bytes.first() == Some(&SEQUENCE) {
            ders.push(bytes.to_vec());
        } else {
            for list in CertificateRevocationListDer::pem_slice_iter(bytes) {
                ders.push(list.map_err(|error| PkiError::NotPem(pem_fault(&error)))?.to_vec());
            }
        }
        if ders.is_empty() {
            return Err(PkiError::NoRevocationList);
        }
        let read = |(place, der): (usize, &Vec<u8>)| -> Result<_, PkiError> {
            let list = OwnedCertRevocationList::from_der(der)
                .map_err(|error| PkiError::NotARevocationList { place, why: error.to_string() })?;
            let [this_update, next_update] = updates(der).unwrap_or_default();
            Ok((List { list: list.into(), this_update, next_update }, mark(der)))
        };
        let lists = ders.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        for (list, mark) in lists {
            let places = self.by_issuer.entry(Box::from(list.list.issuer())).or_default();
            places.push(self.lists.len());
            self.lists.push(list);
            self.marks.push(mark);
            places.sort_by_key(|&place| {
                std::cmp::Reverse(self.lists.get(place).and_then(|list| list.this_update))
            });
        }
        let mut marks = self.marks.clone();
        marks.sort_unstable();
        self.generation = crate::roots::generation(&marks);
        Ok(())
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// How many of the lists should have been renewed by now.
    pub fn stale(&self, now: UnixMillis) -> usize {
        self.lists.iter().filter(|list| list.is_stale(now)).count()
    }

    /// When the lists should be renewed: moments at which a report that rests on them may change.
    pub(crate) fn next_updates(&self) -> impl Iterator<Item = UnixMillis> {
        self.lists.iter().filter_map(|list| list.next_update)
    }

    /// The place on the path of a certificate that one of the lists names.
    pub(crate) fn revoked_on(&self, path: &[&Certificate<'_>]) -> Option<usize> {
        path.iter().position(|certificate| {
            self.of_issuer(certificate.issuer)
                .any(|list| matches!(list.list.find_serial(certificate.serial), Ok(Some(_))))
        })
    }

    fn of_issuer(&self, issuer: &[u8]) -> impl Iterator<Item = &List> {
        let places = self.by_issuer.get(issuer).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|&place| self.lists.get(place))
    }
}

impl List {
    /// webpki takes a list for expired from the moment that it names.
    fn is_stale(&self, now: UnixMillis) -> bool {
        self.next_update.is_some_and(|next| next.seconds() <= now.seconds())
    }
}

/// What the lists came to, over a path that none of them revokes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Consulted {
    pub(crate) is_stale: bool,
    pub(crate) is_unusable: bool,
    /// A list that can be used speaks of the leaf.
    pub(crate) covers_leaf: bool,
}

/// A path that webpki accepts, to be held against the lists.
pub(crate) struct SoundPath<'a> {
    /// Leaf first.
    pub(crate) elements: &'a [&'a Certificate<'a>],
    pub(crate) anchor: &'a TrustAnchor<'a>,
    pub(crate) now: UnixMillis,
    pub(crate) time: UnixTime,
}

impl SoundPath<'_> {
    /// Asks the lists that bear the name of an issuer on the path. A stale one still counts.
    ///
    /// # Errors
    ///
    /// [`webpki::Error::CertRevoked`] where one of them names an element.
    pub(crate) fn consult(&self, lists: &RevocationLists) -> Result<Consulted, webpki::Error> {
        let mut asked: Vec<&List> = Vec::new();
        for (place, element) in self.elements.iter().enumerate() {
            let before = self.elements.get(..place).unwrap_or_default();
            if !before.iter().any(|one| one.issuer == element.issuer) {
                asked.extend(lists.of_issuer(element.issuer));
            }
        }
        let is_stale = asked.iter().any(|list| list.is_stale(self.now));
        let asked: Vec<_> = asked.into_iter().map(|list| &list.list).collect();
        let (usable, is_unusable) = match self.verdict(&asked, RevocationCheckDepth::Chain) {
            Ok(()) => (asked, false),
            Err(webpki::Error::CertRevoked) => return Err(webpki::Error::CertRevoked),
            Err(_) => (self.usable(&asked)?, true),
        };
        let covers_leaf = self.verdict(&usable, RevocationCheckDepth::EndEntity).is_ok();
        Ok(Consulted { is_stale, is_unusable, covers_leaf })
    }

    /// Together the lists cannot be used: each one by itself, then.
    fn usable<'l>(
        &self,
        asked: &[&'l CertRevocationList<'l>],
    ) -> Result<Vec<&'l CertRevocationList<'l>>, webpki::Error> {
        let mut usable = Vec::new();
        for &list in asked {
            match self.verdict(&[list], RevocationCheckDepth::Chain) {
                Ok(()) => usable.push(list),
                Err(webpki::Error::CertRevoked) => return Err(webpki::Error::CertRevoked),
                Err(_) => {}
            }
        }
        Ok(usable)
    }

    /// webpki's verdict with these lists. By depth: over the whole path, where what they do not
    /// speak of passes; or over the leaf alone, of which one has to speak.
    fn verdict(
        &self,
        lists: &[&CertRevocationList<'_>],
        depth: RevocationCheckDepth,
    ) -> Result<(), webpki::Error> {
        let unknown = match depth {
            RevocationCheckDepth::Chain => UnknownStatusPolicy::Allow,
            RevocationCheckDepth::EndEntity => UnknownStatusPolicy::Deny,
        };
        let Ok(options) = RevocationOptionsBuilder::new(lists) else {
            return match depth {
                RevocationCheckDepth::Chain => Ok(()),
                RevocationCheckDepth::EndEntity => Err(webpki::Error::UnknownRevocationStatus),
            };
        };
        let options = options.with_depth(depth).with_status_policy(unknown).build();
        verify(self.elements, self.anchor, self.time, Some(options))
    }
}

/// webpki's verdict over exactly this path, leaf first, to this root.
pub(crate) fn verify(
    elements: &[&Certificate<'_>],
    anchor: &TrustAnchor<'_>,
    time: UnixTime,
    revocation: Option<webpki::RevocationOptions<'_>>,
) -> Result<(), webpki::Error> {
    let mut ders = elements.iter().map(|element| CertificateDer::from(element.der));
    let leaf = ders.next().ok_or(webpki::Error::UnknownIssuer)?;
    let intermediates: Vec<CertificateDer<'_>> = ders.collect();
    EndEntityCert::try_from(&leaf)?
        .verify_for_usage(
            ALL_VERIFICATION_ALGS,
            std::slice::from_ref(anchor),
            &intermediates,
            time,
            MailTransport,
            revocation,
            None,
        )
        .map(|_| ())
}

/// thisUpdate and nextUpdate of a list (RFC 5280 section 5.1.2); webpki keeps them to itself.
fn updates(der: &[u8]) -> Option<[Option<UnixMillis>; 2]> {
    let mut fields = Reader::new(der).expect(SEQUENCE)?.inside().expect(SEQUENCE)?.inside();
    fields.optional(INTEGER); // version
    fields.expect(SEQUENCE)?; // signature algorithm
    fields.expect(SEQUENCE)?; // issuer
    Some([fields.next().and_then(der::time), fields.next().and_then(der::time)])
}
