//! The order of tenants: round-robin, quiet ones before busy ones.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use posthouse_types::{TenantId, UnixMillis};

use super::limits::SchedulerLimits;

/// Whether a tenant has few or many deliveries under way. Quiet tenants go first, so that one
/// with a single message never stands behind one with thousands; a busy one becomes quiet as its
/// deliveries end, so none waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Quiet,
    Busy,
}

/// What is known about one tenant.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    /// Its waiting items, `(due, id)`: the last is let go when another tenant needs room.
    pub(super) waiting: BTreeSet<(UnixMillis, u64)>,
    pub(super) in_flight: usize,
    /// Its lanes that can deliver, by their turn.
    ready: BTreeSet<(u64, Arc<str>)>,
    /// Its place among the tenants, where it has something ready.
    turn: Option<(Standing, u64)>,
}

/// All tenants, and the row of those that have something ready.
#[derive(Debug, Default)]
pub(super) struct Turns {
    tenants: HashMap<TenantId, Tenant>,
    row: BTreeSet<(Standing, u64, TenantId)>,
    /// `(waiting items, tenant)`: the last has most.
    sizes: BTreeSet<(usize, TenantId)>,
    last_turn: u64,
}

impl Turns {
    /// A turn after all that were given.
    pub(super) fn next_turn(&mut self) -> u64 {
        self.last_turn += 1;
        self.last_turn
    }

    /// A lane can deliver.
    pub(super) fn add_ready(&mut self, tenant: TenantId, lane_turn: u64, lane: Arc<str>) {
        let turn = self.next_turn();
        let entry = self.tenants.entry(tenant).or_default();
        entry.ready.insert((lane_turn, lane));
        if entry.turn.is_none() {
            // Busy until `refresh` says otherwise, which the caller does next.
            entry.turn = Some((Standing::Busy, turn));
            self.row.insert((Standing::Busy, turn, tenant));
        }
    }

    /// A lane cannot deliver any more.
    pub(super) fn remove_ready(&mut self, tenant: TenantId, lane_turn: u64, lane: &Arc<str>) {
        if let Some(entry) = self.tenants.get_mut(&tenant) {
            entry.ready.remove(&(lane_turn, Arc::clone(lane)));
        }
    }

    /// Puts a tenant where it belongs, or forgets it where nothing is left of it.
    pub(super) fn refresh(&mut self, tenant: TenantId, limits: &SchedulerLimits) {
        let Some(entry) = self.tenants.get_mut(&tenant) else {
            return;
        };
        let standing = if entry.in_flight < limits.quiet_tenant_concurrent_max {
            Standing::Quiet
        } else {
            Standing::Busy
        };
        let wanted = entry.turn.filter(|_| !entry.ready.is_empty()).map(|(_, turn)| turn);
        let wanted = wanted.map(|turn| (standing, turn));
        if wanted != entry.turn {
            if let Some((standing, turn)) = entry.turn {
                self.row.remove(&(standing, turn, tenant));
            }
            if let Some((standing, turn)) = wanted {
                self.row.insert((standing, turn, tenant));
            }
            entry.turn = wanted;
        }
        if entry.waiting.is_empty() && entry.in_flight == 0 {
            self.tenants.remove(&tenant);
        }
    }

    /// The tenant whose turn it is, and its lane whose turn it is.
    pub(super) fn first(&self) -> Option<(Standing, TenantId, Arc<str>)> {
        let (standing, _, tenant) = *self.row.first()?;
        let (_, lane) = self.tenants.get(&tenant)?.ready.first()?;
        Some((standing, tenant, Arc::clone(lane)))
    }

    /// A delivery of the tenant begins, and the tenant goes to the end of the row.
    pub(super) fn begin(&mut self, tenant: TenantId) {
        let turn = self.next_turn();
        let Some(entry) = self.tenants.get_mut(&tenant) else {
            return;
        };
        entry.in_flight += 1;
        if let Some((standing, old)) = entry.turn {
            self.row.remove(&(standing, old, tenant));
            self.row.insert((standing, turn, tenant));
            entry.turn = Some((standing, turn));
        }
    }

    /// A delivery of the tenant has ended.
    pub(super) fn finish(&mut self, tenant: TenantId) {
        if let Some(entry) = self.tenants.get_mut(&tenant) {
            entry.in_flight = entry.in_flight.saturating_sub(1);
        }
    }

    pub(super) fn insert_waiting(&mut self, tenant: TenantId, due: UnixMillis, id: u64) {
        let entry = self.tenants.entry(tenant).or_default();
        self.sizes.remove(&(entry.waiting.len(), tenant));
        entry.waiting.insert((due, id));
        self.sizes.insert((entry.waiting.len(), tenant));
    }

    pub(super) fn remove_waiting(&mut self, tenant: TenantId, due: UnixMillis, id: u64) {
        let Some(entry) = self.tenants.get_mut(&tenant) else {
            return;
        };
        self.sizes.remove(&(entry.waiting.len(), tenant));
        entry.waiting.remove(&(due, id));
        if !entry.waiting.is_empty() {
            self.sizes.insert((entry.waiting.len(), tenant));
        }
    }

    /// How many items of the tenant wait.
    pub(super) fn waiting(&self, tenant: TenantId) -> usize {
        self.tenants.get(&tenant).map_or(0, |entry| entry.waiting.len())
    }

    /// The item to let go so that one of `tenant`, due at `due`, finds room: the last due of the
    /// tenant with most; the tenant's own last one where it has about as many itself.
    pub(super) fn victim(&self, tenant: TenantId, due: UnixMillis) -> Option<u64> {
        let (most, largest) = *self.sizes.last()?;
        if self.waiting(tenant) + 1 < most {
            return self.tenants.get(&largest)?.waiting.last().map(|(_, id)| *id);
        }
        let (last_due, id) = *self.tenants.get(&tenant)?.waiting.last()?;
        (due < last_due).then_some(id)
    }
}
