//! Senders that may not send any more, until their time is over or somebody releases them.
//!
//! The store keeps them and does not judge: who is restricted and for how long is the caller's.

use posthouse_types::{TenantId, UnixMillis};
use rusqlite::Connection;

use crate::commit::Prepared;
use crate::writer::Class;
use crate::{Committed, NewMessage, Store, StoreError};

/// Rows that are given at once. A node with more has another trouble; the latest count.
const ROWS_MAX: i64 = 100_000;

/// The step that brings the table. See `schema`.
pub(crate) const STEP: &str = "
BEGIN IMMEDIATE;
CREATE TABLE restricted (
    tenant INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    why TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, name)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 3;
COMMIT;
";

/// Somebody who may not send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restricted {
    /// Whose.
    pub tenant: TenantId,
    /// What it is: the caller's word.
    pub kind: String,
    /// Which, in the caller's comparable form.
    pub name: String,
    /// Since when.
    pub since: UnixMillis,
    /// Until when; `None`: until it is released.
    pub until: Option<UnixMillis>,
    /// Why, in plain words.
    pub why: String,
}

impl Store {
    /// Restricts somebody, with what is written about it; a restriction that is there already is
    /// replaced. One transaction.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; then nothing has changed.
    pub async fn put_restricted(
        &self,
        row: Restricted,
        notifications: Vec<NewMessage>,
    ) -> Result<Vec<Committed>, StoreError> {
        let (mut prepared, mut files) = (Vec::new(), Vec::new());
        for notification in notifications {
            let (notification, file) = self.prepare(notification).await?;
            prepared.push(notification);
            files.extend(file);
        }
        let bytes: usize = prepared.iter().map(Prepared::bytes).sum();
        let bytes = bytes + row.name.len() + row.why.len();
        self.submit(Class::Record, bytes, files, move |work| {
            work.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO restricted (tenant, kind, name, since, until, why)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((
                    row.tenant.0.cast_signed(),
                    &row.kind,
                    &row.name,
                    row.since.0,
                    row.until.map(|until| until.0),
                    &row.why,
                ))?;
            prepared.iter().map(|notification| notification.insert(work.connection)).collect()
        })
        .await
    }

    /// Releases somebody; `false` where there was no restriction.
    ///
    /// # Errors
    /// As [`Store::put_restricted`].
    pub async fn release_restricted(
        &self,
        tenant: TenantId,
        kind: &str,
        name: &str,
    ) -> Result<bool, StoreError> {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        self.submit(Class::Settle, 0, Vec::new(), move |work| {
            let released = work
                .connection
                .prepare_cached(
                    "DELETE FROM restricted WHERE tenant = ?1 AND kind = ?2 AND name = ?3",
                )?
                .execute((tenant.0.cast_signed(), &kind, &name))?;
            Ok(released > 0)
        })
        .await
    }

    /// Everybody who is restricted, the latest first, whether or not the time is over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn restricted(&self) -> Result<Vec<Restricted>, StoreError> {
        self.inner.readers.read(|connection| Ok(rows(connection)?)).await
    }
}

fn rows(connection: &Connection) -> rusqlite::Result<Vec<Restricted>> {
    let mut statement = connection.prepare_cached(
        "SELECT tenant, kind, name, since, until, why FROM restricted
         ORDER BY since DESC, name LIMIT ?1",
    )?;
    let rows = statement.query_map([ROWS_MAX], |row| {
        Ok(Restricted {
            tenant: TenantId(row.get::<_, i64>(0)?.cast_unsigned()),
            kind: row.get(1)?,
            name: row.get(2)?,
            since: UnixMillis(row.get(3)?),
            until: row.get::<_, Option<i64>>(4)?.map(UnixMillis),
            why: row.get(5)?,
        })
    })?;
    rows.collect()
}
