//! Mail that a tenant sends: who may send how much, and what a mailbox may forward by itself.
//!
//! May touch: the counters of senders. Acts only where the tenant has an outbound policy.

use posthouse_policy::{Accepted, Direction, Directory, forwarding};
use posthouse_types::{Address, Refusal, UnixMillis};

use super::Judgment;
use crate::gateway::{Admitted, tenant_of};
use crate::restrictions;
use crate::world::World;

/// A message that may leave, as far as this room cares.
pub(crate) struct Leaving<'a> {
    pub(crate) accepted: &'a Accepted,
    pub(crate) directory: &'a Directory,
    pub(crate) sender: Option<&'a Address>,
    pub(crate) recipients: &'a [Admitted],
    pub(crate) now: UnixMillis,
}

/// Counts a message that leaves for its sender, connector and tenant.
///
/// # Errors
/// One of them is over a limit, or a mailbox forwards what it may not.
pub(crate) async fn check_leaving(
    world: &World,
    judgment: &Judgment,
    leaving: &Leaving<'_>,
) -> Result<(), Refusal> {
    let Leaving { accepted, directory, sender, recipients, now } = *leaving;
    let Direction::Originating { connector, .. } = &accepted.direction else { return Ok(()) };
    let Some(tenant) = tenant_of(accepted) else { return Ok(()) };
    let policy = directory.tenant(tenant).and_then(|tenant| tenant.outbound_policy());
    let inside = recipients.iter().filter(|one| one.hosted_by == Some(tenant)).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let leaving = restrictions::Leaving {
        tenant,
        sender,
        connector,
        external: count(recipients.len() - inside),
        internal: count(inside),
        now,
    };
    if let Some(policy) = policy {
        let fields: Vec<_> = judgment
            .reading
            .header()
            .iter()
            .map(|field| (field.name.as_str(), field.decoded()))
            .collect();
        let header: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Some(refusal) = forwarding(policy, &header, leaving.external > 0) {
            return Err(refusal);
        }
    }
    world.office.restrictions.count(world.store(), policy, &leaving).await
}
