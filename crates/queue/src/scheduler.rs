//! Whose turn it is: a bounded, in-memory picture of the deliveries that are due or soon will be.
//!
//! Touches nothing. It may forget waiting items when it is full, and says which; it never gives
//! one twice, and never more at once than its limits allow.

mod clock;
mod destination;
mod lane;
mod limits;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use posthouse_types::{TenantId, UnixMillis};

use clock::SteadyClock;
use destination::{Change, Destination};
use lane::{Lane, LaneKey, Place};
pub use limits::SchedulerLimits;
use turns::{Standing, Turns};

/// One recipient of one message that waits for delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The queue row in the store.
    pub id: u64,
    /// The stored message.
    pub message: u64,
    /// Whose mail it is.
    pub tenant: TenantId,
    /// The route's key: items of one message with the same key go in one transaction.
    pub destination: String,
    /// When it may be tried.
    pub due: UnixMillis,
}

/// What became of [`Scheduler::add`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is held.
    Held,
    /// It is held, and this one, the last due of the tenant that has most, was let go for it. It
    /// is in the store still, and comes back with a later refill.
    InsteadOf(u64),
    /// It was held, or in flight, already: nothing changed.
    AlreadyHeld,
    /// There is no room. It is in the store still.
    Full,
}

/// Recipients of one message for one destination: one SMTP transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The stored message.
    pub message: u64,
    /// Where it goes.
    pub destination: Arc<str>,
    /// Whose mail it is.
    pub tenant: TenantId,
    /// Its queue rows, at least one and at most [`SchedulerLimits::recipients_per_delivery_max`].
    pub ids: Vec<u64>,
    /// The destination has failed lately: this one delivery finds out whether it is back.
    pub probe: bool,
}

/// What the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Deliver this, then call [`Scheduler::finished`] with it.
    Deliver(Batch),
    /// Nothing before this time, unless something is added or finished.
    WaitUntil(UnixMillis),
    /// Nothing until something is added or finished.
    Idle,
}

/// What one delivery said about its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The destination answered and took the message, for some recipient at least.
    Ok,
    /// The destination could not be reached, broke off, or serves nobody now (421).
    DestinationFailed,
    /// The destination is well, and refused or deferred this message.
    MessageFailed,
}

/// What to try at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryNow<'a> {
    /// Everything held.
    All,
    /// What is held for one destination.
    Destination(&'a str),
}

/// One destination as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationStats {
    /// The route's key.
    pub destination: Arc<str>,
    /// Recipients that wait.
    pub waiting: usize,
    /// Deliveries under way.
    pub in_flight: usize,
    /// Failures in a row.
    pub failures: u32,
    /// Until when nothing is begun, where it failed lately.
    pub paused_until: Option<UnixMillis>,
}

/// Whose turn it is.
///
/// Tenants take turns, and each tenant's destinations take turns within it; so neither a tenant
/// with 50,000 messages nor a destination that answers slowly delays anybody else's mail. Where
/// nobody else waits, one of them may have every slot. Each operation costs O(log n), but for a
/// destination's failures and [`Scheduler::retry_now`], which cost that for each item concerned.
#[derive(Debug)]
pub struct Scheduler {
    limits: SchedulerLimits,
    clock: SteadyClock,
    /// All that is held, waiting or in flight, by queue row.
    items: HashMap<u64, Held>,
    lanes: HashMap<LaneKey, Lane>,
    destinations: BTreeMap<Arc<str>, Destination>,
    turns: Turns,
    /// Lanes that wait for a time.
    sleepers: BTreeSet<(UnixMillis, LaneKey)>,
    /// Failed destinations without mail, by when they are forgotten.
    idle: BTreeSet<(UnixMillis, Arc<str>)>,
    in_flight: usize,
}

/// One item as it is held.
#[derive(Debug)]
struct Held {
    message: u64,
    tenant: TenantId,
    destination: Arc<str>,
    due: UnixMillis,
    state: HeldState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeldState {
    Waiting,
    InFlight,
}

impl Scheduler {
    /// An empty scheduler.
    pub fn new(limits: SchedulerLimits) -> Self {
        Self {
            limits,
            clock: SteadyClock::default(),
            items: HashMap::new(),
            lanes: HashMap::new(),
            destinations: BTreeMap::new(),
            turns: Turns::default(),
            sleepers: BTreeSet::new(),
            idle: BTreeSet::new(),
            in_flight: 0,
        }
    }

    /// Goes by other limits from now on. What is under way beyond them is finished.
    pub fn set_limits(&mut self, limits: SchedulerLimits) {
        self.limits = limits;
        for destination in self.destinations.keys().cloned().collect::<Vec<_>>() {
            self.settle_all(&destination);
        }
    }

    /// Takes an item: a fresh one, one that is to be tried again, or one read from the store.
    pub fn add(&mut self, item: Item) -> Added {
        if self.items.contains_key(&item.id) {
            return Added::AlreadyHeld;
        }
        let due = self.clock.to_steady(item.due);
        let mut added = Added::Held;
        if self.items.len() >= self.limits.held_items_max {
            let Some(victim) = self.turns.victim(item.tenant, due) else {
                return Added::Full;
            };
            self.remove(victim);
            added = Added::InsteadOf(victim);
        }
        let destination = self.destination_key(item.destination);
        let held = Held {
            message: item.message,
            tenant: item.tenant,
            destination: Arc::clone(&destination),
            due,
            state: HeldState::Waiting,
        };
        self.items.insert(item.id, held);
        self.turns.insert_waiting(item.tenant, due, item.id);
        let key = (item.tenant, destination);
        self.lanes.entry(key.clone()).or_default().insert(due, item.message, item.id);
        self.settle(&key);
        added
    }

    /// Forgets an item that waits: it was deleted, released elsewhere, or has expired. One that
    /// is in flight stays until its delivery is finished. Tells whether it was forgotten.
    pub fn remove(&mut self, id: u64) -> bool {
        match self.items.get(&id) {
            Some(held) if held.state == HeldState::Waiting => {}
            _ => return false,
        }
        if let Some(key) = self.let_go(id) {
            self.settle(&key);
        }
        true
    }

    /// What to do now. Asked again until it no longer says [`Next::Deliver`].
    pub fn next(&mut self, now: UnixMillis) -> Next {
        let now = self.clock.steady(now);
        self.wake_sleepers(now);
        self.forget_idle_destinations(now);
        if self.in_flight >= self.limits.concurrent_total {
            return Next::Idle;
        }
        if let Some((standing, tenant, destination)) = self.turns.first() {
            let kept = match standing {
                Standing::Quiet => 0,
                Standing::Busy => self.limits.kept_for_quiet_tenants(),
            };
            if self.in_flight + kept < self.limits.concurrent_total
                && let Some(batch) = self.begin((tenant, destination), now)
            {
                return Next::Deliver(batch);
            }
        }
        match self.sleepers.first() {
            Some((time, _)) => Next::WaitUntil(self.clock.to_wall(*time)),
            None => Next::Idle,
        }
    }

    /// A delivery has ended; its items are no longer held. Those to be tried again are added
    /// again, with their next due time.
    ///
    /// Gives the items that share its fate: where a destination has failed, and a probe after
    /// its rest has failed again, all that was due to it has in effect been tried and is no
    /// longer held either. The caller records one failed attempt for each, as for the batch's
    /// own; so mail for a dead destination is counted, reported as late and given up in its time
    /// without each message having to knock.
    pub fn finished(&mut self, batch: &Batch, outcome: Outcome, now: UnixMillis) -> Vec<u64> {
        let now = self.clock.steady(now);
        let mut ended = 0;
        for id in &batch.ids {
            if self.items.get(id).is_some_and(|held| held.state == HeldState::InFlight) {
                self.items.remove(id);
                ended += 1;
            }
        }
        if ended == 0 {
            return Vec::new();
        }
        self.in_flight = self.in_flight.saturating_sub(1);
        self.turns.finish(batch.tenant);
        let mut sharing = Vec::new();
        if let Some(destination) = self.destinations.get_mut(&batch.destination) {
            match destination.finish(batch, outcome, now, &self.limits) {
                Change::SlotFree => {}
                Change::Everything => self.settle_all(&batch.destination),
                Change::StillDown => sharing = self.let_go_due(&batch.destination, now),
            }
        }
        self.wake_blocked(&batch.destination);
        self.turns.refresh(batch.tenant, &self.limits);
        self.tidy(&batch.destination);
        sharing
    }

    /// Makes what waits due at once and ends its destinations' rest: the operator, or a repaired
    /// configuration, asks for it. Gives the number of items.
    pub fn retry_now(&mut self, which: RetryNow<'_>, now: UnixMillis) -> usize {
        let now = self.clock.steady(now);
        let destinations: Vec<Arc<str>> = match which {
            RetryNow::All => self.destinations.keys().cloned().collect(),
            RetryNow::Destination(key) => self
                .destinations
                .get_key_value(key)
                .map(|(key, _)| Arc::clone(key))
                .into_iter()
                .collect(),
        };
        destinations.iter().map(|destination| self.hasten(destination, now)).sum()
    }

    /// How many more items may be added without another being let go: what to read from the
    /// store. Read it tenant by tenant ([`Self::waiting_of`]), or a tenant with most comes first.
    pub fn room(&self) -> usize {
        self.limits.held_items_max.saturating_sub(self.items.len())
    }

    /// How many items of a tenant are held and wait.
    pub fn waiting_of(&self, tenant: TenantId) -> usize {
        self.turns.waiting(tenant)
    }

    /// Deliveries under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Each destination that has mail or has failed lately, in the order of their keys.
    pub fn destinations(&self) -> impl Iterator<Item = DestinationStats> {
        self.destinations.iter().map(|(key, destination)| DestinationStats {
            destination: Arc::clone(key),
            waiting: destination
                .lanes
                .iter()
                .filter_map(|tenant| self.lanes.get(&(*tenant, Arc::clone(key))))
                .map(Lane::len)
                .sum(),
            in_flight: destination.in_flight,
            failures: destination.failures,
            paused_until: destination.paused_until.map(|until| self.clock.to_wall(until)),
        })
    }
}

/// Where lanes belong.
///
/// What holds between any two operations: a lane that is ready can deliver as far as its
/// destination goes, since a slot is kept for it; and where a lane is blocked, each free slot of
/// its destination is kept for a lane that is ready. So no freed slot is ever forgotten.
impl Scheduler {
    /// Puts a lane where it belongs now. Its turn stays where its place does.
    fn settle(&mut self, key: &LaneKey) {
        let now = self.clock.now;
        let Some(destination) = self.destinations.get_mut(&key.1) else {
            return;
        };
        let Some(lane) = self.lanes.get_mut(key) else {
            return;
        };
        let free = destination.slots_free(now, &self.limits);
        let rests_until = destination.paused_until.filter(|until| *until > now);
        let kept = match lane.place {
            Place::Ready(_) => destination.ready.saturating_sub(1),
            _ => destination.ready,
        };
        let wanted = match (lane.first_due(), lane.place) {
            (None, _) => Place::Nowhere,
            (Some(due), _) if due > now || rests_until.is_some() => {
                Place::Asleep(due.max(rests_until.unwrap_or(due)))
            }
            (_, place @ Place::Ready(_)) if kept < free => place,
            (_, place @ Place::Blocked(_)) if kept >= free => place,
            _ if kept < free => Place::Ready(self.turns.next_turn()),
            _ => Place::Blocked(self.turns.next_turn()),
        };
        let before = lane.place;
        if wanted == before && wanted != Place::Nowhere {
            return;
        }
        lane.place = wanted;
        match wanted {
            Place::Nowhere => {
                self.lanes.remove(key);
                destination.lanes.remove(&key.0);
            }
            _ => {
                destination.lanes.insert(key.0);
            }
        }
        self.leave(key, before);
        self.enter(key, wanted);
        self.turns.refresh(key.0, &self.limits);
        if matches!(before, Place::Ready(_)) {
            self.wake_blocked(&key.1);
        }
        if wanted == Place::Nowhere {
            self.tidy(&key.1);
        }
    }

    fn leave(&mut self, key: &LaneKey, place: Place) {
        match place {
            Place::Nowhere => {}
            Place::Asleep(until) => {
                self.sleepers.remove(&(until, key.clone()));
            }
            Place::Ready(turn) => {
                self.turns.remove_ready(key.0, turn, &key.1);
                if let Some(destination) = self.destinations.get_mut(&key.1) {
                    destination.ready = destination.ready.saturating_sub(1);
                }
            }
            Place::Blocked(turn) => {
                if let Some(destination) = self.destinations.get_mut(&key.1) {
                    destination.blocked.remove(&(turn, key.0));
                }
            }
        }
    }

    fn enter(&mut self, key: &LaneKey, place: Place) {
        match place {
            Place::Nowhere => {}
            Place::Asleep(until) => {
                self.sleepers.insert((until, key.clone()));
            }
            Place::Ready(turn) => {
                self.turns.add_ready(key.0, turn, Arc::clone(&key.1));
                if let Some(destination) = self.destinations.get_mut(&key.1) {
                    destination.ready += 1;
                }
            }
            Place::Blocked(turn) => {
                if let Some(destination) = self.destinations.get_mut(&key.1) {
                    destination.blocked.insert((turn, key.0));
                }
            }
        }
    }

    /// Gives the free slots of a destination to lanes that wait for one.
    fn wake_blocked(&mut self, key: &Arc<str>) {
        loop {
            let Some(destination) = self.destinations.get(key) else {
                return;
            };
            if destination.ready >= destination.slots_free(self.clock.now, &self.limits) {
                return;
            }
            let Some((_, tenant)) = destination.blocked.first() else {
                return;
            };
            self.settle(&(*tenant, Arc::clone(key)));
        }
    }

    fn wake_sleepers(&mut self, now: UnixMillis) {
        while self.sleepers.first().is_some_and(|(time, _)| *time <= now) {
            if let Some((_, key)) = self.sleepers.pop_first() {
                self.settle(&key);
            }
        }
    }

    fn settle_all(&mut self, key: &Arc<str>) {
        let lanes = self.destinations.get(key).map(|destination| destination.lanes.clone());
        for tenant in lanes.unwrap_or_default() {
            self.settle(&(tenant, Arc::clone(key)));
        }
    }

    /// Takes the batch whose turn it is out of a ready lane.
    fn begin(&mut self, key: LaneKey, now: UnixMillis) -> Option<Batch> {
        let lane = self.lanes.get(&key)?;
        let ids_max = self.limits.recipients_per_delivery_max.max(1);
        let (message, ids) = lane.first_message(now, ids_max)?;
        let place = std::mem::take(&mut self.lanes.get_mut(&key)?.place);
        self.leave(&key, place);
        for id in &ids {
            if let Some(held) = self.items.get_mut(id) {
                held.state = HeldState::InFlight;
                self.turns.remove_waiting(held.tenant, held.due, *id);
                if let Some(lane) = self.lanes.get_mut(&key) {
                    lane.remove(held.due, held.message, *id);
                }
            }
        }
        self.in_flight += 1;
        self.turns.begin(key.0);
        let probe = self.destinations.get_mut(&key.1)?.begin();
        self.settle(&key);
        self.turns.refresh(key.0, &self.limits);
        Some(Batch { message, destination: key.1, tenant: key.0, ids, probe })
    }

    /// Forgets one waiting item; gives its lane, which has to be settled.
    fn let_go(&mut self, id: u64) -> Option<LaneKey> {
        let held = self.items.remove(&id)?;
        self.turns.remove_waiting(held.tenant, held.due, id);
        let key = (held.tenant, held.destination);
        self.lanes.get_mut(&key)?.remove(held.due, held.message, id);
        Some(key)
    }

    /// Forgets all items of a destination that are due.
    fn let_go_due(&mut self, destination: &Arc<str>, now: UnixMillis) -> Vec<u64> {
        let ids: Vec<u64> = self.lanes_of(destination).flat_map(|lane| lane.due_by(now)).collect();
        for id in &ids {
            self.let_go(*id);
        }
        self.settle_all(destination);
        ids
    }

    /// Makes all items of a destination due, and lets it be probed at once.
    fn hasten(&mut self, destination: &Arc<str>, now: UnixMillis) -> usize {
        let later: Vec<u64> =
            self.lanes_of(destination).flat_map(|lane| lane.due_after(now)).collect();
        for id in &later {
            let Some(held) = self.items.get_mut(id) else {
                continue;
            };
            let due_before = std::mem::replace(&mut held.due, now);
            self.turns.remove_waiting(held.tenant, due_before, *id);
            self.turns.insert_waiting(held.tenant, now, *id);
            let key = (held.tenant, Arc::clone(destination));
            if let Some(lane) = self.lanes.get_mut(&key) {
                lane.remove(due_before, held.message, *id);
                lane.insert(now, held.message, *id);
            }
        }
        if let Some(destination) = self.destinations.get_mut(destination) {
            destination.paused_until = None;
        }
        self.settle_all(destination);
        self.lanes_of(destination).map(Lane::len).sum()
    }

    fn lanes_of(&self, key: &Arc<str>) -> impl Iterator<Item = &Lane> {
        let tenants = self.destinations.get(key).map(|destination| &destination.lanes);
        let keys = tenants.into_iter().flatten().map(|tenant| (*tenant, Arc::clone(key)));
        keys.filter_map(|key| self.lanes.get(&key))
    }

    /// The shared key of a destination, which exists after this.
    fn destination_key(&mut self, name: String) -> Arc<str> {
        if let Some((key, _)) = self.destinations.get_key_value(name.as_str()) {
            let key = Arc::clone(key);
            if let Some(destination) = self.destinations.get_mut(&key)
                && let Some(until) = destination.idle_until.take()
            {
                self.idle.remove(&(until, Arc::clone(&key)));
            }
            return key;
        }
        let key: Arc<str> = name.into();
        self.destinations.insert(Arc::clone(&key), Destination::new(&self.limits));
        key
    }

    /// Forgets a destination that has nothing to do; one that failed is remembered a while.
    fn tidy(&mut self, key: &Arc<str>) {
        let Some(destination) = self.destinations.get_mut(key) else {
            return;
        };
        if !destination.is_idle() || destination.idle_until.is_some() {
            return;
        }
        if destination.failures == 0 {
            self.destinations.remove(key);
            return;
        }
        let until = destination.paused_until.unwrap_or(self.clock.now) + self.limits.pause_max;
        destination.idle_until = Some(until);
        self.idle.insert((until, Arc::clone(key)));
        if self.idle.len() > self.limits.idle_destinations_max
            && let Some((_, key)) = self.idle.pop_first()
        {
            self.destinations.remove(&key);
        }
    }

    fn forget_idle_destinations(&mut self, now: UnixMillis) {
        while self.idle.first().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, key)) = self.idle.pop_first() {
                self.destinations.remove(&key);
            }
        }
    }
}
