//! Enhanced filtering: a connector says that its servers pass on others' mail, so that the address
//! which counts is the one that they took it from (spec 1.1: EFSkipLastIP, EFSkipIPs, EFUsers).
//!
//! Touches nothing. Only says whose Received lines are believed, and for whom; they are read in
//! `filter`. A server that no connector identified is never believed: it could write any address.

use std::net::IpAddr;

use posthouse_types::{Address, TenantId};

use crate::SourceRange;
use crate::attribution::{Accepted, Direction, Owner};
use crate::directory::Directory;
use crate::tenant::InboundConnector;

/// Whose hops are skipped, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnhancedFiltering {
    /// The connecting server alone is skipped, whatever its address.
    pub skip_last_ip: bool,
    /// The servers that are skipped.
    pub skip_ips: Box<[SourceRange]>,
    /// The recipients it is for; empty means all.
    pub users: Box<[Address]>,
}

impl EnhancedFiltering {
    /// Whether anything is skipped at all.
    pub fn is_on(&self) -> bool {
        self.skip_last_ip || !self.skip_ips.is_empty()
    }

    /// Whether this address is one of the servers that are skipped by name.
    pub fn lists(&self, address: IpAddr) -> bool {
        self.skip_ips.iter().any(|range| range.contains(address))
    }

    /// Whether it is for a message to these recipients: all of them have to be listed.
    pub fn is_for<'a>(&self, mut recipients: impl Iterator<Item = &'a Address>) -> bool {
        let is_listed = |one: &Address| self.users.iter().any(|user| user.folded() == one.folded());
        self.users.is_empty() || recipients.all(is_listed)
    }
}

/// The enhanced filtering of the connector that brought a message, if it has any.
pub fn enhanced_filtering<'d>(
    accepted: &Accepted,
    directory: &'d Directory,
) -> Option<&'d EnhancedFiltering> {
    let Owner::Tenant(tenant) = accepted.owner else { return None };
    let name = accepted.gateway.as_deref()?;
    let tenant = directory.tenant(tenant)?;
    let mut connectors = tenant.inbound_connectors.iter();
    connectors.find(|connector| &*connector.name == name)?.enhanced_filtering()
}

/// The same mail, as it is once its sender is known to be behind the connector's servers: it comes
/// from anybody, and not from the tenant.
#[must_use]
pub fn from_behind(accepted: Accepted) -> Accepted {
    let partner = accepted.gateway.clone();
    Accepted { direction: Direction::Incoming { partner }, ..accepted }
}

/// The name to remember of a connector that identified the server: that of another gateway, whose
/// Received lines count.
pub(crate) fn gateway(connector: &InboundConnector, address: IpAddr) -> Option<Box<str>> {
    let settings = connector.enhanced_filtering()?;
    let is_skipped = settings.skip_last_ip || settings.lists(address);
    is_skipped.then(|| connector.name.clone())
}

/// [`gateway`] of a server of the tenant itself. Only what is for the tenant's own recipients may
/// be somebody else's mail.
pub(crate) fn own_gateway(
    connector: &InboundConnector,
    address: IpAddr,
    (sender, host): (TenantId, TenantId),
) -> Option<Box<str>> {
    gateway(connector, address).filter(|_| sender == host)
}
