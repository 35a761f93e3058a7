//! What is damaged is set aside, kept and told; the rest goes on.

use std::fs;

use super::*;
use crate::{EventQuery, QueueFilter, QueueState, StoreError};

/// Changes a row behind the store's back.
fn meddle(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join("posthouse.db")).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0);
}

#[tokio::test]
async fn flt_06_a_body_row_that_changed_is_set_aside_and_the_others_flow() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    store.commit(message(&store, 2, 10, &["b@x.example"])).await.unwrap();
    meddle(
        folder.path(),
        "UPDATE body SET data = CAST(x'00' || substr(data, 2) AS BLOB) WHERE message = 1",
    );

    let due = all_due(&store).await;
    let refused = store.load(due[0].message, NOW).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Damaged { kept } if kept.contains("checksum")));
    assert_eq!(body_of(&store, &due[1]).await, content(2, 10));

    let left = all_due(&store).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].reference, reference(2));
    let aside = QueueFilter { state: Some(QueueState::Damaged), ..QueueFilter::default() };
    assert_eq!(store.queue(aside).await.unwrap().len(), 1);
    let kept = fs::read(folder.path().join("damaged/message-1.eml")).unwrap();
    assert_eq!(kept.len(), 10 + "Received: by edge\r\n".len());
    let events = store.events(EventQuery::default()).await.unwrap();
    assert_eq!(events[0].event.data.id(), 1003);
    assert_eq!(events[0].event.tenant, Some(TENANT.0));
    let row = &store.trace_by_reference(&reference(1)).await.unwrap()[0];
    assert_eq!((row.status, row.reason.as_str()), (TraceStatus::Quarantined, "damaged"));
}

#[tokio::test]
async fn flt_06_a_body_file_that_changed_is_set_aside_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(message(&store, 1, 200_000, &["a@x.example"])).await.unwrap();
    let file = folder.path().join("bodies").join(&body_files(folder.path())[0]);
    let mut bytes = fs::read(&file).unwrap();
    bytes[100_000] ^= 1;
    fs::write(&file, &bytes).unwrap();

    let due = all_due(&store).await;
    assert!(matches!(store.load(due[0].message, NOW).await, Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(folder.path().join("damaged/message-1.eml")).unwrap(), bytes);
    assert!(file.exists(), "the original stays");
    assert_eq!(store.counts().await.unwrap().damaged, 1);
}

#[tokio::test]
async fn flt_02_a_body_file_that_was_cut_short_is_set_aside_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(message(&store, 1, 200_000, &["a@x.example"])).await.unwrap();
    store.commit(message(&store, 2, 200_000, &["b@x.example"])).await.unwrap();
    drop(store);
    let mut names = body_files(folder.path());
    names.sort();
    let file = folder.path().join("bodies").join(&names[0]);
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(5).unwrap();

    let (store, recovery) = open(folder.path());
    assert_eq!((recovery.damaged, recovery.queued_recipients), (1, 1));
    assert!(recovery.found.iter().any(|words| words.contains("5 of 200000 bytes")));
    assert!(file.exists(), "what is left of it is kept");
    assert_eq!(all_due(&store).await[0].reference, reference(2));
}

#[tokio::test]
async fn a_row_that_means_nothing_is_set_aside_and_does_not_come_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    store.commit(message(&store, 2, 10, &["b@x.example"])).await.unwrap();
    meddle(folder.path(), "UPDATE queue SET address = 'nonsense' WHERE id = 1");
    let due = store.due(NOW, Cursor::START, 0).await.unwrap();
    assert_eq!(due.len(), 1);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.queued, counts.damaged), (1, 1));
}

#[tokio::test]
async fn a_damaged_page_of_the_queue_is_told_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    store.close().await;
    // The page that holds the index by time: an entry less than the table has.
    let database = folder.path().join("posthouse.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize;
    let page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'queue_due'");
    let size = number("PRAGMA page_size");
    drop(connection);
    let mut bytes = fs::read(&database).unwrap();
    // Cells of a page are counted at its third byte (SQLite file format, section 1.6).
    bytes[(page - 1) * size + 4] = 0;
    fs::write(&database, bytes).unwrap();

    let (store, recovery) = open(folder.path());
    let told = recovery.found.iter().any(|words| words.contains("the database is damaged"));
    assert!(told, "{:?}", recovery.found);
    assert_eq!(all_due(&store).await.len(), 1, "the index was made anew");
}

#[tokio::test]
async fn a_released_damaged_message_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.commit(message(&store, 1, 10, &["a@x.example"])).await.unwrap();
    meddle(folder.path(), "UPDATE message SET checksum = checksum + 1");
    let due = all_due(&store).await;
    assert!(store.load(due[0].message, NOW).await.is_err());
    meddle(folder.path(), "UPDATE message SET checksum = checksum - 1");
    assert_eq!(store.release(QueueFilter::default(), NOW).await.unwrap(), 1);
    let due = all_due(&store).await;
    assert_eq!(body_of(&store, &due[0]).await, content(1, 10));
}
