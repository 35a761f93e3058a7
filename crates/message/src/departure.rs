//! A message on its way out: what becomes of an organisation's own fields depends on who gets it.
//!
//! Pure. The header is filtered as it streams by, however it is cut; the body is handed back
//! untouched and uncopied. Holds no more than the beginning of one line, and cannot fail.

use crate::header::{CROSS_PREMISES, Line, ORGANIZATION, has_prefix, read_line};

/// Who is at the other end, as seen from the organisation whose message it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Departure {
    /// Anybody: `X-MS-Exchange-Organization-*` are nobody's business outside, and are left out.
    #[default]
    Foreign,
    /// The organisation's other half (`cloud_services_mail_enabled` on an outbound connector):
    /// they travel as `X-MS-Exchange-CrossPremises-*`, which it promotes again.
    OtherHalf,
    /// The organisation's own server: they stay as they are.
    Home,
}

/// The streaming filter: give it the message from its first byte on, our own fields included.
#[derive(Debug)]
pub struct Outgoing {
    departure: Departure,
    state: State,
    /// Whether the field that is being read goes out, so that its folded lines follow it.
    keeps_field: bool,
}

#[derive(Debug)]
enum State {
    /// A line begins. What there is of it does not yet tell what it is.
    LineStart(Vec<u8>),
    /// Inside a line that is known.
    Line,
    Body,
}

impl Outgoing {
    /// Begins with a message's first byte.
    pub fn new(departure: Departure) -> Self {
        let state = match departure {
            Departure::Home => State::Body,
            Departure::Foreign | Departure::OtherHalf => State::LineStart(Vec::new()),
        };
        Self { departure, state, keeps_field: true }
    }

    /// Takes the next piece of the message, cut anywhere: appends to `header` what goes out of
    /// the header, and gives back what follows it, to be sent behind as it is.
    #[must_use = "the rest of the piece is the message's body"]
    pub fn push<'a>(&mut self, piece: &'a [u8], header: &mut Vec<u8>) -> &'a [u8] {
        let mut rest = piece;
        while !rest.is_empty() && !matches!(self.state, State::Body) {
            rest = self.read_line_part(rest, header);
        }
        rest
    }

    /// The message is over, perhaps within its header: what was held back goes out.
    pub fn finish(mut self, header: &mut Vec<u8>) {
        if let State::LineStart(held) = &mut self.state {
            let held = std::mem::take(held);
            self.begin_line(&held, header);
        }
    }

    /// Takes what it can of one line, and gives back the rest.
    fn read_line_part<'a>(&mut self, piece: &'a [u8], header: &mut Vec<u8>) -> &'a [u8] {
        let line_end = piece.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        match &mut self.state {
            State::Body => piece,
            State::Line => {
                let (part, rest) = piece.split_at(line_end.unwrap_or(piece.len()));
                if self.keeps_field {
                    header.extend_from_slice(part);
                }
                if line_end.is_some() {
                    self.state = State::LineStart(Vec::new());
                }
                rest
            }
            State::LineStart(held) => {
                // As much as tells whether this is one of the fields in question.
                let wanted = ORGANIZATION.len().saturating_sub(held.len());
                let taken = line_end.unwrap_or(piece.len()).min(wanted);
                let (part, rest) = piece.split_at(taken);
                held.extend_from_slice(part);
                let is_whole = held.ends_with(b"\n");
                if held.len() < ORGANIZATION.len() && !is_whole {
                    return rest;
                }
                let held = std::mem::take(held);
                self.begin_line(&held, header);
                rest
            }
        }
    }

    /// A line begins like this; it may be the whole line.
    fn begin_line(&mut self, start: &[u8], header: &mut Vec<u8>) {
        self.state =
            if start.ends_with(b"\n") { State::LineStart(Vec::new()) } else { State::Line };
        match start.first() {
            // RFC 5322 section 2.2.3: a folded line belongs to the field above.
            Some(b' ' | b'\t') => {}
            _ if read_line(start) == Line::Blank && !start.is_empty() => {
                self.keeps_field = true;
                self.state = State::Body;
            }
            _ if has_prefix(start, ORGANIZATION) => {
                self.keeps_field = false;
                if self.departure == Departure::OtherHalf {
                    self.keeps_field = true;
                    header.extend_from_slice(CROSS_PREMISES.as_bytes());
                    return;
                }
            }
            _ => self.keeps_field = true,
        }
        if self.keeps_field {
            header.extend_from_slice(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"Received: x\r\nX-MS-Exchange-Organization-AuthAs: Internal\r\n\
        x-ms-exchange-organization-SCL:\r\n -1\r\n\tand more\r\nX-MS-Exchange-Org: 1\r\n\
        X-Posthouse-Reference: R\r\nSubject: x\r\n folded\r\n\r\n\
        X-MS-Exchange-Organization-SCL: quoted in the body\r\n";

    const BODY: &str = "X-MS-Exchange-Organization-SCL: quoted in the body\r\n";

    fn sent(departure: Departure, message: &[u8], piece_bytes: usize) -> String {
        let mut outgoing = Outgoing::new(departure);
        let mut out = Vec::new();
        for piece in message.chunks(piece_bytes) {
            let mut header = Vec::new();
            let rest = outgoing.push(piece, &mut header);
            out.extend(header);
            out.extend_from_slice(rest);
        }
        outgoing.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_organisations_own_fields_stay_inside_wherever_the_message_is_cut() {
        let expected = format!(
            "Received: x\r\nX-MS-Exchange-Org: 1\r\nX-Posthouse-Reference: R\r\n\
             Subject: x\r\n folded\r\n\r\n{BODY}"
        );
        for piece_bytes in 1..=MESSAGE.len() {
            assert_eq!(sent(Departure::Foreign, MESSAGE, piece_bytes), expected, "{piece_bytes}");
        }
    }

    #[test]
    fn they_cross_to_the_other_half_under_another_name() {
        let expected = format!(
            "Received: x\r\nX-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
             X-MS-Exchange-CrossPremises-SCL:\r\n -1\r\n\tand more\r\nX-MS-Exchange-Org: 1\r\n\
             X-Posthouse-Reference: R\r\nSubject: x\r\n folded\r\n\r\n{BODY}"
        );
        for piece_bytes in 1..=MESSAGE.len() {
            assert_eq!(sent(Departure::OtherHalf, MESSAGE, piece_bytes), expected, "{piece_bytes}");
        }
    }

    #[test]
    fn at_home_nothing_changes_and_nothing_is_copied() {
        let mut header = Vec::new();
        let rest = Outgoing::new(Departure::Home).push(MESSAGE, &mut header);
        assert_eq!((header.len(), rest), (0, MESSAGE));
    }

    #[test]
    fn a_body_is_handed_back_and_not_copied() {
        let mut outgoing = Outgoing::new(Departure::Foreign);
        let mut header = Vec::new();
        let rest = outgoing.push(b"A: b\r\n\r\nbody", &mut header);
        assert_eq!((&*header, rest), (&b"A: b\r\n\r\n"[..], &b"body"[..]));
        let rest = outgoing.push(b"more", &mut header);
        assert_eq!((header.len(), rest), (8, &b"more"[..]));
    }

    #[test]
    fn a_message_that_ends_within_its_header_is_sent_whole() {
        for (message, expected) in [
            ("A: b", "A: b"),
            ("A: b\r\n", "A: b\r\n"),
            ("X-MS-Exchange-Organization-A: b\r\n c", ""),
            ("X-MS-Exchange-Organization-A: b\r\n\r", "\r"),
            ("", ""),
        ] {
            assert_eq!(sent(Departure::Foreign, message.as_bytes(), 3), expected, "{message:?}");
        }
    }

    #[test]
    fn lines_that_end_in_a_bare_line_feed_hide_nothing() {
        let message = b"A: b\nX-MS-Exchange-Organization-A: b\n\nbody";
        assert_eq!(sent(Departure::Foreign, message, 5), "A: b\n\nbody");
    }
}
