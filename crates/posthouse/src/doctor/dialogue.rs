//! One SMTP session as a sender begins it, one command at a time, each answer heard and timed.
//!
//! May touch the connection that it is given. Unlike the delivery's client it never pipelines and
//! goes on where a sender would give up: what the server says next is what is wanted. Ends without
//! DATA unless a message is asked for. Whatever goes wrong becomes a [`Silence`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use posthouse_smtp::client::Capabilities;
use posthouse_smtp::reply_reader::ReplyReader;
use posthouse_types::{Address, printable};
use tokio::net::TcpStream;

use super::ANSWER_TIME_MAX;
use super::facts::{Heard, Hello, Session, Silence, Timed, Wanted};
use crate::tls::{ClientIdentity, ClientTls};
use crate::wire::{ReadOutcome, Wire};

/// Lines of the transcript that are kept: an honest session has about thirty.
const LINES_MAX: usize = 400;

/// Characters of one line of the transcript that are kept.
const LINE_CHARACTERS_MAX: usize = 512;

/// Waiting for octets that came in clear behind the answer to STARTTLS: those that an attacker
/// put there are in the same segment, or right behind it.
const INJECTION_WAIT: Duration = Duration::from_millis(20);

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// This side.
    Us,
    /// The server.
    Server,
    /// Neither: something happened.
    Event,
}

/// One line of the transcript, printable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Who said it.
    pub(super) speaker: Speaker,
    /// What.
    pub(super) text: String,
}

/// Whom a session is with, and how it is led.
pub(super) struct Terms<'a> {
    /// The server's name as routed to, for SNI.
    pub(super) host: &'a str,
    pub(super) address: SocketAddr,
    /// What EHLO says.
    pub(super) helo: &'a str,
    pub(super) tls: &'a Arc<ClientTls>,
    pub(super) identity: Option<&'a ClientIdentity>,
    pub(super) wanted: &'a Wanted,
    /// The message to send, where one is wanted: CRLF line ends, no line begins with a dot.
    pub(super) message: &'a str,
}

/// Leads a whole session, up to the envelope's answers and QUIT.
pub(super) async fn session(stream: TcpStream, terms: &Terms<'_>) -> Session {
    let mut talk = Talk::new(stream);
    let greeting = talk.hear().await;
    let mut session = Session {
        host: terms.host.to_owned(),
        greeting,
        hello: None,
        starttls: None,
        injected: false,
        handshake: None,
        hello_again: None,
        mail: None,
        recipient: None,
        message: None,
        transcript: Vec::new(),
    };
    lead(&mut talk, terms, &mut session).await;
    session.transcript = talk.leave().await;
    session
}

/// Everything between greeting and QUIT; returns where nothing further can be said.
async fn lead(talk: &mut Talk, terms: &Terms<'_>, session: &mut Session) {
    if session.greeting.of_class(2).is_none() {
        return;
    }
    let hello = session.hello.insert(talk.hello(terms.helo).await);
    if !hello.is_good() {
        return;
    }
    let mut offered = hello.offered.clone();
    if offered.starttls {
        let answer = session.starttls.insert(talk.ask("STARTTLS").await);
        if answer.of_class(2).is_some() {
            session.injected = talk.has_more().await;
            let shaken = talk.start_tls(terms).await;
            let succeeded = shaken.value.is_ok();
            session.handshake = Some(shaken);
            if !succeeded {
                return;
            }
            let hello = session.hello_again.insert(talk.hello(terms.helo).await);
            if !hello.is_good() {
                return;
            }
            offered = hello.offered.clone();
        }
    }
    envelope(talk, terms, &offered, session).await;
}

async fn envelope(
    talk: &mut Talk,
    terms: &Terms<'_>,
    offered: &Capabilities,
    session: &mut Session,
) {
    let Wanted { sender: Some(sender), recipient, message } = terms.wanted else { return };
    let shown = sender.as_ref().map(ToString::to_string).unwrap_or_default();
    let needs_utf8 = [sender.as_ref(), recipient.as_ref()].into_iter().flatten();
    let needs_utf8 = needs_utf8.into_iter().any(Address::needs_smtputf8);
    let utf8 = if needs_utf8 && offered.smtputf8 { " SMTPUTF8" } else { "" };
    let mail = session.mail.insert(talk.ask(&format!("MAIL FROM:<{shown}>{utf8}")).await);
    let (Some(_), Some(recipient)) = (mail.of_class(2), recipient) else { return };
    let answer = session.recipient.insert(talk.ask(&format!("RCPT TO:<{recipient}>")).await);
    if answer.of_class(2).is_none() || !message {
        return;
    }
    let go_ahead = talk.ask("DATA").await;
    if go_ahead.of_class(3).is_none() {
        session.message = Some(go_ahead);
        return;
    }
    session.message = Some(talk.send_message(terms.message).await);
}

/// Shakes hands on a fresh connection and leaves: whether the server speaks what `terms.tls` does.
///
/// # Errors
/// What stood in the way.
pub(super) async fn handshake_only(
    stream: TcpStream,
    terms: &Terms<'_>,
) -> Result<(&'static str, String), String> {
    let mut talk = Talk::new(stream);
    let shaken = async {
        let refused = |heard: &Heard| match &heard.answer {
            Ok(reply) => printable(&reply.to_string(), LINE_CHARACTERS_MAX),
            Err(silence) => silence.to_string(),
        };
        let greeting = talk.hear().await;
        greeting.of_class(2).ok_or_else(|| refused(&greeting))?;
        let hello = talk.hello(terms.helo).await;
        hello.heard.of_class(2).ok_or_else(|| refused(&hello.heard))?;
        let starttls = talk.ask("STARTTLS").await;
        starttls.of_class(2).ok_or_else(|| refused(&starttls))?;
        let facts = talk.start_tls(terms).await.value.map_err(|failure| failure.text)?;
        Ok((facts.version, facts.cipher))
    }
    .await;
    talk.leave().await;
    shaken
}

/// A connection, and what was said on it.
struct Talk {
    wire: Wire,
    reader: ReplyReader,
    lines: Vec<Line>,
    /// Nothing more can be said.
    is_over: bool,
}

impl Talk {
    fn new(stream: TcpStream) -> Self {
        // Commands are written whole: waiting to fill a segment only adds latency.
        let _ = stream.set_nodelay(true);
        let (wire, reader) = (Wire::plain(stream), ReplyReader::default());
        Self { wire, reader, lines: Vec::new(), is_over: false }
    }

    /// EHLO, and HELO where the server does not know it (RFC 5321 section 3.2).
    async fn hello(&mut self, name: &str) -> Hello {
        let heard = self.ask(&format!("EHLO {name}")).await;
        if heard.of_class(5).is_some() {
            let heard = self.ask(&format!("HELO {name}")).await;
            let (offered, offers) = (Capabilities::default(), Vec::new());
            return Hello { heard, by_helo: true, offered, offers };
        }
        let reply = heard.of_class(2);
        let offered = reply.map(Capabilities::from_reply).unwrap_or_default();
        let offers = reply.into_iter().flat_map(|reply| reply.offers().map(str::to_owned));
        Hello { offers: offers.collect(), offered, by_helo: false, heard }
    }

    async fn ask(&mut self, command: &str) -> Heard {
        self.note(Speaker::Us, command);
        let line = format!("{command}\r\n");
        self.say(line.as_bytes()).await
    }

    async fn send_message(&mut self, message: &str) -> Heard {
        self.note(Speaker::Event, &format!("{} octets of message", message.len()));
        self.say(format!("{message}.\r\n").as_bytes()).await
    }

    async fn say(&mut self, octets: &[u8]) -> Heard {
        let start = Instant::now();
        if let Ok(Err(_)) | Err(_) =
            tokio::time::timeout(ANSWER_TIME_MAX, self.wire.write(octets)).await
        {
            // A server that closes on us may have said why; that is worth more than the failure.
            tracing::debug!("a command could not be written");
        }
        let mut heard = self.hear().await;
        heard.millis = millis(start);
        heard
    }

    /// Waits for one whole reply.
    async fn hear(&mut self) -> Heard {
        let start = Instant::now();
        let answer = self.next_reply(start).await;
        match &answer {
            Ok(reply) => {
                let lines: Vec<String> = reply.raw_lines().to_vec();
                lines.iter().for_each(|line| self.note(Speaker::Server, line));
            }
            Err(silence) => {
                self.is_over = true;
                let text = silence.to_string();
                self.note(Speaker::Event, &text);
            }
        }
        Heard { millis: millis(start), answer }
    }

    async fn next_reply(
        &mut self,
        start: Instant,
    ) -> Result<posthouse_smtp::reply_reader::RemoteReply, Silence> {
        loop {
            match self.reader.next_reply() {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(fault) => return Err(Silence::NotSmtp(fault.to_string())),
            }
            // The whole answer has this time, however it trickles.
            match self.wire.read(ANSWER_TIME_MAX.saturating_sub(start.elapsed())).await {
                ReadOutcome::Bytes(bytes) => self.reader.push(bytes),
                ReadOutcome::TimedOut => return Err(Silence::TimedOut),
                ReadOutcome::Closed => {
                    let broke = self.wire.ended_by().map(str::to_owned);
                    return Err(broke.map_or(Silence::Closed, Silence::Broke));
                }
            }
        }
    }

    /// Whether the server has said more than it was asked: in clear, behind its 220 to STARTTLS,
    /// that is a fault which an attacker can use (CVE-2021-38371 and its like).
    async fn has_more(&mut self) -> bool {
        if !self.reader.is_empty() {
            return true;
        }
        matches!(self.wire.read(INJECTION_WAIT).await, ReadOutcome::Bytes(_))
    }

    async fn start_tls(
        &mut self,
        terms: &Terms<'_>,
    ) -> Timed<Result<crate::tls::HandshakeFacts, crate::tls::HandshakeFailure>> {
        // What was said in clear counts no more (RFC 3207 section 4.2).
        self.reader.clear();
        let start = Instant::now();
        let value = self.wire.start_tls_client(terms.tls, terms.host, terms.identity).await;
        let text = match &value {
            Ok(facts) => {
                let (got, sent) = (facts.presented.len(), facts.sent.len());
                let (version, cipher) = (facts.version, &facts.cipher);
                format!("{version} {cipher}; {got} certificates received, {sent} sent")
            }
            Err(failure) => format!("TLS failed: {}", failure.text),
        };
        self.is_over = value.is_err();
        self.note(Speaker::Event, &text);
        Timed { millis: millis(start), value }
    }

    /// Says QUIT where anybody listens, and gives the transcript.
    async fn leave(mut self) -> Vec<Line> {
        if !self.is_over {
            self.ask("QUIT").await;
        }
        self.wire.close().await;
        self.lines
    }

    fn note(&mut self, speaker: Speaker, text: &str) {
        if self.lines.len() < LINES_MAX {
            self.lines.push(Line { speaker, text: printable(text, LINE_CHARACTERS_MAX) });
        }
    }
}

pub(super) fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
