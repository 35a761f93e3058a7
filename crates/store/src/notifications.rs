//! Who is to be told what is kept of their mail, and that they were told.
//!
//! A row in quarantine has the time by which its recipient is to be told; the transaction that
//! stores the mail which tells it takes that time away, so that nobody is told twice or never. The
//! store does not judge: whether and when is the caller's.

use posthouse_types::{TenantId, UnixMillis};
use rusqlite::Connection;

use crate::quarantine::note_told;
use crate::writer::{Class, Fault};
use crate::{Committed, NewMessage, QuarantineId, Quarantined, Store, StoreError};

/// Recipients that are given at once.
const RECIPIENTS_MAX: i64 = 200;

/// What is kept already was announced to nobody: it is due at once.
pub(crate) const STEP: &str = "
BEGIN IMMEDIATE;
ALTER TABLE quarantine ADD COLUMN notify_due INTEGER; -- NULL: told, or not to be told
UPDATE quarantine SET notify_due = received WHERE notifies = 1 AND outbound = 0 AND status <> 4;
CREATE INDEX quarantine_notify_due ON quarantine (notify_due) WHERE notify_due IS NOT NULL;
CREATE INDEX quarantine_notify ON quarantine (recipient) WHERE notify_due IS NOT NULL;
PRAGMA user_version = 7;
COMMIT;
";

/// A recipient that is to be told, and of which tenant.
pub type ToNotify = (Option<TenantId>, String);

impl Store {
    /// Recipients that are to be told by now, longest due first; a bounded number, each once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn recipients_to_notify(&self, now: UnixMillis) -> Result<Vec<ToNotify>, StoreError> {
        self.inner.readers.read(move |connection| Ok(due(connection, now)?)).await
    }

    /// What one recipient is to be told, oldest first: all that nobody told yet, due or not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantine_to_notify(
        &self,
        (tenant, recipient): ToNotify,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        let tenant = tenant.map(|tenant| tenant.0.cast_signed());
        self.inner
            .readers
            .read(move |connection| {
                let rows = crate::quarantine::untold(connection, tenant, &recipient, limit)?;
                Ok(rows)
            })
            .await
    }

    /// Notes that a recipient is told of these, and stores the mail that does it. One transaction.
    /// `None`, and nothing is done, where one of them is to be told no more: it was released,
    /// deleted or told in between, and the mail would not be true.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; then nothing has changed.
    pub async fn notify(
        &self,
        rows: Vec<QuarantineId>,
        mail: NewMessage,
        now: UnixMillis,
    ) -> Result<Option<Committed>, StoreError> {
        let (mail, file) = self.prepare(mail).await?;
        let files = file.into_iter().collect();
        self.submit(Class::Record, mail.bytes(), files, move |work| {
            for row in &rows {
                if !is_untold(work.connection, *row)? {
                    return Ok(None);
                }
            }
            for row in &rows {
                clear(work.connection, *row)?;
                note_told(work.connection, *row, now)?;
            }
            mail.insert(work.connection).map(Some)
        })
        .await
    }

    /// Notes that nobody is to be told of these any more.
    ///
    /// # Errors
    /// As [`Store::notify`].
    pub async fn notify_nobody(&self, rows: Vec<QuarantineId>) -> Result<(), StoreError> {
        self.submit(Class::Record, 0, Vec::new(), move |work| {
            rows.iter().try_for_each(|row| clear(work.connection, *row))
        })
        .await
    }
}

fn clear(connection: &Connection, row: QuarantineId) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE quarantine SET notify_due = NULL WHERE id = ?1")?
        .execute([row.0])?;
    Ok(())
}

fn due(connection: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<ToNotify>> {
    let mut statement = connection.prepare_cached(
        "SELECT tenant, recipient FROM quarantine
         WHERE notify_due IS NOT NULL AND notify_due <= ?1 ORDER BY notify_due LIMIT ?2",
    )?;
    let rows = statement.query_map((now.0, RECIPIENTS_MAX), |row| {
        let tenant: Option<i64> = row.get(0)?;
        Ok((tenant.map(|number| TenantId(number.cast_unsigned())), row.get(1)?))
    })?;
    let mut found: Vec<ToNotify> = Vec::new();
    for row in rows {
        let row = row?;
        if !found.contains(&row) {
            found.push(row);
        }
    }
    Ok(found)
}

fn is_untold(connection: &Connection, row: QuarantineId) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM quarantine WHERE id = ?1 AND notify_due IS NOT NULL")?
        .exists([row.0])?)
}
