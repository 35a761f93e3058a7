//! What each command does: one function per verb, each checking order first, then grammar.
//!
//! The `match` in `command` is the whole session on one screen. Nothing here reads octets of a
//! message or looks at the time.

use std::str;

use posthouse_types::{Refusal, Reply};

use crate::body::{BodyDecoder, Framing};
use crate::command::{self, Offered, Verb};
use crate::texts::{self, RefusalText};

use super::receiving::Receiving;
use super::{Greeted, Idle, Server, State, Step};

impl Server {
    /// Does what one command line says.
    pub(super) fn command(&mut self, line: &[u8]) {
        self.counters.commands += 1;
        if self.counters.commands > self.options.limits.commands_max {
            return self.close_refusing(texts::TOO_MANY_COMMANDS.refusal());
        }
        let Ok(line) = str::from_utf8(line) else {
            self.log.received("(not UTF-8)");
            return self.refuse_error(texts::NOT_UTF_8.refusal());
        };
        let (verb, arguments) = command::split_verb(line);
        match verb {
            Verb::Authenticate => self.log_authentication(arguments),
            // Where people log in, a line that is no command may be a password gone astray.
            Verb::Unknown if self.options.authentication.is_some() => {
                self.log.received("(no command)");
            }
            _ => self.log.received(line),
        }
        if verb == Verb::Http || (verb == Verb::Unknown && line.contains(" HTTP/")) {
            // ALPACA: never read on, a browser's next line may be a body in SMTP's words.
            return self.close_refusing(texts::NOT_SMTP.refusal());
        }
        if !self.input.is_empty() && self.must_be_last_in_group(verb) {
            return self.close_refusing(texts::PIPELINING.refusal());
        }
        match verb {
            Verb::Ehlo | Verb::Helo => self.greet(verb, arguments),
            Verb::StartTls => self.start_tls(arguments),
            Verb::Authenticate => self.authenticate(arguments),
            Verb::Mail => self.mail(arguments),
            Verb::Recipient => self.recipient(arguments),
            Verb::Data => self.data(arguments),
            Verb::Chunk => self.chunk(arguments),
            Verb::Reset => {
                self.discard_transaction();
                self.say(texts::RESETTING);
                if let State::Idle(idle) = &mut self.state {
                    idle.just_refused = false;
                }
            }
            Verb::Noop => self.say(texts::OK),
            Verb::Verify => self.say(texts::CANNOT_VERIFY),
            Verb::Help => self.say(texts::HELP),
            Verb::Quit => {
                self.discard_transaction();
                self.say(texts::CLOSING);
                self.input.clear();
                self.state = State::Closing;
            }
            Verb::NotOffered => self.refuse_error(texts::NOT_OFFERED.refusal()),
            Verb::Unknown if self.options.authentication.is_some() => {
                self.refuse_error(texts::UNKNOWN_COMMAND.refusal());
            }
            Verb::Http | Verb::Unknown => self.refuse_error(texts::UNKNOWN_COMMAND.about(line)),
        }
    }

    /// Whether the peer had to wait for this command's reply (RFC 2920 section 3.1): always with
    /// EHLO, HELO, DATA and AUTH (RFC 4954 section 4), and with everything before EHLO has offered
    /// PIPELINING at all. QUIT
    /// and STARTTLS drop what follows them anyway. NOOP and VRFY change nothing that what follows
    /// could depend on; real clients do pipeline them.
    fn must_be_last_in_group(&self, verb: Verb) -> bool {
        match verb {
            Verb::Ehlo | Verb::Helo | Verb::Data => true,
            Verb::Authenticate => self.options.authentication.is_some() || !self.is_esmtp(),
            Verb::Quit | Verb::StartTls => false,
            _ => !self.is_esmtp(),
        }
    }

    /// EHLO and HELO: who the peer says it is, and what it may use from now on.
    fn greet(&mut self, verb: Verb, arguments: &str) {
        let name = match command::read_greeting_name(arguments) {
            Ok(name) => name,
            Err(refusal) => return self.refuse_error(refusal),
        };
        // RFC 5321 section 4.1.4: a later EHLO also resets the transaction.
        self.discard_transaction();
        self.state = State::Idle(Idle::default());
        let mut lines = vec![format!("{} Hello {}", self.options.node_name, self.peer_label)];
        if verb == Verb::Ehlo {
            self.greeted = Greeted::Ehlo(name.into());
            lines.push(format!("SIZE {}", self.options.limits.message_bytes_max));
            lines.extend(["PIPELINING", "DSN", "ENHANCEDSTATUSCODES"].map(String::from));
            if self.options.tls_offered && !self.secured {
                lines.push("STARTTLS".into());
            }
            if self.options.authentication.is_some() && self.secured {
                lines.push("AUTH PLAIN LOGIN".into());
            }
            lines.extend(["8BITMIME", "CHUNKING", "SMTPUTF8"].map(String::from));
        } else {
            self.greeted = Greeted::Helo(name.into());
        }
        self.put(&Reply::plain(250, lines));
    }

    /// STARTTLS (RFC 3207): the last thing that is read in clear.
    fn start_tls(&mut self, arguments: &str) {
        let fault = if self.secured {
            Some(&texts::TLS_ALREADY)
        } else if !self.options.tls_offered {
            Some(&texts::TLS_NOT_AVAILABLE)
        } else if !self.is_esmtp() {
            Some(&texts::GREETING_FIRST)
        } else if !arguments.is_empty() {
            Some(&texts::NO_ARGUMENT)
        } else {
            None
        };
        if let Some(fault) = fault {
            return self.refuse_error(fault.refusal());
        }
        // Whatever was sent behind STARTTLS was sent in clear, and may be someone else's: it must
        // not be taken for what the peer says inside TLS (NO STARTTLS; RFC 3207 section 4.2).
        self.input.clear();
        self.discard_transaction();
        self.say(texts::READY_FOR_TLS);
        self.state = State::StartingTls;
    }

    /// MAIL: begins a transaction if the caller says so. A declared size over the limit is refused
    /// here, before the octets are sent for nothing (RFC 1870 section 6.1).
    fn mail(&mut self, arguments: &str) {
        let fault = match &self.state {
            _ if self.greeted == Greeted::No => Some(&texts::GREETING_FIRST),
            State::Transaction(transaction) => Some(match transaction.chunks {
                Some(_) => &texts::CHUNKS_BEGUN,
                None => &texts::SENDER_ALREADY,
            }),
            _ => None,
        };
        if let Some(fault) = fault {
            return self.refuse_error(fault.refusal());
        }
        if let Some(fault) = self.user_fault() {
            return self.refuse_mail(fault.refusal());
        }
        let offered = Offered {
            esmtp: self.is_esmtp(),
            authentication: self.options.authentication.is_some(),
        };
        let mail = match command::read_mail(arguments, offered) {
            Ok(mail) => mail,
            Err(refusal) => return self.refuse_mail(refusal),
        };
        if mail.parameters.size.is_some_and(|size| size > self.options.limits.message_bytes_max) {
            self.refuse(self.too_large());
            self.state = State::Idle(Idle { just_refused: true });
            return;
        }
        self.state = State::MailAsked { smtputf8: mail.parameters.smtputf8 };
        self.steps.push_back(Step::Mail(mail));
    }

    /// A MAIL that could not be read: the peer's error, once; what it pipelined behind is not.
    fn refuse_mail(&mut self, refusal: Refusal) {
        self.state = State::Idle(Idle { just_refused: true });
        self.refuse_error(refusal);
    }

    /// RCPT: asks the caller. Over the limit it is refused for now and not as an error, so that the
    /// sender brings the rest in its next transaction (RFC 5321 section 4.5.3.1.10).
    fn recipient(&mut self, arguments: &str) {
        let esmtp = self.is_esmtp();
        let recipients_max = self.options.limits.recipients_max;
        let read = match &self.state {
            State::Transaction(transaction) if transaction.chunks.is_some() => {
                return self.refuse_error(texts::CHUNKS_BEGUN.refusal());
            }
            State::Transaction(transaction) if transaction.recipients >= recipients_max => {
                return self.refuse(texts::TOO_MANY_RECIPIENTS.refusal());
            }
            State::Transaction(transaction) => {
                command::read_recipient(arguments, esmtp, transaction.smtputf8)
            }
            _ => return self.refuse_outside(),
        };
        match read {
            Ok(recipient) => {
                if let State::Transaction(transaction) = self.take_state() {
                    self.state = State::RecipientAsked(transaction);
                }
                self.steps.push_back(Step::Recipient(recipient));
            }
            Err(refusal) => self.refuse_error(refusal),
        }
    }

    /// DATA: from `354` on octets are content until their proper end.
    fn data(&mut self, arguments: &str) {
        let State::Transaction(transaction) = &self.state else {
            return self.refuse_outside();
        };
        if transaction.chunks.is_some() {
            return self.refuse_error(texts::CHUNKS_BEGUN.refusal());
        }
        if !arguments.is_empty() {
            return self.refuse_error(texts::NO_ARGUMENT.refusal());
        }
        if transaction.recipients == 0 {
            // Not counted as an error: a pipelining client sent DATA before it could know.
            return self.refuse(texts::NO_RECIPIENTS.refusal());
        }
        let decoder = self.decoder(Framing::Dots);
        if let State::Transaction(transaction) = self.take_state() {
            self.say(texts::START_MAIL_INPUT);
            self.clock.body_begins();
            self.state = State::Receiving(Receiving::data(transaction, decoder));
        }
    }

    /// RCPT, DATA or BDAT where no transaction is.
    fn refuse_outside(&mut self) {
        let (fault, counts) = self.outside_fault();
        if counts {
            self.refuse_error(fault.refusal());
        } else {
            self.refuse(fault.refusal());
        }
    }

    /// What is missing in front of RCPT, DATA or BDAT, and whether that is the peer's error.
    pub(super) fn outside_fault(&self) -> (&'static RefusalText, bool) {
        match &self.state {
            _ if self.greeted == Greeted::No => (&texts::GREETING_FIRST, true),
            State::Idle(Idle { just_refused: true }) => (&texts::SENDER_FIRST, false),
            _ => (&texts::SENDER_FIRST, true),
        }
    }

    /// `552`, with the limit for the operator.
    pub(super) fn too_large(&self) -> Refusal {
        let mut refusal = texts::MESSAGE_TOO_LARGE.refusal();
        let limit = self.options.limits.message_bytes_max;
        refusal.operator_text.push_str(&format!(", {limit} octets"));
        refusal
    }

    /// A decoder for this session's next message.
    pub(super) fn decoder(&self, framing: Framing) -> BodyDecoder {
        let octets_max = self.options.limits.message_bytes_max;
        BodyDecoder::new(framing, self.options.line_ends, octets_max)
    }

    /// Takes the state out, to be put back as the next one.
    pub(super) fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Idle(Idle::default()))
    }
}
