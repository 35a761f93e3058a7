//! Messages that may be judged again, page by page, and the list of verdicts that have changed.

use posthouse_types::{TenantId, UnixMillis};
use rusqlite::{Connection, Row};

use super::{ChangeOutcome, OUTCOMES, TraceId, VerdictChange};
use crate::quarantine::QuarantineStatus;
use crate::trace::{DELIVERED, bounded};
use crate::writer::{Class, Fault};
use crate::{Cursor, MessageId, QuarantineId, QueueId, Store, StoreError};

/// Messages of one page: a change of all of them is a transaction of some milliseconds.
const PAGE_ROWS: i64 = 200;

/// A message that may be judged again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Its trace row.
    pub trace: TraceId,
    /// Where it is.
    pub place: Where,
    /// The transaction's reference.
    pub reference: String,
    /// When it was taken over.
    pub received: UnixMillis,
    /// MAIL FROM; empty is the null sender.
    pub sender: String,
    /// The recipient.
    pub recipient: String,
    /// The Message-ID header.
    pub message_id: String,
    /// The Subject.
    pub subject: String,
    /// What was known of it.
    pub facts: String,
}

/// Where a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// In the queue.
    Queued(QueueId, MessageId),
    /// In quarantine, for this reason.
    Quarantined(QuarantineId, MessageId, String),
    /// Delivered.
    Delivered,
}

/// A page of messages that are still here; where the next one begins, if there may be one.
pub type KeptPage = (Vec<Examined>, Option<QueueId>);

/// A page of delivered messages; likewise.
pub type DeliveredPage = (Vec<Examined>, Option<Cursor>);

/// Which changes are listed; what is `None` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Changed at or after this time.
    pub since: Option<UnixMillis>,
    /// Of these only those that the hook is to be told of.
    pub only_to_tell: bool,
    /// At most so many; 0 is the store's own bound.
    pub limit: usize,
}

impl Store {
    /// What waits or is in quarantine and was taken over since then, and is known well enough to
    /// be judged again. What was released stays released.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_to_examine(
        &self,
        since: UnixMillis,
        after: Option<QueueId>,
    ) -> Result<KeptPage, StoreError> {
        let after = after.map_or(0, |id| id.0);
        self.inner
            .readers
            .read(move |connection| {
                // A page is as many rows of the queue, however few of them are wanted: what lies
                // in quarantine for a month must not make one long reading.
                let (last, seen): (Option<i64>, i64) = connection
                    .prepare_cached(PAGE)?
                    .query_row((after, PAGE_ROWS), |row| Ok((row.get(0)?, row.get(1)?)))?;
                let Some(last) = last else { return Ok((Vec::new(), None)) };
                let mut statement = connection.prepare_cached(KEPT)?;
                let released = QuarantineStatus::Released.number();
                let rows = statement.query_map((after, last, since.0, released), kept)?;
                let found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
                Ok((found, Some(QueueId(last)).filter(|_| seen == PAGE_ROWS)))
            })
            .await
    }

    /// What was delivered of a tenant's mail, newest first, and is known well enough to be judged
    /// again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delivered_to_examine(
        &self,
        tenant: TenantId,
        since: UnixMillis,
        before: Option<Cursor>,
    ) -> Result<DeliveredPage, StoreError> {
        let before = before.unwrap_or(Cursor::END);
        self.inner
            .readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(DELIVERED_SINCE)?;
                let tenant = tenant.0.cast_signed();
                let mut rows = statement.query((
                    before.at.0,
                    before.id,
                    PAGE_ROWS,
                    tenant,
                    since.0,
                    DELIVERED,
                ))?;
                let (mut found, mut seen, mut last) = (Vec::new(), 0, None);
                while let Some(row) = rows.next()? {
                    seen += 1;
                    let examined = examined(row, Where::Delivered)?;
                    last = Some(Cursor { at: examined.received, id: examined.trace.0 });
                    found.push(examined);
                }
                Ok((found, last.filter(|_| seen == PAGE_ROWS)))
            })
            .await
    }

    /// Verdicts that have changed, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn verdict_changes(&self, which: Changes) -> Result<Vec<VerdictChange>, StoreError> {
        let limit = bounded(which.limit).cast_signed() as i64;
        let since = which.since.map_or(i64::MIN, |since| since.0);
        let tenant = which.tenant.map(|tenant| tenant.0.cast_signed());
        self.inner
            .readers
            .read(move |connection| {
                let mut statement =
                    connection.prepare_cached(match (which.only_to_tell, tenant) {
                        (true, _) => TO_TELL,
                        (false, Some(_)) => CHANGES_OF_TENANT,
                        (false, None) => CHANGES,
                    })?;
                let rows = match tenant.filter(|_| !which.only_to_tell) {
                    Some(tenant) => statement.query_map((limit, since, tenant), change)?,
                    None => statement.query_map((limit, since), change)?,
                };
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }

    /// Notes that the hook was told of a change.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`].
    pub async fn verdict_change_told(&self, id: i64) -> Result<(), StoreError> {
        self.submit(Class::Record, 0, Vec::new(), move |work| {
            work.connection
                .prepare_cached("UPDATE verdict_change SET to_tell = 0 WHERE id = ?1")?
                .execute([id])?;
            Ok(())
        })
        .await
    }
}

const PAGE: &str = "
    SELECT max(id), count(*) FROM (SELECT id FROM queue WHERE id > ?1 ORDER BY id LIMIT ?2)";
const KEPT: &str = "
    SELECT zero_hour.trace, message.reference, message.received, coalesce(message.sender, ''),
        queue.address, message.message_id, message.subject, facts, queue.state, queue.id,
        queue.message, quarantine.id, quarantine.reason
    FROM queue NOT INDEXED
    JOIN message ON message.id = queue.message
    JOIN zero_hour ON zero_hour.trace = queue.trace
    LEFT JOIN quarantine ON quarantine.message = queue.message AND quarantine.queue = queue.id
    WHERE queue.id > ?1 AND queue.id <= ?2 AND queue.state IN (0, 3) AND message.received >= ?3
        AND coalesce(quarantine.status <> ?4, queue.state = 0)
    ORDER BY queue.id";

const DELIVERED_SINCE: &str = "
    SELECT trace.id, reference, trace.received, sender, recipient, message_id, subject, facts
    FROM trace JOIN zero_hour ON zero_hour.trace = trace.id
    WHERE tenant = ?4 AND trace.received >= ?5 AND (trace.received, trace.id) < (?1, ?2)
        AND status = ?6
    ORDER BY trace.received DESC, trace.id DESC LIMIT ?3";

fn kept(row: &Row<'_>) -> rusqlite::Result<Examined> {
    let message = MessageId(row.get(10)?);
    let quarantine: Option<i64> = row.get(11)?;
    let place = match quarantine {
        Some(id) => Where::Quarantined(QuarantineId(id), message, row.get(12)?),
        None => Where::Queued(QueueId(row.get(9)?), message),
    };
    examined(row, place)
}

fn examined(row: &Row<'_>, place: Where) -> rusqlite::Result<Examined> {
    Ok(Examined {
        trace: TraceId(row.get(0)?),
        place,
        reference: row.get(1)?,
        received: UnixMillis(row.get(2)?),
        sender: row.get(3)?,
        recipient: row.get(4)?,
        message_id: row.get(5)?,
        subject: row.get(6)?,
        facts: row.get(7)?,
    })
}

macro_rules! changes {
    ($rest:literal) => {
        concat!(
            "SELECT id, time, tenant, outcome, trace, reference, received, sender, recipient,
                message_id, subject, before, now, why_en, why_de FROM verdict_change ",
            $rest
        )
    };
}

const CHANGES: &str = changes!("WHERE time >= ?2 ORDER BY id DESC LIMIT ?1");
const CHANGES_OF_TENANT: &str =
    changes!("WHERE tenant = ?3 AND time >= ?2 ORDER BY id DESC LIMIT ?1");
const TO_TELL: &str = changes!("WHERE to_tell = 1 AND time >= ?2 ORDER BY id LIMIT ?1");

fn change(row: &Row<'_>) -> rusqlite::Result<VerdictChange> {
    let outcome = usize::try_from(row.get::<_, i64>(3)?).ok();
    let outcome = outcome.and_then(|place| OUTCOMES.get(place)).copied();
    Ok(VerdictChange {
        id: row.get(0)?,
        time: UnixMillis(row.get(1)?),
        tenant: TenantId(row.get::<_, i64>(2)?.cast_unsigned()),
        outcome: outcome.unwrap_or(ChangeOutcome::Delivered),
        trace: TraceId(row.get(4)?),
        reference: row.get(5)?,
        received: UnixMillis(row.get(6)?),
        sender: row.get(7)?,
        recipient: row.get(8)?,
        message_id: row.get(9)?,
        subject: row.get(10)?,
        before: row.get(11)?,
        now: row.get(12)?,
        why_en: row.get(13)?,
        why_de: row.get(14)?,
    })
}

/// Writes a change into the list. Of what was delivered the hook is to be told.
pub(super) fn insert(connection: &Connection, change: &VerdictChange) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO verdict_change (time, tenant, outcome, trace, reference, received, sender,
                recipient, message_id, subject, before, now, why_en, why_de, to_tell)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute((
            change.time.0,
            change.tenant.0.cast_signed(),
            change.outcome.number(),
            change.trace.0,
            &change.reference,
            change.received.0,
            &change.sender,
            &change.recipient,
            &change.message_id,
            &change.subject,
            &change.before,
            &change.now,
            &change.why_en,
            &change.why_de,
            change.outcome == ChangeOutcome::Delivered,
        ))?;
    Ok(())
}
