//! From a recipient to the servers that take its mail: `policy`'s route, made concrete.
//!
//! Touches nothing. A route is found anew for each attempt, so a repaired connector takes effect
//! with the queue's next try.

use std::path::{Path, PathBuf};

use posthouse_message::{Departure, Wishes};
use posthouse_policy::{
    self as policy, CertificateName, ConnectorType, Directory, Host, NextHop, SmartHost,
    TlsSettings,
};
use posthouse_store::QueuedRecipient;
use posthouse_types::{ChainReport, Domain, TenantId};

/// Where a recipient's mail goes.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// By an outbound connector.
    Connector {
        /// Key of the connector among all tenants'.
        key: String,
        /// Its name, as the protocol log shows it.
        name: String,
        hops: Vec<Hop>,
        tls: TlsDemand,
        /// What becomes of the organisation's own fields on this way.
        departure: Departure,
        /// Certificate and key files that this server shows.
        identity: Option<(PathBuf, PathBuf)>,
        /// A sender outside the tenant is rewritten on this way.
        rewrites_sender: bool,
    },
    /// By the domain's MX records.
    Mx { domain: Domain, tls: TlsDemand },
    /// Nowhere: hosted here, and no connector leads to its mail server (decision 7).
    Nowhere { domain: Domain },
    /// Nowhere: a rule names a connector that is not there.
    ConnectorMissing { name: String, domain: Domain },
}

/// One place to look for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// A host name or address, and a port.
    Server { host: String, port: u16 },
    /// The MX records of a domain.
    MxOf(Domain),
}

/// What is demanded of TLS (spec 1.2, TlsSettings).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TlsDemand {
    /// TLS where it is offered, with any certificate.
    Opportunistic,
    /// TLS, with any certificate.
    EncryptionOnly,
    /// TLS, with a chain that ends in a trusted root.
    CertificateValidation,
    /// The same, and a name: the connector's `tls_domain`, else the host's own.
    DomainValidation(Option<Domain>),
}

/// Finds the route of one recipient. Mail to another tenant of this node takes that tenant's way
/// home; the operator's own mail has no connectors. What was wished when the message came in
/// stands above what the tenant's connectors cover.
pub(super) fn find_for(
    directory: &Directory,
    recipient: &QueuedRecipient,
    wishes: &Wishes,
) -> Route {
    let mut route = match (&wishes.connector, recipient.tenant) {
        (Some(connector), Some(id)) => by_rule(directory, id, recipient, connector),
        _ => find(directory, recipient),
    };
    if wishes.requires_tls
        && let Route::Connector { tls, .. } | Route::Mx { tls, .. } = &mut route
        && *tls == TlsDemand::Opportunistic
    {
        *tls = TlsDemand::EncryptionOnly;
    }
    route
}

fn by_rule(
    directory: &Directory,
    id: TenantId,
    recipient: &QueuedRecipient,
    connector: &str,
) -> Route {
    let tenant = directory.tenant(id);
    match tenant.and_then(|tenant| policy::route_by_rule(tenant, connector, &recipient.address)) {
        Some(connector) => {
            let departure = departure(&connector, true);
            by_connector(id, connector, departure)
        }
        None => Route::ConnectorMissing {
            name: connector.to_owned(),
            domain: recipient.address.domain().clone(),
        },
    }
}

/// The same without wishes, for those that only ask where a recipient's mail queues up.
pub(super) fn find(directory: &Directory, recipient: &QueuedRecipient) -> Route {
    let domain = recipient.address.domain();
    let host = directory.host_of(domain).map(|(host, _)| host);
    let Some(id) = host.or(recipient.tenant) else { return by_mx(domain.clone()) };
    let Some(tenant) = directory.tenant(id) else { return by_mx(domain.clone()) };
    match policy::route(id, tenant, &recipient.address, directory) {
        policy::Route::Connector(connector) => {
            let departure = departure(&connector, recipient.tenant == Some(id));
            by_connector(id, connector, departure)
        }
        policy::Route::Mx(domain) => by_mx(domain),
        policy::Route::TenantOf(_) | policy::Route::NoRouteForAcceptedDomain => {
            Route::Nowhere { domain: domain.clone() }
        }
    }
}

/// What an organisation says of a message within itself is for its own servers only. Mail of
/// another tenant comes to them as from anybody: that tenant's fields would be believed there.
fn departure(connector: &policy::ConnectorRoute, is_own_mail: bool) -> Departure {
    if !is_own_mail {
        Departure::Foreign
    } else if connector.cloud_services_mail_enabled {
        Departure::OtherHalf
    } else if connector.connector_type == ConnectorType::OnPremises {
        Departure::Home
    } else {
        Departure::Foreign
    }
}

fn by_mx(domain: Domain) -> Route {
    Route::Mx { domain, tls: TlsDemand::Opportunistic }
}

fn by_connector(
    tenant: TenantId,
    connector: policy::ConnectorRoute,
    departure: Departure,
) -> Route {
    // What goes home keeps its sender, unless the connector says otherwise.
    let rewrites_sender = connector.sender_rewriting_enabled
        || departure == Departure::Foreign && connector.connector_type == ConnectorType::Partner;
    let hops = match connector.next_hop {
        NextHop::Mx(domain) => vec![Hop::MxOf(domain)],
        NextHop::SmartHosts(hosts) => hosts.iter().map(server).collect(),
    };
    Route::Connector {
        key: format!("{}{}", key_of_tenant(tenant), connector.name),
        name: connector.name.to_string(),
        hops,
        departure,
        rewrites_sender,
        tls: demand(connector.tls.settings, connector.tls.domain.as_ref()),
        identity: connector
            .tls
            .certificate_and_key
            .map(|(certificate, key)| (PathBuf::from(&*certificate), PathBuf::from(&*key))),
    }
}

/// How the keys of a tenant's connectors begin.
fn key_of_tenant(tenant: TenantId) -> String {
    format!("connector {} ", tenant.0)
}

/// Whether a destination is reached by a connector of this tenant.
pub(super) fn is_of_tenant(key: &str, tenant: TenantId) -> bool {
    key.starts_with(&key_of_tenant(tenant))
}

fn server(smart_host: &SmartHost) -> Hop {
    let host = match &smart_host.host {
        Host::Name(name) => name.to_string(),
        Host::Address(address) => address.to_string(),
    };
    Hop::Server { host, port: smart_host.port }
}

fn demand(settings: Option<TlsSettings>, domain: Option<&CertificateName>) -> TlsDemand {
    match settings {
        None => TlsDemand::Opportunistic,
        Some(TlsSettings::EncryptionOnly) => TlsDemand::EncryptionOnly,
        Some(TlsSettings::CertificateValidation) => TlsDemand::CertificateValidation,
        Some(TlsSettings::DomainValidation) => {
            let name = domain.map(|name| Domain::from_normalized(name.to_string()));
            TlsDemand::DomainValidation(name)
        }
    }
}

impl Route {
    /// What is the same for all recipients that may share a connection.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Connector { key, hops, .. } => match hops.first() {
                // Each domain has servers of its own.
                Some(Hop::MxOf(domain)) => format!("{key} {domain}"),
                _ => key.clone(),
            },
            Self::Mx { domain, .. } => format!("mx {domain}"),
            Self::Nowhere { domain } => format!("no-route {domain}"),
            Self::ConnectorMissing { name, domain } => format!("no-connector {name} {domain}"),
        }
    }

    /// Whether a session that was opened for this route may carry the other's mail: the same
    /// servers, and the same terms.
    pub(super) fn shares_sessions_with(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Connector { key, hops, tls, identity, .. },
                Self::Connector {
                    key: other_key, hops: others, tls: demand, identity: shown, ..
                },
            ) => (key, hops, tls, identity) == (other_key, others, demand, shown),
            (Self::Mx { domain, tls }, Self::Mx { domain: other, tls: demand }) => {
                (domain, tls) == (other, demand)
            }
            _ => false,
        }
    }

    /// The name in the protocol log's connector-id column.
    pub(super) fn log_name(&self) -> &str {
        match self {
            Self::Connector { name, .. } => name,
            Self::Mx { .. } => "MX",
            Self::Nowhere { .. } | Self::ConnectorMissing { .. } => "none",
        }
    }

    pub(super) fn is_connector(&self) -> bool {
        matches!(self, Self::Connector { .. })
    }

    /// What becomes of an organisation's own fields on this way.
    pub(super) fn departure(&self) -> Departure {
        match self {
            Self::Connector { departure, .. } => *departure,
            Self::Mx { .. } | Self::Nowhere { .. } | Self::ConnectorMissing { .. } => {
                Departure::Foreign
            }
        }
    }

    /// Whether a sender outside the tenant is rewritten on this way.
    pub(super) fn rewrites_sender(&self) -> bool {
        match self {
            Self::Connector { rewrites_sender, .. } => *rewrites_sender,
            Self::Mx { .. } => true,
            Self::Nowhere { .. } | Self::ConnectorMissing { .. } => false,
        }
    }

    /// The recipients that this route is for, and those that were queued up with them but have
    /// mail exchangers of their own: a rule's connector may lead by MX where the usual one does
    /// not.
    pub(super) fn of_one_destination(
        &self,
        recipients: Vec<QueuedRecipient>,
    ) -> (Vec<QueuedRecipient>, Vec<QueuedRecipient>) {
        match self {
            Self::Connector { hops, .. } => match hops.first() {
                Some(Hop::MxOf(domain)) => recipients
                    .into_iter()
                    .partition(|recipient| recipient.address.domain() == domain),
                _ => (recipients, Vec::new()),
            },
            _ => (recipients, Vec::new()),
        }
    }

    /// Whether it leads to servers that anybody may send to: those that know us by our address
    /// must see that one.
    pub(super) fn is_by_mx(&self) -> bool {
        match self {
            Self::Connector { hops, .. } => matches!(hops.first(), Some(Hop::MxOf(_))),
            Self::Mx { .. } => true,
            Self::Nowhere { .. } | Self::ConnectorMissing { .. } => false,
        }
    }

    pub(super) fn tls(&self) -> &TlsDemand {
        match self {
            Self::Connector { tls, .. } | Self::Mx { tls, .. } => tls,
            Self::Nowhere { .. } | Self::ConnectorMissing { .. } => &TlsDemand::Opportunistic,
        }
    }

    pub(super) fn identity(&self) -> Option<(&Path, &Path)> {
        match self {
            Self::Connector { identity: Some((certificate, key)), .. } => Some((certificate, key)),
            _ => None,
        }
    }
}

impl TlsDemand {
    /// Whether a server with this chain may get the mail; else why not, for the operator.
    pub(super) fn judge(&self, report: &ChainReport, host: &str) -> Result<(), String> {
        let wants_chain = matches!(self, Self::CertificateValidation | Self::DomainValidation(_));
        if wants_chain && !report.is_accepted() {
            return Err(format!(
                "the certificate of {host} is not accepted ({}): {}",
                report.reason,
                posthouse_pki::sentence(report)
            ));
        }
        if let Self::DomainValidation(name) = self {
            let own = || Domain::from_normalized(host.to_ascii_lowercase());
            let wanted = name.clone().unwrap_or_else(own);
            if !posthouse_pki::names_match(&report.names, &wanted) {
                let names: Vec<String> = report.names.iter().map(ToString::to_string).collect();
                return Err(format!(
                    "the certificate of {host} is for {}, not for {wanted}",
                    posthouse_types::printable(&names.join(", "), 120)
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use posthouse_policy::{FromText as _, Grants, Tenant};
    use posthouse_store::{MessageId, QueueId, QueueState};
    use posthouse_types::{Address, RecipientParameters, Reference, UnixMillis};

    use super::*;

    fn directory() -> Directory {
        let file = "[tenant]\nname = \"t\"\n[[accepted_domain]]\nname = \"t.example\"\n\
            verified = true\n\
            [[outbound_connector]]\nname = \"Usual\"\nconnector_type = \"partner\"\n\
            recipient_domains = [\"relayed.example\"]\nsmart_hosts = [\"relay.example\"]\n\
            [[outbound_connector]]\nname = \"Scanner\"\nconnector_type = \"partner\"\n\
            smart_hosts = [\"scan.example\"]\nis_transport_rule_scoped = true\n\
            [[outbound_connector]]\nname = \"By MX\"\nconnector_type = \"partner\"\n\
            use_mx_record = true\nis_transport_rule_scoped = true\n";
        let tenant = Arc::new(Tenant::from_toml(file).unwrap());
        Directory::build([(TenantId(1), tenant, Grants::default())]).0
    }

    fn recipient(address: &str) -> QueuedRecipient {
        QueuedRecipient {
            id: QueueId::from_number(1),
            message: MessageId::from_number(1),
            reference: Reference::from_random([1; 10]),
            tenant: Some(TenantId(1)),
            sender: None,
            address: Address::from_text(address).unwrap(),
            parameters: RecipientParameters::default(),
            received: UnixMillis(0),
            since: UnixMillis(0),
            due: UnixMillis(0),
            attempts: 0,
            state: QueueState::Queued,
            last_reason: None,
            last_detail: String::new(),
            notice_sent: false,
            authenticated: true,
            size: 1,
            message_id: String::new(),
            subject: String::new(),
        }
    }

    fn by(connector: &str) -> Wishes {
        Wishes { connector: Some(connector.to_owned()), ..Wishes::default() }
    }

    #[test]
    fn a_rules_connector_stands_above_what_connectors_cover() {
        let (directory, to) = (directory(), recipient("x@relayed.example"));
        let name = |wishes: &Wishes| find_for(&directory, &to, wishes).log_name().to_owned();
        assert_eq!(name(&Wishes::default()), "Usual");
        assert_eq!(name(&by("scanner")), "Scanner");
        let missing = find_for(&directory, &to, &by("gone"));
        assert!(matches!(missing, Route::ConnectorMissing { .. }), "{missing:?}");
    }

    #[test]
    fn tls_that_a_rule_requires_is_never_left_out() {
        let directory = directory();
        let wishes = Wishes { requires_tls: true, ..Wishes::default() };
        for to in ["x@relayed.example", "x@elsewhere.example"] {
            let route = find_for(&directory, &recipient(to), &wishes);
            assert_eq!(*route.tls(), TlsDemand::EncryptionOnly, "{to}");
            // A session without it is not taken for one with it.
            let usual = find_for(&directory, &recipient(to), &Wishes::default());
            assert!(!route.shares_sessions_with(&usual));
        }
    }

    #[test]
    fn recipients_with_mail_exchangers_of_their_own_are_told_apart() {
        let all =
            vec![recipient("x@a.example"), recipient("y@b.example"), recipient("z@a.example")];
        let route = find_for(&directory(), &all[0], &by("By MX"));
        let (mine, others) = route.of_one_destination(all.clone());
        assert_eq!((mine.len(), others.len()), (2, 1));
        let route = find_for(&directory(), &all[0], &by("Scanner"));
        assert_eq!(route.of_one_destination(all).0.len(), 3);
    }
}
