//! Complaints: how often a tenant's people called a proven domain's bulk mail junk.
//!
//! The whole node's, by tenant, so that no tenant's voice counts for more than one. A count is
//! written in the transaction of the report that made it, and fades; fading is the caller's.

use std::time::Duration;

use posthouse_types::{TenantId, UnixMillis};
use rusqlite::Connection;

use crate::writer::Fault;
use crate::{Store, StoreError};

/// The step that brings the table. See `schema`.
pub(crate) const STEP: &str = "
BEGIN IMMEDIATE;
CREATE TABLE complaint (
    domain TEXT NOT NULL,
    tenant INTEGER NOT NULL,
    count REAL NOT NULL,
    updated INTEGER NOT NULL,  -- until when the count has faded
    PRIMARY KEY (domain, tenant)
) STRICT, WITHOUT ROWID;
CREATE INDEX complaint_updated ON complaint (updated);
PRAGMA user_version = 8;
COMMIT;
";

/// Counts that are read: as many as the node has in memory.
pub const COMPLAINTS_MAX: usize = 50_000;
/// Days after which a count has faded to next to nothing.
const COMPLAINT_DAYS: u64 = 90;
/// Messages with one Message-ID that are looked at: a sender may repeat it.
const SAME_ID_MAX: i64 = 20;

/// How often one tenant complained about one domain.
#[derive(Clone, Debug, PartialEq)]
pub struct ComplaintCount {
    /// The domain, proven.
    pub domain: Box<str>,
    /// Whose people complained.
    pub tenant: TenantId,
    /// How often, faded until then.
    pub count: f32,
    /// When it was changed.
    pub updated: UnixMillis,
}

/// Which message of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptName {
    /// By the transaction's reference.
    Reference(String),
    /// By its Message-ID.
    MessageId(String),
}

impl Store {
    /// The complaints that were made last, the latest first, at most [`COMPLAINTS_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn complaint_counts(&self) -> Result<Vec<ComplaintCount>, StoreError> {
        self.inner
            .readers
            .read(|connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT domain, tenant, count, updated FROM complaint
                     ORDER BY updated DESC LIMIT ?1",
                )?;
                let rows = statement.query_map([COMPLAINTS_MAX as i64], |row| {
                    Ok(ComplaintCount {
                        domain: row.get::<_, String>(0)?.into(),
                        tenant: TenantId(row.get::<_, i64>(1)?.cast_unsigned()),
                        count: row.get(2)?,
                        updated: UnixMillis(row.get(3)?),
                    })
                })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }

    /// What was known of a tenant's message that came since then, as the caller had it kept, the
    /// latest first; a bounded number where the name is not the message's alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept_facts(
        &self,
        tenant: TenantId,
        name: KeptName,
        since: UnixMillis,
    ) -> Result<Vec<String>, StoreError> {
        self.inner
            .readers
            .read(move |connection| {
                let (sql, name) = match &name {
                    KeptName::Reference(reference) => (FACTS_BY_REFERENCE, reference),
                    KeptName::MessageId(id) => (FACTS_BY_MESSAGE_ID, id),
                };
                let mut statement = connection.prepare_cached(sql)?;
                let tenant = tenant.0.cast_signed();
                let rows =
                    statement.query_map((tenant, name, since.0, SAME_ID_MAX), |row| row.get(0))?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }
}

const FACTS_BY_REFERENCE: &str = "
    SELECT facts FROM trace JOIN zero_hour ON zero_hour.trace = trace.id
    WHERE trace.reference = ?2 AND trace.tenant = ?1 AND trace.received >= ?3
    ORDER BY trace.id DESC LIMIT ?4";
const FACTS_BY_MESSAGE_ID: &str = "
    SELECT facts FROM trace JOIN zero_hour ON zero_hour.trace = trace.id
    WHERE trace.tenant = ?1 AND trace.received >= ?3 AND trace.message_id = ?2
    ORDER BY trace.id DESC LIMIT ?4";

/// Puts a count in the place of what is there.
pub(crate) fn write(connection: &Connection, one: &ComplaintCount) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO complaint (domain, tenant, count, updated)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((&*one.domain, one.tenant.0.cast_signed(), one.count, one.updated.0))?;
    Ok(())
}

/// Forgets what is too old to matter.
pub(crate) fn purge(connection: &Connection, now: UnixMillis, rows_max: u64) -> Result<u64, Fault> {
    let before = (now - Duration::from_secs(COMPLAINT_DAYS * 24 * 3600)).0;
    let purged = connection
        .prepare_cached(
            "DELETE FROM complaint WHERE (domain, tenant) IN
                (SELECT domain, tenant FROM complaint WHERE updated < ?1
                 ORDER BY updated LIMIT ?2)",
        )?
        .execute((before, rows_max.cast_signed()))?;
    Ok(purged as u64)
}
