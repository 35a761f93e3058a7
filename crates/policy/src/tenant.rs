//! A tenant: its domains, recipients and connectors, with Microsoft's names in snake_case.
//!
//! Touches nothing. Plain data: what a connector *means* is in `attribution`, `partner` and
//! `route`; how a file is read is in `file`; what looks wrong with a tenant is in `problems`.

use posthouse_types::{Address, ChainMode, Domain, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::Protection;
use crate::connector_row::InboundRow;
use crate::enhanced_filtering::EnhancedFiltering;
use crate::names::{CertificateName, DomainPattern, Host, SmartHost};
use crate::outbound::OutboundSettings;
use crate::protection::allow_block::{self, TenantAllowBlock};
use crate::ranges::AddressRange;
use crate::recipients::RecipientList;
use crate::rules::{self, MailFlowRule};
use crate::sender_lists::{self, SenderLists};
use crate::text::{self, words};

/// One tenant. Lists are kept sorted by [`Tenant::normalize`], so that looking up is a binary
/// search and `export` prints them in one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenant {
    /// What people call it: unique on a node, 1 to 64 characters.
    pub name: Box<str>,
    /// Who gets mail to `postmaster`; the operator where it is left out.
    pub postmaster: Option<Address>,
    /// Its domains. Only verified ones count.
    pub accepted_domains: Vec<AcceptedDomain>,
    /// The recipients that directory-based edge blocking knows.
    pub recipients: RecipientList,
    /// How mail from its own servers and its partners is recognised.
    pub inbound_connectors: Vec<InboundConnector>,
    /// Where its mail goes.
    pub outbound_connectors: Vec<OutboundConnector>,
    /// Rules and policies; `None` where nothing is set, as with most of a million tenants in
    /// memory.
    pub extras: Option<Box<TenantExtras>>,
}

/// What a tenant may set beside domains and connectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantExtras {
    /// What is done with messages of a kind, in the order that they are looked at.
    pub mail_flow_rules: Vec<MailFlowRule>,
    /// What it wants of mail that leaves.
    pub outbound: OutboundSettings,
    /// Its policies and lists.
    pub protection: Protection,
    /// Recipients' own safe and blocked senders.
    pub sender_lists: Box<[SenderLists]>,
}

/// A domain that a tenant receives mail for, and may send as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedDomain {
    /// The name.
    #[serde(with = "text::one")]
    pub name: Domain,
    /// Whether unknown recipients are refused.
    #[serde(rename = "type", default = "authoritative")]
    pub domain_type: DomainType,
    /// Names below it receive mail too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub match_sub_domains: bool,
    /// Its ownership is proven: by the operator's word, or by the TXT record.
    #[serde(default, skip_serializing_if = "is_false")]
    pub verified: bool,
}

words! {
    /// Whether a domain's recipients are all known here.
    DomainType {
        /// They are: others are refused (`550 5.4.1`).
        Authoritative = "authoritative",
        /// They are not: mail for any is passed on.
        InternalRelay = "internal-relay",
    }
}

words! {
    /// What a connector is for.
    ConnectorType {
        /// The tenant's own servers: matching mail may relay.
        OnPremises = "on-premises",
        /// Another organisation: matching mail is restricted, and never may relay.
        Partner = "partner",
    }
}

words! {
    /// Who made a connector. Informs; changes nothing.
    ConnectorSource {
        /// An administrator.
        Default = "default",
        /// Exchange's hybrid configuration wizard.
        HybridWizard = "hybrid-wizard",
        /// A migration.
        Migrated = "migrated",
    }
}

words! {
    /// What an outbound connector demands of the remote server's TLS. Without it, TLS is used
    /// where it is offered.
    TlsSettings {
        /// TLS, whatever the certificate.
        EncryptionOnly = "encryption-only",
        /// TLS with a trusted certificate.
        CertificateValidation = "certificate-validation",
        /// TLS with a trusted certificate that holds `tls_domain`, or else the smart host's name.
        DomainValidation = "domain-validation",
    }
}

/// How mail of one origin is recognised (New-InboundConnector).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "InboundRow", into = "InboundRow")]
pub struct InboundConnector {
    /// Unique within the tenant, any case; 1 to 64 characters.
    pub name: Box<str>,
    /// Whether it acts.
    pub enabled: bool,
    /// Own servers, or a partner's.
    pub connector_type: ConnectorType,
    /// Who made it.
    pub connector_source: ConnectorSource,
    /// The domains in MAIL FROM that it is about; empty means every domain, as `["*"]`.
    pub sender_domains: Box<[DomainPattern]>,
    /// Limits it to these of the tenant's accepted domains; empty means all of them.
    pub associated_accepted_domains: Box<[Domain]>,
    /// The addresses that identify the sender, or that a partner is restricted to.
    pub sender_ip_addresses: Box<[AddressRange]>,
    /// Partner only: mail of `sender_domains` from another address is refused.
    pub restrict_domains_to_ip_addresses: bool,
    /// Partner only: mail of `sender_domains` without the named certificate is refused.
    pub restrict_domains_to_certificate: bool,
    /// Partner: mail without TLS is refused; left out means true, as in Exchange Online.
    /// On-premises: where it says true, an address counts only over TLS; left out means false.
    pub require_tls: Option<bool>,
    /// The name to look for in the client certificate.
    pub tls_sender_certificate_name: Option<CertificateName>,
    /// An issuer that the certificate's path has to go through: its name as RFC 4514 text, or
    /// its common name alone.
    pub tls_sender_issuer: Option<Box<str>>,
    /// Which intermediates count in the certificate's chain: those sent, or also those that the
    /// tenant has imported.
    pub chain: ChainMode,
    /// A certificate that the node's revocation lists name is refused.
    pub check_revocation: bool,
    /// Hybrid: X-MS-Exchange-CrossPremises headers are promoted; otherwise they are removed.
    pub cloud_services_mail_enabled: bool,
    /// On-premises: may relay mail whose sender domain belongs to another tenant.
    pub allow_forwarding: bool,
    /// What few connectors have; `None` where nothing of it is set.
    pub extras: Option<Box<InboundExtras>>,
}

/// What few inbound connectors have: kept apart, since there is one connector at least for each
/// of a million tenants in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboundExtras {
    /// For people.
    pub comment: Option<Box<str>>,
    /// Whether its servers pass on others' mail.
    pub enhanced_filtering: EnhancedFiltering,
}

impl InboundConnector {
    /// How specifically this connector is about mail of a sender; `None` where it is not. A null
    /// sender has no domain: only a list that says nothing, or `*`, is about it.
    pub fn covers_sender(&self, sender: Option<&Address>) -> Option<usize> {
        covering(&self.sender_domains, sender.map(Address::domain), true)
    }

    /// What is skipped of mail that its servers pass on, where anything is.
    pub fn enhanced_filtering(&self) -> Option<&EnhancedFiltering> {
        let settings = &self.extras.as_ref()?.enhanced_filtering;
        settings.is_on().then_some(settings)
    }
}

/// Where a tenant's mail goes (New-OutboundConnector).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundConnector {
    /// Unique within the tenant, any case; 1 to 64 characters.
    pub name: Box<str>,
    /// Whether it acts.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// To own servers, or to a partner's.
    pub connector_type: ConnectorType,
    /// Who made it.
    #[serde(default = "default_source", skip_serializing_if = "is_default_source")]
    pub connector_source: ConnectorSource,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Box<str>>,
    /// The recipient domains that it is for.
    #[serde(default, with = "text::list", skip_serializing_if = "is_empty")]
    pub recipient_domains: Box<[DomainPattern]>,
    /// Deliver by MX; left out means: exactly where there are no smart hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_mx_record: Option<bool>,
    /// Deliver here, in this order.
    #[serde(default, with = "text::list", skip_serializing_if = "is_empty")]
    pub smart_hosts: Box<[SmartHost]>,
    /// What is demanded of the remote server's TLS; left out means TLS where it is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_settings: Option<TlsSettings>,
    /// The name that the remote certificate has to hold, with domain-validation.
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    pub tls_domain: Option<CertificateName>,
    /// The client certificate to show. A PEM file, leaf first: what the file holds is sent. Or
    /// `personal:NAME`: a certificate of the node's personal store, with the chain that its `ca`
    /// store has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<Box<str>>,
    /// A PEM file: its key. Left out with `personal:NAME`, which has its key with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<Box<str>>,
    /// On-premises only: for every accepted domain of the tenant.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_accepted_domains: bool,
    /// Hybrid: X-MS-Exchange-Organization headers leave as X-MS-Exchange-CrossPremises.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cloud_services_mail_enabled: bool,
    /// Only for mail that a mail-flow rule sends through it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_transport_rule_scoped: bool,
    /// On-premises only: MAIL FROM outside the tenant's domains is rewritten into its `srs_domain`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sender_rewriting_enabled: bool,
    /// Checked, but never used to route.
    #[serde(default, skip_serializing_if = "is_false")]
    pub test_mode: bool,
}

impl OutboundConnector {
    /// How specifically this connector is for a recipient domain; `None` where it is not.
    pub fn covers_recipient(&self, domain: &Domain) -> Option<usize> {
        covering(&self.recipient_domains, Some(domain), false)
    }

    /// Whether it delivers by MX instead of to smart hosts.
    pub fn uses_mx(&self) -> bool {
        self.use_mx_record.unwrap_or(self.smart_hosts.is_empty())
    }

    /// Whether `tls_certificate` names a certificate of the node's personal store.
    pub(crate) fn has_personal_certificate(&self) -> bool {
        self.tls_certificate.as_ref().is_some_and(|name| name.starts_with("personal:"))
    }

    /// Whether a smart host is given as an address, so that it has no name to validate.
    pub(crate) fn has_smart_host_without_name(&self) -> bool {
        self.smart_hosts.iter().any(|smart_host| matches!(smart_host.host, Host::Address(_)))
    }
}

/// The most specific of the patterns that cover a domain. `empty_is_every`: what an empty list
/// means. Without a domain only `*` covers.
fn covering(
    patterns: &[DomainPattern],
    domain: Option<&Domain>,
    empty_is_every: bool,
) -> Option<usize> {
    if patterns.is_empty() {
        return empty_is_every.then_some(0);
    }
    let covers = |pattern: &DomainPattern| match domain {
        Some(domain) => pattern.covers(domain),
        None => (*pattern == DomainPattern::Every).then_some(0),
    };
    patterns.iter().filter_map(covers).max()
}

impl Tenant {
    /// Sorts every list and gives back unused memory. The directory does it to what it takes in:
    /// a million tenants live in memory.
    pub fn normalize(&mut self) {
        self.accepted_domains.sort_by(|a, b| a.name.cmp(&b.name));
        self.accepted_domains.shrink_to_fit();
        for connector in &mut self.inbound_connectors {
            if connector.sender_domains.contains(&DomainPattern::Every) {
                connector.sender_domains = Box::default();
            }
        }
        self.inbound_connectors.sort_by(|a, b| a.name.cmp(&b.name));
        self.inbound_connectors.shrink_to_fit();
        self.outbound_connectors.sort_by(|a, b| a.name.cmp(&b.name));
        self.outbound_connectors.shrink_to_fit();
        if let Some(extras) = &mut self.extras {
            rules::sort(&mut extras.mail_flow_rules);
            extras.mail_flow_rules.shrink_to_fit();
            extras.outbound.normalize();
            sender_lists::normalize(&mut extras.sender_lists);
        }
        self.extras = self.extras.take().filter(|extras| **extras != TenantExtras::default());
    }

    /// What is done with messages of a kind, in the order that they are looked at.
    pub fn mail_flow_rules(&self) -> &[MailFlowRule] {
        self.extras.as_ref().map_or(&[], |extras| &extras.mail_flow_rules)
    }

    /// What it wants of mail that leaves, where it says anything.
    pub fn outbound(&self) -> Option<&OutboundSettings> {
        self.extras.as_ref().map(|extras| &extras.outbound)
    }

    /// Its policies and lists; `None` is Exchange Online's default for everything.
    pub fn protection(&self) -> Option<&Protection> {
        self.extras.as_ref().map(|extras| &extras.protection)
    }

    /// Gives the entries of its list an end that must have one and whose file does not say which
    /// (see [`Lasts`](crate::Lasts)). `before` is the same tenant as it was.
    pub fn give_entries_ends(&mut self, before: Option<&Self>, now: UnixMillis) {
        let Some(extras) = &mut self.extras else { return };
        let before = before.and_then(Self::protection);
        let before = before.map_or(&[][..], |protection| &protection.tenant_allow_blocks);
        allow_block::give_ends(&mut extras.protection.tenant_allow_blocks, before, now);
    }

    /// Whether its list blocks an address, so that nobody of the tenant may write to it.
    pub fn blocks(&self, address: &Address, now: UnixMillis) -> bool {
        let protection = self.protection();
        protection.is_some_and(|it| allow_block::blocks(&it.tenant_allow_blocks, address, now))
    }

    /// An entry of its list that is new and ends later than one may, by its name.
    pub fn entry_that_ends_too_late(
        &self,
        before: Option<&Self>,
        now: UnixMillis,
    ) -> Option<String> {
        let before = before.and_then(Self::protection);
        let before = before.map_or(&[][..], |protection| &protection.tenant_allow_blocks);
        let entries = &self.protection()?.tenant_allow_blocks;
        allow_block::ends_too_late(entries, before, now).map(TenantAllowBlock::key)
    }

    /// The accepted domain of this name; verified or not. The tenant has to be normalized.
    pub fn accepted_domain(&self, name: &str) -> Option<&AcceptedDomain> {
        let index =
            self.accepted_domains.binary_search_by(|domain| domain.name.as_str().cmp(name)).ok()?;
        self.accepted_domains.get(index)
    }

    /// The most specific verified accepted domain that a name equals or lies below.
    pub fn verified_domain_above(&self, name: &Domain) -> Option<&AcceptedDomain> {
        name.with_parents()
            .find_map(|name| self.accepted_domain(name).filter(|found| found.verified))
    }
}

pub(crate) fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

fn authoritative() -> DomainType {
    DomainType::Authoritative
}

pub(crate) fn default_source() -> ConnectorSource {
    ConnectorSource::Default
}

pub(crate) fn is_default_source(source: &ConnectorSource) -> bool {
    *source == ConnectorSource::Default
}

pub(crate) fn is_as_sent(chain: &ChainMode) -> bool {
    *chain == ChainMode::AsSent
}

pub(crate) fn yes() -> bool {
    true
}

pub(crate) fn is_true(value: &bool) -> bool {
    *value
}

pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}
