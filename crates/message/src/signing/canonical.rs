//! The relaxed canonical form (RFC 6376 sections 3.4.2 and 3.4.4), made while a message streams by.
//!
//! Pure. Holds the header, up to a bound, and of the body no more than a digest's state: a message
//! of any size is signed in the same memory.

use aws_lc_rs::digest::{Context, SHA256};

/// Largest header that is signed, in bytes: larger than any that is taken in. Beyond it nothing is
/// signed.
pub const SIGNED_HEADER_BYTES_MAX: usize = 1024 * 1024;

/// A message's header, and the digest of its body in relaxed form.
pub struct Digest {
    header: Vec<u8>,
    is_in_body: bool,
    body: Context,
    /// What of the body is not decided yet.
    held: Held,
    body_hash: Vec<u8>,
}

/// What was read and counts only if more follows.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// Line ends: empty lines at the end do not count.
    line_ends: u64,
    /// Blanks: those before a line end do not count, others are one.
    has_blank: bool,
    /// A CR whose LF may follow.
    has_cr: bool,
    /// Anything was digested, or is held: an empty body stays empty.
    has_line: bool,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            header: Vec::new(),
            is_in_body: false,
            body: Context::new(&SHA256),
            held: Held::default(),
            body_hash: Vec::new(),
        }
    }
}

impl Digest {
    /// Takes the next piece of the message, cut anywhere.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        if !self.is_in_body {
            rest = self.push_header(piece);
        }
        if !rest.is_empty() {
            self.push_body(rest);
        }
    }

    /// The message is over.
    #[must_use]
    pub fn finished(mut self) -> Self {
        if self.held.has_cr {
            self.held.has_cr = false;
            self.content(b"\r");
        }
        // Section 3.4.4: a last line without an end gets one; one with an end keeps one.
        if self.held.has_line {
            self.body.update(b"\r\n");
        }
        let context = std::mem::replace(&mut self.body, Context::new(&SHA256));
        self.body_hash = context.finish().as_ref().to_vec();
        self
    }

    /// The header with its last line end, without the empty line.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// SHA-256 of the body; empty until [`Digest::finished`].
    pub fn body_hash(&self) -> &[u8] {
        &self.body_hash
    }

    /// Whether the header is larger than is signed.
    pub fn is_too_large(&self) -> bool {
        self.header.len() > SIGNED_HEADER_BYTES_MAX
    }

    /// Takes what belongs to the header, and gives back the rest.
    fn push_header<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            self.keep(line);
            rest = after;
            let is_empty = self.header == b"\r\n" || self.header.ends_with(b"\r\n\r\n");
            if is_empty {
                self.header.truncate(self.header.len().saturating_sub(2));
                self.is_in_body = true;
                return rest;
            }
        }
        self.keep(rest);
        &[]
    }

    fn keep(&mut self, bytes: &[u8]) {
        // One byte beyond the bound is kept, so that it is seen: then nothing is signed.
        let room = (SIGNED_HEADER_BYTES_MAX + 1).saturating_sub(self.header.len());
        self.header.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
    }

    fn push_body(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(first) = rest.first() {
            if self.held.has_cr {
                self.held.has_cr = false;
                if *first == b'\n' {
                    self.held.has_blank = false;
                    self.held.line_ends += 1;
                    rest = rest.get(1..).unwrap_or_default();
                    continue;
                }
                self.content(b"\r");
            }
            let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
            let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
            if !run.is_empty() {
                self.content(run);
            }
            match after.first() {
                Some(b'\r') => self.held.has_cr = true,
                Some(_) => self.held.has_blank = true,
                None => {}
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }

    /// Digests what counts, and what was held before it.
    fn content(&mut self, bytes: &[u8]) {
        for _ in 0..std::mem::take(&mut self.held.line_ends) {
            self.body.update(b"\r\n");
        }
        if std::mem::take(&mut self.held.has_blank) {
            self.body.update(b" ");
        }
        self.body.update(bytes);
        self.held.has_line = true;
    }
}

/// A field in relaxed form, without its line end.
pub(super) fn relaxed_field(field: &[u8]) -> Vec<u8> {
    let colon = field.iter().position(|byte| *byte == b':').unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    let mut out = name.trim_ascii().to_ascii_lowercase();
    out.push(b':');
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let words = value.get(1..).unwrap_or_default().split(is_blank).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of this text.
    fn sha256(text: &str) -> Vec<u8> {
        aws_lc_rs::digest::digest(&SHA256, text.as_bytes()).as_ref().to_vec()
    }

    fn body_hash(body: &str) -> Vec<u8> {
        let mut digest = Digest::default();
        digest.push(b"A: b\r\n\r\n");
        digest.push(body.as_bytes());
        digest.finished().body_hash().to_vec()
    }

    #[test]
    fn a_body_is_relaxed_as_the_rfc_shows() {
        for (body, relaxed) in [
            // RFC 6376 section 3.4.5.
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("", ""),
            ("\r\n\r\n", ""),
            (" \t \r\n", ""),
            ("a", "a\r\n"),
            ("a ", "a\r\n"),
            ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
            ("a\rb\r\n", "a\rb\r\n"),
            ("a\r", "a\r\r\n"),
        ] {
            assert_eq!(body_hash(body), sha256(relaxed), "{body:?}");
        }
    }

    #[test]
    fn a_field_is_relaxed_as_the_rfc_shows() {
        assert_eq!(relaxed_field(b"A: X\r\n"), b"a:X");
        assert_eq!(relaxed_field(b"B : Y\t\r\n\tZ  \r\n"), b"b:Y Z");
        assert_eq!(relaxed_field(b"none"), b"none:");
    }

    #[test]
    fn a_message_without_a_body_has_a_header_still() {
        let mut digest = Digest::default();
        digest.push(b"A: b\r\nC: d\r\n");
        assert_eq!(digest.finished().header(), b"A: b\r\nC: d\r\n");
    }

    #[test]
    fn a_header_without_end_takes_bounded_memory() {
        let mut digest = Digest::default();
        for _ in 0..3 {
            digest.push(&vec![b'x'; SIGNED_HEADER_BYTES_MAX]);
        }
        assert!(digest.is_too_large());
        assert_eq!(digest.header().len(), SIGNED_HEADER_BYTES_MAX + 1);
    }
}
