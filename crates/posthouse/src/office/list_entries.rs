//! Entries of tenants' allow and block lists that end by themselves: when nobody used them for as
//! long as they say, and a word on those whose time is over.
//!
//! May touch: the store and the directory snapshot, one change at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use posthouse_policy::{EXPIRES_DAYS_MAX, Lasts, Tenant, TenantAllowBlock};
use posthouse_store::{Counts, EntryUse};
use posthouse_types::{TenantId, UnixMillis};

use super::{Office, Trouble};

impl Office {
    /// Takes out entries that were not used for as long as they say.
    pub(crate) async fn end_unused_entries(&self, now: UnixMillis) -> Result<(), Trouble> {
        let mut tenants: BTreeMap<TenantId, BTreeMap<Box<str>, UnixMillis>> = BTreeMap::new();
        for one in self.store.entry_uses().await? {
            tenants.entry(one.tenant).or_default().insert(one.entry, one.last);
        }
        for (id, uses) in tenants {
            let _one_at_a_time = self.changes.lock().await;
            let directory = self.loaded()?;
            let Some(tenant) = directory.tenant(id) else { continue };
            if !entries(tenant).iter().any(|entry| is_unused(entry, &uses, now)) {
                continue;
            }
            let mut tenant = Tenant::clone(tenant);
            if let Some(extras) = &mut tenant.extras {
                let list = &mut extras.protection.tenant_allow_blocks;
                list.retain(|entry| !is_unused(entry, &uses, now));
            }
            let name = tenant.name.clone();
            tracing::info!(tenant = %name, "entries that nobody used were taken out of the list");
            self.put(tenant, false, now).await?;
        }
        Ok(())
    }

    /// Begins the time of entries that are new and end when nobody uses them.
    pub(super) async fn begin_uses(
        &self,
        id: TenantId,
        tenant: &Tenant,
        before: Option<&Tenant>,
        now: UnixMillis,
    ) {
        let known = before.map_or(&[][..], entries);
        let is_new = |entry: &&TenantAllowBlock| {
            matches!(entry.lasts, Lasts::AfterUse(_)) && !known.contains(entry)
        };
        let begun = entries(tenant).iter().filter(is_new).map(|entry| EntryUse {
            tenant: id,
            entry: entry.key().into(),
            last: now,
        });
        let counts = Counts { uses: begun.collect(), ..Counts::default() };
        if !counts.is_empty()
            && let Err(error) = self.store.record_counts(counts).await
        {
            tracing::warn!(%error, "list entries with remove_after stay until they are used");
        }
    }
}

/// Refuses a new entry that would stand for longer than one may and still end: whoever wrote it
/// has forgotten it by then.
pub(super) fn end_in_time(
    tenant: &Tenant,
    before: Option<&Tenant>,
    now: UnixMillis,
) -> Result<(), Trouble> {
    match tenant.entry_that_ends_too_late(before, now) {
        None => Ok(()),
        Some(entry) => Err(Trouble::new(
            format!(
                "tenant_allow_block {entry}: its expiration_date is more than {EXPIRES_DAYS_MAX} \
                 days from now"
            ),
            "write an earlier day, or no_expiration = true",
        )),
    }
}

/// What is to be said of entries whose time is over: they stand in the file and do nothing.
pub(super) fn expired(tenant: &Tenant, now: UnixMillis) -> Vec<String> {
    let over = entries(tenant).iter().filter(|entry| !entry.is_valid_at(now));
    let said = over.map(|entry| {
        format!(
            "tenant_allow_block {}: its time is over, so it does nothing: give it a new \
             expiration_date, or no_expiration = true",
            entry.key()
        )
    });
    said.collect()
}

fn entries(tenant: &Tenant) -> &[TenantAllowBlock] {
    tenant.protection().map_or(&[], |protection| &protection.tenant_allow_blocks)
}

/// An entry of which nothing is known is not judged: its time begins when it is used.
fn is_unused(
    entry: &TenantAllowBlock,
    uses: &BTreeMap<Box<str>, UnixMillis>,
    now: UnixMillis,
) -> bool {
    let Lasts::AfterUse(days) = entry.lasts else { return false };
    let last = uses.get(entry.key().as_str());
    last.is_some_and(|last| *last + Duration::from_secs(u64::from(days) * 24 * 3600) <= now)
}

#[cfg(test)]
mod tests {
    use posthouse_lookup::Resolver;
    use posthouse_store::{Store, StoreOptions};

    use super::*;

    const FILE: &str = "[tenant]\nname = \"t\"\n\
        [[tenant_allow_block]]\nlist_type = \"sender\"\nvalue = \"a.example\"\n\
        action = \"allow\"\nremove_after = 45\n\
        [[tenant_allow_block]]\nlist_type = \"sender\"\nvalue = \"b.example\"\n\
        action = \"block\"\n";
    const DAY: i64 = 86_400_000;

    async fn office(folder: &std::path::Path) -> Office {
        let options = StoreOptions { secret_if_new: Some([7; 32]), ..StoreOptions::default() };
        let (store, _) = Store::open(folder, options).unwrap();
        let office = Office::new(store, Resolver::none(), Box::new(|_| {}));
        office.load_directory().await.unwrap();
        office
    }

    fn kept(office: &Office) -> String {
        let directory = office.directory();
        directory.tenant_by_name("t").unwrap().1.to_toml()
    }

    #[tokio::test]
    async fn an_entry_that_nobody_used_is_taken_out_in_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let office = office(folder.path()).await;
        office.apply(FILE, false, UnixMillis(0)).await.unwrap();
        let (id, entry) = (office.tenant("t").unwrap().0, "sender allow a.example");
        let used = EntryUse { tenant: id, entry: entry.into(), last: UnixMillis(10 * DAY) };
        let counts = Counts { uses: vec![used], ..Counts::default() };
        office.store.record_counts(counts).await.unwrap();

        office.end_unused_entries(UnixMillis(55 * DAY - 1)).await.unwrap();
        assert!(kept(&office).contains("a.example"), "it was used on the tenth day");
        office.end_unused_entries(UnixMillis(55 * DAY)).await.unwrap();
        assert!(!kept(&office).contains("a.example"));
        assert!(kept(&office).contains("b.example"), "what is over stays in sight");
    }

    #[tokio::test]
    async fn spec_2_11_a_new_entry_ends_within_ninety_days_or_never() {
        let folder = tempfile::tempdir().unwrap();
        let office = office(folder.path()).await;
        let file = |day: &str| {
            format!(
                "[tenant]\nname = \"t\"\n[[tenant_allow_block]]\nlist_type = \"sender\"\n\
                 value = \"a.example\"\naction = \"block\"\n{day}\n"
            )
        };
        let late = file("expiration_date = \"1970-04-02\"");
        let trouble = office.apply(&late, false, UnixMillis(0)).await.unwrap_err();
        assert!(trouble.what.contains("sender block a.example"), "{}", trouble.what);
        for sound in ["expiration_date = \"1970-04-01\"", "no_expiration = true"] {
            office.apply(&file(sound), false, UnixMillis(0)).await.unwrap();
        }
        // What stands there already stays, however the clock was set.
        office.apply(&late, false, UnixMillis(2 * DAY)).await.unwrap();
        office.apply(&late, false, UnixMillis(0)).await.unwrap();
    }

    #[tokio::test]
    async fn an_entry_gets_its_end_when_it_is_applied_and_is_told_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let office = office(folder.path()).await;
        office.apply(FILE, false, UnixMillis(0)).await.unwrap();
        assert!(kept(&office).contains("expiration_date = \"1970-01-31T00:00:00Z\""));
        let again = office.apply(FILE, false, UnixMillis(31 * DAY)).await.unwrap();
        assert_eq!(again[0]["action"], "unchanged", "{again:?}");
        let warnings = again[0]["warnings"].to_string();
        assert!(warnings.contains("sender block b.example: its time is over"), "{warnings}");
        // `check` reads what `export` says.
        let told = office.export(None, UnixMillis(31 * DAY)).await.unwrap();
        assert!(told[0]["warnings"].to_string().contains("its time is over"), "{told:?}");
    }
}
