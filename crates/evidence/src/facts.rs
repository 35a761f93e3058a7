//! What files say, before anybody judges: sessions, events, reports, and notes on what could not
//! be read. Plain data; a test may build it by hand.

use std::sync::Arc;

use posthouse_types::{UnixMillis, printable};

use crate::limits::{PROOF_CHARACTERS_MAX, VALUE_CHARACTERS_MAX};

/// One line of evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, from 1; in an .evtx file the event's record id.
    pub line: u64,
    /// What it says, printable and cut.
    pub text: String,
}

impl Proof {
    /// A line's words, made safe to show.
    pub fn new(file: &Arc<str>, line: u64, text: &str) -> Self {
        let text = printable(text.trim(), PROOF_CHARACTERS_MAX);
        Self { file: Arc::clone(file), line, text }
    }
}

/// Something that a file did not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// What is wrong with it, and what to do.
    pub text: String,
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Exchange's SMTP send or receive protocol log.
    ExchangeLog,
    /// An IIS log in W3C extended format.
    IisLog,
    /// Windows events as XML.
    EventXml,
    /// Windows events as the event log service keeps them.
    Evtx,
    /// A message: a delivery report.
    Report,
    /// Text of another kind, searched for replies.
    Text,
    /// Nothing that can be read.
    Unreadable,
}

impl FileKind {
    /// The kind's id, as in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::ExchangeLog => "exchange-protocol-log",
            Self::IisLog => "iis-w3c-log",
            Self::EventXml => "event-xml",
            Self::Evtx => "evtx",
            Self::Report => "report",
            Self::Text => "text",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// As it was named.
    pub name: Arc<str>,
    /// What it is, by its content.
    pub kind: FileKind,
    /// Lines, events or reports in it.
    pub entries: u64,
}

/// Everything the files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The files, in the order given.
    pub files: Vec<FileRead>,
    /// Kinds of SMTP sessions, each with its latest session.
    pub sessions: Vec<Session>,
    /// Kinds of Windows events, each with its latest.
    pub events: Vec<Event>,
    /// Replies quoted in delivery reports and other texts.
    pub reports: Vec<Report>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

/// What became of TLS in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tls {
    /// The client did not ask for it.
    #[default]
    NotTried,
    /// The server refused it.
    Refused,
    /// The server agreed; the log does not say how it ended.
    Begun,
    /// It is in use.
    Succeeded,
    /// The handshake failed, with this error.
    Failed(String),
}

/// A certificate as a protocol log shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggedCertificate {
    /// Subject, in the log's own form.
    pub subject: String,
    /// Issuer, likewise.
    pub issuer: String,
    /// SHA-1, upper-case hexadecimal.
    pub thumbprint: String,
    /// DNS names, lower-case.
    pub names: Vec<String>,
    /// The lines that show it.
    pub proof: Vec<Proof>,
}

/// A reply that refused or postponed something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// Code, status and text of all lines, in one.
    pub text: String,
    /// Its lines.
    pub proof: Vec<Proof>,
}

/// SMTP sessions of one kind: alike but for their time. Times and lines are the latest one's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// How many there were.
    pub count: u64,
    /// The first one's start.
    pub first: Option<UnixMillis>,
    /// The latest one's start.
    pub last: Option<UnixMillis>,
    /// The log says what happened beside the dialogue: certificates and TLS.
    pub is_verbose: bool,
    /// The log is the receiving server's own.
    pub is_receiving: bool,
    /// The connector's name; empty where the log has none.
    pub connector: String,
    /// The server's name, from its greeting; lower-case.
    pub host: String,
    /// The server's `ip:port` (in a receive log, the client's).
    pub remote: String,
    /// The client's address: as the server greets it, else as the log has it.
    pub source: String,
    /// The server offered STARTTLS; `None` where its EHLO reply was not logged.
    pub offers_tls: Option<bool>,
    /// What became of TLS.
    pub tls: Tls,
    /// The lines on TLS.
    pub tls_proof: Vec<Proof>,
    /// The certificate of the client: the one a connector looks at.
    pub client_certificate: Option<LoggedCertificate>,
    /// The certificate of the server.
    pub server_certificate: Option<LoggedCertificate>,
    /// Where the session began.
    pub opened: Option<Proof>,
    /// What was refused.
    pub failures: Vec<Failure>,
    /// A message or recipient was taken: the line that says so.
    pub accepted: Option<Proof>,
    /// Message-IDs, and references in brackets of replies.
    pub links: Vec<String>,
}

/// Windows events of one kind: alike but for their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// How many there were.
    pub count: u64,
    /// The latest one's time.
    pub time: Option<UnixMillis>,
    /// Provider's name.
    pub provider: String,
    /// Event id.
    pub id: u32,
    /// The policy that was asked, as `CERT_CHAIN_POLICY_SSL`.
    pub policy: String,
    /// Short name of the certificate.
    pub subject: String,
    /// Its SHA-1, upper-case hexadecimal.
    pub thumbprint: String,
    /// The result code; `None` where the event has none.
    pub result: Option<u32>,
    /// The program, as `lsass.exe`.
    pub process: String,
    /// Thumbprints of the certificates that came with the leaf.
    pub additional: Vec<String>,
    /// The chain that was built, leaf first.
    pub chain: Vec<ChainedCertificate>,
    /// The chain's error bits.
    pub chain_error: u32,
    /// The cause that a posthouse node wrote into its event.
    pub stated_reason: String,
    /// Subject of the certificate that it says is missing.
    pub missing: String,
    /// Where that one can be had.
    pub get: Vec<String>,
    /// What else it says (events that are no CAPI2's).
    pub text: String,
    /// The line with its result.
    pub proof: Option<Proof>,
}

/// One element of a chain that Windows built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainedCertificate {
    /// Its short name.
    pub subject: String,
    /// SHA-1, upper-case hexadecimal.
    pub thumbprint: String,
    /// Trust status, error bits.
    pub error: u32,
    /// Trust status, information bits.
    pub information: u32,
}

/// A reply as a delivery report or another text quotes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// When: the last attempt, else the report's own date.
    pub time: Option<UnixMillis>,
    /// The server that wrote it.
    pub reporter: String,
    /// The server that is quoted.
    pub remote: String,
    /// The failure.
    pub failure: Failure,
    /// Message-ID and references in brackets.
    pub links: Vec<String>,
    /// The reason id that a posthouse node wrote beside it.
    pub stated_reason: String,
}

/// A value of a file: without controls at its ends, cut.
pub(crate) fn value(text: &str) -> String {
    text.trim().chars().take(VALUE_CHARACTERS_MAX).collect()
}
