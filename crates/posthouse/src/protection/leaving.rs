//! Mail that a tenant sends: who may send how much, what a mailbox may forward by itself, and who
//! is told or gets a copy.
//!
//! May touch: the counters of senders, and the store with what is written about a restricted one.
//! Acts only where the tenant has an outbound policy, or blocks a recipient by its list.

use posthouse_message::{Wishes, sender_restricted_text};
use posthouse_policy::{
    Accepted, Direction, Directory, OutboundPolicy, Tenant, forwarding, recipients_blocked,
};
use posthouse_types::{
    Address, DsnNotify, Recipient, RecipientParameters, Refusal, TenantId, UnixMillis,
};

use super::{Judgment, Treatment, treat};
use crate::gateway::{Admitted, tenant_of};
use crate::notifications;
use crate::outbound::Entries;
use crate::restrictions::{self, Restriction};
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
/// One of them is over a limit, a mailbox forwards what it may not, or a recipient is blocked.
pub(crate) async fn check_leaving(
    world: &World,
    judgment: &Judgment,
    leaving: &Leaving<'_>,
) -> Result<(), Refusal> {
    let Leaving { accepted, directory, sender, recipients, now } = *leaving;
    let Direction::Originating { connector, .. } = &accepted.direction else { return Ok(()) };
    let Some(tenant) = tenant_of(accepted) else { return Ok(()) };
    let settings = directory.tenant(tenant);
    let policy = settings.and_then(|tenant| tenant.outbound_policy());
    let blocked: Vec<_> = recipients
        .iter()
        .filter(|one| one.hosted_by != Some(tenant))
        .map(|one| &one.recipient.address)
        .filter(|address| settings.is_some_and(|tenant| tenant.blocks(address, now)))
        .collect();
    if !blocked.is_empty() {
        return Err(recipients_blocked(&blocked));
    }
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
    let restrictions = &world.office.restrictions;
    let Err(stopped) = restrictions.count(world.store(), policy, &leaving).await else {
        return Ok(());
    };
    if let (Some(restriction), Some(settings)) = (stopped.restricts, settings) {
        restrict(world, &restriction, (tenant, settings), now).await;
    }
    Err(stopped.refusal)
}

/// Restricts a sender, and tells those whom the policy names. One transaction: nobody is told of
/// what is not so.
async fn restrict(
    world: &World,
    restriction: &Restriction,
    (id, tenant): (TenantId, &Tenant),
    now: UnixMillis,
) {
    let told = tenant.outbound_policy().map_or(&[][..], OutboundPolicy::told_of_restrictions);
    let write = |to: &Address| {
        let text = sender_restricted_text(
            restriction.sender(),
            &restriction.why(),
            restriction.until,
            &tenant.name,
            tenant.notification_language(),
        );
        notifications::notification(world, id, to, text, now)
    };
    let written: Result<Vec<_>, _> = told.iter().map(write).collect();
    let written = written.unwrap_or_else(|error| {
        tracing::error!(%error, "nobody can be told of a restricted sender");
        Vec::new()
    });
    let entries = Entries::of(&written);
    let restrictions = &world.office.restrictions;
    let committed = restrictions.restrict(world.store(), restriction, written).await;
    for (entries, committed) in entries.into_iter().zip(&committed) {
        world.outbound.committed(entries.numbered(committed));
    }
}

/// The copy of mail that leaves and is probably unwanted, for those whom the outbound policy names.
/// Whoever gets it already gets no second one; its fate is nobody's business but theirs.
pub(super) fn suspicious_copy(
    judgment: &Judgment,
    accepted: &Accepted,
    directory: &Directory,
    treatments: &[Treatment],
) -> Option<Treatment> {
    let owner = tenant_of(accepted)?;
    let policy = directory.tenant(owner)?.outbound_policy()?;
    let going = || {
        let going = treatments.iter().filter(|one| one.quarantine().is_none());
        going.flat_map(|one| &one.recipients)
    };
    if !treat::is_suspicious(judgment, accepted)
        || going().all(|admitted| admitted.hosted_by == Some(owner))
    {
        return None;
    }
    let gets_it = |address: &Address| {
        going().any(|admitted| admitted.recipient.address.folded() == address.folded())
    };
    let notify = Some(DsnNotify { never: true, ..DsnNotify::default() });
    let copy = |address: &Address| Admitted {
        recipient: Recipient {
            address: address.clone(),
            parameters: RecipientParameters { notify, original: None },
        },
        hosted_by: directory.owner_of(address.domain()).map(|(tenant, _)| tenant),
        held: None,
    };
    let recipients: Vec<Admitted> =
        policy.suspicious_copies().iter().filter(|to| !gets_it(to)).map(copy).collect();
    (!recipients.is_empty()).then(|| Treatment {
        decision: None,
        rewrites: Vec::new(),
        wishes: Wishes { is_high_risk: true, ..Wishes::default() },
        rules: vec!["the outbound policy's copy of suspicious mail".to_owned()],
        recipients,
    })
}
