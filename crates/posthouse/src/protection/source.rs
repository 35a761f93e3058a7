//! Where a message comes from: the peer, or behind another gateway whoever the gateway took it from
//! (enhanced filtering, spec 1.3).
//!
//! May touch: the draft's bytes. Who is behind a gateway comes from its Received lines, which only
//! count where a connector knows the peer as one; the connecting address stays in our own
//! Received line and in the trace.

use std::net::IpAddr;

use posthouse_filter::authentication::{SkipListing, counted_address};
use posthouse_message::{HeaderFacts, received_values, skip_listing_headers};
use posthouse_policy::{self as policy, Accepted, EnhancedFiltering};
use posthouse_store::Draft;
use posthouse_types::{GatewayFact, Peer, Refusal};

use crate::gateway::{Admitted, tenant_of};
use crate::refusals;
use crate::world::World;

/// Who counts as the one that sent a message.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The address that is judged.
    pub(crate) client: IpAddr,
    /// What it called itself.
    pub(crate) helo: String,
    /// The other gateway, where a connector knows the peer as one.
    pub(crate) gateway: Option<GatewayFact>,
    /// The fields that tell who was found behind it.
    pub(crate) stamps: Vec<u8>,
}

impl Source {
    /// The peer itself.
    fn peer(peer: &Peer) -> Self {
        Self {
            client: peer.address.ip().to_canonical(),
            helo: peer.helo.clone(),
            gateway: None,
            stamps: Vec::new(),
        }
    }
}

/// A message as it came, before anybody judges it.
#[derive(Clone, Copy)]
pub(crate) struct Arrived<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) header: &'a HeaderFacts,
    pub(crate) draft: &'a Draft,
    pub(crate) recipients: &'a [Admitted],
}

/// Who sent it, and whose mail it is then: what a tenant's server passes on for a stranger is no
/// mail of the tenant's own.
///
/// # Errors
/// The message could not be read back.
pub(crate) fn trace_back(
    world: &World,
    arrived: &Arrived<'_>,
    accepted: Accepted,
) -> Result<(Source, Accepted), Refusal> {
    let peer = Source::peer(arrived.peer);
    let directory = world.directory();
    let settings = policy::enhanced_filtering(&accepted, &directory);
    let Some(settings) = settings.filter(|_| world.settings().filter.enabled) else {
        return Ok((peer, accepted));
    };
    let message = super::whole(arrived).map_err(|error| refusals::store(&error))?;
    let source = behind(peer, settings, &message, is_for(settings, arrived, &accepted));
    let is_stranger = source.gateway.is_some_and(|gateway| !gateway.is_lost);
    let accepted = if is_stranger { policy::from_behind(accepted) } else { accepted };
    Ok((source, accepted))
}

/// Whether all recipients are the tenant's own, and among those that it is for.
fn is_for(settings: &EnhancedFiltering, arrived: &Arrived<'_>, accepted: &Accepted) -> bool {
    let tenant = tenant_of(accepted);
    arrived.recipients.iter().all(|one| one.hosted_by == tenant)
        && settings.is_for(arrived.recipients.iter().map(|one| &one.recipient.address))
}

fn behind(peer: Source, settings: &EnhancedFiltering, message: &[u8], is_for_all: bool) -> Source {
    let received = received_values(message);
    let received: Vec<&str> = received.iter().map(String::as_str).collect();
    let is_listed = |address| settings.lists(address);
    let listing =
        if settings.skip_last_ip { SkipListing::Last } else { SkipListing::Listed(&is_listed) };
    let counted = counted_address(peer.client, &received, listing);
    let gateway = GatewayFact { address: peer.client, is_lost: counted.is_lost };
    if counted.is_lost {
        return Source { gateway: is_for_all.then_some(gateway), ..peer };
    }
    let stamps = skip_listing_headers(counted.address, &counted.helo, is_for_all);
    if !is_for_all {
        return Source { stamps, ..peer };
    }
    Source { client: counted.address, helo: counted.helo, gateway: Some(gateway), stamps }
}
