//! The values that go into the store and come out of it: messages, recipients, outcomes, filters.
//!
//! Plain data. Only [`Committed`] cannot be made elsewhere: whoever holds one has mail on disk.

use posthouse_trace::{OperationalEvent, TraceRow, TraceStatus};
use posthouse_types::{
    Address, MailParameters, Reason, RecipientParameters, Reference, TenantId, UnixMillis,
};

use crate::Draft;
use crate::quarantine::NewQuarantine;

macro_rules! row_id {
    ($(#[doc = $doc:literal])+ $name:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) i64);

        impl $name {
            /// From the number that was shown to a person.
            pub fn from_number(number: i64) -> Self {
                Self(number)
            }

            /// The number to show.
            pub fn number(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

row_id! {
    /// One stored message. Never used twice.
    MessageId
}
row_id! {
    /// One recipient's place in the queue. Never used twice.
    QueueId
}
row_id! {
    /// One operational event's record number. Never used twice.
    EventId
}

/// A message that is to be kept.
#[derive(Debug)]
pub struct NewMessage {
    /// The transaction's reference: shared with its trace rows and replies.
    pub reference: Reference,
    /// The tenant that it belongs to.
    pub tenant: Option<TenantId>,
    /// When it was taken over.
    pub received: UnixMillis,
    /// MAIL FROM; `None` is the null sender.
    pub sender: Option<Address>,
    /// Parameters of MAIL FROM.
    pub parameters: MailParameters,
    /// Whether the sender is authenticated, and may therefore be sent reports (no backscatter).
    pub authenticated: bool,
    /// Header fields of ours that go out before the body.
    pub head: Vec<u8>,
    /// The message as received, with CRLF line ends.
    pub body: Draft,
    /// The Message-ID header, for views; empty where there is none.
    pub message_id: String,
    /// The Subject, for views.
    pub subject: String,
    /// Who gets it; at least one.
    pub recipients: Vec<NewRecipient>,
    /// Trace rows; each recipient's later history goes to the row that names it.
    pub trace: Vec<TraceRow>,
    /// Events that belong to it.
    pub events: Vec<OperationalEvent>,
    /// What is known of it, for judging it again later: the caller's text; empty keeps nothing.
    pub facts: String,
}

/// One recipient of a message that is to be kept.
#[derive(Clone, Debug)]
pub struct NewRecipient {
    /// Where the message goes.
    pub address: Address,
    /// Parameters of RCPT TO.
    pub parameters: RecipientParameters,
    /// When delivery is first tried.
    pub due: UnixMillis,
    /// Held for the tenant from the start, and why; `None` queues it.
    pub held: Option<Reason>,
    /// Kept in quarantine from the start, and how; it is then never queued, whatever `held` says.
    pub quarantine: Option<Box<NewQuarantine>>,
}

/// The proof that a message is on disk. Only the store makes one: a `250` needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub(crate) message: MessageId,
    pub(crate) recipients: Vec<QueueId>,
}

impl Committed {
    /// The stored message.
    pub fn message(&self) -> MessageId {
        self.message
    }

    /// Its recipients' places, in the order they were given.
    pub fn recipients(&self) -> &[QueueId] {
        &self.recipients
    }
}

/// What became of deliveries, with whatever has to be written because of it. One transaction.
#[derive(Debug, Default)]
pub struct Settlement {
    /// The recipients, and what became of each.
    pub outcomes: Vec<(QueueId, Outcome)>,
    /// Reports to the sender (NDR, delay notice) about these outcomes.
    pub reports: Vec<NewMessage>,
    /// Events about them.
    pub events: Vec<OperationalEvent>,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next hop took responsibility.
    Delivered {
        /// The next hop's address.
        to_ip: String,
        /// The next hop's words.
        detail: String,
        /// When.
        at: UnixMillis,
    },
    /// It was tried in vain and is tried again; the store counts the attempt.
    Retry {
        /// When it is tried again.
        due: UnixMillis,
        /// Why it failed.
        reason: Reason,
        /// The next hop's words, or ours.
        detail: String,
        /// Whether the sender has been told of the delay by now.
        notice_sent: bool,
        /// When.
        at: UnixMillis,
    },
    /// It is given up; a report, where one is due, is in the same settlement.
    Failed {
        /// Why.
        reason: Reason,
        /// The next hop's words, or ours.
        detail: String,
        /// When.
        at: UnixMillis,
    },
    /// It is held for the tenant.
    Held {
        /// Why.
        reason: Reason,
        /// The next hop's words, or ours.
        detail: String,
        /// When.
        at: UnixMillis,
    },
    /// An administrator took it out.
    Removed {
        /// Who.
        by: String,
        /// When.
        at: UnixMillis,
    },
}

/// Whether a recipient is waiting, held or set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueState {
    /// Delivery is tried when it is due.
    Queued,
    /// Held for the tenant.
    Held,
    /// Set aside: its bytes are damaged.
    Damaged,
}

impl QueueState {
    /// The word for it, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Damaged => "damaged",
        }
    }
}

/// One recipient in the queue, with what routing and views need of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRecipient {
    /// Its place.
    pub id: QueueId,
    /// Its message.
    pub message: MessageId,
    /// The message's reference.
    pub reference: Reference,
    /// The message's tenant.
    pub tenant: Option<TenantId>,
    /// MAIL FROM; `None` is the null sender.
    pub sender: Option<Address>,
    /// Where it goes.
    pub address: Address,
    /// Parameters of RCPT TO.
    pub parameters: RecipientParameters,
    /// When the message was taken over.
    pub received: UnixMillis,
    /// When its state began: received, held, or released. Its time to live counts from here.
    pub since: UnixMillis,
    /// When it is tried next.
    pub due: UnixMillis,
    /// How often it was tried.
    pub attempts: u32,
    /// Whether it waits, is held or set aside.
    pub state: QueueState,
    /// Why it was last not delivered.
    pub last_reason: Option<Reason>,
    /// The last words about it.
    pub last_detail: String,
    /// Whether the sender was told of the delay.
    pub notice_sent: bool,
    /// Whether the sender may be sent reports.
    pub authenticated: bool,
    /// Size on the wire, in bytes.
    pub size: u64,
    /// The Message-ID header.
    pub message_id: String,
    /// The Subject.
    pub subject: String,
}

/// A place in a list sorted by time: the next page begins after it (or before it, newest first).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The last row's time.
    pub at: UnixMillis,
    /// The last row's number.
    pub id: i64,
}

impl Cursor {
    /// Before everything.
    pub const START: Self = Self { at: UnixMillis(i64::MIN), id: i64::MIN };
    /// After everything.
    pub const END: Self = Self { at: UnixMillis(i64::MAX), id: i64::MAX };
}

impl QueuedRecipient {
    /// The cursor that goes on after this one in [`crate::Store::due`].
    pub fn cursor(&self) -> Cursor {
        Cursor { at: self.due, id: self.id.0 }
    }
}

/// Which recipients in the queue are meant; what is `None` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueFilter {
    /// This place alone.
    pub id: Option<QueueId>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// In this state.
    pub state: Option<QueueState>,
    /// Of the transaction with this reference.
    pub reference: Option<Reference>,
    /// Sender, recipient, subject, reason or last words contain this, in any case.
    pub text: Option<String>,
    /// After this place (pages).
    pub after: Option<QueueId>,
    /// At most so many; 0 is the store's own bound.
    pub limit: usize,
}

/// How full the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Recipients that wait for delivery.
    pub queued: u64,
    /// Recipients held for their tenants.
    pub held: u64,
    /// Recipients set aside as damaged.
    pub damaged: u64,
    /// When the oldest waiting one began to wait.
    pub oldest: Option<UnixMillis>,
}

/// Which trace rows are meant; what is `None` does not narrow. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceQuery {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// From this sender; in any case; `*` at the start stands for anything (`*@contoso.example`).
    pub sender: Option<String>,
    /// To this recipient; likewise.
    pub recipient: Option<String>,
    /// With this reference.
    pub reference: Option<String>,
    /// With this Message-ID, as written.
    pub message_id: Option<String>,
    /// Received at or after this time.
    pub since: Option<UnixMillis>,
    /// Received before this time.
    pub until: Option<UnixMillis>,
    /// In this status.
    pub status: Option<TraceStatus>,
    /// Older than this place (pages).
    pub before: Option<Cursor>,
    /// At most so many; 0 is the store's own bound.
    pub limit: usize,
}

/// Which operational events are meant; what is `None` does not narrow. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of the session or message with this reference.
    pub reference: Option<String>,
    /// With this event id (11, 30, 1000 ...).
    pub id: Option<u32>,
    /// At or after this time.
    pub since: Option<UnixMillis>,
    /// With a lower record number than this (pages).
    pub before: Option<EventId>,
    /// At most so many; 0 is the store's own bound.
    pub limit: usize,
}

/// A stored operational event.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its record number: rises with time, never used twice.
    pub record: EventId,
    /// The event.
    pub event: OperationalEvent,
}

/// A stored trace row with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTrace {
    /// Where the next page goes on.
    pub cursor: Cursor,
    /// The row.
    pub row: TraceRow,
}

/// A stored tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTenant {
    /// Its number.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Its settings, as the caller wrote them.
    pub json: String,
}

/// A domain that a tenant has proven to own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDomain {
    /// The domain, normalized.
    pub domain: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// When it was proven.
    pub at: UnixMillis,
}

/// How long things are kept, in days. 0 keeps nothing that is older than now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Trace rows.
    pub trace_days: u32,
    /// Operational events.
    pub events_days: u32,
    /// Held mail.
    pub held_days: u32,
}

/// What one step of purging removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Trace rows.
    pub trace: u64,
    /// Operational events.
    pub events: u64,
    /// Held recipients, each with an event of its own.
    pub held: u64,
    /// Whether the step was used up, so that another one should follow.
    pub more: bool,
}

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Recipients waiting for delivery.
    pub queued_recipients: u64,
    /// Recipients held.
    pub held_recipients: u64,
    /// Messages kept.
    pub messages: u64,
    /// Body files without a message, removed: they were never acknowledged.
    pub orphan_bodies_removed: u64,
    /// Recipients set aside as damaged, now or earlier.
    pub damaged: u64,
    /// What else there was to say, in plain words; empty after an orderly stop.
    pub found: Vec<String>,
}
