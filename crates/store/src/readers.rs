//! Connections that only read, shared by all who ask.
//!
//! Each read is one short transaction, at most [`crate::StoreOptions::readers_max`] at a time, on
//! a thread that may block. Long answers are read page by page, each page a transaction of its
//! own: a reader that kept one open would keep the write-ahead log from starting over. When the
//! writer recovers from a failure it closes the gate, so that no connection outlives the log.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::StoreError;

/// A reader waits so long for the log's lock (held for an instant while the log starts over).
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Each reading connection keeps so many KiB of pages; negative is SQLite's way to say KiB.
const CACHE_KIB: i64 = -2000;

/// Statements that a connection keeps prepared: more than the store has.
pub(crate) const STATEMENTS_KEPT: usize = 96;

/// The pool.
#[derive(Debug)]
pub(crate) struct Readers {
    database: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Read-locked while a connection is in use, write-locked while the log is renewed.
    gate: RwLock<()>,
    permits: Arc<Semaphore>,
    /// Nobody may read: the log may hold mail whose sender was told 451.
    shut: AtomicBool,
}

impl Readers {
    pub(crate) fn new(database: PathBuf, readers_max: usize) -> Self {
        Self {
            database,
            idle: Mutex::new(Vec::new()),
            gate: RwLock::new(()),
            permits: Arc::new(Semaphore::new(readers_max)),
            shut: AtomicBool::new(false),
        }
    }

    /// Runs one short read.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_closed| StoreError::closed())?;
        let readers = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            readers.read_here(read)
        });
        done.await.unwrap_or_else(|panic| Err(StoreError::Unavailable(panic.to_string())))
    }

    /// The same on this thread.
    pub(crate) fn read_here<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _inside = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        if self.shut.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable("the disk failed".to_owned()));
        }
        let pooled = self.idle().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let answer = read(&connection);
        // A connection that failed is not used again: the next reader opens a new one.
        if !matches!(answer, Err(StoreError::Unavailable(_))) {
            self.idle().push(connection);
        }
        answer
    }

    /// Waits until nobody reads, closes all connections, and lets nobody in until dropped.
    pub(crate) fn close(&self) -> RwLockWriteGuard<'_, ()> {
        let closed = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.idle().clear();
        closed
    }

    /// Lets nobody read, or readers in again. Called while they are closed out.
    pub(crate) fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::Release);
    }

    /// No read begins any more.
    pub(crate) fn end(&self) {
        self.permits.close();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.database, flags)?;
        connection.busy_timeout(BUSY_WAIT)?;
        // As the writer: a prepared statement stays prepared.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Ok(connection)
    }
}
