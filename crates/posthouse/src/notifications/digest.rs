//! Quarantine notifications (spec 3.2): one mail for all that was kept of a recipient's mail since
//! the last one, when the oldest of it has waited as long as the tenant says.
//!
//! May touch: the store. The mail and the mark that its recipient is told are one transaction. A
//! failure changes nothing, and is tried again at the next look.

use std::sync::Arc;
use std::time::Duration;

use posthouse_message::{DigestEntry, quarantine_digest};
use posthouse_policy::permission;
use posthouse_store::{Quarantined, StoreError, ToNotify};
use posthouse_types::{Address, QuarantineReason, TenantId, UnixMillis};

use super::notification;
use crate::outbound::Entries;
use crate::world::World;

/// How often the store is asked whom to tell: one look at an index, which is mostly empty.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Messages that one mail tells of: marking them is a transaction of some milliseconds, and whoever
/// floods a recipient makes few mails of ours.
const TOLD_AT_ONCE_MAX: usize = 1000;

/// Tells recipients, until the node stops.
pub(crate) async fn run(world: Arc<World>) {
    while !world.stopping.has_begun() {
        if world.directory().is_loaded()
            && let Err(error) = look(&world).await
        {
            tracing::warn!(%error, "recipients could not be told of quarantine; it is tried again");
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Tells everybody who is to be told by now.
async fn look(world: &World) -> Result<(), StoreError> {
    loop {
        let now = world.now();
        let waiting = world.store().recipients_to_notify(now).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        for recipient in waiting {
            if world.stopping.has_begun() {
                return Ok(());
            }
            tell(world, recipient, now).await?;
        }
    }
}

/// Tells one recipient. What changed since it was read is read again.
async fn tell(world: &World, recipient: ToNotify, now: UnixMillis) -> Result<(), StoreError> {
    let address = address(world, &recipient);
    let kept = world.store().quarantine_to_notify(recipient, TOLD_AT_ONCE_MAX).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let ids = kept.iter().map(|row| row.id).collect();
    let Some((tenant, to)) = address else {
        // The tenant is gone, or the domain is not its own any more: its people are strangers.
        return world.store().notify_nobody(ids).await;
    };
    let language = world.directory().tenant(tenant).map(|tenant| tenant.notification_language());
    let entries: Vec<_> = kept.iter().map(entry).collect();
    let text = quarantine_digest(&to, &entries, language.unwrap_or_default());
    let mail = notification(world, tenant, &to, text, now)?;
    let entries = Entries::of_one(&mail);
    if let Some(committed) = world.store().notify(ids, mail, now).await? {
        metrics::counter!("posthouse_quarantine_notifications_total").increment(1);
        world.outbound.committed(entries.numbered(&committed));
    }
    Ok(())
}

/// Where a recipient's mail goes, while its tenant still hosts it.
fn address(world: &World, (tenant, recipient): &ToNotify) -> Option<(TenantId, Address)> {
    let address = posthouse_smtp::parse_address(recipient, true).ok()?;
    let directory = world.directory();
    let (owner, _) = directory.owner_of(address.domain())?;
    (Some(owner) == *tenant).then_some((owner, address))
}

fn entry(row: &Quarantined) -> DigestEntry<'_> {
    let reason = QuarantineReason::from_id(&row.reason);
    let is_open = reason.is_some_and(|reason| !reason.is_admin_release_only());
    DigestEntry {
        number: row.id.number(),
        sender: row.sender.as_deref(),
        subject: &row.subject,
        received: row.received,
        expires: row.expires,
        reason,
        is_theirs_to_release: is_open && row.permissions & permission::RELEASE != 0,
    }
}
