//! Rules between a tenant's settings that no single value can break: a file that breaks one is
//! refused.
//!
//! Touches nothing. What can be applied and is merely unwise is in `problems`.

use posthouse_types::{ChainMode, Domain};

use crate::outbound;
use crate::protection;
use crate::rules;
use crate::tenant::{ConnectorType, InboundConnector, OutboundConnector, Tenant, TlsSettings};
use crate::text::shown;

/// Longest name of a tenant or connector, in characters: Exchange Online's limit for connectors.
pub const NAME_CHARACTERS_MAX: usize = 64;
/// Accepted domains of one tenant; Exchange Online's order of size, so that one tenant's change
/// stays a small one.
pub const ACCEPTED_DOMAINS_MAX: usize = 5_000;
/// Connectors of one tenant and direction: each is looked at when its tenant's mail is attributed.
pub const CONNECTORS_MAX: usize = 500;
/// Entries of any one list in a connector.
pub const CONNECTOR_LIST_MAX: usize = 1_000;

/// A rule that is broken, and the key that it is about.
pub(crate) struct Violation {
    pub(crate) table: &'static str,
    /// Which of the tables of this name, from 0.
    pub(crate) index: usize,
    pub(crate) key: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// The first broken rule.
pub(crate) fn first(tenant: &Tenant) -> Option<Violation> {
    tenant_itself(tenant)
        .or_else(|| {
            let mut connectors = tenant.inbound_connectors.iter().enumerate();
            connectors.find_map(|(index, connector)| inbound(index, connector))
        })
        .or_else(|| {
            let mut connectors = tenant.outbound_connectors.iter().enumerate();
            connectors.find_map(|(index, connector)| outbound(index, connector))
        })
        .or_else(|| rules::broken(tenant))
        .or_else(|| outbound::broken(tenant))
        .or_else(|| tenant.protection().and_then(protection::rules::first))
}

fn tenant_itself(tenant: &Tenant) -> Option<Violation> {
    let broken = |table, index, key, message: String| {
        Some(Violation { table, index, key, message, hint: None })
    };
    if let Some(message) = name_is_wrong(&tenant.name) {
        return broken("tenant", 0, "name", message);
    }
    for (table, count, count_max) in [
        ("accepted_domain", tenant.accepted_domains.len(), ACCEPTED_DOMAINS_MAX),
        ("inbound_connector", tenant.inbound_connectors.len(), CONNECTORS_MAX),
        ("outbound_connector", tenant.outbound_connectors.len(), CONNECTORS_MAX),
    ] {
        if count > count_max {
            return broken(
                table,
                count_max,
                "",
                format!("more than {count_max} [[{table}]] tables"),
            );
        }
    }
    let domains = tenant.accepted_domains.iter().map(|domain| domain.name.as_str().to_owned());
    let inbound = tenant.inbound_connectors.iter().map(|connector| connector.name.to_lowercase());
    let outbound = tenant.outbound_connectors.iter().map(|connector| connector.name.to_lowercase());
    for (table, index) in [
        ("accepted_domain", double(domains)),
        ("inbound_connector", double(inbound)),
        ("outbound_connector", double(outbound)),
    ] {
        if let Some(index) = index {
            return broken(table, index, "name", format!("a second [[{table}]] of this name"));
        }
    }
    None
}

/// Where a word comes up for the second time.
pub(crate) fn double(words: impl ExactSizeIterator<Item = String>) -> Option<usize> {
    // Most tenants have one of each, and a million of them are read at start-up.
    if words.len() < 2 {
        return None;
    }
    let mut seen = std::collections::HashSet::new();
    words.enumerate().find(|(_, word)| !seen.insert(word.clone())).map(|(index, _)| index)
}

pub(crate) fn name_is_wrong(name: &str) -> Option<String> {
    let is_sound = !name.trim().is_empty()
        && name.trim() == name
        && name.chars().count() <= NAME_CHARACTERS_MAX
        && !name.chars().any(char::is_control);
    (!is_sound).then(|| {
        format!(
            "{} is no name: it has 1 to {NAME_CHARACTERS_MAX} characters, no line breaks or other \
             controls, and no blanks around it",
            shown(name)
        )
    })
}

/// Rules of one connector: broken where the first part is true.
type Rule<'a> = (bool, &'static str, &'a str, &'a str);

fn first_broken(
    table: &'static str,
    index: usize,
    name: &str,
    rules: &[Rule<'_>],
) -> Option<Violation> {
    rules.iter().find(|(is_broken, ..)| *is_broken).map(|(_, key, message, hint)| Violation {
        table,
        index,
        key,
        message: format!("connector {}: {message}", shown(name)),
        hint: (!hint.is_empty()).then(|| (*hint).to_owned()),
    })
}

fn inbound(index: usize, connector: &InboundConnector) -> Option<Violation> {
    const TABLE: &str = "inbound_connector";
    if let Some(message) = name_is_wrong(&connector.name) {
        return Some(Violation { table: TABLE, index, key: "name", message, hint: None });
    }
    let on_premises = connector.connector_type == ConnectorType::OnPremises;
    let no_addresses = connector.sender_ip_addresses.is_empty();
    let no_certificate = connector.tls_sender_certificate_name.is_none();
    let for_partner = "use connector_type = \"partner\", or leave it out";
    first_broken(
        TABLE,
        index,
        &connector.name,
        &[
            (has_long_list(connector), "name", "a list has more than 1000 entries", "use a second connector"),
            (
                on_premises && no_addresses && no_certificate,
                "connector_type",
                "an on-premises connector that names neither certificate nor addresses recognises nothing",
                "add tls_sender_certificate_name, or sender_ip_addresses",
            ),
            (
                on_premises && connector.restrict_domains_to_ip_addresses,
                "restrict_domains_to_ip_addresses",
                "restrict_domains_to_ip_addresses is for partner connectors only",
                for_partner,
            ),
            (
                on_premises && connector.restrict_domains_to_certificate,
                "restrict_domains_to_certificate",
                "restrict_domains_to_certificate is for partner connectors only",
                for_partner,
            ),
            (
                connector.restrict_domains_to_ip_addresses && no_addresses,
                "restrict_domains_to_ip_addresses",
                "restrict_domains_to_ip_addresses without addresses would refuse all mail",
                "add sender_ip_addresses",
            ),
            (
                connector.restrict_domains_to_certificate && no_certificate,
                "restrict_domains_to_certificate",
                "restrict_domains_to_certificate without a certificate's name would refuse all mail",
                "add tls_sender_certificate_name",
            ),
            (
                connector.tls_sender_issuer.is_some() && no_certificate,
                "tls_sender_issuer",
                "tls_sender_issuer alone does nothing: it narrows tls_sender_certificate_name",
                "add tls_sender_certificate_name",
            ),
            (
                connector.chain != ChainMode::AsSent && no_certificate,
                "chain",
                "chain alone does nothing: it is about tls_sender_certificate_name",
                "add tls_sender_certificate_name",
            ),
            (
                connector.check_revocation && no_certificate,
                "check_revocation",
                "check_revocation alone does nothing: it is about tls_sender_certificate_name",
                "add tls_sender_certificate_name",
            ),
            (
                !on_premises && connector.allow_forwarding,
                "allow_forwarding",
                "allow_forwarding is for on-premises connectors only: a partner never relays",
                "leave it out",
            ),
        ],
    )
    .or_else(|| enhanced_filtering(index, connector))
}

fn has_long_list(connector: &InboundConnector) -> bool {
    let enhanced = connector.extras.as_ref().map(|extras| &extras.enhanced_filtering);
    let lengths = [
        connector.sender_domains.len(),
        connector.sender_ip_addresses.len(),
        connector.associated_accepted_domains.len(),
        enhanced.map_or(0, |enhanced| enhanced.skip_ips.len().max(enhanced.users.len())),
    ];
    lengths.into_iter().any(|length| length > CONNECTOR_LIST_MAX)
}

/// What keys beginning with `ef_` say beside one another and what recognises the peer.
fn enhanced_filtering(index: usize, connector: &InboundConnector) -> Option<Violation> {
    let enhanced = &connector.extras.as_ref()?.enhanced_filtering;
    let recognises_nobody =
        connector.sender_ip_addresses.is_empty() && connector.tls_sender_certificate_name.is_none();
    first_broken(
        "inbound_connector",
        index,
        &connector.name,
        &[
            (
                enhanced.skip_last_ip && !enhanced.skip_ips.is_empty(),
                "ef_skip_ips",
                "ef_skip_ips does nothing beside ef_skip_last_ip = true",
                "leave one of them out",
            ),
            (
                !enhanced.users.is_empty() && !enhanced.is_on(),
                "ef_users",
                "ef_users alone does nothing: no server is skipped",
                "add ef_skip_last_ip = true, or ef_skip_ips",
            ),
            (
                enhanced.skip_last_ip && recognises_nobody,
                "ef_skip_last_ip",
                "ef_skip_last_ip without addresses or a certificate's name would believe anybody",
                "add sender_ip_addresses or tls_sender_certificate_name, or write ef_skip_ips",
            ),
        ],
    )
}

fn outbound(index: usize, connector: &OutboundConnector) -> Option<Violation> {
    const TABLE: &str = "outbound_connector";
    if let Some(message) = name_is_wrong(&connector.name) {
        return Some(Violation { table: TABLE, index, key: "name", message, hint: None });
    }
    let no_hosts = connector.smart_hosts.is_empty();
    let validates_domain = connector.tls_settings == Some(TlsSettings::DomainValidation);
    let too_long =
        connector.recipient_domains.len().max(connector.smart_hosts.len()) > CONNECTOR_LIST_MAX;
    first_broken(
        TABLE,
        index,
        &connector.name,
        &[
            (too_long, "name", "a list has more than 1000 entries", "use a second connector"),
            (
                connector.use_mx_record == Some(true) && !no_hosts,
                "use_mx_record",
                "use_mx_record = true contradicts smart_hosts",
                "leave one of them out",
            ),
            (
                connector.use_mx_record == Some(false) && no_hosts,
                "use_mx_record",
                "use_mx_record = false needs smart_hosts",
                "add smart_hosts",
            ),
            (
                connector.tls_domain.is_some() && !validates_domain,
                "tls_domain",
                "tls_domain is for tls_settings = \"domain-validation\" only",
                "set tls_settings, or leave tls_domain out",
            ),
            (
                validates_domain
                    && connector.tls_domain.is_none()
                    && connector.has_smart_host_without_name(),
                "tls_settings",
                "domain-validation with an address as smart host has no name to look for",
                "add tls_domain",
            ),
            (
                connector.has_personal_certificate() && connector.tls_key.is_some(),
                "tls_key",
                "tls_key has no use beside tls_certificate = \"personal:...\"",
                "leave it out: the key lies with the certificate in the personal store",
            ),
            (
                !connector.has_personal_certificate()
                    && connector.tls_certificate.is_some() != connector.tls_key.is_some(),
                if connector.tls_key.is_some() { "tls_key" } else { "tls_certificate" },
                "tls_certificate and tls_key go together",
                "give both, or neither",
            ),
            (
                connector.connector_type == ConnectorType::Partner
                    && connector.all_accepted_domains,
                "all_accepted_domains",
                "all_accepted_domains is for on-premises connectors only",
                "list recipient_domains",
            ),
            (
                connector.connector_type == ConnectorType::Partner
                    && connector.sender_rewriting_enabled,
                "sender_rewriting_enabled",
                "sender_rewriting_enabled is for on-premises connectors only",
                "leave it out: what goes to others is rewritten where srs_domain is set",
            ),
            (
                connector.recipient_domains.is_empty()
                    && !connector.all_accepted_domains
                    && !connector.is_transport_rule_scoped,
                "connector_type",
                "a connector without recipient_domains routes nothing",
                "add recipient_domains (\"*\" is every domain), or all_accepted_domains = true",
            ),
        ],
    )
}

/// Names that no tenant may own: a single label, or a public suffix such as `co.uk`, under which
/// strangers register (publicsuffix.org, ICANN and private part).
pub(crate) fn is_public_suffix(domain: &Domain) -> bool {
    domain.parent().is_none() || psl::suffix_str(domain.as_str()) == Some(domain.as_str())
}
