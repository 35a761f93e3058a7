//! SMTP replies and refusals as values (RFC 5321 section 4.2, RFC 3463).

use std::fmt;

use crate::{Reason, Reference};

/// An enhanced status code `class.subject.detail` (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatus(pub u8, pub u16, pub u16);

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One reply: code, enhanced status where there is one, and one or more lines of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The enhanced status that leads each line; none in a greeting, in EHLO's reply and in 354.
    pub status: Option<EnhancedStatus>,
    /// The text lines, without code, status or line ends; never empty once encoded.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, status: EnhancedStatus, text: impl Into<String>) -> Self {
        Self { code, status: Some(status), lines: vec![text.into()] }
    }

    /// A reply without an enhanced status (greeting, EHLO, 354).
    pub fn plain(code: u16, lines: Vec<String>) -> Self {
        Self { code, status: None, lines }
    }

    /// 2yz.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 4yz: the peer may try again.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5yz: the peer may not try again.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// The bytes on the wire, CRLF included. Line ends and controls inside a text, whoever wrote
    /// them, become spaces here, so that no reply can ever be split; what is not ASCII stays,
    /// since the session decides about SMTPUTF8 before it comes here.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let last = self.lines.len().saturating_sub(1);
        let empty = [String::new()];
        let lines = if self.lines.is_empty() { &empty[..] } else { &self.lines[..] };
        for (index, line) in lines.iter().enumerate() {
            out.extend_from_slice(self.code.to_string().as_bytes());
            out.push(if index == last { b' ' } else { b'-' });
            if let Some(status) = self.status {
                out.extend_from_slice(status.to_string().as_bytes());
                out.push(b' ');
            }
            out.extend(line.bytes().map(|byte| if byte.is_ascii_control() { b' ' } else { byte }));
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl fmt::Display for Reply {
    /// One line: `550 5.7.64 first second`, for logs and NDRs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.code)?;
        if let Some(status) = self.status {
            write!(formatter, " {status}")?;
        }
        for line in &self.lines {
            write!(formatter, " {line}")?;
        }
        Ok(())
    }
}

/// A refusal: what the peer is told, and what the administrator is told. Never the same string
/// by accident (design decision 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The one reason, the same in reply, trace, event, metric and documentation.
    pub reason: Reason,
    /// For the peer: about its own certificate and message only.
    pub reply: Reply,
    /// For the operator and the tenant's administrator.
    pub operator_text: String,
}

impl Refusal {
    /// A refusal of one line.
    pub fn new(
        reason: Reason,
        code: u16,
        status: EnhancedStatus,
        peer_text: impl Into<String>,
        operator_text: impl Into<String>,
    ) -> Self {
        let reply = Reply::new(code, status, peer_text);
        Self { reason, reply, operator_text: operator_text.into() }
    }

    /// Appends `[node time ref]` to the first line, where the field's administrators look for it
    /// (spec 1.4). `time` is RFC 3339 in UTC.
    pub fn stamped(mut self, node: &str, time: &str, reference: Reference) -> Self {
        if let Some(first) = self.reply.lines.first_mut() {
            first.push_str(&format!(" [{node} {time} {reference}]"));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.encode(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_line_of_a_reply_carries_code_and_status() {
        let reply = Reply {
            code: 550,
            status: Some(EnhancedStatus(5, 7, 64)),
            lines: vec!["one".into(), "two".into()],
        };
        assert_eq!(wire(&reply), "550-5.7.64 one\r\n550 5.7.64 two\r\n");
    }

    #[test]
    fn a_line_break_in_a_text_cannot_split_a_reply() {
        let reply = Reply::new(550, EnhancedStatus(5, 7, 64), "CN=x\r\n250 ok");
        assert_eq!(wire(&reply), "550 5.7.64 CN=x  250 ok\r\n");
    }
}
