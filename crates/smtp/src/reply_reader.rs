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
    pub fn offers(&self) -> impl Iterator<Item = &str> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<RemoteReply>, ReplyFault> {
        let mut reader = ReplyReader::default();
        reader.push(bytes);
        reader.next_reply()
    }

    fn reply(bytes: &[u8]) -> RemoteReply {
        read(bytes).unwrap().unwrap()
    }

    #[test]
    fn a_status_on_every_line_is_separated_from_the_words() {
        let reply =
            reply(b"550-5.7.64 TenantAttribution; Relay Access Denied\r\n550 5.7.64 why\r\n");
        assert_eq!((reply.code, reply.status), (550, Some(EnhancedStatus(5, 7, 64))));
        assert_eq!(reply.lines, ["TenantAttribution; Relay Access Denied", "why"]);
        assert_eq!(reply.raw_lines()[1], "550 5.7.64 why");
    }

    #[test]
    fn words_are_left_whole_where_the_lines_disagree_about_the_status() {
        let reply = reply(b"550-5.7.1 first\r\n550  second \r\n");
        assert_eq!(reply.status, Some(EnhancedStatus(5, 7, 1)));
        assert_eq!(reply.lines, ["5.7.1 first", " second "]);
    }

    #[test]
    fn a_number_that_is_no_status_stays_a_word() {
        assert_eq!(reply(b"250 2.0 ok\r\n").lines, ["2.0 ok"]);
        assert_eq!(reply(b"250 2.0.0.1 ok\r\n").status, None);
        assert_eq!(reply(b"550 2.1.5 class of another code\r\n").status, None);
        assert_eq!(reply(b"550 5.1234.0 x\r\n").status, None);
        assert_eq!(reply(b"550 5.+1.0 x\r\n").status, None);
        assert_eq!(reply(b"220 mx.example ESMTP\r\n").status, None);
    }

    #[test]
    fn sloppy_forms_are_read() {
        assert_eq!(reply(b"250\r\n").lines, [""]);
        assert_eq!(reply(b"250 ok\n").lines, ["ok"]);
        assert_eq!(reply(b"250-a\r\n250\r\n").lines, ["a", ""]);
        assert_eq!(reply(b"550 caf\xe9\r\n").lines, ["caf\u{fffd}"]);
    }

    #[test]
    fn what_is_no_reply_is_a_fault() {
        for bytes in
            [&b"\r\n"[..], b"2x0 a\r\n", b"250_a\r\n", b"150 a\r\n", b"650 a\r\n", b"25\r\n"]
        {
            assert_eq!(read(bytes), Err(ReplyFault::Malformed), "{bytes:?}");
        }
        assert_eq!(read(b"250-a\r\n251 b\r\n"), Err(ReplyFault::CodesDiffer));
    }

    #[test]
    fn smtp_13_a_reply_without_end_is_cut_off_at_its_bounds() {
        let mut reader = ReplyReader::default();
        reader.push(&[b"250 ", &vec![b'a'; REPLY_LINE_BYTES_MAX - 4][..]].concat());
        assert_eq!(reader.next_reply(), Ok(None));
        reader.push(b"aa");
        assert_eq!(reader.next_reply(), Err(ReplyFault::LineTooLong));

        let many: Vec<u8> = b"250-\r\n".repeat(REPLY_LINES_MAX + 1);
        assert_eq!(read(&many), Err(ReplyFault::TooLarge));
        let line = [b"250-", &vec![b'a'; 1000][..], b"\r\n"].concat();
        assert_eq!(read(&line.repeat(70)), Err(ReplyFault::TooLarge));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_cuts_do_not_matter(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'2'), Just(b'5'), Just(b'0'), Just(b'.'), Just(b'-'),
                    Just(b' '), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..60),
        ) {
            let mut whole = ReplyReader::default();
            whole.push(&bytes);
            let mut expected = Vec::new();
            while let Ok(Some(reply)) = whole.next_reply() {
                expected.push(reply);
            }
            let mut cut = ReplyReader::default();
            let mut got = Vec::new();
            'bytes: for byte in &bytes {
                cut.push(std::slice::from_ref(byte));
                loop {
                    match cut.next_reply() {
                        Ok(Some(reply)) => got.push(reply),
                        Ok(None) => break,
                        Err(_) => break 'bytes,
                    }
                }
            }
            prop_assert_eq!(got, expected);
        }
    }
}
