//! Counts that the node keeps beside the mail: who wrote to whom, who sends as whom, what mail of a
//! source came to, how often a signature was seen.
//!
//! Written in one job for many messages, since no mail waits for them: a crash loses those of the
//! last seconds, never a message. Sources and signatures are the whole node's; pairs are a tenant's.

use std::time::Duration;

use posthouse_types::{SourceKind, Tally, TenantId, UnixMillis};
use rusqlite::Connection;

use crate::pairs::SpoofSeen;
use crate::writer::{Class, Fault};
use crate::{Store, StoreError};

/// The step that brings the tables. See `schema`.
pub(crate) const STEP: &str = "
BEGIN IMMEDIATE;
CREATE TABLE source (
    kind INTEGER NOT NULL,     -- 0 address, 1 network, 2 domain
    name TEXT NOT NULL,
    good REAL NOT NULL,
    spam REAL NOT NULL,
    phish REAL NOT NULL,
    malware REAL NOT NULL,
    bulk REAL NOT NULL,
    updated INTEGER NOT NULL,  -- until when the counts have faded
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_updated ON source (updated);
CREATE TABLE signature (
    name TEXT PRIMARY KEY,
    recipients INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signature_last ON signature (last);
CREATE TABLE entry_use (
    tenant INTEGER NOT NULL,
    entry TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tenant, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_use_last ON entry_use (last);
ALTER TABLE spoof_pair ADD COLUMN address TEXT;
PRAGMA user_version = 4;
COMMIT;
";

/// Sources that stay: as many as the node has in memory. Of more, those that were silent longest go.
pub const SOURCES_MAX: usize = 50_000;
/// Signatures that stay.
pub const SIGNATURES_MAX: usize = 50_000;
/// Entries whose use is read at once: more are rarely in use on one node, and none is lost by it,
/// only looked at after others have gone.
const USES_READ_MAX: usize = 200_000;
/// Days after which an entry's use does not matter to anybody any more: none may last longer.
const USE_DAYS: u64 = 60;
/// Days without mail after which a source's counts have faded to next to nothing.
const SOURCE_DAYS: u64 = 90;
/// Days that a signature is remembered: a campaign that repeats one lasts for days.
pub const SIGNATURE_DAYS: u64 = 7;
/// Bytes that a row adds to its transaction, about.
const ROW_BYTES: usize = 128;

/// What mail of one source came to.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceCount {
    /// What kind of source.
    pub kind: SourceKind,
    /// Which.
    pub name: Box<str>,
    /// The counts, faded until then.
    pub tally: Tally,
    /// When they were changed.
    pub updated: UnixMillis,
}

/// How many recipients mail with one signature had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureCount {
    /// Whose signature, and which.
    pub name: Box<str>,
    /// So many.
    pub recipients: u64,
    /// When the last one was seen.
    pub last: UnixMillis,
}

/// Messages from a sender to a recipient, addresses folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCount {
    /// Whose pair it is.
    pub tenant: TenantId,
    /// Who wrote.
    pub sender: Box<str>,
    /// To whom.
    pub recipient: Box<str>,
    /// How many more.
    pub count: u64,
    /// When the last one came.
    pub last: UnixMillis,
}

/// When an entry of a tenant's list was used last, or was put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryUse {
    /// Whose list.
    pub tenant: TenantId,
    /// The entry, by the caller's name for it.
    pub entry: Box<str>,
    /// When.
    pub last: UnixMillis,
}

/// Everything that is to be counted at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Added to what is there.
    pub contacts: Vec<ContactCount>,
    /// Added to what is there.
    pub spoofs: Vec<(TenantId, SpoofSeen)>,
    /// Put in the place of what is there.
    pub sources: Vec<SourceCount>,
    /// Put in the place of what is there.
    pub signatures: Vec<SignatureCount>,
    /// Put in the place of what is there, unless that is later.
    pub uses: Vec<EntryUse>,
}

impl Counts {
    /// How many rows that is.
    pub fn len(&self) -> usize {
        let ours = self.sources.len() + self.signatures.len();
        self.contacts.len() + self.spoofs.len() + self.uses.len() + ours
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Store {
    /// Writes counts, in one transaction with whatever else waits.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] or [`StoreError::Unavailable`]; then none of them is written.
    pub async fn record_counts(&self, counts: Counts) -> Result<(), StoreError> {
        let bytes = counts.len() * ROW_BYTES;
        self.submit(Class::Record, bytes, Vec::new(), move |work| {
            contacts(work.connection, &counts.contacts)?;
            spoofs(work.connection, &counts.spoofs)?;
            sources(work.connection, &counts.sources)?;
            signatures(work.connection, &counts.signatures)?;
            uses(work.connection, &counts.uses)
        })
        .await
    }

    /// The sources that mail came from last, the latest first, at most [`SOURCES_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn source_counts(&self) -> Result<Vec<SourceCount>, StoreError> {
        self.inner
            .readers
            .read(|connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT kind, name, good, spam, phish, malware, bulk, updated FROM source
                     ORDER BY updated DESC LIMIT ?1",
                )?;
                let rows = statement.query_map([SOURCES_MAX as i64], |row| {
                    Ok(SourceCount {
                        kind: kind_of(row.get(0)?),
                        name: row.get::<_, String>(1)?.into(),
                        tally: Tally {
                            good: row.get(2)?,
                            spam: row.get(3)?,
                            phish: row.get(4)?,
                            malware: row.get(5)?,
                            bulk: row.get(6)?,
                        },
                        updated: UnixMillis(row.get(7)?),
                    })
                })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }

    /// When entries of lists were used last, each tenant's together; with a bound.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn entry_uses(&self) -> Result<Vec<EntryUse>, StoreError> {
        self.inner
            .readers
            .read(|connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT tenant, entry, last FROM entry_use ORDER BY tenant LIMIT ?1",
                )?;
                let rows = statement.query_map([USES_READ_MAX as i64], |row| {
                    Ok(EntryUse {
                        tenant: TenantId(row.get::<_, i64>(0)?.cast_unsigned()),
                        entry: row.get::<_, String>(1)?.into(),
                        last: UnixMillis(row.get(2)?),
                    })
                })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }

    /// The signatures that were seen last, the latest first, at most [`SIGNATURES_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn signature_counts(&self) -> Result<Vec<SignatureCount>, StoreError> {
        self.inner
            .readers
            .read(|connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT name, recipients, last FROM signature ORDER BY last DESC LIMIT ?1",
                )?;
                let rows = statement.query_map([SIGNATURES_MAX as i64], |row| {
                    Ok(SignatureCount {
                        name: row.get::<_, String>(0)?.into(),
                        recipients: row.get::<_, i64>(1)?.cast_unsigned(),
                        last: UnixMillis(row.get(2)?),
                    })
                })?;
                Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
            })
            .await
    }
}

fn uses(connection: &Connection, counts: &[EntryUse]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO entry_use (tenant, entry, last) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET last = max(last, ?3)",
    )?;
    for one in counts {
        statement.execute((one.tenant.0.cast_signed(), &*one.entry, one.last.0))?;
    }
    Ok(())
}

fn contacts(connection: &Connection, counts: &[ContactCount]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO contact (tenant, sender, recipient, count, last) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET count = count + ?4, last = max(last, ?5)",
    )?;
    for one in counts {
        statement.execute((
            one.tenant.0.cast_signed(),
            &*one.sender,
            &*one.recipient,
            one.count.cast_signed(),
            one.last.0,
        ))?;
    }
    Ok(())
}

fn spoofs(connection: &Connection, counts: &[(TenantId, SpoofSeen)]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO spoof_pair (tenant, spoofed, infrastructure, internal, count, last, address)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET count = count + ?5, last = max(last, ?6), address = ?7",
    )?;
    for (tenant, seen) in counts {
        statement.execute((
            tenant.0.cast_signed(),
            seen.spoofed.as_str(),
            &seen.infrastructure,
            seen.is_internal,
            seen.count.cast_signed(),
            seen.last.0,
            seen.address.map(|address| address.to_string()),
        ))?;
    }
    Ok(())
}

fn sources(connection: &Connection, counts: &[SourceCount]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO source (kind, name, good, spam, phish, malware, bulk, updated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for one in counts {
        let tally = &one.tally;
        statement.execute((
            number_of(one.kind),
            &*one.name,
            tally.good,
            tally.spam,
            tally.phish,
            tally.malware,
            tally.bulk,
            one.updated.0,
        ))?;
    }
    Ok(())
}

fn signatures(connection: &Connection, counts: &[SignatureCount]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO signature (name, recipients, last) VALUES (?1, ?2, ?3)",
    )?;
    for one in counts {
        statement.execute((&*one.name, one.recipients.cast_signed(), one.last.0))?;
    }
    Ok(())
}

/// Forgets what is too old to matter, and the oldest of what is too much: strangers can make as
/// many sources as they have addresses.
pub(crate) fn purge(connection: &Connection, now: UnixMillis, rows_max: u64) -> Result<u64, Fault> {
    let before = |days| (now - Duration::from_secs(days * 24 * 3600)).0;
    let sources = connection
        .prepare_cached(
            "DELETE FROM source WHERE (kind, name) IN
                (SELECT kind, name FROM source WHERE updated < ?1 ORDER BY updated LIMIT ?2)",
        )?
        .execute((before(SOURCE_DAYS), rows_max.cast_signed()))? as u64;
    let left = rows_max.saturating_sub(sources);
    let signatures = connection
        .prepare_cached(
            "DELETE FROM signature WHERE name IN
                (SELECT name FROM signature WHERE last < ?1 ORDER BY last LIMIT ?2)",
        )?
        .execute((before(SIGNATURE_DAYS), left.cast_signed()))? as u64;
    let left = left.saturating_sub(signatures);
    let sources_over = connection
        .prepare_cached(
            "DELETE FROM source WHERE (kind, name) IN (SELECT kind, name FROM source ORDER BY updated
                LIMIT min(?2, max(0, (SELECT count(*) FROM source) - ?1)))",
        )?
        .execute((SOURCES_MAX as i64, left.cast_signed()))? as u64;
    let left = left.saturating_sub(sources_over);
    let signatures_over = connection
        .prepare_cached(
            "DELETE FROM signature WHERE name IN (SELECT name FROM signature ORDER BY last
                LIMIT min(?2, max(0, (SELECT count(*) FROM signature) - ?1)))",
        )?
        .execute((SIGNATURES_MAX as i64, left.cast_signed()))? as u64;
    let left = left.saturating_sub(signatures_over);
    let uses = connection
        .prepare_cached(
            "DELETE FROM entry_use WHERE (tenant, entry) IN
                (SELECT tenant, entry FROM entry_use WHERE last < ?1 ORDER BY last LIMIT ?2)",
        )?
        .execute((before(USE_DAYS), left.cast_signed()))? as u64;
    Ok(sources + signatures + sources_over + signatures_over + uses)
}

fn number_of(kind: SourceKind) -> i64 {
    match kind {
        SourceKind::Address => 0,
        SourceKind::Network => 1,
        SourceKind::Domain => 2,
    }
}

fn kind_of(number: i64) -> SourceKind {
    match number {
        0 => SourceKind::Address,
        1 => SourceKind::Network,
        _ => SourceKind::Domain,
    }
}
