//! Examines one chain: accepted or not, and the whole report around it.
//!
//! Pure: bytes, our stores and `now` in, a report out. A peer's bytes never fail it; what cannot
//! be read becomes a reason. Nothing is fetched.

use posthouse_types::{
    CertificateSummary, ChainElement, ChainMode, ChainReason, ChainReport, ChainWarning,
    ElementOrigin, UnixMillis,
};

use crate::certificate::{ANY_USAGE, CLIENT_AUTH, Certificate};
use crate::dns::{self, PeerName};
use crate::explain::{Finding, completed, explain};
use crate::limits::{
    EXPIRES_SOON, KNOWN_CONSIDERED_MAX, PRESENTED_BYTES_MAX, PRESENTED_CERTIFICATES_MAX,
};
use crate::revocation::{Consulted, RevocationLists};
use crate::roots::{KnownIntermediate, TrustedRoots};
use crate::search::{Candidate, Search, key_relation};
use crate::signature;
use crate::summary::summary;

/// What a chain is examined against.
#[derive(Clone, Copy, Debug)]
pub struct Examination<'a> {
    /// Who is trusted.
    pub roots: &'a TrustedRoots,
    /// Copies in our stores. They inform (where the missing one is to be had), and count only
    /// with [`ChainMode::Repair`].
    pub known: &'a [KnownIntermediate],
    /// The time of the examination.
    pub now: UnixMillis,
    /// Which intermediates count.
    pub chain: ChainMode,
    /// The revocation lists to consult; `None`: revocation is not checked.
    pub crls: Option<&'a RevocationLists>,
    /// The name that the leaf has to hold, where one is asked for.
    pub name: Option<&'a PeerName>,
}

impl<'a> Examination<'a> {
    /// What Exchange Online does: only what was sent counts, revocation is not checked, no name
    /// is asked for.
    pub fn new(roots: &'a TrustedRoots, now: UnixMillis) -> Self {
        Self { roots, known: &[], now, chain: ChainMode::AsSent, crls: None, name: None }
    }
}

/// Examines what a peer sent, leaf first, as DER.
///
/// Accepted where `rustls-webpki` accepts a path over what was sent (with [`ChainMode::Repair`],
/// and our copies) to a trusted root under the usage rule of
/// [`MailTransport`](crate::MailTransport); the rest of the report explains. At most
/// [`PRESENTED_CERTIFICATES_MAX`] certificates and [`PRESENTED_BYTES_MAX`] bytes are looked at;
/// what lies beyond counts as not sent, with a warning.
///
/// The one reason, where there are several faults: a leaf that signed itself is `self-signed`
/// before all else, as nothing else would help it. Otherwise the path is walked from the leaf
/// upward, and the first element with a fault of its own is the reason (its encoding and critical
/// extensions, its signature's algorithm, its validity, its role, its usages); a gap, an untrusted
/// root or a wrong signature is met where the path ends. So an expired leaf without its
/// intermediate is `expired`: it must be replaced however the chain is mended; `missing` is filled
/// beside it. A chain that is whole and still refused has webpki's reason. `name-mismatch` comes
/// last: only an accepted chain's name is worth looking at.
pub fn examine(presented: &[&[u8]], examination: &Examination<'_>) -> ChainReport {
    examine_at_most(presented, PRESENTED_CERTIFICATES_MAX, examination)
}

/// [`examine`] with another limit on certificates, for bundles that an administrator hands in and
/// no stranger: whoever raises it for a peer gives the peer our time. The budgets of the search
/// stay as they are.
pub fn examine_at_most(
    presented: &[&[u8]],
    certificates_max: usize,
    examination: &Examination<'_>,
) -> ChainReport {
    if presented.is_empty() {
        return ChainReport::no_certificate();
    }
    let sent = considered(presented, certificates_max);
    let certificates: Vec<_> = sent.iter().map(|der| Certificate::read(der)).collect();
    let summaries: Vec<CertificateSummary> = certificates
        .iter()
        .map(|certificate| certificate.as_ref().map(summary).unwrap_or_default())
        .collect();
    let mut candidates: Vec<Candidate<'_>> = certificates
        .iter()
        .enumerate()
        .filter_map(|(place, certificate)| {
            let certificate = certificate.clone()?;
            Some(Candidate { certificate, origin: ElementOrigin::Sent(place) })
        })
        .collect();
    if !matches!(certificates.first(), Some(Some(_))) {
        // Without a leaf there is no path to look for, whatever else was sent.
        candidates.clear();
    }

    let (mut finding, candidates) = finding(candidates, examination);
    if finding.reason == ChainReason::Ok
        && let (Some(name), Some(Some(leaf))) = (examination.name, certificates.first())
        && !name.is_held_by(leaf)
    {
        (finding.reason, finding.element) = (ChainReason::NameMismatch, Some(0));
    }
    let path = elements(&finding, &candidates, &summaries, examination.roots);
    let warnings = Look { presented, certificates: &certificates, finding: &finding, path: &path }
        .warnings(examination);
    let names = certificates.first().and_then(Option::as_ref).map(dns::names).unwrap_or_default();
    // webpki does not look at a root's own validity: being trusted is what counts.
    let ends = path.iter().filter(|element| element.origin != ElementOrigin::Root);
    let valid_until = ends.map(|element| element.certificate.not_after).min();
    ChainReport {
        reason: finding.reason,
        element: finding.element,
        missing: finding.missing,
        presented: summaries,
        path,
        names,
        warnings,
        valid_until: valid_until.filter(|_| finding.reason == ChainReason::Ok),
    }
}

/// The certificates that are looked at: the first ones, within both limits.
fn considered<'a, 'b>(presented: &'a [&'b [u8]], certificates_max: usize) -> &'a [&'b [u8]] {
    let mut bytes = 0;
    let count = presented
        .iter()
        .take(certificates_max)
        .take_while(|der| {
            bytes += der.len();
            bytes <= PRESENTED_BYTES_MAX
        })
        .count();
    presented.get(..count).unwrap_or_default()
}

/// Searches over what was sent; where that is refused, searches again with our stores' copies
/// among the candidates, to explain. Gives the candidates that the finding speaks of.
fn finding<'a>(
    sent: Vec<Candidate<'a>>,
    examination: &'a Examination<'a>,
) -> (Finding, Vec<Candidate<'a>>) {
    if sent.is_empty() {
        return (Finding::new(ChainReason::Malformed, Some(0)), sent);
    }
    let mut as_sent = Search::new(&sent, examination);
    if let Some(accepted) = as_sent.run() {
        return (Finding::accepted(accepted), sent);
    }
    let all = with_known(&sent, examination.known);
    let finding = if all.len() == sent.len() {
        explain(std::mem::take(&mut as_sent.refused), as_sent, None)
    } else {
        let mut search = Search::new(&all, examination);
        match (search.run(), examination.chain) {
            (Some(accepted), ChainMode::Repair) => completed(search, accepted),
            (accepted, _) => explain(as_sent.refused, search, accepted),
        }
    };
    (finding, all)
}

/// The candidates, and after them the known intermediates that bear the name of an issuer of one
/// of them, or of one so found.
fn with_known<'a>(sent: &[Candidate<'a>], known: &'a [KnownIntermediate]) -> Vec<Candidate<'a>> {
    let mut all = sent.to_vec();
    let mut next = 0;
    while let Some(issuer) = all.get(next).map(|candidate| candidate.certificate.issuer) {
        next += 1;
        let mut issuers: Vec<Certificate<'a>> = known
            .iter()
            .filter(|known| known.subject() == issuer)
            .filter_map(|known| Certificate::read(known.der()))
            .filter(|known| all.iter().all(|candidate| candidate.certificate.der != known.der))
            .collect();
        // Those first whose key identifier agrees: the number is bounded.
        if let Some(below) = all.get(next - 1).map(|candidate| &candidate.certificate) {
            issuers.sort_by_cached_key(|issuer| key_relation(below, issuer));
        }
        issuers.truncate((sent.len() + KNOWN_CONSIDERED_MAX).saturating_sub(all.len()));
        all.extend(
            issuers
                .into_iter()
                .map(|certificate| Candidate { certificate, origin: ElementOrigin::Store }),
        );
    }
    all
}

/// The path of a finding as the report draws it.
fn elements(
    finding: &Finding,
    candidates: &[Candidate<'_>],
    summaries: &[CertificateSummary],
    roots: &TrustedRoots,
) -> Vec<ChainElement> {
    let of_candidate = |&place: &usize| {
        let Candidate { certificate, origin } = candidates.get(place)?;
        let certificate = match origin {
            ElementOrigin::Sent(place) => summaries.get(*place)?.clone(),
            ElementOrigin::Root | ElementOrigin::Store => summary(certificate),
        };
        Some(ChainElement { certificate, origin: *origin })
    };
    let root = finding.root.and_then(|place| roots.summary(place)).map(|certificate| {
        ChainElement { certificate: certificate.clone(), origin: ElementOrigin::Root }
    });
    let mut path: Vec<_> = finding.path.iter().filter_map(of_candidate).chain(root).collect();
    if path.is_empty() {
        // A leaf that nobody can read is still the place where the path begins.
        let certificate = CertificateSummary::default();
        path.push(ChainElement { certificate, origin: ElementOrigin::Sent(0) });
    }
    path
}

/// Where no list was asked there is nothing to warn of.
const UNASKED: Consulted = Consulted { is_stale: false, is_unusable: false, covers_leaf: true };

/// What the warnings are drawn from.
struct Look<'a> {
    presented: &'a [&'a [u8]],
    /// Those of `presented` that are looked at, where readable.
    certificates: &'a [Option<Certificate<'a>>],
    finding: &'a Finding,
    path: &'a [ChainElement],
}

impl Look<'_> {
    fn warnings(&self, examination: &Examination<'_>) -> Vec<ChainWarning> {
        let mut warnings = Vec::new();
        let sent = |element: &ChainElement| match element.origin {
            ElementOrigin::Sent(place) => Some(place),
            ElementOrigin::Root | ElementOrigin::Store => None,
        };
        if !self.path.iter().filter_map(sent).is_sorted() || self.begins_with_an_issuer() {
            warnings.push(ChainWarning::OutOfOrder);
        }
        let mut upper = self.certificates.iter().skip(1).flatten();
        if upper.any(|certificate| examination.roots.contain(certificate)) {
            warnings.push(ChainWarning::RootSent);
        }
        let unrelated = (1..self.certificates.len())
            .filter(|&place| self.is_unrelated(place, examination.roots));
        warnings.extend(unrelated.map(ChainWarning::Unrelated));
        if self.certificates.first().and_then(Option::as_ref).is_some_and(lacks_client_auth) {
            warnings.push(ChainWarning::NoClientAuthUsage);
        }
        warnings.extend(self.path.iter().enumerate().filter_map(|(place, element)| {
            let (now, end) = (examination.now, element.certificate.not_after);
            let is_soon = element.origin != ElementOrigin::Root
                && now.seconds() <= end.seconds()
                && end - EXPIRES_SOON <= now;
            is_soon.then_some(ChainWarning::ExpiresSoon(place))
        }));
        let consulted = self.finding.consulted.unwrap_or(UNASKED);
        for (holds, warning) in [
            (self.leaf_key_is_unusable(), ChainWarning::KeyUnusable),
            (self.finding.namesake_trusted, ChainWarning::NamesakeTrusted),
            (self.finding.is_completed, ChainWarning::CompletedFromStore),
            (consulted.is_stale, ChainWarning::CrlStale),
            (consulted.is_unusable, ChainWarning::CrlUnusable),
            (!consulted.covers_leaf, ChainWarning::RevocationUnknown),
        ] {
            if holds {
                warnings.push(warning);
            }
        }
        let left_out = self.presented.len() - self.certificates.len();
        if left_out > 0 {
            warnings.push(ChainWarning::NotLookedAt(left_out));
        }
        warnings
    }

    fn leaf_key_is_unusable(&self) -> bool {
        let leaf = self.certificates.first().and_then(Option::as_ref);
        leaf.is_some_and(|leaf| !signature::is_usable_key(leaf.public_key_info.content))
    }

    /// Whether the first certificate signed one that came after it: the chain was sent the wrong
    /// way round, or without the leaf in its place.
    fn begins_with_an_issuer(&self) -> bool {
        let mut readable = self.certificates.iter();
        let Some(Some(first)) = readable.next() else { return false };
        first.ca().is_some()
            && readable
                .flatten()
                .any(|later| later.issuer == first.subject && !later.is_same_entity(first))
    }

    /// Whether a certificate sent is on no path: it is not on the one found, nobody there names it
    /// as issuer, and it is no copy of a root or of an element.
    fn is_unrelated(&self, place: usize, roots: &TrustedRoots) -> bool {
        let Some(Some(certificate)) = self.certificates.get(place) else { return true };
        let on_path = self.path.iter().filter_map(|element| match element.origin {
            ElementOrigin::Sent(place) => self.certificates.get(place)?.as_ref(),
            ElementOrigin::Root | ElementOrigin::Store => None,
        });
        let is_related = |element: &Certificate<'_>| {
            element.issuer == certificate.subject || element.is_same_entity(certificate)
        };
        !roots.contain(certificate) && !on_path.into_iter().any(is_related)
    }
}

/// Whether a leaf restricts its usages and leaves clientAuth out: accepted here, but not
/// everywhere.
fn lacks_client_auth(leaf: &Certificate<'_>) -> bool {
    leaf.usages().is_some_and(|mut usages| !usages.any(|id| id == CLIENT_AUTH || id == ANY_USAGE))
}
