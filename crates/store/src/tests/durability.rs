//! 250 means committed, whatever ends the process, the disk's patience or its room.

use std::sync::atomic::Ordering;

use super::*;
use crate::{OpenError, Outcome, QueueId, Settlement, StoreError};

#[tokio::test]
async fn flt_01_what_was_committed_is_there_after_a_crash_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder.path().join("data"));
    store.commit(message(&store, 1, 10, &["a@x.example", "b@x.example"])).await.unwrap();
    store.commit(message(&store, 2, 300_000, &["c@x.example"])).await.unwrap();

    let (store, recovery) = open(&crash(&store, folder.path()));
    assert_eq!(recovery.queued_recipients, 3);
    assert_eq!(recovery.messages, 2);
    assert_eq!(recovery.damaged, 0);
    assert!(recovery.found[0].contains("did not stop in order"), "{:?}", recovery.found);
    let due = all_due(&store).await;
    assert_eq!(body_of(&store, &due[0]).await, content(1, 10));
    assert_eq!(body_of(&store, &due[2]).await, content(2, 300_000));
    assert_eq!(due[1].address, address("b@x.example"));
    assert_eq!(due[1].sender, Some(address("alice@contoso.example")));
    assert_eq!(due[1].parameters.original.as_deref(), Some("rfc822;b@x.example"));
    assert!(due[1].parameters.notify.unwrap().delay && !due[1].parameters.notify.unwrap().failure);
    let stored = store.load(due[0].message, NOW).await.unwrap();
    let given = message(&store, 1, 10, &[]);
    assert_eq!(stored.parameters, given.parameters);
    assert_eq!(stored.head, given.head);
    assert_eq!((stored.reference, stored.tenant), (given.reference, given.tenant));
}

#[tokio::test]
async fn flt_01_a_body_that_was_never_committed_is_removed_at_start_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder.path().join("data"));
    let mut draft = store.draft();
    draft.append(&content(1, 300_000)).unwrap();
    let crashed = crash(&store, folder.path());
    assert_eq!(body_files(&crashed).len(), 1);
    let (_store, recovery) = open(&crashed);
    assert_eq!(recovery.orphan_bodies_removed, 1);
    assert!(body_files(&crashed).is_empty());
}

#[tokio::test]
async fn the_parts_of_a_forked_message_are_stored_together() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let parts =
        vec![message(&store, 1, 10, &["a@x.example"]), message(&store, 2, 4000, &["b@x.example"])];
    let committed = store.commit_all(parts).await.unwrap();
    assert_eq!(committed.len(), 2);
    assert_ne!(committed[0].message, committed[1].message);
}

#[tokio::test]
async fn a_draft_is_read_back_whole_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for pieces in [3_usize, 4000] {
        let (mut draft, mut written) = (store.draft(), Vec::new());
        for piece in 0..pieces {
            let piece = format!("line {piece:>40} of a message\r\n").into_bytes();
            draft.append(&piece).unwrap();
            written.extend(piece);
        }
        assert_eq!(draft.read().unwrap(), written);
    }
}

#[tokio::test]
async fn a_dropped_draft_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut draft = store.draft();
    draft.append(&content(1, 300_000)).unwrap();
    assert_eq!(body_files(folder.path()).len(), 1);
    assert_eq!(draft.len(), 300_000);
    drop(draft);
    assert!(body_files(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn flt_11_each_of_many_waiting_commits_gets_its_own_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..200u8 {
        let store = store.clone();
        waiting.spawn(async move {
            let recipient = format!("r{number}@x.example");
            let committed = store.commit(message(&store, number, 20, &[&recipient])).await;
            (number, committed.unwrap())
        });
    }
    let committed = waiting.join_all().await;
    let due = all_due(&store).await;
    assert_eq!(due.len(), 200);
    for (number, committed) in committed {
        let row = due.iter().find(|row| row.id == committed.recipients()[0]).unwrap();
        assert_eq!(row.reference, reference(number));
        assert_eq!(row.message, committed.message());
    }
}

#[tokio::test]
async fn a_bad_job_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let bad = store.submit(crate::Class::Record, 0, Vec::new(), |work| {
        work.connection.execute("INSERT INTO tenant (name, json) VALUES ('half', '{}')", [])?;
        work.connection.execute("INSERT INTO tenant (name, json) VALUES (NULL, '{}')", [])?;
        Ok(())
    });
    let good = store.commit(message(&store, 1, 10, &["a@x.example"]));
    // Both wait in the channel before the writer's thread sees either, or one group follows the
    // other: the claim holds in both cases.
    let (bad, good) = tokio::join!(bad, good);
    assert!(matches!(bad, Err(StoreError::Unavailable(_))), "{bad:?}");
    good.unwrap();
    assert_eq!(store.tenant("half").await.unwrap(), None);
    store.check_room().unwrap();
}

#[tokio::test]
async fn flt_03_mail_whose_commit_failed_is_undone_although_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder.path().join("data"));
    store.commit(message(&store, 1, 10, &["kept@x.example"])).await.unwrap();
    store.inner.control.fail_commits.store(1, Ordering::SeqCst);
    let refused = store.commit(message(&store, 2, 300_000, &["lost@x.example"])).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(body_files(&folder.path().join("data")).is_empty());
    // The next one finds a store that has recovered.
    store.commit(message(&store, 3, 10, &["next@x.example"])).await.unwrap();
    store.check_room().unwrap();

    let crashed = crash(&store, folder.path());
    for store in [store, open(&crashed).0] {
        let due = all_due(&store).await;
        let who: Vec<_> = due.iter().map(|row| row.address.to_string()).collect();
        assert_eq!(who, ["kept@x.example", "next@x.example"]);
        assert!(store.trace_by_reference(&reference(2)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn flt_03_while_the_disk_is_broken_nothing_is_taken_and_doubtful_mail_is_undone_later() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(message(&store, 1, 10, &["kept@x.example"])).await.unwrap();
    // Recovery cannot write its copy of the log.
    let obstacle = folder.path().join("posthouse.db-wal.new");
    std::fs::create_dir(&obstacle).unwrap();
    store.inner.control.fail_commits.store(1, Ordering::SeqCst);
    assert!(store.commit(message(&store, 2, 300_000, &["lost@x.example"])).await.is_err());
    assert!(matches!(store.check_room(), Err(StoreError::Unavailable(_))));
    let shown = store.due(NOW, Cursor::START, 0).await;
    assert!(shown.is_err(), "doubtful mail is shown to nobody: {shown:?}");
    assert!(store.commit(message(&store, 3, 10, &["refused@x.example"])).await.is_err());

    std::fs::remove_dir(&obstacle).unwrap();
    store.commit(message(&store, 4, 10, &["next@x.example"])).await.unwrap();
    store.check_room().unwrap();
    let due = all_due(&store).await;
    let who: Vec<_> = due.iter().map(|row| row.address.to_string()).collect();
    assert_eq!(who, ["kept@x.example", "next@x.example"]);
    assert!(body_files(folder.path()).is_empty());
}

#[tokio::test]
async fn flt_03_a_settlement_whose_sync_failed_is_told_what_recovery_found() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let committed = store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    store.inner.control.fail_commits.store(1, Ordering::SeqCst);
    store.settle(delivered(committed.recipients()[0])).await.unwrap();
    assert!(all_due(&store).await.is_empty());
}

#[tokio::test]
async fn a_settlement_that_is_repeated_writes_its_report_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let committed = store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    let failed = |store: &Store| Settlement {
        outcomes: vec![(
            committed.recipients()[0],
            Outcome::Failed {
                reason: posthouse_types::Reason::RemoteRefused,
                detail: "550 5.1.1 no such user".to_owned(),
                at: NOW,
            },
        )],
        reports: vec![message(store, 2, 10, &["alice@contoso.example"])],
        events: Vec::new(),
    };
    assert_eq!(store.settle(failed(&store)).await.unwrap().len(), 1);
    assert_eq!(store.settle(failed(&store)).await.unwrap().len(), 0);
    assert_eq!(all_due(&store).await.len(), 1);
}

#[tokio::test]
async fn outcome_and_report_are_one_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&folder.path().join("data"));
    let committed = store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    // A report that cannot be stored: its body's file is gone wrong.
    let mut report = message(&store, 2, 300_000, &["alice@contoso.example"]);
    report.body = broken_draft(&store, folder.path());
    let mut settlement = delivered(committed.recipients()[0]);
    settlement.reports.push(report);
    assert!(store.settle(settlement).await.is_err());
    assert_eq!(all_due(&store).await.len(), 1, "the recipient is still there");

    let mut settlement = delivered(committed.recipients()[0]);
    settlement.reports.push(message(&store, 2, 300_000, &["alice@contoso.example"]));
    store.settle(settlement).await.unwrap();
    let (store, _) = open(&crash(&store, folder.path()));
    let due = all_due(&store).await;
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].reference, reference(2));
    assert_eq!(body_of(&store, &due[0]).await, content(2, 300_000));
}

#[tokio::test]
async fn flt_04_below_the_reserve_new_mail_is_refused_and_old_mail_still_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let committed = store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    store.clone().close().await;
    drop(store);

    let full = StoreOptions { disk_reserve_bytes: u64::MAX, ..options() };
    let (store, _) = Store::open(folder.path(), full).unwrap();
    assert_eq!(store.check_room(), Err(StoreError::DiskFull));
    let refused = store.commit(message(&store, 2, 10, &["b@x.example"])).await;
    assert_eq!(refused, Err(StoreError::DiskFull));
    store.settle(delivered(committed.recipients()[0])).await.unwrap();
    assert_eq!(store.counts().await.unwrap().queued, 0);
}

#[tokio::test]
async fn flt_04_when_the_database_cannot_grow_mail_is_refused_until_other_mail_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let roomy = StoreOptions { inline_bytes_max: 65_536, ..options() };
    let (store, _) = Store::open(folder.path(), roomy).unwrap();
    let bound = store.submit(crate::Class::Record, 0, Vec::new(), |work| {
        let pages = work.connection.query_row("PRAGMA max_page_count = 200", [], |row| row.get(0));
        Ok::<i64, _>(pages?)
    });
    assert_eq!(bound.await.unwrap(), 200);
    let mut taken = Vec::new();
    let refused = loop {
        let mail = message(&store, taken.len() as u8, 60_000, &["a@x.example"]);
        match store.commit(mail).await {
            Ok(committed) => taken.push(committed.recipients()[0]),
            Err(error) => break error,
        }
        assert!(taken.len() < 40, "never full");
    };
    assert_eq!(refused, StoreError::DiskFull);
    assert!(!taken.is_empty());
    assert_eq!(all_due(&store).await.len(), taken.len(), "what was refused is not there");
    for recipient in taken {
        store.settle(delivered(recipient)).await.unwrap();
    }
    store.check_room().unwrap();
    store.commit(message(&store, 1, 60_000, &["a@x.example"])).await.unwrap();
}

#[tokio::test]
async fn somebody_elses_lock_refuses_mail_for_its_time_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let other = rusqlite::Connection::open(folder.path().join("posthouse.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.commit(message(&store, 1, 10, &["a@x.example"])).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    store.check_room().unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(message(&store, 2, 10, &["b@x.example"])).await.unwrap();
    assert_eq!(all_due(&store).await.len(), 1);
}

#[tokio::test]
async fn flt_13_a_second_start_in_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let second = Store::open(folder.path(), options());
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    drop(store);
    open(folder.path());
}

#[tokio::test]
async fn flt_25_a_folder_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let database = folder.path().join("posthouse.db");
    let newer = rusqlite::Connection::open(&database).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(newer);
    let refused = Store::open(folder.path(), options()).unwrap_err();
    assert!(matches!(refused, OpenError::NewerSchema { found: 99, .. }), "{refused}");
}

#[tokio::test]
async fn an_orderly_stop_leaves_nothing_to_recover_and_answers_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let other = store.clone();
    store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    store.close().await;
    assert!(other.commit(message(&other, 2, 10, &["b@x.example"])).await.is_err());
    let log = std::fs::metadata(folder.path().join("posthouse.db-wal"));
    assert!(log.map_or(0, |file| file.len()) == 0);
    let (_store, recovery) = open(folder.path());
    assert_eq!(recovery.queued_recipients, 1);
    assert!(recovery.found.is_empty(), "{:?}", recovery.found);
}

#[tokio::test]
async fn the_log_stays_bounded_while_somebody_reads_slowly() {
    let folder = tempfile::tempdir().unwrap();
    let small = StoreOptions { wal_bytes_max: 1024 * 1024, inline_bytes_max: 65536, ..options() };
    let (store, _) = Store::open(folder.path(), small).unwrap();
    let tenants = (0..5000).map(|number| (format!("t{number}"), "{}".to_owned())).collect();
    store.put_tenants_bulk(tenants).await.unwrap();
    // The reader is in the middle of its list for as long as the writer works.
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let reading = {
        let store = store.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(store.for_each_tenant(0u32, move |seen, _, _, _| {
                *seen += 1;
                if *seen == 10 {
                    wait.recv().unwrap();
                }
            }))
        })
    };
    for round in 0..12 {
        for number in 0..35 {
            let mail = message(&store, number, 60_000, &["a@x.example"]);
            let committed = store.commit(mail).await.unwrap();
            store.settle(delivered(committed.recipients()[0])).await.unwrap();
        }
        let log = std::fs::metadata(folder.path().join("posthouse.db-wal")).unwrap().len();
        // Written so far: 2 MB a round. SQLite alone begins anew at 16 MB.
        assert!(log < 20 * 1024 * 1024, "{log} bytes of log in round {round}");
    }
    go_on.send(()).unwrap();
    assert_eq!(reading.join().unwrap().unwrap(), 5000);
}

fn delivered(id: QueueId) -> Settlement {
    let outcome = Outcome::Delivered {
        to_ip: "198.51.100.7".to_owned(),
        detail: "250 2.0.0 ok".to_owned(),
        at: NOW,
    };
    Settlement { outcomes: vec![(id, outcome)], ..Settlement::default() }
}

/// A draft whose file cannot be written: its folder is not there.
fn broken_draft(store: &Store, folder: &Path) -> crate::Draft {
    let bodies = crate::draft::Bodies::open(store.inner.layout.bodies(), 1000, 99).unwrap();
    let nowhere = bodies.at(folder.join("nowhere"));
    let mut draft = crate::Draft::new(std::sync::Arc::new(nowhere));
    assert!(draft.append(&content(1, 5000)).is_err());
    assert!(draft.append(b"more").is_err(), "a draft that failed stays failed");
    draft
}
