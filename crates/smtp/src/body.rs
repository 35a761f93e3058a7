//! Turns what follows DATA or BDAT into message octets: dots un-stuffed, every line end CRLF.
//!
//! The one place where a message's end is recognised, so the one place where SMTP smuggling is
//! decided: only CRLF `.` CRLF ends DATA, whatever else the octets hold. Reads slices, writes
//! slices; holds at most one octet back. A fault is remembered and the rest is swallowed up to
//! the proper end, so that nothing behind it is ever taken for a command too early.

use memchr::memchr3;

/// What becomes of a CR without LF or an LF without CR (RFC 5321 section 2.3.8 forbids both).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnds {
    /// The message is refused.
    #[default]
    Refuse,
    /// It becomes CRLF. A line made so never counts as the end of DATA, and a dot at its start is
    /// content: framing was settled before.
    Clean,
}

/// How the end of the body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// DATA: by CRLF `.` CRLF, with dots stuffed (RFC 5321 section 4.5.2).
    Dots,
    /// BDAT: by counting, which the caller does (RFC 3030).
    Counted,
}

/// Why a body cannot become a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// More octets than allowed.
    TooLarge,
    /// A bare CR or LF, under [`LineEnds::Refuse`].
    BareLineEnding,
    /// A NUL octet: refused whatever the line ends' setting, as no cleaning keeps its meaning.
    NulOctet,
}

/// What one call of [`BodyDecoder::decode`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Octets of the input that belong to the body, its end included.
    pub(crate) consumed: usize,
    /// Whether DATA's end was among them; never with [`Framing::Counted`].
    pub(crate) ended: bool,
}

/// Where the decoder stands between two octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Behind CRLF, or at the very beginning.
    LineStart,
    /// Behind the dot that starts a line.
    Dot,
    /// Behind the dot and a CR.
    DotCr,
    /// Inside a line.
    Text,
    /// Inside a line as far as framing goes, but behind a line end that cleaning made.
    Cleaned,
    /// Behind a CR that may be half of a CRLF; it is held back.
    Cr,
}

/// The decoder of one message. With BDAT it lives across chunks, as a CRLF may be cut in two.
#[derive(Debug)]
pub(crate) struct BodyDecoder {
    framing: Framing,
    line_ends: LineEnds,
    octets_max: u64,
    octets: u64,
    at: At,
    fault: Option<BodyFault>,
}

impl BodyDecoder {
    /// A decoder for a message of at most `octets_max` decoded octets, as RFC 1870 section 5
    /// counts them: CRLFs yes, stuffed dots and the end no.
    pub(crate) fn new(framing: Framing, line_ends: LineEnds, octets_max: u64) -> Self {
        Self { framing, line_ends, octets_max, octets: 0, at: At::LineStart, fault: None }
    }

    /// Why the message cannot be accepted, if so.
    pub(crate) fn fault(&self) -> Option<BodyFault> {
        self.fault
    }

    /// Decoded octets so far; once there is a fault, those in front of it.
    pub(crate) fn octets(&self) -> u64 {
        self.octets
    }

    /// Whether `more` octets would go over the limit.
    pub(crate) fn would_overflow(&self, more: u64) -> bool {
        self.octets.saturating_add(more) > self.octets_max
    }

    /// Records a fault. Broken framing outweighs size: it also ends the session.
    pub(crate) fn fail(&mut self, fault: BodyFault) {
        if matches!(self.fault, None | Some(BodyFault::TooLarge)) {
            self.fault = Some(fault);
        }
    }

    /// Appends the message octets of `input` to `out`, up to DATA's end. After a fault `out` is
    /// worthless and stays as it is.
    pub(crate) fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Progress {
        let mut rest = input;
        let mut ended = false;
        while let Some((&first, behind)) = rest.split_first() {
            match (self.at, first) {
                (At::LineStart, b'.') if self.framing == Framing::Dots => {
                    self.at = At::Dot;
                    rest = behind;
                }
                (At::Dot, b'\r') => {
                    self.at = At::DotCr;
                    rest = behind;
                }
                (At::DotCr, b'\n') => {
                    rest = behind;
                    ended = true;
                    break;
                }
                (At::Cr, b'\n') => {
                    self.push(b"\r\n", out);
                    self.at = At::LineStart;
                    rest = behind;
                }
                // The CR was not followed by LF; `first` is looked at again as text.
                (At::DotCr | At::Cr, _) => self.bare_line_end(out),
                (At::LineStart | At::Dot | At::Text | At::Cleaned, _) => {
                    rest = self.take_text(rest, out);
                }
            }
        }
        Progress { consumed: input.len() - rest.len(), ended }
    }

    /// Ends a counted body: the last chunk was decoded. A last line without CRLF gets one, since
    /// every other line of SMTP has it and the next hop may only know DATA.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        match self.at {
            At::Cr | At::DotCr => self.bare_line_end(out),
            At::Text | At::Dot => self.push(b"\r\n", out),
            At::LineStart | At::Cleaned => {}
        }
        self.at = At::LineStart;
    }

    /// Takes text up to where framing needs a closer look, lines at a time: a run ends only at a
    /// stuffed dot, at a fault or with the input, so a body is searched once and copied once.
    fn take_text<'a>(&mut self, input: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        self.at = At::Text;
        let mut searched = 0;
        loop {
            let unsearched = input.get(searched..).unwrap_or_default();
            let Some(offset) = memchr3(b'\r', b'\n', 0, unsearched) else {
                if searched == input.len() {
                    self.at = At::LineStart;
                }
                self.push(input, out);
                return &[];
            };
            let found = searched + offset;
            let (text, special) = input.split_at_checked(found).unwrap_or((input, &[]));
            match special {
                [b'\r', b'\n', b'.', ..] if self.framing == Framing::Dots => {
                    let (lines, rest) = input.split_at_checked(found + 2).unwrap_or((input, &[]));
                    self.push(lines, out);
                    self.at = At::LineStart;
                    return rest;
                }
                [b'\r', b'\n', ..] => searched = found + 2,
                [b'\r'] => {
                    self.push(text, out);
                    self.at = At::Cr;
                    return &[];
                }
                [0, rest @ ..] => {
                    self.push(text, out);
                    self.fail(BodyFault::NulOctet);
                    return rest;
                }
                [_, rest @ ..] => {
                    self.push(text, out);
                    self.bare_line_end(out);
                    return rest;
                }
                [] => return &[],
            }
        }
    }

    fn bare_line_end(&mut self, out: &mut Vec<u8>) {
        match self.line_ends {
            LineEnds::Refuse => {
                self.fail(BodyFault::BareLineEnding);
                self.at = At::Text;
            }
            LineEnds::Clean => {
                self.push(b"\r\n", out);
                self.at = At::Cleaned;
            }
        }
    }

    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        if self.fault.is_some() {
            return;
        }
        let more = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if self.would_overflow(more) {
            // Not the count so far, which depends on how the input was cut.
            self.octets = self.octets_max;
            self.fault = Some(BodyFault::TooLarge);
            return;
        }
        self.octets += more;
        out.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: u64 = 1 << 20;

    /// Decodes pieces; gives the octets, the fault, and what is left behind DATA's end.
    fn decode(
        framing: Framing,
        line_ends: LineEnds,
        pieces: &[&[u8]],
    ) -> (Vec<u8>, Option<BodyFault>, Option<Vec<u8>>) {
        let mut decoder = BodyDecoder::new(framing, line_ends, MAX);
        let mut out = Vec::new();
        let mut left: Option<Vec<u8>> = None;
        for piece in pieces {
            if let Some(left) = &mut left {
                left.extend_from_slice(piece);
                continue;
            }
            let progress = decoder.decode(piece, &mut out);
            if progress.ended {
                left = Some(piece[progress.consumed..].to_vec());
            } else {
                assert_eq!(progress.consumed, piece.len());
            }
        }
        if framing == Framing::Counted {
            decoder.finish(&mut out);
        }
        (out, decoder.fault(), left)
    }

    fn data(input: &[u8]) -> (Vec<u8>, Option<BodyFault>, Option<Vec<u8>>) {
        decode(Framing::Dots, LineEnds::Refuse, &[input])
    }

    #[test]
    fn dots_are_unstuffed_and_the_end_is_found() {
        let (out, fault, left) = data(b"a\r\n..\r\n.b\r\n\r\n.\r\nQUIT\r\n");
        assert_eq!(out, b"a\r\n.\r\nb\r\n\r\n");
        assert_eq!((fault, left), (None, Some(b"QUIT\r\n".to_vec())));
        assert_eq!(data(b".\r\n"), (Vec::new(), None, Some(Vec::new())));
    }

    #[test]
    fn smtp_01_nothing_but_crlf_dot_crlf_ends_data() {
        for end in [
            "\n.\n",
            "\n.\r\n",
            "\r\n.\n",
            "\r.\r",
            "\r\n.\r",
            "\n.\r",
            "\r\r\n.\r\r\n",
            "\r\n\0.\r\n",
            "\r\n.\0\r\n",
            "\0\r\n.\r\0\n",
            "\r.\r\n",
            "\r.\n",
            "\n\r.\r\n",
        ] {
            let input = format!("a{end}MAIL FROM:<b@c.example>\r\n");
            let (_, fault, left) = data(input.as_bytes());
            assert_eq!(left, None, "{end:?}");
            assert!(fault.is_some(), "{end:?}");
            let (_, _, left) = decode(Framing::Dots, LineEnds::Clean, &[input.as_bytes()]);
            assert_eq!(left, None, "{end:?}");
        }
    }

    #[test]
    fn cleaning_makes_line_ends_and_never_an_end_of_data() {
        let clean = |input: &[u8]| decode(Framing::Dots, LineEnds::Clean, &[input]);
        let (out, fault, left) = clean(b"a\nb\rc\n.\r\n..d\r\n.\r\nX");
        assert_eq!(out, b"a\r\nb\r\nc\r\n.\r\n.d\r\n");
        assert_eq!((fault, left), (None, Some(b"X".to_vec())));
    }

    #[test]
    fn a_counted_body_has_no_dots_to_remove_and_ends_with_crlf() {
        let counted = |pieces: &[&[u8]]| decode(Framing::Counted, LineEnds::Refuse, pieces);
        assert_eq!(counted(&[b"..a\r", b"\n.\r\n"]).0, b"..a\r\n.\r\n");
        assert_eq!(counted(&[b"a"]).0, b"a\r\n");
        assert_eq!(counted(&[]).0, b"");
        assert_eq!(counted(&[b"a\r"]).1, Some(BodyFault::BareLineEnding));
        let cleaned = decode(Framing::Counted, LineEnds::Clean, &[b"a\n"]);
        assert_eq!((cleaned.0, cleaned.1), (b"a\r\n".to_vec(), None));
    }

    #[test]
    fn the_size_is_counted_without_stuffing_and_to_the_octet() {
        let mut decoder = BodyDecoder::new(Framing::Dots, LineEnds::Refuse, 4);
        let mut out = Vec::new();
        decoder.decode(b"..a\r\n", &mut out);
        assert_eq!(decoder.fault(), None);
        decoder.decode(b"b", &mut out);
        assert_eq!(decoder.fault(), Some(BodyFault::TooLarge));
        assert!(decoder.decode(b"\r\n.\r\n", &mut out).ended);
        assert_eq!(out, b".a\r\n");
    }

    /// The octets that framing is about, over and over.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let octet = prop_oneof![
            4 => Just(b'\r'), 4 => Just(b'\n'), 4 => Just(b'.'), 2 => Just(b'a'), 1 => Just(0u8)
        ];
        proptest::collection::vec(octet, 0..40)
    }

    proptest! {
        #[test]
        fn smtp_02_cutting_the_input_anywhere_changes_nothing(
            input in hostile(), clean: bool, counted: bool,
        ) {
            let line_ends = if clean { LineEnds::Clean } else { LineEnds::Refuse };
            let framing = if counted { Framing::Counted } else { Framing::Dots };
            let whole = decode(framing, line_ends, &[&input]);
            let single: Vec<&[u8]> = input.chunks(1).collect();
            let cut = decode(framing, line_ends, &single);
            prop_assert_eq!((&whole.1, &whole.2), (&cut.1, &cut.2));
            if whole.1.is_none() {
                prop_assert_eq!(&whole.0, &cut.0);
            }
            for at in 0..input.len() {
                let (front, back) = input.split_at(at);
                let cut = decode(framing, line_ends, &[front, back]);
                prop_assert_eq!((&whole.1, &whole.2), (&cut.1, &cut.2));
            }
        }

        #[test]
        fn what_comes_out_has_crlf_line_ends_only(input in hostile(), clean: bool, counted: bool) {
            let line_ends = if clean { LineEnds::Clean } else { LineEnds::Refuse };
            let framing = if counted { Framing::Counted } else { Framing::Dots };
            let (out, fault, _) = decode(framing, line_ends, &[&input]);
            if fault.is_none() {
                let text = String::from_utf8(out).unwrap().replace("\r\n", "");
                prop_assert!(!text.contains(['\r', '\n', '\0']));
            }
        }

        #[test]
        fn the_end_of_data_is_where_crlf_dot_crlf_first_is(input in hostile(), clean: bool) {
            let line_ends = if clean { LineEnds::Clean } else { LineEnds::Refuse };
            // The body starts as if behind a CRLF, so the end may be its first three octets.
            let mut framed = b"\r\n".to_vec();
            framed.extend_from_slice(&input);
            let expected = framed
                .windows(5)
                .position(|window| window == b"\r\n.\r\n")
                .map(|at| framed[at + 5..].to_vec());
            let (_, _, left) = decode(Framing::Dots, line_ends, &[&input]);
            prop_assert_eq!(left, expected);
        }
    }
}
