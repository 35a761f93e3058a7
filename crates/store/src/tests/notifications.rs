//! Recipients are told of quarantine once, in the transaction that stores the mail about it.

use std::time::Duration;

use posthouse_types::{PolicyKind, Quarantine, QuarantineReason};

use super::*;
use crate::{Actor, NewQuarantine, QuarantineId, Rescan};

const DAY: Duration = Duration::from_secs(86_400);
const ANN: &str = "ann@contoso.example";

/// A message in quarantine for Ann, who is to be told after a day.
async fn keep(store: &Store, number: u8, since: UnixMillis) {
    let mut new = message(store, number, 100, &[ANN]);
    new.received = since;
    new.recipients[0].quarantine = Some(Box::new(NewQuarantine {
        quarantine: Quarantine {
            reason: QuarantineReason::Spam,
            retention_days: 15,
            policy: "DefaultFullAccessWithNotificationPolicy".to_owned(),
            permissions: 39,
            notifies: true,
        },
        policy: PolicyKind::AntiSpam,
        policy_name: "Default".to_owned(),
        override_reason: String::new(),
        is_outbound: false,
        notify_after: Some(DAY),
    }));
    store.commit(new).await.unwrap();
}

/// What Ann is to be told at this time.
async fn untold(store: &Store, now: UnixMillis) -> Vec<QuarantineId> {
    let mut waiting = store.recipients_to_notify(now).await.unwrap();
    assert!(waiting.len() < 2, "each once: {waiting:?}");
    let Some(ann) = waiting.pop() else { return Vec::new() };
    assert_eq!(ann.1, ANN);
    let rows = store.quarantine_to_notify(ann, 100).await.unwrap();
    rows.iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn a_recipient_is_told_of_all_that_waits_once_whatever_is_lost_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    keep(&store, 1, NOW).await;
    keep(&store, 2, NOW + DAY / 2).await;
    assert!(untold(&store, NOW + DAY / 2).await.is_empty(), "not before it is due");
    let rows = untold(&store, NOW + DAY).await;
    assert_eq!(rows.len(), 2, "with what is not due yet");
    let mail = |number| message(&store, number, 100, &[ANN]);
    assert!(store.notify(rows.clone(), mail(3), NOW + DAY).await.unwrap().is_some());

    let target = tempfile::tempdir().unwrap();
    let (crashed, _) = open(&crash(&store, target.path()));
    for store in [&store, &crashed] {
        assert!(untold(store, NOW + 9 * DAY).await.is_empty());
        assert_eq!(all_due(store).await.len(), 1, "the mail that tells it");
        let acts = store.quarantine_acts(rows[0]).await.unwrap();
        assert_eq!(acts.last().unwrap().act, "notified");
    }
    // Whoever repeats it changes nothing.
    assert_eq!(store.notify(rows, mail(4), NOW + DAY).await.unwrap(), None);
    assert_eq!(all_due(&store).await.len(), 1);
    keep(&store, 5, NOW + 2 * DAY).await;
    assert_eq!(untold(&store, NOW + 3 * DAY).await.len(), 1, "only what is new");
}

#[tokio::test]
async fn what_was_released_or_concerns_nobody_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    keep(&store, 1, NOW).await;
    keep(&store, 2, NOW).await;
    let rows = untold(&store, NOW + DAY).await;
    let by = Actor::Administrator("root".to_owned());
    store.release_quarantined(rows[0], by, Rescan::Clean, None, NOW).await.unwrap().unwrap();
    let mail = message(&store, 3, 100, &[ANN]);
    // It was read before the release: it would not be true any more.
    assert_eq!(store.notify(rows.clone(), mail, NOW + DAY).await.unwrap(), None);
    assert_eq!(untold(&store, NOW + DAY).await, [rows[1]]);
    store.notify_nobody(vec![rows[1]]).await.unwrap();
    assert!(untold(&store, NOW + DAY).await.is_empty());
}
