//! Quarantine: mail that is kept, shown, asked for, released once, denied, deleted and expired.
//!
//! One message is one object: while it is kept, a recipient's row stands in the queue in a state
//! that nothing delivers, and its release is that row's change of state, so that no second copy can
//! come of it. Every act is written down with who and when, in the transaction that does it.
//! Users never release malware or phishing of high confidence (WEB-07): asked here too.

mod rows;

use std::time::Duration;

use posthouse_trace::{EventData, Level, OperationalEvent, TraceStatus};
use posthouse_types::{QuarantineReason, Reason, TenantId, UnixMillis};
use rusqlite::{Connection, OptionalExtension};

use crate::settle::remove_recipient;
use crate::trace::{Step, bounded, insert_event, record_step};
use crate::writer::{Class, Fault, Work};
use crate::{Lesson, MessageId, QueueId, Store, StoreError};
pub(crate) use rows::untold;
pub use rows::{
    Actor, NewQuarantine, QuarantineAct, QuarantineCursor, QuarantineFilter, QuarantineId,
    QuarantineStatus, Quarantined, Refused, Rescan, SenderAct,
};
use rows::{EXPIRED, PAGE_ROWS, one, page, read};

/// The state of a queue row whose message is in quarantine: nothing delivers it.
pub(crate) const QUEUE_STATE: i64 = 3;
/// Permission bits of spec 3.2 that are asked here.
const REQUEST_RELEASE: u8 = 8;
const RELEASE: u8 = 4;
const DELETE: u8 = 1;

/// What a row is of.
pub(crate) struct KeptOf<'a> {
    pub(crate) message: MessageId,
    pub(crate) queue: QueueId,
    pub(crate) tenant: Option<i64>,
    pub(crate) reference: &'a str,
    pub(crate) received: UnixMillis,
    /// Since when it is kept.
    pub(crate) since: UnixMillis,
    pub(crate) sender: Option<&'a str>,
    pub(crate) recipient: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) message_id: &'a str,
    pub(crate) size: u64,
}

/// Writes a recipient's row, in the transaction of its message.
pub(crate) fn insert(
    connection: &Connection,
    of: &KeptOf<'_>,
    kept: &NewQuarantine,
) -> Result<(), Fault> {
    insert_by(connection, of, kept, "the filter", "")
}

/// Writes a recipient's row, and who put it there.
pub(crate) fn insert_by(
    connection: &Connection,
    of: &KeptOf<'_>,
    kept: &NewQuarantine,
    by: &str,
    detail: &str,
) -> Result<(), Fault> {
    let days = u64::from(kept.quarantine.retention_days);
    let expires = of.since + Duration::from_secs(24 * 3600 * days);
    connection
        .prepare_cached(
            "INSERT INTO quarantine (message, queue, tenant, reference, received, expires, sender,
                recipient, subject, message_id, size, outbound, reason, policy_kind, policy_name,
                quarantine_policy, permissions, notifies, override, status, released_by,
                notify_due)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                ?18, ?19, 0, '', ?20)",
        )?
        .execute(rusqlite::params![
            of.message.0,
            of.queue.0,
            of.tenant,
            of.reference,
            of.received.0,
            expires.0,
            of.sender,
            of.recipient,
            of.subject,
            of.message_id,
            of.size.cast_signed(),
            kept.is_outbound,
            kept.quarantine.reason.id(),
            kept.policy.as_str(),
            kept.policy_name,
            kept.quarantine.policy,
            kept.quarantine.permissions,
            kept.quarantine.notifies,
            kept.override_reason,
            kept.notify_after.map(|after| (of.since + after).0),
        ])?;
    let id = QuarantineId(connection.last_insert_rowid());
    let act = Act { id, tenant: of.tenant, act: "quarantined", by, detail };
    write_act(connection, &act, of.since)
}

/// Notes what zero-hour found out about a message in quarantine.
pub(crate) fn note_zero_hour(
    connection: &Connection,
    id: QuarantineId,
    tenant: TenantId,
    act: &'static str,
    detail: &str,
    now: UnixMillis,
) -> Result<(), Fault> {
    let tenant = Some(tenant.0.cast_signed());
    write_act(connection, &Act { id, tenant, act, by: "zero-hour", detail }, now)
}

/// Notes that a recipient is told of a message in quarantine.
pub(crate) fn note_told(
    connection: &Connection,
    id: QuarantineId,
    now: UnixMillis,
) -> Result<(), Fault> {
    let Some(row) = one(connection, id)? else { return Ok(()) };
    let tenant = row.tenant.map(|tenant| tenant.0.cast_signed());
    write_act(connection, &Act { id, tenant, act: "notified", by: "the gateway", detail: "" }, now)
}

struct Act<'a> {
    id: QuarantineId,
    tenant: Option<i64>,
    act: &'static str,
    by: &'a str,
    detail: &'a str,
}

fn write_act(connection: &Connection, act: &Act<'_>, now: UnixMillis) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO quarantine_act (quarantine, tenant, time, act, by, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((act.id.0, act.tenant, now.0, act.act, act.by, act.detail))?;
    Ok(())
}

impl Store {
    /// Messages in quarantine, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantine(
        &self,
        filter: QuarantineFilter,
    ) -> Result<Vec<Quarantined>, StoreError> {
        let limit = bounded(filter.limit);
        let mut before = filter.before.map_or(i64::MAX, |place| place.0);
        let mut found = Vec::new();
        loop {
            let asked = filter.clone();
            let (rows, next) =
                self.inner.readers.read(move |connection| page(connection, &asked, before)).await?;
            for row in rows {
                if found.len() < limit {
                    found.push(row);
                }
            }
            match next {
                Some(place) if found.len() < limit => before = place,
                _ => return Ok(found),
            }
        }
    }

    /// What was done with one, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantine_acts(
        &self,
        id: QuarantineId,
    ) -> Result<Vec<QuarantineAct>, StoreError> {
        self.inner
            .readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT time, act, by, detail FROM quarantine_act WHERE quarantine = ?1
                     ORDER BY id LIMIT ?2",
                )?;
                let rows = statement.query_map((id.0, PAGE_ROWS), |row| {
                    Ok(QuarantineAct {
                        time: UnixMillis(row.get(0)?),
                        act: row.get(1)?,
                        by: row.get(2)?,
                        detail: row.get(3)?,
                    })
                })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }

    /// Puts one into the queue, due now, with what its release teaches. One transaction; a second
    /// call changes nothing, whoever repeats it and whatever was lost in between.
    ///
    /// # Errors
    /// As [`Store::settle`].
    pub async fn release_quarantined(
        &self,
        id: QuarantineId,
        by: Actor,
        rescan: Rescan,
        lesson: Option<Lesson>,
        now: UnixMillis,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.on_row(id, move |work, row| {
            let released = release(work, row, &by, &rescan, now)?;
            if released.is_ok()
                && let Some(lesson) = &lesson
            {
                lesson.write(work.connection)?;
                note(work, row, "reported", by.name(), &lesson.report.said, now)?;
            }
            Ok(released)
        })
        .await
    }

    /// Notes that its recipient asks for it.
    ///
    /// # Errors
    /// As [`Store::settle`].
    pub async fn request_release(
        &self,
        id: QuarantineId,
        by: Actor,
        now: UnixMillis,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.on_row(id, move |work, row| {
            if row.status == QuarantineStatus::Released {
                return Ok(Err(Refused::AlreadyReleased));
            }
            if !by.may(row, REQUEST_RELEASE | RELEASE) {
                return refuse(work, row, &by, Refused::NotPermitted, now);
            }
            set_status(work, row, QuarantineStatus::Requested, None)?;
            note(work, row, "requested", by.name(), "", now)?;
            Ok(Ok(()))
        })
        .await
    }

    /// Denies a request.
    ///
    /// # Errors
    /// As [`Store::settle`].
    pub async fn deny_release(
        &self,
        id: QuarantineId,
        by: Actor,
        now: UnixMillis,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.on_row(id, move |work, row| {
            if !by.may(row, 0) {
                return refuse(work, row, &by, Refused::NotPermitted, now);
            }
            match row.status {
                QuarantineStatus::Requested => {}
                QuarantineStatus::Released => return Ok(Err(Refused::AlreadyReleased)),
                _ => return Ok(Err(Refused::NotRequested)),
            }
            set_status(work, row, QuarantineStatus::Denied, None)?;
            note(work, row, "denied", by.name(), "", now)?;
            Ok(Ok(()))
        })
        .await
    }

    /// Deletes one for good; its acts stay.
    ///
    /// # Errors
    /// As [`Store::settle`].
    pub async fn delete_quarantined(
        &self,
        id: QuarantineId,
        by: Actor,
        now: UnixMillis,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.on_row(id, move |work, row| {
            if !by.may(row, DELETE) {
                return refuse(work, row, &by, Refused::NotPermitted, now);
            }
            note(work, row, "deleted", by.name(), "", now)?;
            end(work, row, &format!("deleted from quarantine by {}", by.name()), now)?;
            Ok(Ok(()))
        })
        .await
    }

    /// Writes down that somebody looked at one's content or took it out.
    ///
    /// # Errors
    /// As [`Store::settle`].
    pub async fn note_quarantine_export(
        &self,
        id: QuarantineId,
        by: Actor,
        now: UnixMillis,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.on_row(id, move |work, row| {
            if !by.may(row, 2) {
                return refuse(work, row, &by, Refused::NotPermitted, now);
            }
            note(work, row, "exported", by.name(), "", now)?;
            Ok(Ok(()))
        })
        .await
    }

    /// Writes down that its sender was put into a list: `act` says which, `detail` whom and whose.
    ///
    /// # Errors
    /// As [`Store::settle`].
    pub async fn note_quarantine_sender(
        &self,
        id: QuarantineId,
        by: Actor,
        (act, detail): (SenderAct, String),
        now: UnixMillis,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.on_row(id, move |work, row| {
            if !by.may(row, act.permission()) {
                return refuse(work, row, &by, Refused::NotPermitted, now);
            }
            note(work, row, act.as_str(), by.name(), &detail, now)?;
            Ok(Ok(()))
        })
        .await
    }

    /// Runs an act on one row within a transaction of the writer.
    async fn on_row<F>(
        &self,
        id: QuarantineId,
        mut act: F,
    ) -> Result<Result<(), Refused>, StoreError>
    where
        F: FnMut(&mut Work<'_>, &Quarantined) -> Result<Result<(), Refused>, Fault>
            + Send
            + 'static,
    {
        self.submit(Class::Settle, 0, Vec::new(), move |work| match one(work.connection, id)? {
            Some(row) => act(work, &row),
            None => Ok(Err(Refused::NotFound)),
        })
        .await
    }
}

fn release(
    work: &Work<'_>,
    row: &Quarantined,
    by: &Actor,
    rescan: &Rescan,
    now: UnixMillis,
) -> Result<Result<(), Refused>, Fault> {
    if row.status == QuarantineStatus::Released {
        return Ok(Err(Refused::AlreadyReleased));
    }
    let is_user = matches!(by, Actor::User(_));
    let reason = QuarantineReason::from_id(&row.reason);
    // A reason that this version does not know is treated as the worst.
    let admin_only = reason.is_none_or(QuarantineReason::is_admin_release_only);
    if !by.may(row, RELEASE) || (is_user && admin_only) {
        return refuse(work, row, by, Refused::NotPermitted, now);
    }
    let detail = match rescan {
        Rescan::Clean => String::new(),
        Rescan::Overridden(words) if !is_user => words.clone(),
        Rescan::Overridden(_) => return refuse(work, row, by, Refused::NotPermitted, now),
        Rescan::Malware(words) => {
            set_status(work, row, QuarantineStatus::Error, None)?;
            note(work, row, "refused", by.name(), words, now)?;
            return Ok(Err(Refused::Malware));
        }
    };
    let trace: Option<Option<i64>> = work
        .connection
        .prepare_cached(
            "UPDATE queue SET state = 0, due = ?2, since = ?2, attempts = 0, notice_sent = 0,
                reason = '', detail = '' WHERE id = ?1 AND state = 3 RETURNING trace",
        )?
        .query_row((row.queue.0, now.0), |found| found.get(0))
        .optional()?;
    let Some(trace) = trace else { return Ok(Err(Refused::NotFound)) };
    set_status(work, row, QuarantineStatus::Released, Some(by.name()))?;
    note(work, row, "released", by.name(), &detail, now)?;
    if let Some(trace) = trace {
        let detail = format!("released from quarantine by {}", by.name());
        let step = step(TraceStatus::Pending, "", &detail, now);
        record_step(work.connection, trace, &step)?;
    }
    Ok(Ok(()))
}

fn step<'a>(status: TraceStatus, reason: &'a str, detail: &'a str, at: UnixMillis) -> Step<'a> {
    Step { status, at, reason, detail, to_ip: "", by: "", reported: false }
}

/// Writes down an attempt that was refused.
fn refuse(
    work: &Work<'_>,
    row: &Quarantined,
    by: &Actor,
    why: Refused,
    now: UnixMillis,
) -> Result<Result<(), Refused>, Fault> {
    note(work, row, "refused", by.name(), why.as_str(), now)?;
    Ok(Err(why))
}

fn note(
    work: &Work<'_>,
    row: &Quarantined,
    act: &'static str,
    by: &str,
    detail: &str,
    now: UnixMillis,
) -> Result<(), Fault> {
    let tenant = row.tenant.map(|tenant| tenant.0.cast_signed());
    write_act(work.connection, &Act { id: row.id, tenant, act, by, detail }, now)
}

fn set_status(
    work: &Work<'_>,
    row: &Quarantined,
    status: QuarantineStatus,
    by: Option<&str>,
) -> Result<(), Fault> {
    work.connection
        .prepare_cached(
            "UPDATE quarantine SET status = ?2, released_by = coalesce(?3, released_by),
                notify_due = CASE WHEN ?2 = 4 THEN NULL ELSE notify_due END
             WHERE id = ?1",
        )?
        .execute((row.id.0, status.number(), by))?;
    Ok(())
}

/// Takes a row away, and with it the recipient, unless it was released before.
fn end(work: &mut Work<'_>, row: &Quarantined, detail: &str, now: UnixMillis) -> Result<(), Fault> {
    work.connection.prepare_cached("DELETE FROM quarantine WHERE id = ?1")?.execute([row.id.0])?;
    let trace: Option<Option<i64>> = work
        .connection
        .prepare_cached("SELECT trace FROM queue WHERE id = ?1 AND state = 3")?
        .query_row([row.queue.0], |found| found.get(0))
        .optional()?;
    let Some(trace) = trace else { return Ok(()) };
    if let Some(trace) = trace {
        let step = step(TraceStatus::Failed, Reason::Quarantined.id(), detail, now);
        record_step(work.connection, trace, &step)?;
    }
    remove_recipient(work, row.queue, row.message)
}

/// Ends what is kept long enough, each with an event, and old acts without; gives how many.
pub(crate) fn purge(
    work: &mut Work<'_>,
    now: UnixMillis,
    acts_before: UnixMillis,
    rows_max: u64,
) -> Result<u64, Fault> {
    let rows = {
        let mut statement = work.connection.prepare_cached(EXPIRED)?;
        let rows = statement.query_map((now.0, rows_max.cast_signed()), read)?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    for row in &rows {
        note(work, row, "expired", "retention", "", now)?;
        if row.status != QuarantineStatus::Released {
            insert_event(work.connection, &expiry(row, now))?;
        }
        end(work, row, "kept in quarantine until its retention was over", now)?;
    }
    work.connection
        .prepare_cached(
            "DELETE FROM quarantine_act WHERE id IN (SELECT id FROM quarantine_act WHERE time < ?1
                AND NOT EXISTS (SELECT 1 FROM quarantine WHERE id = quarantine_act.quarantine)
                ORDER BY time LIMIT ?2)",
        )?
        .execute((acts_before.0, rows_max.cast_signed()))?;
    Ok(rows.len() as u64)
}

fn expiry(row: &Quarantined, now: UnixMillis) -> OperationalEvent {
    let shown =
        |text: &str| posthouse_types::printable(text, posthouse_types::SHOWN_CHARACTERS_MAX);
    OperationalEvent {
        time: now.0,
        level: Level::Information,
        tenant: row.tenant.map(|tenant| tenant.0),
        reference: row.reference.clone(),
        reason: Reason::Quarantined.id().to_owned(),
        text: format!(
            "Quarantined mail from {} to {} was deleted: its retention was over.",
            shown(row.sender.as_deref().unwrap_or("<>")),
            shown(&row.recipient)
        ),
        data: EventData::RetentionPurged { what: "quarantined messages".to_owned(), count: 1 },
    }
}
