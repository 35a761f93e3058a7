//! After a failure: nothing is taken on faith.
//!
//! When a sync fails, the kernel reports it once and may drop the pages that it could not write;
//! a second sync of the same file then says success about bytes that are nowhere. So the log is
//! never synced again. Its bytes are copied into a new file, which is synced and takes the log's
//! name; then SQLite's own recovery reads that. What it finds is on disk, in a file whose every
//! sync has succeeded. Whether the failed group is part of it, the group's number tells.

use std::fs::{self, File};
use std::io;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;

use super::{Class, Job, Ran, Verdict, Writer, answer_all};
use crate::draft::sync_folder;
use crate::open::{Layout, connect};
use crate::settle::delete_message;
use crate::{MessageId, StoreError};

/// While the disk is broken, recovery is tried so often at most.
const RECOVERY_EVERY: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 1000 });

/// A group whose commit failed.
pub(super) struct Doubt {
    /// Its number.
    group: i64,
    /// Mail in it whose senders were told 451.
    new_mail: Vec<MessageId>,
}

impl Writer {
    /// The group was not committed, and its connection is of no use any more.
    pub(super) fn give_up(&mut self, group: Vec<Box<dyn Job>>, error: StoreError) {
        self.fail(&error);
        answer_all(group, &Verdict::Failed(error));
        // At once, so that the next group finds a sound connection.
        let _ = self.recover();
    }

    /// The group's commit failed. New mail is undone if it is there, and answered 451: its sender
    /// comes again. The others are told what recovery found: their work cannot come again (a
    /// delivery is over), and what recovery found is on disk.
    pub(super) fn commit_in_doubt(
        &mut self,
        group: Vec<Box<dyn Job>>,
        ran: Ran,
        error: StoreError,
    ) {
        self.fail(&error);
        self.doubt = Some(Doubt { group: self.group, new_mail: ran.new_mail });
        match self.recover() {
            Ok(Found::There) => {
                self.unlink(ran.unlink);
                for (job, result) in group.into_iter().zip(ran.results) {
                    let verdict = match result {
                        Ok(()) if job.class() == Class::NewMail => Verdict::Failed(error.clone()),
                        Ok(()) => Verdict::Done,
                        Err(own) => Verdict::Failed(own),
                    };
                    job.answer(verdict);
                }
            }
            Ok(Found::NotThere) => answer_all(group, &Verdict::Failed(error)),
            Err(_) => answer_all(group, &Verdict::Doubtful(error)),
        }
    }

    /// Opens the database again through recovery, and undoes the new mail of a group in doubt.
    ///
    /// # Errors
    /// The disk still fails, or this was tried a moment ago.
    pub(super) fn recover(&mut self) -> Result<Found, StoreError> {
        if self.copying_database {
            return Err(StoreError::Unavailable("a backup has to stop first".to_owned()));
        }
        if self.recovery_tried.is_some_and(|at| at.elapsed() < RECOVERY_EVERY) {
            return Err(StoreError::Unavailable("the disk failed a moment ago".to_owned()));
        }
        let readers = std::sync::Arc::clone(&self.readers);
        let _nobody_reads = readers.close();
        let found = self.open_again().inspect_err(|_| {
            self.connection = None;
            self.recovery_tried = Some(Instant::now());
            // A reader would recover the log by itself, and find mail that must not be there.
            readers.shut(self.doubt.is_some());
        })?;
        readers.shut(false);
        self.recovery_tried = None;
        self.doubt = None;
        self.control.broken.store(false, Ordering::Release);
        tracing::warn!(?found, "the store is open again");
        Ok(found)
    }

    fn open_again(&mut self) -> Result<Found, StoreError> {
        renew_log(&self.layout)?;
        let connection = connect(&self.layout.database(), self.bounds.wal_bytes_max)?;
        let last: i64 = connection.query_row("SELECT groups FROM node", [], |row| row.get(0))?;
        let found = match &self.doubt {
            Some(doubt) if last >= doubt.group => Found::There,
            _ => Found::NotThere,
        };
        let mut files = Vec::new();
        if let (Found::There, Some(doubt)) = (found, &self.doubt) {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for message in &doubt.new_mail {
                forget_trace(&connection, *message)?;
                files.extend(delete_message(&connection, *message)?);
            }
            connection.execute_batch("COMMIT")?;
        }
        self.connection = Some(Rc::new(connection));
        self.unlink(files);
        Ok(found)
    }

    /// Drops the connection without the checkpoint of an orderly close, which would sync the log.
    fn fail(&mut self, error: &StoreError) {
        self.control.broken.store(true, Ordering::Release);
        tracing::error!(%error, "the store failed and is opened again through recovery");
        if let Some(connection) = self.connection.take() {
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

/// Whether the group in doubt was found after recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    There,
    NotThere,
}

/// The trace rows of mail that was never accepted.
fn forget_trace(connection: &rusqlite::Connection, message: MessageId) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM trace_event WHERE trace IN (SELECT trace FROM queue WHERE message = ?1)",
        "DELETE FROM trace WHERE id IN (SELECT trace FROM queue WHERE message = ?1)",
        "DELETE FROM quarantine WHERE message = ?1",
        "DELETE FROM queue WHERE message = ?1",
    ] {
        connection.execute(sql, [message.0])?;
    }
    Ok(())
}

/// Replaces the log by a synced copy of itself. Only while no connection is open. Killed at any
/// point, either file is a complete log.
pub(crate) fn renew_log(layout: &Layout) -> io::Result<()> {
    let (log, copy) = (layout.wal(), layout.wal_copy());
    if !fs::exists(&log)? {
        return Ok(());
    }
    let mut from = File::open(&log)?;
    let mut to = File::create(&copy)?;
    let copied = io::copy(&mut from, &mut to).and_then(|_| to.sync_all());
    if let Err(error) = copied {
        let _ = fs::remove_file(&copy);
        return Err(error);
    }
    fs::rename(&copy, &log)?;
    // The index over the old log: SQLite builds it anew.
    match fs::remove_file(layout.shm()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync_folder(&layout.data_dir)
}
