//! DNS (RFC 1035) as facts: mail exchangers, addresses and texts of a name.
//!
//! May touch the name servers that it was given, nothing else. Never returns an error: a name
//! server that is down, slow or lying is the fact [`Answer::Failed`]. IP addresses, address
//! literals and `localhost` (RFC 6761 section 6.3) are answered without asking anybody.

mod dnssec;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use posthouse_types::{Domain, SHOWN_CHARACTERS_MAX, printable};

pub use dnssec::{Proof, ProofOf, TLSA_RECORDS_MAX, Tlsa};

/// Mail exchangers of one domain that are kept, best first. Large providers publish fewer than
/// ten; more would only make one delivery attempt longer.
pub const MX_MAX: usize = 50;

/// Addresses of one name that are kept.
pub const ADDRESSES_MAX: usize = 64;

/// Text records of one name that are kept. Their length is bounded by DNS: a whole message has
/// at most 64 KiB.
pub const TXT_RECORDS_MAX: usize = 64;

/// Waiting for one name server's answer: what resolv.conf(5) has as its default.
const QUERY_TIME_MAX: Duration = Duration::from_secs(5);

/// Waiting for one question in all, retries and further servers included.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(10);

/// One retry; a second one would not fit into [`QUESTION_TIME_MAX`].
const RETRIES: usize = 1;

/// Answers that the cache holds.
const CACHE_ANSWERS_MAX: u64 = 8_192;

/// No answer is believed for longer than a day, whatever its TTL says.
const POSITIVE_AGE_MAX: Duration = Duration::from_secs(86_400);

/// "There is no such name" is asked again after this time: it is what a mistake looks like while
/// somebody repairs it.
const NEGATIVE_AGE_MAX: Duration = Duration::from_secs(300);

/// What became of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The records; never empty.
    Found(T),
    /// The name does not exist (NXDOMAIN), or could not exist in DNS.
    NoSuchName,
    /// The name exists and has no record of this type.
    NoRecords,
    /// No usable answer: time over, SERVFAIL, refused, unreadable. The text is printable.
    Failed(String),
    /// This node is configured to use no DNS at all.
    NotAsked,
}

impl<T> Answer<T> {
    /// The records, where there are any.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(records) => Some(records),
            _ => None,
        }
    }
}

/// One mail exchanger (RFC 5321 section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mx {
    /// Lower is better.
    pub preference: u16,
    /// A host name in lower case without its final dot, or an IP address where the mail domain
    /// was an address literal.
    pub host: String,
}

/// What a domain's MX records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailExchangers {
    /// The hosts to try, lowest preference first; never empty.
    Hosts(Vec<Mx>),
    /// The domain accepts no mail: null MX (RFC 7505).
    NullMx,
}

/// Asks DNS. Cheap to clone: clones share one cache.
#[derive(Clone)]
pub struct Resolver {
    inner: Option<TokioResolver>,
    /// Who is asked, for the rare question whose answer has to be proven.
    servers: ResolverConfig,
    question_time_max: Duration,
}

impl Resolver {
    /// Uses the system's name servers and hosts file (`/etc/resolv.conf`, `/etc/hosts`), read
    /// once. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// What is wrong with `/etc/resolv.conf`.
    pub fn system() -> Result<Self, String> {
        let (config, options) = hickory_resolver::system_conf::read_system_conf()
            .map_err(|error| format!("/etc/resolv.conf: {error}"))?;
        // The system's search list is not taken over: a mail domain is always the whole name.
        let config = ResolverConfig::from_parts(None, Vec::new(), config.name_servers().to_vec());
        Ok(Self::build(config, bounded(options), QUESTION_TIME_MAX))
    }

    /// Uses these name servers, over UDP with TCP as the fallback. An empty list is
    /// [`Self::none`]. Must be called within a tokio runtime.
    pub fn with_servers(servers: &[SocketAddr]) -> Self {
        Self::with_servers_and_times(servers, QUERY_TIME_MAX, QUESTION_TIME_MAX)
    }

    /// Asks nobody: each question about a name is [`Answer::NotAsked`].
    pub fn none() -> Self {
        Self {
            inner: None,
            servers: ResolverConfig::from_name_servers(Vec::new()),
            question_time_max: QUESTION_TIME_MAX,
        }
    }

    fn with_servers_and_times(
        servers: &[SocketAddr],
        query_time_max: Duration,
        question_time_max: Duration,
    ) -> Self {
        if servers.is_empty() {
            return Self::none();
        }
        let servers = servers.iter().map(|server| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut to| {
                to.port = server.port();
                to
            });
            NameServerConfig::new(server.ip(), true, connections.to_vec())
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        let mut options = bounded(ResolverOpts::default());
        options.timeout = query_time_max;
        // Whoever names the servers wants their answers, not those of this machine's hosts file.
        options.use_hosts_file = ResolveHosts::Never;
        Self::build(config, options, question_time_max)
    }

    fn build(config: ResolverConfig, options: ResolverOpts, question_time_max: Duration) -> Self {
        let inner = asker(config.clone(), options);
        Self { inner: Some(inner), servers: config, question_time_max }
    }

    /// The same name servers, and each answer proven by DNSSEC from the root's key.
    fn validating(&self) -> Option<TokioResolver> {
        let mut options = self.inner.as_ref()?.options().clone();
        options.validate = true;
        Some(asker(self.servers.clone(), options))
    }

    /// Whether this resolver asks anybody.
    pub fn asks(&self) -> bool {
        self.inner.is_some()
    }

    /// The mail exchangers of a domain. [`Answer::NoRecords`] means that the domain's own
    /// addresses are to be tried (RFC 5321 section 5.1); that is left to the caller. At most
    /// [`MX_MAX`] hosts.
    pub async fn mx(&self, domain: &Domain) -> Answer<MailExchangers> {
        if let Some(address) = literal(domain.as_str()) {
            let host = address.to_string();
            return Answer::Found(MailExchangers::Hosts(vec![Mx { preference: 0, host }]));
        }
        let records = match self.ask(domain.as_str(), RecordType::MX).await {
            Answer::Found(records) => records,
            other => return other.without_records(),
        };
        let mut null = false;
        let mut hosts = Vec::new();
        for record in &records {
            if let RData::MX(mx) = &record.data {
                if mx.exchange.is_root() {
                    null = true;
                } else {
                    hosts.push(Mx { preference: mx.preference, host: host_text(&mx.exchange) });
                }
            }
        }
        // RFC 7505 section 3: a null MX stands alone. Beside real hosts it is a mistake of the
        // domain's owner, and the hosts are what was meant.
        match (hosts.is_empty(), null) {
            (true, true) => return Answer::Found(MailExchangers::NullMx),
            (true, false) => return Answer::NoRecords,
            (false, _) => {}
        }
        hosts.sort_by(|a, b| a.preference.cmp(&b.preference).then_with(|| a.host.cmp(&b.host)));
        hosts.dedup_by(|later, first| later.host == first.host);
        hosts.truncate(MX_MAX);
        Answer::Found(MailExchangers::Hosts(hosts))
    }

    /// The addresses of a host: A and AAAA, both asked at once, IPv4 first (a sender without a
    /// PTR record is refused more often over IPv6). At most [`ADDRESSES_MAX`].
    ///
    /// One of the two failing while the other finds nothing is a failure: the missing half may
    /// hold the address. The answer may be any address, this node's own included.
    pub async fn addresses(&self, host: &str) -> Answer<Vec<IpAddr>> {
        if let Some(address) = literal(host) {
            return Answer::Found(vec![address]);
        }
        if is_localhost(host) {
            return Answer::Found(vec![
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ]);
        }
        let (v4, v6) =
            tokio::join!(self.ask(host, RecordType::A), self.ask(host, RecordType::AAAA));
        let mut addresses = Vec::new();
        let mut nothing = Answer::NoRecords;
        for answer in [v4, v6] {
            match (answer, &nothing) {
                (Answer::Found(records), _) => addresses.extend(records.iter().filter_map(address)),
                // The gravest word about the name wins: failed, then not asked or absent.
                (_, Answer::Failed(_)) | (Answer::NoRecords, _) => {}
                (other, _) => nothing = other.without_records(),
            }
        }
        if addresses.is_empty() {
            return nothing;
        }
        addresses.truncate(ADDRESSES_MAX);
        Answer::Found(addresses)
    }

    /// The text records of a name, each with its strings joined (RFC 7208 section 3.3). Octets
    /// that are not UTF-8 become U+FFFD. At most [`TXT_RECORDS_MAX`].
    pub async fn txt(&self, name: &str) -> Answer<Vec<String>> {
        let records = match self.ask(name, RecordType::TXT).await {
            Answer::Found(records) => records,
            other => return other.without_records(),
        };
        let texts: Vec<String> = records.iter().filter_map(text).take(TXT_RECORDS_MAX).collect();
        if texts.is_empty() { Answer::NoRecords } else { Answer::Found(texts) }
    }

    async fn ask(&self, name: &str, record_type: RecordType) -> Answer<Vec<Record>> {
        // A text that is no name cannot exist in DNS; asking again later would not help.
        match Name::from_ascii(name) {
            Ok(name) => self.ask_name(name, record_type).await,
            Err(_) if !self.asks() => Answer::NotAsked,
            Err(_) => Answer::NoSuchName,
        }
    }

    /// The same for a name that may hold any octets, as SPF's macros make it: labels are taken as
    /// they are, without escapes.
    pub(crate) async fn ask_octets(
        &self,
        name: &str,
        record_type: RecordType,
    ) -> Answer<Vec<Record>> {
        let labels = name.strip_suffix('.').unwrap_or(name).split('.');
        match Name::from_labels(labels.map(str::as_bytes)) {
            Ok(name) => self.ask_name(name, record_type).await,
            Err(_) if !self.asks() => Answer::NotAsked,
            Err(_) => Answer::NoSuchName,
        }
    }

    async fn ask_name(&self, mut name: Name, record_type: RecordType) -> Answer<Vec<Record>> {
        let Some(inner) = &self.inner else {
            return Answer::NotAsked;
        };
        name.set_fqdn(true);
        let question = inner.lookup(name.clone(), record_type);
        match tokio::time::timeout(self.question_time_max, question).await {
            Ok(Ok(lookup)) if lookup.answers().is_empty() => Answer::NoRecords,
            Ok(Ok(lookup)) => Answer::Found(lookup.answers().to_vec()),
            Ok(Err(error)) => absence(&error, &name, record_type),
            Err(_) => failed(&name, record_type, &"no answer in time"),
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Resolver").field("asks", &self.asks()).finish_non_exhaustive()
    }
}

impl<T> Answer<T> {
    /// The same word about the name, for another type of records; `Found` has none left.
    pub(crate) fn without_records<U>(self) -> Answer<U> {
        match self {
            Self::Found(_) | Self::NoRecords => Answer::NoRecords,
            Self::NoSuchName => Answer::NoSuchName,
            Self::Failed(text) => Answer::Failed(text),
            Self::NotAsked => Answer::NotAsked,
        }
    }
}

#[expect(clippy::expect_used, reason = "depends on how this program was built alone")]
fn asker(config: ResolverConfig, options: ResolverOpts) -> TokioResolver {
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
        .expect("only DNS over TLS has settings that can fail, and it is not compiled in")
}

fn bounded(mut options: ResolverOpts) -> ResolverOpts {
    options.timeout = options.timeout.min(QUERY_TIME_MAX);
    options.attempts = RETRIES;
    options.cache_size = CACHE_ANSWERS_MAX;
    options.positive_max_ttl = Some(POSITIVE_AGE_MAX);
    options.negative_max_ttl = Some(NEGATIVE_AGE_MAX);
    options
}

/// An IP address as such, or as an address literal (RFC 5321 section 4.1.3).
fn literal(host: &str) -> Option<IpAddr> {
    let Some(inside) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return host.parse().ok();
    };
    let tag = "IPv6:";
    match inside.get(..tag.len()) {
        Some(start) if start.eq_ignore_ascii_case(tag) => {
            inside.get(tag.len()..)?.parse().ok().map(IpAddr::V6)
        }
        _ => inside.parse().ok().map(IpAddr::V4),
    }
}

fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    last.eq_ignore_ascii_case("localhost")
}

fn host_text(name: &Name) -> String {
    let mut host = name.to_lowercase().to_ascii();
    if host.ends_with('.') {
        host.pop();
    }
    host
}

fn address(record: &Record) -> Option<IpAddr> {
    match &record.data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        // The CNAMEs on the way.
        _ => None,
    }
}

pub(crate) fn text(record: &Record) -> Option<String> {
    match &record.data {
        RData::TXT(txt) => {
            let joined: Vec<u8> =
                txt.txt_data.iter().flat_map(|piece| piece.iter().copied()).collect();
            Some(String::from_utf8_lossy(&joined).into_owned())
        }
        _ => None,
    }
}

fn absence<T>(error: &NetError, name: &Name, record_type: RecordType) -> Answer<T> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Answer::NoSuchName,
            ResponseCode::NoError => Answer::NoRecords,
            code => failed(name, record_type, &code),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain)) => Answer::NoSuchName,
        NetError::Dns(DnsError::ResponseCode(code)) => failed(name, record_type, code),
        NetError::Timeout => failed(name, record_type, &"no answer in time"),
        other => failed(name, record_type, other),
    }
}

fn failed<T>(name: &Name, record_type: RecordType, why: &dyn fmt::Display) -> Answer<T> {
    let name = printable(&host_text(name), SHOWN_CHARACTERS_MAX);
    let why = printable(&why.to_string(), SHOWN_CHARACTERS_MAX);
    Answer::Failed(format!("DNS query for {record_type} of {name} failed: {why}"))
}
