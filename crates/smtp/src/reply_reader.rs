//! The parser of remote replies (RFC 5321 section 4.2): lenient about form, strict about bounds.
//!
//! Touches nothing. It keeps the server's words as they came, for the report that quotes them.
//! A reply that cannot be read, or is larger than any honest one, is a [`ReplyFault`], after
//! which the connection is of no use.

use std::fmt;
use std::ops::Deref;

use posthouse_types::{EnhancedStatus, Reply};

/// Longest reply line without its line end. RFC 5321 section 4.5.3.1.5 says 512 octets; servers
/// that explain themselves at length exceed it.
pub const REPLY_LINE_BYTES_MAX: usize = 2048;

/// Largest reply in all its lines: an EHLO answer or an explanation has a few kilobytes.
pub const REPLY_BYTES_MAX: usize = 64 * 1024;

/// Most lines of one reply: keeps what a reply of empty lines allocates near its size.
pub const REPLY_LINES_MAX: usize = 512;

/// A reply of a remote server.
///
/// Used as a [`Reply`] directly. Where each line leads with the same enhanced status it is in
/// `status` and not in `lines`; octets that are not UTF-8 are U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteReply {
    reply: Reply,
    raw_lines: Vec<String>,
}

impl RemoteReply {
    /// The lines as they came, code included, without line ends.
    pub fn raw_lines(&self) -> &[String] {
        &self.raw_lines
    }

    /// What an EHLO answer offers: the text of each line but the first.
    pub(crate) fn offers(&self) -> impl Iterator<Item = &str> {
        self.raw_lines.iter().skip(1).map(|line| line.get(4..).unwrap_or_default())
    }
}

impl Deref for RemoteReply {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        &self.reply
    }
}

/// Why a server's words are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyFault {
    /// A line does not begin with a three-digit code and a blank or hyphen.
    Malformed,
    /// The lines of one reply have different codes.
    CodesDiffer,
    /// A line is longer than [`REPLY_LINE_BYTES_MAX`].
    LineTooLong,
    /// The reply is larger than [`REPLY_BYTES_MAX`] or has more than [`REPLY_LINES_MAX`] lines.
    TooLarge,
}

impl fmt::Display for ReplyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "a line of the reply does not begin with a reply code",
            Self::CodesDiffer => "the lines of one reply have different codes",
            Self::LineTooLong => "a line of the reply is too long",
            Self::TooLarge => "the reply is too large",
        })
    }
}

impl std::error::Error for ReplyFault {}

/// Takes a server's bytes in any pieces and gives its replies, one by one.
#[derive(Debug, Default)]
pub struct ReplyReader {
    /// What was received; the first `read` octets are done with.
    buffer: Vec<u8>,
    read: usize,
    /// The reply so far.
    code: u16,
    bytes: usize,
    raw_lines: Vec<String>,
}

impl ReplyReader {
    /// Takes bytes. They are kept until they are read or the reader is dropped: the caller reads
    /// on after every piece, so no more than one piece and one line is ever held.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole reply.
    ///
    /// # Errors
    /// The server's words are no reply; nothing more can be read from this connection.
    pub fn next_reply(&mut self) -> Result<Option<RemoteReply>, ReplyFault> {
        while let Some(line) = self.next_line()? {
            if self.take_line(line)? == LineKind::Last {
                return Ok(Some(self.finish()));
            }
        }
        Ok(None)
    }

    /// Whether nothing is held, not even a part of a line.
    pub fn is_empty(&self) -> bool {
        self.read == self.buffer.len() && self.raw_lines.is_empty()
    }

    /// Forgets everything, as when TLS begins.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next whole line without its end. A bare LF ends a line too: here nothing can be
    /// smuggled by it, since each command waits for its own reply.
    fn next_line(&mut self) -> Result<Option<String>, ReplyFault> {
        let rest = self.buffer.get(self.read..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            // The CR of an unfinished line end counts as one octet more.
            let too_long = rest.len() > REPLY_LINE_BYTES_MAX + 1;
            return if too_long { Err(ReplyFault::LineTooLong) } else { Ok(None) };
        };
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > REPLY_LINE_BYTES_MAX {
            return Err(ReplyFault::LineTooLong);
        }
        let line = String::from_utf8_lossy(line).into_owned();
        self.read += length + 1;
        Ok(Some(line))
    }

    fn take_line(&mut self, line: String) -> Result<LineKind, ReplyFault> {
        let (code, kind) = code_and_kind(&line).ok_or(ReplyFault::Malformed)?;
        if !self.raw_lines.is_empty() && code != self.code {
            return Err(ReplyFault::CodesDiffer);
        }
        self.bytes += line.len();
        if self.bytes > REPLY_BYTES_MAX || self.raw_lines.len() >= REPLY_LINES_MAX {
            return Err(ReplyFault::TooLarge);
        }
        self.code = code;
        self.raw_lines.push(line);
        Ok(kind)
    }

    fn finish(&mut self) -> RemoteReply {
        let raw_lines = std::mem::take(&mut self.raw_lines);
        self.bytes = 0;
        let texts = raw_lines.iter().map(|line| line.get(4..).unwrap_or_default());
        let status = common_status(self.code, texts.clone());
        let lines = match status {
            Some(_) => texts.map(|text| split_status(text).1.to_owned()).collect(),
            None => texts.map(str::to_owned).collect(),
        };
        // A reply whose lines disagree keeps its words whole; its first status still counts.
        let status = status.or_else(|| {
            let first = raw_lines.first()?.get(4..)?;
            split_status(first).0.filter(|status| agrees(*status, self.code))
        });
        RemoteReply { reply: Reply { code: self.code, status, lines }, raw_lines }
    }
}

/// Whether more lines follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineKind {
    More,
    Last,
}

/// `250-text`, `250 text` or just `250`.
fn code_and_kind(line: &str) -> Option<(u16, LineKind)> {
    let bytes = line.as_bytes();
    let digits = bytes.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(digits.first(), Some(b'2'..=b'5')) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(*digit - b'0'));
    match bytes.get(3) {
        None | Some(b' ' | b'\t') => Some((code, LineKind::Last)),
        Some(b'-') => Some((code, LineKind::More)),
        Some(_) => None,
    }
}

/// The enhanced status that leads every line, where it is one and the same.
fn common_status<'a>(
    code: u16,
    mut texts: impl Iterator<Item = &'a str>,
) -> Option<EnhancedStatus> {
    let first = split_status(texts.next()?).0.filter(|status| agrees(*status, code))?;
    texts.all(|text| split_status(text).0 == Some(first)).then_some(first)
}

/// RFC 2034 section 4: the status has the class of the code. 354 and greetings have none.
fn agrees(status: EnhancedStatus, code: u16) -> bool {
    u16::from(status.0) == code / 100
}

/// Separates `5.7.1 text` into status and text; the text is whole where it leads with none.
fn split_status(text: &str) -> (Option<EnhancedStatus>, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match parse_status(word) {
        Some(status) => (Some(status), rest),
        None => (None, text),
    }
}

/// `class.subject.detail`, RFC 3463 section 2: one digit, then up to three digits each.
fn parse_status(word: &str) -> Option<EnhancedStatus> {
    let mut parts = word.split('.');
    let class = parts.next()?;
    let (subject, detail) = (parts.next()?, parts.next()?);
    if parts.next().is_some() || !matches!(class, "2" | "4" | "5") {
        return None;
    }
    Some(EnhancedStatus(class.parse().ok()?, status_part(subject)?, status_part(detail)?))
}

fn status_part(part: &str) -> Option<u16> {
    let digits = !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    if digits { part.parse().ok() } else { None }
}
