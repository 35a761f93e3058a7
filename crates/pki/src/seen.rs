//! The chains that were seen before, so that a sender's next session costs a hash and a look-up.
//!
//! In memory only, bounded, no clock of its own. An entry is good between two moments at which
//! its report could change; outside them the chain is examined again. Locks are held for a
//! look-up or an insertion only, never while a chain is examined.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use posthouse_types::{ChainReport, UnixMillis};

use crate::examine::{Examination, examine};
use crate::limits::{EXPIRES_SOON, SEEN_CHAIN_BYTES_MAX, SEEN_CHAINS_MAX};
use crate::revocation::RevocationLists;
use crate::roots::KnownIntermediate;

/// Locks that share the entries out, so that sessions on many cores seldom meet.
const SHARDS: usize = 16;

/// SHA-256 over what was sent and what it was examined against.
type Key = [u8; 32];

/// A bounded memory of chains and their reports. Shared by reference between threads.
#[derive(Debug)]
pub struct SeenChains {
    shards: Vec<Mutex<Shard>>,
    entries_max: usize,
}

/// Two generations of entries: when the young one is full it becomes the old one, and the old one
/// is forgotten. What is asked for again moves to the young one.
#[derive(Debug, Default)]
struct Shard {
    young: HashMap<Key, Entry>,
    old: HashMap<Key, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    report: Arc<ChainReport>,
    /// First moment at which the report holds.
    from: UnixMillis,
    /// First moment at which it may not hold any more.
    until: UnixMillis,
}

impl Default for SeenChains {
    /// A memory for [`SEEN_CHAINS_MAX`] chains.
    fn default() -> Self {
        Self::with_capacity(SEEN_CHAINS_MAX)
    }
}

impl SeenChains {
    /// A memory for about so many chains; at least one per shard.
    pub fn with_capacity(chains_max: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        // Two generations share the bound.
        Self { shards, entries_max: (chains_max / SHARDS / 2).max(1) }
    }

    /// [`examine`], or the same report from memory.
    ///
    /// The key is SHA-256 over the bytes sent and all that they are examined against but the time:
    /// roots, known intermediates, revocation lists, mode and name, so that a changed store is a
    /// new chain. An entry is good while no certificate and no list among those begins or ends.
    pub fn examine_cached(
        &self,
        presented: &[&[u8]],
        examination: &Examination<'_>,
    ) -> Arc<ChainReport> {
        let bytes: usize = presented.iter().map(|der| der.len()).sum();
        if bytes > SEEN_CHAIN_BYTES_MAX {
            return Arc::new(examine(presented, examination));
        }
        let key = key(presented, examination);
        let now = examination.now;
        if let Some(report) = self.shard(&key).recall(&key, now, self.entries_max) {
            return report;
        }
        let report = Arc::new(examine(presented, examination));
        let (from, until) = window(&report, examination);
        let entry = Entry { report: Arc::clone(&report), from, until };
        self.shard(&key).remember(key, entry, self.entries_max);
        report
    }

    /// How many chains are remembered now.
    pub fn len(&self) -> usize {
        self.shards.iter().map(lock).map(|shard| shard.young.len() + shard.old.len()).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        let [first, ..] = *key;
        #[allow(clippy::indexing_slicing, reason = "the modulus is the number of shards, not zero")]
        lock(&self.shards[usize::from(first) % SHARDS])
    }
}

/// A panic in another thread leaves at worst one entry less: the maps stay whole.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    fn recall(&mut self, key: &Key, now: UnixMillis, max: usize) -> Option<Arc<ChainReport>> {
        let holds = |entry: &&Entry| entry.from <= now && now < entry.until;
        if let Some(entry) = self.young.get(key).filter(holds) {
            return Some(Arc::clone(&entry.report));
        }
        let entry = self.old.remove(key)?;
        let report = holds(&&entry).then(|| Arc::clone(&entry.report))?;
        self.remember(*key, entry, max);
        Some(report)
    }

    fn remember(&mut self, key: Key, entry: Entry, max: usize) {
        if self.young.len() >= max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, entry);
    }
}

fn key(presented: &[&[u8]], examination: &Examination<'_>) -> Key {
    let mut context = Context::new(&SHA256);
    // Lengths in between: the same bytes cut elsewhere are another chain.
    for der in presented {
        context.update(&der.len().to_be_bytes());
        context.update(der);
    }
    context.update(&examination.roots.generation.to_be_bytes());
    context.update(&examination.known.len().to_be_bytes());
    for known in examination.known {
        context.update(&known.mark().to_be_bytes());
    }
    context.update(examination.chain.as_str().as_bytes());
    // Without lists is another question than with an empty set of them.
    context.update(&[u8::from(examination.crls.is_some())]);
    context.update(&examination.crls.map_or(0, |lists| lists.generation).to_be_bytes());
    if let Some(name) = examination.name {
        context.update(name.to_string().as_bytes());
    }
    let mut key = Key::default();
    key.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    key
}

/// The moments around the examination between which nothing that the report says can change.
fn window(report: &ChainReport, examination: &Examination<'_>) -> (UnixMillis, UnixMillis) {
    let path = report.path.iter().map(|element| &element.certificate);
    let ours = examination.known.iter().map(KnownIntermediate::validity);
    let validities = report
        .presented
        .iter()
        .chain(path)
        .map(|one| [Some(one.not_before), Some(one.not_after)])
        .chain(ours);
    let updates = examination.crls.into_iter().flat_map(RevocationLists::next_updates);
    let mut window = (UnixMillis(i64::MIN), UnixMillis(i64::MAX));
    let mut narrow = |moment: UnixMillis| {
        if moment <= examination.now {
            window.0 = window.0.max(moment);
        } else {
            window.1 = window.1.min(moment);
        }
    };
    for [begin, end] in validities {
        begin.into_iter().for_each(&mut narrow);
        if let Some(end) = end {
            narrow(end - EXPIRES_SOON);
            // A certificate is still valid in its last second.
            narrow(end + Duration::from_secs(1));
        }
    }
    updates.for_each(narrow);
    window
}
