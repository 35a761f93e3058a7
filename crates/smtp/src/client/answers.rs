//! What each answer of the server means for the session and its transaction.
//!
//! Touches nothing. An answer of a class that its command cannot have ends the session as
//! `protocol-error`; 421 ends it wherever it comes.

use std::sync::Arc;

use super::envelope::EnvelopeCommand;
use super::{Capabilities, Client, Command, Phase, TlsWish};
use crate::reply_reader::RemoteReply;

/// CVE-2021-38371 and its like: an attacker's clear text must not count as said under TLS.
pub(super) const BYTES_BEFORE_HANDSHAKE: &str = "the server sent more after its 220 to STARTTLS";

impl Client {
    /// Takes one reply; it answers the first command that is due.
    pub(super) fn answer(&mut self, reply: &Arc<RemoteReply>) {
        for line in reply.raw_lines() {
            self.log.received(line);
        }
        self.deadline = None;
        // RFC 5321 section 3.8: 421 may answer anything, or nothing at all.
        if reply.code == 421 {
            return self.fail_by(reply, "the server closes the connection");
        }
        if self.sent == 0 {
            return self.answer_unasked(reply);
        }
        let Some(command) = self.due.pop_front() else {
            return self.answer_unasked(reply);
        };
        self.sent -= 1;
        match command {
            Command::Connection => self.answer_connection(reply),
            Command::Ehlo | Command::Helo => self.answer_hello(command, reply),
            Command::StartTls => self.answer_starttls(reply),
            Command::Envelope(command) => self.answer_envelope(command, reply),
            Command::Message => self.answer_message(reply),
            Command::Reset if reply.is_positive() => self.phase = Phase::Ready,
            // No mail depends on it, but a session that cannot be reset is of no use.
            Command::Reset => self.leave(None),
            Command::Quit => self.fail_quietly(),
        }
    }

    /// A reply that nothing asked for. While the body is sent it is an early refusal; it cannot
    /// be waited out, since a final dot now would end a message that nobody takes.
    fn answer_unasked(&mut self, reply: &Arc<RemoteReply>) {
        let early = reply.is_transient() || reply.is_permanent();
        match &mut self.phase {
            Phase::Body(envelope) if early => {
                envelope.refuse_all(reply);
                self.fail_by(reply, "the server refused the message before its end");
            }
            _ => self.fail_protocol(Some(reply), "the server answered what was not asked"),
        }
    }

    fn answer_connection(&mut self, reply: &Arc<RemoteReply>) {
        match reply.code {
            220 => self.hello(),
            400..=599 => self.leave_by(reply, "the server refuses the connection"),
            _ => self.fail_protocol(Some(reply), "the greeting is not 220"),
        }
    }

    fn answer_hello(&mut self, command: Command, reply: &Arc<RemoteReply>) {
        if reply.is_permanent() && command == Command::Ehlo {
            // RFC 5321 section 3.2: a server that does not know EHLO may still know HELO.
            let line = format!("HELO {}", self.options.helo_name);
            return self.command(Command::Helo, &line);
        }
        if reply.is_transient() || reply.is_permanent() {
            return self.leave_by(reply, "the server refuses EHLO and HELO");
        }
        if !reply.is_positive() {
            return self.fail_protocol(Some(reply), "the answer to EHLO has an unexpected code");
        }
        if command == Command::Ehlo {
            self.offered = Capabilities::from_reply(reply);
        }
        match self.options.tls {
            _ if self.secured => self.phase = Phase::Ready,
            TlsWish::Opportunistic | TlsWish::Required if self.offered.starttls => {
                self.command(Command::StartTls, "STARTTLS");
            }
            TlsWish::Required => self.leave_without_tls(None),
            TlsWish::Never | TlsWish::Opportunistic => self.phase = Phase::Ready,
        }
    }

    fn answer_starttls(&mut self, reply: &Arc<RemoteReply>) {
        if reply.code == 220 {
            if self.reader.is_empty() {
                self.phase = Phase::Handshake;
            } else {
                self.fail_protocol(None, BYTES_BEFORE_HANDSHAKE);
            }
        } else if !reply.is_transient() && !reply.is_permanent() {
            self.fail_protocol(Some(reply), "the answer to STARTTLS has an unexpected code");
        } else if self.options.tls == TlsWish::Required {
            self.leave_without_tls(Some(reply));
        } else {
            self.phase = Phase::Ready;
        }
    }

    fn answer_envelope(&mut self, command: EnvelopeCommand, reply: &Arc<RemoteReply>) {
        let Phase::Envelope(envelope) = &mut self.phase else {
            return;
        };
        let refused = reply.is_transient() || reply.is_permanent();
        match command {
            EnvelopeCommand::Mail if reply.is_positive() => {}
            EnvelopeCommand::Recipient(index) if reply.is_positive() => envelope.accept(index),
            EnvelopeCommand::Recipient(index) if refused => envelope.refuse(index, reply),
            EnvelopeCommand::Mail | EnvelopeCommand::Data if refused => envelope.refuse_all(reply),
            EnvelopeCommand::Data if (300..400).contains(&reply.code) => {
                return self.answer_go_ahead();
            }
            _ => return self.fail_protocol(Some(reply), "an answer has an unexpected code"),
        }
        self.send_envelope();
    }

    /// 354. In a pipelined envelope it may come although no recipient was accepted.
    fn answer_go_ahead(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Envelope(envelope) if envelope.out_of_step => {
                // Even a lone dot would be a message for recipients that were never agreed on.
                self.phase = Phase::Envelope(envelope);
                self.fail_protocol(None, "the server takes a message whose sender it refused");
            }
            Phase::Envelope(envelope) if envelope.any_accepted() => {
                self.phase = Phase::Body(envelope);
            }
            // RFC 2920 section 3.1: send a lone dot, which the server has to refuse.
            Phase::Envelope(envelope) => {
                self.phase = Phase::Verdict(envelope);
                self.command(Command::Message, ".");
            }
            other => self.phase = other,
        }
    }

    fn answer_message(&mut self, reply: &Arc<RemoteReply>) {
        let refused = reply.is_transient() || reply.is_permanent();
        if !reply.is_positive() && !refused {
            return self.fail_protocol(Some(reply), "the answer to the message has no meaning");
        }
        match std::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Verdict(mut envelope) => {
                if refused {
                    envelope.refuse_all(reply);
                } else {
                    envelope.delivered(reply);
                }
                self.finished = Some(envelope.into_outcomes());
            }
            other => self.phase = other,
        }
    }
}
