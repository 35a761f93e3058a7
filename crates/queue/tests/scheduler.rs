//! The scheduler's promises, with a virtual clock: nothing is lost, limits hold, turns are fair,
//! failed destinations rest.

// The lints' exception for tests does not reach the helpers of an integration test.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use posthouse_queue::{Added, Batch, Item, Next, Outcome, RetryNow, Scheduler, SchedulerLimits};
use posthouse_types::{TenantId, UnixMillis};
use proptest::prelude::*;

const START: UnixMillis = UnixMillis(1_750_000_000_000);

fn after_s(seconds: u64) -> UnixMillis {
    START + Duration::from_secs(seconds)
}

fn limits(total: usize, per_destination: usize) -> SchedulerLimits {
    SchedulerLimits {
        concurrent_total: total,
        concurrent_per_destination: per_destination,
        ..SchedulerLimits::default()
    }
}

/// One recipient of a message of its own.
fn item(id: u64, tenant: u64, destination: &str) -> Item {
    Item { id, message: id, tenant: TenantId(tenant), destination: destination.into(), due: START }
}

fn deliver(scheduler: &mut Scheduler, now: UnixMillis) -> Option<Batch> {
    match scheduler.next(now) {
        Next::Deliver(batch) => Some(batch),
        Next::WaitUntil(_) | Next::Idle => None,
    }
}

fn deliver_all(scheduler: &mut Scheduler, now: UnixMillis) -> Vec<Batch> {
    std::iter::from_fn(|| deliver(scheduler, now)).collect()
}

#[test]
fn recipients_of_one_message_with_one_destination_leave_together() {
    let mut scheduler = Scheduler::new(SchedulerLimits::default());
    for id in 1..=3 {
        scheduler.add(Item { message: 7, ..item(id, 1, "mx.a.example") });
    }
    scheduler.add(Item { message: 7, ..item(4, 1, "mx.b.example") });
    scheduler.add(Item { message: 7, due: after_s(60), ..item(5, 1, "mx.a.example") });
    scheduler.add(item(6, 1, "mx.a.example"));
    let mut ids: Vec<_> =
        deliver_all(&mut scheduler, START).into_iter().map(|batch| batch.ids).collect();
    ids.sort();
    assert_eq!(ids, [vec![1, 2, 3], vec![4], vec![6]]);
    assert_eq!(scheduler.next(START), Next::WaitUntil(after_s(60)));
}

#[test]
fn a_transaction_never_has_more_recipients_than_servers_must_take() {
    let mut scheduler = Scheduler::new(SchedulerLimits::default());
    for id in 1..=250 {
        scheduler.add(Item { message: 7, ..item(id, 1, "mx.a.example") });
    }
    let sizes: Vec<_> =
        deliver_all(&mut scheduler, START).iter().map(|batch| batch.ids.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[test]
fn one_destination_may_have_all_its_slots_where_nobody_else_waits() {
    let mut scheduler = Scheduler::new(limits(1000, 20));
    for id in 1..=100 {
        scheduler.add(item(id, 1, "mx.a.example"));
    }
    assert_eq!(deliver_all(&mut scheduler, START).len(), 20);
    let mut scheduler = Scheduler::new(limits(5, 20));
    for id in 1..=100 {
        scheduler.add(item(id, 1, "mx.a.example"));
    }
    assert_eq!(deliver_all(&mut scheduler, START).len(), 5);
}

#[test]
fn a_tenant_with_50_000_messages_never_delays_another_ones_only_message() {
    let mut scheduler = Scheduler::new(limits(10, 10));
    for id in 1..=49_000 {
        scheduler.add(item(id, 1, "mx.a.example"));
    }
    let first = deliver_all(&mut scheduler, START);
    scheduler.add(item(60_000, 2, "mx.a.example"));
    scheduler.add(item(60_001, 3, "mx.b.example"));
    // The next two slots that are free go to the two who have waited least but have least.
    let mut next = Vec::new();
    for batch in first.iter().take(2) {
        scheduler.finished(batch, Outcome::Ok, START);
        next.extend(deliver_all(&mut scheduler, START));
    }
    let tenants: BTreeSet<_> = next.iter().map(|batch| batch.tenant).collect();
    assert!(tenants.contains(&TenantId(2)) && tenants.contains(&TenantId(3)), "{next:?}");
}

#[test]
fn tenants_that_share_a_destination_get_its_slots_in_turn() {
    let mut scheduler = Scheduler::new(limits(100, 1));
    for id in 0..30 {
        scheduler.add(item(id, id / 10, "mx.a.example"));
    }
    let mut order = Vec::new();
    while let Some(batch) = deliver(&mut scheduler, START) {
        order.push(batch.tenant.0);
        scheduler.finished(&batch, Outcome::Ok, START);
    }
    assert_eq!(order.len(), 30);
    for round in order.chunks(3) {
        assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), 3, "{order:?}");
    }
}

#[test]
fn flt_26_a_tarpit_holds_its_own_slots_only() {
    let mut scheduler = Scheduler::new(limits(100, 20));
    for id in 0..200 {
        scheduler.add(item(id, 1, "tarpit.example"));
        scheduler.add(item(1000 + id, 1, "mx.a.example"));
    }
    // Deliveries to the tarpit never end; the other destination's take no time.
    let mut elsewhere = 0;
    while let Some(batch) = deliver(&mut scheduler, START) {
        if &*batch.destination == "mx.a.example" {
            elsewhere += 1;
            scheduler.finished(&batch, Outcome::Ok, START);
        }
    }
    assert_eq!(elsewhere, 200);
    assert_eq!(scheduler.in_flight(), 20);
}

#[test]
fn a_tenant_with_a_thousand_tarpits_leaves_slots_to_quiet_tenants() {
    let mut scheduler = Scheduler::new(limits(100, 20));
    for id in 0..1000 {
        scheduler.add(item(id, 1, &format!("tarpit-{id}.example")));
    }
    assert_eq!(deliver_all(&mut scheduler, START).len(), 90);
    scheduler.add(item(5000, 2, "mx.a.example"));
    let batch = deliver(&mut scheduler, START).expect("a slot was kept");
    assert_eq!(batch.tenant, TenantId(2));
}

#[test]
fn a_failed_destination_rests_15_seconds_then_twice_as_long_up_to_5_minutes() {
    let mut scheduler = Scheduler::new(SchedulerLimits::default());
    let mut now = START;
    let mut rests = Vec::new();
    for id in 0..8 {
        scheduler.add(item(id, 1, "mx.a.example"));
        let batch = loop {
            match scheduler.next(now) {
                Next::Deliver(batch) => break batch,
                Next::WaitUntil(time) => {
                    rests.push(time.since(now).as_secs());
                    now = time;
                }
                Next::Idle => panic!("the destination was forgotten"),
            }
        };
        assert_eq!(batch.probe, id > 0);
        scheduler.finished(&batch, Outcome::DestinationFailed, now);
    }
    assert_eq!(rests, [15, 30, 60, 120, 240, 300, 300]);
}

#[test]
fn a_destination_that_failed_is_tried_by_one_delivery_and_opens_step_by_step() {
    let mut scheduler = Scheduler::new(limits(100, 20));
    for id in 0..60 {
        scheduler.add(item(id, id % 3, "mx.a.example"));
    }
    let first = deliver_all(&mut scheduler, START);
    assert_eq!(first.len(), 20);
    for batch in &first {
        assert!(scheduler.finished(batch, Outcome::DestinationFailed, START).is_empty());
    }
    // Twenty connections that broke at once are one failure: 15 seconds, not more.
    assert!(deliver(&mut scheduler, after_s(14)).is_none());
    let probe = deliver_all(&mut scheduler, after_s(15));
    assert_eq!(probe.len(), 1);
    assert!(probe[0].probe);
    scheduler.finished(&probe[0], Outcome::Ok, after_s(16));
    let second = deliver_all(&mut scheduler, after_s(16));
    assert_eq!(second.len(), 2);
    assert!(!second[0].probe);
    for batch in &second {
        scheduler.finished(batch, Outcome::MessageFailed, after_s(17));
    }
    assert_eq!(deliver_all(&mut scheduler, after_s(17)).len(), 4);
}

#[test]
fn what_is_due_to_a_dead_destination_shares_the_probes_failure() {
    let mut scheduler = Scheduler::new(limits(100, 1));
    for id in 0..10 {
        scheduler.add(item(id, id % 2, "mx.a.example"));
    }
    scheduler.add(Item { due: after_s(600), ..item(10, 1, "mx.a.example") });
    let batch = deliver(&mut scheduler, START).unwrap();
    assert!(scheduler.finished(&batch, Outcome::DestinationFailed, START).is_empty());
    let probe = deliver(&mut scheduler, after_s(15)).unwrap();
    let shared = scheduler.finished(&probe, Outcome::DestinationFailed, after_s(15));
    let known: BTreeSet<u64> = shared.iter().chain(&batch.ids).chain(&probe.ids).copied().collect();
    assert_eq!(shared.len(), 8);
    assert_eq!(known, (0..10).collect());
    // What was not due is still held, and comes in its time.
    assert_eq!(deliver(&mut scheduler, after_s(600)).unwrap().ids, [10]);
}

#[test]
fn retry_now_ends_rest_and_waiting() {
    let mut scheduler = Scheduler::new(SchedulerLimits::default());
    scheduler.add(item(1, 1, "mx.a.example"));
    let batch = deliver(&mut scheduler, START).unwrap();
    scheduler.finished(&batch, Outcome::DestinationFailed, START);
    scheduler.add(Item { due: after_s(300), ..item(1, 1, "mx.a.example") });
    scheduler.add(Item { due: after_s(300), ..item(2, 1, "mx.b.example") });
    assert!(deliver(&mut scheduler, after_s(1)).is_none());
    assert_eq!(scheduler.retry_now(RetryNow::Destination("mx.a.example"), after_s(1)), 1);
    assert_eq!(deliver(&mut scheduler, after_s(1)).unwrap().ids, [1]);
    assert!(deliver(&mut scheduler, after_s(1)).is_none());
    assert_eq!(scheduler.retry_now(RetryNow::All, after_s(1)), 1);
    assert_eq!(deliver(&mut scheduler, after_s(1)).unwrap().ids, [2]);
    assert_eq!(scheduler.retry_now(RetryNow::Destination("unknown.example"), after_s(1)), 0);
}

#[test]
fn other_limits_hold_for_what_waits_already() {
    let mut scheduler = Scheduler::new(limits(1000, 3));
    for (id, tenant) in [(1, 1), (2, 2), (3, 3), (4, 4)] {
        scheduler.add(item(id, tenant, "mx.a.example"));
    }
    scheduler.set_limits(limits(1000, 1));
    let begun = deliver_all(&mut scheduler, START);
    assert_eq!(begun.len(), 1);
    scheduler.set_limits(limits(1000, 3));
    assert_eq!(deliver_all(&mut scheduler, START).len(), 2);
    scheduler.finished(&begun[0], Outcome::Ok, START);
    assert_eq!(deliver_all(&mut scheduler, START).len(), 1);
}

#[test]
fn flt_12_a_clock_set_back_by_a_day_delays_nothing_by_a_day() {
    let mut scheduler = Scheduler::new(SchedulerLimits::default());
    scheduler.add(Item { due: after_s(60), ..item(1, 1, "mx.a.example") });
    assert_eq!(scheduler.next(START), Next::WaitUntil(after_s(60)));
    let yesterday = START - Duration::from_secs(24 * 3600);
    let a_minute_later = yesterday + Duration::from_secs(60);
    assert_eq!(scheduler.next(yesterday), Next::WaitUntil(a_minute_later));
    scheduler.add(Item { due: a_minute_later, ..item(2, 1, "mx.a.example") });
    assert_eq!(deliver_all(&mut scheduler, a_minute_later).len(), 2);
}

#[test]
fn a_full_scheduler_lets_the_last_of_the_largest_tenant_go() {
    let mut scheduler =
        Scheduler::new(SchedulerLimits { held_items_max: 10, ..SchedulerLimits::default() });
    for id in 0..10 {
        let due = after_s(id);
        assert_eq!(scheduler.add(Item { due, ..item(id, 1, "mx.a.example") }), Added::Held);
    }
    assert_eq!(scheduler.room(), 0);
    let later = Item { due: after_s(99), ..item(20, 1, "mx.a.example") };
    assert_eq!(scheduler.add(later), Added::Full);
    let other = Item { due: after_s(99), ..item(21, 2, "mx.b.example") };
    assert_eq!(scheduler.add(other.clone()), Added::InsteadOf(9));
    assert_eq!(scheduler.add(other), Added::AlreadyHeld);
    assert_eq!(scheduler.add(item(22, 1, "mx.a.example")), Added::InsteadOf(8));
    assert_eq!((scheduler.waiting_of(TenantId(1)), scheduler.waiting_of(TenantId(2))), (9, 1));
}

#[test]
fn an_item_in_flight_is_neither_given_twice_nor_removed() {
    let mut scheduler = Scheduler::new(SchedulerLimits::default());
    scheduler.add(item(1, 1, "mx.a.example"));
    let batch = deliver(&mut scheduler, START).unwrap();
    assert_eq!(scheduler.add(item(1, 1, "mx.a.example")), Added::AlreadyHeld);
    assert!(!scheduler.remove(1));
    scheduler.finished(&batch, Outcome::Ok, START);
    scheduler.finished(&batch, Outcome::Ok, START);
    assert_eq!(scheduler.in_flight(), 0);
    assert_eq!(scheduler.next(START), Next::Idle);
    assert_eq!(scheduler.destinations().count(), 0);
}

#[test]
fn destinations_that_failed_are_remembered_for_a_while_and_within_a_bound() {
    let mut scheduler =
        Scheduler::new(SchedulerLimits { idle_destinations_max: 10, ..SchedulerLimits::default() });
    for id in 0..100 {
        scheduler.add(item(id, 1, &format!("mx-{id}.example")));
        let batch = deliver(&mut scheduler, START).unwrap();
        scheduler.finished(&batch, Outcome::DestinationFailed, START);
    }
    assert_eq!(scheduler.destinations().count(), 10);
    scheduler.next(after_s(3600));
    assert_eq!(scheduler.destinations().count(), 0);
}

/// What the property test does, one at a time.
#[derive(Clone, Debug)]
enum Act {
    Add { tenant: u64, destination: u8, message: u64, due_in_s: u64 },
    Remove(usize),
    Deliver,
    Finish(usize, Outcome),
    Wait(u64),
    SetBack(u64),
    RetryNow,
}

fn act() -> impl Strategy<Value = Act> {
    let outcome = prop_oneof![
        Just(Outcome::Ok),
        Just(Outcome::DestinationFailed),
        Just(Outcome::MessageFailed)
    ];
    prop_oneof![
        6 => (0..4u64, 0..4u8, 0..6u64, prop_oneof![Just(0), 0..100u64]).prop_map(
            |(tenant, destination, message, due_in_s)| Act::Add {
                tenant, destination, message: tenant * 100 + message, due_in_s
            }
        ),
        1 => any::<usize>().prop_map(Act::Remove),
        6 => Just(Act::Deliver),
        4 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Act::Finish(which, outcome)),
        2 => (0..60u64).prop_map(Act::Wait),
        1 => (0..100u64).prop_map(Act::SetBack),
        1 => Just(Act::RetryNow),
    ]
}

/// The scheduler beside the plainest account of what it ought to hold.
struct Model {
    scheduler: Scheduler,
    limits: SchedulerLimits,
    now: UnixMillis,
    waiting: BTreeMap<u64, Item>,
    in_flight: Vec<Batch>,
    ids_used: u64,
}

impl Model {
    fn new() -> Self {
        let limits = SchedulerLimits {
            concurrent_total: 6,
            concurrent_per_destination: 3,
            held_items_max: 24,
            recipients_per_delivery_max: 2,
            idle_destinations_max: 2,
            ..SchedulerLimits::default()
        };
        Self {
            scheduler: Scheduler::new(limits.clone()),
            limits,
            now: START,
            waiting: BTreeMap::new(),
            in_flight: Vec::new(),
            ids_used: 0,
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Add { tenant, destination, message, due_in_s } => {
                self.ids_used += 1;
                self.add(Item {
                    id: self.ids_used,
                    message,
                    tenant: TenantId(tenant),
                    destination: format!("mx-{destination}.example"),
                    due: self.now + Duration::from_secs(due_in_s),
                });
            }
            Act::Remove(which) => {
                let id = self.waiting.keys().nth(which % self.waiting.len().max(1)).copied();
                if let Some(id) = id {
                    assert!(self.scheduler.remove(id));
                    self.waiting.remove(&id);
                }
            }
            Act::Deliver => self.deliver(),
            Act::Finish(which, outcome) => self.finish(which, outcome),
            Act::Wait(seconds) => self.now = self.now + Duration::from_secs(seconds),
            Act::SetBack(seconds) => self.now = self.now - Duration::from_secs(seconds),
            Act::RetryNow => {
                assert_eq!(self.scheduler.retry_now(RetryNow::All, self.now), self.waiting.len());
            }
        }
        let held: usize =
            self.waiting.len() + self.in_flight.iter().map(|b| b.ids.len()).sum::<usize>();
        assert_eq!(self.scheduler.room(), self.limits.held_items_max - held);
        assert_eq!(self.scheduler.in_flight(), self.in_flight.len());
    }

    fn add(&mut self, item: Item) {
        match self.scheduler.add(item.clone()) {
            Added::Held => {}
            Added::InsteadOf(victim) => {
                assert!(self.waiting.remove(&victim).is_some(), "let go what it did not hold");
            }
            Added::Full => return,
            Added::AlreadyHeld => panic!("ids are unique here"),
        }
        self.waiting.insert(item.id, item);
    }

    fn deliver(&mut self) {
        let Some(batch) = deliver(&mut self.scheduler, self.now) else {
            return;
        };
        assert!(!batch.ids.is_empty());
        assert!(batch.ids.len() <= self.limits.recipients_per_delivery_max);
        for id in &batch.ids {
            let item = self.waiting.remove(id).expect("given twice, or never added");
            assert_eq!((item.message, item.tenant), (batch.message, batch.tenant));
            assert_eq!(item.destination, *batch.destination);
        }
        self.in_flight.push(batch);
        assert!(self.in_flight.len() <= self.limits.concurrent_total);
        let mut by_destination = BTreeMap::new();
        for batch in &self.in_flight {
            *by_destination.entry(&batch.destination).or_insert(0) += 1;
        }
        assert!(by_destination.values().all(|n| *n <= self.limits.concurrent_per_destination));
    }

    fn finish(&mut self, which: usize, outcome: Outcome) {
        if self.in_flight.is_empty() {
            return;
        }
        let batch = self.in_flight.swap_remove(which % self.in_flight.len());
        for id in self.scheduler.finished(&batch, outcome, self.now) {
            let item = self.waiting.remove(&id).expect("shared a fate without being held");
            assert_eq!(item.destination, *batch.destination);
        }
    }

    /// From here all deliveries succeed: then everything that waits has to come.
    fn drain(&mut self) {
        for _ in 0..10_000 {
            while !self.in_flight.is_empty() {
                self.finish(0, Outcome::Ok);
            }
            match self.scheduler.next(self.now) {
                Next::Deliver(batch) => {
                    for id in &batch.ids {
                        self.waiting.remove(id).expect("given twice");
                    }
                    self.in_flight.push(batch);
                }
                Next::WaitUntil(time) => {
                    assert!(time > self.now, "waits for the past");
                    self.now = time;
                }
                Next::Idle => break,
            }
        }
        assert!(self.waiting.is_empty(), "lost: {:?}", self.waiting);
        assert_eq!(self.scheduler.room(), self.limits.held_items_max);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_given_twice_and_limits_hold(
        acts in proptest::collection::vec(act(), 1..200),
    ) {
        let mut model = Model::new();
        for act in acts {
            model.act(act);
        }
        model.drain();
    }
}

proptest! {
    // These need no luck with the order of events; few cases show what they show.
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn while_slots_are_free_nothing_that_can_go_waits(
        tenants in proptest::collection::vec(0..5u64, 1..60),
    ) {
        let mut scheduler = Scheduler::new(limits(1000, 4));
        let mut by_destination: BTreeMap<String, usize> = BTreeMap::new();
        for (id, tenant) in (0u64..).zip(tenants) {
            let destination = format!("mx-{}.example", id % 7);
            scheduler.add(item(id, tenant, &destination));
            *by_destination.entry(destination).or_default() += 1;
        }
        let expected: usize = by_destination.values().map(|count| (*count).min(4)).sum();
        prop_assert_eq!(deliver_all(&mut scheduler, START).len(), expected);
    }

    #[test]
    fn tenants_with_mail_enough_get_equal_shares(
        tenant_count in 2u64..6, rounds in 5usize..20, slots in 1usize..8,
    ) {
        let mut scheduler = Scheduler::new(limits(slots, slots));
        for id in 0..tenant_count * 1000 {
            // The first tenant spreads its mail over many destinations; that gains it nothing.
            let tenant = id % tenant_count;
            let destination = if tenant == 0 { id % 50 } else { 1000 + tenant };
            scheduler.add(item(id, tenant, &format!("mx-{destination}.example")));
        }
        let mut shares: BTreeMap<TenantId, usize> = BTreeMap::new();
        let mut running = std::collections::VecDeque::new();
        for _ in 0..rounds * tenant_count as usize {
            running.extend(deliver_all(&mut scheduler, START));
            let batch: Batch = running.pop_front().expect("something runs");
            scheduler.finished(&batch, Outcome::Ok, START);
            *shares.entry(batch.tenant).or_default() += 1;
        }
        let (least, most) = (shares.values().min().unwrap(), shares.values().max().unwrap());
        prop_assert!(most - least <= slots + 1, "{shares:?}");
    }
}
