//! Mail that the gateway writes of its own accord, as messages of the queue: reports' twins in all
//! but what they say.
//!
//! May touch: randomness for the reference, the store's drafts. The caller commits what is made
//! here, in the transaction of what it tells.

pub(crate) mod digest;

use posthouse_message::{Notification, NotificationText};
use posthouse_store::{NewMessage, NewRecipient, StoreError};
use posthouse_trace::{Direction, TraceEvent, TraceRow, TraceStatus, TraceStep};
use posthouse_types::{
    Address, BodyType, Domain, MailParameters, RecipientParameters, Reference, TenantId, UnixMillis,
};

use crate::world::World;

/// A message of the gateway's own.
pub(crate) struct OwnMail<'a> {
    pub(crate) reference: Reference,
    /// Whose business it is.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) to: &'a Address,
    pub(crate) subject: String,
    /// What it is, for the trace.
    pub(crate) detail: String,
    pub(crate) bytes: &'a [u8],
    pub(crate) now: UnixMillis,
}

impl OwnMail<'_> {
    /// As a message that is due now. Its sender is the null sender: nobody gets a report on it.
    ///
    /// # Errors
    /// The store has no room for it.
    pub(crate) fn message(self, world: &World) -> Result<NewMessage, StoreError> {
        let Self { reference, tenant, to, subject, detail, bytes, now } = self;
        let body_type = if bytes.is_ascii() { BodyType::SevenBit } else { BodyType::EightBitMime };
        let parameters = MailParameters {
            body: body_type,
            smtputf8: to.needs_smtputf8(),
            ..MailParameters::default()
        };
        let mut body = world.store().draft();
        body.append(bytes)?;
        let row = TraceRow {
            received: now.0,
            tenant: tenant.map(|tenant| tenant.0),
            reference: reference.to_string(),
            message_id: String::new(),
            sender: String::new(),
            recipient: to.to_string(),
            subject: subject.clone(),
            status: TraceStatus::Pending,
            from_ip: String::new(),
            to_ip: String::new(),
            size: bytes.len() as u64,
            connector: String::new(),
            direction: Direction::Originating,
            reason: String::new(),
            events: vec![TraceEvent::new(now, TraceStep::Submit, detail)],
            explanation: None,
        };
        let recipient = NewRecipient {
            address: to.clone(),
            parameters: RecipientParameters::default(),
            due: now,
            held: None,
            quarantine: None,
        };
        Ok(NewMessage {
            reference,
            tenant,
            received: now,
            sender: None,
            parameters,
            authenticated: false,
            head: Vec::new(),
            body,
            message_id: String::new(),
            subject,
            recipients: vec![recipient],
            trace: vec![row],
            events: Vec::new(),
            facts: String::new(),
        })
    }
}

/// A notification to one person of a tenant.
///
/// # Errors
/// The store has no room for it.
pub(crate) fn notification(
    world: &World,
    tenant: TenantId,
    to: &Address,
    text: NotificationText,
    now: UnixMillis,
) -> Result<NewMessage, StoreError> {
    let reference = world.new_reference();
    let bytes = Notification {
        node_name: &world.node_name(),
        from: &postmaster(world, Some(tenant), to),
        to,
        reference,
        now,
        text: &text,
    }
    .build();
    let (tenant, subject) = (Some(tenant), text.subject);
    let detail = "notification".to_owned();
    OwnMail { reference, tenant, to, subject, detail, bytes: &bytes, now }.message(world)
}

/// Who signs: the postmaster of the reader's own domain where it is hosted here, else the node's.
pub(crate) fn postmaster(world: &World, tenant: Option<TenantId>, reader: &Address) -> Address {
    let directory = world.directory();
    let owner = directory.owner_of(reader.domain()).map(|(owner, _)| owner);
    if owner.is_some() && owner == tenant {
        return Address::new("postmaster", reader.domain().clone());
    }
    let own = || Address::new("postmaster", Domain::from_normalized(world.node_name()));
    world.settings().postmaster().ok().flatten().unwrap_or_else(own)
}
