//! The memory of chains that were seen before.

use std::sync::Arc;
use std::time::Duration;

use posthouse_pki::SeenChains;
use posthouse_types::{ChainReason, UnixMillis};

use crate::rig::{Chain, Entity, Kind, NOW, PLAIN, World, at, key};

fn slices(sent: &[Vec<u8>]) -> Vec<&[u8]> {
    sent.iter().map(Vec::as_slice).collect()
}

#[test]
fn a_chain_seen_before_is_the_very_same_report() {
    let chain = Chain::new(Kind::P256);
    let world = World::trusting(&[&chain.root]);
    let (seen, sent) = (SeenChains::default(), chain.sent());
    let first = seen.examine_cached(&slices(&sent), &world.examination());
    let second = seen.examine_cached(&slices(&sent), &world.examination());
    assert!(first.is_accepted() && Arc::ptr_eq(&first, &second));
    assert_eq!(seen.len(), 1);
    let alone = seen.examine_cached(&slices(&sent[..1]), &world.examination());
    assert_eq!(alone.reason, ChainReason::ChainIncomplete);
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_changed_store_is_another_chain() {
    let chain = Chain::new(Kind::P256);
    let (seen, sent) = (SeenChains::default(), chain.sent());
    let sent = slices(&sent[..1]);
    let other = Entity::root("Other", key(Kind::P256, 0));
    let report = |world: &World| seen.examine_cached(&sent, &world.examination());
    let trusted = World::trusting(&[&chain.root]);
    assert!(!report(&trusted).missing.as_ref().unwrap().in_store);
    let trusted = trusted.knowing(&[&chain.ca]);
    assert!(report(&trusted).missing.as_ref().unwrap().in_store);
    let ca_trusted = World::trusting(&[&chain.ca]);
    assert!(report(&ca_trusted).is_accepted());
    assert!(!report(&World::trusting(&[&other])).is_accepted());
}

#[test]
fn equal_sets_of_roots_have_equal_generations() {
    let (a, b) = (Entity::root("A", key(Kind::P256, 0)), Entity::root("B", key(Kind::P256, 0)));
    let generation = |roots: &[&Entity]| World::trusting(roots).roots.generation;
    assert_eq!(generation(&[&a, &b]), generation(&[&b, &a]));
    assert_ne!(generation(&[&a, &b]), generation(&[&a]));
    assert_ne!(generation(&[&a]), generation(&[]));
}

#[test]
fn an_entry_ends_with_the_earliest_end_of_validity() {
    let chain = Chain::tuned(Kind::P256, &|ca| ca.not_after = at(60), PLAIN);
    let mut world = World::trusting(&[&chain.root]);
    let (seen, sent) = (SeenChains::default(), chain.sent());
    let last = UnixMillis::from_seconds(at(60).unix_timestamp());
    for (now, reason) in [
        (NOW, ChainReason::Ok),
        (last + Duration::from_millis(999), ChainReason::Ok),
        (last + Duration::from_secs(1), ChainReason::Expired),
        // A clock that was wrong and is set back.
        (NOW, ChainReason::Ok),
    ] {
        world.now = now;
        let report = seen.examine_cached(&slices(&sent), &world.examination());
        assert_eq!(report.reason, reason, "{now:?}");
    }
}

#[test]
fn an_entry_ends_when_a_certificate_becomes_valid_or_nears_its_end() {
    let chain = Chain::tuned(Kind::P256, PLAIN, &|leaf| {
        leaf.not_before = at(1);
        leaf.not_after = at(90);
    });
    let mut world = World::trusting(&[&chain.root]);
    let (seen, sent) = (SeenChains::default(), chain.sent());
    let mut report_at = |days: i64| {
        world.now = UnixMillis::from_seconds(at(days).unix_timestamp());
        seen.examine_cached(&slices(&sent), &world.examination())
    };
    assert_eq!(report_at(0).reason, ChainReason::NotYetValid);
    assert_eq!(report_at(1).reason, ChainReason::Ok);
    assert_eq!(report_at(59).warnings, []);
    assert_eq!(report_at(60).warnings.len(), 1);
}

#[test]
fn the_memory_is_bounded() {
    let chain = Chain::new(Kind::P256);
    let world = World::trusting(&[&chain.root]);
    let seen = SeenChains::with_capacity(64);
    for number in 0..2000_u32 {
        let noise = number.to_be_bytes();
        seen.examine_cached(&[&noise], &world.examination());
    }
    assert!(seen.len() <= 64, "{}", seen.len());
    assert!(!seen.is_empty());
    let long = vec![0; posthouse_pki::limits::SEEN_CHAIN_BYTES_MAX + 1];
    let seen = SeenChains::default();
    seen.examine_cached(&[&long], &world.examination());
    assert!(seen.is_empty(), "a long chain is examined, and not remembered");
}

#[test]
fn threads_share_the_memory() {
    let chain = Chain::new(Kind::P256);
    let world = World::trusting(&[&chain.root]);
    let (seen, sent) = (SeenChains::default(), chain.sent());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let report = seen.examine_cached(&slices(&sent), &world.examination());
                    assert!(report.is_accepted());
                }
            });
        }
    });
    assert_eq!(seen.len(), 1);
}
