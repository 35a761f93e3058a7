//! Which on-premises connector recognises the sender: the certificate first, then the address
//! narrowed by MAIL FROM.
//!
//! Touches nothing. A chain that the connector does not accept gives no identity, whatever names
//! it holds; an
//! address alone never does. Where several tenants could be meant and MAIL FROM does not decide,
//! nobody is chosen: the first match would hand one tenant's mail to another.

use posthouse_types::{ChainReason, ChainReport, Domain, Peer, Reason};

use crate::attribution::{Proof, Question, Recognition};
use crate::chains::{JudgedChain, RuledChain};
use crate::directory::{Directory, Entry};
use crate::issuer;
use crate::tenant::{AcceptedDomain, InboundConnector};

/// Names of one certificate that are looked up: public CAs certify at most a few hundred, and each
/// costs two look-ups.
pub const CERTIFICATE_NAMES_MAX: usize = 256;

/// A sender that a connector recognised.
pub(crate) struct Recognised<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) connector: &'a InboundConnector,
    pub(crate) proof: Proof,
    /// The report that made it count, where that is not the one on the chain as sent.
    pub(crate) ruled: Option<&'a RuledChain>,
}

/// Why none did.
pub(crate) struct Failure<'a> {
    pub(crate) reason: Reason,
    /// Connectors that look for a name which the certificate holds, accepted or not.
    pub(crate) named: Vec<Candidate<'a>>,
    /// The report that calls the certificate revoked, where that is why.
    pub(crate) revoked: Option<&'a RuledChain>,
    /// The one tenant that lists the address, where MAIL FROM is nobody else's.
    pub(crate) listed: Option<&'a Entry>,
}

/// A connector that a certificate's name led to.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) connector: &'a InboundConnector,
    pub(crate) presented: &'a Domain,
    standing: Standing,
    chain: JudgedChain<'a>,
}

/// By what right a connector looks for its certificate name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The name belongs to a verified accepted domain of its tenant.
    Own,
    /// The operator granted it: MAIL FROM has to be the tenant's too.
    Granted,
    /// Neither, or a name that many share: it recognises nothing.
    None,
}

/// What the peer showed of itself.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// No TLS.
    NoTls,
    /// TLS, no certificate.
    NoCertificate,
    /// A chain that is not accepted.
    Refused(&'a ChainReport),
    /// An accepted chain.
    Accepted(&'a ChainReport),
}

impl<'a> Shown<'a> {
    pub(crate) fn by(peer: &'a Peer) -> Self {
        match &peer.tls {
            None => Self::NoTls,
            Some(tls) if tls.chain.is_accepted() => Self::Accepted(&tls.chain),
            Some(tls) if tls.chain.reason == ChainReason::NoCertificate => Self::NoCertificate,
            Some(tls) => Self::Refused(&tls.chain),
        }
    }

    /// The report on the chain that was sent, accepted or not.
    pub(crate) fn chain(self) -> Option<&'a ChainReport> {
        match self {
            Self::NoTls | Self::NoCertificate => None,
            Self::Refused(chain) | Self::Accepted(chain) => Some(chain),
        }
    }
}

/// MAIL FROM's owner, and the accepted domain by which it is.
pub(crate) type SenderOwner<'a> = Option<(&'a Entry, &'a AcceptedDomain)>;

/// Finds the connector that recognises the sender.
pub(crate) fn recognise<'a>(
    question: &'a Question<'_>,
    directory: &'a Directory,
    sender_owner: SenderOwner<'a>,
) -> Recognition<'a> {
    let shown = Shown::by(question.peer);
    let named = candidates(question, directory);
    let by_certificate = certificate(question, &named, sender_owner);
    // Of a chain that no connector accepts.
    let revoked = || named.iter().find_map(|candidate| candidate.chain.revoked());
    let is_revoked = by_certificate.as_ref().err() == Some(&Some(REVOKED));
    let revoked = is_revoked.then(revoked).flatten();
    let certificate_reason = match by_certificate {
        Ok(recognised) => return Ok(recognised),
        // The certificate says whose server this is: the address cannot make it another's.
        Err(Some(reason @ (Reason::SenderDomainOfAnotherTenant | Reason::AmbiguousConnector)))
            if named.iter().any(|candidate| candidate.standing == Standing::Own) =>
        {
            return Err(Failure { reason, named, revoked, listed: None });
        }
        Err(reason) => reason,
    };
    let (address_reason, listed) = match address(question, directory, sender_owner) {
        Ok(recognised) => return Ok(recognised),
        Err(failed) => failed,
    };
    let reason = certificate_reason
        .or(address_reason)
        .unwrap_or_else(|| nothing_matched(shown, sender_owner));
    let revoked = revoked.filter(|_| reason == REVOKED);
    Err(Failure { reason, named, revoked, listed })
}

const REVOKED: Reason = Reason::Chain(ChainReason::Revoked);

/// Every connector with standing that looks for a name of the chain's leaf.
pub(crate) fn candidates<'a>(
    question: &Question<'a>,
    directory: &'a Directory,
) -> Vec<Candidate<'a>> {
    let Some(as_sent) = Shown::by(question.peer).chain() else { return Vec::new() };
    let mut found: Vec<Candidate<'a>> = Vec::new();
    for presented in as_sent.names.iter().take(CERTIFICATE_NAMES_MAX) {
        for (entry, connector) in directory.by_certificate_name(presented) {
            let standing = standing(question, directory, entry, connector);
            let is_known = found.iter().any(|known| std::ptr::eq(known.connector, connector));
            if standing == Standing::None || is_known {
                continue;
            }
            if let Some(chain) = question.chain_for(entry.id, connector) {
                found.push(Candidate { entry, connector, presented, standing, chain });
            }
        }
    }
    found
}

/// By what right this connector looks for its certificate name.
pub(crate) fn standing(
    question: &Question<'_>,
    directory: &Directory,
    entry: &Entry,
    connector: &InboundConnector,
) -> Standing {
    let Some(name) = &connector.tls_sender_certificate_name else { return Standing::None };
    let base = name.base();
    if question.shared.owner_of_name(&base).is_some() {
        return Standing::None;
    }
    // The directory decides, not the tenant's own list: a more specific accepted domain of another
    // tenant takes the name away.
    match directory.owning_entry(&base) {
        Some((owner, domain)) if owner.id == entry.id && is_associated(connector, domain) => {
            Standing::Own
        }
        _ if entry.is_granted(name) => Standing::Granted,
        _ => Standing::None,
    }
}

/// Whether a connector may be used for an accepted domain (AssociatedAcceptedDomains).
pub(crate) fn is_associated(connector: &InboundConnector, domain: &AcceptedDomain) -> bool {
    connector.associated_accepted_domains.is_empty()
        || connector.associated_accepted_domains.contains(&domain.name)
}

/// Whether a connector is about this sender. A report has no sender domain, and an organisation's
/// own server has to be able to send reports.
pub(crate) fn covers_sender(connector: &InboundConnector, question: &Question<'_>) -> bool {
    question.sender.is_none() || connector.covers_sender(question.sender).is_some()
}

/// The certificate's branch. An error without a reason: no connector looks for its names.
fn certificate<'a>(
    question: &Question<'_>,
    named: &[Candidate<'a>],
    sender_owner: SenderOwner<'_>,
) -> Result<Recognised<'a>, Option<Reason>> {
    let pins_hold = |candidate: &&Candidate<'a>| {
        issuer::is_pinned(candidate.connector, candidate.chain.report())
    };
    let accepted = || named.iter().filter(|candidate| candidate.chain.report().is_accepted());
    if accepted().next().is_none() {
        return Err(refused(question, named).map(Reason::Chain));
    }
    let mut usable: Vec<Candidate<'a>> = accepted()
        .filter(pins_hold)
        .filter(|candidate| covers_sender(candidate.connector, question))
        .copied()
        .collect();
    // The most specific first, then the first by name.
    usable.sort_by_key(|candidate| {
        let name = candidate.connector.tls_sender_certificate_name.as_ref();
        (name.is_some_and(|name| name.is_wildcard()), &*candidate.connector.name)
    });
    let is_senders = |candidate: &&Candidate<'a>| {
        sender_owner.is_some_and(|(owner, _)| owner.id == candidate.entry.id)
    };
    let own = || usable.iter().filter(|candidate| candidate.standing == Standing::Own);
    let recognised = |candidate: &Candidate<'a>| Recognised {
        entry: candidate.entry,
        connector: candidate.connector,
        proof: Proof::Certificate(candidate.presented.clone()),
        ruled: candidate.chain.ruled,
    };
    if let Some(candidate) = own().find(is_senders) {
        return Ok(recognised(candidate));
    }
    if let Some(first) = own().next() {
        if own().any(|candidate| candidate.entry.id != first.entry.id) {
            return Err(Some(Reason::AmbiguousConnector));
        }
        // MAIL FROM is not this tenant's. Reports and forwarded mail of strangers may pass; mail
        // in the name of another tenant may not, unless that was asked for.
        if sender_owner.is_some() && !first.connector.allow_forwarding {
            return Err(Some(Reason::SenderDomainOfAnotherTenant));
        }
        return Ok(recognised(first));
    }
    let granted = || usable.iter().filter(|candidate| candidate.standing == Standing::Granted);
    let may_send = |candidate: &&Candidate<'a>| {
        sender_owner.is_some_and(|(_, domain)| is_associated(candidate.connector, domain))
    };
    match granted().filter(is_senders).find(may_send) {
        Some(candidate) => Ok(recognised(candidate)),
        None if granted().next().is_none() && usable.len() < accepted().count() => {
            let is_pinned_away = !accepted().any(|candidate| pins_hold(&candidate));
            Err(is_pinned_away.then_some(Reason::IssuerMismatch))
        }
        None => Err(several_or_one(granted().map(|candidate| candidate.entry))),
    }
}

/// Why no connector that looks for a name of the certificate accepts its chain. The reason is that
/// of the chain as it was sent, which the peer can mend; a revocation says more.
fn refused(question: &Question<'_>, named: &[Candidate<'_>]) -> Option<ChainReason> {
    let as_sent = Shown::by(question.peer).chain().filter(|_| !named.is_empty())?;
    let is_revoked = named.iter().any(|candidate| candidate.chain.revoked().is_some());
    Some(if is_revoked { ChainReason::Revoked } else { as_sent.reason })
}

/// The address's branch: MAIL FROM's tenant has to list the address. Also says which one tenant
/// lists it where the sender is nobody's.
fn address<'a>(
    question: &Question<'_>,
    directory: &'a Directory,
    sender_owner: SenderOwner<'a>,
) -> Result<Recognised<'a>, (Option<Reason>, Option<&'a Entry>)> {
    let address = question.address();
    let is_usable = |connector: &&'a InboundConnector| {
        let tls_is_missing = connector.require_tls == Some(true) && question.peer.tls.is_none();
        connector.range_with(address).is_some()
            && !tls_is_missing
            && covers_sender(connector, question)
    };
    let is_shared = || question.shared.owner_of_address(address).is_some();
    if let Some((entry, domain)) = sender_owner {
        let listing = entry.on_premises().filter(is_usable);
        let best =
            listing.filter(|connector| is_associated(connector, domain)).min_by_key(|connector| {
                // The most specific first, then the first by name.
                let prefix = connector.range_with(address).map_or(0, |range| range.prefix());
                (u8::MAX - prefix, &connector.name)
            });
        match best {
            Some(_) if is_shared() => return Err((Some(Reason::SharedAddress), Some(entry))),
            Some(connector) => {
                let proof = Proof::Address(address);
                return Ok(Recognised { entry, connector, proof, ruled: None });
            }
            None => {}
        }
    }
    let listing: Vec<&Entry> = directory
        .by_address(address)
        .filter(|entry| entry.on_premises().any(|connector| is_usable(&connector)))
        .collect();
    let reason = if !listing.is_empty() && is_shared() {
        Some(Reason::SharedAddress)
    } else {
        several_or_one(listing.iter().copied())
    };
    let only = listing.first().copied().filter(|_| reason == Some(Reason::SenderDomainNotAccepted));
    // Listing somebody's address must not show the lister that tenant's refused mail.
    let is_strangers =
        only.is_some_and(|only| sender_owner.is_some_and(|(owner, _)| owner.id != only.id));
    Err((reason, only.filter(|_| !is_strangers)))
}

/// Connectors matched, but nothing says that the sender may use them: of one tenant, or of several.
fn several_or_one<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<Reason> {
    let mut ids = entries.map(|entry| entry.id);
    let first = ids.next()?;
    let is_one = ids.all(|id| id == first);
    Some(if is_one { Reason::SenderDomainNotAccepted } else { Reason::AmbiguousConnector })
}

/// No connector matched in any way: the reason is the certificate that was not sent, where the
/// tenant of MAIL FROM wants one.
fn nothing_matched(shown: Shown<'_>, sender_owner: SenderOwner<'_>) -> Reason {
    let sent_nothing = matches!(shown, Shown::NoTls | Shown::NoCertificate);
    let wants_one = sender_owner.is_some_and(|(entry, _)| {
        entry.on_premises().any(|connector| connector.tls_sender_certificate_name.is_some())
    });
    if sent_nothing && wants_one {
        Reason::Chain(ChainReason::NoCertificate)
    } else {
        Reason::NoConnector
    }
}
