//! An inbound connector as a tenant's file has it: every key beside the others, what is rare too.
//!
//! Touches nothing. The connector in memory keeps the rare ones apart.

use posthouse_types::{Address, ChainMode, Domain};
use serde::{Deserialize, Serialize};

use crate::SourceRange;
use crate::enhanced_filtering::EnhancedFiltering;
use crate::names::{CertificateName, DomainPattern};
use crate::ranges::AddressRange;
use crate::tenant::{
    ConnectorSource, ConnectorType, InboundConnector, InboundExtras, default_source, is_as_sent,
    is_default_source, is_empty, is_false, is_true, yes,
};
use crate::text;

/// A connector as the file has it.
#[derive(Serialize, Deserialize)]
pub(crate) struct InboundRow {
    name: Box<str>,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    enabled: bool,
    connector_type: ConnectorType,
    #[serde(default = "default_source", skip_serializing_if = "is_default_source")]
    connector_source: ConnectorSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<Box<str>>,
    #[serde(default, with = "text::list", skip_serializing_if = "is_empty")]
    sender_domains: Box<[DomainPattern]>,
    #[serde(default, with = "text::list", skip_serializing_if = "is_empty")]
    associated_accepted_domains: Box<[Domain]>,
    #[serde(default, with = "text::list", skip_serializing_if = "is_empty")]
    sender_ip_addresses: Box<[AddressRange]>,
    #[serde(default, skip_serializing_if = "is_false")]
    restrict_domains_to_ip_addresses: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    restrict_domains_to_certificate: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    require_tls: Option<bool>,
    #[serde(default, with = "text::optional", skip_serializing_if = "Option::is_none")]
    tls_sender_certificate_name: Option<CertificateName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls_sender_issuer: Option<Box<str>>,
    #[serde(default, with = "text::one", skip_serializing_if = "is_as_sent")]
    chain: ChainMode,
    #[serde(default, skip_serializing_if = "is_false")]
    check_revocation: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    cloud_services_mail_enabled: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    allow_forwarding: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    ef_skip_last_ip: bool,
    #[serde(default, with = "text::list", skip_serializing_if = "is_empty")]
    ef_skip_ips: Box<[SourceRange]>,
    #[serde(default, with = "text::list", skip_serializing_if = "is_empty")]
    ef_users: Box<[Address]>,
}

impl From<InboundRow> for InboundConnector {
    fn from(row: InboundRow) -> Self {
        let extras = InboundExtras {
            comment: row.comment,
            enhanced_filtering: EnhancedFiltering {
                skip_last_ip: row.ef_skip_last_ip,
                skip_ips: row.ef_skip_ips,
                users: row.ef_users,
            },
        };
        Self {
            name: row.name,
            enabled: row.enabled,
            connector_type: row.connector_type,
            connector_source: row.connector_source,
            sender_domains: row.sender_domains,
            associated_accepted_domains: row.associated_accepted_domains,
            sender_ip_addresses: row.sender_ip_addresses,
            restrict_domains_to_ip_addresses: row.restrict_domains_to_ip_addresses,
            restrict_domains_to_certificate: row.restrict_domains_to_certificate,
            require_tls: row.require_tls,
            tls_sender_certificate_name: row.tls_sender_certificate_name,
            tls_sender_issuer: row.tls_sender_issuer,
            chain: row.chain,
            check_revocation: row.check_revocation,
            cloud_services_mail_enabled: row.cloud_services_mail_enabled,
            allow_forwarding: row.allow_forwarding,
            extras: (extras != InboundExtras::default()).then(|| Box::new(extras)),
        }
    }
}

impl From<InboundConnector> for InboundRow {
    fn from(connector: InboundConnector) -> Self {
        let extras = connector.extras.map(|extras| *extras).unwrap_or_default();
        let enhanced = extras.enhanced_filtering;
        Self {
            name: connector.name,
            enabled: connector.enabled,
            connector_type: connector.connector_type,
            connector_source: connector.connector_source,
            sender_domains: connector.sender_domains,
            associated_accepted_domains: connector.associated_accepted_domains,
            sender_ip_addresses: connector.sender_ip_addresses,
            restrict_domains_to_ip_addresses: connector.restrict_domains_to_ip_addresses,
            restrict_domains_to_certificate: connector.restrict_domains_to_certificate,
            require_tls: connector.require_tls,
            tls_sender_certificate_name: connector.tls_sender_certificate_name,
            tls_sender_issuer: connector.tls_sender_issuer,
            chain: connector.chain,
            check_revocation: connector.check_revocation,
            cloud_services_mail_enabled: connector.cloud_services_mail_enabled,
            allow_forwarding: connector.allow_forwarding,
            comment: extras.comment,
            ef_skip_last_ip: enhanced.skip_last_ip,
            ef_skip_ips: enhanced.skip_ips,
            ef_users: enhanced.users,
        }
    }
}
