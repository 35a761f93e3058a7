//! What a tenant's people reported, and what was learned from it.
//!
//! The store keeps both and does not read what was learned: the bytes are the caller's. A report
//! and what it taught are one transaction, so that nothing counts that nobody can look up.

use posthouse_types::{TenantId, UnixMillis};
use rusqlite::{Connection, OptionalExtension};

use crate::trace::bounded;
use crate::writer::{Class, Fault};
use crate::{ComplaintCount, QuarantineId, Store, StoreError, complaints};

/// What a report's row costs in its transaction, about.
const REPORT_BYTES: usize = 1024;

/// The step that brings the tables. See `schema`.
pub(crate) const STEP: &str = "
BEGIN IMMEDIATE;
CREATE TABLE learned (
    tenant INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant INTEGER NOT NULL,
    time INTEGER NOT NULL,
    said TEXT NOT NULL,
    by TEXT NOT NULL,
    by_user INTEGER NOT NULL,  -- a recipient, not an administrator
    reference TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT NOT NULL,
    quarantine INTEGER         -- its place in quarantine, where it lay there
) STRICT;
CREATE INDEX report_tenant ON report (tenant, id);
CREATE INDEX report_time ON report (time);
PRAGMA user_version = 5;
COMMIT;
";

/// What somebody said of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whose mail it was.
    pub tenant: TenantId,
    /// When it was said.
    pub time: UnixMillis,
    /// The caller's word: `junk`, `phish`, `not-junk`.
    pub said: String,
    /// Who said it.
    pub by: String,
    /// A recipient, not an administrator.
    pub by_user: bool,
    /// The transaction's reference; empty where it was not this node's.
    pub reference: String,
    /// The Message-ID header.
    pub message_id: String,
    /// Who it was from.
    pub sender: String,
    /// The Subject.
    pub subject: String,
    /// Its place in quarantine.
    pub quarantine: Option<QuarantineId>,
}

/// A report, and what the tenant knows with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// What was said.
    pub report: Report,
    /// All that the tenant has learned, this report included.
    pub learned: Vec<u8>,
    /// What it makes of the tenant's complaints about the sender, where it is one.
    pub complaint: Option<ComplaintCount>,
}

impl Lesson {
    pub(crate) fn bytes(&self) -> usize {
        REPORT_BYTES + self.learned.len()
    }

    /// Writes all of it, in the transaction that runs.
    pub(crate) fn write(&self, connection: &Connection) -> Result<(), Fault> {
        let Self { report, learned, complaint } = self;
        if let Some(complaint) = complaint {
            complaints::write(connection, complaint)?;
        }
        let tenant = report.tenant.0.cast_signed();
        connection
            .prepare_cached(
                "INSERT INTO learned (tenant, time, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET time = ?2, bytes = ?3",
            )?
            .execute((tenant, report.time.0, learned))?;
        connection
            .prepare_cached(
                "INSERT INTO report (tenant, time, said, by, by_user, reference, message_id, sender,
                    subject, quarantine)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                tenant,
                report.time.0,
                &report.said,
                &report.by,
                report.by_user,
                &report.reference,
                &report.message_id,
                &report.sender,
                &report.subject,
                report.quarantine.map(|id| id.0),
            ))?;
        Ok(())
    }
}

impl Store {
    /// Keeps a report and what it taught. One transaction.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; then neither is kept.
    pub async fn teach(&self, lesson: Lesson) -> Result<(), StoreError> {
        let bytes = lesson.bytes();
        self.submit(Class::Record, bytes, Vec::new(), move |work| lesson.write(work.connection))
            .await
    }

    /// What a tenant has learned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn learned(&self, tenant: TenantId) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner
            .readers
            .read(move |connection| {
                let mut statement =
                    connection.prepare_cached("SELECT bytes FROM learned WHERE tenant = ?1")?;
                Ok(statement.query_row([tenant.0.cast_signed()], |row| row.get(0)).optional()?)
            })
            .await
    }

    /// The tenants that have learned anything.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tenants_that_learned(&self) -> Result<Vec<TenantId>, StoreError> {
        self.inner
            .readers
            .read(|connection| {
                let mut statement = connection.prepare_cached("SELECT tenant FROM learned")?;
                let tenants = statement
                    .query_map([], |row| Ok(TenantId(row.get::<_, i64>(0)?.cast_unsigned())))?;
                Ok(tenants.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// What a tenant's users, or its administrators, said last of a message; none where they said
    /// nothing, or nothing tells it from others.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_said(&self, report: &Report) -> Result<Option<String>, StoreError> {
        if report.message_id.is_empty() {
            return Ok(None);
        }
        let Report { tenant, by_user, message_id, sender, subject, .. } = report.clone();
        self.inner
            .readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT said FROM report WHERE tenant = ?1 AND by_user = ?2
                        AND message_id = ?3 AND sender = ?4 AND subject = ?5
                     ORDER BY id DESC LIMIT 1",
                )?;
                let tenant = tenant.0.cast_signed();
                let row = (tenant, by_user, &message_id, &sender, &subject);
                Ok(statement.query_row(row, |row| row.get(0)).optional()?)
            })
            .await
    }

    /// Reports, newest first; of one tenant, or of all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reports(
        &self,
        tenant: Option<TenantId>,
        limit: usize,
    ) -> Result<Vec<Report>, StoreError> {
        let limit = bounded(limit).cast_signed() as i64;
        let tenant = tenant.map(|tenant| tenant.0.cast_signed());
        self.inner
            .readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(match tenant {
                    Some(_) => REPORTS_OF_TENANT,
                    None => REPORTS,
                })?;
                let rows = match tenant {
                    Some(tenant) => statement.query_map((limit, tenant), report)?,
                    None => statement.query_map([limit], report)?,
                };
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }
}

const REPORTS: &str = "
    SELECT tenant, time, said, by, by_user, reference, message_id, sender, subject, quarantine
    FROM report ORDER BY id DESC LIMIT ?1";
const REPORTS_OF_TENANT: &str = "
    SELECT tenant, time, said, by, by_user, reference, message_id, sender, subject, quarantine
    FROM report WHERE tenant = ?2 ORDER BY id DESC LIMIT ?1";

fn report(row: &rusqlite::Row<'_>) -> rusqlite::Result<Report> {
    Ok(Report {
        tenant: TenantId(row.get::<_, i64>(0)?.cast_unsigned()),
        time: UnixMillis(row.get(1)?),
        said: row.get(2)?,
        by: row.get(3)?,
        by_user: row.get(4)?,
        reference: row.get(5)?,
        message_id: row.get(6)?,
        sender: row.get(7)?,
        subject: row.get(8)?,
        quarantine: row.get::<_, Option<i64>>(9)?.map(QuarantineId),
    })
}

/// Ends old reports; what was learned from them stays.
pub(crate) fn purge(
    connection: &Connection,
    before: UnixMillis,
    rows_max: u64,
) -> Result<u64, Fault> {
    let ended = connection
        .prepare_cached(
            "DELETE FROM report WHERE id IN (SELECT id FROM report WHERE time < ?1
                ORDER BY time LIMIT ?2)",
        )?
        .execute((before.0, rows_max.cast_signed()))?;
    Ok(ended as u64)
}
