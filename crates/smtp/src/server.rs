//! The SMTP server's side of a session (RFC 5321 and the extensions that EHLO offers), without
//! sockets: octets and `now` in, [`Step`]s out.
//!
//! Touches nothing. Decides order, grammar, framing and bounds; whose mail it is, and whether a
//! message is taken, is asked of the caller, and nothing is promised that the caller did not
//! answer. Every refusal of its own is told by [`Step::Note`] before its reply is sent.

mod authentication;
mod clock;
mod commands;
mod input;
mod receiving;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use posthouse_types::{Refusal, Reply, SmtpLimits, UnixMillis, printable_ascii};

pub use crate::body::LineEnds;
use crate::command::{MailCommand, RecipientCommand};
use crate::log::{Log, LogLine};
use crate::texts::{self, RefusalText};

pub use self::authentication::{Authentication, Credentials, Password};
use self::authentication::{Exchange, LINE_OCTETS_MAX};
use self::clock::{Awaited, Clock};
use self::input::{Input, Line};
use self::receiving::{Receiving, Swallowing, Transaction};

/// Replies waiting for the peer before they are sent although more commands wait: bounds memory
/// for a batch of short commands with long replies.
const OUTPUT_OCTETS_MAX: usize = 8 * 1024;

/// One line of a reply's text, in octets: RFC 5321 section 4.5.3.1.5 allows 512 with code,
/// status and CRLF.
const REPLY_TEXT_OCTETS_MAX: usize = 490;

/// What all sessions of one listener share.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The name in the greeting and in EHLO's reply.
    pub node_name: String,
    /// The session's bounds.
    pub limits: SmtpLimits,
    /// Whether STARTTLS is offered.
    pub tls_offered: bool,
    /// What becomes of bare CR and LF in messages.
    pub line_ends: LineEnds,
    /// Whether users may log in. A gateway knows servers, not users.
    pub authentication: Option<Authentication>,
    /// Whether the dialogue is kept for [`Server::take_log`].
    pub log_lines: bool,
}

/// What the caller has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write [`Server::take_output`] to the peer. The replies to a pipelined batch come as one
    /// (RFC 2920 section 3.2).
    Send,
    /// Read, and hand what came to [`Server::receive`] or its end to [`Server::peer_closed`]. At
    /// `until` call [`Server::next_step`] without them: it ends the session, or gives more time.
    Receive {
        /// When to stop reading.
        until: UnixMillis,
    },
    /// Do the TLS handshake, then call [`Server::secured`]; close the connection if it fails.
    /// `220` was sent; what the peer had sent behind STARTTLS in clear was dropped.
    StartTls,
    /// Answer by [`Server::answer_authentication`].
    Authenticate(Credentials),
    /// Answer by [`Server::answer_mail`].
    Mail(MailCommand),
    /// Answer by [`Server::answer_recipient`].
    Recipient(RecipientCommand),
    /// The next piece of the message, in order, never empty: un-stuffed, every line end CRLF.
    Body(Vec<u8>),
    /// The whole message was given: answer by [`Server::answer_message`]. Until `250` is in that
    /// answer nothing was promised (RFC 5321 section 6.1).
    Message,
    /// The transaction ended without a message (RSET, EHLO, STARTTLS, a refused or lost body):
    /// drop what was stored of it.
    Discard,
    /// The core itself refused; its reply is queued. For trace and metrics.
    Note(Refusal),
    /// All output was written or cannot be: close the connection.
    Close,
}

/// What the peer said it is.
#[derive(Debug, PartialEq, Eq)]
enum Greeted {
    /// Nothing yet, or nothing since TLS began.
    No,
    /// HELO: no extension was offered.
    Helo(Box<str>),
    /// EHLO.
    Ehlo(Box<str>),
}

/// Where the session stands. Each state owns what is valid only in it.
#[derive(Debug)]
enum State {
    /// The greeting was not taken yet: the peer must be silent.
    Greeting,
    /// Between transactions.
    Idle(Idle),
    /// The next line is the peer's answer within AUTH.
    Authenticating(Exchange),
    /// The caller was asked about a user.
    AuthenticationAsked { user: Box<str> },
    /// The caller was asked about MAIL.
    MailAsked { smtputf8: bool },
    /// MAIL was accepted.
    Transaction(Transaction),
    /// The caller was asked about RCPT.
    RecipientAsked(Transaction),
    /// A message or chunk is arriving.
    Receiving(Receiving),
    /// A chunk is arriving that nobody wants.
    Swallowing(Swallowing, After),
    /// The caller was asked about the message.
    MessageAsked { smtputf8: bool },
    /// The handshake is the caller's.
    StartingTls,
    /// Only output is left.
    Closing,
}

/// Between transactions.
#[derive(Clone, Copy, Debug, Default)]
struct Idle {
    /// MAIL or the message was just refused. A pipelining client has sent the commands that
    /// depend on it already (RFC 2920 section 3.1): their 503s are not its errors.
    just_refused: bool,
}

/// Where a swallowed chunk leads back to.
#[derive(Debug)]
enum After {
    Idle(Idle),
    Transaction(Transaction),
}

/// What a session may not do too often.
#[derive(Debug, Default)]
struct Counters {
    commands: u32,
    errors: u32,
    refused_recipients: u32,
    failed_logins: u32,
}

/// One session. Call [`Server::next_step`], do what it says, and repeat until [`Step::Close`].
#[derive(Debug)]
pub struct Server {
    options: Arc<ServerOptions>,
    peer_label: Box<str>,
    input: Input,
    /// The command line at hand; kept for its capacity.
    line: Vec<u8>,
    output: Vec<u8>,
    /// Steps decided and not given yet, oldest first.
    steps: VecDeque<Step>,
    state: State,
    greeted: Greeted,
    secured: bool,
    /// Who logged in.
    user: Option<Box<str>>,
    log: Log,
    counters: Counters,
    clock: Clock,
    /// Why the session ends at the next command boundary.
    stopping: Option<Refusal>,
}

impl Server {
    /// A session that just connected. `peer_label` is what EHLO's reply calls the peer, for
    /// instance `[192.0.2.1]`.
    pub fn new(options: Arc<ServerOptions>, peer_label: &str, now: UnixMillis) -> Self {
        let greeting = format!("220 {} ESMTP posthouse", options.node_name);
        let mut log = Log::new(options.log_lines);
        log.sent(&greeting);
        let output = (greeting + "\r\n").into_bytes();
        Self {
            log,
            user: None,
            clock: Clock::new(now, &options.limits),
            options,
            peer_label: peer_label.into(),
            input: Input::default(),
            line: Vec::new(),
            output,
            steps: VecDeque::new(),
            state: State::Greeting,
            greeted: Greeted::No,
            secured: false,
            counters: Counters::default(),
            stopping: None,
        }
    }

    /// Octets from the peer, in any pieces. The caller bounds one piece; while no message
    /// arrives, `limits.pipelined_bytes_max` is a good bound.
    pub fn receive(&mut self, now: UnixMillis, octets: &[u8]) {
        self.clock.read_ended(now);
        let mut rest = octets;
        match self.state {
            _ if octets.is_empty() => {}
            State::Greeting => {
                self.output.clear();
                self.close_refusing(texts::EARLY_TALKER.refusal());
                return;
            }
            State::StartingTls | State::Closing => return,
            // The body's way past the buffer: decoded from the caller's own slice.
            State::Receiving(_) if self.input.is_empty() && self.steps.is_empty() => {
                let consumed = self.take_body(octets);
                rest = octets.get(consumed..).unwrap_or_default();
                if matches!(self.state, State::Closing) {
                    return;
                }
            }
            _ => {}
        }
        self.input.push(rest);
    }

    /// The peer closed its side, or the connection broke. What was not a whole message is gone.
    pub fn peer_closed(&mut self) {
        self.input.clear();
        self.output.clear();
        self.discard_transaction();
        self.state = State::Closing;
    }

    /// What to do next. Without the answer that the last step asked for, the peer is told `451`:
    /// silence is never acceptance.
    pub fn next_step(&mut self, now: UnixMillis) -> Step {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return step;
            }
            if self.output.len() >= OUTPUT_OCTETS_MAX {
                return Step::Send;
            }
            if self.work(now) {
                continue;
            }
            if !self.output.is_empty() {
                return Step::Send;
            }
            let awaited = match &self.state {
                State::Closing => return Step::Close,
                State::StartingTls => return Step::StartTls,
                State::Receiving(_) | State::Swallowing(..) => Awaited::Body,
                _ => Awaited::Command,
            };
            match self.clock.wait(now, awaited, &self.options.limits) {
                Ok(until) => return Step::Receive { until },
                Err(expired) => self.expire(expired),
            }
        }
    }

    /// The octets to write after [`Step::Send`].
    pub fn take_output(&mut self) -> Vec<u8> {
        if matches!(self.state, State::Greeting) {
            self.state = State::Idle(Idle::default());
        }
        mem::take(&mut self.output)
    }

    /// The handshake is done. Everything said in clear is forgotten: EHLO, MAIL, and octets that
    /// came with it (RFC 3207 section 4.2). Before the greeting it means TLS from the first
    /// octet on.
    pub fn secured(&mut self, now: UnixMillis) {
        self.clock.read_ended(now);
        self.clock.command_came();
        self.secured = true;
        self.greeted = Greeted::No;
        self.input.clear();
        if !matches!(self.state, State::Greeting | State::Closing) {
            self.discard_transaction();
            self.state = State::Idle(Idle::default());
        }
    }

    /// The name in HELO or EHLO: printable ASCII without blanks; empty before.
    pub fn helo(&self) -> &str {
        match &self.greeted {
            Greeted::No => "",
            Greeted::Helo(name) | Greeted::Ehlo(name) => name,
        }
    }

    /// The user who logged in.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The dialogue since this was last called, where [`ServerOptions::log_lines`] asks for it:
    /// one line for each command and each reply, never what a user logged in with.
    pub fn take_log(&mut self) -> Vec<LogLine> {
        self.log.take()
    }

    /// Whether the session is inside TLS.
    pub fn is_secured(&self) -> bool {
        self.secured
    }

    /// Whether the peer said EHLO (Received's `with ESMTP`, RFC 3848).
    pub fn is_esmtp(&self) -> bool {
        matches!(self.greeted, Greeted::Ehlo(_))
    }

    /// Whether MAIL was accepted and the message neither answered nor given up.
    pub fn in_transaction(&self) -> bool {
        matches!(
            self.state,
            State::Transaction(_)
                | State::RecipientAsked(_)
                | State::Receiving(_)
                | State::Swallowing(_, After::Transaction(_))
                | State::MessageAsked { .. }
        )
    }

    /// Answers [`Step::Mail`]; without effect at any other time.
    pub fn answer_mail(&mut self, answer: Result<(), Refusal>) {
        let State::MailAsked { smtputf8 } = self.state else {
            return;
        };
        match answer {
            Ok(()) => {
                self.say(texts::SENDER_OK);
                self.state = State::Transaction(Transaction::new(smtputf8));
            }
            Err(refusal) => {
                self.state = State::Idle(Idle { just_refused: true });
                self.put_callers(&refusal.reply, smtputf8);
            }
        }
    }

    /// Answers [`Step::Recipient`]; without effect at any other time. Recipients refused for good
    /// count against `refused_recipients_max`.
    pub fn answer_recipient(&mut self, answer: Result<(), Refusal>) {
        let Some(mut transaction) = self.take_asked_transaction() else {
            return;
        };
        let smtputf8 = transaction.smtputf8;
        let Err(refusal) = answer else {
            transaction.recipients += 1;
            self.state = State::Transaction(transaction);
            return self.say(texts::RECIPIENT_OK);
        };
        self.state = State::Transaction(transaction);
        self.put_callers(&refusal.reply, smtputf8);
        // A temporary refusal is no guess at an address: `452` only moves a recipient to the
        // sender's next transaction, and may come often.
        if refusal.reply.is_permanent() {
            self.counters.refused_recipients += 1;
            if self.counters.refused_recipients > self.options.limits.refused_recipients_max {
                self.close_refusing(texts::TOO_MANY_REFUSED_RECIPIENTS.refusal());
            }
        }
    }

    /// Answers [`Step::Message`]; without effect at any other time.
    pub fn answer_message(&mut self, reply: Reply) {
        if let State::MessageAsked { smtputf8 } = self.state {
            self.state = State::Idle(Idle::default());
            self.put_callers(&reply, smtputf8);
        }
    }

    /// Ends the session at the next command boundary (at once, where there is no message under
    /// way), telling the peer why: `421` for a node that stops. Before the greeting the refusal
    /// takes the greeting's place.
    pub fn shut_down(&mut self, refusal: Refusal) {
        self.stopping = Some(refusal);
    }

    /// Does one piece of work that needs nobody; whether there was one.
    fn work(&mut self, now: UnixMillis) -> bool {
        match &self.state {
            State::Closing | State::StartingTls => false,
            State::AuthenticationAsked { .. }
            | State::MailAsked { .. }
            | State::RecipientAsked(_)
            | State::MessageAsked { .. } => {
                self.fail_unanswered();
                true
            }
            State::Receiving(_) | State::Swallowing(..) => self.take_buffered_body(),
            State::Greeting | State::Idle(_) | State::Authenticating(_) | State::Transaction(_) => {
                if let Some(refusal) = self.stopping.take() {
                    if matches!(self.state, State::Greeting) {
                        self.output.clear();
                    }
                    self.close_refusing(refusal);
                    true
                } else if self.input.is_empty() {
                    false
                } else if self.clock.session_over(now) {
                    self.close_refusing(texts::SESSION_OVER.refusal());
                    true
                } else {
                    self.take_command()
                }
            }
        }
    }

    /// Takes one command line, if a whole one is there; whether anything was done.
    fn take_command(&mut self) -> bool {
        let mut line = mem::take(&mut self.line);
        let within_auth = matches!(self.state, State::Authenticating(_));
        let octets_max = if within_auth {
            LINE_OCTETS_MAX
        } else {
            self.input.command_octets_max(&self.options.limits)
        };
        let found = self.input.take_line(octets_max, &mut line);
        match found {
            Line::Incomplete => {}
            Line::Complete => {
                self.clock.command_came();
                if within_auth {
                    self.authentication_response(&line);
                } else {
                    self.command(&line);
                }
            }
            Line::TooLong if within_auth => {
                self.close_refusing(texts::AUTHENTICATION_LINE_TOO_LONG.refusal());
            }
            Line::TooLong => self.close_refusing(texts::LINE_TOO_LONG.refusal()),
            Line::BareLineEnding => {
                self.close_refusing(texts::BARE_LINE_ENDING_IN_COMMAND.refusal());
            }
            Line::NulOctet => self.close_refusing(texts::NUL_OCTET_IN_COMMAND.refusal()),
        }
        self.line = line;
        found != Line::Incomplete
    }

    /// The caller asked for the next step instead of answering.
    fn fail_unanswered(&mut self) {
        self.say(texts::LOCAL_ERROR);
        match self.take_asked_transaction() {
            Some(transaction) => self.state = State::Transaction(transaction),
            None => self.state = State::Idle(Idle { just_refused: true }),
        }
    }

    fn take_asked_transaction(&mut self) -> Option<Transaction> {
        match mem::replace(&mut self.state, State::Closing) {
            State::RecipientAsked(transaction) => Some(transaction),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// A deadline passed.
    fn expire(&mut self, expired: &RefusalText) {
        // A sender whose message already has a fault may wait for a reply that its framing will
        // never bring about (LF `.` LF); the fault is what it has to know.
        let fault = self.body_fault().map(|(_, refusal)| refusal);
        self.close_refusing(fault.unwrap_or_else(|| expired.refusal()));
    }

    /// Queues a fixed reply.
    fn say(&mut self, reply: &str) {
        self.log.sent(reply.trim_end());
        self.output.extend_from_slice(reply.as_bytes());
    }

    /// Queues a reply that was made for this session.
    fn put(&mut self, reply: &Reply) {
        if self.log.is_enabled() {
            self.log.sent(&reply.to_string());
        }
        reply.encode(&mut self.output);
    }

    /// Notes a refusal of the core, and queues its reply.
    fn refuse(&mut self, refusal: Refusal) {
        self.put(&refusal.reply);
        self.steps.push_back(Step::Note(refusal));
    }

    /// Notes a refusal that counts as the peer's error; too many of them end the session.
    fn refuse_error(&mut self, refusal: Refusal) {
        self.refuse(refusal);
        self.counters.errors += 1;
        if self.counters.errors > self.options.limits.errors_max {
            self.close_refusing(texts::TOO_MANY_ERRORS.refusal());
        }
    }

    /// Refuses and ends the session: the reply is the last thing that the peer reads.
    fn close_refusing(&mut self, refusal: Refusal) {
        self.refuse(refusal);
        self.discard_transaction();
        self.input.clear();
        self.state = State::Closing;
    }

    /// Tells the caller to drop the transaction, where there is one that it knows of and was not
    /// asked to take.
    fn discard_transaction(&mut self) {
        if self.in_transaction() && !matches!(self.state, State::MessageAsked { .. }) {
            self.steps.push_back(Step::Discard);
            self.state = State::Idle(Idle::default());
        }
    }

    /// Queues a reply that the caller made: cut to SMTP's line length, and ASCII unless this
    /// transaction asked for SMTPUTF8 (RFC 6531 section 3.5). `421` ends the session.
    fn put_callers(&mut self, reply: &Reply, smtputf8: bool) {
        let fits =
            |line: &String| line.len() <= REPLY_TEXT_OCTETS_MAX && (smtputf8 || line.is_ascii());
        if reply.lines.iter().all(fits) {
            self.put(reply);
        } else {
            let lines = reply.lines.iter().map(|line| fit_line(line, smtputf8)).collect();
            self.put(&Reply { lines, ..*reply });
        }
        if reply.code == 421 {
            self.discard_transaction();
            self.input.clear();
            self.state = State::Closing;
        }
    }
}

/// A line cut to [`REPLY_TEXT_OCTETS_MAX`] at a character's boundary.
fn fit_line(line: &str, smtputf8: bool) -> String {
    let mut line = if smtputf8 || line.is_ascii() {
        line.to_owned()
    } else {
        printable_ascii(line, REPLY_TEXT_OCTETS_MAX)
    };
    let mut end = line.len().min(REPLY_TEXT_OCTETS_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line
}
