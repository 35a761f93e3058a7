//! Spoof intelligence on the way of a message: the tenant's word on pairs of a spoofed sender and
//! the infrastructure that sends for it, and a count of those that were seen (spec 2.11).
//!
//! May touch: the store, beside the mail. Nobody waits for a count.

use std::net::IpAddr;

use posthouse_filter::authentication::{
    Infrastructure, SpoofAction, SpoofEntry, SpoofKind, Spoofed, infrastructure, reasons,
};
use posthouse_policy::{self as policy, ListAction, Listed, Protection, SenderPattern, SpoofPair};
use posthouse_store::SpoofSeen;
use posthouse_types::{CompositeResult, Domain, Facts, UnixMillis};

use super::Sample;
use crate::world::World;

/// From domains of one message that are counted: more than one is a trick already.
const DOMAINS_COUNTED_MAX: usize = 4;

/// The entries of a tenant's list that count now, for a message from this address.
pub(super) fn entries(
    protection: Option<&Protection>,
    client: IpAddr,
    now: UnixMillis,
) -> Vec<SpoofEntry> {
    let all = protection.into_iter().flat_map(|protection| &protection.tenant_allow_blocks);
    let mut out = Vec::new();
    for entry in all.filter(|entry| entry.is_valid_at(now)) {
        let Listed::Spoof(pair) = &entry.what else { continue };
        let action = match entry.action {
            ListAction::Allow => SpoofAction::Allow,
            ListAction::Block => SpoofAction::Block,
        };
        let Some((spoofed, infrastructure)) = read(pair, client) else { continue };
        // An entry's type informs people only: it holds for the tenant's own domains and others'.
        for kind in [SpoofKind::Internal, SpoofKind::External] {
            let (spoofed, infrastructure) = (spoofed.clone(), infrastructure.clone());
            out.push(SpoofEntry { spoofed, infrastructure, kind, action });
        }
    }
    out
}

/// A pair in the filter's words; `None` where it is about another network.
fn read(pair: &SpoofPair, client: IpAddr) -> Option<(Spoofed, Infrastructure)> {
    let spoofed = match &pair.spoofed_user {
        None => Spoofed::Anyone,
        Some(SenderPattern::Address(address)) => Spoofed::Address(address.folded()),
        Some(SenderPattern::Domain(domain)) => Spoofed::Domain(domain.to_string()),
        Some(SenderPattern::WithSubdomains(domain)) => Spoofed::WithSubdomains(domain.to_string()),
    };
    let infrastructure = match &pair.infrastructure {
        policy::Infrastructure::Any => Infrastructure::Anyone,
        policy::Infrastructure::Domain(domain) => Infrastructure::Domain(domain.to_string()),
        // The entry's own range decides, whatever its size: an allow must not grow.
        policy::Infrastructure::Network(range) if range.contains(client) => {
            Infrastructure::Network(client)
        }
        policy::Infrastructure::Network(_) => return None,
    };
    Some((spoofed, infrastructure))
}

/// Counts a sender that proves nothing, or that only the tenant's list lets pass.
pub(super) fn count(world: &World, sample: &Sample<'_>, facts: &Facts, own_domains: &[Domain]) {
    let is_spoof = facts.composite.result == CompositeResult::Fail
        || facts.composite.reason == reasons::TENANT_ALLOWS;
    let (Some(tenant), Some(found), true) =
        (sample.tenant, facts.authentication.as_ref(), is_spoof)
    else {
        return;
    };
    let Some(infrastructure) = infrastructure(found, facts.connection.as_ref()) else { return };
    let infrastructure = name_of(&infrastructure);
    for domain in found.from.domains.iter().take(DOMAINS_COUNTED_MAX) {
        let spoofed = Domain::from_normalized(domain.as_str());
        let is_internal = own_domains.iter().any(|own| spoofed.is_or_below(own.as_str()));
        let seen = SpoofSeen {
            spoofed,
            infrastructure: infrastructure.clone(),
            address: Some(sample.source.client),
            is_internal,
            count: 1,
            last: world.now(),
        };
        world.ledger.count_spoof(tenant, seen);
    }
}

/// As the list of allowed and blocked pairs writes it.
fn name_of(infrastructure: &Infrastructure) -> String {
    match infrastructure {
        Infrastructure::Domain(domain) => domain.clone(),
        Infrastructure::Network(address @ IpAddr::V4(_)) => format!("{address}/24"),
        Infrastructure::Network(address @ IpAddr::V6(_)) => format!("{address}/64"),
        Infrastructure::Anyone => "*".to_owned(),
    }
}
