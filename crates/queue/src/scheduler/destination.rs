//! One destination: how many deliveries it takes now, and how it rests after failures.
//!
//! A destination that fails rests, longer each time, and is then tried by one delivery. When
//! that succeeds the deliveries grow again by one with each success, as TCP's slow start does: a
//! server that comes back is not met by everything that waited.

use std::collections::BTreeSet;
use std::time::Duration;

use posthouse_types::{TenantId, UnixMillis};

use super::limits::SchedulerLimits;
use super::{Batch, Outcome};

/// The state of one destination.
#[derive(Debug)]
pub(super) struct Destination {
    /// Tenants with a lane to it.
    pub(super) lanes: BTreeSet<TenantId>,
    /// Lanes that wait for a slot, by their turn.
    pub(super) blocked: BTreeSet<(u64, TenantId)>,
    /// Lanes that a slot is kept for. Never more than [`Self::slots_free`].
    pub(super) ready: usize,
    pub(super) in_flight: usize,
    /// Failures in a row.
    pub(super) failures: u32,
    pub(super) paused_until: Option<UnixMillis>,
    /// Remembered without mail until this time, for its failures' sake.
    pub(super) idle_until: Option<UnixMillis>,
    /// Deliveries that may be under way at once.
    allowed: usize,
    /// A probe is under way.
    probing: bool,
}

/// What a finished delivery changed for its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A slot is free again.
    SlotFree,
    /// It rests now, or is back: every lane has to find its place anew.
    Everything,
    /// A probe failed: the mail that is due shares its fate.
    StillDown,
}

impl Destination {
    pub(super) fn new(limits: &SchedulerLimits) -> Self {
        Self {
            lanes: BTreeSet::new(),
            blocked: BTreeSet::new(),
            ready: 0,
            in_flight: 0,
            failures: 0,
            paused_until: None,
            idle_until: None,
            allowed: limits.concurrent_per_destination,
            probing: false,
        }
    }

    /// How many deliveries may begin now.
    pub(super) fn slots_free(&self, now: UnixMillis, limits: &SchedulerLimits) -> usize {
        let free = limits.concurrent_per_destination.saturating_sub(self.in_flight);
        if self.failures == 0 {
            free.min(self.allowed.saturating_sub(self.in_flight))
        } else if self.probing || self.paused_until.is_some_and(|until| until > now) {
            0
        } else {
            // Deliveries that began before the failure may still hang; the probe does not wait
            // for them.
            free.min(1)
        }
    }

    /// A delivery begins. Tells whether it is a probe.
    pub(super) fn begin(&mut self) -> bool {
        self.in_flight += 1;
        self.probing = self.failures > 0;
        self.probing
    }

    /// A delivery has ended.
    pub(super) fn finish(
        &mut self,
        batch: &Batch,
        outcome: Outcome,
        now: UnixMillis,
        limits: &SchedulerLimits,
    ) -> Change {
        self.in_flight = self.in_flight.saturating_sub(1);
        if batch.probe {
            self.probing = false;
        }
        let had_failed = self.failures > 0;
        match outcome {
            Outcome::Ok | Outcome::MessageFailed => {
                self.failures = 0;
                self.paused_until = None;
                self.allowed = (self.allowed + 1).min(limits.concurrent_per_destination);
                if had_failed { Change::Everything } else { Change::SlotFree }
            }
            // Deliveries that began before the first failure tell nothing new when they fail too:
            // twenty connections that break at once are one failure, not twenty.
            Outcome::DestinationFailed if had_failed && !batch.probe => Change::SlotFree,
            Outcome::DestinationFailed => {
                self.failures = self.failures.saturating_add(1);
                self.paused_until = Some(now + pause(self.failures, limits));
                self.allowed = 1;
                if had_failed { Change::StillDown } else { Change::Everything }
            }
        }
    }

    /// Nothing waits for it and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.lanes.is_empty() && self.in_flight == 0
    }
}

/// How long a destination rests after this many failures in a row.
fn pause(failures: u32, limits: &SchedulerLimits) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    limits.pause_first.saturating_mul(1 << doublings).min(limits.pause_max)
}
