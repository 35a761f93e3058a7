//! What the operator grants a tenant beyond its own domains: certificate names that its connectors
//! may look for, from `[attribution.grants]` of the node's settings.
//!
//! Pure but for the directory's swap. A grant is the operator's word, so it stands in the operator's
//! file and not in a tenant's, which the tenant's administrator may write. A name of a provider that
//! sends for many organisations identifies none of them, and is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use posthouse_policy::{CertificateName, FromText, Grants, SharedIdentities};
use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};

use super::{Office, Trouble};
use crate::settings::AttributionSettings;

/// Grants by the tenant's name in lower case: as tenants are found by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct GrantsByTenant(BTreeMap<String, Grants>);

impl GrantsByTenant {
    /// Reads `[attribution.grants]`.
    ///
    /// # Errors
    /// A name that is none, or that belongs to a provider whom many organisations share.
    pub(crate) fn read(settings: &AttributionSettings) -> Result<Self, String> {
        let shared = SharedIdentities::built_in();
        let mut by_tenant = BTreeMap::new();
        for (tenant, names) in &settings.grants {
            let mut granted = Vec::new();
            for text in names {
                let at =
                    format!("[attribution.grants] {}", printable(tenant, SHOWN_CHARACTERS_MAX));
                let name =
                    CertificateName::from_text(text).map_err(|why| format!("{at}: {why}"))?;
                if let Some(owner) = shared.owner_of_name(&name.base()) {
                    return Err(format!(
                        "{at}: {name} is a certificate of {owner}, which sends for many \
                         organisations with it, so it identifies none of them"
                    ));
                }
                granted.push(name);
            }
            let grants = Grants { certificate_names: granted.into() };
            if by_tenant.insert(tenant.to_lowercase(), grants).is_some() {
                return Err(format!("[attribution.grants] names the tenant {tenant} twice"));
            }
        }
        Ok(Self(by_tenant))
    }

    /// What a tenant was granted.
    pub(crate) fn of(&self, tenant: &str) -> Grants {
        self.0.get(&tenant.to_lowercase()).cloned().unwrap_or_default()
    }

    /// The tenants that either has something for, by name in lower case.
    fn tenants_of_both<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a String> {
        self.0.keys().chain(other.0.keys().filter(|tenant| !self.0.contains_key(*tenant)))
    }
}

impl Office {
    /// An office with these grants, before its directory is loaded.
    pub(crate) fn granting(self, grants: GrantsByTenant) -> Self {
        self.grants.store(Arc::new(grants));
        self
    }

    /// What a tenant of this name was granted.
    pub(super) fn grants_of(&self, tenant: &str) -> Grants {
        self.grants.load().of(tenant)
    }

    /// Takes up other grants: the tenants concerned are swapped in with theirs. The names of those
    /// that there is no tenant for are given back, for the operator's eyes.
    ///
    /// # Errors
    /// The directory refuses a tenant that it had before.
    pub(crate) async fn change_grants(
        &self,
        grants: GrantsByTenant,
    ) -> Result<Vec<String>, Trouble> {
        let _one_at_a_time = self.changes.lock().await;
        let before = self.grants.swap(Arc::new(grants.clone()));
        let directory = self.directory();
        // Whoever loads it later reads the grants then.
        if !directory.is_loaded() {
            return Ok(Vec::new());
        }
        let mut next = (*directory).clone();
        let mut unknown = Vec::new();
        for name in grants.tenants_of_both(&before) {
            let Some((id, tenant)) = directory.tenant_by_name(name) else {
                unknown.push(name.clone());
                continue;
            };
            if before.of(name) == grants.of(name) {
                continue;
            }
            next = next.with_tenant(id, Arc::clone(tenant), grants.of(name)).map_err(|error| {
                Trouble::new(
                    format!("[attribution.grants] {name}: {error}"),
                    "correct the settings file, and have it read again",
                )
            })?;
        }
        self.directory.store(Arc::new(next));
        Ok(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(tenant: &str, name: &str) -> AttributionSettings {
        let grants = BTreeMap::from([(tenant.to_owned(), vec![name.to_owned()])]);
        AttributionSettings { shared: Vec::new(), grants }
    }

    #[test]
    fn a_grant_is_found_by_the_tenants_name_in_any_case() {
        let grants = GrantsByTenant::read(&settings("Contoso", "relay.provider.example")).unwrap();
        assert_eq!(grants.of("contoso").certificate_names.len(), 1);
        assert_eq!(grants.of("CONTOSO").certificate_names.len(), 1);
        assert_eq!(grants.of("fabrikam"), Grants::default());
    }

    #[test]
    fn what_is_no_name_and_what_many_share_is_not_granted() {
        let refused = |name| GrantsByTenant::read(&settings("contoso", name)).unwrap_err();
        assert!(refused("not a name").contains("[attribution.grants] contoso"));
        let shared = refused("mail.protection.outlook.com");
        assert!(shared.contains("identifies none of them"), "{shared}");
    }
}
