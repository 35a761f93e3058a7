//! The other path, by the queue's clock: lease, route, deliver, then delivered, deferred, returned
//! or held. Read it after `gateway.rs`.
//!
//! queue rows -> `queue::Scheduler` -> `route` -> `connection` -> `smtp::Client`
//!            -> `settle` -> `store::settle` (with the NDR in the same transaction)
//!
//! May touch: `World` and the connections outward. A lease is in memory only and ends with the
//! process: the store holds the truth, and at start every message is due at once (decision 3).

mod connection;
mod entries;
mod outcome;
mod pool;
mod report;
mod route;
mod settle;
mod sts;
mod withdrawal;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use posthouse_message::Wishes;
use posthouse_queue::{
    Added, Batch, Item, Next, Outcome as DestinationOutcome, RetryNow, Scheduler, SchedulerLimits,
};
use posthouse_store::{Cursor, QueuedRecipient, StoredMessage};
use posthouse_types::TenantId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::world::World;
use connection::{Attempt, Connection};
pub(crate) use entries::Entries;
use outcome::{load, settle_loaded, settle_message, unreadable};
pub(crate) use pool::PoolSettings;
use settle::End;
pub(crate) use sts::StsPolicies;
use withdrawal::Withdrawals;

/// Recipients held in memory at once; what is more waits in the store. About 1 KiB each.
const HELD_ITEMS_MAX: usize = 20_000;

/// Recipients of one transaction: RFC 5321 section 4.5.3.1.8 asks every server to take 100.
const RECIPIENTS_PER_DELIVERY_MAX: usize = 100;

/// Messages over one connection before it is closed: enough to save handshakes, few enough that
/// a balancer behind the destination can spread its load.
const MESSAGES_PER_CONNECTION_MAX: u32 = 100;

/// How long a connection waits for the next message. Most servers close after 5 minutes idle;
/// a polite client does so long before.
const IDLE_TIME_MAX: Duration = Duration::from_secs(15);

/// How far ahead rows are read from the store, and how often it is looked at again.
const HORIZON: Duration = Duration::from_secs(60);

/// Waiting after the store failed: long enough for a full disk to be seen to.
const STORE_FAULT_PAUSE: Duration = Duration::from_secs(30);

/// Recipients whose deliveries are over and not stored yet, about: beyond, none is begun. A crash
/// makes these deliveries a second time (RFC 1047), so they are to be few.
const SETTLING_MAX: usize = 100;

/// Rows read from the store in one page.
const PAGE_ROWS: usize = 1000;

/// Signals that may wait. When there are more, the store is read instead.
const SIGNALS_MAX: usize = 4096;

/// The outbound half as the rest of the node sees it.
pub(crate) struct Outbound {
    /// Deliveries under way.
    in_flight: AtomicUsize,
    signals: mpsc::Sender<Signal>,
    /// Signals were lost: the store knows more than the scheduler.
    behind: Arc<AtomicBool>,
}

/// What changed under the scheduler's feet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueChange {
    /// Rows, routes or settings.
    Rows,
    /// A tenant's connectors: its destinations may be well by now, and are tried.
    Tenant(TenantId),
    /// An operator wants delivery now: no destination rests any longer.
    Retry,
}

/// The receiving end, for [`run`].
pub(crate) struct Signals {
    receiver: mpsc::Receiver<Signal>,
    behind: Arc<AtomicBool>,
}

enum Signal {
    /// These are in the store and due.
    Queued(Vec<QueuedRecipient>),
    /// Forget what is held, and look again.
    LookAgain(QueueChange),
    /// Let go of these, but for what is under way; says which.
    Withdraw(Vec<u64>, oneshot::Sender<Vec<u64>>),
    /// These were moved.
    Moved(Vec<u64>),
}

impl Outbound {
    /// A pair: what others call, and what [`run`] listens to.
    pub(crate) fn new() -> (Self, Signals) {
        let (signals, receiver) = mpsc::channel(SIGNALS_MAX);
        let behind = Arc::new(AtomicBool::new(true));
        let outbound =
            Self { in_flight: AtomicUsize::new(0), signals, behind: Arc::clone(&behind) };
        (outbound, Signals { receiver, behind })
    }

    /// Hands over what was just committed, so that it need not be read from the store. Never
    /// waits: what does not fit is found by the next look at the store.
    pub(crate) fn committed(&self, recipients: Vec<QueuedRecipient>) {
        if self.signals.try_send(Signal::Queued(recipients)).is_err() {
            self.behind.store(true, Ordering::Release);
        }
    }

    /// A way to say that something changed under the scheduler's feet.
    pub(crate) fn changed(&self) -> impl Fn(QueueChange) + Send + Sync + use<> {
        let signals = self.signals.clone();
        let behind = Arc::clone(&self.behind);
        move |change| {
            if signals.try_send(Signal::LookAgain(change)).is_err() {
                behind.store(true, Ordering::Release);
            }
        }
    }

    /// Deliveries under way at this moment.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// The settings changed: limits and schedule are read anew.
    pub(crate) fn settings_changed(&self) {
        self.changed()(QueueChange::Rows);
    }

    /// What this node shows others changed for the better: nothing rests any longer.
    pub(crate) fn identity_mended(&self) {
        self.changed()(QueueChange::Retry);
    }
}

/// One delivery that came to an end, as far as its destination is concerned.
struct Finished {
    batch: Batch,
    outcome: DestinationOutcome,
    connection: Option<Connection>,
    /// What every recipient of a destination that is down shares.
    unreached: Option<End>,
}

/// What is left of a delivery when its connection is free for the next one.
enum Unsettled {
    /// What came of it is to be stored.
    Attempted(Box<Tried>),
    /// It could not be tried. These are tried again.
    Again(Vec<QueuedRecipient>),
}

/// One attempt that is over.
struct Tried {
    message: StoredMessage,
    recipients: Vec<QueuedRecipient>,
    attempt: Attempt,
    /// Recipients that it was not for.
    others: Vec<QueuedRecipient>,
}

/// What tasks tell the dispatcher.
enum Told {
    /// A delivery ended; what came of it is not stored yet.
    Finished(Box<Finished>),
    /// What came of these queue rows is stored, and these recipients are tried again.
    Settled(Vec<u64>, Vec<QueuedRecipient>),
    /// The same for recipients that shared a destination's failure.
    Shared(Vec<u64>, Vec<QueuedRecipient>),
}

/// Delivers until the node stops; deliveries under way are then finished by their own tasks.
pub(crate) async fn run(world: Arc<World>, mut signals: Signals) {
    let (tell, mut told) = mpsc::channel(1024);
    let mut dispatcher = Dispatcher::new(Arc::clone(&world), tell, Arc::clone(&signals.behind));
    loop {
        if dispatcher.has_room_again() && signals.behind.swap(false, Ordering::AcqRel) {
            dispatcher.look_at = Instant::now();
        }
        dispatcher.look_into_store().await;
        let wake_at = dispatcher.dispatch();
        tokio::select! {
            signal = signals.receiver.recv() => match signal {
                Some(signal) => dispatcher.heed(signal),
                None => return,
            },
            Some(end) = told.recv() => dispatcher.hear(end),
            () = tokio::time::sleep_until(wake_at) => dispatcher.close_idle(),
            () = world.stopping.stopped() => return,
        }
        // One wake-up takes all that has come meanwhile: fewer turns under load.
        while let Ok(end) = told.try_recv() {
            dispatcher.hear(end);
        }
        while let Ok(signal) = signals.receiver.try_recv() {
            dispatcher.heed(signal);
        }
    }
}

struct Dispatcher {
    world: Arc<World>,
    scheduler: Scheduler,
    /// What the scheduler holds, by queue row.
    held: HashMap<u64, QueuedRecipient>,
    /// Queue rows that the store still shows as due although their delivery is over.
    settling: HashSet<u64>,
    withdrawals: Withdrawals,
    idle: HashMap<Arc<str>, Vec<(Connection, Instant)>>,
    tell: mpsc::Sender<Told>,
    /// See [`Outbound::behind`].
    behind: Arc<AtomicBool>,
    look_at: Instant,
}

/// Mail without a tenant (the operator's) has this number among the scheduler's tenants.
const NO_TENANT: TenantId = TenantId(0);

impl Dispatcher {
    fn new(world: Arc<World>, tell: mpsc::Sender<Told>, behind: Arc<AtomicBool>) -> Self {
        let scheduler = Scheduler::new(limits(&world));
        let look_at = Instant::now();
        let (held, settling, idle) = (HashMap::new(), HashSet::new(), HashMap::new());
        let withdrawals = Withdrawals::default();
        Self { world, scheduler, held, settling, withdrawals, idle, tell, behind, look_at }
    }

    fn heed(&mut self, signal: Signal) {
        match signal {
            Signal::Queued(mut recipients) => {
                recipients.retain(|recipient| self.withdrawals.may_go_first(recipient));
                self.add(recipients);
            }
            Signal::LookAgain(change) => self.look_again(change),
            Signal::Withdraw(ids, answer) => {
                let free = self.withdrawals.withdraw(ids);
                for id in &free {
                    self.scheduler.remove(*id);
                    self.held.remove(id);
                }
                // Whoever asked may be gone: then they are given back at once.
                if let Err(free) = answer.send(free) {
                    self.heed(Signal::Moved(free));
                }
            }
            Signal::Moved(ids) => {
                self.withdrawals.moved(&ids);
                self.look_at = Instant::now();
            }
        }
    }

    fn add(&mut self, recipients: Vec<QueuedRecipient>) {
        let directory = self.world.directory();
        if !directory.is_loaded() {
            return; // No route can be found yet; the store is looked at again once it is.
        }
        for recipient in recipients {
            let is_settling = self.settling.contains(&recipient.id.number().unsigned_abs());
            if is_settling || !self.withdrawals.may_go(&recipient) {
                continue;
            }
            let destination = route::find(&directory, &recipient).key();
            let added = self.scheduler.add(Item {
                id: recipient.id.number().unsigned_abs(),
                message: recipient.message.number().unsigned_abs(),
                tenant: recipient.tenant.unwrap_or(NO_TENANT),
                destination,
                due: recipient.due,
            });
            self.remember(added, recipient);
        }
    }

    fn remember(&mut self, added: Added, recipient: QueuedRecipient) {
        match added {
            Added::Held => {
                self.held.insert(recipient.id.number().unsigned_abs(), recipient);
            }
            Added::InsteadOf(let_go) => {
                self.held.remove(&let_go);
                self.behind.store(true, Ordering::Release);
                self.held.insert(recipient.id.number().unsigned_abs(), recipient);
            }
            Added::AlreadyHeld => {}
            Added::Full => self.behind.store(true, Ordering::Release),
        }
    }

    /// Whether a look at the store would bring more than a few rows.
    fn has_room_again(&self) -> bool {
        self.scheduler.room() >= HELD_ITEMS_MAX / 2
    }

    /// Reads what is due soon, as far as there is room. What was read before is known already.
    async fn look_into_store(&mut self) {
        if Instant::now() < self.look_at || !self.world.directory().is_loaded() {
            return;
        }
        self.look_at = Instant::now() + HORIZON / 2;
        let until = self.world.now() + HORIZON;
        let mut cursor = Cursor::START;
        loop {
            if self.scheduler.room() == 0 {
                // The store knows more; it is looked at again once half of this is delivered.
                return self.behind.store(true, Ordering::Release);
            }
            let page = match self.world.store().due(until, cursor, PAGE_ROWS).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be read");
                    self.look_at = Instant::now() + Duration::from_secs(5);
                    return;
                }
            };
            let Some(last) = page.last() else { return };
            cursor = last.cursor();
            let is_last = page.len() < PAGE_ROWS;
            self.add(page);
            if is_last {
                return;
            }
        }
    }

    fn look_again(&mut self, change: QueueChange) {
        for (id, _) in self.held.drain() {
            self.scheduler.remove(id);
        }
        self.scheduler.set_limits(limits(&self.world));
        let now = self.world.now();
        match change {
            QueueChange::Rows => {}
            QueueChange::Retry => {
                self.scheduler.retry_now(RetryNow::All, now);
            }
            QueueChange::Tenant(tenant) => {
                let keys: Vec<_> = self
                    .scheduler
                    .destinations()
                    .map(|stats| stats.destination)
                    .filter(|key| route::is_of_tenant(key, tenant))
                    .collect();
                for key in keys {
                    self.scheduler.retry_now(RetryNow::Destination(&key), now);
                }
            }
        }
        self.look_at = Instant::now();
    }

    /// Starts every delivery that may start now; returns when to look again.
    fn dispatch(&mut self) -> Instant {
        let now = self.world.now();
        if self.settling.len() >= SETTLING_MAX {
            return self.look_at.min(Instant::now() + IDLE_TIME_MAX);
        }
        loop {
            match self.scheduler.next(now) {
                Next::Deliver(batch) => self.start(batch),
                Next::WaitUntil(until) => {
                    let wait = until.since(now).max(Duration::from_millis(1));
                    return self.look_at.min(Instant::now() + wait.min(IDLE_TIME_MAX));
                }
                Next::Idle => return self.look_at.min(Instant::now() + IDLE_TIME_MAX),
            }
        }
    }

    fn start(&mut self, batch: Batch) {
        self.withdrawals.began(&batch.ids);
        let recipients = self.take(&batch.ids);
        let idle = self.idle.get_mut(&batch.destination).and_then(Vec::pop);
        let connection = idle.map(|(connection, _)| connection);
        let (world, tell) = (Arc::clone(&self.world), self.tell.clone());
        self.world.outbound.in_flight.fetch_add(1, Ordering::AcqRel);
        tokio::spawn(async move {
            let ids = batch.ids.clone();
            let (end, unsettled) = deliver(&world, batch, recipients, connection).await;
            // The receiver is gone only when the node stops; the store has it all.
            let _ = tell.send(Told::Finished(Box::new(end))).await;
            let again = match unsettled {
                Unsettled::Attempted(tried) => {
                    let Tried { message, recipients, attempt, others } = *tried;
                    let mut again = settle_loaded(&world, &message, recipients, &attempt).await;
                    again.extend(others);
                    again
                }
                Unsettled::Again(recipients) => recipients,
            };
            world.outbound.in_flight.fetch_sub(1, Ordering::AcqRel);
            let _ = tell.send(Told::Settled(ids, again)).await;
        });
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Finished(end) => self.finish(*end),
            Told::Settled(ids, again) => {
                self.withdrawals.ended(&ids);
                for id in ids {
                    self.settling.remove(&id);
                }
                self.add_soon(again);
            }
            Told::Shared(ids, again) => {
                self.withdrawals.ended(&ids);
                self.add_soon(again);
            }
        }
    }

    fn finish(&mut self, end: Finished) {
        let Finished { batch, outcome, connection, unreached } = end;
        self.settling.extend(&batch.ids);
        let sharing = self.scheduler.finished(&batch, outcome, self.world.now());
        if let Some(connection) = connection {
            let idle = self.idle.entry(Arc::clone(&batch.destination)).or_default();
            idle.push((connection, Instant::now()));
        }
        if let Some(end) = unreached {
            self.share(sharing, end);
        }
    }

    /// A destination that stays down fails for all that is due there, without each knocking: so
    /// that each is counted, reported late and given up in its time.
    fn share(&mut self, ids: Vec<u64>, end: End) {
        let mut by_message: HashMap<i64, Vec<QueuedRecipient>> = HashMap::new();
        for recipient in self.take(&ids) {
            self.withdrawals.began(&[recipient.id.number().unsigned_abs()]);
            by_message.entry(recipient.message.number()).or_default().push(recipient);
        }
        if by_message.is_empty() {
            return;
        }
        let (world, tell) = (Arc::clone(&self.world), self.tell.clone());
        tokio::spawn(async move {
            for recipients in by_message.into_values() {
                let ends = recipients.iter().map(|_| end.clone()).collect();
                let ids = recipients.iter().map(|one| one.id.number().unsigned_abs()).collect();
                let again = settle_message(&world, recipients, Attempt::unreached(ends)).await;
                let _ = tell.send(Told::Shared(ids, again)).await;
            }
        });
    }

    fn take(&mut self, ids: &[u64]) -> Vec<QueuedRecipient> {
        ids.iter().filter_map(|id| self.held.remove(id)).collect()
    }

    /// Holds what is due within the horizon; the rest is found in the store when its time comes.
    fn add_soon(&mut self, recipients: Vec<QueuedRecipient>) {
        let horizon = self.world.now() + HORIZON;
        self.add(recipients.into_iter().filter(|recipient| recipient.due <= horizon).collect());
    }

    fn close_idle(&mut self) {
        let now = Instant::now();
        for connections in self.idle.values_mut() {
            let (stay, leave): (Vec<_>, Vec<_>) = std::mem::take(connections)
                .into_iter()
                .partition(|(_, since)| now.duration_since(*since) < IDLE_TIME_MAX);
            *connections = stay;
            leave.into_iter().for_each(|(connection, _)| connection.leave());
        }
        self.idle.retain(|_, connections| !connections.is_empty());
    }
}

fn limits(world: &World) -> SchedulerLimits {
    let settings = world.settings();
    let schedule = settings.queue.schedule();
    let defaults = SchedulerLimits::default();
    let first = schedule.glitch_delays.first().copied().unwrap_or(schedule.interval);
    SchedulerLimits {
        // A destination rests no longer than its messages do.
        pause_first: first.min(defaults.pause_first),
        pause_max: schedule.interval,
        concurrent_total: settings.queue.concurrent_max,
        concurrent_per_destination: settings.queue.concurrent_per_destination_max,
        held_items_max: HELD_ITEMS_MAX,
        recipients_per_delivery_max: RECIPIENTS_PER_DELIVERY_MAX,
        ..defaults
    }
}

/// One message to one destination, from the store to the server's last word.
async fn deliver(
    world: &Arc<World>,
    batch: Batch,
    recipients: Vec<QueuedRecipient>,
    connection: Option<Connection>,
) -> (Finished, Unsettled) {
    let outcome = DestinationOutcome::MessageFailed;
    let mut end = Finished { batch, outcome, connection: None, unreached: None };
    let Some(first) = recipients.first() else { return (end, Unsettled::Again(recipients)) };
    let message = match load(world, first.message).await {
        Ok(message) => message,
        Err(error) => return (end, Unsettled::Again(unreadable(world, recipients, &error))),
    };
    let wishes = Wishes::read(&message.head);
    let route = route::find_for(&world.directory(), first, &wishes);
    let (recipients, others) = route.of_one_destination(recipients);
    let mut attempt = connection::attempt(world, &route, &message, &recipients, connection).await;
    end.outcome = attempt.destination_outcome();
    if end.outcome == DestinationOutcome::DestinationFailed {
        end.unreached = attempt.ends.first().cloned();
    }
    end.connection = attempt.connection.take().filter(|_| !world.stopping.has_begun());
    (end, Unsettled::Attempted(Box::new(Tried { message, recipients, attempt, others })))
}
