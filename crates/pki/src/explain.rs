//! Why a chain fails: one reason, the element it is about, and the certificate that was missing.
//!
//! Pure; explains what the search and webpki have decided, and decides nothing. The order of the
//! reasons is documented at [`examine`](crate::examine()).

use posthouse_types::{ChainReason, ElementOrigin, MissingCertificate, UnixMillis};
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::certificate::{Certificate, PERMITTED_USAGES};
use crate::distinguished;
use crate::revocation::Consulted;
use crate::search::{Accepted, KeyRelation, Refused, Search, key_relation, root_relation};
use crate::signature::{self, Checked};
use crate::summary::key_id_text;

/// What there is to say about a chain, with places among the search's candidates.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) reason: ChainReason,
    /// The place in `path` that the reason is about; one past its end is the root.
    pub(crate) element: Option<usize>,
    pub(crate) missing: Option<MissingCertificate>,
    pub(crate) path: Vec<usize>,
    pub(crate) root: Option<usize>,
    /// A trusted root has the missing issuer's name, but another key.
    pub(crate) namesake_trusted: bool,
    /// Accepted, but only with a copy from our stores.
    pub(crate) is_completed: bool,
    /// What the revocation lists came to, where they were asked about an accepted path.
    pub(crate) consulted: Option<Consulted>,
}

impl Finding {
    pub(crate) fn new(reason: ChainReason, element: Option<usize>) -> Self {
        Self {
            reason,
            element,
            missing: None,
            path: Vec::new(),
            root: None,
            namesake_trusted: false,
            is_completed: false,
            consulted: None,
        }
    }

    pub(crate) fn accepted(Accepted { path, root, consulted }: Accepted) -> Self {
        Self { path, root: Some(root), consulted, ..Self::new(ChainReason::Ok, None) }
    }
}

/// A chain that counts because our stores' copies do: what was not sent stands beside it.
pub(crate) fn completed(search: Search<'_>, accepted: Accepted) -> Finding {
    let gap = Explanation { search }.gap_on(&accepted.path);
    let is_completed = gap.is_some();
    let missing = gap.map(|(_, missing)| missing);
    Finding { missing, is_completed, ..Finding::accepted(accepted) }
}

/// Explains a chain that was refused. `refused` are the paths over what was sent alone; `search`
/// has been run over that and our stores' copies, and gave `completed`.
pub(crate) fn explain(
    refused: Vec<Refused>,
    mut search: Search<'_>,
    completed: Option<Accepted>,
) -> Finding {
    let by_store = std::mem::take(&mut search.refused).into_iter().next();
    let dead_end = std::mem::take(&mut search.dead_end);
    let mut explanation = Explanation { search };
    if let Some(Refused { path, root, error }) = refused.into_iter().next() {
        // Whole as sent. A copy in our stores may still show what would have worked.
        let missing = completed.and_then(|completed| explanation.gap_on(&completed.path));
        let whole = explanation.of_whole(path, root, &error);
        return Finding { missing: missing.map(|(_, missing)| missing), ..whole };
    }
    match (completed, by_store) {
        (Some(Accepted { path, root, .. }), _) => explanation.of_completed(path, Some(root)),
        (None, Some(Refused { path, root, error })) => {
            let revoked = explanation.revoked(&path, &error);
            let finding = explanation.of_completed(path, Some(root));
            Finding {
                reason: revoked.map_or(finding.reason, |_| ChainReason::Revoked),
                element: revoked.or(finding.element),
                ..finding
            }
        }
        (None, None) => explanation.of_dead_end(dead_end),
    }
}

struct Explanation<'a> {
    search: Search<'a>,
}

impl<'a> Explanation<'a> {
    /// A path of sent certificates to a trusted root that webpki refused.
    fn of_whole(&self, path: Vec<usize>, root: usize, error: &webpki::Error) -> Finding {
        let (reason, element) = self.fault_on(&path).unwrap_or_else(|| match reason_of(error) {
            // Of what webpki checks beyond the single element, only the depth is about the top.
            ChainReason::PathTooLong => (ChainReason::PathTooLong, path.len() - 1),
            ChainReason::Revoked => {
                (ChainReason::Revoked, self.revoked(&path, error).unwrap_or_default())
            }
            // Where CAs share a name, webpki ranks a signature that it tried in vain first. Those
            // of this path are sound; what it has left to refuse are names.
            ChainReason::SignatureInvalid
            | ChainReason::AlgorithmWeak
            | ChainReason::ChainIncomplete => (ChainReason::NameConstraint, 0),
            reason => (reason, 0),
        });
        Finding { path, root: Some(root), ..Finding::new(reason, Some(element)) }
    }

    /// The element that a revocation list names, where webpki refused the path for one.
    fn revoked(&self, path: &[usize], error: &webpki::Error) -> Option<usize> {
        matches!(error, webpki::Error::CertRevoked).then(|| self.search.revoked_on(path))?
    }

    /// A path on which our stores' copies stand for what was not sent.
    fn of_completed(&self, path: Vec<usize>, root: Option<usize>) -> Finding {
        let (element, missing) =
            self.gap_on(&path).map_or((0, None), |(place, missing)| (place, Some(missing)));
        let (reason, element) = self
            .fault_on(path.get(..=element).unwrap_or_default())
            .unwrap_or((ChainReason::ChainIncomplete, element));
        Finding { missing, path, root, ..Finding::new(reason, Some(element)) }
    }

    /// A path that leads to no trusted root, whatever our stores hold.
    fn of_dead_end(&mut self, path: Vec<usize>) -> Finding {
        let Some(&last) = path.last() else { return Finding::new(ChainReason::Malformed, None) };
        let top = path.len() - 1;
        if self.is_self_signed(last) {
            return self.of_untrusted(path, last);
        }
        if self.gap_on(&path).is_some() {
            return self.of_completed(path, None);
        }
        let fault = self.fault_on(&path);
        let mut finding = self.of_gap(path, last);
        if let Some((reason, element)) = fault {
            (finding.reason, finding.element) = (reason, Some(element.min(top)));
        }
        finding
    }

    /// A path that ends in a certificate which signed itself and is not trusted.
    fn of_untrusted(&self, path: Vec<usize>, last: usize) -> Finding {
        let top = path.len() - 1;
        let gap = self.gap_on(&path);
        // What a root says of itself is nobody's concern (RFC 5280 section 6.1), and what was not
        // sent is not the sender's.
        let walked = gap.as_ref().map_or(top, |(place, _)| place + 1).min(top);
        let (reason, element) = match self.fault_on(path.get(..walked).unwrap_or_default()) {
            _ if top == 0 => (ChainReason::SelfSigned, 0),
            Some(fault) => fault,
            None => (ChainReason::RootUntrusted, top),
        };
        let name = self.search.certificate(last).map_or(&[][..], |last| last.subject);
        Finding {
            missing: gap.map(|(_, missing)| missing),
            namesake_trusted: !self.search.roots().named(name).is_empty(),
            path,
            ..Finding::new(reason, Some(element))
        }
    }

    /// The last element was sent, and nothing that we have signed it: looks at those that bear the
    /// name of its issuer.
    fn of_gap(&mut self, path: Vec<usize>, last: usize) -> Finding {
        let top = path.len() - 1;
        let Some(certificate) = self.search.certificate(last) else {
            return Finding::new(ChainReason::Malformed, None);
        };
        let finding = Finding { path, ..Finding::new(ChainReason::ChainIncomplete, Some(top)) };
        if let Some(finding) = self.of_sent_namesakes(&finding, last) {
            return finding;
        }
        if let Some(finding) = self.of_trusted_namesakes(&finding, last) {
            return finding;
        }
        let namesake_sent = self.has_namesake_sent(certificate, None);
        let namesake_trusted = !self.search.roots().named(certificate.issuer).is_empty();
        // Its own name, and not its own key: nobody else is named who could have signed it.
        if certificate.is_self_named()
            && key_relation(certificate, certificate) != KeyRelation::Different
            && !namesake_sent
            && !namesake_trusted
        {
            return Finding { reason: ChainReason::SignatureInvalid, ..finding };
        }
        let missing = missing_issuer_of(certificate);
        let missing = Some(MissingCertificate { namesake_sent, ..missing });
        Finding { missing, namesake_trusted, ..finding }
    }

    /// What the candidates that bear the issuer's name say, where they settle the matter.
    fn of_sent_namesakes(&mut self, finding: &Finding, last: usize) -> Option<Finding> {
        let certificate = self.search.certificate(last)?;
        let settled = |reason| Finding { reason, ..finding.clone() };
        for place in self.search.issuers_by_name(last) {
            let issuer = self.search.certificate(place)?;
            if self.search.is_in(&finding.path, issuer) {
                let is_signer = key_relation(certificate, issuer) != KeyRelation::Different
                    && self.search.check(last, issuer.public_key_info.content)
                        == Some(Checked::Sound);
                if is_signer && place != last {
                    // CAs that vouch for each other, and nobody for them.
                    return Some(settled(ChainReason::RootUntrusted));
                }
                continue;
            }
            match self.search.check(last, issuer.public_key_info.content) {
                Some(Checked::UnusableKey) => {
                    let mut weak = settled(ChainReason::AlgorithmWeak);
                    weak.element = Some(weak.path.len());
                    weak.path.push(place);
                    return Some(weak);
                }
                Some(Checked::Wrong) if self.is_the_issuer(last, place) => {
                    return Some(settled(ChainReason::SignatureInvalid));
                }
                _ => {}
            }
        }
        None
    }

    /// What the trusted roots that bear the issuer's name say, likewise.
    fn of_trusted_namesakes(&mut self, finding: &Finding, last: usize) -> Option<Finding> {
        let roots = self.search.roots();
        let certificate = self.search.certificate(last)?;
        for &root in roots.named(certificate.issuer) {
            let key = roots.anchor(root)?.subject_public_key_info.as_ref();
            let settled = |reason| Finding { reason, root: Some(root), ..finding.clone() };
            match self.search.check(last, key) {
                Some(Checked::UnusableKey) => {
                    let mut weak = settled(ChainReason::AlgorithmWeak);
                    weak.element = Some(weak.path.len());
                    return Some(weak);
                }
                // The root of that name is the issuer, unless the identifiers say otherwise.
                Some(Checked::Wrong)
                    if root_relation(certificate, roots.subject_key_id(root))
                        != KeyRelation::Different =>
                {
                    return Some(settled(ChainReason::SignatureInvalid));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the candidate at `place`, whose key did not make the signature, is the issuer all
    /// the same: the signature is then wrong, and no other certificate missing. The identifiers
    /// say so; without them a CA that leads to a trusted root is taken for the one that is meant,
    /// and one that leads nowhere for a namesake.
    fn is_the_issuer(&mut self, last: usize, place: usize) -> bool {
        let (Some(certificate), Some(issuer)) =
            (self.search.certificate(last), self.search.certificate(place))
        else {
            return false;
        };
        match key_relation(certificate, issuer) {
            KeyRelation::Same => true,
            KeyRelation::Unknown => self.search.leads_to_root(place, &mut vec![last]),
            KeyRelation::Different => false,
        }
    }

    /// Whether a certificate signed itself. Where its algorithm cannot be checked, the names and
    /// identifiers have to do: nothing hangs on it but the words.
    fn is_self_signed(&mut self, place: usize) -> bool {
        let Some(certificate) = self.search.certificate(place) else { return false };
        certificate.is_self_named()
            && match self.search.check(place, certificate.public_key_info.content) {
                Some(Checked::Sound) => true,
                Some(Checked::UnusableAlgorithm | Checked::UnusableKey) => {
                    key_relation(certificate, certificate) != KeyRelation::Different
                }
                Some(Checked::Wrong | Checked::OtherKind) | None => false,
            }
    }

    /// The first element on the path that was not sent: the place before it, and what to say.
    fn gap_on(&self, path: &[usize]) -> Option<(usize, MissingCertificate)> {
        let is_stored = |&place: &usize| self.search.origin(place) == Some(ElementOrigin::Store);
        let gap = path.iter().position(is_stored)?;
        let below = gap.checked_sub(1)?;
        let certificate = self.search.certificate(*path.get(below)?)?;
        let needed = self.search.certificate(*path.get(gap)?)?;
        let missing = missing_issuer_of(certificate);
        let key_id = missing.key_id.or_else(|| needed.subject_key_id().map(key_id_text));
        let namesake_sent = self.has_namesake_sent(certificate, Some(needed));
        Some((below, MissingCertificate { key_id, in_store: true, namesake_sent, ..missing }))
    }

    /// Whether a certificate was sent that bears the issuer's name and is another CA than the
    /// `needed` one (where that is known: one with its key is only another edition of it).
    fn has_namesake_sent(&self, below: &Certificate<'_>, needed: Option<&Certificate<'_>>) -> bool {
        self.search.sent_above_leaf().any(|sent| {
            sent.subject == below.issuer
                && !sent.is_same_entity(below)
                && needed.is_none_or(|needed| !sent.is_same_entity(needed))
        })
    }

    /// The first fault that an element has of its own, from the leaf upward.
    fn fault_on(&self, path: &[usize]) -> Option<(ChainReason, usize)> {
        path.iter().enumerate().find_map(|(element, &place)| {
            let fault = own_fault(self.search.certificate(place)?, element, self.search.now())?;
            Some((fault, element))
        })
    }
}

/// What is wrong with one element, for itself and at its place on the path (0 is the leaf).
fn own_fault(
    certificate: &Certificate<'_>,
    element: usize,
    now: UnixMillis,
) -> Option<ChainReason> {
    if let Err(error) = EndEntityCert::try_from(&CertificateDer::from(certificate.der)) {
        return Some(reason_of(&error));
    }
    if !signature::is_usable_algorithm(certificate) {
        return Some(ChainReason::AlgorithmWeak);
    }
    let (Some(not_before), Some(not_after)) = certificate.validity() else {
        return Some(ChainReason::Malformed);
    };
    if not_before > not_after {
        return Some(ChainReason::Malformed);
    }
    if now.seconds() < not_before.seconds() {
        return Some(ChainReason::NotYetValid);
    }
    if now.seconds() > not_after.seconds() {
        return Some(ChainReason::Expired);
    }
    match (element, certificate.ca()) {
        // A CA's own certificate may not act as the leaf.
        (0, Some(_)) => return Some(ChainReason::UsageNotPermitted),
        (1.., None) => return Some(ChainReason::IssuerNotACa),
        // The CAs below it on the path, the leaf not counted.
        (1.., Some(Some(length))) if element - 1 > length => return Some(ChainReason::PathTooLong),
        _ => {}
    }
    let is_permitted =
        certificate.usages().is_none_or(|mut ids| ids.any(|id| PERMITTED_USAGES.contains(&id)));
    (!is_permitted).then_some(ChainReason::UsageNotPermitted)
}

/// The issuer that a certificate names, as the one that was needed.
fn missing_issuer_of(certificate: &Certificate<'_>) -> MissingCertificate {
    MissingCertificate {
        subject: distinguished::text(certificate.issuer),
        key_id: certificate.authority_key_id().map(key_id_text),
        get: certificate.ca_issuers(),
        in_store: false,
        namesake_sent: false,
    }
}

/// webpki's words in our vocabulary.
fn reason_of(error: &webpki::Error) -> ChainReason {
    use webpki::Error as E;
    match error {
        E::UnsupportedCriticalExtension => ChainReason::UnknownCriticalExtension,
        E::CertExpired { .. } => ChainReason::Expired,
        E::CertNotValidYet { .. } => ChainReason::NotYetValid,
        E::EndEntityUsedAsCa => ChainReason::IssuerNotACa,
        E::CaUsedAsEndEntity | E::EmptyEkuExtension | E::RequiredEkuNotFoundContext(_) => {
            ChainReason::UsageNotPermitted
        }
        E::PathLenConstraintViolated | E::MaximumPathDepthExceeded => ChainReason::PathTooLong,
        E::NameConstraintViolation
        | E::MalformedNameConstraint
        | E::InvalidNetworkMaskConstraint
        | E::MalformedDnsIdentifier
        | E::MaximumNameConstraintComparisonsExceeded => ChainReason::NameConstraint,
        E::InvalidSignatureForPublicKey | E::SignatureAlgorithmMismatch => {
            ChainReason::SignatureInvalid
        }
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => ChainReason::AlgorithmWeak,
        E::CertRevoked => ChainReason::Revoked,
        // A key that webpki itself distrusts, and what is left of a path search.
        E::CertDistrusted => ChainReason::RootUntrusted,
        E::UnknownIssuer => ChainReason::ChainIncomplete,
        _ => ChainReason::Malformed,
    }
}
