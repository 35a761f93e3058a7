//! Opening the store: its folder, lock, schema, and what recovery finds.
//!
//! Touches the data folder only. One process at a time; a folder of a newer version is left as it
//! is. Whatever an earlier process left half done is finished or removed here, and said.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::mpsc;

use crate::draft::{Bodies, sync_folder};
use crate::fresh::Fresh;
use crate::readers::{Readers, STATEMENTS_KEPT};
use crate::room::{Reserve, Room};
use crate::writer::{Bounds, Control, Parts, Writer, renew_log};
use crate::{Inner, OpenError, Recovery, Store, schema};

/// The bounds of a store, each with a default.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The node's secret, should this be its first start: 32 random bytes of the caller's.
    /// Without it a new folder is refused, since a secret that everyone knows is none.
    pub secret_if_new: Option<[u8; 32]>,
    /// Bodies up to this size stand in the database (64 KiB): one sync for all; larger ones get
    /// a file, which is synced by itself.
    pub inline_bytes_max: usize,
    /// Most jobs in one transaction (256): beyond, a group's commit takes longer than it saves.
    pub group_jobs_max: usize,
    /// Most bytes in one transaction, about (8 MiB): the log must stay well below its bound.
    pub group_bytes_max: usize,
    /// Most jobs that wait for the writer (1,024): with full bodies 64 MiB. Who comes then waits.
    pub waiting_jobs_max: usize,
    /// New mail is refused while fewer bytes are free (64 MiB): room for what was accepted.
    pub disk_reserve_bytes: u64,
    /// Blocks kept for settling on a disk that others have filled (32 MiB): more than the log
    /// holds between two checkpoints, so that it can go into the database. 0 keeps none.
    pub reserve_file_bytes: u64,
    /// The write-ahead log is made to start over beyond this (64 MiB).
    pub wal_bytes_max: u64,
    /// Most reads at a time (4).
    pub readers_max: usize,
    /// Mail that waits for its first delivery is in memory too, up to so many bytes (32 MiB).
    pub fresh_bytes_max: usize,
}

impl StoreOptions {
    /// Free bytes that a store in this folder wants on its disk before it takes mail (96 MiB by
    /// default): what must stay free, and the reserve that it sets aside first, unless it is there.
    pub fn room_wanted_bytes(&self, data_dir: &Path) -> u64 {
        let layout = Layout { data_dir: data_dir.to_owned() };
        let held = layout.reserve().metadata().map_or(0, |reserve| reserve.len());
        self.disk_reserve_bytes + self.reserve_file_bytes.saturating_sub(held)
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            secret_if_new: None,
            inline_bytes_max: 64 * 1024,
            group_jobs_max: 256,
            group_bytes_max: 8 * 1024 * 1024,
            waiting_jobs_max: 1024,
            disk_reserve_bytes: 64 * 1024 * 1024,
            reserve_file_bytes: 32 * 1024 * 1024,
            wal_bytes_max: 64 * 1024 * 1024,
            readers_max: 4,
            fresh_bytes_max: 32 * 1024 * 1024,
        }
    }
}

/// The names in a data folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) data_dir: PathBuf,
}

impl Layout {
    pub(crate) fn database(&self) -> PathBuf {
        self.data_dir.join("posthouse.db")
    }

    pub(crate) fn wal(&self) -> PathBuf {
        self.data_dir.join("posthouse.db-wal")
    }

    pub(crate) fn wal_copy(&self) -> PathBuf {
        self.data_dir.join("posthouse.db-wal.new")
    }

    pub(crate) fn shm(&self) -> PathBuf {
        self.data_dir.join("posthouse.db-shm")
    }

    pub(crate) fn bodies(&self) -> PathBuf {
        self.data_dir.join("bodies")
    }

    pub(crate) fn damaged(&self) -> PathBuf {
        self.data_dir.join("damaged")
    }

    fn lock(&self) -> PathBuf {
        self.data_dir.join("lock")
    }

    fn reserve(&self) -> PathBuf {
        self.data_dir.join("reserve")
    }
}

/// Checkpoints run when the log has so many pages (4 KiB each): often enough to keep it small,
/// seldom enough that pages of mail that was delivered meanwhile are written back only once.
const CHECKPOINT_PAGES: i64 = 4000;

/// The writer's page cache, in KiB; negative is SQLite's way to say KiB.
const WRITER_CACHE_KIB: i64 = -16_000;

/// How long the writer waits for readers when it makes the log start over.
const READERS_WAIT: Duration = Duration::from_millis(250);

/// A connection that writes.
pub(crate) fn connect(database: &Path, wal_bytes_max: u64) -> rusqlite::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.busy_timeout(READERS_WAIT)?;
    // Otherwise a statement is planned anew for many a value: more work than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let words = format!("this file system cannot hold a write-ahead log (mode {mode})");
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        return Err(rusqlite::Error::SqliteFailure(code, Some(words)));
    }
    let wal_bytes_max = i64::try_from(wal_bytes_max).unwrap_or(i64::MAX);
    // FULL: each commit syncs the log before it returns. This is what a 250 rests on.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", wal_bytes_max)?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

impl Store {
    /// Opens the store in this folder, which is made (0700) where it is missing. Blocks while
    /// recovery reads the log.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed where the folder is in use or newer than this version.
    pub fn open(data_dir: &Path, options: StoreOptions) -> Result<(Self, Recovery), OpenError> {
        let layout = Layout { data_dir: data_dir.to_owned() };
        make_folder(data_dir)?;
        let lock = lock(&layout)?;
        for folder in [layout.bodies(), layout.damaged()] {
            make_folder(&folder)?;
        }
        let mut recovery = Recovery::default();
        recover_log(&layout, &mut recovery)?;
        let connection = connect(&layout.database(), options.wal_bytes_max)?;
        schema::migrate(&connection)?;
        let (secret, starts) = begin_start(&connection, options.secret_if_new)?;
        let bodies = Bodies::open(layout.bodies(), options.inline_bytes_max, starts)
            .map_err(OpenError::io("making the folders for message bodies"))?;
        let bodies = Arc::new(bodies);
        examine(&connection, &layout, &mut recovery)?;

        let readers = Arc::new(Readers::new(layout.database(), options.readers_max));
        let fresh = Arc::new(Fresh::new(options.fresh_bytes_max));
        let reserve = Reserve::new(layout.reserve(), options.reserve_file_bytes);
        let room = Room::new(layout.data_dir.clone(), options.disk_reserve_bytes);
        let bounds = Bounds {
            group_jobs_max: options.group_jobs_max,
            group_bytes_max: options.group_bytes_max,
            wal_bytes_max: options.wal_bytes_max,
        };
        let (jobs, waiting) = mpsc::channel(options.waiting_jobs_max.max(1));
        let control = Arc::new(Control::default());
        let parts = Parts {
            connection,
            layout: layout.clone(),
            bodies: Arc::clone(&bodies),
            readers: Arc::clone(&readers),
            fresh: Arc::clone(&fresh),
            control: Arc::clone(&control),
            reserve,
            bounds,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                // The lock ends with the writer, whoever else still holds a handle.
                let _lock = lock;
                Writer::new(parts).run(waiting);
            })
            .map_err(OpenError::io("starting the writer's thread"))?;
        let inner = Inner {
            jobs: Some(jobs),
            thread: Mutex::new(Some(thread)),
            layout,
            control,
            readers,
            bodies,
            fresh,
            room,
            secret,
        };
        Ok((Self { inner: Arc::new(inner) }, recovery))
    }
}

/// Makes a folder for this user alone, and its name durable.
fn make_folder(path: &Path) -> Result<(), OpenError> {
    let failed = || format!("making the folder {}", path.display());
    if !path.is_dir() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(OpenError::io(failed()))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new("."))).map_err(OpenError::io(failed()))?;
    }
    Ok(())
}

/// The lock of a folder; the system frees it when the process ends, however it ends.
fn lock(layout: &Layout) -> Result<File, OpenError> {
    let path = layout.lock();
    let what = format!("opening {}", path.display());
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(OpenError::io(what))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(OpenError::InUse { data_dir: layout.data_dir.clone() })
        }
        Err(TryLockError::Error(error)) => {
            Err(OpenError::Io { what: format!("locking {}", path.display()), error })
        }
    }
}

/// A log that was left behind: the last process did not end in order, and whether its last sync
/// succeeded nobody knows. It is renewed before it is read, as after a failure.
fn recover_log(layout: &Layout, recovery: &mut Recovery) -> Result<(), OpenError> {
    let _ = fs::remove_file(layout.wal_copy());
    let left = fs::metadata(layout.wal()).map_or(0, |file| file.len());
    if left == 0 {
        return Ok(());
    }
    renew_log(layout).map_err(OpenError::io("copying the write-ahead log"))?;
    recovery.found.push(format!(
        "the last process did not stop in order; its write-ahead log ({left} bytes) was recovered"
    ));
    Ok(())
}

/// Counts this start, and makes the node's row at the first one.
fn begin_start(
    connection: &Connection,
    secret_if_new: Option<[u8; 32]>,
) -> Result<([u8; 32], i64), OpenError> {
    let known: Option<[u8; 32]> =
        connection.query_row("SELECT secret FROM node", [], |row| row.get(0)).optional()?;
    if known.is_none() {
        let secret = secret_if_new.ok_or(OpenError::NoSecret)?;
        connection.execute(
            "INSERT INTO node (id, secret, starts, groups) VALUES (1, ?1, 0, 0)",
            [secret],
        )?;
    }
    connection.execute("UPDATE node SET starts = starts + 1, groups = 0", [])?;
    let node = connection
        .query_row("SELECT secret, starts FROM node", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(node)
}

/// Looks at what is there: counts, damage, files without a message, messages without their file.
fn examine(
    connection: &Connection,
    layout: &Layout,
    recovery: &mut Recovery,
) -> Result<(), OpenError> {
    check_pages(connection, recovery)?;
    let known = set_aside_missing(connection, layout, recovery)?;
    let names =
        Bodies::names(&layout.bodies()).map_err(OpenError::io("reading the bodies' folders"))?;
    for name in names.iter().filter(|name| !known.contains(*name)) {
        if fs::remove_file(layout.bodies().join(name)).is_ok() {
            recovery.orphan_bodies_removed += 1;
        }
    }
    if recovery.orphan_bodies_removed > 0 {
        recovery.found.push(format!(
            "{} body files of messages that were never acknowledged, or are gone, were removed",
            recovery.orphan_bodies_removed
        ));
    }
    recovery.queued_recipients =
        schema::count(connection, "SELECT count(*) FROM queue WHERE state = 0")?;
    recovery.held_recipients =
        schema::count(connection, "SELECT count(*) FROM queue WHERE state > 0 AND state = 1")?;
    recovery.damaged =
        schema::count(connection, "SELECT count(*) FROM queue WHERE state > 0 AND state = 2")?;
    recovery.messages = schema::count(connection, "SELECT count(*) FROM message")?;
    Ok(())
}

/// A quick check of the tables that mail depends on. Those are small (the backlog), so a start
/// stays quick however long the trace is. Indices are made anew where something is wrong: they
/// hold nothing that the tables do not, and a message that no index names would never go out.
fn check_pages(connection: &Connection, recovery: &mut Recovery) -> Result<(), OpenError> {
    let mut wrong = Vec::new();
    for sql in ["PRAGMA integrity_check('queue')", "PRAGMA integrity_check('message')"] {
        let mut statement = connection.prepare(sql)?;
        let words = statement.query_map([], |row| row.get::<_, String>(0))?;
        for word in words.take(CHECK_LINES_MAX) {
            match word {
                Ok(word) if word == "ok" => {}
                Ok(word) => wrong.push(word),
                Err(error) => wrong.push(error.to_string()),
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mended = connection.execute_batch("REINDEX queue; REINDEX message;");
    recovery.found.extend(wrong.iter().map(|word| format!("the database is damaged: {word}")));
    recovery.found.push(match mended {
        Ok(()) => "the indices of queue and messages were made anew".to_owned(),
        Err(error) => format!("the indices could not be made anew: {error}"),
    });
    Ok(())
}

/// Lines of a damaged database's check that are told.
const CHECK_LINES_MAX: usize = 20;

/// Sets messages aside whose body file is gone or cut short; gives the names of all body files
/// that belong to a message.
fn set_aside_missing(
    connection: &Connection,
    layout: &Layout,
    recovery: &mut Recovery,
) -> Result<HashSet<String>, OpenError> {
    let mut known = HashSet::new();
    let mut damaged = Vec::new();
    let mut statement = connection.prepare(
        "SELECT message.id, body_file, size - length(head), message.reference FROM message
         JOIN body ON body.message = message.id WHERE body_file IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name, size, reference): (i64, String, i64, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let found = fs::metadata(layout.bodies().join(&name)).map_or(0, |file| file.len());
        if found != size.cast_unsigned() {
            damaged.push((id, format!("{reference}: its body has {found} of {size} bytes")));
        }
        known.insert(name);
    }
    for (id, words) in damaged {
        let aside = connection.execute(
            "UPDATE queue SET state = 2, reason = 'damaged', detail = ?2
             WHERE message = ?1 AND state < 2",
            (id, &words),
        )?;
        if aside > 0 {
            recovery.found.push(format!("message {words}; it was set aside"));
        }
    }
    Ok(known)
}
