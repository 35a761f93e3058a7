//! A stored message as it goes on the wire after DATA: canonical line ends, dots stuffed.
//!
//! Touches nothing. Whatever was stored, what leaves has no CR or LF but in CRLF and no NUL, so
//! that no server, strict or lax, can see an end of data before ours (SMTP smuggling). Nothing
//! here fails.

use memchr::memchr3;

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
        let special = memchr3(b'\r', b'\n', 0, rest);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire_of(pieces: &[&[u8]]) -> Vec<u8> {
        let mut stuffer = Stuffer::default();
        let mut out = Vec::new();
        for piece in pieces {
            stuffer.push(piece, &mut out);
        }
        stuffer.end(&mut out);
        out
    }

    /// The canonical form, written down as plainly as can be.
    fn canonical(message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for (place, byte) in message.iter().enumerate() {
            match byte {
                b'\n' if message[..place].ends_with(b"\r") => {
                    out.pop();
                    out.extend_from_slice(b"\r\n");
                }
                b'\n' => out.extend_from_slice(b"\r\n"),
                b'\r' | 0 => out.push(b' '),
                other => out.push(*other),
            }
        }
        if !out.is_empty() && !out.ends_with(b"\n") {
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// A reader that takes only CRLF.CRLF for the end. Gives the message and what follows it.
    fn read_strictly(wire: &[u8]) -> (Vec<u8>, &[u8]) {
        let mut message = Vec::new();
        let mut rest = wire;
        loop {
            let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("an end of data");
            let (line, after) = rest.split_at(end + 2);
            rest = after;
            if line == b".\r\n" {
                return (message, rest);
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
    }

    /// Where a reader that takes every known smuggling sequence for an end would stop: any run of
    /// CR, LF and NUL with a lone dot inside.
    fn ends_for_lax_readers(wire: &[u8]) -> usize {
        let is_end = |byte: u8| matches!(byte, b'\r' | b'\n' | 0);
        (0..wire.len())
            .filter(|place| {
                wire[*place] == b'.'
                    && (*place == 0 || is_end(wire[place - 1]))
                    && wire.get(place + 1).is_none_or(|byte| is_end(*byte))
            })
            .count()
    }

    #[test]
    fn dots_are_stuffed_and_a_last_line_is_ended() {
        assert_eq!(wire_of(&[b"a\r\n.\r\n..b"]), b"a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(wire_of(&[b"."]), b"..\r\n.\r\n");
        assert_eq!(wire_of(&[]), b".\r\n");
        assert_eq!(wire_of(&[b"a\r\n"]), b"a\r\n.\r\n");
    }

    #[test]
    fn smtp_03_each_known_end_of_data_variant_leaves_as_one_message() {
        let ends: [&[u8]; 10] = [
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r\n.\r",
            b"\n.\r",
            b"\r\r\n.\r\r\n",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
            b"\r.\r\n",
        ];
        for end in ends {
            let message = [b"one", end, b"MAIL FROM:<evil@x.example>\r\n"].concat();
            let wire = wire_of(&[&message]);
            assert_eq!(ends_for_lax_readers(&wire), 1, "{end:?}");
            assert_eq!(read_strictly(&wire), (canonical(&message), &b""[..]), "{end:?}");
        }
    }

    #[test]
    fn a_bare_cr_never_ends_a_header_early() {
        assert_eq!(wire_of(&[b"A: b\r\r\nC: d\r\n"]), b"A: b \r\nC: d\r\n.\r\n");
    }

    /// Octets that matter, far more often than chance would have them.
    fn message() -> impl Strategy<Value = Vec<u8>> {
        let octet = prop_oneof![
            3 => Just(b'\r'), 3 => Just(b'\n'), 3 => Just(b'.'), 1 => Just(0u8),
            2 => Just(b'a'), 1 => any::<u8>(),
        ];
        proptest::collection::vec(octet, 0..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32_768, ..ProptestConfig::default() })]

        #[test]
        fn smtp_03_any_reader_sees_one_message_in_canonical_form(message in message()) {
            let wire = wire_of(&[&message]);
            prop_assert_eq!(read_strictly(&wire), (canonical(&message), &b""[..]));
            prop_assert_eq!(ends_for_lax_readers(&wire), 1);
            let without_line_ends = wire.split(|byte| *byte == b'\n');
            let lines: Vec<_> = without_line_ends.collect();
            for line in &lines[..lines.len() - 1] {
                let text = line.strip_suffix(b"\r").expect("each LF has its CR");
                prop_assert!(!text.contains(&b'\r') && !text.contains(&0));
            }
        }

        #[test]
        fn it_does_not_matter_how_a_message_is_cut(message in message(), cuts in proptest::collection::vec(0usize..80, 0..6)) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(message.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&message[from..cut]);
                from = cut;
            }
            pieces.push(&message[from..]);
            prop_assert_eq!(wire_of(&pieces), wire_of(&[&message]));
        }
    }
}
