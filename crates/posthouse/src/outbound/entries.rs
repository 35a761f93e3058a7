//! What the queue knows of a message that is about to be committed, so that it need not be read
//! back from the store afterwards.
//!
//! Touches nothing.

use posthouse_store::{Committed, MessageId, NewMessage, QueueId, QueueState, QueuedRecipient};

/// A new message's recipients as queue entries, their numbers still missing.
pub(crate) struct Entries(Vec<QueuedRecipient>);

impl Entries {
    /// Notes the recipients of messages before the store takes them.
    pub(crate) fn of(messages: &[NewMessage]) -> Vec<Self> {
        messages.iter().map(Self::of_one).collect()
    }

    /// Notes the recipients of one message.
    pub(crate) fn of_one(message: &NewMessage) -> Self {
        let size = message.head.len() as u64 + message.body.len();
        let entry = |recipient: &posthouse_store::NewRecipient| QueuedRecipient {
            id: QueueId::from_number(0),
            message: MessageId::from_number(0),
            reference: message.reference,
            tenant: message.tenant,
            sender: message.sender.clone(),
            address: recipient.address.clone(),
            parameters: recipient.parameters.clone(),
            received: message.received,
            since: message.received,
            due: recipient.due,
            attempts: 0,
            state: match recipient.held {
                Some(_) => QueueState::Held,
                None => QueueState::Queued,
            },
            last_reason: recipient.held,
            last_detail: String::new(),
            notice_sent: false,
            authenticated: message.authenticated,
            size,
            message_id: message.message_id.clone(),
            subject: message.subject.clone(),
        };
        Self(message.recipients.iter().map(entry).collect())
    }

    /// The entries that may be delivered, with the numbers that the store gave them.
    pub(crate) fn numbered(self, committed: &Committed) -> Vec<QueuedRecipient> {
        let mut entries = self.0;
        for (entry, id) in entries.iter_mut().zip(committed.recipients()) {
            entry.id = *id;
            entry.message = committed.message();
        }
        entries.retain(|entry| entry.state == QueueState::Queued && entry.id.number() != 0);
        entries
    }
}
