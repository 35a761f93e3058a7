//! A message on its way in: the header is held back until it is whole, cleared of what only this
//! side may write, and released; the body passes as it comes.
//!
//! Pure. Holds at most one header block ([`IntakeOptions::header_bytes_max`]) and refuses what is
//! larger; never refuses for content other than size and loops.

use std::fmt;

use posthouse_types::Reason;

use crate::HeaderFacts;
use crate::header::{
    CROSS_PREMISES, Line, ORGANIZATION, Treatment, field_name, field_value, fields, read_line,
    treatment,
};

/// What an intake has to know.
#[derive(Clone, Debug)]
pub struct IntakeOptions {
    /// This node: its authserv-id, and the name its Received lines carry.
    pub node_name: String,
    /// Longest header, in bytes, without the empty line.
    pub header_bytes_max: usize,
    /// A message with this many Received lines goes in circles (RFC 5321 section 6.3).
    pub received_lines_max: usize,
    /// A message with this many Received lines of this very node goes in circles.
    pub own_passes_max: usize,
    /// What becomes of cross-premises fields.
    pub cross_premises: CrossPremises,
}

/// What becomes of `X-MS-Exchange-CrossPremises-*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrossPremises {
    /// Removed: the rule for everybody.
    #[default]
    Strip,
    /// They become `X-MS-Exchange-Organization-*`, in place of whatever came under that name: the
    /// peer is the organisation's other half (`cloud_services_mail_enabled`).
    Promote,
}

/// The message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntakeRefusal {
    /// [`Reason::HeaderTooLarge`] or [`Reason::RoutingLoop`].
    pub reason: Reason,
}

/// The streaming filter: bytes in by [`push`](Self::push), bytes out, facts at the end.
///
/// Where the header ends without an empty line (a line that is no field, or a first line that
/// begins with a blank), the rest is body and an empty line is put between, as Postfix does:
/// what follows can then not be read as a field by anybody. An mbox `From ` line on top goes.
#[derive(Debug)]
pub struct Intake {
    options: IntakeOptions,
    facts: HeaderFacts,
    state: State,
}

#[derive(Debug)]
enum State {
    /// `block` holds everything so far; lines before `line_start` have been read, and bytes before
    /// `searched` hold no further line end.
    Header {
        block: Vec<u8>,
        line_start: usize,
        searched: usize,
    },
    Body,
    Refused(IntakeRefusal),
}

impl Intake {
    /// Begins with a message's first byte.
    pub fn new(options: IntakeOptions) -> Self {
        let state = State::Header { block: Vec::new(), line_start: 0, searched: 0 };
        Self { options, facts: HeaderFacts::default(), state }
    }

    /// Takes the next piece of the message, cut anywhere, and appends to `out` what may go on.
    /// After a refusal it is repeated, and nothing more goes out.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), IntakeRefusal> {
        match &mut self.state {
            State::Refused(refusal) => return Err(*refusal),
            State::Body => {
                self.note_body(piece);
                out.extend_from_slice(piece);
                return Ok(());
            }
            State::Header { block, .. } => block.extend_from_slice(piece),
        }
        self.read_header(out)
    }

    /// Whether the header is over. From here on a caller that owns its pieces may hand them on
    /// itself, without a copy, and call [`note_body`](Self::note_body) in place of `push`.
    pub fn is_in_body(&self) -> bool {
        matches!(self.state, State::Body)
    }

    /// Looks at a piece of body that does not go through [`push`](Self::push).
    pub fn note_body(&mut self, piece: &[u8]) {
        self.facts.has_8bit_body |= !piece.is_ascii();
    }

    /// What the header said, once it is over.
    pub fn facts(&self) -> Option<&HeaderFacts> {
        self.is_in_body().then_some(&self.facts)
    }

    /// The message is over. A header without a body is released here.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<HeaderFacts, IntakeRefusal> {
        if let State::Header { block, .. } = &mut self.state
            && !block.is_empty()
        {
            // An unfinished last line is ended, so that it is read like any other.
            if block.last() != Some(&b'\n') {
                block.extend_from_slice(b"\r\n");
            }
            self.read_header(out)?;
        }
        match std::mem::replace(&mut self.state, State::Body) {
            State::Refused(refusal) => Err(refusal),
            State::Body => Ok(self.facts),
            State::Header { block, .. } => {
                self.release(&block, out)?;
                Ok(self.facts)
            }
        }
    }

    /// Reads the lines that are whole, up to the header's end.
    fn read_header(&mut self, out: &mut Vec<u8>) -> Result<(), IntakeRefusal> {
        let State::Header { block, line_start, searched } = &mut self.state else {
            return Ok(());
        };
        let bytes_max = self.options.header_bytes_max;
        let (header_end, body_start) = loop {
            let rest = block.get(*searched..).unwrap_or_default();
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
                *searched = block.len();
                // Any end of this line lies beyond the limit. The empty line does not count, so
                // its first half may stand there.
                let unfinished = block.get(*line_start..).unwrap_or_default();
                if block.len() > bytes_max && unfinished != b"\r" {
                    return self.refuse(Reason::HeaderTooLarge);
                }
                return Ok(());
            };
            let end = *searched + length + 1;
            *searched = end;
            let line = block.get(*line_start..end).unwrap_or_default();
            let kind = read_line(line);
            if kind != Line::Blank && end > bytes_max {
                return self.refuse(Reason::HeaderTooLarge);
            }
            match kind {
                Line::Blank => break (*line_start, end),
                Line::Field => *line_start = end,
                Line::Continuation if *line_start > 0 => *line_start = end,
                Line::Other if *line_start == 0 && is_mbox_line(line) => *line_start = end,
                Line::Continuation | Line::Other => break (*line_start, *line_start),
            }
        };
        let State::Header { block, .. } = std::mem::replace(&mut self.state, State::Body) else {
            return Ok(());
        };
        let (header, rest) = block.split_at(header_end.min(block.len()));
        self.release(header, out)?;
        out.extend_from_slice(b"\r\n");
        let body = rest.get(body_start - header_end..).unwrap_or_default();
        self.note_body(body);
        out.extend_from_slice(body);
        Ok(())
    }

    /// Writes what may go on of a whole header, unless it shows a loop.
    fn release(&mut self, header: &[u8], out: &mut Vec<u8>) -> Result<(), IntakeRefusal> {
        let before = out.len();
        out.reserve(header.len());
        for field in fields(header) {
            self.facts.read(field, &self.options.node_name);
            self.release_field(field, out);
        }
        let is_loop = self.facts.received_lines >= self.options.received_lines_max
            || self.facts.own_passes >= self.options.own_passes_max;
        if is_loop {
            out.truncate(before);
            return self.refuse(Reason::RoutingLoop);
        }
        let released = out.get(before..).unwrap_or_default();
        self.facts.original = (released != header).then(|| header.into());
        self.facts.header_bytes = released.len();
        self.facts.has_utf8_header = !released.is_ascii();
        Ok(())
    }

    fn release_field(&mut self, field: &[u8], out: &mut Vec<u8>) {
        let Some(name) = field_name(field) else {
            // Only an mbox line on top, with whatever was folded below it, gets here.
            self.facts.removed_headers += 1;
            return;
        };
        let value = field_value(field);
        match treatment(name, value, &self.options.node_name) {
            Treatment::Keep => out.extend_from_slice(field),
            Treatment::Rename(new_name) => write_field(out, &[new_name.as_bytes()], value),
            Treatment::CrossPremises if self.options.cross_premises == CrossPremises::Promote => {
                self.promote(name, value, out);
            }
            Treatment::CrossPremises | Treatment::Remove => self.facts.removed_headers += 1,
        }
    }

    fn promote(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        let suffix = name.get(CROSS_PREMISES.len()..).unwrap_or_default();
        if suffix.is_empty() || suffix.eq_ignore_ascii_case(b"MessageDirectionality") {
            // Which way a message goes is decided here, whoever sends it.
            self.facts.removed_headers += 1;
            return;
        }
        self.facts.promoted_headers += 1;
        self.facts.has_promoted_auth_as |= suffix.eq_ignore_ascii_case(b"AuthAs");
        write_field(out, &[ORGANIZATION.as_bytes(), suffix], value);
    }

    fn refuse(&mut self, reason: Reason) -> Result<(), IntakeRefusal> {
        let refusal = IntakeRefusal { reason };
        self.state = State::Refused(refusal);
        Err(refusal)
    }
}

impl fmt::Display for IntakeRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.reason, formatter)
    }
}

impl std::error::Error for IntakeRefusal {}

fn write_field(out: &mut Vec<u8>, name: &[&[u8]], value: &[u8]) {
    for part in name {
        out.extend_from_slice(part);
    }
    out.push(b':');
    out.extend_from_slice(value);
}

/// A separator line of a mailbox file, left on a message by mistake.
fn is_mbox_line(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
