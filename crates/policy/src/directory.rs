//! The directory: every tenant of this node, as one immutable snapshot.
//!
//! Touches nothing. A change makes a new snapshot that shares all it can with the old one; whoever
//! holds the old one goes on undisturbed. A tenant that may not come in (its domain has another
//! owner, a public suffix) changes nothing, and the error never says whose the domain is.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use posthouse_types::{Domain, TenantId};

use crate::index::Index;
use crate::names::CertificateName;
use crate::ranges::{AddressRange, IPV4_PREFIX_MIN, IPV6_PREFIX_MIN};
use crate::tenant::{AcceptedDomain, ConnectorType, InboundConnector, Tenant};
use crate::violations;

/// Tenants that are looked at for one certificate name or address. Beyond it they are too many for
/// the answer to be anything but "ambiguous".
pub const CANDIDATES_MAX: usize = 64;

/// Every tenant of this node, at one moment. Cloning costs a few reference counts.
#[derive(Clone)]
pub struct Directory {
    is_loaded: bool,
    index: Index<Arc<Entry>>,
    prefixes: PrefixesInUse,
    tenants: usize,
    /// Certificate names in the index: usually none.
    strays: usize,
}

/// One tenant as the directory holds it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: TenantId,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) grants: Grants,
}

/// What the operator has granted to a tenant beyond its own domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Certificate names outside the tenant's accepted domains that its connectors may look for.
    /// Mail recognised by one has to come from an accepted domain in MAIL FROM.
    pub certificate_names: Box<[CertificateName]>,
}

/// What an index entry stands under.
#[derive(Hash)]
enum Key<'a> {
    Tenant(TenantId),
    Name(&'a str),
    Domain(&'a str),
    /// A granted certificate name, as written.
    Certificate(&'a str),
    /// The domain right above a connector's host name, for a certificate's `*.d`.
    CertificateBelow(&'a str),
    Range(AddressRange),
}

impl Directory {
    /// A directory without tenants: nothing is hosted and nobody may relay.
    pub fn empty() -> Self {
        Self { is_loaded: true, ..Self::loading() }
    }

    /// A directory that is not there yet: every recipient gets `451 4.3.2 ... ATTR55`.
    pub fn loading() -> Self {
        Self {
            is_loaded: false,
            index: Index::new(),
            prefixes: PrefixesInUse::default(),
            tenants: 0,
            strays: 0,
        }
    }

    /// Builds a directory of many tenants, as at start-up. A tenant that may not come in is left
    /// out and reported; the others are served.
    pub fn build(
        tenants: impl IntoIterator<Item = (TenantId, Arc<Tenant>, Grants)>,
    ) -> (Self, Vec<(TenantId, DirectoryError)>) {
        let mut directory = Self::empty();
        let mut refused = Vec::new();
        for (id, tenant, grants) in tenants {
            if let Err(error) = directory.put(id, tenant, grants) {
                refused.push((id, error));
            }
        }
        (directory, refused)
    }

    /// The directory with this tenant, new or changed.
    ///
    /// # Errors
    /// A name or verified domain that another tenant has, or a domain that nobody may own.
    pub fn with_tenant(
        &self,
        id: TenantId,
        tenant: Arc<Tenant>,
        grants: Grants,
    ) -> Result<Self, DirectoryError> {
        let mut directory = self.clone();
        directory.put(id, tenant, grants)?;
        Ok(directory)
    }

    /// The directory without this tenant.
    pub fn without_tenant(&self, id: TenantId) -> Self {
        let mut directory = self.clone();
        directory.take(id);
        directory
    }

    /// Whether the tenants are there.
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// How many tenants there are.
    pub fn len(&self) -> usize {
        self.tenants
    }

    /// Whether there is no tenant.
    pub fn is_empty(&self) -> bool {
        self.tenants == 0
    }

    /// A tenant by its id.
    pub fn tenant(&self, id: TenantId) -> Option<&Arc<Tenant>> {
        self.entry(id).map(|entry| &entry.tenant)
    }

    /// A tenant by its name, in any case.
    pub fn tenant_by_name(&self, name: &str) -> Option<(TenantId, &Arc<Tenant>)> {
        let folded = name.to_lowercase();
        self.index
            .under(&Key::Name(&folded))
            .find(|entry| entry.tenant.name.to_lowercase() == folded)
            .map(|entry| (entry.id, &entry.tenant))
    }

    /// Who owns a name: the tenant with the most specific verified accepted domain that the name
    /// equals or lies below. Ownership reaches below the domain whatever `match_sub_domains` says:
    /// that is about receiving, see [`Directory::host_of`].
    pub fn owner_of(&self, name: &Domain) -> Option<(TenantId, &AcceptedDomain)> {
        self.owning_entry(name).map(|(entry, domain)| (entry.id, domain))
    }

    /// Who receives mail for a domain: its owner, where it is an accepted domain itself or lies
    /// below one with `match_sub_domains`.
    pub fn host_of(&self, domain: &Domain) -> Option<(TenantId, &AcceptedDomain)> {
        self.hosting_entry(domain).map(|(entry, domain)| (entry.id, domain))
    }

    pub(crate) fn entry(&self, id: TenantId) -> Option<&Entry> {
        self.index.under(&Key::Tenant(id)).find(|entry| entry.id == id).map(Arc::as_ref)
    }

    pub(crate) fn owning_entry(&self, name: &Domain) -> Option<(&Entry, &AcceptedDomain)> {
        if name.is_literal() {
            return None;
        }
        name.with_parents().find_map(|name| self.entry_of_domain(name))
    }

    pub(crate) fn hosting_entry(&self, domain: &Domain) -> Option<(&Entry, &AcceptedDomain)> {
        self.owning_entry(domain)
            .filter(|(_, accepted)| accepted.match_sub_domains || accepted.name == *domain)
    }

    fn entry_of_domain(&self, name: &str) -> Option<(&Entry, &AcceptedDomain)> {
        self.index.under(&Key::Domain(name)).find_map(|entry| {
            let domain = entry.tenant.accepted_domain(name).filter(|domain| domain.verified)?;
            Some((entry.as_ref(), domain))
        })
    }

    /// The on-premises connectors that look for a name which this certificate name bears: those of
    /// the name's owner, and those that were granted it; at most [`CANDIDATES_MAX`] tenants. The
    /// same one may come more than once.
    pub(crate) fn by_certificate_name(
        &self,
        presented: &Domain,
    ) -> Vec<(&Entry, &InboundConnector)> {
        let name = presented.as_str();
        let base = name.strip_prefix("*.");
        let mut entries: Vec<&Entry> = Vec::new();
        // A connector's own name belongs to the owner of that name. For a host it may be the host
        // or `*.` and the domain above, which somebody else may own.
        for name in [Some(base.unwrap_or(name)), presented.parent().filter(|_| base.is_none())] {
            let name = name.map(Domain::from_normalized);
            entries.extend(name.and_then(|name| self.owning_entry(&name)).map(|(entry, _)| entry));
        }
        if self.strays > 0 {
            let above = presented.parent().map(|parent| format!("*.{parent}"));
            let other = match (base, &above) {
                (Some(base), _) => self.index.under(&Key::CertificateBelow(base)),
                (None, above) => {
                    self.index.under(&Key::Certificate(above.as_deref().unwrap_or_default()))
                }
            };
            let strays = self.index.under(&Key::Certificate(name)).chain(other);
            entries.extend(strays.take(CANDIDATES_MAX).map(Arc::as_ref));
        }
        let connectors = entries.into_iter().flat_map(|entry| {
            entry.on_premises().filter_map(move |connector| {
                let name = connector.tls_sender_certificate_name.as_ref()?;
                name.is_borne_by(presented).then_some((entry, connector))
            })
        });
        connectors.collect()
    }

    /// The tenants that list a range which holds this address, most specific range first; at most
    /// [`CANDIDATES_MAX`].
    pub(crate) fn by_address(&self, address: IpAddr) -> impl Iterator<Item = &Entry> {
        self.prefixes
            .descending(address)
            .flat_map(move |range| self.index.under(&Key::Range(range)))
            .filter(move |entry| {
                let mut connectors = entry.on_premises();
                connectors.any(|connector| connector.range_with(address).is_some())
            })
            .map(Arc::as_ref)
            .take(CANDIDATES_MAX)
    }

    fn put(
        &mut self,
        id: TenantId,
        tenant: Arc<Tenant>,
        grants: Grants,
    ) -> Result<(), DirectoryError> {
        self.check(id, &tenant)?;
        self.take(id);
        let mut tenant = Arc::unwrap_or_clone(tenant);
        tenant.normalize();
        let entry = Arc::new(Entry { id, tenant: Arc::new(tenant), grants });
        entry.for_each_key(|key| {
            match &key {
                Key::Range(range) => self.prefixes.add(range),
                Key::Certificate(_) | Key::CertificateBelow(_) => self.strays += 1,
                _ => {}
            }
            self.index.insert(&key, entry.clone());
        });
        self.tenants += 1;
        Ok(())
    }

    fn take(&mut self, id: TenantId) {
        let key = Key::Tenant(id);
        let Some(entry) = self.index.under(&key).find(|entry| entry.id == id).cloned() else {
            return;
        };
        entry.for_each_key(|key| {
            match &key {
                Key::Range(range) => self.prefixes.remove(range),
                Key::Certificate(_) | Key::CertificateBelow(_) => self.strays -= 1,
                _ => {}
            }
            self.index.remove(&key, |found| found.id == id);
        });
        self.tenants -= 1;
    }

    fn check(&self, id: TenantId, tenant: &Tenant) -> Result<(), DirectoryError> {
        if self.tenant_by_name(&tenant.name).is_some_and(|(owner, _)| owner != id) {
            return Err(DirectoryError::NameTaken(tenant.name.clone()));
        }
        for domain in &tenant.accepted_domains {
            if violations::is_public_suffix(&domain.name) {
                return Err(DirectoryError::PublicSuffix(domain.name.clone()));
            }
            let owner = self.entry_of_domain(domain.name.as_str());
            if domain.verified && owner.is_some_and(|(owner, _)| owner.id != id) {
                return Err(DirectoryError::DomainTaken(domain.name.clone()));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Directory")
            .field("is_loaded", &self.is_loaded)
            .field("tenants", &self.tenants)
            .finish_non_exhaustive()
    }
}

/// Why a tenant may not come into the directory. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryError {
    /// The tenant's name is in use.
    NameTaken(Box<str>),
    /// The domain is an accepted domain already. By whom is nobody's business.
    DomainTaken(Domain),
    /// The domain is a public suffix or a single label: nobody may own it.
    PublicSuffix(Domain),
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken(name) => write!(formatter, "the name {name} is not available"),
            Self::DomainTaken(domain) => write!(formatter, "the domain {domain} is not available"),
            Self::PublicSuffix(domain) => write!(
                formatter,
                "{domain} cannot be an accepted domain: it is a single label, or a public suffix \
                 under which strangers register their names"
            ),
        }
    }
}

impl std::error::Error for DirectoryError {}

impl Entry {
    /// The tenant's on-premises connectors that act, by name.
    pub(crate) fn on_premises(&self) -> impl Iterator<Item = &InboundConnector> {
        self.tenant.inbound_connectors.iter().filter(|connector| {
            connector.enabled && connector.connector_type == ConnectorType::OnPremises
        })
    }

    /// Whether the operator has granted this certificate name to the tenant.
    pub(crate) fn is_granted(&self, name: &CertificateName) -> bool {
        self.grants.certificate_names.contains(name)
    }

    /// Everything that this tenant is found by.
    ///
    /// Certificate names are found through the owner of the name, so only those are here that
    /// would not be: granted ones, and hosts that are accepted domains themselves, which the
    /// wildcard of a domain above reaches. A name that is neither the tenant's nor granted cannot
    /// crowd out anybody's.
    fn for_each_key(&self, mut visit: impl FnMut(Key<'_>)) {
        visit(Key::Tenant(self.id));
        visit(Key::Name(&self.tenant.name.to_lowercase()));
        for domain in self.tenant.accepted_domains.iter().filter(|domain| domain.verified) {
            visit(Key::Domain(domain.name.as_str()));
        }
        let mut names: Vec<&CertificateName> = self
            .on_premises()
            .filter_map(|connector| connector.tls_sender_certificate_name.as_ref())
            .collect();
        names.sort();
        names.dedup();
        let granted = || names.iter().filter(|name| self.is_granted(name));
        granted().for_each(|name| visit(Key::Certificate(name.as_str())));
        let mut above: Vec<&str> = granted()
            .chain(names.iter().filter(|name| self.tenant.accepted_domain(name.as_str()).is_some()))
            .filter(|name| !name.is_wildcard())
            .filter_map(|name| name.as_str().split_once('.').map(|(_, above)| above))
            // No certificate covers `*.com`, and half of all tenants would stand under it.
            .filter(|above| !violations::is_public_suffix(&Domain::from_normalized(*above)))
            .collect();
        above.sort_unstable();
        above.dedup();
        above.iter().for_each(|above| visit(Key::CertificateBelow(above)));
        let mut ranges: Vec<AddressRange> = self
            .on_premises()
            .flat_map(|connector| connector.sender_ip_addresses.iter().copied())
            .collect();
        ranges.sort();
        ranges.dedup();
        ranges.iter().for_each(|range| visit(Key::Range(*range)));
    }
}

impl InboundConnector {
    /// The most specific of its ranges that holds an address.
    pub(crate) fn range_with(&self, address: IpAddr) -> Option<&AddressRange> {
        let holding = self.sender_ip_addresses.iter().filter(|range| range.contains(address));
        holding.max_by_key(|range| range.prefix())
    }
}

/// How many ranges there are of each prefix length: an address is looked up only under lengths
/// that occur.
#[derive(Clone)]
struct PrefixesInUse {
    ipv4: [u32; (32 - IPV4_PREFIX_MIN + 1) as usize],
    ipv6: [u32; (128 - IPV6_PREFIX_MIN + 1) as usize],
}

impl Default for PrefixesInUse {
    fn default() -> Self {
        Self {
            ipv4: [0; (32 - IPV4_PREFIX_MIN + 1) as usize],
            ipv6: [0; (128 - IPV6_PREFIX_MIN + 1) as usize],
        }
    }
}

impl PrefixesInUse {
    fn count_mut(&mut self, range: &AddressRange) -> Option<&mut u32> {
        if range.is_ipv4() {
            self.ipv4.get_mut(usize::from(range.prefix().checked_sub(IPV4_PREFIX_MIN)?))
        } else {
            self.ipv6.get_mut(usize::from(range.prefix().checked_sub(IPV6_PREFIX_MIN)?))
        }
    }

    fn add(&mut self, range: &AddressRange) {
        if let Some(count) = self.count_mut(range) {
            *count += 1;
        }
    }

    fn remove(&mut self, range: &AddressRange) {
        if let Some(count) = self.count_mut(range) {
            *count = count.saturating_sub(1);
        }
    }

    /// The ranges around an address that could be listed, longest prefix first.
    fn descending(&self, address: IpAddr) -> impl Iterator<Item = AddressRange> + '_ {
        let (counts, shortest) = match address {
            IpAddr::V4(_) => (&self.ipv4[..], IPV4_PREFIX_MIN),
            IpAddr::V6(_) => (&self.ipv6[..], IPV6_PREFIX_MIN),
        };
        let lengths = counts.iter().enumerate().rev().filter(|(_, count)| **count > 0);
        lengths.filter_map(move |(index, _)| {
            let prefix = shortest.checked_add(u8::try_from(index).ok()?)?;
            Some(AddressRange::around(address, prefix))
        })
    }
}
