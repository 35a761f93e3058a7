//! One SMTP session, put together from the lines of a log: who spoke, what TLS did, which
//! certificates were shown, what was refused.
//!
//! Pure. Lines may come in any order that a log can have; what is missing stays unknown.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use posthouse_types::UnixMillis;

use crate::facts::{Failure, LoggedCertificate, Proof, Session, Tls, value};
use crate::limits::{COMMANDS_WAITING_MAX, FAILURES_MAX, LINKS_MAX, NAMES_MAX, REPLY_LINES_MAX};
use crate::reply::{reference, unified};

/// Where a line stands.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    /// The file.
    pub(crate) file: &'a Arc<str>,
    /// The line.
    pub(crate) line: u64,
    /// The whole line.
    pub(crate) text: &'a str,
}

impl Place<'_> {
    fn proof(&self) -> Proof {
        Proof::new(self.file, self.line, self.text)
    }
}

/// Who says a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The client, which asks.
    Client,
    /// The server, which answers.
    Server,
}

/// A session that is not over.
#[derive(Debug, Default)]
pub(crate) struct SessionBuilder {
    session: Session,
    /// Commands that have no answer yet, by their verb.
    waiting: VecDeque<String>,
    /// A reply of several lines, as far as it has come.
    reply: Option<PartialReply>,
    /// The body is being sent: the next reply is about the message.
    in_data: bool,
    /// Whose certificate the next lines describe.
    describing: Option<Speaker>,
}

#[derive(Debug)]
struct PartialReply {
    code: String,
    text: String,
    proof: Vec<Proof>,
}

impl SessionBuilder {
    pub(crate) fn new(connector: &str, is_receiving: bool) -> Self {
        let session =
            Session { count: 1, connector: value(connector), is_receiving, ..Session::default() };
        Self { session, ..Self::default() }
    }

    /// A line of this session, whatever it says.
    pub(crate) fn seen(&mut self, place: &Place<'_>, at: Option<UnixMillis>) {
        if self.session.opened.is_none() {
            self.session.opened = Some(place.proof());
        }
        if self.session.first.is_none() {
            self.session.first = at;
        }
        self.session.last = self.session.first;
    }

    /// The addresses, as far as the line has them.
    pub(crate) fn between(&mut self, local: &str, remote: &str) {
        if !remote.is_empty() {
            self.session.remote = value(remote);
        }
        let client = if self.session.is_receiving { remote } else { local };
        if self.session.source.is_empty() && !client.is_empty() {
            self.session.source = without_port(client).to_owned();
        }
    }

    /// The log is the server's own, as its first word shows.
    pub(crate) fn is_a_server(&mut self) {
        self.session.is_receiving = true;
    }

    /// The log's own side speaks, or the other one.
    pub(crate) fn heard(&mut self, is_own: bool, words: &str, place: &Place<'_>) {
        let is_client = is_own != self.session.is_receiving;
        let speaker = if is_client { Speaker::Client } else { Speaker::Server };
        self.said(speaker, words, place);
    }

    /// Somebody speaks.
    pub(crate) fn said(&mut self, speaker: Speaker, words: &str, place: &Place<'_>) {
        match speaker {
            Speaker::Client => self.command(words),
            Speaker::Server => self.reply_line(words, place),
        }
    }

    /// Something happened beside the dialogue; `context` says what, `data` is its value.
    pub(crate) fn information(&mut self, data: &str, context: &str, place: &Place<'_>) {
        self.end_reply();
        let text = if context.is_empty() { data } else { context };
        let words = text.to_ascii_lowercase();
        if words.contains("certificate") || words.starts_with("tls ") {
            self.session.is_verbose = true;
        }
        if let Some(message_id) = text.split_once("InternetMessageId ") {
            self.link(message_id.1.trim());
            return;
        }
        if words.ends_with("sending certificate") || words.starts_with("sending certificate") {
            let whose = if self.session.is_receiving { Speaker::Server } else { Speaker::Client };
            self.describe(whose, place);
        } else if words.starts_with("remote certificate") || words.starts_with("received cert") {
            let whose = if self.session.is_receiving { Speaker::Client } else { Speaker::Server };
            self.describe(whose, place);
        } else if words.starts_with("certificate ") && !data.is_empty() && !context.is_empty() {
            self.certificate_line(&words, data, place);
        } else if let Some((_, error)) = words.split_once("failed with error ") {
            if words.contains("tls") {
                self.session.tls = Tls::Failed(value(error.trim_end_matches('.')));
                self.session.tls_proof = vec![place.proof()];
            }
        } else if words.starts_with("tls protocol") && words.contains("succeeded") {
            self.session.tls = Tls::Succeeded;
            self.session.tls_proof.push(place.proof());
        } else if is_refusal(text) || words.contains("could not be found") {
            self.fail(value(text), vec![place.proof()]);
        }
    }

    /// The session is over, or its log is.
    pub(crate) fn finish(mut self) -> Session {
        self.end_reply();
        self.session
    }

    fn command(&mut self, words: &str) {
        self.end_reply();
        let verb = words.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        self.in_data = false;
        if self.waiting.len() < COMMANDS_WAITING_MAX {
            self.waiting.push_back(verb.chars().take(16).collect());
        }
    }

    fn reply_line(&mut self, words: &str, place: &Place<'_>) {
        let Some(code) = words.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()))
        else {
            // A line that goes on from the one before, as some logs fold them.
            if let Some(reply) = &mut self.reply {
                reply.text.push(' ');
                reply.text.push_str(&value(words));
            }
            return;
        };
        let goes_on = words.get(3..).is_some_and(|rest| rest.starts_with('-'));
        let text = words.get(4..).unwrap_or_default().trim();
        match &mut self.reply {
            Some(reply) if reply.code == code => {
                if reply.proof.len() < REPLY_LINES_MAX {
                    let text = without_status(text, &reply.text);
                    reply.text.push(' ');
                    reply.text.push_str(&value(text));
                    reply.proof.push(place.proof());
                }
            }
            _ => {
                self.end_reply();
                let text = format!("{code} {text}");
                let proof = vec![place.proof()];
                self.reply = Some(PartialReply { code: code.to_owned(), text, proof });
            }
        }
        if !goes_on {
            self.end_reply();
        }
    }

    fn end_reply(&mut self) {
        let Some(reply) = self.reply.take() else { return };
        let text = value(&unified(&reply.text));
        let verb = match self.waiting.pop_front() {
            Some(verb) => verb,
            None if self.in_data => ".".to_owned(),
            None => String::new(),
        };
        match (verb.as_str(), reply.code.as_str()) {
            ("", "220") => self.greeting(&text),
            ("STARTTLS", "220") => {
                if self.session.tls == Tls::NotTried || self.session.tls == Tls::Refused {
                    self.session.tls = Tls::Begun;
                }
                self.session.tls_proof.extend(reply.proof);
            }
            ("STARTTLS", _) => {
                self.session.tls = Tls::Refused;
                self.session.tls_proof.extend(reply.proof);
            }
            ("EHLO" | "HELO", "250") => self.greeted(&text),
            ("DATA", "354") => self.in_data = true,
            (_, code) if code.starts_with(['4', '5']) && verb != "QUIT" => {
                if verb == "." {
                    self.in_data = false;
                }
                self.fail(text, reply.proof);
            }
            ("." | "BDAT", "250") => {
                self.in_data = false;
                self.session.accepted = reply.proof.into_iter().next_back();
            }
            // Who may relay is decided at RCPT: a recipient that was taken is proof enough.
            ("RCPT", "250" | "251") => {
                self.session.accepted = reply.proof.into_iter().next_back();
            }
            (_, "250") if text.contains("Queued mail for delivery") => {
                self.session.accepted = reply.proof.into_iter().next_back();
            }
            _ => {}
        }
    }

    fn greeting(&mut self, text: &str) {
        let host = text.split_whitespace().nth(1).unwrap_or_default();
        if self.session.host.is_empty() {
            self.session.host = value(host).to_ascii_lowercase();
        }
    }

    /// What the server answers to EHLO: our address as it sees it, and whether it offers TLS.
    fn greeted(&mut self, text: &str) {
        let words = text.to_ascii_uppercase();
        if self.session.tls == Tls::NotTried {
            self.session.offers_tls = Some(words.contains("STARTTLS"));
        }
        let after = text.split_once(" Hello ").map_or("", |(_, rest)| rest);
        let seen = after.split(' ').next().unwrap_or_default().trim_matches(['[', ']']);
        if seen.parse::<IpAddr>().is_ok() && !self.session.is_receiving {
            self.session.source = value(seen);
        }
    }

    fn fail(&mut self, text: String, proof: Vec<Proof>) {
        if let Some(reference) = reference(&text).map(str::to_owned) {
            self.link(&reference);
        }
        // The same refusal for each recipient is one refusal.
        let same = |other: &Failure| other.text.get(..24) == text.get(..24);
        if self.session.failures.len() < FAILURES_MAX && !self.session.failures.iter().any(same) {
            self.session.failures.push(Failure { text, proof });
        }
    }

    fn link(&mut self, link: &str) {
        let link = value(link);
        if self.session.links.len() < LINKS_MAX && !self.session.links.contains(&link) {
            self.session.links.push(link);
        }
    }

    fn describe(&mut self, whose: Speaker, place: &Place<'_>) {
        self.describing = Some(whose);
        let certificate =
            LoggedCertificate { proof: vec![place.proof()], ..LoggedCertificate::default() };
        *self.certificate(whose) = Some(certificate);
    }

    fn certificate(&mut self, whose: Speaker) -> &mut Option<LoggedCertificate> {
        match whose {
            Speaker::Client => &mut self.session.client_certificate,
            Speaker::Server => &mut self.session.server_certificate,
        }
    }

    fn certificate_line(&mut self, context: &str, data: &str, place: &Place<'_>) {
        let Some(whose) = self.describing else { return };
        let Some(certificate) = self.certificate(whose) else { return };
        if context.starts_with("certificate subject") {
            certificate.subject = value(data);
        } else if context.starts_with("certificate issuer") {
            certificate.issuer = value(data);
        } else if context.starts_with("certificate thumbprint") {
            certificate.thumbprint = value(data).to_ascii_uppercase();
        } else if context.contains("alternate names") || context.contains("alternative names") {
            let names = data.split([';', ',', ' ']).filter(|name| !name.is_empty());
            certificate.names =
                names.take(NAMES_MAX).map(|name| value(name).to_ascii_lowercase()).collect();
        } else {
            return;
        }
        if certificate.proof.len() < REPLY_LINES_MAX {
            certificate.proof.push(place.proof());
        }
    }
}

/// `192.0.2.1:25` and `[2001:db8::1]:25` without their port.
fn without_port(endpoint: &str) -> &str {
    let address = endpoint.rsplit_once(':').map_or(endpoint, |(address, _)| address);
    address.trim_start_matches('[').trim_end_matches(']')
}

/// Whether a line of information is a refusal in SMTP's form, as Exchange logs its own.
fn is_refusal(text: &str) -> bool {
    let mut words = text.split(' ');
    let code = words.next().unwrap_or_default();
    let status = words.next().unwrap_or_default();
    code.len() == 3
        && code.starts_with(['4', '5'])
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && status.matches('.').count() == 2
        && status.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A line of a reply without the status that each line repeats.
fn without_status<'a>(text: &'a str, so_far: &str) -> &'a str {
    let status = so_far.split(' ').nth(1).unwrap_or_default();
    let is_status = status.matches('.').count() == 2;
    text.strip_prefix(status).filter(|_| is_status).map_or(text, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays lines: `>` the client, `<` the server, `*` information (`data|context`).
    fn session(lines: &[&str]) -> Session {
        let mut builder = SessionBuilder::new("Outbound", false);
        let file: Arc<str> = "send.log".into();
        for (number, text) in lines.iter().enumerate() {
            let place = Place { file: &file, line: number as u64 + 1, text };
            builder.seen(&place, Some(UnixMillis(number as i64)));
            let words = text.get(1..).unwrap_or_default();
            match text.get(..1) {
                Some(">") => builder.said(Speaker::Client, words, &place),
                Some("<") => builder.said(Speaker::Server, words, &place),
                _ => {
                    let (data, context) = words.split_once('|').unwrap_or((words, ""));
                    builder.information(data, context, &place);
                }
            }
        }
        builder.finish()
    }

    #[test]
    fn a_reply_of_several_lines_is_one_refusal() {
        let session = session(&[
            "<220 GW.example ESMTP",
            ">EHLO a",
            "<250-gw.example Hello [192.0.2.7]",
            "<250 STARTTLS",
            ">MAIL FROM:<a@b>",
            ">RCPT TO:<c@d>",
            "<250 2.1.0 OK",
            "<550-5.7.64 TenantAttribution; Relay Access Denied [gw t 0W3GE1R70W3GE1R7]",
            "<550 5.7.64 Your server sent no client certificate",
        ]);
        assert_eq!(
            session.failures[0].text,
            "550 5.7.64 TenantAttribution; Relay Access Denied [gw t 0W3GE1R70W3GE1R7] Your \
             server sent no client certificate"
        );
        assert_eq!(session.failures[0].proof.len(), 2);
        assert_eq!(session.links, ["0W3GE1R70W3GE1R7"]);
        assert_eq!((session.source.as_str(), session.host.as_str()), ("192.0.2.7", "gw.example"));
        assert_eq!((session.offers_tls, session.tls), (Some(true), Tls::NotTried));
        assert!(session.accepted.is_none());
    }

    #[test]
    fn pipelined_commands_get_their_own_answers() {
        let session = session(&[
            "<220 gw",
            ">EHLO a",
            "<250 gw Hello",
            ">STARTTLS",
            "<220 go",
            ">EHLO a",
            "<250 gw",
            ">MAIL FROM:<a@b>",
            ">RCPT TO:<c@d>",
            ">DATA",
            "<250 ok",
            "<250 ok",
            "<354 go",
            "<250 2.6.0 <1@b> Queued mail for delivery",
        ]);
        assert_eq!(session.tls, Tls::Begun);
        assert!(session.accepted.is_some() && session.failures.is_empty());
    }

    #[test]
    fn certificates_belong_to_whoever_showed_them() {
        let session = session(&[
            "*|Sending certificate",
            "*CN=a|Certificate subject",
            "*CN=ca|Certificate issuer name",
            "*ab12|Certificate thumbprint",
            "*a.example;B.example|Certificate alternate names",
            "*|Remote certificate",
            "*CN=gw|Certificate subject",
            "*|TLS protocol SP_PROT_TLS1_2_CLIENT negotiation succeeded using",
        ]);
        let client = session.client_certificate.unwrap();
        assert_eq!((client.subject.as_str(), client.thumbprint.as_str()), ("CN=a", "AB12"));
        assert_eq!(client.names, ["a.example", "b.example"]);
        assert_eq!(session.server_certificate.unwrap().subject, "CN=gw");
        assert!(session.is_verbose && session.tls == Tls::Succeeded);
    }
}
