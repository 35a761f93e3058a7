//! Quarantine: kept with its message, released once, denied, deleted, expired, and written down.

use std::time::Duration;

use posthouse_types::{PolicyKind, Quarantine, QuarantineReason};

use super::*;
use crate::{
    Actor, ContactCount, Counts, EventQuery, NewQuarantine, QuarantineFilter, QuarantineRefused,
    QuarantineStatus, Quarantined, QueueFilter, Rescan, Retention, SpoofSeen, TraceQuery,
};

const DAY: Duration = Duration::from_secs(86_400);
const FULL: u8 = 39;
const LIMITED: u8 = 43;

fn kept(reason: QuarantineReason, permissions: u8) -> Box<NewQuarantine> {
    Box::new(NewQuarantine {
        quarantine: Quarantine {
            reason,
            retention_days: 15,
            policy: "DefaultFullAccessPolicy".to_owned(),
            permissions,
            notifies: false,
        },
        policy: PolicyKind::AntiSpam,
        policy_name: "Default".to_owned(),
        override_reason: String::new(),
        is_outbound: false,
        notify_after: None,
    })
}

/// A message in quarantine for the first of these, delivered to the others.
async fn quarantine(
    store: &Store,
    number: u8,
    reason: QuarantineReason,
    to: &[&str],
) -> Quarantined {
    let mut new = message(store, number, 3000, to);
    new.recipients[0].quarantine = Some(kept(reason, FULL));
    store.commit(new).await.unwrap();
    store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0)
}

fn admin() -> Actor {
    Actor::Administrator("root".to_owned())
}

fn user(address: &str) -> Actor {
    Actor::User(address.to_owned())
}

#[tokio::test]
async fn a_quarantined_recipient_is_never_delivered_and_shares_the_others_body() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let row = quarantine(&store, 1, QuarantineReason::Spam, &["a@x.example", "b@x.example"]).await;
    assert_eq!((row.recipient.as_str(), row.reason.as_str()), ("a@x.example", "spam"));
    assert_eq!(row.expires, NOW + 15 * DAY);
    let due = all_due(&store).await;
    assert_eq!(due.len(), 1, "only the other one");
    assert_eq!(due[0].message, row.message, "one message is one object");
    // The queue's own verbs do not reach it.
    assert_eq!(store.queue(QueueFilter::default()).await.unwrap().len(), 1);
    assert_eq!(store.release(QueueFilter::default(), NOW).await.unwrap(), 0);
    assert_eq!(store.remove(QueueFilter::default(), "root", NOW).await.unwrap(), 1);
    assert!(all_due(&store).await.is_empty());
    store.load(row.message, NOW).await.unwrap();
    assert_eq!(body_files(folder.path()).len(), 1, "its body stays while it is kept");
}

#[tokio::test]
async fn a_release_is_made_once_and_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let row = quarantine(&store, 1, QuarantineReason::Phish, &["a@x.example"]).await;
    let later = NOW + DAY;
    store.release_quarantined(row.id, admin(), Rescan::Clean, None, later).await.unwrap().unwrap();

    let target = tempfile::tempdir().unwrap();
    let (crashed, _) = open(&crash(&store, target.path()));
    for store in [&store, &crashed] {
        let again =
            store.release_quarantined(row.id, admin(), Rescan::Clean, None, later).await.unwrap();
        assert_eq!(again, Err(QuarantineRefused::AlreadyReleased));
        let due = all_due(store).await;
        assert_eq!(due.len(), 1);
        assert_eq!((due[0].due, due[0].since), (later, later));
        assert_eq!(body_of(store, &due[0]).await, content(1, 3000));
        let found = store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0);
        assert_eq!(found.status, QuarantineStatus::Released);
        assert_eq!(found.released_by, "root");
        let acts = store.quarantine_acts(row.id).await.unwrap();
        let words: Vec<_> = acts.iter().map(|act| (act.act.as_str(), act.by.as_str())).collect();
        assert_eq!(words, [("quarantined", "the filter"), ("released", "root")]);
    }
    let trace = store.trace(TraceQuery::default()).await.unwrap().remove(0).row;
    assert_eq!(trace.status, TraceStatus::Pending);
    assert_eq!(trace.events.last().unwrap().detail, "released from quarantine by root");
}

#[tokio::test]
async fn web_07_a_user_never_releases_malware_or_high_confidence_phish() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for (number, reason, permissions, may) in [
        (1, QuarantineReason::Malware, FULL, false),
        (2, QuarantineReason::HighConfidencePhish, FULL, false),
        (3, QuarantineReason::FileType, FULL, false),
        (4, QuarantineReason::Spam, LIMITED, false),
        (5, QuarantineReason::Spam, 0, false),
        (6, QuarantineReason::Spam, FULL, true),
    ] {
        let mut new = message(&store, number, 10, &["a@x.example"]);
        new.recipients[0].quarantine = Some(kept(reason, permissions));
        store.commit(new).await.unwrap();
        let row = store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0);
        let stranger =
            store.release_quarantined(row.id, user("b@x.example"), Rescan::Clean, None, NOW).await;
        assert_eq!(stranger.unwrap(), Err(QuarantineRefused::NotPermitted), "{reason:?}");
        let own =
            store.release_quarantined(row.id, user("a@x.example"), Rescan::Clean, None, NOW).await;
        assert_eq!(own.unwrap().is_ok(), may, "{reason:?} {permissions}");
        let acts = store.quarantine_acts(row.id).await.unwrap();
        assert_eq!(acts[1].act, "refused", "an attempt is written down");
    }
    assert_eq!(all_due(&store).await.len(), 1);
}

#[tokio::test]
async fn web_07_what_is_found_when_it_is_scanned_again_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let row = quarantine(&store, 1, QuarantineReason::Spam, &["a@x.example"]).await;
    let found = Rescan::Malware("EICAR".to_owned());
    let refused =
        store.release_quarantined(row.id, user("a@x.example"), found, None, NOW).await.unwrap();
    assert_eq!(refused, Err(QuarantineRefused::Malware));
    let row = store.quarantine(QuarantineFilter::default()).await.unwrap().remove(0);
    assert_eq!(row.status, QuarantineStatus::Error);
    assert!(all_due(&store).await.is_empty());
    let forced = Rescan::Overridden("false alarm".to_owned());
    let refused =
        store.release_quarantined(row.id, user("a@x.example"), forced.clone(), None, NOW).await;
    assert_eq!(refused.unwrap(), Err(QuarantineRefused::NotPermitted));
    store.release_quarantined(row.id, admin(), forced, None, NOW).await.unwrap().unwrap();
    assert_eq!(all_due(&store).await.len(), 1);
}

#[tokio::test]
async fn a_request_is_granted_or_denied() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let row = quarantine(&store, 1, QuarantineReason::Spam, &["a@x.example"]).await;
    let status = |status| QuarantineFilter { status: Some(status), ..QuarantineFilter::default() };
    let denied = store.deny_release(row.id, admin(), NOW).await.unwrap();
    assert_eq!(denied, Err(QuarantineRefused::NotRequested));
    store.request_release(row.id, user("A@x.example"), NOW).await.unwrap().unwrap();
    assert_eq!(store.quarantine(status(QuarantineStatus::Requested)).await.unwrap().len(), 1);
    store.deny_release(row.id, admin(), NOW).await.unwrap().unwrap();
    assert_eq!(store.quarantine(status(QuarantineStatus::Denied)).await.unwrap().len(), 1);
    store.request_release(row.id, user("a@x.example"), NOW).await.unwrap().unwrap();
    store.release_quarantined(row.id, admin(), Rescan::Clean, None, NOW).await.unwrap().unwrap();
    let asked = store.request_release(row.id, user("a@x.example"), NOW).await.unwrap();
    assert_eq!(asked, Err(QuarantineRefused::AlreadyReleased));
}

#[tokio::test]
async fn what_is_deleted_goes_with_its_body_and_leaves_its_acts() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let row = quarantine(&store, 1, QuarantineReason::Spam, &["a@x.example"]).await;
    store.delete_quarantined(row.id, admin(), NOW).await.unwrap().unwrap();
    assert!(store.quarantine(QuarantineFilter::default()).await.unwrap().is_empty());
    assert!(body_files(folder.path()).is_empty());
    assert_eq!(store.quarantine_acts(row.id).await.unwrap()[1].act, "deleted");
    let gone = store.release_quarantined(row.id, admin(), Rescan::Clean, None, NOW).await.unwrap();
    assert_eq!(gone, Err(QuarantineRefused::NotFound));
}

#[tokio::test]
async fn retention_ends_what_is_kept_with_an_event() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let retention = Retention { trace_days: 90, events_days: 90, held_days: 30 };
    quarantine(&store, 1, QuarantineReason::Spam, &["a@x.example"]).await;
    let early = store.purge(NOW + 14 * DAY, retention, 100).await.unwrap();
    assert_eq!(early.held, 0);
    let purged = store.purge(NOW + 15 * DAY, retention, 100).await.unwrap();
    assert_eq!(purged.held, 1);
    assert!(store.quarantine(QuarantineFilter::default()).await.unwrap().is_empty());
    assert!(body_files(folder.path()).is_empty());
    let events = store.events(EventQuery::default()).await.unwrap();
    assert!(events[0].event.text.contains("its retention was over"), "{events:?}");
    assert_eq!(events[0].event.reason, "quarantined");
}

#[tokio::test]
async fn filters_narrow_by_each_field_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for (number, reason) in [(1, QuarantineReason::Spam), (2, QuarantineReason::Malware)] {
        quarantine(&store, number, reason, &["a@x.example"]).await;
    }
    let any = QuarantineFilter::default;
    let count = async |filter: QuarantineFilter| store.quarantine(filter).await.unwrap().len();
    assert_eq!(store.quarantine(any()).await.unwrap()[0].reason, "malware");
    assert_eq!(count(QuarantineFilter { tenant: Some(TENANT), ..any() }).await, 2);
    assert_eq!(count(QuarantineFilter { tenant: Some(TenantId(8)), ..any() }).await, 0);
    assert_eq!(count(QuarantineFilter { reason: Some(QuarantineReason::Spam), ..any() }).await, 1);
    assert_eq!(count(QuarantineFilter { recipient: Some("A@X.example".into()), ..any() }).await, 2);
    assert_eq!(
        count(QuarantineFilter { sender: Some("*@contoso.example".into()), ..any() }).await,
        2
    );
    assert_eq!(
        count(QuarantineFilter { sender: Some("bob@contoso.example".into()), ..any() }).await,
        0
    );
    assert_eq!(count(QuarantineFilter { subject: Some("off".into()), ..any() }).await, 2);
    assert_eq!(count(QuarantineFilter { policy: Some(PolicyKind::AntiPhish), ..any() }).await, 0);
    assert_eq!(count(QuarantineFilter { outbound: Some(true), ..any() }).await, 0);
    assert_eq!(count(QuarantineFilter { since: Some(NOW + DAY), ..any() }).await, 0);
    assert_eq!(count(QuarantineFilter { limit: 1, ..any() }).await, 1);
    let reference = reference(1).to_string();
    assert_eq!(count(QuarantineFilter { reference: Some(reference), ..any() }).await, 1);
}

fn contact(sender: &Address, recipient: &Address, last: UnixMillis) -> Counts {
    let (sender, recipient) = (sender.folded().into(), recipient.folded().into());
    let one = ContactCount { tenant: TENANT, sender, recipient, count: 1, last };
    Counts { contacts: vec![one], ..Counts::default() }
}

fn spoof(seen: SpoofSeen) -> Counts {
    Counts { spoofs: vec![(TENANT, seen)], ..Counts::default() }
}

#[tokio::test]
async fn pairs_are_counted_for_their_tenant_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let (anna, rita) = (address("Anna@f.example"), address("rita@x.example"));
    store.record_counts(contact(&anna, &rita, NOW)).await.unwrap();
    store.record_counts(contact(&anna, &rita, NOW + DAY)).await.unwrap();
    let known = store
        .contacts(TENANT, &address("anna@f.example"), std::slice::from_ref(&rita))
        .await
        .unwrap()[0];
    assert_eq!((known.messages_before, known.last), (2, Some(NOW + DAY)));
    assert!(!known.corresponded);
    let back = store.contacts(TENANT, &rita, std::slice::from_ref(&anna)).await.unwrap()[0];
    assert_eq!((back.messages_before, back.corresponded), (0, true));
    let other = store.contacts(TenantId(8), &anna, &[rita]).await.unwrap()[0];
    assert_eq!(other.messages_before, 0);
    let seen = SpoofSeen {
        spoofed: Domain::from_normalized("x.example"),
        address: Some("192.0.2.1".parse().unwrap()),
        infrastructure: "192.0.2.0/24".to_owned(),
        is_internal: true,
        count: 1,
        last: NOW,
    };
    store.record_counts(spoof(seen.clone())).await.unwrap();
    store.record_counts(spoof(seen.clone())).await.unwrap();
    let found = store.spoofs(TENANT, NOW).await.unwrap();
    assert_eq!(found, [SpoofSeen { count: 2, ..seen }]);
    assert!(store.spoofs(TENANT, NOW + DAY).await.unwrap().is_empty());
}

#[tokio::test]
async fn pairs_of_which_nothing_was_seen_for_long_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let (anna, rita) = (address("anna@contoso.example"), address("rita@fabrikam.example"));
    store.record_counts(contact(&anna, &rita, NOW)).await.unwrap();
    let retention = Retention { trace_days: 90, events_days: 90, held_days: 30 };
    let seen = || store.contacts(TENANT, &anna, std::slice::from_ref(&rita));
    store.purge(NOW + 89 * DAY, retention, 100).await.unwrap();
    assert_eq!(seen().await.unwrap()[0].messages_before, 1);
    store.purge(NOW + 91 * DAY, retention, 100).await.unwrap();
    assert_eq!(seen().await.unwrap()[0].messages_before, 0);
}
