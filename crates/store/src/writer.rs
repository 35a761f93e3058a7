//! The one writer: a thread that commits a group of waiting jobs in one transaction.
//!
//! Touches the database. A job that fails, fails alone (`run`);
//! nobody is answered before the transaction is on disk (`synchronous=FULL`: the log is synced).
//! While a group is synced the next one gathers, so a slow disk makes groups larger, not waits
//! longer; the channel is bounded, so that a stuck disk stops the peers, not the memory.
//! On failure see `recover`.

mod copy;
mod recover;
mod run;

pub(crate) use recover::renew_log;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
#[cfg(test)]
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use crate::draft::{Bodies, BodyFile};
use crate::error::concerns_one_job;
use crate::fresh::Fresh;
use crate::open::Layout;
use crate::readers::Readers;
use crate::room::Reserve;
use crate::{MessageId, StoreError};
use run::{Ran, run_jobs};

/// The size of the log is looked at so often at most.
const LOG_LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a job is allowed, and what has to be done should its group end in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// New mail: undone when its commit failed, since the sender is told 451 and sends it again.
    NewMail,
    /// Records; refused on a full disk.
    Record,
    /// Ends or moves what is there: may use the reserve on a full disk.
    Settle,
}

/// What a job works with.
pub(crate) struct Work<'a> {
    /// The writer's connection, inside the group's transaction.
    pub(crate) connection: &'a Connection,
    /// Body files to unlink once the transaction is on disk, never before.
    pub(crate) unlink: Vec<String>,
    /// Messages that the job stored.
    pub(crate) stored: Vec<MessageId>,
    /// What is in memory of messages: what a job ends must go from there too.
    pub(crate) fresh: &'a Fresh,
}

/// Why a job failed.
pub(crate) enum Fault {
    /// Its own fault; the others in its group go on.
    Alone(StoreError),
    /// The connection's: the whole group fails.
    Group(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        if concerns_one_job(&error) { Self::Alone(error.into()) } else { Self::Group(error.into()) }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Alone(error)
    }
}

/// One job in the channel.
pub(crate) trait Job: Send {
    fn class(&self) -> Class;
    /// Bytes that it adds to its transaction, about.
    fn bytes(&self) -> usize;
    /// May be run again after its transaction was rolled back.
    fn run(&mut self, work: &mut Work<'_>) -> Result<(), Fault>;
    fn answer(self: Box<Self>, verdict: Verdict);
}

/// How a job's transaction ended.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// On disk.
    Done,
    /// Not on disk, and will not be.
    Failed(StoreError),
    /// Perhaps on disk: recovery has not succeeded yet. What may be named must not be unlinked.
    Doubtful(StoreError),
}

/// A job made of a closure, its answer's way back, and the body files that it stores.
pub(crate) struct Task<T, F> {
    pub(crate) class: Class,
    pub(crate) bytes: usize,
    pub(crate) files: Vec<BodyFile>,
    pub(crate) run: F,
    pub(crate) value: Option<T>,
    pub(crate) answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnMut(&mut Work<'_>) -> Result<T, Fault> + Send,
{
    fn class(&self) -> Class {
        self.class
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn run(&mut self, work: &mut Work<'_>) -> Result<(), Fault> {
        self.value = Some((self.run)(work)?);
        Ok(())
    }

    fn answer(self: Box<Self>, verdict: Verdict) {
        let answer = match verdict {
            Verdict::Done => {
                self.files.into_iter().for_each(BodyFile::keep);
                self.value.ok_or_else(StoreError::closed)
            }
            Verdict::Doubtful(error) => {
                self.files.into_iter().for_each(BodyFile::keep);
                Err(error)
            }
            Verdict::Failed(error) => {
                drop(self.files);
                Err(error)
            }
        };
        // Whoever asked may be gone (its peer hung up): the work is done all the same.
        let _ = self.answer.send(answer);
    }
}

/// What the channel carries.
pub(crate) enum Message {
    /// Work for the next group.
    Job(Box<dyn Job>),
    /// A consistent copy of the database into this (new) file, while work goes on.
    Copy {
        to: PathBuf,
        /// From the copy's beginning nothing is unlinked for as long as this lives.
        bodies_wanted: Weak<()>,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    /// Finish what waits, bring the log into the database, end.
    Close(oneshot::Sender<()>),
}

/// The bounds of a group and of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) group_jobs_max: usize,
    pub(crate) group_bytes_max: usize,
    pub(crate) wal_bytes_max: u64,
}

/// The writer's state.
pub(crate) struct Writer {
    /// `None` after a failure from which it has not recovered yet.
    connection: Option<Rc<Connection>>,
    layout: Layout,
    bodies: Arc<Bodies>,
    readers: Arc<Readers>,
    fresh: Arc<Fresh>,
    control: Arc<Control>,
    reserve: Reserve,
    bounds: Bounds,
    /// Number of the last transaction that was tried, since this store was opened.
    group: i64,
    /// The group that ended in doubt, if one did.
    doubt: Option<recover::Doubt>,
    /// Since when recovery has failed.
    recovery_tried: Option<Instant>,
    log_looked: Instant,
    /// While bodies are being copied nothing is unlinked; these wait.
    bodies_wanted: Weak<()>,
    /// While the database is being copied its connection cannot be closed for recovery.
    copying_database: bool,
    unlink_later: Vec<String>,
}

/// What the writer's thread starts with.
pub(crate) struct Parts {
    pub(crate) connection: Connection,
    pub(crate) layout: Layout,
    pub(crate) bodies: Arc<Bodies>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) fresh: Arc<Fresh>,
    pub(crate) control: Arc<Control>,
    pub(crate) reserve: Reserve,
    pub(crate) bounds: Bounds,
}

/// What the writer shares with those who hand it work.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// The writer failed and has not recovered yet.
    pub(crate) broken: AtomicBool,
    /// Makes the next commits end in failure although they were written: the worst that a failed
    /// sync can mean.
    #[cfg(test)]
    pub(crate) fail_commits: std::sync::atomic::AtomicU32,
}

/// How an attempt at a group ended.
enum Attempt {
    /// On disk.
    Committed(Ran),
    /// Rolled back, nothing of it is there; the connection is sound.
    RolledBack(StoreError),
    /// The connection failed; nothing was committed.
    Broken(StoreError),
    /// The commit itself failed: it may be there.
    Doubtful(Ran, StoreError),
}

impl Writer {
    pub(crate) fn new(parts: Parts) -> Self {
        let now = Instant::now();
        Self {
            connection: Some(Rc::new(parts.connection)),
            layout: parts.layout,
            bodies: parts.bodies,
            readers: parts.readers,
            fresh: parts.fresh,
            control: parts.control,
            reserve: parts.reserve,
            bounds: parts.bounds,
            group: 0,
            doubt: None,
            recovery_tried: None,
            log_looked: now,
            bodies_wanted: Weak::new(),
            copying_database: false,
            unlink_later: Vec::new(),
        }
    }

    /// Works until the store is closed or dropped.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Message>) {
        while let Some(message) = jobs.blocking_recv() {
            let mut next = Some(message);
            while let Some(message) = next.take() {
                match message {
                    Message::Job(job) => next = self.serve(job, &mut jobs),
                    Message::Copy { to, bodies_wanted, answer } => {
                        self.bodies_wanted = bodies_wanted;
                        let copied = self.copy_database(&to, &mut jobs);
                        let _ = answer.send(copied);
                    }
                    Message::Close(answer) => {
                        self.finish();
                        let _ = answer.send(());
                        return;
                    }
                }
            }
        }
        self.finish();
    }

    /// Commits one group: this job and those that wait, within the bounds. Gives back the first
    /// message that is no job.
    fn serve(
        &mut self,
        first: Box<dyn Job>,
        jobs: &mut mpsc::Receiver<Message>,
    ) -> Option<Message> {
        let mut bytes = first.bytes();
        let mut group = vec![first];
        let mut other = None;
        while group.len() < self.bounds.group_jobs_max && bytes < self.bounds.group_bytes_max {
            match jobs.try_recv() {
                Ok(Message::Job(job)) => {
                    bytes = bytes.saturating_add(job.bytes());
                    group.push(job);
                }
                Ok(message) => {
                    other = Some(message);
                    break;
                }
                Err(_) => break,
            }
        }
        self.commit(group);
        self.tend_log();
        self.reserve.refill();
        other
    }

    fn commit(&mut self, mut group: Vec<Box<dyn Job>>) {
        if self.connection.is_none()
            && let Err(error) = self.recover()
        {
            return answer_all(group, &Verdict::Failed(error));
        }
        match self.attempt(&mut group) {
            Attempt::Committed(ran) => {
                self.unlink(ran.unlink);
                answer_each(group, ran.results);
            }
            Attempt::RolledBack(error) => self.commit_settling(group, error),
            Attempt::Broken(error) => self.give_up(group, error),
            Attempt::Doubtful(ran, error) => self.commit_in_doubt(group, ran, error),
        }
    }

    /// The disk is full: new work is refused; what ends old work gets the reserve, and a second
    /// attempt.
    fn commit_settling(&mut self, group: Vec<Box<dyn Job>>, error: StoreError) {
        let (mut settling, refused): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|job| job.class() == Class::Settle);
        answer_all(refused, &Verdict::Failed(error.clone()));
        if settling.is_empty() {
            return;
        }
        if error == StoreError::DiskFull && self.reserve.release() {
            // With the room that this gave, the log goes into the database and gives back its own.
            self.truncate_log();
        }
        match self.attempt(&mut settling) {
            Attempt::Committed(ran) => {
                self.unlink(ran.unlink);
                answer_each(settling, ran.results);
            }
            Attempt::RolledBack(error) => answer_all(settling, &Verdict::Failed(error)),
            Attempt::Broken(error) => self.give_up(settling, error),
            Attempt::Doubtful(ran, error) => self.commit_in_doubt(settling, ran, error),
        }
    }

    /// Runs all jobs and commits.
    fn attempt(&mut self, group: &mut [Box<dyn Job>]) -> Attempt {
        let Some(connection) = self.connection.clone() else {
            return Attempt::Broken(StoreError::closed());
        };
        match connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([])) {
            Ok(_) => {}
            // Somebody else (an operator's shell) writes: nothing is wrong with our connection.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                return Attempt::RolledBack(error.into());
            }
            Err(error) => return Attempt::Broken(error.into()),
        }
        self.group += 1;
        let ran = match run_jobs(&connection, &self.fresh, self.group, group) {
            Ok(ran) => ran,
            Err(StoreError::DiskFull) => return roll_back(&connection),
            Err(error) => return Attempt::Broken(error),
        };
        match self.commit_transaction(&connection).map_err(StoreError::from) {
            Ok(()) => Attempt::Committed(ran),
            // The log could not grow: its commit mark is not whole, whatever is recovered.
            Err(StoreError::DiskFull) => roll_back(&connection),
            Err(error) => Attempt::Doubtful(ran, error),
        }
    }
    fn commit_transaction(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.prepare_cached("COMMIT")?.execute([])?;
        #[cfg(test)]
        if self
            .control
            .fail_commits
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
        {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
            return Err(rusqlite::Error::SqliteFailure(code, None));
        }
        Ok(())
    }

    /// Removes body files of deleted messages, or remembers them while a backup copies bodies.
    /// Only after the commit: a file whose row came back would be a lost message; a file without
    /// a row is found at the next start.
    fn unlink(&mut self, names: Vec<String>) {
        self.unlink_later.extend(names);
        if self.bodies_wanted.strong_count() > 0 {
            return;
        }
        for name in self.unlink_later.drain(..) {
            let _ = std::fs::remove_file(self.bodies.path(&name));
        }
    }

    /// Keeps the log bounded. SQLite copies pages back as commits go on, but can start the log
    /// over only in an instant without readers. With many short readers there may be none; so
    /// when the log has grown large, new readers are made to wait until it has started over.
    fn tend_log(&mut self) {
        if self.log_looked.elapsed() < LOG_LOOK_EVERY {
            return;
        }
        self.log_looked = Instant::now();
        let size = std::fs::metadata(self.layout.wal()).map_or(0, |file| file.len());
        if size > self.bounds.wal_bytes_max {
            self.truncate_log();
        }
    }

    fn truncate_log(&self) {
        if let Some(connection) = &self.connection {
            // A failure here loses nothing: all is in the log, and the next look tries again.
            let truncated = connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            tracing::debug!(?truncated, "write-ahead log truncated");
        }
    }

    /// An orderly end: the log goes into the database. Not after a failure: what is in doubt is
    /// recovered by the next start.
    fn finish(&mut self) {
        self.readers.end();
        self.bodies_wanted = Weak::new();
        self.unlink(Vec::new());
        let _nobody_reads = self.readers.close();
        if let Some(connection) = self.connection.take() {
            let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }
}

/// After a full disk; SQLite may have rolled back by itself.
fn roll_back(connection: &Connection) -> Attempt {
    if connection.is_autocommit() {
        return Attempt::RolledBack(StoreError::DiskFull);
    }
    match connection.execute_batch("ROLLBACK") {
        Ok(()) => Attempt::RolledBack(StoreError::DiskFull),
        Err(error) => Attempt::Broken(error.into()),
    }
}

fn answer_all(group: Vec<Box<dyn Job>>, verdict: &Verdict) {
    for job in group {
        job.answer(verdict.clone());
    }
}

fn answer_each(group: Vec<Box<dyn Job>>, results: Vec<Result<(), StoreError>>) {
    for (job, result) in group.into_iter().zip(results) {
        job.answer(match result {
            Ok(()) => Verdict::Done,
            Err(error) => Verdict::Failed(error),
        });
    }
}
