//! Why the store could not do something, sorted by what the caller can do about it.
//!
//! Every error says in words what failed; none of them ever means "perhaps stored".

use std::fmt;
use std::io;
use std::path::PathBuf;

use posthouse_types::Reason;
use rusqlite::ffi;

/// Why a job of the store failed. For mail: nothing of it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// No room on disk: `452 4.3.1`.
    DiskFull,
    /// The disk or the engine failed, in its own words: `451 4.3.0`.
    Unavailable(String),
    /// The stored bytes are damaged. They were set aside and are kept where this says.
    Damaged {
        /// What is damaged, and where it is kept.
        kept: String,
    },
    /// No such message, recipient or tenant (any more).
    NotFound,
}

impl StoreError {
    /// The reason id for reply, trace and metric.
    pub fn reason(&self) -> Reason {
        match self {
            Self::DiskFull => Reason::DiskFull,
            Self::Damaged { .. } => Reason::Damaged,
            Self::Unavailable(_) | Self::NotFound => Reason::StoreUnavailable,
        }
    }

    /// The writer's thread has ended: the store is closed.
    pub(crate) fn closed() -> Self {
        Self::Unavailable("the store is closed".to_owned())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull => formatter.write_str("no room on the store's disk"),
            Self::Unavailable(words) => write!(formatter, "the store failed: {words}"),
            Self::Damaged { kept } => write!(formatter, "damaged: {kept}"),
            Self::NotFound => formatter.write_str("the store has no such thing"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            rusqlite::Error::SqliteFailure(code, _) if is_full(*code) => Self::DiskFull,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // A quota or a limit of file size is, to the sender, no room either.
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// No room: for rows, or for the shared memory file beside the write-ahead log.
fn is_full(code: ffi::Error) -> bool {
    code.code == rusqlite::ErrorCode::DiskFull || code.extended_code == ffi::SQLITE_IOERR_SHMSIZE
}

/// Whether an error is the fault of what was read, so that only the job that wanted to read it
/// fails: a damaged page, a value that is not what its column holds, a broken rule of the schema.
/// Anything else puts the connection in doubt.
pub(crate) fn concerns_one_job(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(code, _) => {
            matches!(
                code.code,
                rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::ConstraintViolation
            ) || matches!(code.extended_code, ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ)
        }
        _ => true,
    }
}

/// Why the store could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process (or another store of this one) has this folder open.
    InUse {
        /// The folder.
        data_dir: PathBuf,
    },
    /// A newer posthouse wrote this folder; this one would not understand it.
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The folder is new, and the caller brought no secret for the node.
    NoSecret,
    /// A folder or file could not be made, read or locked.
    Io {
        /// What was tried.
        what: String,
        /// The system's words.
        error: io::Error,
    },
    /// The engine's words.
    Engine(rusqlite::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { data_dir } => {
                write!(formatter, "{} is in use by another process", data_dir.display())
            }
            Self::NewerSchema { found, known } => write!(
                formatter,
                "the store was written by a newer version (schema {found}; this version knows up \
                 to {known}): start that version, or restore a backup made before the upgrade"
            ),
            Self::NoSecret => formatter.write_str("a new store needs a secret for its node"),
            Self::Io { what, error } => write!(formatter, "{what}: {error}"),
            Self::Engine(error) => write!(formatter, "the database cannot be opened: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl OpenError {
    /// Adds what was tried to a system error.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io { what, error }
    }
}
