//! What the doctor saw, before anybody says what it means.
//!
//! Plain data, touches nothing. Peers' words are here as they came; they are made printable where
//! findings are written.

use std::net::SocketAddr;

use posthouse_lookup::{Answer, HttpAnswer, MailExchangers, Proof, Tlsa};
use posthouse_smtp::client::Capabilities;
use posthouse_smtp::reply_reader::RemoteReply;
use posthouse_types::{Address, ChainReport, UnixMillis};

use super::Target;
use super::dane::DaneMatch;
use super::dialogue::Line;
use crate::tls::{HandshakeFacts, HandshakeFailure};

/// Everything about one destination.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) target: Target,
    /// When it began.
    pub(super) started: UnixMillis,
    /// The certificate that was to be shown; `None` where none was given.
    pub(super) identity: Option<Timed<Result<Identified, String>>>,
    /// MX records; `None` for a smart host.
    pub(super) exchangers: Option<Timed<Answer<MailExchangers>>>,
    /// Addresses of each host that was looked up, in the order of preference.
    pub(super) addresses: Timed<Vec<HostAddresses>>,
    /// Connections tried, the last one with success where any was.
    pub(super) attempts: Vec<Attempt>,
    /// The dialogue with the server that was reached.
    pub(super) session: Option<Session>,
    /// The server's chain, examined against the roots.
    pub(super) server_chain: Option<ChainReport>,
    /// The same, asked for the server's name too.
    pub(super) server_name: Option<ChainReport>,
    /// Each TLS version, tried on a connection of its own where the session did not show it.
    pub(super) versions: Option<Timed<Vec<VersionTry>>>,
    /// The MTA-STS policy of the domain; `None` for a smart host.
    pub(super) policy: Option<Timed<PolicyFacts>>,
    /// TLSA records of the server that was reached.
    pub(super) dane: Option<Timed<DaneFacts>>,
    /// What was to be said in MAIL and RCPT.
    pub(super) wanted: Wanted,
}

/// A fact, and how long it took to learn it.
#[derive(Clone, Debug)]
pub(super) struct Timed<T> {
    pub(super) millis: u64,
    pub(super) value: T,
}

/// The certificate file that was given.
#[derive(Debug)]
pub(super) struct Identified {
    /// Its name as given.
    pub(super) file: String,
    /// What it holds, examined as a server with these roots would.
    pub(super) chain: ChainReport,
}

/// The addresses of one host.
#[derive(Debug)]
pub(super) struct HostAddresses {
    pub(super) host: String,
    pub(super) addresses: Answer<Vec<std::net::IpAddr>>,
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) host: String,
    pub(super) address: SocketAddr,
    pub(super) millis: u64,
    /// Why there is none.
    pub(super) failure: Option<String>,
}

/// What a server answered to one command, or that it did not.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) millis: u64,
    pub(super) answer: Result<RemoteReply, Silence>,
}

impl Heard {
    /// The answer, where it is of a class that begins with this digit.
    pub(super) fn of_class(&self, class: u16) -> Option<&RemoteReply> {
        self.answer.as_ref().ok().filter(|reply| reply.code / 100 == class)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The server closed the connection in order.
    Closed,
    /// The connection broke; a TLS alert stands here.
    Broke(String),
    /// Nothing came in time.
    TimedOut,
    /// What came is no SMTP.
    NotSmtp(String),
}

/// The answer to EHLO, or to HELO after it.
#[derive(Debug)]
pub(super) struct Hello {
    pub(super) heard: Heard,
    /// EHLO was refused and HELO was said.
    pub(super) by_helo: bool,
    pub(super) offered: Capabilities,
    /// The offers as they came, one a line.
    pub(super) offers: Vec<String>,
}

impl Hello {
    pub(super) fn is_good(&self) -> bool {
        self.heard.of_class(2).is_some()
    }
}

/// One SMTP session. A part that was not reached is `None`.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) host: String,
    pub(super) greeting: Heard,
    pub(super) hello: Option<Hello>,
    /// The answer to STARTTLS.
    pub(super) starttls: Option<Heard>,
    /// Octets came behind the answer to STARTTLS, before the handshake.
    pub(super) injected: bool,
    pub(super) handshake: Option<Timed<Result<HandshakeFacts, HandshakeFailure>>>,
    /// EHLO within TLS.
    pub(super) hello_again: Option<Hello>,
    pub(super) mail: Option<Heard>,
    pub(super) recipient: Option<Heard>,
    /// The answer to the message, or to DATA where it was refused.
    pub(super) message: Option<Heard>,
    pub(super) transcript: Vec<Line>,
}

impl Session {
    /// The handshake, where it succeeded.
    pub(super) fn tls(&self) -> Option<&HandshakeFacts> {
        self.handshake.as_ref()?.value.as_ref().ok()
    }
}

/// Whether a server speaks one version of TLS.
#[derive(Clone, Debug)]
pub(super) struct VersionTry {
    /// `TLSv1.2` or `TLSv1.3`.
    pub(super) version: &'static str,
    /// The cipher suite, or why there is no session.
    pub(super) outcome: Result<String, String>,
}

/// MTA-STS (RFC 8461), as far as it was followed.
#[derive(Debug)]
pub(super) struct PolicyFacts {
    pub(super) record: Answer<Vec<String>>,
    /// The policy file; `None` where no usable record announces one.
    pub(super) file: Option<Result<PolicyFile, String>>,
}

/// A fetched policy file, and the certificate of the server that gave it.
#[derive(Debug)]
pub(super) struct PolicyFile {
    /// Asked for the policy host's name.
    pub(super) chain: ChainReport,
    pub(super) answer: Result<HttpAnswer, String>,
}

/// DANE for SMTP (RFC 7672), as far as it was followed.
#[derive(Debug)]
pub(super) struct DaneFacts {
    pub(super) records: Answer<Vec<Tlsa>>,
    /// DNSSEC's word on the TLSA records, where there are any.
    pub(super) proof: Option<Proof>,
    /// DNSSEC's word on the MX records that led here, where there are any.
    pub(super) mx_proof: Option<Proof>,
    /// Whether the server's certificates match; `None` without a handshake.
    pub(super) matched: Option<DaneMatch>,
}

/// What was to be said.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// A sender was given; `None` within is the null sender.
    pub(super) sender: Option<Option<Address>>,
    pub(super) recipient: Option<Address>,
    pub(super) message: bool,
}
