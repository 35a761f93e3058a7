//! What is counted beside the mail: who wrote to whom, who sends as whom, what mail of a source came
//! to, how often a signature was seen.
//!
//! May touch: the store, every few seconds and in one job, so that no message costs a sync for it.
//! Asked from memory only. A crash loses the counts of the last seconds; a store that fails loses
//! what was to be written, and says so in a metric. The mail waits for none of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthouse_filter::reputation::{self, Outcome};
use posthouse_store::{
    ContactCount, Counts, EntryUse, SIGNATURE_DAYS, SIGNATURES_MAX, SOURCES_MAX, SignatureCount,
    SourceCount, SpoofSeen,
};
use posthouse_types::{ReputationFact, SourceKind, Tally, TenantId, UnixMillis};
use tokio::sync::Notify;

use super::bounded::Bounded;
use crate::world::World;

/// Counts are written so long after the first of them: long enough that a busy node writes a group,
/// short enough that a crash loses nothing that anybody would miss.
const WRITTEN_AFTER: Duration = Duration::from_secs(2);
/// Pairs that wait to be written: some hundred bytes each. More come in two seconds only where the
/// store does not follow; those are left out.
const PAIRS_WAITING_MAX: usize = 20_000;
/// Recipients from which a signature is written down: below, forgetting it at a restart costs little.
const SIGNATURE_KEPT_MIN: u64 = 10;
const MILLIS_OF_A_DAY: f32 = 86_400_000.0;

/// The counts.
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
    something: Notify,
}

/// A tenant, a sender, a recipient; the addresses folded.
type Pair = (TenantId, Box<str>, Box<str>);

struct Pages {
    contacts: HashMap<Pair, (u64, UnixMillis)>,
    /// On their way to the store: they count until they are there.
    contacts_leaving: HashMap<Pair, (u64, UnixMillis)>,
    spoofs: HashMap<(TenantId, String, String), SpoofSeen>,
    sources: Bounded<(SourceKind, Box<str>), (Tally, UnixMillis)>,
    signatures: Bounded<Box<str>, (u64, UnixMillis)>,
    uses: HashMap<(TenantId, Box<str>), UnixMillis>,
}

impl Default for Ledger {
    fn default() -> Self {
        let pages = Pages {
            contacts: HashMap::new(),
            contacts_leaving: HashMap::new(),
            spoofs: HashMap::new(),
            sources: Bounded::new(SOURCES_MAX),
            signatures: Bounded::new(SIGNATURES_MAX),
            uses: HashMap::new(),
        };
        Self { pages: Mutex::new(pages), something: Notify::new() }
    }
}

impl Ledger {
    /// Messages of a pair that the store does not know of yet.
    pub(super) fn contacts(&self, tenant: TenantId, sender: &str, recipient: &str) -> u64 {
        let pair = (tenant, sender.into(), recipient.into());
        let pages = self.pages();
        let count = |of: &HashMap<Pair, _>| of.get(&pair).map_or(0, |(count, _): &(u64, _)| *count);
        count(&pages.contacts) + count(&pages.contacts_leaving)
    }

    /// Counts a message of a pair.
    pub(super) fn count_contact(&self, pair: Pair, now: UnixMillis) {
        let mut pages = self.pages();
        if pages.contacts.len() >= PAIRS_WAITING_MAX && !pages.contacts.contains_key(&pair) {
            return lost("contacts", 1);
        }
        let (count, last) = pages.contacts.entry(pair).or_insert((0, now));
        *count += 1;
        *last = now;
        self.something.notify_one();
    }

    /// Counts a sender that proves nothing.
    pub(super) fn count_spoof(&self, tenant: TenantId, seen: SpoofSeen) {
        let mut pages = self.pages();
        let pair = (tenant, seen.spoofed.to_string(), seen.infrastructure.clone());
        if pages.spoofs.len() >= PAIRS_WAITING_MAX && !pages.spoofs.contains_key(&pair) {
            return lost("spoofs", 1);
        }
        pages
            .spoofs
            .entry(pair)
            .and_modify(|known| {
                known.count += seen.count;
                known.last = seen.last;
                known.address = seen.address;
            })
            .or_insert(seen);
        self.something.notify_one();
    }

    /// What is known of these sources now.
    pub(super) fn reputation(
        &self,
        sources: &[(SourceKind, String)],
        now: UnixMillis,
    ) -> Vec<ReputationFact> {
        let mut pages = self.pages();
        let known = sources.iter().filter_map(|(kind, name)| {
            let (tally, updated) = *pages.sources.find(&(*kind, Box::from(name.as_str())))?;
            let tally = reputation::faded(tally, days(updated, now));
            Some(ReputationFact { kind: *kind, name: name.clone(), tally })
        });
        known.collect()
    }

    /// Counts what a message of these sources came to.
    pub(super) fn count_outcome(
        &self,
        sources: Vec<(SourceKind, String)>,
        outcome: Outcome,
        now: UnixMillis,
    ) {
        let mut pages = self.pages();
        for (kind, name) in sources {
            let key = (kind, Box::from(name));
            let (tally, updated) = pages.sources.find(&key).copied().unwrap_or_default();
            let tally = reputation::faded(tally, days(updated, now));
            pages.sources.change(key, (reputation::counted(tally, outcome), now));
        }
        self.something.notify_one();
    }

    /// Counts recipients of a message with a signature; how many there were, these included.
    pub(super) fn count_signature(&self, name: &str, recipients: u64, now: UnixMillis) -> u64 {
        let mut pages = self.pages();
        let known = pages.signatures.find(name).copied();
        let is_fresh = |last| days(last, now) <= SIGNATURE_DAYS as f32;
        let before = known.filter(|(_, last)| is_fresh(*last)).map_or(0, |(count, _)| count);
        let count = before.saturating_add(recipients);
        pages.signatures.change(name.into(), (count, now));
        if count >= SIGNATURE_KEPT_MIN {
            self.something.notify_one();
        }
        count
    }

    /// Notes that an entry of a tenant's list was used.
    pub(super) fn note_use(&self, tenant: TenantId, entry: &str, now: UnixMillis) {
        let mut pages = self.pages();
        let key = (tenant, entry.into());
        if pages.uses.len() >= PAIRS_WAITING_MAX && !pages.uses.contains_key(&key) {
            return lost("uses", 1);
        }
        pages.uses.insert(key, now);
        self.something.notify_one();
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written now.
    fn take(&self) -> Counts {
        let mut pages = self.pages();
        pages.contacts_leaving = std::mem::take(&mut pages.contacts);
        let contacts =
            pages.contacts_leaving.iter().map(|((tenant, sender, recipient), row)| ContactCount {
                tenant: *tenant,
                sender: sender.clone(),
                recipient: recipient.clone(),
                count: row.0,
                last: row.1,
            });
        let contacts = contacts.collect();
        let spoofs = std::mem::take(&mut pages.spoofs);
        let uses = std::mem::take(&mut pages.uses).into_iter();
        let uses = uses.map(|((tenant, entry), last)| EntryUse { tenant, entry, last }).collect();
        let sources = pages.sources.changed().into_iter();
        let sources = sources.map(|((kind, name), (tally, updated))| SourceCount {
            kind,
            name,
            tally,
            updated,
        });
        let sources = sources.collect();
        let signatures = pages.signatures.changed().into_iter();
        let signatures =
            signatures.filter(|(_, (recipients, _))| *recipients >= SIGNATURE_KEPT_MIN);
        Counts {
            contacts,
            spoofs: spoofs.into_iter().map(|((tenant, ..), seen)| (tenant, seen)).collect(),
            sources,
            uses,
            signatures: signatures
                .map(|(name, (recipients, last))| SignatureCount { name, recipients, last })
                .collect(),
        }
    }

    /// Takes up what an earlier run of the node wrote; mail may have come before it was read.
    fn restore(&self, sources: Vec<SourceCount>, signatures: Vec<SignatureCount>) {
        let mut pages = self.pages();
        // The latest come first, and are to be forgotten last.
        for one in sources.into_iter().rev() {
            let value = (one.tally, one.updated);
            pages.sources.restore((one.kind, one.name), value, |(new, now), (old, updated)| {
                let old = reputation::faded(old, days(updated, *now));
                (reputation::together(*new, old), *now)
            });
        }
        for one in signatures.into_iter().rev() {
            let value = (one.recipients, one.last);
            pages.signatures.restore(one.name, value, |(new, now), (old, _)| (new + old, *now));
        }
    }
}

/// Writes counts for as long as the node runs.
pub(crate) async fn keep(world: std::sync::Arc<World>) {
    let store = world.store();
    match tokio::try_join!(store.source_counts(), store.signature_counts()) {
        Ok((sources, signatures)) => world.ledger.restore(sources, signatures),
        Err(error) => tracing::warn!(%error, "what is known of earlier senders cannot be read"),
    }
    loop {
        world.ledger.something.notified().await;
        tokio::time::sleep(WRITTEN_AFTER).await;
        write(&world).await;
    }
}

/// Writes what waits, if anything does.
pub(crate) async fn write(world: &World) {
    let counts = world.ledger.take();
    let many = counts.len();
    if counts.is_empty() {
        return;
    }
    if let Err(error) = world.store().record_counts(counts).await {
        lost("counts", many);
        tracing::debug!(%error, "counts were not written");
    }
    world.ledger.pages().contacts_leaving.clear();
}

fn lost(what: &'static str, many: usize) {
    metrics::counter!("posthouse_notes_lost_total", "what" => what).increment(many as u64);
}

fn days(from: UnixMillis, to: UnixMillis) -> f32 {
    (to.0 - from.0) as f32 / MILLIS_OF_A_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
    const TENANT: TenantId = TenantId(7);

    fn address() -> Vec<(SourceKind, String)> {
        vec![(SourceKind::Address, "192.0.2.1".to_owned())]
    }

    #[test]
    fn a_pair_counts_before_it_is_written_and_while_it_is() {
        let ledger = Ledger::default();
        let pair = || (TENANT, "eve@x.example".into(), "ann@y.example".into());
        ledger.count_contact(pair(), NOW);
        ledger.count_contact(pair(), NOW);
        let known = || ledger.contacts(TENANT, "eve@x.example", "ann@y.example");
        assert_eq!(known(), 2);
        let counts = ledger.take();
        assert_eq!((counts.contacts.len(), counts.contacts[0].count), (1, 2));
        assert_eq!(known(), 2);
        assert_eq!(ledger.contacts(TENANT, "ann@y.example", "eve@x.example"), 0);
    }

    #[test]
    fn reputation_is_remembered_faded_and_taken_up_again() {
        let ledger = Ledger::default();
        assert!(ledger.reputation(&address(), NOW).is_empty());
        for _ in 0..8 {
            ledger.count_outcome(address(), Outcome::Spam, NOW);
        }
        let later = UnixMillis(NOW.0 + 14 * 86_400_000);
        let again = Ledger::default();
        again.restore(ledger.take().sources, Vec::new());
        let spam = |ledger: &Ledger| ledger.reputation(&address(), later)[0].tally.spam;
        assert!((spam(&again) - 4.0).abs() < 0.01);
        assert!(again.take().is_empty());
        // Mail that came before it was read is counted beside it.
        let early = Ledger::default();
        early.count_outcome(address(), Outcome::Spam, later);
        for _ in 0..8 {
            ledger.count_outcome(address(), Outcome::Spam, NOW);
        }
        early.restore(ledger.take().sources, Vec::new());
        assert!((spam(&early) - 9.0).abs() < 0.01, "16 faded to 8, and 1");
    }

    #[test]
    fn aut_04_a_signature_is_counted_over_its_recipients_and_forgotten_in_a_week() {
        let ledger = Ledger::default();
        assert_eq!(ledger.count_signature("x/abc", 3, NOW), 3);
        assert!(ledger.take().signatures.is_empty(), "few recipients are not worth a row");
        assert_eq!(ledger.count_signature("x/abc", 8, NOW), 11);
        assert_eq!(ledger.take().signatures.len(), 1);
        assert_eq!(ledger.count_signature("x/other", 1, NOW), 1);
        let later = UnixMillis(NOW.0 + 8 * 86_400_000);
        assert_eq!(ledger.count_signature("x/abc", 1, later), 1);
    }

    #[test]
    fn what_a_stuck_store_does_not_take_is_left_out_and_not_kept() {
        let ledger = Ledger::default();
        for number in 0..PAIRS_WAITING_MAX + 10 {
            let recipient = format!("{number}@y.example").into();
            ledger.count_contact((TENANT, "eve@x.example".into(), recipient), NOW);
        }
        assert_eq!(ledger.take().contacts.len(), PAIRS_WAITING_MAX);
    }
}
