//! The node's settings: one TOML file, read at start and again on SIGHUP.
//!
//! May touch: the settings file. Unknown keys are refused with their place, so that a misspelt
//! limit never silently stays at its default. On failure the caller keeps what it had.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use posthouse_lookup::{Loopback, Resolver};
use posthouse_queue::RetrySchedule;
use posthouse_types::{Address, SmtpLimits};
use serde::Deserialize;

use crate::edge::EdgeSettings;
use crate::outbound::PoolSettings;
use crate::protection::FilterSettings;
use crate::protocol_log::LogProtocol;
use crate::tls::{CertificateSource, ChainSupply, personal_name};

/// Everything that the file says, defaults filled in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Who this node is and where it keeps things.
    pub(crate) node: NodeSettings,
    /// The SMTP listeners.
    #[serde(default)]
    pub(crate) smtp: SmtpSettings,
    /// Which roots are trusted.
    #[serde(default)]
    pub(crate) trust: TrustSettings,
    /// The certificate stores.
    #[serde(default)]
    pub(crate) certificates: CertificatesSettings,
    /// Which DNS servers are asked.
    #[serde(default)]
    pub(crate) dns: DnsSettings,
    /// How long things are kept.
    #[serde(default)]
    pub(crate) retention: RetentionSettings,
    /// How delivery is retried.
    #[serde(default)]
    pub(crate) queue: QueueSettings,
    /// From which addresses mail leaves.
    #[serde(default)]
    pub(crate) outbound: PoolSettings,
    /// Whose word an address is not.
    #[serde(default)]
    pub(crate) attribution: AttributionSettings,
    /// Metrics and health.
    #[serde(default)]
    pub(crate) metrics: MetricsSettings,
    /// Logs.
    #[serde(default)]
    pub(crate) log: LogSettings,
    /// Which engines judge messages.
    #[serde(default)]
    pub(crate) filter: FilterSettings,
    /// What only a sending edge has; none on a gateway.
    #[serde(skip)]
    pub(crate) edge: Option<Arc<EdgeSettings>>,
}

/// `[node]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeSettings {
    /// The name in greetings, Received lines and replies.
    pub(crate) name: String,
    /// Database, bodies, logs and the door's socket. Created 0700 where it is not there.
    pub(crate) data_dir: PathBuf,
    /// Where mail to `<Postmaster>` goes, and to a tenant's postmaster where the tenant names none.
    #[serde(default)]
    pub(crate) postmaster: Option<String>,
}

/// `[smtp]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SmtpSettings {
    /// Addresses to listen on, `127.0.0.1:25` or `[::]:25`. None: this node only sends.
    pub(crate) listen: Vec<SocketAddr>,
    /// PEM chain, leaf first; or `personal:NAME` of the stores, which has its key with it. Without
    /// one STARTTLS is not offered.
    pub(crate) certificate: Option<PathBuf>,
    /// PEM key of the certificate, where that is a file.
    pub(crate) key: Option<PathBuf>,
    /// What happens to a bare CR or LF in a message.
    pub(crate) line_ends: LineEndsSetting,
    /// Largest message, in bytes.
    pub(crate) message_bytes_max: u64,
    /// Sessions at once. Each idle TLS session costs up to 30 KiB, so the default stays below
    /// 300 MiB.
    pub(crate) sessions_max: usize,
    /// Sessions at once from one IPv4 address or IPv6 /64. Exchange's default is 20 for one
    /// source; a busy on-premises server with several queues needs more.
    pub(crate) sessions_per_address_max: usize,
    /// Waiting for the next command, in seconds.
    pub(crate) idle_seconds_max: u64,
    /// A whole session, in seconds.
    pub(crate) session_seconds_max: u64,
    /// Slowest pace of a message body, in bytes a second.
    pub(crate) body_bytes_per_second_min: u64,
    /// How long a body may stay below that pace, in seconds.
    pub(crate) body_rate_window_seconds: u64,
    /// Load balancers whose PROXY v2 header is believed, and required.
    pub(crate) proxy_from: Vec<IpAddr>,
}

impl Default for SmtpSettings {
    fn default() -> Self {
        let limits = SmtpLimits::default();
        Self {
            listen: Vec::new(),
            certificate: None,
            key: None,
            line_ends: LineEndsSetting::Refuse,
            message_bytes_max: limits.message_bytes_max,
            sessions_max: 10_000,
            sessions_per_address_max: 100,
            idle_seconds_max: limits.idle_time_max.as_secs(),
            session_seconds_max: limits.session_time_max.as_secs(),
            body_bytes_per_second_min: limits.body_bytes_per_second_min,
            body_rate_window_seconds: limits.body_rate_window.as_secs(),
            proxy_from: Vec::new(),
        }
    }
}

impl SmtpSettings {
    /// Whether the certificate is one of the personal store.
    fn is_personal(&self) -> bool {
        let name = self.certificate.as_deref().and_then(Path::to_str).and_then(personal_name);
        name.is_some()
    }

    /// Where the node's own certificate comes from, if it has one.
    pub(crate) fn certificate_source(&self, supply: &ChainSupply) -> Option<CertificateSource> {
        let certificate = self.certificate.as_deref()?;
        let key = self.key.as_deref().unwrap_or(Path::new(""));
        Some(CertificateSource::new(certificate, key, supply))
    }

    /// The session limits these settings ask for.
    pub(crate) fn limits(&self) -> SmtpLimits {
        SmtpLimits {
            message_bytes_max: self.message_bytes_max,
            idle_time_max: Duration::from_secs(self.idle_seconds_max),
            session_time_max: Duration::from_secs(self.session_seconds_max),
            body_bytes_per_second_min: self.body_bytes_per_second_min,
            body_rate_window: Duration::from_secs(self.body_rate_window_seconds),
            ..SmtpLimits::default()
        }
    }
}

/// `line_ends`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LineEndsSetting {
    /// A bare CR or LF refuses the message.
    Refuse,
    /// A bare CR or LF becomes CRLF.
    Clean,
}

/// `[trust]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TrustSettings {
    /// `"system"`, or a PEM file of roots.
    pub(crate) roots: String,
    /// Files of revocation lists (CRLs), PEM or DER, for connectors with `check_revocation`.
    /// Read at start, and when the settings are read again.
    pub(crate) crls: Vec<PathBuf>,
}

impl Default for TrustSettings {
    fn default() -> Self {
        Self { roots: "system".to_owned(), crls: Vec::new() }
    }
}

/// `[certificates]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CertificatesSettings {
    /// `cert obtain` may ask this very machine, on any port: for tests only.
    pub(crate) obtain_from_loopback: bool,
}

impl CertificatesSettings {
    /// Whom `cert obtain` may ask.
    pub(crate) fn loopback(&self) -> Loopback {
        if self.obtain_from_loopback { Loopback::Allowed } else { Loopback::Refused }
    }
}

/// `[dns]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DnsSettings {
    /// Left out: the system's. Empty: no DNS at all, every look-up is "not asked".
    pub(crate) servers: Option<Vec<DnsServer>>,
}

impl DnsSettings {
    /// The resolver that these settings ask for.
    pub(crate) fn resolver(&self) -> Result<Resolver, String> {
        match &self.servers {
            Some(servers) if servers.is_empty() => Ok(Resolver::none()),
            Some(servers) => {
                let servers: Vec<_> =
                    servers.iter().map(|server| server.socket_address()).collect();
                Ok(Resolver::with_servers(&servers))
            }
            None => Resolver::system().map_err(|error| {
                format!(
                    "cannot read the system's DNS settings: {error}\n  next: name servers in \
                     [dns] servers, or give an empty list for no DNS at all"
                )
            }),
        }
    }
}

/// A DNS server: an address, with a port where it is not 53.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum DnsServer {
    /// `"127.0.0.1:5353"`.
    WithPort(SocketAddr),
    /// `"127.0.0.1"`.
    Address(IpAddr),
}

impl DnsServer {
    /// Address and port.
    fn socket_address(self) -> SocketAddr {
        match self {
            Self::WithPort(address) => address,
            Self::Address(address) => SocketAddr::new(address, 53),
        }
    }
}

/// `[retention]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetentionSettings {
    /// Message trace; Exchange Online keeps 90 days.
    pub(crate) trace_days: u32,
    /// Operational events.
    pub(crate) events_days: u32,
    /// Held mail; Exchange Online's longest quarantine is 30 days.
    pub(crate) held_days: u32,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { trace_days: 90, events_days: 90, held_days: 30 }
    }
}

/// `[queue]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QueueSettings {
    /// Waits after the first failures, in seconds.
    pub(crate) retry_seconds: Vec<u64>,
    /// Wait after each later failure, in seconds.
    pub(crate) retry_interval_seconds: u64,
    /// How long delivery is tried, in seconds.
    pub(crate) lifetime_seconds: u64,
    /// When the sender is told that it takes long, in seconds.
    pub(crate) delay_notice_seconds: u64,
    /// Whether mail that goes by MX keeps to the domains' MTA-STS policies (RFC 8461).
    pub(crate) mta_sts: bool,
    /// Policies may come from this port, and from this very machine: for tests only.
    pub(crate) mta_sts_from_loopback_port: Option<u16>,
    /// Connections at once, in all.
    pub(crate) concurrent_max: usize,
    /// Connections at once to one destination; Exchange's default is 20.
    pub(crate) concurrent_per_destination_max: usize,
}

impl Default for QueueSettings {
    fn default() -> Self {
        let schedule = RetrySchedule::default();
        Self {
            retry_seconds: schedule.glitch_delays.iter().map(Duration::as_secs).collect(),
            retry_interval_seconds: schedule.interval.as_secs(),
            lifetime_seconds: schedule.lifetime.as_secs(),
            delay_notice_seconds: schedule.delay_notice_after.as_secs(),
            mta_sts: true,
            mta_sts_from_loopback_port: None,
            concurrent_max: 500,
            concurrent_per_destination_max: 20,
        }
    }
}

impl QueueSettings {
    /// The schedule these settings ask for.
    pub(crate) fn schedule(&self) -> RetrySchedule {
        RetrySchedule {
            glitch_delays: self.retry_seconds.iter().copied().map(Duration::from_secs).collect(),
            interval: Duration::from_secs(self.retry_interval_seconds.max(1)),
            lifetime: Duration::from_secs(self.lifetime_seconds),
            delay_notice_after: Duration::from_secs(self.delay_notice_seconds),
        }
    }
}

/// `[attribution]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AttributionSettings {
    /// Further networks that many organisations share, beside the built-in list.
    pub(crate) shared: Vec<String>,
    /// Certificate names outside a tenant's own domains that its connectors may look for, by the
    /// tenant's name. Mail so recognised has to come from an accepted domain.
    pub(crate) grants: BTreeMap<String, Vec<String>>,
}

/// `[metrics]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetricsSettings {
    /// Where `/metrics`, `/health/live` and `/health/ready` answer. None: nowhere.
    pub(crate) listen: Option<SocketAddr>,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    /// `text` or `json`.
    pub(crate) format: LogFormat,
    /// Write Exchange's send protocol log to `data_dir/ProtocolLog/SmtpSend`, where none of the
    /// following says otherwise.
    pub(crate) smtp_send: bool,
    /// How the sessions of both sides are logged.
    pub(crate) protocol: Option<LogProtocol>,
    /// How those that we open are, where it differs.
    pub(crate) send: Option<LogProtocol>,
    /// How those that are opened to us are, where it differs.
    pub(crate) receive: Option<LogProtocol>,
}

impl LogSettings {
    /// How sessions that we open are logged.
    pub(crate) fn send_protocol(&self) -> LogProtocol {
        let default = if self.smtp_send { LogProtocol::Exchange } else { LogProtocol::None };
        self.send.or(self.protocol).unwrap_or(default)
    }

    /// How sessions that are opened to us are logged. A gateway's are many: only where asked for.
    pub(crate) fn receive_protocol(&self) -> LogProtocol {
        self.receive.or(self.protocol).unwrap_or(LogProtocol::None)
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        let (protocol, send, receive) = (None, None, None);
        Self { format: LogFormat::Text, smtp_send: true, protocol, send, receive }
    }
}

/// `format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why the settings cannot be used: what, where, and what to do.
#[derive(Debug)]
pub(crate) struct SettingsError(pub(crate) String);

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads and checks the file. Relative paths in it are taken from the file's folder.
    pub(crate) fn read(file: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            SettingsError(format!(
                "cannot read the settings file {}: {error}\n  next: name the right file with \
                 --config FILE",
                file.display()
            ))
        })?;
        let folder = file.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder)
            .map_err(|error| SettingsError(format!("in {}: {}", file.display(), error.0)))
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, SettingsError> {
        let mut settings: Self = if crate::edge::is_edge(text) {
            crate::edge::parse_settings(text, folder)?
        } else {
            toml::from_str(text).map_err(|error| SettingsError(error.to_string()))?
        };
        settings.node.data_dir = folder.join(&settings.node.data_dir);
        if !settings.smtp.is_personal() {
            settings.smtp.certificate = settings.smtp.certificate.map(|path| folder.join(path));
        }
        settings.smtp.key = settings.smtp.key.map(|path| folder.join(path));
        if settings.trust.roots != "system" {
            settings.trust.roots = folder.join(&settings.trust.roots).display().to_string();
        }
        for path in &mut settings.trust.crls {
            *path = folder.join(&*path);
        }
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        posthouse_smtp::parse_domain(&self.node.name).map_err(|error| {
            SettingsError(format!("[node] name \"{}\" is not a host name: {error}", self.node.name))
        })?;
        self.postmaster()?;
        if self.smtp.is_personal() && self.smtp.key.is_some() {
            let text = "[smtp] key has no use beside certificate = \"personal:...\": the key lies \
                        in the personal store; leave it out";
            return Err(SettingsError(text.to_owned()));
        }
        if self.smtp.certificate.is_some() != self.smtp.key.is_some() && !self.smtp.is_personal() {
            let text = "[smtp] certificate and key belong together: give both, or neither";
            return Err(SettingsError(text.to_owned()));
        }
        if let Some(name) = &self.outbound.high_risk_helo {
            posthouse_smtp::parse_domain(name).map_err(|error| {
                SettingsError(format!(
                    "[outbound] high_risk_helo \"{name}\" is not a host name: {error}"
                ))
            })?;
        }
        if self.smtp.message_bytes_max < 64 * 1024 {
            let text = "[smtp] message_bytes_max is below 65536: RFC 5321 section 4.5.3.1.7 asks \
                        every server to take 64 KiB";
            return Err(SettingsError(text.to_owned()));
        }
        Ok(())
    }

    /// The operator's address.
    pub(crate) fn postmaster(&self) -> Result<Option<Address>, SettingsError> {
        let parse = |text: &String| {
            posthouse_smtp::parse_address(text, true).map_err(|error| {
                SettingsError(format!("[node] postmaster \"{text}\" is not an address: {error}"))
            })
        };
        self.node.postmaster.as_ref().map(parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "[node]\nname = \"gw.example\"\ndata_dir = \"data\"\n";

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(text, Path::new("/etc/posthouse")).map_err(|error| error.0)
    }

    #[test]
    fn a_name_and_a_folder_are_enough() {
        let settings = parse(SMALLEST).unwrap();
        assert_eq!(settings.node.data_dir, Path::new("/etc/posthouse/data"));
        assert_eq!(settings.smtp.limits().message_bytes_max, 36 * 1024 * 1024);
        assert_eq!(settings.queue.schedule().glitch_delays.len(), 3);
        assert!(settings.dns.servers.is_none());
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_place() {
        let error = parse(&format!("{SMALLEST}[smtp]\nlisten_on = []\n")).unwrap_err();
        assert!(error.contains("listen_on") && error.contains('5'), "{error}");
    }

    #[test]
    fn flt_24_a_certificate_without_its_key_is_refused_by_name() {
        let error = parse(&format!("{SMALLEST}[smtp]\ncertificate = \"a.pem\"\n")).unwrap_err();
        assert!(error.contains("belong together"), "{error}");
    }

    #[test]
    fn a_certificate_of_the_personal_store_has_its_key_with_it() {
        let settings =
            parse(&format!("{SMALLEST}[smtp]\ncertificate = \"personal:mx\"\n")).unwrap();
        assert_eq!(settings.smtp.certificate.as_deref(), Some(Path::new("personal:mx")));
        let text = format!("{SMALLEST}[smtp]\ncertificate = \"personal:mx\"\nkey = \"mx.key\"\n");
        let error = parse(&text).unwrap_err();
        assert!(error.contains("leave it out"), "{error}");
    }

    #[test]
    fn an_empty_server_list_means_no_dns_at_all() {
        let settings = parse(&format!("{SMALLEST}[dns]\nservers = []\n")).unwrap();
        assert_eq!(settings.dns.servers.map(|servers| servers.len()), Some(0));
    }
}
