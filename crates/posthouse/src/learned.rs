//! What tenants have learned from their own releases and reports, for those who judge their mail.
//!
//! May touch: the store, for reading. A tenant that has learned nothing costs no memory and no
//! look-up; what the others know is loaded when mail for them comes, and the least recently used
//! goes where it becomes too much. A failure of the store is no failure of the mail: it is judged
//! by the model alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use posthouse_classifier::{Learned, Said, Voice};
use posthouse_mime::{MimeLimits, Reading};
use posthouse_store::{Store, StoreError};
use posthouse_types::TenantId;

/// Features in memory for all tenants together: about 32 MiB.
const FEATURES_MAX: usize = 2_000_000;

/// What all tenants have learned.
#[derive(Default)]
pub(crate) struct LearnedByTenant {
    known: Mutex<Known>,
    /// One lesson at a time: each is made of what was learned before it.
    lessons: tokio::sync::Mutex<()>,
}

/// A lesson that is being made; the next one waits until this is dropped.
pub(crate) struct Turn<'a>(tokio::sync::MutexGuard<'a, ()>);

#[derive(Default)]
struct Known {
    /// Every tenant that has learned anything.
    tenants: HashMap<TenantId, Option<Loaded>>,
    /// Those that are loaded, the least recently used first.
    order: BTreeMap<u64, TenantId>,
    uses: u64,
    features: usize,
}

struct Loaded {
    learned: Arc<Learned>,
    used: u64,
}

impl LearnedByTenant {
    /// Asks which tenants have learned anything.
    pub(crate) async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let tenants = store.tenants_that_learned().await?;
        let mut known = self.known();
        for tenant in tenants {
            known.tenants.entry(tenant).or_default();
        }
        Ok(())
    }

    /// What this tenant has learned, if anything.
    pub(crate) async fn of(&self, store: &Store, tenant: TenantId) -> Option<Arc<Learned>> {
        match self.known().recall(tenant) {
            Recalled::Nothing => return None,
            Recalled::Loaded(learned) => return Some(learned),
            Recalled::InStore => {}
        }
        let read = match store.learned(tenant).await {
            Ok(bytes) => Learned::from_bytes(&bytes?).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match read {
            Ok(learned) => Some(self.known().remember(tenant, Arc::new(learned), Source::Store)),
            Err(error) => {
                tracing::warn!(tenant = tenant.0, error, "what a tenant learned cannot be read");
                None
            }
        }
    }

    /// Begins a lesson.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        Turn(self.lessons.lock().await)
    }

    /// What a tenant knows once it has learned from this message, too. What cannot be read is
    /// begun anew: a damaged row must not end all learning.
    pub(crate) async fn with(
        &self,
        _turn: &Turn<'_>,
        store: &Store,
        tenant: TenantId,
        reading: &Reading,
        said: (Said, Voice),
    ) -> Learned {
        let mut learned = self.of(store, tenant).await.map_or_else(Learned::new, |known| {
            // Others may judge by it meanwhile.
            (*known).clone()
        });
        learned.learn(reading, said.0, said.1);
        learned
    }

    /// Judges by this from now on; it is in the store already.
    pub(crate) fn put(&self, turn: Turn<'_>, tenant: TenantId, learned: Learned) {
        self.known().remember(tenant, Arc::new(learned), Source::Lesson);
        drop(turn.0);
    }

    /// Forgets a tenant.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.known().forget(tenant);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message's structure, read where a hostile one delays nobody.
pub(crate) async fn read(message: Vec<u8>) -> Result<Reading, String> {
    let reading =
        tokio::task::spawn_blocking(move || posthouse_mime::read(&message, &MimeLimits::default()));
    reading.await.map_err(|panic| panic.to_string())
}

enum Recalled {
    Nothing,
    InStore,
    Loaded(Arc<Learned>),
}

#[derive(PartialEq)]
enum Source {
    /// Read for somebody who judges: a lesson that came meanwhile is newer.
    Store,
    Lesson,
}

impl Known {
    fn recall(&mut self, tenant: TenantId) -> Recalled {
        let Some(slot) = self.tenants.get_mut(&tenant) else { return Recalled::Nothing };
        let Some(loaded) = slot else { return Recalled::InStore };
        self.order.remove(&loaded.used);
        self.uses += 1;
        loaded.used = self.uses;
        self.order.insert(self.uses, tenant);
        Recalled::Loaded(Arc::clone(&loaded.learned))
    }

    fn remember(
        &mut self,
        tenant: TenantId,
        learned: Arc<Learned>,
        source: Source,
    ) -> Arc<Learned> {
        if source == Source::Store
            && let Recalled::Loaded(newer) = self.recall(tenant)
        {
            return newer;
        }
        self.forget(tenant);
        self.uses += 1;
        self.order.insert(self.uses, tenant);
        self.features += learned.len();
        let loaded = Loaded { learned: Arc::clone(&learned), used: self.uses };
        self.tenants.insert(tenant, Some(loaded));
        while self.features > FEATURES_MAX && self.order.len() > 1 {
            let Some((_, longest_unused)) = self.order.pop_first() else { break };
            let loaded = self.tenants.get_mut(&longest_unused).and_then(Option::take);
            self.features -= loaded.map_or(0, |loaded| loaded.learned.len());
        }
        learned
    }

    fn forget(&mut self, tenant: TenantId) {
        if let Some(Some(loaded)) = self.tenants.remove(&tenant) {
            self.order.remove(&loaded.used);
            self.features -= loaded.learned.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taught(first: u8) -> Arc<Learned> {
        let letter = |place: u8| char::from(b'a' + place % 26);
        let words: Vec<String> = (0..=255)
            .map(|at: u8| ['w', letter(first), letter(at / 26), letter(at), 'x'].iter().collect())
            .collect();
        let mail = format!("From: a@b.example\nSubject: x\n\n{}\n", words.join(" "));
        let reading = posthouse_mime::read(mail.as_bytes(), &MimeLimits::default());
        let mut learned = Learned::new();
        learned.learn(&reading, Said::Unwanted, Voice::Administrator);
        Arc::new(learned)
    }

    #[test]
    fn a_tenant_that_learned_nothing_costs_nothing() {
        let mut known = Known::default();
        assert!(matches!(known.recall(TenantId(1)), Recalled::Nothing));
        assert!(known.tenants.is_empty() && known.order.is_empty());
    }

    #[test]
    fn the_least_recently_used_goes_where_it_becomes_too_much() {
        let mut known = Known::default();
        let learned = taught(1);
        assert!(learned.len() > 100);
        let room = FEATURES_MAX / learned.len();
        for number in 0..=room as u64 {
            known.remember(TenantId(number), Arc::clone(&learned), Source::Store);
            known.recall(TenantId(0));
        }
        assert!(known.features <= FEATURES_MAX);
        assert!(matches!(known.recall(TenantId(0)), Recalled::Loaded(_)), "used all the time");
        assert!(matches!(known.recall(TenantId(1)), Recalled::InStore), "let go, not forgotten");
        assert_eq!(known.tenants.len(), room + 1);
        known.forget(TenantId(0));
        assert!(matches!(known.recall(TenantId(0)), Recalled::Nothing));
    }

    #[test]
    fn a_lesson_is_newer_than_what_was_read_meanwhile() {
        let mut known = Known::default();
        known.remember(TenantId(1), taught(2), Source::Lesson);
        let kept = known.remember(TenantId(1), taught(1), Source::Store);
        assert_eq!(kept, taught(2));
    }
}
