//! Zero-hour: what is known of messages is kept two days; a changed verdict moves what waits, and
//! nothing else.

use std::time::Duration;

use posthouse_types::{PolicyKind, Quarantine, QuarantineReason};

use super::*;
use crate::{
    Actor, ChangeAct, ChangeOrder, ChangeOutcome, Changes, EventQuery, Examined, KeptName,
    NewQuarantine, Outcome, QuarantineFilter, Rescan, Retention, Settlement, TraceQuery,
    VerdictChange, Where,
};

fn kept(reason: QuarantineReason) -> Box<NewQuarantine> {
    Box::new(NewQuarantine {
        quarantine: Quarantine {
            reason,
            retention_days: 15,
            policy: "AdminOnlyAccessPolicy".to_owned(),
            permissions: 0,
            notifies: false,
        },
        policy: PolicyKind::TenantAllowBlock,
        policy_name: String::new(),
        override_reason: String::new(),
        is_outbound: false,
        notify_after: None,
    })
}

fn order(found: &Examined, act: ChangeAct, outcome: ChangeOutcome) -> ChangeOrder {
    let change = VerdictChange {
        id: 0,
        time: NOW,
        tenant: TENANT,
        outcome,
        trace: found.trace,
        reference: found.reference.clone(),
        received: found.received,
        sender: found.sender.clone(),
        recipient: found.recipient.clone(),
        message_id: found.message_id.clone(),
        subject: found.subject.clone(),
        before: "NONE".to_owned(),
        now: "HPHSH".to_owned(),
        why_en: "The list blocks it.".to_owned(),
        why_de: "Die Liste sperrt es.".to_owned(),
    };
    ChangeOrder { act, change, facts: "new".to_owned() }
}

async fn stored(store: &Store, number: u8, to: &[&str]) -> Vec<Examined> {
    let mut new = message(store, number, 10, to);
    new.facts = "old".to_owned();
    store.commit(new).await.unwrap();
    store.kept_to_examine(UnixMillis(0), None).await.unwrap().0
}

fn move_of(found: &Examined) -> ChangeOrder {
    let Where::Queued(queue, _) = found.place else { panic!("{found:?}") };
    let act = ChangeAct::Quarantine(queue, kept(QuarantineReason::HighConfidencePhish));
    order(found, act, ChangeOutcome::Quarantined)
}

#[tokio::test]
async fn what_waits_goes_to_quarantine_once_and_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let found = stored(&store, 1, &["a@x.example", "b@x.example"]).await;
    assert_eq!(found.iter().map(|one| one.facts.as_str()).collect::<Vec<_>>(), ["old"; 2]);
    let orders = vec![move_of(&found[0])];
    assert_eq!(store.change_verdicts(orders.clone(), NOW).await.unwrap().len(), 1);
    let again = store.change_verdicts(orders, NOW).await.unwrap();
    assert!(again.is_empty(), "it is not in the queue any more");

    let target = tempfile::tempdir().unwrap();
    let (crashed, _) = open(&crash(&store, target.path()));
    for store in [&store, &crashed] {
        let due = all_due(store).await;
        assert_eq!(due.len(), 1, "the other recipient still gets it");
        assert_eq!(due[0].address, address("b@x.example"));
        let row = store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0);
        assert_eq!(row.reason, "high-confidence-phish");
        let acts = store.quarantine_acts(row.id).await.unwrap();
        assert_eq!((acts[0].act.as_str(), acts[0].by.as_str()), ("quarantined", "zero-hour"));
        let trace = store.trace(TraceQuery::default()).await.unwrap();
        let row = trace.iter().find(|stored| stored.row.recipient == "a@x.example").unwrap();
        assert_eq!(
            (row.row.status, row.row.reason.as_str()),
            (TraceStatus::Quarantined, "zero-hour")
        );
        let list = store.verdict_changes(Changes::default()).await.unwrap();
        assert_eq!((list.len(), list[0].now.as_str()), (1, "HPHSH"));
        let events = store.events(EventQuery::default()).await.unwrap();
        assert!(events.iter().any(|stored| stored.event.data.id() == 1011), "{events:?}");
        let left = store.kept_to_examine(UnixMillis(0), None).await.unwrap().0;
        assert_eq!(left.iter().map(|one| one.facts.as_str()).collect::<Vec<_>>(), ["new", "old"]);
    }
}

#[tokio::test]
async fn what_was_moved_is_released_like_any_other_and_never_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let found = stored(&store, 1, &["a@x.example"]).await;
    store.change_verdicts(vec![move_of(&found[0])], NOW).await.unwrap();
    let row = store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0);
    let root = Actor::Administrator("root".to_owned());
    store.release_quarantined(row.id, root, Rescan::Clean, None, NOW).await.unwrap().unwrap();
    assert_eq!(all_due(&store).await.len(), 1);
    assert!(store.kept_to_examine(UnixMillis(0), None).await.unwrap().0.is_empty());
    assert!(store.load(row.message, NOW).await.unwrap().is_released);
}

#[tokio::test]
async fn an_attempt_that_ends_late_does_not_undo_the_move() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let found = stored(&store, 1, &["a@x.example"]).await;
    let due = all_due(&store).await;
    store.change_verdicts(vec![move_of(&found[0])], NOW).await.unwrap();
    let retry = Outcome::Retry {
        due: NOW,
        reason: posthouse_types::Reason::ConnectionFailed,
        detail: "no route".to_owned(),
        notice_sent: false,
        at: NOW,
    };
    let settlement = Settlement { outcomes: vec![(due[0].id, retry)], ..Settlement::default() };
    store.settle(settlement).await.unwrap();
    assert!(all_due(&store).await.is_empty());
}

#[tokio::test]
async fn what_is_in_quarantine_gets_the_graver_reason_and_what_was_delivered_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut new = message(&store, 1, 10, &["a@x.example", "b@x.example"]);
    new.facts = "old".to_owned();
    let mut spam = kept(QuarantineReason::Spam);
    spam.quarantine.permissions = 39;
    new.recipients[0].quarantine = Some(spam);
    store.commit(new).await.unwrap();
    let found = store.kept_to_examine(UnixMillis(0), None).await.unwrap().0;
    let in_quarantine = found.iter().find(|one| one.recipient == "a@x.example").unwrap();
    let Where::Quarantined(id, _, reason) = &in_quarantine.place else { panic!() };
    assert_eq!(reason, "spam");
    let act = ChangeAct::Worsen(*id, kept(QuarantineReason::Malware));
    store
        .change_verdicts(vec![order(in_quarantine, act, ChangeOutcome::Worsened)], NOW)
        .await
        .unwrap();
    let row = store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0);
    assert_eq!((row.reason.as_str(), row.permissions), ("malware", 0));

    let due = all_due(&store).await;
    let delivered =
        Outcome::Delivered { to_ip: "192.0.2.1".to_owned(), detail: "250".to_owned(), at: NOW };
    let settlement = Settlement { outcomes: vec![(due[0].id, delivered)], ..Settlement::default() };
    store.settle(settlement).await.unwrap();
    let (page, next) = store.delivered_to_examine(TENANT, UnixMillis(0), None).await.unwrap();
    assert_eq!((page.len(), next), (1, None));
    assert_eq!((page[0].recipient.as_str(), &page[0].place), ("b@x.example", &Where::Delivered));
    let told = order(&page[0], ChangeAct::Tell, ChangeOutcome::Delivered);
    store.change_verdicts(vec![told], NOW).await.unwrap();
    let to_tell = Changes { only_to_tell: true, ..Changes::default() };
    let waiting = store.verdict_changes(to_tell.clone()).await.unwrap();
    assert_eq!(waiting.len(), 1, "what is in quarantine is no affair of the hook");
    store.verdict_change_told(waiting[0].id).await.unwrap();
    assert!(store.verdict_changes(to_tell).await.unwrap().is_empty());
    let trace = store.trace(TraceQuery::default()).await.unwrap();
    let row = trace.iter().find(|stored| stored.row.recipient == "b@x.example").unwrap();
    assert_eq!(row.row.status, TraceStatus::Delivered, "it was delivered, and stays so");
    assert_eq!(row.row.events.last().unwrap().event, TraceStep::ZeroHour);
}

#[tokio::test]
async fn spec_2_10_facts_are_forgotten_after_48_hours() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    stored(&store, 1, &["a@x.example"]).await;
    let retention = Retention { trace_days: 10, events_days: 30, held_days: 7 };
    let hours = |hours: u64| NOW + Duration::from_secs(3600 * hours);
    store.purge(hours(47), retention, 100).await.unwrap();
    assert_eq!(store.kept_to_examine(UnixMillis(0), None).await.unwrap().0.len(), 1);
    store.purge(hours(49), retention, 100).await.unwrap();
    assert!(store.kept_to_examine(UnixMillis(0), None).await.unwrap().0.is_empty());
    assert_eq!(all_due(&store).await.len(), 1, "the message itself is not touched");
}

#[tokio::test]
async fn what_was_known_of_a_message_is_found_by_its_reference_and_its_message_id() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let found = stored(&store, 1, &["ann@y.example"]).await.remove(0);
    for name in [
        KeptName::Reference(found.reference.clone()),
        KeptName::MessageId(found.message_id.clone()),
    ] {
        let of = |tenant, since| store.kept_facts(tenant, name.clone(), since);
        assert_eq!(of(TENANT, found.received).await.unwrap(), ["old"]);
        let after = found.received + Duration::from_millis(1);
        assert!(of(TENANT, after).await.unwrap().is_empty(), "too long ago");
        assert!(of(TenantId(99), found.received).await.unwrap().is_empty(), "another tenant's");
    }
}
