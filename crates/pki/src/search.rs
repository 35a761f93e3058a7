//! The search for a path from the leaf to a trusted root, over sound signatures only.
//!
//! Pure computation under budgets. Every path that ends in a trusted root is put to webpki, which
//! alone accepts; the search only keeps webpki from trying look-alikes one after another, which
//! costs factorial time where all certificates bear one name (RUSTSEC-2023-0052). What was found
//! on the way stays here for the explanation.

use aws_lc_rs::digest;
use posthouse_types::{ElementOrigin, UnixMillis};
use rustls_pki_types::UnixTime;
use webpki::{ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext};

use crate::certificate::{Certificate, PERMITTED_USAGES, bits};
use crate::der::{BIT_STRING, Reader, SEQUENCE};
use crate::examine::Examination;
use crate::limits::{PATHS_MAX, SIGNATURE_COST_MAX};
use crate::revocation::{self, Consulted, SoundPath};
use crate::roots::TrustedRoots;
use crate::signature::{self, Checked};

/// Certificates appended to paths in one search. Each has one signer, so that real bundles need a
/// handful; only certificates cross-signed in layers need many.
const STEPS_MAX: usize = 1000;

/// A certificate that a path may use. The first of a search is the leaf.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) certificate: Certificate<'a>,
    pub(crate) origin: ElementOrigin,
}

/// A path that webpki accepted: places among the candidates, leaf first, and the root's place.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) path: Vec<usize>,
    pub(crate) root: usize,
    /// What the revocation lists came to, where they were asked.
    pub(crate) consulted: Option<Consulted>,
}

/// A path to a trusted root, sound in its signatures, that webpki refused all the same.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) path: Vec<usize>,
    pub(crate) root: usize,
    pub(crate) error: webpki::Error,
}

pub(crate) struct Search<'a> {
    candidates: &'a [Candidate<'a>],
    examination: &'a Examination<'a>,
    /// Per candidate, the keys that its signature was checked against: content of their
    /// SubjectPublicKeyInfo, so that a look-alike with the same key costs no second check.
    checked: Vec<Vec<(&'a [u8], Checked)>>,
    cost_left: usize,
    paths_left: usize,
    steps_left: usize,
    /// In the order met.
    pub(crate) refused: Vec<Refused>,
    /// The longest path that leads to no trusted root; the first of its length, at least the leaf.
    pub(crate) dead_end: Vec<usize>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(candidates: &'a [Candidate<'a>], examination: &'a Examination<'a>) -> Self {
        Self {
            candidates,
            examination,
            checked: vec![Vec::new(); candidates.len()],
            cost_left: SIGNATURE_COST_MAX,
            paths_left: PATHS_MAX,
            steps_left: STEPS_MAX,
            refused: Vec::new(),
            dead_end: if candidates.is_empty() { Vec::new() } else { vec![0] },
        }
    }

    /// Searches; the first path that webpki accepts wins.
    pub(crate) fn run(&mut self) -> Option<Accepted> {
        if self.candidates.is_empty() {
            return None;
        }
        self.by_identifiers().or_else(|| self.extend(&mut vec![0]))
    }

    /// The path that the key identifiers point out, where webpki accepts it. Honest chains end
    /// here: no signature of theirs is checked twice.
    fn by_identifiers(&mut self) -> Option<Accepted> {
        let roots = self.roots();
        let mut path = vec![0];
        loop {
            let last = *path.last()?;
            let certificate = self.certificate(last)?;
            let is_issuer = |&&root: &&usize| {
                root_relation(certificate, roots.subject_key_id(root)) == KeyRelation::Same
            };
            if let Some(&root) = roots.named(certificate.issuer).iter().find(is_issuer) {
                let consulted = self.put_to_webpki(&path, root)?.ok()?;
                return Some(Accepted { path, root, consulted });
            }
            let next = *self.issuers_by_name(last).first()?;
            let issuer = self.certificate(next)?;
            let is_pointed_out = key_relation(certificate, issuer) == KeyRelation::Same;
            if !is_pointed_out || self.is_in(&path, issuer) {
                return None;
            }
            path.push(next);
        }
    }

    pub(crate) fn certificate(&self, place: usize) -> Option<&'a Certificate<'a>> {
        self.candidates.get(place).map(|candidate| &candidate.certificate)
    }

    pub(crate) fn roots(&self) -> &'a TrustedRoots {
        self.examination.roots
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.examination.now
    }

    /// The place on the path of a certificate that a revocation list names.
    pub(crate) fn revoked_on(&self, path: &[usize]) -> Option<usize> {
        let elements: Vec<_> = path.iter().filter_map(|&one| self.certificate(one)).collect();
        self.examination.crls?.revoked_on(&elements)
    }

    pub(crate) fn origin(&self, place: usize) -> Option<ElementOrigin> {
        self.candidates.get(place).map(|candidate| candidate.origin)
    }

    /// What was sent beside the leaf.
    pub(crate) fn sent_above_leaf(&self) -> impl Iterator<Item = &'a Certificate<'a>> {
        let sent = |candidate: &&Candidate<'_>| matches!(candidate.origin, ElementOrigin::Sent(_));
        self.candidates.iter().skip(1).filter(sent).map(|candidate| &candidate.certificate)
    }

    /// Whether sound signatures lead from a candidate to a trusted root, past those in `path`.
    pub(crate) fn leads_to_root(&mut self, place: usize, path: &mut Vec<usize>) -> bool {
        let Some(certificate) = self.certificate(place) else { return false };
        let roots = self.roots();
        if self.is_in(path, certificate) {
            return false;
        }
        let is_rooted = roots.named(certificate.issuer).iter().any(|&root| {
            roots.anchor(root).is_some_and(|anchor| {
                self.check(place, anchor.subject_public_key_info.as_ref()) == Some(Checked::Sound)
            })
        });
        path.push(place);
        let leads = is_rooted
            || self.issuers_by_name(place).into_iter().any(|issuer| {
                self.certificate(issuer).is_some_and(|certificate| {
                    self.check(place, certificate.public_key_info.content) == Some(Checked::Sound)
                }) && self.leads_to_root(issuer, path)
            });
        path.pop();
        leads
    }

    /// Tries to lead `path` on: to a trusted root first, as webpki does, then over each candidate
    /// that signed its last element.
    fn extend(&mut self, path: &mut Vec<usize>) -> Option<Accepted> {
        let roots = self.roots();
        let last = *path.last()?;
        let certificate = self.certificate(last)?;
        let mut is_dead_end = true;
        for &root in roots.named(certificate.issuer) {
            let key = roots.anchor(root)?.subject_public_key_info.as_ref();
            if self.check(last, key) == Some(Checked::Sound) {
                is_dead_end = false;
                match self.put_to_webpki(path, root)? {
                    Ok(consulted) => {
                        return Some(Accepted { path: path.clone(), root, consulted });
                    }
                    Err(error) => self.refused.push(Refused { path: path.clone(), root, error }),
                }
            }
        }
        for place in self.issuers_by_name(last) {
            let Some(issuer) = self.certificate(place) else { continue };
            if self.is_in(path, issuer)
                || self.check(last, issuer.public_key_info.content) != Some(Checked::Sound)
            {
                continue;
            }
            self.steps_left = self.steps_left.checked_sub(1)?;
            is_dead_end = false;
            path.push(place);
            if let Some(accepted) = self.extend(path) {
                return Some(accepted);
            }
            path.pop();
        }
        if is_dead_end && path.len() > self.dead_end.len() {
            self.dead_end.clone_from(path);
        }
        None
    }

    /// The candidates other than the leaf that bear the name of this one's issuer, those first
    /// whose key identifier agrees: then an honest bundle costs one check per signature.
    pub(crate) fn issuers_by_name(&self, place: usize) -> Vec<usize> {
        let Some(certificate) = self.certificate(place) else { return Vec::new() };
        let mut issuers: Vec<(KeyRelation, usize)> = self
            .candidates
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, candidate)| candidate.certificate.subject == certificate.issuer)
            .map(|(place, candidate)| (key_relation(certificate, &candidate.certificate), place))
            .collect();
        issuers.sort();
        issuers.into_iter().map(|(_, place)| place).collect()
    }

    /// Whether a path already holds this CA, by name and key: going through it again is a loop.
    pub(crate) fn is_in(&self, path: &[usize], certificate: &Certificate<'_>) -> bool {
        path.iter()
            .filter_map(|&place| self.certificate(place))
            .any(|element| element.is_same_entity(certificate))
    }

    /// Checks one candidate's signature against a key, once. `None` where the budget is spent.
    pub(crate) fn check(&mut self, place: usize, key: &'a [u8]) -> Option<Checked> {
        let certificate = self.certificate(place)?;
        let before = self.checked.get_mut(place)?;
        if let Some((_, result)) = before.iter().find(|(checked, _)| *checked == key) {
            return Some(*result);
        }
        // One signature has one signer: where that is known, no other key needs checking.
        if before.iter().any(|(_, result)| *result == Checked::Sound) {
            return Some(Checked::Wrong);
        }
        self.cost_left = self.cost_left.checked_sub(signature::cost(key))?;
        let result = signature::check(certificate, key);
        before.push((key, result));
        Some(result)
    }

    /// webpki's verdict over exactly this path, and what the revocation lists came to. `None`
    /// where the budget is spent.
    fn put_to_webpki(
        &mut self,
        path: &[usize],
        root: usize,
    ) -> Option<Result<Option<Consulted>, webpki::Error>> {
        self.paths_left = self.paths_left.checked_sub(1)?;
        let anchor = self.roots().anchor(root)?;
        let elements: Vec<_> = path.iter().filter_map(|&one| self.certificate(one)).collect();
        let now = self.now();
        let seconds = u64::try_from(now.seconds()).unwrap_or(0);
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let verdict = revocation::verify(&elements, anchor, time, None);
        Some(verdict.and_then(|()| {
            let path = SoundPath { elements: &elements, anchor, now, time };
            self.examination.crls.map(|lists| path.consult(lists)).transpose()
        }))
    }
}

/// The usage rule (design decision 1): no extended key usage at all, or clientAuth, serverAuth or
/// anyExtendedKeyUsage among them, for leaf and CAs alike. Public CAs have stopped issuing
/// clientAuth, so that mail servers present what they have.
#[derive(Clone, Copy, Debug)]
pub struct MailTransport;

impl ExtendedKeyUsageValidator for MailTransport {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let permitted = PERMITTED_USAGES.map(webpki::KeyPurposeId::new);
        let mut present = Vec::new();
        for usage in usages {
            let usage = usage?;
            if permitted.contains(&usage) {
                return Ok(());
            }
            present.push(usage.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = KeyUsage::client_auth();
        let context = RequiredEkuNotFoundContext { required, present };
        Err(webpki::Error::RequiredEkuNotFoundContext(context))
    }
}

/// What the key identifiers say about an issuer by name. Hints only (RFC 5280 section 4.2.1.1):
/// the signature decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyRelation {
    /// The identifiers agree.
    Same,
    /// One of them is not there.
    Unknown,
    /// They differ: the certificate was signed with another key.
    Different,
}

pub(crate) fn key_relation(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> KeyRelation {
    let Some(wanted) = certificate.authority_key_id() else { return KeyRelation::Unknown };
    match issuer.subject_key_id() {
        // Without the extension, the usual way to make one up: RFC 5280 section 4.2.1.2 (1).
        None if key_digest(issuer).is_some_and(|id| id.as_ref() == wanted) => KeyRelation::Same,
        id => root_relation(certificate, id),
    }
}

/// [`key_relation`] to an issuer of which only the key identifier is at hand.
pub(crate) fn root_relation(
    certificate: &Certificate<'_>,
    subject_key_id: Option<&[u8]>,
) -> KeyRelation {
    match (certificate.authority_key_id(), subject_key_id) {
        (Some(wanted), Some(id)) if id == wanted => KeyRelation::Same,
        (Some(_), Some(_)) => KeyRelation::Different,
        _ => KeyRelation::Unknown,
    }
}

fn key_digest(certificate: &Certificate<'_>) -> Option<digest::Digest> {
    let mut parts = Reader::new(certificate.public_key_info.content);
    parts.expect(SEQUENCE)?;
    let key = bits(parts.expect(BIT_STRING)?);
    Some(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key))
}
