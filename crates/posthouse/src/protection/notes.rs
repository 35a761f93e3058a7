//! Notes for statistics that nobody waits for: written beside the mail, bounded, and left out
//! rather than kept in memory where the disk is too slow for them.
//!
//! May touch: the store, through what it is given. A note that fails is counted, nothing else.

use std::sync::Arc;

use posthouse_store::StoreError;
use tokio::sync::Semaphore;

/// Notes on their way at once: some hundred bytes each, and as many as a busy disk's group holds.
const NOTES_MAX: usize = 1024;

/// How many notes may be on their way.
pub(crate) struct Notes(Arc<Semaphore>);

impl Default for Notes {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(NOTES_MAX)))
    }
}

impl Notes {
    /// Writes one, or leaves it out where too many are on their way.
    pub(super) fn write<F>(&self, what: &'static str, note: F)
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let Ok(room) = Arc::clone(&self.0).try_acquire_owned() else {
            metrics::counter!("posthouse_notes_lost_total", "what" => what).increment(1);
            return;
        };
        tokio::spawn(async move {
            if let Err(error) = note.await {
                metrics::counter!("posthouse_notes_lost_total", "what" => what).increment(1);
                tracing::debug!(what, %error, "a note was not written");
            }
            drop(room);
        });
    }
}
