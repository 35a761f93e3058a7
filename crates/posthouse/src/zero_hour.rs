//! Zero-hour (spec 2.10): when lists, rules, models or people say something new, mail of the last
//! 48 hours is judged again.
//!
//! May touch: the store, the engines, the dispatcher, the operator's hook. What waits goes into
//! quarantine in one transaction, once nobody delivers it; what is under way counts as delivered
//! and is looked at again. Nothing is released here. A failure changes nothing, and is tried again.

mod again;
mod hook;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthouse_policy::ZERO_HOUR_TIME_MAX;
use posthouse_store::{ChangeAct, ChangeOrder, Examined, QueueId, StoreError};
use posthouse_types::{Category, TenantId, UnixMillis};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::world::World;
use again::Pass;

/// After a change it is looked again, for mail that was being judged by the old state or was under
/// way: longer than a message takes from its judgement to the store.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Looks that are planned; beyond, the last one takes up what comes.
const PLANNED_MAX: usize = 64;

/// Why mail is judged again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// A tenant's lists or policies changed.
    Tenant(TenantId),
    /// The engines changed: rules, model, scanner. Only what is still here can be looked at.
    Engines,
    /// An administrator reported a message; its tenant has learned something, too.
    Report { tenant: TenantId, message_id: String, category: Category },
}

impl Cause {
    fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Tenant(tenant) | Self::Report { tenant, .. } => Some(*tenant),
            Self::Engines => None,
        }
    }
}

/// Causes that nobody has taken up yet.
#[derive(Default)]
pub(crate) struct ZeroHour {
    waiting: Mutex<BTreeSet<Cause>>,
    changed: Notify,
    /// There is something to tell the hook of.
    found: Notify,
}

impl ZeroHour {
    /// Something has changed. Never waits; the same twice is one.
    pub(crate) fn because(&self, cause: Cause) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(cause);
        self.changed.notify_one();
    }

    fn take(&self) -> BTreeSet<Cause> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Judges again whenever there is a cause, and tells the hook, until the node stops.
pub(crate) async fn run(world: Arc<World>) {
    tokio::join!(judge(&world), hook::run(&world));
}

async fn judge(world: &World) {
    let office = &world.office;
    while !office.directory().is_loaded() && !world.stopping.has_begun() {
        office.wait_for_directory().await;
    }
    // Rules or lists may have changed while the node was down.
    office.zero_hour.because(Cause::Engines);
    let mut planned: VecDeque<(Instant, BTreeSet<Cause>)> = VecDeque::new();
    loop {
        let next = planned.front().map(|(at, _)| *at);
        tokio::select! {
            () = office.zero_hour.changed.notified() => {
                let mut causes = office.zero_hour.take();
                causes.extend(look(world, &causes).await);
                plan(&mut planned, causes);
            }
            () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                if let Some((_, causes)) = planned.pop_front() {
                    plan(&mut planned, look(world, &causes).await);
                }
            }
            () = world.stopping.stopped() => return,
        }
    }
}

fn plan(planned: &mut VecDeque<(Instant, BTreeSet<Cause>)>, causes: BTreeSet<Cause>) {
    let is_full = planned.len() >= PLANNED_MAX;
    match planned.back_mut() {
        _ if causes.is_empty() => {}
        Some((_, last)) if is_full => last.extend(causes),
        _ => planned.push_back((Instant::now() + LOOK_AGAIN, causes)),
    }
}

/// One look, for all causes at once; gives what has to be looked at again.
async fn look(world: &World, causes: &BTreeSet<Cause>) -> BTreeSet<Cause> {
    if !world.settings().filter.enabled {
        return BTreeSet::new();
    }
    match examine(world, causes).await {
        Ok(left) => left.into_iter().map(Cause::Tenant).collect(),
        Err(error) => {
            tracing::warn!(%error, "mail could not be judged again; it is tried once more");
            causes.clone()
        }
    }
}

/// Looks at all mail that the causes are about; gives the tenants of what was under way.
async fn examine(
    world: &World,
    causes: &BTreeSet<Cause>,
) -> Result<BTreeSet<TenantId>, StoreError> {
    let mut left = BTreeSet::new();
    let pass = Pass::new(world, causes);
    let since = pass.now - ZERO_HOUR_TIME_MAX;
    let mut after = None;
    loop {
        let (page, next) = world.store().kept_to_examine(since, after).await?;
        left.extend(act(&pass, page).await?);
        after = next;
        if after.is_none() || world.stopping.has_begun() {
            break;
        }
    }
    // Rules and models say nothing of what is not here any more.
    let tenants: BTreeSet<TenantId> = causes.iter().filter_map(Cause::tenant).collect();
    for tenant in tenants {
        left.extend(examine_delivered(&pass, tenant, since).await?);
    }
    Ok(left)
}

async fn examine_delivered(
    pass: &Pass<'_>,
    tenant: TenantId,
    since: UnixMillis,
) -> Result<BTreeSet<TenantId>, StoreError> {
    let (mut left, mut before) = (BTreeSet::new(), None);
    loop {
        let (page, next) = pass.world.store().delivered_to_examine(tenant, since, before).await?;
        left.extend(act(pass, page).await?);
        before = next;
        if before.is_none() || pass.world.stopping.has_begun() {
            return Ok(left);
        }
    }
}

/// Judges a page again, and does what follows from it in one transaction.
async fn act(pass: &Pass<'_>, page: Vec<Examined>) -> Result<BTreeSet<TenantId>, StoreError> {
    let world = pass.world;
    let mut orders = Vec::new();
    for found in page {
        orders.extend(pass.order(found).await);
    }
    let queued: Vec<QueueId> = orders.iter().filter_map(moved).collect();
    let free = world.outbound.withdraw(&queued).await;
    let mut left = BTreeSet::new();
    for order in &mut orders {
        if moved(order).is_some_and(|id| !free.contains(&id)) {
            // A delivery is under way: nothing is changed but what is known of it.
            order.act = ChangeAct::Remember;
        }
        if order.act == ChangeAct::Remember {
            order.facts = again::still_as_before(&order.facts, &order.change.before);
            left.insert(order.change.tenant);
        }
    }
    let changed = match orders.is_empty() {
        true => Ok(Vec::new()),
        false => world.store().change_verdicts(orders, pass.now).await,
    };
    world.outbound.moved(&free).await;
    for change in changed? {
        let outcome = change.outcome.as_str();
        metrics::counter!("posthouse_verdict_changes_total", "outcome" => outcome).increment(1);
        world.office.zero_hour.found.notify_one();
    }
    Ok(left)
}

fn moved(order: &ChangeOrder) -> Option<QueueId> {
    match order.act {
        ChangeAct::Quarantine(id, _) => Some(id),
        _ => None,
    }
}
