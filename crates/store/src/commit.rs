//! Taking mail over: body, envelope, queue rows and trace rows in one transaction.
//!
//! The statements here run for each message, so there are few of them, all prepared once, and
//! none looks anything up.

use std::fmt::Write as _;
use std::sync::Arc;

use posthouse_types::{BodyType, DsnNotify, DsnReturn, RecipientParameters};
use rusqlite::Connection;

use crate::draft::{BodyFile, Sealed};
use crate::quarantine::{self, KeptOf};
use crate::writer::{Class, Fault};
use crate::{
    Committed, MessageId, NewMessage, NewRecipient, QueueId, Store, StoreError, StoredBody,
    StoredMessage, trace, zero_hour,
};

/// What a message costs in its transaction beside head and body, about.
const ROWS_BYTES: usize = 1024;

impl Store {
    /// Stores a message. When this returns, it is on disk, whatever happens next.
    ///
    /// Of a large body first the file, then its folder is synced, on a thread that may block;
    /// then one transaction stores everything else.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; then nothing of it is stored.
    pub async fn commit(&self, message: NewMessage) -> Result<Committed, StoreError> {
        self.inner.room.check()?;
        let (prepared, file) = self.prepare(message).await?;
        let bytes = prepared.bytes();
        let prepared = Arc::new(prepared);
        let stored = Arc::clone(&prepared);
        let committed = self
            .submit(Class::NewMail, bytes, file.into_iter().collect(), move |work| {
                let committed = prepared.insert(work.connection)?;
                work.stored.push(committed.message);
                Ok(committed)
            })
            .await?;
        if let Some(message) = stored.to_be_delivered(committed.message) {
            self.inner.fresh.keep(message);
        }
        Ok(committed)
    }

    /// Stores the parts of a message that forked by its recipients' policies: all of them, or none.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn commit_all(
        &self,
        messages: Vec<NewMessage>,
    ) -> Result<Vec<Committed>, StoreError> {
        self.inner.room.check()?;
        let (mut prepared, mut files) = (Vec::with_capacity(messages.len()), Vec::new());
        for message in messages {
            let (ready, file) = self.prepare(message).await?;
            prepared.push(ready);
            files.extend(file);
        }
        let bytes = prepared.iter().map(Prepared::bytes).sum();
        let prepared = Arc::new(prepared);
        let stored = Arc::clone(&prepared);
        let committed: Vec<Committed> = self
            .submit(Class::NewMail, bytes, files, move |work| {
                let mut committed = Vec::with_capacity(prepared.len());
                for message in prepared.iter() {
                    let one = message.insert(work.connection)?;
                    work.stored.push(one.message);
                    committed.push(one);
                }
                Ok(committed)
            })
            .await?;
        for (message, committed) in stored.iter().zip(&committed) {
            if let Some(message) = message.to_be_delivered(committed.message) {
                self.inner.fresh.keep(message);
            }
        }
        Ok(committed)
    }

    /// Makes a message ready for the transaction; a large body goes to disk here.
    pub(crate) async fn prepare(
        &self,
        mut message: NewMessage,
    ) -> Result<(Prepared, Option<BodyFile>), StoreError> {
        let draft = std::mem::replace(&mut message.body, self.draft());
        let mut sealed = if draft.len() > self.inner.bodies.inline_bytes_max() {
            let head = message.head.clone();
            tokio::task::spawn_blocking(move || draft.seal(&head))
                .await
                .map_err(|panic| StoreError::Unavailable(panic.to_string()))??
        } else {
            draft.seal(&message.head)?
        };
        let file = sealed.file.take();
        let file_name = file.as_ref().map(|file| file.name.clone());
        Ok((Prepared { message, sealed, file_name }, file))
    }
}

/// A message whose body is sealed.
pub(crate) struct Prepared {
    message: NewMessage,
    sealed: Sealed,
    file_name: Option<String>,
}

impl Prepared {
    /// Bytes that it adds to its transaction, about.
    pub(crate) fn bytes(&self) -> usize {
        let rows = self.message.recipients.len() + self.message.trace.len() + 1;
        let facts = self.message.trace.len() * self.message.facts.len();
        self.sealed.data.len() + self.message.head.len() + facts + rows * ROWS_BYTES
    }

    /// As it would be read back, where it is to be delivered at once and its body is in memory.
    fn to_be_delivered(&self, id: MessageId) -> Option<StoredMessage> {
        let Self { message, sealed, file_name } = self;
        if file_name.is_some()
            || message.recipients.iter().all(|row| row.held.is_some() || row.quarantine.is_some())
        {
            return None;
        }
        Some(StoredMessage {
            id,
            reference: message.reference,
            tenant: message.tenant,
            received: message.received,
            sender: message.sender.clone(),
            parameters: message.parameters.clone(),
            authenticated: message.authenticated,
            message_id: message.message_id.clone(),
            subject: message.subject.clone(),
            head: message.head.clone(),
            is_released: false,
            body: StoredBody::Inline(sealed.data.as_slice().into()),
        })
    }

    /// Writes all rows.
    pub(crate) fn insert(&self, connection: &Connection) -> Result<Committed, Fault> {
        let message = MessageId(self.insert_message(connection)?);
        let mut traced = Vec::with_capacity(self.message.trace.len());
        for row in &self.message.trace {
            let id = trace::insert_row(connection, row)?;
            if !self.message.facts.is_empty() {
                zero_hour::insert_facts(connection, id, row.received, &self.message.facts)?;
            }
            traced.push((row.recipient.as_str(), id));
        }
        let mut recipients = Vec::with_capacity(self.message.recipients.len());
        let mut address = String::new();
        let sender = self.message.sender.as_ref().map(ToString::to_string);
        for (place, recipient) in self.message.recipients.iter().enumerate() {
            address.clear();
            let _ = write!(address, "{}", recipient.address);
            // Trace rows mostly come in the recipients' order; a search is for the others.
            let row = traced
                .get(place)
                .filter(|(name, _)| *name == address)
                .or_else(|| traced.iter().find(|(name, _)| *name == address))
                .map(|(_, row)| *row);
            let id = self.insert_recipient(connection, message, row, &address, recipient)?;
            if let Some(kept) = &recipient.quarantine {
                let kept_of = self.kept_of(message, id, &address, sender.as_deref());
                quarantine::insert(connection, &kept_of, kept)?;
            }
            recipients.push(id);
        }
        for event in &self.message.events {
            trace::insert_event(connection, event)?;
        }
        Ok(Committed { message, recipients })
    }

    fn kept_of<'a>(
        &'a self,
        message: MessageId,
        queue: QueueId,
        recipient: &'a str,
        sender: Option<&'a str>,
    ) -> KeptOf<'a> {
        let new = &self.message;
        KeptOf {
            message,
            queue,
            tenant: new.tenant.map(|tenant| tenant.0.cast_signed()),
            reference: new.reference.as_str(),
            received: new.received,
            since: new.received,
            sender,
            recipient,
            subject: &new.subject,
            message_id: &new.message_id,
            size: self.sealed.size,
        }
    }

    fn insert_message(&self, connection: &Connection) -> Result<i64, Fault> {
        let message = &self.message;
        connection
            .prepare_cached(
                "INSERT INTO message (reference, tenant, received, sender, authenticated,
                    declared_size, body_type, smtputf8, dsn_return, envelope_id, size, checksum,
                    body_file, message_id, subject)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute((
                message.reference.as_str(),
                message.tenant.map(|tenant| tenant.0.cast_signed()),
                message.received.0,
                message.sender.as_ref().map(ToString::to_string),
                message.authenticated,
                message.parameters.size.map(u64::cast_signed),
                body_type_number(message.parameters.body),
                message.parameters.smtputf8,
                message.parameters.dsn_return.map(dsn_return_number),
                &message.parameters.envelope_id,
                self.sealed.size.cast_signed(),
                self.sealed.checksum,
                &self.file_name,
                &message.message_id,
                &message.subject,
            ))?;
        let id = connection.last_insert_rowid();
        let data = self.file_name.is_none().then_some(&self.sealed.data);
        connection
            .prepare_cached("INSERT INTO body (message, head, data) VALUES (?1, ?2, ?3)")?
            .execute((id, &message.head, data))?;
        Ok(id)
    }

    fn insert_recipient(
        &self,
        connection: &Connection,
        message: MessageId,
        trace: Option<i64>,
        address: &str,
        recipient: &NewRecipient,
    ) -> Result<QueueId, Fault> {
        let state = match (&recipient.quarantine, recipient.held) {
            (Some(_), _) => quarantine::QUEUE_STATE,
            (None, Some(_)) => 1,
            (None, None) => 0,
        };
        let reason = match &recipient.quarantine {
            Some(kept) => kept.quarantine.reason.id(),
            None => recipient.held.map_or("", |reason| reason.id()),
        };
        connection
            .prepare_cached(
                "INSERT INTO queue (message, trace, state, due, since, attempts, notice_sent,
                    address, notify, original, reason, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7, ?8, ?9, '')",
            )?
            .execute((
                message.0,
                trace,
                state,
                recipient.due.0,
                self.message.received.0,
                address,
                recipient.parameters.notify.map(notify_number),
                &recipient.parameters.original,
                reason,
            ))?;
        Ok(QueueId(connection.last_insert_rowid()))
    }
}

fn body_type_number(body: BodyType) -> i64 {
    match body {
        BodyType::SevenBit => 7,
        BodyType::EightBitMime => 8,
    }
}

/// The inverse of what the column holds.
pub(crate) fn body_type(number: i64) -> BodyType {
    if number == 8 { BodyType::EightBitMime } else { BodyType::SevenBit }
}

fn dsn_return_number(wanted: DsnReturn) -> i64 {
    match wanted {
        DsnReturn::Full => 1,
        DsnReturn::Headers => 2,
    }
}

/// The inverse of what the column holds.
pub(crate) fn dsn_return(number: i64) -> DsnReturn {
    if number == 1 { DsnReturn::Full } else { DsnReturn::Headers }
}

fn notify_number(notify: DsnNotify) -> i64 {
    i64::from(notify.never)
        | i64::from(notify.success) << 1
        | i64::from(notify.failure) << 2
        | i64::from(notify.delay) << 3
}

/// The inverse of what the columns hold.
pub(crate) fn parameters(notify: Option<i64>, original: Option<String>) -> RecipientParameters {
    let notify = notify.map(|bits| DsnNotify {
        never: bits & 1 != 0,
        success: bits & 2 != 0,
        failure: bits & 4 != 0,
        delay: bits & 8 != 0,
    });
    RecipientParameters { notify, original }
}
