//! A stored message as it goes on the wire after DATA: canonical line ends, dots stuffed.
//!
//! Touches nothing. Whatever was stored, what leaves has no CR or LF but in CRLF and no NUL, so
//! that no server, strict or lax, can see an end of data before ours (SMTP smuggling). Nothing
//! here fails.

/// Turns a message into its wire form, piece by piece.
///
/// The canonical form of a message: a bare LF is a line end and becomes CRLF; a bare CR and a NUL
/// become a blank each, which keeps lengths and joins no words (a CR that became a line end could
/// end a header early); a last line without an end gets one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stuffer {
    place: Place,
}

/// Where the next octet stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// At the start of a line.
    #[default]
    LineStart,
    /// Within a line.
    Line,
    /// After a CR whose meaning the next octet decides.
    AfterCarriageReturn,
}

/// What the end of a message looks like on the wire (RFC 5321 section 4.1.1.4), after a CRLF.
const END_OF_DATA: &[u8] = b".\r\n";

impl Stuffer {
    /// Appends a piece of the message, however it was cut, to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        out.reserve(piece.len() + piece.len() / 64);
        let mut rest = piece;
        while let Some((first, after)) = rest.split_first() {
            if self.place == Place::AfterCarriageReturn {
                self.place = if *first == b'\n' {
                    out.extend_from_slice(b"\r\n");
                    rest = after;
                    Place::LineStart
                } else {
                    out.push(b' ');
                    Place::Line
                };
                continue;
            }
            if self.place == Place::LineStart && *first == b'.' {
                out.push(b'.');
            }
            rest = self.push_text(rest, out);
        }
    }

    /// Ends the message: its last line, where that has no end yet, then the lone dot.
    pub fn end(self, out: &mut Vec<u8>) {
        match self.place {
            Place::LineStart => {}
            Place::Line => out.extend_from_slice(b"\r\n"),
            Place::AfterCarriageReturn => out.extend_from_slice(b" \r\n"),
        }
        out.extend_from_slice(END_OF_DATA);
    }

    /// Copies ordinary octets in one go, and deals with the special one after them. Gives what is
    /// left, always less than `rest`.
    fn push_text<'a>(&mut self, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let special = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0));
        let (text, after) = rest.split_at(special.unwrap_or(rest.len()));
        out.extend_from_slice(text);
        self.place = Place::Line;
        let Some((first, after)) = after.split_first() else {
            return &[];
        };
        match first {
            b'\r' => self.place = Place::AfterCarriageReturn,
            b'\n' => {
                out.extend_from_slice(b"\r\n");
                self.place = Place::LineStart;
            }
            _ => out.push(b' '),
        }
        after
    }
}
