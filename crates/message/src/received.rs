//! The Received line that this node puts on top of each message (RFC 5321 section 4.4).
//! Pure. Whatever the peer called itself, the line is ASCII, folded, and holds nothing that a
//! reader could take for another clause.

use std::net::IpAddr;

use posthouse_types::{Address, Reference, UnixMillis};

use crate::date::date_rfc5322;
use crate::encode::field;
use crate::header::{Line, field_name, field_value, fields, read_line};

/// How this software calls itself in Received lines; [`crate::Intake`] knows its own by it.
pub const PRODUCT: &str = "posthouse";

/// Longest HELO name that is repeated: the longest name that DNS has.
const HELO_BYTES_MAX: usize = 255;

/// The protocol of the session (RFC 3848, RFC 6531 section 4.3), before the `S` for TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HELO.
    Smtp,
    /// EHLO.
    #[default]
    Esmtp,
    /// EHLO, and the transaction asked for SMTPUTF8.
    Utf8Smtp,
}

/// What a Received line tells.
#[derive(Clone, Debug)]
pub struct ReceivedFrom<'a> {
    /// The name in HELO or EHLO; what cannot stand in a host name becomes `?`.
    pub helo: &'a str,
    /// The peer's address; `None` for what this node wrote itself.
    pub address: Option<IpAddr>,
    /// This node.
    pub node_name: &'a str,
    /// The protocol.
    pub protocol: Protocol,
    /// A user logged in (RFC 3848).
    pub authenticated: bool,
    /// TLS version and cipher suite.
    pub tls: Option<(&'a str, &'a str)>,
    /// The transaction.
    pub reference: Reference,
    /// The recipient: only where there is exactly one, so that blind copies stay blind.
    pub recipient: Option<&'a Address>,
    /// Now.
    pub now: UnixMillis,
}

/// `Received: from helo ([ip]) by node (posthouse) with ESMTPS (TLSv1.3 suite) id REF
/// for <recipient>; date`, folded before column 78, CRLF at the end.
pub fn received_field(from: &ReceivedFrom<'_>) -> Vec<u8> {
    let mut words = Vec::with_capacity(16);
    if let Some(address) = from.address {
        words.extend(["from".to_owned(), host_word(from.helo), literal(address)]);
    }
    words.extend(["by".to_owned(), host_word(from.node_name), format!("({PRODUCT})")]);
    words.extend(["with".to_owned(), with_protocol(from).to_owned()]);
    if let Some((version, cipher)) = from.tls {
        words.push(format!("({} {})", host_word(version), host_word(cipher)));
    }
    words.extend(["id".to_owned(), from.reference.to_string()]);
    if let Some(recipient) = from.recipient.map(ToString::to_string).filter(|text| is_path(text)) {
        words.extend(["for".to_owned(), format!("<{recipient}>")]);
    }
    if let Some(last) = words.last_mut() {
        last.push(';');
    }
    words.push(date_rfc5322(from.now));
    let mut out = Vec::with_capacity(256);
    field(&mut out, "Received", words.iter().map(String::as_str));
    out
}

/// The registered word (IANA, Mail Transmission Types). HELO inside TLS has none of its own, and
/// nobody logs in after HELO.
fn with_protocol(from: &ReceivedFrom<'_>) -> &'static str {
    match (from.protocol, from.tls.is_some(), from.authenticated) {
        (Protocol::Smtp, false, _) => "SMTP",
        (Protocol::Esmtp, false, false) => "ESMTP",
        (Protocol::Esmtp, false, true) => "ESMTPA",
        (Protocol::Smtp, true, _) | (Protocol::Esmtp, true, false) => "ESMTPS",
        (Protocol::Esmtp, true, true) => "ESMTPSA",
        (Protocol::Utf8Smtp, false, false) => "UTF8SMTP",
        (Protocol::Utf8Smtp, false, true) => "UTF8SMTPA",
        (Protocol::Utf8Smtp, true, false) => "UTF8SMTPS",
        (Protocol::Utf8Smtp, true, true) => "UTF8SMTPSA",
    }
}

/// A peer's word as a single atom: no blank, comment or semicolon can come from it.
fn host_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-:[]".contains(c);
    let word: String =
        text.chars().take(HELO_BYTES_MAX).map(|c| if is_plain(c) { c } else { '?' }).collect();
    if word.is_empty() { "unknown".to_owned() } else { word }
}

/// `([192.0.2.1])`, `([IPv6:2001:db8::1])` (RFC 5321 section 4.1.3).
fn literal(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("([{address}])"),
        IpAddr::V6(address) => format!("([IPv6:{address}])"),
    }
}

/// Whether an address may be repeated: ASCII, and nothing in it needs quoting.
fn is_path(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\(),;".contains(&byte))
}

/// Received lines of a message that are looked at, from the top: one with more goes in circles.
const RECEIVED_LINES_MAX: usize = 100;
/// As much of one line as is looked at.
const RECEIVED_VALUE_BYTES_MAX: usize = 2048;

/// The values of a message's Received fields, topmost first, folds and all. What is no UTF-8 in
/// them is replaced.
pub fn received_values(message: &[u8]) -> Vec<String> {
    let text = |field| {
        let value: &[u8] = field_value(field);
        let value = value.get(..RECEIVED_VALUE_BYTES_MAX).unwrap_or(value);
        String::from_utf8_lossy(value).into_owned()
    };
    fields(message)
        .take_while(|field| read_line(field) == Line::Field)
        .filter(|field| {
            field_name(field).is_some_and(|name| name.eq_ignore_ascii_case(b"Received"))
        })
        .take(RECEIVED_LINES_MAX)
        .map(text)
        .collect()
}

#[cfg(test)]
mod tests {
    use posthouse_types::Domain;

    use super::*;

    fn address(local: &str) -> Address {
        Address::new(local, Domain::from_normalized("fabrikam.example"))
    }

    fn from<'a>(helo: &'a str, recipient: Option<&'a Address>) -> ReceivedFrom<'a> {
        ReceivedFrom {
            helo,
            address: Some("192.0.2.1".parse().unwrap()),
            node_name: "mx.gateway.example",
            protocol: Protocol::Esmtp,
            authenticated: false,
            tls: Some(("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
            reference: Reference::from_random([7; 10]),
            recipient,
            now: UnixMillis(1_795_457_427_042),
        }
    }

    fn text(from: &ReceivedFrom<'_>) -> String {
        String::from_utf8(received_field(from)).unwrap()
    }

    #[test]
    fn a_received_line_says_who_how_and_when() {
        let bob = address("bob");
        assert_eq!(
            text(&from("mail.contoso.example", Some(&bob))),
            "Received: from mail.contoso.example ([192.0.2.1]) by mx.gateway.example\r\n \
             (posthouse) with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id 0W3GE1R70W3GE1R7\r\n \
             for <bob@fabrikam.example>; Mon, 23 Nov 2026 18:10:27 +0000\r\n"
        );
    }

    #[test]
    fn a_peers_name_cannot_add_a_clause() {
        let line = text(&from("x) by evil (posthouse); a\r\nBcc: b\u{fc}", None));
        assert!(
            line.starts_with("Received: from x??by?evil??posthouse???a??Bcc:?b? ([192"),
            "{line}"
        );
        assert!(line.lines().all(|line| line.len() < 78));
        assert!(text(&from("", None)).starts_with("Received: from unknown (["));
    }

    #[test]
    fn an_address_that_needs_quoting_is_left_out() {
        let odd = address("\"a>; b\"");
        assert!(!text(&from("h", Some(&odd))).contains(" for "));
    }

    #[test]
    fn ipv6_addresses_and_protocols_have_their_registered_form() {
        let mut from = from("h", None);
        from.address = Some("2001:db8::1".parse().unwrap());
        from.tls = None;
        from.protocol = Protocol::Utf8Smtp;
        assert!(text(&from).contains("([IPv6:2001:db8::1])"));
        assert!(text(&from).replace("\r\n", "").contains("with UTF8SMTP id "));
        from.authenticated = true;
        assert!(text(&from).replace("\r\n", "").contains("with UTF8SMTPA id "));
        from.address = None;
        assert!(text(&from).starts_with("Received: by mx.gateway.example (posthouse)"));
    }

    #[test]
    fn received_lines_are_read_from_the_top_to_the_end_of_the_header() {
        let message = b"Received: from a\r\n\tby b; date\r\nFrom: x@y.example\r\nreceived : by c\r\n\r\nReceived: no\r\n";
        assert_eq!(received_values(message), [" from a\r\n\tby b; date\r\n", " by c\r\n"]);
        assert!(received_values(b"\r\nReceived: no\r\n").is_empty());
        assert!(received_values(b"").is_empty());
    }
}
