//! What is wrong or unwise about a tenant that could be read: for `apply` and `check` to say.
//!
//! Touches nothing. Errors keep a tenant from being applied; warnings are shown. What contradicts
//! itself within a file never comes here: `from_toml` refuses it.

use posthouse_types::Domain;

use crate::directory::Grants;
use crate::ranges::SharedIdentities;
use crate::route;
use crate::tenant::{ConnectorType, DomainType, InboundConnector, Tenant};

/// One thing to tell an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it keeps the tenant from being applied.
    pub severity: Severity,
    /// What, where, and what to do: one sentence or two.
    pub text: String,
}

/// How bad a problem is, the worse first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Not applied.
    Error,
    /// Applied, and something will not work, or not as thought.
    Warning,
}

/// What a tenant's problems are judged against.
#[derive(Clone, Copy)]
pub struct ProblemContext<'a> {
    /// What the operator has granted to the tenant.
    pub grants: &'a Grants,
    /// Addresses and names that prove nothing.
    pub shared: &'a SharedIdentities,
    /// The value of a domain's verification record: it needs the node's secret, so the caller
    /// makes it.
    pub verification_value: &'a dyn Fn(&Domain) -> String,
}

/// Where the TXT record that proves a domain's ownership has to be published.
pub fn verification_record_name(domain: &Domain) -> String {
    format!("_posthouse.{domain}")
}

impl Tenant {
    /// Everything worth saying, errors first. The tenant has to be normalized, as what was read
    /// from a file is.
    pub fn problems(&self, context: &ProblemContext<'_>) -> Vec<Problem> {
        let mut found = Found(Vec::new());
        found.domains(self, context);
        found.recipients(self);
        for problem in self.all_sender_lists().iter().filter_map(|lists| lists.problem(self)) {
            found.error(problem);
        }
        for connector in &self.inbound_connectors {
            found.inbound(self, connector, context);
        }
        found.twins(self);
        let mut problems = found.0;
        problems.sort_by_key(|problem| problem.severity);
        problems
    }
}

struct Found(Vec<Problem>);

impl Found {
    fn error(&mut self, text: String) {
        self.0.push(Problem { severity: Severity::Error, text });
    }

    fn warn(&mut self, text: String) {
        self.0.push(Problem { severity: Severity::Warning, text });
    }

    fn domains(&mut self, tenant: &Tenant, context: &ProblemContext<'_>) {
        if tenant.accepted_domains.is_empty() {
            self.warn("no accepted domain: nothing is received, and nobody may relay".to_owned());
        }
        for domain in &tenant.accepted_domains {
            let name = &domain.name;
            if !domain.verified {
                self.warn(format!(
                    "{name} is not verified and does not count yet: publish the TXT record {} with \
                     the value \"{}\"",
                    verification_record_name(name),
                    (context.verification_value)(name)
                ));
            }
            let is_authoritative = domain.domain_type == DomainType::Authoritative;
            if is_authoritative && !tenant.recipients.has_any_of(name) {
                self.warn(format!(
                    "{name} is authoritative but lists no recipient, so mail for any recipient is \
                     accepted: list its recipients, or make it internal-relay"
                ));
            }
            if is_authoritative && domain.match_sub_domains {
                self.warn(format!(
                    "{name} is authoritative with match_sub_domains, which Exchange Online has for \
                     internal-relay only: recipients below it have to be listed one by one"
                ));
            }
            let below = Domain::from_normalized(format!("below.{name}"));
            if route::connector_home(tenant, name).is_none() {
                self.no_route(name.as_str());
            } else if domain.match_sub_domains && route::connector_home(tenant, &below).is_none() {
                self.no_route(&format!("*.{name}"));
            }
        }
    }

    fn no_route(&mut self, domains: &str) {
        self.warn(format!(
            "no enabled on-premises outbound connector with smart_hosts covers {domains}: its mail \
             is refused for now, with 451 4.4.4 (no-route-for-accepted-domain)"
        ));
    }

    fn recipients(&mut self, tenant: &Tenant) {
        let stray = tenant.recipients.iter().find(|recipient| {
            let above = recipient.domain().with_parents();
            !above.into_iter().any(|name| tenant.accepted_domain(name).is_some())
        });
        if let Some(stray) = stray {
            self.warn(format!("{stray} is listed, but its domain is no accepted domain"));
        }
    }

    fn inbound(
        &mut self,
        tenant: &Tenant,
        connector: &InboundConnector,
        context: &ProblemContext<'_>,
    ) {
        let name = &connector.name;
        for domain in &connector.associated_accepted_domains {
            if tenant.accepted_domain(domain.as_str()).is_none() {
                self.warn(format!(
                    "connector {name}: {domain} in associated_accepted_domains is no accepted domain"
                ));
            }
        }
        self.enhanced_filtering(connector, context);
        if connector.connector_type == ConnectorType::Partner {
            let is_idle = connector.tls_sender_certificate_name.is_some()
                && !connector.restrict_domains_to_certificate;
            if is_idle {
                self.warn(format!(
                    "connector {name}: tls_sender_certificate_name restricts a partner only with \
                     restrict_domains_to_certificate = true"
                ));
            }
            return;
        }
        self.own_servers(tenant, connector, context);
    }

    /// Whoever rents a server of a shared cloud could write any address for its own.
    fn enhanced_filtering(&mut self, connector: &InboundConnector, context: &ProblemContext<'_>) {
        let Some(settings) = connector.enhanced_filtering() else { return };
        let mut ranges = settings.skip_ips.iter();
        let found =
            ranges.find_map(|range| range.shared_by(context.shared).map(|owner| (range, owner)));
        if let Some((range, owner)) = found {
            self.error(format!(
                "connector {}: {range} in ef_skip_ips belongs to {owner}, which sends for many \
                 organisations from there: their word on where mail comes from cannot count",
                connector.name
            ));
        }
    }

    fn own_servers(
        &mut self,
        tenant: &Tenant,
        connector: &InboundConnector,
        context: &ProblemContext<'_>,
    ) {
        let name = &connector.name;
        let shared_range = connector
            .sender_ip_addresses
            .iter()
            .find_map(|range| context.shared.owner_of_range(range).map(|owner| (range, owner)));
        if let Some((range, owner)) = shared_range {
            let text = format!(
                "connector {name}: {range} belongs to {owner}, which sends for many organisations \
                 from there, so it identifies none of them"
            );
            if connector.tls_sender_certificate_name.is_none() {
                self.error(format!("{text}; identify the sender by tls_sender_certificate_name"));
            } else {
                self.warn(format!("{text}; only the certificate will count"));
            }
        }
        let Some(certificate_name) = &connector.tls_sender_certificate_name else { return };
        let base = certificate_name.base();
        if let Some(owner) = context.shared.owner_of_name(&base) {
            self.error(format!(
                "connector {name}: {certificate_name} is a certificate of {owner}, which sends for \
                 many organisations with it, so it identifies none of them"
            ));
        } else if tenant.verified_domain_above(&base).is_none()
            && !context.grants.certificate_names.contains(certificate_name)
        {
            self.warn(format!(
                "connector {name}: {certificate_name} belongs to no verified accepted domain of \
                 this tenant, so the connector does not recognise it; only the operator can grant \
                 such a name"
            ));
        }
    }

    /// Connectors that recognise the same sender: the first by name wins, which may surprise.
    fn twins(&mut self, tenant: &Tenant) {
        let acting: Vec<&InboundConnector> = tenant
            .inbound_connectors
            .iter()
            .filter(|one| one.enabled && one.connector_type == ConnectorType::OnPremises)
            .collect();
        for (index, first) in acting.iter().enumerate() {
            for second in acting.iter().skip(index + 1) {
                let same_name = first.tls_sender_certificate_name.is_some()
                    && first.tls_sender_certificate_name == second.tls_sender_certificate_name;
                let mut ranges = first.sender_ip_addresses.iter();
                if same_name || ranges.any(|range| second.sender_ip_addresses.contains(range)) {
                    self.warn(format!(
                        "connectors {} and {} recognise the same sender: {0} is used, being the \
                         first by name",
                        first.name, second.name
                    ));
                }
            }
        }
    }
}
