//! Running a group's jobs in one transaction, so that a bad one fails alone.
//!
//! Touches the writer's connection. For a savepoint SQLite copies each page that is changed after
//! it, which costs more than the changes do; so savepoints are for groups in which a job failed.

use rusqlite::Connection;

use super::{Class, Fault, Job, Work};
use crate::fresh::Fresh;
use crate::{MessageId, StoreError};

/// What the jobs of a group did.
#[derive(Default)]
pub(super) struct Ran {
    /// Each job's own result.
    pub(super) results: Vec<Result<(), StoreError>>,
    /// Files to unlink once all is on disk.
    pub(super) unlink: Vec<String>,
    /// New mail: what is undone should the commit be in doubt.
    pub(super) new_mail: Vec<MessageId>,
}

/// Runs all jobs in the transaction that the caller has begun and will commit, and notes the
/// group's number. An error here is the group's.
pub(super) fn run_jobs(
    connection: &Connection,
    fresh: &Fresh,
    number: i64,
    group: &mut [Box<dyn Job>],
) -> Result<Ran, StoreError> {
    let ran = match run_together(connection, fresh, group)? {
        Some(ran) => ran,
        None => {
            // Should somebody else take the lock in between, the whole group fails, once.
            connection.execute_batch("ROLLBACK; BEGIN IMMEDIATE")?;
            run_apart(connection, fresh, group)?
        }
    };
    connection.prepare_cached("UPDATE node SET groups = ?1")?.execute([number])?;
    Ok(ran)
}

/// The usual way: no job fails. `None` when one failed alone; then all are to be run again.
fn run_together(
    connection: &Connection,
    fresh: &Fresh,
    group: &mut [Box<dyn Job>],
) -> Result<Option<Ran>, StoreError> {
    let mut ran = Ran::default();
    for job in group {
        let mut work = Work { connection, fresh, unlink: Vec::new(), stored: Vec::new() };
        match job.run(&mut work) {
            Ok(()) => ran.note(job.class(), work),
            Err(Fault::Alone(_)) if !connection.is_autocommit() => return Ok(None),
            Err(Fault::Alone(error) | Fault::Group(error)) => return Err(error),
        }
    }
    Ok(Some(ran))
}

/// Each job in a savepoint of its own.
fn run_apart(
    connection: &Connection,
    fresh: &Fresh,
    group: &mut [Box<dyn Job>],
) -> Result<Ran, StoreError> {
    let execute = |sql| connection.prepare_cached(sql)?.execute([]);
    let mut ran = Ran::default();
    for job in group {
        execute("SAVEPOINT job")?;
        let mut work = Work { connection, fresh, unlink: Vec::new(), stored: Vec::new() };
        match job.run(&mut work) {
            Ok(()) => ran.note(job.class(), work),
            Err(Fault::Alone(error)) if !connection.is_autocommit() => {
                execute("ROLLBACK TO job")?;
                ran.results.push(Err(error));
            }
            Err(Fault::Alone(error) | Fault::Group(error)) => return Err(error),
        }
        execute("RELEASE job")?;
    }
    Ok(ran)
}

impl Ran {
    /// Notes a job that did its work.
    fn note(&mut self, class: Class, work: Work<'_>) {
        self.unlink.extend(work.unlink);
        if class == Class::NewMail {
            self.new_mail.extend(work.stored);
        }
        self.results.push(Ok(()));
    }
}
