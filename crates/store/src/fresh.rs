//! Mail that was committed a moment ago, kept in memory for its first delivery.
//!
//! Touches nothing. The database holds the same, and every later reading comes from there; so
//! whatever is forgotten here costs one read, never a message. Most mail is delivered at once,
//! and then is never read back from the disk at all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{MessageId, StoredMessage};

/// What a message costs beside its bytes, about: its strings and its place in the map.
const MESSAGE_BYTES: usize = 1024;

/// A bounded memory of messages.
#[derive(Debug)]
pub(crate) struct Fresh {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    messages: HashMap<MessageId, StoredMessage>,
    bytes: usize,
}

impl Fresh {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// Keeps a message, if there is room: those that came first are delivered first.
    pub(crate) fn keep(&self, message: StoredMessage) {
        let bytes = weight(&message);
        let mut kept = self.kept();
        if kept.bytes + bytes <= self.bytes_max {
            kept.bytes += bytes;
            kept.messages.insert(message.id, message);
        }
    }

    /// Hands a message out, once: whoever tries again later reads it from the disk.
    pub(crate) fn take(&self, id: MessageId) -> Option<StoredMessage> {
        let mut kept = self.kept();
        let message = kept.messages.remove(&id)?;
        kept.bytes -= weight(&message);
        Some(message)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight(message: &StoredMessage) -> usize {
    let body = usize::try_from(message.body.len()).unwrap_or(usize::MAX);
    body.saturating_add(message.head.len() + MESSAGE_BYTES)
}
