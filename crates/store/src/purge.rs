//! Retention: what has been kept long enough ends, in small steps, and says so.

use std::time::Duration;

use posthouse_trace::{EventData, Level, OperationalEvent, TraceStatus};
use posthouse_types::{Reason, UnixMillis};

use crate::settle::remove_recipient;
use crate::trace::{Step, insert_event, record_step};
use crate::writer::{Class, Fault, Work};
use crate::{MessageId, Purged, QueueId, Retention, Store, StoreError};

/// How long a verdict may still change (spec 2.10).
const ZERO_HOUR_KEPT: Duration = Duration::from_secs(48 * 3600);

impl Store {
    /// Ends what is older than retention allows: at most so many rows, in one transaction. Held
    /// mail goes first, each recipient with an event and a step in its trace. Call it again while
    /// it says there is more, with a pause: mail waits for its steps.
    ///
    /// # Errors
    /// As [`Store::settle`]; then nothing was purged.
    pub async fn purge(
        &self,
        now: UnixMillis,
        retention: Retention,
        step_rows_max: usize,
    ) -> Result<Purged, StoreError> {
        self.submit(Class::Settle, 0, Vec::new(), move |work| {
            step(work, now, retention, step_rows_max as u64)
        })
        .await
    }
}

fn step(
    work: &mut Work<'_>,
    now: UnixMillis,
    retention: Retention,
    rows_max: u64,
) -> Result<Purged, Fault> {
    let before = |days| now - Duration::from_secs(24 * 3600 * u64::from(days));
    let kept = crate::quarantine::purge(work, now, before(retention.events_days), rows_max)?;
    let held = purge_held(work, now, before(retention.held_days), rows_max - kept)? + kept;
    let left = rows_max - held;
    let trace = purge_trace(work, before(retention.trace_days), left)?;
    let left = left.saturating_sub(trace);
    let pairs = crate::pairs::purge(work.connection, before(retention.trace_days), left)?;
    let left = left.saturating_sub(pairs);
    let pairs = pairs + crate::counts::purge(work.connection, now, left)?;
    let left = rows_max.saturating_sub(held + trace + pairs);
    let pairs = pairs + crate::complaints::purge(work.connection, now, left)?;
    let left = rows_max.saturating_sub(held + trace + pairs);
    let reports = crate::learned::purge(work.connection, before(retention.events_days), left)?;
    let left = left.saturating_sub(reports);
    let zero_hour = crate::zero_hour::purge(
        work.connection,
        now - ZERO_HOUR_KEPT,
        before(retention.events_days),
        left,
    )?;
    let left = left.saturating_sub(zero_hour);
    let events = work
        .connection
        .prepare_cached(
            "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE time < ?1
                ORDER BY time LIMIT ?2)",
        )?
        .execute((before(retention.events_days).0, left.cast_signed()))? as u64;
    Ok(Purged {
        trace,
        events,
        held,
        more: held + trace + pairs + reports + zero_hour + events >= rows_max,
    })
}

/// Trace rows go with their histories. Those of mail that is still here go too: its own rows
/// know all that delivery needs.
fn purge_trace(work: &Work<'_>, before: UnixMillis, rows_max: u64) -> Result<u64, Fault> {
    let connection = work.connection;
    let ids = connection
        .prepare_cached("SELECT id FROM trace WHERE received < ?1 ORDER BY received LIMIT ?2")?
        .query_map((before.0, rows_max.cast_signed()), |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for id in &ids {
        connection.prepare_cached("DELETE FROM trace_event WHERE trace = ?1")?.execute([id])?;
        connection.prepare_cached("DELETE FROM trace WHERE id = ?1")?.execute([id])?;
    }
    Ok(ids.len() as u64)
}

/// A held recipient whose time is over.
struct Held {
    id: i64,
    message: i64,
    trace: Option<i64>,
    recipient: String,
    tenant: Option<i64>,
    reference: String,
    sender: Option<String>,
}

/// Damaged mail stays: its bytes may be all that is left of it.
fn purge_held(
    work: &mut Work<'_>,
    now: UnixMillis,
    before: UnixMillis,
    rows_max: u64,
) -> Result<u64, Fault> {
    let held = work
        .connection
        .prepare_cached(
            "SELECT queue.id, queue.message, trace, address, tenant, reference, sender
             FROM queue JOIN message ON message.id = queue.message
             WHERE state > 0 AND state = 1 AND since < ?1 ORDER BY since LIMIT ?2",
        )?
        .query_map((before.0, rows_max.cast_signed()), |row| {
            Ok(Held {
                id: row.get(0)?,
                message: row.get(1)?,
                trace: row.get(2)?,
                recipient: row.get(3)?,
                tenant: row.get(4)?,
                reference: row.get(5)?,
                sender: row.get(6)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for row in &held {
        end_held(work, now, row)?;
    }
    Ok(held.len() as u64)
}

fn end_held(work: &mut Work<'_>, now: UnixMillis, row: &Held) -> Result<(), Fault> {
    if let Some(trace) = row.trace {
        let step = Step {
            status: TraceStatus::Failed,
            at: now,
            reason: Reason::Undeliverable.id(),
            detail: "held until its retention was over",
            to_ip: "",
            by: "",
            reported: false,
        };
        record_step(work.connection, trace, &step)?;
    }
    let sender = row.sender.as_deref().unwrap_or("<>");
    let shown = |text| posthouse_types::printable(text, posthouse_types::SHOWN_CHARACTERS_MAX);
    let event = OperationalEvent {
        time: now.0,
        level: Level::Warning,
        tenant: row.tenant.map(i64::cast_unsigned),
        reference: row.reference.clone(),
        reason: Reason::Undeliverable.id().to_owned(),
        text: format!(
            "Held mail from {} to {} was deleted: its retention was over.",
            shown(sender),
            shown(&row.recipient)
        ),
        data: EventData::RetentionPurged { what: "held messages".to_owned(), count: 1 },
    };
    insert_event(work.connection, &event)?;
    remove_recipient(work, QueueId(row.id), MessageId(row.message))
}
