//! Mail that waits for its first delivery is in memory; the disk decides about everything else.

use super::*;
use crate::{QueueFilter, StoreError};

fn open_with_memory(folder: &Path, fresh_bytes_max: usize) -> Store {
    let options = StoreOptions { fresh_bytes_max, ..options() };
    Store::open(folder, options).unwrap().0
}

/// Makes every body on disk one that nobody may get.
fn damage_bodies(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("posthouse.db")).unwrap();
    assert!(connection.execute("UPDATE body SET data = x'00'", []).unwrap() > 0);
}

#[tokio::test]
async fn the_first_delivery_reads_from_memory_and_the_next_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_memory(folder.path(), 1024 * 1024);
    store.commit(message(&store, 1, 1000, &["a@x.example"])).await.unwrap();
    let due = all_due(&store).await;
    let from_memory = store.load(due[0].message, NOW).await.unwrap();
    let from_disk = store.load(due[0].message, NOW).await.unwrap();
    assert_eq!(format!("{from_memory:?}"), format!("{from_disk:?}"));

    store.commit(message(&store, 2, 1000, &["b@x.example"])).await.unwrap();
    damage_bodies(folder.path());
    let due = all_due(&store).await;
    assert_eq!(body_of(&store, &due[1]).await, content(2, 1000));
    assert!(matches!(store.load(due[1].message, NOW).await, Err(StoreError::Damaged { .. })));
}

#[tokio::test]
async fn what_was_removed_is_in_memory_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_memory(folder.path(), 1024 * 1024);
    store.commit(message(&store, 1, 1000, &["a@x.example"])).await.unwrap();
    let due = all_due(&store).await;
    store.remove(QueueFilter::default(), "an operator", NOW).await.unwrap();
    assert_eq!(store.load(due[0].message, NOW).await.unwrap_err(), StoreError::NotFound);
}

#[tokio::test]
async fn what_does_not_fit_into_memory_is_read_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    // Room for one of the two.
    let store = open_with_memory(folder.path(), 3000);
    store.commit(message(&store, 1, 1000, &["a@x.example"])).await.unwrap();
    store.commit(message(&store, 2, 1000, &["b@x.example"])).await.unwrap();
    damage_bodies(folder.path());
    let due = all_due(&store).await;
    assert!(matches!(store.load(due[1].message, NOW).await, Err(StoreError::Damaged { .. })));
    assert_eq!(body_of(&store, &due[0]).await, content(1, 1000));
}
