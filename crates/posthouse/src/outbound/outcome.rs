//! What came of deliveries, from the store's message to the store's rows: read, settled with the
//! reports about it, and given back where it is tried again.
//!
//! May touch: `World`. A failing store changes nothing: what it did not take did not happen.

use std::sync::Arc;

use posthouse_store::{
    MessageId, QueueState, QueuedRecipient, Settlement, StoreError, StoredMessage,
};

use super::connection::Attempt;
use super::{Entries, STORE_FAULT_PAUSE, report, settle};
use crate::world::World;

/// A message as it goes out: one that somebody released says so.
pub(super) async fn load(world: &World, message: MessageId) -> Result<StoredMessage, StoreError> {
    let mut message = world.store().load(message, world.now()).await?;
    if message.is_released {
        message.head = posthouse_message::released_head(&message.head);
    }
    Ok(message)
}

/// Settles recipients of one message that was not tried itself.
pub(super) async fn settle_message(
    world: &Arc<World>,
    recipients: Vec<QueuedRecipient>,
    attempt: Attempt,
) -> Vec<QueuedRecipient> {
    let Some(first) = recipients.first() else { return recipients };
    match load(world, first.message).await {
        Ok(message) => settle_loaded(world, &message, recipients, &attempt).await,
        Err(error) => unreadable(world, recipients, &error),
    }
}

/// What cannot be read: a damaged message has been set aside by the store, a failing disk may
/// come back.
pub(super) fn unreadable(
    world: &World,
    mut recipients: Vec<QueuedRecipient>,
    error: &StoreError,
) -> Vec<QueuedRecipient> {
    let reference = recipients.first().map(|first| first.reference.to_string());
    match error {
        StoreError::NotFound => Vec::new(),
        StoreError::Damaged { kept } => {
            tracing::error!(reference, kept, "a damaged message was set aside");
            Vec::new()
        }
        StoreError::DiskFull | StoreError::Unavailable(_) => {
            tracing::error!(reference, %error, "a message cannot be read for now");
            let later = world.now() + STORE_FAULT_PAUSE;
            recipients.iter_mut().for_each(|recipient| recipient.due = later);
            recipients
        }
    }
}

/// Stores what became of the recipients, with the reports about it, in one transaction. Gives
/// back those that are tried again.
pub(super) async fn settle_loaded(
    world: &Arc<World>,
    message: &StoredMessage,
    mut recipients: Vec<QueuedRecipient>,
    attempt: &Attempt,
) -> Vec<QueuedRecipient> {
    let now = world.now();
    let decisions = settle::decide(&settle::Situation {
        recipients: &recipients,
        ends: &attempt.ends,
        schedule: &world.settings().queue.schedule(),
        via_connector: attempt.via_connector,
        now,
        spread: u8::from_ne_bytes(crate::world::random_bytes()),
    });
    let settled = async {
        let reports = report::write(world, message, &recipients, attempt, &decisions, now).await?;
        let entries = Entries::of(&reports);
        let outcomes = recipients
            .iter()
            .zip(&decisions)
            .map(|(recipient, decision)| (recipient.id, decision.outcome.clone()))
            .collect();
        let events = settle::events(&recipients, &decisions, now);
        let committed = world.store().settle(Settlement { outcomes, reports, events }).await?;
        for (entries, committed) in entries.into_iter().zip(&committed) {
            world.outbound.committed(entries.numbered(committed));
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = settled.await {
        // What the store did not take did not happen: after a delivery this makes a second copy
        // one day (RFC 1047), never a loss. The rows are still there, and still due.
        tracing::error!(%error, "the outcome of a delivery could not be stored");
        let later = now + STORE_FAULT_PAUSE;
        recipients.iter_mut().for_each(|recipient| recipient.due = later);
        return recipients;
    }
    for (recipient, decision) in recipients.iter_mut().zip(&decisions) {
        metrics::counter!("posthouse_deliveries_total", "outcome" => decision.word()).increment(1);
        decision.note(recipient);
    }
    recipients.retain(|recipient| recipient.state == QueueState::Queued);
    recipients
}
