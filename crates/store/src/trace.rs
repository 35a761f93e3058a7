//! Message trace and operational events: written with the mail they are about, read newest first.
//!
//! Reading goes page by page, each page a short transaction, and narrows here what no index can:
//! SQL stays static, and no question keeps the log from starting over.

use std::ops::ControlFlow;

use posthouse_trace::{Direction, OperationalEvent, TraceEvent, TraceRow, TraceStatus, TraceStep};
use posthouse_types::{Reason, Reference, UnixMillis};
use rusqlite::{Connection, Row};

use crate::writer::{Class, Fault};
use crate::{Cursor, EventId, EventQuery, Store, StoreError, StoredEvent, StoredTrace, TraceQuery};

/// Rows of one page: a transaction of some milliseconds.
const PAGE_ROWS: usize = 1000;

/// Most rows of one answer; more are asked for with the cursor of the last.
const ANSWER_ROWS_MAX: usize = 5000;

/// Most steps of one row's history that are shown, the latest: a queue that is retried for days
/// has more than anyone reads.
const HISTORY_STEPS_MAX: i64 = 500;

/// What a record costs in its transaction, about.
const RECORD_BYTES: usize = 2048;

impl Store {
    /// Keeps trace rows and events. They can be read when this returns.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; then none of them is kept.
    pub async fn record(
        &self,
        trace: Vec<TraceRow>,
        events: Vec<OperationalEvent>,
    ) -> Result<(), StoreError> {
        let bytes = (trace.len() + events.len()) * RECORD_BYTES;
        self.submit(Class::Record, bytes, Vec::new(), move |work| {
            for row in &trace {
                insert_row(work.connection, row)?;
            }
            for event in &events {
                insert_event(work.connection, event)?;
            }
            Ok(())
        })
        .await
    }

    /// Trace rows, newest first, with their histories.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn trace(&self, query: TraceQuery) -> Result<Vec<StoredTrace>, StoreError> {
        let limit = bounded(query.limit);
        let mut before = query.before.unwrap_or(Cursor::END);
        if let Some(until) = query.until {
            before = before.min(Cursor { at: until, id: i64::MIN });
        }
        let mut found: Vec<StoredTrace> = Vec::new();
        loop {
            let asked = query.clone();
            let wanted = limit - found.len();
            let (rows, next) = self
                .inner
                .readers
                .read(move |connection| trace_page(connection, &asked, before, wanted))
                .await?;
            found.extend(rows);
            match next {
                Some(cursor) if found.len() < limit => before = cursor,
                _ => return Ok(found),
            }
        }
    }

    /// All trace rows with this reference, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn trace_by_reference(
        &self,
        reference: &Reference,
    ) -> Result<Vec<TraceRow>, StoreError> {
        let query = TraceQuery { reference: Some(reference.to_string()), ..TraceQuery::default() };
        let mut rows = self.trace(query).await?;
        rows.reverse();
        Ok(rows.into_iter().map(|stored| stored.row).collect())
    }

    /// Operational events, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, StoreError> {
        let limit = bounded(query.limit);
        let mut before = query.before.map_or(i64::MAX, |record| record.0);
        let mut found: Vec<StoredEvent> = Vec::new();
        loop {
            let asked = query.clone();
            let wanted = limit - found.len();
            let (events, next) = self
                .inner
                .readers
                .read(move |connection| event_page(connection, &asked, before, wanted))
                .await?;
            found.extend(events);
            match next {
                Some(record) if found.len() < limit => before = record,
                _ => return Ok(found),
            }
        }
    }
}

/// A caller's limit within ours; 0 is ours.
pub(crate) fn bounded(limit: usize) -> usize {
    if limit == 0 { ANSWER_ROWS_MAX } else { limit.min(ANSWER_ROWS_MAX) }
}

/// One page of trace rows; where the next begins, if there may be one.
fn trace_page(
    connection: &Connection,
    query: &TraceQuery,
    before: Cursor,
    wanted: usize,
) -> Result<(Vec<StoredTrace>, Option<Cursor>), StoreError> {
    let tenant = query.tenant.map(|tenant| tenant.0.cast_signed());
    let page = PAGE_ROWS.cast_signed() as i64;
    let mut statement;
    let mut rows = match (&query.reference, tenant) {
        (Some(reference), _) => {
            statement = connection.prepare_cached(TRACE_BY_REFERENCE)?;
            statement.query((before.at.0, before.id, page, reference))?
        }
        (None, Some(tenant)) => {
            statement = connection.prepare_cached(TRACE_BY_TENANT)?;
            statement.query((before.at.0, before.id, page, tenant))?
        }
        (None, None) => {
            statement = connection.prepare_cached(TRACE_BY_TIME)?;
            statement.query((before.at.0, before.id, page))?
        }
    };
    let mut found = Vec::new();
    let mut seen = 0;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let mut stored = trace_row(row)?;
        seen += 1;
        last = Some(stored.cursor);
        match narrow(query, &stored.row) {
            ControlFlow::Break(()) => return Ok((found, None)),
            ControlFlow::Continue(false) => {}
            ControlFlow::Continue(true) => {
                stored.row.events = history(connection, stored.cursor.id)?;
                found.push(stored);
                if found.len() == wanted {
                    break;
                }
            }
        }
    }
    Ok((found, last.filter(|_| seen == PAGE_ROWS)))
}

const TRACE_BY_REFERENCE: &str = "
    SELECT id, received, tenant, reference, status, direction, size, sender, recipient,
        message_id, subject, from_ip, to_ip, connector, reason, explanation FROM trace
    WHERE reference = ?4 AND (received, id) < (?1, ?2)
    ORDER BY received DESC, id DESC LIMIT ?3";
const TRACE_BY_TENANT: &str = "
    SELECT id, received, tenant, reference, status, direction, size, sender, recipient,
        message_id, subject, from_ip, to_ip, connector, reason, explanation FROM trace
    WHERE tenant = ?4 AND (received, id) < (?1, ?2)
    ORDER BY received DESC, id DESC LIMIT ?3";
const TRACE_BY_TIME: &str = "
    SELECT id, received, tenant, reference, status, direction, size, sender, recipient,
        message_id, subject, from_ip, to_ip, connector, reason, explanation FROM trace
    WHERE (received, id) < (?1, ?2)
    ORDER BY received DESC, id DESC LIMIT ?3";

#[cfg(test)]
pub(crate) const QUESTIONS: [&str; 3] = [TRACE_BY_REFERENCE, TRACE_BY_TENANT, TRACE_BY_TIME];

/// Whether a row is wanted; `Break` where no older one can be.
fn narrow(query: &TraceQuery, row: &TraceRow) -> ControlFlow<(), bool> {
    if query.since.is_some_and(|since| row.received < since.0) {
        return ControlFlow::Break(());
    }
    let wanted = query.tenant.is_none_or(|tenant| row.tenant == Some(tenant.0))
        && query.status.is_none_or(|status| row.status == status)
        && query.message_id.as_ref().is_none_or(|id| row.message_id == *id)
        && query.sender.as_ref().is_none_or(|pattern| matches(pattern, &row.sender))
        && query.recipient.as_ref().is_none_or(|pattern| matches(pattern, &row.recipient));
    ControlFlow::Continue(wanted)
}

/// Whether an address is meant, in any case; `*` at the start stands for anything.
fn matches(pattern: &str, address: &str) -> bool {
    let address = address.to_lowercase();
    match pattern.strip_prefix('*') {
        Some(end) => address.ends_with(&end.to_lowercase()),
        None => address == pattern.to_lowercase(),
    }
}

fn trace_row(row: &Row<'_>) -> rusqlite::Result<StoredTrace> {
    let received = row.get(1)?;
    let explanation: Option<String> = row.get(15)?;
    let stored = TraceRow {
        received,
        tenant: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
        reference: row.get(3)?,
        status: at(&STATUSES, row.get(4)?, TraceStatus::GettingStatus),
        direction: at(&DIRECTIONS, row.get(5)?, Direction::Incoming),
        size: row.get::<_, i64>(6)?.cast_unsigned(),
        sender: row.get(7)?,
        recipient: row.get(8)?,
        message_id: row.get(9)?,
        subject: row.get(10)?,
        from_ip: row.get(11)?,
        to_ip: row.get(12)?,
        connector: row.get(13)?,
        reason: row.get(14)?,
        events: Vec::new(),
        explanation: explanation.and_then(|json| serde_json::from_str(&json).ok()),
    };
    Ok(StoredTrace { cursor: Cursor { at: UnixMillis(received), id: row.get(0)? }, row: stored })
}

fn history(connection: &Connection, trace: i64) -> rusqlite::Result<Vec<TraceEvent>> {
    let mut statement = connection.prepare_cached(
        "SELECT time, step, reason, detail FROM trace_event WHERE trace = ?1
         ORDER BY number DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((trace, HISTORY_STEPS_MAX), |row| {
        let step = at(&STEPS, row.get(1)?, TraceStep::Receive);
        Ok(TraceEvent { time: row.get(0)?, event: step, reason: row.get(2)?, detail: row.get(3)? })
    })?;
    let mut events = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    events.reverse();
    Ok(events)
}

/// Writes a trace row with its history; gives its number.
pub(crate) fn insert_row(connection: &Connection, row: &TraceRow) -> Result<i64, Fault> {
    let explanation = row.explanation.as_ref().map(serde_json::to_string).transpose();
    let explanation = explanation.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT INTO trace (received, tenant, reference, status, direction, size, sender,
                recipient, message_id, subject, from_ip, to_ip, connector, reason, explanation)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute((
            row.received,
            row.tenant.map(u64::cast_signed),
            &row.reference,
            number(&STATUSES, &row.status),
            number(&DIRECTIONS, &row.direction),
            row.size.cast_signed(),
            &row.sender,
            &row.recipient,
            &row.message_id,
            &row.subject,
            &row.from_ip,
            &row.to_ip,
            &row.connector,
            &row.reason,
            explanation,
        ))?;
    let id = connection.last_insert_rowid();
    for (place, event) in (0i64..).zip(&row.events) {
        insert_step(connection, id, Some(place), event)?;
    }
    Ok(id)
}

/// Writes one step of a row's history, at the end where no place is given.
fn insert_step(
    connection: &Connection,
    trace: i64,
    place: Option<i64>,
    event: &TraceEvent,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO trace_event (trace, number, time, step, reason, detail)
             VALUES (?1, coalesce(?2,
                (SELECT 1 + coalesce(max(number), -1) FROM trace_event WHERE trace = ?1)),
                ?3, ?4, ?5, ?6)",
        )?
        .execute((
            trace,
            place,
            event.time,
            number(&STEPS, &event.event),
            &event.reason,
            &event.detail,
        ))?;
    Ok(())
}

/// Adds to a row's history, and changes nothing else of it.
pub(crate) fn note_step(
    connection: &Connection,
    trace: i64,
    event: TraceStep,
    reason: Reason,
    detail: &str,
    now: UnixMillis,
) -> Result<(), Fault> {
    let event =
        TraceEvent { reason: reason.id().to_owned(), ..TraceEvent::new(now, event, detail) };
    Ok(insert_step(connection, trace, None, &event)?)
}

/// What happened to a row's recipient.
pub(crate) struct Step<'a> {
    pub(crate) status: TraceStatus,
    pub(crate) at: UnixMillis,
    /// A reason id, or empty.
    pub(crate) reason: &'a str,
    pub(crate) detail: &'a str,
    /// The next hop, where it was delivered.
    pub(crate) to_ip: &'a str,
    /// Who removed it, where somebody did.
    pub(crate) by: &'a str,
    /// A report about it was written.
    pub(crate) reported: bool,
}

/// Changes a trace row and adds to its history. A row that retention has purged stays away.
pub(crate) fn record_step(
    connection: &Connection,
    trace: i64,
    step: &Step<'_>,
) -> Result<(), Fault> {
    let direction = connection
        .prepare_cached(
            "UPDATE trace SET status = ?2, reason = ?3,
                to_ip = CASE WHEN ?4 = '' THEN to_ip ELSE ?4 END
             WHERE id = ?1 RETURNING direction",
        )?
        .query_row((trace, number(&STATUSES, &step.status), step.reason, step.to_ip), |row| {
            row.get::<_, i64>(0)
        });
    let direction = match direction {
        Ok(direction) => at(&DIRECTIONS, direction, Direction::Incoming),
        Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let event = match (step.status, direction) {
        (TraceStatus::Delivered, Direction::Incoming) => TraceStep::Deliver,
        (TraceStatus::Delivered, Direction::Originating) => TraceStep::Send,
        (TraceStatus::Pending, _) => TraceStep::Defer,
        (TraceStatus::Quarantined, _) => TraceStep::Quarantine,
        _ => TraceStep::Fail,
    };
    let detail =
        if step.by.is_empty() { step.detail.to_owned() } else { format!("removed by {}", step.by) };
    let event = TraceEvent { time: step.at.0, event, reason: step.reason.to_owned(), detail };
    insert_step(connection, trace, None, &event)?;
    if step.reported {
        let report = TraceEvent::new(step.at, TraceStep::Report, "the sender was told");
        insert_step(connection, trace, None, &report)?;
    }
    Ok(())
}

/// Writes an operational event.
pub(crate) fn insert_event(connection: &Connection, event: &OperationalEvent) -> Result<(), Fault> {
    let json =
        serde_json::to_string(event).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT INTO event (time, event_id, tenant, reference, json)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            event.time,
            event.data.id(),
            event.tenant.map(u64::cast_signed),
            &event.reference,
            json,
        ))?;
    Ok(())
}

/// One page of events; where the next begins, if there may be one.
fn event_page(
    connection: &Connection,
    query: &EventQuery,
    before: i64,
    wanted: usize,
) -> Result<(Vec<StoredEvent>, Option<i64>), StoreError> {
    let tenant = query.tenant.map(|tenant| tenant.0.cast_signed());
    let page = PAGE_ROWS.cast_signed() as i64;
    let mut statement;
    let mut rows = match (&query.reference, tenant) {
        (Some(reference), _) => {
            statement = connection.prepare_cached(
                "SELECT id, time, event_id, tenant, json FROM event
                 WHERE reference = ?3 AND reference <> '' AND id < ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            statement.query((before, page, reference))?
        }
        (None, Some(tenant)) => {
            statement = connection.prepare_cached(
                "SELECT id, time, event_id, tenant, json FROM event
                 WHERE tenant = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            statement.query((before, page, tenant))?
        }
        (None, None) => {
            statement = connection.prepare_cached(
                "SELECT id, time, event_id, tenant, json FROM event
                 WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            statement.query((before, page))?
        }
    };
    let mut found = Vec::new();
    let (mut seen, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        let record: i64 = row.get(0)?;
        seen += 1;
        last = Some(record);
        let wanted_row =
            query.since.is_none_or(|since| row.get(1).is_ok_and(|time: i64| time >= since.0))
                && query.id.is_none_or(|id| row.get(2).is_ok_and(|found: u32| found == id))
                && (tenant.is_none() || row.get::<_, Option<i64>>(3)? == tenant);
        if !wanted_row {
            continue;
        }
        let json: String = row.get(4)?;
        // An event that cannot be read (of a newer version, since gone back) is passed over.
        if let Ok(event) = serde_json::from_str(&json) {
            found.push(StoredEvent { record: EventId(record), event });
        }
        if found.len() == wanted {
            break;
        }
    }
    Ok((found, last.filter(|_| seen == PAGE_ROWS)))
}

/// The numbers that columns hold are places in these tables: add at the end only.
const STATUSES: [TraceStatus; 7] = [
    TraceStatus::GettingStatus,
    TraceStatus::Pending,
    TraceStatus::Delivered,
    TraceStatus::Failed,
    TraceStatus::Quarantined,
    TraceStatus::Expanded,
    TraceStatus::FilteredAsSpam,
];
const DIRECTIONS: [Direction; 2] = [Direction::Incoming, Direction::Originating];
const STEPS: [TraceStep; 9] = [
    TraceStep::Receive,
    TraceStep::Submit,
    TraceStep::Deliver,
    TraceStep::Send,
    TraceStep::Defer,
    TraceStep::Fail,
    TraceStep::Quarantine,
    TraceStep::Report,
    TraceStep::ZeroHour,
];

/// The number of [`TraceStatus::Delivered`].
pub(crate) const DELIVERED: i64 = 2;

fn number<T: PartialEq>(table: &[T], value: &T) -> i64 {
    (0i64..).zip(table).find(|(_, entry)| *entry == value).map_or(0, |(number, _)| number)
}

/// The entry of a number, or this one where the number means nothing here.
fn at<T: Copy>(table: &[T], number: i64, otherwise: T) -> T {
    usize::try_from(number).ok().and_then(|place| table.get(place)).copied().unwrap_or(otherwise)
}
