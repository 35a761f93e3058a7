//! The edge's settings file: one organisation, its senders, and the way to its gateway.
//!
//! May touch nothing: the text comes in. It becomes the same [`Settings`] as a gateway's, with
//! what only an edge has beside it, and one tenant made of it in place of `apply`. Unknown keys
//! and values that cannot be used are refused with what to do.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use posthouse_policy::{AddressRange, FromText, Host, SmartHost, Tenant};
use posthouse_types::Domain;
use serde::Deserialize;
use toml::de::DeTable;
use toml::{Table, Value};

use super::users::User;
use crate::protection::FilterSettings;
use crate::protocol_log::LogProtocol;
use crate::settings::{
    AttributionSettings, CertificatesSettings, DnsSettings, LineEndsSetting, LogSettings,
    MetricsSettings, NodeSettings, QueueSettings, RetentionSettings, Settings, SettingsError,
    SmtpSettings, TrustSettings,
};
use crate::tls::personal_name;

/// The one tenant of an edge.
pub(crate) const TENANT: &str = "edge";

/// What the two ways out are called in logs and traces.
const RELAY: &str = "Relay";
const MAILBOX_SERVER: &str = "Mailbox server";

/// Exchange Server's MessageExpiration: two days, in seconds.
const LIFETIME_SECONDS: u64 = 2 * 24 * 60 * 60;

/// What only an edge has.
#[derive(Clone, Debug)]
pub(crate) struct EdgeSettings {
    /// Who may relay without logging in.
    pub(crate) networks: Vec<AddressRange>,
    /// Where users log in and send: with STARTTLS.
    pub(crate) submission: Vec<SocketAddr>,
    /// And with TLS from the first octet on.
    pub(crate) submission_tls: Vec<SocketAddr>,
    /// The folder where applications leave messages.
    pub(crate) pickup: Option<PathBuf>,
    /// Certificate and key that the gateway is shown; no key beside `personal:NAME`.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// The name that the gateway's connector looks for in it.
    pub(crate) expected_name: Option<Domain>,
    /// Who may log in.
    pub(crate) users: Vec<Arc<User>>,
    /// The organisation, as the rest of the node knows tenants.
    pub(crate) tenant: Tenant,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EdgeFile {
    node: NodeSettings,
    edge: EdgeTable,
    relay: RelayTable,
    #[serde(default)]
    submission: SubmissionTable,
    #[serde(default)]
    user: Vec<UserTable>,
    #[serde(default)]
    trust: TrustSettings,
    #[serde(default)]
    dns: DnsSettings,
    #[serde(default)]
    retention: RetentionSettings,
    #[serde(default)]
    queue: QueueSettings,
    #[serde(default)]
    metrics: MetricsSettings,
    #[serde(default)]
    log: LogSettings,
    #[serde(default)]
    certificates: CertificatesSettings,
}

/// `[edge]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EdgeTable {
    /// The organisation's own domains.
    accepted_domains: Vec<String>,
    /// For applications, without logging in.
    listen: Vec<SocketAddr>,
    /// Who these may be.
    networks: Vec<String>,
    /// Where mail for the accepted domains goes; left out: to the relay as everything else.
    mailbox_server: Option<String>,
    pickup: Option<PathBuf>,
    message_bytes_max: u64,
    line_ends: LineEndsSetting,
}

impl Default for EdgeTable {
    fn default() -> Self {
        let smtp = SmtpSettings::default();
        Self {
            accepted_domains: Vec::new(),
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 25))],
            networks: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
            mailbox_server: None,
            pickup: None,
            message_bytes_max: smtp.message_bytes_max,
            line_ends: smtp.line_ends,
        }
    }
}

/// `[relay]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelayTable {
    smart_hosts: Vec<String>,
    tls_settings: Option<String>,
    tls_domain: Option<String>,
    /// PEM, leaf first; what the file holds is what is sent. Or `personal:NAME`.
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    expected_name: Option<String>,
}

/// `[submission]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SubmissionTable {
    listen: Vec<SocketAddr>,
    listen_tls: Vec<SocketAddr>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// `[[user]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserTable {
    name: String,
    password_hash: String,
    #[serde(default)]
    may_send_as: Vec<String>,
}

/// Whether a settings file is an edge's: it has a table of that name.
pub(crate) fn is_edge(text: &str) -> bool {
    DeTable::parse(text).is_ok_and(|table| table.get_ref().contains_key("edge"))
}

/// Reads an edge's file. Relative paths in it are taken from `folder`.
///
/// # Errors
/// What is wrong, where, and what to do.
pub(crate) fn parse(text: &str, folder: &Path) -> Result<Settings, SettingsError> {
    let mut file: EdgeFile =
        toml::from_str(text).map_err(|error| SettingsError(error.to_string()))?;
    if !says_lifetime(text) {
        file.queue.lifetime_seconds = LIFETIME_SECONDS;
    }
    for path in [&mut file.edge.pickup, &mut file.relay.certificate, &mut file.relay.key]
        .into_iter()
        .flatten()
    {
        if !is_personal(path) {
            *path = folder.join(&*path);
        }
    }
    file.log.protocol.get_or_insert(LogProtocol::Exchange);
    let edge = edge_settings(&file).map_err(SettingsError)?;
    Ok(Settings {
        filter: FilterSettings::off(),
        node: file.node,
        smtp: SmtpSettings {
            listen: file.edge.listen,
            certificate: file.submission.certificate,
            key: file.submission.key,
            message_bytes_max: file.edge.message_bytes_max,
            line_ends: file.edge.line_ends,
            ..SmtpSettings::default()
        },
        trust: file.trust,
        dns: file.dns,
        retention: file.retention,
        queue: file.queue,
        metrics: file.metrics,
        log: file.log,
        certificates: file.certificates,
        edge: Some(Arc::new(edge)),
        attribution: AttributionSettings::default(),
        outbound: crate::outbound::PoolSettings::default(),
    })
}

/// Whether a certificate is an entry of the personal store, which has its key with it.
fn is_personal(certificate: &Path) -> bool {
    certificate.to_str().and_then(personal_name).is_some()
}

fn says_lifetime(text: &str) -> bool {
    DeTable::parse(text).is_ok_and(|table| {
        let queue = table.get_ref().get("queue").and_then(|queue| queue.get_ref().as_table());
        queue.is_some_and(|queue| queue.contains_key("lifetime_seconds"))
    })
}

fn edge_settings(file: &EdgeFile) -> Result<EdgeSettings, String> {
    let identity = match (&file.relay.certificate, &file.relay.key) {
        (Some(certificate), None) if is_personal(certificate) => {
            Some((certificate.clone(), PathBuf::new()))
        }
        (Some(certificate), Some(_)) if is_personal(certificate) => {
            return Err("[relay] key has no use beside certificate = \"personal:...\": the key \
                        lies in the personal store; leave it out"
                .to_owned());
        }
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        _ => {
            return Err("[relay] certificate and key belong together: give both, or neither (one \
                        file may be given twice where it holds both)"
                .to_owned());
        }
    };
    let submission = &file.submission;
    let is_stored = submission.certificate.as_deref().is_some_and(is_personal);
    if submission.certificate.is_some() != submission.key.is_some() && !is_stored {
        return Err(
            "[submission] certificate and key belong together: give both, or neither".into()
        );
    }
    let listens = !submission.listen.is_empty() || !submission.listen_tls.is_empty();
    if listens && submission.certificate.is_none() {
        return Err("[submission] listens without a certificate: nobody may log in without TLS. \
                    Set [submission] certificate and key (PEM, leaf first)"
            .to_owned());
    }
    let networks = file.edge.networks.iter().map(|text| AddressRange::of_any_size(text));
    let mut users: Vec<Arc<User>> = Vec::with_capacity(file.user.len());
    for table in &file.user {
        let user = User::new(&table.name, &table.password_hash, &table.may_send_as)?;
        if users.iter().any(|other| other.name().eq_ignore_ascii_case(user.name())) {
            return Err(format!("[[user]] {}: a second user of this name", user.name()));
        }
        users.push(Arc::new(user));
    }
    Ok(EdgeSettings {
        networks: networks
            .collect::<Result<_, _>>()
            .map_err(|error| format!("[edge] networks: {error}"))?,
        submission: submission.listen.clone(),
        submission_tls: submission.listen_tls.clone(),
        pickup: file.edge.pickup.clone(),
        expected_name: file
            .relay
            .expected_name
            .as_deref()
            .map(expected_name)
            .transpose()
            .map_err(|error| format!("[relay] expected_name: {error}"))?,
        tenant: tenant(file, identity.as_ref())?,
        identity,
        users,
    })
}

/// A host, or `*.` and a domain.
fn expected_name(text: &str) -> Result<Domain, String> {
    posthouse_policy::CertificateName::from_text(text)
        .map(|name| Domain::from_normalized(name.as_str()))
}

/// The organisation as a tenant: written as its file and read as such, so that every rule for
/// tenants' files holds for an edge's too.
fn tenant(file: &EdgeFile, identity: Option<&(PathBuf, PathBuf)>) -> Result<Tenant, String> {
    let mut tenant = Table::new();
    let mut name = Table::new();
    name.insert("name".into(), TENANT.into());
    tenant.insert("tenant".into(), name.into());
    let mut connectors = vec![relay_connector(&file.relay, identity)?];
    if let Some(server) = &file.edge.mailbox_server {
        // Without a mail server here no domain is at home here: its mail takes the way of all.
        let domain = |name: &String| {
            let mut domain = Table::new();
            domain.insert("name".into(), name.as_str().into());
            domain.insert("type".into(), "internal-relay".into());
            domain.insert("verified".into(), true.into());
            Value::from(domain)
        };
        let domains: Vec<Value> = file.edge.accepted_domains.iter().map(domain).collect();
        tenant.insert("accepted_domain".into(), domains.into());
        if !file.edge.accepted_domains.is_empty() {
            connectors.push(connector(
                MAILBOX_SERVER,
                "on-premises",
                vec![server.as_str().into()],
                {
                    let names = file.edge.accepted_domains.iter();
                    names.map(|name| name.as_str().into()).collect()
                },
            ));
        }
    }
    let connectors: Vec<Value> = connectors.into_iter().map(Value::from).collect();
    tenant.insert("outbound_connector".into(), connectors.into());
    Tenant::from_toml(&tenant.to_string()).map_err(|error| {
        let hint = error.hint.map(|hint| format!("\n  next: {hint}")).unwrap_or_default();
        format!("[edge] or [relay]: {}{hint}", error.message)
    })
}

fn relay_connector(
    relay: &RelayTable,
    identity: Option<&(PathBuf, PathBuf)>,
) -> Result<Table, String> {
    if relay.smart_hosts.is_empty() {
        return Err("[relay] smart_hosts is empty: name the gateway, as \
                    smart_hosts = [\"gw.example.net:25\"]"
            .to_owned());
    }
    let hosts = relay.smart_hosts.iter().map(|host| host.as_str().into()).collect();
    let mut connector = connector(RELAY, "partner", hosts, vec!["*".into()]);
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            connector.insert(key.into(), value.into());
        }
    };
    set("tls_settings", Some(relay.tls_settings.as_deref().unwrap_or(tls_default(relay))));
    set("tls_domain", relay.tls_domain.as_deref());
    if let Some((certificate, key)) = identity {
        set("tls_certificate", certificate.to_str());
        set("tls_key", key.to_str().filter(|key| !key.is_empty()));
    }
    Ok(connector)
}

/// Never in clear text. A gateway that is called by its name has to prove it; one that is given
/// as a bare address has none to prove.
fn tls_default(relay: &RelayTable) -> &'static str {
    let has_name = |text: &String| {
        SmartHost::from_text(text).is_ok_and(|host| matches!(host.host, Host::Name(_)))
    };
    if relay.tls_domain.is_some() || relay.smart_hosts.iter().all(has_name) {
        "domain-validation"
    } else {
        "encryption-only"
    }
}

fn connector(name: &str, kind: &str, hosts: Vec<Value>, domains: Vec<Value>) -> Table {
    let mut connector = Table::new();
    connector.insert("name".into(), name.into());
    connector.insert("connector_type".into(), kind.into());
    connector.insert("recipient_domains".into(), domains.into());
    connector.insert("smart_hosts".into(), hosts.into());
    connector
}

impl EdgeSettings {
    /// Whether an address may relay without logging in.
    pub(crate) fn is_local(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$\
                        nHYVz6s2rPiJ0m7vPTWlxA";

    fn parse(text: &str) -> Result<Settings, String> {
        let text = format!("[node]\nname = \"mail.a.example\"\ndata_dir = \"data\"\n{text}");
        assert!(is_edge(&text) || !text.contains("[edge]"));
        super::parse(&text, Path::new("/etc/posthouse")).map_err(|error| error.0)
    }

    fn edge(text: &str) -> Arc<EdgeSettings> {
        parse(text).unwrap().edge.unwrap()
    }

    const RELAY_ALONE: &str = "[edge]\n[relay]\nsmart_hosts = [\"gw.example.net\"]\n";

    #[test]
    fn a_gateway_alone_is_enough_and_is_asked_for_its_name() {
        let settings = parse(RELAY_ALONE).unwrap();
        assert_eq!(settings.smtp.listen, ["127.0.0.1:25".parse().unwrap()]);
        assert_eq!(settings.queue.lifetime_seconds, 172_800);
        let edge = settings.edge.unwrap();
        assert!(edge.is_local("127.9.9.9".parse().unwrap()));
        assert!(edge.is_local("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!edge.is_local("192.0.2.1".parse().unwrap()));
        let toml = edge.tenant.to_toml();
        assert!(toml.contains("tls_settings = \"domain-validation\""), "{toml}");
        assert!(toml.contains("smart_hosts = [\"gw.example.net:25\"]"), "{toml}");
    }

    #[test]
    fn a_bare_address_proves_no_name_but_never_gets_clear_text() {
        let edge = edge("[edge]\n[relay]\nsmart_hosts = [\"192.0.2.1:25\"]\n");
        assert!(edge.tenant.to_toml().contains("tls_settings = \"encryption-only\""));
    }

    #[test]
    fn accepted_domains_are_at_home_only_where_a_mailbox_server_is() {
        let text = "[edge]\naccepted_domains = [\"a.example\"]\n[relay]\nsmart_hosts = [\"gw\"]\n";
        assert!(edge(text).tenant.accepted_domains.is_empty());
        let text = text.replace("[relay]", "mailbox_server = \"10.0.0.5:25\"\n[relay]");
        let toml = edge(&text).tenant.to_toml();
        assert!(toml.contains("Mailbox server") && toml.contains("\"10.0.0.5:25\""), "{toml}");
    }

    #[test]
    fn a_lifetime_that_is_given_stays() {
        let settings = parse(&format!("{RELAY_ALONE}[queue]\nlifetime_seconds = 60\n")).unwrap();
        assert_eq!(settings.queue.lifetime_seconds, 60);
        let settings = parse(&format!("{RELAY_ALONE}[queue]\nconcurrent_max = 6\n")).unwrap();
        assert_eq!(settings.queue.lifetime_seconds, 172_800);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_repair() {
        let user = format!("[[user]]\nname = \"ann@a.example\"\npassword_hash = \"{HASH}\"\n");
        for (text, words) in [
            ("[edge]\n[relay]\nsmart_hosts = []\n".into(), "smart_hosts is empty"),
            (format!("{RELAY_ALONE}certificate = \"a.pem\"\n"), "belong together"),
            (format!("{RELAY_ALONE}[submission]\nlisten = [\"0.0.0.0:587\"]\n"), "without TLS"),
            (format!("{RELAY_ALONE}[submission]\nkey = \"k\"\n"), "belong together"),
            (format!("{RELAY_ALONE}tls_settings = \"some\"\n"), "\"some\" is none of"),
            (format!("{RELAY_ALONE}expected_name = \"no name\"\n"), "expected_name"),
            (format!("{RELAY_ALONE}{user}{user}"), "a second user"),
            (RELAY_ALONE.replace("[relay]", "networks = [\"10.0.0.1/8\"]\n[relay]"), "networks"),
            (RELAY_ALONE.replace("[relay]", "listen_on = []\n[relay]"), "listen_on"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
