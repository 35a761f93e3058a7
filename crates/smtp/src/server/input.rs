//! What came from the peer and was not looked at yet, and how command lines are cut from it.
//!
//! Only CRLF ends a line. Bounded by what one read of the caller brings plus one unfinished line.

use memchr::memchr2;
use posthouse_types::SmtpLimits;

use crate::command::may_have_parameters;

/// An emptied buffer larger than this is given back: an idle session stays small.
const KEPT_OCTETS_MAX: usize = 4096;

/// Octets in order, read from the front.
#[derive(Debug, Default)]
pub(super) struct Input {
    octets: Vec<u8>,
    read: usize,
}

/// What stands at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One whole line, taken.
    Complete,
    /// Not a whole line yet.
    Incomplete,
    /// Over its limit, whole or not.
    TooLong,
    /// Ended by LF alone, or with a CR inside.
    BareLineEnding,
    /// With a NUL octet.
    NulOctet,
}

impl Input {
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.octets.get(self.read..).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.read >= self.octets.len()
    }

    /// Forgets the first `count` octets.
    pub(super) fn skip(&mut self, count: usize) {
        self.read = self.read.saturating_add(count);
        if self.is_empty() {
            self.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.read = 0;
        if self.octets.capacity() > KEPT_OCTETS_MAX {
            self.octets = Vec::new();
        } else {
            self.octets.clear();
        }
    }

    /// The longest command line that may stand at the front, CRLF included.
    pub(super) fn command_octets_max(&self, limits: &SmtpLimits) -> usize {
        if may_have_parameters(self.unread()) {
            limits.command_line_with_parameters_bytes_max
        } else {
            limits.command_line_bytes_max
        }
    }

    /// Moves the first line, without its CRLF, into `line`. The verdict depends on the octets
    /// alone, never on how they were cut into reads: the first LF, NUL or limit decides.
    pub(super) fn take_line(&mut self, octets_max: usize, line: &mut Vec<u8>) -> Line {
        line.clear();
        let unread = self.unread();
        let front = unread.get(..octets_max).unwrap_or(unread);
        let Some(at) = memchr2(b'\n', 0, front) else {
            return if front.len() < octets_max { Line::Incomplete } else { Line::TooLong };
        };
        let (text, behind) = front.split_at_checked(at).unwrap_or((front, &[]));
        if behind.first() == Some(&0) {
            return Line::NulOctet;
        }
        let Some(text) = text.strip_suffix(b"\r") else {
            return Line::BareLineEnding;
        };
        if text.contains(&b'\r') {
            return Line::BareLineEnding;
        }
        line.extend_from_slice(text);
        self.skip(at + 1);
        Line::Complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_line(octets: &[u8]) -> (Line, Vec<u8>) {
        let mut input = Input::default();
        input.push(octets);
        let mut line = Vec::new();
        let octets_max = input.command_octets_max(&SmtpLimits::default());
        (input.take_line(octets_max, &mut line), line)
    }

    #[test]
    fn only_crlf_ends_a_line() {
        assert_eq!(first_line(b"NOOP\r\nQUIT"), (Line::Complete, b"NOOP".to_vec()));
        assert_eq!(first_line(b"NOOP\r").0, Line::Incomplete);
        assert_eq!(first_line(b"NOOP\nQUIT\r\n").0, Line::BareLineEnding);
        assert_eq!(first_line(b"NO\rOP\r\n").0, Line::BareLineEnding);
        assert_eq!(first_line(b"NO\0OP").0, Line::NulOctet);
    }

    #[test]
    fn a_line_may_be_as_long_as_its_limit_and_no_longer() {
        let line = |verb: &str, octets: usize| {
            format!("{verb} {}\r\n", "a".repeat(octets - verb.len() - 3)).into_bytes()
        };
        assert_eq!(first_line(&line("NOOP", 512)).0, Line::Complete);
        assert_eq!(first_line(&line("NOOP", 513)).0, Line::TooLong);
        assert_eq!(first_line(&line("rcpt", 4096)).0, Line::Complete);
        assert_eq!(first_line(&line("MAIL", 4097)).0, Line::TooLong);
        assert_eq!(first_line(&[b'a'; 511]).0, Line::Incomplete);
        assert_eq!(first_line(&[b'a'; 512]).0, Line::TooLong);
    }
}
