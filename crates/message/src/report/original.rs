//! The last part: the original's header, or the whole of it where its sender asked for that.
//! Pure. Bounded, and never larger than what [`Report`] names; line ends are made whole, so that
//! nothing in it can pass for a part of the report.

use super::{Report, ReportKind, part};
use crate::encode::{LINE_BYTES_MAX, quoted_printable};

/// As much of a header as goes back: beyond it nobody reads, and a small message must not be a
/// way to send a large one to somebody else.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// The largest message that goes back whole.
const FULL_BYTES_MAX: usize = 64 * 1024;

/// What goes back.
pub(super) enum Returned<'a> {
    /// The header, its lines made whole.
    Header(Vec<u8>),
    /// All of it, as it was.
    Full(&'a [u8]),
}

/// Chooses what goes back: RET=FULL counts for failures only (RFC 3461 section 6.2).
pub(super) fn returned<'a>(report: &Report<'a>) -> Returned<'a> {
    match report.original.full {
        Some(full) if report.kind == ReportKind::Failed && full.len() <= FULL_BYTES_MAX => {
            Returned::Full(full)
        }
        _ => Returned::Header(whole_lines(report.original.header, HEADER_BYTES_MAX)),
    }
}

impl Returned<'_> {
    pub(super) fn body(&self) -> &[u8] {
        match self {
            Self::Header(header) => header,
            Self::Full(full) => full,
        }
    }

    /// A part inside may not hold more than the whole declares (RFC 2045 section 6.4).
    pub(super) fn outer_encoding(&self) -> &'static str {
        match self {
            Self::Full(full) if !full.is_ascii() => "8bit",
            _ => "7bit",
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, boundary: &str) {
        match self {
            Self::Full(full) => {
                part(out, boundary, "message/rfc822", self.outer_encoding());
                out.extend_from_slice(full);
            }
            Self::Header(header) if std::str::from_utf8(header).is_ok() && !header.is_ascii() => {
                part(out, boundary, "message/global-headers", "quoted-printable");
                quoted_printable(out, header);
            }
            Self::Header(header) => {
                let is_plain = header.is_ascii()
                    && header.split(|byte| *byte == b'\n').all(|line| line.len() <= LINE_BYTES_MAX);
                if is_plain {
                    part(out, boundary, "text/rfc822-headers", "7bit");
                    out.extend_from_slice(header);
                } else {
                    part(out, boundary, "text/rfc822-headers", "quoted-printable");
                    quoted_printable(out, header);
                }
            }
        }
    }
}

/// `header` up to `bytes_max`, cut at a line's end, with CRLF line ends and no other controls than
/// tabs.
pub(super) fn whole_lines(header: &[u8], bytes_max: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(header.len().min(bytes_max));
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if out.len() + line.len() + 2 > bytes_max {
            break;
        }
        let is_text = |byte: u8| byte == b'\t' || !byte.is_ascii_control();
        out.extend(line.iter().map(|byte| if is_text(*byte) { *byte } else { b' ' }));
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_cut_at_a_line_and_cleaned() {
        let header = b"A: 1\r\nB: x\r\0y\nC: 3";
        assert_eq!(whole_lines(header, 100), b"A: 1\r\nB: x  y\r\nC: 3\r\n");
        assert_eq!(whole_lines(header, 14), b"A: 1\r\n");
    }
}
