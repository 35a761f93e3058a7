//! The tables, and the steps from each version of them to the next.
//!
//! Static SQL only. Each step is one transaction that ends with its own version number, so that a
//! step that was killed midway has not happened. Steps go forward only; a newer version is refused.

use rusqlite::Connection;

use crate::{OpenError, complaints, counts, learned, notifications, restricted, zero_hour};

/// The steps; the first makes version 1 of nothing. `PRAGMA user_version` holds the version.
/// A step that has been released is never changed.
pub(crate) const MIGRATIONS: &[&str] = &[
    VERSION_1,
    VERSION_2,
    restricted::STEP,
    counts::STEP,
    learned::STEP,
    zero_hour::STEP,
    notifications::STEP,
    complaints::STEP,
];

/// Bodies stand apart from messages, so that views of the queue read dense pages. Recipients hold
/// the number of their trace row, so that settling needs no look-up by name. AUTOINCREMENT where a
/// number that was once shown must never mean something else. Indices are few, since each costs a
/// page for each commit; the partial ones hold only rows that their one query wants.
const VERSION_1: &str = "
BEGIN IMMEDIATE;
CREATE TABLE node (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL,
    starts INTEGER NOT NULL,   -- how often the store was opened: names body files
    groups INTEGER NOT NULL    -- the last transaction of the writer: tells whether it is there
) STRICT;
CREATE TABLE tenant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    json TEXT NOT NULL
) STRICT;
CREATE TABLE verified_domain (
    domain TEXT PRIMARY KEY,
    tenant INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX verified_domain_tenant ON verified_domain (tenant);
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL,
    tenant INTEGER,
    received INTEGER NOT NULL,
    sender TEXT,
    authenticated INTEGER NOT NULL,
    declared_size INTEGER,
    body_type INTEGER NOT NULL,
    smtputf8 INTEGER NOT NULL,
    dsn_return INTEGER,
    envelope_id TEXT,
    size INTEGER NOT NULL,     -- head and body, in bytes
    checksum INTEGER NOT NULL, -- of head and body
    body_file TEXT,            -- where the body is no row but a file
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;
CREATE INDEX message_file ON message (body_file) WHERE body_file IS NOT NULL;
CREATE TABLE body (
    message INTEGER PRIMARY KEY,
    head BLOB NOT NULL,
    data BLOB
) STRICT;
CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    trace INTEGER,
    state INTEGER NOT NULL,    -- 0 queued, 1 held, 2 damaged
    due INTEGER NOT NULL,
    since INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    notice_sent INTEGER NOT NULL,
    address TEXT NOT NULL,
    notify INTEGER,
    original TEXT,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX queue_message ON queue (message);
CREATE INDEX queue_due ON queue (due) WHERE state = 0;
CREATE INDEX queue_aside ON queue (state, since) WHERE state > 0;
CREATE TABLE trace (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received INTEGER NOT NULL,
    tenant INTEGER,
    reference TEXT NOT NULL,
    status INTEGER NOT NULL,
    direction INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    from_ip TEXT NOT NULL,
    to_ip TEXT NOT NULL,
    connector TEXT NOT NULL,
    reason TEXT NOT NULL,
    explanation TEXT
) STRICT;
CREATE INDEX trace_reference ON trace (reference);
CREATE INDEX trace_received ON trace (received);
CREATE INDEX trace_tenant ON trace (tenant, received) WHERE tenant IS NOT NULL;
CREATE TABLE trace_event (
    trace INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time INTEGER NOT NULL,
    step INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (trace, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    tenant INTEGER,
    reference TEXT NOT NULL,
    json TEXT NOT NULL
) STRICT;
CREATE INDEX event_time ON event (time);
CREATE INDEX event_reference ON event (reference) WHERE reference <> '';
CREATE INDEX event_tenant ON event (tenant) WHERE tenant IS NOT NULL;
PRAGMA user_version = 1;
COMMIT;
";

/// Quarantine: a recipient's row of the queue is in state 3 while its message is kept, so that one
/// message stays one object; what is told about it stands in `quarantine`, which also outlives the
/// message once it was released. Pairs of senders and recipients, and of forged senders and where
/// they come from, are kept with counts.
const VERSION_2: &str = "
BEGIN IMMEDIATE;
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    queue INTEGER NOT NULL,    -- its place in the queue while it is there
    tenant INTEGER,
    reference TEXT NOT NULL,
    received INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    sender TEXT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    outbound INTEGER NOT NULL,
    reason TEXT NOT NULL,
    policy_kind TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    quarantine_policy TEXT NOT NULL,
    permissions INTEGER NOT NULL,
    notifies INTEGER NOT NULL,
    override TEXT NOT NULL,    -- why the sender's address was overridden
    status INTEGER NOT NULL,
    released_by TEXT NOT NULL
) STRICT;
CREATE INDEX quarantine_message ON quarantine (message);
CREATE INDEX quarantine_expires ON quarantine (expires);
CREATE INDEX quarantine_tenant ON quarantine (tenant, id) WHERE tenant IS NOT NULL;
CREATE TABLE quarantine_act (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    quarantine INTEGER NOT NULL,
    tenant INTEGER,
    time INTEGER NOT NULL,
    act TEXT NOT NULL,
    by TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX quarantine_act_of ON quarantine_act (quarantine);
CREATE INDEX quarantine_act_time ON quarantine_act (time);
CREATE TABLE contact (
    tenant INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    count INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tenant, sender, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_last ON contact (last);
CREATE TABLE spoof_pair (
    tenant INTEGER NOT NULL,
    spoofed TEXT NOT NULL,
    infrastructure TEXT NOT NULL,
    internal INTEGER NOT NULL,
    count INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tenant, spoofed, infrastructure)
) STRICT, WITHOUT ROWID;
CREATE INDEX spoof_pair_last ON spoof_pair (last);
PRAGMA user_version = 2;
COMMIT;
";

/// Brings the database to the newest version.
///
/// # Errors
/// [`OpenError::NewerSchema`], or the engine's own; then the step that failed has not happened.
pub(crate) fn migrate(connection: &Connection) -> Result<i64, OpenError> {
    migrate_by(connection, MIGRATIONS)
}

fn migrate_by(connection: &Connection, steps: &[&str]) -> Result<i64, OpenError> {
    let found = version(connection)?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let done = usize::try_from(found).ok().filter(|_| found <= known);
    let Some(done) = done else { return Err(OpenError::NewerSchema { found, known }) };
    for step in steps.iter().skip(done) {
        connection.execute_batch(step)?;
    }
    Ok(found)
}

/// The schema's version; 0 of an empty file.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// The number that a counting query gives.
pub(crate) fn count(connection: &Connection, sql: &'static str) -> rusqlite::Result<u64> {
    let number: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(number.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT_STEP: &str = "BEGIN IMMEDIATE; ALTER TABLE tenant ADD COLUMN note TEXT;
        PRAGMA user_version = 3; COMMIT;";
    const BROKEN_STEP: &str = "BEGIN IMMEDIATE; CREATE TABLE half (a); PRAGMA user_version = 3;
        CREATE TABLE tenant (a); COMMIT;";

    #[test]
    fn flt_25_each_version_is_brought_forward_with_its_rows() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(migrate_by(&connection, &[VERSION_1]).unwrap(), 0);
        connection.execute("INSERT INTO tenant (name, json) VALUES ('contoso', '{}')", []).unwrap();
        assert_eq!(migrate_by(&connection, &[VERSION_1, VERSION_2, NEXT_STEP]).unwrap(), 1);
        assert_eq!(version(&connection).unwrap(), 3);
        let rows: i64 = connection
            .query_row("SELECT count(note IS NULL) FROM tenant", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn flt_25_a_store_of_version_1_keeps_its_mail_and_gains_quarantine() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_by(&connection, &[VERSION_1]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO queue (message, state, due, since, attempts, notice_sent, address,
                    reason, detail) VALUES (1, 1, 0, 0, 0, 0, 'a@b.example', 'undeliverable', '')",
            )
            .unwrap();
        assert_eq!(migrate(&connection).unwrap(), 1);
        assert_eq!(version(&connection).unwrap(), MIGRATIONS.len() as i64);
        assert_eq!(count(&connection, "SELECT count(*) FROM queue WHERE state = 1").unwrap(), 1);
        for empty in [
            "SELECT count(*) FROM quarantine",
            "SELECT count(*) FROM quarantine_act",
            "SELECT count(*) FROM contact",
            "SELECT count(*) FROM spoof_pair",
            "SELECT count(*) FROM source",
            "SELECT count(*) FROM signature",
        ] {
            assert_eq!(count(&connection, empty).unwrap(), 0, "{empty}");
        }
    }

    #[test]
    fn flt_25_what_was_kept_before_there_were_notifications_is_told_at_once() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_by(&connection, &MIGRATIONS[..6]).unwrap();
        // Notifies, outbound, status: only the first is for its recipient to hear of.
        for (notifies, outbound, status) in [(1, 0, 0), (0, 0, 0), (1, 1, 0), (1, 0, 4)] {
            connection
                .execute(
                    "INSERT INTO quarantine (message, queue, reference, received, expires,
                        recipient, subject, message_id, size, outbound, reason, policy_kind,
                        policy_name, quarantine_policy, permissions, notifies, override, status,
                        released_by)
                     VALUES (1, 1, '', 5, 9, '', '', '', 0, ?2, '', '', '', '', 0, ?1, '', ?3, '')",
                    (notifies, outbound, status),
                )
                .unwrap();
        }
        assert_eq!(migrate(&connection).unwrap(), 6);
        let due: Option<i64> = connection
            .query_row(
                "SELECT sum(notify_due) FROM quarantine WHERE id = 1 OR notify_due IS NOT NULL",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(due, Some(5));
    }

    #[test]
    fn flt_25_a_step_that_failed_midway_has_not_happened() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let connection = Connection::open(file.path()).unwrap();
        migrate_by(&connection, &[VERSION_1, VERSION_2]).unwrap();
        assert!(migrate_by(&connection, &[VERSION_1, VERSION_2, BROKEN_STEP]).is_err());
        drop(connection);
        let connection = Connection::open(file.path()).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        assert_eq!(migrate_by(&connection, &[VERSION_1, VERSION_2, NEXT_STEP]).unwrap(), 2);
    }

    #[test]
    fn flt_25_a_newer_schema_is_refused_untouched() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA user_version = 99").unwrap();
        let refused = migrate(&connection).unwrap_err();
        assert!(matches!(refused, OpenError::NewerSchema { found: 99, .. }), "{refused}");
        assert_eq!(version(&connection).unwrap(), 99);
    }
}
