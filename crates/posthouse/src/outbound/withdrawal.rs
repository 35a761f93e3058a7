//! Taking mail back from delivery: what waits and nobody delivers at this moment may be moved, and
//! nobody begins to deliver it while it is.
//!
//! Touches nothing but the way to the dispatcher. The dispatcher alone knows what is under way;
//! a recipient is given to whoever moves it only once it has let go. After the move old signals of
//! its commit may still come, and are passed over.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use posthouse_store::{QueueId, QueuedRecipient};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Outbound, Signal};

/// How long a moved recipient is remembered: a signal of its commit comes within seconds.
const REMEMBERED: Duration = Duration::from_secs(600);

impl Outbound {
    /// Takes recipients back; gives those that nobody delivers, and that nobody will begin to
    /// deliver until [`Self::moved`] is called with them.
    pub(crate) async fn withdraw(&self, ids: &[QueueId]) -> Vec<QueueId> {
        if ids.is_empty() {
            return Vec::new();
        }
        let (answer, free) = oneshot::channel();
        let numbers = ids.iter().map(|id| id.number().unsigned_abs()).collect();
        // A dispatcher that has ended gives nothing: what it held may still be under way.
        let sent = self.signals.send(Signal::Withdraw(numbers, answer)).await;
        let free = if sent.is_ok() { free.await.unwrap_or_default() } else { Vec::new() };
        ids.iter().copied().filter(|id| free.contains(&id.number().unsigned_abs())).collect()
    }

    /// What was withdrawn is where it is to be; what is in the queue still may be delivered.
    pub(crate) async fn moved(&self, ids: &[QueueId]) {
        let numbers = ids.iter().map(|id| id.number().unsigned_abs()).collect();
        // A dispatcher that has ended has forgotten them.
        let _ = self.signals.send(Signal::Moved(numbers)).await;
    }
}

/// What the dispatcher knows of deliveries under way and of mail that was taken back.
#[derive(Default)]
pub(super) struct Withdrawals {
    under_way: HashSet<u64>,
    withdrawn: HashMap<u64, Withdrawn>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Withdrawn {
    /// Somebody moves it at this moment.
    Moving,
    /// It was moved: what the store shows in the queue from now on is there again by somebody's
    /// will, but a commit's signal is older than that.
    Moved(Instant),
}

impl Withdrawals {
    /// These are delivered from now on.
    pub(super) fn began(&mut self, ids: &[u64]) {
        self.under_way.extend(ids);
    }

    /// What came of these is stored.
    pub(super) fn ended(&mut self, ids: &[u64]) {
        for id in ids {
            self.under_way.remove(id);
        }
    }

    /// Of what was read from the store, that which may be delivered.
    pub(super) fn may_go(&self, recipient: &QueuedRecipient) -> bool {
        let number = recipient.id.number().unsigned_abs();
        self.withdrawn.get(&number) != Some(&Withdrawn::Moving)
    }

    /// Of what a commit told of, that which may be delivered.
    pub(super) fn may_go_first(&self, recipient: &QueuedRecipient) -> bool {
        !self.withdrawn.contains_key(&recipient.id.number().unsigned_abs())
    }

    /// Withdraws those that are not under way; gives them.
    pub(super) fn withdraw(&mut self, mut ids: Vec<u64>) -> Vec<u64> {
        self.forget(Instant::now());
        ids.retain(|id| !self.under_way.contains(id));
        self.withdrawn.extend(ids.iter().map(|id| (*id, Withdrawn::Moving)));
        ids
    }

    /// These were moved.
    pub(super) fn moved(&mut self, ids: &[u64]) {
        let now = Instant::now();
        self.withdrawn.extend(ids.iter().map(|id| (*id, Withdrawn::Moved(now))));
    }

    fn forget(&mut self, now: Instant) {
        self.withdrawn.retain(|_, withdrawn| match withdrawn {
            Withdrawn::Moving => true,
            Withdrawn::Moved(since) => now.duration_since(*since) < REMEMBERED,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_not_given_back_until_it_has_ended() {
        let mut known = Withdrawals::default();
        known.began(&[1, 2]);
        assert_eq!(known.withdraw(vec![1, 2, 3]), [3]);
        known.ended(&[1]);
        assert_eq!(known.withdraw(vec![1, 2]), [1]);
    }

    #[test]
    fn what_was_moved_is_remembered_for_a_while_only() {
        let mut known = Withdrawals::default();
        assert_eq!(known.withdraw(vec![1]), [1]);
        known.forget(Instant::now() + 2 * REMEMBERED);
        assert_eq!(known.withdrawn.get(&1), Some(&Withdrawn::Moving), "a move may take its time");
        known.moved(&[1]);
        known.forget(Instant::now());
        assert!(known.withdrawn.contains_key(&1));
        known.forget(Instant::now() + 2 * REMEMBERED);
        assert!(known.withdrawn.is_empty());
    }
}
