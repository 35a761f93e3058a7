//! What tenants' people called junk of domains' bulk mail, for those who judge the next of it.
//!
//! May touch: the store, for reading at start. Counts are written with the report that makes them,
//! and asked from memory only. A domain that nobody complained about costs nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use posthouse_filter::complaints::counted;
use posthouse_store::{COMPLAINTS_MAX, ComplaintCount, Store, StoreError};
use posthouse_types::{TenantId, UnixMillis};

const MILLIS_OF_A_DAY: f32 = 86_400_000.0;

/// The counts of all tenants.
#[derive(Default)]
pub(crate) struct Complaints(Mutex<HashMap<Box<str>, Vec<ComplaintCount>>>);

impl Complaints {
    /// Reads what was said before.
    pub(crate) async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let mut known: HashMap<_, Vec<_>> = HashMap::new();
        for count in store.complaint_counts().await? {
            known.entry(count.domain.clone()).or_default().push(count);
        }
        *self.known() = known;
        Ok(())
    }

    /// How often each tenant complained about a domain, as of now.
    pub(crate) fn about(&self, domain: &str, now: UnixMillis) -> Vec<f32> {
        let known = self.known();
        let counts = known.get(domain).into_iter().flatten();
        counts.map(|one| counted(one.count, days(one.updated, now), 0.0)).collect()
    }

    /// A tenant's count with one more complaint, or one less. It counts once it is put.
    pub(crate) fn with(
        &self,
        (domain, tenant): (&str, TenantId),
        more: f32,
        now: UnixMillis,
    ) -> ComplaintCount {
        let known = self.known();
        let before = known.get(domain).into_iter().flatten().find(|one| one.tenant == tenant);
        let count = before.map_or(0.0, |one| counted(one.count, days(one.updated, now), 0.0));
        let count = counted(count, 0.0, more);
        ComplaintCount { domain: domain.into(), tenant, count, updated: now }
    }

    /// Counts it from now on. Where there are too many, the oldest go.
    pub(crate) fn put(&self, count: ComplaintCount) {
        let mut known = self.known();
        let of_domain = known.entry(count.domain.clone()).or_default();
        of_domain.retain(|one| one.tenant != count.tenant);
        of_domain.push(count);
        if known.values().map(Vec::len).sum::<usize>() > COMPLAINTS_MAX {
            let mut times: Vec<_> = known.values().flatten().map(|one| one.updated).collect();
            times.sort_unstable();
            let oldest = times.get(COMPLAINTS_MAX / 8).copied().unwrap_or_default();
            forget(&mut known, |one| one.updated <= oldest);
        }
    }

    /// Forgets what a tenant said.
    pub(crate) fn forget(&self, tenant: TenantId) {
        forget(&mut self.known(), |one| one.tenant == tenant);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Box<str>, Vec<ComplaintCount>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(
    known: &mut HashMap<Box<str>, Vec<ComplaintCount>>,
    goes: impl Fn(&ComplaintCount) -> bool,
) {
    known.retain(|_, counts| {
        counts.retain(|one| !goes(one));
        !counts.is_empty()
    });
}

fn days(from: UnixMillis, to: UnixMillis) -> f32 {
    (to.0 - from.0) as f32 / MILLIS_OF_A_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
    const SHOP: &str = "shop.example";

    #[test]
    fn each_tenant_has_a_count_that_fades_and_goes_with_it() {
        let complaints = Complaints::default();
        for (tenant, more) in [(1, 1.0), (2, 1.0), (1, 1.0), (2, -1.0)] {
            complaints.put(complaints.with((SHOP, TenantId(tenant)), more, NOW));
        }
        let mut about = complaints.about(SHOP, NOW);
        about.sort_by(f32::total_cmp);
        assert_eq!(about, [0.0, 2.0]);
        assert!(complaints.about("other.example", NOW).is_empty());
        let later = UnixMillis(NOW.0 + 14 * 86_400_000);
        assert!(complaints.about(SHOP, later).contains(&1.0));
        complaints.forget(TenantId(1));
        assert_eq!(complaints.about(SHOP, NOW), [0.0]);
    }

    #[test]
    fn too_many_counts_forget_the_oldest() {
        let complaints = Complaints::default();
        for number in 0..=COMPLAINTS_MAX as u64 {
            let now = UnixMillis(NOW.0 + number.cast_signed());
            let domain = number.to_string();
            // Not by `put`, which is not made for a flood.
            let count = complaints.with((&domain, TenantId(1)), 1.0, now);
            match number < COMPLAINTS_MAX as u64 {
                true => drop(complaints.known().insert(domain.into(), vec![count])),
                false => complaints.put(count),
            }
        }
        assert!(complaints.about("0", NOW).is_empty());
        assert_eq!(complaints.about(&COMPLAINTS_MAX.to_string(), NOW).len(), 1);
        assert!(complaints.known().len() > COMPLAINTS_MAX / 2);
    }
}
