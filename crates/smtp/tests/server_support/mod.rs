//! A caller of the server core for tests: answers its questions by fixed rules, keeps what came
//! out, and moves a clock of its own. No sockets, no real time.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test file is a crate of its own and uses a part of this; a test may panic"
)]

use std::sync::Arc;
use std::time::Duration;

use posthouse_smtp::{ForwardPath, LineEnds, Server, ServerOptions, Step};
use posthouse_types::{EnhancedStatus, Reason, Refusal, Reply, SmtpLimits, UnixMillis};

/// Options that the tests start from.
pub(crate) fn options() -> ServerOptions {
    ServerOptions {
        node_name: "mx.gateway.example".into(),
        limits: SmtpLimits::default(),
        tls_offered: true,
        line_ends: LineEnds::Refuse,
        authentication: None,
        log_lines: false,
    }
}

/// Options with other limits.
pub(crate) fn limited(change: impl FnOnce(&mut SmtpLimits)) -> ServerOptions {
    let mut options = options();
    change(&mut options.limits);
    options
}

/// A session and all that came of it.
///
/// MAIL is refused where the sender's local part is `refused`; RCPT with `550` for `unknown`,
/// with `452` for `later`. Every message is accepted, and every user whose password is `secret`.
pub(crate) struct Session {
    pub(crate) server: Server,
    pub(crate) now: UnixMillis,
    /// Until when the core said to read, while it waits.
    pub(crate) until: Option<UnixMillis>,
    /// All replies so far.
    pub(crate) replies: String,
    /// Everything in order: `S:` replies, and what the caller was told.
    pub(crate) transcript: String,
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) notes: Vec<Reason>,
    pub(crate) discards: usize,
    pub(crate) sends: usize,
    pub(crate) closed: bool,
    draft: Vec<u8>,
}

impl Session {
    /// A session before its greeting.
    pub(crate) fn silent(options: ServerOptions) -> Self {
        let now = UnixMillis(1_000_000);
        Self {
            server: Server::new(Arc::new(options), "[192.0.2.1]", now),
            now,
            until: None,
            replies: String::new(),
            transcript: String::new(),
            messages: Vec::new(),
            notes: Vec::new(),
            discards: 0,
            sends: 0,
            closed: false,
            draft: Vec::new(),
        }
    }

    /// A session that was greeted.
    pub(crate) fn with(options: ServerOptions) -> Self {
        let mut session = Self::silent(options);
        session.run();
        session
    }

    /// A greeted session with the usual options.
    pub(crate) fn new() -> Self {
        Self::with(options())
    }

    /// A session that said EHLO.
    pub(crate) fn esmtp(options: ServerOptions) -> Self {
        let mut session = Self::with(options);
        session.say("EHLO client.example\r\n");
        session
    }

    /// A session behind `354`.
    pub(crate) fn in_data(options: ServerOptions) -> Self {
        let mut session = Self::esmtp(options);
        let replies = session.say("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
        assert!(replies.contains("354 "), "{replies}");
        session
    }

    /// Sends text in one piece; gives what came back.
    pub(crate) fn say(&mut self, text: &str) -> String {
        self.send(text.as_bytes())
    }

    /// Sends octets in one piece; gives what came back.
    pub(crate) fn send(&mut self, octets: &[u8]) -> String {
        let before = self.replies.len();
        if !self.closed {
            self.server.receive(self.now, octets);
            self.run();
        }
        self.replies[before..].to_owned()
    }

    /// Lets time pass in which the peer is silent; gives what came back.
    pub(crate) fn wait(&mut self, time: Duration) -> String {
        let before = self.replies.len();
        self.now = self.now + time;
        self.run();
        self.replies[before..].to_owned()
    }

    /// Does what the core says until it wants to read or close.
    pub(crate) fn run(&mut self) {
        for _ in 0..1_000_000 {
            match self.server.next_step(self.now) {
                Step::Send => self.take_output(),
                Step::Receive { until } => {
                    assert!(until > self.now, "a wait without end");
                    self.until = Some(until);
                    return;
                }
                Step::StartTls => {
                    self.transcript.push_str("tls\n");
                    self.server.secured(self.now);
                }
                Step::Authenticate(credentials) => {
                    self.write(&format!("authenticate {}", credentials.user));
                    let known = credentials.password.as_bytes() == b"secret";
                    let refused = refusal(535, "Authentication unsuccessful");
                    self.server.answer_authentication(if known { Ok(()) } else { Err(refused) });
                }
                Step::Mail(mail) => {
                    let sender = mail.sender.map(|address| address.to_string());
                    self.write(&format!("mail {}", sender.as_deref().unwrap_or("<>")));
                    let refused = sender.is_some_and(|sender| sender.starts_with("refused@"));
                    self.server.answer_mail(if refused { Err(refusal(550, "no")) } else { Ok(()) });
                }
                Step::Recipient(recipient) => self.recipient(&recipient.path),
                Step::Body(piece) => {
                    assert!(!piece.is_empty());
                    self.draft.extend_from_slice(&piece);
                }
                Step::Message => {
                    let message = std::mem::take(&mut self.draft);
                    self.write(&format!("message {:?}", String::from_utf8_lossy(&message)));
                    self.messages.push(message);
                    let status = EnhancedStatus(2, 6, 0);
                    self.server.answer_message(Reply::new(250, status, "Queued"));
                }
                Step::Discard => {
                    self.draft.clear();
                    self.discards += 1;
                    self.write("discard");
                }
                Step::Note(refusal) => {
                    self.notes.push(refusal.reason);
                    self.write(&format!("note {}", refusal.reason));
                }
                Step::Close => {
                    if !self.closed {
                        self.write("close");
                    }
                    self.closed = true;
                    return;
                }
            }
        }
        panic!("the core never comes to rest");
    }

    fn take_output(&mut self) {
        let output = String::from_utf8(self.server.take_output()).unwrap();
        assert!(!output.is_empty());
        for line in output.lines() {
            self.transcript.push_str(&format!("S: {line}\n"));
        }
        self.replies.push_str(&output);
        self.sends += 1;
    }

    fn recipient(&mut self, path: &ForwardPath) {
        let (shown, answer) = match path {
            ForwardPath::Postmaster => ("Postmaster".to_owned(), Ok(())),
            ForwardPath::Mailbox(address) => {
                let answer = match address.local() {
                    "unknown" => Err(refusal(550, "Access denied")),
                    "later" => Err(refusal(452, "One domain at a time")),
                    _ => Ok(()),
                };
                (address.to_string(), answer)
            }
        };
        self.write(&format!("recipient {shown}"));
        self.server.answer_recipient(answer);
    }

    fn write(&mut self, line: &str) {
        self.transcript.push_str(line);
        self.transcript.push('\n');
    }
}

/// A refusal as a caller would make it.
pub(crate) fn refusal(code: u16, text: &str) -> Refusal {
    let class = u8::try_from(code / 100).unwrap();
    Refusal::new(Reason::RecipientUnknown, code, EnhancedStatus(class, 4, 1), text, "test")
}

/// The codes of the last lines of replies.
pub(crate) fn codes(replies: &str) -> Vec<u16> {
    replies
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '))
        .map(|line| line[..3].parse().unwrap())
        .collect()
}

/// Plays a script of `C:` lines (`\r`, `\n`, `\0` are octets; consecutive ones are one write) and
/// checks that everything else in it is, line by line, what came of them.
pub(crate) fn play(options: ServerOptions, script: &str) {
    let mut session = Session::with(options);
    let mut pending = String::new();
    let mut sent = String::new();
    for line in script.lines().map(str::trim).chain(["end"]) {
        if let Some(command) = line.strip_prefix("C:") {
            let command = command.trim_start();
            pending
                .push_str(&command.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0"));
            pending.push_str("\r\n");
            sent.push_str(line);
            sent.push('\n');
        } else if !pending.is_empty() {
            session.transcript.push_str(&std::mem::take(&mut sent));
            session.say(&std::mem::take(&mut pending));
        }
    }
    let expected: String = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(session.transcript, expected);
}
