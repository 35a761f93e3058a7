//! Spoof intelligence: pairs of a spoofed sender and the infrastructure that sends for it, with the
//! tenant's word on each (spec 2.11).
//!
//! Touches nothing. An allow needs a proven infrastructure (a confirmed name, a verified signature,
//! the address itself); a block is content with a claimed one.

use std::net::IpAddr;

use posthouse_types::{AuthenticationFacts, ConnectionFacts};

use super::{SenderContext, is_or_below};

/// Who is spoofed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoofed {
    /// Every address of a domain, lower-case A-labels; domains below it are not implied.
    Domain(String),
    /// Every address of a domain and of all below it.
    WithSubdomains(String),
    /// One address, folded.
    Address(String),
    /// Anybody.
    Anyone,
}

/// Who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Infrastructure {
    /// The organisation of the address's reverse name, or the domain of a verified signature.
    Domain(String),
    /// A /24 of IPv4 addresses, by any address in it; of IPv6 a /64.
    Network(IpAddr),
    /// Anybody.
    Anyone,
}

/// Whether the spoofed domain is the tenant's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpoofKind {
    /// One of the tenant's accepted domains.
    Internal,
    /// Anybody else's.
    External,
}

/// The tenant's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpoofAction {
    /// It is no spoof.
    Allow,
    /// It is one.
    Block,
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoofEntry {
    /// Who is spoofed.
    pub spoofed: Spoofed,
    /// By whom.
    pub infrastructure: Infrastructure,
    /// Of which kind the spoofed domain is.
    pub kind: SpoofKind,
    /// Allowed or not.
    pub action: SpoofAction,
}

/// The entry that applies to a message; a block before an allow.
pub fn spoof_entry<'c>(
    facts: &AuthenticationFacts,
    context: &'c SenderContext<'_>,
) -> Option<&'c SpoofEntry> {
    let applies = |entry: &&SpoofEntry| {
        // An allow must hold for everybody whom the From may show; a block for one of them.
        let mut senders = facts.from.addresses.iter();
        let is_sender = |address: &String| is_spoofed(entry, address, context);
        let fits = match entry.action {
            SpoofAction::Allow => !facts.from.addresses.is_empty() && senders.all(is_sender),
            SpoofAction::Block => senders.any(is_sender),
        };
        fits && is_sent_by(entry, facts, context.connection)
    };
    let mut all = context.spoof_entries.iter().filter(applies);
    let first = all.next()?;
    let block = std::iter::once(first).chain(all).find(|one| one.action == SpoofAction::Block);
    Some(block.unwrap_or(first))
}

fn is_spoofed(entry: &SpoofEntry, address: &str, context: &SenderContext<'_>) -> bool {
    let (_, domain) = address.rsplit_once('@').unwrap_or_default();
    let is_own = context.own_domains.iter().any(|own| is_or_below(domain, own));
    let kind = if is_own { SpoofKind::Internal } else { SpoofKind::External };
    let is_named = match &entry.spoofed {
        Spoofed::Domain(spoofed) => spoofed == domain,
        Spoofed::WithSubdomains(spoofed) => is_or_below(domain, spoofed),
        Spoofed::Address(spoofed) => *spoofed == address.to_lowercase(),
        Spoofed::Anyone => true,
    };
    is_named && entry.kind == kind
}

fn is_sent_by(
    entry: &SpoofEntry,
    facts: &AuthenticationFacts,
    connection: Option<&ConnectionFacts>,
) -> bool {
    match &entry.infrastructure {
        Infrastructure::Anyone => true,
        Infrastructure::Network(network) => {
            let address = connection.map(|connection| connection.address).or(facts.spf.client);
            address.is_some_and(|address| network_of(address) == network_of(*network))
        }
        Infrastructure::Domain(domain) => {
            let reverse = connection.and_then(|connection| connection.reverse_name.found());
            let is_named = reverse.is_some_and(|reverse| {
                (reverse.is_confirmed || entry.action == SpoofAction::Block)
                    && is_or_below(&reverse.name, domain)
            });
            is_named || facts.verified_domains().any(|signer| is_or_below(signer, domain))
        }
    }
}

/// What a message's infrastructure is called in the list of spoofed senders: the organisation of
/// the confirmed name, else the verified domain, else the network.
pub fn infrastructure(
    facts: &AuthenticationFacts,
    connection: Option<&ConnectionFacts>,
) -> Option<Infrastructure> {
    let reverse = connection.and_then(|connection| connection.reverse_name.found());
    if let Some(reverse) = reverse.filter(|reverse| reverse.is_confirmed) {
        return Some(Infrastructure::Domain(reverse.organization.clone()));
    }
    if let Some(domain) = facts.verified_domains().next() {
        return Some(Infrastructure::Domain(domain.to_owned()));
    }
    let address = connection.map(|connection| connection.address).or(facts.spf.client);
    address.map(|address| Infrastructure::Network(network_of(address)))
}

fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & 0xffff_ff00).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
    }
}
