//! Tenants, secret, retention and backup.

use std::time::Duration;

use posthouse_types::Reason;

use super::*;
use crate::{EventQuery, OpenError, Outcome, Retention, Settlement, TraceQuery};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn the_secret_of_the_first_start_stays() {
    let folder = tempfile::tempdir().unwrap();
    let without = StoreOptions { secret_if_new: None, ..options() };
    let refused = Store::open(folder.path(), without.clone());
    assert!(matches!(refused, Err(OpenError::NoSecret)));
    assert_eq!(open(folder.path()).0.node_secret(), [7; 32]);
    let other = StoreOptions { secret_if_new: Some([8; 32]), ..options() };
    assert_eq!(Store::open(folder.path(), other).unwrap().0.node_secret(), [7; 32]);
    assert_eq!(Store::open(folder.path(), without).unwrap().0.node_secret(), [7; 32]);
}

#[tokio::test]
async fn the_data_folder_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deep/data");
    let _store = open(&data);
    for made in [data.clone(), data.join("bodies"), data.join("damaged")] {
        assert_eq!(std::fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[tokio::test]
async fn a_tenant_keeps_its_number_and_no_number_is_used_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let contoso = store.put_tenant("contoso", "{\"a\":1}").await.unwrap();
    assert_eq!(store.put_tenant("contoso", "{\"a\":2}").await.unwrap(), contoso);
    assert_eq!(store.tenant("contoso").await.unwrap().unwrap().json, "{\"a\":2}");
    store.put_verified("contoso.example", contoso, NOW).await.unwrap();
    assert_eq!(store.verified(contoso).await.unwrap()[0].domain, "contoso.example");
    assert!(store.delete_tenant(contoso).await.unwrap());
    assert!(!store.delete_tenant(contoso).await.unwrap());
    assert!(store.verified(contoso).await.unwrap().is_empty());
    let fabrikam = store.put_tenant("fabrikam", "{}").await.unwrap();
    assert_ne!(fabrikam, contoso);
}

#[tokio::test]
async fn all_tenants_are_read_in_order_whatever_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let tenants = (0..5001).map(|number| (format!("t{number}"), format!("{{\"n\":{number}}}")));
    let ids = store.put_tenants_bulk(tenants.collect()).await.unwrap();
    assert_eq!(ids.len(), 5001);
    let read = store
        .for_each_tenant(Vec::new(), |all, id, name, json| {
            all.push(id);
            assert_eq!(json, format!("{{\"n\":{}}}", &name[1..]));
        })
        .await
        .unwrap();
    assert_eq!(read, ids);
}

#[tokio::test]
async fn retention_ends_what_is_old_in_steps_and_held_mail_with_an_event() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for number in 0..4u8 {
        let mut mail = message(&store, number, 200_000, &["a@x.example"]);
        mail.recipients[0].held = (number > 0).then_some(Reason::Undeliverable);
        store.commit(mail).await.unwrap();
    }
    store.record(Vec::new(), vec![event(1, NOW), event(2, NOW + DAY * 50)]).await.unwrap();
    let retention = Retention { trace_days: 90, events_days: 40, held_days: 30 };

    let now = NOW + DAY * 29;
    assert_eq!(store.purge(now, retention, 100).await.unwrap(), crate::Purged::default());
    let now = NOW + DAY * 31;
    let first = store.purge(now, retention, 2).await.unwrap();
    assert_eq!((first.held, first.more), (2, true));
    let second = store.purge(now, retention, 2).await.unwrap();
    assert_eq!((second.held, second.more), (1, false));
    assert_eq!(body_files(folder.path()).len(), 1, "queued mail is not retention's affair");
    let told = store.events(EventQuery { id: Some(1006), ..EventQuery::default() }).await.unwrap();
    assert_eq!(told.len(), 3);
    assert!(told[0].event.text.contains("a@x.example"), "{}", told[0].event.text);
    let ended = store.trace_by_reference(&reference(2)).await.unwrap();
    assert_eq!(ended[0].status, TraceStatus::Failed);

    let now = NOW + DAY * 100;
    let purged = store.purge(now, retention, 100).await.unwrap();
    assert_eq!((purged.trace, purged.events), (4, 5));
    assert!(store.trace(TraceQuery::default()).await.unwrap().is_empty());
    assert_eq!(all_due(&store).await.len(), 1);
}

#[tokio::test]
async fn a_backup_starts_as_a_store_of_its_own_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder.path().join("data"));
    let tenant = store.put_tenant("contoso", "{}").await.unwrap();
    store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    let big = store.commit(message(&store, 2, 300_000, &["b@x.example"])).await.unwrap();
    let target = folder.path().join("backup");
    let report = store.backup(&target).await.unwrap();
    assert_eq!((report.messages, report.recipients, report.bodies), (2, 2, 1));
    assert!(report.bytes > 300_000);
    assert!(store.backup(&target).await.is_err(), "a backup is never written over");

    // What happens afterwards is not in it.
    let outcome = Outcome::Removed { by: "operator".to_owned(), at: NOW };
    let outcomes = vec![(big.recipients()[0], outcome)];
    store.settle(Settlement { outcomes, ..Settlement::default() }).await.unwrap();
    assert!(body_files(&folder.path().join("data")).is_empty(), "unlinking goes on");

    let (restored, recovery) = open(&target);
    assert_eq!((recovery.messages, recovery.damaged, recovery.orphan_bodies_removed), (2, 0, 0));
    assert!(recovery.found.is_empty(), "{:?}", recovery.found);
    let due = all_due(&restored).await;
    assert_eq!(body_of(&restored, &due[0]).await, content(1, 10));
    assert_eq!(body_of(&restored, &due[1]).await, content(2, 300_000));
    assert_eq!(restored.tenant("contoso").await.unwrap().unwrap().id, tenant);
    assert_eq!(restored.node_secret(), store.node_secret());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_under_load_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder.path().join("data"));
    // Enough pages that the copy takes many steps between the commits.
    let rows = (0..20_000).map(|number| row(9, &format!("r{number}@x.example"))).collect();
    store.record(rows, Vec::new()).await.unwrap();
    let backup = {
        let (store, target) = (store.clone(), folder.path().join("backup"));
        tokio::spawn(async move { store.backup(&target).await })
    };
    let mut committed = 0;
    while !backup.is_finished() || committed < 20 {
        let number = committed % 250;
        let mail = message(&store, number, 5000, &["a@x.example"]);
        let taken = store.commit(mail).await.unwrap();
        if committed % 2 == 0 {
            let outcome = Outcome::Removed { by: "operator".to_owned(), at: NOW };
            let outcomes = vec![(taken.recipients()[0], outcome)];
            store.settle(Settlement { outcomes, ..Settlement::default() }).await.unwrap();
        }
        committed = committed.wrapping_add(1).min(249);
    }
    let report = backup.await.unwrap().unwrap();
    let (restored, recovery) = open(&folder.path().join("backup"));
    assert_eq!((recovery.damaged, recovery.orphan_bodies_removed), (0, 0), "{:?}", recovery.found);
    assert_eq!(recovery.messages, report.messages);
    for recipient in all_due(&restored).await {
        assert_eq!(body_of(&restored, &recipient).await.len(), 5000);
    }
    assert_eq!(restored.trace_by_reference(&reference(9)).await.unwrap().len(), 5000);
}
