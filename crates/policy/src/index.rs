//! A hash index whose versions share what did not change.
//!
//! Touches nothing. Two fixed levels of 256 branches over small sorted runs: an insertion copies
//! one branch of pointers at each level and one run, whatever the size, and copies nothing at all
//! where no older version is held (the bulk load). It costs 16 bytes and some slack per entry,
//! where a general persistent trie takes over 100; with five keys per tenant and a million
//! tenants that is the difference between fitting into a gigabyte and not.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Branches of one level: one byte of the hash.
const BRANCHES: usize = 256;

/// Values under the hash of their key, several under one. The caller compares the real key: two
/// keys may have one hash.
pub(crate) struct Index<V> {
    root: Arc<Branch<Arc<Branch<Run<V>>>>>,
}

type Branch<T> = [T; BRANCHES];

/// What stands under one hash.
pub(crate) type Values<'a, V> = std::iter::Map<std::slice::Iter<'a, (u64, V)>, fn(&(u64, V)) -> &V>;

/// Entries sorted by hash.
type Run<V> = Arc<Vec<(u64, V)>>;

impl<V: Clone> Index<V> {
    /// An index with nothing in it.
    pub(crate) fn new() -> Self {
        let run: Run<V> = Arc::new(Vec::new());
        let branch: Arc<Branch<Run<V>>> = Arc::new(std::array::from_fn(|_| run.clone()));
        Self { root: Arc::new(std::array::from_fn(|_| branch.clone())) }
    }

    /// Every value under the hash of this key.
    pub(crate) fn under(&self, key: &impl Hash) -> Values<'_, V> {
        let hash = hash_of(key);
        let [first, second] = path(hash);
        let run = self.root.get(first).and_then(|branch| branch.get(second));
        let run = run.map_or(&[][..], |run| run.as_slice());
        let start = run.partition_point(|(other, _)| *other < hash);
        let from_start = run.get(start..).unwrap_or_default();
        let length = from_start.partition_point(|(other, _)| *other == hash);
        let meant = from_start.get(..length).unwrap_or_default();
        meant.iter().map(|(_, value)| value)
    }

    /// Adds a value under a key.
    pub(crate) fn insert(&mut self, key: &impl Hash, value: V) {
        let hash = hash_of(key);
        if let Some(run) = self.run_mut(hash) {
            let place = run.partition_point(|(other, _)| *other <= hash);
            run.insert(place, (hash, value));
        }
    }

    /// Takes away the values under a key that `is_meant` says yes to.
    pub(crate) fn remove(&mut self, key: &impl Hash, is_meant: impl Fn(&V) -> bool) {
        let hash = hash_of(key);
        if let Some(run) = self.run_mut(hash) {
            run.retain(|(other, value)| *other != hash || !is_meant(value));
        }
    }

    /// The run of a hash, this version's own.
    fn run_mut(&mut self, hash: u64) -> Option<&mut Vec<(u64, V)>> {
        let [first, second] = path(hash);
        let branch = Arc::make_mut(&mut self.root).get_mut(first)?;
        Some(Arc::make_mut(Arc::make_mut(branch).get_mut(second)?))
    }
}

impl<V> Clone for Index<V> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone() }
    }
}

/// SipHash with fixed keys: versions have to agree on it. Keys are names and addresses that
/// tenants list, each tenant a bounded number of them, so a run cannot be made long on purpose.
fn hash_of(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The branches that lead to a hash's run.
fn path(hash: u64) -> [usize; 2] {
    let [first, second, ..] = hash.to_be_bytes();
    [usize::from(first), usize::from(second)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_version_does_not_see_a_later_change() {
        let mut first = Index::new();
        first.insert(&"a", 1);
        let mut second = first.clone();
        second.insert(&"a", 2);
        second.insert(&"b", 3);
        second.remove(&"a", |value| *value == 1);
        assert_eq!(first.under(&"a").collect::<Vec<_>>(), [&1]);
        assert_eq!(first.under(&"b").count(), 0);
        assert_eq!(second.under(&"a").collect::<Vec<_>>(), [&2]);
        assert_eq!(second.under(&"b").collect::<Vec<_>>(), [&3]);
    }

    #[test]
    fn every_one_of_many_entries_is_found() {
        let mut index = Index::new();
        for number in 0..100_000u32 {
            index.insert(&number, number);
        }
        for number in 0..100_000u32 {
            assert!(index.under(&number).any(|found| *found == number));
        }
        assert_eq!(index.under(&100_000u32).filter(|found| **found == 100_000).count(), 0);
    }
}
