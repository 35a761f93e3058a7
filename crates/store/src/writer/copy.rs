//! Copying the database while the writer goes on.
//!
//! The copy runs on the writer's own connection, some pages between two groups: SQLite itself then
//! brings later changes into pages that were copied already, so the copy is the state at its end,
//! no reader keeps the log from starting over, and mail waits for a few pages at most.

use std::fs::File;
use std::path::Path;
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tokio::sync::mpsc;

use super::{Message, Writer};
use crate::StoreError;

/// Pages copied between two groups: about 1 MiB, so a few milliseconds.
const STEP_PAGES: i32 = 256;

impl Writer {
    /// Copies into a new file, and syncs it. While `bodies_wanted` lives no body is unlinked:
    /// every body that the copy names must still be there to be copied.
    pub(super) fn copy_database(
        &mut self,
        to: &Path,
        jobs: &mut mpsc::Receiver<Message>,
    ) -> Result<(), StoreError> {
        let Some(from) = self.connection.clone() else {
            return Err(StoreError::Unavailable("the store has failed".to_owned()));
        };
        self.copying_database = true;
        let copied = self.copy_pages(&from, to, jobs);
        self.copying_database = false;
        copied
    }

    fn copy_pages(
        &mut self,
        from: &Rc<Connection>,
        to: &Path,
        jobs: &mut mpsc::Receiver<Message>,
    ) -> Result<(), StoreError> {
        let mut copy = Connection::open(to)?;
        // Synced as a whole at the end; until then it is nobody's backup.
        copy.pragma_update(None, "synchronous", "OFF")?;
        let backup = Backup::new(from, &mut copy)?;
        loop {
            match backup.step(STEP_PAGES)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(StoreError::Unavailable("the database is locked".to_owned())),
            }
            match jobs.try_recv() {
                Ok(Message::Job(job)) => {
                    if let Some(other) = self.serve(job, jobs) {
                        refuse(other)?;
                    }
                }
                Ok(other) => refuse(other)?,
                Err(_) => {}
            }
            if self.bodies_wanted.strong_count() == 0 {
                return Err(StoreError::Unavailable("the backup was given up".to_owned()));
            }
            // The connection failed under a job: the copy ends, so that it can be opened again.
            if self.connection.is_none() {
                return Err(StoreError::Unavailable("the store failed meanwhile".to_owned()));
            }
        }
        drop(backup);
        copy.close().map_err(|(_, error)| error)?;
        File::open(to)?.sync_all()?;
        Ok(())
    }
}

/// What is not a job, while a copy runs: a second copy is refused.
fn refuse(message: Message) -> Result<(), StoreError> {
    match message {
        Message::Copy { answer, .. } => {
            let busy = StoreError::Unavailable("another backup is running".to_owned());
            let _ = answer.send(Err(busy));
            Ok(())
        }
        // The handle's channel closes with it: nothing comes after this message.
        Message::Close(answer) => {
            let _ = answer.send(());
            Err(StoreError::closed())
        }
        Message::Job(_) => Ok(()),
    }
}
