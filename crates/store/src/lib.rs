//! The durable store: mail, queue, trace, events and tenants on embedded SQLite.
//!
//! Touches its data folder, and a database file in it; no sockets, no clock (`now` comes in), no
//! randomness. What it has answered is on disk: nothing acknowledged is ever lost. On failure it
//! says so, recovers by itself, and never takes a disk's second answer on faith.
//!
//! Who writes: one thread (`writer`), a group of jobs per transaction. Who reads: a few
//! connections (`readers`), each read short. Bodies: in a row while small, else in a file (`draft`).

mod backup;
mod checksum;
mod commit;
mod complaints;
mod counts;
mod draft;
mod error;
mod fresh;
mod learned;
mod load;
mod notifications;
mod open;
mod pairs;
mod purge;
mod quarantine;
mod queue;
mod readers;
mod restricted;
mod room;
mod schema;
mod settle;
mod tenants;
mod trace;
mod values;
mod writer;
mod zero_hour;

#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

pub use backup::BackupReport;
pub use complaints::{COMPLAINTS_MAX, ComplaintCount, KeptName};
pub use counts::{
    ContactCount, Counts, EntryUse, SIGNATURE_DAYS, SIGNATURES_MAX, SOURCES_MAX, SignatureCount,
    SourceCount,
};
pub use draft::Draft;
pub use error::{OpenError, StoreError};
pub use learned::{Lesson, Report};
pub use load::{BodyReader, StoredBody, StoredMessage};
pub use notifications::ToNotify;
pub use open::StoreOptions;
pub use pairs::{Contact, SpoofSeen};
pub use quarantine::{
    Actor, NewQuarantine, QuarantineAct, QuarantineCursor, QuarantineFilter, QuarantineId,
    QuarantineStatus, Quarantined, Refused as QuarantineRefused, Rescan, SenderAct,
};
pub use restricted::Restricted;
pub use room::free_bytes;
pub use values::{
    Committed, Cursor, EventId, EventQuery, MessageId, NewMessage, NewRecipient, Outcome, Purged,
    QueueCounts, QueueFilter, QueueId, QueueState, QueuedRecipient, Recovery, Retention,
    Settlement, StoredEvent, StoredTenant, StoredTrace, TraceQuery, VerifiedDomain,
};

pub use zero_hour::{
    Act as ChangeAct, ChangeOrder, ChangeOutcome, Changes, DeliveredPage, Examined, KeptPage,
    TraceId, VerdictChange, Where,
};

use draft::{Bodies, BodyFile};
use fresh::Fresh;
use open::Layout;
use readers::Readers;
use room::Room;
use writer::{Class, Control, Fault, Message, Task, Work};

/// The store. Cheap to clone; the last handle that is dropped ends the writer's thread.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` only while dropping.
    jobs: Option<mpsc::Sender<Message>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    layout: Layout,
    control: Arc<Control>,
    readers: Arc<Readers>,
    bodies: Arc<Bodies>,
    fresh: Arc<Fresh>,
    room: Room,
    secret: [u8; 32],
}

impl Store {
    /// Begins a message body.
    pub fn draft(&self) -> Draft {
        Draft::new(Arc::clone(&self.inner.bodies))
    }

    /// Whether new mail can be taken: asked before MAIL is answered. Cheap; looks at the disk
    /// once a second at most.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] below the reserve; [`StoreError::Unavailable`] after a failure,
    /// until a write has succeeded (one is tried because of this question).
    pub fn check_room(&self) -> Result<(), StoreError> {
        if self.inner.control.broken.load(Ordering::Acquire) {
            self.probe();
            return Err(StoreError::Unavailable("the disk failed".to_owned()));
        }
        self.inner.room.check()
    }

    /// The secret that this node made at its first start.
    pub fn node_secret(&self) -> [u8; 32] {
        self.inner.secret
    }

    /// Commits what waits, brings the log into the database and ends the writer. Later calls on
    /// any handle fail.
    pub async fn close(self) {
        let (answer, closed) = oneshot::channel();
        if let Some(jobs) = &self.inner.jobs
            && jobs.send(Message::Close(answer)).await.is_ok()
        {
            let _ = closed.await;
        }
        let inner = Arc::clone(&self.inner);
        // The thread has nothing left to do; joining it frees the folder's lock.
        let _ = tokio::task::spawn_blocking(move || inner.join()).await;
    }

    /// Hands a job to the writer, waits for room in its queue, then for the job's commit.
    async fn submit<T, F>(
        &self,
        class: Class,
        bytes: usize,
        files: Vec<BodyFile>,
        run: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Work<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (answer, done) = oneshot::channel();
        let task = Task { class, bytes, files, run, value: None, answer };
        let jobs = self.inner.jobs.as_ref().ok_or_else(StoreError::closed)?;
        jobs.send(Message::Job(Box::new(task))).await.map_err(|_closed| StoreError::closed())?;
        done.await.unwrap_or_else(|_closed| Err(StoreError::closed()))
    }

    /// A job without work: makes a writer that has failed try again.
    fn probe(&self) {
        let (answer, _nobody) = oneshot::channel();
        let run = |_: &mut Work<'_>| Ok(());
        let (files, value) = (Vec::new(), None);
        let task = Task { class: Class::Record, bytes: 0, files, run, value, answer };
        if let Some(jobs) = &self.inner.jobs {
            // A full queue will do as well: whatever waits there makes it try.
            let _ = jobs.try_send(Message::Job(Box::new(task)));
        }
    }
}

impl Inner {
    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The writer ends when its channel does; whoever opens the folder next finds it free.
        self.jobs = None;
        self.join();
    }
}
