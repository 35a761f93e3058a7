//! The client's side of an SMTP session (RFC 5321): one connection, many transactions.
//!
//! Touches nothing: the caller moves the bytes, does the TLS handshake and keeps the time. A
//! transaction that was begun ends in exactly one [`ClientStep::Finished`], however the
//! connection ends; "delivered" is said only after the server's 2yz to the final dot.

mod answers;
mod capabilities;
mod envelope;
mod log;
mod options;
mod outcome;

use std::collections::VecDeque;
use std::sync::Arc;

use posthouse_types::{Reason, UnixMillis};

pub use capabilities::{Capabilities, SizeOffer};
pub use log::{LogDirection, LogLine};
pub use options::{ClientOptions, ClientTimeouts, TlsWish, Transaction};
pub use outcome::{RecipientOutcome, SessionFailure};

use crate::reply_reader::{RemoteReply, ReplyReader};
use answers::BYTES_BEFORE_HANDSHAKE;
use envelope::{Envelope, EnvelopeCommand};
use log::Log;
use outcome::{Doubt, refusal_reason};

/// The client's side of one connection. See [`ClientStep`] for how it is driven.
#[derive(Debug)]
pub struct Client {
    options: Arc<ClientOptions>,
    phase: Phase,
    offered: Capabilities,
    secured: bool,
    reader: ReplyReader,
    output: Vec<u8>,
    /// What each answer that is due will answer, first come first.
    due: VecDeque<Command>,
    /// How many of those commands have left: an answer to one that has not is no answer.
    sent: usize,
    /// Until when the next answer has to come; set when the caller first waits for it.
    deadline: Option<UnixMillis>,
    finished: Option<Vec<RecipientOutcome>>,
    log: Log,
}

/// What the caller does next. It asks again after each thing it did.
#[derive(Debug)]
pub enum ClientStep {
    /// Write [`Client::take_output`] to the server before `until`; after it
    /// [`Client::timed_out`]. When a write fails, hand over what can still be read (it may say
    /// why), then [`Client::connection_broke`].
    Send {
        /// When to stop waiting for the write.
        until: UnixMillis,
    },
    /// Read, and hand it to [`Client::receive`]; [`Client::peer_closed`] at the end. At `until`
    /// just ask for the next step.
    Receive {
        /// When to stop waiting.
        until: UnixMillis,
    },
    /// Do the TLS handshake, beginning with the next octet received; then [`Client::secured`] or
    /// [`Client::tls_failed`].
    StartTls,
    /// [`Client::begin`] or [`Client::quit`].
    Ready,
    /// [`Client::body`] with the next piece of the message, or [`Client::body_end`].
    BodyWanted,
    /// What became of the transaction's recipients, in their order. The session goes on.
    Finished(Vec<RecipientOutcome>),
    /// Close the connection. Without a failure: as the caller asked.
    Closed(Option<SessionFailure>),
}

/// Commands that may wait for their answers (RFC 2920). All answers together stay well below a
/// socket's buffer, so that neither side can block the other; a transaction of 100 recipients
/// still goes in one round trip.
const COMMANDS_DUE_MAX: usize = 128;

/// Where the session is.
#[derive(Debug)]
enum Phase {
    /// Before the first transaction: waiting for greeting, EHLO, HELO or STARTTLS.
    Opening,
    /// The caller does the TLS handshake.
    Handshake,
    /// Between transactions.
    Ready,
    /// MAIL, RCPT and DATA.
    Envelope(Box<Envelope>),
    /// After 354.
    Body(Box<Envelope>),
    /// After the final dot.
    Verdict(Box<Envelope>),
    /// RSET after a transaction that came to nothing.
    Resetting,
    /// QUIT, with what made us leave.
    Leaving(Option<SessionFailure>),
    /// Over.
    Closed(Option<SessionFailure>),
}

/// What an answer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    /// The connection itself: the greeting.
    Connection,
    Ehlo,
    Helo,
    StartTls,
    Envelope(EnvelopeCommand),
    /// The final dot.
    Message,
    Reset,
    Quit,
}

impl Client {
    /// A client on a fresh connection.
    pub fn new(options: Arc<ClientOptions>) -> Self {
        let log = Log::new(options.log_lines);
        Self {
            options,
            phase: Phase::Opening,
            offered: Capabilities::default(),
            secured: false,
            reader: ReplyReader::default(),
            output: Vec::new(),
            due: VecDeque::from([Command::Connection]),
            sent: 1,
            deadline: None,
            finished: None,
            log,
        }
    }

    /// What to do next.
    pub fn next_step(&mut self, now: UnixMillis) -> ClientStep {
        if let Some(outcomes) = self.finished.take() {
            return ClientStep::Finished(outcomes);
        }
        if !self.output.is_empty() {
            return ClientStep::Send { until: now + self.options.timeouts.data_block };
        }
        match &self.phase {
            Phase::Closed(failure) => ClientStep::Closed(failure.clone()),
            Phase::Handshake => ClientStep::StartTls,
            Phase::Ready => ClientStep::Ready,
            Phase::Body(_) => ClientStep::BodyWanted,
            _ => {
                let until = *self.deadline.get_or_insert(now + self.timeout());
                if now < until {
                    return ClientStep::Receive { until };
                }
                self.timed_out();
                self.next_step(now)
            }
        }
    }

    /// The bytes to write. Taking them counts as sending them.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.sent = self.due.len();
        std::mem::take(&mut self.output)
    }

    /// Takes bytes from the server. May be called at any time, also while a body is sent: a
    /// server that refuses in the middle says so before it closes.
    pub fn receive(&mut self, bytes: &[u8]) {
        if matches!(self.phase, Phase::Handshake) {
            return self.fail_protocol(None, BYTES_BEFORE_HANDSHAKE);
        }
        self.reader.push(bytes);
        while !matches!(self.phase, Phase::Closed(_)) {
            match self.reader.next_reply() {
                Ok(Some(reply)) => self.answer(&Arc::new(reply)),
                Ok(None) => return,
                Err(fault) => return self.fail_protocol(None, &fault.to_string()),
            }
        }
    }

    /// The server closed the connection, in order.
    pub fn peer_closed(&mut self) {
        let text = format!("the connection ended {}", self.waiting_for());
        self.fail(SessionFailure { reason: Reason::ConnectionLost, reply: None, text });
    }

    /// The connection broke, by this: a reset, or the TLS alert of a server that refuses our
    /// certificate, which in TLS 1.3 comes after the handshake.
    pub fn connection_broke(&mut self, cause: &str) {
        let text = format!("the connection ended {}: {cause}", self.waiting_for());
        self.fail(SessionFailure { reason: Reason::ConnectionLost, reply: None, text });
    }

    /// A write or read took too long.
    pub fn timed_out(&mut self) {
        let text = format!("the server took too long {}", self.waiting_for());
        self.fail(SessionFailure { reason: Reason::ConnectionLost, reply: None, text });
    }

    /// The TLS handshake succeeded, and the caller is content with the server's certificate.
    pub fn secured(&mut self) {
        if !matches!(self.phase, Phase::Handshake) {
            return;
        }
        // RFC 3207 section 4.2: what was said before counts no more.
        self.reader.clear();
        self.offered = Capabilities::default();
        self.secured = true;
        self.phase = Phase::Opening;
        self.hello();
    }

    /// The TLS handshake failed. Nothing more is sent on this connection; after an opportunistic
    /// attempt the caller may connect again with [`TlsWish::Never`].
    pub fn tls_failed(&mut self, text: impl Into<String>) {
        let (reason, text) = (Reason::TlsHandshakeFailed, text.into());
        self.fail(SessionFailure { reason, reply: None, text });
    }

    /// Begins a transaction, at [`ClientStep::Ready`].
    ///
    /// # Errors
    /// The session is not ready: the transaction comes back as it was.
    pub fn begin(&mut self, transaction: Transaction) -> Result<(), Box<Transaction>> {
        if !matches!(self.phase, Phase::Ready) {
            return Err(Box::new(transaction));
        }
        self.phase = Phase::Envelope(Box::new(Envelope::new(transaction, &self.offered)));
        self.send_envelope();
        Ok(())
    }

    /// Takes the next piece of the stored message, cut anywhere. What it makes of it is sent
    /// before it asks for more, so that no more than a piece is held.
    pub fn body(&mut self, piece: &[u8]) {
        if let Phase::Body(envelope) = &mut self.phase {
            envelope.stuffer.push(piece, &mut self.output);
        }
    }

    /// The message is complete.
    pub fn body_end(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Body(envelope) => {
                envelope.stuffer.end(&mut self.output);
                self.due.push_back(Command::Message);
                self.phase = Phase::Verdict(envelope);
            }
            other => self.phase = other,
        }
    }

    /// Ends the session at once, without a final dot: the message cannot be read, or the node is
    /// stopping. Recipients that are undecided are deferred for `reason`.
    pub fn abandon(&mut self, reason: Reason, text: impl Into<String>) {
        self.fail(SessionFailure { reason, reply: None, text: text.into() });
    }

    /// Ends the session politely, at [`ClientStep::Ready`]; does nothing anywhere else.
    pub fn quit(&mut self) {
        if matches!(self.phase, Phase::Ready) {
            self.leave(None);
        }
    }

    /// What the server offers, as of its last answer to EHLO.
    pub fn offered(&self) -> &Capabilities {
        &self.offered
    }

    /// The dialogue since this was last called, where [`ClientOptions::log_lines`] asks for it.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        self.log.take()
    }
}

/// Commands, and ways out.
impl Client {
    fn hello(&mut self) {
        let line = format!("EHLO {}", self.options.helo_name);
        self.command(Command::Ehlo, &line);
    }

    /// Puts one command line into the output. When nothing else is under way nothing may lie
    /// unread: it would be taken for the answer to this.
    fn command(&mut self, command: Command, line: &str) {
        if self.due.is_empty() && !self.reader.is_empty() {
            return self.fail_protocol(None, "the server answered what was not asked");
        }
        self.log.sent(line);
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.due.push_back(command);
    }

    /// Sends as much of the envelope as may be sent now, and ends the transaction where nothing
    /// is left to send or to wait for.
    fn send_envelope(&mut self) {
        let window = if self.offered.pipelining { COMMANDS_DUE_MAX } else { 1 };
        let mut line = String::new();
        while self.due.len() < window {
            let Phase::Envelope(envelope) = &mut self.phase else {
                return;
            };
            line.clear();
            let next = envelope.next_command(&self.offered, self.due.len(), &mut line);
            let Some(command) = next else {
                break;
            };
            self.command(Command::Envelope(command), &line);
        }
        if self.due.is_empty() {
            self.end_envelope();
        }
    }

    /// The transaction came to nothing: every recipient is decided.
    fn end_envelope(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Envelope(envelope) => {
                let began = envelope.began();
                self.finished = Some(envelope.into_outcomes());
                if began {
                    self.phase = Phase::Resetting;
                    self.command(Command::Reset, "RSET");
                }
            }
            other => self.phase = other,
        }
    }

    /// Says QUIT, and is closed whatever the answer.
    fn leave(&mut self, failure: Option<SessionFailure>) {
        if let Some(failure) = &failure {
            self.log.info(&failure.text);
        }
        self.phase = Phase::Leaving(failure);
        self.command(Command::Quit, "QUIT");
    }

    fn leave_by(&mut self, reply: &Arc<RemoteReply>, text: &str) {
        self.leave(Some(failure_by(reply, text)));
    }

    fn leave_without_tls(&mut self, reply: Option<&Arc<RemoteReply>>) {
        let text = match reply {
            Some(_) => "the connector requires TLS, and the server refuses STARTTLS",
            None => "the connector requires TLS, and the server does not offer STARTTLS",
        };
        self.leave(Some(SessionFailure {
            reason: Reason::TlsRequiredNotOffered,
            reply: reply.cloned(),
            text: text.to_owned(),
        }));
    }

    fn fail_by(&mut self, reply: &Arc<RemoteReply>, text: &str) {
        self.fail(failure_by(reply, text));
    }

    fn fail_protocol(&mut self, reply: Option<&Arc<RemoteReply>>, text: &str) {
        let reason = Reason::ProtocolError;
        self.fail(SessionFailure { reason, reply: reply.cloned(), text: text.to_owned() });
    }

    /// Ends the session here and now. Recipients of a transaction under way are deferred unless
    /// they are decided; whoever had decided to leave before keeps that reason.
    fn fail(&mut self, failure: SessionFailure) {
        let doubt = self.doubt(&failure);
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Closed(earlier) | Phase::Leaving(earlier) => {
                self.phase = Phase::Closed(earlier);
            }
            Phase::Envelope(mut envelope)
            | Phase::Body(mut envelope)
            | Phase::Verdict(mut envelope) => {
                self.log.info(&failure.text);
                envelope.lost(&failure, doubt);
                self.finished = Some(envelope.into_outcomes());
                self.phase = Phase::Closed(Some(failure));
            }
            Phase::Opening | Phase::Handshake | Phase::Ready | Phase::Resetting => {
                self.log.info(&failure.text);
                self.phase = Phase::Closed(Some(failure));
            }
        }
        self.output.clear();
        self.due.clear();
        self.sent = 0;
    }

    /// The answer to QUIT.
    fn fail_quietly(&mut self) {
        if let Phase::Leaving(failure) = &mut self.phase {
            self.phase = Phase::Closed(failure.take());
        }
    }

    /// Whether the server may hold the message: its end has left here, and no answer denies it.
    fn doubt(&self, failure: &SessionFailure) -> Doubt {
        let answered = failure.reply.as_ref().is_some_and(|reply| reply.code == 421);
        match self.phase {
            Phase::Verdict(_) if self.output.is_empty() && !answered => Doubt::FinalDotSent,
            _ => Doubt::None,
        }
    }

    /// How long the next answer may take.
    fn timeout(&self) -> std::time::Duration {
        let timeouts = &self.options.timeouts;
        match self.due.front() {
            Some(Command::Connection) => timeouts.greeting,
            Some(Command::Envelope(EnvelopeCommand::Mail)) => timeouts.mail,
            Some(Command::Envelope(EnvelopeCommand::Recipient(_))) => timeouts.recipient,
            Some(Command::Envelope(EnvelopeCommand::Data)) => timeouts.data_initiation,
            Some(Command::Message) => timeouts.data_termination,
            Some(Command::Quit) => timeouts.quit,
            Some(Command::Ehlo | Command::Helo | Command::StartTls | Command::Reset) | None => {
                timeouts.hello
            }
        }
    }

    /// What a connection that is lost now was waiting for, as the end of a sentence.
    fn waiting_for(&self) -> &'static str {
        match (&self.phase, self.due.front()) {
            (Phase::Handshake, _) => "in the TLS handshake",
            (Phase::Body(_), _) => "while the message was sent",
            (_, Some(Command::Connection)) => "before the greeting",
            (_, Some(Command::Ehlo)) => "before the answer to EHLO",
            (_, Some(Command::Helo)) => "before the answer to HELO",
            (_, Some(Command::StartTls)) => "before the answer to STARTTLS",
            (_, Some(Command::Envelope(EnvelopeCommand::Mail))) => "before the answer to MAIL",
            (_, Some(Command::Envelope(EnvelopeCommand::Recipient(_)))) => {
                "before the answer to RCPT"
            }
            (_, Some(Command::Envelope(EnvelopeCommand::Data))) => "before the answer to DATA",
            (_, Some(Command::Message)) => "before the answer to the message",
            (_, Some(Command::Reset)) => "before the answer to RSET",
            (_, Some(Command::Quit)) => "before the answer to QUIT",
            (_, None) => "between transactions",
        }
    }
}

/// The failure that a 4yz or 5yz reply to the session itself stands for.
fn failure_by(reply: &Arc<RemoteReply>, text: &str) -> SessionFailure {
    let text = text.to_owned();
    SessionFailure { reason: refusal_reason(reply), reply: Some(Arc::clone(reply)), text }
}

#[cfg(test)]
mod tests;
