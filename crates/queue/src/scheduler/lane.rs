//! What one tenant has waiting for one destination, in the order in which it is due.
//!
//! Plain data; it knows nothing of limits or turns.

use std::collections::BTreeSet;
use std::sync::Arc;

use posthouse_types::{TenantId, UnixMillis};

/// A lane's name.
pub(super) type LaneKey = (TenantId, Arc<str>);

/// Where a lane is, so that it can be taken out of there. Each lane is in one place only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// In none: it was just made, or is being moved.
    #[default]
    Nowhere,
    /// Until this time: nothing is due before, or its destination rests.
    Asleep(UnixMillis),
    /// In its tenant's row, by its turn. A slot of its destination is kept for it.
    Ready(u64),
    /// In its destination's row, by its turn: all slots are taken or kept.
    Blocked(u64),
}

/// What one tenant has waiting for one destination.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) place: Place,
    /// `(due, message, id)`.
    by_due: BTreeSet<(UnixMillis, u64, u64)>,
    /// `(message, due, id)`: finds what leaves together.
    by_message: BTreeSet<(u64, UnixMillis, u64)>,
}

impl Lane {
    pub(super) fn insert(&mut self, due: UnixMillis, message: u64, id: u64) {
        self.by_due.insert((due, message, id));
        self.by_message.insert((message, due, id));
    }

    pub(super) fn remove(&mut self, due: UnixMillis, message: u64, id: u64) {
        self.by_due.remove(&(due, message, id));
        self.by_message.remove(&(message, due, id));
    }

    /// When the first item is due; none where the lane is empty.
    pub(super) fn first_due(&self) -> Option<UnixMillis> {
        self.by_due.first().map(|(due, _, _)| *due)
    }

    /// The message that is due first, and its items that are due by `now`.
    pub(super) fn first_message(&self, now: UnixMillis, ids_max: usize) -> Option<(u64, Vec<u64>)> {
        let (due, message, _) = *self.by_due.first()?;
        if due > now {
            return None;
        }
        let range = (message, UnixMillis(i64::MIN), 0)..=(message, now, u64::MAX);
        let ids = self.by_message.range(range).take(ids_max).map(|(_, _, id)| *id).collect();
        Some((message, ids))
    }

    /// The items that are due by `now`.
    pub(super) fn due_by(&self, now: UnixMillis) -> Vec<u64> {
        self.by_due.range(..=(now, u64::MAX, u64::MAX)).map(|(_, _, id)| *id).collect()
    }

    /// The items that are due after `now`.
    pub(super) fn due_after(&self, now: UnixMillis) -> Vec<u64> {
        let after = (now, u64::MAX, u64::MAX);
        self.by_due.range(after..).filter(|item| **item > after).map(|(_, _, id)| *id).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.by_due.len()
    }
}
