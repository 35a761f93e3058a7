//! AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN: from the command to the question to the caller.
//!
//! Touches nothing. Only inside TLS, only where the options offer it. Reads what the peer says it
//! is; whether that is true, the caller answers. What cannot be read ends the exchange with a
//! reply, too many wrong answers end the session, and no password is in any log or `Debug` text.

use std::fmt;

use posthouse_types::Refusal;

use crate::texts::{self, RefusalText};

use super::{Idle, Server, State, Step};

/// Longest line of an exchange, CRLF included: RFC 4954 section 4.
pub(super) const LINE_OCTETS_MAX: usize = 12_288;

/// Longest user name and longest password, in octets: RFC 4616 section 2 allows 255 characters.
const FIELD_OCTETS_MAX: usize = 1020;

/// Wrong log-ins of one session: as many as somebody with a wrong note types, and few enough that
/// guessing needs a connection for every handful.
const FAILED_LOGINS_MAX: u32 = 3;

/// LOGIN's questions, `Username:` and `Password:`, in base64 as clients expect them.
const ASK_USER: &str = "334 VXNlcm5hbWU6\r\n";
const ASK_PASSWORD: &str = "334 UGFzc3dvcmQ6\r\n";
/// PLAIN has nothing to ask.
const ASK_NOTHING: &str = "334 \r\n";

/// What a log says in place of a response, in Exchange's words.
const UNLOGGED_RESPONSE: &str = "<authentication information>";
/// And in place of a question.
const UNLOGGED_QUESTION: &str = "334 <authentication response>";

/// Whether users may log in on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// AUTH is offered inside TLS, and MAIL does not need it.
    Offered,
    /// MAIL needs TLS and AUTH first: a submission port (RFC 6409 section 4.3).
    Required,
}

/// What a peer says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name, as given; never empty, at most 1020 octets.
    pub user: String,
    /// The password, as given.
    pub password: Password,
}

/// A password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself; for the one place that compares it.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(not shown)")
    }
}

/// How far an exchange has come: what the next line will be.
pub(super) enum Exchange {
    /// PLAIN's only response.
    Plain,
    /// LOGIN's first.
    LoginUser,
    /// LOGIN's second.
    LoginPassword { user: Vec<u8> },
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Exchange")
    }
}

impl Server {
    /// Answers [`Step::Authenticate`]; without effect at any other time. A permanent refusal
    /// counts as a wrong guess, and a few of them end the session.
    pub fn answer_authentication(&mut self, answer: Result<(), Refusal>) {
        let user = match self.take_state() {
            State::AuthenticationAsked { user } => user,
            other => {
                self.state = other;
                return;
            }
        };
        match answer {
            Ok(()) => {
                self.user = Some(user);
                self.say(texts::AUTHENTICATED);
            }
            Err(refusal) => {
                self.put_callers(&refusal.reply, false);
                if refusal.reply.is_permanent() {
                    self.counters.failed_logins += 1;
                    if self.counters.failed_logins >= FAILED_LOGINS_MAX {
                        self.close_refusing(texts::TOO_MANY_FAILED_LOGINS.refusal());
                    }
                }
            }
        }
    }

    /// What stands between this session and MAIL, where only users may send.
    pub(super) fn user_fault(&self) -> Option<&'static RefusalText> {
        match self.options.authentication {
            Some(Authentication::Required) if !self.secured => Some(&texts::STARTTLS_FIRST),
            Some(Authentication::Required) if self.user.is_none() => {
                Some(&texts::AUTHENTICATION_FIRST)
            }
            _ => None,
        }
    }

    /// AUTH: order and grammar, then the mechanism.
    pub(super) fn authenticate(&mut self, arguments: &str) {
        let fault = if self.options.authentication.is_none() {
            Some(&texts::NOT_OFFERED)
        } else if !self.is_esmtp() {
            Some(&texts::GREETING_FIRST)
        } else if !self.secured {
            Some(&texts::STARTTLS_FIRST)
        } else if self.user.is_some() {
            Some(&texts::AUTHENTICATED_ALREADY)
        } else if self.in_transaction() {
            Some(&texts::AUTHENTICATION_IN_TRANSACTION)
        } else {
            None
        };
        if let Some(fault) = fault {
            return self.refuse_error(fault.refusal());
        }
        let mut words = arguments.split_ascii_whitespace();
        let (mechanism, initial, rest) = (words.next(), words.next(), words.next());
        let exchange = match mechanism {
            Some(name) if name.eq_ignore_ascii_case("PLAIN") => Exchange::Plain,
            Some(name) if name.eq_ignore_ascii_case("LOGIN") => Exchange::LoginUser,
            Some(_) => return self.refuse_error(texts::UNKNOWN_MECHANISM.refusal()),
            None => return self.refuse_error(texts::AUTHENTICATION_SYNTAX.refusal()),
        };
        if rest.is_some() {
            return self.refuse_error(texts::AUTHENTICATION_SYNTAX.refusal());
        }
        match initial {
            None => self.ask(exchange),
            // An empty initial response is written as one equals sign (RFC 4954 section 4).
            Some("=") => self.respond(exchange, Some(Vec::new())),
            Some(text) => self.respond(exchange, decode_base64(text.as_bytes())),
        }
    }

    /// One line within an exchange.
    pub(super) fn authentication_response(&mut self, line: &[u8]) {
        let State::Authenticating(exchange) = self.take_state() else { return };
        if line == b"*" {
            self.log.received("*");
            return self.refuse_error(texts::AUTHENTICATION_CANCELLED.refusal());
        }
        self.log.received(UNLOGGED_RESPONSE);
        self.respond(exchange, decode_base64(line.trim_ascii()));
    }

    /// Logs the command without an initial response.
    pub(super) fn log_authentication(&mut self, arguments: &str) {
        if !self.log.is_enabled() {
            return;
        }
        let mut words = arguments.split_ascii_whitespace();
        let mechanism = words.next().unwrap_or_default();
        let shown = if words.next().is_some() { UNLOGGED_RESPONSE } else { "" };
        self.log.received(format!("AUTH {mechanism} {shown}").trim_end());
    }

    fn ask(&mut self, exchange: Exchange) {
        let question = match exchange {
            Exchange::Plain => ASK_NOTHING,
            Exchange::LoginUser => ASK_USER,
            Exchange::LoginPassword { .. } => ASK_PASSWORD,
        };
        self.log.sent(UNLOGGED_QUESTION);
        self.output.extend_from_slice(question.as_bytes());
        self.state = State::Authenticating(exchange);
    }

    /// Goes on with a decoded response; `None` is one that is not base64.
    fn respond(&mut self, exchange: Exchange, response: Option<Vec<u8>>) {
        self.state = State::Idle(Idle::default());
        let credentials = match (exchange, response) {
            (_, None) => None,
            (Exchange::Plain, Some(message)) => read_plain(&message),
            (Exchange::LoginUser, Some(user)) => {
                return self.ask(Exchange::LoginPassword { user });
            }
            (Exchange::LoginPassword { user }, Some(password)) => credentials(&user, &password),
        };
        let Some(credentials) = credentials else {
            return self.refuse_error(texts::AUTHENTICATION_RESPONSE.refusal());
        };
        self.state = State::AuthenticationAsked { user: credentials.user.as_str().into() };
        self.steps.push_back(Step::Authenticate(credentials));
    }
}

/// PLAIN's message: `[authzid] NUL authcid NUL passwd` (RFC 4616 section 2). Whoever wants to act
/// for somebody else is not understood: nobody may.
fn read_plain(message: &[u8]) -> Option<Credentials> {
    let mut fields = message.split(|octet| *octet == 0);
    let (acting_for, user, password) = (fields.next()?, fields.next()?, fields.next()?);
    let is_whole = fields.next().is_none();
    let is_oneself = acting_for.is_empty() || acting_for == user;
    if is_whole && is_oneself { credentials(user, password) } else { None }
}

fn credentials(user: &[u8], password: &[u8]) -> Option<Credentials> {
    let read = |field: &[u8]| {
        let fits = !field.is_empty() && field.len() <= FIELD_OCTETS_MAX && !field.contains(&0);
        fits.then(|| String::from_utf8(field.to_vec()).ok()).flatten()
    };
    Some(Credentials { user: read(user)?, password: Password(read(password)?) })
}

/// Base64 (RFC 4648 section 4), strictly: whole groups of four, padded, no line ends, and no bits
/// left over. At most as long as the line was.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let value = |octet: u8| match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let unpadded = text.strip_suffix(b"=").unwrap_or(text);
    let unpadded = unpadded.strip_suffix(b"=").unwrap_or(unpadded);
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for octet in unpadded {
        bits = bits << 6 | u32::from(value(*octet)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push(((bits >> count) & 0xff) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_strictly() {
        for (text, decoded) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9vYmFy", b"foobar"),
            ("AGEAYg==", b"\0a\0b"),
            ("//79", b"\xff\xfe\xfd"),
        ] {
            assert_eq!(decode_base64(text.as_bytes()).as_deref(), Some(decoded), "{text}");
        }
        for text in ["Z", "Zg", "Zg=", "Zh==", "Z===", "====", "Zg==Zg==", "Zm 8=", "Zm8\u{e9}"] {
            assert_eq!(decode_base64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_plain_message_names_one_user_who_acts_for_nobody_else() {
        let read = |message: &[u8]| read_plain(message).map(|found| found.user);
        assert_eq!(read(b"\0tim\0tanstaaftanstaaf").as_deref(), Some("tim"));
        assert_eq!(read(b"tim\0tim\0secret").as_deref(), Some("tim"));
        for message in [
            &b"Ursel\0Kurt\0xipj3plmq"[..],
            b"\0\0p",
            b"\0u\0",
            b"\0u",
            b"u",
            b"\0u\0p\0",
            b"\0\xff\0p",
        ] {
            assert_eq!(read(message), None, "{message:?}");
        }
        assert_eq!(read(&[&b"\0u\0"[..], &[b'p'; 1021]].concat()), None);
    }

    #[test]
    fn web_13_a_password_is_in_no_debug_text() {
        let shown = format!("{:?}", read_plain(b"\0u\0canary"));
        assert!(!shown.contains("canary"), "{shown}");
        let shown = format!("{:?}", Exchange::LoginPassword { user: b"canary".to_vec() });
        assert!(!shown.contains("canary"), "{shown}");
    }
}
