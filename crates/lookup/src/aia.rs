//! An issuer's certificate from where a certificate says that it can be had (authority information
//! access, RFC 5280 section 4.2.2.1).
//!
//! May touch public addresses, port 80, plain HTTP: whoever makes certificates chooses these
//! addresses, and none of them may lead into our own network. The address that is connected to is
//! the very one that was judged, so that a name which resolves differently the second time gains
//! nothing. What comes back is a stranger's claim; whether it is the issuer is `pki`'s to say.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use posthouse_types::{SHOWN_CHARACTERS_MAX, printable};
use tokio::net::TcpStream;

use crate::{Answer, HttpAnswer, Resolver, http_get};

/// Octets of one answer: a certificate has two kilobytes, a .p7c of several below twenty.
pub const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;

/// One fetch in all: DNS, connection, redirects and answer.
const FETCH_TIME_MAX: Duration = Duration::from_secs(3);

/// Longest address that is followed, in octets.
const URL_BYTES_MAX: usize = 1024;

/// Redirects of one fetch. CAs have none, or one after a move.
const REDIRECTS_MAX: usize = 2;

/// Addresses of one host that are tried; the time is over after a few anyway.
const ADDRESSES_TRIED_MAX: usize = 3;

/// HTTP's port.
const HTTP_PORT: u16 = 80;

/// Why nothing was fetched: printable, one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiaError(pub String);

impl fmt::Display for AiaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for AiaError {}

/// Whether this machine itself may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// No: what production does.
    Refused,
    /// Yes, on any port: for tests, by a setting that says so.
    Allowed,
}

/// Fetches issuers' certificates.
#[derive(Clone, Debug)]
pub struct AiaFetcher {
    resolver: Resolver,
    loopback: Loopback,
    time_max: Duration,
}

impl AiaFetcher {
    /// A fetcher that finds hosts by this resolver.
    pub fn new(resolver: Resolver, loopback: Loopback) -> Self {
        Self { resolver, loopback, time_max: FETCH_TIME_MAX }
    }

    /// Gets what an address leads to: at most [`CERTIFICATE_BYTES_MAX`], in 3 seconds in all.
    ///
    /// # Errors
    /// The address leads to where nobody is asked (another scheme or port, a private, loopback,
    /// link-local or otherwise special address, another host by redirect), or the host gave
    /// nothing usable.
    pub async fn fetch(&self, address: &str) -> Result<Vec<u8>, AiaError> {
        let fetch = self.fetch_following(address);
        match tokio::time::timeout(self.time_max, fetch).await {
            Ok(result) => result.map_err(AiaError),
            Err(_) => Err(AiaError(format!("no answer within {} s", self.time_max.as_secs()))),
        }
    }

    async fn fetch_following(&self, address: &str) -> Result<Vec<u8>, String> {
        let mut target = Target::parse(address)?;
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.get(&target).await?;
            match (answer.status, answer.location) {
                (200, _) => return Ok(answer.body),
                (301..=303 | 307 | 308, Some(location)) => target = target.redirected(&location)?,
                (status, _) => return Err(format!("the server answered with status {status}")),
            }
        }
        Err(format!("more than {REDIRECTS_MAX} redirects"))
    }

    /// One request, to an address that is judged anew each time.
    async fn get(&self, target: &Target) -> Result<HttpAnswer, String> {
        let addresses = match self.resolver.addresses(&target.host).await {
            Answer::Found(addresses) => addresses,
            Answer::NoSuchName | Answer::NoRecords => {
                return Err("its host has no address in DNS".to_owned());
            }
            Answer::Failed(why) => return Err(why),
            Answer::NotAsked => {
                return Err(
                    "its host needs DNS, and this node asks none: set [dns] servers".to_owned()
                );
            }
        };
        let permitted = addresses.iter().filter(|ip| self.is_permitted(**ip, target.port));
        let mut failure = None;
        for ip in permitted.take(ADDRESSES_TRIED_MAX) {
            let address = SocketAddr::new(*ip, target.port);
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let (host, path) = (&target.authority, &target.path);
                    return http_get(stream, host, path, CERTIFICATE_BYTES_MAX, self.time_max)
                        .await;
                }
                Err(error) => failure = Some(format!("cannot connect to {address}: {error}")),
            }
        }
        Err(failure.unwrap_or_else(|| self.refusal(&addresses, target.port)))
    }

    fn is_permitted(&self, ip: IpAddr, port: u16) -> bool {
        let is_test = self.loopback == Loopback::Allowed && ip.to_canonical().is_loopback();
        is_test || port == HTTP_PORT && is_public(ip)
    }

    fn refusal(&self, addresses: &[IpAddr], port: u16) -> String {
        match addresses.iter().find(|ip| !is_public(**ip)) {
            Some(ip) => {
                format!("it leads to {ip}, which is no public address: nobody is asked there")
            }
            None => format!("it names port {port}: only port {HTTP_PORT} is asked"),
        }
    }
}

/// An `http` address taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    /// As it stands in the Host field: with brackets and port.
    authority: String,
    /// For the resolver: a name or an address.
    host: String,
    port: u16,
    /// From the first slash on, without the fragment.
    path: String,
}

impl Target {
    fn parse(address: &str) -> Result<Self, String> {
        // No octet of it may end the request's line, or look like another one to somebody.
        if address.len() > URL_BYTES_MAX || !address.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err("it is no address that can be asked".to_owned());
        }
        let (scheme, rest) = address.split_once("://").unwrap_or((address, ""));
        if !scheme.eq_ignore_ascii_case("http") {
            let scheme = scheme.split(':').next().unwrap_or_default();
            let scheme = printable(scheme, SHOWN_CHARACTERS_MAX);
            return Err(format!("it is {scheme}, and only http is fetched"));
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let (host, port) = host_and_port(authority).ok_or("its host cannot be read")?;
        Ok(Self { authority: authority.to_owned(), host, port, path })
    }

    /// Where a redirect leads: within the same host only.
    fn redirected(&self, location: &str) -> Result<Self, String> {
        let absolute = if location.starts_with('/') && !location.starts_with("//") {
            format!("http://{}{location}", self.authority)
        } else {
            location.to_owned()
        };
        let target =
            Self::parse(&absolute).map_err(|why| format!("it redirects, and there {why}"))?;
        if (&target.host, target.port) == (&self.host, self.port) {
            Ok(target)
        } else {
            let other = printable(&target.authority, SHOWN_CHARACTERS_MAX);
            Err(format!("it redirects to another host, {other}: nobody is asked there"))
        }
    }
}

fn host_and_port(authority: &str) -> Option<(String, u16)> {
    // Names and passwords in an address have no use here but to deceive.
    if authority.contains('@') {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            let address: Ipv6Addr = inside.parse().ok()?;
            (address.to_string(), after.strip_prefix(':').or(after.is_empty().then_some("")))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
            None => (authority.to_ascii_lowercase(), Some("")),
        },
    };
    let port = match port? {
        "" => HTTP_PORT,
        digits => digits.parse().ok()?,
    };
    let is_address = host.parse::<IpAddr>().is_ok();
    // `127.1`, `0x7f000001` and `2130706433` are addresses to some resolvers and names to others.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_name = last.starts_with(|first: char| first.is_ascii_alphabetic());
    (is_address || is_name).then_some((host, port))
}

/// Whether an address belongs to somebody on the Internet: none of the IANA special-purpose
/// registries (RFC 6890 and its updates), where our own network and its services are.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => {
            let [first, second, third, fourth, fifth, sixth, seventh, eighth] = ip.segments();
            // Through a NAT64 (RFC 6052) it is the IPv4 address inside that is reached.
            if [first, second, third, fourth, fifth, sixth] == [0x64, 0xff9b, 0, 0, 0, 0] {
                let [a, b] = seventh.to_be_bytes();
                let [c, d] = eighth.to_be_bytes();
                return is_public_v4(Ipv4Addr::new(a, b, c, d));
            }
            let is_global_unicast = first & 0xe000 == 0x2000;
            let is_special = match first {
                // Teredo, ORCHID, benchmarking and others; documentation.
                0x2001 => second < 0x200 || second == 0xdb8,
                // 6to4 leads to the IPv4 address inside; documentation again.
                0x2002 => true,
                0x3fff => second < 0x1000,
                _ => false,
            };
            is_global_unicast && !is_special
        }
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = match a {
        0 | 10 | 127 | 224.. => true,
        100 => b & 0xc0 == 64,
        169 => b == 254,
        172 => b & 0xf0 == 16,
        192 => b == 168 || b == 0 && (c == 0 || c == 2) || b == 88 && c == 99,
        198 => b & 0xfe == 18 || b == 51 && c == 100,
        203 => b == 0 && c == 113,
        _ => false,
    };
    !is_special
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::{Message, OpCode};
    use hickory_resolver::proto::rr::rdata::{A, AAAA};
    use hickory_resolver::proto::rr::{RData, Record, RecordType};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, UdpSocket};

    use super::*;

    /// A server on loopback that says this to everybody; `{}` becomes its own port.
    async fn server(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let length = stream.read(&mut request).await.unwrap();
                let is_second = request[..length].starts_with(b"GET /there ");
                let here = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nDER!";
                let answer = if is_second { here } else { answer };
                let answer = answer.replace("{}", &port.to_string());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        port
    }

    /// A name server that gives every name these addresses, by its first label.
    async fn name_server() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut packet = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                let query = Message::from_vec(&packet[..length]).unwrap();
                let question = query.queries.first().unwrap().clone();
                let mut response = Message::response(query.metadata.id, OpCode::Query);
                response.add_query(question.clone());
                let label = question.name().to_ascii().split('.').next().unwrap().to_owned();
                let data = match (label.as_str(), question.query_type()) {
                    ("metadata", RecordType::A) => Some(RData::A(A::new(169, 254, 169, 254))),
                    ("inside", RecordType::A) => Some(RData::A(A::new(10, 1, 2, 3))),
                    ("rebound", RecordType::AAAA) => Some(RData::AAAA(AAAA(Ipv6Addr::LOCALHOST))),
                    ("mapped", RecordType::AAAA) => {
                        Some(RData::AAAA(AAAA(Ipv4Addr::LOCALHOST.to_ipv6_mapped())))
                    }
                    _ => None,
                };
                response.add_answers(
                    data.map(|data| Record::from_rdata(question.name().clone(), 60, data)),
                );
                socket.send_to(&response.to_vec().unwrap(), from).await.unwrap();
            }
        });
        address
    }

    fn fetcher(loopback: Loopback) -> AiaFetcher {
        AiaFetcher::new(Resolver::none(), loopback)
    }

    async fn refused(fetcher: &AiaFetcher, address: &str, why: &str) {
        let error = fetcher.fetch(address).await.unwrap_err().0;
        assert!(error.contains(why), "{address}: {error}");
    }

    #[tokio::test]
    async fn tls_05_an_address_inside_our_network_is_never_asked() {
        let fetcher = fetcher(Loopback::Refused);
        for host in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "192.0.0.170",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.251",
            "240.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "localhost",
            "printer.localhost.",
        ] {
            refused(&fetcher, &format!("http://{host}/ca.cer"), "no public address").await;
        }
    }

    #[tokio::test]
    async fn tls_05_only_plain_http_on_its_port_is_asked() {
        let fetcher = fetcher(Loopback::Refused);
        for (address, why) in [
            ("https://8.8.8.8/ca.cer", "https, and only http"),
            ("ldap:///CN=CA,DC=example?cACertificate", "ldap, and only http"),
            ("file:///etc/passwd", "file, and only http"),
            ("gopher://8.8.8.8/", "gopher, and only http"),
            ("data:;base64,AAAA", "only http"),
            ("//8.8.8.8/", "only http"),
            ("", "only http"),
            ("http://8.8.8.8:22/", "port 22"),
            ("http://8.8.8.8:443/", "port 443"),
            ("http://8.8.8.8:65536/", "cannot be read"),
            ("http://user@8.8.8.8/", "cannot be read"),
            ("http://8.8.8.8:80@127.0.0.1/", "cannot be read"),
            ("http://2130706433/", "cannot be read"),
            ("http://0x7f000001/", "cannot be read"),
            ("http://127.1/", "cannot be read"),
            ("http://[::1/", "cannot be read"),
            ("http:///path", "cannot be read"),
            ("http://a.example/\r\nHost: inside", "no address that can be asked"),
            ("http://a.example/ b", "no address that can be asked"),
            ("http://m\u{fc}ller.example/", "no address that can be asked"),
            ("http://pki.example/ca.cer", "this node asks none"),
        ] {
            refused(&fetcher, address, why).await;
        }
        let long = format!("http://a.example/{}", "x".repeat(URL_BYTES_MAX));
        refused(&fetcher, &long, "no address that can be asked").await;
    }

    #[tokio::test]
    async fn tls_05_a_name_that_leads_inside_is_not_followed_there() {
        let resolver = Resolver::with_servers(&[name_server().await]);
        let fetcher = AiaFetcher::new(resolver, Loopback::Refused);
        for name in ["metadata", "inside", "rebound", "mapped"] {
            refused(&fetcher, &format!("http://{name}.example/"), "no public address").await;
        }
        refused(&fetcher, "http://nothing.example/", "no address in DNS").await;
    }

    #[tokio::test]
    async fn tls_05_a_redirect_stays_on_its_host() {
        let fetcher = fetcher(Loopback::Allowed);
        for (answer, why) in [
            ("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n", "another host, 10.0.0.1"),
            ("HTTP/1.1 301 Moved\r\nLocation: //10.0.0.1/\r\n\r\n", "only http"),
            ("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "another host"),
            ("HTTP/1.1 308 Moved\r\nLocation: file:///etc/passwd\r\n\r\n", "file, and only http"),
            ("HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n", "more than 2 redirects"),
            ("HTTP/1.1 302 Found\r\n\r\n", "status 302"),
        ] {
            let port = server(answer).await;
            refused(&fetcher, &format!("http://127.0.0.1:{port}/"), why).await;
        }
        for location in ["/there", "http://127.0.0.1:{}/there"] {
            let answer = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n");
            let port = server(answer.leak()).await;
            let address = format!("http://127.0.0.1:{port}/");
            assert_eq!(fetcher.fetch(&address).await.unwrap(), b"DER!");
        }
    }

    #[tokio::test]
    async fn tls_05_size_and_time_are_bounded() {
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(CERTIFICATE_BYTES_MAX + 1));
        let port = server(long.leak()).await;
        let whole = fetcher(Loopback::Allowed);
        refused(&whole, &format!("http://127.0.0.1:{port}/"), "longer than").await;
        refused(&whole, "http://127.0.0.1:1/", "cannot connect").await;

        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", silent.local_addr().unwrap());
        let impatient = AiaFetcher { time_max: Duration::from_millis(50), ..whole };
        refused(&impatient, &address, "answer within").await;
    }

    #[tokio::test]
    async fn what_a_server_refuses_is_said_with_its_status() {
        let port = server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        let fetcher = fetcher(Loopback::Allowed);
        refused(&fetcher, &format!("http://127.0.0.1:{port}/ca.cer"), "status 404").await;
    }

    #[test]
    fn public_addresses_are_public() {
        for address in [
            "8.8.8.8",
            "100.128.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "198.20.0.1",
            "2a00:1450::1",
            "2001:4860::8888",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
