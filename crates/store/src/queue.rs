//! The queue as delivery and people see it: what is due, what waits, what is held.
//!
//! Leases live in the memory of whoever delivers: a lease ends with its process, and at the next
//! start every message is due at once ([`Store::make_all_due`]).

use posthouse_types::{Address, Domain, Reason, TenantId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::commit::parameters;
use crate::schema::count;
use crate::settle::apply;
use crate::trace::bounded;
use crate::writer::{Class, Fault, Work};
use crate::{
    Cursor, MessageId, Outcome, QueueCounts, QueueFilter, QueueId, QueueState, QueuedRecipient,
    Store, StoreError,
};

/// Rows of one page, and of one change: a transaction of some milliseconds.
const PAGE_ROWS: usize = 1000;

impl Store {
    /// Recipients that are due, the longest due first, after this place.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due(
        &self,
        until: UnixMillis,
        after: Cursor,
        limit: usize,
    ) -> Result<Vec<QueuedRecipient>, StoreError> {
        let rows = self
            .inner
            .readers
            .read(move |connection| due_page(connection, until, after, bounded(limit)))
            .await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            match row {
                Ok(recipient) => due.push(recipient),
                // `until` is the caller's now; a row that makes no sense must not come up forever.
                Err(Senseless { message, words }) => self.set_aside(message, &words, until).await?,
            }
        }
        Ok(due)
    }

    /// When the next recipient is due that is not due at this time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due_after(&self, time: UnixMillis) -> Result<Option<UnixMillis>, StoreError> {
        self.inner
            .readers
            .read(move |connection| {
                let due: Option<i64> = connection
                    .prepare_cached("SELECT min(due) FROM queue WHERE state = 0 AND due > ?1")?
                    .query_row([time.0], |row| row.get(0))?;
                Ok(due.map(UnixMillis))
            })
            .await
    }

    /// Makes every queued recipient due: done at start, since leases ended with the last process.
    /// Gives how many were not due.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`].
    pub async fn make_all_due(&self, now: UnixMillis) -> Result<u64, StoreError> {
        let mut changed = 0;
        loop {
            let step = self
                .submit(Class::Settle, 0, Vec::new(), move |work| {
                    let changed = work
                        .connection
                        .prepare_cached(
                            "UPDATE queue SET due = ?1 WHERE id IN
                                (SELECT id FROM queue WHERE state = 0 AND due > ?1 LIMIT ?2)",
                        )?
                        .execute((now.0, PAGE_ROWS.cast_signed() as i64))?;
                    Ok(changed)
                })
                .await?;
            changed += step as u64;
            if step < PAGE_ROWS {
                return Ok(changed);
            }
        }
    }

    /// Recipients in the queue, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn queue(&self, filter: QueueFilter) -> Result<Vec<QueuedRecipient>, StoreError> {
        let limit = bounded(filter.limit);
        let mut after = filter.after.map_or(0, |id| id.0);
        let mut found: Vec<QueuedRecipient> = Vec::new();
        loop {
            let (asked, wanted) = (filter.clone(), limit - found.len());
            let (rows, next) = self
                .inner
                .readers
                .read(move |connection| queue_page(connection, &asked, after, wanted))
                .await?;
            found.extend(rows);
            match next {
                Some(id) if found.len() < limit => after = id,
                _ => return Ok(found),
            }
        }
    }

    /// Makes these recipients due now; gives how many. The filter's pages do not count: all that
    /// it means are changed.
    ///
    /// # Errors
    /// As [`Store::settle`]; those changed before stay changed.
    pub async fn retry_now(&self, filter: QueueFilter, now: UnixMillis) -> Result<u64, StoreError> {
        let filter = QueueFilter { state: Some(QueueState::Queued), ..filter };
        self.change(filter, move |work, id| {
            let sql = "UPDATE queue SET due = ?2 WHERE id = ?1 AND state = 0";
            Ok(work.connection.prepare_cached(sql)?.execute((id.0, now.0))? > 0)
        })
        .await
    }

    /// Puts held recipients (and damaged ones, whose damage may be repaired) back into the queue,
    /// due now; gives how many. Their time to live begins anew.
    ///
    /// # Errors
    /// As [`Store::retry_now`].
    pub async fn release(&self, filter: QueueFilter, now: UnixMillis) -> Result<u64, StoreError> {
        self.change(filter, move |work, id| {
            let sql = "UPDATE queue SET state = 0, due = ?2, since = ?2, attempts = 0,
                notice_sent = 0 WHERE id = ?1 AND state > 0 AND state < 3";
            Ok(work.connection.prepare_cached(sql)?.execute((id.0, now.0))? > 0)
        })
        .await
    }

    /// Takes recipients out; the trace says by whom. Gives how many.
    ///
    /// # Errors
    /// As [`Store::retry_now`].
    pub async fn remove(
        &self,
        filter: QueueFilter,
        by: &str,
        now: UnixMillis,
    ) -> Result<u64, StoreError> {
        let by = by.to_owned();
        self.change(filter, move |work, id| {
            apply(work, &[(id, Outcome::Removed { by: by.clone(), at: now })], false)
        })
        .await
    }

    /// How full the queue is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn counts(&self) -> Result<QueueCounts, StoreError> {
        self.inner.readers.read(|connection| Ok(read_counts(connection)?)).await
    }

    /// Changes all recipients that a filter means, page by page.
    async fn change<F>(&self, filter: QueueFilter, change: F) -> Result<u64, StoreError>
    where
        F: FnMut(&mut Work<'_>, QueueId) -> Result<bool, Fault> + Clone + Send + 'static,
    {
        let mut filter = QueueFilter { limit: PAGE_ROWS, ..filter };
        let mut changed = 0;
        loop {
            let page = self.queue(filter.clone()).await?;
            let ids: Vec<QueueId> = page.iter().map(|row| row.id).collect();
            let Some(last) = ids.last().copied() else { return Ok(changed) };
            let full = ids.len() == PAGE_ROWS;
            let mut change = change.clone();
            changed += self
                .submit(Class::Settle, 0, Vec::new(), move |work| {
                    let mut count = 0;
                    for id in &ids {
                        count += u64::from(change(work, *id)?);
                    }
                    Ok(count)
                })
                .await?;
            if !full {
                return Ok(changed);
            }
            filter.after = Some(last);
        }
    }
}

/// A row whose values mean nothing.
struct Senseless {
    message: MessageId,
    words: String,
}

const DUE: &str = "
    SELECT queue.id, queue.message, queue.state, due, since, attempts, notice_sent, address,
        notify, original, reason, detail, reference, tenant, received, sender, authenticated,
        size, message_id, subject
    FROM queue LEFT JOIN message ON message.id = queue.message
    WHERE state = 0 AND due <= ?1 AND (due, queue.id) > (?2, ?3)
    ORDER BY due, queue.id LIMIT ?4";

fn due_page(
    connection: &Connection,
    until: UnixMillis,
    after: Cursor,
    limit: usize,
) -> Result<Vec<Result<QueuedRecipient, Senseless>>, StoreError> {
    let mut statement = connection.prepare_cached(DUE)?;
    let mut rows = statement.query((until.0, after.at.0, after.id, limit.cast_signed() as i64))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let message = MessageId(row.get(1)?);
        due.push(match recipient(row) {
            Ok(Some(recipient)) => Ok(recipient),
            Ok(None) => {
                let words = format!("message {message}: its address or reference is damaged");
                Err(Senseless { message, words })
            }
            Err(error) => Err(Senseless { message, words: format!("message {message}: {error}") }),
        });
    }
    Ok(due)
}

const QUEUE: &str = "
    SELECT queue.id, queue.message, queue.state, due, since, attempts, notice_sent, address,
        notify, original, reason, detail, reference, tenant, received, sender, authenticated,
        size, message_id, subject
    FROM queue JOIN message ON message.id = queue.message
    WHERE queue.id > ?1 AND queue.id <= ?2 AND queue.state < 3
    ORDER BY queue.id LIMIT ?3";

/// One page of the queue; where the next begins, if there may be one.
fn queue_page(
    connection: &Connection,
    filter: &QueueFilter,
    after: i64,
    wanted: usize,
) -> Result<(Vec<QueuedRecipient>, Option<i64>), StoreError> {
    let (after, last) = match filter.id {
        Some(id) => (id.0.saturating_sub(1), id.0),
        None => (after, i64::MAX),
    };
    let mut statement = connection.prepare_cached(QUEUE)?;
    let mut rows = statement.query((after, last, PAGE_ROWS.cast_signed() as i64))?;
    let text = filter.text.as_ref().map(|text| text.to_lowercase());
    let mut found = Vec::new();
    let (mut seen, mut last) = (0, None);
    while let Some(row) = rows.next()? {
        seen += 1;
        last = Some(row.get(0)?);
        // What makes no sense is set aside when it comes up for delivery; views pass it over.
        let Ok(Some(recipient)) = recipient(row) else { continue };
        if is_meant(filter, text.as_deref(), &recipient) {
            found.push(recipient);
        }
        if found.len() == wanted {
            break;
        }
    }
    Ok((found, last.filter(|_| seen == PAGE_ROWS)))
}

fn is_meant(filter: &QueueFilter, text: Option<&str>, row: &QueuedRecipient) -> bool {
    filter.tenant.is_none_or(|tenant| row.tenant == Some(tenant))
        && filter.state.is_none_or(|state| row.state == state)
        && filter.reference.is_none_or(|reference| row.reference == reference)
        && text.is_none_or(|text| {
            let holds = |field: &str| field.to_lowercase().contains(text);
            holds(&row.address.to_string())
                || row.sender.as_ref().is_some_and(|sender| holds(&sender.to_string()))
                || holds(&row.subject)
                || holds(&row.last_detail)
                || row.last_reason.is_some_and(|reason| holds(reason.id()))
        })
}

/// A recipient from the columns of `DUE` and `QUEUE`; `Ok(None)` where a value means nothing.
fn recipient(row: &Row<'_>) -> rusqlite::Result<Option<QueuedRecipient>> {
    let address: String = row.get(7)?;
    let reference: String = row.get(12)?;
    let sender: Option<String> = row.get(15)?;
    let (Some(address), Ok(reference)) = (address_of(&address), reference.parse()) else {
        return Ok(None);
    };
    let sender = match sender {
        None => None,
        Some(text) => match address_of(&text) {
            Some(sender) => Some(sender),
            None => return Ok(None),
        },
    };
    let reason: String = row.get(10)?;
    Ok(Some(QueuedRecipient {
        id: QueueId(row.get(0)?),
        message: MessageId(row.get(1)?),
        reference,
        tenant: row.get::<_, Option<i64>>(13)?.map(|number| TenantId(number.cast_unsigned())),
        sender,
        address,
        parameters: parameters(row.get(8)?, row.get(9)?),
        received: UnixMillis(row.get(14)?),
        since: UnixMillis(row.get(4)?),
        due: UnixMillis(row.get(3)?),
        attempts: row.get(5)?,
        state: match row.get::<_, i64>(2)? {
            0 => QueueState::Queued,
            1 => QueueState::Held,
            _ => QueueState::Damaged,
        },
        last_reason: Reason::from_id(&reason),
        last_detail: row.get(11)?,
        notice_sent: row.get(6)?,
        authenticated: row.get(16)?,
        size: row.get::<_, i64>(17)?.cast_unsigned(),
        message_id: row.get(18)?,
        subject: row.get(19)?,
    }))
}

/// An address from its wire form. A domain holds no `@`; a quoted local part may.
pub(crate) fn address_of(text: &str) -> Option<Address> {
    let (local, domain) = text.rsplit_once('@')?;
    let sound = !local.is_empty() && !domain.is_empty();
    sound.then(|| Address::new(local, Domain::from_normalized(domain)))
}

#[cfg(test)]
pub(crate) const QUESTIONS: [&str; 2] = [DUE, QUEUE];

fn read_counts(connection: &Connection) -> rusqlite::Result<QueueCounts> {
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT since FROM queue NOT INDEXED WHERE state = 0 ORDER BY id LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(QueueCounts {
        queued: count(connection, "SELECT count(*) FROM queue WHERE state = 0")?,
        held: count(connection, "SELECT count(*) FROM queue WHERE state > 0 AND state = 1")?,
        damaged: count(connection, "SELECT count(*) FROM queue WHERE state > 0 AND state = 2")?,
        oldest: oldest.map(UnixMillis),
    })
}
