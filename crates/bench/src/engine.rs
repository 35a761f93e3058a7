//! The database alone: SQLite's own pace with messages of 10 kB, a queue row and a trace row each,
//! synced to disk in groups of 32. What our store is measured against.
//!
//! May touch: a database in a folder of its own. Shares no code with the store, so that it is the
//! engine's pace and not ours.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::Result;
use crate::load;

/// Messages of one transaction.
const GROUP: u64 = 32;

const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE message (id INTEGER PRIMARY KEY, envelope TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE queue (id INTEGER PRIMARY KEY, message INTEGER, due INTEGER, recipient TEXT);
    CREATE INDEX due ON queue (due);
    CREATE TABLE trace (id INTEGER PRIMARY KEY, reference TEXT, time INTEGER, row TEXT);
    CREATE INDEX reference ON trace (reference);";

/// Messages that are committed in a second.
pub(crate) fn messages_per_second(place: &Path, time: Duration) -> Result<f64> {
    let folder = tempfile::Builder::new().prefix("posthouse-bench-").tempdir_in(place)?;
    let mut connection = Connection::open(folder.path().join("engine.db"))?;
    connection.execute_batch(TABLES)?;
    let (head, tail) = load::message();
    let body = [head, tail].concat();
    let begun = Instant::now();
    let mut number = 0;
    while begun.elapsed() < time {
        let transaction = connection.transaction()?;
        for _ in 0..GROUP {
            number += 1;
            insert(&transaction, number, &body)?;
        }
        transaction.commit()?;
    }
    Ok(number as f64 / begun.elapsed().as_secs_f64())
}

fn insert(connection: &Connection, number: u64, body: &[u8]) -> Result<()> {
    let number = number.cast_signed();
    let reference =
        format!("{:016X}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed()));
    connection
        .prepare_cached("INSERT INTO message (envelope, body) VALUES (?1, ?2)")?
        .execute(("alice@contoso.example", body))?;
    connection
        .prepare_cached("INSERT INTO queue (message, due, recipient) VALUES (?1, ?2, ?3)")?
        .execute((number, number, "bob@elsewhere.example"))?;
    connection
        .prepare_cached("INSERT INTO trace (reference, time, row) VALUES (?1, ?2, ?3)")?
        .execute((reference, number, "alice@contoso.example bob@elsewhere.example received"))?;
    Ok(())
}
