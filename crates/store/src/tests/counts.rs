//! Counts beside the mail: written together, read back the latest first, and forgotten.

use std::time::Duration;

use posthouse_types::{SourceKind, Tally};

use super::*;
use crate::{Counts, Retention, SignatureCount, SourceCount};

fn source(name: &str, spam: f32, updated: UnixMillis) -> SourceCount {
    let tally = Tally { spam, ..Tally::default() };
    SourceCount { kind: SourceKind::Network, name: name.into(), tally, updated }
}

fn signature(name: &str, recipients: u64, last: UnixMillis) -> SignatureCount {
    SignatureCount { name: name.into(), recipients, last }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn sources_and_signatures_are_replaced_and_read_back_the_latest_first() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let first = Counts {
        sources: vec![source("192.0.2.0/24", 1.0, NOW), source("198.51.100.0/24", 2.0, NOW + DAY)],
        signatures: vec![signature("a", 60, NOW)],
        ..Counts::default()
    };
    store.record_counts(first).await.unwrap();
    let later = Counts {
        sources: vec![source("192.0.2.0/24", 9.5, NOW + DAY + DAY)],
        signatures: vec![signature("a", 61, NOW)],
        ..Counts::default()
    };
    store.record_counts(later).await.unwrap();
    let found = store.source_counts().await.unwrap();
    assert_eq!(
        found,
        [source("192.0.2.0/24", 9.5, NOW + DAY + DAY), source("198.51.100.0/24", 2.0, NOW + DAY)]
    );
    assert_eq!(store.signature_counts().await.unwrap(), [signature("a", 61, NOW)]);
}

#[tokio::test]
async fn what_was_not_seen_for_long_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let counts = Counts {
        sources: vec![source("old", 1.0, NOW), source("new", 1.0, NOW + DAY * 10)],
        signatures: vec![signature("old", 60, NOW), signature("new", 60, NOW + DAY * 90)],
        ..Counts::default()
    };
    store.record_counts(counts).await.unwrap();
    let retention = Retention { trace_days: 90, events_days: 90, held_days: 90 };
    store.purge(NOW + DAY * 91, retention, 100).await.unwrap();
    let sources = store.source_counts().await.unwrap();
    assert_eq!(sources.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["new"]);
    let signatures = store.signature_counts().await.unwrap();
    assert_eq!(signatures.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["new"]);
}
