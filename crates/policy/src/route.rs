//! Where a message goes next.
//!
//! Touches nothing. Mail for an accepted domain never goes to MX: that is this gateway, and the
//! message would come back. Without a connector for it the message waits, with a reason.

use posthouse_types::{Address, Domain, TenantId};

use crate::directory::Directory;
use crate::names::{CertificateName, SmartHost};
use crate::tenant::{ConnectorType, OutboundConnector, Tenant, TlsSettings};

/// Where a message goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Through a connector of the tenant.
    Connector(ConnectorRoute),
    /// To the mail exchangers of this domain, or to this address literal.
    Mx(Domain),
    /// To another tenant of this node, whose rules and routes take over.
    TenantOf(TenantId),
    /// The domain is hosted here, and no connector leads to its mail server (`451 4.4.4`, reason
    /// `no-route-for-accepted-domain`).
    NoRouteForAcceptedDomain,
}

/// A way through a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorRoute {
    /// The connector's name.
    pub name: Box<str>,
    /// Its type.
    pub connector_type: ConnectorType,
    /// Where to.
    pub next_hop: NextHop,
    /// What is demanded and shown.
    pub tls: ConnectorTls,
    /// Its `cloud_services_mail_enabled`.
    pub cloud_services_mail_enabled: bool,
    /// Its `sender_rewriting_enabled`.
    pub sender_rewriting_enabled: bool,
}

/// Where a connector delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextHop {
    /// To these hosts, in this order; never empty.
    SmartHosts(Box<[SmartHost]>),
    /// To the mail exchangers of the recipient's domain.
    Mx(Domain),
}

/// What a connector demands of the remote server's TLS, and what it shows of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorTls {
    /// The demand; `None`: TLS where it is offered, whatever the certificate.
    pub settings: Option<TlsSettings>,
    /// With domain-validation: the name to look for; `None`: the smart host's.
    pub domain: Option<CertificateName>,
    /// PEM files of the client certificate and its key; or `personal:NAME` and nothing.
    pub certificate_and_key: Option<(Box<str>, Box<str>)>,
}

/// Decides where a tenant's message to this recipient goes.
pub fn route(id: TenantId, tenant: &Tenant, recipient: &Address, directory: &Directory) -> Route {
    let domain = recipient.domain();
    match directory.host_of(domain) {
        Some((host, _)) if host != id => Route::TenantOf(host),
        Some(_) => match connector_home(tenant, domain) {
            Some(connector) => Route::Connector(through(connector, domain)),
            None => Route::NoRouteForAcceptedDomain,
        },
        None => match connector_away(tenant, domain) {
            Some(connector) => Route::Connector(through(connector, domain)),
            None => Route::Mx(domain.clone()),
        },
    }
}

/// The way through the connector that a mail-flow rule names; `None` where there is no such
/// connector, or it does not act: then the message waits, for the rule meant no other way.
pub fn route_by_rule(
    tenant: &Tenant,
    connector: &str,
    recipient: &Address,
) -> Option<ConnectorRoute> {
    let is = |name: &str| name.to_lowercase() == connector.to_lowercase();
    tenant
        .outbound_connectors
        .iter()
        .find(|connector| connector.enabled && !connector.test_mode && is(&connector.name))
        .map(|connector| through(connector, recipient.domain()))
}

/// The on-premises connector that leads to the tenant's own mail server for this domain.
pub(crate) fn connector_home<'a>(
    tenant: &'a Tenant,
    domain: &Domain,
) -> Option<&'a OutboundConnector> {
    best(tenant, |connector| {
        let leads_home =
            connector.connector_type == ConnectorType::OnPremises && !connector.uses_mx();
        // A domain that is named is meant more than one that is merely accepted.
        let by_acceptance = connector.all_accepted_domains.then_some(0);
        connector.covers_recipient(domain).or(by_acceptance).filter(|_| leads_home)
    })
}

/// The connector for mail that leaves.
fn connector_away<'a>(tenant: &'a Tenant, domain: &Domain) -> Option<&'a OutboundConnector> {
    best(tenant, |connector| connector.covers_recipient(domain))
}

/// The connector that covers most specifically; among equals the first by name.
fn best(
    tenant: &Tenant,
    covers: impl Fn(&OutboundConnector) -> Option<usize>,
) -> Option<&OutboundConnector> {
    tenant
        .outbound_connectors
        .iter()
        .filter(|connector| connector.enabled && !connector.test_mode)
        .filter(|connector| !connector.is_transport_rule_scoped)
        .filter_map(|connector| Some((covers(connector)?, connector)))
        .min_by_key(|(specificity, connector)| (usize::MAX - specificity, &connector.name))
        .map(|(_, connector)| connector)
}

fn through(connector: &OutboundConnector, domain: &Domain) -> ConnectorRoute {
    let next_hop = if connector.uses_mx() {
        NextHop::Mx(domain.clone())
    } else {
        NextHop::SmartHosts(connector.smart_hosts.clone())
    };
    ConnectorRoute {
        name: connector.name.clone(),
        connector_type: connector.connector_type,
        next_hop,
        tls: ConnectorTls {
            settings: connector.tls_settings,
            domain: connector.tls_domain.clone(),
            certificate_and_key: connector
                .tls_certificate
                .clone()
                .map(|certificate| (certificate, connector.tls_key.clone().unwrap_or_default())),
        },
        cloud_services_mail_enabled: connector.cloud_services_mail_enabled,
        sender_rewriting_enabled: connector.sender_rewriting_enabled,
    }
}
